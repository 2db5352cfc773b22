//! Subvolumes: trees of files. A subvolume may lie in another one, as a directory of it.
//!
//! What a log says is newer than the tree is kept beside the tree, and every look goes through both.
//!
//! Reference: `struct btrfs_root_item`, `btrfs_root_ref`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::block::Pointer;
use super::inode::names;
use super::key::{Key, kind, object};
use super::tree::{self, Each, Item};
use super::volume::Volume;
use crate::bytes::Record;
use crate::fs::FsError;

/// Longest way up from a directory to the root of its subvolume that is followed for a path.
const MAX_DEPTH: usize = 1024;
/// Deepest subvolume in subvolumes that gets a path.
const MAX_NESTING: usize = 64;

/// An item that a log puts in the place of the tree's, or none.
pub(super) type Change = Option<(Vec<u8>, u64)>;

/// A subvolume.
pub(super) struct Subvolume {
    /// Its number: 5 for the top level, 256 and more for others.
    pub(super) id: u64,
    pub(super) root: Pointer,
    /// Inode of its root directory.
    pub(super) directory: u64,
    /// Whether it was made as a snapshot of another.
    pub(super) is_snapshot: bool,
    /// Whether its name is gone, and its tree waits to be taken apart.
    pub(super) is_deleted: bool,
    /// Whether a part of its tree was already taken apart.
    pub(super) is_partly_dropped: bool,
    /// In which subvolume and directory it lies, and its name there.
    pub(super) place: Option<Place>,
    /// What the log changes, by key.
    pub(super) changes: BTreeMap<Key, Change>,
    /// Directories that the log changes.
    pub(super) replayed: BTreeSet<u64>,
}

/// Where a subvolume lies in another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) subvolume: u64,
    pub(super) directory: u64,
    pub(super) name: Vec<u8>,
}

impl Place {
    /// Reads an item of kind `ROOT_BACKREF`.
    pub(super) fn parse(subvolume: u64, item: &[u8]) -> Result<Self, FsError> {
        let record = Record::new("place of a subvolume", item);
        let name = record.bytes(18, record.u16_le(16)?.into())?.to_vec();
        Ok(Self { subvolume, directory: record.u64_le(0)?, name })
    }
}

/// The root of the tree that an item of kind `ROOT` describes.
pub(super) fn root_pointer(tree: u64, item: &[u8]) -> Result<Pointer, FsError> {
    let record = Record::new("root item", item);
    let (logical, generation) = (record.u64_le(176)?, record.u64_le(160)?);
    Ok(Pointer { tree, logical, generation, level: record.u8(238)?, first: None })
}

impl Subvolume {
    pub(super) fn parse(id: u64, item: &[u8]) -> Result<Self, FsError> {
        let record = Record::new("root item", item);
        // Items of old kernels end before the UUIDs.
        let parent: [u8; 16] = record.array(263).unwrap_or_default();
        Ok(Self {
            id,
            root: root_pointer(id, item)?,
            directory: record.u64_le(168)?,
            is_snapshot: parent != [0; 16],
            is_deleted: record.u32_le(216)? == 0,
            is_partly_dropped: Key::parse(&record, 220)?.object != 0,
            place: None,
            changes: BTreeMap::new(),
            replayed: BTreeSet::new(),
        })
    }

    /// Hands the items from `range.0` to `range.1` (inclusive) to `each`, in order, the log's in the place
    /// of the tree's.
    ///
    /// # Errors
    /// The first [`FsError`] met, after every item that could be read was handed on.
    pub(super) fn scan(
        &self,
        volume: &Volume,
        range: (Key, Key),
        each: &mut Each<'_>,
    ) -> Result<(), FsError> {
        if self.changes.is_empty() || range.0 > range.1 {
            return tree::scan(volume, &self.root, range, tree::From::Key, each);
        }
        let mut changes = self.changes.range(range.0..=range.1).peekable();
        let mut stopped = false;
        let result = tree::scan(volume, &self.root, range, tree::From::Key, &mut |item| {
            while let Some((key, change)) = changes.next_if(|(key, _)| **key < item.key) {
                stopped = changed(*key, change, each)?.is_break();
                if stopped {
                    return Ok(ControlFlow::Break(()));
                }
            }
            let flow = match changes.next_if(|(key, _)| **key == item.key) {
                Some((key, change)) => changed(*key, change, each)?,
                None => each(item)?,
            };
            stopped = flow.is_break();
            Ok(flow)
        });
        for (key, change) in changes {
            if stopped || changed(*key, change, each)?.is_break() {
                break;
            }
        }
        result
    }

