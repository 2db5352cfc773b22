//! SQLite databases: each table is a member, each row a line of it, so that what is split over pages or
//! runs together in the file is read as it was written.
//!
//! Source: the file format of SQLite, <https://www.sqlite.org/fileformat2.html>: header (1.3), B-tree pages
//! (1.6), overflow pages (1.6.1), records (2.1), schema table (2.6). Pages of no table are a member of
//! their own: deleted rows. The write-ahead log beside the file is
//! read by itself (`log_rows`). Not read as a member: free room within pages.

use std::borrow::Cow;
use std::io::Read;

use super::format::{Format, Open};
use super::{ArchiveError, UnpackMeter, Visit, deliver, whole};
use crate::budget::Budget;
use assay_disk::bytes::Record;

pub(crate) mod log;
pub(super) mod log_rows;

/// An SQLite database: its tables are members.
pub(super) static FORMAT: Format = Format {
    name: "SQLite database",
    marks: &[MAGIC],
    open: Open::Members(|archive| members(archive.input, archive.budget, archive.spent, archive.visit)),
    ..Format::NONE
};

/// What every database begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// How many times `budget.whole_file` a database may have.
const WHOLE_FILES: u64 = 16;
/// Pages on the way from a root to a leaf; SQLite goes no deeper.
const DEPTH: usize = 20;
/// Values that a row may have: SQLite's own limit.
const COLUMNS: usize = 32_767;

fn members(
    input: &mut dyn Read,
    budget: &Budget,
    spent: &UnpackMeter,
    visit: &mut Visit<'_>,
) -> Result<(), ArchiveError> {
    let limit = budget.whole_file.saturating_mul(WHOLE_FILES);
    let (bytes, end) = whole(input, limit);
    if end.map_err(|error| FORMAT.damaged(error))?.is_over {
        return Err(ArchiveError::OverLimit(format!("an SQLite database of more than {limit} bytes")));
    }
    let bytes = bytes.as_slice();
    let Some(mut database) = Database::new(&bytes, bytes.len()) else {
        return Err(broken("its header is not one"));
    };
    let tables = database.tables();
    for (name, root) in tables {
        let text = database.rows(root);
        if deliver(&FORMAT, Some(&name), &mut text.as_slice(), spent, visit)?.is_break() {
            return Ok(());
        }
    }
    let unused = database.unused();
    if !unused.is_empty() {
        let name: &[u8] = b"pages of no table";
        let _ = deliver(&FORMAT, Some(name), &mut unused.as_slice(), spent, visit)?;
    }
    database.problem.map_or(Ok(()), |problem| Err(broken(problem)))
}

/// The bytes of a database, wherever they are kept.
pub(crate) trait Pages {
    /// Their number.
    fn size(&self) -> u64;
    /// `len` bytes at `offset`, which lie in one page; fewer at the end of the database; `None`, where they cannot be
    /// read.
    fn read(&self, offset: u64, len: usize) -> Option<Cow<'_, [u8]>>;
}

impl Pages for &[u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read(&self, offset: u64, len: usize) -> Option<Cow<'_, [u8]>> {
        let rest = self.get(usize::try_from(offset).ok()?..)?;
        Some(Cow::Borrowed(rest.get(..len.min(rest.len()))?))
    }
}

/// Hands the run of bytes in each row of the table `name` to `each`, and returns how many rows the table `index` has
/// (none, where there is no such table); the first thing that was wrong. No row may be longer than `longest`.
pub(crate) fn blobs(
    pages: &dyn Pages,
    [name, index]: [&[u8]; 2],
    longest: usize,
    each: &mut dyn FnMut(&[u8]),
) -> Result<Option<u64>, &'static str> {
    let mut database = Database::new(pages, longest).ok_or("its header is not one")?;
    let mut roots = [None; 2];
    database.walk(1, &mut |database, values| {
        let [Value::Text(kind), Value::Text(own), _, Value::Number(root), ..] = values else { return };
        let own = database.utf8(own);
        if database.utf8(kind) == b"table" {
            let place = roots.iter_mut().zip([name, index]).find(|(_, wanted)| own == *wanted);
            if let Some((place, _)) = place {
                *place = usize::try_from(*root).ok();
            }
        }
    });
    let root = roots[0].ok_or("it does not have its table")?;
    let mut empty = false;
    database.walk(root, &mut |_, values| {
        let mut blobs =
            values.iter().filter_map(|value| if let Value::Bytes(b) = value { Some(b) } else { None });
        match blobs.next() {
            Some(bytes) => each(bytes),
            None => empty = true,
        }
    });
    if empty {
        database.wrong("a row has nothing in it");
    }
    let rows = roots[1].map(|root| {
        let mut rows = 0_u64;
        database.walk(root, &mut |_, _| rows = rows.saturating_add(1));
        rows
    });
    database.problem.map_or(Ok(rows), Err)
}

