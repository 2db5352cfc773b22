//! Private keys of every format, anywhere but at the places of host keys.
//!
//! **Finds** the key blocks that the rules find and that parse: PEM, PKCS#8, OpenSSH, PuTTY and OpenPGP, in
//! files of their own, in strings of JSON, or in base64. Which account of the image a key opens is joined later.
//!
//! **Why it matters:** who has the image can log in, sign or decrypt as the key's owner.
//!
//! **Does not find** keys without a frame (bare DER: [`super::der_keys`]). A block whose body does not parse, as in a manual, is no
//! key; keys that well-known software publishes are low. The "snakeoil" key that Debian
//! makes at installation is medium: it is real and the same on every instance, but nobody trusts its certificate.
//!
//! **References:** ssh-keygen(1), RFC 7468, RFC 5958, RFC 4880, make-ssl-cert(8).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::examples::{is_example, lowered};
use super::ssh_host_keys::is_host_key_path;
use super::{MatchDetector, Sink};
use crate::facts::Facts;
use crate::finding::{Advisory, Category, Confidence, FactKey, Finding, Secret, Severity, Verification};
use crate::keys::{self, Format};
use crate::rules::pair::Other;
use crate::rules::{Family, Match};
use assay_disk::tree::Entry;

/// The detector.
pub struct PrivateKeys {
    ssh: Arc<Advisory>,
    tls: Arc<Advisory>,
    pgp: Arc<Advisory>,
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
            tls: Arc::new(Advisory {
                id: "tls-private-key".into(),
                category: Category::Credential,
                title: "Private key of a service or a certificate".into(),
                severity: Severity::Critical,
                why: "Who has the image can pose as whom the key belongs to, and read what is sent to it."
                    .into(),
                remedy: "Revoke the certificate or the account's key, and bake the image without it.".into(),
                references: vec!["https://www.rfc-editor.org/rfc/rfc7468".into()],
            }),
            pgp: Arc::new(Advisory {
                id: "pgp-private-key".into(),
                category: Category::Credential,
                title: "Private OpenPGP key".into(),
                severity: Severity::Critical,
                why: "Who has the image can sign in its owner's name, and read what is encrypted to it."
                    .into(),
                remedy: "Revoke the key, and bake the image without it.".into(),
                references: vec!["https://www.rfc-editor.org/rfc/rfc4880".into()],
            }),
            service: Arc::new(Advisory {
                id: "google-service-account-key".into(),
                category: Category::Credential,
                title: "Private key of a Google service account".into(),
                severity: Severity::Critical,
                why: "Who has the image can act as the account in Google Cloud, from anywhere, until the key is deleted."
                    .into(),
                remedy: "Delete the key in IAM, bake the image without it, and attach the account to the instance."
                    .into(),
                references: vec!["https://cloud.google.com/iam/docs/best-practices-for-managing-service-account-keys".into()],
            }),
        }
    }
}

impl PrivateKeys {
    fn advisory(&self, path: &[u8], format: Format) -> &Arc<Advisory> {
        match format {
            Format::Pgp => &self.pgp,
            Format::OpenSsh | Format::Ppk | Format::Dropbear => &self.ssh,
            Format::Pem | Format::Pkcs8 if is_ssh_path(path) => &self.ssh,
            Format::Pem if is_key_of_a_person(path) => &self.ssh,
            Format::Pem | Format::Pkcs8 => &self.tls,
        }
    }
}

/// How a block begins in base64.
const PACKED: &[u8] = b"LS0tLS1CRUdJTi";

/// The text in base64, line ends and their escapes left out.
fn unpack(packed: &[u8]) -> Vec<u8> {
    let packed = packed.split(|&byte| byte == b'\\').enumerate().flat_map(|(number, piece)| {
        piece.get(usize::from(number > 0)..).unwrap_or_default() // the letter of the escape
    });
    let letters: Vec<u8> =
        packed.copied().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=').collect();
    let whole = letters.get(..letters.len() / 4 * 4).unwrap_or_default();
    STANDARD_NO_PAD.decode(&letters).or_else(|_| STANDARD_NO_PAD.decode(whole)).unwrap_or_default()
}

/// The key that Debian makes when ssl-cert is installed.
const SNAKEOIL: &[u8] = b"/etc/ssl/private/ssl-cert-snakeoil.key";

/// How bad it is: a key that needs a passphrase less, one that everybody has hardly. A key that parses is one wherever
/// it lies.
fn severity(path: &[u8], encrypted: bool, published: bool) -> Severity {
    if published {
        Severity::Low
    } else if encrypted || path == SNAKEOIL {
        Severity::Medium
    } else {
        Severity::Critical
    }
}

fn has(path: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(path, part).is_some()
}

