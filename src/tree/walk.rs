//! The walk: every entry of one file system, breadth first, without recursion and without loops.

use std::collections::{HashSet, VecDeque};
use std::ops::{ControlFlow, Range};

use super::attributes::Attributes;
use super::occupancy::{Occupancy, Occupied, Taken};
use crate::budget::Budget;
use crate::finding::{Gap, GapKind, Location, Loss};
use crate::fs::{Case, FileSystem, FileType, FsError, Metadata, NodeId};

/// Longest target of a symbolic link that is kept, in bytes (`PATH_MAX`).
const LINK_LIMIT: usize = 4096;

/// An entry of a walked file system.
#[derive(Clone, Debug)]
pub struct Walked {
    /// Index of the directory it is in; the root is its own parent.
    pub parent: u32,
    /// Where its name lies in [`Walk::names`].
    name: Range<u32>,
    /// Its inode.
    pub node: NodeId,
    /// What the inode says.
    pub metadata: Metadata,
    /// Indexes of its children, sorted by name; empty but for directories.
    pub children: Range<u32>,
    /// Byte offset of its first data on disk; `u64::MAX` where it has none: the order to read in.
    pub first: u64,
    /// Target of a symbolic link.
    pub target: Option<Box<[u8]>>,
}

/// All entries of one file system, and what could not be walked.
#[derive(Default)]
pub struct Walk {
    /// The root first, then directory by directory.
    pub entries: Vec<Walked>,
    names: Vec<u8>,
    /// What was not reached; paths are inside the file system.
    pub gaps: Vec<Gap>,
    /// How much of the disk the files take.
    pub occupied: Occupied,
    /// Which parts of it.
    pub taken: Taken,
    /// Their extended attributes.
    pub attributes: Attributes,
    /// Gathers it during the walk.
    occupancy: Occupancy,
    /// Directories whose names have no case; none: see `is_caseless`.
    caseless: HashSet<u32>,
    /// Whether no directory has names with case.
    is_caseless: bool,
}

impl Walk {
    /// The name of an entry in its directory; empty for the root.
    pub fn name(&self, entry: &Walked) -> &[u8] {
        self.names.get(entry.name.start as usize..entry.name.end as usize).unwrap_or_default()
    }

    /// The entry at `index`.
    pub fn get(&self, index: u32) -> Option<&Walked> {
        self.entries.get(index as usize)
    }

    /// Whether names in the directory at `index` have no case.
    pub(crate) fn folds(&self, index: u32) -> bool {
        self.is_caseless || self.caseless.contains(&index)
    }

    /// Whether names in any directory have no case.
    pub(crate) fn folds_any(&self) -> bool {
        self.is_caseless || !self.caseless.is_empty()
    }

    /// The child called `name` of the directory at `index`.
    pub fn child(&self, index: u32, name: &[u8]) -> Option<u32> {
        let range = self.get(index)?.children.clone();
        let children = self.entries.get(range.start as usize..range.end as usize)?;
        let found = children.binary_search_by(|entry| self.name(entry).cmp(name)).ok()?;
        range.start.checked_add(u32::try_from(found).ok()?)
    }

    /// Appends the path inside the file system of the entry at `index`: nothing for the root, else
    /// parts that each begin with a slash.
    pub fn push_path(&self, index: u32, path: &mut Vec<u8>) {
        let mut parts = Vec::new();
        let mut at = index;
        while let Some(entry) = self.get(at).filter(|entry| entry.parent != at) {
            parts.push(self.name(entry));
            at = entry.parent;
        }
        for part in parts.iter().rev() {
            path.push(b'/');
            path.extend_from_slice(part);
        }
    }

    fn is_full(&self, budget: &Budget) -> bool {
        self.entries.len() as u64 >= budget.entries
    }

    fn path(&self, index: u32) -> Vec<u8> {
        let mut path = Vec::new();
        self.push_path(index, &mut path);
        if path.is_empty() {
            path.push(b'/');
        }
        path
    }

    fn gap(&mut self, path: Vec<u8>, node: Option<NodeId>, loss: Loss, kind: GapKind, reason: String) {
        let location = Location { path, inode: node.map(|id| id.0), ..Location::default() };
        self.gaps.push(Gap { location, kind, loss, bytes: None, reason });
    }
}

/// The kind of gap that an error of a file system makes.
pub fn gap_kind(error: &FsError) -> GapKind {
    use crate::bytes::ReadError;
    match error {
        FsError::Read(ReadError::BeyondEnd { .. }) => GapKind::Missing,
        FsError::Read(ReadError::Host { .. }) => GapKind::HostFailed,
        FsError::Corrupt { .. } | FsError::Read(ReadError::Inner { .. } | ReadError::Container { .. }) => {
            GapKind::Damaged
        }
        FsError::Unsupported(what) if what.contains("ncrypt") => GapKind::Encrypted,
        FsError::Unsupported(_) => GapKind::Unsupported,
    }
}

/// Walks `fs` from its root.
pub fn walk(fs: &dyn FileSystem, budget: &Budget) -> Walk {
    walk_from(fs, fs.root(), &HashSet::new(), budget)
}

