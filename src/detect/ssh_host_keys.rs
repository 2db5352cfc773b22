//! Private SSH host keys.
//!
//! Finds the host keys under `etc/ssh` of any root, under `ProgramData/ssh` of Windows, and those that sshd_config names. Whoever has the image
//! can pose as every host that was started from it. Does not find dropbear keys. See sshd(8).

use std::sync::Arc;

use super::{FileDetector, Interest, Sink};
use crate::facts::Facts;
use crate::finding::{Advisory, Category, Confidence, Finding, Secret, Severity};
use crate::fs::FileType;
use crate::keys;
use crate::tree::Entry;

/// Whether `path` is where a private host key of sshd lies.
pub fn is_host_key_path(path: &[u8], facts: &Facts) -> bool {
    if facts.sshd.host_keys.iter().any(|key| key == path) {
        return true;
    }
    let Some(slash) = memchr::memrchr(b'/', path) else { return false };
    let (Some(directory), Some(name)) = (path.get(..slash), path.get(slash + 1..)) else { return false };
    // Windows keeps them in C:\ProgramData\ssh.
    let windows = directory.len().checked_sub(16).and_then(|at| directory.get(at..));
    let windows = windows.is_some_and(|end| end.eq_ignore_ascii_case(b"/ProgramData/ssh"));
    (directory.ends_with(b"/etc/ssh") || windows)
        && name.starts_with(b"ssh_host_")
        && memchr::memmem::find(name, b"_key").is_some()
        && memchr::memmem::find(name, b".pub").is_none()
}

/// The detector.
pub struct SshHostKeys {
    advisory: Arc<Advisory>,
}

impl Default for SshHostKeys {
    fn default() -> Self {
        Self {
            advisory: Arc::new(Advisory {
                id: "ssh-host-key".into(),
                category: Category::SshHostKey,
                title: "Private SSH host key".into(),
                severity: Severity::Critical,
                why:
                    "Every instance of the image has the same key: who has the image can pose as any of them."
                        .into(),
                remedy: "rm /etc/ssh/ssh_host_*_key*, and let the first boot make new ones.".into(),
                references: vec!["https://man.openbsd.org/sshd.8".into()],
            }),
        }
    }
}

impl FileDetector for SshHostKeys {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.advisory)]
    }

    fn interest(&self, entry: &Entry<'_>, facts: &Facts) -> Interest {
        let wanted = entry.metadata.file_type == FileType::Regular && is_host_key_path(entry.path, facts);
        if wanted { Interest::Content } else { Interest::Skip }
    }

    fn inspect(&self, _: &Entry<'_>, content: &[u8], _: &Facts, sink: &mut dyn Sink) {
        if let Some(block) = keys::find_private(content) {
            let mut finding = Finding::new(&self.advisory)
                .secret(Secret::new(block.text))
                .fact("encrypted", if block.key.encrypted { "yes" } else { "no" })
                .fact("key type", block.key.algorithm);
            if let Some(bits) = block.key.bits {
                finding = finding.fact("bits", bits.to_string());
            }
            if let Some(blob) = block.key.public_blob {
                finding = finding.fingerprint(keys::fingerprint(&blob));
            }
            return sink.finding(finding);
        }
        let finding = Finding::new(&self.advisory);
        sink.finding(match keys::pem_block(content) {
            Some(block) => finding.secret(Secret::new(block)).confidence(Confidence::Medium),
            None => finding
                .severity(Severity::Medium)
                .confidence(Confidence::Low)
                .fact("state", "not a parsable key"),
        });
    }
}
