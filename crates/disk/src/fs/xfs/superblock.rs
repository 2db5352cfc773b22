//! The superblock: geometry and features. A copy of it begins every allocation group.
//!
//! Reference: *XFS Algorithms & Data Structures*, "Superblocks"; `fs/xfs/libxfs/xfs_format.h`, `xfs_sb.c`.

use super::checksum;
use crate::bytes::{Record, Source, read_vec};
use crate::fs::FsError;

/// `XFSB`.
pub(super) const MAGIC: &[u8; 4] = b"XFSB";
/// Bytes that are defined, of the sector that is read.
const LEN: usize = 512;
/// No group is smaller, in blocks.
const MIN_GROUP_BLOCKS: u64 = 64;

/// Bits of `sb_features_incompat`.
pub(super) mod incompat {
    pub(in crate::fs::xfs) const FTYPE: u32 = 0x1;
    pub(in crate::fs::xfs) const META_UUID: u32 = 0x4;
    pub(in crate::fs::xfs) const NEEDSREPAIR: u32 = 0x10;
    /// ftype, sparse inodes, meta_uuid, bigtime, needsrepair, nrext64, exchange-range, parent pointers,
    /// metadata directory, zoned, zone gaps: none but the first changes what is read here, or the inode
    /// itself says so.
    pub(in crate::fs::xfs) const READABLE: u32 = 0x7FF;
}

/// Bits of `sb_features_ro_compat` that are known: finobt, rmapbt, reflink, inobtcount.
const KNOWN_RO_COMPAT: u32 = 0xF;

/// What is needed of the superblock. Numbers of blocks count in units of `block_size`.
#[derive(Clone, Debug)]
pub(super) struct Superblock {
    /// 4, or 5 for one with checksums.
    pub(super) version: u16,
    /// Whether it was made with `ascii-ci`.
    pub(super) ignores_case: bool,
    pub(super) block_log: u32,
    pub(super) blocks: u64,
    pub(super) uuid: [u8; 16],
    /// The one that blocks carry: it stays when the other is changed.
    pub(super) metadata_uuid: [u8; 16],
    /// First block of the log, as a packed number; 0 where the log lies on another device.
    pub(super) log_start: u64,
    pub(super) log_blocks: u32,
    /// All ones in most backups, which do not know it.
    pub(super) root: u64,
    pub(super) group_blocks: u32,
    pub(super) groups: u32,
    pub(super) group_log: u32,
    pub(super) sector_size: u16,
    pub(super) inode_size: u16,
    /// log2 of the number of inodes in a block.
    pub(super) inode_log: u32,
    pub(super) directory_block: u32,
    pub(super) label: Vec<u8>,
    pub(super) in_progress: bool,
    pub(super) free_blocks: u64,
    pub(super) has_ftype: bool,
    pub(super) incompat: u32,
    pub(super) ro_compat: u32,
    pub(super) checksum_matches: bool,
}

impl Superblock {
    /// Reads the superblock at byte `offset`.
    pub(super) fn read(source: &dyn Source, offset: u64) -> Result<Self, FsError> {
        let mut superblock = Self::parse(&read_vec(source, offset, LEN)?)?;
        if superblock.has_checksums() {
            let sector = read_vec(source, offset, superblock.sector_size.into())?;
            superblock.checksum_matches = checksum::matches(&sector, checksum::SUPERBLOCK);
        }
        Ok(superblock)
    }

    /// Decodes the first sector; its checksum is not looked at.
    fn parse(bytes: &[u8]) -> Result<Self, FsError> {
        let record = Record::new("superblock", bytes);
        if record.bytes(0, 4)? != MAGIC {
            return Err(bad(format!("magic {:02x?}", record.bytes(0, 4)?)));
        }
        let version_bits = record.u16_be(100)?;
        let version = version_bits & 0xF;
        let features2 = record.u32_be(200)? | record.u32_be(204)?;
        let (ro_compat, incompat) =
            if version == 5 { (record.u32_be(212)?, record.u32_be(216)?) } else { (0, 0) };
        let v4_ftype = version_bits & 0x8000 != 0 && features2 & 0x200 != 0;
        let log = |offset: usize| record.u8(offset).map(u32::from);
        let block_log = log(120)?;
        let superblock = Self {
            version,
            ignores_case: version_bits & 0x4000 != 0,
            block_log,
            blocks: record.u64_be(8)?,
            uuid: record.array(32)?,
            metadata_uuid: record.array(if incompat & incompat::META_UUID == 0 { 32 } else { 248 })?,
            log_start: record.u64_be(48)?,
            log_blocks: record.u32_be(96)?,
            root: record.u64_be(56)?,
            group_blocks: record.u32_be(84)?,
            groups: record.u32_be(88)?,
            group_log: log(124)?,
            sector_size: record.u16_be(102)?,
            inode_size: record.u16_be(104)?,
            inode_log: log(123)?,
            directory_block: 1_u32.checked_shl(block_log.saturating_add(log(192)?)).unwrap_or(0),
            label: record.bytes(108, 12)?.iter().copied().take_while(|&byte| byte != 0).collect(),
            in_progress: record.u8(126)? != 0,
            free_blocks: record.u64_be(144)?,
            has_ftype: if version == 5 { incompat & incompat::FTYPE != 0 } else { v4_ftype },
            incompat,
            ro_compat,
            checksum_matches: true,
        };
        if !matches!(version, 4 | 5) || version == 4 && version_bits & 0x2000 == 0 {
            return Err(FsError::Unsupported(format!(
                "xfs: version {version}, features {version_bits:#06x}: older than version 4 with version 2 directories"
            )));
        }
        superblock.check_geometry(&record)?;
        Ok(superblock)
    }

