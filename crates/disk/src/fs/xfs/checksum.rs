//! The checksums of version 5: CRC-32C over a whole structure, its own field counted as zeros.
//!
//! Where the field lies depends on the kind of structure; it is little-endian, alone among the fields.

/// Offset of the checksum in a superblock.
pub(super) const SUPERBLOCK: usize = 224;
/// Offset in the header of a group's free space.
pub(super) const AGF: usize = 216;
/// Offset in the header of a group's inodes.
pub(super) const AGI: usize = 312;
/// Offset in a group's list of free blocks.
pub(super) const AGFL: usize = 32;
/// Offset in an inode.
pub(super) const INODE: usize = 100;
/// Offset in a B+tree block that counts blocks of its group.
pub(super) const SHORT_BTREE: usize = 52;
/// Offset in a B+tree block that counts blocks of the whole file system.
pub(super) const LONG_BTREE: usize = 64;
/// Offset in a directory's block of entries or of free space.
pub(super) const DIRECTORY: usize = 4;
/// Offset in a node or leaf of the hashed B+tree of directories and attributes.
pub(super) const DA_BLOCK: usize = 12;
/// Offset in a remote symbolic link and in a remote attribute's value.
pub(super) const REMOTE: usize = 12;

/// The checksum of `bytes` with the field at `offset` counted as zeros; `None`, if it does not fit.
fn compute(bytes: &[u8], offset: usize) -> Option<(u32, u32)> {
    let (before, rest) = bytes.split_at_checked(offset)?;
    let (field, after) = rest.split_first_chunk::<4>()?;
    let crc = crc32c::crc32c_append(crc32c::crc32c_append(crc32c::crc32c(before), &[0; 4]), after);
    Some((crc, u32::from_le_bytes(*field)))
}

/// Whether the checksum at `offset` of `bytes` is right.
pub(super) fn matches(bytes: &[u8], offset: usize) -> bool {
    compute(bytes, offset).is_some_and(|(right, found)| right == found)
}

/// Puts the right checksum at `offset` of `bytes`: what was changed by the log is as good as written.
pub(super) fn renew(bytes: &mut [u8], offset: usize) {
    if let Some((right, _)) = compute(bytes, offset)
        && let Some(field) = bytes.get_mut(offset..offset.saturating_add(4))
    {
        field.copy_from_slice(&right.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renewed_checksum_matches_until_a_byte_changes() {
        let mut bytes = (0..=255).collect::<Vec<u8>>();
        assert!(!matches(&bytes, INODE));
        renew(&mut bytes, INODE);
        assert!(matches(&bytes, INODE));
        bytes[255] ^= 1;
        assert!(!matches(&bytes, INODE));
        assert!(!matches(&bytes[..102], INODE), "no room for the field");
    }
}
