//! Where the blocks of a fork lie: lists and B+trees of extents, both decoded to a list of runs.
//!
//! Reference: *XFS Algorithms & Data Structures*, "Data Extents"; `struct xfs_bmbt_rec`.

use std::collections::BTreeSet;

use super::checksum;
use super::inode::{Fork, ForkKind, Format, Inode};
use super::volume::Volume;
use crate::bytes::Record;
use crate::fs::content::{Map, append};
use crate::fs::{Extent, FsError, Place};

/// The kernel knows no higher tree.
const MAX_LEVEL: u16 = 9;
/// Where a block of the tree names the inode, in version 5.
pub(super) const OWNER: usize = 56;

/// A run of blocks of a fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// First block in the fork.
    pub(super) start: u64,
    /// Number of blocks.
    pub(super) count: u64,
    /// First block in the file system, as a packed number.
    pub(super) block: u64,
    /// Whether the blocks were written since they were allocated.
    pub(super) written: bool,
}

impl Run {
    pub(super) fn end(&self) -> u64 {
        self.start.saturating_add(self.count)
    }
}

/// A change of a map that the log promises: the run is added, or taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Remap {
    pub(super) fork: ForkKind,
    pub(super) run: Run,
    pub(super) adds: bool,
}

/// The runs of a fork, up to the first damage.
#[derive(Debug, Default)]
pub(super) struct Runs {
    pub(super) runs: Vec<Run>,
    /// Blocks of the tree that were read.
    pub(super) tree_blocks: usize,
    pub(super) damage: Option<FsError>,
}

/// Decodes the runs of one fork of `inode`.
pub(super) fn runs(volume: &Volume, inode: &Inode, kind: ForkKind) -> Runs {
    let fork = inode.fork(kind);
    let mut reading = Reading { volume, inode, runs: Vec::new(), visited: BTreeSet::new() };
    let done = match fork.format {
        Format::Extents => reading.list(&fork),
        Format::Btree => reading.root(&fork),
        format => Err(reading.corrupt(format!("a fork of format {format:?} has no extents"))),
    };
    let mut runs = reading.runs;
    for remap in volume.remaps.get(&inode.number).into_iter().flatten().filter(|remap| remap.fork == kind) {
        apply(&mut runs, remap);
    }
    Runs { runs, tree_blocks: reading.visited.len(), damage: done.err() }
}

/// Maps the content of `inode` up to its size.
pub(super) fn map(volume: &Volume, inode: &Inode) -> Map {
    lay_out(volume, inode, runs(volume, inode, ForkKind::Data))
}

/// Maps the content of `inode`, whose runs are known, up to its size.
pub(super) fn lay_out(volume: &Volume, inode: &Inode, found: Runs) -> Map {
    let Runs { runs, damage, .. } = found;
    let mut extents = Vec::new();
    let mut end = 0;
    for run in runs {
        match add(volume, inode, &mut extents, end, &run) {
            Ok(reached) => end = reached,
            Err(error) => return Map { extents, damage: Some(error) },
        }
    }
    Map { extents, damage: damage.filter(|_| end < inode.metadata.size) }
}

/// Adds `run` to extents that reach to byte `end` of the file, and returns to where they reach then.
fn add(
    volume: &Volume,
    inode: &Inode,
    extents: &mut Vec<Extent>,
    end: u64,
    run: &Run,
) -> Result<u64, FsError> {
    let (size, log) = (inode.metadata.size, volume.superblock.block_log);
    let bytes = |blocks: u64| blocks.saturating_mul(1 << log);
    let start = bytes(run.start);
    if start >= size {
        return Ok(end);
    }
    let len = bytes(run.count).min(size.saturating_sub(start));
    let place = match volume.superblock.run_offset(run.block, run.count) {
        Some(offset) if run.written => Place::Disk(offset),
        _ => Place::Unwritten,
    };
    let limit = volume.budget.extents;
    append(extents, start.saturating_sub(end), Place::Hole, limit)
        .and_then(|()| append(extents, len, place, limit))
        .map_err(|limit| over_limit(inode.number, limit))?;
    Ok(start.saturating_add(len))
}

fn over_limit(number: u64, limit: u64) -> FsError {
    FsError::over_limit(format!("extents of inode {number}"), limit)
}

/// Takes away what lies where `remap` is, and puts it there if it adds.
fn apply(runs: &mut Vec<Run>, remap: &Remap) {
    let gap = remap.run;
    let mut kept = Vec::with_capacity(runs.len().saturating_add(2));
    for run in runs.drain(..) {
        if run.start < gap.start {
            kept.push(Run { count: run.count.min(gap.start.saturating_sub(run.start)), ..run });
        }
        if run.end() > gap.end() {
            let skipped = gap.end().saturating_sub(run.start);
            kept.push(Run {
                start: run.start.saturating_add(skipped),
                count: run.count.saturating_sub(skipped),
                block: run.block.saturating_add(skipped),
                written: run.written,
            });
        }
    }
    if remap.adds {
        kept.push(gap);
        kept.sort_by_key(|run| run.start);
    }
    *runs = kept;
}

struct Reading<'a> {
    volume: &'a Volume,
    inode: &'a Inode,
    runs: Vec<Run>,
    /// Blocks of the tree that were read: a second visit is a loop.
    visited: BTreeSet<u64>,
}

