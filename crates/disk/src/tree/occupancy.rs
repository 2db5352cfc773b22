//! Where the content of all files of one file system lies on the disk, each byte counted once: hard links,
//! clones and snapshots share it.

use crate::bytes::{Span, spans};
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

/// Runs of the disk that a walk met, sorted, those that touch put together; none of them is rounded up to blocks.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// By content of files.
    pub content: Vec<Span>,
    /// By directories.
    pub directories: Vec<Span>,
}

impl Taken {
    /// Adds those of another walk of the same file system.
    pub fn join(&mut self, other: Self) {
        for (mine, theirs) in [(&mut self.content, other.content), (&mut self.directories, other.directories)]
        {
            mine.extend(theirs);
            spans::join(mine);
        }
    }
}

/// Gathers the runs.
#[derive(Debug, Default)]
pub(super) struct Occupancy {
    /// Bytes of a block.
    block: u64,
    content: Runs,
    directories: Runs,
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
                    self.content.push(Span::new(at, extent.len));
                    continue;
                }
                Place::Hole => &mut self.sums.holes,
                Place::Unwritten => &mut self.sums.unwritten,
                Place::Lost => continue,
                Place::Opaque | Place::Packed { .. } => &mut self.sums.packed,
            };
            *sum = sum.saturating_add(extent.len);
        }
        self.sums.holes = self.sums.holes.saturating_add(size.saturating_sub(end));
    }

    /// Adds where packed content lies.
    pub(super) fn add_packed(&mut self, runs: Vec<Span>) {
        runs.into_iter().for_each(|run| self.content.push(run));
    }

    /// Adds a directory.
    pub(super) fn add_directory(&mut self, extents: &[Extent]) {
        for extent in extents {
            if let Place::Disk(at) = extent.place {
                self.directories.push(Span::new(at, extent.len));
            }
        }
    }

    pub(super) fn finish(mut self) -> (Occupied, Taken) {
        let mut blocks = Runs::default();
        self.content.join();
        for run in &self.content.runs {
            let whole = run.len.checked_next_multiple_of(self.block.max(1)).unwrap_or(run.len);
            blocks.push(Span::new(run.offset, whole));
        }
        blocks.join();
        self.directories.join();
        self.sums.on_disk = blocks.runs.iter().fold(0, |sum, run| sum.saturating_add(run.len));
        (self.sums, Taken { content: self.content.runs, directories: self.directories.runs })
    }
}

/// Runs that are put together now and then, so that many of the same cost no memory.
#[derive(Debug, Default)]
struct Runs {
    runs: Vec<Span>,
    joined: usize,
}

impl Runs {
    fn push(&mut self, run: Span) {
        self.runs.push(run);
        if self.runs.len() >= self.joined.saturating_mul(2).max(FIRST_JOIN) {
            self.join();
        }
    }

    fn join(&mut self) {
        spans::join(&mut self.runs);
        self.joined = self.runs.len();
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
        let (sums, taken) = occupancy.finish();
        assert_eq!((sums.on_disk, sums.holes, sums.packed), (12288, 4096 + 20_000 - 12388, 60));
        assert_eq!(taken.content, [Span::new(8192, 100), Span::new(40960, 8192)]);
    }
}
