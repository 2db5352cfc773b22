//! Berkeley DB files: pages of pairs. `Packages` of RHEL 8 and before and of Amazon Linux 2 is one, and so are the maps
//! of Postfix, the spools of INN and SASL's passwords.
//!
//! The layout is that of Berkeley DB's `dbinc/db_page.h`, for hashes (what RPM makes) and B-trees. Numbers have the
//! order of the machine that wrote them. Every page is looked at, whether or not a bucket leads to it; and every piece
//! of a long value must be one of a value that was found, so that a lost page of pairs is seen.

use std::borrow::Cow;

use super::sqlite::Pages;
use assay_disk::bytes::Record;

const HASH_MAGIC: u32 = 0x0006_1561;
const BTREE_MAGIC: u32 = 0x0005_3162;
/// Bytes before the index of a page.
const HEAD: usize = 26;
/// Kinds of pages with values: pairs unsorted and sorted, leaves of a B-tree, pieces of what is too long.
const UNSORTED: u8 = 2;
const SORTED: u8 = 13;
const LEAF: u8 = 5;
const OVERFLOW: u8 = 7;
/// Kinds of pages without: free, inner pages of a B-tree, heads of a hash or a B-tree.
const OTHERS: [u8; 4] = [0, 3, 8, 9];
/// Kinds of items of a hash: in the page, several values of one key in the page, on other pages.
const INLINE: u8 = 1;
const SEVERAL: u8 = 2;
const ELSEWHERE: u8 = 3;
/// Kinds of items of a B-tree: data, on other pages; with this bit it is deleted.
const DATA: u8 = 1;
const LONG: u8 = 3;
const DELETED: u8 = 0x80;

struct Database<'a> {
    file: &'a dyn Pages,
    page_size: usize,
    little: bool,
    longest: usize,
    /// Bytes that keys and values may still have: chains that are shared must not multiply.
    left: u64,
    /// The pieces of long values that belong to a value.
    used: Vec<bool>,
}

/// What is wrong with a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// It is shorter than its header says.
    CutOff,
    /// Nothing can be read, or a part cannot.
    Form(&'static str),
}

impl Wrong {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::CutOff => "pages are missing at its end",
            Self::Form(reason) => reason,
        }
    }
}

/// Whether a file that begins so is a hash or a B-tree.
pub(crate) fn probe(head: &[u8]) -> bool {
    let meta = Record::new("Berkeley DB header", head);
    let is_one = |magic: Result<u32, _>, size: Result<u32, _>| {
        magic.is_ok_and(|magic| [HASH_MAGIC, BTREE_MAGIC].contains(&magic)) && size.is_ok_and(is_size)
    };
    is_one(meta.u32_le(12), meta.u32_le(20)) || is_one(meta.u32_be(12), meta.u32_be(20))
}

fn is_size(size: u32) -> bool {
    size.is_power_of_two() && (512..=65_536).contains(&size)
}

/// Hands on each pair, key and value, neither longer than `longest`; returns the first thing that was wrong.
///
/// # Errors
/// What was read before is handed on.
pub(crate) fn pairs(
    file: &dyn Pages,
    longest: usize,
    each: &mut dyn FnMut(&[u8], &[u8]),
) -> Result<(), Wrong> {
    let meta = file.read(0, 72).ok_or(Wrong::Form("its header cannot be read"))?;
    let meta = Record::new("Berkeley DB header", &meta);
    let is_one = |magic: Result<u32, _>| magic.is_ok_and(|magic| [HASH_MAGIC, BTREE_MAGIC].contains(&magic));
    let little = is_one(meta.u32_le(12));
    if !little && !is_one(meta.u32_be(12)) {
        return Err(Wrong::Form("its header is not that of a hash or a B-tree"));
    }
    // Keys and values.
    let left = file.size().saturating_mul(2);
    let mut database = Database { file, page_size: 1, little, longest, left, used: Vec::new() };
    let page_size = database.number(meta.all(), 20);
    let is_size = |size: &usize| u32::try_from(*size).is_ok_and(is_size);
    database.page_size = page_size.filter(is_size).ok_or(Wrong::Form("its pages have no size"))?;
    // Byte 24 says how it is encrypted, bit 0 of byte 26 whether its pages have checksums.
    if meta.u8(24) != Ok(0) || meta.u8(26).map_or(true, |flags| flags & 1 != 0) {
        return Err(Wrong::Form("it is encrypted, or has checksums"));
    }
    let last = database.number(meta.all(), 32).ok_or(Wrong::Form("its header is cut off"))?;
    let pages = usize::try_from(file.size()).unwrap_or_default() / database.page_size;
    let mut problem = if last < pages { Ok(()) } else { Err(Wrong::CutOff) };
    database.used = vec![false; pages];
    let mut pieces = vec![false; pages];
    for (number, piece) in pieces.iter_mut().enumerate().skip(1) {
        let Some(page) = database.page(number) else {
            problem = problem.and(Err(Wrong::Form("a page cannot be read")));
            continue;
        };
        let read = match page.get(25).copied().unwrap_or_default() {
            UNSORTED | SORTED => database.hash(&page, each),
            LEAF => database.leaf(&page, each),
            OVERFLOW => {
                *piece = true;
                Some(())
            }
            kind => OTHERS.contains(&kind).then_some(()),
        };
        let wrong = Wrong::Form("a page does not have its form, or a value on it");
        problem = problem.and(read.ok_or(wrong));
    }
    let is_lost = pieces.iter().zip(&database.used).any(|(piece, used)| *piece && !used);
    let lost = Wrong::Form("it has pieces of values that nothing leads to");
    problem.and(if is_lost { Err(lost) } else { Ok(()) })
}

