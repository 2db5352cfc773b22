//! Files that an image names: the one beneath, its data, its extents.
//!
//! A name comes from the image, which is hostile: without leave it may only mean a regular file in the
//! image's own folder or beneath it. `..`, absolute paths, links, devices and addresses are refused, or an
//! image could make its auditor show any file of the host.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, openat};

use crate::text::Escaped;

/// What to add to the command to take files from elsewhere.
const LEAVE: &str = "--allow-outside-files lets an image name it";

/// A file that an image named, opened.
pub(super) struct Named {
    pub(super) file: File,
    /// Device and inode: the same file under any name.
    pub(super) identity: (u64, u64),
    /// Where names in it are looked up.
    pub(super) folder: Folder,
}

/// Where the names in an image are looked up.
#[derive(Clone)]
pub(super) struct Folder {
    path: PathBuf,
    /// Whether files elsewhere may be opened, too.
    outside: bool,
}

impl Folder {
    /// The folder of the image at `path`.
    pub(super) fn of(path: &Path, outside: bool) -> Self {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        Self { path: parent.unwrap_or(Path::new(".")).to_owned(), outside }
    }

    /// Opens the file `name`.
    pub(super) fn open(&self, name: &[u8]) -> Result<Named, String> {
        let shown = Escaped(name);
        if name.is_empty() || name.contains(&0) {
            return Err("it names a file without a name".to_owned());
        }
        let address = name.split(|&byte| byte == b'/').next().is_some_and(|first| first.contains(&b':'));
        if address {
            return Err(format!("{shown}: is no file name, but an address"));
        }
        let path = Path::new(OsStr::from_bytes(name));
        let file = if self.outside { self.anywhere(path) } else { self.within(path) };
        let file = file.map_err(|problem| format!("{shown}: {problem}"))?;
        let metadata = file.metadata().map_err(|error| format!("{shown}: {error}"))?;
        if !metadata.is_file() {
            return Err(format!("{shown}: is no regular file"));
        }
        let folder = Self::of(&self.path.join(path), self.outside);
        Ok(Named { file, identity: (metadata.dev(), metadata.ino()), folder })
    }

    fn anywhere(&self, name: &Path) -> Result<File, String> {
        let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
        let file = OpenOptions::new().read(true).custom_flags(nonblocking).open(self.path.join(name));
        file.map_err(|error| error.to_string())
    }

    /// Opens part after part of the name, none of which may be a link.
    fn within(&self, name: &Path) -> Result<File, String> {
        let mut parts = Vec::new();
        for component in name.components() {
            match component {
                Component::Normal(part) => parts.push(part),
                Component::CurDir => {}
                _ => return Err(format!("lies outside the image's folder ({LEAVE})")),
            }
        }
        let (last, folders) = parts.split_last().ok_or("is no file name")?;
        let refused = |error: rustix::io::Errno| match error {
            rustix::io::Errno::LOOP | rustix::io::Errno::NOTDIR => format!("is or follows a link ({LEAVE})"),
            error => std::io::Error::from(error).to_string(),
        };
        let folder = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut at: OwnedFd = openat(CWD, &self.path, folder, Mode::empty()).map_err(refused)?;
        for part in folders {
            at = openat(&at, *part, folder | OFlags::NOFOLLOW, Mode::empty()).map_err(refused)?;
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(File::from(openat(&at, *last, flags, Mode::empty()).map_err(refused)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_plain_files_in_the_folder_are_opened() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("inner");
        fs::create_dir_all(inner.join("sub")).unwrap();
        fs::write(dir.path().join("outside"), "x").unwrap();
        fs::write(inner.join("sub/file"), "x").unwrap();
        symlink("../outside", inner.join("link")).unwrap();
        symlink("/", inner.join("root")).unwrap();
        let folder = Folder::of(&inner.join("image"), false);
        assert!(folder.open(b"sub/file").is_ok());
        assert!(folder.open(b"./sub/file").is_ok());
        for name in ["../outside", "/etc/passwd", "link", "root/etc/passwd", "sub/../../outside"] {
            let problem = folder.open(name.as_bytes()).err().unwrap();
            assert!(problem.contains("--allow-outside-files"), "{name}: {problem}");
        }
        for name in ["", "json:{}", "nbd:localhost:1", "nbd://x/y", "file:sub/file", "sub", "none", "a\0b"] {
            assert!(folder.open(name.as_bytes()).is_err(), "{name}");
        }
    }

    #[test]
    fn with_leave_files_elsewhere_are_opened_and_devices_are_not() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("inner")).unwrap();
        fs::write(dir.path().join("outside"), "x").unwrap();
        let folder = Folder::of(&dir.path().join("inner/image"), true);
        assert!(folder.open(b"../outside").is_ok());
        assert!(folder.open(b"/dev/null").is_err());
        assert!(folder.open(b"nbd://x/y").is_err());
    }
}