/// Walks `fs` from the directory `root`; the directories in `others` are entries, and are not entered.
pub fn walk_from(fs: &dyn FileSystem, root: NodeId, others: &HashSet<NodeId>, budget: &Budget) -> Walk {
    let mut walk = Walk::default();
    match fs.node(root) {
        Ok(node) => {
            let metadata = *node.metadata();
            walk.entries.push(Walked {
                parent: 0,
                name: 0..0,
                node: root,
                metadata,
                children: 0..0,
                first: u64::MAX,
                target: None,
            });
        }
        Err(error) => {
            walk.gap(
                b"/".to_vec(),
                Some(root),
                Loss::Volume,
                gap_kind(&error),
                format!("the root directory: {error}"),
            );
            return walk;
        }
    }
    let usage = fs.usage();
    walk.occupancy = Occupancy::of(usage.block.into());
    if let Ok(mut node) = fs.node(root) {
        walk.occupancy.add_directory(node.extents().unwrap_or_default());
        walk.attributes.add(0, node.xattrs().unwrap_or_default(), budget);
    }
    let mut seen = HashSet::from([root]);
    let others = others.iter().copied().filter(|&other| other != root).collect();
    descend(fs, &mut walk, 0, &mut seen, &others, budget);
    unnamed(fs, &mut walk, &mut seen, budget);
    let (occupied, taken) = std::mem::take(&mut walk.occupancy).finish();
    walk.taken = taken;
    if walk.attributes.dropped > 0 {
        let dropped = walk.attributes.dropped;
        let text =
            format!("{dropped} extended attributes are not searched: all together have too many bytes");
        walk.gap(b"/".to_vec(), None, Loss::Part, GapKind::OverLimit, text);
    }
    // A file system that counts the bytes of files itself needs no sum.
    walk.occupied = if usage.data.is_none() { occupied } else { Occupied::default() };
    match fs.case() {
        Case::Sensitive => {}
        Case::Insensitive => walk.is_caseless = true,
        Case::ByDirectory => walk.caseless = caseless(fs, &walk),
    }
    walk
}

/// The directories with the flag.
fn caseless(fs: &dyn FileSystem, walk: &Walk) -> HashSet<u32> {
    let directories = (0_u32..).zip(&walk.entries);
    let directories = directories.filter(|(_, entry)| entry.metadata.file_type == FileType::Directory);
    // What cannot be read is a gap already.
    let has_flag = |entry: &Walked| fs.node(entry.node).is_ok_and(|node| node.ignores_case());
    directories.filter(|(_, entry)| has_flag(entry)).map(|(index, _)| index).collect()
}

/// Walks what lies under the directory at `start`.
fn descend(
    fs: &dyn FileSystem,
    walk: &mut Walk,
    start: u32,
    seen: &mut HashSet<NodeId>,
    others: &HashSet<NodeId>,
    budget: &Budget,
) {
    let mut queue = VecDeque::from([(start, 0_u32)]);
    while let Some((index, depth)) = queue.pop_front() {
        if walk.is_full(budget) {
            let text = format!("more than {} entries in this file system", budget.entries);
            return walk.gap(walk.path(index), None, Loss::Directory, GapKind::OverLimit, text);
        }
        for child in read_children(fs, walk, index, budget) {
            let Some(entry) = walk.get(child).filter(|entry| entry.metadata.file_type == FileType::Directory)
            else {
                continue;
            };
            let node = entry.node;
            if others.contains(&node) {
                continue;
            }
            if !seen.insert(node) {
                let text = format!("directory loop: inode {} was already reached under another name", node.0);
                walk.gap(walk.path(child), Some(node), Loss::Directory, GapKind::Damaged, text);
            } else if depth >= budget.directory_depth {
                let text = format!("deeper than {} directories", budget.directory_depth);
                walk.gap(walk.path(child), Some(node), Loss::Directory, GapKind::OverLimit, text);
            } else {
                queue.push_back((child, depth.saturating_add(1)));
            }
        }
    }
}

/// Adds what is in use without a name, with what lies under it. Such an entry is no child of the root's: it
/// has a path of its own, and can only be met by going through all entries.
fn unnamed(fs: &dyn FileSystem, walk: &mut Walk, seen: &mut HashSet<NodeId>, budget: &Budget) {
    let (found, damage) = unnamed_nodes(fs, walk, budget);
    if let Some(error) = damage {
        let text = format!("not all files without a name could be searched for: {error}");
        walk.gap(b"/".to_vec(), None, Loss::Part, gap_kind(&error), text);
    }
    // Directories first: they name most of the rest.
    for directories in [true, false] {
        let named = named_nodes(walk);
        for &id in &found {
            let is_directory = fs.node(id).is_ok_and(|node| node.metadata().file_type == FileType::Directory);
            let known = seen.contains(&id) || named.binary_search(&id).is_ok();
            if is_directory == directories && !known && !walk.is_full(budget) {
                add_unnamed(fs, walk, id, seen, budget);
            }
        }
    }
}

