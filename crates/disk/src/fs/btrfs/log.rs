//! The log: what was made durable one by one since the trees were last written as a whole.
//!
//! After a crash the trees are older than the log. It is replayed in memory, as Linux does when it mounts:
//! the changes are kept beside each subvolume's tree (see [`super::subvolume`]).
//!
//! Reference: `fs/btrfs/tree-log.c`, `btrfs_recover_log_trees`.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::block::Pointer;
use super::data::DataChecksums;
use super::forest::Forest;
use super::key::{Key, kind, object};
use super::replay::Replay;
use super::subvolume::{position, root_pointer};
use super::tree::{self, From};
use super::volume::Volume;
use crate::bytes::Record;
use crate::fs::{FsError, Note};
use crate::gap::Loss;

/// The items of the log of one subvolume, with their logical addresses.
pub(super) type Log = BTreeMap<Key, (Vec<u8>, u64)>;

/// Replays all logs.
pub(super) fn replay(
    volume: &Volume,
    forest: &mut Forest,
    checksums: &mut DataChecksums,
    logged: &mut Vec<(u64, u64)>,
) -> Vec<Note> {
    let superblock = &volume.superblock;
    if superblock.log_root == 0 {
        return Vec::new();
    }
    let root = Pointer {
        tree: object::TREE_LOG,
        logical: superblock.log_root,
        generation: superblock.generation.saturating_add(1),
        level: superblock.log_root_level,
        first: None,
    };
    let mut damage = None;
    let (mut files, mut trees) = (0_usize, 0_usize);
    let (logs, result) = roots(volume, &root);
    damage = damage.or(result.err());
    for (id, root) in logs {
        let (log, result) = items(volume, &root);
        damage = damage.or(result.err());
        let Some(subvolume) = position(&forest.subvolumes, id).and_then(|at| forest.subvolumes.get_mut(at))
        else {
            damage = damage.or_else(|| Some(FsError::corrupt("log", id, "belongs to no subvolume")));
            continue;
        };
        trees += 1;
        files += log.keys().filter(|key| key.kind == kind::INODE).count();
        keep_content(volume, &log, checksums, logged);
        damage = damage.or(Replay::new(volume, subvolume, &log).run().err());
    }
    let text = format!("the log was replayed in memory: {files} inodes in {trees} subvolumes");
    let mut notes = vec![Note { loss: Loss::Nothing, text }];
    notes.extend(damage.map(|error| Note {
        loss: Loss::Part,
        text: format!("a part of the log could not be replayed: {error}"),
    }));
    notes
}

/// The logs' roots by the number of their subvolume.
fn roots(volume: &Volume, root: &Pointer) -> (Vec<(u64, Pointer)>, Result<(), FsError>) {
    let mut found = Vec::new();
    let range = Key::all(object::TREE_LOG, kind::ROOT);
    let result = tree::scan(volume, root, range, From::Key, &mut |item| {
        found.push((item.key.offset, root_pointer(object::TREE_LOG, item.data)?));
        Ok(ControlFlow::Continue(()))
    });
    (found, result)
}

/// All items of a log, as long as they fit into the budget.
fn items(volume: &Volume, root: &Pointer) -> (Log, Result<(), FsError>) {
    let mut log = Log::new();
    let mut bytes = 0_u64;
    let limit = volume.budget.metadata_bytes;
    let everything = (Key::new(0, 0, 0), Key::new(u64::MAX, u8::MAX, u64::MAX));
    let mut over = false;
    let result = tree::scan(volume, root, everything, From::Key, &mut |item| {
        bytes = bytes.saturating_add(item.data.len() as u64).saturating_add(64);
        over = bytes > limit;
        if over {
            return Ok(ControlFlow::Break(()));
        }
        log.insert(item.key, (item.data.to_vec(), item.logical));
        Ok(ControlFlow::Continue(()))
    });
    let over = || FsError::over_limit("bytes of a log", limit);
    let result = result.and(if bytes > limit { Err(over()) } else { Ok(()) });
    (log, result)
}

/// Remembers the checksums in a log, and where its content lies: the extent tree does not know it yet.
fn keep_content(volume: &Volume, log: &Log, checksums: &mut DataChecksums, logged: &mut Vec<(u64, u64)>) {
    for (key, (item, _)) in log {
        if key.object == object::CSUMS && key.kind == kind::EXTENT_CSUM {
            checksums.logged.insert(key.offset, item.clone());
        }
        let record = Record::new("file extent", item);
        if key.kind == kind::EXTENT_DATA
            && let (Ok(1 | 2), Ok(logical), Ok(len)) = (record.u8(20), record.u64_le(21), record.u64_le(29))
            && volume.chunks.find(logical).is_ok()
        {
            logged.push((logical, len));
        }
    }
}
