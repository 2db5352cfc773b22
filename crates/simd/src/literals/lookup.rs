//! From a place that may begin a window to the keywords that are really there.
//!
//! One look into a table of bits for each length that a window may have throws out nine of ten.

use super::anchor::Anchor;
use super::{Hit, Keyword};
use crate::Shape;

/// Bits of the hash of a window by which targets are found.
const HASH_BITS: u32 = 15;
/// Bits of the hash by which a window is thrown out, of which those are the highest: what is not thrown out costs more
/// than the memory of the table.
const FILTER_BITS: u32 = 17;
/// What counts of four bytes, for windows of two, three and four.
const MASKS: [u32; 3] = [0xffff, 0xff_ffff, 0xffff_ffff];

/// A keyword, and where in it its window begins.
#[derive(Clone, Debug)]
struct Target {
    hash: usize,
    /// Its window with the case folded, and how much of it counts.
    window: u32,
    mask: u32,
    text: Vec<u8>,
    any_case: bool,
    shape: Shape,
    offset: usize,
    keyword: u32,
}

/// All windows, by hash.
#[derive(Debug)]
pub(super) struct Lookup {
    /// A bit for each hash that some window has: small enough for the nearest cache.
    filter: Vec<u64>,
    /// For each hash that some window has: where its targets begin.
    starts: Vec<u16>,
    /// Sorted by hash.
    targets: Vec<Target>,
}

impl Lookup {
    pub(super) fn new(keywords: &[Keyword], anchors: &[Anchor]) -> Self {
        let mut targets: Vec<Target> = (0..)
            .zip(keywords.iter().zip(anchors))
            .map(|(index, (keyword, anchor))| Target::new(index, keyword, anchor))
            .collect();
        targets.sort_by_key(|target| (target.hash, target.keyword));
        let mut filter = vec![0_u64; 1 << FILTER_BITS >> 6];
        let mut starts = vec![u16::MAX; 1 << HASH_BITS];
        for (at, target) in (0..).zip(&targets) {
            let bit = hash(target.window, FILTER_BITS);
            if let Some(word) = filter.get_mut(bit >> 6) {
                *word |= 1 << (bit & 63);
            }
            if let Some(start) = starts.get_mut(target.hash) {
                *start = at.min(*start);
            }
        }
        Self { filter, starts, targets }
    }

    /// Adds a hit for each keyword whose window begins at `place` of `bytes`.
    pub(super) fn verify(&self, bytes: &[u8], place: usize, hits: &mut Vec<Hit>) {
        let folded = fold(bytes.get(place..).unwrap_or_default());
        let found = MASKS.map(|mask| self.may_have(folded & mask));
        if found.contains(&true) {
            self.compare(folded, bytes, place, hits);
        }
    }

    fn may_have(&self, window: u32) -> bool {
        let bit = hash(window, FILTER_BITS);
        self.filter.get(bit >> 6).is_some_and(|word| word >> (bit & 63) & 1 == 1)
    }

    #[cold]
    fn compare(&self, folded: u32, bytes: &[u8], place: usize, hits: &mut Vec<Hit>) {
        for mask in MASKS {
            let hash = hash(folded & mask, HASH_BITS);
            let start = self.starts.get(hash).copied().map_or(0, usize::from);
            let same = self.targets.get(start..).unwrap_or_default().iter();
            for target in same.take_while(|target| target.hash == hash) {
                if target.mask == mask && target.window == folded & mask {
                    hits.extend(target.hit(bytes, place));
                }
            }
        }
    }
}

impl Target {
    fn new(index: u32, keyword: &Keyword, anchor: &Anchor) -> Self {
        let mask = MASKS.get(anchor.len.saturating_sub(2)).copied().unwrap_or(u32::MAX);
        let window = fold(keyword.text.get(anchor.offset..).unwrap_or_default()) & mask;
        Self {
            hash: hash(window, HASH_BITS),
            window,
            mask,
            text: keyword.text.clone(),
            any_case: keyword.any_case,
            shape: keyword.shape.clone(),
            offset: anchor.offset,
            keyword: index,
        }
    }

    /// The keyword, if it is there with its window at `place`.
    fn hit(&self, bytes: &[u8], place: usize) -> Option<Hit> {
        let start = place.checked_sub(self.offset)?;
        let end = start.saturating_add(self.text.len());
        let there = bytes.get(start..end).is_some_and(|found| match self.any_case {
            true => found.eq_ignore_ascii_case(&self.text),
            false => found == self.text,
        });
        (there && self.shape.admits(bytes, start, end)).then_some(Hit { start, keyword: self.keyword })
    }
}

/// The first four bytes as a number, with letters of either case alike; missing bytes count as zeros.
fn fold(bytes: &[u8]) -> u32 {
    let four = match bytes.first_chunk() {
        Some(four) => *four,
        None => {
            let mut four = [0; 4];
            four.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            four
        }
    };
    u32::from_le_bytes(four) | 0x2020_2020
}

fn hash(window: u32, bits: u32) -> usize {
    (window.wrapping_mul(0x9e37_79b1) >> (32 - bits)) as usize
}