    fn check_geometry(&self, record: &Record<'_>) -> Result<(), FsError> {
        let (block_size, inodes) = (record.u32_be(4)?, record.u16_be(106)?);
        let check = |sound: bool, problem: String| if sound { Ok(()) } else { Err(bad(problem)) };
        let is_power = |value: u64, log: u32, least: u32, most: u32| {
            (least..=most).contains(&log) && 1_u64.checked_shl(log) == Some(value)
        };
        let sector_log = u32::from(record.u8(121)?);
        let inode_log = u32::from(record.u8(122)?);
        let (blocks, group) = (self.blocks, u64::from(self.group_blocks));
        check(
            is_power(block_size.into(), self.block_log, 9, 16),
            format!("block size {block_size}, log {}", self.block_log),
        )?;
        check(
            is_power(self.sector_size.into(), sector_log, 9, 15),
            format!("sector size {}, log {sector_log}", self.sector_size),
        )?;
        check(
            is_power(self.inode_size.into(), inode_log, 8, 11),
            format!("inode size {}, log {inode_log}", self.inode_size),
        )?;
        check(
            self.inode_log.checked_add(inode_log) == Some(self.block_log)
                && is_power(inodes.into(), self.inode_log, 0, 8),
            format!("{inodes} inodes in a block, log {}", self.inode_log),
        )?;
        check(
            (512..=65536).contains(&self.directory_block) && self.directory_block >= block_size,
            format!("directory blocks of {} bytes", self.directory_block),
        )?;
        check(
            group >= MIN_GROUP_BLOCKS && self.group_log == 64 - (group - 1).leading_zeros(),
            format!("groups of {group} blocks, log {}", self.group_log),
        )?;
        let before_last = u64::from(self.groups).saturating_sub(1).saturating_mul(group);
        check(
            self.groups > 0 && blocks > before_last && blocks - before_last <= group,
            format!("{blocks} blocks in {} groups of {group}", self.groups),
        )?;
        check(blocks.checked_shl(self.block_log).is_some_and(|bytes| bytes >> self.block_log == blocks), {
            format!("{blocks} blocks of {block_size} bytes")
        })
    }

    /// Refuses what cannot be read: a file system that was not finished, unknown features.
    pub(super) fn check_features(&self) -> Result<(), FsError> {
        let unknown = self.incompat & !incompat::READABLE;
        if unknown != 0 {
            return Err(FsError::Unsupported(format!("xfs: unknown incompatible features {unknown:#x}")));
        }
        Ok(())
    }

    /// Features that are not known and do not keep from reading.
    pub(super) fn unknown_ro_compat(&self) -> u32 {
        self.ro_compat & !KNOWN_RO_COMPAT
    }

    /// Whether metadata has CRC-32C checksums.
    pub(super) fn has_checksums(&self) -> bool {
        self.version == 5
    }

    /// Bytes of a block.
    pub(super) fn block_size(&self) -> u64 {
        1 << self.block_log
    }

    /// Where the run of `count` blocks at the packed number `block` lies, in bytes: a run stays in its group.
    pub(super) fn run_offset(&self, block: u64, count: u64) -> Option<u64> {
        let group = block >> self.group_log;
        let inside = block & ((1_u64 << self.group_log) - 1);
        let first = group.checked_mul(self.group_blocks.into())?.checked_add(inside)?;
        let fits = group < u64::from(self.groups)
            && inside.checked_add(count)? <= u64::from(self.group_blocks)
            && first.checked_add(count)? <= self.blocks;
        fits.then_some(first << self.block_log)
    }

