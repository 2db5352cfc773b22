//! Free space: the tree of free runs of every group, and its spare blocks.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::checksum;
use super::group::{self, FreeSpace};
use super::volume::Volume;
use crate::bytes::{Record, Span};
use crate::fs::FsError;

/// The kernel knows no higher tree.
const MAX_LEVELS: u32 = 9;

/// Hands each run of free blocks to `visit`, in order.
///
/// # Errors
/// The first [`FsError`] met, after every run that could be read was handed on.
pub(super) fn unallocated(
    volume: &Volume,
    visit: &mut dyn FnMut(Span) -> ControlFlow<()>,
) -> Result<(), FsError> {
    let mut damage = None;
    for group in 0..volume.superblock.groups {
        if volume.superblock.group_offset(group) >= volume.source.len() {
            break;
        }
        let mut runs = Runs { volume, group, found: BTreeSet::new(), visited: BTreeSet::new() };
        if let Err(error) = runs.read() {
            damage.get_or_insert(error);
        }
        for &(block, count) in &runs.found {
            if visit(runs.span(block, count)).is_break() {
                return damage.map_or(Ok(()), Err);
            }
        }
    }
    damage.map_or(Ok(()), Err)
}

struct Runs<'a> {
    volume: &'a Volume,
    group: u32,
    /// First block in the group, and number of blocks.
    found: BTreeSet<(u32, u32)>,
    /// Blocks of the tree that were read: a second visit is a loop.
    visited: BTreeSet<u32>,
}

impl Runs<'_> {
    fn read(&mut self) -> Result<(), FsError> {
        let space = group::free_space(self.volume, self.group)?;
        let tree = self.tree(&space);
        let spare = group::spare_blocks(self.volume, self.group, &space);
        tree?;
        for block in spare? {
            self.add(block, 1)?;
        }
        Ok(())
    }

    fn tree(&mut self, space: &FreeSpace) -> Result<(), FsError> {
        if space.levels == 0 || space.levels > MAX_LEVELS {
            return Err(self.corrupt(format!("a tree of {} levels", space.levels)));
        }
        self.block(space.root, space.levels - 1)
    }

    fn block(&mut self, number: u32, level: u32) -> Result<(), FsError> {
        if !self.visited.insert(number) {
            return Err(self.corrupt(format!("block {number} of the tree is used twice")));
        }
        let bytes = self.volume.block(self.volume.superblock.pack(self.group, number))?;
        self.volume.verify_of_group(self.group, &bytes, checksum::SHORT_BTREE);
        let record = Record::new("free space block", &bytes);
        let (magic, header) = if self.volume.has_checksums() { (b"AB3B", 56) } else { (b"ABTB", 16) };
        if record.bytes(0, 4)? != magic || u32::from(record.u16_be(4)?) != level {
            return Err(self.corrupt(format!("block {number}: no tree block of level {level}")));
        }
        let count = usize::from(record.u16_be(6)?);
        if level == 0 {
            for packed in record.bytes(header, count.saturating_mul(8))?.as_chunks::<8>().0 {
                let run = Record::new("free run", packed);
                self.add(run.u32_be(0)?, run.u32_be(4)?)?;
            }
            return Ok(());
        }
        // The pointers lie behind the room for all keys; a key is 8 bytes long, a pointer 4.
        let room = record.len().saturating_sub(header) / 12;
        let pointers =
            record.bytes(header.saturating_add(room.saturating_mul(8)), count.saturating_mul(4))?;
        for pointer in pointers.as_chunks::<4>().0 {
            self.block(u32::from_be_bytes(*pointer), level - 1)?;
        }
        Ok(())
    }

    fn add(&mut self, block: u32, count: u32) -> Result<(), FsError> {
        let packed = self.volume.superblock.pack(self.group, block);
        let inside = block < self.volume.superblock.group_blocks
            && self.volume.superblock.run_offset(packed, count.into()).is_some();
        if count == 0 || !inside {
            return Err(self.corrupt(format!("free blocks {block}+{count}")));
        }
        if (self.found.len() as u64).saturating_mul(32) > self.volume.budget.metadata_bytes {
            let group = self.group;
            return Err(FsError::over_limit(
                format!("xfs: bytes for the free runs of group {group}"),
                self.volume.budget.metadata_bytes,
            ));
        }
        self.found.insert((block, count));
        Ok(())
    }

    fn span(&self, block: u32, count: u32) -> Span {
        let superblock = &self.volume.superblock;
        let start = u64::from(block) << superblock.block_log;
        let len = u64::from(count) << superblock.block_log;
        Span::new(superblock.group_offset(self.group).saturating_add(start), len)
    }

    fn corrupt(&self, problem: String) -> FsError {
        FsError::corrupt("free space of group", self.group.into(), problem)
    }
}
