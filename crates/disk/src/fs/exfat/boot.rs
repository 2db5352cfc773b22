//! The boot region: geometry, and a checksum over it.
//!
//! Reference: Microsoft, "exFAT file system specification", section 3.

use crate::bytes::{Record, Source, read_vec};
use crate::fs::FsError;

/// Sectors of the boot region; its backup follows it.
const REGION: u64 = 12;

/// What the boot sector says; places and lengths are in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Boot {
    pub(super) size: u64,
    /// Where each copy of the FAT begins, the one in use first.
    pub(super) tables: Vec<u64>,
    pub(super) data: u64,
    pub(super) clusters: u32,
    pub(super) cluster: u64,
    pub(super) root: u32,
    pub(super) serial: u32,
    pub(super) is_dirty: bool,
}

impl Boot {
    /// Decodes the boot sector at byte `offset`.
    pub(super) fn parse(bytes: &[u8], offset: u64) -> Result<Self, FsError> {
        let bad = |problem: String| FsError::corrupt("boot sector", offset, problem);
        let record = Record::new("boot sector", bytes);
        if record.bytes(3, 8)? != b"EXFAT   " {
            return Err(bad("no mark of exFAT".into()));
        }
        let (shift, per_cluster) = (u32::from(record.u8(108)?), u32::from(record.u8(109)?));
        if !(9..=12).contains(&shift) || per_cluster > 25 - shift {
            return Err(bad(format!("2^{per_cluster} sectors of 2^{shift} bytes a cluster")));
        }
        let sectors = |count: u64| count.checked_shl(shift).filter(|bytes| bytes >> shift == count);
        let size = sectors(record.u64_le(72)?).ok_or_else(|| bad("its size".into()))?;
        let (table, table_len) = (u64::from(record.u32_le(80)?), u64::from(record.u32_le(84)?));
        let (data, clusters) = (u64::from(record.u32_le(88)?), record.u32_le(92)?);
        if clusters > 0xffff_fff5 || (table_len << shift) / 4 < u64::from(clusters) + 2 {
            return Err(bad(format!("{clusters} clusters in a FAT of {table_len} sectors")));
        }
        let flags = record.u16_le(106)?;
        let copies = u64::from(record.u8(110)?).min(2);
        let mut tables: Vec<u64> = (0..copies).map(|copy| (table + copy * table_len) << shift).collect();
        if flags & 1 != 0 {
            tables.reverse();
        }
        Ok(Self {
            size,
            tables,
            data: data << shift,
            clusters,
            cluster: 1 << (shift + per_cluster),
            root: record.u32_le(96)?,
            serial: record.u32_le(100)?,
            is_dirty: flags & 2 != 0,
        })
    }

    /// Reads the boot region, or its backup where the first is damaged; whether it was the backup.
    pub(super) fn read(source: &dyn Source) -> Result<(Self, bool), FsError> {
        let main = Self::region(source, 0, None);
        let Err(error) = main else { return main.map(|boot| (boot, false)) };
        Self::backup(source).map(|boot| (boot, true)).ok_or(error)
    }

    /// Looks for the backup of the boot region.
    pub(super) fn backup(source: &dyn Source) -> Option<Self> {
        [9, 10, 11, 12].into_iter().find_map(|shift| Self::region(source, REGION << shift, Some(shift)).ok())
    }

    /// The boot region at `offset`, with its checksum.
    fn region(source: &dyn Source, offset: u64, shift: Option<u8>) -> Result<Self, FsError> {
        let sector = read_vec(source, offset, 512)?;
        let boot = Self::parse(&sector, offset)?;
        let own = Record::new("boot sector", &sector).u8(108)?;
        if shift.is_some_and(|shift| shift != own) {
            return Err(FsError::corrupt("boot sector", offset, "is not of this size"));
        }
        let len = (REGION - 1) << own;
        let region = read_vec(source, offset, usize::try_from(len).unwrap_or(0))?;
        // The state of the volume, and how full it is, change without the checksum.
        let counted = region.iter().enumerate().filter(|(at, _)| !matches!(at, 106 | 107 | 112));
        let sum = counted.fold(0_u32, |sum, (_, &byte)| sum.rotate_right(1).wrapping_add(byte.into()));
        let kept = read_vec(source, offset.saturating_add(len), 4)?;
        let kept = Record::new("checksum of the boot region", &kept).u32_le(0)?;
        if kept == sum {
            Ok(boot)
        } else {
            let problem = format!("the checksum of its region is {sum:#010x}, not {kept:#010x}");
            Err(FsError::corrupt("boot sector", offset, problem))
        }
    }
}

/// Whether the first sector has the mark.
pub(super) fn has_mark(source: &dyn Source) -> bool {
    read_vec(source, 3, 8).is_ok_and(|mark| mark == b"EXFAT   ")
}
