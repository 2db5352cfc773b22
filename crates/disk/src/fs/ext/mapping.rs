//! Where the blocks of a file lie: extent trees and indirect blocks, both decoded to a list of extents.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::checksum::crc32c;
use super::inode::{EXTENTS, Inode};
use super::ledger::Structure;
use super::remap;
use super::volume::Volume;
use crate::bytes::Record;
use crate::fs::content::{Map, append};
use crate::fs::{Extent, FsError, Place};

const EXTENT_MAGIC: u16 = 0xF30A;
const MAX_DEPTH: u16 = 5;
/// Bytes of the largest file there can be: 2^32 blocks of 64 KiB. mke2fs makes sparse files that are too large
/// for their own block size, which harms nobody.
const LARGEST: u64 = 1 << 48;
/// A longer length marks an extent that was allocated and not written.
const MAX_WRITTEN: u16 = 32768;

/// A block of a map.
pub(super) struct BlockOfMap {
    pub(super) block: Vec<u8>,
    /// Whether somebody has looked at its checksum.
    pub(super) is_verified: bool,
}

/// Finds the block of a map by its number.
type FindBlock<'f> = dyn FnMut(u64) -> Result<BlockOfMap, FsError> + 'f;

/// Maps the content of `inode`.
pub(super) fn map(volume: &Volume, inode: &Inode) -> Map {
    let size = inode.metadata.size;
    let mut find = |number| Ok(BlockOfMap { block: volume.block(number)?, is_verified: false });
    let mut map = remap::remap(volume, inode, map_by(volume, inode, &mut find));
    if size > LARGEST {
        let problem = format!("a size of {size} bytes, where no file has more than {LARGEST}");
        map.damage.get_or_insert(FsError::corrupt("inode", inode.number, problem));
    }
    map
}

/// Maps the content of `inode`, whose blocks of the map are those that `find` has.
pub(super) fn map_by(volume: &Volume, inode: &Inode, find: &mut FindBlock<'_>) -> Map {
    let mut builder = Builder {
        volume,
        inode,
        find,
        size: inode.metadata.size,
        block_size: volume.superblock.block_size.into(),
        end: 0,
        extents: Vec::new(),
        visited: BTreeSet::new(),
    };
    let done =
        if inode.has(EXTENTS) { builder.extent_node(&inode.block, None) } else { builder.indirect_root() };
    Map { extents: builder.extents, damage: done.err() }
}

/// `Break` once the file's size is reached.
type Flow = Result<ControlFlow<()>, FsError>;

struct Builder<'a, 'f> {
    volume: &'a Volume,
    inode: &'a Inode,
    find: &'a mut FindBlock<'f>,
    size: u64,
    block_size: u64,
    /// Bytes of the file mapped so far.
    end: u64,
    extents: Vec<Extent>,
    /// Blocks of the map that were read: a second visit is a loop.
    visited: BTreeSet<u64>,
}

