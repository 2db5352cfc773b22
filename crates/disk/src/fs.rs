//! What every file system offers, and the table of those that can be read.
//!
//! A file system is keyed by inode ([`NodeId`]), immutable after it was opened, `Send + Sync` and without
//! a lock on the way to the data: threads read files side by side. A [`Node`] is an inode decoded once.

mod area;
mod block_cache;
pub mod btrfs;
mod content;
pub mod erofs;
pub mod exfat;
pub mod ext;
pub mod fat;
pub mod file_source;
pub mod hidden;
pub mod holes;
pub mod host;
pub mod iso9660;
pub mod magic;
mod mapped;
pub mod memory;
mod metadata;
pub mod ntfs;
mod overlay;
pub mod plain;
pub mod recovered;
pub mod remains;
pub mod squashfs;
mod table;
mod utf16;
pub mod xfs;

use std::ops::ControlFlow;
use std::sync::Arc;

pub use area::Area;
pub use metadata::{FileType, Metadata, Time};

/// Longest target of a symbolic link that is read, in bytes: no file system of Linux has longer ones.
const MAX_LINK: usize = 65536;

use thiserror::Error;

use crate::budget::Budget;
use crate::bytes::{ReadError, Source, Span, Truncated};
pub use crate::gap::Note;

/// The number by which a file system knows a file: the inode number where it has such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u64);

/// Why a file system, or a part of it, could not be read.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum FsError {
    /// The bytes are not there, or the host failed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The image contradicts itself.
    #[error("{structure} {number}: {problem}")]
    Corrupt {
        /// Which structure lies: "inode", "superblock", "extent block", …
        structure: &'static str,
        /// Its number: the inode's, the block's, or the byte offset.
        number: u64,
        /// What is wrong, with the numbers found.
        problem: String,
    },
    /// This program does not know how.
    #[error("not supported: {0}")]
    Unsupported(String),
    /// Nobody can read it without the key.
    #[error("not supported: {0}")]
    Encrypted(String),
    /// It would cost more than [`Budget`] allows.
    #[error("{what}: the limit is {limit}")]
    OverLimit {
        /// What was to be read, and how much of it there is where that is known.
        what: String,
        /// The most that is read.
        limit: u64,
    },
}

impl FsError {
    /// [`FsError::Corrupt`] in one line.
    pub fn corrupt(structure: &'static str, number: u64, problem: impl Into<String>) -> Self {
        Self::Corrupt { structure, number, problem: problem.into() }
    }

    /// [`FsError::OverLimit`] in one line.
    pub fn over_limit(what: impl Into<String>, limit: u64) -> Self {
        Self::OverLimit { what: what.into(), limit }
    }
}

impl From<Truncated> for FsError {
    fn from(error: Truncated) -> Self {
        Self::corrupt(error.what, error.offset as u64, error.to_string())
    }
}

/// Where a part of a file lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At this byte offset of the file system's source.
    Disk(u64),
    /// Nowhere: zeros.
    Hole,
    /// Allocated, not yet written: zeros to a reader.
    Unwritten,
    /// Only [`Node::read_at`] can tell: inline, on the host.
    Opaque,
    /// Damage hides where: [`Node::read_at`] fails there and says why.
    Lost,
    /// Only [`Node::read_at`] can tell: compressed, or on several devices. Within a file system, what has
    /// the same place and length has the same content.
    Packed {
        /// An address that grows as the place on the disk does.
        at: u64,
        /// Which part of what lies there, and how it is packed.
        form: u64,
    },
}

/// A part of a file: `len` bytes at `start` of the file. Parts come in order and without gaps, and
/// end at the file's size or before it (what is missing is a hole).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Offset in the file, in bytes.
    pub start: u64,
    /// Length in bytes.
    pub len: u64,
    /// Where it lies.
    pub place: Place,
}

/// How a file system is called, for /etc/fstab and for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// "ext4", "vfat", … as `mount -t` calls it.
    pub kind: &'static str,
    /// As blkid prints it: lower case for ext and XFS, `ABCD-1234` for FAT.
    pub uuid: Option<String>,
    /// The label's bytes, without padding.
    pub label: Option<Vec<u8>>,
    /// Where it was mounted last, if it keeps that.
    pub last_mounted: Option<Vec<u8>>,
}

/// How its bytes are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Size of the file system in bytes, as it claims.
    pub total: u64,
    /// Bytes of it that belong to no file and no structure.
    pub free: u64,
    /// Unit of allocation, in bytes.
    pub block: u32,
    /// Bytes of the disk that hold content of files, where the file system knows it better than the places
    /// of its files tell.
    pub data: Option<u64>,
}

