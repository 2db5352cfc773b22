//! Numbers for tests that are the same in every run.

/// A linear congruential generator, by its state.
pub(super) struct Random(pub(super) u64);

impl Random {
    /// A number below `below`.
    pub(super) fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }

    /// Any byte.
    pub(super) fn byte(&mut self) -> u8 {
        self.next(256).to_le_bytes()[0]
    }
}
