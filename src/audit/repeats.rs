//! Which findings say again what another one of the same file says, for any number of findings: each looks at the few
//! that have its rarest letters, not at all.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::merge::{PART, repeats};
use crate::finding::Finding;
use assay_disk::path::INSIDE;

/// So many findings are compared with each other.
const FEW: usize = 24;
/// Letters that tell values apart.
const LETTERS: usize = PART;
/// Places of a value that are looked at for rare letters.
const SAMPLES: usize = 8;
/// Findings with the same letters that one is compared with; who has more in common is kept twice.
const COMPARED: usize = 64;
/// Archives in archives by whose paths a finding is found.
const LEVELS: usize = 12;

/// Drops what repeats an earlier one of `findings`.
pub(super) fn drop_repeats(findings: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::with_capacity(findings.len());
    if findings.len() <= FEW {
        for finding in findings {
            if !kept.iter().any(|other| repeats(&finding, other)) {
                kept.push(finding);
            }
        }
        return kept;
    }
    let rare = Rare::of(&findings);
    let mut places: HashMap<u64, Vec<u32>> = HashMap::new();
    for (index, finding) in findings.into_iter().enumerate() {
        let keys = rare.chosen.get(index).map(|mark| asked(mark, &finding)).unwrap_or_default();
        let known = keys.iter().flat_map(|key| places.get(key).into_iter().flatten());
        let mut others = known.filter_map(|&at| kept.get(at as usize));
        if others.any(|other| repeats(&finding, other)) {
            continue;
        }
        let at = u32::try_from(kept.len()).unwrap_or(u32::MAX);
        for mark in rare.marks_of(&finding) {
            for key in said(&mark, &finding) {
                let list = places.entry(key).or_default();
                if list.len() < COMPARED && list.last() != Some(&at) {
                    list.push(at);
                }
            }
        }
        kept.push(finding);
    }
    kept
}

/// What two findings have in common that may say the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Mark {
    /// No secret: rule, place and evidence.
    Nothing(u64),
    /// A value too short to be a part of another one.
    Short(Vec<u8>),
    /// Letters of a value.
    Letters(u64),
}

/// The marks by which findings are looked for, each the rarest of its finding.
struct Rare {
    /// By index.
    chosen: Vec<Mark>,
    letters: HashMap<u64, u32>,
}

impl Rare {
    fn of(findings: &[Finding]) -> Self {
        let mut letters: HashMap<u64, u32> = HashMap::new();
        for value in findings.iter().flat_map(values).filter(|value| value.len() >= PART) {
            for sample in samples(value) {
                letters.entry(sample).or_insert(0);
            }
        }
        for value in findings.iter().flat_map(values) {
            for window in windows(value) {
                letters.entry(window).and_modify(|count| *count = count.saturating_add(1));
            }
        }
        let mut shorts: HashMap<&[u8], u32> = HashMap::new();
        for value in findings.iter().flat_map(values).filter(|value| value.len() < PART) {
            let count = shorts.entry(value).or_default();
            *count = count.saturating_add(1);
        }
        let rarest = |finding: &Finding| {
            let of_value = |value: &[u8]| -> Option<(u32, Mark)> {
                if value.len() < PART {
                    return Some((shorts.get(value).copied().unwrap_or(0), Mark::Short(value.to_vec())));
                }
                let counted =
                    samples(value).map(|sample| (letters.get(&sample).copied().unwrap_or(0), sample));
                counted.min().map(|(count, sample)| (count, Mark::Letters(sample)))
            };
            let rarest = values(finding).filter_map(of_value).min_by_key(|(count, _)| *count);
            rarest.map_or_else(|| Mark::Nothing(without_secret(finding)), |(_, mark)| mark)
        };
        let chosen: Vec<Mark> = findings.iter().map(rarest).collect();
        letters.retain(|_, count| {
            *count = 0;
            true
        });
        for mark in &chosen {
            if let Mark::Letters(sample) = mark {
                letters.entry(*sample).and_modify(|count| *count = 1);
            }
        }
        letters.retain(|_, count| *count == 1);
        Self { chosen, letters }
    }

    /// The marks of a finding that another one may be looked for by.
    fn marks_of(&self, finding: &Finding) -> Vec<Mark> {
        let mut marks = Vec::new();
        for value in values(finding) {
            if value.len() < PART {
                marks.push(Mark::Short(value.to_vec()));
            }
            let known = windows(value).filter(|window| self.letters.contains_key(window));
            marks.extend(known.map(Mark::Letters));
        }
        if marks.is_empty() {
            marks.push(Mark::Nothing(without_secret(finding)));
        }
        marks
    }
}

fn values(finding: &Finding) -> impl Iterator<Item = &[u8]> {
    finding.evidence.secrets.iter().map(|secret| secret.reveal().trim_ascii())
}

fn letters(window: &[u8]) -> u64 {
    window.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}

fn windows(value: &[u8]) -> impl Iterator<Item = u64> + '_ {
    value.windows(LETTERS).map(letters)
}

/// Some of the windows of a value, over all of its length.
fn samples(value: &[u8]) -> impl Iterator<Item = u64> + '_ {
    let last = value.len().saturating_sub(LETTERS);
    (0..SAMPLES).filter_map(move |number| {
        let at = last.saturating_mul(number) / (SAMPLES - 1);
        value.get(at..at.saturating_add(LETTERS)).map(letters)
    })
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What two findings without a secret have in common that say the same.
fn without_secret(finding: &Finding) -> u64 {
    let evidence = &finding.evidence;
    hash((
        &finding.advisory.id,
        &finding.location,
        &finding.subject,
        &evidence.key_fingerprint,
        &evidence.facts,
    ))
}

