//! The tree of roots: which trees there are, which subvolumes, and which of them is the default.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::block::Pointer;
use super::entry::entries;
use super::key::{Key, kind, object};
use super::subvolume::{Place, Subvolume, root_pointer};
use super::tree::{self, From};
use super::volume::Volume;
use crate::fs::FsError;

/// What the tree of roots names.
#[derive(Default)]
pub(super) struct Forest {
    /// Sorted by number.
    pub(super) subvolumes: Vec<Subvolume>,
    /// Roots of the trees that serve all subvolumes.
    pub(super) extents: Option<Pointer>,
    pub(super) checksums: Option<Pointer>,
    pub(super) block_groups: Option<Pointer>,
    /// Number of the subvolume that is mounted where none is asked for.
    pub(super) default: u64,
    /// What kept parts of it from being read.
    pub(super) damage: Option<FsError>,
}

impl Forest {
    /// Reads the tree of roots as far as it can be read.
    pub(super) fn read(volume: &Volume) -> Self {
        let superblock = &volume.superblock;
        let root = Pointer {
            tree: object::ROOT_TREE,
            logical: superblock.root,
            generation: superblock.generation,
            level: superblock.root_level,
            first: None,
        };
        let mut forest = Self { default: object::FS_TREE, ..Self::default() };
        let mut places = BTreeMap::new();
        let everything = (Key::new(0, 0, 0), Key::new(u64::MAX, u8::MAX, u64::MAX));
        let result = tree::scan(volume, &root, everything, From::Key, &mut |item| {
            forest.take(superblock.root_directory, item.key, item.data, &mut places)?;
            Ok(ControlFlow::Continue(()))
        });
        forest.damage = result.err();
        for subvolume in &mut forest.subvolumes {
            subvolume.place = places.remove(&subvolume.id);
        }
        forest
    }

    fn take(
        &mut self,
        directory: u64,
        key: Key,
        item: &[u8],
        places: &mut BTreeMap<u64, Place>,
    ) -> Result<(), FsError> {
        match (key.object, key.kind) {
            (object::EXTENT_TREE, kind::ROOT) => self.extents = Some(root_pointer(key.object, item)?),
            (object::CSUM_TREE, kind::ROOT) => self.checksums = Some(root_pointer(key.object, item)?),
            (object::BLOCK_GROUP_TREE, kind::ROOT) => {
                self.block_groups = Some(root_pointer(key.object, item)?);
            }
            // An old root item of the same tree has a smaller offset: the last one counts.
            (tree, kind::ROOT) if object::is_subvolume(tree) => {
                let subvolume = Subvolume::parse(tree, item)?;
                if self.subvolumes.last().is_some_and(|last| last.id == tree) {
                    self.subvolumes.pop();
                }
                self.subvolumes.push(subvolume);
            }
            (tree, kind::ROOT_BACKREF) => {
                places.insert(tree, Place::parse(key.offset, item)?);
            }
            (object, kind::DIR_ITEM) if object == directory => {
                let entries = entries(item)?;
                if let Some(entry) = entries.iter().find(|entry| entry.name == b"default") {
                    self.default = entry.target.object;
                }
            }
            _ => {}
        }
        Ok(())
    }
}
