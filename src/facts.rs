//! What the system says of itself, parsed once and shared by the detectors.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::budget::Budget;
use crate::finding::{Gap, GapKind, Location, Loss};
use assay_disk::fs::{FileType, FsError};
use assay_disk::tree::walk::gap_kind;
use assay_disk::tree::{Lost, SystemKind, Tree, View};

pub(crate) use glob::glob;

pub mod accounts;
pub mod compared;
mod form;
mod glob;
mod histfile;
mod hostname;
pub mod os_release;
pub mod packages;
pub(crate) mod pam;
pub mod sshd;
pub(crate) mod sudoers;

/// The facts of one system.
#[derive(Debug, Default)]
pub struct Facts {
    /// /etc/os-release.
    pub os: os_release::OsRelease,
    /// /etc/passwd, /etc/shadow, /etc/group.
    pub accounts: accounts::Accounts,
    /// The files of packages and their owners.
    pub packages: packages::Packages,
    /// What sshd_config says of keys.
    pub sshd: sshd::Sshd,
    /// Where start files of shells put histories: patterns of the last parts of paths, with `*`.
    pub histories: Vec<String>,
    /// What the machine calls itself; empty where it says nothing.
    pub hostname: Vec<u8>,
    /// Files that are there and do not have the form of their kind, with what is wrong.
    pub unparsed: BTreeMap<Vec<u8>, String>,
    /// The files that are what their packages recorded, or not; empty before the files are read.
    pub compared: compared::Compared,
    /// The same of the other systems of the tree, in their order. A system that is the machine with its mounts has
    /// the packages of the machine.
    pub others: Vec<Facts>,
}

impl Facts {
    /// Reads the facts out of `tree`, with a gap for every file that is there and could not be read.
    pub fn gather(tree: &Tree) -> (Self, Vec<Gap>) {
        Self::gather_within(tree, &Budget::default())
    }

    /// The same within other limits.
    pub fn gather_within(tree: &Tree, budget: &Budget) -> (Self, Vec<Gap>) {
        let Some(machine) = tree.machine() else { return Self::default_of_none() };
        let (mut facts, mut gaps) = Self::gather_from(&machine, budget);
        gaps.extend(facts.packages.missing(&facts.os));
        for number in 1..tree.systems().len() {
            let Some(view) = tree.view(number) else { continue };
            let (own, of_system) = Self::gather_from(&view, budget);
            // Keys are looked for by the paths of the machine, whatever system reads them.
            for (path, places) in &own.sshd.key_files {
                let known = facts.sshd.key_files.entry(path.clone()).or_default();
                known.extend(places.iter().cloned());
                known.sort();
                known.dedup();
            }
            facts.others.push(own);
            gaps.extend(of_system.into_iter().map(|gap| placed(gap, view)));
        }
        gaps.sort_by(|a, b| (&a.location, &a.reason).cmp(&(&b.location, &b.reason)));
        gaps.dedup();
        (facts, gaps)
    }

    fn default_of_none() -> (Self, Vec<Gap>) {
        (Self::default(), Vec::new())
    }

    /// The facts of a system of the tree, by its number; none of one that there is not.
    pub fn of(&self, system: usize) -> &Self {
        static NONE: LazyLock<Facts> = LazyLock::new(Facts::default);
        match system.checked_sub(1) {
            None => self,
            Some(other) => self.others.get(other).unwrap_or(&NONE),
        }
    }

    /// The same out of anything that holds files.
    pub fn gather_from(files: &dyn Files, budget: &Budget) -> (Self, Vec<Gap>) {
        let mut desk = Desk::within(files, budget);
        let accounts = accounts::Accounts::gather(&mut desk);
        accounts.check(&mut desk);
        form::check(&mut desk);
        let mut facts = Self {
            os: os_release::OsRelease::gather(&mut desk),
            histories: histfile::gather(&mut desk, &accounts),
            hostname: hostname::gather(&mut desk),
            sshd: sshd::Sshd::gather(&mut desk, &accounts),
            accounts,
            packages: if files.has_own_packages() {
                packages::Packages::gather(&mut desk)
            } else {
                packages::Packages::default()
            },
            unparsed: BTreeMap::new(),
            compared: compared::Compared::default(),
            others: Vec::new(),
        };
        facts.unparsed = desk.unparsed;
        (facts, desk.gaps)
    }
}

