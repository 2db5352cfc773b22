//! Free space, from the bitmaps of the groups.

use std::ops::ControlFlow;

use super::groups::{Group, descriptors_per_block};
use super::ledger::Structure;
use super::superblock::incompat;
use super::volume::Volume;
use crate::bytes::Span;
use crate::fs::FsError;

/// Hands each run of free bytes to `visit`, in order.
///
/// # Errors
/// The first [`FsError`] met, after the maps of all groups that can be read were handed on.
pub(super) fn unallocated(
    volume: &Volume,
    visit: &mut dyn FnMut(Span) -> ControlFlow<()>,
) -> Result<(), FsError> {
    let mut runs = Runs { volume, visit, start: 0, end: 0 };
    let uninit = volume.groups.iter().any(|group| group.block_uninit);
    let metadata = if uninit { metadata_spans(volume) } else { Vec::new() };
    let owned = owned_since(volume);
    let mut damage = None;
    for (number, group) in (0..).zip(&volume.groups) {
        let flow = group_map(volume, number, group, &metadata).map(|mut map| {
            mark_used(volume, number, &mut map, inside(volume, number, &owned));
            runs.group(number, &map)
        });
        match flow {
            Ok(ControlFlow::Break(())) => return Ok(()),
            Ok(ControlFlow::Continue(())) => {}
            Err(error) => {
                damage.get_or_insert(error);
            }
        }
    }
    let _flow = runs.flush();
    damage.map_or(Ok(()), Err)
}

struct Runs<'a> {
    volume: &'a Volume,
    visit: &'a mut dyn FnMut(Span) -> ControlFlow<()>,
    /// The run at hand, in blocks.
    start: u64,
    end: u64,
}

impl Runs<'_> {
    /// The free clusters of a group: zero bits of its bitmap.
    fn group(&mut self, number: u64, map: &[u8]) -> ControlFlow<()> {
        let superblock = &self.volume.superblock;
        let ratio = superblock.cluster_ratio;
        let first = superblock.group_start(number);
        let last = superblock.group_start(number.saturating_add(1)).min(superblock.blocks_count);
        let mut block = first;
        for &byte in map {
            if block >= last {
                break;
            }
            // Most bytes are all used or all free.
            if byte == 0xFF {
                block = block.saturating_add(ratio.saturating_mul(8));
                continue;
            }
            for bit in 0..8 {
                if byte >> bit & 1 == 0 && block < last {
                    self.free(block, block.saturating_add(ratio).min(last))?;
                }
                block = block.saturating_add(ratio);
            }
        }
        ControlFlow::Continue(())
    }

    fn free(&mut self, start: u64, end: u64) -> ControlFlow<()> {
        if start == self.end && self.end > self.start {
            self.end = end;
            return ControlFlow::Continue(());
        }
        let flow = self.flush();
        (self.start, self.end) = (start, end);
        flow
    }

    fn flush(&mut self) -> ControlFlow<()> {
        let size = u64::from(self.volume.superblock.block_size);
        let span = Span::new(
            self.start.saturating_mul(size),
            self.end.saturating_sub(self.start).saturating_mul(size),
        );
        if span.len == 0 { ControlFlow::Continue(()) } else { (self.visit)(span) }
    }
}

fn group_map(
    volume: &Volume,
    number: u64,
    group: &Group,
    metadata: &[(u64, u64)],
) -> Result<Vec<u8>, FsError> {
    if !group.usable {
        return Err(FsError::corrupt("group descriptor", number, "its block bitmap is lost"));
    }
    if group.block_uninit {
        return Ok(computed_map(volume, number, metadata));
    }
    let map = volume.block(group.block_bitmap)?;
    if volume.has_checksums() && !group.block_bitmap_matches(&volume.superblock, &map) {
        // The kernel takes no block by it, and an audit leaves none out.
        volume.ledger.wrong(Structure::BlockBitmap, number);
        return Err(FsError::corrupt("block bitmap of group", number, "its checksum is wrong"));
    }
    Ok(map)
}

