//! Group descriptors: where each group's bitmaps and inode table lie.

use super::checksum::{crc16, crc32c, crc32c_blanked};
use super::superblock::{Superblock, incompat, ro_compat};
use crate::budget::Budget;
use crate::bytes::{Record, Source, read_vec};
use crate::fs::{FsError, Note};
use crate::gap::Loss;

/// How many backups of one descriptor block are tried.
const MAX_BACKUPS: usize = 40;

/// One block group.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Group {
    pub(super) block_bitmap: u64,
    pub(super) inode_bitmap: u64,
    pub(super) inode_table: u64,
    /// In clusters.
    pub(super) free_clusters: u64,
    /// The block bitmap was never written: all is free but the metadata.
    pub(super) block_uninit: bool,
    /// The inode bitmap was never written: no inode is in use.
    pub(super) inode_uninit: bool,
    /// Checksums of the block bitmap and the inode bitmap; 16 bits of them where descriptors are short.
    pub(super) bitmap_checksums: (u32, u32),
    /// Whether those have 32 bits.
    pub(super) wide_checksums: bool,
    /// Whether the places lie inside the file system.
    pub(super) usable: bool,
}

struct Judged {
    group: Group,
    checksum_matches: bool,
}

impl Judged {
    fn is_sound(&self) -> bool {
        self.group.usable && self.checksum_matches
    }
}

/// Reads all descriptors; a bad one is replaced by its backup, where there is a better one.
///
/// # Errors
/// [`FsError::OverLimit`], if there are more than the budget allows to keep.
pub(super) fn read(
    source: &dyn Source,
    superblock: &Superblock,
    budget: &Budget,
) -> Result<(Vec<Group>, Vec<Note>), FsError> {
    let count = superblock.group_count();
    if count.saturating_mul(64) > budget.metadata_bytes {
        return Err(FsError::over_limit(format!("ext: {count} block groups"), budget.metadata_bytes / 64));
    }
    let mut reading = Reading { source, superblock, groups: Vec::new(), replaced: 0, unsure: 0, lost: 0 };
    let per_block = u64::from(superblock.block_size / u32::from(superblock.desc_size));
    let backups = backup_groups(superblock, count);
    for index in 0..count.div_ceil(per_block) {
        let first = index.saturating_mul(per_block);
        reading.block(index, first, per_block.min(count.saturating_sub(first)), &backups);
    }
    let notes = reading.notes(count);
    Ok((reading.groups, notes))
}

struct Reading<'a> {
    source: &'a dyn Source,
    superblock: &'a Superblock,
    groups: Vec<Group>,
    replaced: u64,
    unsure: u64,
    lost: u64,
}

impl Reading<'_> {
    fn block(&mut self, index: u64, first: u64, count: u64, backups: &[u64]) {
        let mut best = self.judge_block(primary_place(self.superblock, index), first, count);
        let mut replaced = vec![false; best.len()];
        for place in backup_places(self.superblock, index, backups) {
            if best.iter().all(Judged::is_sound) {
                break;
            }
            let backup = self.judge_block(place, first, count);
            for ((mine, theirs), replaced) in best.iter_mut().zip(backup).zip(&mut replaced) {
                if !mine.is_sound() && (theirs.is_sound() || theirs.group.usable && !mine.group.usable) {
                    *mine = theirs;
                    *replaced = true;
                }
            }
        }
        for (judged, replaced) in best.iter().zip(replaced) {
            self.replaced += u64::from(replaced);
            self.lost += u64::from(!judged.group.usable);
            self.unsure += u64::from(judged.group.usable && !judged.checksum_matches);
            self.groups.push(judged.group);
        }
    }

    /// The `count` descriptors in block `place`; those that cannot be read are unusable.
    fn judge_block(&self, place: u64, first: u64, count: u64) -> Vec<Judged> {
        let size = u64::from(self.superblock.block_size);
        let bytes = place
            .checked_mul(size)
            .and_then(|offset| read_vec(self.source, offset, usize::try_from(size).ok()?).ok())
            .unwrap_or_default();
        let mut pieces = bytes.chunks_exact(self.superblock.desc_size.into());
        (first..first.saturating_add(count))
            .map(|number| {
                let lost = || Judged { group: Group::default(), checksum_matches: false };
                pieces
                    .next()
                    .and_then(|piece| judge(self.superblock, number, piece).ok())
                    .unwrap_or_else(lost)
            })
            .collect()
    }

    fn notes(&self, count: u64) -> Vec<Note> {
        let mut notes = Vec::new();
        let mut note = |number: u64, loss, text: &str| {
            if number > 0 {
                notes.push(Note { loss, text: format!("{number} of {count} group descriptors {text}") });
            }
        };
        note(self.replaced, Loss::Nothing, "are damaged; their backups are used");
        note(
            self.unsure,
            Loss::Directory,
            "have a wrong checksum and no better backup; they are used as they are",
        );
        note(
            self.lost,
            Loss::Directory,
            "are damaged, and so are their backups: their inodes cannot be read",
        );
        notes
    }
}

