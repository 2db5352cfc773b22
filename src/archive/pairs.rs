//! Small databases of keys and values: all pairs are one member, each a line `key=value`, so that a value is searched
//! with its name. In the files themselves a value stands right behind its key, before it, or pages away.
//!
//! All pages are looked at, not only those that a root leads to: what was deleted is read as well. The bytes of such a
//! database are also searched as they stand.

use super::berkeley::{self, Wrong};
use super::format::{Format, Open, Opening};
use super::{ArchiveError, deliver, whole};

mod bolt;
mod cdb;
mod gdbm;
mod lmdb;
mod protobuf;
mod tdb;

pub(super) static BOLT: Format = Format {
    name: "Bolt database",
    probe: Some(bolt::probe),
    open: Open::Members(|archive| members(&BOLT, archive, bolt::read)),
    is_readable: true,
    ..Format::NONE
};

pub(super) static LMDB: Format = Format {
    name: "LMDB database",
    probe: Some(lmdb::probe),
    open: Open::Members(|archive| members(&LMDB, archive, lmdb::read)),
    is_readable: true,
    ..Format::NONE
};

pub(super) static TDB: Format = Format {
    name: "TDB database",
    marks: &[tdb::MAGIC],
    open: Open::Members(|archive| members(&TDB, archive, tdb::read)),
    is_readable: true,
    ..Format::NONE
};

pub(super) static CDB: Format = Format {
    name: "constant database",
    probe: Some(cdb::probe),
    open: Open::Members(|archive| members(&CDB, archive, cdb::read)),
    is_readable: true,
    ..Format::NONE
};

pub(super) static BERKELEY: Format = Format {
    name: "Berkeley DB database",
    probe: Some(berkeley::probe),
    open: Open::Members(|archive| members(&BERKELEY, archive, in_berkeley)),
    is_readable: true,
    ..Format::NONE
};

pub(super) static GDBM: Format = Format {
    name: "GDBM database",
    marks: &gdbm::MAGICS,
    open: Open::Members(|archive| members(&GDBM, archive, gdbm::read)),
    is_readable: true,
    ..Format::NONE
};

/// How many times `budget.whole_file` a database may have.
const WHOLE_FILES: u64 = 16;
/// Bytes of a key that are a name.
const NAME: usize = 256;

/// Takes the pairs of a database; returns what is wrong with it.
type Read = fn(&[u8], &mut Pairs) -> Option<&'static str>;

fn members(format: &'static Format, archive: Opening<'_, '_>, read: Read) -> Result<(), ArchiveError> {
    let Opening { input, budget, spent, visit, .. } = archive;
    let limit = budget.whole_file.saturating_mul(WHOLE_FILES);
    let (bytes, end) = whole(input, limit);
    if end.map_err(|error| format.damaged(error))?.is_over {
        return Err(ArchiveError::OverLimit(format!("a {} of more than {limit} bytes", format.name)));
    }
    let mut pairs = Pairs::new(bytes.len());
    let problem = read(&bytes, &mut pairs);
    let text = pairs.text;
    if !text.is_empty() {
        let _ = deliver(format, Some(b"pairs"), &mut text.as_slice(), spent, visit)?;
    }
    let problem = problem.or(pairs.is_over.then_some("its keys and values lie on each other"));
    problem.map_or(Ok(()), |problem| Err(format.invalid(problem)))
}

/// Its reader serves the packages of RPM, too, and is strict; here a page of another kind is no loss, for the bytes of the
/// database are searched as they stand.
fn in_berkeley(bytes: &[u8], pairs: &mut Pairs) -> Option<&'static str> {
    let read = berkeley::pairs(&bytes, bytes.len(), &mut |key, value| pairs.add(key, value));
    read.err().filter(|wrong| *wrong == Wrong::CutOff).map(Wrong::reason)
}

/// Pairs as text.
struct Pairs {
    text: Vec<u8>,
    /// Bytes that may still be added: values that lie on each other must not multiply.
    left: usize,
    is_over: bool,
}

impl Pairs {
    /// For a database of so many bytes.
    fn new(bytes: usize) -> Self {
        Self { text: Vec::new(), left: bytes.saturating_mul(2).saturating_add(1 << 20), is_over: false }
    }

    /// Adds a pair. A key that is no text is no name, and a value in Protocol Buffers is taken apart.
    fn add(&mut self, key: &[u8], value: &[u8]) {
        let cost = key.len().saturating_add(value.len());
        let Some(left) = self.left.checked_sub(cost).filter(|_| !self.is_over) else {
            self.is_over = true;
            return;
        };
        self.left = left;
        let whole = value;
        let value = value.strip_suffix(b"\0").unwrap_or(value);
        let text = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..);
        let key = key.strip_suffix(b"\0").unwrap_or(key);
        if key.len() <= NAME && key.iter().all(text) && !key.is_empty() {
            self.text.extend(key.iter().map(|&byte| if byte == b'\n' { b' ' } else { byte }));
            // Lines begin where those of a value begin.
            let is_line = !value.contains(&b'\n') && !value.starts_with(b"{") && !value.starts_with(b"[");
            self.text.push(if is_line { b'=' } else { b'\n' });
        }
        // Zeros would make a text of it a binary.
        self.text.extend(value.iter().map(|&byte| if byte == 0 { b'\n' } else { byte }));
        self.text.push(b'\n');
        protobuf::pairs(whole, &mut |name, value| self.add_inner(name, value));
    }

    /// Adds a pair of a value.
    fn add_inner(&mut self, name: &[u8], value: &[u8]) {
        let cost = name.len().saturating_add(value.len());
        let Some(left) = self.left.checked_sub(cost) else {
            self.is_over = true;
            return;
        };
        self.left = left;
        self.text.extend_from_slice(name);
        self.text.push(if value.contains(&b'\n') { b'\n' } else { b'=' });
        self.text.extend(value.iter().map(|&byte| if byte == 0 { b'\n' } else { byte }));
        self.text.push(b'\n');
    }
}

/// The bytes from `at` on, so many of them.
fn part(bytes: &[u8], at: usize, len: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(len)?)
}

/// A number of up to eight bytes, the lowest first.
fn number(bytes: &[u8], at: usize, len: usize) -> Option<usize> {
    let bytes = part(bytes, at, len)?;
    usize::try_from(bytes.iter().rev().fold(0_u64, |number, &byte| number << 8 | u64::from(byte))).ok()
}

#[cfg(test)]
mod tests;
