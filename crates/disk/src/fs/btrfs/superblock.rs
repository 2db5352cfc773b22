//! The superblock and its two copies.
//!
//! Reference: `struct btrfs_super_block` in `include/uapi/linux/btrfs_tree.h`, and the btrfs documentation,
//! "On-disk format".

use super::checksum::Checksum;
use crate::bytes::{Record, Source, read_vec};
use crate::fs::FsError;

/// Where the superblock and its copies lie, in bytes from the start of the device.
pub(super) const PLACES: [u64; 3] = [64 << 10, 64 << 20, 256 << 30];
/// Its length in bytes.
pub(super) const SIZE: usize = 4096;

const MAGIC: &[u8] = b"_BHRfS_M";

/// Features without which nothing can be read.
mod incompat {
    pub(super) const ZONED: u64 = 1 << 12;
    pub(super) const EXTENT_TREE_V2: u64 = 1 << 13;
    pub(super) const RAID_STRIPE_TREE: u64 = 1 << 14;
    pub(super) const METADATA_UUID: u64 = 1 << 10;
    /// Up to RAID1C34, and simple quotas.
    pub(super) const KNOWN: u64 = 0xfff | 1 << 16;
}

/// What the superblock says.
#[derive(Clone, Debug)]
pub(super) struct Superblock {
    /// Where it was read, in bytes.
    pub(super) place: u64,
    pub(super) checksum_matches: bool,
    pub(super) checksum: Checksum,
    pub(super) fsid: [u8; 16],
    /// What every block of metadata carries: `fsid`, unless that was changed.
    pub(super) metadata_uuid: [u8; 16],
    pub(super) generation: u64,
    /// Logical addresses of the roots of three trees; the log's is 0 where there is none.
    pub(super) root: u64,
    pub(super) chunk_root: u64,
    pub(super) log_root: u64,
    pub(super) root_level: u8,
    pub(super) chunk_root_level: u8,
    pub(super) log_root_level: u8,
    pub(super) chunk_root_generation: u64,
    /// Bytes of all devices together.
    pub(super) total_bytes: u64,
    /// The object in the tree of roots that names the default subvolume.
    pub(super) root_directory: u64,
    pub(super) device_count: u64,
    pub(super) sector_size: u32,
    pub(super) node_size: u32,
    pub(super) flags: u64,
    pub(super) device: DeviceItem,
    pub(super) label: Vec<u8>,
    /// Chunks that hold the chunk tree.
    pub(super) system_chunks: Vec<u8>,
}

/// A device, as the superblock and the chunk tree describe it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DeviceItem {
    pub(super) id: u64,
    pub(super) total_bytes: u64,
    pub(super) uuid: [u8; 16],
    pub(super) fsid: [u8; 16],
}

impl DeviceItem {
    pub(super) fn parse(record: &Record<'_>) -> Result<Self, FsError> {
        Ok(Self {
            id: record.u64_le(0)?,
            total_bytes: record.u64_le(8)?,
            uuid: record.array(66)?,
            fsid: record.array(82)?,
        })
    }
}

impl Superblock {
    /// The superblock at `place`.
    pub(super) fn read(source: &dyn Source, place: u64) -> Result<Self, FsError> {
        let bytes = read_vec(source, place, SIZE)?;
        Self::parse(&bytes, place)
    }

    pub(super) fn parse(bytes: &[u8], place: u64) -> Result<Self, FsError> {
        let corrupt = |problem: String| FsError::corrupt("superblock", place, problem);
        let record = Record::new("superblock", bytes);
        if record.bytes(64, 8)? != MAGIC {
            return Err(corrupt("its mark is missing".to_owned()));
        }
        if record.u64_le(48)? != place {
            return Err(corrupt(format!("says that it lies at {}", record.u64_le(48)?)));
        }
        let features = record.u64_le(188)?;
        check_features(features)?;
        let checksum = Checksum::from_code(record.u16_le(196)?)?;
        let fsid = record.array(32)?;
        let moved = features & incompat::METADATA_UUID != 0;
        let label = record.bytes(299, 256)?;
        let end = label.iter().position(|&byte| byte == 0).unwrap_or(label.len());
        let array = record.u32_le(160)? as usize;
        let found = Self {
            place,
            checksum_matches: checksum.matches(record.bytes(32, SIZE - 32)?, record.bytes(0, 32)?),
            checksum,
            fsid,
            metadata_uuid: if moved { record.array(571)? } else { fsid },
            generation: record.u64_le(72)?,
            root: record.u64_le(80)?,
            chunk_root: record.u64_le(88)?,
            log_root: record.u64_le(96)?,
            root_level: record.u8(198)?,
            chunk_root_level: record.u8(199)?,
            log_root_level: record.u8(200)?,
            chunk_root_generation: record.u64_le(164)?,
            total_bytes: record.u64_le(112)?,
            root_directory: record.u64_le(128)?,
            device_count: record.u64_le(136)?,
            sector_size: record.u32_le(144)?,
            node_size: record.u32_le(148)?,
            flags: record.u64_le(56)?,
            device: DeviceItem::parse(&record.part("device item", 201, 98)?)?,
            label: label.get(..end).unwrap_or_default().to_vec(),
            system_chunks: record.part("system chunks", 811, 2048)?.bytes(0, array)?.to_vec(),
        };
        found.check_sizes().map_err(corrupt)?;
        Ok(found)
    }

