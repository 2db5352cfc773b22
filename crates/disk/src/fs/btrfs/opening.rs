//! Opening: superblocks, chunks, roots, log, and what is to say of them.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::Btrfs;
use super::block::Pointer;
use super::cache::Cache;
use super::chunk::{Chunk, ChunkMap};
use super::data::DataChecksums;
use super::forest::Forest;
use super::key::{Key, kind, object};
use super::superblock::{self, Superblock};
use super::tree::{self, From};
use super::volume::{Device, Volume};
use super::{free, log, subvolume};
use crate::budget::Budget;
use crate::bytes::Source;
use crate::fs::{FsError, Note};
use crate::gap::Loss;

/// Opens the file system on those of its devices that are there.
pub(super) fn open(sources: &[Arc<dyn Source>], budget: &Budget) -> Result<Btrfs, FsError> {
    let mut notes = Vec::new();
    let (superblock, devices) = devices(sources, &mut notes)?;
    let chunks = ChunkMap::of_superblock(&superblock.system_chunks)?;
    let (cache, repaired) = (Cache::default(), 0.into());
    let mut volume = Volume { superblock, devices, chunks, budget: *budget, cache, repaired };
    let lost_chunks = read_chunks(&mut volume, &mut notes);
    let mut forest = Forest::read(&volume);
    if forest.subvolumes.is_empty() {
        let missing = || FsError::corrupt("tree of roots", volume.superblock.root, "has no subvolume");
        return Err(lost_chunks.or(forest.damage).unwrap_or_else(missing));
    }
    notes.extend(lost_chunks.map(|error| Note {
        loss: Loss::Volume,
        text: format!("the chunk tree is damaged, parts of the file system cannot be found: {error}"),
    }));
    notes.extend(forest.damage.take().map(|error| Note {
        loss: Loss::Directory,
        text: format!("the tree of roots is damaged, subvolumes may be missing: {error}"),
    }));
    let mut checksums = DataChecksums { root: forest.checksums, ..DataChecksums::default() };
    let mut logged = Vec::new();
    notes.extend(log::replay(&volume, &mut forest, &mut checksums, &mut logged));
    notes.extend(conditions(&volume, &forest));
    let groups = forest.block_groups.or(forest.extents);
    let used = free::used_bytes(&volume, groups.as_ref()).unwrap_or_else(|error| {
        notes.push(nothing(format!("the free space is not known: {error}")));
        free::Used { all: volume.superblock.total_bytes, data: 0 }
    });
    let paths = subvolume::paths(&volume, &forest.subvolumes);
    let Forest { subvolumes, default, extents, .. } = forest;
    Ok(Btrfs { volume, subvolumes, paths, default, extents, checksums, logged, used, notes })
}

fn nothing(text: String) -> Note {
    Note { loss: Loss::Nothing, text }
}

