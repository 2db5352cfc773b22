//! Free space, and the files that came back out of it.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::unopened::At;
use super::{Opening, volume_gap};
use crate::budget::Budget;
use crate::bytes::spans::apart;
use crate::bytes::{Source, Span};
use crate::fs::recovered::Recovered;
use crate::fs::{self, FileSystem, FileType, FsError};
use crate::gap::Loss;
use crate::remains::{self, Remains};
use crate::system::{FreeSpace, VolumeSummary};
use crate::tree::walk::{gap_kind, walk};
use crate::tree::{Mounted, Placement, Tree};

/// What the paths of files begin with that are no more.
const PREFIX: &str = "deleted!";

/// Files of a file system that came back.
pub(super) struct CameBack {
    /// What their places count in.
    source: Arc<dyn Source>,
    files: Vec<Recovered>,
    partition: Option<u32>,
    name: String,
    /// Number of the file system that they were in.
    of: u32,
    /// Index of its summary.
    place: usize,
    budget: Budget,
}

impl Opening {
    /// Has the files come back that `fs` does not have any more, and returns those of its `free` bytes (joined) that are none
    /// of theirs.
    pub(super) fn remains(
        &mut self,
        (source, fs): (&Arc<dyn Source>, &Arc<dyn FileSystem>),
        free: &[Span],
        file_system: u32,
        at: &At<'_>,
        summary: &mut VolumeSummary,
        budget: &Budget,
    ) -> Vec<Span> {
        let directories = self.directories(file_system);
        let path_of = |number: u64| directories.get(&number).cloned();
        let find = || remains::find(&**fs, free, &path_of, budget);
        let found = catch_unwind(AssertUnwindSafe(find)).unwrap_or_else(|_| Remains {
            problems: vec![FsError::corrupt("deleted files", 0, "their reader panicked: please report this")],
            ..Remains::default()
        });
        for problem in &found.problems {
            let text = format!("not all deleted files may have come back: {problem}");
            let mut gap = volume_gap(at.partition, at.name, gap_kind(problem), None, text);
            gap.loss = Loss::Part;
            self.gaps.push(gap);
        }
        let (recovered, unused) = apart(free, &found.spans);
        let recovered = recovered.iter().fold(0, |sum: u64, span| sum.saturating_add(span.len));
        summary.free = Some(FreeSpace { recovered, written: 0 });
        if !found.files.is_empty() {
            let source = fs.source().unwrap_or_else(|| Arc::clone(source));
            self.came_back.push(CameBack {
                source,
                files: found.files,
                partition: at.partition,
                name: format!("{}, deleted files", at.name),
                of: file_system,
                place: at.place,
                budget: *budget,
            });
        }
        unused
    }

    /// The paths of the directories of a file system, by their nodes.
    fn directories(&self, file_system: u32) -> HashMap<u64, Vec<u8>> {
        let mut found = HashMap::new();
        for mounted in self.mounted.iter().filter(|mounted| mounted.file_system == file_system) {
            let inside = mounted.subvolume.as_ref().map(|one| one.path.clone()).unwrap_or_default();
            for (index, entry) in (0_u32..).zip(&mounted.walk.entries) {
                if entry.metadata.file_type == FileType::Directory {
                    let mut path = inside.clone();
                    mounted.walk.push_path(index, &mut path);
                    found.insert(entry.node.0, path);
                }
            }
        }
        found
    }
}

/// Puts what came back into the tree, each file beneath the place that its file system, or subvolume, has there.
pub(super) fn mount(tree: &mut Tree, places: &mut Vec<usize>, came_back: Vec<CameBack>) {
    for mut one in came_back {
        let mounts = Mounts::of(tree, &one);
        for file in &mut one.files {
            file.path = mounts.placed(&file.path);
        }
        one.files.sort_by(|a, b| a.path.cmp(&b.path));
        let fs: Arc<dyn FileSystem> = Arc::from(fs::recovered::open(one.source, one.files));
        let walk = walk(&*fs, &one.budget);
        let file_system = u32::MAX.saturating_sub(u32::try_from(tree.volumes().len()).unwrap_or(0));
        places.push(one.place);
        tree.nest(Mounted {
            fs,
            walk,
            partition: one.partition,
            name: one.name,
            mount: Some(PREFIX.as_bytes().to_vec()),
            mount_source: None,
            placement: Placement::Deleted,
            subvolume: None,
            file_system,
        });
    }
}

/// Where a file system and its subvolumes are in the running machine.
struct Mounts {
    /// Path in the file system, and the place; the longest path first.
    mounts: Vec<(Vec<u8>, Vec<u8>)>,
    /// What stands for the place of what has none.
    elsewhere: Vec<u8>,
}

impl Mounts {
    fn of(tree: &Tree, one: &CameBack) -> Self {
        let own = tree.volumes().iter().filter(|mounted| mounted.file_system == one.of);
        let placed = own.filter_map(|mounted| {
            let inside = mounted.subvolume.as_ref().map(|subvolume| subvolume.path.clone());
            Some((inside.unwrap_or_default(), mounted.mount.clone()?))
        });
        let mut mounts: Vec<_> = placed.collect();
        mounts.sort_by_key(|(inside, _)| std::cmp::Reverse(inside.len()));
        let elsewhere = one.partition.map(|number| format!("/partition {number}").into_bytes());
        Self { mounts, elsewhere: elsewhere.unwrap_or_default() }
    }

    /// The path of a file in the running machine.
    fn placed(&self, path: &[u8]) -> Vec<u8> {
        let beneath = |(inside, place): &(Vec<u8>, Vec<u8>)| {
            let rest = path.strip_prefix(inside.as_slice()).filter(|rest| rest.starts_with(b"/"))?;
            Some([place, rest].concat())
        };
        self.mounts.iter().find_map(beneath).unwrap_or_else(|| [&self.elsewhere, path].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_lies_beneath_the_place_of_its_subvolume() {
        let pair = |inside: &str, place: &str| (inside.as_bytes().to_vec(), place.as_bytes().to_vec());
        let mounts = Mounts {
            mounts: vec![pair("/@home", "/home"), pair("/@", "")],
            elsewhere: b"/partition 2".to_vec(),
        };
        assert_eq!(mounts.placed(b"/@home/u/key"), b"/home/u/key");
        assert_eq!(mounts.placed(b"/@/etc/shadow-"), b"/etc/shadow-");
        assert_eq!(mounts.placed(b"/@homes/x"), b"/partition 2/@homes/x");
        let plain = Mounts { mounts: vec![pair("", "/boot")], elsewhere: Vec::new() };
        assert_eq!(plain.placed(b"/grub/grub.cfg"), b"/boot/grub/grub.cfg");
    }
}
