//! A mounted tree: the audit of the machine that runs it, or of an unpacked root.
//!
//! Directories are opened one beneath the other, each without following a link, so that a tree that changes
//! while it is read cannot lead out of itself. File systems mounted in it are entered where they keep files on
//! a disk; what the kernel makes up is left out by the type of its file system, whatever its place is called.
//! Devices and pipes are never opened. What vanishes between the look and the read is a loss.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FileType as HostType, Mode, OFlags, SeekFrom, Stat};
use rustix::io::Errno;

use super::table::{Listed, Listing};
use super::{
    Attribute, Extent, FileSystem, FileType, FsError, Identity, Metadata, Node, NodeId, Note, Place, Time,
    Usage, Visit,
};
use crate::budget::Budget;
use crate::bytes::{ReadError, Span};
use crate::gap::Loss;
use crate::text::Escaped;

/// File systems whose files the kernel makes up: magic number of statfs(2), and name.
const MADE_UP: [(i64, &str); 17] = [
    (0x9fa0, "proc"),
    (0x6265_6572, "sysfs"),
    (0x6462_6720, "debugfs"),
    (0x7472_6163, "tracefs"),
    (0x7363_6673, "securityfs"),
    (0x0027_e0eb, "cgroup"),
    (0x6367_7270, "cgroup2"),
    (0x1cd1, "devpts"),
    (0xcafe_4a11, "bpf"),
    (0x6165_676c, "pstore"),
    (0xde5e_81e4, "efivarfs"),
    (0x1980_0202, "mqueue"),
    (0x9584_58f6, "hugetlbfs"),
    (0xf97c_ff8c, "selinuxfs"),
    (0x6265_6570, "configfs"),
    (0x0187, "autofs"),
    (0x6e73_6673, "nsfs"),
];
/// Files in memory: part of a running machine, not of its disk, where /dev and /run are mounted.
const IN_MEMORY: i64 = 0x0102_1994;

/// A directory is opened to be listed; a file not to wait for a writer.
const DIRECTORY: OFlags = OFlags::from_bits_retain(
    OFlags::RDONLY.bits() | OFlags::DIRECTORY.bits() | OFlags::NOFOLLOW.bits() | OFlags::CLOEXEC.bits(),
);
const FILE: OFlags = OFlags::from_bits_retain(
    OFlags::RDONLY.bits() | OFlags::NONBLOCK.bits() | OFlags::NOFOLLOW.bits() | OFlags::CLOEXEC.bits(),
);

struct Host {
    listing: Listing<Origin>,
    /// Names of one file: the entry that was met first. Its number is the file's.
    first: HashMap<(u64, u64), u32>,
    root: PathBuf,
    notes: Vec<Note>,
}

/// Where an entry is on the host.
struct Origin {
    parent: u32,
    device: u64,
    inode: u64,
    /// Of a device: its numbers.
    special: (u32, u32),
}

fn host_error(error: impl Into<io::Error>) -> FsError {
    FsError::Read(ReadError::Host { offset: 0, len: 0, error: Arc::new(error.into()) })
}

/// Lists the tree at `root`.
///
/// # Errors
/// [`FsError`], if `root` is no directory that can be read.
pub fn open(root: &Path, budget: &Budget) -> Result<Box<dyn FileSystem>, FsError> {
    // The tree's top itself may be named by a link.
    let top =
        rustix::fs::open(root, DIRECTORY.difference(OFlags::NOFOLLOW), Mode::empty()).map_err(|error| {
            match error {
                Errno::NOTDIR => FsError::Unsupported("it is not a directory".to_owned()),
                other => host_error(other),
            }
        })?;
    let stat = rustix::fs::fstat(&top).map_err(host_error)?;
    let mut host = Host {
        listing: Listing { entries: Vec::new() },
        first: HashMap::new(),
        root: root.to_owned(),
        notes: Vec::new(),
    };
    host.listing.entries.push(listed(b"", &stat, 0));
    let mut queue = VecDeque::from([0_u32]);
    while let Some(directory) = queue.pop_front() {
        if host.listing.entries.len() as u64 >= budget.entries {
            host.lost(Loss::Directory, format!("more than {} entries", budget.entries));
            break;
        }
        if let Err(error) = host.list(directory, &mut queue) {
            let text = format!("{}: {}", Escaped(&host.path(directory)), host_error(error));
            host.lost(Loss::Directory, text);
        }
    }
    Ok(Box::new(host))
}

fn listed(name: &[u8], stat: &Stat, parent: u32) -> Listed<Origin> {
    Listed {
        name: name.to_vec(),
        metadata: translate(stat),
        children: Vec::new(),
        content: Origin {
            parent,
            device: stat.st_dev,
            inode: stat.st_ino,
            special: (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev)),
        },
    }
}

