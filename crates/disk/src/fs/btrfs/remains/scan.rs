//! Looking for sound blocks wherever a chunk of metadata is or was.

use std::sync::Arc;

use super::super::block::Block;
use super::super::chunk::{Chunk, ChunkMap};
use super::super::key::{Key, kind, object};
use super::super::superblock::Superblock;
use super::super::volume::Volume;
use crate::bytes::{Source, Span, read_vec};
use crate::fs::FsError;

/// Bytes that are read at once.
const PIECE: u64 = 1 << 20;

/// Copies of a chunk that are compared with a place: no profile has more.
const MAX_COPIES: u64 = 4;

/// The rank of the newest state of an inode.
pub(super) const NEWEST: u16 = 0x7fff;

/// A sound block, and where it was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    /// The tree that it was written for.
    pub(super) tree: u64,
    pub(super) logical: u64,
    pub(super) generation: u64,
    pub(super) level: u8,
    pub(super) first: Key,
    pub(super) last: Key,
    /// Byte offset on the device.
    pub(super) place: u64,
    /// Whether no tree of today uses it.
    pub(super) is_free: bool,
}

impl Found {
    /// Grows with time: by generation; within one, a log is older than the trees, which are written at its end; `rank`
    /// grows from state to state of one inode, for a block may be written more than once in a generation.
    pub(super) fn order(&self, rank: u16) -> u64 {
        let within = rank.min(NEWEST) | if self.is_log() { 0 } else { NEWEST.saturating_add(1) };
        self.generation.min(u64::MAX >> 16) << 16 | u64::from(within)
    }

    /// Whether it was made for one call of fsync, and holds what that was to keep.
    pub(super) const fn is_log(&self) -> bool {
        self.tree == object::TREE_LOG
    }
}

/// What a device has of blocks.
pub(super) struct Scan<'a> {
    superblock: &'a Superblock,
    device: &'a Arc<dyn Source>,
    free: &'a [Span],
    limit: u64,
    /// Every block that lies where its address says.
    pub(super) found: Vec<Found>,
    /// Chunks as old leaves of the chunk tree describe them, the newest of each address.
    pub(super) former: ChunkMap,
    /// The first thing that could not be read.
    pub(super) damage: Option<FsError>,
}

/// Finds all blocks on the device.
pub(super) fn find<'a>(volume: &'a Volume, device: &'a Arc<dyn Source>, free: &'a [Span]) -> Scan<'a> {
    let limit = volume.budget.metadata_bytes / 4 / size_of::<Found>() as u64;
    let (found, former) = (Vec::new(), ChunkMap::default());
    let mut scan = Scan { superblock: &volume.superblock, device, free, limit, found, former, damage: None };
    let today = regions(volume.chunks.all(), device.len());
    today.iter().for_each(|&region| scan.region(region));
    scan.read_former_chunks();
    let mut before = regions(scan.former.all(), device.len());
    before.retain(|region| !today.iter().any(|known| covers(*known, *region)));
    before.iter().for_each(|&region| scan.region(region));
    let Scan { found, former, .. } = &mut scan;
    found.retain(|found| lies_at(&volume.chunks, found) || lies_at(former, found));
    scan
}

/// Leaves one of several copies of a block, one in use if there is one; sorted by address and generation.
pub(super) fn keep_one_copy(found: &mut Vec<Found>) {
    found.sort_unstable_by_key(|found| (found.logical, found.generation, found.is_free, found.place));
    found.dedup_by_key(|found| (found.logical, found.generation));
}

/// Where stripes of chunks that hold blocks lie, sorted and joined.
fn regions<'c>(chunks: impl Iterator<Item = &'c Chunk>, size: u64) -> Vec<Span> {
    let mut spans = Vec::new();
    for chunk in chunks.filter(|chunk| chunk.holds_blocks()) {
        let len = chunk.len / chunk.data_stripes().max(1);
        let part = |at: u64| Span::new(at, len.min(size.saturating_sub(at)));
        spans.extend(chunk.stripes.iter().map(|stripe| part(stripe.offset)));
    }
    spans.retain(|span| span.len > 0);
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::new();
    for span in spans {
        let end = span.offset.saturating_add(span.len);
        match joined.last_mut() {
            Some(last) if last.end() >= Some(span.offset) => {
                last.len = last.len.max(end.saturating_sub(last.offset));
            }
            _ => joined.push(span),
        }
    }
    joined
}

