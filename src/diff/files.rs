//! Files: which are added, removed, changed; how many where, and of whom; and those to look at.
//!
//! A file is the same if type, mode, owner, target and bytes are. Bytes are compared where they lie, unless the sizes
//! differ; times are not looked at (they can be set), but for [`Depth::Quick`]. Holes are not read.

use assay_disk::path::outermost;
use std::collections::{BTreeMap, BTreeSet};

use super::summary::Coverage;
use super::{Side, Unread};
use crate::audit::Progress;
use crate::facts::Facts;
use crate::finding::GapKind;
use assay_disk::fs::{FileType, Metadata};
use assay_disk::tree::{EntryId, Tree};

mod content;
mod index;
mod notable;

use content::{Outcome, Pair};
pub use notable::{Because, FileChange};

/// Files to look at that are kept, of each kind.
const NOTABLE: usize = 2_000;
/// Directories that are named.
const FOLDERS: usize = 200;
/// Directories, and packages, that are counted apart.
const GROUPS: usize = 4_000;

/// How contents are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Byte by byte, where sizes are equal.
    Content,
    /// Files of one size and time are taken for the same.
    Quick,
}

/// How many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Only in the new side.
    pub added: u64,
    /// Only in the old side.
    pub removed: u64,
    /// In both, and different.
    pub changed: u64,
}

impl Tally {
    /// All of them.
    pub fn sum(&self) -> u64 {
        self.added.saturating_add(self.removed).saturating_add(self.changed)
    }

    fn count(&mut self, what: What) {
        let number = match what {
            What::Added => &mut self.added,
            What::Removed => &mut self.removed,
            What::Changed => &mut self.changed,
        };
        *number = number.saturating_add(1);
    }
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Only in the new side.
    Added,
    /// Only in the old side.
    Removed,
    /// In both, and different.
    Changed,
}

impl What {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// What differs among the files of two images.
#[derive(Debug, Default)]
pub struct Files {
    /// All that are no directories.
    pub files: Tally,
    /// Directories.
    pub directories: Tally,
    /// Some of those directories, by path: which, what became of it, and how it changed.
    pub folders: Vec<(Vec<u8>, What, Vec<&'static str>)>,
    /// Entries that are the same.
    pub same: u64,
    /// By directory, of two levels: the most first.
    pub by_directory: Vec<(Vec<u8>, Tally)>,
    /// By the package that owns them, the most first; the empty name is that of nobody.
    pub by_package: Vec<(String, Tally)>,
    /// Files to look at, by why and by path.
    pub notable: Vec<FileChange>,
    /// More of them.
    pub notable_more: u64,
    /// Entries that the other side may have where it could not be read.
    pub unknown: u64,
    /// Files whose contents could not be compared.
    pub uncompared: Vec<Unread>,
    /// Bytes read on each side to compare contents.
    pub bytes_compared: u64,
    /// Whether times were trusted.
    pub is_quick: bool,
    /// Files with gaps that are the same on both sides.
    pub(super) same_at: BTreeSet<Vec<u8>>,
}

impl Files {
    /// Whether the file at `place`, or the file that it lies in, is the same on both sides.
    pub(super) fn is_same(&self, place: &[u8]) -> bool {
        self.same_at.contains(outermost(place))
    }
}

/// One side.
#[derive(Clone, Copy)]
pub struct Image<'a> {
    /// Its entries, still open.
    pub tree: &'a Tree,
    /// What the system says of itself.
    pub facts: &'a Facts,
    /// What could not be looked at.
    pub coverage: &'a Coverage,
}

/// An entry of one side, or of both.
struct Entry {
    path: Vec<u8>,
    old: Option<EntryId>,
    new: Option<EntryId>,
}

/// Compares the files of two images, on `jobs` threads (0: one per core).
pub fn compare(old: Image<'_>, new: Image<'_>, depth: Depth, jobs: usize, progress: &dyn Progress) -> Files {
    let entries = index::merge(old.tree, new.tree);
    let pairs: Vec<Pair> = entries.iter().filter_map(|entry| pair(entry, &old, &new, depth)).collect();
    let compared = content::compare((old.tree, new.tree), &pairs, jobs, progress);
    let asked: BTreeSet<&[u8]> = [&old, &new]
        .into_iter()
        .flat_map(|side| &side.coverage.gaps)
        .filter(|gap| gap.is_path)
        .map(|gap| outermost(&gap.place))
        .collect();
    let mut gathering = Gathering {
        old: &old,
        new: &new,
        asked,
        files: Files::default(),
        groups: Groups::default(),
        kept: (0, 0, 0),
    };
    let mut outcomes = compared.outcomes.iter();
    let mut next = pairs.iter().peekable();
    for entry in &entries {
        let is_pair =
            next.next_if(|pair| entry.old == Some(pair.old) && entry.new == Some(pair.new)).is_some();
        let outcome = if is_pair { outcomes.next() } else { None };
        gathering.add(entry, outcome);
    }
    let mut files = gathering.finish();
    files.bytes_compared = compared.bytes;
    files.is_quick = depth == Depth::Quick;
    files
}

fn metadata(tree: &Tree, id: Option<EntryId>) -> Option<&Metadata> {
    Some(&tree.get(id?)?.1.metadata)
}

/// The pair of an entry whose contents must be read to be compared.
fn pair(entry: &Entry, old: &Image<'_>, new: &Image<'_>, depth: Depth) -> Option<Pair> {
    let (was, now) = (metadata(old.tree, entry.old)?, metadata(new.tree, entry.new)?);
    let regular = |metadata: &Metadata| metadata.file_type == FileType::Regular && metadata.size > 0;
    let alike = regular(was) && regular(now) && was.size == now.size;
    let trusted = depth == Depth::Quick && was.modified == now.modified;
    (alike && !trusted).then_some(Pair { old: entry.old?, new: entry.new?, size: now.size })
}

#[derive(Default)]
struct Groups {
    directories: BTreeMap<Vec<u8>, Tally>,
    packages: BTreeMap<String, Tally>,
}

struct Gathering<'a> {
    old: &'a Image<'a>,
    new: &'a Image<'a>,
    asked: BTreeSet<&'a [u8]>,
    files: Files,
    groups: Groups,
    /// Files to look at that are kept, by why.
    kept: (usize, usize, usize),
}

