//! A system as its running kernel sees it: paths from its own root, symbolic links that stay inside, and what is
//! mounted where, in layers where several directories are one.

use std::collections::BTreeMap;

use super::folding::folded;
use super::{EntryId, Tree, push_parts};
use crate::fs::{FileType, FsError, Metadata};

/// How many symbolic links a look-up follows, as Linux does.
const LINKS_FOLLOWED: u32 = 40;

/// Which of the systems in an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SystemKind {
    /// What boots.
    Machine,
    /// What boots, or a service of it, with what its configuration mounts over its own directories.
    Mounted,
    /// A deployment of ostree that is not the one that boots.
    Deployment,
    /// The root of a container, a chroot, another slot, a file system in a file.
    Other,
}

/// A system in the image.
#[derive(Clone, Debug)]
pub struct SystemRoot {
    /// Which.
    pub kind: SystemKind,
    /// How a report calls it: the path of its root, or what mounts.
    pub name: Vec<u8>,
    /// Its root directory.
    pub root: EntryId,
    /// What is mounted at which of its paths: of several directories the first that has a name counts.
    pub(super) mounts: BTreeMap<Vec<u8>, Vec<EntryId>>,
}

impl SystemRoot {
    pub(super) fn new(kind: SystemKind, name: Vec<u8>, root: EntryId) -> Self {
        Self { kind, name, root, mounts: BTreeMap::new() }
    }

    /// A path of the system as reports have it, where nothing lies there.
    pub fn below(&self, path: &[u8]) -> Vec<u8> {
        match self.kind {
            SystemKind::Machine | SystemKind::Mounted => path.to_vec(),
            SystemKind::Deployment | SystemKind::Other => {
                [self.name.strip_suffix(b"/").unwrap_or(&self.name), path].concat()
            }
        }
    }
}

/// Why a path leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// There is nothing of this name.
    Missing,
    /// A symbolic link on the way leads out of what the image holds.
    Dangling,
    /// The links lead in a circle, or there are too many.
    Loop,
}

/// Where a path leads.
#[derive(Clone, Debug)]
pub struct Located {
    /// The entry; of a directory in layers the uppermost.
    pub id: EntryId,
    /// The path without links, in the system.
    pub path: Vec<u8>,
    /// All layers.
    layers: Vec<EntryId>,
}

/// A system of a tree.
#[derive(Clone, Copy)]
pub struct View<'t> {
    tree: &'t Tree,
    system: &'t SystemRoot,
}

impl<'t> View<'t> {
    pub(super) fn new(tree: &'t Tree, system: &'t SystemRoot) -> Self {
        Self { tree, system }
    }

