//! Walks the log from its start to the last transaction that was committed.

use flate2::Crc;

use super::format::{COMMIT, Checksums, DESCRIPTOR, REVOKE, Superblock, Tag, header};
use super::log::Log;
use crate::budget::Budget;
use crate::bytes::{Record, Truncated};
use crate::fs::Note;
use crate::gap::Loss;

/// A committed transaction.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    pub(super) sequence: u32,
    pub(super) tags: Vec<Tag>,
    pub(super) revokes: Vec<u64>,
}

/// What the log holds.
#[derive(Debug)]
pub(super) struct Scan {
    /// Committed transactions, the oldest first.
    pub(super) transactions: Vec<Transaction>,
    /// Number of the first transaction that was not committed.
    pub(super) end: u32,
    pub(super) notes: Vec<Note>,
    /// The log is larger than the budget: nothing of it may be used.
    pub(super) over_limit: bool,
    /// Something was committed that could not be read.
    pub(super) damaged: bool,
}

/// Why the walk ends.
enum Stop {
    /// No more blocks of the expected transaction: the normal end, or a crash while it was written.
    End,
    /// Something was committed, and is damaged.
    Damaged(String),
    /// More than the budget allows.
    OverLimit(String),
}

/// Reads the log. It never fails: what is damaged ends it, with a note.
pub(super) fn scan(log: &Log<'_>, superblock: &Superblock, budget: &Budget) -> Scan {
    let mut walk = Walk {
        log,
        superblock,
        room: u64::from(superblock.log_len()),
        memory: budget.metadata_bytes,
        at: superblock.start,
        current: Transaction { sequence: superblock.sequence, ..Transaction::default() },
        doubtful: None,
        last_commit: None,
        sum: Crc::new(),
        done: Vec::new(),
    };
    let stop = loop {
        if let Err(stop) = walk.step() {
            break stop;
        }
    };
    let end = walk.current.sequence;
    let mut notes = Vec::new();
    let mut over_limit = false;
    let mut damaged = false;
    match stop {
        Stop::End if !walk.current.tags.is_empty() || walk.done.is_empty() => {
            let text = format!(
                "transaction {end} at the end of the journal was never committed: it is not replayed, as \
                 Linux would not replay it"
            );
            notes.push(Note { loss: Loss::Nothing, text });
        }
        Stop::End => {}
        Stop::Damaged(problem) => {
            damaged = true;
            let text =
                format!("the journal is damaged in transaction {end}, which was not replayed: {problem}");
            notes.push(Note { loss: Loss::File, text });
        }
        Stop::OverLimit(problem) => {
            notes.push(Note { loss: Loss::Volume, text: format!("the journal was not replayed: {problem}") });
            over_limit = true;
        }
    }
    Scan { transactions: walk.done, end, notes, over_limit, damaged }
}

struct Walk<'a> {
    log: &'a Log<'a>,
    superblock: &'a Superblock,
    /// Blocks that may still be visited: a log without end goes in circles.
    room: u64,
    /// Bytes that may still be kept.
    memory: u64,
    at: u32,
    current: Transaction,
    /// What has a wrong checksum, if something in the current transaction: it may be left over from an
    /// earlier use of these blocks. Whether it was committed is only seen at the commit block.
    doubtful: Option<&'static str>,
    /// Time of the last commit.
    last_commit: Option<(u64, u32)>,
    /// Version 1: the sum over descriptors and blocks since the last commit.
    sum: Crc,
    done: Vec<Transaction>,
}

