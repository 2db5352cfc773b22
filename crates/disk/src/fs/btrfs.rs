//! btrfs: on one or several devices, with its subvolumes.
//!
//! Every block of metadata is checked (checksum, file system, address, generation, level, first key, order
//! of keys), and another copy is tried where one is wrong; what has no sound copy is an error. Content is
//! checked against the tree of checksums, other copies are tried, and what has none is read as it stands
//! and said by [`super::Node::damage`]. After a crash the log is replayed in memory.
//!
//! A [`NodeId`] is the index of a subvolume and the number of an inode in it. A walk from the root goes
//! through the top level and, from subvolume to subvolume, through all that can be reached from it.
//!
//! Not read: stripes of RAID 5 and 6 that are not there (parity is not used), seed devices, zoned devices,
//! and the features `extent-tree-v2` and `raid-stripe-tree`.
//!
//! Reference: the btrfs documentation, "On-disk format"; `include/uapi/linux/btrfs_tree.h`.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::remains::Take;
use super::{
    Driver, FileSystem, FileType, FsError, Identity, Member, Metadata, Node, NodeId, Note, Pool,
    Subvolume as Mountable, Time, Usage, Visit, uuid_text,
};
use crate::budget::Budget;
use crate::bytes::{Source, Span};
use crate::gap::Loss;

mod block;
mod cache;
mod checksum;
mod chunk;
mod data;
mod entry;
mod forest;
mod free;
mod inode;
mod key;
mod log;
mod mapping;
mod node;
mod opening;
mod packed;
mod remains;
mod replay;
mod subvolume;
mod superblock;
mod tree;
mod volume;

use block::Pointer;
use data::DataChecksums;
use inode::Inode;
use key::kind;
use subvolume::Subvolume;
use volume::Volume;

/// The driver of btrfs on one device. Its probe also takes a source of which only a copy of the superblock
/// is left, if nothing else is there.
pub const DRIVER: Driver = Driver { name: "btrfs", probe, by_backup: false, open };

/// btrfs on several devices.
pub const POOL: Pool = Pool { name: "btrfs", identify, open: open_pool };

/// Bits of a [`NodeId`] for the inode; the index of the subvolume is above them.
const INODE_BITS: u32 = 44;
/// The index that stands for no subvolume: the empty directory in a snapshot where one was.
const PLACEHOLDER: u64 = (1 << (64 - INODE_BITS)) - 1;

fn probe(source: &dyn Source) -> bool {
    let other = || super::magic::recognise(source).is_some() || super::ext::has_superblock(source);
    superblock::has_magic(source) || superblock::find_copy(source).is_some() && !other()
}

fn identify(source: &dyn Source) -> Option<Member> {
    if !probe(source) {
        return None;
    }
    // A change of the UUID that was cut off leaves it changed on some devices only.
    let (superblock, _) = superblock::find(source).ok()?;
    Some(Member { pool: superblock.metadata_uuid, device: superblock.device.id })
}

fn open(source: Arc<dyn Source>, budget: &Budget) -> Result<Box<dyn FileSystem>, FsError> {
    open_pool(&[source], budget)
}

fn open_pool(sources: &[Arc<dyn Source>], budget: &Budget) -> Result<Box<dyn FileSystem>, FsError> {
    Ok(Box::new(opening::open(sources, budget)?))
}

struct Btrfs {
    volume: Volume,
    /// Sorted by number.
    subvolumes: Vec<Subvolume>,
    /// The path of each of them.
    paths: Vec<Vec<u8>>,
    default: u64,
    extents: Option<Pointer>,
    checksums: DataChecksums,
    /// Content that only the log knows: logical address and length.
    logged: Vec<(u64, u64)>,
    /// Bytes in use on all devices.
    used: free::Used,
    notes: Vec<Note>,
}

impl Btrfs {
    /// The node of an inode of the subvolume at `index`.
    fn id(index: usize, inode: u64) -> Result<NodeId, FsError> {
        let index = index as u64;
        if index >= PLACEHOLDER || inode >> INODE_BITS != 0 {
            return Err(FsError::Unsupported(format!(
                "inode {inode} of subvolume {index}: a number too large"
            )));
        }
        Ok(NodeId(index << INODE_BITS | inode))
    }

    /// What an entry of a directory means.
    fn target(&self, index: usize, directory: u64, entry: &entry::Entry<'_>) -> Result<NodeId, FsError> {
        entry::check_name(directory, entry.name)?;
        let number = entry.target.object;
        if entry.target.kind == kind::INODE {
            return Self::id(index, number);
        }
        if entry.target.kind != kind::ROOT {
            let problem = format!("an entry that means an item of kind {}", entry.target.kind);
            return Err(FsError::corrupt("directory inode", directory, problem));
        }
        // A snapshot shows the subvolumes in the one it was made of as empty directories.
        let here = self.subvolumes.get(index).map(|subvolume| subvolume.id);
        let inside = subvolume::position(&self.subvolumes, number).filter(|&at| {
            let place = self.subvolumes.get(at).and_then(|subvolume| subvolume.place.as_ref());
            place.is_some_and(|place| Some(place.subvolume) == here && place.name == entry.name)
        });
        match inside {
            Some(at) => self.root_of(at),
            None => Ok(NodeId(PLACEHOLDER << INODE_BITS | number & ((1 << INODE_BITS) - 1))),
        }
    }

