//! SSH host keys.
//!
//! **Finds** the private host keys below `etc/ssh` of any root and `ProgramData/ssh` of Windows, those that
//! sshd_config names, and those of Dropbear; says type, bits and fingerprint, and whether the `.pub` beside it is its public half. A `.pub`
//! without a private half is a trace of a key that was removed.
//!
//! **Why it matters:** whoever has the image can pose as every host that was started from it.
//!
//! **Does not find** host keys of other servers (an SFTP server's own), which are found as private keys.
//!
//! **References:** sshd(8), sshd_config(5), dropbear(8).

use std::sync::Arc;

use super::{FileDetector, Interest, Sink};
use crate::facts::Facts;
use crate::finding::{Advisory, Category, Confidence, FactKey, Finding, Secret, Severity, Verification};
use crate::keys::{self, PrivateKey};
use assay_disk::fs::FileType;
use assay_disk::tree::Entry;

/// Whether `path` is where a private host key lies.
pub fn is_host_key_path(path: &[u8], facts: &Facts) -> bool {
    if facts.sshd.host_keys.iter().any(|key| key == path) {
        return true;
    }
    let Some(slash) = memchr::memrchr(b'/', path) else { return false };
    let (Some(directory), Some(name)) = (path.get(..slash), path.get(slash + 1..)) else { return false };
    let is_key =
        memchr::memmem::find(name, b"_key").is_some() && memchr::memmem::find(name, b".pub").is_none();
    let below = |tail: &[u8]| directory.strip_suffix(tail).is_some_and(|b| b.is_empty() || b.ends_with(b"/"));
    is_key
        && (below(b"etc/ssh") && name.starts_with(b"ssh_host_")
            || below(b"etc/dropbear") && name.starts_with(b"dropbear_")
            || name.starts_with(b"dropbear_") && name.ends_with(b"_host_key"))
        || is_windows_host_key(directory, name)
}

/// Windows keeps them in C:\ProgramData\ssh, in whatever case.
fn is_windows_host_key(directory: &[u8], name: &[u8]) -> bool {
    const DIRECTORY: &[u8] = b"/ProgramData/ssh";
    let end = directory.len().checked_sub(DIRECTORY.len()).and_then(|at| directory.get(at..));
    if !end.is_some_and(|end| end.eq_ignore_ascii_case(DIRECTORY)) {
        return false;
    }
    let name = name.to_ascii_lowercase();
    let has = |part: &[u8]| memchr::memmem::find(&name, part).is_some();
    name.starts_with(b"ssh_host_") && has(b"_key") && !has(b".pub")
}

/// Dropbear's key of a user.
fn is_dropbear_identity(name: &[u8]) -> bool {
    name == b"id_dropbear"
}

/// A public half whose private one is not there.
fn is_alone(path: &[u8], facts: &Facts) -> bool {
    let Some(private) = path.strip_suffix(b".pub") else { return false };
    is_host_key_path(private, facts)
        && facts.sshd.public_halves.iter().any(|(known, _)| known == path)
        && !facts.sshd.beside.iter().any(|known| known == private)
}

/// The detector.
pub struct SshHostKeys {
    host: Arc<Advisory>,
    public: Arc<Advisory>,
    user: Arc<Advisory>,
}

impl Default for SshHostKeys {
    fn default() -> Self {
        Self {
            host: advisory(
                "ssh-host-key",
                Category::SshHostKey,
                "Private SSH host key",
                Severity::Critical,
                "Every instance of the image has the same key: who has the image can pose as any of them.",
                "rm /etc/ssh/ssh_host_*_key*, and let the first boot make new ones.",
            ),
            public: advisory(
                "ssh-host-public-key",
                Category::SshHostKey,
                "Public half of an SSH host key that is gone",
                Severity::Low,
                "The clean-up was not whole: the key names the host that the image was made on.",
                "rm /etc/ssh/ssh_host_*_key*.",
            ),
            user: advisory(
                "dropbear-private-key",
                Category::SshPrivateKey,
                "Private key of Dropbear",
                Severity::Critical,
                "Who has the image can log in wherever the public half is accepted.",
                "Delete the key from the image, and its public half wherever it was put.",
            ),
        }
    }
}

fn advisory(
    id: &str,
    category: Category,
    title: &str,
    severity: Severity,
    why: &str,
    remedy: &str,
) -> Arc<Advisory> {
    Arc::new(Advisory {
        id: id.to_owned(),
        category,
        title: title.to_owned(),
        severity,
        why: why.to_owned(),
        remedy: remedy.to_owned(),
        references: vec!["https://man.openbsd.org/sshd.8".to_owned()],
    })
}