/// Hands the values of each row of the table `name` to `each`, text in UTF-8; the first thing that was wrong. A row that
/// is longer than `longest` is left out.
pub(crate) fn rows(
    pages: &dyn Pages,
    name: &[u8],
    longest: usize,
    each: &mut dyn FnMut(&[Cell]),
) -> Result<(), &'static str> {
    let mut database = Database::new(pages, longest).ok_or("its header is not one")?;
    let mut root = None;
    database.walk(1, &mut |database, values| {
        let [Value::Text(kind), Value::Text(own), _, Value::Number(number), ..] = values else { return };
        if database.utf8(kind) == b"table" && database.utf8(own) == name {
            root = usize::try_from(*number).ok();
        }
    });
    let root = root.ok_or("it does not have its table")?;
    database.walk(root, &mut |database, values| {
        let cells: Vec<Cell> = values.iter().map(|value| database.cell(value)).collect();
        each(&cells);
    });
    database.problem.map_or(Ok(()), Err)
}

/// A value of a row of a table that is read by its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// NULL, a broken number, or the number of the row, which its own column does not repeat.
    Nothing,
    /// A whole number.
    Number(i64),
    /// Text.
    Text(String),
    /// A run of bytes.
    Bytes,
}

fn broken(problem: &'static str) -> ArchiveError {
    FORMAT.invalid(problem)
}

/// How text is written.
#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Utf16(fn([u8; 2]) -> u16),
}

/// A value of a row.
enum Value<'a> {
    Nothing,
    Number(i64),
    Text(&'a [u8]),
    Bytes(&'a [u8]),
}

struct Database<'a> {
    pages: &'a dyn Pages,
    page_size: usize,
    /// Bytes of a page without the reserved end.
    usable: usize,
    encoding: Encoding,
    /// Pages that were looked at.
    seen: Vec<bool>,
    /// Bytes that rows may still have in all: pages that are shared must not multiply.
    left: u64,
    /// Bytes that one row may have.
    longest: usize,
    /// The first thing that was wrong.
    problem: Option<&'static str>,
}

impl<'a> Database<'a> {
    /// `None`, if it does not begin as one.
    fn new(pages: &'a dyn Pages, longest: usize) -> Option<Self> {
        let header = pages.read(0, 100)?;
        let header = Record::new("SQLite header", header.get(..100).filter(|head| head.starts_with(MAGIC))?);
        let page_size = match header.u16_be(16).ok()? {
            1 => 65_536,
            size if size >= 512 && size.is_power_of_two() => usize::from(size),
            _ => return None,
        };
        let usable =
            page_size.checked_sub(usize::from(header.u8(20).ok()?)).filter(|&usable| usable >= 480)?;
        let encoding = match header.u32_be(56).ok()? {
            2 => Encoding::Utf16(u16::from_le_bytes),
            3 => Encoding::Utf16(u16::from_be_bytes),
            _ => Encoding::Utf8,
        };
        let seen = vec![false; usize::try_from(pages.size().div_ceil(page_size as u64)).ok()?];
        let left = pages.size().saturating_mul(2).saturating_add(1 << 20);
        Some(Self { pages, page_size, usable, encoding, seen, left, longest, problem: None })
    }

    fn wrong(&mut self, problem: &'static str) {
        self.problem.get_or_insert(problem);
    }

