//! From a place that may begin a window to the keywords that are really there.

use super::anchor::Anchor;
use super::{Hit, Keyword, Shape};

/// Bits of the hash that the first look takes.
const HASH_BITS: u32 = 15;

/// A keyword, and where in it its window begins.
#[derive(Debug)]
struct Target {
    text: Vec<u8>,
    any_case: bool,
    shape: Shape,
    offset: usize,
    keyword: u32,
}

/// The windows of one length, by their bytes with the case folded.
#[derive(Debug)]
struct Windows {
    /// The bytes of a window that count, as a mask.
    mask: u32,
    /// A bit for each hash that some window has.
    hashes: Vec<u64>,
    /// Sorted by window.
    targets: Vec<(u32, Target)>,
}

/// All windows.
#[derive(Debug)]
pub(super) struct Lookup {
    lengths: Vec<Windows>,
}

impl Lookup {
    pub(super) fn new(keywords: &[Keyword], anchors: &[Anchor]) -> Self {
        let mut lengths: Vec<Windows> = Vec::new();
        for (index, (keyword, anchor)) in (0..).zip(keywords.iter().zip(anchors)) {
            let mask =
                u32::MAX.checked_shr(32_u32.saturating_sub(8 * u32::try_from(anchor.len).unwrap_or(4)));
            let mask = mask.unwrap_or(0);
            let window = fold(keyword.text.get(anchor.offset..).unwrap_or_default()) & mask;
            let (text, any_case) = (keyword.text.clone(), keyword.any_case);
            let shape = keyword.shape.clone();
            let target = Target { text, any_case, shape, offset: anchor.offset, keyword: index };
            match lengths.iter_mut().find(|windows| windows.mask == mask) {
                Some(windows) => windows.add(window, target),
                None => {
                    let mut windows =
                        Windows { mask, hashes: vec![0; 1 << HASH_BITS >> 6], targets: Vec::new() };
                    windows.add(window, target);
                    lengths.push(windows);
                }
            }
        }
        for windows in &mut lengths {
            windows.targets.sort_by_key(|(window, target)| (*window, target.keyword));
        }
        Self { lengths }
    }

    /// Adds a hit for each keyword whose window begins at `place` of `bytes`.
    pub(super) fn verify(&self, bytes: &[u8], place: usize, hits: &mut Vec<Hit>) {
        let folded = fold(bytes.get(place..).unwrap_or_default());
        for windows in &self.lengths {
            let window = folded & windows.mask;
            if windows.may_have(window) {
                windows.compare(window, bytes, place, hits);
            }
        }
    }
}

impl Windows {
    fn add(&mut self, window: u32, target: Target) {
        let hash = hash(window);
        if let Some(word) = self.hashes.get_mut(hash >> 6) {
            *word |= 1 << (hash & 63);
        }
        self.targets.push((window, target));
    }

    fn may_have(&self, window: u32) -> bool {
        let hash = hash(window);
        self.hashes.get(hash >> 6).is_some_and(|word| word >> (hash & 63) & 1 == 1)
    }

    #[cold]
    fn compare(&self, window: u32, bytes: &[u8], place: usize, hits: &mut Vec<Hit>) {
        let first = self.targets.partition_point(|(other, _)| *other < window);
        let same =
            self.targets.get(first..).unwrap_or_default().iter().take_while(|(other, _)| *other == window);
        for (_, target) in same {
            let Some(start) = place.checked_sub(target.offset) else { continue };
            let end = start.saturating_add(target.text.len());
            let there = bytes.get(start..end).is_some_and(|found| match target.any_case {
                true => found.eq_ignore_ascii_case(&target.text),
                false => found == target.text,
            });
            if there && target.shape.admits(bytes, start, end) {
                hits.push(Hit { start, keyword: target.keyword });
            }
        }
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

fn hash(window: u32) -> usize {
    (window.wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS)) as usize
}
