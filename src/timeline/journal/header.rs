//! The header of a journal.

use assay_disk::bytes::{Record, Source, read_vec};

use super::JournalError;

/// What every journal begins with.
const MAGIC: &[u8] = b"LPKSHHRH";
/// Bytes of the first header that there was; later ones are longer.
const SHORTEST: u64 = 208;
/// No header is as long as a page.
const LONGEST: u64 = 4096;
/// Ways of writing that this reader knows: XZ, LZ4, keyed hash, ZSTD, compact.
const KNOWN: u32 = 31;
const COMPACT: u32 = 16;

/// What of the header is of use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    /// Its bytes; what follows are objects.
    pub(super) size: u64,
    /// Bytes of all objects.
    arena: u64,
    /// Entries.
    pub(super) entries: u64,
    /// Whether items and arrays have places of 32 bits.
    pub(super) is_compact: bool,
    /// Marks of ways of writing that are not known.
    pub(super) unknown: u32,
}

impl Header {
    /// Reads it. A size that no header has is taken for the shortest: the walk finds the first object.
    pub(super) fn read(source: &dyn Source) -> Result<Self, JournalError> {
        if source.len() < SHORTEST {
            return Err(JournalError::NotOne);
        }
        let bytes = read_vec(source, 0, usize::try_from(SHORTEST).unwrap_or(208))?;
        let record = Record::new("journal header", &bytes);
        if !bytes.starts_with(MAGIC) {
            return Err(JournalError::NotOne);
        }
        let number = |at| record.u64_le(at).unwrap_or_default();
        let flags = record.u32_le(12).unwrap_or_default();
        let size = number(88);
        let is_size = (SHORTEST..=LONGEST).contains(&size) && size.is_multiple_of(8);
        Ok(Self {
            size: if is_size { size } else { SHORTEST },
            arena: number(96),
            entries: number(152),
            is_compact: flags & COMPACT != 0,
            unknown: flags & !KNOWN,
        })
    }

    /// Bytes that the file should have.
    pub(super) fn end(&self) -> u64 {
        self.size.saturating_add(self.arena)
    }
}
