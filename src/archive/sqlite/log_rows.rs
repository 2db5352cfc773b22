//! A write-ahead log as an archive: the rows that its pages hold, whatever became of the database. Its bytes are
//! searched as they stand, too, so that what lies on pages that are not in the log, or of another form, is not lost.
//!
//! Source: the file format of SQLite, 4.1; pages as in [`super`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;

use super::super::format::{Format, Open};
use super::super::{ArchiveError, UnpackMeter, Visit, deliver, whole};
use super::{Database, Encoding, MAGIC, Pages, WHOLE_FILES, broken};
use crate::budget::Budget;
use assay_disk::bytes::Record;

const HEADER: usize = 32;
const FRAME: usize = 24;
/// A page with a larger number is not looked for: a mark is kept for each page up to it.
const PAGES: usize = 16 << 20;
/// The kind of a page with rows of a table.
const LEAF: u8 = 0x0d;

/// The write-ahead log beside a database.
pub(in super::super) static FORMAT: Format = Format {
    name: "log of SQLite",
    marks: &[b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"],
    open: Open::Members(|archive| members(archive.input, archive.budget, archive.spent, archive.visit)),
    is_readable: true,
    ..Format::NONE
};

fn members(
    input: &mut dyn Read,
    budget: &Budget,
    spent: &UnpackMeter,
    visit: &mut Visit<'_>,
) -> Result<(), ArchiveError> {
    let limit = budget.whole_file.saturating_mul(WHOLE_FILES);
    let (bytes, end) = whole(input, limit);
    if end.map_err(|error| FORMAT.damaged(error))?.is_over {
        return Err(ArchiveError::OverLimit(format!("a log of SQLite of more than {limit} bytes")));
    }
    let held = Held::new(&bytes).ok_or_else(|| broken("its log is not one"))?;
    let text = held.rows();
    if !text.is_empty() {
        let _ = deliver(&FORMAT, Some(b"rows"), &mut text.as_slice(), spent, visit)?;
    }
    Ok(())
}

/// The pages of a log, each in its newest form.
struct Held<'b> {
    bytes: &'b [u8],
    page_size: usize,
    /// By number from 0: where it begins.
    starts: BTreeMap<usize, usize>,
}

impl<'b> Held<'b> {
    fn new(bytes: &'b [u8]) -> Option<Self> {
        let record = Record::new("SQLite log", bytes);
        let page_size = usize::try_from(record.u32_be(8).ok()?).ok()?;
        if !page_size.is_power_of_two() || !(512..=65_536).contains(&page_size) {
            return None;
        }
        let salts = bytes.get(16..24)?;
        let mut starts = BTreeMap::new();
        let frames = bytes.get(HEADER..)?.chunks_exact(FRAME.checked_add(page_size)?);
        for (place, frame) in frames.enumerate() {
            let number = Record::new("SQLite frame", frame).u32_be(0).ok()?;
            let start = HEADER.checked_add(place.checked_mul(FRAME.checked_add(page_size)?)?)?;
            let start = start.checked_add(FRAME)?;
            let Some(index) = usize::try_from(number).ok()?.checked_sub(1).filter(|&index| index < PAGES)
            else {
                continue;
            };
            // What an earlier generation left counts where the page was not written since.
            if frame.get(8..16) == Some(salts) {
                starts.insert(index, start);
            } else {
                starts.entry(index).or_insert(start);
            }
        }
        Some(Self { bytes, page_size, starts })
    }

