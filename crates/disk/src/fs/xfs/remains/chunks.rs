//! The inodes of chunks in use: those that are free there, those that were deleted while open, and the directories, in
//! whose blocks deleted entries are left.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::entries::{Layout, of_block};
use super::{Finds, generation, order_on_disk};
use crate::bytes::{Record, Span, read_vec};
use crate::fs::remains::{Fate, Life, Proof};
use crate::fs::xfs::checksum;
use crate::fs::xfs::group;
use crate::fs::xfs::inode::{ForkKind, Format, Inode};
use crate::fs::xfs::mapping::{self, Run};
use crate::fs::{FileType, FsError};

/// Inodes of a chunk.
const CHUNK: u32 = 64;
/// Inodes that are there together, or not at all.
const SPARSE: u32 = 4;
/// The kernel knows no higher tree.
const MAX_LEVEL: u32 = 9;
/// `sb_features_incompat`: parts of chunks may be missing.
const SPARSE_INODES: u32 = 2;

/// A record of the tree of inodes: the first of 64, and a bit for each, set if it is free.
type Chunk = (u32, u64);

/// Reads all chunks of all groups.
pub(super) fn read(finds: &mut Finds<'_, '_>) -> Result<(), FsError> {
    for group in 0..finds.volume.superblock.groups {
        if finds.is_done || finds.volume.superblock.group_offset(group) >= finds.volume.source.len() {
            break;
        }
        let mut tree = Tree { finds, group, chunks: BTreeSet::new(), visited: BTreeSet::new() };
        let done = tree.read();
        let chunks = tree.chunks;
        if let Err(error) = done {
            finds.damage.get_or_insert(error);
        }
        for chunk in chunks {
            finds.chunk(group, chunk);
        }
    }
    Ok(())
}

struct Tree<'f, 'a, 't> {
    finds: &'f mut Finds<'a, 't>,
    group: u32,
    chunks: BTreeSet<Chunk>,
    /// Blocks of the tree that were read: a second visit is a loop.
    visited: BTreeSet<u32>,
}

impl Tree<'_, '_, '_> {
    fn read(&mut self) -> Result<(), FsError> {
        let sector = group::sector(self.finds.volume, self.group, 2)?;
        let record = Record::new("AGI", &sector);
        group::check_magic(&record, b"XAGI", self.group)?;
        let (root, levels) = (record.u32_be(20)?, record.u32_be(24)?);
        if levels == 0 || levels > MAX_LEVEL {
            return Err(self.corrupt(format!("a tree of {levels} levels")));
        }
        self.block(root, levels - 1)
    }

    fn block(&mut self, number: u32, level: u32) -> Result<(), FsError> {
        if !self.visited.insert(number) {
            return Err(self.corrupt(format!("block {number} of the tree is used twice")));
        }
        let volume = self.finds.volume;
        let bytes = volume.block(volume.superblock.pack(self.group, number))?;
        let record = Record::new("inode tree block", &bytes);
        let (magic, header) = if volume.has_checksums() { (b"IAB3", 56) } else { (b"IABT", 16) };
        if record.bytes(0, 4)? != magic || u32::from(record.u16_be(4)?) != level {
            return Err(self.corrupt(format!("block {number}: no tree block of level {level}")));
        }
        let count = usize::from(record.u16_be(6)?);
        if level == 0 {
            for packed in record.bytes(header, count.saturating_mul(16))?.as_chunks::<16>().0 {
                self.chunk(&Record::new("inode chunk", packed))?;
            }
            return Ok(());
        }
        // The pointers lie behind the room for all keys, both of 4 bytes.
        let room = record.len().saturating_sub(header) / 8;
        let pointers =
            record.bytes(header.saturating_add(room.saturating_mul(4)), count.saturating_mul(4))?;
        for pointer in pointers.as_chunks::<4>().0 {
            self.block(u32::from_be_bytes(*pointer), level - 1)?;
        }
        Ok(())
    }

    fn chunk(&mut self, record: &Record<'_>) -> Result<(), FsError> {
        let (first, free) = (record.u32_be(0)?, record.u64_be(8)?);
        // The same inodes once, whatever the tree says.
        let is_new =
            self.chunks.range((first.saturating_sub(CHUNK - 1), 0)..=(first, u64::MAX)).next().is_none();
        if is_new && self.finds.has_room() {
            self.chunks.insert((first, free));
        }
        Ok(())
    }

    fn corrupt(&self, problem: String) -> FsError {
        FsError::corrupt("inodes of group", self.group.into(), problem)
    }
}

