//! Password stores of Windows.
//!
//! Finds the registry hives that hold password hashes and secrets of services (SAM, SECURITY), copies of them
//! outside their place, and the directory of a domain controller (ntds.dit). Why it matters: their hashes can
//! be guessed offline, and used as they are. Does not find which accounts have a password: the hives are not
//! parsed, and a gap says so. References: Microsoft, "Registry Hives".

use std::sync::Arc;

use super::{FileDetector, Interest, Sink};
use crate::facts::Facts;
use crate::finding::{
    Advisory, Category, Confidence, FactKey, Finding, Gap, GapKind, Location, Loss, Severity,
};
use assay_disk::fs::FileType;
use assay_disk::tree::Entry;

/// Where the running system has its hives.
const LIVE: &[u8] = b"/windows/system32/config";
/// Names of hives that hold hashes or secrets.
const HIVES: [&[u8]; 2] = [b"sam", b"security"];
/// Ends of names that copies get.
const COPIES: [&[u8]; 7] = [b"", b".save", b".bak", b".old", b".hiv", b".hive", b".reg"];

/// The detector.
pub struct WindowsPasswords {
    advisory: Arc<Advisory>,
}

impl Default for WindowsPasswords {
    fn default() -> Self {
        Self {
            advisory: Arc::new(Advisory {
                id: "windows-password-store".into(),
                category: Category::PasswordHash,
                title: "Store of Windows password hashes".into(),
                severity: Severity::Medium,
                why:
                    "Whoever has the image can guess the passwords offline, or log in with the hashes alone."
                        .into(),
                remedy:
                    "Run EC2Launch or Sysprep with shutdown, so that passwords are made anew at the first \
                         boot, and delete copies."
                        .into(),
                references: vec![
                    "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2launch-v2.html".into(),
                ],
            }),
        }
    }
}

/// What a file is by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Store {
    /// A hive of the system itself: every Windows has it.
    Live,
    /// A copy of such a hive.
    Copy,
    /// The accounts of a whole domain.
    Domain,
}

fn store(entry: &Entry<'_>) -> Option<Store> {
    let name = entry.name().to_ascii_lowercase();
    if name == b"ntds.dit" {
        return Some(Store::Domain);
    }
    let is_hive = |hive: &&[u8]| name.strip_prefix(*hive).is_some_and(|end| COPIES.contains(&end));
    if !HIVES.iter().any(is_hive) {
        return None;
    }
    let live = entry.directory().eq_ignore_ascii_case(LIVE) && HIVES.contains(&name.as_slice());
    Some(if live { Store::Live } else { Store::Copy })
}

impl FileDetector for WindowsPasswords {
    fn advisories(&self) -> Vec<Arc<Advisory>> {
        vec![Arc::clone(&self.advisory)]
    }

    fn interest(&self, entry: &Entry<'_>, _: &Facts) -> Interest {
        let short = entry.name().len() <= 16 && entry.metadata.file_type == FileType::Regular;
        match short.then(|| store(entry)).flatten() {
            None => Interest::Skip,
            // Larger than what is read as a whole, and known by its name.
            Some(Store::Domain) => Interest::Metadata,
            Some(_) => Interest::Content,
        }
    }

    fn inspect(&self, entry: &Entry<'_>, content: &[u8], _: &Facts, sink: &mut dyn Sink) {
        let Some(store) = store(entry) else { return };
        if store != Store::Domain && !content.starts_with(b"regf") {
            return;
        }
        let finding = Finding::new(&self.advisory);
        sink.finding(match store {
            Store::Live => {
                finding.severity(Severity::Info).fact(FactKey::Store, "registry hive of the system")
            }
            Store::Copy => finding.fact(FactKey::Store, "copy of a registry hive"),
            Store::Domain => finding
                .severity(Severity::High)
                .confidence(Confidence::Medium)
                .fact(FactKey::Store, "directory of a domain controller"),
        });
        sink.gap(Gap {
            location: Location::default(),
            kind: GapKind::Unsupported,
            loss: Loss::Part,
            bytes: None,
            reason: "the password hashes and secrets in it are not examined".to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Collector;
    use assay_disk::fs::{Metadata, NodeId};

    fn inspect(path: &str, content: &[u8]) -> Option<(Severity, usize)> {
        let metadata = Metadata::bare(FileType::Regular, 0o644, 8192);
        let entry = Entry { path: path.as_bytes(), metadata: &metadata, node: NodeId(1), target: None };
        let (detector, facts) = (WindowsPasswords::default(), Facts::default());
        if detector.interest(&entry, &facts) == Interest::Skip {
            return None;
        }
        let mut collected = Collector::default();
        detector.inspect(&entry, content, &facts, &mut collected);
        collected.findings.first().map(|finding| (finding.severity, collected.gaps.len()))
    }

    #[test]
    fn the_hive_of_the_system_is_told_and_not_examined() {
        assert_eq!(inspect("/Windows/System32/config/SAM", b"regf"), Some((Severity::Info, 1)));
        assert_eq!(inspect("/WINDOWS/system32/Config/Security", b"regf"), Some((Severity::Info, 1)));
    }

    #[test]
    fn copies_are_worse() {
        for path in [
            "/Windows/System32/config/RegBack/SAM",
            "/temp/sam.save",
            "/Windows.old/Windows/System32/config/SAM",
        ] {
            assert_eq!(inspect(path, b"regf"), Some((Severity::Medium, 1)), "{path}");
        }
        assert_eq!(inspect("/Windows/NTDS/ntds.dit", b""), Some((Severity::High, 1)));
    }

    #[test]
    fn other_files_of_the_name_are_nothing() {
        assert_eq!(inspect("/usr/lib/python3/sam", b"#!/usr"), None);
        assert_eq!(inspect("/Windows/System32/config/SAM.LOG1", b"regf"), None);
    }
}
