//! Group descriptors: where each group's bitmaps and inodes lie.
//!
//! Reference: the kernel's Documentation/filesystems/ext4/group_descr.rst.

use super::superblock::{INCOMPAT_META_BG, Superblock};
use crate::budget::Budget;
use crate::bytes::{Record, Source, read_vec};
use crate::fs::FsError;

/// The bitmap was never written: every block but the metadata is free.
const BLOCK_UNINIT: u16 = 0x2;

/// A group's places, in blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group {
    pub(super) block_bitmap: u64,
    pub(super) inode_bitmap: u64,
    pub(super) inode_table: u64,
    pub(super) block_uninit: bool,
}

/// Reads the descriptors of all groups; `copy` picks which copy of the superblock they follow (0: the
/// primary). With `meta_bg` they lie in the groups they describe.
pub(super) fn read(
    source: &dyn Source,
    sb: &Superblock,
    copy: u64,
    budget: &Budget,
) -> Result<Vec<Group>, FsError> {
    let count = sb.groups();
    let size = u64::from(sb.desc_size);
    if count.saturating_mul(size) > budget.metadata_bytes {
        return Err(FsError::Unsupported(format!("{count} block groups: more than the budget of metadata")));
    }
    let per_block = u64::from(sb.block_size) / size;
    let mut groups = Vec::new();
    for first in (0..count).step_by(usize::try_from(per_block).unwrap_or(1).max(1)) {
        let index = first / per_block.max(1);
        let block = table_block(sb, index, first, copy);
        let bytes = read_vec(source, block.saturating_mul(sb.block_size.into()), sb.block_size as usize)?;
        let table = Record::new("group descriptors", &bytes);
        for slot in 0..per_block.min(count.saturating_sub(first)) {
            let at = usize::try_from(slot.saturating_mul(size)).unwrap_or(usize::MAX);
            groups.push(parse(&table.part("group descriptor", at, sb.desc_size.into())?)?);
        }
    }
    Ok(groups)
}

/// The block that holds the descriptors from group `first` on.
fn table_block(sb: &Superblock, index: u64, first: u64, copy: u64) -> u64 {
    let meta = sb.incompat & INCOMPAT_META_BG != 0 && index >= sb.first_meta_bg.into();
    if meta {
        // Backups are in the second and the last group of each meta group.
        let group = if copy == 0 { first } else { first.saturating_add(1) };
        let after = u64::from(sb.has_backup(group));
        // In group 0 of a file system of 1-KiB blocks the superblock is block 1, not the group's first.
        sb.group_start(group).saturating_add(after)
    } else {
        sb.group_start(copy)
            .saturating_add(1)
            .saturating_add(index)
            .saturating_add(u64::from(copy == 0 && sb.first_data_block == 0 && sb.block_size == 1024))
    }
}

fn parse(r: &Record<'_>) -> Result<Group, FsError> {
    let wide = r.len() >= 64;
    let join = |low: usize, high: usize| -> Result<u64, FsError> {
        let high = if wide { u64::from(r.u32_le(high)?) << 32 } else { 0 };
        Ok(u64::from(r.u32_le(low)?) | high)
    };
    Ok(Group {
        block_bitmap: join(0, 0x20)?,
        inode_bitmap: join(4, 0x24)?,
        inode_table: join(8, 0x28)?,
        block_uninit: r.u16_le(0x12)? & BLOCK_UNINIT != 0,
    })
}

/// Whether the places of all groups are possible.
pub(super) fn plausible(groups: &[Group], sb: &Superblock) -> bool {
    let inside = |block: u64| block > 0 && block < sb.blocks;
    groups
        .iter()
        .all(|group| inside(group.inode_table) && inside(group.block_bitmap) && inside(group.inode_bitmap))
}
