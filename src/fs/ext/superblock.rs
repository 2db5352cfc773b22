//! The superblock, primary or backup.
//!
//! Reference: the kernel's Documentation/filesystems/ext4/super.rst.

use crate::bytes::{Record, Source, read_vec};
use crate::fs::FsError;

/// Where the primary superblock lies, in bytes.
pub(super) const PRIMARY: u64 = 1024;
/// Length of a superblock in bytes.
const LENGTH: usize = 1024;
const MAGIC: u16 = 0xef53;

pub(super) const INCOMPAT_COMPRESSION: u32 = 0x1;
pub(super) const INCOMPAT_RECOVER: u32 = 0x4;
pub(super) const INCOMPAT_JOURNAL_DEV: u32 = 0x8;
pub(super) const INCOMPAT_META_BG: u32 = 0x10;
const INCOMPAT_EXTENTS: u32 = 0x40;
const INCOMPAT_64BIT: u32 = 0x80;
/// filetype, recover, meta_bg, extents, 64bit, mmp, flex_bg, ea_inode, dirdata, csum_seed, largedir,
/// inline_data, encrypt, casefold.
const INCOMPAT_KNOWN: u32 = 0x2
    | 0x4
    | 0x10
    | 0x40
    | 0x80
    | 0x100
    | 0x200
    | 0x400
    | 0x1000
    | 0x2000
    | 0x4000
    | 0x8000
    | 0x1_0000
    | 0x2_0000;
const COMPAT_HAS_JOURNAL: u32 = 0x4;
const RO_COMPAT_SPARSE_SUPER: u32 = 0x1;
const RO_COMPAT_GDT_CSUM: u32 = 0x10;
const RO_COMPAT_BIGALLOC: u32 = 0x200;
const RO_COMPAT_METADATA_CSUM: u32 = 0x400;

/// What the superblock says, checked.
#[derive(Clone, Debug)]
pub(super) struct Superblock {
    pub(super) inodes: u32,
    pub(super) blocks: u64,
    pub(super) free_blocks: u64,
    pub(super) first_data_block: u32,
    /// Bytes of a block.
    pub(super) block_size: u32,
    /// Blocks of a cluster: 1 without bigalloc.
    pub(super) cluster_blocks: u32,
    pub(super) blocks_per_group: u32,
    pub(super) clusters_per_group: u32,
    pub(super) inodes_per_group: u32,
    pub(super) inode_size: u16,
    /// Bytes of a group descriptor.
    pub(super) desc_size: u16,
    pub(super) compat: u32,
    pub(super) incompat: u32,
    pub(super) ro_compat: u32,
    pub(super) uuid: [u8; 16],
    pub(super) label: Vec<u8>,
    pub(super) last_mounted: Vec<u8>,
    pub(super) journal_inode: u32,
    pub(super) journal_device: u32,
    /// The journal's block map, kept beside its inode (`s_jnl_blocks`): 15 words, then the size.
    pub(super) journal_backup: Vec<u8>,
    pub(super) first_meta_bg: u32,
    /// Blocks kept for descriptors to come (`s_reserved_gdt_blocks`).
    pub(super) reserved_descriptors: u16,
    /// Whether the checksum is right; true where there is none.
    pub(super) checksum_ok: bool,
}

impl Superblock {
    /// Reads the superblock at byte `offset`.
    pub(super) fn read(source: &dyn Source, offset: u64) -> Result<Self, FsError> {
        Self::parse(&read_vec(source, offset, LENGTH)?, offset)
    }

    /// Whether the mark is there.
    pub(super) fn is_marked(source: &dyn Source, offset: u64) -> bool {
        let at = offset.saturating_add(0x38);
        read_vec(source, at, 2).is_ok_and(|magic| magic == MAGIC.to_le_bytes())
    }

    fn parse(bytes: &[u8], offset: u64) -> Result<Self, FsError> {
        let r = Record::new("superblock", bytes);
        let bad = |problem: String| FsError::corrupt("superblock", offset, problem);
        let magic = r.u16_le(0x38)?;
        if magic != MAGIC {
            return Err(bad(format!("magic {magic:#x} instead of {MAGIC:#x}")));
        }
        let log_block = r.u32_le(0x18)?;
        let log_cluster = r.u32_le(0x1c)?;
        if log_block > 6 {
            return Err(bad(format!("block size 2^(10+{log_block})")));
        }
        let dynamic = r.u32_le(0x4c)? >= 1;
        let (compat, incompat, ro_compat) = (r.u32_le(0x5c)?, r.u32_le(0x60)?, r.u32_le(0x64)?);
        let wide = incompat & INCOMPAT_64BIT != 0;
        let join = |low: u32, high: u32| u64::from(low) | if wide { u64::from(high) << 32 } else { 0 };
        let block_size = 1024_u32 << log_block;
        let bigalloc = ro_compat & RO_COMPAT_BIGALLOC != 0;
        if bigalloc && !(log_block..=log_block + 16).contains(&log_cluster) {
            return Err(bad(format!("cluster size 2^(10+{log_cluster})")));
        }
        let cluster_blocks = if bigalloc { 1 << (log_cluster - log_block) } else { 1 };
        let stored = r.u32_le(0x3fc)?;
        let checked = ro_compat & RO_COMPAT_METADATA_CSUM != 0;
        let sum = !crc32c::crc32c(r.bytes(0, 0x3fc)?);
        let trimmed = |bytes: &[u8]| bytes.split(|&byte| byte == 0).next().unwrap_or_default().to_vec();
        let superblock = Self {
            inodes: r.u32_le(0)?,
            blocks: join(r.u32_le(4)?, r.u32_le(0x150)?),
            free_blocks: join(r.u32_le(0xc)?, r.u32_le(0x158)?),
            first_data_block: r.u32_le(0x14)?,
            block_size,
            cluster_blocks,
            blocks_per_group: r.u32_le(0x20)?,
            clusters_per_group: if bigalloc { r.u32_le(0x24)? } else { r.u32_le(0x20)? },
            inodes_per_group: r.u32_le(0x28)?,
            inode_size: if dynamic { r.u16_le(0x58)? } else { 128 },
            desc_size: if wide { r.u16_le(0xfe)?.max(32) } else { 32 },
            compat,
            incompat,
            ro_compat,
            uuid: r.array(0x68)?,
            label: trimmed(r.bytes(0x78, 16)?),
            last_mounted: trimmed(r.bytes(0x88, 64)?),
            journal_inode: r.u32_le(0xe0)?,
            journal_device: r.u32_le(0xe4)?,
            journal_backup: r.bytes(0x10c, 68)?.to_vec(),
            first_meta_bg: r.u32_le(0x104)?,
            reserved_descriptors: r.u16_le(0xce)?,
            // The kernel's crc32c begins with all ones and is not inverted at the end.
            checksum_ok: !checked || sum == stored,
        };
        superblock.check(bad)?;
        Ok(superblock)
    }

