//! Paths, symbolic links that stay inside the image, and the walk: written once for all file systems.
//!
//! A [`Tree`] is what the running machine would see: the file system that holds `/etc` as root, the
//! others where /etc/fstab, their own memory, the partition's type or the label puts them. A file system
//! that has no place is there too, under its own paths.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::budget::Budget;
use crate::bytes::Span;
use crate::fs::recovered::Recovery;
use crate::fs::{FileSystem, FileType, FsError, Metadata, Node, NodeId, Subvolume};
use crate::gap::{Gap, Location};
use crate::path;

pub mod attributes;
mod covers;
pub(crate) mod folding;
pub mod fstab;
pub mod mount;
pub mod occupancy;
mod places;
mod roots;
mod subvolume;
mod systems;
mod unit_files;
mod view;
pub mod walk;

pub use covers::{Cover, CoverKind};
pub use places::Place;
pub use view::{Located, Lost, SystemKind, SystemRoot, View};
use walk::{Walk, Walked};

/// A file as a detector sees it.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its path in the running machine; a member of an archive is `outer!/inner`.
    pub path: &'a [u8],
    /// What its inode says. For a member of an archive: the archive's, with the member's size.
    pub metadata: &'a Metadata,
    /// Its number in its file system.
    pub node: NodeId,
    /// The target, for a symbolic link.
    pub target: Option<&'a [u8]>,
}

impl<'a> Entry<'a> {
    /// The last part of the path.
    pub fn name(&self) -> &'a [u8] {
        self.path.rsplit(|&byte| byte == b'/').next().unwrap_or(self.path)
    }

    /// What comes before the last part, without the slash; empty for the root's own files.
    pub fn directory(&self) -> &'a [u8] {
        match memchr::memrchr(b'/', self.path) {
            Some(at) => self.path.get(..at).unwrap_or_default(),
            None => b"",
        }
    }

    /// The part of the path inside the innermost archive, or the path itself: `/keys/id_rsa` of
    /// `/home/a/b.zip!/keys/id_rsa`. Rules by file name hold for both.
    pub fn inner_path(&self) -> &'a [u8] {
        path::innermost(self.path)
    }

    /// Whether it is a member of an archive.
    pub fn is_member(&self) -> bool {
        path::is_inside(self.path)
    }
}

/// What the entries of a volume are to the running machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Files of a volume of the disk.
    Disk,
    /// Files of a file system in this file. Their paths begin with that file's path and `!`, and no path of the running
    /// machine leads to them.
    File(EntryId),
    /// No files, but bytes that no file system describes.
    Raw,
    /// Files that are no more, and that came back: no path of the running machine leads to them.
    Deleted,
}

/// A file system in its place.
pub struct Mounted {
    /// The file system.
    pub fs: Arc<dyn FileSystem>,
    /// Its entries.
    pub walk: Walk,
    /// Number of its partition.
    pub partition: Option<u32>,
    /// How a report calls it: "ext4 rootfs".
    pub name: String,
    /// Where it is mounted, without a slash at the end (the root: empty); `None`: it has no place.
    pub mount: Option<Vec<u8>>,
    /// Why there.
    pub mount_source: Option<&'static str>,
    /// What it is to the running machine.
    pub placement: Placement,
    /// Which part of the file system it is; none where that has no parts.
    pub subvolume: Option<Subvolume>,
    /// Number of the file system: parts of one share it.
    pub file_system: u32,
}

impl Mounted {
    /// Whether its entries are no files, but bytes that no file system describes.
    pub fn is_raw(&self) -> bool {
        self.placement == Placement::Raw
    }

    /// Whether its entries are files that are no more.
    pub fn is_deleted(&self) -> bool {
        self.placement == Placement::Deleted
    }

    /// Whether the running machine may reach its entries by a path.
    pub fn is_reachable(&self) -> bool {
        matches!(self.placement, Placement::Disk | Placement::Raw)
    }

    /// Whether an entry of it is a regular file.
    pub fn is_file(&self, entry: &Walked) -> bool {
        entry.metadata.file_type == FileType::Regular && !self.is_raw()
    }

