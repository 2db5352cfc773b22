//! Free space, and the files that came back out of it.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::areas::apart;
use super::unopened::At;
use super::{Opening, volume_gap};
use crate::budget::Budget;
use crate::bytes::{Source, Span};
use crate::fs::{self, FileSystem, FileType, FsError};
use crate::gap::Loss;
use crate::remains::{self, Remains};
use crate::system::{FreeSpace, VolumeSummary};
use crate::tree::walk::{Walk, gap_kind, walk};
use crate::tree::{Mounted, Placement, Tree, occupancy};

/// What the paths of files begin with that are no more.
const PREFIX: &str = "deleted!";

/// Files of a file system that came back.
pub(super) struct CameBack {
    fs: Arc<dyn FileSystem>,
    walk: Walk,
    partition: Option<u32>,
    name: String,
    /// Number of the file system that they were in.
    of: u32,
    /// Index of its summary.
    place: usize,
}

impl Opening {
    /// Has the files come back that `fs` does not have any more, and returns the free bytes that are none of theirs.
    pub(super) fn remains(
        &mut self,
        (source, fs): (&Arc<dyn Source>, &Arc<dyn FileSystem>),
        free: &[Span],
        file_system: u32,
        at: &At<'_>,
        summary: &mut VolumeSummary,
        budget: &Budget,
    ) -> Vec<Span> {
        let mut free = free.to_vec();
        occupancy::join(&mut free);
        let directories = self.directories(file_system);
        let path_of = |number: u64| directories.get(&number).cloned();
        let find = || remains::find(&**fs, &free, &path_of, budget);
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
        let (recovered, unused) = apart(&free, &found.spans);
        let recovered = recovered.iter().fold(0, |sum: u64, span| sum.saturating_add(span.len));
        summary.free = Some(FreeSpace { recovered, written: 0 });
        if !found.files.is_empty() {
            let source = fs.source().unwrap_or_else(|| Arc::clone(source));
            let files: Arc<dyn FileSystem> = Arc::from(fs::recovered::open(source, found.files));
            let walk = walk(&*files, budget);
            self.came_back.push(CameBack {
                fs: files,
                walk,
                partition: at.partition,
                name: format!("{}, deleted files", at.name),
                of: file_system,
                place: at.place,
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

/// Puts what came back into the tree, beneath the place that its file system has there.
pub(super) fn mount(tree: &mut Tree, places: &mut Vec<usize>, came_back: Vec<CameBack>) {
    for one in came_back {
        let owner = tree.volumes().iter().find(|mounted| mounted.file_system == one.of);
        let base = owner.and_then(|mounted| mounted.mount.clone());
        let base = base.unwrap_or_else(|| match one.partition {
            Some(number) => format!("/partition {number}").into_bytes(),
            None => Vec::new(),
        });
        let number = u32::MAX.saturating_sub(u32::try_from(tree.volumes().len()).unwrap_or(0));
        places.push(one.place);
        tree.nest(Mounted {
            fs: one.fs,
            walk: one.walk,
            partition: one.partition,
            name: one.name,
            mount: Some([PREFIX.as_bytes(), &base].concat()),
            mount_source: None,
            placement: Placement::Deleted,
            subvolume: None,
            file_system: number,
        });
    }
}
