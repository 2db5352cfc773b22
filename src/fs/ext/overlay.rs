//! Blocks of a replayed journal, laid over the file system's bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::bytes::{ReadError, Source, Span, check_bounds};

/// A source some of whose blocks are in memory.
pub(super) struct Overlay {
    source: Arc<dyn Source>,
    block_size: u64,
    blocks: BTreeMap<u64, Vec<u8>>,
}

impl Overlay {
    pub(super) fn new(source: Arc<dyn Source>, block_size: u32, blocks: BTreeMap<u64, Vec<u8>>) -> Self {
        Self { source, block_size: block_size.into(), blocks }
    }
}

impl Source for Overlay {
    fn len(&self) -> u64 {
        self.source.len()
    }

    fn read_exact_at(&self, offset: u64, dst: &mut [u8]) -> Result<(), ReadError> {
        check_bounds(offset, dst.len(), self.len())?;
        self.source.read_exact_at(offset, dst)?;
        let end = offset.saturating_add(dst.len() as u64);
        for (block, content) in self.blocks.range(offset / self.block_size..end.div_ceil(self.block_size)) {
            let start = block.saturating_mul(self.block_size);
            // The part of the block that lies in the read, as offsets in both.
            let from = usize::try_from(offset.saturating_sub(start)).unwrap_or(usize::MAX);
            let to = usize::try_from(start.saturating_sub(offset)).unwrap_or(usize::MAX);
            let source = content.get(from..).unwrap_or_default();
            let target = dst.get_mut(to..).unwrap_or_default();
            for (old, new) in target.iter_mut().zip(source) {
                *old = *new;
            }
        }
        Ok(())
    }

    fn next_data(&self, offset: u64) -> Result<Option<Span>, ReadError> {
        // Replayed blocks may lie in holes of the host's file: nothing is a hole here.
        Ok((offset < self.len()).then(|| Span::new(offset, self.len().saturating_sub(offset))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::read_vec;

    #[test]
    fn replayed_blocks_cover_what_is_beneath() {
        let below: Arc<dyn Source> = Arc::new(vec![b'.'; 40]);
        let overlay = Overlay::new(below, 8, BTreeMap::from([(1, vec![b'A'; 8]), (3, vec![b'B'; 8])]));
        assert_eq!(read_vec(&overlay, 0, 40).unwrap(), b"........AAAAAAAA........BBBBBBBB........");
        assert_eq!(read_vec(&overlay, 10, 16).unwrap(), b"AAAAAA........BB");
    }
}
