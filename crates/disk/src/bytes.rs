//! Positioned, checked reading: every byte the program looks at passes through here.
//!
//! A [`Source`] is a span of bytes that can be read at any offset by any thread. A [`Window`] is a part
//! of a source and itself a source. A [`Record`] is a piece of memory whose fields are read by offset,
//! with an error where the piece is too short: nothing here can panic on what an image says.

pub(crate) mod cursor;
pub(crate) mod mapped;
pub mod spans;

use std::io;
use std::sync::Arc;

use thiserror::Error;

/// A run of bytes: `[offset, offset + len)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub offset: u64,
    /// Length in bytes.
    pub len: u64,
}

impl Span {
    /// The run of `len` bytes at `offset`.
    pub const fn new(offset: u64, len: u64) -> Self {
        Self { offset, len }
    }

    /// The offset after the last byte; `None` where it does not fit into 64 bits.
    pub const fn end(self) -> Option<u64> {
        self.offset.checked_add(self.len)
    }
}

/// Why bytes could not be read.
#[derive(Clone, Debug, Error)]
pub enum ReadError {
    /// The bytes lie (partly) behind the end of the source: the image is cut short, or it lies.
    #[error("{len} bytes at offset {offset} lie beyond the end at {size}")]
    BeyondEnd {
        /// Where the read begins, in bytes from the start of the source.
        offset: u64,
        /// How many bytes were wanted.
        len: u64,
        /// Length of the source in bytes.
        size: u64,
    },
    /// The machine that runs the program could not read its file.
    #[error("reading {len} bytes at offset {offset}: {error}")]
    Host {
        /// Where the read begins.
        offset: u64,
        /// How many bytes were wanted.
        len: u64,
        /// What the operating system said.
        error: Arc<io::Error>,
    },
    /// The source is a file of a file system that cannot be read there.
    #[error("{len} bytes at offset {offset} of the file around it: {problem}")]
    Inner {
        /// Where the read begins, in bytes from the start of the file.
        offset: u64,
        /// How many bytes were wanted.
        len: u64,
        /// What the file system said.
        problem: String,
    },
    /// The file of the image (not the disk in it) contradicts itself.
    #[error("the image file is damaged at offset {offset}: {problem}")]
    Container {
        /// Where in the disk, or in the file.
        offset: u64,
        /// What is wrong, with the numbers found.
        problem: String,
    },
}

/// Bytes that can be read at any offset, by any number of threads at once.
pub trait Source: Send + Sync {
    /// Length in bytes.
    fn len(&self) -> u64;

    /// Whether there are no bytes at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `dst` with the bytes at `offset`.
    ///
    /// # Errors
    /// [`ReadError`], where any of the bytes is not there or the host fails; `dst` is then unspecified.
    fn read_exact_at(&self, offset: u64, dst: &mut [u8]) -> Result<(), ReadError>;

    /// The next run at or after `offset` that may hold something else than zeros, or `None` at the end.
    /// What lies before it is a hole of the host's file, which need not be read.
    ///
    /// # Errors
    /// [`ReadError::Host`], where the host cannot say.
    fn next_data(&self, offset: u64) -> Result<Option<Span>, ReadError> {
        let len = self.len();
        Ok((offset < len).then(|| Span::new(offset, len.saturating_sub(offset))))
    }
}

/// Checks that `wanted` bytes at `offset` lie within `size` bytes.
///
/// # Errors
/// [`ReadError::BeyondEnd`] if they do not.
pub fn check_bounds(offset: u64, wanted: usize, size: u64) -> Result<(), ReadError> {
    let len = wanted as u64;
    match offset.checked_add(len) {
        Some(end) if end <= size => Ok(()),
        _ => Err(ReadError::BeyondEnd { offset, len, size }),
    }
}

/// Reads `len` bytes at `offset` into a new vector, of at most the length of the source.
///
/// # Errors
/// [`ReadError`], before anything is allocated if the bytes are not there.
pub fn read_vec(source: &dyn Source, offset: u64, len: usize) -> Result<Vec<u8>, ReadError> {
    check_bounds(offset, len, source.len())?;
    let mut bytes = vec![0; len];
    source.read_exact_at(offset, &mut bytes)?;
    Ok(bytes)
}

/// A part of a source, itself a source.
#[derive(Clone)]
pub struct Window {
    source: Arc<dyn Source>,
    span: Span,
}

impl Window {
    /// The part of `source` at `span`, cut off where the source ends: an image cut short still opens.
    pub fn new(source: Arc<dyn Source>, span: Span) -> Self {
        let room = source.len().saturating_sub(span.offset);
        let span = Span::new(span.offset, span.len.min(room));
        Self { source, span }
    }

    /// Where the window lies in its source.
    pub fn span(&self) -> Span {
        self.span
    }
}

impl Source for Window {
    fn len(&self) -> u64 {
        self.span.len
    }

    fn read_exact_at(&self, offset: u64, dst: &mut [u8]) -> Result<(), ReadError> {
        check_bounds(offset, dst.len(), self.span.len)?;
        self.source.read_exact_at(self.span.offset.saturating_add(offset), dst)
    }

