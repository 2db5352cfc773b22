//! Where the content of all files of one file system lies on the disk, each byte counted once: hard links,
//! clones and snapshots share it.

use crate::bytes::Span;
use crate::fs::{Extent, Place};

/// Runs that are kept before neighbours are joined the first time.
const FIRST_JOIN: usize = 1 << 16;

/// How much of the disk file content takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occupied {
    /// Bytes of the disk that hold file content as it is, whole blocks.
    pub on_disk: u64,
    /// Bytes of files that are holes: on no disk.
    pub holes: u64,
    /// Bytes that are set aside for files and were never written.
    pub unwritten: u64,
    /// Bytes of files that lie packed, inside of inodes, or on several devices: as the reader sees them.
    pub packed: u64,
}

/// Gathers the runs.
#[derive(Debug, Default)]
pub(super) struct Occupancy {
    /// Bytes of a block.
    block: u64,
    runs: Vec<Span>,
    joined: usize,
    sums: Occupied,
}

impl Occupancy {
    /// For a file system of blocks of `block` bytes.
    pub(super) fn of(block: u64) -> Self {
        Self { block: block.max(1), ..Self::default() }
    }

    /// Adds a file of `size` bytes.
    pub(super) fn add(&mut self, extents: &[Extent], size: u64) {
        let mut end = 0_u64;
        for extent in extents {
            end = extent.start.saturating_add(extent.len);
            let sum = match extent.place {
                Place::Disk(at) => {
                    let whole = extent.len.checked_next_multiple_of(self.block.max(1)).unwrap_or(extent.len);
                    self.runs.push(Span::new(at, whole));
                    continue;
                }
                Place::Hole => &mut self.sums.holes,
                Place::Unwritten => &mut self.sums.unwritten,
                Place::Opaque | Place::Packed { .. } => &mut self.sums.packed,
            };
            *sum = sum.saturating_add(extent.len);
        }
        self.sums.holes = self.sums.holes.saturating_add(size.saturating_sub(end));
        if self.runs.len() >= self.joined.saturating_mul(2).max(FIRST_JOIN) {
            self.join();
        }
    }

    /// Sorts the runs, and makes one of those that touch or overlap.
    fn join(&mut self) {
        self.runs.sort_unstable();
        self.runs.dedup_by(|next, run| {
            let end = run.offset.saturating_add(run.len);
            let touches = next.offset <= end;
            if touches {
                run.len = next.offset.saturating_add(next.len).max(end).saturating_sub(run.offset);
            }
            touches
        });
        self.joined = self.runs.len();
    }

    pub(super) fn finish(mut self) -> Occupied {
        self.join();
        self.sums.on_disk = self.runs.iter().fold(0, |sum, run| sum.saturating_add(run.len));
        self.sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_blocks_count_once_and_holes_not_at_all() {
        let mut occupancy = Occupancy::of(4096);
        let extent = |start, len, place| Extent { start, len, place };
        let file = [
            extent(0, 8192, Place::Disk(40960)),
            extent(8192, 4096, Place::Hole),
            extent(12288, 100, Place::Disk(8192)),
        ];
        occupancy.add(&file, 20_000);
        occupancy.add(&[extent(0, 4096, Place::Disk(45056))], 4096);
        occupancy.add(&[extent(0, 60, Place::Opaque)], 60);
        let sums = occupancy.finish();
        assert_eq!((sums.on_disk, sums.holes, sums.packed), (12288, 4096 + 20_000 - 12388, 60));
    }
}
