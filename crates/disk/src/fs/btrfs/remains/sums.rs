//! Old leaves of the tree of checksums: whether content is still what it was when its checksum was written.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::block::Block;
use super::super::key::{Key, kind, object};
use super::ground::Ground;
use super::scan::Found;
use crate::bytes::{Span, read_vec};

/// Bytes that are read and checked at once.
const PIECE: u64 = 1 << 20;
/// Generations of checksums that are looked at for an extent, the newest and the oldest that fit.
const MAX_GENERATIONS: usize = 32;
/// Leaves that are kept.
const KEPT: usize = 256;
/// Copies of content that are tried.
const MAX_COPIES: u64 = 4;
/// How many times the bytes of the device may be read to check content: old inodes share it.
const MAX_ROUNDS: u64 = 4;
/// What a look at a leaf costs, in bytes read.
const LOOK: u64 = 64;

/// How a sector compares with the checksum of its content as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Right,
    Wrong,
    /// No checksum of that time is left.
    Unknown,
}

/// A run of sectors, compared.
#[derive(Debug)]
pub(super) struct Comparison {
    /// The best copy.
    pub(super) copy: u64,
    /// One for each sector.
    pub(super) sectors: Vec<Fit>,
}

impl Comparison {
    fn count(&self, fit: Fit) -> usize {
        self.sectors.iter().filter(|&&sector| sector == fit).count()
    }

    /// Whether every sector is as it was.
    pub(super) fn is_right(&self) -> bool {
        self.sectors.iter().all(|&sector| sector == Fit::Right)
    }

    /// Whether some sector is not as it was.
    pub(super) fn is_wrong(&self) -> bool {
        self.count(Fit::Wrong) > 0
    }
}

/// The generations in which content was there: written in the first, seen in the last.
pub(super) type Time = (u64, u64);

/// A leaf with checksums.
struct Leaf {
    place: u64,
    /// The logical addresses from its first sector to behind its last.
    first: u64,
    end: u64,
}

impl Leaf {
    fn of(ground: &Ground<'_>, found: &Found) -> Option<Self> {
        let superblock = &ground.fs.volume.superblock;
        let block = ground.block(found.place)?;
        // A log has other items before.
        let at = block.position(Key::new(object::CSUMS, kind::EXTENT_CSUM, 0));
        let (last, sums, _) = block.item(block.len().checked_sub(1)?)?;
        let sectors = (sums.len() / superblock.checksum.size()) as u64;
        let len = sectors.saturating_mul(superblock.sector_size.into());
        let (first, end) = (block.key(at)?.offset, last.offset.saturating_add(len));
        Some(Self { place: found.place, first, end })
    }
}

/// Compares content with old checksums.
pub(super) struct Sums<'g> {
    ground: &'g Ground<'g>,
    /// Leaves with checksums by generation.
    leaves: BTreeMap<u64, Vec<Leaf>>,
    /// What was read lately, the latest last.
    kept: Vec<(u64, Rc<Block>)>,
    /// What was compared for the inode at hand: states of it share extents.
    compared: BTreeMap<(u64, u64, u64), Rc<Comparison>>,
    /// Bytes that may still be read.
    left: u64,
}

impl<'g> Sums<'g> {
    pub(super) fn new(ground: &'g Ground<'g>) -> Self {
        let mut leaves: BTreeMap<u64, Vec<Leaf>> = BTreeMap::new();
        let has_sums = |found: &&Found| found.level == 0 && found.last.object == object::CSUMS;
        for found in ground.blocks.iter().filter(has_sums) {
            leaves.entry(found.generation).or_default().extend(Leaf::of(ground, found));
        }
        let left = ground.device.len().saturating_mul(MAX_ROUNDS);
        Self { ground, leaves, kept: Vec::new(), compared: BTreeMap::new(), left }
    }

    /// Begins another inode.
    pub(super) fn begin(&mut self) {
        self.compared.clear();
    }

    /// Compares the sectors of `len` bytes at `logical`.
    pub(super) fn compare(&mut self, logical: u64, len: u64, time: Time) -> Rc<Comparison> {
        let key = (logical, len, time.0);
        if let Some(known) = self.compared.get(&key) {
            return Rc::clone(known);
        }
        let stored = self.stored(logical, len, time);
        let copies = self.ground.chunk(logical).map_or(0, |chunk| chunk.copies().min(MAX_COPIES));
        let unknown = Comparison { copy: 0, sectors: vec![Fit::Unknown; stored.len()] };
        let mut best = None;
        if stored.iter().any(Option::is_some) {
            for copy in 0..copies {
                let found = Comparison { copy, sectors: self.copy(logical, len, copy, &stored) };
                let is_better = |best: &Comparison| found.count(Fit::Wrong) < best.count(Fit::Wrong);
                if best.as_ref().is_none_or(is_better) {
                    best = Some(found);
                }
                if best.as_ref().is_some_and(|best| !best.is_wrong()) {
                    break;
                }
            }
        }
        let comparison = Rc::new(best.unwrap_or(unknown));
        self.compared.insert(key, Rc::clone(&comparison));
        comparison
    }

