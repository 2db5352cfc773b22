//! What a finding is known by from image to image.
//!
//! A fingerprint is BLAKE2b (RFC 7693) under a key, 16 bytes long, over what makes the finding this one: its rule,
//! its path, the account or host concerned, the secrets themselves, the fingerprint of a key, its facts, and the digest
//! of what it is about: the content of a program with more rights, the findings that are only counted. Not
//! over what moves from build to build while the thing is the same: line, offset, inode, partition, severity,
//! package, and facts that only count or that speak of other findings. Facts are in it so that a second cron job in
//! a file whose first is known is a new finding.
//!
//! Keyed, as fingerprints are published in reports: without the key nobody can try passwords against one.

use blake2::Blake2bMac;
use blake2::digest::consts::U16;
use blake2::digest::{KeyInit, Mac};

use super::Key;
use crate::finding::{Finding, Location};
use assay_disk::text::hex;

/// Parts fingerprints of this form from later ones.
const FORM: &[u8] = b"assay finding 1";

/// The fingerprint of `finding` under `key`, in lower-case hex.
pub fn of(key: &Key, finding: &Finding) -> String {
    let mut parts = without_content(key, finding);
    if let Some(content) = &finding.evidence.content {
        parts.add(b"content");
        parts.add(content.reveal());
    }
    parts.finish()
}

/// The fingerprint that baselines have which were made before contents were part of it; `None` where it is the same.
pub(super) fn older(key: &Key, finding: &Finding) -> Option<String> {
    finding.evidence.content.as_ref().map(|_| without_content(key, finding).finish())
}

fn without_content(key: &Key, finding: &Finding) -> Parts {
    let mut parts = Parts::new(key, FORM);
    parts.add(finding.advisory.id.as_bytes());
    parts.add(&place(&finding.location));
    parts.add(finding.subject.as_deref().unwrap_or_default().as_bytes());
    parts.number(finding.evidence.secrets.len());
    for secret in &finding.evidence.secrets {
        parts.add(secret.reveal().trim_ascii());
    }
    parts.add(finding.evidence.key_fingerprint.as_deref().unwrap_or_default().as_bytes());
    for (name, value) in &finding.evidence.facts {
        if !name.is_passing() {
            parts.add(name.name().as_bytes());
            parts.add(value.as_bytes());
        }
    }
    parts
}

/// What a key is called in reports: tells two keys apart, and tells nobody the key.
pub(super) fn name_of(key: &Key) -> String {
    Parts::new(key, b"assay key 1").finish()
}

/// The path with single slashes and without `.` parts; of what has no path, the volume.
fn place(location: &Location) -> Vec<u8> {
    if location.path.is_empty() {
        return location.volume.as_deref().unwrap_or_default().as_bytes().to_vec();
    }
    let parts = location.path.split(|&byte| byte == b'/').filter(|part| !part.is_empty() && *part != b".");
    parts.flat_map(|part| std::iter::once(b'/').chain(part.iter().copied())).collect()
}

/// Parts of a message, each with its length before it, so that none runs into the next.
struct Parts(Blake2bMac<U16>);

impl Parts {
    #[expect(clippy::expect_used, reason = "BLAKE2b takes any key of up to 64 bytes, and this has 32")]
    fn new(key: &Key, form: &[u8]) -> Self {
        let mut parts = Self(Blake2bMac::new_from_slice(&key.0).expect("a key of 32 bytes"));
        parts.add(form);
        parts
    }

    fn number(&mut self, number: usize) {
        self.0.update(&(number as u64).to_le_bytes());
    }

    fn add(&mut self, part: &[u8]) {
        self.number(part.len());
        self.0.update(part);
    }

    fn finish(self) -> String {
        hex(&self.0.finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::finding::{Advisory, Category, FactKey, Secret, Severity};

    fn advisory(id: &str) -> Arc<Advisory> {
        Arc::new(Advisory {
            id: id.to_owned(),
            category: Category::Credential,
            title: "A rule".to_owned(),
            severity: Severity::High,
            why: String::new(),
            remedy: String::new(),
            references: Vec::new(),
        })
    }

    fn finding() -> Finding {
        let mut finding = Finding::new(&advisory("rule")).subject("root").secret(Secret::new(*b"hunter2"));
        finding.location.path = b"/etc/app.conf".to_vec();
        finding.fact(FactKey::Key, "DB_PASSWORD")
    }

    fn print(finding: &Finding) -> String {
        of(&Key([7; 32]), finding)
    }

    #[test]
    fn a_finding_that_moved_within_its_file_is_the_same() {
        let mut moved = finding().line(12).offset(500).severity(Severity::Low).fact(FactKey::Lines, "9");
        moved.location.inode = Some(12);
        moved.location.partition = Some(3);
        moved.location.path = b"/etc//./app.conf".to_vec();
        moved.package = Some("app".to_owned());
        moved.group = Some(4);
        assert_eq!(print(&moved), print(&finding()));
        assert_eq!(print(&finding()).len(), 32);
    }

    #[test]
    fn another_rule_path_subject_secret_key_or_fact_is_another_finding() {
        let mut path = finding();
        path.location.path = b"/etc/app.conf2".to_vec();
        let mut rule = finding();
        rule.advisory = advisory("rule2");
        let mut other_secret = finding();
        other_secret.evidence.secrets = vec![Secret::new(*b"hunter3")];
        let others = [
            path,
            rule,
            finding().subject("admin"),
            finding().secret(Secret::new(*b"hunter3")),
            other_secret,
            finding().fingerprint("SHA256:abc"),
            finding().fact(FactKey::Does, "runs a program that lies hidden"),
            Finding { evidence: Default::default(), ..finding() },
        ];
        let mut prints: Vec<String> = others.iter().map(print).collect();
        prints.push(print(&finding()));
        prints.sort();
        prints.dedup();
        assert_eq!(prints.len(), others.len() + 1);
    }

    #[test]
    fn another_content_is_another_finding_and_the_older_fingerprint_stays() {
        let with = |content: &[u8]| {
            let mut finding = finding();
            finding.evidence.content = Some(Secret::new(content));
            finding
        };
        assert_ne!(print(&with(b"a")), print(&with(b"b")));
        assert_eq!(older(&Key([7; 32]), &with(b"a")), Some(print(&finding())));
        assert_eq!(older(&Key([7; 32]), &finding()), None);
    }

    #[test]
    fn without_the_key_a_fingerprint_says_nothing() {
        assert_ne!(of(&Key([7; 32]), &finding()), of(&Key([8; 32]), &finding()));
        assert_ne!(name_of(&Key([7; 32])), name_of(&Key([8; 32])));
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let two = |a: &[u8], b: &[u8]| {
            let finding = Finding::new(&advisory("rule"));
            print(&finding.secret(Secret::new(a)).secret(Secret::new(b)))
        };
        assert_ne!(two(b"ab", b"c"), two(b"a", b"bc"));
    }

    #[test]
    fn what_has_no_path_is_known_by_its_volume() {
        let mut swap = Finding::new(&advisory("rule"));
        swap.location.volume = Some("swap".to_owned());
        let mut other = swap.clone();
        other.location.volume = Some("gap".to_owned());
        assert_ne!(print(&swap), print(&other));
    }
}