/// A tree of files within a file system that can be mounted alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subvolume {
    /// Its number, as `mount -o subvolid=` takes it.
    pub id: u64,
    /// Its path from the top of the file system: parts that each begin with a slash; empty for the top.
    pub path: Vec<u8>,
    /// Its root directory.
    pub root: NodeId,
    /// The number of the one that it lies in; none for the top, and where that is not known.
    pub parent: Option<u64>,
    /// Whether it is mounted where none is asked for.
    pub is_default: bool,
    /// Whether it was made as a snapshot of another.
    pub is_snapshot: bool,
}

/// Whether the names of a file system have case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// `a` and `A` are two names.
    Sensitive,
    /// They are one, in every directory.
    Insensitive,
    /// It is a flag of each directory: [`Node::ignores_case`].
    ByDirectory,
}

/// Takes the entries of a directory: name, node, and the type where the directory says it.
pub type Visit<'v> = dyn FnMut(&[u8], NodeId, Option<FileType>) -> ControlFlow<()> + 'v;

/// A file system, opened for reading.
pub trait FileSystem: Send + Sync {
    /// Its names.
    fn identity(&self) -> Identity;

    /// How its bytes are used.
    fn usage(&self) -> Usage;

    /// The root directory.
    fn root(&self) -> NodeId;

