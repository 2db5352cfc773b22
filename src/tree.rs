//! Paths, symbolic links that stay inside the image, and the walk: written once for all file systems.

pub mod fstab;

use crate::fs::{FileType, FsError, Metadata, NodeId};

/// A file as a detector sees it.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its path in the running machine; a member of an archive is `outer!/inner`.
    pub path: &'a [u8],
    /// What its inode says. For a member of an archive: the archive's, with the member's size.
    pub metadata: &'a Metadata,
    /// Its number in its file system.
    pub node: NodeId,
    /// The target, for a symbolic link.
    pub target: Option<&'a [u8]>,
}

impl<'a> Entry<'a> {
    /// The last part of the path.
    pub fn name(&self) -> &'a [u8] {
        self.path.rsplit(|&byte| byte == b'/').next().unwrap_or(self.path)
    }

    /// What comes before the last part, without the slash; empty for the root's own files.
    pub fn directory(&self) -> &'a [u8] {
        match memchr::memrchr(b'/', self.path) {
            Some(at) => self.path.get(..at).unwrap_or_default(),
            None => b"",
        }
    }

    /// The part of the path inside the innermost archive, or the path itself: `keys/id_rsa` of
    /// `/home/a/b.zip!/keys/id_rsa`. Rules by file name hold for both.
    pub fn inner_path(&self) -> &'a [u8] {
        match memchr::memmem::rfind(self.path, b"!/") {
            Some(at) => self.path.get(at + 1..).unwrap_or_default(),
            None => self.path,
        }
    }

    /// Whether it is a member of an archive.
    pub fn is_member(&self) -> bool {
        memchr::memmem::find(self.path, b"!/").is_some()
    }
}

/// All file systems of an image put together as the running machine sees them.
#[derive(Default)]
pub struct Tree {}

impl Tree {
    /// Looks `path` (absolute) up, following symbolic links inside the image only.
    /// Returns the resolved path and the metadata; `None` if there is nothing, or a loop.
    pub fn lookup(&self, _path: &[u8]) -> Option<(Vec<u8>, Metadata)> {
        None
    }

    /// Reads the file at `path` (absolute, links followed), at most `limit` bytes.
    ///
    /// # Errors
    /// [`FsError`] if it cannot be read; a larger file is `Unsupported`. `Ok(None)` if there is none.
    pub fn read(&self, _path: &[u8], _limit: u64) -> Result<Option<Vec<u8>>, FsError> {
        Ok(None)
    }

    /// Names and types in the directory at `path` (links followed), sorted; empty if there is none.
    pub fn list(&self, _path: &[u8]) -> Vec<(Vec<u8>, FileType)> {
        Vec::new()
    }
}
