//! What code chooses, as findings.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::code::{self, Lookup, Publication, Scan, Verdict};
use super::judge;
use super::publishers::Publishers;
use crate::finding::{
    Advisory, FactKey, Finding, Gap, GapKind, Location, Loss, Replacement, Resource, Severity,
};

/// What was found in code.
#[derive(Debug, Default)]
pub struct CodeFindings {
    /// Findings, worst first.
    pub findings: Vec<Finding>,
    /// Files that could not be read or understood.
    pub gaps: Vec<Gap>,
    /// What a comment suppresses: (file, reason).
    pub notes: Vec<(String, String)>,
    /// Files that were read.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Lookups that are safe.
    pub safe: usize,
}

/// Reads the code below the roots and judges it.
///
/// # Errors
/// A path that is not there, a broken table: in a sentence.
pub fn examine(roots: &[PathBuf]) -> Result<CodeFindings, String> {
    let scan = scan(roots)?;
    let rules: BTreeMap<String, Arc<Advisory>> =
        judge::code_advisories()?.into_iter().map(|rule| (rule.id.clone(), rule)).collect();
    let mut found = CodeFindings { files: scan.files, bytes: scan.bytes, ..CodeFindings::default() };
    for lookup in &scan.lookups {
        match rule(lookup.verdict).and_then(|rule| rules.get(rule)) {
            None => found.safe += 1,
            Some(rule) => match &lookup.suppressed {
                Some(reason) => found.notes.push(suppressed(&lookup.path, lookup.line, reason)),
                None => found.findings.push(of_lookup(rule, lookup)),
            },
        }
    }
    for publication in &scan.publications {
        match (&publication.suppressed, rules.get("image-made-public")) {
            (Some(reason), _) => found.notes.push(suppressed(&publication.path, publication.line, reason)),
            (None, Some(rule)) => found.findings.push(of_publication(rule, publication)),
            (None, None) => {}
        }
    }
    found.gaps = gaps(&scan);
    found.findings.sort_by_cached_key(|finding| {
        (std::cmp::Reverse(finding.severity), finding.location.clone(), finding.advisory.id.clone())
    });
    Ok(found)
}

/// Reads the code below the roots.
///
/// # Errors
/// A path that is not there, a broken table: in a sentence.
pub(super) fn scan(roots: &[PathBuf]) -> Result<Scan, String> {
    for root in roots {
        std::fs::symlink_metadata(root).map_err(|error| format!("{}: {error}", root.display()))?;
    }
    let options = code::Options { publishers: Publishers::embedded()?, ..code::Options::default() };
    Ok(code::scan(roots, &options))
}

/// The files that could not be read or understood.
pub(super) fn gaps(scan: &Scan) -> Vec<Gap> {
    let gap = |problem: &code::Problem| Gap {
        location: Location { path: problem.path.clone(), line: problem.line, ..Location::default() },
        kind: GapKind::Damaged,
        loss: Loss::File,
        bytes: None,
        reason: problem.reason.clone(),
    };
    scan.problems.iter().map(gap).collect()
}

const fn rule(verdict: Verdict) -> Option<&'static str> {
    match verdict {
        Verdict::Unsafe => Some("image-lookup-unsafe"),
        Verdict::Pinned => Some("image-lookup-pinned"),
        Verdict::Weak => Some("image-lookup-weak"),
        Verdict::Unknown => Some("image-lookup-unknown"),
        Verdict::Info => Some("image-lookup-info"),
        Verdict::Safe => None,
    }
}

fn suppressed(path: &[u8], line: u64, reason: &str) -> (String, String) {
    (format!("{}:{line}", String::from_utf8_lossy(path)), format!("suppressed by a comment: {reason}"))
}

fn of_lookup(rule: &Arc<Advisory>, lookup: &Lookup) -> Finding {
    let mut finding = Finding::new(rule);
    finding.location = Location { path: lookup.path.clone(), line: Some(lookup.line), ..Location::default() };
    finding.subject = Some(lookup.form.name().to_owned());
    // A publisher's name is what attackers publish; nobody does so for a prefix that only one team knows.
    if lookup.verdict == Verdict::Unsafe {
        finding.severity = if lookup.publisher.is_some() { Severity::Critical } else { Severity::High };
    }
    let names = lookup.search.names().join(", ");
    // An id cannot be taken over: it only grows old.
    if lookup.verdict == Verdict::Pinned && names.is_empty() && !lookup.image_ids.is_empty() {
        finding.severity = Severity::Info;
    }
    let mut facts = vec![(FactKey::Because, lookup.reason.clone())];
    facts.extend((!names.is_empty()).then_some((FactKey::Matches, names)));
    facts.extend(lookup.publisher.clone().map(|name| (FactKey::Publisher, name)));
    facts.extend(lookup.unknown.clone().map(|name| (FactKey::Name, name)));
    facts.extend((!lookup.image_ids.is_empty()).then(|| (FactKey::Images, lookup.image_ids.join(", "))));
    facts.extend(
        lookup
            .made_at
            .as_ref()
            .map(|(path, line)| (FactKey::SeenBy, format!("{}:{line}", String::from_utf8_lossy(path)))),
    );
    facts.sort();
    finding.evidence.facts = facts;
    if lookup.account.is_some() || lookup.region.is_some() {
        finding.resource = Some(Box::new(Resource {
            account: lookup.account.clone(),
            region: lookup.region.clone(),
            kind: "AwsEc2Image",
            id: lookup.image_ids.first().cloned().unwrap_or_default(),
        }));
    }
    finding.replacement = lookup
        .fix
        .as_ref()
        .map(|fix| Box::new(Replacement { start: fix.start, end: fix.end, text: fix.text.clone() }));
    finding
}

fn of_publication(rule: &Arc<Advisory>, publication: &Publication) -> Finding {
    let mut finding = Finding::new(rule).fact(FactKey::Because, publication.reason.clone());
    finding.location =
        Location { path: publication.path.clone(), line: Some(publication.line), ..Location::default() };
    finding.subject = Some(publication.form.name().to_owned());
    finding
}
