//! Free space, from the block bitmaps.
//!
//! A group that was never used has no bitmap on the disk (`BLOCK_UNINIT`): its blocks are free but for the
//! metadata that lies there, its own and, with flex groups, that of others.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::Ext;
use crate::bytes::Span;
use crate::fs::FsError;

/// Hands each run of free bytes to `visit`, in order.
pub(super) fn spans(ext: &Ext, visit: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError> {
    let unit = u64::from(ext.sb.block_size);
    let mut runs = Runs { visit, open: None, done: false };
    let metadata =
        ext.groups.iter().any(|group| group.block_uninit).then(|| metadata_blocks(ext)).unwrap_or_default();
    for (number, group) in (0_u64..).zip(&ext.groups) {
        let start = ext.sb.group_start(number);
        let blocks = u64::from(ext.sb.blocks_per_group).min(ext.sb.blocks.saturating_sub(start));
        let clusters = blocks.div_ceil(ext.sb.cluster_blocks.into());
        let uninit = group.block_uninit && ext.sb.has_lazy_groups();
        let bitmap = if uninit { Vec::new() } else { ext.block(group.block_bitmap)? };
        for cluster in 0..clusters {
            let first = start.saturating_add(cluster.saturating_mul(ext.sb.cluster_blocks.into()));
            let count = u64::from(ext.sb.cluster_blocks).min(ext.sb.blocks.saturating_sub(first));
            let used = if uninit {
                metadata.range(first..first.saturating_add(count)).next().is_some()
            } else {
                let byte =
                    usize::try_from(cluster / 8).ok().and_then(|at| bitmap.get(at)).copied().unwrap_or(0xff);
                byte >> (cluster % 8) & 1 == 1
            };
            if !used {
                runs.add(Span::new(first.saturating_mul(unit), count.saturating_mul(unit)));
            }
        }
    }
    runs.flush();
    Ok(())
}

/// Joins neighbours.
struct Runs<'v> {
    visit: &'v mut dyn FnMut(Span) -> ControlFlow<()>,
    open: Option<Span>,
    done: bool,
}

impl Runs<'_> {
    fn add(&mut self, span: Span) {
        match &mut self.open {
            Some(open) if open.end() == Some(span.offset) => open.len = open.len.saturating_add(span.len),
            _ => {
                self.flush();
                self.open = Some(span);
            }
        }
    }

    fn flush(&mut self) {
        if let Some(span) = self.open.take().filter(|_| !self.done) {
            self.done = (self.visit)(span).is_break();
        }
    }
}

/// Blocks of superblocks, descriptors, bitmaps and inode tables of all groups.
fn metadata_blocks(ext: &Ext) -> BTreeSet<u64> {
    let sb = &ext.sb;
    let table =
        u64::from(sb.inodes_per_group).saturating_mul(sb.inode_size.into()).div_ceil(sb.block_size.into());
    let descriptors = sb.groups().saturating_mul(sb.desc_size.into()).div_ceil(sb.block_size.into());
    let mut blocks = BTreeSet::new();
    for (number, group) in (0_u64..).zip(&ext.groups) {
        blocks.extend([group.block_bitmap, group.inode_bitmap]);
        blocks.extend(group.inode_table..group.inode_table.saturating_add(table));
        if sb.has_backup(number) {
            let start = sb.group_start(number);
            let reserved = u64::from(sb.reserved_descriptors);
            blocks
                .extend(start..start.saturating_add(1).saturating_add(descriptors).saturating_add(reserved));
        }
    }
    blocks
}