    /// The item at `key`.
    pub(super) fn get(&self, volume: &Volume, key: Key) -> Result<Option<Vec<u8>>, FsError> {
        let mut found = None;
        self.scan(volume, (key, key), &mut |item| {
            found = Some(item.data.to_vec());
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// Whether the log changes the directory.
    pub(super) fn has_replayed(&self, directory: u64) -> bool {
        self.replayed.contains(&directory)
    }

    /// The path of a directory below the root of the subvolume: parts that each begin with a slash.
    fn path_of(&self, volume: &Volume, mut directory: u64) -> Result<Vec<u8>, FsError> {
        let mut parts = Vec::new();
        while directory != self.directory {
            let mut up = None;
            self.scan(volume, Key::all(directory, kind::INODE_REF), &mut |item| {
                up = names(item.key, item.data)?.pop();
                Ok(ControlFlow::Break(()))
            })?;
            match up {
                Some(up) if parts.len() < MAX_DEPTH => {
                    directory = up.parent;
                    parts.push(up.name);
                }
                _ => return Err(FsError::corrupt("directory inode", directory, "has no way up to the root")),
            }
        }
        Ok(joined(parts))
    }
}

fn changed(key: Key, change: &Change, each: &mut Each<'_>) -> Result<ControlFlow<()>, FsError> {
    match change {
        Some((data, logical)) => each(Item { key, data, logical: *logical }),
        None => Ok(ControlFlow::Continue(())),
    }
}

/// The path of parts that were met from the last to the first.
fn joined(parts: Vec<Vec<u8>>) -> Vec<u8> {
    parts.into_iter().rev().flat_map(|part| [b"/".to_vec(), part].concat()).collect()
}

/// The path of each subvolume from the top level: parts that each begin with a slash.
pub(super) fn paths(volume: &Volume, all: &[Subvolume]) -> Vec<Vec<u8>> {
    let unknown = |subvolume: &Subvolume| format!("/(subvolume {})", subvolume.id).into_bytes();
    let steps: Vec<(Option<usize>, Vec<u8>)> = all
        .iter()
        .map(|subvolume| {
            let place = subvolume.place.as_ref();
            let parent = place.and_then(|place| Some((place, position(all, place.subvolume)?)));
            let path = parent.and_then(|(place, parent)| {
                let path = all.get(parent)?.path_of(volume, place.directory).ok()?;
                Some((Some(parent), [&path, &b"/"[..], &place.name].concat()))
            });
            path.unwrap_or_else(|| (None, unknown(subvolume)))
        })
        .collect();
    let path = |(index, subvolume): (usize, &Subvolume)| {
        let mut parts: Vec<&[u8]> = Vec::new();
        let mut at = index;
        while all.get(at).is_some_and(|subvolume| subvolume.id != object::FS_TREE) {
            let Some((parent, step)) = steps.get(at).filter(|_| parts.len() < MAX_NESTING) else {
                return unknown(subvolume);
            };
            parts.push(step);
            let Some(parent) = *parent else { break };
            at = parent;
        }
        parts.reverse();
        parts.concat()
    };
    all.iter().enumerate().map(path).collect()
}

/// The index of the subvolume with this number, of those sorted by it.
pub(super) fn position(all: &[Subvolume], id: u64) -> Option<usize> {
    all.binary_search_by_key(&id, |subvolume| subvolume.id).ok()
}
