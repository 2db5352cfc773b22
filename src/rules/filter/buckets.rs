//! Windows dealt into buckets, so that few places of a file look like a window of some bucket.
//!
//! A bucket knows of each of the four places which low and which high halves of a byte its windows have
//! there; a place passes if both halves are known. Windows that are alike share a bucket cheaply.

use super::anchor::{Anchor, FREQUENCY, WIDTH};

/// Low and high halves of the bytes at one place of a bucket's windows, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Halves {
    low: u16,
    high: u16,
}

/// What may stand at the places of a bucket's windows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bucket {
    places: [Halves; WIDTH],
}

impl Bucket {
    fn with(mut self, anchor: &Anchor) -> Self {
        for (halves, class) in self.places.iter_mut().zip(anchor.classes) {
            let (low, high) = class.halves();
            halves.low |= low;
            halves.high |= high;
        }
        self
    }

    /// How often a place of a file passes, relative to other buckets.
    fn frequency(&self, frequencies: &[[f32; 16]; 16]) -> f32 {
        self.places.iter().map(|halves| halves.frequency(frequencies)).product()
    }

    /// Whether `half` (0 to 15) is a low and a high half at `place`.
    pub(super) fn knows(&self, place: usize, half: u8) -> (bool, bool) {
        let halves = self.places.get(place).copied().unwrap_or_default();
        (halves.low >> half & 1 == 1, halves.high >> half & 1 == 1)
    }
}

impl Halves {
    fn frequency(self, frequencies: &[[f32; 16]; 16]) -> f32 {
        let mut sum = 0.0;
        for (high, row) in frequencies.iter().enumerate() {
            if self.high >> high & 1 == 1 {
                sum += row
                    .iter()
                    .enumerate()
                    .filter(|(low, _)| self.low >> low & 1 == 1)
                    .map(|(_, frequency)| frequency)
                    .sum::<f32>();
            }
        }
        sum
    }
}

/// Deals the windows into `count` buckets, each into the one whose frequency it raises least.
pub(super) fn deal(anchors: &[Anchor], count: usize) -> Vec<Bucket> {
    let mut frequencies = [[0.0; 16]; 16];
    for (row, bytes) in frequencies.iter_mut().zip(FREQUENCY.chunks_exact(16)) {
        for (to, &from) in row.iter_mut().zip(bytes) {
            *to = f32::from(from) / 10_000.0;
        }
    }
    let mut buckets = vec![Bucket::default(); count];
    let mut costs = vec![0.0_f32; count];
    for anchor in anchors {
        let raised = buckets.iter().map(|bucket| bucket.with(anchor)).zip(&costs).enumerate().map(
            |(index, (grown, cost))| {
                let after = grown.frequency(&frequencies);
                (index, grown, after, after - cost)
            },
        );
        if let Some((index, grown, after, _)) = raised.min_by(|a, b| a.3.total_cmp(&b.3)) {
            if let Some(bucket) = buckets.get_mut(index) {
                *bucket = grown;
            }
            if let Some(cost) = costs.get_mut(index) {
                *cost = after;
            }
        }
    }
    buckets
}
