//! What was unpacked lately, shared by all threads and bounded in bytes.
//!
//! The blocks are spread over shards by their place, so that threads seldom wait for each other; each shard
//! forgets what was not asked for the longest. Two threads may unpack the same block at once: that is
//! cheaper than to let one wait for the other.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

const SHARDS: usize = 8;

/// Blocks by their place in the source.
pub(super) struct BlockCache<T> {
    shards: [Mutex<VecDeque<Kept<T>>>; SHARDS],
    /// Blocks that a shard keeps.
    room: usize,
}

struct Kept<T> {
    place: u64,
    block: Arc<T>,
}

impl<T> BlockCache<T> {
    /// A cache for `bytes` bytes in blocks of at most `block` bytes; two blocks a shard at least.
    pub(super) fn new(bytes: usize, block: usize) -> Self {
        let room = (bytes / block.max(1) / SHARDS).max(2);
        Self { shards: std::array::from_fn(|_| Mutex::default()), room }
    }

    /// The block at `place`, made by `make` if it is not kept; what cannot be made is not remembered.
    pub(super) fn get<E>(&self, place: u64, make: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        // Places are multiples of something: the upper bits of the product depend on all of theirs.
        let index = (place.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 61) as usize;
        let Some(shard) = self.shards.get(index) else { return make().map(Arc::new) };
        if let Some(block) = touch(&mut shard.lock().unwrap_or_else(PoisonError::into_inner), place) {
            return Ok(block);
        }
        let block = Arc::new(make()?);
        let mut kept = shard.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back(Kept { place, block: Arc::clone(&block) });
        if kept.len() > self.room {
            kept.pop_front();
        }
        Ok(block)
    }
}

/// The block at `place`, which becomes the last to be forgotten.
fn touch<T>(kept: &mut VecDeque<Kept<T>>, place: u64) -> Option<Arc<T>> {
    let index = kept.iter().rposition(|kept| kept.place == place)?;
    let found = kept.remove(index)?;
    let block = Arc::clone(&found.block);
    kept.push_back(found);
    Some(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(cache: &BlockCache<u64>, place: u64) -> bool {
        let mut made = false;
        let make = || {
            made = true;
            Ok::<u64, ()>(place)
        };
        assert_eq!(*cache.get(place, make).unwrap(), place);
        made
    }

    #[test]
    fn a_block_is_made_once_while_it_is_kept() {
        let cache = BlockCache::new(1 << 20, 4096);
        assert!(ask(&cache, 7) && !ask(&cache, 7));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let cache = BlockCache::new(1 << 20, 4096);
        (0..10_000).for_each(|place| assert!(ask(&cache, place)));
        let kept: usize = cache.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert!(kept <= 256);
    }

    #[test]
    fn what_cannot_be_made_is_an_error_each_time() {
        let cache = BlockCache::<u64>::new(1 << 20, 4096);
        assert_eq!(cache.get(1, || Err("broken")), Err("broken"));
        assert!(ask(&cache, 1));
    }
}
