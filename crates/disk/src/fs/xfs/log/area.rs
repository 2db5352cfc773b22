//! Where the log lies: a ring of 512-byte blocks, the first word of each stamped with the number of the round.

use crate::bytes::{Record, Source, read_vec};
use crate::fs::FsError;
use crate::fs::xfs::volume::Volume;

/// Bytes of a block of the log, whatever the file system's blocks are.
pub(super) const BLOCK: u64 = 512;
/// What begins a record, where other blocks have their cycle.
pub(super) const MAGIC: u32 = 0xFEED_BABE;

/// The log of a volume.
pub(super) struct Area<'a> {
    source: &'a dyn Source,
    /// In bytes.
    offset: u64,
    /// Number of blocks.
    pub(super) blocks: u64,
}

impl<'a> Area<'a> {
    /// The log inside of `volume`.
    pub(super) fn of(volume: &'a Volume) -> Result<Self, FsError> {
        let superblock = &volume.superblock;
        let (start, count) = (superblock.log_start, u64::from(superblock.log_blocks));
        let offset = superblock.run_offset(start, count).filter(|_| count > 0).ok_or_else(|| {
            FsError::corrupt("superblock", 0, format!("a log of {count} blocks at block {start}"))
        })?;
        let blocks = (count << superblock.block_log) / BLOCK;
        Ok(Self { source: &*volume.source, offset, blocks })
    }

    #[cfg(test)]
    pub(super) fn new(source: &'a dyn Source) -> Self {
        Self { source, offset: 0, blocks: source.len() / BLOCK }
    }

    /// `block` within the ring.
    pub(super) fn wrap(&self, block: u64) -> u64 {
        block % self.blocks
    }

    /// Blocks from `from` forward to `to`.
    pub(super) fn distance(&self, from: u64, to: u64) -> u64 {
        self.wrap(to.saturating_add(self.blocks).saturating_sub(self.wrap(from)))
    }

    /// Reads `count` blocks from `block` on, around the end of the ring.
    pub(super) fn read(&self, block: u64, count: u64) -> Result<Vec<u8>, FsError> {
        let first = count.min(self.blocks.saturating_sub(block));
        let mut bytes = self.straight(block, first)?;
        if first < count {
            bytes.extend(self.straight(0, (count - first).min(self.blocks))?);
        }
        Ok(bytes)
    }

    fn straight(&self, block: u64, count: u64) -> Result<Vec<u8>, FsError> {
        let len = usize::try_from(count.saturating_mul(BLOCK)).unwrap_or(usize::MAX);
        let offset = self.offset.saturating_add(block.saturating_mul(BLOCK));
        Ok(read_vec(self.source, offset, len)?)
    }

    /// The cycle `block` was written in.
    pub(super) fn cycle(&self, block: u64) -> Result<u32, FsError> {
        cycle(&self.read(block, 1)?)
    }

    /// The first of `count` blocks from `block` on that was written in `wanted`.
    pub(super) fn find_cycle(&self, block: u64, count: u64, wanted: u32) -> Result<Option<u64>, FsError> {
        let bytes = self.read(block, count)?;
        for (index, part) in (block..).zip(bytes.chunks_exact(512)) {
            if cycle(part)? == wanted {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// The last block before `block`, at most `limit` before it, that begins a record.
    pub(super) fn record_before(&self, block: u64, limit: u64) -> Result<Option<u64>, FsError> {
        let limit = limit.min(self.blocks);
        let start = self.wrap(block.saturating_add(self.blocks).saturating_sub(limit));
        let bytes = self.read(start, limit)?;
        let index = bytes.chunks_exact(512).rposition(|part| part.starts_with(&MAGIC.to_be_bytes()));
        Ok(index.map(|index| self.wrap(start.saturating_add(index as u64))))
    }
}

fn cycle(block: &[u8]) -> Result<u32, FsError> {
    let record = Record::new("log block", block);
    Ok(match record.u32_be(0)? {
        MAGIC => record.u32_be(4)?,
        cycle => cycle,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks of these cycles.
    fn ring(cycles: &[u32]) -> Vec<u8> {
        cycles.iter().flat_map(|cycle| [cycle.to_be_bytes(), [0xEE; 4]].concat().repeat(64)).collect()
    }

    #[test]
    fn reads_go_around_the_end() {
        let bytes = ring(&[5, 5, 4, 4]);
        let area = Area::new(&bytes);
        assert_eq!(area.read(3, 2).unwrap(), [&bytes[1536..], &bytes[..512]].concat());
        assert_eq!(area.distance(3, 1), 2);
        assert_eq!(area.distance(1, 3), 2);
        assert_eq!(area.find_cycle(0, 4, 4).unwrap(), Some(2));
    }

    #[test]
    fn a_record_is_found_behind_the_end() {
        let mut bytes = ring(&[5, 5, 4, 4]);
        bytes[1536..1540].copy_from_slice(&MAGIC.to_be_bytes());
        bytes[1540..1544].copy_from_slice(&4_u32.to_be_bytes());
        let area = Area::new(&bytes);
        assert_eq!(area.record_before(1, 4).unwrap(), Some(3));
        assert_eq!(area.record_before(3, 2).unwrap(), None);
        assert_eq!(area.cycle(3).unwrap(), 4);
    }
}
