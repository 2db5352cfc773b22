//! Private keys in bare DER.
//!
//! **Finds** files that are one private key from their first byte to their last: PKCS#8, PKCS#1 and SEC 1 without
//! the frame of PEM, as strongSwan, Java and many devices take them. Files of up to 16 KiB are looked at whose name
//! or directory speaks of keys.
//!
//! **Why it matters:** no search for `BEGIN PRIVATE KEY` sees them, and they open what any other key opens.
//!
//! **Does not find** keys inside of larger binaries, and encrypted ones, which only their length tells from other
//! DER.
//!
//! **References:** RFC 5208, RFC 8017 (appendix A.1.2), RFC 5915.

use std::sync::{Arc, LazyLock};

use memchr::memmem;

use super::examples::{is_example, lowered};
use super::{FileDetector, Interest, Sink};
use crate::facts::Facts;
use crate::finding::{Advisory, Category, Confidence, FactKey, Finding, Secret, Severity, Verification};
use crate::keys;
use assay_disk::fs::FileType;
use assay_disk::tree::Entry;

/// Longer files hold no single key, in bytes.
const LONGEST: u64 = 16 << 10;
/// Shorter ones neither: Ed25519 in PKCS#8 has 48.
const SHORTEST: u64 = 40;

/// The detector.
pub struct DerKeys {
    advisory: Arc<Advisory>,
}

impl Default for DerKeys {
    fn default() -> Self {
        Self {
            advisory: Arc::new(Advisory {
                id: "der-private-key".into(),
                category: Category::Credential,
                title: "Private key in DER".into(),
                severity: Severity::Critical,
                why: "Who has the image can pose as whom the key belongs to, and read what is sent to it."
                    .into(),
                remedy: "Revoke what the key is trusted for, and bake the image without it.".into(),
                references: vec!["https://www.rfc-editor.org/rfc/rfc5208".into()],
            }),
        }
    }
}

/// Whether the name, or the directory, says that it may be a key.
fn is_named(path: &[u8]) -> bool {
    const ENDS: [&[u8]; 9] =
        [b".der", b".key", b".pk8", b".p8", b".pkcs8", b".pkcs1", b".priv", b".private", b".bin"];
    static PARTS: LazyLock<[memmem::Finder<'static>; 6]> = LazyLock::new(|| {
        ["/private/", "/private_keys/", "/keys/", "/ssl/", "/tls/", "/pki/"].map(memmem::Finder::new)
    });
    static WORDS: LazyLock<[memmem::Finder<'static>; 2]> =
        LazyLock::new(|| ["key", "priv"].map(memmem::Finder::new));
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    ENDS.iter().any(|end| name.ends_with(end))
        || PARTS.iter().any(|part| part.find(&lower).is_some())
        || WORDS.iter().any(|word| word.find(name).is_some())
}

impl FileDetector for DerKeys {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.advisory)]
    }

    fn interest(&self, entry: &Entry<'_>, _: &Facts) -> Interest {
        let size = entry.metadata.size;
        let wanted = entry.metadata.file_type == FileType::Regular
            && (SHORTEST..=LONGEST).contains(&size)
            && is_named(entry.path);
        if wanted { Interest::Content } else { Interest::Skip }
    }

    fn inspect(&self, entry: &Entry<'_>, content: &[u8], _: &Facts, sink: &mut dyn Sink) {
        let Some(key) = keys::parse_der(content) else { return };
        let fingerprint = key.public_blob.as_ref().map(|blob| keys::fingerprint(blob));
        let published = fingerprint.as_deref().and_then(keys::published_by);
        let mut finding = Finding::new(&self.advisory)
            .proof(if published.is_some() { Verification::Published } else { Verification::Key })
            .secret(Secret::new(content))
            .fact(FactKey::KeyType, key.algorithm)
            .fact(FactKey::Format, "DER");
        if published.is_some() {
            finding = finding.severity(Severity::Low);
        } else if is_example(entry.path) {
            finding = lowered(finding, Confidence::Medium);
        }
        if let Some(bits) = key.bits {
            finding = finding.fact(FactKey::Bits, bits.to_string());
        }
        if let Some(fingerprint) = fingerprint {
            finding = finding.fingerprint(fingerprint);
        }
        sink.finding(finding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Collector;
    use assay_disk::fs::{Metadata, NodeId};

    /// Ed25519 in PKCS#8: sixteen bytes of frame, and any 32 bytes.
    fn key() -> Vec<u8> {
        let frame = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        [&frame[..], &[0x5a; 32]].concat()
    }

    fn found(path: &str, content: &[u8]) -> Vec<(String, Severity)> {
        let metadata = Metadata::bare(FileType::Regular, 0o600, content.len() as u64);
        let entry = Entry { path: path.as_bytes(), metadata: &metadata, node: NodeId(1), target: None };
        let (detector, facts) = (DerKeys::default(), Facts::default());
        let mut sink = Collector::default();
        if detector.interest(&entry, &facts) == Interest::Content {
            detector.inspect(&entry, content, &facts, &mut sink);
        }
        sink.findings.iter().map(|finding| (finding.advisory.id.clone(), finding.severity)).collect()
    }

    #[test]
    fn a_file_that_is_a_key_is_found_where_keys_lie() {
        let wanted = [("der-private-key".to_owned(), Severity::Critical)];
        assert_eq!(found("/etc/ipsec.d/private/gw.der", &key()), wanted);
        assert_eq!(found("/opt/app/signing.pk8", &key()), wanted);
        assert_eq!(found("/srv/doc/examples/test.der", &key()), wanted, "a place of anybody's is no proof");
        let example = [("der-private-key".to_owned(), Severity::Low)];
        assert_eq!(found("/usr/share/doc/x/examples/test.der", &key()), example);
        assert_eq!(found("/usr/local/lib/R/site-library/openssl/doc/test.der", &key()), example);
    }

    #[test]
    fn what_is_more_or_less_than_a_key_is_none() {
        assert!(found("/opt/app/signing.pk8", &[key(), vec![0]].concat()).is_empty());
        assert!(found("/opt/app/signing.pk8", &key()[..47]).is_empty());
        assert!(found("/opt/app/logo.png", &key()).is_empty(), "no name of keys");
    }
}
