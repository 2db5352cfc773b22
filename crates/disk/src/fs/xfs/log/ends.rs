//! Where the log begins and ends.
//!
//! Each block carries the cycle it was written in, so the head is where a cycle gives way to the one before.
//! The last writes may have been cut by the crash: what is not whole does not count. The last whole record
//! tells the tail.

use super::area::Area;
use super::record::{self, Header};
use crate::bytes::Record;
use crate::fs::FsError;

/// Blocks of all the writes that may be on their way at once: 8 records of 256 KiB.
const IN_FLIGHT: u64 = 4096;
/// Records that may be on their way at once.
const MAX_RECORDS: usize = 8;
/// Blocks of the largest record.
const MAX_RECORD: u64 = 520;
/// Flag of the operation that says "unmounted".
const UNMOUNTED: u8 = 0x20;

/// What is to be replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing.
    Clean,
    /// The records from the block `tail` to before the block `head`.
    Dirty { tail: u64, head: u64 },
}

/// Looks for head and tail; also tells the block of the first record that was not written whole, if any.
pub(super) fn find(area: &Area<'_>) -> Result<(State, Option<u64>), FsError> {
    let Some(head) = find_head(area)? else { return Ok((State::Clean, None)) };
    let torn = find_torn(area, head)?;
    Ok((judge(area, torn.unwrap_or(head))?, torn))
}

/// What is to be replayed of a log that ends at `head`.
fn judge(area: &Area<'_>, head: u64) -> Result<State, FsError> {
    let last = last_record(area, head)?;
    let header = Header::read(area, last)?;
    // The lower half of a log sequence number is the block.
    let tail = header.tail_lsn & u64::from(u32::MAX);
    if tail >= area.blocks {
        return Err(FsError::corrupt("log record", last, format!("the tail at {tail} of {}", area.blocks)));
    }
    if is_unmounted(area, last, &header)? || tail == area.wrap(head) {
        return Ok(State::Clean);
    }
    Ok(State::Dirty { tail, head: area.wrap(head) })
}

/// The block after the last that was written, or `None` if the log was never used.
fn find_head(area: &Area<'_>) -> Result<Option<u64>, FsError> {
    let end = area.blocks;
    let (first, last) = (area.cycle(0)?, area.cycle(end.saturating_sub(1))?);
    if first == 0 {
        return Ok(None);
    }
    let (head, stop) =
        if first == last { (end, last.wrapping_sub(1)) } else { (first_of_cycle(area, last)?, last) };
    // Writes end in any order: a block of the cycle before may lie before the head, which is there then.
    let window = IN_FLIGHT.min(end);
    let hole = if head >= window {
        area.find_cycle(head - window, window, stop)?
    } else {
        let around = window - head;
        let before =
            if last == 0 { None } else { area.find_cycle(end - around, around, stop.wrapping_sub(1))? };
        match before {
            Some(block) => Some(block),
            None => area.find_cycle(0, head, stop)?,
        }
    };
    let head = hole.unwrap_or(head);
    let start = last_record(area, head)?;
    // The head must end a record, else the record is not whole.
    let whole = Header::read(area, start)?.blocks() == distance_back(area, start, head);
    Ok(Some(if whole { head } else { start }))
}

/// The first block of `cycle`, which reaches to the end of the log, by halves.
fn first_of_cycle(area: &Area<'_>, cycle: u32) -> Result<u64, FsError> {
    let (mut other, mut same) = (0, area.blocks.saturating_sub(1));
    while same.saturating_sub(other) > 1 {
        let middle = other.midpoint(same);
        if area.cycle(middle)? == cycle {
            same = middle;
        } else {
            other = middle;
        }
    }
    Ok(same)
}

/// Of the records that may have been on their way together, the first that was not written whole: the log
/// ends there.
fn find_torn(area: &Area<'_>, head: u64) -> Result<Option<u64>, FsError> {
    let mut starts = Vec::new();
    let (mut at, mut walked) = (head, 0_u64);
    while starts.len() < MAX_RECORDS {
        let Some(start) = area.record_before(at, MAX_RECORD)? else { break };
        walked = walked.saturating_add(distance_back(area, start, at));
        if walked > area.blocks {
            break;
        }
        starts.push(start);
        at = start;
    }
    for &start in starts.iter().rev() {
        // An empty record marks blocks that were cleared after an earlier crash: an older round begins.
        if Header::read(area, start)?.len > 0 && !record::is_whole(area, start)? {
            return Ok(Some(start));
        }
    }
    Ok(None)
}

/// Blocks from `start` to `head`, which is not before it; a whole round, if they are the same.
fn distance_back(area: &Area<'_>, start: u64, head: u64) -> u64 {
    match area.distance(start, area.wrap(head)) {
        0 => area.blocks,
        distance => distance,
    }
}

fn last_record(area: &Area<'_>, head: u64) -> Result<u64, FsError> {
    let found = area.record_before(area.wrap(head), MAX_RECORD)?;
    found.ok_or_else(|| FsError::corrupt("log", head, "no record ends at its head"))
}

/// Whether the record at `block` says that the file system was unmounted.
fn is_unmounted(area: &Area<'_>, block: u64, header: &Header) -> Result<bool, FsError> {
    if header.operations != 1 {
        return Ok(false);
    }
    let data = area.read(area.wrap(block.saturating_add(header.header_blocks.into())), 1)?;
    Ok(Record::new("log operation", &data).u8(9)? & UNMOUNTED != 0)
}
