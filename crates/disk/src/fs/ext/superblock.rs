//! The superblock: geometry, features, names.

use super::checksum::crc32c;
use crate::bytes::{Record, Source, read_vec};
use crate::fs::FsError;

/// Where the primary superblock lies, in bytes.
pub(super) const PRIMARY: u64 = 1024;
const LEN: usize = 1024;
const MAGIC: u16 = 0xEF53;

/// Features of `s_feature_compat`.
pub(super) mod compat {
    pub(in crate::fs::ext) const HAS_JOURNAL: u32 = 0x4;
    pub(in crate::fs::ext) const SPARSE_SUPER2: u32 = 0x200;
}

/// Features of `s_feature_incompat`: who does not know one must not read.
pub(super) mod incompat {
    pub(in crate::fs::ext) const FILETYPE: u32 = 0x2;
    pub(in crate::fs::ext) const RECOVER: u32 = 0x4;
    pub(in crate::fs::ext) const META_BG: u32 = 0x10;
    pub(in crate::fs::ext) const BIT64: u32 = 0x80;
    pub(in crate::fs::ext) const EA_INODE: u32 = 0x400;
    pub(in crate::fs::ext) const CSUM_SEED: u32 = 0x2000;
    pub(in crate::fs::ext) const LARGEDIR: u32 = 0x4000;
    pub(in crate::fs::ext) const CASEFOLD: u32 = 0x2_0000;
    /// filetype, recover, meta_bg, extents, 64bit, mmp, flex_bg, ea_inode, csum_seed, largedir, inline_data,
    /// encrypt (names and contents excepted), casefold.
    pub(super) const READABLE: u32 = 0x2
        | 0x4
        | 0x10
        | 0x40
        | 0x80
        | 0x100
        | 0x200
        | 0x400
        | 0x2000
        | 0x4000
        | 0x8000
        | 0x1_0000
        | 0x2_0000;
    /// Known by name, but not readable.
    pub(super) const NAMED: [(u32, &str); 3] = [
        (0x1, "compression"),
        (0x8, "journal_dev (an external journal, no file system)"),
        (0x1000, "dirdata"),
    ];
}

/// Features of `s_feature_ro_compat`: who does not know one may still read.
pub(super) mod ro_compat {
    pub(in crate::fs::ext) const SPARSE_SUPER: u32 = 0x1;
    pub(in crate::fs::ext) const HUGE_FILE: u32 = 0x8;
    pub(in crate::fs::ext) const GDT_CSUM: u32 = 0x10;
    pub(in crate::fs::ext) const BIGALLOC: u32 = 0x200;
    pub(in crate::fs::ext) const METADATA_CSUM: u32 = 0x400;
    pub(in crate::fs::ext) const KNOWN: u32 = 0x1_FFFF;
}

/// A superblock whose numbers agree with each other.
#[derive(Clone, Debug)]
pub(super) struct Superblock {
    pub(super) inodes_count: u32,
    pub(super) blocks_count: u64,
    pub(super) first_data_block: u64,
    /// In bytes, 1024 to 65536.
    pub(super) block_size: u32,
    /// Blocks in a cluster: 1 without bigalloc.
    pub(super) cluster_ratio: u64,
    pub(super) blocks_per_group: u64,
    pub(super) inodes_per_group: u32,
    /// In bytes, 128 to the block size.
    pub(super) inode_size: u16,
    /// Size of a group descriptor in bytes.
    pub(super) desc_size: u16,
    pub(super) compat: u32,
    pub(super) incompat: u32,
    pub(super) ro_compat: u32,
    pub(super) uuid: [u8; 16],
    pub(super) volume_name: Vec<u8>,
    pub(super) last_mounted: Vec<u8>,
    pub(super) journal_inum: u32,
    pub(super) journal_dev: u32,
    /// The journal inode's block map and size, kept for the day its inode is lost.
    pub(super) journal_backup: Option<[u8; 68]>,
    /// The first inode that is no reserved one.
    pub(super) first_inode: u32,
    /// Inodes of the file system's own beyond those: of quotas, and of the list of orphans.
    pub(super) own_inodes: [u32; 4],
    pub(super) first_meta_bg: u64,
    pub(super) reserved_gdt_blocks: u64,
    pub(super) block_group_nr: u16,
    pub(super) backup_bgs: [u64; 2],
    pub(super) checksum_seed: u32,
    /// Whether the checksum is right, or there is none.
    pub(super) checksum_matches: bool,
}

