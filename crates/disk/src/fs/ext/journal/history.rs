//! Everything that the journal still holds, whether it would be replayed or not: a journal that was left clean keeps its
//! last transactions until others are written over them.
//!
//! Each block that was changed is in it as it was after the change. So they tell how inodes and directories were before.

use std::collections::BTreeMap;

use super::JournalGeometry;
use super::format::{COMMIT, DESCRIPTOR, MAGIC, REVOKE, Superblock, Tag, header};
use super::log::Log;
use crate::bytes::Source;
use crate::fs::FsError;

/// A block as it was after a transaction.
#[derive(Clone, Copy, Debug)]
pub(in crate::fs::ext) struct Copy {
    /// Where it belongs, as a number of a block of the file system.
    pub(in crate::fs::ext) fs_block: u64,
    /// The transaction: grows with time.
    pub(in crate::fs::ext) order: u64,
    /// Whether a checksum of the journal says that the block is that of the transaction.
    pub(in crate::fs::ext) is_checked: bool,
    tag: Tag,
}

/// What a journal holds.
pub(in crate::fs::ext) struct History<'a> {
    log: Log<'a>,
    /// Copies, the oldest transaction first; those of one block in the order of their transactions.
    pub(in crate::fs::ext) copies: Vec<Copy>,
    /// The first transaction from which on all are there; none where the last is missing.
    pub(in crate::fs::ext) known_since: Option<u64>,
}

/// Numbers of transactions wrap at 32 bits: they are counted from here, so that none is below zero.
const ORDER_BASE: i64 = 1 << 32;

/// How far the numbers of two transactions lie apart that follow each other: a clean unmount counts on by one or two.
const SKIPPED: u64 = 3;

/// Reads the headers of the whole journal.
///
/// # Errors
/// [`FsError`], if the journal's superblock is damaged, or there is more than `memory` bytes of tags.
pub(in crate::fs::ext) fn history<'a>(
    source: &'a dyn Source,
    geometry: &JournalGeometry,
    memory: u64,
) -> Result<History<'a>, FsError> {
    let log = Log::new(source, geometry)?;
    let superblock = Superblock::parse(&log.read(0)?)?;
    superblock.check(geometry.block_size, log.blocks())?;
    let order = |sequence: u32| {
        let distance = i64::from(sequence.wrapping_sub(superblock.sequence).cast_signed());
        u64::try_from(ORDER_BASE.saturating_add(distance)).unwrap_or_default()
    };
    let mut blocks = BTreeMap::new();
    let mut found = Found::default();
    let most = memory / size_of::<Copy>() as u64;
    let end = superblock.first.saturating_add(superblock.log_len());
    for at in superblock.first..end {
        // A block that cannot be read is no header; the volume's gap says so where its file is read.
        let Ok(block) = log.read(at) else { continue };
        let Some((kind, sequence)) = header(&block) else { continue };
        let next = match kind {
            DESCRIPTOR => found.descriptor(&superblock, &log, (&block, at), (sequence, order(sequence)))?,
            COMMIT => Step::Commit,
            REVOKE => Step::To(superblock.advance(at, 1)),
            _ => continue,
        };
        blocks.insert(at, (order(sequence), next));
        if found.copies.len() as u64 > most {
            return Err(FsError::over_limit("blocks in the journal".to_owned(), most));
        }
    }
    let complete = complete(&superblock, &blocks);
    let known_since = known_since(&complete, order(superblock.sequence));
    found.copies.sort_by_key(|copy| (copy.order, copy.fs_block));
    Ok(History { log, copies: found.copies, known_since })
}

impl History<'_> {
    /// The content of a copy.
    ///
    /// # Errors
    /// [`FsError`], if it cannot be read.
    pub(in crate::fs::ext) fn read(&self, copy: &Copy) -> Result<Vec<u8>, FsError> {
        let mut content = self.log.read(copy.tag.log_block)?;
        if let Some(start) = content.get_mut(..4).filter(|_| copy.tag.escaped) {
            start.copy_from_slice(&MAGIC.to_be_bytes());
        }
        Ok(content)
    }
}

/// Where a transaction goes on after a block of the journal's own.
#[derive(Clone, Copy)]
enum Step {
    To(u32),
    Commit,
}

/// What is found on the way.
#[derive(Default)]
struct Found {
    copies: Vec<Copy>,
}

impl Found {
    /// The blocks that a descriptor names, without those that are not its own any more: the end of a transaction may have
    /// been written over.
    fn descriptor(
        &mut self,
        superblock: &Superblock,
        log: &Log<'_>,
        (block, at): (&[u8], u32),
        (sequence, order): (u32, u64),
    ) -> Result<Step, FsError> {
        let has_sums = superblock.block_checksums();
        if has_sums && !superblock.tail_is_right(block) {
            return Ok(Step::Commit);
        }
        let tags = superblock.tags(block, at)?;
        let distance = u32::try_from(tags.len()).unwrap_or(u32::MAX).saturating_add(1);
        let next = superblock.advance(at, distance);
        let follows =
            || log.read(next).ok().and_then(|block| header(&block)).is_some_and(|(_, s)| s == sequence);
        let is_whole = !has_sums && follows();
        for tag in tags {
            let is_right = superblock.data_checksum_is_right(log, &tag, sequence).unwrap_or(false);
            if if has_sums { is_right } else { is_whole } {
                self.copies.push(Copy { fs_block: tag.fs_block, order, is_checked: has_sums, tag });
            }
        }
        Ok(Step::To(next))
    }
}

/// A transaction that is there from its first block to its commit.
struct Whole {
    order: u64,
    start: u32,
    /// The block behind its commit.
    behind: u32,
}

/// The transactions that are there as a whole, which begin where another ends or where the log does; the oldest first.
fn complete(superblock: &Superblock, blocks: &BTreeMap<u32, (u64, Step)>) -> Vec<Whole> {
    let behind = |(&at, (_, step)): (&u32, &(u64, Step))| {
        matches!(step, Step::Commit).then(|| superblock.advance(at, 1))
    };
    let starts = blocks.iter().filter_map(behind).chain([superblock.first]);
    let mut found: Vec<Whole> = starts.filter_map(|start| whole(superblock, blocks, start)).collect();
    found.sort_unstable_by_key(|one| (one.order, one.start));
    found.dedup_by_key(|one| (one.order, one.start));
    found
}

/// The transaction that begins at a block, if all of it is there.
fn whole(superblock: &Superblock, blocks: &BTreeMap<u32, (u64, Step)>, start: u32) -> Option<Whole> {
    let (order, _) = *blocks.get(&start)?;
    let mut at = start;
    for _ in 0..blocks.len() {
        let (_, step) = blocks.get(&at).filter(|(other, _)| *other == order)?;
        match *step {
            Step::Commit => return Some(Whole { order, start, behind: superblock.advance(at, 1) }),
            Step::To(next) => at = next,
        }
    }
    None
}

/// The first of the transactions that lie one behind the other up to the last one before `next`: between two that touch
/// nothing else was written.
fn known_since(complete: &[Whole], next: u64) -> Option<u64> {
    let is_near = |earlier: u64, later: u64| later > earlier && later.saturating_sub(earlier) <= SKIPPED;
    let last = complete.last().filter(|last| is_near(last.order, next))?;
    let by_end: BTreeMap<u32, &Whole> = complete.iter().map(|one| (one.behind, one)).collect();
    let mut since = last;
    while let Some(before) = by_end.get(&since.start).filter(|before| is_near(before.order, since.order)) {
        since = before;
    }
    Some(since.order)
}
