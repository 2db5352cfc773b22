//! How large the directories of an image are: a list of bounded length, for a map of it.

use assay_disk::path::outermost;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::finding::{Finding, Location};
use assay_disk::fs::FileType;
use assay_disk::tree::{EntryId, Mounted, Placement, Tree};

/// Directories that are listed.
const LIMIT: usize = 2000;
/// Of these, those that are listed for what was found in them, however small they are.
const LIMIT_OF_FINDINGS: usize = LIMIT / 2;

/// File systems that are listed, however little is in them.
const LIMIT_OF_TOPS: usize = LIMIT / 10;

/// A directory, with all that lies under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Index of the directory that it is in, always a smaller one; none for the top of a file system.
    pub parent: Option<u32>,
    /// Its name; for the top of a file system the path where that is mounted, `/` where it has no place.
    pub name: Vec<u8>,
    /// Number of the partition of its file system.
    pub partition: Option<u32>,
    /// Its file system: "ext4 rootfs".
    pub volume: String,
    /// Bytes of the regular files under it, as their inodes claim them, each at most the size of the file system;
    /// a file with several names counts once, where it is met first.
    pub bytes: u64,
    /// Regular files under it.
    pub files: u64,
    /// Directories under it that are too small to be listed; their files are counted here.
    pub folded: u64,
}

/// What lies under a directory.
#[derive(Clone, Copy, Default)]
struct Sums {
    bytes: u64,
    files: u64,
    directories: u64,
}

/// The directories with findings, worst first, and the largest ones, each with all that it is in; in the order of
/// the walk. File systems inside files count as the file that they lie in.
pub(super) fn list(tree: &Tree, findings: &[Finding]) -> Vec<Directory> {
    let sums: Vec<Vec<Sums>> = tree.volumes().iter().map(of_volume).collect();
    let chosen = chosen(tree, findings, &sums);
    let numbers: BTreeMap<EntryId, u32> = chosen.iter().copied().zip(0..).collect();
    let mut listed: Vec<Directory> = Vec::with_capacity(chosen.len());
    for &id in &chosen {
        let Some((mounted, walked)) = tree.get(id) else { continue };
        let is_top = id.index == 0;
        let above = EntryId { index: walked.parent, ..id };
        let own = sums_of(&sums, id);
        listed.push(Directory {
            parent: if is_top { None } else { numbers.get(&above).copied() },
            name: if is_top { base(tree, id.volume) } else { mounted.walk.name(walked).to_vec() },
            partition: mounted.partition,
            volume: mounted.name.clone(),
            bytes: own.bytes,
            files: own.files,
            folded: own.directories,
        });
    }
    unfold(&mut listed);
    listed
}

/// Takes the directories that are listed out of the number of those that are not.
fn unfold(listed: &mut [Directory]) {
    let mut below = vec![0_u64; listed.len()];
    for index in (0..listed.len()).rev() {
        let own = below.get(index).copied().unwrap_or_default();
        let Some(directory) = listed.get_mut(index) else { continue };
        directory.folded = directory.folded.saturating_sub(own);
        if let Some(sum) = directory.parent.and_then(|parent| below.get_mut(parent as usize)) {
            *sum = sum.saturating_add(own).saturating_add(1);
        }
    }
}

/// Which directories are listed.
fn chosen(tree: &Tree, findings: &[Finding], sums: &[Vec<Sums>]) -> BTreeSet<EntryId> {
    let own = |id: &EntryId| tree.volumes().get(id.volume as usize).is_some_and(is_own);
    let tops = tree.ids().filter(|id| id.index == 0).filter(own).take(LIMIT_OF_TOPS);
    let mut chosen: BTreeSet<EntryId> = tops.collect();
    let tops: Vec<(EntryId, Vec<u8>)> = chosen.iter().map(|&id| (id, base(tree, id.volume))).collect();
    for finding in findings {
        let Some(id) = holder(tree, &tops, &finding.location) else { continue };
        // Deep down, far more are missing than there is room for.
        let missing = chain(tree, id).take_while(|id| !chosen.contains(id)).take(LIMIT_OF_FINDINGS + 1);
        let missing: Vec<EntryId> = missing.collect();
        if chosen.len().saturating_add(missing.len()) <= LIMIT_OF_FINDINGS {
            chosen.extend(missing);
        }
    }
    let mut largest: Vec<EntryId> = tree.ids().filter(own).filter(|&id| is_directory(tree, id)).collect();
    // A directory is as large as what is in it, and comes before it: it is never listed without those above.
    largest.sort_by_cached_key(|&id| (Reverse(sums_of(sums, id).bytes), id));
    for id in largest {
        if chosen.len() >= LIMIT {
            break;
        }
        chosen.insert(id);
    }
    chosen
}

/// Whether its files lie in no file of another file system.
fn is_own(mounted: &Mounted) -> bool {
    mounted.placement == Placement::Disk
}

fn is_directory(tree: &Tree, id: EntryId) -> bool {
    tree.get(id).is_some_and(|(_, walked)| walked.metadata.file_type == FileType::Directory)
}

fn sums_of(sums: &[Vec<Sums>], id: EntryId) -> Sums {
    sums.get(id.volume as usize).and_then(|of| of.get(id.index as usize)).copied().unwrap_or_default()
}