impl Superblock {
    /// Reads the superblock at byte `offset`.
    pub(super) fn read(source: &dyn Source, offset: u64) -> Result<Self, FsError> {
        let bytes = read_vec(source, offset, LEN)?;
        let mut superblock = Self::parse(&bytes)?;
        if Record::new("superblock", &bytes).u32_le(76)? == 0 {
            // Revision 0 does not say which group a copy belongs to: its place does.
            let block =
                (offset / u64::from(superblock.block_size)).saturating_sub(superblock.first_data_block);
            let group = block / superblock.blocks_per_group;
            superblock.block_group_nr = u16::try_from(group).unwrap_or_default();
        }
        Ok(superblock)
    }

    /// Decodes 1024 bytes and checks that the geometry makes sense.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, FsError> {
        let record = Record::new("superblock", bytes);
        if record.u16_le(56)? != MAGIC {
            return Err(bad(format!("magic {:#06x}", record.u16_le(56)?)));
        }
        let dynamic = record.u32_le(76)? > 0;
        let feature = |offset| if dynamic { record.u32_le(offset) } else { Ok(0) };
        let (compat, incompat, ro_compat) = (feature(92)?, feature(96)?, feature(100)?);
        check_features(incompat)?;
        let wide = incompat & incompat::BIT64 != 0;
        let high = |offset| if wide { record.u32_le(offset).map(u64::from) } else { Ok(0) };
        let uuid: [u8; 16] = record.array(104)?;
        let log_block = record.u32_le(24)?;
        let log_cluster = if ro_compat & ro_compat::BIGALLOC == 0 { log_block } else { record.u32_le(28)? };
        if log_block > 6 || log_cluster < log_block || log_cluster > 20 {
            return Err(bad(format!("block size 2^(10+{log_block}), cluster size 2^(10+{log_cluster})")));
        }
        let superblock = Self {
            inodes_count: record.u32_le(0)?,
            blocks_count: u64::from(record.u32_le(4)?) | high(336)? << 32,
            first_data_block: record.u32_le(20)?.into(),
            block_size: 1024 << log_block,
            cluster_ratio: 1 << (log_cluster - log_block),
            blocks_per_group: record.u32_le(32)?.into(),
            inodes_per_group: record.u32_le(40)?,
            inode_size: if dynamic { record.u16_le(88)? } else { 128 },
            desc_size: if wide { record.u16_le(254)? } else { 32 },
            compat,
            incompat,
            ro_compat,
            uuid,
            volume_name: until_nul(record.bytes(120, 16)?),
            last_mounted: until_nul(record.bytes(136, 64)?),
            journal_inum: record.u32_le(224)?,
            journal_dev: record.u32_le(228)?,
            journal_backup: (record.u8(253)? == 1).then(|| record.array(268)).transpose()?,
            first_inode: if dynamic { record.u32_le(84)? } else { 11 },
            own_inodes: [record.u32_le(576)?, record.u32_le(580)?, record.u32_le(620)?, record.u32_le(640)?],
            first_meta_bg: record.u32_le(260)?.into(),
            reserved_gdt_blocks: record.u16_le(206)?.into(),
            block_group_nr: record.u16_le(90)?,
            backup_bgs: [record.u32_le(588)?.into(), record.u32_le(592)?.into()],
            checksum_seed: if incompat & incompat::CSUM_SEED == 0 {
                crc32c(!0, &uuid)
            } else {
                record.u32_le(624)?
            },
            checksum_matches: ro_compat & ro_compat::METADATA_CSUM == 0
                || crc32c(!0, record.bytes(0, 1020)?) == record.u32_le(1020)?,
        };
        superblock.check()?;
        Ok(superblock)
    }

    fn check(&self) -> Result<(), FsError> {
        let bits = u64::from(self.block_size) * 8;
        if self.blocks_per_group == 0 || self.blocks_per_group > bits.saturating_mul(self.cluster_ratio) {
            return Err(bad(format!("{} blocks per group", self.blocks_per_group)));
        }
        if self.inodes_per_group == 0 || u64::from(self.inodes_per_group) > bits {
            return Err(bad(format!("{} inodes per group", self.inodes_per_group)));
        }
        if self.inode_size < 128
            || !self.inode_size.is_power_of_two()
            || u32::from(self.inode_size) > self.block_size
        {
            return Err(bad(format!("inode size {}", self.inode_size)));
        }
        let least = if self.incompat & incompat::BIT64 == 0 { 32 } else { 64 };
        if self.desc_size < least || !self.desc_size.is_power_of_two() || self.desc_size > 1024 {
            return Err(bad(format!("group descriptor size {}", self.desc_size)));
        }
        if self.first_data_block >= self.blocks_count {
            return Err(bad(format!("{} blocks, the first is {}", self.blocks_count, self.first_data_block)));
        }
        if self.blocks_count.checked_mul(self.block_size.into()).is_none_or(|bytes| bytes > 1 << 62) {
            return Err(bad(format!("{} blocks", self.blocks_count)));
        }
        Ok(())
    }

    /// Number of block groups.
    pub(super) fn group_count(&self) -> u64 {
        self.blocks_count.saturating_sub(self.first_data_block).div_ceil(self.blocks_per_group)
    }

    /// The first block of group `group`.
    pub(super) fn group_start(&self, group: u64) -> u64 {
        self.first_data_block.saturating_add(group.saturating_mul(self.blocks_per_group))
    }

    /// Whether any of the bits of `s_feature_incompat` is set.
    pub(super) fn has_incompat(&self, bits: u32) -> bool {
        self.incompat & bits != 0
    }

    /// Whether any of the bits of `s_feature_ro_compat` is set.
    pub(super) fn has_ro_compat(&self, bits: u32) -> bool {
        self.ro_compat & bits != 0
    }

    /// Whether any of the bits of `s_feature_compat` is set.
    pub(super) fn has_compat(&self, bits: u32) -> bool {
        self.compat & bits != 0
    }

    /// Whether group `group` begins with a copy of the superblock.
    pub(super) fn has_super(&self, group: u64) -> bool {
        if group == 0 {
            return true;
        }
        if self.has_compat(compat::SPARSE_SUPER2) {
            return self.backup_bgs.contains(&group);
        }
        !self.has_ro_compat(ro_compat::SPARSE_SUPER) || is_sparse_group(group)
    }

    /// The file system's name as blkid decides it: by features only.
    pub(super) fn kind(&self) -> &'static str {
        let journal = self.has_compat(compat::HAS_JOURNAL);
        let beyond_ext3 = self.incompat & !0x16 != 0 || self.ro_compat & !0x7 != 0;
        match (journal, beyond_ext3) {
            (_, true) => "ext4",
            (true, false) => "ext3",
            (false, false) => "ext2",
        }
    }
}

