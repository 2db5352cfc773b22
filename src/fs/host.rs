//! A mounted tree: the audit of the machine that runs it, or of an unpacked root.
//!
//! Only the file system of the tree's top is entered, and those mounted in it that keep files on a disk;
//! what the kernel makes up (/proc, /sys, …) is left out. Devices and pipes are never opened.

use std::collections::HashMap;
use std::fs::File;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::table::{Listed, Listing};
use super::{
    Extent, FileSystem, FileType, FsError, Identity, Metadata, Node, NodeId, Note, Place, Time, Usage, Visit,
};
use crate::budget::Budget;
use crate::bytes::{ReadError, Span};
use crate::finding::Loss;

/// Directories whose content the kernel makes up.
const MADE_UP: [&str; 4] = ["proc", "sys", "dev", "run"];

struct Host {
    listing: Listing<PathBuf>,
    notes: Vec<Note>,
}

fn host_error(error: std::io::Error) -> FsError {
    FsError::Read(ReadError::Host { offset: 0, len: 0, error })
}

/// Lists the tree at `root`.
///
/// # Errors
/// [`FsError`], if `root` is no directory that can be read.
pub fn open(root: &Path, budget: &Budget) -> Result<Box<dyn FileSystem>, FsError> {
    let metadata = root.metadata().map_err(host_error)?;
    if !metadata.is_dir() {
        return Err(FsError::Unsupported("it is not a directory".to_owned()));
    }
    std::fs::read_dir(root).map_err(host_error)?;
    let top = Listed {
        name: Vec::new(),
        metadata: translate(&metadata),
        children: Vec::new(),
        content: root.to_owned(),
    };
    let mut host = Host { listing: Listing { entries: vec![top] }, notes: Vec::new() };
    let mut directories = HashMap::from([(root.to_owned(), 0_u32)]);
    let walk = WalkDir::new(root).min_depth(1).follow_links(false).sort_by_file_name();
    for entry in walk.into_iter().filter_entry(|entry| entry.depth() == 0 || !is_made_up(root, entry.path()))
    {
        if host.listing.entries.len() as u64 >= budget.entries {
            host.lost(Loss::Directory, format!("more than {} entries", budget.entries));
            break;
        }
        match entry {
            Ok(entry) => host.add(&entry, &mut directories),
            Err(error) => {
                host.lost(Loss::Directory, crate::text::Escaped(error.to_string().as_bytes()).to_string());
            }
        }
    }
    for name in MADE_UP.into_iter().filter(|name| is_made_up(root, &root.join(name))) {
        host.notes.push(Note {
            loss: Loss::Nothing,
            text: format!("/{name} is made up by the kernel and was left out"),
        });
    }
    Ok(Box::new(host))
}

/// Whether a path is one of the kernel's own trees: a mount point of a running machine at its usual place.
fn is_made_up(root: &Path, path: &Path) -> bool {
    let usual = MADE_UP.iter().any(|name| path == root.join(name));
    let device = |path: &Path| path.symlink_metadata().map(|metadata| metadata.dev()).ok();
    usual && device(root) != device(path)
}

impl Host {
    fn add(&mut self, entry: &walkdir::DirEntry, directories: &mut HashMap<PathBuf, u32>) {
        let parent = entry.path().parent().and_then(|parent| directories.get(parent)).copied();
        let (Some(parent), Ok(metadata)) = (parent, entry.metadata()) else {
            let text = format!(
                "{}: could not be looked at",
                crate::text::Escaped(entry.path().as_os_str().as_bytes())
            );
            return self.lost(Loss::File, text);
        };
        let listed = Listed {
            name: entry.file_name().as_bytes().to_vec(),
            metadata: translate(&metadata),
            children: Vec::new(),
            content: entry.path().to_owned(),
        };
        let index = self.listing.add(parent, listed);
        if metadata.is_dir() {
            directories.insert(entry.path().to_owned(), index);
        }
    }

    fn lost(&mut self, loss: Loss, text: String) {
        self.notes.push(Note { loss, text });
    }

    fn entry(&self, id: NodeId) -> Result<&Listed<PathBuf>, FsError> {
        self.listing.get(id).ok_or_else(|| FsError::corrupt("entry", id.0, "there is none"))
    }
}

