//! What the file system uses its own blocks for.

use super::free;
use super::recovery;
use super::superblock;
use super::volume::Volume;
use crate::bytes::Span;
use crate::fs::{Area, Place};

/// Hands the boot block, the journal, and all tables and maps to `visit`.
pub(super) fn claims(volume: &Volume, visit: &mut dyn FnMut(Area, Span)) {
    visit(Area::Boot, Span::new(0, superblock::PRIMARY));
    for extent in recovery::journal(volume) {
        if let Place::Disk(at) = extent.place {
            visit(Area::Journal, Span::new(at, extent.len));
        }
    }
    let size = u64::from(volume.superblock.block_size);
    let mut blocks = |start: u64, end: u64| {
        let len = end.saturating_sub(start).saturating_mul(size);
        visit(Area::Structures, Span::new(start.saturating_mul(size), len));
    };
    for number in 0..volume.superblock.group_count() {
        let first = volume.superblock.group_start(number);
        blocks(first, first.saturating_add(free::base_metadata(volume, number)));
    }
    for (start, end) in free::metadata_spans(volume) {
        blocks(start, end);
    }
    // With blocks of 1 KiB the first one is before all groups.
    visit(Area::Structures, Span::new(superblock::PRIMARY, size.max(superblock::PRIMARY)));
}