/// Whether the primary superblock says that it has a checksum, and has a wrong one.
pub(super) fn is_damaged(source: &dyn Source) -> bool {
    let Ok(bytes) = read_vec(source, PRIMARY, LEN) else { return true };
    let record = Record::new("superblock", &bytes);
    let summed = record.u32_le(100).is_ok_and(|features| features & ro_compat::METADATA_CSUM != 0);
    summed && record.bytes(0, 1020).ok().map(|bytes| crc32c(!0, bytes)) != record.u32_le(1020).ok()
}

/// Whether the bytes carry the primary superblock's magic number.
pub(super) fn has_magic(source: &dyn Source) -> bool {
    let mut magic = [0; 2];
    source.read_exact_at(PRIMARY + 56, &mut magic).is_ok() && u16::from_le_bytes(magic) == MAGIC
}

/// Whether `group` is 1 or a power of 3, 5 or 7: the groups with backups under sparse_super.
pub(super) fn is_sparse_group(group: u64) -> bool {
    let is_power = |base: u64| {
        let mut power = base;
        while power < group {
            power = power.saturating_mul(base);
        }
        power == group
    };
    group <= 1 || is_power(3) || is_power(5) || is_power(7)
}

fn check_features(incompat: u32) -> Result<(), FsError> {
    let unreadable = incompat & !incompat::READABLE;
    if unreadable == 0 {
        return Ok(());
    }
    let mut names = Vec::new();
    let mut unknown = unreadable;
    for (bit, name) in incompat::NAMED {
        if unreadable & bit != 0 {
            names.push(name.to_owned());
            unknown &= !bit;
        }
    }
    if unknown != 0 {
        names.push(format!("unknown incompatible features {unknown:#x}"));
    }
    Err(FsError::Unsupported(format!("ext: {}", names.join(", "))))
}

