//! Files that Windows packed ("compact OS"): chunks in the stream `WofCompressedData`, behind a table of
//! where each ends. LZX is not unpacked.

use super::value::Value;
use super::volume::Volume;
use super::xpress;
use crate::bytes::{Record, Span};
use crate::fs::FsError;

/// How the chunks are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Lzx,
    /// With chunks of so many bytes.
    Xpress(u64),
}

impl Algorithm {
    pub(super) fn numbered(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::Xpress(4 << 10),
            1 => Self::Lzx,
            2 => Self::Xpress(8 << 10),
            3 => Self::Xpress(16 << 10),
            _ => return None,
        })
    }
}

/// The stream's name, in UTF-16.
pub(super) fn stream_name() -> Vec<u8> {
    "WofCompressedData".encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A packed file.
#[derive(Debug)]
pub(super) struct Packed {
    /// Bytes of a chunk when unpacked.
    pub(super) chunk: u64,
    stream: Box<Value>,
    /// Bytes of an entry of the table.
    entry: u64,
    /// Bytes of the table.
    table: u64,
}

impl Packed {
    /// A file of `size` bytes, packed in `stream`.
    pub(super) fn open(
        volume: &Volume,
        algorithm: Algorithm,
        stream: Value,
        size: u64,
    ) -> Result<Self, FsError> {
        let Algorithm::Xpress(chunk) = algorithm else {
            return Err(FsError::Unsupported("a file packed with LZX (WofCompressedData)".into()));
        };
        let entry = if size > u64::from(u32::MAX) { 8 } else { 4 };
        let table = size.div_ceil(chunk).saturating_sub(1).saturating_mul(entry);
        if table > stream.size || stream.size > volume.boot.size {
            let problem = format!("{size} bytes packed in {}, {table} of them a table", stream.size);
            return Err(FsError::corrupt("packed file", stream.size, problem));
        }
        Ok(Self { chunk, stream: Box::new(stream), entry, table })
    }

    /// Where the stream lies.
    pub(super) fn spans(&self, volume: &Volume) -> Vec<Span> {
        self.stream.spans(volume)
    }

    /// Where chunk `number` begins behind the table.
    fn begin(&self, volume: &Volume, number: u64) -> Result<u64, FsError> {
        let Some(index) = number.checked_sub(1) else { return Ok(0) };
        if number.saturating_mul(self.entry) > self.table {
            return Ok(self.stream.size.saturating_sub(self.table));
        }
        let bytes = self.stream.piece(
            volume,
            index.saturating_mul(self.entry),
            if self.entry == 8 { 8 } else { 4 },
        )?;
        let record = Record::new("table of chunks", &bytes);
        Ok(if self.entry == 8 { record.u64_le(0)? } else { record.u32_le(0)?.into() })
    }

    /// Unpacks chunk `number` of a file of `size` bytes.
    pub(super) fn unpack(&self, volume: &Volume, number: u64, size: u64) -> Result<Vec<u8>, FsError> {
        let bad = |problem: String| FsError::corrupt("packed chunk", number, problem);
        let len = size.saturating_sub(number.saturating_mul(self.chunk)).min(self.chunk);
        let (begin, end) = (self.begin(volume, number)?, self.begin(volume, number.saturating_add(1))?);
        let packed = end.checked_sub(begin).filter(|&packed| packed > 0 && packed <= len);
        let packed = packed.ok_or_else(|| bad(format!("from {begin} to {end}, for {len} bytes")))?;
        let place = self.table.saturating_add(begin);
        let bytes = self.stream.piece(volume, place, usize::try_from(packed).unwrap_or(0))?;
        if packed == len {
            return Ok(bytes);
        }
        xpress::unpack(&bytes, usize::try_from(len).unwrap_or(0)).map_err(bad)
    }
}
