//! A block of a tree: its header, and the items of a leaf or the pointers of a node.
//!
//! A block is checked when it is read, so that what is asked of it later is there.
//!
//! Reference: `struct btrfs_header`, `btrfs_item`, `btrfs_key_ptr`; `fs/btrfs/tree-checker.c`.

use super::key::object::is_subvolume;
use super::key::{KEY_SIZE, Key};
use super::superblock::Superblock;
use crate::bytes::Record;
use crate::fs::FsError;

const HEADER: usize = 101;
const ITEM: usize = KEY_SIZE + 8;
const POINTER: usize = KEY_SIZE + 16;
/// No tree is higher.
const MAX_LEVEL: u8 = 7;

/// What the one who points to a block knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pointer {
    /// The tree it is in: subvolumes share blocks with their snapshots, other trees share none.
    pub(super) tree: u64,
    /// Logical address, in bytes.
    pub(super) logical: u64,
    pub(super) generation: u64,
    /// 0 for leaves.
    pub(super) level: u8,
    /// Its first key; none for the root of a tree.
    pub(super) first: Option<Key>,
}

/// A checked block.
pub(super) struct Block {
    pub(super) logical: u64,
    pub(super) level: u8,
    pub(super) generation: u64,
    pub(super) owner: u64,
    bytes: Vec<u8>,
    count: usize,
}

impl Block {
    /// Checks the bytes of the block at `pointer`.
    pub(super) fn parse(superblock: &Superblock, pointer: &Pointer, bytes: Vec<u8>) -> Result<Self, FsError> {
        let corrupt = |problem: String| FsError::corrupt("tree block", pointer.logical, problem);
        let record = Record::new("tree block", &bytes);
        if !superblock
            .checksum
            .matches(record.bytes(32, bytes.len().saturating_sub(32))?, record.bytes(0, 32)?)
        {
            return Err(corrupt("its checksum is wrong".to_owned()));
        }
        if record.array(32)? != superblock.metadata_uuid {
            return Err(corrupt("belongs to another file system".to_owned()));
        }
        let (logical, generation) = (record.u64_le(48)?, record.u64_le(80)?);
        let (count, level) = (record.u32_le(96)? as usize, record.u8(100)?);
        if logical != pointer.logical || level > MAX_LEVEL {
            return Err(corrupt(format!("says that it lies at {logical}, level {level}")));
        }
        let owner = record.u64_le(88)?;
        let block = Self { logical, level, generation, owner, bytes, count };
        block.check()?;
        block.expect(pointer)?;
        Ok(block)
    }

    /// Checks the bytes of a block that nobody points to: it must be sound, and says itself what it is.
    pub(super) fn parse_stray(superblock: &Superblock, bytes: Vec<u8>) -> Result<Self, FsError> {
        let record = Record::new("tree block", &bytes);
        let (logical, generation) = (record.u64_le(48)?, record.u64_le(80)?);
        let (tree, level) = (record.u64_le(88)?, record.u8(100)?);
        Self::parse(superblock, &Pointer { tree, logical, generation, level, first: None }, bytes)
    }

    /// Whether the block is what was pointed to.
    ///
    /// # Errors
    /// [`FsError::Corrupt`] with both numbers.
    pub(super) fn expect(&self, pointer: &Pointer) -> Result<(), FsError> {
        let Self { generation, level, .. } = *self;
        if generation != pointer.generation || level != pointer.level {
            let problem = format!(
                "generation {generation} at level {level}, where generation {} at level {} belongs",
                pointer.generation, pointer.level
            );
            return Err(FsError::corrupt("tree block", self.logical, problem));
        }
        let shared = is_subvolume(pointer.tree) && is_subvolume(self.owner);
        if !shared && self.owner != pointer.tree {
            let problem =
                format!("belongs to tree {}, where one of tree {} belongs", self.owner, pointer.tree);
            return Err(FsError::corrupt("tree block", self.logical, problem));
        }
        if pointer.first.is_some() && pointer.first != self.key(0) {
            return Err(FsError::corrupt(
                "tree block",
                self.logical,
                "begins with another key than its parent says",
            ));
        }
        Ok(())
    }

    /// Keys in order; and every item in the block, behind the table of items.
    fn check(&self) -> Result<(), FsError> {
        let corrupt = |problem: String| FsError::corrupt("tree block", self.logical, problem);
        let entry = self.entry_size();
        let table = self.count.checked_mul(entry).and_then(|len| len.checked_add(HEADER));
        let Some(table) = table.filter(|&end| end <= self.bytes.len()) else {
            return Err(corrupt(format!("{} entries do not fit", self.count)));
        };
        let mut before = None;
        for index in 0..self.count {
            let key = self.key(index);
            if key.is_none() || before.is_some() && key <= before {
                return Err(corrupt(format!("key {index} is out of order")));
            }
            before = key;
            if self.level == 0 && self.item(index).is_none_or(|(_, _, at)| at < table) {
                return Err(corrupt(format!("item {index} does not lie in it")));
            }
        }
        Ok(())
    }

    const fn entry_size(&self) -> usize {
        if self.level == 0 { ITEM } else { POINTER }
    }

    /// Entries: items of a leaf, pointers of a node.
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// Bytes in memory.
    pub(super) const fn size(&self) -> usize {
        self.bytes.len()
    }

    fn record(&self) -> Record<'_> {
        Record::new("tree block", &self.bytes)
    }

    /// The key of entry `index`.
    pub(super) fn key(&self, index: usize) -> Option<Key> {
        if index >= self.count {
            return None;
        }
        Key::parse(&self.record(), HEADER.checked_add(index.checked_mul(self.entry_size())?)?).ok()
    }

    /// The number of entries with a key below `key`.
    pub(super) fn position(&self, key: Key) -> usize {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.key(middle).is_some_and(|found| found < key) {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        low
    }

    /// Item `index` of a leaf: its key, its data, and where that lies in the block.
    pub(super) fn item(&self, index: usize) -> Option<(Key, &[u8], usize)> {
        let key = self.key(index)?;
        let at = HEADER.checked_add(index.checked_mul(ITEM)?)?.checked_add(KEY_SIZE)?;
        let record = self.record();
        let offset = HEADER.checked_add(record.u32_le(at).ok()? as usize)?;
        let len = record.u32_le(at.checked_add(4)?).ok()? as usize;
        Some((key, record.bytes(offset, len).ok()?, offset))
    }

    /// Pointer `index` of a node.
    pub(super) fn pointer(&self, tree: u64, index: usize) -> Option<Pointer> {
        let key = self.key(index)?;
        let at = HEADER.checked_add(index.checked_mul(POINTER)?)?.checked_add(KEY_SIZE)?;
        let record = self.record();
        Some(Pointer {
            tree,
            logical: record.u64_le(at).ok()?,
            generation: record.u64_le(at.checked_add(8)?).ok()?,
            level: self.level.checked_sub(1)?,
            first: Some(key),
        })
    }
}
