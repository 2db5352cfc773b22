//! What is left of files that are no more.
//!
//! Deleting a file clears little of it. The inode keeps its list of extents, for an empty fork is not written; a chunk
//! of inodes that is given up as a whole is not written at all; a directory entry loses the upper half of its number. The
//! log has every state since its last round began, with sizes and names.
//!
//! Sources, in this order: the log; the inodes of chunks in use, and the blocks of living directories; free space.
//!
//! References: *XFS Algorithms & Data Structures*; `fs/xfs/xfs_inode.c`, `xfs_inode_item.c`, `libxfs/xfs_dir2_data.c`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::log;
use super::volume::Volume;
use crate::budget::Budget;
use crate::bytes::{Record, Source, Span};
use crate::fs::remains::{Fate, Life, Name, Proof, Remain, Take};
use crate::fs::{FsError, Time};
use entries::Entry;

mod chunks;
mod entries;
mod free;
mod freed;
mod history;
mod version;

/// Runs of content, and blocks of their trees, that are decoded of all versions together, for each that one file may have.
const MAX_RUNS: u64 = 4;
/// Bytes that a life in a map takes, with the map's own.
const LIFE: u64 = 64;

/// Hands on everything that is left of earlier states of `volume`, whose disk is `disk` and whose free bytes are `free`.
///
/// # Errors
/// The first [`FsError`] met, after everything that could be found was handed on.
pub(super) fn collect(
    volume: &Volume,
    disk: &Arc<dyn Source>,
    free: &[Span],
    take: &mut Take<'_>,
) -> Result<(), FsError> {
    let mut finds = Finds::new(volume, disk, free, take);
    if volume.superblock.log_start != 0 {
        finds.attempt(history::read);
    }
    finds.attempt(chunks::read);
    finds.attempt(free::read);
    finds.damage.map_or(Ok(()), Err)
}

/// What was found so far, and who takes it.
struct Finds<'a, 't> {
    /// As it is now.
    volume: &'a Volume,
    /// As it is on the disk, where a dirty log was not replayed.
    disk: Arc<Volume>,
    free: &'a [Span],
    take: &'a mut Take<'t>,
    /// When lives ended, as the log tells.
    deaths: BTreeMap<Life, Time>,
    /// Lives of which a version with its size was found.
    known: BTreeSet<Life>,
    /// Where directories had their blocks: the first byte -> behind the last, and whose.
    directories: BTreeMap<u64, (u64, Life)>,
    /// Runs that may still be decoded.
    runs: u64,
    /// Bytes that the maps above may still take.
    room: u64,
    damage: Option<FsError>,
    is_done: bool,
}

impl<'a, 't> Finds<'a, 't> {
    fn new(volume: &'a Volume, disk: &Arc<dyn Source>, free: &'a [Span], take: &'a mut Take<'t>) -> Self {
        let limits = volume.budget;
        // The tree of one file takes no larger part of it.
        let budget = Budget { metadata_bytes: limits.metadata_bytes / 16, ..limits };
        Self {
            volume,
            disk: Arc::new(Volume::new(Arc::clone(disk), volume.superblock.clone(), &budget)),
            free,
            take,
            deaths: BTreeMap::new(),
            known: BTreeSet::new(),
            directories: BTreeMap::new(),
            runs: limits.extents.saturating_mul(MAX_RUNS),
            room: limits.metadata_bytes,
            damage: None,
            is_done: false,
        }
    }

    fn attempt(&mut self, read: fn(&mut Self) -> Result<(), FsError>) {
        if !self.is_done
            && let Err(error) = read(self)
        {
            self.damage.get_or_insert(error);
        }
    }

    fn give(&mut self, remain: Remain) {
        if !self.is_done {
            self.is_done = (self.take)(remain).is_break();
        }
    }

    /// Hands on a directory entry of directory `dir`, whose generation may be known.
    fn name(
        &mut self,
        dir: (u64, Option<u64>),
        child_generation: Option<u64>,
        entry: &Entry<'_>,
        at: (u64, Proof),
    ) {
        if entry.name == b"." {
            return;
        }
        self.give(Remain::Name(Name {
            dir: dir.0,
            dir_generation: dir.1,
            name: entry.name.to_vec(),
            child: entry.number,
            child_generation,
            file_type: entry.file_type,
            order: at.0,
            proof: at.1,
        }));
    }

    /// What has become of `life`.
    fn fate(&self, life: Life) -> Fate {
        if let Some(&time) = self.deaths.get(&life) {
            return Fate::Deleted(Some(time));
        }
        let is_alive = self.volume.inode(life.number).is_ok_and(|inode| {
            generation(&inode.record()) == life.generation
                && inode.metadata.links > 0
                && self.volume.superblock.inode_offset(life.number).is_ok_and(|at| !self.is_free(at))
        });
        if is_alive { Fate::Changed } else { Fate::Deleted(None) }
    }

    /// Whether the byte at `offset` is in free space.
    fn is_free(&self, offset: u64) -> bool {
        let behind = self.free.partition_point(|span| span.offset <= offset);
        let span = behind.checked_sub(1).and_then(|index| self.free.get(index));
        span.and_then(|span| span.end()).is_some_and(|end| offset < end)
    }

    /// Takes room for one more entry of a map; false, where there is none.
    fn has_room(&mut self) -> bool {
        let Some(room) = self.room.checked_sub(LIFE) else {
            let limit = self.volume.budget.metadata_bytes;
            self.damage.get_or_insert_with(|| FsError::over_limit("xfs: bytes of what is left", limit));
            return false;
        };
        self.room = room;
        true
    }
}

/// The order of what the disk says was written at `lsn`; 0 for what was never logged.
fn order_on_disk(lsn: u64, index: u8) -> u64 {
    if lsn == u64::MAX || lsn == 0 { 0 } else { log::order(lsn, index) }
}

/// The generation in the record of an inode.
fn generation(record: &Record<'_>) -> u64 {
    record.u32_be(92).unwrap_or(0).into()
}

/// The life that ended where an inode was freed: its generation is counted up then.
fn ended(number: u64, record: &Record<'_>) -> Life {
    Life { number, generation: record.u32_be(92).unwrap_or(0).wrapping_sub(1).into() }
}

#[cfg(test)]
mod tests;