/// The newest superblock of all sources, and the sources as devices.
fn devices(sources: &[Arc<dyn Source>], notes: &mut Vec<Note>) -> Result<(Superblock, Vec<Device>), FsError> {
    let mut newest: Option<Superblock> = None;
    let mut devices: Vec<Device> = Vec::new();
    let mut first_error = None;
    for source in sources {
        match superblock::find(&**source) {
            Ok((found, text)) => {
                notes.extend(text.map(nothing));
                let there = source.len();
                if there < found.device.total_bytes {
                    let (id, total) = (found.device.id, found.device.total_bytes);
                    let text =
                        format!("device {id} is {total} bytes long, but only {there} bytes of it are there");
                    notes.push(Note { loss: Loss::Part, text });
                }
                devices.push(Device {
                    id: found.device.id,
                    uuid: found.device.uuid,
                    source: Arc::clone(source),
                });
                if newest.as_ref().is_none_or(|newest| newest.generation < found.generation) {
                    newest = Some(found);
                }
            }
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    let newest = newest
        .ok_or_else(|| first_error.unwrap_or_else(|| FsError::corrupt("file system", 0, "has no device")))?;
    Ok((newest, devices))
}

/// Reads the chunk tree, and says which devices are missing; returns what kept parts of it from being read.
fn read_chunks(volume: &mut Volume, notes: &mut Vec<Note>) -> Option<FsError> {
    let superblock = &volume.superblock;
    let root = Pointer {
        tree: object::CHUNK_TREE,
        logical: superblock.chunk_root,
        generation: superblock.chunk_root_generation,
        level: superblock.chunk_root_level,
        first: None,
    };
    let mut chunks = volume.chunks.clone();
    let mut foreign = 0_u64;
    let range = (Key::new(object::DEVICES, kind::DEVICE, 0), Key::new(object::CHUNKS, kind::CHUNK, u64::MAX));
    let result = tree::scan(volume, &root, range, From::Key, &mut |item| {
        match item.key.kind {
            kind::CHUNK => chunks.add(item.key, item.data)?,
            kind::DEVICE => {
                let record = crate::bytes::Record::new("device item", item.data);
                let device = superblock::DeviceItem::parse(&record)?;
                foreign += u64::from(
                    device.fsid != volume.superblock.fsid && device.fsid != volume.superblock.metadata_uuid,
                );
            }
            _ => {}
        }
        Ok(ControlFlow::Continue(()))
    });
    volume.chunks = chunks;
    if foreign > 0 {
        let text = format!("{foreign} seed devices of another file system are not looked for");
        notes.push(nothing(text));
    }
    notes.extend(missing(volume));
    result.err()
}

/// What devices that are not there cost.
fn missing(volume: &Volume) -> Option<Note> {
    let there = volume.devices.len() as u64;
    let all = volume.superblock.device_count;
    let known = |chunk: &Chunk, copy| {
        // Every stripe of the copy is met in the first row, or where parity rotates, in as many as there are.
        let mut at = chunk.logical;
        for _ in 0..chunk.data_stripes().saturating_mul(chunk.stripes.len() as u64) {
            let Some(run) = chunk.run(at, copy) else { return at >= chunk.logical.saturating_add(chunk.len) };
            if !volume.devices.iter().any(|d| d.id == run.stripe.device && d.uuid == run.stripe.uuid) {
                return false;
            }
            at = at.saturating_add(run.len);
        }
        true
    };
    let lost = volume.chunks.all().filter(|chunk| !(0..chunk.copies()).any(|copy| known(chunk, copy)));
    let bytes = lost.fold(0_u64, |sum, chunk| sum.saturating_add(chunk.len));
    let text = format!("{there} of {all} devices are there");
    if bytes > 0 {
        let text = format!("{text}: of {bytes} bytes no whole copy is");
        return Some(Note { loss: Loss::Volume, text });
    }
    (there < all).then(|| nothing(format!("{text}: every byte has a copy on them")))
}

/// What is special about the file system.
fn conditions(volume: &Volume, forest: &Forest) -> Vec<Note> {
    let mut notes = Vec::new();
    if volume.superblock.is_metadata_dump() {
        let text = "a dump of the metadata: the content of files is not in it".to_owned();
        notes.push(Note { loss: Loss::Volume, text });
    }
    if let Some(root) = &forest.checksums {
        if let Err(error) = volume.block(root) {
            notes.push(nothing(format!("content is not checked, its checksums cannot be read: {error}")));
        }
    } else {
        notes.push(nothing("content is not checked: there is no tree of checksums".to_owned()));
    }
    for subvolume in forest.subvolumes.iter().filter(|subvolume| subvolume.is_deleted) {
        let id = subvolume.id;
        notes.push(if subvolume.is_partly_dropped {
            let text = format!("subvolume {id} was deleted, and is partly taken apart");
            Note { loss: Loss::Directory, text }
        } else {
            nothing(format!("subvolume {id} was deleted, but its files are still there"))
        });
    }
    notes
}
