//! The walk: every entry of one file system, breadth first, without recursion and without loops.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::ops::{ControlFlow, Range};

use super::attributes::Attributes;
use super::occupancy::{Occupancy, Occupied, Taken};
use crate::budget::Budget;
use crate::fs::holes::volume_bytes;
use crate::fs::{Case, FileSystem, FileType, FsError, Metadata, NodeId};
use crate::gap::{Gap, GapKind, Location, Loss};

/// Longest target of a symbolic link that is kept, in bytes (`PATH_MAX`).
const LINK_LIMIT: usize = 4096;
/// Bytes of memory that an entry costs beside its name: its record, and its places in lists of all entries.
const ENTRY: u64 = 320;
/// Gaps of a walk that are told; the rest is counted.
const GAPS: usize = 2000;
/// Bytes of entries that a volume may have whatever its size, and for each of its bytes: a name takes twelve at least.
const SMALL: u64 = 64 << 20;
const PER_BYTE: u64 = 24;

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
    /// What of it there is, but not here: far too many alike are counted.
    more_gaps: BTreeMap<(Loss, GapKind), u64>,
    /// Bytes of memory that the entries take.
    pub bytes: u64,
    /// Bytes of the paths of all entries: deep down each is long.
    path_bytes: u64,
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

    /// What is spent, if anything is.
    fn is_full(&self, budget: &Budget, most: u64) -> Option<String> {
        if self.entries.len() as u64 >= budget.entries {
            Some(format!("more than {} entries in this file system", budget.entries))
        } else if self.bytes >= most {
            Some(format!(
                "after {} entries: more would take too much memory for a volume of this size",
                self.entries.len()
            ))
        } else if self.path_bytes >= budget.path_bytes {
            Some(format!(
                "after {} entries: their paths have more than {} bytes",
                self.entries.len(),
                budget.path_bytes
            ))
        } else {
            None
        }
    }

    /// Room for so many entries.
    fn room(&self, budget: &Budget, most: u64) -> u64 {
        let entries = budget.entries.saturating_sub(self.entries.len() as u64);
        entries.min(most.saturating_sub(self.bytes) / ENTRY)
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
        if self.gaps.len() >= GAPS {
            let count = self.more_gaps.entry((loss, kind)).or_default();
            *count = count.saturating_add(1);
            return;
        }
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
        FsError::Encrypted(_) => GapKind::Encrypted,
        FsError::Unsupported(_) => GapKind::Unsupported,
        FsError::OverLimit { .. } => GapKind::OverLimit,
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
    let limits = Limits { budget, bytes: entry_limit(fs, budget) };
    descend(fs, &mut walk, (0, 0), &mut seen, &others, limits);
    unnamed(fs, &mut walk, &mut seen, limits);
    let (occupied, taken) = std::mem::take(&mut walk.occupancy).finish();
    walk.taken = taken;
    if walk.attributes.dropped > 0 {
        let dropped = walk.attributes.dropped;
        let text =
            format!("{dropped} extended attributes are not searched: all together have too many bytes");
        walk.gap(b"/".to_vec(), None, Loss::Part, GapKind::OverLimit, text);
    }
    for ((loss, kind), count) in std::mem::take(&mut walk.more_gaps) {
        let location = Location { path: b"/".to_vec(), ..Location::default() };
        let reason = format!("{count} more gaps of this kind are only counted");
        walk.gaps.push(Gap { location, kind, loss, bytes: None, reason });
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

/// The limits of one walk.
#[derive(Clone, Copy)]
struct Limits<'b> {
    budget: &'b Budget,
    /// Bytes of memory that the entries may take.
    bytes: u64,
}

/// Bytes of memory that the entries of a file system may take: few of a small one, as directories that share their blocks
/// would make many of them.
pub fn entry_limit(fs: &dyn FileSystem, budget: &Budget) -> u64 {
    let volume = Some(volume_bytes(fs)).filter(|total| *total > 0).unwrap_or(u64::MAX);
    budget.entry_bytes.min(volume.saturating_mul(PER_BYTE).saturating_add(SMALL))
}

/// Walks what lies under the directory at `start`, whose path has so many bytes.
fn descend(
    fs: &dyn FileSystem,
    walk: &mut Walk,
    (start, len): (u32, u64),
    seen: &mut HashSet<NodeId>,
    others: &HashSet<NodeId>,
    limits: Limits<'_>,
) {
    let budget = limits.budget;
    let mut queue = VecDeque::from([(start, 0_u32, len)]);
    while let Some((index, depth, len)) = queue.pop_front() {
        if let Some(text) = walk.is_full(budget, limits.bytes) {
            return walk.gap(walk.path(index), None, Loss::Directory, GapKind::OverLimit, text);
        }
        let children = read_children(fs, walk, index, len, limits);
        let count = u64::from(children.end.saturating_sub(children.start));
        walk.path_bytes = walk.path_bytes.saturating_add(count.saturating_mul(len));
        for child in children {
            let Some(entry) = walk.get(child).filter(|entry| entry.metadata.file_type == FileType::Directory)
            else {
                continue;
            };
            let (node, below) =
                (entry.node, len.saturating_add(walk.name(entry).len() as u64).saturating_add(1));
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
                queue.push_back((child, depth.saturating_add(1), below));
            }
        }
    }
}