impl Walk<'_> {
    fn step(&mut self) -> Result<(), Stop> {
        let at = self.at;
        self.pass(1)?;
        let block = self.log.read(at).map_err(|e| Stop::Damaged(e.to_string()))?;
        match header(&block) {
            Some((DESCRIPTOR, sequence)) if sequence == self.current.sequence => self.descriptor(&block, at),
            Some((REVOKE, sequence)) if sequence == self.current.sequence => self.revoke(&block),
            Some((COMMIT, sequence)) if sequence == self.current.sequence => self.commit(&block),
            _ => Err(Stop::End),
        }
    }

    /// Goes on by `count` blocks.
    fn pass(&mut self, count: u32) -> Result<(), Stop> {
        self.room = self.room.checked_sub(count.into()).ok_or(Stop::End)?;
        self.at = self.superblock.advance(self.at, count);
        Ok(())
    }

    fn keep(&mut self, count: usize, each: usize) -> Result<(), Stop> {
        let bytes = (count as u64).saturating_mul(each as u64);
        let over = || Stop::OverLimit("its list of blocks is over the limit of memory".into());
        self.memory = self.memory.checked_sub(bytes).ok_or_else(over)?;
        Ok(())
    }

    fn descriptor(&mut self, block: &[u8], at: u32) -> Result<(), Stop> {
        if !self.superblock.tail_is_right(block) {
            self.doubtful = Some("a descriptor block has a wrong checksum");
        }
        let tags = self.superblock.tags(block, at).map_err(damaged)?;
        self.keep(tags.len(), size_of::<Tag>())?;
        self.pass(u32::try_from(tags.len()).unwrap_or(u32::MAX))?;
        if self.superblock.checksums == Checksums::V1 {
            self.add_to_sum(block);
            for tag in &tags {
                let content = self.log.read(tag.log_block).map_err(|e| Stop::Damaged(e.to_string()))?;
                self.add_to_sum(&content);
            }
        }
        self.current.tags.extend(tags);
        Ok(())
    }

    /// The sum of version 1 takes the highest bit of a byte first; `Crc` takes the lowest first.
    fn add_to_sum(&mut self, bytes: &[u8]) {
        let mirrored: Vec<u8> = bytes.iter().map(|byte| byte.reverse_bits()).collect();
        self.sum.update(&mirrored);
    }

    fn revoke(&mut self, block: &[u8]) -> Result<(), Stop> {
        if !self.superblock.tail_is_right(block) {
            self.doubtful = Some("a revoke block has a wrong checksum");
            return Ok(());
        }
        match self.superblock.revokes(block) {
            Ok(revokes) => {
                self.keep(revokes.len(), 3 * size_of::<u64>())?;
                self.current.revokes.extend(revokes);
            }
            Err(_) => self.doubtful = Some("a revoke block has an impossible length"),
        }
        Ok(())
    }

    fn commit(&mut self, block: &[u8]) -> Result<(), Stop> {
        let record = Record::new("commit block", block);
        let time = (record.u64_be(48).map_err(damaged)?, record.u32_be(56).map_err(damaged)?);
        let wrong = match self.superblock.checksums {
            Checksums::None => None,
            Checksums::V1 => self.wrong_sum(record).map_err(damaged)?,
            _ => (!self.superblock.commit_is_right(block)).then_some("its commit block has a wrong checksum"),
        };
        if let Some(problem) = self.doubtful.or(wrong) {
            // Commits go forward in time: an older one is what a previous round through the log left here.
            let stale = self.superblock.block_checksums() && self.last_commit.is_some_and(|last| time < last);
            let torn = self.superblock.async_commit() && self.doubtful.is_none();
            return Err(if stale || torn { Stop::End } else { Stop::Damaged(problem.into()) });
        }
        self.last_commit = Some(time);
        self.sum = Crc::new();
        let next = self.current.sequence.wrapping_add(1);
        self.keep(1, size_of::<Transaction>())?;
        let empty = Transaction { sequence: next, ..Transaction::default() };
        self.done.push(std::mem::replace(&mut self.current, empty));
        Ok(())
    }

    /// Version 1: the sum over the transaction, unless the commit block says that it has none.
    fn wrong_sum(&self, commit: Record<'_>) -> Result<Option<&'static str>, Truncated> {
        let (kind, size, stored) = (commit.u8(12)?, commit.u8(13)?, commit.u32_be(16)?);
        // `Crc` inverts at the end, the journal does not.
        let sum = (!self.sum.sum()).reverse_bits();
        let right = match (kind, size) {
            (1, 4) => stored == sum,
            (0, 0) => stored == 0,
            _ => false,
        };
        Ok((!right).then_some("its blocks do not have the checksum of its commit block"))
    }
}

fn damaged(error: Truncated) -> Stop {
    Stop::Damaged(error.to_string())
}
