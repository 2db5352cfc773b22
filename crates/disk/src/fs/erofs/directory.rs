//! Directories: blocks, each with its entries first and their names behind them.

use std::ops::ControlFlow;

use crate::bytes::Record;
use crate::fs::{FileType, FsError, NodeId, Visit};

/// Bytes of an entry.
const ENTRY: usize = 12;

/// Hands the entries of one block of directory `number` to `visit`.
pub(super) fn read_block(
    block: &[u8],
    number: u64,
    visit: &mut Visit<'_>,
) -> Result<ControlFlow<()>, FsError> {
    let record = Record::new("directory block", block);
    let corrupt = |problem: String| FsError::corrupt("directory", number, problem);
    let names = usize::from(record.u16_le(8)?);
    if names < ENTRY || !names.is_multiple_of(ENTRY) || names > block.len() {
        return Err(corrupt(format!("the first name lies at byte {names} of its block")));
    }
    for at in (0..names).step_by(ENTRY) {
        let start = usize::from(record.u16_le(at + 8)?);
        let end = if at + ENTRY < names { usize::from(record.u16_le(at + ENTRY + 8)?) } else { block.len() };
        let name = block.get(start..end).filter(|_| start >= names);
        let name = name.ok_or_else(|| corrupt(format!("a name from byte {start} to {end} of its block")))?;
        // Only the last one ends before its room does.
        let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
        if name.is_empty() {
            return Err(corrupt(format!("an empty name at byte {start} of its block")));
        }
        if name == b"." || name == b".." {
            continue;
        }
        if visit(name, NodeId(record.u64_le(at)?), file_type(record.u8(at + 10)?)) == ControlFlow::Break(()) {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn file_type(number: u8) -> Option<FileType> {
    Some(match number {
        1 => FileType::Regular,
        2 => FileType::Directory,
        3 => FileType::CharDevice,
        4 => FileType::BlockDevice,
        5 => FileType::Fifo,
        6 => FileType::Socket,
        7 => FileType::Symlink,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(offsets: [u16; 2], names: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 24];
        for (at, offset) in offsets.into_iter().enumerate() {
            bytes[at * 12 + 8..at * 12 + 10].copy_from_slice(&offset.to_le_bytes());
        }
        bytes.extend_from_slice(names);
        bytes
    }

    fn names(block: &[u8]) -> Result<Vec<Vec<u8>>, FsError> {
        let mut found = Vec::new();
        let mut visit = |name: &[u8], _: NodeId, _: Option<FileType>| {
            found.push(name.to_vec());
            ControlFlow::Continue(())
        };
        read_block(block, 1, &mut visit).map(|_| found)
    }

    #[test]
    fn the_last_name_ends_at_a_zero() {
        assert_eq!(names(&block([24, 26], b"abcd\0\0")).unwrap(), [b"ab", b"cd"]);
    }

    #[test]
    fn names_outside_their_room_are_corrupt() {
        assert!(names(&block([24, 99], b"abcd")).is_err());
        assert!(names(&block([24, 3], b"abcd")).is_err());
        assert!(names(&block([25, 26], b"abcd")).is_err());
        assert!(names(&[0; 7]).is_err());
    }
}
