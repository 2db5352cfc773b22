//! A table of block addresses in the image's file, read entry by entry: it is never as a whole in memory.

use std::sync::Arc;

use crate::bytes::{ReadError, Source, read_vec};

/// Entries that are read at once.
const BATCH: u64 = 512;

/// 32-bit entries, one a block.
pub(super) struct Table {
    /// Where it is.
    pub(super) file: Arc<dyn Source>,
    /// Its first byte in the file.
    pub(super) offset: u64,
    /// Whether the most significant byte comes first.
    pub(super) big_endian: bool,
}

impl Table {
    /// The entries from `index`, at most `left` and at most a few hundred; at least one.
    pub(super) fn entries(&self, index: u64, left: u64) -> Result<Vec<u32>, ReadError> {
        let at = self.offset.saturating_add(index.saturating_mul(4));
        let room = self.file.len().saturating_sub(at) / 4;
        let count = left.clamp(1, BATCH).min(room.max(1));
        let bytes = read_vec(&*self.file, at, usize::try_from(count).unwrap_or(1).saturating_mul(4))?;
        let entry = |bytes: &[u8]| {
            let bytes = bytes.try_into().unwrap_or_default();
            if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
        };
        Ok(bytes.chunks_exact(4).map(entry).collect())
    }
}

/// How many of `items` follow each other as the first begins: `follows` is asked of each item and the one
/// before it. At least one.
pub(super) fn run_of<T: Copy>(items: &[T], follows: impl Fn(T, T) -> bool) -> u64 {
    let pairs = items.iter().zip(items.iter().skip(1));
    let more = pairs.take_while(|(before, after)| follows(**before, **after)).count();
    (more as u64).saturating_add(1)
}