/// The bitmap of a group that was never written: only metadata is in use.
fn computed_map(volume: &Volume, number: u64, metadata: &[(u64, u64)]) -> Vec<u8> {
    let superblock = &volume.superblock;
    let mut map = vec![0; superblock.block_size as usize];
    let first = superblock.group_start(number);
    let base = (first, first.saturating_add(base_metadata(volume, number)));
    mark_used(volume, number, &mut map, inside(volume, number, metadata).chain([base]));
    map
}

/// Those of the sorted `spans` that lie in a group.
fn inside(volume: &Volume, number: u64, spans: &[(u64, u64)]) -> impl Iterator<Item = (u64, u64)> {
    let first = volume.superblock.group_start(number);
    let last = volume.superblock.group_start(number.saturating_add(1));
    let from = spans.partition_point(|&(_, end)| end <= first);
    spans.get(from..).unwrap_or_default().iter().copied().take_while(move |&(start, _)| start < last)
}

/// What files own since the bitmaps were written, sorted, pieces that touch put together.
fn owned_since(volume: &Volume) -> Vec<(u64, u64)> {
    let mut spans: Vec<(u64, u64)> = volume.fast_commits.owned().collect();
    spans.sort_unstable();
    spans.dedup_by(|next, last| {
        let touches = next.0 <= last.1;
        last.1 = if touches { last.1.max(next.1) } else { last.1 };
        touches
    });
    spans
}

/// Sets the bits of a group's map for those `spans` (first block, block after the last) that lie in it.
fn mark_used(volume: &Volume, number: u64, map: &mut [u8], spans: impl Iterator<Item = (u64, u64)>) {
    let superblock = &volume.superblock;
    let first = superblock.group_start(number);
    let last = superblock.group_start(number.saturating_add(1));
    for (start, end) in spans {
        let start = start.max(first).saturating_sub(first) / superblock.cluster_ratio;
        let end = end.min(last).saturating_sub(first).div_ceil(superblock.cluster_ratio);
        for bit in start..end {
            if let Some(byte) = usize::try_from(bit / 8).ok().and_then(|index| map.get_mut(index)) {
                *byte |= 1 << (bit % 8);
            }
        }
    }
}

/// How many blocks at the start of the group hold superblock and descriptors.
pub(super) fn base_metadata(volume: &Volume, number: u64) -> u64 {
    let superblock = &volume.superblock;
    let per_block = descriptors_per_block(superblock);
    let copy = u64::from(superblock.has_super(number));
    let meta = superblock.has_incompat(incompat::META_BG);
    if meta && number / per_block >= superblock.first_meta_bg {
        let place = number % per_block;
        return copy + u64::from(place <= 1 || place + 1 == per_block);
    }
    if copy == 0 {
        return 0;
    }
    let descriptors =
        if meta { superblock.first_meta_bg } else { superblock.group_count().div_ceil(per_block) };
    copy.saturating_add(descriptors).saturating_add(superblock.reserved_gdt_blocks)
}

/// Bitmaps and inode tables of all groups, sorted: with flex_bg they lie anywhere.
pub(super) fn metadata_spans(volume: &Volume) -> Vec<(u64, u64)> {
    let superblock = &volume.superblock;
    let table = u64::from(superblock.inodes_per_group)
        .saturating_mul(superblock.inode_size.into())
        .div_ceil(superblock.block_size.into());
    let mut spans: Vec<(u64, u64)> = volume
        .groups
        .iter()
        .filter(|group| group.usable)
        .flat_map(|group| [(group.block_bitmap, 1), (group.inode_bitmap, 1), (group.inode_table, table)])
        .map(|(start, len)| (start, start.saturating_add(len)))
        .collect();
    spans.sort_unstable();
    spans
}