/// Adds what is in use without a name, with what lies under it. Such an entry is no child of the root's: it
/// has a path of its own, and can only be met by going through all entries.
fn unnamed(fs: &dyn FileSystem, walk: &mut Walk, seen: &mut HashSet<NodeId>, limits: Limits<'_>) {
    let (found, damage, is_cut) = unnamed_nodes(fs, walk, limits);
    if is_cut {
        let text = "more files without a name than there is room for";
        walk.gap(b"/".to_vec(), None, Loss::File, GapKind::OverLimit, text.to_owned());
    }
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
            if is_directory == directories && !known && walk.is_full(limits.budget, limits.bytes).is_none() {
                add_unnamed(fs, walk, id, seen, limits);
            }
        }
    }
}

/// What was found, and what kept the rest from being found.
fn unnamed_nodes(
    fs: &dyn FileSystem,
    walk: &Walk,
    limits: Limits<'_>,
) -> (Vec<NodeId>, Option<FsError>, bool) {
    let named = named_nodes(walk);
    let room = walk.room(limits.budget, limits.bytes);
    let (mut found, mut is_cut) = (Vec::new(), false);
    let searched = fs.unnamed(&|id| named.binary_search(&id).is_ok(), &mut |id| {
        if (found.len() as u64) < room {
            found.push(id);
        } else {
            is_cut = true;
        }
    });
    (found, searched.err(), is_cut)
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
    limits: Limits<'_>,
) {
    let before = walk.entries.len();
    add_entry(fs, walk, 0, format!("<inode {}>", id.0).as_bytes(), id, limits.budget);
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
        descend(fs, walk, (index, 0), seen, &HashSet::new(), limits);
    }
}