    /// Where block `block` lies, in bytes.
    pub(super) fn block_offset(&self, block: u64) -> Result<u64, FsError> {
        self.run_offset(block, 1).ok_or_else(|| {
            FsError::corrupt(
                "block",
                block,
                format!("not in {} groups of {}", self.groups, self.group_blocks),
            )
        })
    }

    /// Where inode `number` lies, in bytes.
    pub(super) fn inode_offset(&self, number: u64) -> Result<u64, FsError> {
        let place = self.run_offset(number >> self.inode_log, 1).ok_or_else(|| {
            FsError::corrupt(
                "inode",
                number,
                format!("not in {} groups of {}", self.groups, self.group_blocks),
            )
        })?;
        let index = number & ((1_u64 << self.inode_log) - 1);
        Ok(place.saturating_add(index.saturating_mul(self.inode_size.into())))
    }

    /// The packed number of block `block` of `group`.
    pub(super) fn pack(&self, group: u32, block: u32) -> u64 {
        u64::from(group) << self.group_log | u64::from(block)
    }

    /// Where `group` begins, in bytes.
    pub(super) fn group_offset(&self, group: u32) -> u64 {
        (u64::from(group).saturating_mul(self.group_blocks.into())) << self.block_log
    }
}

fn bad(problem: String) -> FsError {
    FsError::corrupt("superblock", 0, problem)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A sound version 4 superblock: 4 groups of 5,000 blocks of 4 KiB, inodes of 256 bytes.
    pub(in crate::fs::xfs) fn golden() -> Vec<u8> {
        let mut bytes = vec![0; 512];
        let mut put =
            |offset: usize, value: &[u8]| bytes[offset..offset + value.len()].copy_from_slice(value);
        put(0, b"XFSB");
        put(4, &4096_u32.to_be_bytes());
        put(8, &19_990_u64.to_be_bytes());
        put(56, &128_u64.to_be_bytes());
        put(84, &5000_u32.to_be_bytes());
        put(88, &4_u32.to_be_bytes());
        put(100, &0xB4A4_u16.to_be_bytes());
        put(102, &512_u16.to_be_bytes());
        put(104, &256_u16.to_be_bytes());
        put(106, &16_u16.to_be_bytes());
        put(108, b"label");
        put(120, &[12, 9, 8, 4, 13]);
        bytes
    }

    fn poked(offset: usize, value: &[u8]) -> String {
        let mut bytes = golden();
        bytes[offset..offset + value.len()].copy_from_slice(value);
        Superblock::parse(&bytes).unwrap_err().to_string()
    }

    #[test]
    fn groups_need_not_be_powers_of_two() {
        let superblock = Superblock::parse(&golden()).unwrap();
        assert_eq!(superblock.label, b"label");
        assert_eq!(superblock.block_offset(1 << 13 | 7).unwrap(), 5007 * 4096);
        assert_eq!(superblock.inode_offset((1 << 13 | 7) << 4 | 3).unwrap(), 5007 * 4096 + 3 * 256);
        assert!(superblock.block_offset(5000).is_err(), "between two groups");
        assert!(superblock.block_offset(3 << 13 | 4990).is_err(), "behind the last");
        assert!(superblock.run_offset(4990, 11).is_none(), "a run leaves its group");
    }

    #[test]
    fn nonsense_is_corrupt_with_its_number() {
        assert_eq!(poked(0, b"XFSC"), "superblock 0: magic [58, 46, 53, 43]");
        assert_eq!(poked(4, &[0, 0, 0x20, 0]), "superblock 0: block size 8192, log 12");
        assert_eq!(poked(121, &[10]), "superblock 0: sector size 512, log 10");
        assert_eq!(poked(122, &[7]), "superblock 0: inode size 256, log 7");
        assert_eq!(poked(123, &[5]), "superblock 0: 16 inodes in a block, log 5");
        assert_eq!(poked(124, &[12]), "superblock 0: groups of 5000 blocks, log 12");
        assert_eq!(poked(88, &[0; 4]), "superblock 0: 19990 blocks in 0 groups of 5000");
        assert_eq!(poked(88, &[0, 0, 0, 5]), "superblock 0: 19990 blocks in 5 groups of 5000");
        assert_eq!(poked(192, &[5]), "superblock 0: directory blocks of 131072 bytes");
        assert!(poked(100, &[0xB4, 0xA3]).starts_with("not supported: xfs: version 3"));
    }

    #[test]
    fn every_truncation_is_an_error() {
        for len in 0..208 {
            assert!(Superblock::parse(&golden()[..len]).is_err(), "{len}");
        }
    }
}