/// What was found, and what kept the rest from being found.
fn unnamed_nodes(fs: &dyn FileSystem, walk: &Walk, budget: &Budget) -> (Vec<NodeId>, Option<FsError>) {
    let named = named_nodes(walk);
    let room = budget.entries.saturating_sub(walk.entries.len() as u64);
    let mut found = Vec::new();
    let searched = fs.unnamed(&|id| named.binary_search(&id).is_ok(), &mut |id| {
        if (found.len() as u64) < room {
            found.push(id);
        }
    });
    (found, searched.err())
}

fn named_nodes(walk: &Walk) -> Vec<NodeId> {
    let mut named: Vec<NodeId> = walk.entries.iter().map(|entry| entry.node).collect();
    named.sort_unstable();
    named.dedup();
    named
}

fn add_unnamed(
    fs: &dyn FileSystem,
    walk: &mut Walk,
    id: NodeId,
    seen: &mut HashSet<NodeId>,
    budget: &Budget,
) {
    let before = walk.entries.len();
    add_entry(fs, walk, 0, format!("<inode {}>", id.0).as_bytes(), id, budget);
    let index = u32::try_from(before).unwrap_or(u32::MAX);
    let Some(entry) = walk.get(index) else { return };
    let (metadata, path) = (entry.metadata, walk.path(index));
    let (loss, text) = if metadata.links == 0 {
        (Loss::Nothing, "it was deleted while it was open; its content is still there and was read")
    } else {
        // What is found by its path is not found under this one.
        (
            Loss::File,
            "it is in use, but no directory that could be read names it; it was read without its name",
        )
    };
    walk.gap(path, Some(id), loss, GapKind::Damaged, text.to_owned());
    if metadata.file_type == FileType::Directory && seen.insert(id) {
        descend(fs, walk, index, seen, &HashSet::new(), budget);
    }
}

/// Appends the entries of the directory at `index` and returns their range.
fn read_children(fs: &dyn FileSystem, walk: &mut Walk, index: u32, budget: &Budget) -> Range<u32> {
    let Some(dir) = walk.get(index).map(|entry| entry.node) else { return 0..0 };
    let room = budget.entries.saturating_sub(walk.entries.len() as u64);
    let mut found: Vec<(Vec<u8>, NodeId)> = Vec::new();
    let result = fs.read_dir(dir, &mut |name, node, _| {
        if name != b"." && name != b".." {
            found.push((name.to_vec(), node));
        }
        if found.len() as u64 >= room { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if let Err(error) = result {
        walk.gap(walk.path(index), Some(dir), Loss::Directory, gap_kind(&error), error.to_string());
    }
    found.sort();
    found.dedup();
    let start = u32::try_from(walk.entries.len()).unwrap_or(u32::MAX);
    for (name, node) in found {
        add_entry(fs, walk, index, &name, node, budget);
    }
    let children = start..u32::try_from(walk.entries.len()).unwrap_or(u32::MAX);
    if let Some(entry) = walk.entries.get_mut(index as usize) {
        entry.children = children.clone();
    }
    children
}

fn add_entry(fs: &dyn FileSystem, walk: &mut Walk, parent: u32, name: &[u8], id: NodeId, budget: &Budget) {
    let damaged = |walk: &mut Walk, loss, error: &FsError| {
        let mut path = walk.path(parent);
        if path.last() != Some(&b'/') {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        walk.gap(path, Some(id), loss, gap_kind(error), error.to_string());
    };
    let mut node = match fs.node(id) {
        Ok(node) => node,
        Err(error) => return damaged(walk, Loss::File, &error),
    };
    let metadata = *node.metadata();
    let target = match metadata.file_type {
        FileType::Symlink => match node.read_link() {
            Ok(target) => Some(target.get(..LINK_LIMIT).unwrap_or(&target).into()),
            Err(error) => {
                damaged(walk, Loss::File, &error);
                None
            }
        },
        _ => None,
    };
    let mut first = u64::MAX;
    if metadata.file_type == FileType::Regular {
        first = node.first_place().unwrap_or(u64::MAX);
        // An error shows itself again when the file is read.
        walk.occupancy.add(node.extents().unwrap_or_default(), metadata.size);
        walk.occupancy.add_packed(node.packed());
    } else if metadata.file_type == FileType::Directory {
        walk.occupancy.add_directory(node.extents().unwrap_or_default());
    }
    let index = u32::try_from(walk.entries.len()).unwrap_or(u32::MAX);
    match node.xattrs() {
        Ok(found) => walk.attributes.add(index, found, budget),
        // What the host does not open is told where its content is read.
        Err(error) if gap_kind(&error) == GapKind::HostFailed => {}
        Err(error) => damaged(walk, Loss::Part, &error),
    }
    let start = u32::try_from(walk.names.len()).unwrap_or(u32::MAX);
    walk.names.extend_from_slice(name);
    let end = u32::try_from(walk.names.len()).unwrap_or(u32::MAX);
    walk.entries.push(Walked { parent, name: start..end, node: id, metadata, children: 0..0, first, target });
}