    /// The file that it lies in, for a file system inside a file.
    pub fn outer(&self) -> Option<EntryId> {
        match self.placement {
            Placement::File(id) => Some(id),
            Placement::Disk | Placement::Raw | Placement::Deleted => None,
        }
    }

    /// Where its paths begin: its place, or without one the path within its file system.
    fn base(&self) -> &[u8] {
        let inside = || self.subvolume.as_ref().map(|subvolume| subvolume.path.as_slice());
        self.mount.as_deref().or_else(inside).unwrap_or_default()
    }
}

/// An entry of the tree: which file system, and which of its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    /// Index in [`Tree::volumes`].
    pub volume: u32,
    /// Index in its walk.
    pub index: u32,
}

/// All file systems of an image put together as the running machine sees them.
#[derive(Default)]
pub struct Tree {
    volumes: Vec<Mounted>,
    /// Files whose content is a volume: asked for every file, so not looked for among the volumes.
    opened: HashSet<(u32, NodeId)>,
    /// Of files that were opened, by the number of their volume and inode: long runs of their bytes that are read
    /// as contents of the files in them, sorted.
    claims: BTreeMap<(u32, NodeId), Vec<Span>>,
    /// The machine first.
    systems: Vec<SystemRoot>,
    places: places::Places,
    covers: Vec<Cover>,
    /// What of all that could not be told.
    unsettled: Vec<Gap>,
    /// The limits it was made with.
    budget: Budget,
}

impl Tree {
    /// Puts the file systems together; see `mount::place`.
    pub fn new(mut volumes: Vec<Mounted>, hints: &[mount::Hint]) -> Self {
        mount::place(&mut volumes, hints);
        Self::assemble(volumes)
    }

    /// The tree of one file system, as root: for tests and mounted trees.
    pub fn of(fs: Arc<dyn FileSystem>, budget: &Budget) -> Self {
        let walk = walk::walk(&*fs, budget);
        let name = fs.identity().kind.to_owned();
        let mount = Some(Vec::new());
        let mounted = Mounted {
            fs,
            walk,
            partition: None,
            name,
            mount,
            mount_source: None,
            placement: Placement::Disk,
            subvolume: None,
            file_system: 0,
        };
        let mut tree = Self::assemble(vec![mounted]);
        tree.settle(budget);
        tree
    }

    /// The volumes that have files that are there, with their numbers.
    pub fn file_volumes(&self) -> impl Iterator<Item = (u32, &Mounted)> + Clone {
        (0_u32..).zip(&self.volumes).filter(|(_, mounted)| !mounted.is_raw() && !mounted.is_deleted())
    }

    /// The file systems, in the order of the disk.
    pub fn volumes(&self) -> &[Mounted] {
        &self.volumes
    }

    /// Its file systems, to be put into another tree.
    pub fn into_volumes(self) -> Vec<Mounted> {
        self.volumes
    }

    /// Adds a file system that lies in a file of the tree.
    pub fn nest(&mut self, inner: Mounted) {
        let outer = inner.outer().and_then(|id| Some((id.volume, self.get(id)?.1.node)));
        self.opened.extend(outer);
        self.volumes.push(inner);
    }

    /// Notes runs of a file that are read as contents of the files in it.
    pub fn claim(&mut self, id: EntryId, runs: impl IntoIterator<Item = Span>) {
        let Some(node) = self.get(id).map(|(_, walked)| walked.node) else { return };
        let claims = self.claims.entry((id.volume, node)).or_default();
        claims.extend(runs);
        claims.sort_unstable();
        claims.dedup_by(|next, run| {
            let end = run.offset.saturating_add(run.len);
            let touches = next.offset <= end;
            if touches {
                run.len = next.offset.saturating_add(next.len).max(end).saturating_sub(run.offset);
            }
            touches
        });
    }

