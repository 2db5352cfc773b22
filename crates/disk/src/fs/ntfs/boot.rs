//! The boot sector: geometry, and where the master file table lies.
//!
//! Reference: the layout as ntfs-3g's `layout.h` describes it (NTFS_BOOT_SECTOR).

use crate::bytes::{Record, Source, read_vec};
use crate::fs::FsError;

const MARK: &[u8] = b"NTFS    ";

/// What the boot sector says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Boot {
    /// Bytes of a cluster.
    pub(super) cluster: u64,
    /// Clusters of the volume.
    pub(super) clusters: u64,
    /// Size of the volume in bytes, without the backup of this sector behind it.
    pub(super) size: u64,
    /// Bytes of a sector: that long is the backup behind the volume.
    pub(super) sector: u64,
    /// First cluster of the master file table.
    pub(super) mft: u64,
    /// First cluster of the copy of its first records.
    pub(super) mirror: u64,
    /// Bytes of a file record.
    pub(super) record: u32,
    /// The serial number: blkid's UUID.
    pub(super) serial: u64,
}

impl Boot {
    /// Decodes the sector that lies at byte `offset`.
    pub(super) fn parse(bytes: &[u8], offset: u64) -> Result<Self, FsError> {
        let bad = |problem: String| FsError::corrupt("boot sector", offset, problem);
        let record = Record::new("boot sector", bytes);
        if record.bytes(3, 8)? != MARK {
            return Err(bad("no mark of NTFS".into()));
        }
        let sector = u64::from(record.u16_le(11)?);
        if !sector.is_power_of_two() || !(256..=4096).contains(&sector) {
            return Err(bad(format!("sectors of {sector} bytes")));
        }
        let cluster = match record.u8(13)? {
            // Clusters of more than 64 KiB: the exponent, negative.
            shift @ 0xf0..=0xff => sector.saturating_mul(1 << (0_u32.wrapping_sub(u32::from(shift)) & 0xff)),
            count => sector.saturating_mul(u64::from(count)),
        };
        if !cluster.is_power_of_two() || cluster > 2 << 20 {
            return Err(bad(format!("clusters of {cluster} bytes")));
        }
        let sectors = record.u64_le(40)?;
        let size = sectors.checked_mul(sector).ok_or_else(|| bad(format!("{sectors} sectors")))?;
        let boot = Self {
            cluster,
            clusters: size / cluster,
            size,
            sector,
            mft: record.u64_le(48)?,
            mirror: record.u64_le(56)?,
            record: unit(record.u8(64)?, cluster).ok_or_else(|| bad("size of file records".into()))?,
            serial: record.u64_le(72)?,
        };
        if boot.mft == 0 || boot.mft >= boot.clusters {
            let Self { mft, clusters, .. } = boot;
            return Err(bad(format!("master file table in cluster {mft} of {clusters}")));
        }
        Ok(boot)
    }

    /// Reads the boot sector.
    pub(super) fn read(source: &dyn Source) -> Result<Self, FsError> {
        Self::parse(&read_vec(source, 0, 512)?, 0)
    }

    /// Looks for the backup in the last sector of the volume, as far as the file table lies where it says.
    pub(super) fn backup(source: &dyn Source) -> Option<Self> {
        [512, 1024, 2048, 4096].into_iter().find_map(|sector| {
            let offset = source.len().checked_sub(sector)?;
            let boot = Self::parse(&read_vec(source, offset, 512).ok()?, offset).ok()?;
            boot.has_table(source).then_some(boot)
        })
    }

    /// Whether a file record begins where the file table, or its copy, should.
    fn has_table(&self, source: &dyn Source) -> bool {
        [self.mft, self.mirror].into_iter().any(|cluster| {
            read_vec(source, cluster.saturating_mul(self.cluster), 4).is_ok_and(|mark| mark == b"FILE")
        })
    }
}

/// Whether the first sector has the mark.
pub(super) fn has_mark(source: &dyn Source) -> bool {
    read_vec(source, 3, MARK.len()).is_ok_and(|mark| mark == MARK)
}

/// A size in clusters, or a negative exponent of its bytes; between 256 bytes and 64 KiB.
fn unit(value: u8, cluster: u64) -> Option<u32> {
    let bytes = match value {
        0x80..=0xff => 1_u64.checked_shl(0_u32.wrapping_sub(u32::from(value)) & 0xff)?,
        count => cluster.checked_mul(u64::from(count))?,
    };
    u32::try_from(bytes).ok().filter(|bytes| bytes.is_power_of_two() && (256..=65536).contains(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden() -> Vec<u8> {
        let mut bytes = vec![0; 512];
        bytes[3..11].copy_from_slice(MARK);
        bytes[11..13].copy_from_slice(&512_u16.to_le_bytes());
        bytes[13] = 8;
        bytes[40..48].copy_from_slice(&8191_u64.to_le_bytes());
        bytes[48] = 4;
        bytes[56] = 100;
        bytes[64] = 0xf6;
        bytes[68] = 1;
        bytes
    }

    fn poked(offset: usize, value: u8) -> String {
        let mut bytes = golden();
        bytes[offset] = value;
        Boot::parse(&bytes, 0).unwrap_err().to_string()
    }

    #[test]
    fn golden_sector_has_its_geometry() {
        let boot = Boot::parse(&golden(), 0).unwrap();
        assert_eq!((boot.cluster, boot.record, boot.clusters), (4096, 1024, 1023));
        let mut large = golden();
        large[13] = 0xf5; // 2^11 sectors
        large[40..48].copy_from_slice(&(1_u64 << 20).to_le_bytes());
        assert_eq!(Boot::parse(&large, 0).unwrap().cluster, 1 << 20);
    }

    #[test]
    fn nonsense_is_corrupt_with_its_number() {
        assert_eq!(poked(12, 3), "boot sector 0: sectors of 768 bytes");
        assert_eq!(poked(13, 3), "boot sector 0: clusters of 1536 bytes");
        assert_eq!(poked(49, 255), "boot sector 0: master file table in cluster 65284 of 1023");
        assert_eq!(poked(64, 0), "boot sector 0: size of file records");
        assert_eq!(poked(47, 255), "boot sector 0: 18374686479671631871 sectors");
    }
}
