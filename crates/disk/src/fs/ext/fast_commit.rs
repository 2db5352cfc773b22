//! Fast commits: what happened after the last full commit of the journal, told by small records of names,
//! inodes and ranges of blocks instead of whole blocks.
//!
//! They are not laid over the disk as blocks, as a replay of the kernel's would have to allocate some. They
//! are kept by inode and directory, and the readers of inodes, block maps and directories ask for them.
//!
//! References: fs/ext4/fast_commit.h of the kernel for the records, and the comment on top of
//! fs/ext4/fast_commit.c for their meaning.

use std::collections::{BTreeMap, BTreeSet};

use super::checksum::crc32c;
use crate::bytes::{Record, Truncated};
use crate::fs::Note;
use crate::gap::Loss;

const ADD_RANGE: u16 = 1;
const DEL_RANGE: u16 = 2;
const CREAT: u16 = 3;
const LINK: u16 = 4;
const UNLINK: u16 = 5;
const INODE: u16 = 6;
const PAD: u16 = 7;
const TAIL: u16 = 8;
const HEAD: u16 = 9;
/// Bytes of a record's head: type and length.
const HEAD_LEN: usize = 4;
/// Where `i_block` lies in an inode, which the replay leaves as it is.
const I_BLOCK: std::ops::Range<usize> = 40..100;
/// A longer length of an extent marks it as not yet written.
const MAX_WRITTEN: u16 = 32768;
/// The root of a tree of extents that has none: magic, no entries, room for four, depth 0, generation.
const EMPTY_TREE: [u8; 12] = [0x0A, 0xF3, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0];

/// A change of a file's map, in blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RangeChange {
    pub(super) start: u64,
    pub(super) count: u64,
    /// Where the blocks lie now, and whether they were written; none for a hole.
    pub(super) place: Option<(u64, bool)>,
}

/// What a name in a directory leads to; none if it was removed.
pub(super) type Names = BTreeMap<Vec<u8>, Option<u64>>;

/// All fast commits of a journal, as far as they are whole.
#[derive(Clone, Debug, Default)]
pub(super) struct FastCommits {
    commits: u64,
    inodes: BTreeMap<u64, Vec<u8>>,
    ranges: BTreeMap<u64, Vec<RangeChange>>,
    names: BTreeMap<u64, Names>,
    created: BTreeSet<u64>,
    unlinked: BTreeMap<u64, u16>,
}

enum Change {
    Range(u64, RangeChange),
    Name { directory: u64, name: Vec<u8>, inode: u64, kind: u16 },
    Inode(u64, Vec<u8>),
}

/// Why reading ends.
enum End {
    /// What follows is left over from an earlier use, or was never written to its end.
    Stale,
    /// It was committed, and is damaged.
    Damaged(String),
}

impl From<Truncated> for End {
    fn from(error: Truncated) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl FastCommits {
    /// Reads the blocks of the area for fast commits; only those of transaction `tid` count.
    pub(super) fn read(blocks: &[Vec<u8>], tid: u32, notes: &mut Vec<Note>) -> Self {
        let mut reading = Reading { tid, sum: 0, begun: false, pending: Vec::new(), done: Self::default() };
        let end = blocks.iter().find_map(|block| reading.block(block).err());
        let Reading { done, begun, .. } = reading;
        if let Some(End::Damaged(problem)) = end.filter(|_| begun) {
            let text = format!("a fast commit in the journal is damaged and was not replayed: {problem}");
            notes.push(Note { loss: Loss::File, text });
        }
        if done.commits > 0 {
            let text = format!("fast commits replayed in memory: {}", done.commits);
            notes.push(Note { loss: Loss::Nothing, text });
        }
        done
    }

    /// Whether there is nothing to replay.
    pub(super) fn is_empty(&self) -> bool {
        self.commits == 0
    }

    /// Whether the record of inode `number` comes from here: its checksum is not that of the whole.
    pub(super) fn replaces(&self, number: u64) -> bool {
        self.inodes.contains_key(&number) || self.unlinked.contains_key(&number)
    }

    /// Lays what is known of inode `number` over its `record` on the disk.
    pub(super) fn lay_over(&self, number: u64, record: &mut [u8]) {
        let Some(newer) = self.inodes.get(&number) else {
            self.drop_links(number, record);
            return;
        };
        let flags =
            newer.get(32..36).and_then(|flags| flags.first_chunk()).map(|flags| u32::from_le_bytes(*flags));
        let inline = flags.is_some_and(|flags| flags & super::inode::INLINE_DATA != 0);
        let tree = flags.is_some_and(|flags| flags & super::inode::EXTENTS != 0);
        for (at, (old, new)) in record.iter_mut().zip(newer).enumerate() {
            if inline || !I_BLOCK.contains(&at) {
                *old = *new;
            }
        }
        let root = record.get_mut(I_BLOCK).unwrap_or_default();
        if tree && !root.starts_with(&[0x0A, 0xF3]) {
            root.fill(0);
            root.iter_mut().zip(EMPTY_TREE).for_each(|(old, new)| *old = new);
        }
    }

    fn drop_links(&self, number: u64, record: &mut [u8]) {
        let (Some(dropped), Some([low, high])) = (self.unlinked.get(&number), record.get_mut(26..28)) else {
            return;
        };
        let links = u16::from_le_bytes([*low, *high]).saturating_sub(*dropped);
        [*low, *high] = links.to_le_bytes();
    }

    /// The changes of the map of inode `number`, the oldest first.
    pub(super) fn ranges(&self, number: u64) -> &[RangeChange] {
        self.ranges.get(&number).map(Vec::as_slice).unwrap_or_default()
    }

    /// Every run of blocks that files own since: first block and number.
    pub(super) fn owned(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let all = self.ranges.values().flatten();
        all.filter_map(|change| {
            change.place.map(|(physical, _)| (physical, physical.saturating_add(change.count)))
        })
    }

    /// The names of directory `number` that changed.
    pub(super) fn names(&self, number: u64) -> Option<&Names> {
        self.names.get(&number)
    }

    /// Whether directory `number` is new: its blocks hold nothing that counts.
    pub(super) fn is_new(&self, number: u64) -> bool {
        self.created.contains(&number)
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Range(inode, change) => self.ranges.entry(inode).or_default().push(change),
            Change::Inode(inode, record) => {
                self.unlinked.remove(&inode);
                self.inodes.insert(inode, record);
            }
            Change::Name { directory, name, inode, kind } => {
                match kind {
                    UNLINK => {
                        let dropped = self.unlinked.entry(inode).or_default();
                        *dropped = dropped.saturating_add(1);
                    }
                    CREAT => {
                        self.created.insert(inode);
                    }
                    _ => {}
                }
                let target = (kind != UNLINK).then_some(inode);
                self.names.entry(directory).or_default().insert(name, target);
            }
        }
    }
}

