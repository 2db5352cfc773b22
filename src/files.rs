//! The files of a system by their paths, as facts and packages are read from them; what cannot be read is a gap.

use std::collections::BTreeMap;

use crate::budget::Budget;
use crate::finding::{Gap, GapKind, Location, Loss};
use assay_disk::fs::{FileType, FsError};
use assay_disk::tree::walk::gap_kind;
use assay_disk::tree::{Lost, SystemKind, View};

pub(crate) mod form;

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

    /// When the content of what lies at `path` last changed, in seconds since 1970; `None` where nothing says it.
    fn modified(&self, _path: &[u8]) -> Option<i64> {
        None
    }

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
    fn modified(&self, path: &[u8]) -> Option<i64> {
        self.lookup(path).map(|(_, metadata)| metadata.modified.seconds)
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

/// Reads files, and keeps a gap for each that could not be read.
pub(crate) struct SystemReader<'a> {
    files: &'a dyn Files,
    budget: Budget,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) unparsed: BTreeMap<Vec<u8>, String>,
}

impl<'a> SystemReader<'a> {
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
                Some(match name.split(|&byte| byte == b'/').next() {
                    Some(directory) if directory.len() < name.len() => {
                        (directory.to_vec(), FileType::Directory)
                    }
                    _ => (name.to_vec(), FileType::Regular),
                })
            };
            let mut names: Vec<_> = self.0.keys().filter_map(within).collect();
            names.dedup();
            names
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
