//! Directories: runs of entries whose inodes lie in one metadata block, each behind a header.

use std::ops::ControlFlow;

use super::inode::{self, Listing};
use super::metadata::Metadata;
use crate::bytes::Record;
use crate::fs::{FsError, NodeId, Visit};

/// Entries of one run at most.
const MAX_RUN: u32 = 256;

/// Hands the entries of the directory at `listing` to `visit`; `table` is the start of all directories.
pub(super) fn read(
    metadata: &Metadata,
    table: u64,
    listing: Listing,
    visit: &mut Visit<'_>,
) -> Result<(), FsError> {
    if listing.len == 0 {
        return Ok(());
    }
    let place = table.saturating_add(listing.block.into());
    let mut cursor = metadata.at(place, listing.offset.into())?;
    let mut left = listing.len;
    let corrupt = |problem: String| FsError::corrupt("directory at block", listing.block.into(), problem);
    while left > 0 {
        let bytes = cursor.take::<12>()?;
        let header = Record::new("directory header", &bytes);
        let (count, block) = (header.u32_le(0)?.saturating_add(1), header.u32_le(4)?);
        if count > MAX_RUN {
            return Err(corrupt(format!("a run of {count} entries")));
        }
        left = left.checked_sub(12).ok_or_else(|| corrupt("ends within a header".to_owned()))?;
        for _ in 0..count {
            let bytes = cursor.take::<8>()?;
            let entry = Record::new("directory entry", &bytes);
            let len = u32::from(entry.u16_le(6)?) + 1;
            let kind = inode::file_type(entry.u16_le(4)?).map(|(kind, _)| kind);
            let name = cursor.bytes(usize::try_from(len).unwrap_or(0))?;
            left = left.checked_sub(len + 8).ok_or_else(|| corrupt("ends within an entry".to_owned()))?;
            let node = NodeId(u64::from(block) << 16 | u64::from(entry.u16_le(0)?));
            if visit(&name, node, kind) == ControlFlow::Break(()) {
                return Ok(());
            }
        }
    }
    Ok(())
}
