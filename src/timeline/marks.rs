//! What is odd about the times of a file. A mark is no proof: `touch`, `tar` and a wrong clock do the same, and a
//! time of birth can be set by who has the disk.

use std::collections::HashMap;

use assay_disk::fs::{FileType, Metadata, Time};
use assay_disk::tree::{EntryId, Mounted, Tree};

use super::event::Macb;
use super::file_times;
use crate::packages::Packages;

/// Seconds after the last change of any inode from which on a time is odd.
const DAY: i64 = 86_400;
/// Seconds after the installation of a package from which on a change of its files is odd.
const HOUR: i64 = 3600;

/// Something odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Modified or born more than a day after the last change of any inode of its file system, a time that no tool sets.
    AfterLastChange,
    /// A program of no package, changed at a full second, and its inode not: its time was set, or came with an archive.
    FullSecond,
    /// The inode of a setuid program or a PAM module was changed more than an hour after its package was installed.
    ChangedAfterInstall,
}

impl Mark {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AfterLastChange => "after-last-change",
            Self::FullSecond => "full-second",
            Self::ChangedAfterInstall => "changed-after-install",
        }
    }
}

/// What marks are judged by.
pub(super) struct Judge<'a> {
    tree: &'a Tree,
    packages: &'a Packages,
    /// When the last inode of each volume was changed.
    last: HashMap<u32, i64>,
    /// When each package was installed.
    installed: HashMap<Vec<u8>, i64>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(tree: &'a Tree, packages: &'a Packages) -> Self {
        Self { tree, packages, last: last_changes(tree), installed: installed(tree, packages) }
    }

    /// What is odd about these times of a file.
    pub(super) fn marks(&self, id: EntryId, time: Time, times: Macb) -> Vec<Mark> {
        let Some((_, walked)) = self.tree.get(id) else { return Vec::new() };
        let metadata = &walked.metadata;
        let mut marks = Vec::new();
        let is_claimed = times.has(Macb::MODIFIED) || times.has(Macb::BORN);
        let last = self.last.get(&id.volume).filter(|_| is_claimed);
        if last.is_some_and(|last| time.seconds > last.saturating_add(DAY)) {
            marks.push(Mark::AfterLastChange);
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
        // Scripts of packages come out of archives, and no list names them.
        path.starts_with(b"/var/lib/dpkg/info/")
            || self.packages.owner(&path).is_some()
            || self.packages.owner_of_source(&path).is_some()
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

/// When the last inode of each volume was changed, where its file system keeps that.
fn last_changes(tree: &Tree) -> HashMap<u32, i64> {
    let volumes = tree.file_volumes().filter(|(_, mounted)| file_times::keeps_changes(mounted));
    let last =
        |mounted: &Mounted| mounted.walk.entries.iter().map(|entry| entry.metadata.changed.seconds).max();
    volumes.filter_map(|(volume, mounted)| Some((volume, last(mounted)?))).collect()
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use assay_disk::budget::Budget;
    use assay_disk::fs::memory::Memory;

    const BUILT: i64 = 1_769_853_600;

    fn at(seconds: i64, nanoseconds: u32) -> Time {
        Time { seconds, nanoseconds }
    }

    /// The marks of the times of `path`, in an image in which all was made when it was built.
    fn marks(memory: Memory, path: &str) -> Vec<Mark> {
        let status = "Package: sudo\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n";
        let memory = memory
            .file("/var/lib/dpkg/status", status)
            .file("/var/lib/dpkg/info/sudo.list", "/usr\n/usr/bin\n/usr/bin/sudo\n/usr/bin/tool\n")
            .with(|metadata| metadata.changed = at(BUILT, 5));
        let tree = Tree::of(Arc::new(memory), &Budget::default());
        let (facts, _) = crate::facts::Facts::gather(&tree);
        let judge = Judge::new(&tree, &facts.packages);
        let id = tree.find(path.as_bytes()).unwrap();
        let metadata = tree.get(id).unwrap().1.metadata;
        let times = file_times::times(&metadata).into_iter();
        times.flat_map(|(time, times)| judge.marks(id, time, times)).collect()
    }

    fn program(path: &str, mode: u16, modified: Time, changed: Time) -> Memory {
        Memory::new().file(path, "x").with(|metadata| {
            metadata.mode = mode;
            metadata.modified = modified;
            metadata.changed = changed;
        })
    }

    #[test]
    fn a_program_of_no_package_whose_time_was_set_is_marked() {
        let set = |path| program(path, 0o755, at(BUILT - 99, 0), at(BUILT, 7));
        assert_eq!(marks(set("/opt/x"), "/opt/x"), [Mark::FullSecond]);
        assert_eq!(marks(set("/usr/bin/tool"), "/usr/bin/tool"), []);
        assert_eq!(marks(set("/var/lib/dpkg/info/x.postinst"), "/var/lib/dpkg/info/x.postinst"), []);
        assert_eq!(marks(program("/opt/x", 0o644, at(1, 0), at(BUILT, 7)), "/opt/x"), []);
        assert_eq!(marks(program("/opt/x", 0o755, at(1, 9), at(BUILT, 7)), "/opt/x"), []);
    }

    #[test]
    fn a_setuid_program_that_was_touched_after_its_package_came_is_marked() {
        let touched = |mode, seconds| program("/usr/bin/sudo", mode, at(BUILT, 1), at(seconds, 1));
        assert_eq!(marks(touched(0o4755, BUILT + 3601), "/usr/bin/sudo"), [Mark::ChangedAfterInstall]);
        assert_eq!(marks(touched(0o4755, BUILT + 3600), "/usr/bin/sudo"), []);
        assert_eq!(marks(touched(0o755, BUILT + 7200), "/usr/bin/sudo"), []);
    }

    #[test]
    fn a_time_after_all_changes_is_marked() {
        let later = |days| program("/opt/x", 0o644, at(BUILT + days * DAY + 1, 1), at(BUILT, 1));
        assert_eq!(marks(later(1), "/opt/x"), [Mark::AfterLastChange]);
        assert_eq!(marks(later(0), "/opt/x"), []);
    }
}
