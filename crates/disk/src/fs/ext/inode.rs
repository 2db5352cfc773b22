//! The inode record.

use super::checksum::{crc32c, crc32c_blanked};
use super::superblock::{Superblock, incompat, ro_compat};
use crate::bytes::Record;
use crate::fs::{FileType, FsError, Metadata, Time};

/// `i_flags`: content (and names) are encrypted by fscrypt.
pub(super) const ENCRYPT: u32 = 0x800;
/// `i_flags`: the block map is a tree of extents.
pub(super) const EXTENTS: u32 = 0x8_0000;
/// `i_flags`: it holds the value of an attribute of another inode.
pub(super) const EA_INODE: u32 = 0x20_0000;
/// `i_flags`: the names in this directory have no case.
pub(super) const CASEFOLD: u32 = 0x4000_0000;
/// `i_flags`: the content lies in the inode.
pub(super) const INLINE_DATA: u32 = 0x1000_0000;

/// An inode, decoded.
#[derive(Clone, Debug)]
pub(super) struct Inode {
    pub(super) number: u64,
    pub(super) metadata: Metadata,
    pub(super) flags: u32,
    pub(super) generation: u32,
    /// `i_block`: block map, extent root, inline data or target of a short link.
    pub(super) block: [u8; 60],
    /// The block of extended attributes; 0 for none.
    pub(super) file_acl: u64,
    /// `i_blocks` as it stands there, in units of 512 bytes or of blocks.
    pub(super) blocks: u64,
    /// The part behind the extra fields, where attributes may lie.
    pub(super) rest: Vec<u8>,
}

impl Inode {
    /// Decodes the record of inode `number`; the upper halves of some numbers count only with a feature.
    pub(super) fn parse(number: u64, bytes: &[u8], superblock: &Superblock) -> Result<Self, FsError> {
        let record = Record::new("inode", bytes);
        let mode = record.u16_le(0)?;
        let file_type = file_type(mode).ok_or_else(|| {
            FsError::corrupt("inode", number, format!("mode {mode:#o} is of no known type"))
        })?;
        let extra = if bytes.len() > 128 { usize::from(record.u16_le(128)?) } else { 0 };
        let has_extra = |end: usize| extra >= end - 128 && bytes.len() >= end;
        let time = |seconds: usize, more: usize| -> Result<Time, FsError> {
            let more = if has_extra(more + 4) { record.u32_le(more)? } else { 0 };
            Ok(decode_time(i32::from_le_bytes(record.array(seconds)?), more))
        };
        // ext2 of old kept the size of fragments in these places.
        let half = |there: bool, at| if there { record.u16_le(at).map(u64::from) } else { Ok(0) };
        let wide_size = superblock.has_incompat(incompat::LARGEDIR) || file_type == FileType::Regular;
        let size_high = if wide_size { u64::from(record.u32_le(108)?) } else { 0 };
        let metadata = Metadata {
            file_type,
            size: u64::from(record.u32_le(4)?) | size_high << 32,
            mode: mode & 0o7777,
            uid: u32::from(record.u16_le(2)?) | u32::from(record.u16_le(120)?) << 16,
            gid: u32::from(record.u16_le(24)?) | u32::from(record.u16_le(122)?) << 16,
            links: record.u16_le(26)?.into(),
            accessed: time(8, 140)?,
            changed: time(12, 132)?,
            modified: time(16, 136)?,
            created: if has_extra(148) { Some(time(144, 148)?) } else { None },
        };
        Ok(Self {
            number,
            metadata,
            flags: record.u32_le(32)?,
            generation: record.u32_le(100)?,
            block: record.array(40)?,
            file_acl: u64::from(record.u32_le(104)?)
                | half(superblock.has_incompat(incompat::BIT64), 118)? << 32,
            blocks: u64::from(record.u32_le(28)?)
                | half(superblock.has_ro_compat(ro_compat::HUGE_FILE), 116)? << 32,
            rest: bytes.get(128_usize.saturating_add(extra)..).unwrap_or_default().to_vec(),
        })
    }

    /// Whether any of `flags` is set.
    pub(super) fn has(&self, flags: u32) -> bool {
        self.flags & flags != 0
    }