fn translate(metadata: &std::fs::Metadata) -> Metadata {
    let kind = metadata.file_type();
    let file_type = if kind.is_dir() {
        FileType::Directory
    } else if kind.is_symlink() {
        FileType::Symlink
    } else if kind.is_char_device() {
        FileType::CharDevice
    } else if kind.is_block_device() {
        FileType::BlockDevice
    } else if kind.is_fifo() {
        FileType::Fifo
    } else if kind.is_socket() {
        FileType::Socket
    } else {
        FileType::Regular
    };
    let time = |seconds: i64, nanoseconds: i64| Time {
        seconds,
        nanoseconds: u32::try_from(nanoseconds).unwrap_or(0),
    };
    Metadata {
        file_type,
        size: metadata.len(),
        mode: u16::try_from(metadata.mode() & 0o7777).unwrap_or(0),
        uid: metadata.uid(),
        gid: metadata.gid(),
        links: u32::try_from(metadata.nlink()).unwrap_or(u32::MAX),
        modified: time(metadata.mtime(), metadata.mtime_nsec()),
        changed: time(metadata.ctime(), metadata.ctime_nsec()),
        accessed: time(metadata.atime(), metadata.atime_nsec()),
        created: None,
    }
}

impl FileSystem for Host {
    fn identity(&self) -> Identity {
        Identity { kind: "directory", ..Identity::default() }
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }

    fn root(&self) -> NodeId {
        NodeId(0)
    }

    fn read_dir(&self, dir: NodeId, visit: &mut Visit<'_>) -> Result<(), FsError> {
        self.listing.visit(self.entry(dir)?, visit);
        Ok(())
    }

    fn node(&self, id: NodeId) -> Result<Box<dyn Node + '_>, FsError> {
        let entry = self.entry(id)?;
        let size = entry.metadata.size;
        let whole = Extent { start: 0, len: size, place: Place::Opaque };
        Ok(Box::new(HostNode { entry, file: None, extents: if size > 0 { vec![whole] } else { Vec::new() } }))
    }

    fn unallocated(&self, _: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError> {
        Err(FsError::Unsupported("a mounted tree does not show its free space".to_owned()))
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }
}

struct HostNode<'h> {
    entry: &'h Listed<PathBuf>,
    file: Option<File>,
    extents: Vec<Extent>,
}

impl Node for HostNode<'_> {
    fn metadata(&self) -> &Metadata {
        &self.entry.metadata
    }

    fn extents(&mut self) -> Result<&[Extent], FsError> {
        Ok(&self.extents)
    }

    fn read_at(&mut self, offset: u64, dst: &mut [u8]) -> Result<usize, FsError> {
        if self.entry.metadata.file_type != FileType::Regular {
            return Err(FsError::Unsupported("only regular files are opened".to_owned()));
        }
        if self.file.is_none() {
            let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
            let flags = i32::try_from(flags.bits()).unwrap_or(0);
            let file = File::options()
                .read(true)
                .custom_flags(flags)
                .open(&self.entry.content)
                .map_err(host_error)?;
            self.file = Some(file);
        }
        let Some(file) = &self.file else { return Ok(0) };
        file.read_at(dst, offset).map_err(host_error)
    }

    fn read_link(&mut self) -> Result<Vec<u8>, FsError> {
        let target = std::fs::read_link(&self.entry.content).map_err(host_error)?;
        Ok(target.as_os_str().as_bytes().to_vec())
    }

    fn xattrs(&mut self) -> Result<Vec<(Vec<u8>, Vec<u8>)>, FsError> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_of_the_host_is_listed_and_read() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("etc")).unwrap();
        std::fs::write(root.path().join("etc/a"), b"hello").unwrap();
        std::os::unix::fs::symlink("/dev/null", root.path().join("etc/b")).unwrap();
        let fs = open(root.path(), &Budget::default()).unwrap();
        let mut found = Vec::new();
        let list = |dir, found: &mut Vec<(Vec<u8>, NodeId)>| {
            let mut visit = |name: &[u8], id: NodeId, _: Option<FileType>| {
                found.push((name.to_vec(), id));
                ControlFlow::Continue(())
            };
            fs.read_dir(dir, &mut visit).unwrap();
        };
        list(fs.root(), &mut found);
        let etc = found.pop().unwrap().1;
        list(etc, &mut found);
        assert_eq!(found.iter().map(|(name, _)| name.as_slice()).collect::<Vec<_>>(), [b"a", b"b"]);
        let mut content = [0; 8];
        assert_eq!(fs.node(found[0].1).unwrap().read_at(0, &mut content).unwrap(), 5);
        assert_eq!(fs.node(found[1].1).unwrap().read_link().unwrap(), b"/dev/null");
    }
}
