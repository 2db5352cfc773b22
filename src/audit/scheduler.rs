//! The files of an audit, dealt out to its threads in the order of the disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Progress;
use super::plan::Plan;
use super::work_queue::Board;
use super::worker::{self, CHUNK, Outcome, Shared, Twins, Worker};
use crate::finding::{Grade, Location};
use assay_disk::fs::{Extent, FileType, Place};
use assay_disk::tree::{EntryId, Tree};

/// Bytes of files that a thread takes at once, in the order of the disk.
const BATCH: u64 = 8 << 20;

/// Every file once, in the order of the disk; names of one file together.
pub(super) struct Work {
    ids: Vec<EntryId>,
    /// Where in them the names of each file end.
    ends: Vec<usize>,
}

impl Work {
    fn of(tree: &Tree) -> Self {
        // A file of which only the name is left has nothing to look at.
        let is_left = |id: &EntryId| tree.recovery(*id).is_none_or(|one| one.grade > Grade::NameOnly);
        let mut ids: Vec<EntryId> = tree.ids().filter(is_left).collect();
        ids.sort_by_cached_key(|&id| (worker::file_key(tree, id), id));
        let mut ends = Vec::with_capacity(ids.len());
        let mut first = ids.first().copied();
        for (at, &id) in ids.iter().enumerate().skip(1) {
            if !first.is_some_and(|first| is_twin(tree, first, id)) {
                ends.push(at);
                first = Some(id);
            }
        }
        ends.push(ids.len());
        Self { ids, ends }
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    /// The names of the files in `range`, one file after the other.
    fn files(&self, range: std::ops::Range<usize>) -> impl Iterator<Item = &Twins> {
        let ends = self.ends.get(range.clone()).unwrap_or_default().iter().copied();
        let before = range.start.checked_sub(1).and_then(|before| self.ends.get(before));
        ends.scan(before.copied().unwrap_or(0), |start, end| {
            let from = std::mem::replace(start, end);
            self.ids.get(from..end)
        })
    }

    /// The names of all files, one file after the other.
    pub(super) fn all(&self) -> impl Iterator<Item = &Twins> {
        self.files(0..self.len())
    }
}

/// Whether two entries are one file: hard links, or files that share all their extents.
fn is_twin(tree: &Tree, a: EntryId, b: EntryId) -> bool {
    let (Some((at, first)), Some((other, second))) = (tree.get(a), tree.get(b)) else { return false };
    let regular = |kind| kind == FileType::Regular;
    if at.file_system != other.file_system
        || !regular(first.metadata.file_type)
        || !regular(second.metadata.file_type)
    {
        return false;
    }
    let shares = || {
        let extents = |id| tree.open(id).ok().and_then(|mut node| node.extents().ok().map(<[_]>::to_vec));
        // Two files of one packed block look alike from outside: only what lies on the disk as it is proves it.
        let known = |extents: &[Extent]| {
            extents.iter().all(|extent| !matches!(extent.place, Place::Opaque | Place::Lost))
        };
        extents(a).zip(extents(b)).is_some_and(|(a, b)| a == b && known(&a))
    };
    first.node == second.node
        || first.first != u64::MAX
            && first.first == second.first
            && first.metadata.size == second.metadata.size
            && shares()
}

/// Cuts the work into runs of about [`BATCH`] bytes.
fn batches(tree: &Tree, work: &Work) -> Vec<(std::ops::Range<usize>, u64)> {
    let mut batches = Vec::new();
    let (mut start, mut bytes) = (0, 0_u64);
    for (index, twins) in work.all().enumerate() {
        let size = twins.first().and_then(|&id| tree.get(id)).map_or(0, |(_, walked)| walked.metadata.size);
        bytes = bytes.saturating_add(size).saturating_add(4096);
        if bytes >= BATCH {
            batches.push((start..index.saturating_add(1), bytes));
            (start, bytes) = (index.saturating_add(1), 0);
        }
    }
    batches.push((start..work.len(), bytes));
    batches
}

/// Looks at every file, on all threads.
pub(super) fn search(shared: Shared<'_>, jobs: usize, progress: &dyn Progress) -> Outcome {
    // A thread without a batch may help with a long file.
    let chunks = |bytes: u64| usize::try_from(bytes / CHUNK as u64).unwrap_or(usize::MAX);
    let work = Work::of(shared.tree);
    let mut streams = shared.detectors.streams.iter();
    let counts_zeros = streams.any(|detector| detector.is_wanted() && detector.takes_all());
    let plan = &Plan::new(shared.tree, &work, counts_zeros, shared.budget);
    let shared = Shared { plan, ..shared };
    let batches = batches(shared.tree, &work);
    let total = batches.iter().fold(0_u64, |sum, (_, bytes)| sum.saturating_add(*bytes));
    progress.begin("searching files", total);
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = if jobs == 0 { cores() } else { jobs }.clamp(1, batches.len().max(chunks(total)).max(1));
    let board = Board::new(threads);
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Outcome>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let busy = board.begin();
                let mut worker = Worker::new(shared, &board);
                while let Some((range, bytes)) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    for twins in work.files(range.clone()) {
                        guarded(&mut worker, shared, &board, twins);
                    }
                    progress.advance(*bytes);
                }
                drop(busy);
                board.help(&mut worker.scout);
                done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(worker.finish());
            });
        }
    });
    let outcomes = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut all = outcomes.into_iter().fold(Outcome::default(), Outcome::join);
    all = all.join(texts(shared));
    all.coverage.files = work.all().filter(|twins| is_regular(shared.tree, twins)).count() as u64;
    all
}

/// Looks at what is text and no content of a file; a panic costs it all, and is a gap.
fn texts(shared: Shared<'_>) -> Outcome {
    let board = Board::new(1);
    let searched = catch_unwind(AssertUnwindSafe(|| {
        let mut worker = Worker::new(shared, &board);
        worker.texts();
        worker.finish()
    }));
    searched.unwrap_or_else(|_| {
        let location = Location::default();
        shared.found.add(Vec::new(), [worker::panic_gap(location)]);
        Outcome::default()
    })
}

fn is_regular(tree: &Tree, twins: &Twins) -> bool {
    let first = twins.first().and_then(|&id| tree.get(id));
    first.is_some_and(|(mounted, walked)| mounted.is_file(walked))
}

/// Looks at one file; a panic costs that file only, and is a gap.
fn guarded<'a>(worker: &mut Worker<'a>, shared: Shared<'a>, board: &'a Board, twins: &Twins) {
    if catch_unwind(AssertUnwindSafe(|| worker.file(twins))).is_err() {
        let (outcome, comparing) =
            (std::mem::take(&mut worker.outcome), std::mem::take(&mut worker.comparing));
        *worker = Worker::new(shared, board);
        (worker.outcome, worker.comparing) = (outcome, comparing);
        let location = twins.first().map(|&id| shared.tree.location(id)).unwrap_or_default();
        shared.found.add(Vec::new(), [worker::panic_gap(location)]);
    }
}
