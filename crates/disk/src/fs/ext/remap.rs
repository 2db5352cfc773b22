//! The map of a file after the changes that fast commits tell of.

use std::collections::BTreeMap;

use super::fast_commit::RangeChange;
use super::inode::Inode;
use super::volume::Volume;
use crate::fs::content::Map;
use crate::fs::{Extent, FsError, Place};

/// Applies the changes of `inode` to its map on the disk, the oldest first.
pub(super) fn remap(volume: &Volume, inode: &Inode, map: Map) -> Map {
    let changes = volume.fast_commits.ranges(inode.number);
    if changes.is_empty() {
        return map;
    }
    let parts = map.extents.into_iter().filter(|extent| extent.place != Place::Hole);
    let mut parts: Parts = parts.map(|extent| (extent.start, extent)).collect();
    let mut damage = map.damage;
    for change in changes {
        if let Err(error) = apply(volume, inode, &mut parts, *change) {
            damage.get_or_insert(error);
        }
    }
    Map { extents: with_holes(parts), damage }
}

/// Extents by their start in the file; none overlaps another.
type Parts = BTreeMap<u64, Extent>;

fn apply(volume: &Volume, inode: &Inode, parts: &mut Parts, change: RangeChange) -> Result<(), FsError> {
    let block_size = u64::from(volume.superblock.block_size);
    let start = change.start.saturating_mul(block_size).min(inode.metadata.size);
    let len = change.count.saturating_mul(block_size).min(inode.metadata.size.saturating_sub(start));
    cut(parts, start, start.saturating_add(len));
    let Some((physical, written)) = change.place.filter(|_| len > 0) else { return Ok(()) };
    let total = volume.superblock.blocks_count;
    if physical == 0 || physical.checked_add(change.count).is_none_or(|end| end > total) {
        let problem = format!("blocks {physical}+{} of {total} in a fast commit", change.count);
        parts.insert(start, Extent { start, len, place: Place::Lost });
        return Err(FsError::corrupt("block map of inode", inode.number, problem));
    }
    let place = if written { Place::Disk(physical.saturating_mul(block_size)) } else { Place::Unwritten };
    parts.insert(start, Extent { start, len, place });
    Ok(())
}

/// Takes the bytes from `start` to `end` out.
fn cut(parts: &mut Parts, start: u64, end: u64) {
    let touched: Vec<u64> = parts
        .range(..end)
        .rev()
        .take_while(|(_, extent)| extent.start.saturating_add(extent.len) > start)
        .map(|(&at, _)| at)
        .collect();
    for at in touched {
        let Some(extent) = parts.remove(&at) else { continue };
        for rest in [before(extent, start), after(extent, end)].into_iter().flatten() {
            parts.insert(rest.start, rest);
        }
    }
}

/// The part of `extent` before byte `at` of the file.
fn before(extent: Extent, at: u64) -> Option<Extent> {
    let len = extent.len.min(at.saturating_sub(extent.start));
    (len > 0).then_some(Extent { len, ..extent })
}

/// The part of `extent` from byte `at` of the file on.
fn after(extent: Extent, at: u64) -> Option<Extent> {
    let skipped = at.saturating_sub(extent.start);
    let len = extent.len.saturating_sub(skipped);
    let place = match extent.place {
        Place::Disk(place) => Place::Disk(place.saturating_add(skipped)),
        other => other,
    };
    (len > 0).then_some(Extent { start: extent.start.saturating_add(skipped), len, place })
}

/// The same extents in order, with those between them that say that there is nothing.
fn with_holes(parts: Parts) -> Vec<Extent> {
    let mut whole = Vec::with_capacity(parts.len());
    let mut end = 0;
    for part in parts.into_values() {
        if part.start > end {
            whole.push(Extent { start: end, len: part.start.saturating_sub(end), place: Place::Hole });
        }
        end = part.start.saturating_add(part.len);
        whole.push(part);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(start: u64, len: u64, at: u64) -> Extent {
        Extent { start, len, place: Place::Disk(at) }
    }

    #[test]
    fn what_is_cut_out_leaves_both_ends() {
        let mut parts = Parts::from([(0, disk(0, 100, 1000)), (200, disk(200, 50, 5000))]);
        cut(&mut parts, 40, 210);
        let hole = Extent { start: 40, len: 170, place: Place::Hole };
        assert_eq!(with_holes(parts), [disk(0, 40, 1000), hole, disk(210, 40, 5010)]);
    }

    #[test]
    fn a_cut_inside_one_extent_makes_two() {
        let mut parts = Parts::from([(0, disk(0, 100, 1000))]);
        cut(&mut parts, 40, 60);
        assert_eq!(parts.into_values().collect::<Vec<_>>(), [disk(0, 40, 1000), disk(60, 40, 1060)]);
    }
}
