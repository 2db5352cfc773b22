//! Directory entries, those in use and those that were deleted.
//!
//! Deleting an entry of a block writes `FFFF` and a length over the upper half of the number of its inode, and joins it
//! with free space beside it: number, name and type of all that lie in a free run are still there. Deleting an entry of a
//! directory in the inode moves those behind it to the front: the end of the list stays where it was.

use crate::bytes::Record;
use crate::fs::FileType;
use crate::fs::xfs::directory::file_type;
use crate::fs::xfs::superblock::Superblock;

/// No entry of a directory in the inode says that it would be at a higher offset of a block.
const MAX_OFFSET: u16 = 0x1000;

/// An entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'b> {
    /// Number of the inode that it leads to.
    pub(super) number: u64,
    pub(super) name: &'b [u8],
    pub(super) file_type: Option<FileType>,
    /// Whether it is in use.
    pub(super) is_live: bool,
    /// Whether it says where it lies, as an entry in use does, and its number is whole or cannot be another.
    pub(super) is_sure: bool,
}

/// What is needed to read entries.
#[derive(Clone, Copy)]
pub(super) struct Layout<'a> {
    pub(super) superblock: &'a Superblock,
    /// The directory, whose upper half of the number is that of its files first.
    pub(super) directory: u64,
}

/// The entries of a directory block: those in use first within each run, then those in the free space behind them.
pub(super) fn of_block<'b>(layout: Layout<'_>, block: &'b [u8]) -> Vec<Entry<'b>> {
    let mut found = Vec::new();
    let header = if layout.superblock.has_checksums() { 64 } else { 16 };
    let end = end_of_entries(block, header);
    let record = Record::new("directory block", block.get(..end).unwrap_or(block));
    let mut at = header;
    while at < record.len() {
        at = if let Some(len) = free_run(&record, at) {
            layout.sift(&record, at, at.saturating_add(len), &mut found);
            at.saturating_add(len)
        } else if let Some((entry, next)) = layout.entry(&record, at, true).filter(|(entry, _)| entry.is_sure)
        {
            found.push(entry);
            next
        } else {
            // Something else was laid over the block: what comes behind it may be whole.
            at.saturating_add(8)
        };
    }
    found
}

/// Where the entries end: a directory of one block has its index behind them.
fn end_of_entries(block: &[u8], header: usize) -> usize {
    let tail = block.len().saturating_sub(8);
    let is_single = block.starts_with(b"XDB3") || block.starts_with(b"XD2B");
    let count = Record::new("directory block", block).u32_be(tail).unwrap_or(0) as usize;
    let end = tail.checked_sub(count.saturating_mul(8)).filter(|&end| is_single && end >= header);
    end.unwrap_or(block.len())
}

/// The length of the free run at `at`, if one is there.
fn free_run(record: &Record<'_>, at: usize) -> Option<usize> {
    let (mark, len) = (record.u16_be(at).ok()?, usize::from(record.u16_be(at.checked_add(2)?).ok()?));
    let fits = len >= 8 && len.is_multiple_of(8) && at.checked_add(len)? <= record.len();
    (mark == 0xFFFF && fits).then_some(len)
}

