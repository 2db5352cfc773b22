//! Names of findings in links: the same in each report of the image, and of its next version, as long as rule, place
//! and subject are the same. No secret goes into them, and no line, which moves with what is written above it.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::finding::Finding;
use crate::text::hex;

/// Gives each finding its name; of several that are alike, the later ones are numbered.
#[derive(Default)]
pub(super) struct Anchors(BTreeMap<String, u32>);

impl Anchors {
    /// "f-0123456789abcdef", or "f-0123456789abcdef-2".
    pub(super) fn of(&mut self, finding: &Finding) -> String {
        let mut hash = Sha256::new();
        let partition = finding.location.partition.map(|number| number.to_string()).unwrap_or_default();
        let parts = [
            finding.advisory.id.as_bytes(),
            partition.as_bytes(),
            &finding.location.path,
            finding.subject.as_deref().unwrap_or_default().as_bytes(),
            finding.evidence.key_fingerprint.as_deref().unwrap_or_default().as_bytes(),
        ];
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let name = format!("f-{}", hex(hash.finalize().get(..8).unwrap_or_default()));
        let count = self.0.entry(name.clone()).or_default();
        *count = count.saturating_add(1);
        if *count > 1 { format!("{name}-{count}") } else { name }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    #[test]
    fn findings_have_names_of_their_own_that_stay() {
        let report = sample::report();
        let mut names = Anchors::default();
        let first: Vec<String> = report.findings.iter().map(|finding| names.of(finding)).collect();
        let mut unique = first.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), first.len());
        assert_eq!(Anchors::default().of(&report.findings[0]), first[0]);
        assert_eq!(names.of(&report.findings[0]), format!("{}-2", first[0]));
    }
}
