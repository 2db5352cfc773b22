//! What every part of the reader shares: the source, the geometry, the groups.

use std::sync::Arc;

use super::fast_commit::FastCommits;
use super::groups::Group;
use super::inode::{self, Inode};
use super::ledger::{Ledger, Structure};
use super::superblock::{Superblock, ro_compat};
use crate::budget::Budget;
use crate::bytes::{Source, read_vec};
use crate::fs::FsError;

/// An opened file system, immutable but for the list of damage.
pub(super) struct Volume {
    pub(super) source: Arc<dyn Source>,
    pub(super) superblock: Superblock,
    pub(super) groups: Vec<Group>,
    pub(super) budget: Budget,
    pub(super) ledger: Ledger,
    pub(super) fast_commits: FastCommits,
}

impl Volume {
    /// Decodes inode `number`.
    pub(super) fn inode(&self, number: u64) -> Result<Inode, FsError> {
        self.decode(number, &self.inode_record(number)?)
    }

    /// Inode `number`, unless its record was never used; one that makes no sense is noted.
    pub(super) fn inode_unless_free(&self, number: u64) -> Option<Inode> {
        let bytes = self.inode_record(number).ok()?;
        if bytes.iter().all(|&byte| byte == 0) {
            return None;
        }
        self.decode(number, &bytes).map_err(|_| self.ledger.wrong(Structure::Inode, number)).ok()
    }

    fn decode(&self, number: u64, bytes: &[u8]) -> Result<Inode, FsError> {
        let inode = Inode::parse(number, bytes, &self.superblock)?;
        if self.has_checksums()
            && !self.fast_commits.replaces(number)
            && !inode::checksum_matches(self.superblock.checksum_seed, number, bytes)?
        {
            self.ledger.wrong(Structure::Inode, number);
        }
        Ok(inode)
    }

    pub(super) fn inode_record(&self, number: u64) -> Result<Vec<u8>, FsError> {
        let index = number
            .checked_sub(1)
            .filter(|_| number <= u64::from(self.superblock.inodes_count))
            .ok_or_else(|| {
                let count = self.superblock.inodes_count;
                FsError::corrupt("inode", number, format!("the file system has the inodes 1 to {count}"))
            })?;
        let per_group = u64::from(self.superblock.inodes_per_group);
        let group = self.group(index / per_group)?;
        let offset = self
            .block_offset(group.inode_table)?
            .saturating_add((index % per_group).saturating_mul(self.superblock.inode_size.into()));
        let mut record = read_vec(&*self.source, offset, self.superblock.inode_size.into())?;
        self.fast_commits.lay_over(number, &mut record);
        Ok(record)
    }

    fn group(&self, number: u64) -> Result<&Group, FsError> {
        usize::try_from(number)
            .ok()
            .and_then(|index| self.groups.get(index))
            .filter(|group| group.usable)
            .ok_or_else(|| FsError::corrupt("group descriptor", number, "damaged or missing"))
    }

    /// The content of block `number`.
    pub(super) fn block(&self, number: u64) -> Result<Vec<u8>, FsError> {
        let size = self.superblock.block_size as usize;
        Ok(read_vec(&*self.source, self.block_offset(number)?, size)?)
    }

    /// Where block `number` lies, in bytes.
    pub(super) fn block_offset(&self, number: u64) -> Result<u64, FsError> {
        let count = self.superblock.blocks_count;
        number
            .checked_mul(self.superblock.block_size.into())
            .filter(|_| number < count)
            .ok_or_else(|| FsError::corrupt("block", number, format!("the file system has {count} blocks")))
    }

    /// Whether metadata has CRC-32C checksums.
    pub(super) fn has_checksums(&self) -> bool {
        self.superblock.has_ro_compat(ro_compat::METADATA_CSUM)
    }
}