impl<'a> Database<'a> {
    fn page(&self, number: usize) -> Option<Cow<'a, [u8]>> {
        let start = number.checked_mul(self.page_size)?;
        self.file.read(start as u64, self.page_size).filter(|page| page.len() == self.page_size)
    }

    fn number(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let record = Record::new("Berkeley DB page", bytes);
        let number = if self.little { record.u32_le(at) } else { record.u32_be(at) };
        usize::try_from(number.ok()?).ok()
    }

    fn short(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let record = Record::new("Berkeley DB page", bytes);
        let number = if self.little { record.u16_le(at) } else { record.u16_be(at) };
        number.ok().map(usize::from)
    }

    /// Where the item of a page begins.
    fn item(&self, page: &[u8], entry: usize) -> Option<usize> {
        self.short(page, HEAD.checked_add(entry.checked_mul(2)?)?)
    }

    /// The pairs of a page of a hash; its items fill it from the end, so an item ends where the one before begins.
    /// What is wrong with one does not hide the others.
    fn hash(&mut self, page: &[u8], each: &mut dyn FnMut(&[u8], &[u8])) -> Option<()> {
        let entries = self.short(page, 20)?;
        let mut whole = entries % 2 == 0;
        for entry in (1..entries).step_by(2) {
            let key = entry.saturating_sub(1);
            let before = key.checked_sub(1).map_or(Some(page.len()), |before| self.item(page, before));
            let ends = (before, self.item(page, key), self.item(page, entry));
            let (Some(end), Some(middle), Some(start)) = ends else { return None };
            let part = |from: usize, to: usize| page.get(from..to).and_then(<[u8]>::split_first);
            let key = part(middle, end).and_then(|(kind, key)| match *kind {
                INLINE => self.charge(key).map(Cow::Borrowed),
                ELSEWHERE => self.elsewhere(page.get(middle..end)?).map(Cow::Owned),
                _ => None,
            });
            // A value counts without its key, too.
            let name = key.as_deref().unwrap_or_default();
            let read = part(start, middle).and_then(|(kind, value)| match *kind {
                INLINE => self.charge(value).map(|value| each(name, value)),
                SEVERAL => self.several(name, value, each),
                ELSEWHERE => self.elsewhere(page.get(start..middle)?).map(|value| each(name, &value)),
                _ => None,
            });
            whole &= read.is_some() && key.is_some();
        }
        whole.then_some(())
    }

    /// The values of one key: each between its length, twice.
    fn several(&mut self, name: &[u8], values: &[u8], each: &mut dyn FnMut(&[u8], &[u8])) -> Option<()> {
        let mut at = 0_usize;
        while at < values.len() {
            let length = self.short(values, at)?;
            let start = at.checked_add(2)?;
            let value = values.get(start..start.checked_add(length)?)?;
            each(name, self.charge(value)?);
            at = start.checked_add(length)?.checked_add(2)?;
        }
        Some(())
    }

    /// The pairs of a leaf of a B-tree: each item says its length.
    fn leaf(&mut self, page: &[u8], each: &mut dyn FnMut(&[u8], &[u8])) -> Option<()> {
        let entries = self.short(page, 20)?;
        let mut whole = entries % 2 == 0;
        for entry in (1..entries).step_by(2) {
            let kind = self.item(page, entry).and_then(|start| page.get(start.checked_add(2)?));
            if kind.is_some_and(|kind| kind & DELETED != 0) {
                continue;
            }
            let key = self.leaf_item(page, entry.saturating_sub(1));
            let value = self.leaf_item(page, entry);
            if let Some(value) = value.as_deref() {
                each(key.as_deref().unwrap_or_default(), value);
            }
            whole &= value.is_some() && key.is_some();
        }
        whole.then_some(())
    }

    fn leaf_item<'p>(&mut self, page: &'p [u8], entry: usize) -> Option<Cow<'p, [u8]>> {
        let item = self.item(page, entry).and_then(|start| page.get(start..))?;
        match *item.get(2)? {
            DATA => {
                let data = item.get(3..3_usize.checked_add(self.short(item, 0)?)?)?;
                self.charge(data).map(Cow::Borrowed)
            }
            LONG => self.elsewhere(item).map(Cow::Owned),
            _ => None,
        }
    }

    fn charge<'v>(&mut self, value: &'v [u8]) -> Option<&'v [u8]> {
        self.left = self.left.checked_sub(value.len() as u64)?;
        Some(value)
    }

    /// What an item stands for that says where its first piece is, and how long it is.
    fn elsewhere(&mut self, item: &[u8]) -> Option<Vec<u8>> {
        let (first, length) = (self.number(item, 4)?, self.number(item, 8)?);
        self.chain(first, length)
    }

    fn chain(&mut self, first: usize, length: usize) -> Option<Vec<u8>> {
        self.left = self.left.checked_sub(length as u64).filter(|_| length <= self.longest)?;
        let mut value = Vec::with_capacity(length);
        let mut next = first;
        while value.len() < length {
            let page = self.page(next).filter(|page| page.get(25) == Some(&OVERFLOW))?;
            // A piece belongs to one value.
            if std::mem::replace(self.used.get_mut(next)?, true) {
                return None;
            }
            let held = self.short(&page, 22).filter(|&held| held > 0)?;
            let left = length.checked_sub(value.len())?;
            value.extend(page.get(HEAD..HEAD.checked_add(held)?).filter(|_| held <= left)?);
            next = self.number(&page, 16)?;
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three pages of 512 bytes: the header, one pair, one piece of the value.
    fn database() -> Vec<u8> {
        let mut bytes = vec![0; 1536];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(12, &HASH_MAGIC.to_le_bytes());
        put(20, &512_u32.to_le_bytes());
        put(32, &2_u32.to_le_bytes());
        put(512 + 20, &[2, 0]);
        put(512 + 25, &[SORTED]);
        put(512 + 26, &507_u16.to_le_bytes());
        put(512 + 507, &[INLINE]);
        put(512 + 28, &495_u16.to_le_bytes());
        put(512 + 495, &[ELSEWHERE, 0, 0, 0, 2, 0, 0, 0, 10, 0, 0, 0]);
        put(1024 + 22, &[10, 0]);
        put(1024 + 25, &[OVERFLOW]);
        put(1024 + 26, b"0123456789");
        bytes
    }

    fn read(bytes: &[u8]) -> (Vec<Vec<u8>>, Result<(), Wrong>) {
        let mut found = Vec::new();
        let end = pairs(&bytes, 1 << 20, &mut |_, value| found.push(value.to_vec()));
        (found, end)
    }

    #[test]
    fn a_value_on_other_pages_is_put_together() {
        assert_eq!(read(&database()), (vec![b"0123456789".to_vec()], Ok(())));
    }

    #[test]
    fn a_chain_that_leads_nowhere_is_a_problem() {
        let mut bytes = database();
        bytes[1024 + 22] = 5; // half of it, and then page 0
        assert!(read(&bytes).1.is_err());
        assert_eq!(read(&database()[..1024]).1, Err(Wrong::CutOff));
    }

    #[test]
    fn a_lost_page_of_pairs_and_an_unknown_page_are_problems() {
        for (at, value) in [(512 + 25, 0), (512 + 25, 77), (512 + 20, 1), (512 + 495, 2), (24, 1), (26, 1)] {
            let mut bytes = database();
            bytes[at] = value;
            assert!(read(&bytes).1.is_err(), "{at} {value}");
        }
    }
}
