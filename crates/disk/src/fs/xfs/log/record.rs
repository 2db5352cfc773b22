//! A record of the log: a header, and the data of one write.
//!
//! The first word of each block of data is kept in the header, for its place holds the cycle.

use super::area::{Area, BLOCK, MAGIC};
use crate::bytes::Record;
use crate::fs::FsError;

/// No kernel writes larger records, in bytes of data.
const MAX_LEN: u32 = 1 << 20;
/// Bytes of data whose first words one block of header holds.
const PER_HEADER: u32 = 32 << 10;
/// Where the words of the data begin in the header, and in the blocks that continue it.
const WORDS: (usize, usize) = (44, 4);

/// What the header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Bytes of data.
    pub(super) len: u32,
    /// Cycle and block of the record.
    pub(super) lsn: u64,
    /// The oldest record that is still needed.
    pub(super) tail_lsn: u64,
    /// Number of operations.
    pub(super) operations: u32,
    /// Blocks of the header.
    pub(super) header_blocks: u32,
    checksum: u32,
}

impl Header {
    /// Blocks of the whole record.
    pub(super) fn blocks(&self) -> u64 {
        u64::from(self.header_blocks).saturating_add(u64::from(self.len).div_ceil(BLOCK))
    }

    /// Whether it has a checksum: old kernels write none.
    pub(super) fn has_checksum(&self) -> bool {
        self.checksum != 0
    }

    /// Reads the header at `block`.
    pub(super) fn read(area: &Area<'_>, block: u64) -> Result<Self, FsError> {
        Self::parse(&area.read(block, 1)?, block)
    }

    #[cfg(test)]
    pub(super) fn golden(operations: u32, len: u32) -> Self {
        Self { len, lsn: 1 << 32, tail_lsn: 1 << 32, operations, header_blocks: 1, checksum: 0 }
    }

    pub(super) fn parse(bytes: &[u8], block: u64) -> Result<Self, FsError> {
        let record = Record::new("log record", bytes);
        let corrupt = |problem: String| Err(FsError::corrupt("log record", block, problem));
        let (magic, version, len) = (record.u32_be(0)?, record.u32_be(8)?, record.u32_be(12)?);
        if magic != MAGIC || !matches!(version, 1..=3) {
            return corrupt(format!("magic {magic:#010x}, version {version}"));
        }
        if len > MAX_LEN {
            return corrupt(format!("{len} bytes of data"));
        }
        let size = if version & 2 == 0 { 0 } else { record.u32_be(320)? };
        let header_blocks = size.clamp(1, MAX_LEN).div_ceil(PER_HEADER);
        Ok(Self {
            len,
            lsn: record.u64_be(16)?,
            tail_lsn: record.u64_be(24)?,
            operations: record.u32_be(40)?,
            header_blocks,
            checksum: record.u32_le(32)?,
        })
    }
}

/// A record, its data as it was before the write.
pub(super) struct LogRecord {
    pub(super) header: Header,
    pub(super) data: Vec<u8>,
}

/// Whether the record at `block` was written whole.
pub(super) fn is_whole(area: &Area<'_>, block: u64) -> Result<bool, FsError> {
    let header = Header::read(area, block)?;
    let bytes = area.read(block, header.blocks())?;
    Ok(header.len > 0 && checksum_matches(&header, &bytes))
}

/// Reads the record at `block` of the log of the file system `uuid`.
pub(super) fn read(area: &Area<'_>, block: u64, uuid: &[u8; 16]) -> Result<LogRecord, FsError> {
    let header = Header::read(area, block)?;
    let corrupt = |problem: &str| FsError::corrupt("log record", block, problem);
    let bytes = area.read(block, header.blocks())?;
    let record = Record::new("log record", &bytes);
    if header.len == 0 || record.array::<16>(304)? != *uuid {
        return Err(corrupt("empty, or of another file system"));
    }
    if record.u32_be(300)? != 1 {
        return Err(FsError::Unsupported("xfs: the log was written by a big-endian machine".into()));
    }
    if !checksum_matches(&header, &bytes) {
        return Err(corrupt("its checksum is wrong"));
    }
    let headers = header.header_blocks as usize * 512;
    let (head, data) = bytes.split_at_checked(headers).ok_or_else(|| corrupt("shorter than its header"))?;
    let mut data = data.to_vec();
    unpack(&Record::new("log record header", head), &mut data)?;
    data.truncate(header.len as usize);
    Ok(LogRecord { header, data })
}

/// Puts the first words of all blocks of data back in their places.
fn unpack(header: &Record<'_>, data: &mut [u8]) -> Result<(), FsError> {
    for (index, block) in data.chunks_exact_mut(512).enumerate() {
        let (page, slot) = (index / 64, index % 64);
        let words = if page == 0 { WORDS.0 } else { WORDS.1 };
        let word = header.bytes(page * 512 + words + slot * 4, 4)?;
        if let Some(place) = block.get_mut(..4) {
            place.copy_from_slice(word);
        }
    }
    Ok(())
}

/// Old kernels write none. A 32-bit machine counts 4 bytes less of the header.
fn checksum_matches(header: &Header, bytes: &[u8]) -> bool {
    header.checksum == 0
        || [328, 324].iter().any(|&len| checksum(header, bytes, len) == Some(header.checksum))
}

fn checksum(header: &Header, bytes: &[u8], header_len: usize) -> Option<u32> {
    let mut crc = crc32c::crc32c(bytes.get(..32)?);
    crc = crc32c::crc32c_append(crc, &[0; 4]);
    crc = crc32c::crc32c_append(crc, bytes.get(36..header_len)?);
    for page in 1..header.header_blocks as usize {
        crc = crc32c::crc32c_append(crc, bytes.get(page * 512..page * 512 + 260)?);
    }
    let data = header.header_blocks as usize * 512;
    Some(crc32c::crc32c_append(crc, bytes.get(data..data.checked_add(header.len as usize)?)?))
}
