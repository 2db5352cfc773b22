//! The progress of long work, for whoever shows it.

/// Shows how far the work is; called from many threads.
pub trait Progress: Sync {
    /// A phase begins, with the number of bytes it will read (0: unknown).
    fn begin(&self, phase: &'static str, bytes: u64);
    /// So many bytes more are done.
    fn advance(&self, bytes: u64);
}

/// Nobody to tell.
pub struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _: &'static str, _: u64) {}
    fn advance(&self, _: u64) {}
}
