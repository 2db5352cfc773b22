//! Objects of a journal, one after the other.

use assay_disk::bytes::{ReadError, Record, Source};

use super::header::Header;

/// Bytes of what every object begins with: type, marks, six bytes of nothing, and its size.
pub(super) const HEAD: usize = 16;
/// Bytes that are read at once.
const WINDOW: u64 = 64 << 10;

/// Kinds of objects that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A field of entries, with its value.
    Data,
    /// An entry.
    Entry,
    /// Names, hash tables, arrays, tags: not needed by who walks.
    Other,
}

/// An object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Object {
    /// Where it begins.
    pub(super) offset: u64,
    pub(super) kind: Kind,
    /// Marks: how its content is packed.
    pub(super) flags: u8,
    /// Its bytes, with the head.
    pub(super) size: u64,
}

impl Object {
    /// The object that begins with `head`; none, where that has not the form of one.
    pub(super) fn parse(head: &[u8], offset: u64, is_compact: bool) -> Option<Self> {
        let record = Record::new("journal object", head);
        let (flags, size) = (record.u8(1).ok()?, record.u64_le(8).ok()?);
        let (kind, least) = match record.u8(0).ok()? {
            1 => (Kind::Data, if is_compact { 72 } else { 64 }),
            2 => (Kind::Other, 40),
            3 => (Kind::Entry, 64),
            4 | 5 => (Kind::Other, 32),
            6 => (Kind::Other, 24),
            7 => (Kind::Other, 64),
            _ => return None,
        };
        let is_packed = flags != 0;
        // One way of packing at most, and only of data.
        let is_form = record.bytes(2, 6).ok()? == [0; 6] && matches!(flags, 0 | 1 | 2 | 4);
        (is_form && size >= least && (kind == Kind::Data || !is_packed)).then_some(Self {
            offset,
            kind,
            flags,
            size,
        })
    }

    /// Where the next one begins: at a multiple of eight.
    fn next(&self) -> Option<u64> {
        self.offset.checked_add(self.size)?.checked_next_multiple_of(8)
    }
}

/// The walk over all objects.
pub(super) struct Walk<'a> {
    source: &'a dyn Source,
    is_compact: bool,
    /// Where the next object should begin.
    at: u64,
    /// A run of the file in memory, and where it begins.
    window: Vec<u8>,
    start: u64,
    /// Bytes that hold no object where there should be one.
    pub(super) damaged: u64,
}

impl<'a> Walk<'a> {
    pub(super) fn new(source: &'a dyn Source, header: &Header) -> Self {
        let is_compact = header.is_compact;
        Self { source, is_compact, at: header.size, window: Vec::new(), start: 0, damaged: 0 }
    }

    /// Up to `len` bytes at `offset`; fewer at the end of the file.
    pub(super) fn bytes(&mut self, offset: u64, len: u64) -> Result<&[u8], ReadError> {
        let len = len.min(self.source.len().saturating_sub(offset));
        let end = offset.saturating_add(len);
        let have = self.start.saturating_add(self.window.len() as u64);
        if offset < self.start || end > have {
            let room = self.source.len().saturating_sub(offset);
            let size = usize::try_from(len.max(WINDOW).min(room)).unwrap_or(0);
            self.window.resize(size, 0);
            self.start = offset;
            self.source.read_exact_at(offset, &mut self.window)?;
        }
        let skip = usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX);
        let rest = self.window.get(skip..).unwrap_or_default();
        Ok(rest.get(..usize::try_from(len).unwrap_or(0)).unwrap_or_default())
    }

    /// The next object; none at the end of the file, or where nothing but zeros follows.
    pub(super) fn next(&mut self) -> Result<Option<Object>, ReadError> {
        let begin = self.at;
        while self.at.saturating_add(HEAD as u64) <= self.source.len() {
            let (at, is_compact) = (self.at, self.is_compact);
            let head = self.bytes(at, HEAD as u64)?;
            let is_blank = head.iter().all(|&byte| byte == 0);
            let found = Object::parse(head, at, is_compact);
            if let Some(object) = found.filter(|_| !is_blank)
                && let Some(next) = object.next().filter(|_| self.fits(&object))
                && (at == begin || self.is_followed(next)?)
            {
                self.at = next;
                return Ok(Some(object));
            }
            if is_blank {
                self.skip_zeros()?;
            } else {
                self.damaged = self.damaged.saturating_add(8);
                self.at = at.saturating_add(8);
            }
        }
        Ok(None)
    }

    /// Whether it ends within the file.
    fn fits(&self, object: &Object) -> bool {
        object.offset.checked_add(object.size).is_some_and(|end| end <= self.source.len())
    }

    /// Whether an object, nothing, or the end of the file is at `at`: what is met by chance is not followed by one.
    fn is_followed(&mut self, at: u64) -> Result<bool, ReadError> {
        let is_compact = self.is_compact;
        let head = self.bytes(at, HEAD as u64)?;
        let is_end = head.len() < HEAD || head.iter().all(|&byte| byte == 0);
        Ok(is_end || Object::parse(head, at, is_compact).is_some())
    }

    /// Goes on to the next eight bytes that are not all zeros, over holes without reading them.
    fn skip_zeros(&mut self) -> Result<(), ReadError> {
        while self.at < self.source.len() {
            let at = self.at;
            let bytes = self.bytes(at, WINDOW)?;
            let zeros = bytes.iter().take_while(|&&byte| byte == 0).count() as u64;
            let is_all = zeros == bytes.len() as u64;
            self.at = if is_all { at.saturating_add(zeros) } else { at.saturating_add(zeros / 8 * 8) };
            if !is_all {
                return Ok(());
            }
            // A sparse file may claim far more than it has.
            let data = self.source.next_data(self.at)?.map(|data| data.offset / 8 * 8);
            self.at = data.map_or(self.source.len(), |data| data.max(self.at));
        }
        Ok(())
    }
}
