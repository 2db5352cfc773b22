//! The boot sector: geometry and names.
//!
//! Reference: Microsoft, "FAT: General Overview of On-Disk Format", version 1.03.

use super::table::Width;
use crate::bytes::{Record, Source, read_vec};
use crate::fs::{FsError, magic};

/// Where mkfs and Windows put the backup of a FAT32 boot sector, in sectors.
const BACKUP: u64 = 6;

/// What the boot sector says; all places and lengths are in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Boot {
    pub(super) width: Width,
    pub(super) sector: u64,
    pub(super) cluster: u64,
    /// Size of the volume.
    pub(super) size: u64,
    /// Where each copy of the FAT begins, the one in use first.
    pub(super) tables: Vec<u64>,
    /// Length of one copy.
    pub(super) table_len: u64,
    /// Where the root directory of FAT12 and FAT16 lies, and how long it is.
    pub(super) root: (u64, u64),
    /// First cluster of the root directory of FAT32.
    pub(super) root_cluster: u32,
    /// Where cluster 2 lies.
    pub(super) data: u64,
    /// Clusters of data, as far as the FAT has entries for them.
    pub(super) clusters: u32,
    /// Clusters of data without an entry in the FAT.
    pub(super) uncovered: u64,
    pub(super) serial: u32,
}

impl Boot {
    /// Decodes the sector that lies at byte `offset`.
    pub(super) fn parse(bytes: &[u8], offset: u64) -> Result<Self, FsError> {
        let bad = |problem: String| FsError::corrupt("boot sector", offset, problem);
        let record = Record::new("boot sector", bytes);
        let word = |at| record.u16_le(at).map(u64::from);
        let (sector, per_cluster) = (word(11)?, u64::from(record.u8(13)?));
        if !matches!(sector, 512 | 1024 | 2048 | 4096) || !per_cluster.is_power_of_two() {
            return Err(bad(format!("{per_cluster} sectors of {sector} bytes a cluster")));
        }
        let (reserved, copies) = (word(14)?, u64::from(record.u8(16)?));
        let short = word(22)?;
        let wide = short == 0;
        let table = if wide { record.u32_le(36)?.into() } else { short };
        let sectors = match word(19)? {
            0 => record.u32_le(32)?.into(),
            sectors => sectors,
        };
        let root_len = (word(17)? * 32).next_multiple_of(sector);
        let root = (reserved + copies * table) * sector;
        let data = root + root_len;
        let clusters = (sectors * sector).checked_sub(data).map(|bytes| bytes / (per_cluster * sector));
        let clusters = clusters.filter(|&count| count > 0 && reserved > 0 && copies > 0 && table > 0);
        let clusters = clusters.ok_or_else(|| {
            bad(format!(
                "{sectors} sectors: {reserved} reserved, {copies} FATs of {table}, {root_len} bytes of root"
            ))
        })?;
        let width = match clusters {
            _ if wide => Width::Fat32,
            0..4085 => Width::Fat12,
            _ => Width::Fat16,
        };
        let covered = width.entries(table * sector).saturating_sub(2).min(0x0fff_fff0);
        Ok(Self {
            width,
            sector,
            cluster: per_cluster * sector,
            size: sectors * sector,
            tables: in_use_first(copies, if wide { word(40)? } else { 0 })
                .map(|copy| (reserved + copy * table) * sector)
                .collect(),
            table_len: table * sector,
            root: (root, root_len),
            root_cluster: if wide { record.u32_le(44)? } else { 0 },
            data,
            clusters: u32::try_from(clusters.min(covered)).unwrap_or(u32::MAX),
            uncovered: clusters.saturating_sub(covered),
            serial: record.u32_le(if wide { 67 } else { 39 })?,
        })
    }

    pub(super) fn read(source: &dyn Source) -> Result<Self, FsError> {
        Self::parse(&read_vec(source, 0, 512)?, 0)
    }

    /// Looks for the backup of a FAT32 boot sector.
    pub(super) fn backup(source: &dyn Source) -> Option<Self> {
        [512, 1024, 2048, 4096].into_iter().find_map(|sector| {
            let offset = BACKUP * sector;
            let bytes = read_vec(source, offset, 512).ok()?;
            let boot = Self::parse(&bytes, offset).ok().filter(|_| is_marked(&bytes))?;
            (boot.width == Width::Fat32 && boot.sector == sector).then_some(boot)
        })
    }
}

/// Whether the first sector has the marks of a FAT volume, or is one without them.
pub(super) fn describes_volume(source: &dyn Source) -> bool {
    let Ok(bytes) = read_vec(source, 0, 512) else { return false };
    let boot = Boot::parse(&bytes, 0);
    boot.is_ok_and(|boot| is_marked(&bytes) || begins_table(source, &boot, bytes.get(21).copied()))
}

/// Whether the FAT begins as it must, with the kind of `medium` and all ones: kernels mount a volume without jump,
/// name and 0xaa55, so one that has only its numbers is read, too.
fn begins_table(source: &dyn Source, boot: &Boot, medium: Option<u8>) -> bool {
    let Some(medium @ (0xf0 | 0xf8..)) = medium else { return false };
    let first = boot.tables.first().and_then(|&at| read_vec(source, at, 3).ok());
    first.is_some_and(|first| first == [medium, 0xff, 0xff]) && magic::recognise(source).is_none()
}

fn is_marked(bytes: &[u8]) -> bool {
    let record = Record::new("boot sector", bytes);
    let jump = matches!(record.u8(0), Ok(0xeb | 0xe9));
    let named = [54, 82].into_iter().any(|at| record.bytes(at, 3).is_ok_and(|mark| mark == b"FAT"));
    jump && named && record.u16_le(510).is_ok_and(|mark| mark == 0xaa55)
}

/// The copies of the FAT: the first is the one in use, unless FAT32 says that only another is kept.
fn in_use_first(copies: u64, flags: u64) -> impl Iterator<Item = u64> {
    let only = (flags & 0x80 != 0).then_some(flags & 15).filter(|&copy| copy < copies);
    (0..copies).filter(move |copy| only.is_none_or(|only| only == *copy))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 64 sectors: one reserved, two tables of one, 16 entries of root; no jump, no name, no 0xaa55.
    fn bare() -> Vec<u8> {
        let mut volume = vec![0; 64 * 512];
        volume[11..24].copy_from_slice(&[0, 2, 1, 1, 0, 2, 16, 0, 64, 0, 0xf8, 1, 0]);
        volume[512..515].copy_from_slice(&[0xf8, 0xff, 0xff]);
        volume
    }

    #[test]
    fn a_volume_without_marks_is_known_by_the_start_of_its_table() {
        assert!(describes_volume(&bare()));
        for (at, other) in [(512, 0xf0), (513, 0), (21, 0xf0), (21, 7), (13, 3)] {
            let mut volume = bare();
            volume[at] = other;
            assert!(!describes_volume(&volume), "{other:#x} at {at}");
        }
    }
}