    /// The numbers of a device: the old form in the first word of `i_block`, or else the new one in the second.
    pub(super) fn device(&self) -> Option<(u32, u32)> {
        if !matches!(self.metadata.file_type, FileType::BlockDevice | FileType::CharDevice) {
            return None;
        }
        let word = |at: usize| Some(u32::from_le_bytes(self.block.get(at..at + 4)?.try_into().ok()?));
        let (old, new) = (word(0)?, word(4)?);
        Some(match old {
            0 => (new >> 8 & 0xfff, new & 0xff | new >> 12 & 0xf_ff00),
            _ => (old >> 8 & 0xff, old & 0xff),
        })
    }

    /// The seed of the checksums of this inode's blocks.
    pub(super) fn checksum_seed(&self, seed: u32) -> u32 {
        inode_seed(seed, self.number, self.generation.to_le_bytes())
    }
}

fn inode_seed(seed: u32, number: u64, generation: [u8; 4]) -> u32 {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    crc32c(crc32c(seed, &number.to_le_bytes()), &generation)
}

/// Whether the checksum of the record of inode `number` is right.
pub(super) fn checksum_matches(seed: u32, number: u64, bytes: &[u8]) -> Result<bool, FsError> {
    let record = Record::new("inode", bytes);
    let low = u32::from(record.u16_le(124)?);
    let seed = inode_seed(seed, number, record.array(100)?);
    let has_high = bytes.len() > 128 && record.u16_le(128)? >= 4;
    let (found, mask) =
        if has_high { (low | u32::from(record.u16_le(130)?) << 16, !0) } else { (low, 0xFFFF) };
    let blanked: &[(usize, usize)] = if has_high { &[(124, 2), (130, 2)] } else { &[(124, 2)] };
    Ok(crc32c_blanked(seed, bytes, blanked) & mask == found)
}

fn file_type(mode: u16) -> Option<FileType> {
    Some(match mode >> 12 {
        0x1 => FileType::Fifo,
        0x2 => FileType::CharDevice,
        0x4 => FileType::Directory,
        0x6 => FileType::BlockDevice,
        0x8 => FileType::Regular,
        0xA => FileType::Symlink,
        0xC => FileType::Socket,
        _ => return None,
    })
}

/// Seconds as ext2 keeps them, and the extra word of ext4: 2 bits of epoch, 30 bits of nanoseconds.
fn decode_time(seconds: i32, extra: u32) -> Time {
    Time {
        seconds: i64::from(seconds) + (i64::from(extra & 3) << 32),
        nanoseconds: (extra >> 2).min(999_999_999),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ext2() -> Superblock {
        Superblock::parse(&crate::fs::ext::superblock::tests::golden()).unwrap()
    }

    fn golden() -> Vec<u8> {
        let mut bytes = vec![0; 256];
        bytes[0..2].copy_from_slice(&0o104_755_u16.to_le_bytes());
        bytes[2..4].copy_from_slice(&1000_u16.to_le_bytes());
        bytes[120..122].copy_from_slice(&1_u16.to_le_bytes());
        bytes[4..8].copy_from_slice(&7_u32.to_le_bytes());
        bytes[108..112].copy_from_slice(&1_u32.to_le_bytes());
        bytes[128..130].copy_from_slice(&32_u16.to_le_bytes());
        bytes
    }

    #[test]
    fn halves_are_joined() {
        let inode = Inode::parse(12, &golden(), &ext2()).unwrap();
        assert_eq!(inode.metadata.size, (1 << 32) + 7);
        assert_eq!(inode.metadata.uid, 0x1_0000 + 1000);
        assert_eq!(inode.metadata.mode, 0o4755);
        assert!(inode.metadata.created.is_some());
        assert_eq!(inode.rest.len(), 96);
    }

    #[test]
    fn a_free_inode_is_corrupt() {
        let error = Inode::parse(12, &[0; 256], &ext2()).unwrap_err();
        assert_eq!(error.to_string(), "inode 12: mode 0o0 is of no known type");
    }

    #[test]
    fn absurd_extra_size_leaves_no_rest() {
        let mut bytes = golden();
        bytes[128..130].copy_from_slice(&0xFFFF_u16.to_le_bytes());
        assert!(Inode::parse(12, &bytes, &ext2()).unwrap().rest.is_empty());
    }

    #[test]
    fn times_reach_before_1970_and_behind_2038() {
        assert_eq!(decode_time(-1, 0), Time { seconds: -1, nanoseconds: 0 });
        assert_eq!(decode_time(-1, 1 | 5 << 2), Time { seconds: (1 << 32) - 1, nanoseconds: 5 });
    }
}
