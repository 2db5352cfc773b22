//! Journals of systemd: all entries with all fields, from sound, open, cut and damaged files.
//!
//! Source: <https://systemd.io/JOURNAL_FILE_FORMAT/>. Objects are walked one after the other from the end of the
//! header, and not by the arrays of entries: what lies behind a damaged object, or in a file that was cut or never
//! closed, is found all the same. Where no object can be, the next place that has the form of one is looked for.
//!
//! Not done: hashes of data and the seal (FSS) are not verified, like `journalctl` does without `--verify`.

use std::ops::ControlFlow;

use thiserror::Error;

use assay_disk::bytes::{ReadError, Source};

mod data;
mod header;
mod object;
#[cfg(test)]
pub(super) mod sample;
#[cfg(test)]
mod tests;

use data::Fields;
use header::Header;
use object::{Kind, Walk};

/// Fields of an entry that are read; journald writes no more.
const FIELDS: u64 = 1024;

/// One entry: a message with all that is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its number, which counts over all journals of a machine.
    pub seqnum: u64,
    /// When it was written: microseconds since 1970, UTC.
    pub realtime: u64,
    /// Microseconds since the machine started.
    pub monotonic: u64,
    /// Which run of the machine.
    pub boot: [u8; 16],
    /// `NAME=value`, in the order of the file; values may have any bytes. Of a long one, the first 64 KiB.
    pub fields: Vec<Vec<u8>>,
    /// Fields that could not be read.
    pub unread: u64,
}

impl Entry {
    /// The value of the first field of this name.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().find_map(|field| field.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
    }
}

/// What a walk over a journal met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Entries that were handed on.
    pub entries: u64,
    /// Entries that the header counts.
    pub counted: u64,
    /// Bytes in which there should have been objects.
    pub damaged: u64,
    /// Fields of entries that could not be read.
    pub unread: u64,
    /// Bytes that the header says the file has, and that are not there.
    pub cut: u64,
    /// Marks of ways of writing that are not known: what they change may be read wrongly.
    pub unknown: u32,
}

/// Why a journal could not be read at all.
#[derive(Clone, Debug, Error)]
pub enum JournalError {
    /// It does not begin as one.
    #[error("it does not begin as a journal of systemd")]
    NotOne,
    /// Its bytes cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Hands each entry of the journal in `source` to `each`, in the order of the file, until it breaks.
///
/// Memory is bounded by the fields of one entry (8 MiB) and a cache of 1 MiB, time by the length of the file.
///
/// # Errors
/// [`JournalError`], where it is no journal, or where reading fails: what was read before counts.
pub fn entries(
    source: &dyn Source,
    each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
) -> Result<Summary, JournalError> {
    let header = Header::read(source)?;
    let mut summary = Summary {
        counted: header.entries,
        unknown: header.unknown,
        cut: header.end().saturating_sub(source.len()),
        ..Summary::default()
    };
    let mut walk = Walk::new(source, &header);
    let mut fields = Fields::new(source, header.is_compact);
    while let Some(object) = walk.next()? {
        if object.kind != Kind::Entry {
            continue;
        }
        let entry = entry(&mut walk, &mut fields, &object, header.is_compact)?;
        summary.entries = summary.entries.saturating_add(1);
        summary.unread = summary.unread.saturating_add(entry.unread);
        if each(entry).is_break() {
            return Ok(summary);
        }
    }
    summary.damaged = walk.damaged;
    Ok(summary)
}

/// Reads the entry at `object`: 64 bytes, then an item for each of its fields.
fn entry(
    walk: &mut Walk<'_>,
    fields: &mut Fields<'_>,
    object: &object::Object,
    is_compact: bool,
) -> Result<Entry, JournalError> {
    const ITEMS: u64 = 64;
    let width = if is_compact { 4 } else { 16 };
    let all = object.size.saturating_sub(ITEMS) / width;
    let count = all.min(FIELDS);
    let len = ITEMS.saturating_add(count.saturating_mul(width));
    let bytes = walk.bytes(object.offset, len)?.to_vec();
    let record = assay_disk::bytes::Record::new("journal entry", &bytes);
    let number = |at| record.u64_le(at).unwrap_or_default();
    let mut entry = Entry {
        seqnum: number(16),
        realtime: number(24),
        monotonic: number(32),
        boot: record.array(40).unwrap_or_default(),
        fields: Vec::new(),
        unread: all.saturating_sub(count),
    };
    fields.begin();
    let items = bytes.get(64..).unwrap_or_default().chunks_exact(if is_compact { 4 } else { 16 });
    for item in items {
        let item = assay_disk::bytes::Record::new("item", item);
        let place = if is_compact {
            (item.u32_le(0).map(u64::from).unwrap_or_default(), None)
        } else {
            (item.u64_le(0).unwrap_or_default(), item.u64_le(8).ok())
        };
        match fields.read(place.0, place.1)? {
            Some(field) => entry.fields.push(field),
            None => entry.unread = entry.unread.saturating_add(1),
        }
    }
    Ok(entry)
}
