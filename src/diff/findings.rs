//! Findings: new, gone, the same, moved.
//!
//! A finding is the same by its rule, path, subject and value, whatever its line or inode. A value that a report does
//! not hold is known by its key's fingerprint and its first characters only, which is weaker, and told.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::Report;
use crate::finding::{Finding, Location, Secret, Severity};

/// A finding at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The rule.
    pub rule: String,
    /// What it is about, by name.
    pub category: String,
    /// What the rule says in one line.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// In the running machine.
    pub path: Vec<u8>,
    /// The volume, for what has no path.
    pub volume: String,
    /// From 1.
    pub line: Option<u64>,
    /// The account, host or service.
    pub subject: Option<String>,
    /// First characters and length of each secret.
    pub redacted: Vec<String>,
    /// Digests of the secrets; `None` where they are not known. Compared, never shown.
    pub(super) values: Option<Vec<String>>,
    /// Of a key.
    pub fingerprint: Option<String>,
    /// The same for all that are about one secret, within one side.
    pub group: u64,
}

/// A finding that is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct New {
    /// The finding.
    pub seen: Seen,
    /// Where the old side has the same value already.
    pub known: Option<Vec<u8>>,
}

/// A value that lies elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Where it was.
    pub from: Vec<u8>,
    /// What and where it is.
    pub seen: Seen,
}

/// A finding that is judged otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejudged {
    /// How bad it was.
    pub old: Severity,
    /// What it is.
    pub new: Seen,
}

impl Rejudged {
    /// Whether it got worse.
    pub fn is_worse(&self) -> bool {
        self.new.severity > self.old
    }
}

/// What became of the findings. Each list is sorted: worst first, then by rule and place.
#[derive(Debug, Default)]
pub struct Findings {
    /// Not in the old side.
    pub new: Vec<New>,
    /// Not in the new side any more.
    pub gone: Vec<Seen>,
    /// In both, elsewhere.
    pub moved: Vec<Moved>,
    /// In both, with another severity.
    pub changed: Vec<Rejudged>,
    /// In both, with those that are judged otherwise.
    pub same: usize,
    /// Whether values could not be compared, as a report does not hold their digests.
    pub is_weak: bool,
}

/// Every place of every finding of a report.
pub fn seen(report: &Report) -> Vec<Seen> {
    let print = |finding: &Finding| finding.evidence.key_fingerprint.clone();
    let own: BTreeSet<(&[u8], Option<String>)> =
        report.findings.iter().map(|finding| (finding.location.path.as_slice(), print(finding))).collect();
    let mut all = Vec::with_capacity(report.findings.len());
    for (index, finding) in (0_u64..).zip(&report.findings) {
        // Numbers of groups and of findings are told apart by their lowest bit.
        let group =
            finding.group.map_or(index.saturating_mul(2), |group| u64::from(group).saturating_mul(2) + 1);
        all.push(Seen::of(finding, &finding.location, group));
        // The other half of a key has a finding of its own.
        let is_own = |place: &&Location| {
            finding.evidence.key_fingerprint.is_some()
                && own.contains(&(place.path.as_slice(), print(finding)))
        };
        let more = finding.related_locations.iter().filter(|place| !is_own(place));
        all.extend(more.map(|place| Seen::of(finding, place, group)));
    }
    all
}

impl Seen {
    fn of(finding: &Finding, place: &Location, group: u64) -> Self {
        let evidence = &finding.evidence;
        let mut values: Vec<String> = evidence.secrets.iter().map(Secret::sha256).collect();
        values.sort_unstable();
        Self {
            rule: finding.advisory.id.clone(),
            category: finding.advisory.category.name().to_owned(),
            title: finding.advisory.title.clone(),
            severity: finding.severity,
            path: place.path.clone(),
            volume: place.volume.clone().unwrap_or_default(),
            line: place.line,
            subject: finding.subject.clone(),
            redacted: evidence.secrets.iter().map(Secret::redacted).collect(),
            values: Some(values),
            fingerprint: evidence.key_fingerprint.clone(),
            group,
        }
    }

