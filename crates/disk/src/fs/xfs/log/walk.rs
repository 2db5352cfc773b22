//! Walks the whole log, not only what is to be replayed: what was written in earlier rounds, and not over yet, is the
//! history of the file system.

use std::ops::ControlFlow;

use super::area::{Area, BLOCK, MAGIC};
use super::record::{self, Header};
use super::transaction::{Gathering, Transaction};
use crate::fs::FsError;
use crate::fs::xfs::volume::Volume;

/// No kernel makes a larger log, in blocks: 2 GiB.
const MAX_BLOCKS: u64 = 1 << 22;
/// Blocks that are searched for the beginnings of records at once.
const PIECE: u64 = 2048;

/// A moment in the history of a file system: of the transactions that began in the same record of the log, the later has
/// the higher `index`. Grows as log sequence numbers do.
pub(in crate::fs::xfs) fn order(lsn: u64, index: u8) -> u64 {
    let (cycle, block) = (lsn >> 32, lsn & 0xFF_FFFF);
    cycle << 32 | block << 8 | u64::from(index)
}

/// What a walk met besides transactions.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// The log sequence number from which on no record is missing and no transaction without its beginning.
    pub(super) whole_since: Option<u64>,
    /// What could not be read.
    pub(super) damage: Option<FsError>,
}

/// Hands every transaction that was committed, with its order, to `visit`, the oldest first, until it breaks.
pub(super) fn walk(
    volume: &Volume,
    area: &Area<'_>,
    visit: &mut dyn FnMut(&Transaction, u64) -> ControlFlow<()>,
) -> Result<Walked, FsError> {
    let mut walking = Walking {
        volume,
        area,
        gathering: Gathering::new(volume.budget.metadata_bytes),
        next: None,
        last: (0, 0),
        walked: Walked::default(),
    };
    for (lsn, blocks) in records(area)? {
        if walking.record(lsn, blocks, visit).is_break() {
            break;
        }
    }
    Ok(walking.walked)
}

/// The number and the length in blocks of every record that begins where it says, sorted by number.
fn records(area: &Area<'_>) -> Result<Vec<(u64, u64)>, FsError> {
    if area.blocks > MAX_BLOCKS {
        return Err(FsError::over_limit(format!("xfs: a log of {} blocks", area.blocks), MAX_BLOCKS));
    }
    let mut found = Vec::new();
    let mut at = 0;
    while at < area.blocks {
        let count = PIECE.min(area.blocks.saturating_sub(at));
        // A part that cannot be read is a hole between records, as one that was written over.
        let bytes = area.read(at, count).unwrap_or_default();
        for (block, bytes) in (at..).zip(bytes.chunks_exact(512)) {
            if bytes.starts_with(&MAGIC.to_be_bytes())
                && let Ok(header) = Header::parse(bytes, block)
                && header.lsn & u64::from(u32::MAX) == block
                && header.len > 0
            {
                found.push((header.lsn, header.blocks()));
            }
        }
        at = at.saturating_add(count);
    }
    found.sort_unstable();
    Ok(found)
}

struct Walking<'a> {
    volume: &'a Volume,
    area: &'a Area<'a>,
    gathering: Gathering,
    /// Where the next record begins, if none is missing.
    next: Option<u64>,
    /// Of the last transaction: where it began, and its index among those that began there.
    last: (u64, u8),
    walked: Walked,
}

impl Walking<'_> {
    fn record(
        &mut self,
        lsn: u64,
        blocks: u64,
        visit: &mut dyn FnMut(&Transaction, u64) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let block = lsn & u64::from(u32::MAX);
        if self.next != Some(block) {
            self.cut();
        }
        self.next = Some(self.area.wrap(block.saturating_add(blocks)));
        let done = record::read(self.area, block, &self.volume.superblock.uuid)
            .and_then(|record| self.whole(block, &record.header).map(|()| record))
            .and_then(|record| {
                self.walked.whole_since.get_or_insert(lsn);
                self.gathering.record(&record)
            });
        for transaction in self.gathering.take_committed() {
            let order = self.order(transaction.lsn);
            visit(&transaction, order)?;
        }
        if std::mem::take(&mut self.gathering.has_passed_over) {
            self.walked.whole_since = None;
        }
        if let Err(error) = done {
            self.cut();
            self.next = None;
            // What is cut where the newest record ends is the normal end of the oldest.
            if matches!(error, FsError::OverLimit { .. } | FsError::Unsupported(_)) {
                self.walked.damage.get_or_insert(error);
            }
        }
        ControlFlow::Continue(())
    }

    /// A record without a checksum, which version 5 has not, is whole, if all of its blocks are of its round, or of the
    /// next behind the end.
    fn whole(&self, block: u64, header: &Header) -> Result<(), FsError> {
        if header.has_checksum() {
            return Ok(());
        }
        if self.volume.has_checksums() {
            return Err(FsError::corrupt("log record", block, "it has no checksum"));
        }
        let data = block.saturating_add(header.header_blocks.into());
        let cycle = u32::try_from(header.lsn >> 32).unwrap_or(0);
        for at in data..block.saturating_add(header.blocks()) {
            let wanted = if at >= self.area.blocks { cycle.wrapping_add(1) } else { cycle };
            if self.area.cycle(self.area.wrap(at))? != wanted {
                return Err(FsError::corrupt("log record", block, "it was written over"));
            }
        }
        Ok(())
    }

    /// Something is missing before what comes next.
    fn cut(&mut self) {
        self.gathering.forget_open();
        self.walked.whole_since = None;
    }

    fn order(&mut self, lsn: u64) -> u64 {
        let (last, index) = self.last;
        // The highest index is that of the disk, which is as new as the last of them.
        let index = if last == lsn { index.saturating_add(1).min(u8::MAX - 1) } else { 0 };
        self.last = (lsn, index);
        order(lsn, index)
    }
}

/// Bytes of a block of the log, for places in it.
pub(super) const fn bytes(blocks: u64) -> u64 {
    blocks.saturating_mul(BLOCK)
}