fn covers(outer: Span, inner: Span) -> bool {
    outer.offset <= inner.offset && outer.end() >= inner.end()
}

fn lies_at(chunks: &ChunkMap, found: &Found) -> bool {
    chunks.find(found.logical).is_ok_and(|chunk| {
        let run = |copy| chunk.run(found.logical, copy);
        (0..chunk.copies().min(MAX_COPIES))
            .any(|copy| run(copy).is_some_and(|run| run.physical == found.place))
    })
}

impl Scan<'_> {
    /// Finds the blocks of a run of bytes.
    fn region(&mut self, region: Span) {
        let (step, size) = (u64::from(self.superblock.sector_size), u64::from(self.superblock.node_size));
        let mut at = region.offset;
        let end = region.offset.saturating_add(region.len);
        while end.saturating_sub(at) >= size && (self.found.len() as u64) < self.limit {
            let data = match self.device.next_data(at) {
                Ok(Some(data)) if data.offset < end => data,
                Ok(_) => return,
                Err(error) => return self.damaged(error.into()),
            };
            let skip = data.offset.saturating_sub(at) / step * step;
            at = at.saturating_add(skip);
            let known = data.end().unwrap_or(u64::MAX).saturating_sub(at);
            let len = known.min(PIECE).max(size).min(end.saturating_sub(at));
            match read_vec(&**self.device, at, usize::try_from(len).unwrap_or_default()) {
                Ok(bytes) => at = at.saturating_add(self.piece(at, &bytes).max(step)),
                Err(error) => return self.damaged(error.into()),
            }
        }
        if self.found.len() as u64 >= self.limit {
            self.damaged(FsError::over_limit("blocks of trees, old ones included", self.limit));
        }
    }

    /// Finds the blocks that lie as a whole in `bytes` at `at`; returns how many bytes were looked at.
    fn piece(&mut self, at: u64, bytes: &[u8]) -> u64 {
        let (step, size) = (self.superblock.sector_size as usize, self.superblock.node_size as usize);
        let mut skip = 0_usize;
        while let Some(candidate) = bytes.get(skip..skip.saturating_add(size)) {
            let place = at.saturating_add(skip as u64);
            let is_block = candidate.get(32..48) == Some(&self.superblock.metadata_uuid[..])
                && self.block(place, candidate.to_vec());
            skip = skip.saturating_add(if is_block { size } else { step });
        }
        skip as u64
    }

    fn block(&mut self, place: u64, bytes: Vec<u8>) -> bool {
        let Ok(block) = Block::parse_stray(self.superblock, bytes) else { return false };
        let last = block.len().checked_sub(1).and_then(|last| block.key(last));
        if let (Some(first), Some(last)) = (block.key(0), last) {
            self.found.push(Found {
                tree: block.owner,
                logical: block.logical,
                generation: block.generation,
                level: block.level,
                first,
                last,
                place,
                is_free: self.is_free(place),
            });
        }
        true
    }

    fn is_free(&self, place: u64) -> bool {
        let before = self.free.partition_point(|span| span.offset <= place).checked_sub(1);
        let span = before.and_then(|index| self.free.get(index));
        span.is_some_and(|&span| covers(span, Span::new(place, self.superblock.node_size.into())))
    }

    /// Reads the chunks that leaves of the chunk tree name.
    fn read_former_chunks(&mut self) {
        let mut leaves: Vec<Found> = self.found.clone();
        leaves.retain(|found| found.tree == object::CHUNK_TREE && found.level == 0);
        leaves.sort_unstable_by_key(|found| found.generation);
        for leaf in leaves {
            let bytes = read_vec(&**self.device, leaf.place, self.superblock.node_size as usize);
            let Ok(block) =
                bytes.map_err(FsError::from).and_then(|bytes| Block::parse_stray(self.superblock, bytes))
            else {
                continue;
            };
            let items = (0..block.len()).filter_map(|index| block.item(index));
            for (key, item, _) in items.filter(|(key, ..)| key.kind == kind::CHUNK) {
                let _not_understood = self.former.add(key, item);
            }
        }
    }

    fn damaged(&mut self, error: FsError) {
        self.damage.get_or_insert(error);
    }
}
