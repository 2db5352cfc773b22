//! Names in old leaves: what inodes say they are called, and what directories held.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Btrfs;
use super::super::entry::{Entry, check_name, entries};
use super::super::inode::names;
use super::super::key::{Key, kind, object};
use super::super::tree::Item;
use super::history::State;
use super::leaves::Share;
use super::scan::NEWEST;
use crate::fs::remains::{Name, Proof};
use crate::fs::{FileType, NodeId};

/// The names that old leaves have and those in use do not, each as it was last.
pub(super) fn of(
    trees: &[u64],
    index: usize,
    number: u64,
    shares: &[Share],
    states: &[State<'_>],
) -> Vec<Name> {
    let mut today = BTreeSet::new();
    for share in shares.iter().filter(|share| !share.found.is_free) {
        let names = share.items().flat_map(|item| of_item(trees, index, number, &item));
        today.extend(names.map(|name| (name.dir, name.name, name.child)));
    }
    let mut newest: BTreeMap<(u64, Vec<u8>, u64, Option<u64>), Name> = BTreeMap::new();
    for share in shares.iter().filter(|share| share.found.is_free) {
        let life = life_in(share, states);
        for item in share.items() {
            for mut name in of_item(trees, index, number, &item) {
                if today.contains(&(name.dir, name.name.clone(), name.child)) {
                    continue;
                }
                name.order = share.found.order(NEWEST);
                match item.key.kind {
                    kind::INODE_REF | kind::INODE_EXTREF => {
                        name.child_generation = life.map(|(generation, _)| generation);
                        name.file_type = life.map(|(_, file_type)| file_type);
                    }
                    _ => name.dir_generation = life.map(|(generation, _)| generation),
                }
                let kept = newest.entry((name.dir, name.name.clone(), name.child, life.map(|life| life.0)));
                let kept = kept.or_insert_with(|| name.clone());
                if kept.order < name.order {
                    *kept = name;
                }
            }
        }
    }
    newest.into_values().collect()
}

/// The life that the inode had in a leaf, and what it was: as that leaf says, or as the last one before it does.
fn life_in(share: &Share, states: &[State<'_>]) -> Option<(u64, FileType)> {
    let here = |state: &&State<'_>| state.share.found.place == share.found.place;
    let before = || {
        let old_enough = |state: &&State<'_>| state.inode.generation <= share.found.generation;
        states.iter().filter(old_enough).max_by_key(|state| state.inode.generation)
    };
    let state = states.iter().find(here).or_else(before)?;
    Some((state.inode.generation, state.inode.metadata.file_type))
}

/// The names in an item of inode `number`, of lives that are not known yet.
fn of_item(trees: &[u64], index: usize, number: u64, item: &Item<'_>) -> Vec<Name> {
    let bare = |dir: u64, name: &[u8], child: u64, file_type| Name {
        dir,
        dir_generation: None,
        name: name.to_vec(),
        child,
        child_generation: None,
        file_type,
        order: 0,
        proof: Proof::Checked,
    };
    let Ok(own) = Btrfs::id(index, number) else { return Vec::new() };
    match item.key.kind {
        kind::INODE_REF | kind::INODE_EXTREF => {
            let found = names(item.key, item.data).unwrap_or_default();
            let possible = found.iter().filter(|name| check_name(name.parent, &name.name).is_ok());
            let parents = possible.filter_map(|name| Some((Btrfs::id(index, name.parent).ok()?, name)));
            // The root of a tree is its own parent, under the name "..".
            let parents = parents.filter(|(parent, _)| *parent != own);
            parents.map(|(parent, name)| bare(parent.0, &name.name, own.0, None)).collect()
        }
        kind::DIR_ITEM | kind::DIR_INDEX => {
            let found = entries(item.data).unwrap_or_default();
            let possible = found.iter().filter(|entry| check_name(number, entry.name).is_ok());
            let name = |entry: &Entry<'_>| {
                let child = target(trees, index, entry.target)?;
                Some(bare(own.0, entry.name, child.0, entry.file_type))
            };
            possible.filter_map(name).collect()
        }
        _ => Vec::new(),
    }
}

/// The inode that an entry leads to.
fn target(trees: &[u64], index: usize, target: Key) -> Option<NodeId> {
    match target.kind {
        kind::INODE => Btrfs::id(index, target.object).ok(),
        kind::ROOT => {
            let index = trees.iter().position(|&tree| tree == target.object)?;
            Btrfs::id(index, object::FIRST_FREE).ok()
        }
        _ => None,
    }
}
