//! Data blocks: where a file's are, and how one is unpacked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::inode::File;
use super::metadata::Cursor;
use super::tables::Fragment;
use crate::bytes::{Source, Span, read_vec};
use crate::compression::Method;
use crate::fs::block_cache::BlockCache;
use crate::fs::{Extent, FsError, Place};

/// Bit of a block's size: it is not packed.
const PLAIN: u32 = 1 << 24;
/// Bytes of unpacked fragments that are kept.
const KEPT: usize = 4 << 20;
/// How many bytes may come out of one on the disk, over all files, beyond [`FREE`]: blocks that many files
/// share must not cost hours.
const RATIO: u64 = 64;
/// Bytes that may come out of any file system.
const FREE: u64 = 64 << 30;

/// A block of a file on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) place: u64,
    /// Bytes on the disk, and [`PLAIN`]; 0 for a block of zeros that is not there.
    pub(super) size: u32,
}

impl Block {
    pub(super) fn is_hole(self) -> bool {
        self.size == 0
    }

    fn len(self) -> u32 {
        self.size & !PLAIN
    }

    /// Where it lies.
    pub(super) fn span(self) -> Span {
        Span::new(self.place, self.len().into())
    }
}

/// The blocks of a file, and its tail end.
#[derive(Debug)]
pub(super) struct Map {
    pub(super) blocks: Vec<Block>,
    /// The file system's block size, in bytes.
    pub(super) unit: u64,
    /// Length of the file in bytes.
    pub(super) size: u64,
}

impl Map {
    /// How many whole blocks a file has: the tail end is one, unless it lies in a fragment.
    pub(super) fn count(file: &File, size: u64, unit: u64) -> u64 {
        if file.fragment.is_some() { size / unit } else { size.div_ceil(unit) }
    }

    /// Reads the list of `count` sizes at the cursor.
    pub(super) fn read(
        cursor: &mut Cursor<'_>,
        file: &File,
        size: u64,
        unit: u64,
        limit: u64,
    ) -> Result<Self, FsError> {
        let count = Self::count(file, size, unit);
        if count > limit {
            return Err(FsError::over_limit(format!("a file of {count} blocks"), limit));
        }
        let mut blocks = Vec::new();
        let mut place = file.start;
        for _ in 0..count {
            let block = Block { place, size: cursor.word()? };
            place = place.saturating_add(block.len().into());
            blocks.push(block);
        }
        Ok(Self { blocks, unit, size })
    }

    /// Bytes of the file in block `index`, and where it begins in the file.
    pub(super) fn part(&self, index: u64) -> (u64, u64) {
        let start = index.saturating_mul(self.unit);
        (start, self.size.saturating_sub(start).min(self.unit))
    }

    /// The extents of the file: parts of the same kind are one.
    pub(super) fn extents(&self) -> Vec<Extent> {
        let mut extents: Vec<Extent> = Vec::new();
        for (index, block) in (0_u64..).zip(&self.blocks) {
            let (start, len) = self.part(index);
            let place = match block.size {
                0 => Place::Hole,
                size if size & PLAIN != 0 && u64::from(block.len()) >= len => Place::Disk(block.place),
                _ => Place::Opaque,
            };
            push(&mut extents, Extent { start, len, place });
        }
        let (start, len) = self.part(self.blocks.len() as u64);
        push(&mut extents, Extent { start, len, place: Place::Opaque });
        extents
    }
}

fn push(extents: &mut Vec<Extent>, extent: Extent) {
    if extent.len == 0 {
        return;
    }
    if let Some(last) = extents.last_mut() {
        let goes_on = match (last.place, extent.place) {
            (Place::Disk(at), Place::Disk(next)) => at.saturating_add(last.len) == next,
            (last, next) => last == next,
        };
        if goes_on {
            last.len = last.len.saturating_add(extent.len);
            return;
        }
    }
    extents.push(extent);
}