    fn root_of(&self, index: usize) -> Result<NodeId, FsError> {
        Self::id(index, self.subvolumes.get(index).map_or(0, |subvolume| subvolume.directory))
    }

    /// The index of the subvolume and the number of the inode.
    fn split(id: NodeId) -> (usize, u64) {
        (usize::try_from(id.0 >> INODE_BITS).unwrap_or(usize::MAX), id.0 & ((1 << INODE_BITS) - 1))
    }

    fn is_placeholder(id: NodeId) -> bool {
        id.0 >> INODE_BITS == PLACEHOLDER
    }
}

/// What Linux shows of a subvolume in a snapshot of the one around it.
const fn placeholder() -> Metadata {
    let time = Time { seconds: 0, nanoseconds: 0 };
    Metadata {
        file_type: FileType::Directory,
        size: 0,
        mode: 0o755,
        uid: 0,
        gid: 0,
        links: 1,
        modified: time,
        changed: time,
        accessed: time,
        created: None,
    }
}

impl FileSystem for Btrfs {
    fn identity(&self) -> Identity {
        let superblock = &self.volume.superblock;
        Identity {
            kind: "btrfs",
            uuid: uuid_text(superblock.fsid),
            label: (!superblock.label.is_empty()).then(|| superblock.label.clone()),
            last_mounted: None,
        }
    }

    fn usage(&self) -> Usage {
        let superblock = &self.volume.superblock;
        let total = superblock.total_bytes;
        let (free, data) = (total.saturating_sub(self.used.all), Some(self.used.data));
        Usage { total, free, block: superblock.sector_size, data }
    }

    fn root(&self) -> NodeId {
        self.root_of(0).unwrap_or(NodeId(0))
    }

    fn read_dir(&self, dir: NodeId, visit: &mut Visit<'_>) -> Result<(), FsError> {
        if Self::is_placeholder(dir) {
            return Ok(());
        }
        let (index, number) = Self::split(dir);
        entry::read_directory(self, index, number, visit)
    }

    fn node(&self, id: NodeId) -> Result<Box<dyn Node + '_>, FsError> {
        if Self::is_placeholder(id) {
            return Ok(Box::new(node::Placeholder(placeholder())));
        }
        let (index, number) = Self::split(id);
        let subvolume = self.subvolumes.get(index);
        let subvolume =
            subvolume.ok_or_else(|| FsError::corrupt("subvolume", index as u64, "there is none"))?;
        let inode = Inode::find(&self.volume, subvolume, number)?;
        let inode = inode.ok_or_else(|| FsError::corrupt("inode", number, "there is none"))?;
        Ok(Box::new(node::BtrfsNode::new(self, index, inode)))
    }

    fn unallocated(&self, visit: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError> {
        free::unallocated(self, visit)
    }

    fn remains(&self, free: &[Span], take: &mut Take<'_>) -> Result<(), FsError> {
        remains::remains(self, free, take)
    }

    fn structures(&self) -> Vec<(usize, Span)> {
        free::structures(self)
    }

    fn subvolumes(&self) -> Vec<Mountable> {
        let mountable = |(index, (subvolume, path)): (usize, (&Subvolume, &Vec<u8>))| Mountable {
            id: subvolume.id,
            path: path.clone(),
            root: self.root_of(index).unwrap_or(NodeId(u64::MAX - 1)),
            parent: subvolume.place.as_ref().map(|place| place.subvolume),
            is_default: subvolume.id == self.default,
            is_snapshot: subvolume.is_snapshot,
        };
        self.subvolumes.iter().zip(&self.paths).enumerate().map(mountable).collect()
    }

    fn inode_number(&self, id: NodeId) -> u64 {
        Self::split(id).1
    }

    fn notes(&self) -> Vec<Note> {
        let mut notes = self.notes.clone();
        let repaired = self.volume.repaired.load(Ordering::Relaxed);
        if repaired > 0 {
            let text = format!(
                "{repaired} blocks or sectors were wrong or missing in one copy, and read from another"
            );
            // What a missing device would have held is read from the others; a wrong copy that is there was not read.
            let volume = &self.volume;
            let is_degraded = (volume.devices.len() as u64) < volume.superblock.device_count;
            let loss = if is_degraded { Loss::Nothing } else { Loss::Part };
            notes.push(Note { loss, text });
        }
        notes
    }
}
