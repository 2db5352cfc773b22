//! What every part of the reader shares: the source, the geometry, and what was found wrong on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::checksum;
use super::inode::Inode;
use super::mapping::Remap;
use super::superblock::Superblock;
use crate::budget::Budget;
use crate::bytes::{Source, read_vec};
use crate::fs::FsError;

/// Structures with a wrong checksum that are remembered by number.
const MAX_MISMATCHES: usize = 100_000;

/// An opened file system, immutable but for the list of damage.
pub(super) struct Volume {
    pub(super) source: Arc<dyn Source>,
    pub(super) superblock: Superblock,
    pub(super) budget: Budget,
    /// Changes to the maps of inodes that the log only promises.
    pub(super) remaps: BTreeMap<u64, Vec<Remap>>,
    /// Locked only when there is such damage.
    pub(super) mismatches: Mutex<Mismatches>,
}

/// What has a wrong checksum.
#[derive(Default)]
pub(super) struct Mismatches {
    /// Inodes, by number: their record or their blocks.
    pub(super) inodes: BTreeSet<u64>,
    /// Groups, by number: their headers or their maps of free space.
    pub(super) groups: BTreeSet<u32>,
    /// Inodes of symbolic links whose blocks lack the header of version 5.
    pub(super) links: BTreeSet<u64>,
}

impl Volume {
    pub(super) fn new(source: Arc<dyn Source>, superblock: Superblock, budget: &Budget) -> Self {
        let (remaps, mismatches) = (BTreeMap::new(), Mutex::default());
        Self { source, superblock, budget: *budget, remaps, mismatches }
    }

    /// Decodes inode `number`.
    pub(super) fn inode(&self, number: u64) -> Result<Inode, FsError> {
        let offset = self.superblock.inode_offset(number)?;
        let bytes = read_vec(&*self.source, offset, self.superblock.inode_size.into())?;
        let inode = Inode::parse(number, bytes)?;
        if self.has_checksums() && !inode.is_sound() {
            self.inode_mismatch(number);
        }
        Ok(inode)
    }

    /// The content of block `block`.
    pub(super) fn block(&self, block: u64) -> Result<Vec<u8>, FsError> {
        self.blocks(block, 1)
    }

    /// The content of the run of `count` blocks at `block`.
    pub(super) fn blocks(&self, block: u64, count: u64) -> Result<Vec<u8>, FsError> {
        let problem = || FsError::corrupt("block", block, format!("{count} blocks leave their group"));
        let offset = self.superblock.run_offset(block, count).ok_or_else(problem)?;
        let len = usize::try_from(count << self.superblock.block_log).map_err(|_| problem())?;
        Ok(read_vec(&*self.source, offset, len)?)
    }

    /// Whether metadata has CRC-32C checksums.
    pub(super) fn has_checksums(&self) -> bool {
        self.superblock.has_checksums()
    }

    /// Looks at the checksum at `offset` of a structure of inode `number`.
    pub(super) fn verify_of_inode(&self, number: u64, bytes: &[u8], offset: usize) {
        if self.has_checksums() && !checksum::matches(bytes, offset) {
            self.inode_mismatch(number);
        }
    }

    /// Looks at the checksum at `offset` of a structure of `group`.
    pub(super) fn verify_of_group(&self, group: u32, bytes: &[u8], offset: usize) {
        if self.has_checksums() && !checksum::matches(bytes, offset) {
            let mut mismatches = self.mismatches.lock().unwrap_or_else(PoisonError::into_inner);
            if mismatches.groups.len() < MAX_MISMATCHES {
                mismatches.groups.insert(group);
            }
        }
    }

    /// Whether a structure of inode `number` was not as it should be since this was asked last.
    pub(super) fn take_mismatch(&self, number: u64) -> bool {
        self.mismatches.lock().unwrap_or_else(PoisonError::into_inner).inodes.remove(&number)
    }

    /// Whether the blocks of link `number` lacked their header since this was asked last.
    pub(super) fn take_headless(&self, number: u64) -> bool {
        self.mismatches.lock().unwrap_or_else(PoisonError::into_inner).links.remove(&number)
    }

    /// Remembers a symbolic link without the header that version 5 wants.
    pub(super) fn headless_link(&self, number: u64) {
        let mut mismatches = self.mismatches.lock().unwrap_or_else(PoisonError::into_inner);
        if mismatches.links.len() < MAX_MISMATCHES {
            mismatches.links.insert(number);
        }
    }

    /// Remembers that a structure of inode `number` is not as it should be.
    pub(super) fn inode_mismatch(&self, number: u64) {
        let mut mismatches = self.mismatches.lock().unwrap_or_else(PoisonError::into_inner);
        if mismatches.inodes.len() < MAX_MISMATCHES {
            mismatches.inodes.insert(number);
        }
    }
}
