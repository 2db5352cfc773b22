//! Replays the journal of ext3 and ext4 (jbd2) in memory.
//!
//! An image of a machine that was not shut down has its last changes in the journal only. They are read as
//! the kernel would see them after a mount: the log is scanned for committed transactions with right
//! checksums, blocks that were revoked later are dropped, and of each block the last version stays.
//! Nothing is written.
//!
//! References: the kernel's documentation of the ext4 journal (Documentation/filesystems/ext4/journal.rst).

mod format;
mod history;
mod log;
mod scan;

use std::collections::BTreeMap;

use crate::budget::Budget;
use crate::bytes::Source;
use crate::fs::{Extent, FsError, Note};
use crate::gap::Loss;
use format::{MAGIC, Superblock, Tag, tid_later};
pub(super) use history::{Copy, History, history};
use log::Log;
use scan::{Scan, Transaction, scan};

/// Where a journal lies, and which file system it is for.
#[derive(Clone, Debug)]
pub struct JournalGeometry {
    /// Bytes of a block, of the file system and the journal.
    pub block_size: u32,
    /// The map of the journal's file; places are byte offsets in the source of the file system.
    pub blocks: Vec<Extent>,
    /// Number of blocks of the file system: what a transaction may write to.
    pub fs_blocks: u64,
    /// The file system's UUID. Kept for messages: checksums use the journal's own.
    pub fs_uuid: [u8; 16],
}

/// What a replay changes.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    /// Block number of the file system -> its content after the replay.
    pub blocks: BTreeMap<u64, Vec<u8>>,
    /// Number of committed transactions in the log.
    pub transactions: u64,
    /// The area of fast commits, block by block, where the log was read to its end.
    pub fast_commits: Vec<Vec<u8>>,
    /// The transaction that those must belong to: the first one that was not committed.
    pub next: u32,
    /// What was done, and what was wrong.
    pub notes: Vec<Note>,
}

/// Replays the journal at `geometry` in memory. A journal that was left clean changes nothing.
///
/// # Errors
/// [`FsError`], if the journal's superblock is damaged or its features are not known: the kernel would not
/// mount such a file system. Damage in the log itself ends the replay there, with a note.
pub fn replay(source: &dyn Source, geometry: &JournalGeometry, budget: &Budget) -> Result<Replay, FsError> {
    let log = Log::new(source, geometry)?;
    let superblock = Superblock::parse(&log.read(0)?)?;
    superblock.check(geometry.block_size, log.blocks())?;
    if superblock.start == 0 {
        return Ok(Replay::default());
    }
    let Scan { transactions, end, mut notes, over_limit, damaged } = scan(&log, &superblock, budget);
    if over_limit {
        return Ok(Replay { notes, ..Replay::default() });
    }
    let count = transactions.len() as u64;
    let mut losses = Losses::default();
    let plan = plan(&log, &superblock, &transactions, geometry.fs_blocks, &mut losses);
    let needed = (plan.len() as u64).saturating_mul(u64::from(geometry.block_size));
    if needed > budget.metadata_bytes {
        let limit = budget.metadata_bytes;
        let text = format!(
            "the journal was not replayed: {needed} bytes needed in memory, over the limit of {limit}"
        );
        notes.push(Note { loss: Loss::Volume, text });
        return Ok(Replay { notes, ..Replay::default() });
    }
    let blocks = load(&log, plan, &mut losses);
    losses.say(&mut notes);
    let fast_commits = match superblock.fast_commits(&log, budget.metadata_bytes) {
        _ if damaged => Vec::new(),
        Ok(blocks) => blocks,
        Err(error) => {
            let text = format!("fast commits in the journal were not replayed: {error}");
            notes.push(Note { loss: Loss::File, text });
            Vec::new()
        }
    };
    if count > 0 {
        let text = format!("journal replayed in memory: {count} transactions, {} blocks", blocks.len());
        notes.push(Note { loss: Loss::Nothing, text });
    }
    Ok(Replay { blocks, transactions: count, fast_commits, next: end, notes })
}

/// Blocks of committed transactions that could not be replayed, by reason.
#[derive(Default)]
struct Losses {
    checksum: u64,
    beyond: u64,
    unreadable: u64,
}

impl Losses {
    fn say(&self, notes: &mut Vec<Note>) {
        let reasons = [
            (self.checksum, "have a wrong checksum"),
            (self.beyond, "belong beyond the end of the file system"),
            (self.unreadable, "cannot be read"),
        ];
        for (count, reason) in reasons.into_iter().filter(|&(count, _)| count > 0) {
            let text = format!("{count} blocks in the journal {reason} and were not replayed");
            notes.push(Note { loss: Loss::File, text });
        }
    }
}

/// Block of the file system -> the tag of its last version.
type Plan<'a> = BTreeMap<u64, &'a Tag>;

fn plan<'a>(
    log: &Log<'_>,
    superblock: &Superblock,
    transactions: &'a [Transaction],
    fs_blocks: u64,
    losses: &mut Losses,
) -> Plan<'a> {
    let revoked = revoked(transactions);
    let mut plan = Plan::new();
    for transaction in transactions {
        for tag in &transaction.tags {
            // A revoke holds for its own transaction and those before it.
            let revoked_at = revoked.get(&tag.fs_block);
            if revoked_at.is_some_and(|&at| !tid_later(transaction.sequence, at)) {
                continue;
            }
            match superblock.data_checksum_is_right(log, tag, transaction.sequence) {
                Ok(_) if tag.fs_block >= fs_blocks => losses.beyond = losses.beyond.saturating_add(1),
                Ok(true) => {
                    plan.insert(tag.fs_block, tag);
                }
                Ok(false) => losses.checksum = losses.checksum.saturating_add(1),
                Err(_) => losses.unreadable = losses.unreadable.saturating_add(1),
            }
        }
    }
    plan
}

/// Block of the file system -> the last transaction that revoked it.
fn revoked(transactions: &[Transaction]) -> BTreeMap<u64, u32> {
    let mut revoked = BTreeMap::new();
    for transaction in transactions {
        for &block in &transaction.revokes {
            revoked.insert(block, transaction.sequence);
        }
    }
    revoked
}

fn load(log: &Log<'_>, plan: Plan<'_>, losses: &mut Losses) -> BTreeMap<u64, Vec<u8>> {
    let mut blocks = BTreeMap::new();
    for (fs_block, tag) in plan {
        let Ok(mut content) = log.read(tag.log_block) else {
            losses.unreadable = losses.unreadable.saturating_add(1);
            continue;
        };
        // A block that begins like one of the journal's own is kept with zeros in this place.
        if let Some(start) = content.get_mut(..4).filter(|_| tag.escaped) {
            start.copy_from_slice(&MAGIC.to_be_bytes());
        }
        blocks.insert(fs_block, content);
    }
    blocks
}

#[cfg(test)]
mod tests;