impl Host {
    /// Adds what is in the directory at `index`; directories go to the queue.
    fn list(&mut self, index: u32, queue: &mut VecDeque<u32>) -> Result<(), Errno> {
        let directory = self.open_beneath(index, DIRECTORY)?;
        if index != 0 && self.is_made_up(index, &directory) {
            return Ok(());
        }
        let mut names: Vec<Vec<u8>> = Vec::new();
        for entry in Dir::read_from(&directory)? {
            let name = entry?.file_name().to_bytes().to_vec();
            if name != b"." && name != b".." {
                names.push(name);
            }
        }
        names.sort_unstable();
        for name in names {
            match rustix::fs::statat(&directory, name.as_slice(), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => self.add(index, &name, &stat, queue),
                Err(error) => {
                    let path = [&self.path(index), &b"/"[..], &name].concat();
                    self.lost(Loss::File, format!("{}: {}", Escaped(&path), host_error(error)));
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, parent: u32, name: &[u8], stat: &Stat, queue: &mut VecDeque<u32>) {
        let index = self.listing.add(parent, listed(name, stat, parent));
        self.first.entry((stat.st_dev, stat.st_ino)).or_insert(index);
        if HostType::from_raw_mode(stat.st_mode) == HostType::Directory {
            queue.push_back(index);
        }
    }

    /// Opens the entry at `index`, one directory after the other from the top, never through a link.
    fn open_beneath(&self, index: u32, flags: OFlags) -> Result<rustix::fd::OwnedFd, Errno> {
        let mut names = Vec::new();
        let mut at = index;
        while at != 0 {
            let Some(entry) = self.listing.get(NodeId(at.into())) else { return Err(Errno::NOENT) };
            names.push(entry.name.as_slice());
            at = entry.content.parent;
        }
        let mut here = rustix::fs::open(&self.root, DIRECTORY.difference(OFlags::NOFOLLOW), Mode::empty())?;
        while let Some(name) = names.pop() {
            let flags = if names.is_empty() { flags } else { DIRECTORY };
            here = rustix::fs::openat(&here, name, flags, Mode::empty())?;
        }
        Ok(here)
    }

    /// Whether another file system is mounted here whose files are not on a disk; says so.
    fn is_made_up(&mut self, index: u32, directory: &rustix::fd::OwnedFd) -> bool {
        let device = |index: u32| self.listing.get(NodeId(index.into())).map(|entry| entry.content.device);
        let parent = self.listing.get(NodeId(index.into())).map_or(0, |entry| entry.content.parent);
        if device(parent) == device(index) {
            return false;
        }
        let Ok(kind) = rustix::fs::fstatfs(directory).map(|found| found.f_type) else {
            return false;
        };
        let path = self.path(index);
        let runtime = kind == IN_MEMORY && matches!(path.as_slice(), b"/dev" | b"/run");
        let name = MADE_UP.iter().find(|&&(magic, _)| magic == kind).map(|&(_, name)| name);
        let Some(name) = name.or(runtime.then_some("tmpfs")) else { return false };
        let text = format!("{} is made up by the kernel ({name}) and was left out", Escaped(&path));
        self.notes.push(Note { loss: Loss::Nothing, text });
        true
    }

    /// The path below the tree's top.
    fn path(&self, index: u32) -> Vec<u8> {
        let mut parts = Vec::new();
        let mut at = index;
        while let Some(entry) = self.listing.get(NodeId(at.into())).filter(|_| at != 0) {
            parts.push(entry.name.as_slice());
            at = entry.content.parent;
        }
        parts.iter().rev().flat_map(|part| [b"/", *part].concat()).collect()
    }

    fn lost(&mut self, loss: Loss, text: String) {
        self.notes.push(Note { loss, text });
    }

    fn entry(&self, id: NodeId) -> Result<&Listed<Origin>, FsError> {
        self.listing.get(id).ok_or_else(|| FsError::corrupt("entry", id.0, "there is none"))
    }
}

fn translate(stat: &Stat) -> Metadata {
    let file_type = match HostType::from_raw_mode(stat.st_mode) {
        HostType::Directory => FileType::Directory,
        HostType::Symlink => FileType::Symlink,
        HostType::CharacterDevice => FileType::CharDevice,
        HostType::BlockDevice => FileType::BlockDevice,
        HostType::Fifo => FileType::Fifo,
        HostType::Socket => FileType::Socket,
        _ => FileType::Regular,
    };
    let time = |seconds: i64, nanoseconds: u64| Time {
        seconds,
        nanoseconds: u32::try_from(nanoseconds).unwrap_or(0),
    };
    Metadata {
        file_type,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        mode: u16::try_from(stat.st_mode & 0o7777).unwrap_or(0),
        uid: stat.st_uid,
        gid: stat.st_gid,
        links: u32::try_from(stat.st_nlink).unwrap_or(u32::MAX),
        modified: time(stat.st_mtime, stat.st_mtime_nsec),
        changed: time(stat.st_ctime, stat.st_ctime_nsec),
        accessed: time(stat.st_atime, stat.st_atime_nsec),
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
        self.listing.visit(self.entry(dir)?, &mut |name, id, kind| {
            // Names of one file lead to one node, so that it is read once.
            let key = self.listing.get(id).map(|entry| (entry.content.device, entry.content.inode));
            let is_directory = kind == Some(FileType::Directory);
            let first = key.filter(|_| !is_directory).and_then(|key| self.first.get(&key));
            visit(name, first.map_or(id, |&index| NodeId(index.into())), kind)
        });
        Ok(())
    }

    fn node(&self, id: NodeId) -> Result<Box<dyn Node + '_>, FsError> {
        let entry = self.entry(id)?;
        let index = u32::try_from(id.0).unwrap_or(u32::MAX);
        Ok(Box::new(HostNode { host: self, index, entry, file: None, extents: None }))
    }

    fn unallocated(&self, _: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError> {
        Err(FsError::Unsupported("a mounted tree does not show its free space".to_owned()))
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }
}

struct HostNode<'h> {
    host: &'h Host,
    index: u32,
    entry: &'h Listed<Origin>,
    file: Option<File>,
    extents: Option<Vec<Extent>>,
}

impl HostNode<'_> {
    /// The file, once it is sure that it is still the one that was listed.
    fn file(&mut self) -> Result<&File, FsError> {
        if self.entry.metadata.file_type != FileType::Regular {
            return Err(FsError::Unsupported("only regular files are opened".to_owned()));
        }
        if self.file.is_none() {
            let file = self.host.open_beneath(self.index, FILE).map_err(host_error)?;
            let stat = rustix::fs::fstat(&file).map_err(host_error)?;
            let origin = &self.entry.content;
            if (stat.st_dev, stat.st_ino) != (origin.device, origin.inode) {
                return Err(host_error(io::Error::other("it was replaced while the tree was read")));
            }
            self.file = Some(File::from(file));
        }
        self.file.as_ref().ok_or_else(|| host_error(Errno::NOENT))
    }

    /// The parts with data as the host tells them; one part where it cannot.
    fn data(&mut self) -> Result<Vec<Extent>, FsError> {
        let size = self.entry.metadata.size;
        let whole = vec![Extent { start: 0, len: size, place: Place::Opaque }];
        let file = self.file()?;
        let mut extents = Vec::new();
        let mut at = 0;
        while at < size {
            let start = match rustix::fs::seek(file, SeekFrom::Data(at)) {
                Ok(start) => start.min(size),
                Err(Errno::NXIO) => size,
                Err(_) => return Ok(whole),
            };
            let end = match rustix::fs::seek(file, SeekFrom::Hole(start)) {
                Ok(end) if start < size => end.min(size),
                _ => start,
            };
            if start < at || end <= at {
                return Ok(whole);
            }
            for (from, to, place) in [(at, start, Place::Hole), (start, end, Place::Opaque)] {
                if to > from {
                    extents.push(Extent { start: from, len: to.saturating_sub(from), place });
                }
            }
            at = end;
        }
        Ok(extents)
    }
}

impl Node for HostNode<'_> {
    fn metadata(&self) -> &Metadata {
        &self.entry.metadata
    }

