//! Leaves of all ages of one tree side by side, from object to object.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::rc::Rc;

use super::super::block::Block;
use super::super::key::Key;
use super::super::tree::Item;
use super::ground::Ground;
use super::scan::Found;
use crate::fs::FsError;

/// The items of an object in one leaf.
#[derive(Clone)]
pub(super) struct Share {
    pub(super) block: Rc<Block>,
    pub(super) found: Found,
    items: Range<usize>,
}

impl Share {
    /// The share of `object` in the leaf that was found.
    pub(super) fn of(ground: &Ground<'_>, found: Found, object: u64) -> Option<Self> {
        let block = Rc::new(ground.block(found.place)?);
        let items = block.position(Key::new(object, 0, 0))..end_of(&block, object);
        Some(Self { block, found, items })
    }

    /// Whether no item of another object follows in the leaf, so that it may go on in the next one.
    pub(super) fn reaches_end(&self) -> bool {
        self.items.end >= self.block.len()
    }

    /// Its items, in order.
    pub(super) fn items(&self) -> impl Iterator<Item = Item<'_>> {
        let item = |index| {
            let (key, data, offset) = self.block.item(index)?;
            Some(Item { key, data, logical: self.block.logical.saturating_add(offset as u64) })
        };
        self.items.clone().filter_map(item)
    }
}

/// Takes an object and its share in each leaf, until it breaks.
pub(super) type Visit<'v> = dyn FnMut(u64, &[Share]) -> ControlFlow<()> + 'v;

/// Hands each object of `leaves`, which are sorted by their first key, to `visit`, in order.
///
/// # Errors
/// [`FsError::OverLimit`] where more leaves hold the same object than may be in memory: some of them were left out.
pub(super) fn each_object(
    ground: &Ground<'_>,
    leaves: &[Found],
    visit: &mut Visit<'_>,
) -> Result<(), FsError> {
    let size = u64::from(ground.fs.volume.superblock.node_size);
    let limit = (ground.fs.volume.budget.metadata_bytes / 4 / size).max(16);
    let mut pending = leaves.iter().enumerate().peekable();
    // By the next object of each, and its number.
    let mut open: BTreeMap<(u64, usize), (Rc<Block>, Found)> = BTreeMap::new();
    let mut left_out = 0_u64;
    loop {
        let first = open.keys().next().map(|(object, _)| *object);
        let next = pending.peek().map(|(_, found)| found.first.object);
        let Some(object) = first.into_iter().chain(next).min() else { break };
        while let Some((index, found)) = pending.next_if(|(_, found)| found.first.object == object) {
            if open.len() as u64 >= limit {
                left_out += 1;
            } else if let Some(block) = ground.block(found.place) {
                open.insert((object, index), (Rc::new(block), *found));
            }
        }
        let shares = take_shares(&mut open, object);
        if visit(object, &shares).is_break() {
            return Ok(());
        }
    }
    let what = || format!("old leaves with the same inodes in memory; {left_out} more were left out");
    if left_out > 0 { Err(FsError::over_limit(what(), limit)) } else { Ok(()) }
}

/// The shares of `object`; its leaves stay open for their next one.
fn take_shares(open: &mut BTreeMap<(u64, usize), (Rc<Block>, Found)>, object: u64) -> Vec<Share> {
    let mut shares = Vec::new();
    while let Some(entry) = open.first_entry().filter(|entry| entry.key().0 == object) {
        let ((_, index), (block, found)) = entry.remove_entry();
        let items = block.position(Key::new(object, 0, 0))..end_of(&block, object);
        if let Some(next) = block.key(items.end) {
            open.insert((next.object, index), (Rc::clone(&block), found));
        }
        shares.push(Share { block, found, items });
    }
    shares
}

/// The index of the first item behind those of `object`.
fn end_of(block: &Block, object: u64) -> usize {
    object.checked_add(1).map_or(block.len(), |next| block.position(Key::new(next, 0, 0)))
}
