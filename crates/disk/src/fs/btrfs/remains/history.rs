//! The history of one inode: its states in old leaves, newest first, each once.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::super::Btrfs;
use super::super::inode::Inode;
use super::super::key::{kind, object};
use super::content::Resolver;
use super::ground::Ground;
use super::layout::Layout;
use super::leaves::Share;
use super::names;
use super::scan::NEWEST;
use super::sums::Sums;
use crate::bytes::Record;
use crate::fs::remains::{Content, Fate, Life, Proof, Remain, Take, Version};
use crate::fs::{FileType, Time};

/// Place of the number of bytes that extents hold, in an inode item.
const BYTES_AT: usize = 24;

/// An inode as one leaf has it.
pub(super) struct State<'s> {
    pub(super) share: &'s Share,
    pub(super) inode: Inode,
    /// Bytes that its extents hold, holes not counted.
    pub(super) bytes: u64,
    /// The item as it is.
    item: Vec<u8>,
    logical: u64,
}

impl<'s> State<'s> {
    fn of(number: u64, share: &'s Share) -> Option<Self> {
        let item = share.items().find(|item| item.key.kind == kind::INODE)?;
        let inode = Inode::parse(number, item.data).ok().filter(|inode| inode.generation > 0)?;
        let bytes = Record::new("inode item", item.data).u64_le(BYTES_AT).ok()?;
        Some(Self { share, inode, bytes, item: item.data.to_vec(), logical: item.logical })
    }

    /// What tells it from others: the item, and where content lies according to the same leaf.
    fn mark(&self) -> Vec<u8> {
        let extents = self.share.items().filter(|item| item.key.kind == kind::EXTENT_DATA);
        let parts = extents.flat_map(|item| [&item.key.offset.to_le_bytes()[..], item.data].concat());
        self.item.iter().copied().chain(parts).collect()
    }

    fn found_at(&self) -> u64 {
        let skip = self.logical.saturating_sub(self.share.block.logical);
        self.share.found.place.saturating_add(skip)
    }
}

/// Writes the history of the inodes of a tree.
pub(super) struct Historian<'a, 'g> {
    pub(super) ground: &'g Ground<'g>,
    /// All trees of files, by their index.
    pub(super) trees: &'a [u64],
    pub(super) tree: u64,
    pub(super) sums: &'a mut Sums<'g>,
}

impl Historian<'_, '_> {
    /// Hands on what the shares of an inode tell.
    pub(super) fn inode(&mut self, number: u64, shares: &[Share], take: &mut Take<'_>) -> ControlFlow<()> {
        let is_inode = (object::FIRST_FREE..=object::LAST_FREE).contains(&number);
        if !is_inode || shares.iter().all(|share| !share.found.is_free) {
            return ControlFlow::Continue(());
        }
        let Some(index) = self.trees.iter().position(|&tree| tree == self.tree) else {
            return ControlFlow::Continue(());
        };
        let mut states: Vec<State<'_>> = shares.iter().filter_map(|share| State::of(number, share)).collect();
        // What is in use comes first, so that an old copy of it is none of its own.
        let age = |state: &State<'_>| {
            let found = &state.share.found;
            (!found.is_free, found.generation, !found.is_log(), state.inode.metadata.changed)
        };
        states.sort_by_key(|state| std::cmp::Reverse(age(state)));
        for name in names::of(self.trees, index, number, shares, &states) {
            take(Remain::Name(name))?;
        }
        self.sums.begin();
        let mut seen = BTreeSet::new();
        // Counts down from the newest.
        let mut rank = NEWEST;
        for state in &states {
            if seen.insert(state.mark()) && state.share.found.is_free {
                let Ok(id) = Btrfs::id(index, number) else { break };
                let life = Life { number: id.0, generation: state.inode.generation };
                let fate = self.fate(index, &state.inode, &states);
                take(Remain::Version(self.version(life, fate, rank, state, shares)))?;
                rank = rank.saturating_sub(1);
            }
        }
        ControlFlow::Continue(())
    }

    fn version(&mut self, life: Life, fate: Fate, rank: u16, state: &State<'_>, shares: &[Share]) -> Version {
        let metadata = state.inode.metadata;
        let has_content = matches!(metadata.file_type, FileType::Regular | FileType::Symlink);
        let (content, proof) = if has_content {
            let layout = Layout::of(self.ground, state, shares);
            Resolver { ground: self.ground, sums: self.sums, state }.content(layout)
        } else {
            (Content::Extents(Vec::new()), Proof::Checked)
        };
        let order = state.share.found.order(rank);
        Version { life, order, metadata, content, proof, fate, found_at: state.found_at() }
    }

    fn fate(&self, index: usize, inode: &Inode, states: &[State<'_>]) -> Fate {
        let fs = self.ground.fs;
        let now = fs.subvolumes.get(index).map(|subvolume| Inode::find(&fs.volume, subvolume, inode.number));
        if let Some(Ok(Some(now))) = now
            && now.generation == inode.generation
        {
            return Fate::Changed;
        }
        Fate::Deleted(deletion(inode.generation, states))
    }
}

/// When the last name went, where a state without one is left: that changed the inode.
fn deletion(generation: u64, states: &[State<'_>]) -> Option<Time> {
    let of_life = states.iter().filter(|state| state.inode.generation == generation);
    let nameless = of_life.filter(|state| state.inode.metadata.links == 0);
    nameless.map(|state| state.inode.metadata.changed).min()
}