    /// What tells its value from others; empty where it is about none, or where that is not known.
    fn value(&self) -> String {
        match (&self.values, &self.fingerprint) {
            (Some(values), _) if !values.is_empty() => values.join(" "),
            (_, Some(print)) => print.clone(),
            _ => String::new(),
        }
    }

    fn key(&self, weak: bool) -> (&str, Vec<u8>, &str, String) {
        let print = || self.fingerprint.clone().unwrap_or_default();
        let value = if weak { format!("{} {}", print(), self.redacted.join(" ")) } else { self.value() };
        (&self.rule, normal_path(self), self.subject.as_deref().unwrap_or_default(), value)
    }

    fn order(&self) -> impl Ord + '_ {
        (std::cmp::Reverse(self.severity), &self.rule, &self.path, self.line, &self.subject)
    }
}

/// The path with /bin, /lib and /sbin in /usr, and without inode numbers of what has no name; for what has no path,
/// its volume.
fn normal_path(seen: &Seen) -> Vec<u8> {
    if seen.path.is_empty() {
        return seen.volume.clone().into_bytes();
    }
    const MERGED: [&[u8]; 5] = [b"/bin/", b"/sbin/", b"/lib/", b"/lib64/", b"/lib32/"];
    let path = &seen.path;
    if MERGED.iter().any(|start| path.starts_with(start)) {
        return [b"/usr", path.as_slice()].concat();
    }
    let is_unnamed =
        path.rsplit(|&byte| byte == b'/').next().is_some_and(|name| name.starts_with(b"<inode "));
    match memchr::memrchr(b'/', path) {
        Some(at) if is_unnamed => [path.get(..at).unwrap_or_default(), b"/<inode>"].concat(),
        _ => path.clone(),
    }
}

/// What became of the findings of `old` in `new`.
pub fn compare(old: &[Seen], new: &[Seen]) -> Findings {
    let is_known = |seen: &Seen| seen.values.is_some();
    let mut findings = Findings { is_weak: !old.iter().chain(new).all(is_known), ..Findings::default() };
    let mut before: BTreeMap<_, Vec<&Seen>> = BTreeMap::new();
    for seen in old.iter().rev() {
        before.entry(seen.key(findings.is_weak)).or_default().push(seen);
    }
    let mut left = Vec::new();
    for seen in new {
        let Some(was) = before.get_mut(&seen.key(findings.is_weak)).and_then(Vec::pop) else {
            left.push(seen);
            continue;
        };
        findings.same = findings.same.saturating_add(1);
        if was.severity != seen.severity {
            findings.changed.push(Rejudged { old: was.severity, new: seen.clone() });
        }
    }
    let gone: Vec<&Seen> = before.into_values().flatten().collect();
    moves(old, gone, &left, &mut findings);
    sort(&mut findings);
    findings
}

/// Tells what moved from what is new and what is gone.
fn moves(old: &[Seen], mut gone: Vec<&Seen>, left: &[&Seen], findings: &mut Findings) {
    gone.sort_by(|a, b| a.order().cmp(&b.order()));
    let mut places: BTreeMap<String, &Seen> = BTreeMap::new();
    for seen in old.iter().rev().filter(|seen| !seen.value().is_empty()) {
        places.insert(seen.value(), seen);
    }
    let mut free: BTreeMap<(&str, String), Vec<usize>> = BTreeMap::new();
    for (index, seen) in gone.iter().enumerate().rev().filter(|(_, seen)| !seen.value().is_empty()) {
        free.entry((&seen.rule, seen.value())).or_default().push(index);
    }
    let mut taken = BTreeSet::new();
    for &seen in left {
        let from = free.get_mut(&(seen.rule.as_str(), seen.value())).and_then(Vec::pop);
        if let Some((index, was)) = from.and_then(|index| Some((index, gone.get(index)?))) {
            taken.insert(index);
            findings.moved.push(Moved { from: was.path.clone(), seen: seen.clone() });
        } else {
            let known = places.get(&seen.value()).map(|was| was.path.clone());
            findings.new.push(New { seen: seen.clone(), known });
        }
    }
    let rest = gone.iter().enumerate().filter(|(index, _)| !taken.contains(index));
    findings.gone = rest.map(|(_, seen)| (*seen).clone()).collect();
}