impl Finds<'_, '_> {
    fn chunk(&mut self, group: u32, (first, free): Chunk) {
        let superblock = &self.volume.superblock;
        let size = usize::from(superblock.inode_size);
        let start = (superblock.pack(group, 0) << superblock.inode_log).saturating_add(first.into());
        // Where parts are missing, each is read for itself.
        let step = if superblock.incompat & SPARSE_INODES == 0 { CHUNK } else { SPARSE };
        for skipped in (0..CHUNK).step_by(step as usize) {
            let number = start.saturating_add(skipped.into());
            let Ok(offset) = superblock.inode_offset(number) else { continue };
            let Ok(bytes) = read_vec(&*self.disk.source, offset, size.saturating_mul(step as usize)) else {
                continue;
            };
            for (index, record) in (skipped..).zip(bytes.chunks_exact(size)) {
                if self.is_done {
                    return;
                }
                let place = offset.saturating_add(u64::from(index - skipped).saturating_mul(size as u64));
                let is_free = free >> index & 1 == 1;
                self.inode(
                    start.saturating_add(index.into()),
                    record,
                    is_free,
                    Span::new(place, size as u64),
                );
            }
        }
    }

    fn inode(&mut self, number: u64, record: &[u8], is_free: bool, span: Span) {
        // A missing part of a chunk counts as free, and is another's.
        if is_free && record.starts_with(b"IN") {
            self.written(number, record, span);
            return;
        }
        if is_free {
            return;
        }
        let is_replayed = !Arc::ptr_eq(&self.volume.source, &self.disk.source);
        let inode =
            if is_replayed { self.volume.inode(number) } else { Inode::parse(number, record.to_vec()) };
        let Ok(inode) = inode else { return };
        let life = Life { number, generation: generation(&inode.record()) };
        if inode.metadata.links == 0 {
            let fate = Fate::Deleted(Some(inode.metadata.changed));
            let lsn = inode.record().u64_be(112).unwrap_or(0);
            let order = if self.volume.has_checksums() { order_on_disk(lsn, u8::MAX) } else { 0 };
            let found = super::version::Found {
                number,
                record: inode.record().all(),
                order,
                is_checked: inode.is_sound(),
                is_borrowed: false,
            };
            self.version(self.volume, &found, Some(fate));
        } else if inode.metadata.file_type == FileType::Directory {
            self.living_directory(&inode, life);
        }
    }

    /// The deleted entries in the blocks of a directory, or behind its list in the inode.
    fn living_directory(&mut self, inode: &Inode, life: Life) {
        if inode.fork(ForkKind::Data).format == Format::Local {
            self.leftovers(inode, life);
            return;
        }
        let log = self.volume.superblock.block_log;
        let index = super::super::directory::INDEX >> log;
        let size = u64::from(self.volume.superblock.directory_block);
        let (mut block, mut next) = (Vec::new(), 0);
        for Run { start, count, block: first, .. } in mapping::runs(self.volume, inode, ForkKind::Data).runs {
            if start >= index || self.is_done {
                break;
            }
            for (at, number) in (start..start.saturating_add(count)).zip(first..) {
                // A directory block may be made of several, and begins at a multiple of its size.
                if at != next || (at << log).is_multiple_of(size) {
                    block.clear();
                }
                next = at.saturating_add(1);
                let Ok(bytes) = self.volume.block(number) else { continue };
                block.extend_from_slice(&bytes);
                if block.len() as u64 == size {
                    self.directory_block(life, &block);
                }
            }
        }
    }

    fn directory_block(&mut self, life: Life, block: &[u8]) {
        let record = Record::new("directory block", block);
        let has_checksums = self.volume.has_checksums();
        let is_sound = has_checksums
            && checksum::matches(block, checksum::DIRECTORY)
            && record.u64_be(40).is_ok_and(|owner| owner == life.number);
        let order = if has_checksums { order_on_disk(record.u64_be(16).unwrap_or(0), 0) } else { 0 };
        let layout = Layout { superblock: &self.volume.superblock, directory: life.number };
        for entry in of_block(layout, block).iter().filter(|entry| !entry.is_live) {
            let proof = if is_sound && entry.is_sure { Proof::Checked } else { Proof::Plausible };
            self.name((life.number, Some(life.generation)), None, entry, (order, proof));
        }
    }

    fn leftovers(&mut self, inode: &Inode, life: Life) {
        let layout = Layout { superblock: &self.volume.superblock, directory: life.number };
        let Some(short) = super::entries::of_inode(layout, inode.fork(ForkKind::Data).bytes) else { return };
        let lsn = if self.volume.has_checksums() { inode.record().u64_be(112).unwrap_or(0) } else { 0 };
        for entry in short.entries.iter().filter(|entry| !entry.is_live) {
            let at = (order_on_disk(lsn, 0), Proof::Plausible);
            self.name((life.number, Some(life.generation)), None, entry, at);
        }
    }
}