    fn check(&self, bad: impl Fn(String) -> FsError) -> Result<(), FsError> {
        let unknown = self.incompat & !INCOMPAT_KNOWN;
        if self.incompat & INCOMPAT_COMPRESSION != 0 {
            return Err(FsError::Unsupported("an ext file system with compression (e2compr)".to_owned()));
        }
        if self.incompat & INCOMPAT_JOURNAL_DEV != 0 {
            return Err(FsError::Unsupported("an external ext journal: there are no files in it".to_owned()));
        }
        if unknown != 0 {
            return Err(FsError::Unsupported(format!("ext features {unknown:#x} (incompatible, unknown)")));
        }
        let size = u32::from(self.inode_size);
        let possible = [
            (
                size.is_power_of_two() && (128..=self.block_size).contains(&size),
                "inode size",
                u64::from(size),
            ),
            (self.blocks_per_group > 0, "blocks per group", u64::from(self.blocks_per_group)),
            (
                self.clusters_per_group > 0 && self.clusters_per_group <= self.block_size * 8,
                "clusters per group",
                u64::from(self.clusters_per_group),
            ),
            (
                self.inodes_per_group > 0 && self.inodes_per_group <= self.block_size * 8,
                "inodes per group",
                u64::from(self.inodes_per_group),
            ),
            (self.blocks > u64::from(self.first_data_block), "blocks", self.blocks),
            (self.blocks < 1 << 48, "blocks", self.blocks),
            (
                self.desc_size.is_power_of_two() && self.desc_size <= 1024,
                "descriptor size",
                u64::from(self.desc_size),
            ),
        ];
        match possible.iter().find(|(ok, ..)| !ok) {
            Some((_, what, value)) => Err(bad(format!("{what} {value}"))),
            None => Ok(()),
        }
    }

    /// Number of block groups.
    pub(super) fn groups(&self) -> u64 {
        let data = self.blocks.saturating_sub(self.first_data_block.into());
        data.div_ceil(self.blocks_per_group.into())
    }

    /// The first block of a group.
    pub(super) fn group_start(&self, group: u64) -> u64 {
        group.saturating_mul(self.blocks_per_group.into()).saturating_add(self.first_data_block.into())
    }

    /// Whether a group keeps a copy of the superblock: all, or 0, 1 and the powers of 3, 5 and 7.
    pub(super) fn has_backup(&self, group: u64) -> bool {
        let power = |base: u64| {
            let mut n = base;
            while n < group {
                n = n.saturating_mul(base);
            }
            n == group
        };
        group <= 1 || self.ro_compat & RO_COMPAT_SPARSE_SUPER == 0 || power(3) || power(5) || power(7)
    }

    /// "ext2", "ext3" or "ext4", as blkid decides.
    pub(super) fn kind(&self) -> &'static str {
        // What ext3 knows: filetype, recover, meta_bg; sparse_super, large_file, btree_dir.
        let newer = self.incompat & !0x16 != 0 || self.ro_compat & !0x7 != 0;
        match (newer, self.compat & COMPAT_HAS_JOURNAL != 0) {
            (true, _) => "ext4",
            (false, true) => "ext3",
            (false, false) => "ext2",
        }
    }

    pub(super) fn has_journal(&self) -> bool {
        self.compat & COMPAT_HAS_JOURNAL != 0
    }

    /// Whether bitmaps of unused groups may be uninitialised.
    pub(super) fn has_lazy_groups(&self) -> bool {
        self.ro_compat & (RO_COMPAT_GDT_CSUM | RO_COMPAT_METADATA_CSUM) != 0
    }

    pub(super) fn uses_extents(&self) -> bool {
        self.incompat & INCOMPAT_EXTENTS != 0
    }

    /// Lower-case, with hyphens.
    pub(super) fn uuid_text(&self) -> String {
        let hex: String = self.uuid.iter().map(|byte| format!("{byte:02x}")).collect();
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
    }
}
