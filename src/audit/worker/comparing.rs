//! Files against the digests of the package database, while their contents are in memory.
//!
//! What follows from a difference is said later, when all files are compared (`facts.compared`). MD5, which dpkg records,
//! is computed of many files at once.

use super::gaps::{file_gap, part_gap};
use super::{Subject, Twins, Worker};
use crate::budget::Budget;
use crate::detect::integrity;
use crate::digest::MultiBuffer;
use crate::facts::packages::Recorded;
use crate::finding::{Gap, GapKind, Location};
use crate::fs::holes::Content;
use crate::fs::{FileType, NodeId};
use crate::tree::{EntryId, Tree};

/// The names of one file, each with what is recorded of it.
type Names = Vec<(EntryId, Recorded)>;

/// The comparisons of one thread.
#[derive(Default)]
pub(in crate::audit) struct Comparing {
    /// Of the file at hand, until its content was seen.
    names: Names,
    md5: MultiBuffer<Names>,
    /// Each name, and whether it is what was recorded.
    pub(super) done: Vec<(EntryId, bool)>,
    /// Names of files that are mostly holes, for the end.
    sparse: Vec<Sparse>,
}

/// A file that is compared when all others are: its zeros are counted over all files, in their order and not in that
/// of the threads.
pub(in crate::audit) struct Sparse {
    id: EntryId,
    recorded: Recorded,
    hole_bytes: u64,
}

/// Compares the files that are mostly holes, as far as the budget goes.
pub(in crate::audit) fn compare_sparse(
    tree: &Tree,
    mut files: Vec<Sparse>,
    budget: &Budget,
) -> (Vec<(EntryId, bool)>, Vec<Gap>) {
    files.sort_by_key(|file| file.id);
    let (mut done, mut gaps, mut left) = (Vec::new(), Vec::new(), budget.hole_bytes);
    let mut known: Option<(Recorded, NodeId, u32, bool)> = None;
    for Sparse { id, recorded, hole_bytes } in files {
        let Some((mounted, walked)) = tree.get(id) else { continue };
        let (node, file_system) = (walked.node, mounted.file_system);
        let same = known.filter(|(other, at, on, _)| (*other, *at, *on) == (recorded, node, file_system));
        if let Some((.., is_equal)) = same {
            done.push((id, is_equal));
            continue;
        }
        let mut is_equal = false;
        if hole_bytes > left {
            gaps.push(sparse_gap(tree, id, hole_bytes, budget.hole_bytes));
            // No package brings so many zeros: where they alone are over the limit, it is another file for sure.
            if hole_bytes <= budget.hole_bytes {
                continue;
            }
        } else {
            left = left.saturating_sub(hole_bytes);
            match recorded.is_of_file(tree, id) {
                Ok(equal) => is_equal = equal,
                Err(error) => {
                    gaps.push(file_gap(&tree.location(id), &error));
                    continue;
                }
            }
        }
        done.push((id, is_equal));
        known = Some((recorded, node, file_system, is_equal));
    }
    (done, gaps)
}

fn sparse_gap(tree: &Tree, id: EntryId, hole_bytes: u64, limit: u64) -> Gap {
    let reason = format!(
        "its digest was not computed: {hole_bytes} bytes of it are holes, and of all files {limit} such bytes are \
         gone over"
    );
    part_gap(&tree.location(id), GapKind::OverLimit, reason)
}

impl Comparing {
    /// Whether the content of the file at hand, of so many bytes, is to be kept for [`Self::content`].
    pub(super) fn wants(&self, size: u64) -> bool {
        !self.names.is_empty() && size <= integrity::WHOLE
    }

    /// Takes the content of the file at hand, if it is all of it.
    pub(super) fn content(&mut self, content: &[u8], size: u64) {
        if content.len() as u64 != size {
            return;
        }
        let is_md5 = |recorded: &Recorded| matches!(recorded, Recorded::Md5(_));
        let (md5, others): (Names, Names) =
            std::mem::take(&mut self.names).into_iter().partition(|(_, recorded)| is_md5(recorded));
        self.done.extend(others.into_iter().map(|(id, recorded)| (id, recorded.is_of(content))));
        if !md5.is_empty() {
            self.md5.push(md5, content, &mut |names, digest| compare(&mut self.done, names, digest));
        }
    }

    /// Goes on to another file.
    pub(in crate::audit) fn forget(&mut self) {
        self.names.clear();
    }

    /// All that was compared, and what is left to be.
    pub(in crate::audit) fn finish(mut self) -> (Vec<(EntryId, bool)>, Vec<Sparse>) {
        self.md5.finish(&mut |names, digest| compare(&mut self.done, names, digest));
        (self.done, self.sparse)
    }
}

fn compare(done: &mut Vec<(EntryId, bool)>, names: Names, digest: [u8; 16]) {
    done.extend(names.into_iter().map(|(id, recorded)| (id, recorded == Recorded::Md5(digest))));
}

impl Worker<'_> {
    /// Begins a file: which of its names are to be compared?
    pub(super) fn begin_comparing(&mut self, twins: &Twins) {
        self.comparing.forget();
        let shared = self.shared;
        for &id in twins {
            let Some((mounted, walked)) = shared.tree.get(id) else { continue };
            let is_ours = mounted.outer.is_none() && !mounted.is_plain;
            if !is_ours || walked.metadata.file_type != FileType::Regular {
                continue;
            }
            let path = shared.tree.path(id);
            if shared.detectors.compare.wants(&path, &walked.metadata) {
                let recorded = shared.facts.packages.expected(&path);
                self.comparing.names.extend(recorded.map(|recorded| (id, recorded)));
            }
        }
        self.put_off_sparse();
    }

    /// Puts the file at hand off to the end if it is mostly holes: zeros count over all files.
    fn put_off_sparse(&mut self) {
        let Some(&(first, _)) = self.comparing.names.first() else { return };
        let content = self.shared.tree.open(first).and_then(|mut node| Content::of(&mut *node));
        // A file that cannot be read says so when it is.
        if let Some(content) = content.ok().filter(|content| !content.is_dense()) {
            let (hole_bytes, names) = (content.hole_bytes, std::mem::take(&mut self.comparing.names));
            let sparse = names.into_iter().map(|(id, recorded)| Sparse { id, recorded, hole_bytes });
            self.comparing.sparse.extend(sparse);
        }
    }

    /// Whether the stream is the whole file at hand, and to be kept.
    pub(super) fn compares(&self, subject: &Subject<'_>, base: u64) -> bool {
        base == 0 && !subject.entry.is_member() && self.comparing.wants(subject.entry.metadata.size)
    }

    /// Compares what was not kept: large files, and those in pieces.
    pub(super) fn end_comparing(&mut self, location: &Location) {
        // Most names of a file have the same digest.
        let mut known: Option<(Recorded, bool)> = None;
        for (id, recorded) in std::mem::take(&mut self.comparing.names) {
            let same = known.filter(|(other, _)| *other == recorded);
            match same.map_or_else(|| recorded.is_of_file(self.shared.tree, id), |(_, is_equal)| Ok(is_equal))
            {
                Ok(is_equal) => {
                    self.comparing.done.push((id, is_equal));
                    known = Some((recorded, is_equal));
                }
                Err(error) => self.shared.found.add(Vec::new(), [file_gap(location, &error)]),
            }
        }
    }
}
