//! The headers of an allocation group: its free space (AGF), its inodes (AGI), its spare blocks (AGFL), in
//! the sectors behind its superblock.
//!
//! Reference: *XFS Algorithms & Data Structures*, "Allocation Groups".

use std::collections::BTreeSet;

use super::checksum;
use super::volume::Volume;
use crate::bytes::{Record, read_vec};
use crate::fs::FsError;

/// Groups whose headers are looked at when a file system is opened.
const MAX_SURVEYED: u32 = 16_384;
/// Deleted inodes that are counted.
const MAX_UNLINKED: usize = 100_000;
/// No inode.
const NONE: u32 = u32::MAX;

/// What the AGF says.
#[derive(Clone, Copy, Debug)]
pub(super) struct FreeSpace {
    /// Root of the tree of free runs by place, and its height.
    pub(super) root: u32,
    pub(super) levels: u32,
    /// The ring of spare blocks: first and last slot in use, and their number.
    pub(super) spare: (u32, u32, u32),
    /// Free blocks without the spare ones.
    pub(super) free: u32,
}

/// Reads the AGF of `group`.
pub(super) fn free_space(volume: &Volume, group: u32) -> Result<FreeSpace, FsError> {
    let sector = sector(volume, group, 1)?;
    let record = Record::new("AGF", &sector);
    check_magic(&record, b"XAGF", group)?;
    volume.verify_of_group(group, &sector, checksum::AGF);
    Ok(FreeSpace {
        root: record.u32_be(16)?,
        levels: record.u32_be(28)?,
        spare: (record.u32_be(40)?, record.u32_be(44)?, record.u32_be(48)?),
        free: record.u32_be(52)?,
    })
}

/// The spare blocks of `group`, as its AGFL and AGF say.
pub(super) fn spare_blocks(volume: &Volume, group: u32, space: &FreeSpace) -> Result<Vec<u32>, FsError> {
    let sector = sector(volume, group, 3)?;
    let record = Record::new("AGFL", &sector);
    let header = if volume.has_checksums() {
        check_magic(&record, b"XAFL", group)?;
        volume.verify_of_group(group, &sector, checksum::AGFL);
        36
    } else {
        0
    };
    let slots = u32::try_from(sector.len().saturating_sub(header) / 4).unwrap_or(0);
    let (first, last, count) = space.spare;
    if first >= slots || last >= slots || count > slots {
        let problem = format!("spare blocks {first} to {last}, {count} in {slots} slots");
        return Err(FsError::corrupt("group", group.into(), problem));
    }
    let slot = |index: u32| {
        let at = (first.saturating_add(index) % slots) as usize;
        Ok(record.u32_be(header.saturating_add(at.saturating_mul(4)))?)
    };
    (0..count).map(slot).collect()
}

/// What the headers of all groups say together.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Free blocks; `None`, where not every group says it.
    pub(super) free: Option<u64>,
    /// Inodes that were deleted while open.
    pub(super) unlinked: usize,
}

/// Looks at the headers of all groups.
pub(super) fn survey(volume: &Volume) -> Survey {
    let groups = volume.superblock.groups;
    let mut free = Some(0_u64).filter(|_| groups <= MAX_SURVEYED);
    let mut unlinked = BTreeSet::new();
    for group in 0..groups.min(MAX_SURVEYED) {
        let blocks = free_space(volume, group).ok();
        free = free
            .zip(blocks)
            .map(|(sum, space)| sum.saturating_add(space.free.into()).saturating_add(space.spare.2.into()));
        // Headers that cannot be read are told where they are needed.
        let _ = unlinked_inodes(volume, group, &mut unlinked);
    }
    Survey { free, unlinked: unlinked.len() }
}

/// Follows the 64 chains of deleted inodes of `group`.
fn unlinked_inodes(volume: &Volume, group: u32, found: &mut BTreeSet<u64>) -> Result<(), FsError> {
    let sector = sector(volume, group, 2)?;
    let record = Record::new("AGI", &sector);
    check_magic(&record, b"XAGI", group)?;
    volume.verify_of_group(group, &sector, checksum::AGI);
    for bucket in 0..64 {
        let mut next = record.u32_be(40 + bucket * 4)?;
        while next != NONE && found.len() < MAX_UNLINKED {
            let number = volume.superblock.pack(group, 0) << volume.superblock.inode_log | u64::from(next);
            if !found.insert(number) {
                break;
            }
            next = volume.inode(number)?.next_unlinked;
        }
    }
    Ok(())
}

pub(super) fn sector(volume: &Volume, group: u32, index: u64) -> Result<Vec<u8>, FsError> {
    let size = u64::from(volume.superblock.sector_size);
    let offset = volume.superblock.group_offset(group).saturating_add(size.saturating_mul(index));
    Ok(read_vec(&*volume.source, offset, volume.superblock.sector_size.into())?)
}

pub(super) fn check_magic(record: &Record<'_>, magic: &[u8; 4], group: u32) -> Result<(), FsError> {
    if record.bytes(0, 4)? == magic {
        return Ok(());
    }
    let (found, wanted) = (record.u32_be(0)?, String::from_utf8_lossy(magic));
    Err(FsError::corrupt("group", group.into(), format!("{wanted}: magic {found:#010x}")))
}