/// Unpacks data blocks; fragments, which many files share, are kept for a while.
pub(super) struct Data {
    source: Arc<dyn Source>,
    method: Method,
    /// The file system's block size, in bytes.
    unit: u32,
    fragments: BlockCache<Vec<u8>>,
    /// Bytes that came out so far.
    spent: AtomicU64,
    limit: u64,
}

impl Data {
    pub(super) fn new(source: Arc<dyn Source>, method: Method, unit: u32) -> Self {
        let fragments = BlockCache::new(KEPT, usize::try_from(unit).unwrap_or(KEPT));
        let limit = source.len().saturating_mul(RATIO).saturating_add(FREE);
        Self { source, method, unit, fragments, spent: AtomicU64::new(0), limit }
    }

    /// Unpacks `block` into `dst`; returns how many bytes came out.
    pub(super) fn unpack(&self, block: Block, dst: &mut [u8]) -> Result<usize, FsError> {
        let corrupt = |problem: String| FsError::corrupt("data block", block.place, problem);
        let len = block.len();
        if len == 0 || len > self.unit {
            return Err(corrupt(format!("{len} bytes on the disk where a block has {}", self.unit)));
        }
        let len = usize::try_from(len).unwrap_or(0);
        if block.size & PLAIN != 0 {
            let room = dst.get_mut(..len).ok_or_else(|| corrupt(format!("{len} bytes are too many")))?;
            self.source.read_exact_at(block.place, room)?;
            return Ok(len);
        }
        self.spend(dst.len() as u64)?;
        let packed = read_vec(&*self.source, block.place, len)?;
        self.method.unpack(&packed, dst).map_err(|error| corrupt(error.to_string()))
    }

    /// A block of tail ends.
    pub(super) fn fragment(&self, fragment: Fragment) -> Result<Arc<Vec<u8>>, FsError> {
        self.fragments.get(fragment.place, || {
            let mut bytes = vec![0; usize::try_from(self.unit).unwrap_or(0)];
            let block = Block { place: fragment.place, size: fragment.size };
            let len = self.unpack(block, &mut bytes)?;
            bytes.truncate(len);
            Ok(bytes)
        })
    }

    fn spend(&self, bytes: u64) -> Result<(), FsError> {
        if self.spent.fetch_add(bytes, Ordering::Relaxed) > self.limit {
            let limit = self.limit;
            return Err(FsError::over_limit("bytes that come out of this volume", limit));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_of_a_kind_are_one_extent() {
        let block = |place, size| Block { place, size };
        let blocks = vec![
            block(96, PLAIN | 4096),
            block(4192, PLAIN | 4096),
            block(8288, 0),
            block(8288, 0),
            block(8288, 70),
        ];
        let map = Map { blocks, unit: 4096, size: 5 * 4096 + 10 };
        let extent = |start, len, place| Extent { start, len, place };
        let want = [
            extent(0, 8192, Place::Disk(96)),
            extent(8192, 8192, Place::Hole),
            extent(16384, 4106, Place::Opaque),
        ];
        assert_eq!(map.extents(), want);
    }

    #[test]
    fn a_tail_end_counts_as_a_block_unless_it_is_in_a_fragment() {
        let file = |fragment| File { start: 0, fragment };
        assert_eq!(Map::count(&file(None), 8193, 4096), 3);
        assert_eq!(Map::count(&file(Some((0, 0))), 8193, 4096), 2);
    }

    #[test]
    fn what_comes_out_of_a_volume_is_bounded() {
        let mut data = Data::new(Arc::new(vec![0; 4096]), Method::Zstd, 4096);
        data.limit = 8000;
        let block = Block { place: 0, size: 100 };
        let errors: Vec<FsError> = (0..3).map(|_| data.unpack(block, &mut [0; 4096]).unwrap_err()).collect();
        assert!(errors[0].to_string().contains("zstd data is damaged"), "{errors:?}");
        assert!(matches!(errors[2], FsError::OverLimit { limit: 8000, .. }), "{errors:?}");
    }
}