impl Layout<'_> {
    /// The entries in the free run from `start` to `end`, each where one could begin.
    fn sift<'b>(&self, record: &Record<'b>, start: usize, end: usize, found: &mut Vec<Entry<'b>>) {
        let mut at = start;
        while at.saturating_add(16) <= end {
            at = match self.entry(record, at, false).filter(|&(_, next)| next <= end) {
                Some((entry, next)) => {
                    found.push(entry);
                    next
                }
                None => at.saturating_add(8),
            };
        }
    }

    /// The entry at `at`, and where the next begins.
    fn entry<'b>(&self, record: &Record<'b>, at: usize, is_live: bool) -> Option<(Entry<'b>, usize)> {
        let name_len = usize::from(record.u8(at.checked_add(8)?).ok()?);
        let name = record.bytes(at.checked_add(9)?, name_len).ok()?;
        let has_type = self.superblock.has_ftype;
        let next = at.checked_add((11 + name_len + usize::from(has_type)).next_multiple_of(8))?;
        let tag = usize::from(record.u16_be(next.checked_sub(2)?).ok()?);
        let code = if has_type { record.u8(at.checked_add(9)?.checked_add(name_len)?).ok()? } else { 0 };
        let file_type = file_type(code);
        if !is_name(name, is_live) || !is_live && has_type && file_type.is_none() {
            return None;
        }
        // The last entry of a free run ends with the place of the run.
        if tag > at || !tag.is_multiple_of(8) {
            return None;
        }
        let (number, is_whole) = self.number(record, at)?;
        Some((Entry { number, name, file_type, is_live, is_sure: is_whole && tag == at }, next))
    }

    /// The number at `at`, whose upper half may be gone, and whether it can be no other.
    fn number(&self, record: &Record<'_>, at: usize) -> Option<(u64, bool)> {
        let is_number = |number: u64| number != 0 && self.superblock.inode_offset(number).is_ok();
        let whole = record.u64_be(at).ok()?;
        if record.u16_be(at).ok()? != 0xFFFF {
            return is_number(whole).then_some((whole, true));
        }
        let low = whole & u64::from(u32::MAX);
        let last = self.superblock.pack(self.superblock.groups, 0).checked_shl(self.superblock.inode_log)?;
        let own = self.directory & !u64::from(u32::MAX) | low;
        let number = [own, low].into_iter().find(|&number| is_number(number))?;
        Some((number, last >> 32 == 0))
    }
}

/// Whether an entry could have this name.
fn is_name(name: &[u8], is_live: bool) -> bool {
    let is_dots = name == b"." || name == b"..";
    !name.is_empty() && !name.contains(&0) && !name.contains(&b'/') && (is_live || !is_dots)
}

/// A directory in the inode.
pub(super) struct Short<'b> {
    pub(super) parent: u64,
    pub(super) entries: Vec<Entry<'b>>,
}

/// The entries of a directory in an inode whose fork is `fork`, and those behind the end of its list.
pub(super) fn of_inode<'b>(layout: Layout<'_>, fork: &'b [u8]) -> Option<Short<'b>> {
    let record = Record::new("directory in the inode", fork);
    let (count, wide) = (record.u8(0).ok()?, record.u8(1).ok()? > 0);
    let parent = if wide { record.u64_be(2).ok()? } else { record.u32_be(2).ok()?.into() };
    layout.superblock.inode_offset(parent).ok()?;
    let mut entries = Vec::new();
    let mut at = if wide { 10 } else { 6 };
    for _ in 0..count {
        let (entry, next) = layout.short_entry(&record, at, wide, true)?;
        entries.push(entry);
        at = next;
    }
    while at < record.len() {
        at = match layout.short_entry(&record, at, wide, false) {
            Some((entry, next)) => {
                entries.push(entry);
                next
            }
            None => at.saturating_add(1),
        };
    }
    Some(Short { parent, entries })
}