/// What facts are read from: paths to bytes, links followed inside the image.
pub trait Files {
    /// The content of the file at `path`, at most `limit` bytes; `None` if there is none.
    ///
    /// # Errors
    /// [`FsError`] if it cannot be read, or is larger.
    fn read(&self, path: &[u8], limit: u64) -> Result<Option<Vec<u8>>, FsError>;

    /// Names and types in a directory, sorted; empty if there is none.
    fn list(&self, path: &[u8]) -> Vec<(Vec<u8>, FileType)>;

    /// Bytes of the regular file at `path`; `None` if there is none.
    fn size(&self, path: &[u8]) -> Option<u64>;

    /// Reads of the file at `path` what is at `offset`, and returns how many bytes; 0 at its end.
    ///
    /// # Errors
    /// [`FsError`] if it cannot be read.
    fn read_at(&self, path: &[u8], offset: u64, dst: &mut [u8]) -> Result<usize, FsError>;

    /// Whether two paths lead to one entry.
    fn is_same(&self, one: &[u8], other: &[u8]) -> bool;

    /// The path, as findings have it, of the regular file that `path` leads to.
    ///
    /// # Errors
    /// Why it leads to none.
    fn locate(&self, path: &[u8]) -> Result<Vec<u8>, Lost> {
        self.size(path).map(|_| path.to_vec()).ok_or(Lost::Missing)
    }

    /// Whether the database of packages is to be read.
    fn has_own_packages(&self) -> bool {
        true
    }

    /// What lies at `path`, links followed; `None` if there is nothing.
    fn kind(&self, path: &[u8]) -> Option<FileType>;

    /// Where the symbolic link at `path` leads; `None` if there is no link.
    fn target(&self, path: &[u8]) -> Option<Vec<u8>>;
}

/// A gap with the path as findings have it.
fn placed(mut gap: Gap, view: View<'_>) -> Gap {
    let path = &gap.location.path;
    gap.location.path = match view.find(path) {
        Some(id) => view.tree().path(id),
        None => view.system().below(path),
    };
    gap
}

impl Files for View<'_> {
    fn read(&self, path: &[u8], limit: u64) -> Result<Option<Vec<u8>>, FsError> {
        Self::read(self, path, limit)
    }
    fn list(&self, path: &[u8]) -> Vec<(Vec<u8>, FileType)> {
        Self::list(self, path)
    }
    fn size(&self, path: &[u8]) -> Option<u64> {
        let (_, metadata) = self.lookup(path)?;
        (metadata.file_type == FileType::Regular).then_some(metadata.size)
    }
    fn read_at(&self, path: &[u8], offset: u64, dst: &mut [u8]) -> Result<usize, FsError> {
        match self.find(path) {
            Some(id) => self.tree().open(id)?.read_at(offset, dst),
            None => Ok(0),
        }
    }
    fn is_same(&self, one: &[u8], other: &[u8]) -> bool {
        self.find(one).is_some_and(|id| self.find(other) == Some(id))
    }
    fn locate(&self, path: &[u8]) -> Result<Vec<u8>, Lost> {
        let found = Self::locate(self, path)?;
        let regular = self.tree().get(found.id).filter(|(_, w)| w.metadata.file_type == FileType::Regular);
        regular.map(|_| self.tree().path(found.id)).ok_or(Lost::Missing)
    }
    fn has_own_packages(&self) -> bool {
        self.system().kind != SystemKind::Mounted
    }
    fn kind(&self, path: &[u8]) -> Option<FileType> {
        self.lookup(path).map(|(_, metadata)| metadata.file_type)
    }
    fn target(&self, path: &[u8]) -> Option<Vec<u8>> {
        let (_, walked) = self.tree().get(self.find_link(path)?)?;
        walked.target.as_ref().map(|target| target.to_vec())
    }
}

/// Reads files and keeps a gap for each that could not be read.
pub(crate) struct Desk<'a> {
    files: &'a dyn Files,
    budget: Budget,
    gaps: Vec<Gap>,
    unparsed: BTreeMap<Vec<u8>, String>,
}

impl<'a> Desk<'a> {
    #[cfg(test)]
    pub(crate) fn new(files: &'a dyn Files) -> Self {
        Self::within(files, &Budget::default())
    }

