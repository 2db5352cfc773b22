//! What is left of files that are no more: a block of a tree is copied whenever it changes, and the old one stays in
//! the free part of its chunk until that is used again.
//!
//! Every sound block of the chunks of metadata is taken: leaves of file trees hold inodes, names and places of
//! content; old leaves of the tree of checksums prove that content is still what it was.
//!
//! Reference: the btrfs documentation, "On-disk format"; `include/uapi/linux/btrfs_tree.h`.

use std::collections::BTreeSet;

use super::Btrfs;
use super::key::object;
use crate::bytes::Span;
use crate::fs::FsError;
use crate::fs::remains::{Remain, Take};

mod content;
mod ground;
mod history;
mod layout;
mod leaves;
mod names;
mod scan;
mod sums;
#[cfg(test)]
mod tests;

use ground::Ground;
use history::Historian;
use scan::Found;
use sums::Sums;

/// Hands what old blocks tell to `take`.
///
/// # Errors
/// [`FsError::Unsupported`] for several devices, as their free space is not known; and the first thing that was not read,
/// after the rest was handed on.
pub(super) fn remains(fs: &Btrfs, free: &[Span], take: &mut Take<'_>) -> Result<(), FsError> {
    let (count, device) = (fs.volume.superblock.device_count, fs.volume.devices.first());
    let Some(device) = device.filter(|_| count == 1) else {
        return Err(FsError::Unsupported(format!("remains of a file system on {count} devices")));
    };
    let mut scan = scan::find(&fs.volume, &device.source, free);
    let size = u64::from(fs.volume.superblock.node_size);
    for found in scan.found.iter().filter(|found| found.is_free) {
        let span = Span::new(found.place, size);
        if take(Remain::Used { span, order: found.order(0) }).is_break() {
            return Ok(());
        }
    }
    scan::keep_one_copy(&mut scan.found);
    let ground = Ground::new(fs, &device.source, scan.former, scan.found);
    let result = all_trees(&ground, take);
    scan.damage.map_or(result, Err)
}

/// Goes through the trees of files, those that are no more included.
fn all_trees(ground: &Ground<'_>, take: &mut Take<'_>) -> Result<(), FsError> {
    let trees = trees(ground);
    let mut sums = Sums::new(ground);
    let mut damage = None;
    for &tree in &trees {
        // Whose a leaf of a log is, only its root says: with one subvolume, it is that one's.
        let is_of = |found: &&Found| found.tree == tree || trees.len() == 1 && found.is_log();
        let mut own: Vec<Found> =
            ground.blocks.iter().filter(|found| found.level == 0).filter(is_of).copied().collect();
        own.sort_unstable_by_key(|found| (found.first, found.generation));
        let mut historian = Historian { ground, trees: &trees, tree, sums: &mut sums };
        let mut stopped = false;
        let result = leaves::each_object(ground, &own, &mut |number, shares| {
            let flow = historian.inode(number, shares, take);
            stopped = flow.is_break();
            flow
        });
        damage = damage.or(result.err());
        if stopped {
            return Ok(());
        }
    }
    damage.map_or(Ok(()), Err)
}

/// The trees of files: those of today, in the order of their index, and behind them those that only old blocks know.
fn trees(ground: &Ground<'_>) -> Vec<u64> {
    let mut trees: Vec<u64> = ground.fs.subvolumes.iter().map(|subvolume| subvolume.id).collect();
    let leaves = ground.blocks.iter().filter(|found| found.level == 0);
    let owners = leaves.map(|found| found.tree).filter(|&tree| object::is_subvolume(tree));
    let gone: BTreeSet<u64> = owners.filter(|tree| !trees.contains(tree)).collect();
    trees.extend(gone);
    trees
}
