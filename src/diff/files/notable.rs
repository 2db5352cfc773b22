//! Which of the files that differ a reviewer looks at.

use super::What;
use crate::facts::Facts;
use assay_disk::fs::{FileType, Metadata};
use assay_disk::path::is_inside;

/// A file to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Its path.
    pub path: Vec<u8>,
    /// What became of it.
    pub what: What,
    /// In which ways it changed: "content", "mode", "owner", "type", "target".
    pub how: Vec<&'static str>,
    /// Why it is to be looked at.
    pub because: Because,
}

/// Why a file is to be looked at: what is worse comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Because {
    /// Its package is the same on both sides, and it is not.
    SamePackage,
    /// A program that no package owns.
    Program,
    /// Configuration that no package owns.
    Configuration,
}

impl Because {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Program => "program of no package",
            Self::Configuration => "configuration of no package",
            Self::SamePackage => "its package did not change",
        }
    }
}

/// The package that owns a file, or made it.
pub(super) fn owner<'f>(path: &[u8], facts: &'f Facts) -> Option<&'f str> {
    facts.packages.owner(path).or_else(|| facts.packages.owner_of_source(path))
}

pub(super) fn judge(
    path: &[u8],
    metadata: &Metadata,
    what: What,
    how: &[&'static str],
    (old, new): (&Facts, &Facts),
) -> Option<Because> {
    // A file in a file system within a file is that file's.
    if is_inside(path) {
        return None;
    }
    let (was, now) = (old.packages.package(path), new.packages.package(path));
    if let (Some(was), Some(now)) = (was, now) {
        let differs = what != What::Changed || how.iter().any(|how| *how != "owner");
        return (was == now && differs).then_some(Because::SamePackage);
    }
    if was.is_some() || now.is_some() || owner(path, new).or_else(|| owner(path, old)).is_some() {
        return None;
    }
    if is_program(path, metadata) {
        return Some(Because::Program);
    }
    is_configuration(path, metadata).then_some(Because::Configuration)
}

fn is_program(path: &[u8], metadata: &Metadata) -> bool {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    let is_library = name.ends_with(b".so") || memchr::memmem::find(name, b".so.").is_some();
    let is_module = name.ends_with(b".ko") || memchr::memmem::find(name, b".ko.").is_some();
    let is_file = metadata.file_type == FileType::Regular;
    is_file && (metadata.mode & 0o111 != 0 || is_library || is_module)
}

fn is_configuration(path: &[u8], metadata: &Metadata) -> bool {
    const PLACES: [&[u8]; 7] = [
        b"/etc/",
        b"/usr/local/etc/",
        b"/boot/grub",
        b"/boot/loader/",
        b"/usr/lib/systemd/",
        b"/lib/systemd/",
        b"/var/spool/cron/",
    ];
    let is_text = matches!(metadata.file_type, FileType::Regular | FileType::Symlink);
    is_text && PLACES.iter().any(|place| path.starts_with(place))
}
