//! Metadata: inodes, directories and tables lie in blocks of 8 KiB, packed one by one, each behind a word
//! that says its length on the disk. Places in them are references: block (from the start of its table) in
//! the upper 48 bits, byte in the unpacked block in the lower 16.

use std::sync::Arc;

use crate::bytes::{Source, read_vec};
use crate::compression::Method;
use crate::fs::FsError;
use crate::fs::block_cache::BlockCache;

/// Bytes of an unpacked block.
pub(super) const BLOCK: usize = 8192;
/// Bytes of unpacked blocks that are kept.
const KEPT: usize = 4 << 20;
/// Bit of the length: the block is not packed.
const PLAIN: u16 = 1 << 15;

/// A block, unpacked.
struct Block {
    bytes: Vec<u8>,
    /// Where the next one begins in the source.
    next: u64,
}

/// All metadata of one file system.
pub(super) struct Metadata {
    source: Arc<dyn Source>,
    method: Method,
    blocks: BlockCache<Block>,
}

impl Metadata {
    pub(super) fn new(source: Arc<dyn Source>, method: Method) -> Self {
        Self { source, method, blocks: BlockCache::new(KEPT, BLOCK) }
    }

    /// A cursor at byte `offset` of the block at `place` of the source.
    pub(super) fn at(&self, place: u64, offset: usize) -> Result<Cursor<'_>, FsError> {
        let block = self.block(place)?;
        if offset > block.bytes.len() {
            let problem = format!("byte {offset} is wanted of {}", block.bytes.len());
            return Err(FsError::corrupt("metadata block", place, problem));
        }
        Ok(Cursor { metadata: self, block, offset })
    }

    /// A cursor at a reference into the table at `table`.
    pub(super) fn refer(&self, table: u64, reference: u64) -> Result<Cursor<'_>, FsError> {
        let place = table
            .checked_add(reference >> 16)
            .ok_or_else(|| FsError::corrupt("reference", reference, "lies beyond every image"))?;
        self.at(place, usize::from(low_half(reference)))
    }

    fn block(&self, place: u64) -> Result<Arc<Block>, FsError> {
        self.blocks.get(place, || self.unpack(place))
    }

    fn unpack(&self, place: u64) -> Result<Block, FsError> {
        let corrupt = |problem: String| FsError::corrupt("metadata block", place, problem);
        let mut word = [0; 2];
        self.source.read_exact_at(place, &mut word)?;
        let word = u16::from_le_bytes(word);
        let len = usize::from(word & !PLAIN);
        if len == 0 || len > BLOCK {
            return Err(corrupt(format!("{len} bytes long")));
        }
        let start = place.saturating_add(2);
        let stored = read_vec(&*self.source, start, len)?;
        let bytes = if word & PLAIN != 0 {
            stored
        } else {
            let mut bytes = vec![0; BLOCK];
            let len = self.method.unpack(&stored, &mut bytes).map_err(|error| corrupt(error.to_string()))?;
            bytes.truncate(len);
            bytes
        };
        if bytes.is_empty() {
            return Err(corrupt("unpacks to nothing".to_owned()));
        }
        Ok(Block { bytes, next: start.saturating_add(len as u64) })
    }
}

fn low_half(reference: u64) -> u16 {
    let [low, high, ..] = reference.to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// Reads on from block to block.
pub(super) struct Cursor<'m> {
    metadata: &'m Metadata,
    block: Arc<Block>,
    offset: usize,
}

impl Cursor<'_> {
    /// The next `N` bytes.
    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], FsError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// The next little-endian word of 32 bits.
    pub(super) fn word(&mut self) -> Result<u32, FsError> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    /// The next `len` bytes; allocated as they are found, whatever `len` claims.
    pub(super) fn bytes(&mut self, len: usize) -> Result<Vec<u8>, FsError> {
        let mut bytes = Vec::new();
        while bytes.len() < len {
            let there = self.rest()?;
            let wanted = there.len().min(len - bytes.len());
            bytes.extend_from_slice(there.get(..wanted).unwrap_or_default());
            self.offset += wanted;
        }
        Ok(bytes)
    }

    fn fill(&mut self, mut dst: &mut [u8]) -> Result<(), FsError> {
        while !dst.is_empty() {
            let there = self.rest()?;
            let len = there.len().min(dst.len());
            let (now, later) = dst.split_at_mut(len);
            now.copy_from_slice(there.get(..len).unwrap_or_default());
            self.offset += len;
            dst = later;
        }
        Ok(())
    }

    /// What is left of the block, or the next block: never empty.
    fn rest(&mut self) -> Result<&[u8], FsError> {
        if self.offset >= self.block.bytes.len() {
            self.block = self.metadata.block(self.block.next)?;
            self.offset = 0;
        }
        Ok(self.block.bytes.get(self.offset..).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(blocks: &[&[u8]]) -> Metadata {
        let mut bytes = Vec::new();
        for block in blocks {
            bytes.extend((PLAIN | u16::try_from(block.len()).unwrap()).to_le_bytes());
            bytes.extend_from_slice(block);
        }
        Metadata::new(Arc::new(bytes), Method::Zlib)
    }

    #[test]
    fn a_read_crosses_blocks() {
        let metadata = plain(&[b"abc", b"def"]);
        assert_eq!(metadata.at(0, 2).unwrap().bytes(3).unwrap(), b"cde");
        assert_eq!(metadata.refer(5, 1).unwrap().take::<2>().unwrap(), *b"ef");
    }

    #[test]
    fn the_end_and_absurd_lengths_are_errors() {
        let metadata = plain(&[b"abc"]);
        assert!(metadata.at(0, 0).unwrap().bytes(usize::MAX).is_err());
        assert!(metadata.at(0, 4).is_err());
        assert!(metadata.refer(u64::MAX, 1 << 16).is_err());
    }

    #[test]
    fn a_block_of_no_bytes_is_corrupt() {
        let metadata = Metadata::new(Arc::new(vec![0, 0, 1, 2]), Method::Zlib);
        assert!(matches!(metadata.at(0, 0), Err(FsError::Corrupt { .. })));
    }
}