impl Reading<'_> {
    fn list(&mut self, fork: &Fork<'_>) -> Result<(), FsError> {
        let room = fork.bytes.len() / 16;
        let count = usize::try_from(fork.extents).unwrap_or(usize::MAX);
        self.leaf(&Record::new("extent list", fork.bytes), 0, count.min(room))?;
        if count > room {
            return Err(self.corrupt(format!("{count} extents in a fork with room for {room}")));
        }
        Ok(())
    }

    /// The root in the inode: level, count, keys; the pointers behind the room for all keys.
    fn root(&mut self, fork: &Fork<'_>) -> Result<(), FsError> {
        let record = Record::new("extent root", fork.bytes);
        let level = record.u16_be(0)?;
        if level == 0 || level > MAX_LEVEL {
            return Err(self.corrupt(format!("a root of level {level}")));
        }
        self.pointers(&record, 4, level)
    }

    /// Follows the pointers of a node of `level`, whose header is `header` bytes long.
    fn pointers(&mut self, record: &Record<'_>, header: usize, level: u16) -> Result<(), FsError> {
        let count = usize::from(record.u16_be(header_count(header))?);
        let room = record.len().saturating_sub(header) / 16;
        if count > room {
            return Err(self.corrupt(format!("{count} pointers in a node with room for {room}")));
        }
        for index in 0..count {
            let offset = header.saturating_add(room.saturating_add(index).saturating_mul(8));
            self.block(record.u64_be(offset)?, level.saturating_sub(1))?;
        }
        Ok(())
    }

    fn block(&mut self, number: u64, level: u16) -> Result<(), FsError> {
        if !self.visited.insert(number) {
            return Err(self.corrupt(format!("block {number} of the tree is used twice")));
        }
        let read = (self.visited.len() as u64).saturating_mul(self.volume.superblock.block_size());
        if read > self.volume.budget.metadata_bytes {
            let number = self.inode.number;
            return Err(FsError::over_limit(
                format!("bytes of the map of inode {number}"),
                self.volume.budget.metadata_bytes,
            ));
        }
        let bytes = self.volume.block(number)?;
        self.volume.verify_of_inode(self.inode.number, &bytes, checksum::LONG_BTREE);
        let record = Record::new("extent block", &bytes);
        let (magic, header) = if self.volume.has_checksums() { (b"BMA3", 72) } else { (b"BMAP", 24) };
        if self.volume.has_checksums() && record.u64_be(OWNER)? != self.inode.number {
            self.volume.inode_mismatch(self.inode.number);
        }
        let found = record.u16_be(4)?;
        if record.bytes(0, 4)? != magic || found != level {
            return Err(self.corrupt(format!("block {number}: no tree block of level {level}")));
        }
        if level > 0 {
            return self.pointers(&record, header, level);
        }
        let count = usize::from(record.u16_be(6)?);
        let room = record.len().saturating_sub(header) / 16;
        self.leaf(&record, header, count.min(room))?;
        if count > room {
            return Err(self.corrupt(format!("block {number}: {count} extents with room for {room}")));
        }
        Ok(())
    }

    /// `count` extents from `offset` on.
    fn leaf(&mut self, record: &Record<'_>, offset: usize, count: usize) -> Result<(), FsError> {
        let list = record.bytes(offset, count.saturating_mul(16))?;
        for packed in list.as_chunks::<16>().0 {
            self.push(decode(u128::from_be_bytes(*packed)))?;
        }
        Ok(())
    }

    fn push(&mut self, run: Run) -> Result<(), FsError> {
        let end = self.runs.last().map_or(0, Run::end);
        if run.start < end || run.count == 0 {
            return Err(self.corrupt(format!("extent {}+{} is out of order", run.start, run.count)));
        }
        // The blocks of a realtime file are counted on another device.
        if self.volume.superblock.run_offset(run.block, run.count).is_none() {
            return Err(self.corrupt(format!("blocks {}+{} are not in a group", run.block, run.count)));
        }
        if self.runs.len() as u64 >= self.volume.budget.extents {
            return Err(over_limit(self.inode.number, self.volume.budget.extents));
        }
        self.runs.push(run);
        Ok(())
    }

    fn corrupt(&self, problem: String) -> FsError {
        FsError::corrupt("block map of inode", self.inode.number, problem)
    }
}

/// Where the number of records lies: right behind the level, which a block has behind its magic.
fn header_count(header: usize) -> usize {
    if header == 4 { 2 } else { 6 }
}

/// 1 bit "unwritten", 54 bits of the fork's block, 52 bits of the block, 21 bits of the count.
pub(super) fn decode(packed: u128) -> Run {
    let bits = |shift: u32, len: u32| u64::try_from(packed >> shift & ((1 << len) - 1)).unwrap_or(0);
    Run { start: bits(73, 54), count: bits(0, 21), block: bits(21, 52), written: packed >> 127 == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(start: u64, count: u64, block: u64) -> Run {
        Run { start, count, block, written: true }
    }

    fn remap(run: Run, adds: bool) -> Remap {
        Remap { fork: ForkKind::Data, run, adds }
    }

    #[test]
    fn extents_are_unpacked() {
        let packed = 1 << 127 | 5_u128 << 73 | 77_u128 << 21 | 9;
        assert_eq!(decode(packed), Run { start: 5, count: 9, block: 77, written: false });
    }

    #[test]
    fn a_promised_mapping_takes_the_place_of_what_was_there() {
        let mut runs = vec![run(0, 10, 100), run(20, 5, 200)];
        apply(&mut runs, &remap(run(4, 3, 900), true));
        assert_eq!(runs, [run(0, 4, 100), run(4, 3, 900), run(7, 3, 107), run(20, 5, 200)]);
    }

    #[test]
    fn a_promised_unmapping_leaves_a_hole() {
        let mut runs = vec![run(0, 10, 100), run(10, 10, 300)];
        apply(&mut runs, &remap(run(8, 4, 0), false));
        assert_eq!(runs, [run(0, 8, 100), run(12, 8, 302)]);
    }
}
