//! Blocks that were read and checked, kept for the next look: every look at a tree begins at its root.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::block::Block;

/// Parts of the cache, each with its own lock, so that threads seldom meet.
const SHARDS: usize = 16;
/// Bytes of blocks in the younger half of a part; the whole cache takes up to 32 times as much.
const SHARD_BYTES: usize = 2 << 20;

/// Blocks by logical address. A part has two halves: when the younger is full, it becomes the older, and
/// what nobody asked for since then goes.
#[derive(Default)]
pub(super) struct Cache {
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    young: HashMap<u64, Arc<Block>>,
    old: HashMap<u64, Arc<Block>>,
    /// Bytes of the blocks in `young`.
    bytes: usize,
}

impl Cache {
    pub(super) fn get(&self, logical: u64) -> Option<Arc<Block>> {
        let mut shard = self.shard(logical)?;
        if let Some(block) = shard.young.get(&logical) {
            return Some(Arc::clone(block));
        }
        let block = shard.old.remove(&logical)?;
        shard.keep(&block);
        Some(block)
    }

    pub(super) fn put(&self, block: &Arc<Block>) {
        if let Some(mut shard) = self.shard(block.logical) {
            shard.keep(block);
        }
    }

    fn shard(&self, logical: u64) -> Option<MutexGuard<'_, Shard>> {
        let index = usize::try_from((logical >> 12).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60).ok()?;
        Some(self.shards.get(index)?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shard {
    fn keep(&mut self, block: &Arc<Block>) {
        if self.bytes >= SHARD_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        self.bytes = self.bytes.saturating_add(block.size());
        self.young.insert(block.logical, Arc::clone(block));
    }
}
