//! The checksums of a directory's blocks: in the tail of a block of entries, or behind a block of its index.

use super::checksum::crc32c;
use super::ledger::Structure;
use crate::bytes::{Record, Truncated};

/// What is wrong with a block of a directory that must have a checksum; `seed` is that of its inode.
pub(super) fn wrong(block: &[u8], seed: u32) -> Option<Structure> {
    // What was a block of entries before it became one of the index keeps the mark of its tail: both are asked.
    match (tail_is_right(block, seed), index_is_right(block, seed)) {
        (Some(true), _) | (_, Ok(Some(true))) => None,
        (None, Ok(Some(false))) => Some(Structure::IndexBlock),
        // A wrong tail, or neither a tail nor an index: the entries may be anything.
        _ => Some(Structure::DirectoryBlock),
    }
}

/// A tail looks like a deleted entry of 12 bytes with the impossible type 0xDE.
fn tail_is_right(block: &[u8], seed: u32) -> Option<bool> {
    let tail = block.len().checked_sub(12)?;
    match block.split_at_checked(tail)? {
        (entries, [0, 0, 0, 0, 12, 0, 0, 0xDE, sum @ ..]) => {
            Some(crc32c(seed, entries).to_le_bytes().as_slice() == sum)
        }
        _ => None,
    }
}

/// A block of the index hides behind one empty entry, or behind `.` and `..`.
fn index_is_right(block: &[u8], seed: u32) -> Result<Option<bool>, Truncated> {
    let record = Record::new("directory index", block);
    let length = |at: usize| -> Result<usize, Truncated> {
        // With 64 KiB blocks a whole block is written as 0 or 65535.
        Ok(match (record.u16_le(at)?, block.len()) {
            (0 | 0xFFFF, 65536) => 65536,
            (short, _) => short.into(),
        })
    };
    let start = match length(4)? {
        whole if whole == block.len() => 8,
        12 if length(16)? == block.len().saturating_sub(12) && record.u8(29)? == 8 => 32,
        _ => return Ok(None),
    };
    let (limit, count) = (usize::from(record.u16_le(start)?), usize::from(record.u16_le(start + 2)?));
    let tail = record.part("index tail", start + limit * 8, 8)?;
    let used = record.bytes(0, start + count * 8)?;
    let sum = crc32c(crc32c(crc32c(seed, used), tail.bytes(0, 4)?), &[0; 4]);
    Ok(Some(count <= limit && sum == tail.u32_le(4)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_and_index_are_told_apart_and_verified() {
        let mut leaf = vec![0; 1024];
        leaf[1016..1020].copy_from_slice(&[12, 0, 0, 0xDE]);
        leaf[1012..1020].copy_from_slice(&[0, 0, 0, 0, 12, 0, 0, 0xDE]);
        let sum = crc32c(7, &leaf[..1012]);
        leaf[1020..].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(wrong(&leaf, 7), None);
        assert_eq!(wrong(&leaf, 8), Some(Structure::DirectoryBlock));

        let mut index = vec![0; 1024];
        index[4..6].copy_from_slice(&1024_u16.to_le_bytes());
        index[8..12].copy_from_slice(&[126, 0, 1, 0]);
        let sum = crc32c(crc32c(7, &index[..16]), &[0; 8]);
        index[1020..].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(wrong(&index, 7), None);
        assert_eq!(wrong(&index, 8), Some(Structure::IndexBlock));

        // It was a block of entries once, whose tail's mark now stands where the index keeps nothing.
        index[1016..1020].copy_from_slice(&[12, 0, 0, 0xDE]);
        let sum = crc32c(crc32c(crc32c(7, &index[..16]), &index[1016..1020]), &[0; 4]);
        index[1020..].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(wrong(&index, 7), None);
    }

    #[test]
    fn a_block_without_any_checksum_is_wrong() {
        assert_eq!(wrong(&[0; 1024], 7), Some(Structure::DirectoryBlock));
        assert_eq!(wrong(&[], 7), Some(Structure::DirectoryBlock));
    }
}
