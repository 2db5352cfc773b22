//! The map of a file's blocks: an extent tree, or direct and indirect blocks.
//!
//! References: the kernel's Documentation/filesystems/ext4/{ifork,blockmap}.rst.

use super::Ext;
use super::inode::{FLAG_EXTENTS, FLAG_INLINE_DATA, Inode};
use crate::bytes::Record;
use crate::fs::{Extent, FileType, FsError, Place};

const EXTENT_MAGIC: u16 = 0xf30a;
const EXTENT_DEPTH: u16 = 5;
/// A longer extent is one that was not yet written, of this many blocks less.
const LONGEST_WRITTEN: u16 = 0x8000;

/// A run of blocks.
struct Run {
    logical: u64,
    count: u64,
    physical: u64,
    written: bool,
}

/// Collects runs into extents in bytes, merges neighbours and fills holes.
struct Builder<'a> {
    ext: &'a Ext,
    inode: &'a Inode,
    extents: Vec<Extent>,
}

/// The extents of a file, in order and without gaps.
pub(super) fn extents(ext: &Ext, inode: &Inode) -> Result<Vec<Extent>, FsError> {
    let size = inode.metadata.size;
    if inode.has(FLAG_INLINE_DATA) {
        return Ok(vec![Extent { start: 0, len: size, place: Place::Opaque }]);
    }
    let mut builder = Builder { ext, inode, extents: Vec::new() };
    if inode.has(FLAG_EXTENTS) {
        let depth = Record::new("extent header", &inode.block).u16_le(6)?;
        builder.extent_node(&inode.block, 0, depth)?;
    } else if !matches!(inode.metadata.file_type, FileType::CharDevice | FileType::BlockDevice) {
        builder.indirect()?;
    }
    builder.finish(size)
}

impl Builder<'_> {
    fn corrupt(&self, problem: String) -> FsError {
        FsError::corrupt("inode", self.inode.number, problem)
    }

    fn extent_node(&mut self, bytes: &[u8], block: u64, depth: u16) -> Result<(), FsError> {
        let node = Record::new("extent block", bytes);
        let (magic, entries, own) = (node.u16_le(0)?, node.u16_le(2)?, node.u16_le(6)?);
        if magic != EXTENT_MAGIC || own != depth || depth > EXTENT_DEPTH {
            return Err(self.corrupt(format!("extent block {block}: magic {magic:#x}, depth {own}")));
        }
        for index in 0..usize::from(entries) {
            let entry = node.part("extent", 12_usize.saturating_mul(index.saturating_add(1)), 12)?;
            if depth == 0 {
                self.extent_leaf(&entry)?;
            } else {
                let child = u64::from(entry.u32_le(4)?) | u64::from(entry.u16_le(8)?) << 32;
                let bytes = self.ext.block(child)?;
                self.extent_node(&bytes, child, depth - 1)?;
            }
        }
        Ok(())
    }

    fn extent_leaf(&mut self, entry: &Record<'_>) -> Result<(), FsError> {
        let length = entry.u16_le(4)?;
        let written = length <= LONGEST_WRITTEN;
        let count = if written { length } else { length - LONGEST_WRITTEN };
        let physical = u64::from(entry.u32_le(8)?) | u64::from(entry.u16_le(6)?) << 32;
        self.push(&Run { logical: entry.u32_le(0)?.into(), count: count.into(), physical, written })
    }

    /// Twelve direct blocks, then one, two and three levels of blocks of block numbers.
    fn indirect(&mut self) -> Result<(), FsError> {
        let words = Record::new("block map", &self.inode.block);
        let blocks = self.inode.metadata.size.div_ceil(self.ext.sb.block_size.into());
        for logical in 0..12_u64.min(blocks) {
            let physical = words.u32_le(usize::try_from(logical).unwrap_or(0).saturating_mul(4))?;
            self.pointer(logical, physical)?;
        }
        let per_block = u64::from(self.ext.sb.block_size) / 4;
        let mut at = 12;
        let mut span = per_block;
        for level in 1..=3_u32 {
            let root = words.u32_le(44_usize.saturating_add(4_usize.saturating_mul(level as usize)))?;
            if root != 0 && at < blocks {
                self.indirect_block(root, level, at, span, blocks)?;
            }
            at = at.saturating_add(span);
            span = span.saturating_mul(per_block);
        }
        Ok(())
    }

    fn indirect_block(
        &mut self,
        block: u32,
        level: u32,
        first: u64,
        span: u64,
        end: u64,
    ) -> Result<(), FsError> {
        let bytes = self.ext.block(block.into())?;
        let words = Record::new("indirect block", &bytes);
        let per_block = u64::from(self.ext.sb.block_size) / 4;
        let step = span / per_block.max(1);
        for slot in 0..per_block {
            let at = first.saturating_add(slot.saturating_mul(step));
            if at >= end {
                break;
            }
            let pointer = words.u32_le(usize::try_from(slot).unwrap_or(0).saturating_mul(4))?;
            match (pointer, level) {
                (0, _) => {}
                (_, 1) => self.pointer(at, pointer)?,
                _ => self.indirect_block(pointer, level - 1, at, step, end)?,
            }
        }
        Ok(())
    }

    fn pointer(&mut self, logical: u64, physical: u32) -> Result<(), FsError> {
        if physical == 0 {
            return Ok(());
        }
        self.push(&Run { logical, count: 1, physical: physical.into(), written: true })
    }

    fn push(&mut self, run: &Run) -> Result<(), FsError> {
        let unit = u64::from(self.ext.sb.block_size);
        let end =
            run.physical.checked_add(run.count).filter(|&end| end <= self.ext.sb.blocks && run.physical > 0);
        if end.is_none() {
            return Err(self.corrupt(format!(
                "{} blocks at block {} lie outside the file system",
                run.count, run.physical
            )));
        }
        let start = run.logical.saturating_mul(unit);
        let len = run.count.saturating_mul(unit);
        let place =
            if run.written { Place::Disk(run.physical.saturating_mul(unit)) } else { Place::Unwritten };
        let at = self.extents.last().map_or(0, |last| last.start.saturating_add(last.len));
        if start < at {
            return Err(self.corrupt(format!("the map of blocks goes back to {start} after {at}")));
        }
        if start > at {
            self.extents.push(Extent { start: at, len: start.saturating_sub(at), place: Place::Hole });
        }
        match self.extents.last_mut() {
            Some(last) if joins(last, place) => last.len = last.len.saturating_add(len),
            _ => self.extents.push(Extent { start, len, place }),
        }
        if self.extents.len() as u64 > self.ext.budget.extents {
            return Err(FsError::Unsupported(format!(
                "a file of more than {} extents",
                self.ext.budget.extents
            )));
        }
        Ok(())
    }

    /// Cuts the extents at the size.
    fn finish(mut self, size: u64) -> Result<Vec<Extent>, FsError> {
        self.extents.retain_mut(|extent| {
            extent.len = extent.len.min(size.saturating_sub(extent.start));
            extent.len > 0
        });
        Ok(self.extents)
    }
}

fn joins(last: &Extent, place: Place) -> bool {
    match (last.place, place) {
        (Place::Disk(at), Place::Disk(next)) => at.checked_add(last.len) == Some(next),
        (Place::Unwritten, Place::Unwritten) => true,
        _ => false,
    }
}