    fn check_sizes(&self) -> Result<(), String> {
        let (sector, node) = (self.sector_size, self.node_size);
        let possible = |size: u32| size.is_power_of_two() && (4096..=65536).contains(&size);
        if possible(sector) && possible(node) && node >= sector {
            return Ok(());
        }
        Err(format!("sectors of {sector} bytes, nodes of {node} bytes"))
    }

    /// Whether the file system is a dump of metadata, without the content of files.
    pub(super) const fn is_metadata_dump(&self) -> bool {
        self.flags & (3 << 33) != 0
    }
}

/// # Errors
/// [`FsError::Unsupported`], where a feature changes what this program relies on.
fn check_features(features: u64) -> Result<(), FsError> {
    let named = [
        (incompat::ZONED, "zoned devices"),
        (incompat::EXTENT_TREE_V2, "the second form of the extent tree"),
        (incompat::RAID_STRIPE_TREE, "the tree of RAID stripes"),
    ];
    if let Some((_, name)) = named.iter().find(|(bit, _)| features & bit != 0) {
        return Err(FsError::Unsupported(format!("btrfs with {name}")));
    }
    let unknown = features & !incompat::KNOWN;
    if unknown != 0 {
        return Err(FsError::Unsupported(format!("btrfs with the unknown features {unknown:#x}")));
    }
    Ok(())
}

/// Whether the superblock's mark is in its first place.
pub(super) fn has_magic(source: &dyn Source) -> bool {
    marked(source, PLACES[0])
}

fn marked(source: &dyn Source, place: u64) -> bool {
    read_vec(source, place.saturating_add(64), MAGIC.len()).is_ok_and(|found| found == MAGIC)
}

/// The copy behind the first place that is sound, the newest of several.
pub(super) fn find_copy(source: &dyn Source) -> Option<Superblock> {
    let behind = PLACES.get(1..).unwrap_or_default();
    let found = behind.iter().filter_map(|&place| Superblock::read(source, place).ok());
    found.filter(|superblock| superblock.checksum_matches).max_by_key(|superblock| superblock.generation)
}

/// The newest sound superblock; where none is sound, the first one that makes sense. The text says what
/// was wrong.
///
/// # Errors
/// What is wrong with the first one, where there is no other.
pub(super) fn find(source: &dyn Source) -> Result<(Superblock, Option<String>), FsError> {
    let first = match Superblock::read(source, PLACES[0]) {
        Err(error @ FsError::Unsupported(_)) => return Err(error),
        first => first,
    };
    let copy = find_copy(source);
    let problem = match &first {
        Ok(first) if first.checksum_matches => {
            let newer = copy.filter(|copy| copy.generation > first.generation && copy.fsid == first.fsid);
            let text =
                newer.as_ref().map(|copy| format!("the copy of the superblock at {} is newer", copy.place));
            return Ok((newer.unwrap_or_else(|| first.clone()), text));
        }
        Ok(_) => "has a wrong checksum".to_owned(),
        Err(error) => format!("is damaged ({error})"),
    };
    match (copy, first) {
        (Some(copy), _) => {
            let text = format!("the superblock {problem}; its copy at {} is used", copy.place);
            Ok((copy, Some(text)))
        }
        (None, Ok(first)) => Ok((first, Some(format!("the superblock {problem}; it is used as it is")))),
        (None, Err(error)) => Err(error),
    }
}