    /// One that may spend `budget`.
    pub(crate) fn within(files: &'a dyn Files, budget: &Budget) -> Self {
        Self { files, budget: *budget, gaps: Vec::new(), unparsed: BTreeMap::new() }
    }

    /// The content of `path`; `None` where there is none, or where it could not be read (then with a gap).
    pub(crate) fn read(&mut self, path: &[u8], limit: u64) -> Option<Vec<u8>> {
        match self.files.read(path, limit) {
            Ok(content) => content,
            Err(error) => {
                self.gap(path, gap_kind(&error), format!("the system's own description: {error}"));
                None
            }
        }
    }

    pub(crate) fn list(&self, path: &[u8]) -> Vec<(Vec<u8>, FileType)> {
        self.files.list(path)
    }

    /// What reading them may cost.
    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// What the files are read from.
    pub(crate) fn files(&self) -> &'a dyn Files {
        self.files
    }

    /// A file is there, and does not have the form of its kind: what it should say is not known.
    pub(crate) fn misshapen(&mut self, path: &[u8], reason: String) {
        self.gap(path, GapKind::Damaged, reason.clone());
        self.unparsed.entry(path.to_vec()).or_insert(reason);
    }

    pub(crate) fn gap(&mut self, path: &[u8], kind: GapKind, reason: String) {
        let location = Location { path: path.to_vec(), ..Location::default() };
        self.gaps.push(Gap { location, kind, loss: Loss::Part, bytes: None, reason });
    }
}

/// The lines of a text with their numbers (from 1), without line ends.
pub(crate) fn lines(content: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let lines = content.split(|&byte| byte == b'\n');
    (1_u64..).zip(lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line)))
}

#[cfg(test)]
pub(crate) mod shelf {
    //! Files in memory, for the tests of the facts.
    use std::collections::BTreeMap;

    use super::{FileType, Files, FsError};

    #[derive(Default)]
    pub(crate) struct Shelf(pub(crate) BTreeMap<Vec<u8>, Vec<u8>>);

    impl Shelf {
        pub(crate) fn with(mut self, path: &str, content: &str) -> Self {
            self.0.insert(path.into(), content.into());
            self
        }
    }

    impl Files for Shelf {
        fn read(&self, path: &[u8], limit: u64) -> Result<Option<Vec<u8>>, FsError> {
            match self.0.get(path) {
                Some(content) if content.len() as u64 > limit => {
                    Err(FsError::over_limit(format!("{} bytes", content.len()), limit))
                }
                content => Ok(content.cloned()),
            }
        }
        fn list(&self, path: &[u8]) -> Vec<(Vec<u8>, FileType)> {
            let within = |file: &Vec<u8>| {
                let name = file.strip_prefix(path)?.strip_prefix(b"/")?;
                (!name.contains(&b'/')).then(|| (name.to_vec(), FileType::Regular))
            };
            self.0.keys().filter_map(within).collect()
        }
        fn size(&self, path: &[u8]) -> Option<u64> {
            self.0.get(path).map(|content| content.len() as u64)
        }
        fn read_at(&self, path: &[u8], offset: u64, dst: &mut [u8]) -> Result<usize, FsError> {
            let content =
                self.0.get(path).and_then(|content| content.get(usize::try_from(offset).unwrap()..));
            let pairs = dst.iter_mut().zip(content.unwrap_or_default());
            Ok(pairs.map(|(to, byte)| *to = *byte).count())
        }
        fn is_same(&self, one: &[u8], other: &[u8]) -> bool {
            one == other
        }
        fn kind(&self, path: &[u8]) -> Option<FileType> {
            self.0.contains_key(path).then_some(FileType::Regular)
        }
        fn target(&self, _: &[u8]) -> Option<Vec<u8>> {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::shelf::Shelf;
    use super::*;

    #[test]
    fn an_empty_image_has_no_facts_and_no_gaps() {
        let (facts, gaps) = Facts::gather(&Tree::default());
        assert_eq!(facts.packages.count(), 0);
        assert!(gaps.is_empty());
    }

    #[test]
    fn a_file_too_large_to_read_is_a_gap() {
        let shelf = Shelf::default().with("/etc/os-release", &"#".repeat(2 << 20));
        let (_, gaps) = Facts::gather_from(&shelf, &Budget::default());
        assert_eq!(gaps.len(), 1);
        assert_eq!(gaps[0].location.path, b"/etc/os-release");
    }
}
