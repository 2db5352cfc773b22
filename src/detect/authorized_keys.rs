//! Keys that may log in.
//!
//! Finds every key of authorized_keys files: whoever built the image can log into its instances. Does not
//! see AuthorizedKeysCommand or TrustedUserCAKeys. See sshd(8), AUTHORIZED_KEYS FILE FORMAT.

use std::sync::Arc;

use super::{FileDetector, Interest, Sink};
use crate::facts::Facts;
use crate::finding::{Advisory, Category, Finding, Secret, Severity};
use crate::fs::FileType;
use crate::keys;
use crate::text::Escaped;
use crate::tree::Entry;

/// The detector.
pub struct AuthorizedKeys {
    advisory: Arc<Advisory>,
}

impl Default for AuthorizedKeys {
    fn default() -> Self {
        Self {
            advisory: Arc::new(Advisory {
                id: "authorized-key".into(),
                category: Category::AuthorizedKeys,
                title: "Key that may log in".into(),
                severity: Severity::Medium,
                why: "Who holds the private half can log into every instance of the image.".into(),
                remedy: "Delete the file before the image is taken; let cloud-init write it.".into(),
                references: vec!["https://man.openbsd.org/sshd.8".into()],
            }),
        }
    }
}

/// Whether `path` fits sshd's `pattern`; `%h` and `%u` stand for any home and any user.
fn fits(pattern: &[u8], path: &[u8]) -> bool {
    let tail = pattern.strip_prefix(b"%h/").or((!pattern.starts_with(b"/")).then_some(pattern));
    if let Some(tail) = tail {
        return !tail.is_empty() && path.strip_suffix(tail).is_some_and(|home| home.ends_with(b"/"));
    }
    match memchr::memmem::find(pattern, b"%u") {
        Some(at) => {
            let user = pattern.get(..at).and_then(|before| path.strip_prefix(before));
            let user = user.and_then(|rest| rest.strip_suffix(pattern.get(at + 2..).unwrap_or_default()));
            user.is_some_and(|user| !user.is_empty() && !user.contains(&b'/'))
        }
        None => pattern == path,
    }
}

/// The account whose keys `path` holds, as far as the path or /etc/passwd says it.
fn user_of(path: &[u8], facts: &Facts) -> Option<Vec<u8>> {
    if let Some(account) = facts.accounts.home_of(path) {
        return Some(account.name.clone());
    }
    if path.starts_with(b"/root/") {
        return Some(b"root".to_vec());
    }
    if path.ends_with(b"/administrators_authorized_keys") {
        return Some(b"Administrators".to_vec());
    }
    let homes = [&b"/home/"[..], b"/Users/", b"/etc/ssh/authorized_keys.d/"];
    let rest = homes.iter().find_map(|home| path.strip_prefix(*home))?;
    rest.split(|&byte| byte == b'/').next().map(<[u8]>::to_vec)
}

impl FileDetector for AuthorizedKeys {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.advisory)]
    }

    fn interest(&self, entry: &Entry<'_>, facts: &Facts) -> Interest {
        let named = [&b"authorized_keys"[..], b"authorized_keys2", b"administrators_authorized_keys"];
        let wanted = named.contains(&entry.name())
            || entry.directory().ends_with(b"/etc/ssh/authorized_keys.d")
            || facts.sshd.authorized_keys_files.iter().any(|pattern| fits(pattern, entry.path));
        if wanted && entry.metadata.file_type == FileType::Regular {
            Interest::Content
        } else {
            Interest::Skip
        }
    }

    fn inspect(&self, entry: &Entry<'_>, content: &[u8], facts: &Facts, sink: &mut dyn Sink) {
        let user = user_of(entry.path, facts);
        for (number, line) in (1..).zip(content.split(|&byte| byte == b'\n')) {
            let line = line.trim_ascii();
            if line.starts_with(b"#") {
                continue;
            }
            let Some(key) = keys::parse_public_line(line) else { continue };
            let mut finding = Finding::new(&self.advisory)
                .line(number)
                .secret(Secret::new(key.text.as_slice()))
                .fingerprint(key.fingerprint())
                .fact("comment", Escaped(&key.comment).to_string());
            if key.comment.starts_with(b"packer_") {
                finding = finding.fact("remark", "leftover key of the build");
            }
            finding = finding.fact("key type", key.algorithm);
            if let Some(user) = &user {
                finding = finding.subject(Escaped(user).to_string());
            }
            if matches!(user.as_deref(), Some(b"root" | b"Administrators" | b"Administrator")) {
                finding = finding.severity(Severity::High);
            }
            sink.finding(finding);
        }
    }
}