    /// The system.
    pub fn system(&self) -> &'t SystemRoot {
        self.system
    }

    /// The tree that it is a part of.
    pub fn tree(&self) -> &'t Tree {
        self.tree
    }

    /// Finds `path` (absolute), following symbolic links inside the system only; `None` if there is nothing, or
    /// the links loop.
    pub fn find(&self, path: &[u8]) -> Option<EntryId> {
        self.locate(path).ok().map(|found| found.id)
    }

    /// Like [`View::find`], but a link at the end of the path is not followed.
    pub fn find_link(&self, path: &[u8]) -> Option<EntryId> {
        self.resolve(path, false).ok().map(|found| found.id)
    }

    /// Where `path` (absolute) leads, all links followed.
    ///
    /// # Errors
    /// [`Lost`], where it leads nowhere.
    pub fn locate(&self, path: &[u8]) -> Result<Located, Lost> {
        self.resolve(path, true)
    }

    fn resolve(&self, path: &[u8], follow_last: bool) -> Result<Located, Lost> {
        let mut todo: Vec<Vec<u8>> = Vec::new();
        push_parts(path, &mut todo);
        let top = self.system.mounts.get(b"".as_slice()).cloned();
        let mut stack = vec![(top.unwrap_or_else(|| vec![self.system.root]), 0)];
        let mut here: Vec<u8> = Vec::new();
        let mut links = 0;
        // So many parts are left when the target of the link at hand is done; what is missing then is not its fault.
        let mut behind: Option<usize> = None;
        while let Some(part) = todo.pop() {
            behind = behind.filter(|&left| todo.len() >= left);
            if part == b".." {
                if stack.len() > 1 {
                    here.truncate(stack.pop().map_or(0, |(_, before)| before));
                }
                continue;
            }
            let (layers, _) = stack.last().ok_or(Lost::Missing)?;
            let before = here.len();
            here.push(b'/');
            here.extend_from_slice(&part);
            // A link to /dev/null is there to say that there is nothing.
            let is_null = todo.is_empty() && here == b"/dev/null" || here == b"/dev";
            let lost = if behind.is_some() && !is_null { Lost::Dangling } else { Lost::Missing };
            let child = self.child(layers, &part, &here).ok_or(lost)?;
            let first = child.first().copied().ok_or(lost)?;
            let target = self.tree.get(first).and_then(|(_, walked)| walked.target.as_deref());
            match target {
                Some(target) if follow_last || !todo.is_empty() => {
                    links += 1;
                    if links > LINKS_FOLLOWED {
                        return Err(Lost::Loop);
                    }
                    here.truncate(before);
                    behind = behind.or(Some(todo.len()));
                    if target.first() == Some(&b'/') {
                        stack.truncate(1);
                        here.clear();
                    }
                    push_parts(target, &mut todo);
                }
                _ => stack.push((child, before)),
            }
        }
        let (layers, _) = stack.pop().ok_or(Lost::Missing)?;
        let id = layers.first().copied().ok_or(Lost::Missing)?;
        if here.is_empty() {
            here.push(b'/');
        }
        Ok(Located { id, path: here, layers })
    }

    /// The child `name` of a directory, which is at `path`: what is mounted there, or what its layers hold.
    fn child(&self, layers: &[EntryId], name: &[u8], path: &[u8]) -> Option<Vec<EntryId>> {
        if let Some(mounted) = self.system.mounts.get(path) {
            return Some(mounted.clone());
        }
        let mut found: Vec<EntryId> = Vec::new();
        for &layer in layers {
            let Some(child) = self.tree.child(layer, name) else { continue };
            let is_directory = self.tree.is_directory(child);
            if is_directory || found.is_empty() {
                found.push(child);
            }
            if !is_directory {
                break;
            }
        }
        (!found.is_empty()).then_some(found)
    }

    /// Looks `path` (absolute) up, following symbolic links inside the system only. Returns the resolved path as
    /// [`Tree::path`] writes it and the metadata; `None` if there is nothing, or a loop.
    pub fn lookup(&self, path: &[u8]) -> Option<(Vec<u8>, Metadata)> {
        let id = self.find(path)?;
        Some((self.tree.path(id), self.tree.get(id)?.1.metadata))
    }

    /// Reads the file at `path` (absolute, links followed), at most `limit` bytes.
    ///
    /// # Errors
    /// [`FsError`] if it cannot be read; a larger file is `Unsupported`. `Ok(None)` if there is none.
    pub fn read(&self, path: &[u8], limit: u64) -> Result<Option<Vec<u8>>, FsError> {
        match self.find(path) {
            Some(id) if self.tree.is_regular(id) => self.tree.content(id, limit).map(Some),
            _ => Ok(None),
        }
    }

    /// Names and types in the directory at `path` (links followed), sorted; empty if there is none.
    pub fn list(&self, path: &[u8]) -> Vec<(Vec<u8>, FileType)> {
        let Ok(located) = self.locate(path) else { return Vec::new() };
        let mut names: BTreeMap<Vec<u8>, FileType> = BTreeMap::new();
        for &layer in &located.layers {
            let Some((mounted, walked)) = self.tree.get(layer) else { continue };
            let range = walked.children.start as usize..walked.children.end as usize;
            for child in mounted.walk.entries.get(range).unwrap_or_default() {
                let name = mounted.walk.name(child).to_vec();
                names.entry(name).or_insert(child.metadata.file_type);
            }
        }
        names.into_iter().collect()
    }

    /// The paths that `pattern` names, where a part may be `*`: for few and short lists.
    pub(super) fn expand(&self, pattern: &[u8], limit: usize) -> Vec<Vec<u8>> {
        let mut found = vec![Vec::new()];
        for part in pattern.split(|&byte| byte == b'/').filter(|part| !part.is_empty()) {
            let mut next: Vec<Vec<u8>> = Vec::new();
            for directory in found {
                let below = |name: &[u8]| [directory.as_slice(), b"/", name].concat();
                if part == b"*" {
                    next.extend(self.list(&directory).iter().map(|(name, _)| below(name)));
                } else if self.find(&below(part)).is_some() {
                    next.push(below(part));
                }
            }
            next.truncate(limit);
            found = next;
        }
        found
    }
}

impl Tree {
    /// The child `name` of a directory in its own file system; where that has no case, by its folded name.
    fn child(&self, dir: EntryId, name: &[u8]) -> Option<EntryId> {
        let mounted = self.volumes.get(dir.volume as usize)?;
        let id = |index| EntryId { volume: dir.volume, index };
        if let Some(index) = mounted.walk.child(dir.index, name) {
            return Some(id(index));
        }
        if !mounted.walk.folds(dir.index) {
            return None;
        }
        let wanted = folded(name);
        let mut children = mounted.walk.get(dir.index)?.children.clone();
        let is_it = |&index: &u32| {
            mounted.walk.get(index).is_some_and(|child| folded(mounted.walk.name(child)) == wanted)
        };
        children.find(is_it).map(id)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::budget::Budget;
    use crate::fs::memory::Memory;

    #[test]
    fn a_link_that_leads_nowhere_is_told_from_a_name_that_is_not_there() {
        let memory = Memory::new()
            .directory("/usr/bin")
            .link("/bin", "usr/bin")
            .link("/a", "/gone/x")
            .link("/b", "/bin/../a")
            .link("/loop", "loop")
            .link("/none", "/dev/null");
        let tree = Tree::of(Arc::new(memory), &Budget::default());
        let lost = |path: &str| tree.machine().unwrap().locate(path.as_bytes()).map(|found| found.path);
        assert_eq!(lost("/bin/.ssh/authorized_keys"), Err(Lost::Missing));
        assert_eq!(lost("/a"), Err(Lost::Dangling));
        assert_eq!(lost("/a/b"), Err(Lost::Dangling));
        assert_eq!(lost("/b"), Err(Lost::Dangling));
        assert_eq!(lost("/loop"), Err(Lost::Loop));
        assert_eq!(lost("/none"), Err(Lost::Missing));
        assert_eq!(lost("/bin"), Ok(b"/usr/bin".to_vec()));
    }
}