/// What lies under each entry of a file system.
fn of_volume(mounted: &Mounted) -> Vec<Sums> {
    let entries = &mounted.walk.entries;
    let whole = Some(mounted.fs.usage().total).filter(|total| *total > 0).unwrap_or(u64::MAX);
    let mut met = HashSet::new();
    let mut sums: Vec<Sums> = Vec::with_capacity(entries.len());
    for walked in entries {
        let is_file = walked.metadata.file_type == FileType::Regular;
        let counts = is_file && (walked.metadata.links < 2 || met.insert(walked.node));
        let bytes = if counts { walked.metadata.size.min(whole) } else { 0 };
        sums.push(Sums { bytes, files: is_file.into(), directories: 0 });
    }
    // What is in a directory comes after it.
    for (index, walked) in entries.iter().enumerate().skip(1).rev() {
        let own = sums.get(index).copied().unwrap_or_default();
        let is_directory = walked.metadata.file_type == FileType::Directory;
        let Some(above) = sums.get_mut(walked.parent as usize) else { continue };
        above.bytes = above.bytes.saturating_add(own.bytes);
        above.files = above.files.saturating_add(own.files);
        above.directories =
            above.directories.saturating_add(own.directories).saturating_add(is_directory.into());
    }
    sums
}

/// A directory, and what it is in, up to the top of its file system.
fn chain(tree: &Tree, id: EntryId) -> impl Iterator<Item = EntryId> + '_ {
    let above = |&at: &EntryId| {
        let parent = tree.get(at)?.1.parent;
        (parent < at.index).then_some(EntryId { index: parent, ..at })
    };
    std::iter::successors(Some(id), above)
}

/// Where a file system is mounted; empty for the root, and where it has no place.
fn base(tree: &Tree, volume: u32) -> Vec<u8> {
    tree.path(EntryId { volume, index: 0 })
}

/// The directory that holds what a finding is about, under one of `tops`, which come with their places; for what is
/// inside a file, the directory of that file.
fn holder(tree: &Tree, tops: &[(EntryId, Vec<u8>)], location: &Location) -> Option<EntryId> {
    let path = outermost(&location.path);
    let mut best: Option<((bool, usize), EntryId, &[u8])> = None;
    for (top, base) in tops {
        let base = base.strip_suffix(b"/").unwrap_or(base);
        let Some(rest) = path.strip_prefix(base).filter(|rest| rest.starts_with(b"/")) else { continue };
        let Some((mounted, _)) = tree.get(*top) else { continue };
        let same = mounted.partition == location.partition && Some(&mounted.name) == location.volume.as_ref();
        let fit = (same, base.len());
        // Of two that fit as well, the first.
        if best.as_ref().is_none_or(|(known, ..)| fit > *known) {
            best = Some((fit, *top, rest));
        }
    }
    best.map(|(_, top, rest)| deepest(tree, top.volume, rest))
}

/// The last directory on the way along `path`.
fn deepest(tree: &Tree, volume: u32, path: &[u8]) -> EntryId {
    let mut at = EntryId { volume, index: 0 };
    for part in path.split(|&byte| byte == b'/').filter(|part| !part.is_empty()) {
        let child = tree.get(at).and_then(|(mounted, _)| mounted.walk.child(at.index, part));
        let next = child.map(|index| EntryId { index, ..at }).filter(|&id| is_directory(tree, id));
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::finding::{Advisory, Category, Severity};
    use assay_disk::budget::Budget;
    use assay_disk::fs::memory::Memory;

    fn tree(fs: Memory) -> Tree {
        Tree::of(Arc::new(fs), &Budget::default())
    }

    fn finding(path: &str) -> Finding {
        let mut finding = Finding::new(&Arc::new(Advisory {
            id: "rule".to_owned(),
            category: Category::Credential,
            title: String::new(),
            severity: Severity::High,
            why: String::new(),
            remedy: String::new(),
            references: Vec::new(),
        }));
        finding.location.path = path.as_bytes().to_vec();
        finding
    }

    fn shown(listed: &[Directory]) -> Vec<(String, Option<u32>, u64, u64, u64)> {
        let row = |d: &Directory| {
            (String::from_utf8_lossy(&d.name).into_owned(), d.parent, d.bytes, d.files, d.folded)
        };
        listed.iter().map(row).collect()
    }

    #[test]
    fn a_directory_has_the_sum_of_all_that_lies_under_it() {
        let fs = Memory::new().file("/a/x", b"12345").file("/a/b/y", b"123").file("/z", b"1");
        let listed = list(&tree(fs), &[]);
        let expected = [("/", None, 9, 3, 0), ("a", Some(0), 8, 2, 0), ("b", Some(1), 3, 1, 0)];
        assert_eq!(shown(&listed), expected.map(|(n, p, b, f, d)| (n.to_owned(), p, b, f, d)));
    }

    #[test]
    fn the_list_is_bounded_and_has_the_directories_of_findings() {
        let mut fs = Memory::new();
        for n in 0..LIMIT {
            fs = fs.file(&format!("/large/{n}/x"), b"12345");
        }
        let fs = fs.file("/small/deep/.ssh/key.zip", b"1");
        let listed = list(&tree(fs), &[finding("/small/deep/.ssh/key.zip!/id_rsa")]);
        assert_eq!(listed.len(), LIMIT);
        assert!(listed.iter().any(|directory| directory.name == b".ssh"));
        assert_eq!(listed[0].files, LIMIT as u64 + 1);
        // Of 2,000 in it there is no room for these: the top, itself, and the three of the finding.
        let large = listed.iter().find(|directory| directory.name == b"large").unwrap();
        assert_eq!((large.folded, listed[0].folded), (5, 5));
        for (index, directory) in listed.iter().enumerate().skip(1) {
            assert!((directory.parent.unwrap() as usize) < index);
        }
    }
}
