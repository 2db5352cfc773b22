//! Files as their inodes once were: from the journal, and from records that are not in use.

use std::ops::ControlFlow;

use super::known::{self, Known, State};
use super::leaves::Leaves;
use crate::bytes::read_vec;
use crate::fs::ext::inode::Inode;
use crate::fs::ext::node;
use crate::fs::ext::volume::Volume;
use crate::fs::remains::{Content, Fate, Life, Proof, Remain, Take, Version};
use crate::fs::{FileType, Metadata, Time};

/// Bytes of a table of inodes that are read at once; a multiple of every block.
const PIECE: u64 = 1 << 20;

/// Hands on every version of every file.
pub(super) fn hand_on(
    volume: &Volume,
    leaves: &Leaves<'_>,
    known: &Known,
    take: &mut Take<'_>,
) -> ControlFlow<()> {
    for (life, states) in &known.lives {
        let fate = fate(volume, known, *life);
        for state in states.iter().filter(|state| known::has_content(&state.inode)) {
            take(Remain::Version(version(volume, leaves, (*life, fate), state)))?;
        }
    }
    freed(volume, known, leaves, take)
}

/// What has become of a life, by the inode that has its number now.
fn fate(volume: &Volume, known: &Known, life: Life) -> Fate {
    let now = volume.inode_record(life.number).ok().and_then(|record| {
        let inode = Inode::parse(life.number, &record, &volume.superblock).ok()?;
        Some((known::deletion(&record, &inode), inode))
    });
    match now {
        Some((time, inode)) if u64::from(inode.generation) == life.generation => {
            if inode.metadata.links > 0 {
                Fate::Changed
            } else {
                Fate::Deleted(time)
            }
        }
        _ => Fate::Deleted(known.deleted.get(&life).copied()),
    }
}

/// A version of a file, with its content.
pub(super) fn version(
    volume: &Volume,
    leaves: &Leaves<'_>,
    (life, fate): (Life, Fate),
    state: &State,
) -> Version {
    let (content, proof) = content(volume, leaves, state);
    let metadata = state.inode.metadata;
    Version { life, order: state.order, metadata, content, proof, fate, found_at: state.place }
}

fn content(volume: &Volume, leaves: &Leaves<'_>, state: &State) -> (Content, Proof) {
    let inode = &state.inode;
    match node::content_in_inode(volume, inode) {
        Ok(Some(bytes)) => return (Content::Bytes(bytes), state.proof),
        Ok(None) => {}
        Err(_) => return (Content::Lost, state.proof),
    }
    let (map, its) = leaves.map(inode, state.order);
    let proof = state.proof.min(its);
    let map = map.within(volume.source.len(), inode.number);
    // What is behind damage is missing; the claim of its places stays.
    (Content::Extents(map.with_damage(inode.metadata.size)), proof)
}

/// Records that are not in use, or whose file was deleted while it was open, and that the journal does not know.
fn freed(volume: &Volume, known: &Known, leaves: &Leaves<'_>, take: &mut Take<'_>) -> ControlFlow<()> {
    let superblock = &volume.superblock;
    let size = u64::from(superblock.inode_size.max(128));
    let per_group = u64::from(superblock.inodes_per_group);
    for (group, first) in volume.groups.iter().zip((0_u64..).map(|group| group.saturating_mul(per_group))) {
        if !group.usable || group.inode_uninit {
            continue;
        }
        let start = group.inode_table.saturating_mul(superblock.block_size.into());
        let mut done = 0;
        while done < per_group {
            let count = (PIECE / size).min(per_group.saturating_sub(done));
            let place = start.saturating_add(done.saturating_mul(size));
            let len = usize::try_from(count.saturating_mul(size)).unwrap_or(0);
            // A table that cannot be read is said where its inodes are read.
            let bytes = read_vec(&*volume.source, place, len).unwrap_or_default();
            let records = bytes.chunks_exact(usize::try_from(size).unwrap_or(128));
            for (index, record) in (0_u64..).zip(records).filter(|(_, record)| is_freed(record)) {
                let number = first.saturating_add(done).saturating_add(index).saturating_add(1);
                let at = place.saturating_add(index.saturating_mul(size));
                if let Some(version) = freed_version(volume, known, leaves, (number, record, at)) {
                    take(Remain::Version(version))?;
                }
            }
            done = done.saturating_add(count.max(1));
        }
    }
    ControlFlow::Continue(())
}

/// Whether a record has a type, and no name: a look at four bytes of each.
fn is_freed(record: &[u8]) -> bool {
    let has_mode = record.get(..2).is_some_and(|mode| mode != [0, 0]);
    has_mode && record.get(26..28) == Some(&[0, 0])
}

fn freed_version(
    volume: &Volume,
    known: &Known,
    leaves: &Leaves<'_>,
    (number, record, place): (u64, &[u8], u64),
) -> Option<Version> {
    let (inode, proof) = known::parse(volume, number, record, false)?;
    let life = Life { number, generation: inode.generation.into() };
    let fate = Fate::Deleted(known::deletion(record, &inode).or_else(|| changed(&inode.metadata)));
    if known::has_content(&inode) && has_map(&inode) {
        let state = State { inode, order: 0, proof, place };
        return Some(version(volume, leaves, (life, fate), &state));
    }
    // The journal has more of it.
    let has_more =
        known.lives.get(&life).is_some_and(|states| states.iter().any(|s| known::has_content(&s.inode)));
    let is_file =
        matches!(inode.metadata.file_type, FileType::Regular | FileType::Directory | FileType::Symlink);
    (is_file && !has_more).then(|| Version {
        life,
        order: 0,
        metadata: inode.metadata,
        content: Content::Lost,
        proof,
        fate,
        found_at: place,
    })
}

fn changed(metadata: &Metadata) -> Option<Time> {
    Some(metadata.changed).filter(|time| *time != Time::default())
}

/// Whether the map of an inode that is not in use names any block: Linux leaves the head of an empty tree.
fn has_map(inode: &Inode) -> bool {
    let entries = inode.block.get(2..4).map(|bytes| bytes != [0, 0]);
    !inode.has(super::super::inode::EXTENTS) || entries.unwrap_or(false)
}
