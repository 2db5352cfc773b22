//! Files that are compared with the package database when all others are: those that are mostly holes, for their zeros
//! are counted over all files, in their order and not in that of the threads; and large ones with MD5, for many of them
//! together cost little more than the largest.

use std::cmp::Reverse;

use super::worker::{Names, file_gap, part_gap};
use crate::budget::Budget;
use crate::finding::{Gap, GapKind};
use crate::packages::Recorded;
use assay_disk::fs::{FsError, Node, NodeId};
use assay_disk::tree::{EntryId, Tree};
use assay_simd::md5::{Content, md5_of_streams};

/// What is left to be compared.
#[derive(Default)]
pub(super) struct PutOff {
    sparse: Vec<Sparse>,
    /// The names of each large file, all with MD5.
    large: Vec<Names>,
}

struct Sparse {
    id: EntryId,
    recorded: Recorded,
    hole_bytes: u64,
}

/// What was compared: each name, and whether it is what was recorded; and what could not be.
#[derive(Default)]
pub(super) struct Compared {
    pub(super) names: Vec<(EntryId, bool)>,
    pub(super) gaps: Vec<Gap>,
}

impl PutOff {
    /// A file with so many bytes of holes.
    pub(super) fn sparse(&mut self, names: Names, hole_bytes: u64) {
        self.sparse.extend(names.into_iter().map(|(id, recorded)| Sparse { id, recorded, hole_bytes }));
    }

    /// A large file.
    pub(super) fn large(&mut self, names: Names) {
        if !names.is_empty() {
            self.large.push(names);
        }
    }

    pub(super) fn join(&mut self, other: Self) {
        self.sparse.extend(other.sparse);
        self.large.extend(other.large);
    }

    /// Compares all that is left, as far as the budget goes.
    pub(super) fn compare(self, tree: &Tree, budget: &Budget) -> Compared {
        let mut compared = Compared::default();
        compare_sparse(tree, self.sparse, budget, &mut compared);
        compare_large(tree, self.large, &mut compared);
        compared
    }
}

fn compare_sparse(tree: &Tree, mut files: Vec<Sparse>, budget: &Budget, compared: &mut Compared) {
    files.sort_by_key(|file| file.id);
    let mut left = budget.hole_bytes;
    let mut known: Option<(Recorded, NodeId, u32, bool)> = None;
    for Sparse { id, recorded, hole_bytes } in files {
        let Some((mounted, walked)) = tree.get(id) else { continue };
        let (node, file_system) = (walked.node, mounted.file_system);
        let same = known.filter(|(other, at, on, _)| (*other, *at, *on) == (recorded, node, file_system));
        if let Some((.., is_equal)) = same {
            compared.names.push((id, is_equal));
            continue;
        }
        let mut is_equal = false;
        if hole_bytes > left {
            compared.gaps.push(sparse_gap(tree, id, hole_bytes, budget.hole_bytes));
            // No package brings so many zeros: where they alone are over the limit, it is another file for sure.
            if hole_bytes <= budget.hole_bytes {
                continue;
            }
        } else {
            left = left.saturating_sub(hole_bytes);
            match recorded.is_of_file(tree, id) {
                Ok(equal) => is_equal = equal,
                Err(error) => {
                    compared.gaps.push(file_gap(&tree.location(id), &error));
                    continue;
                }
            }
        }
        compared.names.push((id, is_equal));
        known = Some((recorded, node, file_system, is_equal));
    }
}

fn sparse_gap(tree: &Tree, id: EntryId, hole_bytes: u64, limit: u64) -> Gap {
    let reason = format!(
        "its digest was not computed: {hole_bytes} bytes of it are holes, and of all files {limit} such bytes are \
         gone over"
    );
    part_gap(&tree.location(id), GapKind::OverLimit, reason)
}

/// A large file, opened when it is first read.
struct Large<'t> {
    tree: &'t Tree,
    id: EntryId,
    names: Names,
    node: Option<Box<dyn Node + 't>>,
}

impl Content for Large<'_> {
    type Error = FsError;

    fn read_at(&mut self, offset: u64, room: &mut [u8]) -> Result<usize, FsError> {
        let node = match &mut self.node {
            Some(node) => node,
            None => self.node.insert(self.tree.open(self.id)?),
        };
        node.read_at(offset, room)
    }
}

fn compare_large(tree: &Tree, files: Vec<Names>, compared: &mut Compared) {
    let file = |names: Names| {
        let &(id, _) = names.first()?;
        Some(Large { tree, id, names, node: None })
    };
    let mut files: Vec<Large<'_>> = files.into_iter().filter_map(file).collect();
    let size = |id| tree.get(id).map_or(0, |(_, walked)| walked.metadata.size);
    files.sort_by_key(|file| (Reverse(size(file.id)), file.id));
    md5_of_streams(files, &mut |large, digest| match digest {
        Ok(digest) => {
            let is_equal = |recorded| recorded == Recorded::Md5(digest);
            compared.names.extend(large.names.into_iter().map(|(id, recorded)| (id, is_equal(recorded))));
        }
        Err(error) => compared.gaps.push(file_gap(&tree.location(large.id), &error)),
    });
}
