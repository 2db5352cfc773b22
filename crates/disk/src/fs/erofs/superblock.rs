//! The superblock: 128 bytes at 1024.

use crate::bytes::{Record, Source, read_vec};
use crate::fs::FsError;

pub(super) const START: u64 = 1024;
pub(super) const MAGIC: [u8; 4] = 0xe0f5_e1e2_u32.to_le_bytes();
/// Features that do not hinder: zero padding, compression and its kinds, chunks, devices, attribute prefixes.
const KNOWN: u32 = 0x7f;

/// Compatible feature: the superblock has a checksum.
const HAS_CHECKSUM: u32 = 1;

/// The superblock, checked.
#[derive(Clone, Debug)]
pub(super) struct Superblock {
    /// Bytes of a block.
    pub(super) block: u64,
    pub(super) root: u64,
    pub(super) blocks: u32,
    /// Moment of all inodes of the short form, in seconds since 1970.
    pub(super) built: u64,
    pub(super) built_nanoseconds: u32,
    /// Place of the inodes.
    pub(super) inodes: u64,
    /// Place of the attributes that inodes share.
    pub(super) attributes: u64,
    pub(super) uuid: [u8; 16],
    pub(super) label: Vec<u8>,
    /// Whether its checksum is right, where it has one.
    pub(super) checksum_matches: bool,
}

impl Superblock {
    pub(super) fn read(source: &dyn Source) -> Result<Self, FsError> {
        let mut superblock = Self::parse(&Record::new("erofs superblock", &read_vec(source, START, 128)?))?;
        // It covers what is left of its block.
        let len =
            if superblock.block > START { superblock.block.saturating_sub(START) } else { superblock.block };
        let bytes = read_vec(source, START, usize::try_from(len).unwrap_or(0)).unwrap_or_default();
        superblock.checksum_matches = checksum_matches(&bytes);
        Ok(superblock)
    }

    fn parse(record: &Record<'_>) -> Result<Self, FsError> {
        let corrupt = |problem: String| FsError::corrupt("erofs superblock", START, problem);
        if record.array::<4>(0)? != MAGIC {
            return Err(corrupt(format!("magic {:02x?}", record.array::<4>(0)?)));
        }
        let bits = record.u8(12)?;
        if !(9..=16).contains(&bits) {
            return Err(corrupt(format!("blocks of 2^{bits} bytes")));
        }
        let features = record.u32_le(80)?;
        if features & !KNOWN != 0 {
            return Err(FsError::Unsupported(format!("erofs features {features:#x}")));
        }
        if record.u8(90)? != 0 {
            return Err(FsError::Unsupported("erofs with directory blocks of another size".to_owned()));
        }
        let block = 1_u64 << bits;
        let label = record.bytes(64, 16)?;
        let end = label.iter().position(|&byte| byte == 0).unwrap_or(label.len());
        Ok(Self {
            block,
            root: record.u16_le(14)?.into(),
            blocks: record.u32_le(36)?,
            built: record.u64_le(24)?,
            built_nanoseconds: record.u32_le(32)?,
            inodes: u64::from(record.u32_le(40)?).saturating_mul(block),
            attributes: u64::from(record.u32_le(44)?).saturating_mul(block),
            uuid: record.array(48)?,
            label: label.get(..end).unwrap_or_default().to_vec(),
            checksum_matches: true,
        })
    }
}

/// Whether the CRC-32C of the superblock's block is right, its own field counted as zeros; right where none is kept.
fn checksum_matches(bytes: &[u8]) -> bool {
    let record = Record::new("erofs superblock", bytes);
    let (Ok(kept), Ok(features)) = (record.u32_le(4), record.u32_le(8)) else { return true };
    if features & HAS_CHECKSUM == 0 {
        return true;
    }
    let (head, rest) = (bytes.get(..4).unwrap_or_default(), bytes.get(8..).unwrap_or_default());
    // Linux leaves out the last step of the sum, which turns all bits around.
    let sum = !crc32c::crc32c_append(crc32c::crc32c_append(crc32c::crc32c(head), &[0; 4]), rest);
    sum == kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden() -> Vec<u8> {
        let mut bytes = vec![0; 128];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[12] = 12;
        bytes[64..68].copy_from_slice(b"name");
        bytes
    }

    #[test]
    fn a_superblock_is_parsed() {
        let superblock = Superblock::parse(&Record::new("superblock", &golden())).unwrap();
        assert_eq!((superblock.block, superblock.label.as_slice()), (4096, &b"name"[..]));
    }

    #[test]
    fn unknown_features_are_unsupported_and_absurd_blocks_corrupt() {
        let mut bytes = golden();
        bytes[81] = 1;
        let error = |bytes: &[u8]| Superblock::parse(&Record::new("superblock", bytes)).unwrap_err();
        assert_eq!(error(&bytes).to_string(), "not supported: erofs features 0x100");
        bytes[12] = 40;
        assert!(error(&bytes).to_string().contains("2^40"));
    }
}
