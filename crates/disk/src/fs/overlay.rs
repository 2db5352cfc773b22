//! Blocks in memory, laid over a source: the file system as it is after its journal was replayed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::bytes::{ReadError, Source, Span, check_bounds};

/// A source some blocks of which are replaced.
pub(super) struct Overlay {
    source: Arc<dyn Source>,
    block_size: u64,
    blocks: BTreeMap<u64, Vec<u8>>,
}

impl Overlay {
    /// Lays `blocks` (by block number, each of `block_size` bytes) over `source`.
    pub(super) fn new(source: Arc<dyn Source>, block_size: u32, blocks: BTreeMap<u64, Vec<u8>>) -> Self {
        Self { source, block_size: u64::from(block_size.max(1)), blocks }
    }

    /// Bytes that are kept in memory.
    pub(super) fn bytes(&self) -> u64 {
        (self.blocks.len() as u64).saturating_mul(self.block_size)
    }

    /// Lays `bytes` over what is at `offset`; of the last block of a source that ends inside it, the rest
    /// counts as zeros.
    ///
    /// # Errors
    /// [`ReadError`], if the bytes are beyond the end or what is around them cannot be read.
    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), ReadError> {
        check_bounds(offset, bytes.len(), self.len())?;
        let end = offset.saturating_add(bytes.len() as u64);
        for number in offset / self.block_size..end.div_ceil(self.block_size) {
            let start = number.saturating_mul(self.block_size);
            if !self.blocks.contains_key(&number) {
                let len = |bytes: u64| usize::try_from(bytes).unwrap_or(0);
                let there = self.block_size.min(self.len().saturating_sub(start));
                let mut block = vec![0; len(self.block_size)];
                self.source.read_exact_at(start, block.get_mut(..len(there)).unwrap_or_default())?;
                self.blocks.insert(number, block);
            }
            if let Some(block) = self.blocks.get_mut(&number) {
                lay(bytes, offset, block, start);
            }
        }
        Ok(())
    }
}

impl Source for Overlay {
    fn len(&self) -> u64 {
        self.source.len()
    }

    fn read_exact_at(&self, offset: u64, dst: &mut [u8]) -> Result<(), ReadError> {
        self.source.read_exact_at(offset, dst)?;
        if dst.is_empty() {
            return Ok(());
        }
        let first = offset / self.block_size;
        let last = offset.saturating_add(dst.len() as u64 - 1) / self.block_size;
        for (&number, block) in self.blocks.range(first..=last) {
            lay(block, number.saturating_mul(self.block_size), dst, offset);
        }
        Ok(())
    }

    fn next_data(&self, offset: u64) -> Result<Option<Span>, ReadError> {
        let beneath = self.source.next_data(offset)?;
        let Some((&number, _)) = self.blocks.range(offset / self.block_size..).next() else {
            return Ok(beneath);
        };
        let start = number.saturating_mul(self.block_size).max(offset);
        let end = number.saturating_add(1).saturating_mul(self.block_size).min(self.len());
        if start >= end || beneath.is_some_and(|data| data.offset <= start) {
            return Ok(beneath);
        }
        Ok(Some(Span::new(start, end - start)))
    }
}

/// Copies the part of `block` (at `place`) that falls into `dst` (at `offset`).
fn lay(block: &[u8], place: u64, dst: &mut [u8], offset: u64) {
    let skip = |from: u64, to: u64| usize::try_from(to.saturating_sub(from)).ok();
    let part = skip(place, offset).and_then(|skipped| block.get(skipped..));
    let room = skip(offset, place).and_then(|skipped| dst.get_mut(skipped..));
    if let (Some(part), Some(room)) = (part, room) {
        for (to, from) in room.iter_mut().zip(part) {
            *to = *from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::read_vec;

    fn overlay() -> Overlay {
        let blocks = BTreeMap::from([(1, b"BBBB".to_vec()), (3, b"DDDD".to_vec())]);
        Overlay::new(Arc::new(b"aaaabbbbccccddddeeee".to_vec()), 4, blocks)
    }

    #[test]
    fn every_read_sees_the_replaced_blocks() {
        let whole = b"aaaaBBBBccccDDDDeeee";
        for start in 0..20 {
            for end in start..=20 {
                let read = read_vec(&overlay(), start as u64, end - start).unwrap();
                assert_eq!(read, whole[start..end], "{start}..{end}");
            }
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut overlay = overlay();
        overlay.write(6, b"123456789").unwrap();
        assert_eq!(read_vec(&overlay, 0, 20).unwrap(), b"aaaaBB123456789Deeee");
        assert!(overlay.write(19, b"12").is_err());
        assert_eq!(overlay.bytes(), 12);
    }

    #[test]
    fn the_end_stays_the_end() {
        assert!(read_vec(&overlay(), 19, 2).is_err());
        assert_eq!(overlay().next_data(6).unwrap(), Some(Span::new(6, 14)));
    }
}
