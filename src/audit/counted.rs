//! Findings over the limit of one rule in one file: only counted, and not lost.
//!
//! What is counted and not listed could change unseen: three thousand known tokens and a new one behind them. So the
//! findings that are left out are hashed one after the other, and the file has one more finding of the rule, which
//! says how many they are and is known by that hash: with one value more, less or other it is new for a baseline.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::finding::{Advisory, Confidence, FactKey, Finding, Location, Secret, Severity};

/// What was left out of one file, by rule.
#[derive(Default)]
pub(super) struct Counted(BTreeMap<String, Crowd>);

/// The findings of one rule that were left out.
struct Crowd {
    advisory: Arc<Advisory>,
    severity: Severity,
    confidence: Confidence,
    count: u64,
    hash: Sha256,
}

impl Counted {
    /// At most `limit` findings of one rule in one file, and `most` of all; the others are counted here.
    pub(super) fn limit(&mut self, findings: Vec<Finding>, limit: usize, most: usize) -> Vec<Finding> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let mut kept = Vec::with_capacity(findings.len().min(limit));
        for finding in findings {
            let count = counts.entry(finding.advisory.id.clone()).or_default();
            *count = count.saturating_add(1);
            if *count <= limit && kept.len() < most {
                kept.push(finding);
            } else {
                self.count(&finding);
            }
        }
        kept
    }

    fn count(&mut self, finding: &Finding) {
        let crowd = self.0.entry(finding.advisory.id.clone()).or_insert_with(|| Crowd {
            advisory: Arc::clone(&finding.advisory),
            severity: finding.severity,
            confidence: finding.confidence,
            count: 0,
            hash: Sha256::new(),
        });
        crowd.severity = crowd.severity.max(finding.severity);
        crowd.confidence = crowd.confidence.max(finding.confidence);
        crowd.count = crowd.count.saturating_add(1);
        add(&mut crowd.hash, finding);
    }

    /// How many findings were left out.
    pub(super) fn count_of_all(&self) -> u64 {
        self.0.values().fold(0, |sum, crowd| sum.saturating_add(crowd.count))
    }

    /// A finding for each rule of which some were left out.
    pub(super) fn findings(self, location: &Location) -> impl Iterator<Item = Finding> {
        self.0.into_values().map(move |crowd| {
            let more = format!("{} more of this rule in this file", crowd.count);
            let mut finding = Finding::new(&crowd.advisory)
                .severity(crowd.severity)
                .confidence(crowd.confidence)
                .fact(FactKey::OnlyCounted, more);
            finding.location = location.clone();
            finding.evidence.content = Some(Secret::new(crowd.hash.finalize().to_vec()));
            finding
        })
    }
}

/// What makes a finding this one: where it is, about whom, and its values; each part with its length before it.
fn add(hash: &mut Sha256, finding: &Finding) {
    let evidence = &finding.evidence;
    let subject = finding.subject.as_deref().unwrap_or_default();
    let key = evidence.key_fingerprint.as_deref().unwrap_or_default();
    let parts = [finding.location.path.as_slice(), subject.as_bytes(), key.as_bytes()];
    let secrets = evidence.secrets.iter().map(|secret| secret.reveal().trim_ascii());
    let facts = evidence.facts.iter().flat_map(|(name, value)| [name.name().as_bytes(), value.as_bytes()]);
    for part in parts.into_iter().chain(secrets).chain(facts) {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Category;

    fn finding(value: &str) -> Finding {
        let advisory = Advisory {
            id: "token".to_owned(),
            category: Category::Credential,
            title: String::new(),
            severity: Severity::High,
            why: String::new(),
            remedy: String::new(),
            references: Vec::new(),
        };
        Finding::new(&Arc::new(advisory)).secret(Secret::new(value.as_bytes()))
    }

    /// What is left out of so many values, with a limit of two.
    fn counted(values: &[&str]) -> (usize, Vec<Finding>) {
        let mut counted = Counted::default();
        let kept = counted.limit(values.iter().map(|value| finding(value)).collect(), 2, 9);
        (kept.len(), counted.findings(&Location::default()).collect())
    }

    #[test]
    fn what_is_over_the_limit_is_counted() {
        let (kept, rest) = counted(&["a", "b", "c", "d", "e"]);
        assert_eq!((kept, rest.len()), (2, 1));
        let facts = [(FactKey::OnlyCounted, "3 more of this rule in this file".to_owned())];
        assert_eq!((rest[0].severity, rest[0].evidence.facts.as_slice()), (Severity::High, &facts[..]));
        assert!(counted(&["a", "b"]).1.is_empty());
        let mut most = Counted::default();
        assert_eq!(most.limit(vec![finding("a"), finding("b")], 2, 1).len(), 1);
        assert_eq!(most.count_of_all(), 1);
    }

    #[test]
    fn another_value_among_those_left_out_is_another_finding() {
        let content = |values: &[&str]| counted(values).1[0].evidence.content.clone();
        assert_eq!(content(&["a", "b", "c", "d"]), content(&["x", "y", "c", "d"]));
        assert_ne!(content(&["a", "b", "c", "d"]), content(&["a", "b", "c", "e"]));
        assert_ne!(content(&["a", "b", "cd"]), content(&["a", "b", "c", "d"]));
    }
}
