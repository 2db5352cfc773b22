//! The search for a copy of the superblock where the primary is gone, and what it tells of the primary.

use super::superblock::{PRIMARY, Superblock, is_sparse_group};
use crate::bytes::{Record, Source, read_vec};

/// Bytes from the start that are searched for a superblock at any block where none is in the usual places:
/// group 1 begins here for every group size up to the largest with 4 KiB blocks.
const SCANNED: u64 = 129 << 20;
const PIECE: usize = 1 << 20;
/// Most groups whose places are tried for one size of blocks and clusters.
const MAX_GROUP: u64 = 400;

/// A sound backup superblock: it says of itself that it belongs where it lies. First the places where
/// mke2fs puts them by default, for every size of blocks and clusters, then every block near the start.
pub(super) fn find(source: &dyn Source) -> Option<Superblock> {
    usual_places(source).find_map(|offset| sound(source, offset)).or_else(|| scan(source))
}

/// Groups are as large as one block of bitmap can tell, in clusters; bigalloc makes clusters of blocks.
fn usual_places(source: &dyn Source) -> impl Iterator<Item = u64> + '_ {
    let sizes = (0..=6_u32).flat_map(|log| (0..=10_u32).map(move |cluster| (1024_u64 << log, cluster)));
    sizes.flat_map(move |(block_size, cluster)| {
        let group_blocks = (block_size * 8) << cluster;
        let first = u64::from(block_size == 1024 && cluster == 0);
        let groups = (1..MAX_GROUP).filter(|&group| is_sparse_group(group));
        let places = groups.map(move |group| (first + group * group_blocks).saturating_mul(block_size));
        places.take_while(|&offset| offset < source.len())
    })
}

fn sound(source: &dyn Source, offset: u64) -> Option<Superblock> {
    let found = Superblock::read(source, offset).ok()?;
    let group = u64::from(found.block_group_nr);
    let belongs = found.group_start(group).checked_mul(found.block_size.into()) == Some(offset);
    (belongs && group > 0 && group < found.group_count() && found.checksum_matches).then_some(found)
}

/// Looks at every KiB of the first [`SCANNED`] bytes that are no hole of the host.
fn scan(source: &dyn Source) -> Option<Superblock> {
    let mut at = 2048;
    while at < SCANNED {
        let data = source.next_data(at).ok()??;
        at = data.offset / 1024 * 1024;
        let left = source.len().min(SCANNED).saturating_sub(at);
        let len = PIECE.min(usize::try_from(left).ok()?);
        let bytes = read_vec(source, at, len).ok()?;
        let places = (at..).step_by(1024).zip(bytes.chunks(1024));
        let marked = places.filter(|(_, block)| Record::new("superblock", block).u16_le(56) == Ok(0xEF53));
        if let Some(found) = marked.into_iter().find_map(|(offset, _)| sound(source, offset)) {
            return Some(found);
        }
        at = at.saturating_add(PIECE as u64);
    }
    None
}

/// Whether what lies in the primary's place was one: it shares numbers with `backup`, or is all zeros. Else
/// the copy may be left over from an earlier use of the disk.
pub(super) fn belongs_to(source: &dyn Source, backup: &Superblock) -> bool {
    let Ok(bytes) = read_vec(source, PRIMARY, 1024) else { return false };
    let record = Record::new("superblock", &bytes);
    let word = |offset| record.u32_le(offset).unwrap_or_default();
    let alike = [
        word(0) == backup.inodes_count,
        u64::from(word(32)) == backup.blocks_per_group,
        word(40) == backup.inodes_per_group,
        record.array(104) == Ok(backup.uuid),
        1024_u32.checked_shl(word(24)) == Some(backup.block_size),
    ];
    bytes.iter().all(|&byte| byte == 0) || alike.into_iter().filter(|&same| same).count() >= 3
}

/// Whether the place of the primary superblock looks as if one had been there, although its magic number is
/// gone: it is all zeros, or has several of the numbers that every mke2fs writes.
pub(super) fn could_be_damaged(source: &dyn Source) -> bool {
    let Ok(bytes) = read_vec(source, PRIMARY, 1024) else { return false };
    let record = Record::new("superblock", &bytes);
    let word = |offset| record.u32_le(offset).unwrap_or_default();
    let half = |offset| record.u16_le(offset).unwrap_or_default();
    let signs = [
        half(56) == 0xEF53,
        matches!(half(60), 1..=3) && word(24) <= 6,
        word(76) == 1,
        word(84) == 11,
        half(88).is_power_of_two() && half(88) >= 128,
    ];
    bytes.iter().all(|&byte| byte == 0) || signs.into_iter().filter(|&sign| sign).count() >= 3
}

/// The numbers in which the two superblocks differ and that no running system changes.
pub(super) fn differences(primary: &Superblock, backup: &Superblock) -> Vec<&'static str> {
    let of = |s: &Superblock| {
        [
            ("block size", u64::from(s.block_size)),
            ("first block", s.first_data_block),
            ("blocks per group", s.blocks_per_group),
            ("inodes per group", s.inodes_per_group.into()),
            ("inode size", s.inode_size.into()),
            ("size of group descriptors", s.desc_size.into()),
        ]
    };
    let pairs = of(primary).into_iter().zip(of(backup));
    pairs.filter(|((_, mine), (_, theirs))| mine != theirs).map(|((name, _), _)| name).collect()
}

/// The first backup where `primary` says that it is, if it is sound.
pub(super) fn of(source: &dyn Source, primary: &Superblock) -> Option<Superblock> {
    let group = (1..primary.group_count().min(MAX_GROUP)).find(|&group| primary.has_super(group))?;
    sound(source, primary.group_start(group).checked_mul(primary.block_size.into())?)
}
