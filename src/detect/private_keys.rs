//! Private keys in OpenSSH format, anywhere but at the places of host keys.
//!
//! Judges the key blocks that the rules find: a key opens what its public half was put on. Parses only the
//! OpenSSH format; PEM, PKCS#8 and PuTTY keys are left out. See ssh-keygen(1).

use std::sync::Arc;

use super::ssh_host_keys::is_host_key_path;
use super::{MatchDetector, Sink};
use crate::facts::Facts;
use crate::finding::{Advisory, Category, Finding, Severity};
use crate::keys;
use crate::rules::{Family, Match};
use crate::tree::Entry;

/// The detector.
pub struct PrivateKeys {
    advisory: Arc<Advisory>,
}

impl Default for PrivateKeys {
    fn default() -> Self {
        Self {
            advisory: Arc::new(Advisory {
                id: "ssh-private-key".into(),
                category: Category::SshPrivateKey,
                title: "Private SSH key".into(),
                severity: Severity::Critical,
                why: "Who has the image can log in wherever the public half is accepted.".into(),
                remedy: "Delete the key from the image, and its public half wherever it was put.".into(),
                references: vec!["https://man.openbsd.org/ssh-keygen.1".into()],
            }),
        }
    }
}

impl MatchDetector for PrivateKeys {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.advisory)]
    }

    fn family(&self) -> Family {
        Family::Keys
    }

    fn inspect(&self, entry: &Entry<'_>, matches: &[Match], facts: &Facts, sink: &mut dyn Sink) {
        if is_host_key_path(entry.path, facts) {
            return;
        }
        for found in matches {
            let Some(key) = keys::parse_openssh(found.secret.reveal()) else { continue };
            let severity = if key.encrypted { Severity::Medium } else { Severity::Critical };
            let mut finding = Finding::new(&self.advisory)
                .severity(severity)
                .offset(found.offset)
                .secret(found.secret.clone())
                .fingerprint(keys::fingerprint(&key.public_blob))
                .fact("key type", key.algorithm);
            finding.location.line = found.line;
            sink.finding(finding);
        }
    }
}