fn judge(superblock: &Superblock, number: u64, bytes: &[u8]) -> Result<Judged, FsError> {
    let record = Record::new("group descriptor", bytes);
    let wide = bytes.len() >= 64;
    let place = |low, high| -> Result<u64, FsError> {
        let high = if wide { u64::from(record.u32_le(high)?) } else { 0 };
        Ok(u64::from(record.u32_le(low)?) | high << 32)
    };
    let checksum = |low, high| -> Result<u32, FsError> {
        let high = if wide { u32::from(record.u16_le(high)?) } else { 0 };
        Ok(u32::from(record.u16_le(low)?) | high << 16)
    };
    let summed = superblock.has_ro_compat(ro_compat::GDT_CSUM | ro_compat::METADATA_CSUM);
    let mut group = Group {
        block_bitmap: place(0, 32)?,
        inode_bitmap: place(4, 36)?,
        inode_table: place(8, 40)?,
        free_clusters: u64::from(record.u16_le(12)?)
            | if wide { u64::from(record.u16_le(44)?) << 16 } else { 0 },
        block_uninit: summed && record.u16_le(18)? & 2 != 0,
        inode_uninit: summed && record.u16_le(18)? & 1 != 0,
        bitmap_checksums: (checksum(24, 56)?, checksum(26, 58)?),
        wide_checksums: wide,
        usable: false,
    };
    let table = u64::from(superblock.inodes_per_group)
        .saturating_mul(superblock.inode_size.into())
        .div_ceil(superblock.block_size.into());
    let inside = |block: u64, len: u64| {
        block > 0 && block.checked_add(len).is_some_and(|end| end <= superblock.blocks_count)
    };
    group.usable =
        inside(group.block_bitmap, 1) && inside(group.inode_bitmap, 1) && inside(group.inode_table, table);
    Ok(Judged { group, checksum_matches: checksum_matches(superblock, number, &record)? })
}

impl Group {
    /// Whether a bitmap, as long as the group needs it, has the checksum that the descriptor says.
    fn bitmap_matches(&self, seed: u32, used: &[u8], stored: u32) -> bool {
        let sum = crc32c(seed, used);
        stored == if self.wide_checksums { sum } else { sum & 0xFFFF }
    }

    /// Whether the checksum of the block bitmap is right.
    pub(super) fn block_bitmap_matches(&self, superblock: &Superblock, bitmap: &[u8]) -> bool {
        let clusters = superblock.blocks_per_group / superblock.cluster_ratio;
        let used = usize::try_from(clusters / 8).ok().and_then(|len| bitmap.get(..len)).unwrap_or(bitmap);
        self.bitmap_matches(superblock.checksum_seed, used, self.bitmap_checksums.0)
    }

    /// Whether the checksum of the inode bitmap is right.
    pub(super) fn inode_bitmap_matches(&self, superblock: &Superblock, bitmap: &[u8]) -> bool {
        let used = bitmap.get(..superblock.inodes_per_group as usize / 8).unwrap_or(bitmap);
        self.bitmap_matches(superblock.checksum_seed, used, self.bitmap_checksums.1)
    }
}

fn checksum_matches(superblock: &Superblock, number: u64, record: &Record<'_>) -> Result<bool, FsError> {
    let found = record.u16_le(30)?;
    let number = u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
    if superblock.has_ro_compat(ro_compat::METADATA_CSUM) {
        let seed = crc32c(superblock.checksum_seed, &number);
        return Ok(crc32c_blanked(seed, record.all(), &[(30, 2)]) & 0xFFFF == u32::from(found));
    }
    if superblock.has_ro_compat(ro_compat::GDT_CSUM) {
        let seed = crc16(crc16(crc16(!0, &superblock.uuid), &number), record.bytes(0, 30)?);
        let rest = record.bytes(32, record.len().saturating_sub(32))?;
        return Ok(crc16(seed, rest) == found);
    }
    Ok(true)
}

/// Whether descriptor block `index` lies in its meta group rather than behind the superblock.
fn in_meta_group(superblock: &Superblock, index: u64) -> bool {
    superblock.has_incompat(incompat::META_BG) && index >= superblock.first_meta_bg
}

fn primary_place(superblock: &Superblock, index: u64) -> u64 {
    let superblock_block = u64::from(superblock.block_size == 1024);
    if !in_meta_group(superblock, index) {
        return superblock_block.saturating_add(1).saturating_add(index);
    }
    let group = index.saturating_mul(descriptors_per_block(superblock));
    // With 1 KiB blocks counted from 0 (bigalloc) the boot block comes before the superblock.
    let boot = u64::from(group == 0 && superblock.first_data_block == 0 && superblock.block_size == 1024);
    superblock.group_start(group).saturating_add(u64::from(superblock.has_super(group))).saturating_add(boot)
}

fn backup_places(superblock: &Superblock, index: u64, backups: &[u64]) -> Vec<u64> {
    if !in_meta_group(superblock, index) {
        return backups
            .iter()
            .map(|&group| superblock.group_start(group).saturating_add(1).saturating_add(index))
            .collect();
    }
    let per_block = descriptors_per_block(superblock);
    let first = index.saturating_mul(per_block);
    [first.saturating_add(1), first.saturating_add(per_block.saturating_sub(1))]
        .iter()
        .map(|&group| superblock.group_start(group).saturating_add(u64::from(superblock.has_super(group))))
        .collect()
}

fn backup_groups(superblock: &Superblock, count: u64) -> Vec<u64> {
    (1..count).filter(|&group| superblock.has_super(group)).take(MAX_BACKUPS).collect()
}

/// How many group descriptors fit into a block.
pub(super) fn descriptors_per_block(superblock: &Superblock) -> u64 {
    u64::from(superblock.block_size / u32::from(superblock.desc_size)).max(1)
}
