//! The superblocks of the other groups: used where the first is gone.
//!
//! Where they are depends on the size of a group, which the lost superblock knew. The header of the free
//! space in the next sector knows it too; without that, the places are tried where mkfs puts the second
//! group by default, and then the begin of the volume is searched. A find counts only if its own geometry
//! puts it where it was found.

use super::superblock::{MAGIC, Superblock};
use crate::bytes::{Record, Source, read_vec};
use crate::fs::FsError;

/// Numbers of groups that are tried.
const MAX_GROUPS: u64 = 64;
/// Bytes that are searched for a superblock when nothing tells where it is, from where it may be first.
const SEARCHED: u64 = 512 << 20;
/// mkfs makes no smaller groups.
const MIN_GROUP: u64 = 16 << 20;
/// Other backups that are asked for the number of the root directory.
const MAX_ASKED: u32 = 64;

/// A backup, and the group it was found in.
pub(super) struct Backup {
    pub(super) superblock: Superblock,
    pub(super) group: u32,
}

/// Whether the begin of the volume looks like one of XFS whose superblock is gone.
pub(super) fn is_beheaded(source: &dyn Source) -> bool {
    group_lengths(source).next().is_some()
        || read_vec(source, 0, 4096).is_ok_and(|bytes| bytes.iter().all(|&byte| byte == 0))
}

/// Looks for a backup that knows the root directory.
///
/// # Errors
/// [`FsError::Corrupt`], if there is none or none knows the root.
pub(super) fn find(source: &dyn Source) -> Result<Backup, FsError> {
    let lost = |problem: &str| FsError::corrupt("superblock", 0, format!("damaged, and {problem}"));
    let first = find_any(source).ok_or_else(|| lost("no backup of it is found"))?;
    let groups = first.superblock.groups;
    // mkfs tells the root to the last group and the one in the middle only.
    let middle = [groups.saturating_sub(1), groups / 2, groups.saturating_sub(1) / 2];
    let others = middle.into_iter().chain((1..groups).take(MAX_ASKED as usize));
    std::iter::once(first.group)
        .chain(others)
        .filter_map(|group| at(source, first.superblock.group_offset(group)))
        .find(|backup| backup.superblock.inode_offset(backup.superblock.root).is_ok())
        .ok_or_else(|| lost("no backup of it knows the root directory"))
}

fn find_any(source: &dyn Source) -> Option<Backup> {
    group_lengths(source).find_map(|place| at(source, place)).or_else(|| {
        default_places(source.len()).find_map(|place| at(source, place)).or_else(|| search(source))
    })
}

/// The backup at byte `place`, if it belongs there.
fn at(source: &dyn Source, place: u64) -> Option<Backup> {
    let superblock = Superblock::read(source, place).ok()?;
    let group = place >> superblock.block_log;
    let group = u32::try_from(group / u64::from(superblock.group_blocks)).ok()?;
    let belongs = group > 0 && group < superblock.groups && superblock.group_offset(group) == place;
    (belongs && superblock.checksum_matches).then_some(Backup { superblock, group })
}

/// Lengths of a group in bytes, as the AGF behind the lost superblock has it, for every size of block.
fn group_lengths(source: &dyn Source) -> impl Iterator<Item = u64> + '_ {
    let blocks = (9..=15).find_map(|log| {
        let header = read_vec(source, 1 << log, 16).ok()?;
        let record = Record::new("AGF", &header);
        let is_first = record.bytes(0, 4).ok()? == b"XAGF" && record.u32_be(8).ok()? == 0;
        is_first.then(|| record.u32_be(12).ok()).flatten()
    });
    (9..=16).filter_map(move |log| Some(u64::from(blocks?) << log))
}

/// Where the second group begins, if the volume was divided into equal groups.
fn default_places(len: u64) -> impl Iterator<Item = u64> {
    (9..=16).flat_map(move |log| {
        let blocks = len >> log;
        (2..=MAX_GROUPS).flat_map(move |groups| {
            let exact = blocks.div_ceil(groups);
            // Groups are rounded to stripes, and the last may be the smaller one.
            [exact, exact.saturating_sub(1), exact & !7, exact & !15].map(|blocks| blocks << log)
        })
    })
}

/// Searches the begin of the volume, where no file system can have a smaller group.
fn search(source: &dyn Source) -> Option<Backup> {
    let mut at_byte = MIN_GROUP;
    let end = source.len().min(MIN_GROUP.saturating_add(SEARCHED));
    while at_byte < end {
        let data = source.next_data(at_byte).ok()??;
        let start = data.offset.max(at_byte) & !511;
        let len = end.saturating_sub(start).min(1 << 20);
        let bytes = read_vec(source, start, usize::try_from(len).ok()?).ok()?;
        let marks = memchr::memmem::find_iter(&bytes, MAGIC).filter(|mark| mark.is_multiple_of(512));
        if let Some(found) = marks.filter_map(|mark| at(source, start.saturating_add(mark as u64))).next() {
            return Some(found);
        }
        at_byte = start.saturating_add(len.max(512));
    }
    None
}
