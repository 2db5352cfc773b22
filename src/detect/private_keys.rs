//! Private keys, anywhere in a file but at the places of host keys.
//!
//! What it finds: the key blocks that the rules find, if they parse: OpenSSH, PEM (PKCS #1, PKCS #8, SEC 1),
//! PuTTY, PGP; in a file of their own, in a configuration file, escaped in JSON.
//! Why it matters: a key opens whatever trusts its public half.
//! What it does not find: keys in DER without a PEM frame, and in PKCS #12 and Java key stores.
//! References: ssh-keygen(1), RFC 7468, RFC 5958.

use std::sync::Arc;

use super::ssh_host_keys::is_host_key_path;
use super::{MatchDetector, Sink};
use crate::facts::Facts;
use crate::finding::{Advisory, Category, Finding, Secret, Severity};
use crate::keys::private::{self, PrivateKey};
use crate::rules::{Family, Match};
use crate::tree::Entry;

/// The detector.
pub struct PrivateKeys {
    ssh: Arc<Advisory>,
    service: Arc<Advisory>,
}

impl Default for PrivateKeys {
    fn default() -> Self {
        Self {
            ssh: Arc::new(Advisory {
                id: "ssh-private-key".into(),
                category: Category::SshPrivateKey,
                title: "Private SSH key".into(),
                severity: Severity::Critical,
                why: "Who has the image can log in wherever the public half is accepted.".into(),
                remedy: "Delete the key from the image, and its public half wherever it was put.".into(),
                references: vec!["https://man.openbsd.org/ssh-keygen.1".into()],
            }),
            service: Arc::new(Advisory {
                id: "service-private-key".into(),
                category: Category::Credential,
                title: "Private key of a service or certificate".into(),
                severity: Severity::Critical,
                why: "Who has the image can act as the service, or read what was sent to it.".into(),
                remedy: "Revoke the certificate or key, and give each instance its own at start.".into(),
                references: vec!["https://www.rfc-editor.org/rfc/rfc7468".into()],
            }),
        }
    }
}

impl MatchDetector for PrivateKeys {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.ssh), Arc::clone(&self.service)]
    }

    fn family(&self) -> Family {
        Family::Keys
    }

    fn inspect(&self, entry: &Entry<'_>, matches: &[Match], facts: &Facts, sink: &mut dyn Sink) {
        if is_host_key_path(entry.path, facts) {
            return;
        }
        for found in matches {
            let text = private::unescape(found.secret.reveal());
            let Some(key) = private::parse(&text) else { continue };
            let advisory = if is_ssh(entry, &key) { &self.ssh } else { &self.service };
            let severity = if key.encrypted { Severity::Medium } else { Severity::Critical };
            let mut finding = Finding::new(advisory)
                .severity(severity)
                .offset(found.offset)
                .secret(Secret::new(text.into_owned()))
                .fact("format", key.format)
                .fact("passphrase", if key.encrypted { "yes" } else { "none" });
            if !key.algorithm.is_empty() {
                finding = finding.fact("key type", key.algorithm);
            }
            finding.evidence.key_fingerprint = key.fingerprint;
            finding.location.line = found.line;
            sink.finding(finding);
        }
    }
}

/// Whether a key is one to log in with, by its format and place.
fn is_ssh(entry: &Entry<'_>, key: &PrivateKey) -> bool {
    let name = entry.name();
    let at_home = memchr::memmem::find(entry.path, b"/.ssh/").is_some();
    matches!(key.format, "OpenSSH" | "PuTTY") || at_home || memchr::memmem::find(name, b"id_").is_some()
}
