//! Berkeley DB hash files, `Packages` of RHEL 7 and Amazon Linux 2: pages of pairs, keys and headers.
//!
//! The layout is that of Berkeley DB's `dbinc/db_page.h`, written from memory and not yet held against a file
//! that rpm made. Numbers have the order of the machine
//! that wrote them. Every page is looked at, whether or not a bucket leads to it.

use crate::bytes::Record;

const MAGIC: u32 = 0x0006_1561;
/// Bytes before the index of a page.
const HEAD: usize = 26;
/// Kinds of pages: pairs unsorted and sorted, and pieces of what is too long.
const UNSORTED: u8 = 2;
const SORTED: u8 = 13;
const OVERFLOW: u8 = 7;
/// Kinds of items.
const INLINE: u8 = 1;
const ELSEWHERE: u8 = 3;

struct Hash<'a> {
    bytes: &'a [u8],
    page_size: usize,
    little: bool,
    /// Bytes that values may still have: chains that are shared must not multiply.
    left: usize,
}

/// Hands on each header; the first thing that was wrong.
pub(super) fn headers(bytes: &[u8], each: &mut dyn FnMut(&[u8])) -> Result<(), &'static str> {
    let meta = Record::new("Berkeley DB header", bytes);
    let little = meta.u32_le(12) == Ok(MAGIC);
    if !little && meta.u32_be(12) != Ok(MAGIC) {
        return Err("its header is not that of a hash");
    }
    let mut hash = Hash { bytes, page_size: 1, little, left: bytes.len() };
    let page_size = hash.number(bytes, 20).filter(|size| (512..=65_536).contains(size));
    hash.page_size = page_size.ok_or("its pages have no size")?;
    let last = hash.number(bytes, 32).ok_or("its header is cut off")?;
    let pages = bytes.len() / hash.page_size;
    let mut problem = if last < pages { Ok(()) } else { Err("pages are missing at its end") };
    for number in 1..pages {
        let Some(page) = hash.page(number) else { continue };
        if matches!(page.get(25), Some(&(UNSORTED | SORTED))) && hash.pairs(page, each).is_none() {
            problem = problem.and(Err("a page of packages does not have its form"));
        }
    }
    problem
}

impl<'a> Hash<'a> {
    fn page(&self, number: usize) -> Option<&'a [u8]> {
        let start = number.checked_mul(self.page_size)?;
        self.bytes.get(start..start.checked_add(self.page_size)?)
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

    /// The values of a page; its items fill it from the end, so an item ends where the one before begins.
    fn pairs(&mut self, page: &[u8], each: &mut dyn FnMut(&[u8])) -> Option<()> {
        let entries = self.short(page, 20)?;
        for entry in (1..entries).step_by(2) {
            let start = self.short(page, HEAD.saturating_add(entry.saturating_mul(2)))?;
            let end = self.short(page, HEAD.saturating_add(entry.saturating_sub(1).saturating_mul(2)))?;
            let item = page.get(start..end)?;
            match item.split_first()? {
                // The counter of packages is 4 bytes long.
                (&INLINE, value) if value.len() <= 4 => {}
                (&INLINE, value) => {
                    self.left = self.left.checked_sub(value.len())?;
                    each(value);
                }
                (&ELSEWHERE, _) => each(&self.chain(self.number(item, 4)?, self.number(item, 8)?)?),
                _ => return None,
            }
        }
        Some(())
    }

    fn chain(&mut self, first: usize, length: usize) -> Option<Vec<u8>> {
        self.left = self.left.checked_sub(length)?;
        let mut value = Vec::new();
        let mut next = first;
        while value.len() < length {
            let page = self.page(next).filter(|page| page.get(25) == Some(&OVERFLOW))?;
            let held = self.short(page, 22).filter(|&held| held > 0)?;
            value.extend(page.get(HEAD..HEAD.checked_add(held.min(length.checked_sub(value.len())?))?)?);
            next = self.number(page, 16)?;
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
        put(12, &MAGIC.to_le_bytes());
        put(20, &512_u32.to_le_bytes());
        put(32, &2_u32.to_le_bytes());
        put(512 + 20, &[2, 0]);
        put(512 + 25, &[SORTED]);
        put(512 + 26, &507_u16.to_le_bytes());
        put(512 + 28, &495_u16.to_le_bytes());
        put(512 + 495, &[ELSEWHERE, 0, 0, 0, 2, 0, 0, 0, 10, 0, 0, 0]);
        put(1024 + 22, &[10, 0]);
        put(1024 + 25, &[OVERFLOW]);
        put(1024 + 26, b"0123456789");
        bytes
    }

    fn read(bytes: &[u8]) -> (Vec<Vec<u8>>, Result<(), &'static str>) {
        let mut found = Vec::new();
        let end = headers(bytes, &mut |header| found.push(header.to_vec()));
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
        assert!(read(&database()[..1024]).1.is_err());
    }
}
