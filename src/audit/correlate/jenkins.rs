//! Secrets that Jenkins encrypted, and the two keys in the same image that open them: `secrets/master.key` opens
//! `secrets/hudson.util.Secret`, and that opens all others.
//!
//! Source: <https://www.jenkins.io/doc/developer/security/secrets/>.

use crate::finding::{FactKey, Finding, Location, Severity};
use assay_disk::text::Escaped;

/// The rules that find the keys.
const MASTER: &str = "credential-file-jenkins-key";
const SECOND: &str = "jenkins-secret-key";
/// The file of the second key.
const SECOND_NAME: &[u8] = b"/hudson.util.Secret";
/// What an encrypted secret begins with, for the plainest of forms: base64 of its version and of the length of its salt.
const ENCRYPTED: &[u8] = b"{AQAAABAAAA";

/// What is encrypted is as good as plain where both keys are there, too: those of its own Jenkins, or of any.
pub(in crate::audit) fn opened(findings: &mut [Finding]) {
    let folders = |rule: &'static str| findings.iter().filter(move |finding| finding.advisory.id == rule);
    let second: Vec<&Location> = folders(SECOND).map(|finding| &finding.location).collect();
    let has_second = |master: &Location| {
        let own = [folder(&master.path), SECOND_NAME].concat();
        second.iter().any(|location| location.volume == master.volume && location.path == own)
    };
    let keys: Vec<Location> =
        folders(MASTER).map(|finding| finding.location.clone()).filter(has_second).collect();
    for finding in findings.iter_mut().filter(|finding| is_encrypted(finding)) {
        let own = |key: &&Location| {
            key.volume == finding.location.volume
                && finding.location.path.starts_with(folder(folder(&key.path)))
        };
        let Some(key) = keys.iter().find(own).or(keys.first()) else { return };
        finding.severity = finding.severity.max(Severity::Critical);
        finding.evidence.facts.push((FactKey::OpenedBy, Escaped(&key.path).to_string()));
        finding.related_locations.push(key.clone());
    }
}

fn is_encrypted(finding: &Finding) -> bool {
    finding.evidence.secrets.iter().any(|secret| secret.reveal().starts_with(ENCRYPTED))
}

/// A path without its last part.
fn folder(path: &[u8]) -> &[u8] {
    memchr::memrchr(b'/', path).and_then(|at| path.get(..at)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::finding::{Advisory, Category, Secret};

    fn finding(rule: &str, path: &str, secret: &str) -> Finding {
        let advisory = Advisory {
            id: rule.to_owned(),
            category: Category::Credential,
            title: String::new(),
            severity: Severity::Medium,
            why: String::new(),
            remedy: String::new(),
            references: Vec::new(),
        };
        let mut finding = Finding::new(&Arc::new(advisory)).secret(Secret::new(secret.as_bytes()));
        finding.location.path = path.as_bytes().to_vec();
        finding
    }

    /// The severity of each, and which key opens it.
    fn joined(mut findings: Vec<Finding>) -> Vec<(Severity, Option<String>)> {
        opened(&mut findings);
        let fact = |finding: &Finding| finding.evidence.facts.first().map(|(_, path)| path.clone());
        findings.iter().map(|finding| (finding.severity, fact(finding))).collect()
    }

    fn encrypted(path: &str) -> Finding {
        finding("jenkins-encrypted-secret", path, "{AQAAABAAAAAQx}")
    }

    #[test]
    fn what_is_encrypted_is_critical_where_both_keys_are_there() {
        let master = |home: &str| finding(MASTER, &format!("{home}/secrets/master.key"), "f00");
        let second = |home: &str| finding(SECOND, &format!("{home}/secrets/hudson.util.Secret"), "");
        let found = joined(vec![
            encrypted("/srv/a/credentials.xml"),
            encrypted("/srv/b/jobs/x/config.xml"),
            encrypted("/opt/casc.yaml"),
            master("/srv/a"),
            second("/srv/a"),
            master("/srv/b"),
            second("/srv/b"),
            finding("other", "/srv/a/x", "plain"),
        ]);
        let by = |home: &str| (Severity::Critical, Some(format!("{home}/secrets/master.key")));
        assert_eq!(found[..3], [by("/srv/a"), by("/srv/b"), by("/srv/a")]);
        assert!(found[3..].iter().all(|(severity, fact)| *severity == Severity::Medium && fact.is_none()));
        let found = joined(vec![encrypted("/srv/a/credentials.xml"), master("/srv/a"), second("/srv/b")]);
        assert_eq!(found[0], (Severity::Medium, None), "the second key is of another Jenkins");
    }
}