    /// The bytes of a page (from 1), as far as the file has them.
    fn page(&self, number: usize) -> Option<Cow<'a, [u8]>> {
        let start = number.checked_sub(1)?.checked_mul(self.page_size)?;
        self.pages.read(start as u64, self.usable)
    }

    /// Marks a page as looked at; false if it was already.
    fn visit(&mut self, number: usize) -> bool {
        let seen = number.checked_sub(1).and_then(|index| self.seen.get_mut(index));
        seen.is_some_and(|seen| !std::mem::replace(seen, true))
    }

    /// Name and root page of each table; indexes repeat what tables say.
    fn tables(&mut self) -> Vec<(Vec<u8>, usize)> {
        let mut tables = Vec::new();
        let mut indexes = Vec::new();
        self.walk(1, &mut |database, values| {
            let [Value::Text(kind), Value::Text(name), _, Value::Number(root), ..] = values else { return };
            let Ok(root) = usize::try_from(*root) else { return };
            if database.utf8(kind) == b"table" && root > 0 {
                tables.push((database.utf8(name), root));
            } else if root > 0 {
                indexes.push(root);
            }
        });
        for root in indexes {
            self.walk(root, &mut |_, _| {});
        }
        tables
    }

    /// The rows of a table, one a line, values parted by tabs.
    fn rows(&mut self, root: usize) -> Vec<u8> {
        let mut text = Vec::new();
        self.walk(root, &mut |database, values| {
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    text.push(b'\t');
                }
                match value {
                    Value::Nothing => {}
                    Value::Number(number) => text.extend(number.to_string().bytes()),
                    Value::Text(bytes) => text.extend(database.utf8(bytes)),
                    // Zeros would make a text of it a binary.
                    Value::Bytes(bytes) => text.extend(bytes.iter().map(|&b| if b == 0 { b'\n' } else { b })),
                }
            }
            text.push(b'\n');
        });
        text
    }

    /// What pages hold that belong to nothing: rows that were deleted.
    fn unused(&self) -> Vec<u8> {
        let pages = (1..).zip(&self.seen).filter(|(_, seen)| !**seen);
        let mut bytes = Vec::new();
        for page in pages.filter_map(|(number, _)| self.page(number)) {
            if page.iter().any(|&byte| byte != 0) {
                bytes.extend(page.iter().map(|&byte| if byte == 0 { b'\n' } else { byte }));
            }
        }
        bytes
    }

    fn cell(&self, value: &Value<'_>) -> Cell {
        match value {
            Value::Nothing => Cell::Nothing,
            Value::Number(number) => Cell::Number(*number),
            Value::Text(text) => Cell::Text(String::from_utf8_lossy(&self.utf8(text)).into_owned()),
            Value::Bytes(_) => Cell::Bytes,
        }
    }

    fn utf8(&self, text: &[u8]) -> Vec<u8> {
        let Encoding::Utf16(join) = self.encoding else { return text.to_vec() };
        let units = text.chunks_exact(2).filter_map(|pair| <[u8; 2]>::try_from(pair).ok()).map(join);
        let decoded: String = char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect();
        decoded.into_bytes()
    }

    /// Hands each row below a root page to `each`; of a table in order, of an index about so.
    fn walk(&mut self, root: usize, each: &mut dyn FnMut(&Self, &[Value<'_>])) {
        let mut todo = vec![(root, 0_usize)];
        while let Some((number, depth)) = todo.pop() {
            if depth > DEPTH || !self.visit(number) {
                self.wrong("a page is used twice, or is beyond the end");
                continue;
            }
            let Some(children) = self.tree_page(number, each) else {
                self.wrong("a page of a table does not have its form");
                continue;
            };
            todo.extend(children.into_iter().rev().map(|child| (child, depth.saturating_add(1))));
        }
    }

    /// Hands on the rows of one page; returns the pages below it.
    fn tree_page(&mut self, number: usize, each: &mut dyn FnMut(&Self, &[Value<'_>])) -> Option<Vec<usize>> {
        let bytes = self.page(number)?;
        let start = if number == 1 { 100 } else { 0 };
        let bytes = &*bytes;
        let page = Record::new("SQLite page", bytes);
        let kind = page.u8(start).ok()?;
        let (inner, index) = match kind {
            0x0d => (false, false),
            0x05 => (true, false),
            0x0a => (false, true),
            0x02 => (true, true),
            _ => return None,
        };
        let cells = page.u16_be(start + 3).ok()?;
        let pointers = start + if inner { 12 } else { 8 };
        let mut children = Vec::new();
        for cell in 0..usize::from(cells) {
            let at = usize::from(page.u16_be(pointers + 2 * cell).ok()?);
            let mut rest = bytes.get(at..)?;
            if inner {
                children.push(usize::try_from(take_u32(&mut rest)?).ok()?);
            }
            if inner && !index {
                continue; // a key only
            }
            let length = usize::try_from(varint(&mut rest)?).ok()?;
            if !index {
                varint(&mut rest)?; // the row's number
            }
            match self.payload(rest, length, index) {
                Some(payload) => match values(&payload) {
                    Some(values) => each(self, &values),
                    None => self.wrong("a row does not have the form of one"),
                },
                None => self.wrong("a row is cut off"),
            }
        }
        if inner {
            children.push(usize::try_from(page.u32_be(start + 8).ok()?).ok()?);
        }
        Some(children)
    }

    /// The bytes of a row, put together from its page and the overflow pages.
    fn payload(&mut self, local: &[u8], length: usize, index: bool) -> Option<Vec<u8>> {
        self.left = self.left.checked_sub(length as u64)?;
        if length > self.longest || length as u64 > self.pages.size() {
            return None;
        }
        let usable = self.usable;
        let most =
            if index { ((usable - 12) * 64 / 255).checked_sub(23)? } else { usable.checked_sub(35)? };
        if length <= most {
            return local.get(..length).map(<[u8]>::to_vec);
        }
        let least = ((usable - 12) * 32 / 255).checked_sub(23)?;
        let kept = least + length.checked_sub(least)? % usable.checked_sub(4)?;
        let kept = if kept <= most { kept } else { least };
        let mut payload = Vec::with_capacity(length);
        payload.extend(local.get(..kept)?);
        let mut next = take_u32(&mut local.get(kept..)?)?;
        while payload.len() < length {
            let number = usize::try_from(next).ok()?;
            if !self.visit(number) {
                return None;
            }
            let page = self.page(number)?;
            let mut page = &*page;
            next = take_u32(&mut page)?;
            payload.extend(page.get(..page.len().min(length - payload.len()))?);
        }
        Some(payload)
    }
}

/// The values of a record.
fn values(payload: &[u8]) -> Option<Vec<Value<'_>>> {
    let mut rest = payload;
    let header = usize::try_from(varint(&mut rest)?).ok()?;
    let mut types = payload.get(payload.len().checked_sub(rest.len())?..header)?;
    let mut body = payload.get(header..)?;
    let mut values = Vec::new();
    while !types.is_empty() {
        if values.len() == COLUMNS {
            return None;
        }
        let kind = varint(&mut types)?;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            _ => (kind - 12) / 2,
        };
        let (bytes, after) = body.split_at_checked(usize::try_from(length).ok()?)?;
        body = after;
        values.push(match kind {
            0 | 7 => Value::Nothing,
            8 | 9 => Value::Number(i64::from(kind == 9)),
            1..=6 => {
                let negative = bytes.first().is_some_and(|first| *first >= 0x80);
                let sign = if negative { -1 } else { 0 };
                Value::Number(bytes.iter().fold(sign, |number, &byte| number << 8 | i64::from(byte)))
            }
            _ if kind % 2 == 1 => Value::Text(bytes),
            _ => Value::Bytes(bytes),
        });
    }
    Some(values)
}

/// A number of one to nine bytes, seven bits each, the ninth with eight.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for index in 0..9 {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        if index == 8 {
            return Some(number << 8 | u64::from(byte));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn take_u32(rest: &mut &[u8]) -> Option<u32> {
    let (bytes, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    Some(u32::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests;