/// The path, and those of the archives that it leads into, the innermost first.
fn ancestors(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let outer = memchr::memmem::rfind_iter(path, INSIDE).take(LEVELS);
    std::iter::once(path).chain(outer.filter_map(|at| path.get(..at)))
}

/// Where a finding looks for what says the same: at its path or in it, and at the archives that it lies in.
fn asked(mark: &Mark, finding: &Finding) -> Vec<u64> {
    let path = finding.location.path.as_slice();
    let subjects = match &finding.subject {
        Some(subject) => vec![Subject::Is(subject), Subject::None],
        None => vec![Subject::Any],
    };
    let mut keys = Vec::new();
    for subject in subjects {
        keys.push(hash((mark, subject, Where::Within, path)));
        keys.extend(ancestors(path).skip(1).map(|outer| hash((mark, subject, Where::At, outer))));
    }
    keys
}

/// Where a finding is found by others.
fn said(mark: &Mark, finding: &Finding) -> Vec<u64> {
    let path = finding.location.path.as_slice();
    let own = finding.subject.as_deref().map_or(Subject::None, Subject::Is);
    let mut keys = Vec::new();
    for subject in [own, Subject::Any] {
        keys.push(hash((mark, subject, Where::At, path)));
        keys.extend(ancestors(path).map(|outer| hash((mark, subject, Where::Within, outer))));
    }
    keys
}

#[derive(Clone, Copy, Hash)]
enum Subject<'s> {
    Is(&'s str),
    None,
    Any,
}

#[derive(Clone, Copy, Hash)]
enum Where {
    At,
    /// At the path, or in the archive that lies there.
    Within,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::audit::merge::without_repeats;
    use crate::finding::{Advisory, Category, Secret, Severity};

    fn finding(path: &str, subject: Option<&str>, secrets: &[String]) -> Finding {
        let advisory = Advisory {
            id: "rule".to_owned(),
            category: Category::Credential,
            title: String::new(),
            severity: Severity::High,
            why: String::new(),
            remedy: String::new(),
            references: Vec::new(),
        };
        let mut finding = Finding::new(&Arc::new(advisory));
        finding.location.path = path.as_bytes().to_vec();
        finding.subject = subject.map(str::to_owned);
        finding.evidence.secrets = secrets.iter().map(|text| Secret::new(text.as_bytes())).collect();
        finding
    }

    /// Numbers that look random and are the same in every run.
    struct Random(u64);

    impl Random {
        fn next(&mut self, below: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(self.0 >> 33).unwrap() % below
        }
    }

    #[test]
    fn the_same_findings_stay_as_where_each_is_compared_with_each() {
        let mut random = Random(5);
        let words = ["alpha", "beta-", "gamma", "x", "delta-delta", "  ", "omega"];
        let paths = ["/a", "/a!/b", "/a!/b!/c", "/a!/d", "/ab", "/b"];
        for _ in 0..300 {
            let mut all = Vec::new();
            for _ in 0..random.next(120) {
                let mut value =
                    || (0..random.next(5)).map(|_| words[random.next(words.len())]).collect::<String>();
                let mut secrets = vec![value(), value()];
                secrets.truncate(random.next(3));
                let subject = [None, Some("root"), Some("me")][random.next(3)];
                all.push(finding(paths[random.next(paths.len())], subject, &secrets));
            }
            let mut expected: Vec<Finding> = Vec::new();
            for finding in &all {
                if !expected.iter().any(|other| repeats(finding, other)) {
                    expected.push(finding.clone());
                }
            }
            assert_eq!(drop_repeats(all), expected);
        }
    }

    /// Nanoseconds of CPU that this thread had.
    fn spent() -> u64 {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0)
    }

    /// The CPU time that it takes to compare so many findings, the least of some runs.
    fn cost(kind: fn(usize) -> Finding, count: usize, runs: usize) -> u64 {
        let all: Vec<Finding> = (0..count).map(kind).collect();
        let once = || {
            let all = all.clone();
            let before = spent();
            let kept = without_repeats(all);
            let cost = spent().saturating_sub(before);
            drop(kept);
            cost
        };
        (0..runs).map(|_| once()).min().unwrap_or(0)
    }

    #[test]
    fn eight_times_the_findings_cost_eight_times_the_work_whatever_they_share() {
        let kinds: [fn(usize) -> Finding; 5] = [
            |n| finding("/a", None, &[format!("ghp_{n:036}")]),
            |n| finding(&format!("/a!/{n}"), None, &["the same value".to_owned()]),
            |n| finding("/a", Some(&format!("user{n}")), &["the same value".to_owned()]),
            |n| finding("/a", None, &[format!("id-{n:09}"), "x".to_owned()]),
            |n| finding("/a", Some(&format!("user{n}")), &[]),
        ];
        for (number, kind) in kinds.into_iter().enumerate() {
            // Doubled three times: what grows with the square is 64 times the work, far from what a busy machine adds.
            let (few, many) = (cost(kind, 1000, 5), cost(kind, 8000, 2));
            assert!(many <= few * 24, "kind {number}: {few} ns, then {many} ns");
        }
    }
}
