//! Directory entries. An indexed directory is read like a linear one: its index lies in blocks that look
//! to such a reader as if they were empty.
//!
//! Reference: the kernel's Documentation/filesystems/ext4/directory.rst.

use std::ops::ControlFlow;

use crate::bytes::Record;
use crate::fs::{FileType, FsError, NodeId, Visit};

/// Hands on the entries of one block. `limit` is the largest inode number.
pub(super) fn entries(
    bytes: &[u8],
    inode: u64,
    limit: u32,
    visit: &mut Visit<'_>,
) -> Result<ControlFlow<()>, FsError> {
    let mut rest = bytes;
    while rest.len() >= 8 {
        let r = Record::new("directory entry", rest);
        let (node, raw_length) = (r.u32_le(0)?, r.u16_le(4)?);
        let (name_length, kind) = (r.u8(6)?, r.u8(7)?);
        let length = record_length(raw_length, bytes.len());
        let fits = length >= 8 && length % 4 == 0 && length <= rest.len();
        if !fits || usize::from(name_length).saturating_add(8) > length {
            let problem = format!(
                "a directory entry of {length} bytes with a name of {name_length}, {} left",
                rest.len()
            );
            return Err(FsError::corrupt("directory", inode, problem));
        }
        let name = r.bytes(8, name_length.into())?;
        if node > limit {
            return Err(FsError::corrupt(
                "directory",
                inode,
                format!("an entry names inode {node}, there are {limit}"),
            ));
        }
        let special = name == b"." || name == b"..";
        if node != 0
            && !name.is_empty()
            && !special
            && visit(name, NodeId(node.into()), file_type(kind)).is_break()
        {
            return Ok(ControlFlow::Break(()));
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(ControlFlow::Continue(()))
}

/// A record length of 0 or 65535 means a whole block of 64 KiB; else the two low bits are high ones.
fn record_length(raw: u16, block: usize) -> usize {
    if block < 65536 {
        return raw.into();
    }
    match raw {
        0 | 0xffff => block,
        _ => usize::from(raw & 0xfffc) | usize::from(raw & 3) << 16,
    }
}

fn file_type(kind: u8) -> Option<FileType> {
    Some(match kind {
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

    fn names(bytes: &[u8]) -> (Vec<Vec<u8>>, Result<ControlFlow<()>, FsError>) {
        let mut found = Vec::new();
        let result = entries(bytes, 2, 100, &mut |name, _, _| {
            found.push(name.to_vec());
            ControlFlow::Continue(())
        });
        (found, result)
    }

    #[test]
    fn a_record_that_reaches_beyond_its_block_is_corrupt() {
        let mut block = vec![0; 1024];
        block[..12].copy_from_slice(b"\x0b\0\0\0\x0c\0\x01\x01a\0\0\0");
        block[12..24].copy_from_slice(b"\x0c\0\0\0\xff\xff\x01\x01b\0\0\0");
        let (found, result) = names(&block);
        assert_eq!(found, [b"a".to_vec()]);
        assert!(result.is_err());
    }

    #[test]
    fn a_length_of_zero_does_not_hang() {
        assert!(names(&[0; 1024]).1.is_err());
    }

    #[test]
    fn blocks_of_64_kib_pack_their_length() {
        assert_eq!(record_length(0xffff, 65536), 65536);
        assert_eq!(record_length(0x0011, 1 << 18), 0x1_0010);
    }
}
