//! How files were called: a name leads from a directory to an inode, and the directory has a name itself.

use std::collections::{BTreeMap, BTreeSet};

use super::gather::Gathered;
use crate::fs::recovered::{Grade, Recovered, Recovery};
use crate::fs::remains::{Content, Fate, Life, Name, Version};
use crate::fs::{FileType, Metadata};

/// Directories above a file that are followed.
const DEPTH: usize = 128;
/// What names begin with that lead nowhere.
const ORPHANS: &str = "$ORPHAN";

/// Names by the inode that they lead to, and what is known of directories.
pub(super) struct Names<'g> {
    by_child: BTreeMap<u64, Vec<&'g Name>>,
    /// Lives by number, each with its first moment, the oldest first.
    lives: BTreeMap<u64, Vec<(u64, u64)>>,
    /// Lives that are over.
    deleted: BTreeSet<Life>,
    path_of: &'g dyn Fn(u64) -> Option<Vec<u8>>,
}

impl<'g> Names<'g> {
    pub(super) fn of(gathered: &'g Gathered, path_of: &'g dyn Fn(u64) -> Option<Vec<u8>>) -> Self {
        let mut by_child: BTreeMap<u64, Vec<&Name>> = BTreeMap::new();
        for name in gathered.names.iter().filter(|name| name.name != b"..") {
            by_child.entry(name.child).or_default().push(name);
        }
        let mut lives: BTreeMap<u64, Vec<(u64, u64)>> = BTreeMap::new();
        let mut deleted = BTreeSet::new();
        for (life, versions) in &gathered.lives {
            let first = versions.first().map_or(0, |version| version.order);
            lives.entry(life.number).or_default().push((first, life.generation));
            if versions.iter().any(|version| version.fate != Fate::Changed) {
                deleted.insert(*life);
            }
        }
        for list in lives.values_mut() {
            list.sort_unstable();
        }
        Self { by_child, lives, deleted, path_of }
    }

    /// The path of a version; `rank` counts the versions of its life that were kept before it.
    pub(super) fn path(&self, life: Life, version: &Version, rank: usize) -> Vec<u8> {
        let mut path = self.best(life, Some(version)).and_then(|name| self.full(name)).or_else(|| {
            let is_there = version.fate == Fate::Changed;
            is_there.then(|| (self.path_of)(life.number)).flatten()
        });
        let path = path.get_or_insert_with(|| orphan(life, version.metadata.file_type));
        if rank > 0 {
            path.extend_from_slice(format!("~{}.{}", life.number, version.order).as_bytes());
        }
        std::mem::take(path)
    }

    /// The name that fits a life best: one that says itself whose it is, then proved ones, then the last that it had.
    fn best(&self, life: Life, version: Option<&Version>) -> Option<&'g Name> {
        let names = self.by_child.get(&life.number)?;
        let fits = |name: &&&Name| {
            let kind = version.map(|version| version.metadata.file_type);
            let is_its_type = name.file_type.is_none() || kind.is_none() || name.file_type == kind;
            is_its_type && self.is_of(name, life)
        };
        let rank = |name: &&&Name| (name.child_generation.is_some(), name.proof, name.order);
        names.iter().filter(fits).max_by_key(rank).copied()
    }

    /// Whether a name led to this life of its inode: the one that had begun when it was written.
    fn is_of(&self, name: &Name, life: Life) -> bool {
        if let Some(generation) = name.child_generation {
            return generation == life.generation;
        }
        let Some(lives) = self.lives.get(&life.number) else { return true };
        let begun = lives.iter().rev().find(|(first, _)| name.order == 0 || *first <= name.order);
        begun.or_else(|| lives.first()).is_none_or(|(_, generation)| *generation == life.generation)
    }

    /// The whole path of a name.
    fn full(&self, name: &Name) -> Option<Vec<u8>> {
        let mut parts = vec![name.name.as_slice()];
        let (mut dir, mut generation, mut order) = (name.dir, name.dir_generation, name.order);
        for _ in 0..DEPTH {
            if let Some(path) = self.living(dir, generation) {
                return Some(joined(path, &parts));
            }
            let Some(above) = self.above(dir, generation, order) else { break };
            parts.push(&above.name);
            (dir, generation, order) = (above.dir, above.dir_generation, above.order);
        }
        let path = format!("/{ORPHANS}/{dir}").into_bytes();
        Some(joined(path, &parts))
    }

    /// The path of a directory that is still there, unless it is another life of the number.
    fn living(&self, dir: u64, generation: Option<u64>) -> Option<Vec<u8>> {
        let is_over =
            generation.is_some_and(|generation| self.deleted.contains(&Life { number: dir, generation }));
        if is_over { None } else { (self.path_of)(dir) }
    }

    /// The name of a directory.
    fn above(&self, dir: u64, generation: Option<u64>, order: u64) -> Option<&'g Name> {
        let names = self.by_child.get(&dir)?;
        let fits = |name: &&&Name| {
            let is_directory = name.file_type.is_none_or(|kind| kind == FileType::Directory);
            let is_its =
                generation.is_none_or(|generation| self.is_of(name, Life { number: dir, generation }));
            is_directory && is_its && name.dir != dir
        };
        // Nearest in time to what lies in it.
        names.iter().filter(fits).min_by_key(|name| (name.order.abs_diff(order), name.order)).copied()
    }

    /// Names of which no inode is known: they say that a file was there.
    pub(super) fn without_files(&self, lives: &BTreeMap<Life, Vec<Version>>) -> Vec<Recovered> {
        let known: BTreeSet<u64> = lives.keys().map(|life| life.number).collect();
        let mut found = BTreeMap::new();
        for names in self.by_child.iter().filter(|(child, _)| !known.contains(child)).map(|(_, names)| names)
        {
            for name in names {
                let Some(path) = self.full(name) else { continue };
                found.entry((path, name.child)).or_insert(name.file_type);
            }
        }
        found.into_iter().map(|((path, inode), kind)| existed(path, inode, kind)).collect()
    }
}

/// A file of which only the name is known.
fn existed(path: Vec<u8>, inode: u64, kind: Option<FileType>) -> Recovered {
    let metadata = Metadata::bare(kind.unwrap_or(FileType::Regular), 0, 0);
    let recovery =
        Recovery { grade: Grade::NameOnly, fate: Fate::Deleted(None), inode, lost: Vec::new(), found_at: 0 };
    Recovered { path, metadata, content: Content::Lost, recovery }
}

/// A path for what has no name.
fn orphan(life: Life, kind: FileType) -> Vec<u8> {
    let mark = if kind == FileType::Symlink { "link" } else { "file" };
    format!("/{ORPHANS}/{mark}-{}", life.number).into_bytes()
}

/// The path with names, the last part first.
fn joined(mut path: Vec<u8>, parts: &[&[u8]]) -> Vec<u8> {
    if path == b"/" {
        path.clear();
    }
    for part in parts.iter().rev() {
        path.push(b'/');
        path.extend_from_slice(part);
    }
    path
}
