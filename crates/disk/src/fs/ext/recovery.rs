//! The journal: found, replayed into memory, laid over the source.

use std::sync::Arc;

use super::fast_commit::FastCommits;
use super::inode::{EXTENTS, Inode};
use super::journal::{self, JournalGeometry};
use super::mapping;
use super::superblock::{compat, incompat};
use super::volume::Volume;
use crate::budget::Budget;
use crate::bytes::{Record, Source};
use crate::fs::overlay::Overlay;
use crate::fs::{Extent, FileType, FsError, Metadata, Note};
use crate::gap::Loss;

/// What is read instead of the source alone.
pub(super) struct Recovered {
    /// The source as it is after the replay.
    pub(super) source: Arc<dyn Source>,
    /// What happened since, by inode and directory.
    pub(super) fast_commits: FastCommits,
}

/// What recovery makes of the source, or `None` where there is nothing to recover. The journal is asked
/// whatever the superblock says of it: a backup does not know, and a damaged one lies.
pub(super) fn recover(
    volume: &Volume,
    from_backup: bool,
    budget: &Budget,
    notes: &mut Vec<Note>,
) -> Option<Recovered> {
    let superblock = &volume.superblock;
    if !superblock.has_compat(compat::HAS_JOURNAL) {
        return None;
    }
    let dirty = superblock.has_incompat(incompat::RECOVER);
    let expected = dirty || from_backup;
    let mut lost = |text: String| notes.push(Note { loss: Loss::File, text });
    if superblock.journal_inum == 0 && superblock.journal_dev != 0 {
        if expected {
            lost("the journal lies on another device and was not replayed".into());
        }
        return None;
    }
    let replayed = geometry(volume).and_then(|geometry| journal::replay(&*volume.source, &geometry, budget));
    let replay = match replayed {
        Ok(replay) => replay,
        Err(error) if expected => {
            lost(format!("the journal was not replayed: {error}"));
            return None;
        }
        // A journal that is said to be empty is not needed, but whether it is empty is what it says itself, and the
        // kernel mounts no file system without it.
        Err(error) => {
            let text = format!("the journal is damaged; it is said to be empty: {error}");
            notes.push(Note { loss: Loss::Part, text });
            return None;
        }
    };
    let mut found = replay.notes;
    let fast_commits = FastCommits::read(&replay.fast_commits, replay.next, &mut found);
    let changes = !replay.blocks.is_empty() || !fast_commits.is_empty();
    if changes && !expected {
        lost("the superblock says that the journal is empty, but it is not; it was replayed".into());
    }
    // They say how many transactions were replayed.
    notes.extend(found);
    if !changes {
        return None;
    }
    let source = Overlay::new(Arc::clone(&volume.source), superblock.block_size, replay.blocks);
    Some(Recovered { source: Arc::new(source), fast_commits })
}

pub(super) fn geometry(volume: &Volume) -> Result<JournalGeometry, FsError> {
    let superblock = &volume.superblock;
    let by_inode =
        volume.inode(superblock.journal_inum.into()).and_then(|inode| journal_extents(volume, &inode));
    let blocks = by_inode.or_else(|error| {
        let backup = superblock.journal_backup.as_ref().ok_or(error)?;
        journal_extents(volume, &backup_inode(superblock.journal_inum, backup)?)
    })?;
    Ok(JournalGeometry {
        block_size: superblock.block_size,
        blocks,
        fs_blocks: superblock.blocks_count,
        fs_uuid: superblock.uuid,
    })
}

/// Where the journal lies; nowhere, where there is none or it cannot be found.
pub(super) fn journal(volume: &Volume) -> Vec<Extent> {
    let has_journal = volume.superblock.journal_inum != 0;
    has_journal.then(|| geometry(volume).ok()).flatten().map(|geometry| geometry.blocks).unwrap_or_default()
}

fn journal_extents(volume: &Volume, inode: &Inode) -> Result<Vec<Extent>, FsError> {
    if inode.metadata.file_type != FileType::Regular || inode.metadata.size == 0 {
        return Err(FsError::corrupt("inode", inode.number, "is no journal"));
    }
    let map = mapping::map(volume, inode);
    map.damage.map_or(Ok(map.extents), Err)
}

/// The journal's inode as far as the superblock keeps it: 15 words of block map, size high, size low.
fn backup_inode(number: u32, backup: &[u8; 68]) -> Result<Inode, FsError> {
    let record = Record::new("journal backup", backup);
    let size = u64::from(record.u32_le(64)?) | u64::from(record.u32_le(60)?) << 32;
    let metadata = Metadata::bare(FileType::Regular, 0o600, size);
    let flags = if record.u16_le(0)? == 0xF30A { EXTENTS } else { 0 };
    Ok(Inode {
        number: number.into(),
        metadata,
        flags,
        generation: 0,
        block: record.array(0)?,
        file_acl: 0,
        blocks: 0,
        rest: Vec::new(),
    })
}
