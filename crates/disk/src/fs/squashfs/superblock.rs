//! The superblock: 96 bytes at the start.

use crate::bytes::{Record, Source, read_vec};
use crate::compression::Method;
use crate::fs::FsError;

/// Bytes of the superblock.
pub(super) const SIZE: usize = 96;
pub(super) const MAGIC: &[u8; 4] = b"hsqs";
/// The magic of images written by big-endian machines, all older than version 4.
pub(super) const SWAPPED: &[u8; 4] = b"sqsh";

/// A table that is not there.
pub(super) const NONE: u64 = u64::MAX;

/// The superblock, checked.
#[derive(Clone, Debug)]
pub(super) struct Superblock {
    /// Bytes of a data block: a power of two from 4 KiB to 1 MiB.
    pub(super) block_size: u32,
    pub(super) fragments: u32,
    pub(super) method: Method,
    pub(super) ids: u16,
    /// Reference of the root's inode.
    pub(super) root: u64,
    pub(super) bytes_used: u64,
    pub(super) id_table: u64,
    pub(super) xattr_table: u64,
    pub(super) inode_table: u64,
    pub(super) directory_table: u64,
    pub(super) fragment_table: u64,
}

impl Superblock {
    pub(super) fn read(source: &dyn Source) -> Result<Self, FsError> {
        Self::parse(&Record::new("squashfs superblock", &read_vec(source, 0, SIZE)?))
    }

    fn parse(record: &Record<'_>) -> Result<Self, FsError> {
        let corrupt = |problem: String| FsError::corrupt("squashfs superblock", 0, problem);
        let magic = record.array::<4>(0)?;
        if magic != *MAGIC && magic != *SWAPPED {
            return Err(corrupt(format!("magic {magic:02x?}")));
        }
        let swapped = magic == *SWAPPED;
        let (major, minor) = if swapped {
            (record.u16_be(28)?, record.u16_be(30)?)
        } else {
            (record.u16_le(28)?, record.u16_le(30)?)
        };
        if swapped || (1..4).contains(&major) {
            return Err(FsError::Unsupported(format!("squashfs version {major}.{minor}")));
        }
        if (major, minor) != (4, 0) {
            return Err(corrupt(format!("version {major}.{minor}")));
        }
        let block_size = record.u32_le(12)?;
        let log = u32::from(record.u16_le(22)?);
        if !(12..=20).contains(&log) || block_size != 1 << log {
            return Err(corrupt(format!("blocks of {block_size} bytes, logarithm {log}")));
        }
        Ok(Self {
            block_size,
            fragments: record.u32_le(16)?,
            method: method(record.u16_le(20)?)?,
            ids: record.u16_le(26)?,
            root: record.u64_le(32)?,
            bytes_used: record.u64_le(40)?,
            id_table: record.u64_le(48)?,
            xattr_table: record.u64_le(56)?,
            inode_table: record.u64_le(64)?,
            directory_table: record.u64_le(72)?,
            fragment_table: record.u64_le(80)?,
        })
    }
}

fn method(number: u16) -> Result<Method, FsError> {
    Ok(match number {
        1 => Method::Zlib,
        2 => Method::Lzma,
        3 => Method::Lzo,
        4 => Method::Xz,
        5 => Method::Lz4,
        6 => Method::Zstd,
        _ => return Err(FsError::Unsupported(format!("squashfs compressor {number}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden() -> Vec<u8> {
        let mut bytes = vec![0; SIZE];
        bytes[..4].copy_from_slice(MAGIC);
        bytes[12..16].copy_from_slice(&131_072_u32.to_le_bytes());
        bytes[20] = 6;
        bytes[22] = 17;
        bytes[28] = 4;
        bytes
    }

    fn error(bytes: &[u8]) -> String {
        Superblock::parse(&Record::new("squashfs superblock", bytes)).unwrap_err().to_string()
    }

    #[test]
    fn a_superblock_is_parsed() {
        let bytes = golden();
        let superblock = Superblock::parse(&Record::new("superblock", &bytes)).unwrap();
        assert_eq!((superblock.block_size, superblock.method), (131_072, Method::Zstd));
    }

    #[test]
    fn block_size_and_its_logarithm_must_agree() {
        let mut bytes = golden();
        bytes[22] = 16;
        assert_eq!(error(&bytes), "squashfs superblock 0: blocks of 131072 bytes, logarithm 16");
    }

    #[test]
    fn old_versions_and_unknown_compressors_are_unsupported() {
        let mut bytes = golden();
        bytes[20] = 9;
        assert_eq!(error(&bytes), "not supported: squashfs compressor 9");
        bytes[28..32].copy_from_slice(&[3, 0, 1, 0]);
        assert_eq!(error(&bytes), "not supported: squashfs version 3.1");
    }

    #[test]
    fn a_cut_superblock_is_an_error() {
        assert!(Superblock::read(&golden()[..95].to_vec()).is_err());
    }
}
