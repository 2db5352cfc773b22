//! What is odd about the times of a file. A mark is no proof: `touch`, `tar` and a wrong clock do the same, and a
//! time of birth can be set by who has the disk.

use std::collections::HashMap;

use assay_disk::fs::{FileType, Metadata, Time};
use assay_disk::tree::{EntryId, Tree};

use super::event::Macb;
use crate::packages::Packages;

/// Seconds after the last record of the system from which on a time is odd.
const DAY: i64 = 86_400;
/// Seconds after the installation of a package from which on a change of its files is odd.
const HOUR: i64 = 3600;

/// Something odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// More than a day after the last record of all logs.
    AfterLastRecord,
    /// A program of no package, changed at a full second, and its inode not: its time was set, or came with an archive.
    FullSecond,
    /// The inode of a setuid program or a PAM module was changed more than an hour after its package was installed.
    ChangedAfterInstall,
}

impl Mark {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AfterLastRecord => "after-last-record",
            Self::FullSecond => "full-second",
            Self::ChangedAfterInstall => "changed-after-install",
        }
    }
}

/// What marks are judged by.
pub(super) struct Judge<'a> {
    tree: &'a Tree,
    packages: &'a Packages,
    /// The time of the last record.
    last: Option<i64>,
    /// When each package was installed.
    installed: HashMap<Vec<u8>, i64>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(tree: &'a Tree, packages: &'a Packages, last: Option<i64>) -> Self {
        Self { tree, packages, last, installed: installed(tree, packages) }
    }

    /// What is odd about these times of a file.
    pub(super) fn marks(&self, id: EntryId, time: Time, times: Macb) -> Vec<Mark> {
        let Some((_, walked)) = self.tree.get(id) else { return Vec::new() };
        let metadata = &walked.metadata;
        let mut marks = Vec::new();
        if self.last.is_some_and(|last| time.seconds > last.saturating_add(DAY)) {
            marks.push(Mark::AfterLastRecord);
        }
        if times.has(Macb::MODIFIED) && is_full_second(metadata) && !self.is_packaged(id) {
            marks.push(Mark::FullSecond);
        }
        if times.has(Macb::CHANGED) && metadata.file_type == FileType::Regular && self.is_late(id, metadata) {
            marks.push(Mark::ChangedAfterInstall);
        }
        marks
    }

    fn is_packaged(&self, id: EntryId) -> bool {
        let path = self.tree.path(id);
        self.packages.owner(&path).is_some() || self.packages.owner_of_source(&path).is_some()
    }

    fn is_late(&self, id: EntryId, metadata: &Metadata) -> bool {
        let path = self.tree.path(id);
        if metadata.mode & 0o6000 == 0 && !is_pam_module(&path) {
            return false;
        }
        let package = self.packages.package(&path).map(|package| package.name.as_bytes());
        let installed = package.and_then(|package| self.installed.get(package));
        installed.is_some_and(|installed| metadata.changed.seconds > installed.saturating_add(HOUR))
    }
}

fn is_full_second(metadata: &Metadata) -> bool {
    let is_program = metadata.file_type == FileType::Regular && metadata.mode & 0o111 != 0;
    is_program && metadata.modified.nanoseconds == 0 && metadata.changed.nanoseconds != 0
}

fn is_pam_module(path: &[u8]) -> bool {
    path.ends_with(b".so") && memchr::memmem::find(path, b"/security/pam_").is_some()
}

/// When each package was installed: as RPM says, or when dpkg wrote its list of files.
fn installed(tree: &Tree, packages: &Packages) -> HashMap<Vec<u8>, i64> {
    let mut installed: HashMap<Vec<u8>, i64> = HashMap::new();
    for package in packages.installed() {
        if let Some(seconds) = package.installed {
            installed.insert(package.name.clone().into_bytes(), seconds);
        }
    }
    for (name, _) in tree.list(b"/var/lib/dpkg/info") {
        let Some(package) = name.strip_suffix(b".list") else { continue };
        let package = package.split(|&byte| byte == b':').next().unwrap_or(package);
        let found = tree.lookup(&[b"/var/lib/dpkg/info/", name.as_slice()].concat());
        let Some((_, metadata)) = found else { continue };
        let newest = installed.entry(package.to_vec()).or_insert(i64::MIN);
        *newest = (*newest).max(metadata.changed.seconds);
    }
    installed
}
