//! What all looks at old blocks share: the device, its chunks of today and before, and which blocks were found.

use std::sync::Arc;

use super::super::Btrfs;
use super::super::block::{Block, Pointer};
use super::super::chunk::{Chunk, ChunkMap};
use super::scan::Found;
use crate::bytes::{Source, Span, read_vec};

/// Parents that are tried for a leaf.
const MAX_PARENTS: usize = 16;

pub(super) struct Ground<'a> {
    pub(super) fs: &'a Btrfs,
    pub(super) device: Arc<dyn Source>,
    /// Chunks as they were.
    pub(super) former: ChunkMap,
    /// Sorted by address and generation.
    pub(super) blocks: Vec<Found>,
    /// Those of them that point to leaves.
    parents: Vec<Found>,
}

impl<'a> Ground<'a> {
    /// `blocks` are sorted by address and generation.
    pub(super) fn new(fs: &'a Btrfs, device: &Arc<dyn Source>, former: ChunkMap, blocks: Vec<Found>) -> Self {
        let parents = blocks.iter().filter(|found| found.level == 1).copied().collect();
        Self { fs, device: Arc::clone(device), former, blocks, parents }
    }
}

impl Ground<'_> {
    /// The block that was found at `place`.
    pub(super) fn block(&self, place: u64) -> Option<Block> {
        let superblock = &self.fs.volume.superblock;
        let bytes = read_vec(&*self.device, place, superblock.node_size as usize).ok()?;
        Block::parse_stray(superblock, bytes).ok()
    }

    /// The chunk that holds, or once held, the byte at `logical`.
    pub(super) fn chunk(&self, logical: u64) -> Option<&Chunk> {
        self.fs.volume.chunks.find(logical).or_else(|_| self.former.find(logical)).ok()
    }

    /// Where `len` bytes at `logical` lie in the given copy; nowhere, if not all of them have a place.
    pub(super) fn runs(&self, mut logical: u64, mut len: u64, copy: u64) -> Option<Vec<Span>> {
        let mut runs: Vec<Span> = Vec::new();
        while len > 0 {
            let run = self.chunk(logical)?.run(logical, copy)?;
            let part = run.len.min(len).max(1);
            run.physical.checked_add(part).filter(|&end| end <= self.device.len())?;
            match runs.last_mut() {
                Some(last) if last.end() == Some(run.physical) => last.len = last.len.saturating_add(part),
                _ => runs.push(Span::new(run.physical, part)),
            }
            logical = logical.checked_add(part)?;
            len = len.saturating_sub(part);
        }
        Some(runs)
    }

    /// The leaves that followed `leaf` in its tree as long as they begin with items of `number`: its parent of that time
    /// names them. `None` where it is gone, or one of them is.
    pub(super) fn following(&self, leaf: &Found, number: u64) -> Option<Vec<Found>> {
        let is_above = |found: &&Found| {
            found.tree == leaf.tree
                && found.generation >= leaf.generation
                && found.first <= leaf.first
                && found.last >= leaf.first
        };
        let mut parents: Vec<&Found> = self.parents.iter().filter(is_above).collect();
        parents.sort_unstable_by_key(|found| found.generation);
        parents.iter().take(MAX_PARENTS).find_map(|parent| self.siblings(parent, leaf, number))
    }

    fn siblings(&self, parent: &Found, leaf: &Found, number: u64) -> Option<Vec<Found>> {
        let block = self.block(parent.place)?;
        let at = block.position(leaf.first);
        let own = block.pointer(leaf.tree, at)?;
        if (own.logical, own.generation) != (leaf.logical, leaf.generation) {
            return None;
        }
        let mut siblings = Vec::new();
        for index in at.saturating_add(1)..block.len() {
            let pointer = block.pointer(leaf.tree, index)?;
            if pointer.first.is_none_or(|first| first.object != number) {
                return Some(siblings);
            }
            siblings.push(self.found(&pointer)?);
        }
        // The next leaf is below another parent: whether it goes on there is not known.
        None
    }

    fn found(&self, pointer: &Pointer) -> Option<Found> {
        let key = (pointer.logical, pointer.generation);
        let at = self.blocks.binary_search_by_key(&key, |found| (found.logical, found.generation)).ok()?;
        self.blocks.get(at).filter(|found| found.level == pointer.level).copied()
    }
}
