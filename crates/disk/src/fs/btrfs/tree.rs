//! A tree: items in the order of their keys.

use std::ops::ControlFlow;

use super::block::{Block, Pointer};
use super::key::Key;
use super::volume::Volume;
use crate::fs::FsError;

/// An item as a look-up hands it on.
pub(super) struct Item<'b> {
    pub(super) key: Key,
    pub(super) data: &'b [u8],
    /// Logical address of `data`.
    pub(super) logical: u64,
}

/// Takes items until it breaks.
pub(super) type Each<'e> = dyn FnMut(Item<'_>) -> Result<ControlFlow<()>, FsError> + 'e;

/// Where to begin.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// At the key, or the first behind it.
    Key,
    /// At the key, or the last before it: what covers it.
    Covering,
}

/// Hands the items from `range.0` to `range.1` (inclusive) of the tree at `root` to `each`, in order.
///
/// Keys of a block lie between those of its parent's pointers, so that no block is met twice, whatever
/// an image says.
///
/// # Errors
/// The first [`FsError`] met, after every item in a sound block was handed on.
pub(super) fn scan(
    volume: &Volume,
    root: &Pointer,
    range: (Key, Key),
    from: From,
    each: &mut Each<'_>,
) -> Result<(), FsError> {
    let mut scan = Scan { volume, range, from, each, damage: None };
    let bounds = (None, None);
    let _flow = scan.node(root, bounds);
    scan.damage.map_or(Ok(()), Err)
}

struct Scan<'a, 'e> {
    volume: &'a Volume,
    range: (Key, Key),
    from: From,
    each: &'a mut Each<'e>,
    damage: Option<FsError>,
}

/// The least key that may be in a block, and the least that may not.
type Bounds = (Option<Key>, Option<Key>);

impl Scan<'_, '_> {
    fn node(&mut self, pointer: &Pointer, bounds: Bounds) -> ControlFlow<()> {
        let block = match self.volume.block(pointer) {
            Ok(block) => block,
            Err(error) => return self.damaged(error),
        };
        let last = block.len().checked_sub(1).and_then(|last| block.key(last));
        if bounds.1.is_some() && last >= bounds.1 {
            let problem = "holds keys that belong to the next block";
            return self.damaged(FsError::corrupt("tree block", block.logical, problem));
        }
        if block.level == 0 { self.leaf(&block) } else { self.pointers(pointer.tree, &block, bounds) }
    }

    fn pointers(&mut self, tree: u64, block: &Block, bounds: Bounds) -> ControlFlow<()> {
        let at = block.position(self.range.0);
        let exact = block.key(at) == Some(self.range.0);
        let mut index = if exact { at } else { at.saturating_sub(1) };
        while let Some(pointer) = block.pointer(tree, index) {
            if pointer.first.is_some_and(|key| key > self.range.1) {
                break;
            }
            index = index.saturating_add(1);
            let next = block.key(index).or(bounds.1);
            self.node(&pointer, (pointer.first, next))?;
        }
        ControlFlow::Continue(())
    }

    fn leaf(&mut self, block: &Block) -> ControlFlow<()> {
        let at = block.position(self.range.0);
        let before = self.from == From::Covering && block.key(at) != Some(self.range.0);
        let mut index = if before { at.saturating_sub(1) } else { at };
        while let Some((key, data, offset)) = block.item(index) {
            if key > self.range.1 {
                return ControlFlow::Break(());
            }
            let logical = block.logical.saturating_add(offset as u64);
            match (self.each)(Item { key, data, logical }) {
                Ok(flow) => flow?,
                Err(error) => self.damaged(error)?,
            }
            index = index.saturating_add(1);
        }
        ControlFlow::Continue(())
    }

    /// Keeps the first damage and goes on.
    fn damaged(&mut self, error: FsError) -> ControlFlow<()> {
        self.damage.get_or_insert(error);
        ControlFlow::Continue(())
    }
}
