//! The feeds that the user has: found by what is in them, whatever they are called.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::container;
use super::sniff::sniff;

/// Folders within folders.
const DEPTH: u32 = 16;
/// Members of an archive that are looked at before it is given up.
const TRIES: u32 = 64;

/// What reading feeds may cost. A feed is downloaded, so it is trusted no more than an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one document: of a record, for most feeds.
    pub document: u64,
    /// Bytes that one packed file unpacks to.
    pub unpacked: u64,
    /// Records of one feed.
    pub records: u64,
    /// Files in all folders.
    pub files: usize,
    /// Advisories that are about something that is installed.
    pub matches: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document: 16 << 20,
            unpacked: 64 << 30,
            records: 8_000_000,
            files: 1_000_000,
            matches: 500_000,
        }
    }
}

/// What a feed is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// Records of OSV.
    Osv,
    /// Advisories of RPM repositories: `updateinfo.xml`.
    Updateinfo,
    /// Debian's security tracker as JSON.
    DebianTracker,
    /// CSAF: advisories and VEX of Red Hat and SUSE.
    Csaf,
    /// OpenVEX.
    OpenVex,
    /// CISA's catalog of known exploited vulnerabilities.
    Kev,
    /// Scores of EPSS.
    Epss,
}

impl Format {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Osv => "OSV",
            Self::Updateinfo => "updateinfo",
            Self::DebianTracker => "Debian security tracker",
            Self::Csaf => "CSAF",
            Self::OpenVex => "OpenVEX",
            Self::Kev => "KEV",
            Self::Epss => "EPSS",
        }
    }
}

/// Why no search can be made.
#[derive(Debug, Error)]
pub enum DatabaseError {
    /// A path cannot be read.
    #[error("{}: {error}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file is nothing that is known.
    #[error("{}: it is no vulnerability data that is known: OSV (zip or JSON), updateinfo.xml, Debian's tracker, CSAF, OpenVEX, KEV, EPSS", .0.display())]
    Unknown(PathBuf),
    /// A folder has nothing that is known.
    #[error("{}: none of the {files} files in it is vulnerability data that is known", path.display())]
    Nothing {
        /// The folder.
        path: PathBuf,
        /// Files in it.
        files: usize,
    },
    /// There are more files than the limit allows.
    #[error("{}: more than {limit} files are in it", path.display())]
    TooMany {
        /// The folder.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
}

/// The feeds that the user has.
#[derive(Clone, Debug)]
pub struct Databases {
    pub(super) feeds: Vec<Feed>,
    pub(super) limits: Limits,
    /// Files in folders that are no data: lists, licences, what a download left.
    pub ignored: Vec<PathBuf>,
}

/// Files of one format: one that holds many records, or those of one folder that hold one each.
#[derive(Clone, Debug)]
pub(super) struct Feed {
    pub path: PathBuf,
    pub format: Format,
    pub files: Vec<PathBuf>,
}

impl Databases {
    /// Finds the feeds in files and folders.
    ///
    /// # Errors
    /// A path that cannot be read, or that has no data of a known format.
    pub fn open(paths: &[PathBuf], limits: Limits) -> Result<Self, DatabaseError> {
        let mut databases = Self { feeds: Vec::new(), limits, ignored: Vec::new() };
        for path in paths {
            databases.add(path)?;
        }
        Ok(databases)
    }

    fn add(&mut self, path: &Path) -> Result<(), DatabaseError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |error| DatabaseError::Unreadable { path, error }
        };
        if !fs::metadata(path).map_err(unreadable(path))?.is_dir() {
            let format = recognise(path, &self.limits).map_err(unreadable(path))?;
            let format = format.ok_or_else(|| DatabaseError::Unknown(path.to_owned()))?.0;
            self.feeds.push(Feed { path: path.to_owned(), format, files: vec![path.to_owned()] });
            return Ok(());
        }
        let mut files = Vec::new();
        list(path, DEPTH, self.limits.files, &mut files).map_err(unreadable(path))?;
        if files.len() > self.limits.files {
            return Err(DatabaseError::TooMany { path: path.to_owned(), limit: self.limits.files });
        }
        self.add_files(path, files)
    }

    fn add_files(&mut self, folder: &Path, files: Vec<PathBuf>) -> Result<(), DatabaseError> {
        let count = files.len();
        let mut loose: BTreeMap<(PathBuf, Format), Vec<PathBuf>> = BTreeMap::new();
        let mut is_known = false;
        for file in files {
            let recognised = recognise(&file, &self.limits)
                .map_err(|error| DatabaseError::Unreadable { path: file.clone(), error })?;
            match recognised {
                None => self.ignored.push(file),
                Some((format, is_plain)) => {
                    is_known = true;
                    let parent = file.parent().filter(|_| is_plain).unwrap_or(&file).to_owned();
                    loose.entry((parent, format)).or_default().push(file);
                }
            }
        }
        if !is_known {
            return Err(DatabaseError::Nothing { path: folder.to_owned(), files: count });
        }
        let feed = |((path, format), files): ((PathBuf, Format), Vec<PathBuf>)| match files.as_slice() {
            [only] => Feed { path: only.clone(), format, files },
            _ => Feed { path, format, files },
        };
        self.feeds.extend(loose.into_iter().map(feed));
        Ok(())
    }
}

/// The format of a file, and whether it is a single document that is not packed; `None` where it is none.
fn recognise(path: &Path, limits: &Limits) -> io::Result<Option<(Format, bool)>> {
    let mut found = None;
    let mut tries = 0_u32;
    let is_packed = {
        let mut head = [0; 4];
        let read = fs::File::open(path)?.read(&mut head)?;
        let text = head.get(..read).unwrap_or_default();
        !text.trim_ascii_start().first().is_some_and(|byte| b"{[<#\xefc\"".contains(byte))
    };
    container::documents(path, limits, &mut |document| {
        found = sniff(document.content);
        tries = tries.saturating_add(1);
        if found.is_some() || tries >= TRIES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(found.map(|format| (format, !is_packed)))
}

/// The files beneath a folder, in order; links are not followed out of it.
fn list(folder: &Path, depth: u32, limit: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type()?;
        if kind.is_dir() {
            match depth.checked_sub(1) {
                Some(deeper) => list(&entry.path(), deeper, limit, files)?,
                None => return Err(io::Error::other("folders are nested too deep")),
            }
        } else if kind.is_file() || (kind.is_symlink() && entry.path().is_file()) {
            files.push(entry.path());
        }
        if files.len() > limit {
            return Ok(());
        }
    }
    Ok(())
}