impl Builder<'_, '_> {
    /// Adds `count` blocks of the file at `logical`, at block `physical`, or unwritten.
    fn push(&mut self, logical: u64, count: u64, physical: u64, written: bool) -> Flow {
        let start = logical.saturating_mul(self.block_size);
        if start < self.end {
            return Err(self.corrupt(format!("the extent of block {logical} is out of order")));
        }
        if start >= self.size {
            return Ok(ControlFlow::Break(()));
        }
        let total = self.volume.superblock.blocks_count;
        if physical == 0 || physical.checked_add(count).is_none_or(|end| end > total) {
            return Err(self.corrupt(format!("blocks {physical}+{count} of {total}")));
        }
        self.add(start.saturating_sub(self.end), Place::Hole)?;
        let len = count.saturating_mul(self.block_size).min(self.size.saturating_sub(start));
        let place =
            if written { Place::Disk(physical.saturating_mul(self.block_size)) } else { Place::Unwritten };
        self.add(len, place)?;
        Ok(if self.end >= self.size { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    /// Adds `len` bytes at the end, to the last extent where they continue it.
    fn add(&mut self, len: u64, place: Place) -> Result<(), FsError> {
        self.end = self.end.saturating_add(len);
        append(&mut self.extents, len, place, self.volume.budget.extents).map_err(|limit| {
            let number = self.inode.number;
            FsError::over_limit(format!("extents of inode {number}"), limit)
        })
    }

    /// Reads a block of the map, once.
    fn map_block(&mut self, number: u64) -> Result<BlockOfMap, FsError> {
        if !self.visited.insert(number) {
            return Err(self.corrupt(format!("block {number} of the map is used twice")));
        }
        let read = (self.visited.len() as u64).saturating_mul(self.block_size);
        if read > self.volume.budget.metadata_bytes {
            let number = self.inode.number;
            return Err(FsError::over_limit(
                format!("bytes of the map of inode {number}"),
                self.volume.budget.metadata_bytes,
            ));
        }
        (self.find)(number)
    }

    fn extent_node(&mut self, bytes: &[u8], depth: Option<u16>) -> Flow {
        let record = Record::new("extent block", bytes);
        let (magic, entries, found) = (record.u16_le(0)?, record.u16_le(2)?, record.u16_le(6)?);
        if magic != EXTENT_MAGIC {
            return Err(self.corrupt(format!("extent magic {magic:#06x}")));
        }
        if found > MAX_DEPTH || depth.is_some_and(|depth| depth != found) {
            return Err(self.corrupt(format!("extent depth {found}")));
        }
        let last = usize::from(entries).saturating_mul(12);
        for offset in (12..=last).step_by(12) {
            let entry = record.part("extent", offset, 12)?;
            let flow = match found.checked_sub(1) {
                None => self.extent(&entry)?,
                Some(beneath) => self.extent_index(&entry, beneath)?,
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn extent(&mut self, entry: &Record<'_>) -> Flow {
        let len = entry.u16_le(4)?;
        let written = len <= MAX_WRITTEN;
        let count = if written { len } else { len - MAX_WRITTEN };
        let logical = entry.u32_le(0)?;
        if count == 0 {
            return Err(self.corrupt(format!("the extent of block {logical} is empty")));
        }
        let physical = u64::from(entry.u32_le(8)?) | u64::from(entry.u16_le(6)?) << 32;
        self.push(logical.into(), count.into(), physical, written)
    }

    fn extent_index(&mut self, entry: &Record<'_>, depth: u16) -> Flow {
        let number = u64::from(entry.u32_le(4)?) | u64::from(entry.u16_le(8)?) << 32;
        let BlockOfMap { block, is_verified } = self.map_block(number)?;
        if !is_verified {
            self.verify(&block)?;
        }
        self.extent_node(&block, Some(depth))
    }

    /// Notes a wrong checksum in the tail of an extent block.
    fn verify(&self, bytes: &[u8]) -> Result<(), FsError> {
        let record = Record::new("extent block", bytes);
        let tail = usize::from(record.u16_le(4)?).saturating_mul(12).saturating_add(12);
        if self.volume.has_checksums()
            && let Ok(found) = record.u32_le(tail)
        {
            let seed = self.inode.checksum_seed(self.volume.superblock.checksum_seed);
            if crc32c(seed, record.bytes(0, tail)?) != found {
                self.volume.ledger.wrong(Structure::ExtentBlock, self.inode.number);
            }
        }
        Ok(())
    }

    fn indirect_root(&mut self) -> Flow {
        let per_block = self.block_size / 4;
        let block = self.inode.block;
        let mut logical = 0;
        for (index, pointer) in pointers(&block).enumerate() {
            let level = index.saturating_sub(11);
            let span = (0..level).fold(1_u64, |span, _| span.saturating_mul(per_block));
            if self.indirect(pointer.into(), level, span, logical)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            logical = logical.saturating_add(span);
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Maps `span` blocks of the file from `logical` on; `pointer` is `level` steps above their data.
    fn indirect(&mut self, pointer: u64, level: usize, span: u64, logical: u64) -> Flow {
        if logical.saturating_mul(self.block_size) >= self.size {
            return Ok(ControlFlow::Break(()));
        }
        if pointer == 0 {
            return Ok(ControlFlow::Continue(()));
        }
        let Some(beneath) = level.checked_sub(1) else {
            return self.push(logical, 1, pointer, true);
        };
        let BlockOfMap { block: bytes, .. } = self.map_block(pointer)?;
        let step = span / (self.block_size / 4);
        for (index, pointer) in pointers(&bytes).enumerate() {
            let logical = logical.saturating_add(step.saturating_mul(index as u64));
            if self.indirect(pointer.into(), beneath, step, logical)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn corrupt(&self, problem: String) -> FsError {
        FsError::corrupt("block map of inode", self.inode.number, problem)
    }
}

fn pointers(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    bytes.as_chunks::<4>().0.iter().map(|&word| u32::from_le_bytes(word))
}
