//! What the gate and a baseline say of one finding: the one place where the formats take it from.
//!
//! Whether it fails the image, how the next report knows it again, and whether it is suppressed.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::audit::Report;
use crate::finding::{BaselineState, Finding, Suppression};
use assay_disk::text::hex;

/// How a finding stands to those of a baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateView {
    /// The baseline has it, too.
    Unchanged,
    /// The baseline does not have it.
    New,
}

/// A finding that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressionView {
    /// Why, as who accepted it wrote.
    pub reason: String,
}

/// What is said of one finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Whether it makes the gate fail.
    pub fails: bool,
    /// Tells it from all others of the report, and is the same in the next report about such an image. Made of
    /// rule, place and account only: not of a secret, which could be guessed from it, nor of a line, which moves.
    pub fingerprint: String,
    /// Where there is a baseline: how it stands to it.
    pub state: Option<StateView>,
    /// Where it was accepted.
    pub suppression: Option<SuppressionView>,
}

/// Marks the findings of a report, one after the other, in their order.
#[derive(Debug, Default)]
pub struct Marks {
    /// How often the same rule, place and account were met.
    met: BTreeMap<[u8; 32], u32>,
}

impl Marks {
    /// For the findings of one report.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is said of the next finding.
    pub fn mark(&mut self, finding: &Finding) -> Mark {
        Mark {
            fails: fails(finding),
            fingerprint: keyed(finding).unwrap_or_else(|| self.fingerprint(finding)),
            state: finding.disposition.baseline.as_ref().map(|known| match known {
                BaselineState::New => StateView::New,
                BaselineState::Since(_) => StateView::Unchanged,
            }),
            suppression: finding.disposition.allowed.as_ref().map(suppression),
        }
    }

    /// The fingerprints of [`Report::distinct`], in its order: those that they have among all findings. Of equal
    /// ones, which a baseline's key can make, the later are numbered.
    pub fn distinct(report: &Report) -> Vec<String> {
        let (mut marks, mut groups) = (Self::new(), BTreeSet::new());
        let mut met: BTreeMap<String, u32> = BTreeMap::new();
        let mut names = Vec::new();
        for finding in &report.findings {
            let name = marks.mark(finding).fingerprint;
            if finding.group.is_some_and(|group| !groups.insert(group)) {
                continue;
            }
            let met = met.entry(name.clone()).or_default();
            *met = met.saturating_add(1);
            names.push(if *met > 1 { format!("{name}-{met}") } else { name });
        }
        names
    }

    fn fingerprint(&mut self, finding: &Finding) -> String {
        let place = place(finding);
        let met = self.met.entry(place).or_default();
        *met = met.saturating_add(1);
        let digest = Sha256::new().chain_update(place).chain_update(met.to_le_bytes()).finalize();
        hex(digest.get(..16).unwrap_or_default())
    }
}

/// Whether `finding` makes the gate fail.
pub fn fails(finding: &Finding) -> bool {
    !finding.disposition.fails.is_empty()
}

/// The fingerprint under the key of a baseline, which knows the secret too.
fn keyed(finding: &Finding) -> Option<String> {
    finding.disposition.fingerprint.clone()
}

fn suppression(allowed: &Suppression) -> SuppressionView {
    SuppressionView { reason: allowed.reason.clone() }
}

/// Rule, place and account, each with its length before it.
fn place(finding: &Finding) -> [u8; 32] {
    let location = &finding.location;
    let volume = if location.path.is_empty() { location.volume.as_deref() } else { None };
    let parts = [
        b"assay finding, 1".as_slice(),
        finding.advisory.id.as_bytes(),
        &location.path,
        volume.unwrap_or_default().as_bytes(),
        finding.subject.as_deref().unwrap_or_default().as_bytes(),
    ];
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::finding::Secret;

    #[test]
    fn findings_about_one_secret_have_the_name_of_the_first_and_equal_names_are_numbered() {
        let mut report = sample::report();
        for index in [1, 2] {
            report.findings[index].group = Some(1);
        }
        let all = fingerprints(&report.findings);
        let expected: Vec<String> =
            all.iter().enumerate().filter(|(at, _)| *at != 2).map(|(_, name)| name.clone()).collect();
        assert_eq!(Marks::distinct(&report), expected);
        for finding in &mut report.findings {
            finding.disposition.fingerprint = Some("ab".repeat(16));
        }
        let names = Marks::distinct(&report);
        assert_eq!(names[1], format!("{}-2", names[0]));
    }

    fn fingerprints(findings: &[Finding]) -> Vec<String> {
        let mut marks = Marks::new();
        findings.iter().map(|finding| marks.mark(finding).fingerprint).collect()
    }

    #[test]
    fn fingerprints_differ_within_a_report_and_stay_when_lines_and_secrets_change() {
        let mut report = sample::report();
        let twice = report.findings[1].clone();
        report.findings.insert(2, twice);
        let before = fingerprints(&report.findings);
        let distinct: BTreeSet<&String> = before.iter().collect();
        assert_eq!(distinct.len(), before.len());
        for finding in &mut report.findings {
            finding.location.line = Some(77);
            finding.evidence.secrets = vec![Secret::new(*b"another")];
        }
        assert_eq!(fingerprints(&report.findings), before);
        report.findings[0].subject = Some("admin".to_owned());
        assert_ne!(fingerprints(&report.findings)[0], before[0]);
    }
}
