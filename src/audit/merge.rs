//! One finding for one thing: repeats within a file, limits, and the order of the report.

use std::cmp::Reverse;

use sha2::{Digest as _, Sha256};

use super::repeats::drop_repeats;
use crate::finding::{Finding, Gap, Secret};
use assay_disk::path::INSIDE;
use assay_disk::text::{cut, hex};

/// Shortest value that counts as a part of another one.
pub(super) const PART: usize = 6;

/// Drops findings whose secrets another finding of the same file already has: a token that a rule found
/// in a line that a parser also read. The worse one stays, then the one with more to show, then the one that says best where it is.
pub(super) fn without_repeats(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_cached_key(|finding| {
        let shown: usize = finding.evidence.secrets.iter().map(|secret| secret.reveal().len()).sum();
        // The path says most where it goes into the archive.
        let path = finding.location.path.len();
        Reverse((finding.severity, finding.confidence, finding.evidence.secrets.len(), shown, path))
    });
    drop_repeats(findings)
}

/// Whether a finding says nothing that `other` does not.
pub(super) fn repeats(finding: &Finding, other: &Finding) -> bool {
    let secrets = &finding.evidence.secrets;
    let same_file = same_file(&finding.location.path, &other.location.path);
    let covered =
        |secret: &Secret| other.evidence.secrets.iter().any(|own| contains(own.reveal(), secret.reveal()));
    if !same_file || finding.subject != other.subject && finding.subject.is_some() && other.subject.is_some()
    {
        return false;
    }
    if secrets.is_empty() {
        return finding.advisory.id == other.advisory.id
            && finding.location == other.location
            && finding.subject == other.subject
            && finding.evidence == other.evidence;
    }
    secrets.iter().all(covered)
}

/// Whether two paths are one file: equal, or one is a member of the other.
fn same_file(a: &[u8], b: &[u8]) -> bool {
    let inside =
        |inner: &[u8], outer: &[u8]| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with(INSIDE));
    a == b || inside(a, b) || inside(b, a)
}

fn contains(whole: &[u8], part: &[u8]) -> bool {
    let (whole, part) = (whole.trim_ascii(), part.trim_ascii());
    whole == part || part.len() >= PART && memchr::memmem::find(whole, part).is_some()
}

/// Bytes of a fact or a reason that a report shows.
const TEXT: usize = 4096;

/// Shortens texts that are far too long; no secret is in them any more that could lose its end.
pub(super) fn shorten(findings: &mut [Finding], gaps: &mut [Gap]) {
    let facts = findings.iter_mut().flat_map(|finding| &mut finding.evidence.facts).map(|(_, value)| value);
    for text in facts.chain(gaps.iter_mut().map(|gap| &mut gap.reason)).filter(|text| text.len() > TEXT) {
        // What is cut off still tells two texts apart.
        let (len, digest) = (text.len(), hex(&Sha256::digest(text.as_bytes())));
        cut(text, TEXT);
        text.push_str(&format!("… ({len} bytes, SHA-256 {digest})"));
    }
}

/// The order of the report: worst first, then by place, then by rule; the same in every run.
pub(super) fn sort(findings: &mut Vec<Finding>, gaps: &mut Vec<Gap>) {
    findings.sort_by(|a, b| key(a).cmp(&key(b)));
    findings.dedup();
    gaps.sort_by(|a, b| {
        let key = |gap: &Gap| (Reverse(gap.loss), gap.location.clone(), gap.kind, gap.reason.clone());
        key(a).cmp(&key(b))
    });
    gaps.dedup();
}

fn key(finding: &Finding) -> impl Ord + '_ {
    let place = &finding.location;
    (
        Reverse(finding.severity),
        finding.advisory.category,
        &place.path,
        (place.partition, place.line, place.offset),
        &finding.advisory.id,
        &finding.subject,
        (&finding.evidence.secrets, &finding.evidence.facts),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::finding::{Advisory, Category, FactKey, Location, Severity};

    fn finding(id: &str, severity: Severity, path: &str, secrets: &[&str]) -> Finding {
        let advisory = Advisory {
            id: id.to_owned(),
            category: Category::Credential,
            title: String::new(),
            severity,
            why: String::new(),
            remedy: String::new(),
            references: Vec::new(),
        };
        let mut finding = Finding::new(&Arc::new(advisory));
        finding.location = Location { path: path.as_bytes().to_vec(), ..Location::default() };
        for secret in secrets {
            finding = finding.secret(Secret::new(secret.as_bytes()));
        }
        finding
    }

    fn ids(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|finding| finding.advisory.id.as_str()).collect()
    }

    #[test]
    fn the_worse_of_two_findings_of_one_secret_stays() {
        let kept = without_repeats(vec![
            finding("assignment", Severity::High, "/a", &["hunter2hunter2"]),
            finding("token", Severity::Critical, "/a", &["hunter2hunter2"]),
            finding("token", Severity::Critical, "/b", &["hunter2hunter2"]),
        ]);
        assert_eq!(ids(&kept), ["token", "token"]);
    }

    #[test]
    fn an_archive_and_its_member_are_one_file() {
        let kept = without_repeats(vec![
            finding("a", Severity::High, "/x.tar", &["secret-value"]),
            finding("b", Severity::Critical, "/x.tar!/.env", &["id", "secret-value"]),
        ]);
        assert_eq!(ids(&kept), ["b"]);
    }

    #[test]
    fn a_text_that_is_far_too_long_is_cut_and_still_told_from_another() {
        let mut findings = ["a", "b"].map(|end| {
            finding("a", Severity::Low, "/x", &[]).fact(FactKey::Line, format!("{}{end}", "é".repeat(3000)))
        });
        shorten(&mut findings, &mut []);
        let [one, other] = findings.map(|finding| finding.evidence.facts[0].1.clone());
        assert!(one.len() < 4300 && one.contains("é… (6001 bytes, SHA-256 "), "{one}");
        assert_ne!(one, other);
    }
}