impl FileDetector for SshHostKeys {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.host), Arc::clone(&self.public), Arc::clone(&self.user)]
    }

    fn interest(&self, entry: &Entry<'_>, facts: &Facts) -> Interest {
        let wanted = entry.metadata.file_type == FileType::Regular
            && (is_host_key_path(entry.path, facts)
                || is_dropbear_identity(entry.name())
                || is_alone(entry.path, facts));
        if wanted { Interest::Content } else { Interest::Skip }
    }

    fn inspect(&self, entry: &Entry<'_>, content: &[u8], facts: &Facts, sink: &mut dyn Sink) {
        if is_alone(entry.path, facts) {
            let finding = Finding::new(&self.public);
            return sink.finding(match keys::parse_public_line(content.trim_ascii()) {
                Some(key) => finding.fingerprint(key.fingerprint()).fact(FactKey::KeyType, key.algorithm),
                None => finding,
            });
        }
        let own = if is_dropbear_identity(entry.name()) { &self.user } else { &self.host };
        if let Some(key) = keys::parse_dropbear(content) {
            let finding =
                Finding::new(own).secret(Secret::new(content)).fact(FactKey::Format, key.format.name());
            return sink.finding(described(finding, &key, entry.path, facts));
        }
        if let Some(block) = keys::find_private(content) {
            let finding = Finding::new(own).secret(Secret::new(block.text));
            return sink.finding(described(finding, &block.key, entry.path, facts));
        }
        if content.trim_ascii().is_empty() || is_dropbear_identity(entry.name()) {
            return;
        }
        let finding = Finding::new(own);
        sink.finding(match keys::pem_block(content) {
            Some(block) => finding.secret(Secret::new(block)).confidence(Confidence::Medium),
            None => finding
                .severity(Severity::Medium)
                .confidence(Confidence::Low)
                .fact(FactKey::State, "not a parsable key"),
        });
    }
}

/// A finding with what the key says of itself.
fn described(finding: Finding, key: &PrivateKey, path: &[u8], facts: &Facts) -> Finding {
    let mut finding = finding
        .proof(Verification::Key)
        .fact(FactKey::Encrypted, if key.encrypted { "yes" } else { "no" })
        .fact(FactKey::KeyType, key.algorithm.as_str());
    if let Some(bits) = key.bits {
        finding = finding.fact(FactKey::Bits, bits.to_string());
    }
    let Some(blob) = &key.public_blob else { return finding };
    finding = finding.fingerprint(keys::fingerprint(blob));
    let beside = [path, b".pub"].concat();
    let half = facts.sshd.public_halves.iter().find(|(known, _)| *known == beside);
    let half = half.and_then(|(_, content)| keys::parse_public_line(content.trim_ascii()));
    finding.fact(
        FactKey::PublicHalf,
        match half {
            Some(public) if public.blob == *blob => "beside it",
            Some(_) => "the .pub beside it is of another key",
            None => "not beside it",
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_host_keys_are_known() {
        let facts = Facts::default();
        for path in [
            "/etc/ssh/ssh_host_rsa_key",
            "/srv/c/etc/ssh/ssh_host_rsa_key.bak",
            "/etc/dropbear/dropbear_rsa_host_key",
            "/ProgramData/ssh/ssh_host_rsa_key",
            "/PROGRAMDATA/SSH/SSH_HOST_ED25519_KEY",
        ] {
            assert!(is_host_key_path(path.as_bytes(), &facts), "{path}");
        }
        for path in [
            "/etc/ssh/ssh_host_rsa_key.pub",
            "/xetc/ssh/ssh_host_rsa_key",
            "/etc/ssh/moduli",
            "/ProgramData/ssh/SSH_HOST_RSA_KEY.PUB",
            "/ProgramData/ssh/sshd_config",
            "/xProgramData/ssh/ssh_host_rsa_key",
            "x",
        ] {
            assert!(!is_host_key_path(path.as_bytes(), &facts), "{path}");
        }
    }

    #[test]
    fn a_public_half_alone_is_a_trace() {
        let mut facts = Facts::default();
        let path = b"/etc/ssh/ssh_host_rsa_key.pub".to_vec();
        facts.sshd.public_halves.push((path.clone(), b"ssh-rsa A".to_vec()));
        facts.sshd.beside.push(path.clone());
        assert!(is_alone(&path, &facts));
        facts.sshd.beside.push(b"/etc/ssh/ssh_host_rsa_key".to_vec());
        assert!(!is_alone(&path, &facts));
    }
}