    /// Runs of an opened file that are read as contents of the files in it: each is searched there.
    pub fn claims(&self, id: EntryId) -> &[Span] {
        let key = self.get(id).map(|(_, walked)| (id.volume, walked.node));
        key.and_then(|key| self.claims.get(&key)).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a file was opened as a file system of this kind.
    pub fn is_opened_as(&self, id: EntryId, kind: &str) -> bool {
        self.inside(id).any(|mounted| mounted.name == kind)
    }

    /// The file systems in a file.
    fn inside(&self, id: EntryId) -> impl Iterator<Item = &Mounted> {
        let node = self.get(id).map(|(_, walked)| walked.node);
        let is_same = move |outer: EntryId| {
            outer.volume == id.volume && self.get(outer).map(|(_, file)| file.node) == node
        };
        self.volumes.iter().filter(move |mounted| mounted.outer().is_some_and(is_same))
    }

    /// Whether the content of a file is in the tree: it was opened as a file system.
    pub fn is_opened(&self, id: EntryId) -> bool {
        let Some((_, walked)) = self.get(id) else { return false };
        walked.metadata.size > 0 && self.opened.contains(&(id.volume, walked.node))
    }

    /// Every entry of every file system that is there, in a fixed order: without files that are no more.
    pub fn present(&self) -> impl Iterator<Item = EntryId> + '_ {
        self.ids().filter(|id| self.volumes.get(id.volume as usize).is_some_and(|one| !one.is_deleted()))
    }

    /// How a file came back that is no more; none of one that is there.
    pub fn recovery(&self, id: EntryId) -> Option<&Recovery> {
        let (mounted, walked) = self.get(id)?;
        mounted.fs.recovery(walked.node)
    }

    /// Every entry of every file system, in a fixed order.
    pub fn ids(&self) -> impl Iterator<Item = EntryId> + '_ {
        (0_u32..).zip(&self.volumes).flat_map(|(volume, mounted)| {
            (0_u32..).zip(&mounted.walk.entries).map(move |(index, _)| EntryId { volume, index })
        })
    }

    /// The entry's file system and record.
    pub fn get(&self, id: EntryId) -> Option<(&Mounted, &Walked)> {
        let mounted = self.volumes.get(id.volume as usize)?;
        Some((mounted, mounted.walk.get(id.index)?))
    }

    /// The path of an entry in the running machine; for a file system without a place, in itself.
    pub fn path(&self, id: EntryId) -> Vec<u8> {
        let mut path = Vec::with_capacity(64);
        if let Some(mounted) = self.volumes.get(id.volume as usize) {
            path.extend_from_slice(mounted.base());
            mounted.walk.push_path(id.index, &mut path);
        }
        let is_nested = self.volumes.get(id.volume as usize).is_some_and(|mounted| mounted.outer().is_some());
        if path.is_empty() || is_nested && id.index == 0 {
            path.push(b'/');
        }
        path
    }

    /// Where an entry is, for reports.
    pub fn location(&self, id: EntryId) -> Location {
        let path = self.path(id);
        let Some((mounted, walked)) = self.get(id) else { return Location { path, ..Location::default() } };
        Location {
            partition: mounted.partition,
            volume: Some(mounted.name.clone()),
            path,
            inode: Some(mounted.fs.inode_number(walked.node)),
            offset: None,
            line: None,
        }
    }

    /// What could not be walked, with paths as the running machine sees them.
    pub fn gaps(&self) -> Vec<Gap> {
        self.volumes.iter().flat_map(Mounted::walked_gaps).collect()
    }

    /// Opens an entry's inode.
    ///
    /// # Errors
    /// [`FsError`], if it is damaged.
    pub fn open(&self, id: EntryId) -> Result<Box<dyn Node + '_>, FsError> {
        let Some((mounted, walked)) = self.get(id) else {
            return Err(FsError::corrupt("entry", id.index.into(), "no such entry in the tree"));
        };
        mounted.fs.node(walked.node)
    }

    /// Finds `path` (absolute) in the machine; see [`View::find`].
    pub fn find(&self, path: &[u8]) -> Option<EntryId> {
        let machine = self.machine()?;
        machine.find(path).or_else(|| self.on_disk(path, |disk, path| disk.find(path)))
    }

    /// Where ostree's deployment is the machine, paths of the disk lead somewhere, too: reports have them.
    fn on_disk(&self, path: &[u8], find: impl Fn(View<'_>, &[u8]) -> Option<EntryId>) -> Option<EntryId> {
        let disk =
            self.physical().filter(|disk| self.systems.first().is_some_and(|m| m.root != disk.root))?;
        find(View::new(self, &disk), path)
    }

    /// Like [`Tree::find`], but a link at the end of the path is not followed.
    pub fn find_link(&self, path: &[u8]) -> Option<EntryId> {
        let machine = self.machine()?;
        machine.find_link(path).or_else(|| self.on_disk(path, |disk, path| disk.find_link(path)))
    }

    /// Looks `path` (absolute) up in the machine; see [`View::lookup`].
    pub fn lookup(&self, path: &[u8]) -> Option<(Vec<u8>, Metadata)> {
        self.machine()?.lookup(path)
    }

    /// Reads the file at `path` (absolute, links followed) of the machine, at most `limit` bytes.
    ///
    /// # Errors
    /// [`FsError`] if it cannot be read; a larger file is `Unsupported`. `Ok(None)` if there is none.
    pub fn read(&self, path: &[u8], limit: u64) -> Result<Option<Vec<u8>>, FsError> {
        self.machine().map_or(Ok(None), |machine| machine.read(path, limit))
    }

    fn is_directory(&self, id: EntryId) -> bool {
        self.get(id).is_some_and(|(_, walked)| walked.metadata.file_type == FileType::Directory)
    }

    fn is_regular(&self, id: EntryId) -> bool {
        self.get(id).is_some_and(|(_, walked)| walked.metadata.file_type == FileType::Regular)
    }

    /// Reads the whole content of an entry, at most `limit` bytes.
    ///
    /// # Errors
    /// [`FsError`] if it cannot be read; a larger file is `Unsupported`.
    pub fn content(&self, id: EntryId, limit: u64) -> Result<Vec<u8>, FsError> {
        let mut node = self.open(id)?;
        let size = node.metadata().size;
        if size > limit {
            return Err(FsError::Unsupported(format!(
                "a file of {size} bytes where at most {limit} are read as a whole"
            )));
        }
        let mut content = vec![0; usize::try_from(size).unwrap_or(0)];
        let mut filled = 0;
        while let Some(rest) = content.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match node.read_at(filled as u64, rest)? {
                0 => break,
                read => filled = filled.saturating_add(read),
            }
        }
        content.truncate(filled);
        Ok(content)
    }

    /// Names and types in the directory at `path` (links followed) of the machine, sorted; empty if there is none.
    pub fn list(&self, path: &[u8]) -> Vec<(Vec<u8>, FileType)> {
        self.machine().map_or_else(Vec::new, |machine| machine.list(path))
    }
}