fn until_nul(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().take_while(|&byte| byte != 0).collect()
}

fn bad(problem: String) -> FsError {
    FsError::corrupt("superblock", PRIMARY, problem)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A small, sound ext2 superblock: 4096 blocks of 1 KiB, one group of 8192 blocks, 128 inodes.
    pub(in crate::fs::ext) fn golden() -> Vec<u8> {
        let mut bytes = vec![0; 1024];
        let mut put =
            |offset: usize, value: u32| bytes[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
        put(0, 128);
        put(4, 4096);
        put(20, 1);
        put(32, 8192);
        put(36, 8192);
        put(40, 128);
        put(56, 0xEF53);
        put(76, 1);
        put(84, 11);
        put(88, 128);
        put(96, 2);
        bytes
    }

    fn poked(offset: usize, value: u32) -> String {
        let mut bytes = golden();
        bytes[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
        Superblock::parse(&bytes).unwrap_err().to_string()
    }

    #[test]
    fn golden_superblock_is_ext2() {
        let superblock = Superblock::parse(&golden()).unwrap();
        assert_eq!(superblock.kind(), "ext2");
        assert_eq!(superblock.block_size, 1024);
        assert_eq!(superblock.group_count(), 1);
    }

    #[test]
    fn a_copy_of_revision_0_knows_its_group_by_its_place() {
        let mut copy = golden();
        copy[4..8].copy_from_slice(&12_000_u32.to_le_bytes());
        copy[76..80].fill(0);
        let mut disk = vec![0; 8193 * 1024];
        disk.extend(copy);
        assert_eq!(Superblock::read(&disk, 8193 * 1024).unwrap().block_group_nr, 1);
        assert!(super::super::probe_backup(&disk), "the copy is found where the primary is all zeros");
    }

    #[test]
    fn nonsense_is_corrupt_with_its_number() {
        assert_eq!(poked(56, 0x1234), "superblock 1024: magic 0x1234");
        assert_eq!(poked(24, 7), "superblock 1024: block size 2^(10+7), cluster size 2^(10+7)");
        assert_eq!(poked(32, 0), "superblock 1024: 0 blocks per group");
        assert_eq!(poked(32, 8193), "superblock 1024: 8193 blocks per group");
        assert_eq!(poked(40, 0), "superblock 1024: 0 inodes per group");
        assert_eq!(poked(88, 129), "superblock 1024: inode size 129");
        assert_eq!(poked(88, 2048), "superblock 1024: inode size 2048");
        assert_eq!(poked(20, 4096), "superblock 1024: 4096 blocks, the first is 4096");
    }

    #[test]
    fn unreadable_features_are_named() {
        assert_eq!(
            poked(96, 0x8000_1001),
            "not supported: ext: compression, dirdata, unknown incompatible features 0x80000000"
        );
    }

    #[test]
    fn every_truncation_is_an_error() {
        let bytes = golden();
        for len in 0..596 {
            assert!(Superblock::parse(&bytes[..len]).is_err(), "{len}");
        }
    }

    #[test]
    fn backups_live_in_powers_of_3_5_and_7() {
        let groups: Vec<u64> = (0..130).filter(|&group| is_sparse_group(group)).collect();
        assert_eq!(groups, [0, 1, 3, 5, 7, 9, 25, 27, 49, 81, 125]);
    }
}