    fn device(&self) -> Option<(u32, u32)> {
        let kind = self.entry.metadata.file_type;
        matches!(kind, FileType::BlockDevice | FileType::CharDevice).then_some(self.entry.content.special)
    }

    fn extents(&mut self) -> Result<&[Extent], FsError> {
        if self.extents.is_none() {
            let regular = self.entry.metadata.file_type == FileType::Regular && self.entry.metadata.size > 0;
            self.extents = Some(if regular { self.data()? } else { Vec::new() });
        }
        Ok(self.extents.as_deref().unwrap_or_default())
    }

    fn read_at(&mut self, offset: u64, dst: &mut [u8]) -> Result<usize, FsError> {
        let size = self.entry.metadata.size;
        let read = self.file()?.read_at(dst, offset).map_err(host_error)?;
        if read == 0 && !dst.is_empty() && offset < size {
            let text = format!("it was cut at byte {offset} of {size} while the tree was read");
            return Err(host_error(io::Error::other(text)));
        }
        Ok(read)
    }

    fn read_link(&mut self) -> Result<Vec<u8>, FsError> {
        let parent = self.host.open_beneath(self.entry.content.parent, DIRECTORY).map_err(host_error)?;
        let target = rustix::fs::readlinkat(&parent, self.entry.name.as_slice(), Vec::new());
        Ok(target.map_err(host_error)?.into_bytes())
    }

    fn xattrs(&mut self) -> Result<Vec<Attribute>, FsError> {
        if self.entry.metadata.file_type != FileType::Regular {
            return Ok(Vec::new());
        }
        let file = self.file()?;
        let mut names = vec![0; 1 << 16];
        let len = match rustix::fs::flistxattr(file, &mut names) {
            Ok(len) => len,
            Err(Errno::NOTSUP) => return Ok(Vec::new()),
            Err(error) => return Err(host_error(error)),
        };
        let mut attributes = Vec::new();
        for name in names.get(..len).unwrap_or_default().split(|&byte| byte == 0).filter(|n| !n.is_empty()) {
            let mut value = vec![0; 1 << 16];
            let len = rustix::fs::fgetxattr(file, name, &mut value).map_err(host_error)?;
            value.truncate(len);
            attributes.push((name.to_vec(), value));
        }
        attributes.sort();
        Ok(attributes)
    }
}

#[cfg(test)]
mod tests;
