//! Pieces of a run of bytes, and what is kept of it from a place on.

/// Bytes that are looked at together.
#[derive(Clone, Copy)]
pub(super) struct Block<'b> {
    pub(super) bytes: &'b [u8],
    /// Where in the file they begin.
    pub(super) base: u64,
    /// So many of them the block before had, too.
    pub(super) repeated: usize,
}

impl<'b> Block<'b> {
    /// The bytes that no block had before.
    pub(super) fn fresh(&self) -> &'b [u8] {
        self.bytes.get(self.repeated..).unwrap_or_default()
    }

    /// The place in the file of the byte `at`.
    pub(super) fn place(&self, at: usize) -> u64 {
        self.base.saturating_add(at as u64)
    }
}

/// What is kept of a run from a place on.
#[derive(Debug)]
pub(super) struct Capture {
    pub(super) bytes: Vec<u8>,
    /// Where in the file it begins.
    pub(super) place: u64,
    limit: usize,
}

impl Capture {
    /// From the byte `at` of a block on, up to so many bytes.
    pub(super) fn begin(block: Block<'_>, at: usize, limit: usize) -> Self {
        let mut capture = Self { bytes: Vec::new(), place: block.place(at), limit };
        capture.add(block.bytes.get(at..).unwrap_or_default());
        capture
    }

    /// The next block; nothing is added where it does not follow.
    pub(super) fn go_on(&mut self, block: Block<'_>) {
        let end = self.place.saturating_add(self.bytes.len() as u64);
        if end == block.place(block.repeated) {
            self.add(block.fresh());
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        let room = self.limit.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }
}
