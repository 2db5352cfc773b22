//! The write-ahead log beside a database: pages that were committed and not yet written into it.
//!
//! Source: the file format of SQLite, 4: a header of 32 bytes, then frames of 24 bytes and a page. A frame
//! counts if its salts and its running checksum are right, and a commit follows. The first frame with other salts is
//! what an earlier generation of the log left, and ends it.

use std::borrow::Cow;
use std::collections::HashMap;

use super::Pages;
use assay_disk::bytes::Record;

const HEADER: u64 = 32;
const FRAME: usize = 24;

/// A database with what its log committed.
pub(crate) struct Logged<'a> {
    database: &'a dyn Pages,
    log: &'a dyn Pages,
    page_size: u64,
    len: u64,
    /// Where the newest content of a page (from 0) lies in the log.
    pages: HashMap<u64, u64>,
}

impl<'a> Logged<'a> {
    /// Reads the log; also the first thing that was wrong with it, where what is before that counts.
    pub(crate) fn new(database: &'a dyn Pages, log: &'a dyn Pages) -> (Self, Result<(), &'static str>) {
        let len = database.size();
        let mut logged = Self { database, log, page_size: 1, len, pages: HashMap::new() };
        // Without this mark in the database, SQLite does not look at a log.
        let is_logged = database.read(0, 20).is_some_and(|head| head.get(18) == Some(&2));
        let end = if log.size() == 0 {
            Ok(())
        } else if is_logged {
            logged.replay()
        } else {
            Err("a log lies beside it that it does not name")
        };
        (logged, end)
    }

    fn replay(&mut self) -> Result<(), &'static str> {
        let log = self.log;
        let header = log.read(0, 32).filter(|header| header.len() == 32).ok_or("its log is cut off")?;
        let record = Record::new("SQLite log", &header);
        let number = |at| record.u32_be(at).unwrap_or_default();
        let big = match number(0) {
            0x377f_0682 => false,
            0x377f_0683 => true,
            _ => return Err("its log is not one"),
        };
        let page_size = usize::try_from(number(8)).unwrap_or_default();
        let mut sum = checksum((0, 0), header.get(..24).unwrap_or_default(), big);
        let form = page_size.is_power_of_two() && (512..=65_536).contains(&page_size);
        if !form || sum != (number(24), number(28)) {
            return Err("its log is not one");
        }
        if self.database.read(16, 2).as_deref() != header.get(10..12) && page_size < 65_536 {
            return Err("its log has pages of another size");
        }
        self.page_size = page_size as u64;
        let frame = FRAME.saturating_add(page_size);
        // The pages of a transaction count when it is committed.
        let mut pending = Vec::new();
        let mut at = HEADER;
        while at < log.size() {
            let bytes = log.read(at, frame).ok_or("its log cannot be read")?;
            let Some((head, page)) = bytes.split_at_checked(FRAME) else { return Err("its log is cut off") };
            let record = Record::new("SQLite frame", head);
            let field = |at| record.u32_be(at).unwrap_or_default();
            if (field(8), field(12)) != (number(16), number(20)) {
                break;
            }
            if page.len() < page_size {
                return Err("its log is cut off");
            }
            sum = checksum(checksum(sum, head.get(..8).unwrap_or_default(), big), page, big);
            let Some(number) = u64::from(field(0)).checked_sub(1).filter(|_| sum == (field(16), field(20)))
            else {
                return Err("its log is damaged");
            };
            pending.push((number, at.saturating_add(FRAME as u64)));
            if field(4) != 0 {
                self.commit(&mut pending, field(4))?;
            }
            at = at.saturating_add(frame as u64);
        }
        if pending.is_empty() {
            Ok(())
        } else {
            Err("its log ends within a transaction, which does not count")
        }
    }

    fn commit(&mut self, pending: &mut Vec<(u64, u64)>, pages: u32) -> Result<(), &'static str> {
        self.pages.extend(pending.drain(..));
        let len = u64::from(pages).saturating_mul(self.page_size);
        let logged = (self.pages.len() as u64).saturating_mul(self.page_size);
        if len > self.database.size().saturating_add(logged) {
            return Err("its log makes it larger than the pages it has");
        }
        self.len = len;
        Ok(())
    }
}

impl Pages for Logged<'_> {
    fn size(&self) -> u64 {
        self.len
    }

    fn read(&self, offset: u64, len: usize) -> Option<Cow<'_, [u8]>> {
        let within = offset.checked_rem(self.page_size)?;
        match self.pages.get(&offset.checked_div(self.page_size)?) {
            Some(at) => self.log.read(at.checked_add(within)?, len),
            None => self.database.read(offset, len),
        }
    }
}

fn checksum(sum: (u32, u32), bytes: &[u8], big: bool) -> (u32, u32) {
    let (mut first, mut second) = sum;
    for pair in bytes.as_chunks::<8>().0 {
        let [a, b, c, d, e, f, g, h] = *pair;
        let word = |bytes| if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) };
        first = first.wrapping_add(word([a, b, c, d])).wrapping_add(second);
        second = second.wrapping_add(word([e, f, g, h])).wrapping_add(first);
    }
    (first, second)
}
