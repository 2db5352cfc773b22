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

    /// Whether `half` (0 to 15) is a low and a high half at `place`.
    pub(super) fn knows(&self, place: usize, half: u8) -> (bool, bool) {
        let halves = self.places.get(place).copied().unwrap_or_default();
        (halves.low >> half & 1 == 1, halves.high >> half & 1 == 1)
    }
}

/// How often the bytes are seen whose high half is this one, and whose low half is in a set: the lower and
/// the upper eight of the sixteen, by the set's bits.
struct Frequencies([[[f32; 256]; 2]; 16]);

impl Frequencies {
    fn new() -> Box<Self> {
        let mut tables = Box::new(Self([[[0.0; 256]; 2]; 16]));
        for (row, bytes) in tables.0.iter_mut().zip(FREQUENCY.chunks_exact(16)) {
            for (table, bytes) in row.iter_mut().zip(bytes.chunks_exact(8)) {
                for (set, sum) in table.iter_mut().enumerate() {
                    let known = (0..).zip(bytes).filter(|(bit, _)| set >> bit & 1 == 1);
                    *sum = known.map(|(_, &byte)| f32::from(byte) / 10_000.0).sum();
                }
            }
        }
        tables
    }

    fn of(&self, halves: Halves) -> f32 {
        let sets = halves.low.to_le_bytes();
        let rows = (0..).zip(&self.0).filter(|(high, _)| halves.high >> high & 1 == 1);
        let sums = rows.flat_map(|(_, row)| row.iter().zip(sets));
        sums.filter_map(|(table, set)| table.get(usize::from(set))).sum()
    }
}

/// Windows that share a bucket, and how often the places of a file pass it.
#[derive(Clone, Debug, Default)]
struct Hand {
    windows: Vec<usize>,
    bucket: Bucket,
    /// How often a byte passes, for each place of the window.
    rates: [f32; WIDTH],
}

impl Hand {
    /// How often a place of a file passes, relative to other hands.
    fn cost(&self) -> f32 {
        self.rates.iter().product()
    }

    /// The bucket and its rates with one window more. Most places know its halves already.
    fn with(&self, anchor: &Anchor, frequencies: &Frequencies) -> (Bucket, [f32; WIDTH]) {
        let bucket = self.bucket.with(anchor);
        let mut rates = self.rates;
        for ((rate, before), after) in rates.iter_mut().zip(self.bucket.places).zip(bucket.places) {
            if before != after {
                *rate = frequencies.of(after);
            }
        }
        (bucket, rates)
    }
}

/// How often all windows are dealt anew, each knowing where the others went.
const ROUNDS: usize = 2;

/// Deals the windows into `count` buckets, each into the one whose frequency it raises least.
pub(super) fn deal(anchors: &[Anchor], count: usize) -> Vec<Bucket> {
    let frequencies = Frequencies::new();
    let mut hands = vec![Hand::default(); count];
    for round in 0..ROUNDS {
        for (window, anchor) in anchors.iter().enumerate() {
            if round > 0 {
                take_back(&mut hands, window, anchors, &frequencies);
            }
            give(&mut hands, window, anchor, &frequencies);
        }
    }
    hands.into_iter().map(|hand| hand.bucket).collect()
}

fn give(hands: &mut [Hand], window: usize, anchor: &Anchor, frequencies: &Frequencies) {
    let grown = hands.iter_mut().map(|hand| {
        let (bucket, rates) = hand.with(anchor, frequencies);
        (rates.iter().product::<f32>() - hand.cost(), bucket, rates, hand)
    });
    if let Some((_, bucket, rates, hand)) = grown.min_by(|a, b| a.0.total_cmp(&b.0)) {
        (hand.bucket, hand.rates) = (bucket, rates);
        hand.windows.push(window);
    }
}

fn take_back(hands: &mut [Hand], window: usize, anchors: &[Anchor], frequencies: &Frequencies) {
    let Some(hand) = hands.iter_mut().find(|hand| hand.windows.contains(&window)) else { return };
    hand.windows.retain(|&other| other != window);
    let left = hand.windows.iter().filter_map(|&other| anchors.get(other));
    hand.bucket = left.fold(Bucket::default(), Bucket::with);
    hand.rates = hand.bucket.places.map(|halves| frequencies.of(halves));
}
