//! Inodes.
//!
//! Reference: the kernel's Documentation/filesystems/ext4/inodes.rst.

use crate::bytes::Record;
use crate::fs::{FileType, FsError, Metadata, Time};

pub(super) const FLAG_ENCRYPT: u32 = 0x800;
pub(super) const FLAG_EXTENTS: u32 = 0x8_0000;
pub(super) const FLAG_INLINE_DATA: u32 = 0x1000_0000;

/// An inode, decoded.
#[derive(Clone, Debug)]
pub(super) struct Inode {
    pub(super) number: u64,
    pub(super) metadata: Metadata,
    pub(super) flags: u32,
    /// `i_block`: the map of blocks, the start of inline data, or a short link.
    pub(super) block: [u8; 60],
    /// Block of extended attributes; 0 for none.
    pub(super) attribute_block: u64,
    /// What follows the fixed fields in a large inode: attributes.
    pub(super) tail: Vec<u8>,
}

impl Inode {
    pub(super) fn parse(bytes: &[u8], number: u64) -> Result<Self, FsError> {
        let r = Record::new("inode", bytes);
        let mode = r.u16_le(0)?;
        let links = r.u16_le(0x1a)?;
        if mode == 0 && links == 0 {
            return Err(FsError::corrupt("inode", number, "is not in use, but an entry names it"));
        }
        let file_type = file_type(mode)
            .ok_or_else(|| FsError::corrupt("inode", number, format!("mode {mode:#o} has no file type")))?;
        let extra = if bytes.len() > 128 { usize::from(r.u16_le(0x80)?) } else { 0 };
        let tail_at = 128_usize.saturating_add(extra).min(bytes.len());
        // Fields beyond the old inode are there as far as `i_extra_isize` reaches.
        let has = |end: usize| 128_usize.saturating_add(extra) >= end && bytes.len() >= end;
        let late = |at: usize| if has(at + 4) { r.u32_le(at) } else { Ok(0) };
        let time = |low: usize, more: u32| -> Result<Time, FsError> { Ok(time(r.u32_le(low)?, more)) };
        let created = if has(0x98) { Some(time(0x90, r.u32_le(0x94)?)?) } else { None };
        let high_size = if file_type == FileType::Regular || file_type == FileType::Directory {
            r.u32_le(0x6c)?
        } else {
            0
        };
        let metadata = Metadata {
            file_type,
            size: u64::from(r.u32_le(4)?) | u64::from(high_size) << 32,
            mode: mode & 0o7777,
            uid: u32::from(r.u16_le(2)?) | u32::from(r.u16_le(0x78)?) << 16,
            gid: u32::from(r.u16_le(0x18)?) | u32::from(r.u16_le(0x7a)?) << 16,
            links: links.into(),
            accessed: time(8, late(0x8c)?)?,
            changed: time(0xc, late(0x84)?)?,
            modified: time(0x10, late(0x88)?)?,
            created,
        };
        Ok(Self {
            number,
            metadata,
            flags: r.u32_le(0x20)?,
            block: r.array(0x28)?,
            attribute_block: u64::from(r.u32_le(0x68)?) | u64::from(r.u16_le(0x76)?) << 32,
            tail: bytes.get(tail_at..).unwrap_or_default().to_vec(),
        })
    }

    pub(super) fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }
}

fn file_type(mode: u16) -> Option<FileType> {
    Some(match mode >> 12 {
        0x1 => FileType::Fifo,
        0x2 => FileType::CharDevice,
        0x4 => FileType::Directory,
        0x6 => FileType::BlockDevice,
        0x8 => FileType::Regular,
        0xa => FileType::Symlink,
        0xc => FileType::Socket,
        _ => return None,
    })
}

/// Seconds with 32 bits, and in the extra word two more bits of seconds and 30 of nanoseconds.
fn time(low: u32, extra: u32) -> Time {
    let seconds = i64::from(low.cast_signed()).saturating_add(i64::from(extra & 3) << 32);
    Time { seconds, nanoseconds: extra >> 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_reach_beyond_2038() {
        assert_eq!(time(0xffff_ffff, 0).seconds, -1);
        assert_eq!(time(0, 1).seconds, 1 << 32);
        assert_eq!(time(0, 7 << 2).nanoseconds, 7);
    }

    #[test]
    fn an_unused_inode_is_corrupt() {
        let error = Inode::parse(&[0; 256], 12).unwrap_err().to_string();
        assert_eq!(error, "inode 12: is not in use, but an entry names it");
    }
}