/// Appends the entries of the directory at `index`, whose path has `len` bytes, and returns their range.
fn read_children(
    fs: &dyn FileSystem,
    walk: &mut Walk,
    index: u32,
    len: u64,
    limits: Limits<'_>,
) -> Range<u32> {
    let Some(dir) = walk.get(index).map(|entry| entry.node) else { return 0..0 };
    let paths = limits.budget.path_bytes.saturating_sub(walk.path_bytes) / len.max(1);
    let room = walk.room(limits.budget, limits.bytes).min(paths);
    let mut found: Vec<(Vec<u8>, NodeId)> = Vec::new();
    let mut is_cut = false;
    let result = fs.read_dir(dir, &mut |name, node, _| {
        if name != b"." && name != b".." {
            found.push((name.to_vec(), node));
        }
        is_cut = found.len() as u64 > room;
        if is_cut { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    if is_cut {
        found.pop();
        let text = format!("its first {} entries were read: there is no room for more", found.len());
        walk.gap(walk.path(index), Some(dir), Loss::Directory, GapKind::OverLimit, text);
    }
    if let Err(error) = result {
        walk.gap(walk.path(index), Some(dir), Loss::Directory, gap_kind(&error), error.to_string());
    }
    found.sort();
    found.dedup();
    let start = u32::try_from(walk.entries.len()).unwrap_or(u32::MAX);
    for (name, node) in found {
        add_entry(fs, walk, index, &name, node, limits.budget);
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
    let target_len = target.as_deref().map_or(0, <[u8]>::len);
    let cost = ENTRY.saturating_add(name.len() as u64).saturating_add(target_len as u64);
    walk.bytes = walk.bytes.saturating_add(cost);
    let start = u32::try_from(walk.names.len()).unwrap_or(u32::MAX);
    walk.names.extend_from_slice(name);
    let end = u32::try_from(walk.names.len()).unwrap_or(u32::MAX);
    walk.entries.push(Walked { parent, name: start..end, node: id, metadata, children: 0..0, first, target });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::Span;
    use crate::fs::{Attribute, Extent, Identity, Node, Note, Usage, Visit};

    /// A volume of 9 MiB in which so many directories have the same names.
    struct Sharing {
        directories: u64,
        names: u64,
    }

    struct Bare(Metadata);

    impl Node for Bare {
        fn metadata(&self) -> &Metadata {
            &self.0
        }

        fn extents(&mut self) -> Result<&[Extent], FsError> {
            Ok(&[])
        }

        fn read_at(&mut self, _: u64, _: &mut [u8]) -> Result<usize, FsError> {
            Ok(0)
        }

        fn read_link(&mut self) -> Result<Vec<u8>, FsError> {
            Ok(Vec::new())
        }

        fn xattrs(&mut self) -> Result<Vec<Attribute>, FsError> {
            Ok(Vec::new())
        }
    }

    impl FileSystem for Sharing {
        fn identity(&self) -> Identity {
            Identity::default()
        }

        fn usage(&self) -> Usage {
            Usage { total: 9 << 20, block: 4096, ..Usage::default() }
        }

        fn root(&self) -> NodeId {
            NodeId(0)
        }

        fn read_dir(&self, dir: NodeId, visit: &mut Visit<'_>) -> Result<(), FsError> {
            let count = if dir == self.root() { self.directories } else { self.names };
            for number in 0..count {
                let node = if dir == self.root() { NodeId(number + 1) } else { NodeId(u64::MAX) };
                if visit(format!("{number:08}").as_bytes(), node, None).is_break() {
                    break;
                }
            }
            Ok(())
        }

        fn node(&self, id: NodeId) -> Result<Box<dyn Node + '_>, FsError> {
            let kind = if id.0 == u64::MAX { FileType::Regular } else { FileType::Directory };
            Ok(Box::new(Bare(Metadata::bare(kind, 0o755, 1))))
        }

        fn unallocated(&self, _: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError> {
            Ok(())
        }

        fn notes(&self) -> Vec<Note> {
            Vec::new()
        }
    }

    #[test]
    fn directories_that_share_their_names_end_in_a_gap_and_not_in_millions_of_entries() {
        let walk = walk(&Sharing { directories: 100, names: 60_000 }, &Budget::default());
        assert!(walk.entries.len() < 900_000, "{}", walk.entries.len());
        assert!(walk.bytes < 300 << 20);
        let over: Vec<&Gap> = walk.gaps.iter().filter(|gap| gap.kind == GapKind::OverLimit).collect();
        assert!(
            over.iter().all(|gap| gap.loss == Loss::Directory) && (1..4).contains(&over.len()),
            "{over:?}"
        );
    }

    #[test]
    fn directories_whose_entries_fit_are_read_to_the_end() {
        let budget = Budget { entries: 13, ..Budget::default() };
        let walk = walk(&Sharing { directories: 3, names: 3 }, &budget);
        assert_eq!((walk.entries.len(), walk.gaps.len()), (13, 0));
    }
}