impl Gathering<'_> {
    fn add(&mut self, entry: &Entry, outcome: Option<&Outcome>) {
        let (was, now) = (metadata(self.old.tree, entry.old), metadata(self.new.tree, entry.new));
        let (what, how) = match (was, now) {
            (None, None) => return,
            (None, Some(_)) if self.old.coverage.blind_at(&entry.path).is_some() => return self.unknown(),
            (Some(_), None) if self.new.coverage.blind_at(&entry.path).is_some() => return self.unknown(),
            (None, Some(_)) => (What::Added, Vec::new()),
            (Some(_), None) => (What::Removed, Vec::new()),
            (Some(was), Some(now)) => {
                if let Some(Outcome::Unread(side, kind, reason)) = outcome {
                    self.uncompared(entry, *side, *kind, reason);
                }
                let how = self.how(entry, was, now, outcome);
                if how.is_empty() {
                    return self.same(entry, outcome);
                }
                (What::Changed, how)
            }
        };
        let Some(metadata) = now.or(was) else { return };
        if metadata.file_type == FileType::Directory {
            self.files.directories.count(what);
            if self.files.folders.len() < FOLDERS {
                self.files.folders.push((entry.path.clone(), what, how));
            }
            return;
        }
        self.files.files.count(what);
        self.group(entry, what);
        let owners = (self.old.facts, self.new.facts);
        if let Some(because) = notable::judge(&entry.path, metadata, what, &how, owners) {
            let kept = match because {
                Because::SamePackage => &mut self.kept.0,
                Because::Program => &mut self.kept.1,
                Because::Configuration => &mut self.kept.2,
            };
            if *kept < NOTABLE {
                *kept = kept.saturating_add(1);
                self.files.notable.push(FileChange { path: entry.path.clone(), what, how, because });
            } else {
                self.files.notable_more = self.files.notable_more.saturating_add(1);
            }
        }
    }

    fn unknown(&mut self) {
        self.files.unknown = self.files.unknown.saturating_add(1);
    }

    fn same(&mut self, entry: &Entry, outcome: Option<&Outcome>) {
        self.files.same = self.files.same.saturating_add(1);
        let is_read = matches!(outcome, Some(Outcome::Same));
        if is_read && self.asked.contains(entry.path.as_slice()) {
            self.files.same_at.insert(entry.path.clone());
        }
    }

    fn uncompared(&mut self, entry: &Entry, side: Side, kind: GapKind, reason: &str) {
        let (place, reason) = (entry.path.clone(), reason.to_owned());
        self.files.uncompared.push(Unread { side, place, kind, reason, is_same: false });
    }

    /// In which ways the two differ.
    fn how(
        &self,
        entry: &Entry,
        was: &Metadata,
        now: &Metadata,
        outcome: Option<&Outcome>,
    ) -> Vec<&'static str> {
        let target =
            |tree: &Tree, id: Option<EntryId>| tree.get(id?).and_then(|(_, walked)| walked.target.clone());
        let sizes = now.file_type == FileType::Regular && was.size != now.size;
        let kinds = was.file_type != now.file_type;
        let both_links = now.file_type == FileType::Symlink && !kinds;
        let links = both_links && target(self.old.tree, entry.old) != target(self.new.tree, entry.new);
        let content = sizes || matches!(outcome, Some(Outcome::Different));
        // The mode of a link means nothing.
        let modes = was.mode != now.mode && !both_links;
        let all = [
            (kinds, "type"),
            (content && !kinds, "content"),
            (links, "target"),
            (modes && !kinds, "mode"),
            ((was.uid, was.gid) != (now.uid, now.gid), "owner"),
        ];
        all.into_iter().filter_map(|(differs, name)| differs.then_some(name)).collect()
    }

    fn group(&mut self, entry: &Entry, what: What) {
        let directory = index::group(&entry.path);
        count(&mut self.groups.directories, directory.to_vec(), b"(elsewhere)".to_vec(), what);
        let owner = notable::owner(&entry.path, self.new.facts)
            .or_else(|| notable::owner(&entry.path, self.old.facts));
        count(&mut self.groups.packages, owner.unwrap_or_default().to_owned(), "(others)".to_owned(), what);
    }

    fn finish(self) -> Files {
        let mut files = self.files;
        // They are in the order of their paths.
        files.notable.sort_by_key(|change| change.because);
        files.by_directory = most(self.groups.directories);
        files.by_package = most(self.groups.packages);
        files
    }
}

fn count<K: Ord>(groups: &mut BTreeMap<K, Tally>, key: K, rest: K, what: What) {
    let key = if groups.len() < GROUPS || groups.contains_key(&key) { key } else { rest };
    groups.entry(key).or_default().count(what);
}

/// The most first, then by name.
fn most<K: Ord>(groups: BTreeMap<K, Tally>) -> Vec<(K, Tally)> {
    let mut groups: Vec<(K, Tally)> = groups.into_iter().collect();
    groups.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.sum()));
    groups
}
