//! What of the files is read, said before the threads begin: what one file may cost depends on those before it in the
//! order of the disk, and on no clock and no thread.

use std::collections::{BTreeMap, HashSet};

use super::scheduler::Work;
use crate::budget::Budget;
use assay_disk::fs::holes::{Content, volume_bytes};
use assay_disk::tree::{EntryId, Mounted, Tree};

/// Bytes of files in a small volume that nobody counts.
const UNCOUNTED: u64 = 1 << 30;

/// Kinds of file systems that pack files.
const PACKING: [&str; 4] = ["btrfs", "erofs", "ntfs", "squashfs"];

/// What is said of the files before they are looked at.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Files that are mostly holes, all bytes of which may be gone over.
    pub(super) with_holes: HashSet<EntryId>,
    /// Files that are not read: those before them had all that may be read of their volume.
    pub(super) unread: HashSet<EntryId>,
}

impl Plan {
    /// That of `work`, in its order; `counts_zeros`: whether anything wants the zeros of holes, too.
    pub(super) fn new(tree: &Tree, work: &Work, counts_zeros: bool, budget: &Budget) -> Self {
        let mut plan = Self::default();
        if counts_zeros {
            plan.count_zeros(tree, work, budget);
        }
        plan.count_bytes(tree, work, budget);
        plan
    }

    fn count_zeros(&mut self, tree: &Tree, work: &Work, budget: &Budget) {
        let mut left = budget.hole_bytes;
        for (id, _) in files(tree, work) {
            let content = tree.open(id).and_then(|mut node| Content::of(&mut *node)).unwrap_or_default();
            if let Some(rest) = left.checked_sub(content.hole_bytes).filter(|_| !content.is_dense()) {
                left = rest;
                self.with_holes.insert(id);
            }
        }
    }

    /// Blocks that many files share make many bytes out of few.
    fn count_bytes(&mut self, tree: &Tree, work: &Work, budget: &Budget) {
        let mut sums: BTreeMap<u32, u64> = BTreeMap::new();
        for (id, size) in files(tree, work) {
            if let Some(mounted) = tree.volumes().get(id.volume as usize) {
                let sum = sums.entry(mounted.file_system).or_default();
                *sum = sum.saturating_add(size);
            }
        }
        let mut left: BTreeMap<u32, u64> = BTreeMap::new();
        for (file_system, sum) in sums.into_iter().filter(|(_, sum)| *sum > UNCOUNTED) {
            let mounted = tree.volumes().iter().find(|mounted| mounted.file_system == file_system);
            let limit = mounted.map_or(u64::MAX, |mounted| limit(mounted, budget));
            if sum > limit {
                left.insert(file_system, limit);
            }
        }
        if left.is_empty() {
            return;
        }
        for (id, _) in files(tree, work) {
            let mounted = tree.volumes().get(id.volume as usize);
            let Some(left) = mounted.and_then(|mounted| left.get_mut(&mounted.file_system)) else { continue };
            let content = tree.open(id).and_then(|mut node| Content::of(&mut *node)).unwrap_or_default();
            match left.checked_sub(content.data_bytes) {
                Some(rest) => *left = rest,
                None => {
                    self.unread.insert(id);
                }
            }
        }
    }
}

/// The regular files, each once, with their sizes.
fn files<'w>(tree: &'w Tree, work: &'w Work) -> impl Iterator<Item = (EntryId, u64)> + 'w {
    let first = work.all().filter_map(|twins| twins.first().copied());
    first.filter_map(move |id| {
        let (mounted, walked) = tree.get(id)?;
        let is_file = mounted.is_file(walked);
        is_file.then_some((id, walked.metadata.size))
    })
}

/// Bytes of files that are read of a volume: several times what it has in the image, for files may share blocks; more
/// where it packs them. Of a mounted tree the host has all.
fn limit(mounted: &Mounted, budget: &Budget) -> u64 {
    let total = volume_bytes(&*mounted.fs);
    if total == 0 {
        return u64::MAX;
    }
    let packs = PACKING.contains(&mounted.fs.identity().kind);
    let ratio = if packs { budget.packed_ratio } else { budget.shared_ratio };
    total.saturating_mul(ratio).saturating_add(4 * UNCOUNTED)
}