impl Layout<'_> {
    fn short_entry<'b>(
        &self,
        record: &Record<'b>,
        at: usize,
        wide: bool,
        is_live: bool,
    ) -> Option<(Entry<'b>, usize)> {
        let name_len = usize::from(record.u8(at).ok()?);
        let offset = record.u16_be(at.checked_add(1)?).ok()?;
        let name = record.bytes(at.checked_add(3)?, name_len).ok()?;
        let kind_at = at.checked_add(3)?.checked_add(name_len)?;
        let has_type = self.superblock.has_ftype;
        let file_type = if has_type { file_type(record.u8(kind_at).ok()?) } else { None };
        let number_at = kind_at.checked_add(usize::from(has_type))?;
        let number =
            if wide { record.u64_be(number_at).ok()? } else { record.u32_be(number_at).ok()?.into() };
        let is_possible = is_name(name, false)
            && number != 0
            && self.superblock.inode_offset(number).is_ok()
            && (is_live || offset.is_multiple_of(8) && offset < MAX_OFFSET && offset > 0)
            && (is_live || file_type.is_some() == has_type);
        let next = number_at.checked_add(if wide { 8 } else { 4 })?;
        is_possible.then_some((Entry { number, name, file_type, is_live, is_sure: is_live }, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::xfs::superblock::tests::golden;

    fn superblock() -> Superblock {
        let mut bytes = golden();
        bytes[100..102].copy_from_slice(&0xB4A4_u16.to_be_bytes());
        bytes[200..204].copy_from_slice(&0x200_u32.to_be_bytes());
        Superblock::read(&bytes, 0).unwrap()
    }

    /// A block of version 4 with entries `a1` to `a4` of inodes 129 to 132, and free space behind them.
    fn block() -> Vec<u8> {
        let mut block = vec![0; 4096];
        block[..4].copy_from_slice(b"XD2D");
        for index in 0..4_u8 {
            let at = 16 + 16 * usize::from(index);
            block[at + 7] = 129 + index;
            block[at + 8..at + 12].copy_from_slice(&[2, b'a', b'1' + index, 1]);
            block[at + 15] = u8::try_from(at).unwrap();
        }
        free(&mut block, 80, 4096 - 80);
        block
    }

    fn free(block: &mut [u8], at: usize, len: usize) {
        block[at..at + 2].fill(0xFF);
        block[at + 2..at + 4].copy_from_slice(&u16::try_from(len).unwrap().to_be_bytes());
        block[at + len - 2..at + len].copy_from_slice(&u16::try_from(at).unwrap().to_be_bytes());
    }

    fn names(block: &[u8]) -> Vec<(u64, String, bool)> {
        let layout = Layout { superblock: &superblock(), directory: 128 };
        let name = |entry: &Entry<'_>| String::from_utf8(entry.name.to_vec()).unwrap();
        of_block(layout, block).iter().map(|entry| (entry.number, name(entry), entry.is_live)).collect()
    }

    #[test]
    fn a_deleted_entry_is_found_in_the_free_space_that_took_its_place() {
        let mut block = block();
        free(&mut block, 32, 16);
        let found = names(&block);
        assert_eq!(found[0], (129, "a1".into(), true));
        assert_eq!(found[1], (130, "a2".into(), false));
        assert_eq!(found[2..].iter().map(|entry| entry.2).collect::<Vec<_>>(), [true, true]);
    }

    #[test]
    fn entries_in_a_joined_run_of_free_space_are_all_found() {
        let mut block = block();
        free(&mut block, 32, 16);
        free(&mut block, 32, 4096 - 32);
        let found = names(&block);
        let deleted: Vec<u64> = found.iter().filter(|entry| !entry.2).map(|entry| entry.0).collect();
        assert_eq!(deleted, [130, 131, 132]);
    }

    #[test]
    fn what_is_laid_over_the_middle_of_a_block_hides_no_more_than_that() {
        let mut block = block();
        block[32..48].fill(0xAB);
        assert_eq!(names(&block).iter().map(|entry| entry.0).collect::<Vec<_>>(), [129, 131, 132]);
    }

    #[test]
    fn the_end_of_a_list_in_an_inode_outlives_what_was_deleted() {
        let mut fork = vec![1, 0, 0, 0, 0, 128];
        for (number, name) in [(131_u8, b'x'), (132, b'y')] {
            fork.extend([1, 0, 0x60, name, 1, 0, 0, 0, number]);
        }
        fork.resize(64, 0);
        let layout = Layout { superblock: &superblock(), directory: 128 };
        let short = of_inode(layout, &fork).unwrap();
        assert_eq!(short.parent, 128);
        let found: Vec<_> = short.entries.iter().map(|entry| (entry.number, entry.is_live)).collect();
        assert_eq!(found, [(131, true), (132, false)]);
        assert!(of_inode(layout, &fork[..10]).is_none(), "cut inside of an entry in use");
    }
}
