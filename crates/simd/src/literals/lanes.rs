//! The vector kernel: which places of a buffer may begin a window of some bucket.
//!
//! As in the algorithm Teddy, a byte's two halves each look up, in a table of sixteen entries, the set of
//! buckets that know them at a place of the window; the sets of all places are intersected. Eight buckets
//! fit into a byte of the sets, so there is one pair of tables a place for each eight buckets.
//!
//! The kernel is generic over the widths that processors have; the crate `fearless_simd` chooses one at run
//! time, safely.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x16};

use super::anchor::{Anchor, WIDTH};
use super::buckets;

/// Groups of eight buckets. More groups let fewer places pass, and cost more each.
const GROUPS: usize = 6;

/// For a place of the window: the buckets that know a low half, and a high half.
type Tables = [([u8; 16], [u8; 16]); WIDTH];

/// The kernel with its tables.
#[derive(Debug)]
pub(super) struct Lanes {
    level: Level,
    groups: [Tables; GROUPS],
}

impl Lanes {
    pub(super) fn new(anchors: &[Anchor]) -> Self {
        let buckets = buckets::deal(anchors, 8 * GROUPS);
        let mut groups = [[([0; 16], [0; 16]); WIDTH]; GROUPS];
        for (tables, buckets) in groups.iter_mut().zip(buckets.chunks(8)) {
            for (place, (low, high)) in tables.iter_mut().enumerate() {
                for (bit, bucket) in buckets.iter().enumerate() {
                    for (half, (low, high)) in (0..).zip(low.iter_mut().zip(high.iter_mut())) {
                        let (is_low, is_high) = bucket.knows(place, half);
                        *low |= u8::from(is_low) << bit;
                        *high |= u8::from(is_high) << bit;
                    }
                }
            }
        }
        Self { level: Level::new(), groups }
    }

    /// The same kernel at every width that this processor has.
    #[cfg(test)]
    pub(super) fn at_every_level(&self) -> Vec<Self> {
        let mut levels = vec![self.level, Level::baseline()];
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend(self.level.as_sse4_2().map(Level::Sse4_2));
            levels.extend(self.level.as_avx2().map(Level::Avx2));
        }
        levels.into_iter().map(|level| Self { level, groups: self.groups }).collect()
    }

    /// Appends the places before `end` of `bytes` that may begin a window; windows over the end of `bytes`
    /// count as going on with zeros.
    pub(super) fn candidates(&self, bytes: &[u8], end: usize, places: &mut Vec<u32>) {
        dispatch!(self.level, simd => scan(simd, &self.groups, bytes, end, places));
    }
}

/// The widest vector there is, in bytes.
const WIDEST: usize = 64;

#[inline(always)]
fn scan<S: Simd>(simd: S, groups: &[Tables; GROUPS], bytes: &[u8], end: usize, places: &mut Vec<u32>) {
    let width = S::u8s::LEN;
    let tables = groups.map(|tables| tables.map(|(low, high)| (spread(simd, low), spread(simd, high))));
    let mut at = 0_usize;
    for window in bytes.windows(width + WIDTH - 1).step_by(width) {
        if at >= end {
            return;
        }
        push(passes(simd, &tables, window), at, end, places);
        at = at.saturating_add(width);
    }
    // The rest, with zeros behind it.
    let mut padded = [0; WIDEST + WIDTH - 1];
    while at < end.min(bytes.len()) {
        let rest = bytes.get(at..).unwrap_or_default();
        padded.fill(0);
        padded.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        let window = padded.get(..width + WIDTH - 1).unwrap_or_default();
        push(passes(simd, &tables, window), at, end.min(bytes.len()), places);
        at = at.saturating_add(width);
    }
}

#[inline(always)]
fn spread<S: Simd>(simd: S, table: [u8; 16]) -> S::u8s {
    S::u8s::block_splat(u8x16::simd_from(simd, table))
}

/// A bit for each of the first places of `window` that passes.
#[inline(always)]
#[expect(
    clippy::indexing_slicing,
    clippy::needless_range_loop,
    reason = "loops over the arrays' own lengths are unrolled; chained iterators are not, and take twice the time"
)]
fn passes<S: Simd>(simd: S, tables: &[[(S::u8s, S::u8s); WIDTH]; GROUPS], window: &[u8]) -> u64 {
    let mut sets = [S::u8s::splat(simd, 0xff); GROUPS];
    for place in 0..WIDTH {
        let Some(bytes) = window.get(place..place + S::u8s::LEN) else { return u64::MAX };
        let bytes = S::u8s::from_slice(simd, bytes);
        let (low, high) = (bytes & 0x0f, bytes >> 4);
        for group in 0..GROUPS {
            let (lows, highs) = tables[group][place];
            sets[group] =
                sets[group] & lows.swizzle_dyn_within_blocks(low) & highs.swizzle_dyn_within_blocks(high);
        }
    }
    let mut any = sets[0];
    for set in &sets[1..] {
        any |= *set;
    }
    (!any.simd_eq(0)).to_bitmask()
}

#[inline(always)]
fn push(mut passed: u64, at: usize, end: usize, places: &mut Vec<u32>) {
    while passed != 0 {
        let place = at.saturating_add(passed.trailing_zeros() as usize);
        if place < end {
            places.push(u32::try_from(place).unwrap_or(u32::MAX));
        }
        passed &= passed - 1;
    }
}