    /// Hands each entry of `dir` to `visit`, in the order of the disk, without `.` and `..`, until it breaks.
    ///
    /// # Errors
    /// [`FsError`], after every entry that could be read was handed on.
    fn read_dir(&self, dir: NodeId, visit: &mut Visit<'_>) -> Result<(), FsError>;

    /// Decodes the inode `id`.
    ///
    /// # Errors
    /// [`FsError`], if there is none or it is damaged.
    fn node(&self, id: NodeId) -> Result<Box<dyn Node + '_>, FsError>;

    /// Hands each file or directory in use for which `named` is false to `visit`: what was deleted while it was
    /// open, and what a damaged directory does not name any more. A file system that cannot know has none.
    ///
    /// # Errors
    /// [`FsError`], after everything that could be found was handed on.
    fn unnamed(
        &self,
        _named: &dyn Fn(NodeId) -> bool,
        _visit: &mut dyn FnMut(NodeId),
    ) -> Result<(), FsError> {
        Ok(())
    }

    /// Hands each run of free bytes (offsets in the file system's source) to `visit`, in order, until it breaks.
    ///
    /// # Errors
    /// [`FsError`], where a map of free space cannot be read.
    fn unallocated(&self, visit: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError>;

    /// Hands what is left of earlier versions of its files to `take`, in any order, with versions more than once where they
    /// were found more than once: from its journal or log, from records not in use, and from `free`, the runs of bytes
    /// that it says are free, sorted. A file system that keeps nothing has none.
    ///
    /// # Errors
    /// [`FsError`], after everything that could be found was handed on.
    fn remains(&self, _free: &[Span], _take: &mut remains::Take<'_>) -> Result<(), FsError> {
        Ok(())
    }

    /// Hands runs of bytes that the file system uses for itself to `visit`, with what for; they may overlap, and come in
    /// any order. Returns what all others are for that are neither free nor taken by a file or a directory.
    fn claims(&self, _visit: &mut dyn FnMut(Area, Span)) -> Area {
        Area::Structures
    }

    /// What it uses for itself on each of several devices: which device, and the run there. Of one on a single device,
    /// [`FileSystem::claims`] and what is left tell more.
    fn structures(&self) -> Vec<(usize, Span)> {
        Vec::new()
    }

    /// Its subvolumes, sorted by number; none where there is no such thing. A walk from [`FileSystem::root`]
    /// meets those that lie in each other.
    fn subvolumes(&self) -> Vec<Subvolume> {
        Vec::new()
    }

    /// Whether its names have case.
    fn case(&self) -> Case {
        Case::Sensitive
    }

    /// The number of the inode `id`, as `ls -i` shows it.
    fn inode_number(&self, id: NodeId) -> u64 {
        id.0
    }

    /// How the file `id` came back, of a file system of files that are no more.
    fn recovery(&self, _id: NodeId) -> Option<&recovered::Recovery> {
        None
    }

    /// What was found while opening it: a replayed journal, a backup superblock used, a wrong checksum.
    fn notes(&self) -> Vec<Note>;

    /// What else is there that is known and not read, each in one line: another file system beside this one.
    fn unread(&self) -> Vec<String> {
        Vec::new()
    }

    /// What [`Place::Disk`] counts in, with everything that was replayed; `None` where there is no such thing.
    fn source(&self) -> Option<Arc<dyn Source>> {
        None
    }
}

/// An extended attribute: its full name (`security.capability`) and its value.
pub type Attribute = (Vec<u8>, Vec<u8>);

/// A file, directory or other entry: its inode, decoded.
pub trait Node: Send {
    /// What the inode says.
    fn metadata(&self) -> &Metadata;

    /// Where the content lies. Cheap for files in one piece; decoded at most once.
    ///
    /// # Errors
    /// [`FsError`], if the map of blocks is damaged.
    fn extents(&mut self) -> Result<&[Extent], FsError>;

    /// Where the first data lies on the disk, for reading files in its order; `None` where there is none,
    /// or nobody can tell. An error shows itself again when the file is read.
    fn first_place(&mut self) -> Option<u64> {
        let on_disk = |extent: &Extent| match extent.place {
            Place::Disk(at) | Place::Packed { at, .. } => Some(at),
            Place::Hole | Place::Unwritten | Place::Opaque | Place::Lost => None,
        };
        self.extents().ok()?.iter().find_map(on_disk)
    }

    /// Reads content at `offset` into `dst` and returns how many bytes; 0 only at the end of the file or
    /// for an empty `dst`. Holes and unwritten parts read as zeros.
    ///
    /// # Errors
    /// [`FsError`], if the bytes cannot be read.
    fn read_at(&mut self, offset: u64, dst: &mut [u8]) -> Result<usize, FsError>;

    /// The target of a symbolic link.
    ///
    /// # Errors
    /// [`FsError`], if it is damaged or this is no link.
    fn read_link(&mut self) -> Result<Vec<u8>, FsError>;

    /// Extended attributes with their full names (`security.capability`), sorted by name.
    ///
    /// # Errors
    /// [`FsError`], if they are damaged.
    fn xattrs(&mut self) -> Result<Vec<Attribute>, FsError>;

    /// Where on the disk content lies that is not there as it is, for what [`Place::Disk`] does not tell of it: packed
    /// blocks, and further copies.
    fn packed(&mut self) -> Vec<Span> {
        Vec::new()
    }

    /// Whether the names in this directory have no case, where that is a flag of each.
    fn ignores_case(&self) -> bool {
        false
    }

    /// The major and minor number of a device, where they are known.
    fn device(&self) -> Option<(u32, u32)> {
        None
    }

    /// What was wrong with content that was handed out as it stands, in one sentence.
    fn damage(&self) -> Option<String> {
        None
    }
}

/// What opens a kind of file system.
pub type Open = fn(Arc<dyn Source>, &Budget) -> Result<Box<dyn FileSystem>, FsError>;

/// A kind of file system that can be read.
pub struct Driver {
    /// Its name.
    pub name: &'static str,
    /// Whether the bytes carry its mark; looks at magic numbers only.
    pub probe: fn(&dyn Source) -> bool,
    /// Whether its mark is that of a backup only: it counts where nothing else is known.
    pub by_backup: bool,
    /// Opens it.
    pub open: Open,
}

/// Every file system whose own mark `source` carries, the surest first: bytes can be two file systems at once, and who
/// mounts them says which. Where there is none, the one that is known by its backup.
pub fn drivers_of(source: &dyn Source) -> Vec<&'static Driver> {
    let marked: Vec<_> = DRIVERS.iter().filter(|driver| (driver.probe)(source)).collect();
    let own = marked.iter().filter(|driver| !driver.by_backup).count();
    // What a backup tells is of a file system that was there before, or of the only one.
    marked.into_iter().filter(|driver| !driver.by_backup || own == 0).take(own.max(1)).collect()
}

/// Every file system that can be read. A new one is a folder in `fs/` and a line here.
pub const DRIVERS: &[Driver] = &[
    xfs::DRIVER,
    btrfs::DRIVER,
    squashfs::DRIVER,
    erofs::DRIVER,
    iso9660::DRIVER,
    fat::DRIVER,
    exfat::DRIVER,
    ext::DRIVER,
    ntfs::DRIVER,
    xfs::FROM_BACKUP,
    ext::FROM_BACKUP,
];

/// What opens a file system that lies on several volumes.
pub type OpenPool = fn(&[Arc<dyn Source>], &Budget) -> Result<Box<dyn FileSystem>, FsError>;

/// A volume that is one of several of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The same for all volumes of a file system.
    pub pool: [u8; 16],
    /// Another one for each of them.
    pub device: u64,
}

/// A kind of file system that may lie on several volumes.
pub struct Pool {
    /// The name of its [`Driver`].
    pub name: &'static str,
    /// What the volume says of its place; `None` for a volume of another kind.
    pub identify: fn(&dyn Source) -> Option<Member>,
    /// Opens it from those of its volumes that are there.
    pub open: OpenPool,
}

/// Every kind of file system that may lie on several volumes.
pub const POOLS: &[Pool] = &[btrfs::POOL];

/// A UUID as blkid prints it; none if it is all zeros.
fn uuid_text(uuid: [u8; 16]) -> Option<String> {
    let hex = format!("{:032x}", u128::from_be_bytes(uuid));
    let part = |range| hex.get(range).unwrap_or_default();
    (uuid != [0; 16])
        .then(|| format!("{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)))
}
