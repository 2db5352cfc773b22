//! Inodes in use that no directory names: files that were deleted while a program still had them open, and
//! files whose directory is damaged. Both are content of the image that a walk of the names misses.

use super::groups::Group;
use super::inode::{EA_INODE, ENCRYPT, Inode};
use super::ledger::Structure;
use super::volume::Volume;
use crate::fs::{FsError, NodeId};

/// Hands each inode in use for which `named` is false to `visit`.
///
/// # Errors
/// The first [`FsError`] met, after every group that can be read was searched.
pub(super) fn unnamed(
    volume: &Volume,
    named: &dyn Fn(NodeId) -> bool,
    visit: &mut dyn FnMut(NodeId),
) -> Result<(), FsError> {
    let per_group = u64::from(volume.superblock.inodes_per_group);
    let mut damage = None;
    for (number, group) in (0_u64..).zip(&volume.groups) {
        // Lost groups were told when the descriptors were read.
        if !group.usable || group.inode_uninit {
            continue;
        }
        let map = match bitmap(volume, number, group) {
            Ok(map) => map,
            Err(error) => {
                damage.get_or_insert(error);
                None
            }
        };
        let first = number.saturating_mul(per_group).saturating_add(1);
        for inode in (first..first.saturating_add(per_group)).filter(|&inode| !named(NodeId(inode))) {
            let claimed = map.as_ref().is_none_or(|map| is_set(map, inode.saturating_sub(first)));
            if claimed && is_a_file(volume, inode) {
                visit(NodeId(inode));
            }
        }
    }
    damage.map_or(Ok(()), Err)
}

/// The map of the group's inodes; none where it is not to be trusted, and the table must be searched.
fn bitmap(volume: &Volume, number: u64, group: &Group) -> Result<Option<Vec<u8>>, FsError> {
    let map = volume.block(group.inode_bitmap)?;
    if volume.has_checksums() && !group.inode_bitmap_matches(&volume.superblock, &map) {
        volume.ledger.wrong(Structure::InodeBitmap, number);
        return Ok(None);
    }
    Ok(Some(map))
}

fn is_set(map: &[u8], bit: u64) -> bool {
    let byte = usize::try_from(bit / 8).ok().and_then(|index| map.get(index));
    byte.is_some_and(|byte| byte >> (bit % 8) & 1 != 0)
}

/// Whether the inode is neither free nor one of the file system's own.
fn is_a_file(volume: &Volume, number: u64) -> bool {
    let superblock = &volume.superblock;
    let reserved = number < u64::from(superblock.first_inode) || number == u64::from(superblock.journal_inum);
    if reserved || superblock.own_inodes.iter().any(|&own| u64::from(own) == number) {
        return false;
    }
    let Some(inode) = volume.inode_unless_free(number) else { return false };
    // An encrypted file stays closed with its directory, whose names cannot be read.
    !inode.has(EA_INODE | ENCRYPT) && (inode.metadata.links > 0 || has_content(&inode))
}

/// A file that was deleted while it was open has no links; its content is dropped when it is closed.
fn has_content(inode: &Inode) -> bool {
    inode.metadata.size > 0 && inode.block != [0; 60]
}
