//! The journal's file as numbered blocks.

use super::JournalGeometry;
use crate::bytes::{Source, read_vec};
use crate::fs::{Extent, FsError, Place};

/// Reads blocks of the journal by number.
pub(super) struct Log<'a> {
    source: &'a dyn Source,
    extents: Vec<Extent>,
    block_size: u32,
}

impl<'a> Log<'a> {
    pub(super) fn new(source: &'a dyn Source, geometry: &JournalGeometry) -> Result<Self, FsError> {
        let block_size = geometry.block_size;
        if !block_size.is_power_of_two() || !(1024..=65536).contains(&block_size) {
            return Err(FsError::corrupt("journal", 0, format!("blocks of {block_size} bytes")));
        }
        let mut extents = geometry.blocks.clone();
        extents.sort_by_key(|extent| extent.start);
        Ok(Self { source, extents, block_size })
    }

    /// Number of blocks that the map of the file reaches to.
    pub(super) fn blocks(&self) -> u64 {
        let end = self.extents.last().map_or(0, |last| last.start.saturating_add(last.len));
        end / u64::from(self.block_size)
    }

    /// The content of `block`.
    pub(super) fn read(&self, block: u32) -> Result<Vec<u8>, FsError> {
        let offset = u64::from(block).saturating_mul(self.block_size.into());
        let after = self.extents.partition_point(|extent| extent.start <= offset);
        let extent = after.checked_sub(1).and_then(|index| self.extents.get(index));
        let place = extent.and_then(|extent| {
            let within = offset.checked_sub(extent.start)?;
            let end = within.checked_add(self.block_size.into())?;
            match extent.place {
                Place::Disk(base) if end <= extent.len => base.checked_add(within),
                _ => None,
            }
        });
        let place = place
            .ok_or_else(|| FsError::corrupt("journal block", block.into(), "is not in the journal's file"))?;
        Ok(read_vec(self.source, place, usize::try_from(self.block_size).unwrap_or_default())?)
    }
}
