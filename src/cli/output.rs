//! Files that reports are written to: whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::Failure;
use super::atomic_file::Partial;

/// Where a report goes.
#[derive(Debug)]
pub(super) enum Place {
    /// A pipe or a terminal: written as it is.
    Stream(PathBuf),
    /// A file, replaced at the end.
    File {
        /// Its path.
        path: PathBuf,
        /// Where it is written until it is complete.
        temporary: PathBuf,
    },
}

impl Place {
    /// The file that is replaced, under the same name whichever way it was named; none for a pipe or a terminal.
    pub(super) fn identity(&self) -> Option<PathBuf> {
        let Self::File { path, temporary } = self else { return None };
        let parent = temporary.parent().and_then(|parent| parent.canonicalize().ok())?;
        path.file_name().map(|name| parent.join(name))
    }
}

/// Judges `path` before the work begins.
pub(super) fn place(path: &Path) -> Result<Place, Failure> {
    let shown = path.display();
    match fs::metadata(path).map(|metadata| metadata.file_type()) {
        Ok(kind) if kind.is_dir() => {
            return Err(Failure::usage(format!("{shown}: is a directory; name a file in it for the report")));
        }
        Ok(kind) if kind.is_block_device() => {
            return Err(Failure::usage(format!("{shown}: is a disk, which is never written")));
        }
        Ok(kind) if !kind.is_file() => return Ok(Place::Stream(path.to_owned())),
        _ => {}
    }
    let Some(name) = path.file_name() else {
        return Err(Failure::usage(format!("{shown}: is no name for a report")));
    };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !parent.is_dir() {
        let parent = parent.display();
        return Err(Failure::usage(format!("{shown}: there is no directory {parent}")));
    }
    if let Err(error) = access(parent, Access::WRITE_OK | Access::EXEC_OK) {
        let (parent, error) = (parent.display(), io::Error::from(error));
        return Err(Failure::usage(format!("{shown}: nothing can be written in {parent}: {error}")));
    }
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.part", std::process::id()));
    Ok(Place::File { path: path.to_owned(), temporary: parent.join(hidden) })
}

/// Writes the report; `private` makes a file that only its owner reads.
pub(super) fn write(place: &Place, text: &[u8], private: bool) -> Result<(), Failure> {
    stream(place, private, &mut |to| to.write_all(text))
}

/// Writes what `fill` writes, which need not be in memory as a whole.
pub(super) fn stream(place: &Place, private: bool, fill: &mut Fill<'_>) -> Result<(), Failure> {
    let (path, done) = match place {
        Place::Stream(path) => {
            (path, OpenOptions::new().write(true).open(path).and_then(|to| filled(&to, fill)))
        }
        Place::File { path, temporary } => (path, replace(path, temporary, private, fill)),
    };
    done.map_err(|error| Failure::unreadable(format!("{}: could not be written: {error}", path.display())))
}

/// Writes a report.
pub(super) type Fill<'f> = dyn FnMut(&mut dyn Write) -> io::Result<()> + 'f;

fn replace(path: &Path, temporary: &Path, private: bool, fill: &mut Fill<'_>) -> io::Result<()> {
    let mode = if private { 0o600 } else { 0o666 };
    let (partial, file) = Partial::create(temporary, mode)?;
    filled(&file, fill)?;
    file.sync_all()?;
    partial.finish(path)
}

fn filled(file: &File, fill: &mut Fill<'_>) -> io::Result<()> {
    let mut to = BufWriter::new(file);
    fill(&mut to)?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_report_replaces_a_file_whole_and_leaves_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("report.json");
        fs::write(&path, "old").unwrap();
        write(&place(&path).ok().unwrap(), b"new", true).ok().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_has_one_identity_under_all_its_names() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        let identity = |path: &str| place(&dir.path().join(path)).ok().unwrap().identity();
        assert_eq!(identity("sub/../a"), identity("a"));
        assert_ne!(identity("a"), identity("b"));
        assert_eq!(place(Path::new("/dev/null")).ok().unwrap().identity(), None);
    }

    #[test]
    fn what_cannot_be_written_is_refused_before_the_work() {
        let dir = tempfile::tempdir().unwrap();
        let message = |path: &Path| place(path).err().unwrap().message;
        assert!(message(dir.path()).contains("is a directory"));
        assert!(message(&dir.path().join("no/report.json")).contains("there is no directory"));
        assert!(matches!(place(Path::new("/dev/null")), Ok(Place::Stream(_))));
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o555)).unwrap();
        // To root, every directory is writable.
        if std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self").unwrap()) != 0 {
            assert!(message(&dir.path().join("report.json")).contains("nothing can be written in"));
        }
    }
}