    /// The rows of all its pages with rows, one a line.
    fn rows(&self) -> Vec<u8> {
        let first = self.read(0, 100);
        let first = first.as_deref().filter(|page| page.starts_with(MAGIC)).unwrap_or_default();
        let encoding = match first.get(56..60) {
            Some([0, 0, 0, 2]) => Encoding::Utf16(u16::from_le_bytes),
            Some([0, 0, 0, 3]) => Encoding::Utf16(u16::from_be_bytes),
            _ => Encoding::Utf8,
        };
        let reserved = usize::from(first.get(20).copied().unwrap_or(0));
        let last = self.starts.last_key_value().map_or(0, |(&index, _)| index.saturating_add(1));
        let mut database = Database {
            pages: self,
            page_size: self.page_size,
            usable: self.page_size.saturating_sub(reserved).max(480),
            encoding,
            seen: vec![false; last],
            left: (self.bytes.len() as u64).saturating_mul(2).saturating_add(1 << 20),
            longest: self.bytes.len(),
            problem: None,
        };
        let mut text = Vec::new();
        for (&index, &start) in &self.starts {
            let kind = start.saturating_add(if index == 0 { 100 } else { 0 });
            if self.bytes.get(kind) == Some(&LEAF) {
                text.extend(database.rows(index.saturating_add(1)));
            }
        }
        text
    }
}

impl Pages for Held<'_> {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read(&self, offset: u64, len: usize) -> Option<Cow<'_, [u8]>> {
        let offset = usize::try_from(offset).ok()?;
        let (index, within) = (offset.checked_div(self.page_size)?, offset.checked_rem(self.page_size)?);
        let start = *self.starts.get(&index)?;
        let page = self.bytes.get(start..start.checked_add(self.page_size)?)?;
        let rest = page.get(within..)?;
        Some(Cow::Borrowed(rest.get(..len.min(rest.len()))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page of 512 bytes with one row of one text.
    fn leaf(text: &str) -> Vec<u8> {
        let mut page = vec![0; 512];
        page[0] = LEAF;
        page[4] = 1; // cells
        page[8..10].copy_from_slice(&400_u16.to_be_bytes());
        let kind = u8::try_from(13 + 2 * text.len()).unwrap();
        let cell = [&[u8::try_from(text.len() + 2).unwrap(), 1, 2, kind][..], text.as_bytes()].concat();
        page[400..400 + cell.len()].copy_from_slice(&cell);
        page
    }

    fn log(frames: &[(u32, [u8; 8], Vec<u8>)]) -> Vec<u8> {
        let mut log = vec![0x37, 0x7f, 0x06, 0x82, 0, 0x2d, 0xe2, 0x18, 0, 0, 2, 0, 0, 0, 0, 0];
        log.extend([7; 8]); // salts
        log.extend([0; 8]);
        for (number, salts, page) in frames {
            log.extend(number.to_be_bytes());
            log.extend([0; 4]);
            log.extend(salts);
            log.extend([0; 8]);
            log.extend(page);
        }
        log
    }

    fn rows(log: &[u8]) -> String {
        let mut found = String::new();
        let problems = crate::archive::members(
            crate::archive::recognise(log).unwrap(),
            &mut &log[..],
            &Budget::default(),
            &UnpackMeter::new(log.len() as u64, &Budget::default()),
            &mut |member| {
                member.content.read_to_string(&mut found).unwrap();
                std::ops::ControlFlow::Continue(())
            },
        );
        assert!(problems.is_empty(), "{problems:?}");
        found
    }

    #[test]
    fn the_rows_of_a_log_are_those_of_its_newest_pages() {
        let frames = [(2, [7; 8], leaf("old")), (2, [7; 8], leaf("new")), (9, [7; 8], leaf("other"))];
        assert_eq!(rows(&log(&frames)), "new\nother\n");
        // An earlier generation's page 2 does not count, its page 3 does.
        let frames = [(2, [7; 8], leaf("new")), (2, [6; 8], leaf("old")), (3, [6; 8], leaf("left"))];
        assert_eq!(rows(&log(&frames)), "new\nleft\n");
    }

    #[test]
    fn a_log_that_is_cut_off_or_lies_ends_without_a_panic() {
        let whole = log(&[(1, [7; 8], leaf("a")), (u32::MAX, [7; 8], leaf("b")), (0, [7; 8], leaf("c"))]);
        for cut in 32..whole.len() {
            rows(&whole[..cut]);
        }
    }
}