struct Reading {
    tid: u32,
    /// Checksum of the records since the last tail.
    sum: u32,
    /// Whether the head of this transaction was seen.
    begun: bool,
    /// Changes since the last tail, which count once the next one is right.
    pending: Vec<Change>,
    done: FastCommits,
}

impl Reading {
    /// The records of one block; a commit may go on in the next.
    fn block(&mut self, block: &[u8]) -> Result<(), End> {
        let block = Record::new("fast commit", block);
        let mut at = 0;
        while at + HEAD_LEN < block.len() {
            let (tag, len) = (block.u16_le(at)?, usize::from(block.u16_le(at + 2)?));
            if !self.begun && tag != HEAD {
                return Err(End::Stale);
            }
            let Ok(value) = block.part("fast commit", at + HEAD_LEN, len) else {
                return Err(self.torn(format!("a record of {len} bytes")));
            };
            let whole = block.bytes(at, HEAD_LEN + len)?;
            self.record(tag, value, whole)?;
            at += HEAD_LEN + len;
        }
        Ok(())
    }

    fn record(&mut self, tag: u16, value: Record<'_>, whole: &[u8]) -> Result<(), End> {
        match tag {
            HEAD => self.head(value)?,
            TAIL => return self.tail(value, whole),
            PAD => {}
            ADD_RANGE => self.pending.push(add_range(value)?),
            DEL_RANGE => {
                let (start, count) = (value.u32_le(4)?.into(), value.u32_le(8)?.into());
                let change = RangeChange { start, count, place: None };
                self.pending.push(Change::Range(value.u32_le(0)?.into(), change));
            }
            CREAT | LINK | UNLINK => self.pending.push(Change::Name {
                directory: value.u32_le(0)?.into(),
                name: value.bytes(8, value.len().saturating_sub(8))?.to_vec(),
                inode: value.u32_le(4)?.into(),
                kind: tag,
            }),
            INODE => {
                let record = value.bytes(4, value.len().saturating_sub(4))?.to_vec();
                self.pending.push(Change::Inode(value.u32_le(0)?.into(), record));
            }
            unknown => return Err(self.torn(format!("a record of the unknown type {unknown}"))),
        }
        self.sum = crc32c(self.sum, whole);
        Ok(())
    }

    fn head(&mut self, value: Record<'_>) -> Result<(), End> {
        let (features, tid) = (value.u32_le(0)?, value.u32_le(4)?);
        if tid != self.tid {
            return Err(End::Stale);
        }
        self.begun = true;
        if features != 0 {
            return Err(End::Damaged(format!("unknown features {features:#x}")));
        }
        Ok(())
    }

    fn tail(&mut self, value: Record<'_>, whole: &[u8]) -> Result<(), End> {
        let (tid, stored) = (value.u32_le(0)?, value.u32_le(4)?);
        if tid != self.tid {
            // Behind a whole commit this is the end of an older one.
            let stale = self.done.commits > 0;
            return Err(if stale { End::Stale } else { End::Damaged(format!("it ends as one of {tid}")) });
        }
        let sum = crc32c(self.sum, whole.get(..HEAD_LEN + 4).unwrap_or_default());
        if sum != stored {
            return Err(End::Damaged(format!("checksum {stored:#010x}, computed {sum:#010x}")));
        }
        self.sum = 0;
        self.done.commits = self.done.commits.saturating_add(1);
        for change in self.pending.drain(..) {
            self.done.apply(change);
        }
        Ok(())
    }