fn sort(findings: &mut Findings) {
    findings.new.sort_by(|a, b| a.seen.order().cmp(&b.seen.order()));
    findings.gone.sort_by(|a, b| a.order().cmp(&b.order()));
    findings.moved.sort_by(|a, b| a.seen.order().cmp(&b.seen.order()));
    findings.changed.sort_by(|a, b| a.new.order().cmp(&b.new.order()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(rule: &str, path: &str, value: &str) -> Seen {
        Seen {
            rule: rule.to_owned(),
            category: "credential".to_owned(),
            title: rule.to_owned(),
            severity: Severity::High,
            path: path.into(),
            volume: String::new(),
            line: Some(1),
            subject: None,
            redacted: vec![format!("{}…", value.get(..1).unwrap_or_default())],
            values: Some(vec![value.to_owned()]),
            fingerprint: None,
            group: 0,
        }
    }

    fn counts(findings: &Findings) -> [usize; 4] {
        [findings.new.len(), findings.gone.len(), findings.moved.len(), findings.same]
    }

    #[test]
    fn the_line_does_not_matter_and_the_value_does() {
        let old = [seen("a", "/x", "one"), seen("a", "/x", "two")];
        let moved_down = Seen { line: Some(9), ..seen("a", "/x", "one") };
        let found = compare(&old, &[moved_down, seen("a", "/x", "three")]);
        assert_eq!(counts(&found), [1, 1, 0, 1]);
        assert!(!found.is_weak && found.new[0].known.is_none());
    }

    #[test]
    fn two_of_one_value_at_one_place_need_two() {
        let old = [seen("a", "/x", "one")];
        let found = compare(&old, &[seen("a", "/x", "one"), seen("a", "/x", "one")]);
        assert_eq!(counts(&found), [1, 0, 0, 1]);
    }

    #[test]
    fn a_value_elsewhere_is_moved_and_a_copy_is_new_with_its_place() {
        let found = compare(&[seen("a", "/x", "one")], &[seen("a", "/y", "one")]);
        assert_eq!(counts(&found), [0, 0, 1, 0]);
        assert_eq!(found.moved[0].from, b"/x");
        let found = compare(&[seen("a", "/x", "one")], &[seen("a", "/x", "one"), seen("a", "/y", "one")]);
        assert_eq!(counts(&found), [1, 0, 0, 1]);
        assert_eq!(found.new[0].known.as_deref(), Some(b"/x".as_slice()));
    }

    #[test]
    fn bin_and_usr_bin_are_one_place_and_unnamed_files_have_no_number() {
        let old = [seen("a", "/bin/x", "one"), seen("a", "/<inode 7>", "two")];
        let found = compare(&old, &[seen("a", "/usr/bin/x", "one"), seen("a", "/<inode 8>", "two")]);
        assert_eq!(counts(&found), [0, 0, 0, 2]);
    }

    #[test]
    fn without_digests_the_first_characters_decide_and_nothing_is_told_as_moved() {
        let unknown = |path, value| Seen { values: None, ..seen("a", path, value) };
        let found = compare(&[unknown("/x", "one"), unknown("/y", "two")], &[seen("a", "/x", "other")]);
        assert!(found.is_weak);
        assert_eq!(counts(&found), [0, 1, 0, 1]);
        let found = compare(&[unknown("/x", "one")], &[seen("a", "/z", "one")]);
        assert_eq!(counts(&found), [1, 1, 0, 0]);
    }

    #[test]
    fn a_severity_that_rises_is_told() {
        let worse = Seen { severity: Severity::Critical, ..seen("a", "/x", "one") };
        let found = compare(&[seen("a", "/x", "one")], &[worse]);
        assert_eq!(counts(&found), [0, 0, 0, 1]);
        assert!(found.changed[0].is_worse());
    }
}