    /// Compares one copy of content.
    fn copy(&mut self, logical: u64, len: u64, copy: u64, stored: &[Option<Vec<u8>>]) -> Vec<Fit> {
        let superblock = &self.ground.fs.volume.superblock;
        let sector = superblock.sector_size as usize;
        let mut fits = Vec::with_capacity(stored.len());
        let mut stored = stored.iter();
        for span in self.ground.runs(logical, len, copy).unwrap_or_default() {
            for part in pieces(span) {
                let Some(left) = self.left.checked_sub(part.len) else { break };
                self.left = left;
                let size = usize::try_from(part.len).unwrap_or_default();
                let bytes = read_vec(&*self.ground.device, part.offset, size).unwrap_or_default();
                for (bytes, stored) in bytes.chunks_exact(sector).zip(stored.by_ref()) {
                    fits.push(match stored {
                        Some(stored) if superblock.checksum.matches(bytes, stored) => Fit::Right,
                        Some(_) => Fit::Wrong,
                        None => Fit::Unknown,
                    });
                }
            }
        }
        fits.extend(stored.map(|_| Fit::Unknown));
        fits
    }

    /// The checksum of each sector as it was written for content of that time.
    fn stored(&mut self, logical: u64, len: u64, (born, seen): Time) -> Vec<Option<Vec<u8>>> {
        let sector = u64::from(self.ground.fs.volume.superblock.sector_size);
        let mut stored = vec![None; usize::try_from(len.div_ceil(sector)).unwrap_or_default()];
        if born > seen {
            return stored;
        }
        let end = logical.saturating_add(len);
        let places = self.candidates(logical, end, (born, seen));
        for place in places {
            if self.left == 0 || stored.iter().all(Option::is_some) {
                break;
            }
            let Some(block) = self.block(place) else { continue };
            let key = |at| Key::new(object::CSUMS, kind::EXTENT_CSUM, at);
            let mut index = block.position(key(logical)).saturating_sub(1);
            while let Some((key, sums, _)) = block.item(index).filter(|(found, ..)| *found < key(end)) {
                if (key.object, key.kind) == (object::CSUMS, kind::EXTENT_CSUM) {
                    self.fill(&mut stored, logical, key.offset, sums);
                }
                index = index.saturating_add(1);
            }
        }
        stored
    }

    /// Where leaves of that time lie that may have checksums of these addresses, the newest first.
    fn candidates(&mut self, first: u64, end: u64, (born, seen): Time) -> Vec<u64> {
        let newest: Vec<_> = self.leaves.range(born..=seen).rev().take(MAX_GENERATIONS).collect();
        let before = newest.last().map_or(born, |(generation, _)| **generation);
        let oldest = self.leaves.range(born..before).take(MAX_GENERATIONS);
        let mut looks = 0_u64;
        let leaves = newest.into_iter().chain(oldest).flat_map(|(_, leaves)| leaves).inspect(|_| looks += 1);
        let places =
            leaves.filter(|leaf| leaf.first < end && leaf.end > first).map(|leaf| leaf.place).collect();
        self.left = self.left.saturating_sub(looks.saturating_mul(LOOK));
        places
    }

    /// Puts the checksums of the sectors from `at` on in their places, where there is none yet.
    fn fill(&self, stored: &mut [Option<Vec<u8>>], logical: u64, at: u64, sums: &[u8]) {
        let superblock = &self.ground.fs.volume.superblock;
        let sectors =
            |bytes: u64| usize::try_from(bytes / u64::from(superblock.sector_size)).unwrap_or(usize::MAX);
        let skipped = sectors(logical.saturating_sub(at));
        let places = stored.get_mut(sectors(at.saturating_sub(logical))..).unwrap_or_default();
        for (place, sum) in places.iter_mut().zip(sums.chunks_exact(superblock.checksum.size()).skip(skipped))
        {
            place.get_or_insert_with(|| sum.to_vec());
        }
    }

    fn block(&mut self, place: u64) -> Option<Rc<Block>> {
        if let Some(index) = self.kept.iter().rposition(|(kept, _)| *kept == place) {
            let found = self.kept.remove(index);
            let block = Rc::clone(&found.1);
            self.kept.push(found);
            return Some(block);
        }
        let block = Rc::new(self.ground.block(place)?);
        self.left = self.left.saturating_sub(block.size() as u64);
        if self.kept.len() >= KEPT {
            self.kept.remove(0);
        }
        self.kept.push((place, Rc::clone(&block)));
        Some(block)
    }
}

fn pieces(span: Span) -> impl Iterator<Item = Span> {
    let count = span.len.div_ceil(PIECE);
    (0..count).map(move |index| {
        let skip = index.saturating_mul(PIECE);
        Span::new(span.offset.saturating_add(skip), span.len.saturating_sub(skip).min(PIECE))
    })
}
