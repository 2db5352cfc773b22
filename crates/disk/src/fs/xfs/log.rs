//! Replays a dirty log in memory.
//!
//! An image of a machine that was not shut down has its last changes of metadata in the log only. They are
//! read as the kernel would see them after a mount: between tail and head of the log, the transactions that
//! were committed are gathered from its records, and their items laid over the source in the kernel's order.
//! What is newer on the disk than in the log stays. Nothing is written.
//!
//! The kernel then finishes what was only promised (intents). Freeing blocks, counting references and owners
//! changes no file; a promised change of a file's map is kept for [`super::mapping`]; anything else is told.
//!
//! What the log still has of earlier rounds is walked by [`history`].
//!
//! References: *XFS Algorithms & Data Structures*, "Journaling Log"; `fs/xfs/libxfs/xfs_log_format.h`,
//! `xfs_log_recover.c`, `xfs_buf_item_recover.c`, `xfs_inode_item_recover.c`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::mapping::Remap;
use super::volume::Volume;
use crate::bytes::Source;
use crate::fs::{FsError, Note};
use crate::gap::Loss;
use area::Area;
use ends::State;
use replay::Replay;
use transaction::Gathering;

mod area;
mod buffer;
mod ends;
mod history;
mod inode;
mod intent;
mod kind;
mod record;
mod replay;
mod shadow;
mod transaction;
mod walk;

pub(super) use history::{Witness, cores, history};
pub(super) use kind::age;
pub(super) use shadow::{BlockChange, InodeState, Shadow, is_kept};
pub(super) use walk::order;

/// The file system as it is after its log was replayed.
pub(super) struct Recovered {
    pub(super) source: Arc<dyn Source>,
    /// Inode -> the changes of its map that are only promised.
    pub(super) remaps: BTreeMap<u64, Vec<Remap>>,
}

/// Replays the log of `volume`, or returns `None` where there is nothing to replay. `notes` tells what was
/// done, and what could not be.
pub(super) fn recover(volume: &Volume, notes: &mut Vec<Note>) -> Option<Recovered> {
    let lost = |text: String| Note { loss: Loss::File, text };
    if volume.superblock.log_start == 0 {
        notes.push(lost("the log lies on another device: what it may hold was not replayed".into()));
        return None;
    }
    let found = Area::of(volume).and_then(|area| Ok((ends::find(&area)?, area)));
    let ((state, torn), area) = match found {
        Ok(found) => found,
        Err(error) => {
            notes.push(lost(format!("the log was not replayed: {error}")));
            return None;
        }
    };
    if let Some(block) = torn {
        // The crash cut it off: nobody was told that it is kept.
        let text = format!("the log ends before its block {block}: the record there was not written whole");
        notes.push(Note { loss: Loss::Nothing, text });
    }
    let State::Dirty { tail, head } = state else { return None };
    let gathered = gather(volume, &area, tail, head);
    if let Some(error) = gathered.damage {
        notes.push(lost(format!("the log is damaged, what follows was not replayed: {error}")));
    }
    let count = gathered.committed.len();
    if count == 0 {
        return None;
    }
    let mut replay = Replay::new(volume);
    if let Err(error) = replay.run(&gathered.committed) {
        notes.push(Note { loss: Loss::Volume, text: format!("the log was not replayed: {error}") });
        return None;
    }
    let (overlay, remaps, said) = replay.finish();
    let text = format!("the log was replayed in memory: {count} transactions");
    notes.push(Note { loss: Loss::Nothing, text });
    notes.extend(said);
    Some(Recovered { source: Arc::new(overlay), remaps })
}

/// The committed transactions between `tail` and `head`, up to the first damage.
fn gather(volume: &Volume, area: &Area<'_>, tail: u64, head: u64) -> Gathering {
    let mut gathering = Gathering::new(volume.budget.metadata_bytes);
    let mut left = area.distance(tail, head);
    let mut at = tail;
    while left > 0 && gathering.damage.is_none() {
        let step = record::read(area, at, &volume.superblock.uuid).and_then(|record| {
            let blocks = record.header.blocks();
            if blocks > left {
                return Err(FsError::corrupt("log record", at, "it reaches over the head of the log"));
            }
            gathering.record(&record)?;
            Ok(blocks)
        });
        match step {
            Ok(blocks) => {
                at = area.wrap(at.saturating_add(blocks));
                left = left.saturating_sub(blocks);
            }
            Err(error) => gathering.damage = Some(error),
        }
    }
    gathering
}