impl Mounted {
    /// Whether it has its place in the running machine, and does not lie in a file of it.
    pub fn is_placed(&self) -> bool {
        let is_path = |mount: &Vec<u8>| mount.is_empty() || mount.starts_with(b"/");
        self.is_reachable() && self.mount.as_ref().is_some_and(is_path)
    }

    /// The path of an entry in the running machine, or in the system that a file system inside a file, or without a
    /// place, is of.
    pub fn path_inside(&self, index: u32) -> Vec<u8> {
        let mut path = Vec::with_capacity(64);
        if self.is_reachable() {
            path.extend_from_slice(self.mount.as_deref().unwrap_or_default());
        }
        self.walk.push_path(index, &mut path);
        path
    }

    /// What could not be walked, with paths as the running machine sees them.
    pub fn walked_gaps(&self) -> Vec<Gap> {
        let complete = |gap: &Gap| {
            let mut gap = gap.clone();
            let mut path = self.base().to_vec();
            path.extend_from_slice(&gap.location.path);
            gap.location.path = path;
            gap.location.inode = gap.location.inode.map(|id| self.fs.inode_number(NodeId(id)));
            gap.location.partition = self.partition;
            gap.location.volume = Some(self.name.clone());
            gap
        };
        self.walk.gaps.iter().map(complete).collect()
    }
}

/// Puts the parts of `path` on the stack `todo`, the first on top.
fn push_parts(path: &[u8], todo: &mut Vec<Vec<u8>>) {
    let parts = path.split(|&byte| byte == b'/').filter(|part| !part.is_empty() && *part != b".");
    let from = todo.len();
    todo.extend(parts.map(<[u8]>::to_vec));
    if let Some(new) = todo.get_mut(from..) {
        new.reverse();
    }
}