    /// Behind a whole commit lies what an earlier round left; before the first one there can be only damage.
    fn torn(&self, problem: String) -> End {
        if self.done.commits > 0 && self.pending.is_empty() { End::Stale } else { End::Damaged(problem) }
    }
}

/// An extent as in a tree of extents.
fn add_range(value: Record<'_>) -> Result<Change, Truncated> {
    let extent = value.part("extent", 4, 12)?;
    let len = extent.u16_le(4)?;
    let written = len <= MAX_WRITTEN;
    let physical = u64::from(extent.u32_le(8)?) | u64::from(extent.u16_le(6)?) << 32;
    let change = RangeChange {
        start: extent.u32_le(0)?.into(),
        count: if written { len } else { len.saturating_sub(MAX_WRITTEN) }.into(),
        place: Some((physical, written)),
    };
    Ok(Change::Range(value.u32_le(0)?.into(), change))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A record: type, length, value.
    pub(in crate::fs::ext) fn record(tag: u16, value: &[u8]) -> Vec<u8> {
        let len = u16::try_from(value.len()).unwrap();
        [&tag.to_le_bytes()[..], &len.to_le_bytes(), value].concat()
    }

    /// Records between a head and a tail, filled up to a block of 1 KiB.
    fn commit(tid: u32, with_head: bool, records: &[Vec<u8>]) -> Vec<u8> {
        let head = record(HEAD, &[0_u32.to_le_bytes(), tid.to_le_bytes()].concat());
        let mut block = if with_head { head } else { Vec::new() };
        block.extend(records.concat());
        let rest = u16::try_from(1024 - block.len() - HEAD_LEN).unwrap();
        let start = [&TAIL.to_le_bytes()[..], &rest.to_le_bytes(), &tid.to_le_bytes()].concat();
        let sum = crc32c(crc32c(0, &block), &start);
        block.extend(start);
        block.extend(sum.to_le_bytes());
        block.resize(1024, 0);
        block
    }

    fn name(directory: u32, inode: u32, name: &[u8]) -> Vec<u8> {
        [&directory.to_le_bytes()[..], &inode.to_le_bytes(), name].concat()
    }

    #[test]
    fn the_last_word_on_a_name_counts() {
        let blocks = [
            commit(7, true, &[record(CREAT, &name(2, 12, b"a")), record(LINK, &name(2, 12, b"b"))]),
            commit(7, false, &[record(UNLINK, &name(2, 12, b"a"))]),
            commit(6, false, &[record(UNLINK, &name(2, 12, b"b"))]),
        ];
        let mut notes = Vec::new();
        let found = FastCommits::read(&blocks, 7, &mut notes);
        let want = Names::from([(b"a".to_vec(), None), (b"b".to_vec(), Some(12))]);
        assert_eq!((found.commits, found.names(2)), (2, Some(&want)));
        assert_eq!(notes.len(), 1);
    }

    #[test]
    fn a_commit_of_another_transaction_is_stale_without_a_word() {
        let mut notes = Vec::new();
        let blocks = [commit(6, true, &[record(CREAT, &name(2, 12, b"a"))])];
        assert!(FastCommits::read(&blocks, 7, &mut notes).is_empty());
        assert_eq!(notes, []);
    }

    #[test]
    fn every_flip_and_cut_is_a_loss_or_leaves_a_whole_commit() {
        let whole = commit(7, true, &[record(CREAT, &name(2, 12, b"a")), record(INODE, &[1; 164])]);
        for at in 12..220 {
            let mut block = whole.clone();
            block[at] ^= 0x40;
            let mut notes = Vec::new();
            let found = FastCommits::read(&[block.clone()], 7, &mut notes);
            assert!(!found.is_empty() || notes.iter().any(|note| note.loss == Loss::File), "{at}");
            let _ = FastCommits::read(&[block[..at].to_vec()], 7, &mut notes);
        }
    }

    #[test]
    fn an_inode_keeps_the_map_that_is_on_the_disk() {
        let mut newer = vec![2; 160];
        newer[32..36].copy_from_slice(&super::super::inode::EXTENTS.to_le_bytes());
        let number = 12_u32.to_le_bytes();
        let blocks = [commit(7, true, &[record(INODE, &[&number[..], &newer].concat())])];
        let found = FastCommits::read(&blocks, 7, &mut Vec::new());
        let mut old = vec![1; 256];
        found.lay_over(12, &mut old);
        assert_eq!(
            (old[0], old[40..52].to_vec(), old[52], old[100], old[160]),
            (2, EMPTY_TREE.to_vec(), 0, 2, 1)
        );
    }
}