    fn next_data(&self, offset: u64) -> Result<Option<Span>, ReadError> {
        if offset >= self.span.len {
            return Ok(None);
        }
        let Some(data) = self.source.next_data(self.span.offset.saturating_add(offset))? else {
            return Ok(None);
        };
        let start = data.offset.saturating_sub(self.span.offset);
        let room = self.span.len.saturating_sub(start);
        Ok((room > 0).then(|| Span::new(start, data.len.min(room))))
    }
}

/// Bytes in memory as a source: for tests, and for what was unpacked.
impl Source for Vec<u8> {
    fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }

    fn read_exact_at(&self, offset: u64, dst: &mut [u8]) -> Result<(), ReadError> {
        check_bounds(offset, dst.len(), Source::len(self))?;
        let found =
            usize::try_from(offset).ok().and_then(|start| self.get(start..start.checked_add(dst.len())?));
        if let Some(found) = found {
            dst.copy_from_slice(found);
        }
        Ok(())
    }
}

/// A field lies behind the end of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{what}: {need} bytes wanted at offset {offset}, {have} there")]
pub struct Truncated {
    /// The name of the record.
    pub what: &'static str,
    /// Where the field begins.
    pub offset: usize,
    /// Its length in bytes.
    pub need: usize,
    /// Length of the record in bytes.
    pub have: usize,
}

/// A piece of memory with fields at offsets, read without any way to panic.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    what: &'static str,
    bytes: &'a [u8],
}

macro_rules! integers {
    ($($name:ident $type:ty, $from:ident, $order:literal;)*) => {$(
        #[doc = concat!("The ", $order, "-endian `", stringify!($type), "` at `offset`.")]
        ///
        /// # Errors
        /// [`Truncated`] if the record ends before it.
        pub fn $name(&self, offset: usize) -> Result<$type, Truncated> {
            Ok(<$type>::$from(self.array(offset)?))
        }
    )*};
}

impl<'a> Record<'a> {
    /// Names the bytes, for the error messages.
    pub const fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { what, bytes }
    }

    /// Everything in the record.
    pub const fn all(&self) -> &'a [u8] {
        self.bytes
    }

    /// Length in bytes.
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is nothing in it.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The `len` bytes at `offset`.
    ///
    /// # Errors
    /// [`Truncated`] if the record ends before them.
    pub fn bytes(&self, offset: usize, len: usize) -> Result<&'a [u8], Truncated> {
        offset.checked_add(len).and_then(|end| self.bytes.get(offset..end)).ok_or(Truncated {
            what: self.what,
            offset,
            need: len,
            have: self.bytes.len(),
        })
    }

    /// The `N` bytes at `offset`.
    ///
    /// # Errors
    /// [`Truncated`] if the record ends before them.
    pub fn array<const N: usize>(&self, offset: usize) -> Result<[u8; N], Truncated> {
        let bytes = self.bytes(offset, N)?;
        bytes.try_into().map_err(|_| Truncated { what: self.what, offset, need: N, have: self.bytes.len() })
    }

    /// The part of the record at `offset`, of `len` bytes, as a record of its own name.
    ///
    /// # Errors
    /// [`Truncated`] if the record ends before it.
    pub fn part(&self, what: &'static str, offset: usize, len: usize) -> Result<Record<'a>, Truncated> {
        Ok(Record::new(what, self.bytes(offset, len)?))
    }

    /// The byte at `offset`.
    ///
    /// # Errors
    /// [`Truncated`] if the record ends before it.
    pub fn u8(&self, offset: usize) -> Result<u8, Truncated> {
        Ok(u8::from_le_bytes(self.array(offset)?))
    }

    integers! {
        u16_le u16, from_le_bytes, "little";
        u32_le u32, from_le_bytes, "little";
        u64_le u64, from_le_bytes, "little";
        u16_be u16, from_be_bytes, "big";
        u32_be u32, from_be_bytes, "big";
        u64_be u64, from_be_bytes, "big";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters() -> Arc<dyn Source> {
        Arc::new(b"abcdefgh".to_vec())
    }

    #[test]
    fn window_reads_its_part_only() {
        let window = Window::new(letters(), Span::new(2, 3));
        assert_eq!(read_vec(&window, 0, 3).unwrap(), b"cde");
        assert!(matches!(read_vec(&window, 1, 3), Err(ReadError::BeyondEnd { offset: 1, len: 3, size: 3 })));
    }

    #[test]
    fn window_beyond_the_source_is_cut_short() {
        assert_eq!(Window::new(letters(), Span::new(6, 100)).len(), 2);
        assert_eq!(Window::new(letters(), Span::new(100, u64::MAX)).len(), 0);
    }

    #[test]
    fn huge_offsets_are_errors() {
        let window = Window::new(letters(), Span::new(2, 3));
        assert!(read_vec(&window, u64::MAX, 2).is_err());
        assert!(read_vec(&*letters(), u64::MAX, usize::MAX).is_err());
    }

    #[test]
    fn record_says_what_is_missing() {
        let record = Record::new("superblock", &[1, 2, 3]);
        assert_eq!(record.u16_le(0), Ok(0x0201));
        assert_eq!(record.u16_be(1), Ok(0x0203));
        assert_eq!(
            record.u32_le(0).unwrap_err().to_string(),
            "superblock: 4 bytes wanted at offset 0, 3 there"
        );
        assert!(record.bytes(usize::MAX, 2).is_err());
    }
}