/// Whether the place says that the key is for SSH.
fn is_ssh_path(path: &[u8]) -> bool {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
    has(path, b"/.ssh/") || path.starts_with(b".ssh/") || name.starts_with(b"id_") || name.ends_with(b".ppk")
}

/// Whether it lies in a home, and not among certificates.
fn is_key_of_a_person(path: &[u8]) -> bool {
    const OTHERS: [&[u8]; 7] = [b"ssl", b"tls", b"cert", b"pki", b"server", b".json", b"test"];
    let lower = path.to_ascii_lowercase();
    (has(&lower, b"/home/") || has(&lower, b"/root/"))
        && !lower.ends_with(b".key")
        && !OTHERS.iter().any(|other| has(&lower, other))
}

impl MatchDetector for PrivateKeys {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.ssh), Arc::clone(&self.tls), Arc::clone(&self.pgp), Arc::clone(&self.service)]
    }

    fn family(&self) -> Family {
        Family::Keys
    }

    fn inspect(&self, entry: &Entry<'_>, matches: &[Match], facts: &Facts, sink: &mut dyn Sink) {
        if is_host_key_path(entry.path, facts) {
            return;
        }
        for found in matches {
            let whole = found.secret.reveal();
            let decoded = whole.starts_with(PACKED).then(|| unpack(whole));
            // A match may begin at a mark without an end: the key is the block that parses.
            let Some(block) = keys::find_private(decoded.as_deref().unwrap_or(whole)) else { continue };
            let keys::Block { mut at, text, key } = block;
            if decoded.is_some() {
                at = 0;
            }
            let skipped = whole.get(..at).unwrap_or_default();
            let lines = memchr::memchr_iter(b'\n', skipped).count();
            let fingerprint = key.public_blob.as_ref().map(|blob| keys::fingerprint(blob));
            let published = fingerprint.as_deref().and_then(keys::published_by);
            // Beside a key in JSON, the account of a service.
            let advisory = match &found.other {
                Some(_) => &self.service,
                None => self.advisory(entry.path, key.format),
            };
            let mut finding = Finding::new(advisory)
                .severity(severity(entry.path, key.encrypted, published.is_some()))
                .offset(found.offset.saturating_add(u64::try_from(at).unwrap_or(0)))
                .proof(if published.is_some() { Verification::Published } else { Verification::Key })
                .secret(Secret::new(text))
                .fact(FactKey::KeyType, key.algorithm)
                .fact(FactKey::Format, key.format.name())
                .fact(FactKey::Encrypted, if key.encrypted { "yes" } else { "no" });
            if is_example(entry.path) {
                finding = lowered(finding, Confidence::Medium); // libraries come with keys for their tests
            }
            if let Some(bits) = key.bits {
                finding = finding.fact(FactKey::Bits, bits.to_string());
            }
            if decoded.is_some() {
                finding = finding.secret(Secret::new(whole)).fact(FactKey::WrappedIn, "base64");
            }
            if let Some(Other { value, .. }) = &found.other {
                finding = finding.fact(FactKey::Account, String::from_utf8_lossy(value.reveal()));
            }
            if let Some(of) = published {
                finding = finding.fact(FactKey::PublishedBy, of);
            }
            if let Some(fingerprint) = fingerprint {
                finding = finding.fingerprint(fingerprint);
            }
            finding.location.line =
                found.line.map(|line| line.saturating_add(u64::try_from(lines).unwrap_or(0)));
            sink.finding(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_over_line_ends_and_their_escapes() {
        assert_eq!(unpack(b"aGVsbG8g\nd29ybGQ="), b"hello world");
        assert_eq!(unpack(b"aGVsbG8g\\nd29ybGQ="), b"hello world");
        assert_eq!(unpack(b"!"), b"");
    }

    #[test]
    fn the_place_says_what_a_key_is_for() {
        let detector = PrivateKeys::default();
        for (path, format, id) in [
            ("/home/ubuntu/.ssh/deploy", Format::Pkcs8, "ssh-private-key"),
            ("/srv/id_rsa", Format::Pem, "ssh-private-key"),
            ("/opt/key", Format::OpenSsh, "ssh-private-key"),
            ("/home/ubuntu/aws.pem", Format::Pem, "ssh-private-key"),
            ("/home/ubuntu/account.json", Format::Pkcs8, "tls-private-key"),
            ("/etc/ssl/private/site.key", Format::Pem, "tls-private-key"),
            ("/root/server.key", Format::Pem, "tls-private-key"),
            ("/root/me.asc", Format::Pgp, "pgp-private-key"),
        ] {
            assert_eq!(detector.advisory(path.as_bytes(), format).id, id, "{path}");
        }
    }
}
