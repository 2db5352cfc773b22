//! The bytes of files that may be the same: read side by side, on several threads, up to the first that differs.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::audit::Progress;
use crate::budget::Budget;
use crate::diff::Side;
use crate::finding::GapKind;
use assay_disk::bytes::Span;
use assay_disk::fs::{FsError, Node, Place};
use assay_disk::tree::walk::gap_kind;
use assay_disk::tree::{EntryId, Tree};

/// Bytes of each file in memory at once.
const CHUNK: usize = 128 << 10;
/// Pairs that a thread takes at once.
const BATCH: usize = 64;

/// Two files of one size.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    pub(super) old: EntryId,
    pub(super) new: EntryId,
    pub(super) size: u64,
}

/// What became of a pair.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Same,
    Different,
    /// This side could not be read.
    Unread(Side, GapKind, String),
}

/// What became of all.
pub(super) struct Compared {
    /// One for each pair, in their order.
    pub(super) outcomes: Vec<Outcome>,
    /// Bytes read on each side.
    pub(super) bytes: u64,
}

/// Compares all pairs; names of one file are compared once.
pub(super) fn compare(
    trees: (&Tree, &Tree),
    pairs: &[Pair],
    jobs: usize,
    progress: &dyn Progress,
) -> Compared {
    let (work, of_pair) = distinct(trees, pairs);
    let total = work.iter().fold(0_u64, |sum, pair| sum.saturating_add(pair.size));
    progress.begin("comparing files", total);
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = if jobs == 0 { cores() } else { jobs }.clamp(1, work.len().div_ceil(BATCH).max(1));
    let (next, bytes) = (AtomicUsize::new(0), AtomicU64::new(0));
    let done: Mutex<Vec<(usize, Vec<Outcome>)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut buffers = (vec![0; CHUNK], vec![0; CHUNK]);
                loop {
                    let batch = next.fetch_add(1, Ordering::Relaxed);
                    let Some(part) = work.chunks(BATCH).nth(batch) else { return };
                    let mut outcomes = Vec::with_capacity(part.len());
                    for pair in part {
                        outcomes.push(guarded(trees, pair, &mut buffers, &bytes));
                        progress.advance(pair.size);
                    }
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((batch, outcomes));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(batch, _)| *batch);
    let found: Vec<Outcome> = done.into_iter().flat_map(|(_, outcomes)| outcomes).collect();
    let lost = || Outcome::Unread(Side::New, GapKind::HostFailed, "it was not compared".to_owned());
    let outcomes = of_pair.into_iter().map(|at| found.get(at).cloned().unwrap_or_else(lost)).collect();
    Compared { outcomes, bytes: bytes.into_inner() }
}

/// Every two files once, in the order of the new side's disk; and for each pair, which of them it is.
fn distinct(trees: (&Tree, &Tree), pairs: &[Pair]) -> (Vec<Pair>, Vec<usize>) {
    let key = |tree: &Tree, id| tree.get(id).map(|(mounted, walked)| (mounted.file_system, walked.node.0));
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    let first = |&at: &usize| {
        let pair = pairs.get(at)?;
        trees.1.get(pair.new).map(|(_, walked)| (pair.new.volume, walked.first))
    };
    order.sort_by_key(|at| (first(at), *at));
    let mut known = HashMap::new();
    let (mut work, mut of_pair) = (Vec::new(), vec![0; pairs.len()]);
    for at in order {
        let (Some(pair), Some(of)) = (pairs.get(at), of_pair.get_mut(at)) else { continue };
        *of = *known.entry((key(trees.0, pair.old), key(trees.1, pair.new))).or_insert_with(|| {
            work.push(*pair);
            work.len().saturating_sub(1)
        });
    }
    (work, of_pair)
}

/// Compares two files; a panic costs that pair only.
fn guarded(
    trees: (&Tree, &Tree),
    pair: &Pair,
    buffers: &mut (Vec<u8>, Vec<u8>),
    bytes: &AtomicU64,
) -> Outcome {
    let done = catch_unwind(AssertUnwindSafe(|| open(trees, pair, buffers, bytes)));
    match done {
        Ok(Ok(true)) => Outcome::Same,
        Ok(Ok(false)) => Outcome::Different,
        Ok(Err((side, error))) => Outcome::Unread(side, gap_kind(&error), format!("its content: {error}")),
        Err(_) => {
            Outcome::Unread(Side::New, GapKind::Damaged, "reading it failed within the program".to_owned())
        }
    }
}

type Failed = (Side, FsError);

fn open(
    trees: (&Tree, &Tree),
    pair: &Pair,
    buffers: &mut (Vec<u8>, Vec<u8>),
    bytes: &AtomicU64,
) -> Result<bool, Failed> {
    let mut old = trees.0.open(pair.old).map_err(|error| (Side::Old, error))?;
    let mut new = trees.1.open(pair.new).map_err(|error| (Side::New, error))?;
    let mut runs = data(&mut *old, pair.size).map_err(|error| (Side::Old, error))?;
    runs.extend(data(&mut *new, pair.size).map_err(|error| (Side::New, error))?);
    let runs = joined(runs);
    let all = runs.iter().fold(0_u64, |sum, run| sum.saturating_add(run.len));
    let limit = Budget::default().file_data;
    if all > limit {
        let text = format!("{all} bytes of data, where at most {limit} are compared");
        return Err((Side::New, FsError::Unsupported(text)));
    }
    for run in runs {
        if !same_run(&mut *old, &mut *new, run, buffers, bytes)? {
            return Ok(false);
        }
    }
    let damage =
        |node: &dyn Node, side| node.damage().map(|text| (side, FsError::corrupt("content", 0, text)));
    damage(&*old, Side::Old).or_else(|| damage(&*new, Side::New)).map_or(Ok(true), Err)
}

/// Where a file has data: elsewhere it is zeros.
fn data(node: &mut dyn Node, size: u64) -> Result<Vec<Span>, FsError> {
    let has_data = |place| !matches!(place, Place::Hole | Place::Unwritten);
    let extents = node.extents()?.iter().filter(|extent| has_data(extent.place) && extent.start < size);
    let span = |start: u64, len: u64| Span::new(start, len.min(size.saturating_sub(start)));
    Ok(extents.map(|extent| span(extent.start, extent.len)).collect())
}

/// Sorted, and one of those that touch or overlap.
fn joined(mut runs: Vec<Span>) -> Vec<Span> {
    runs.sort_unstable_by_key(|run| (run.offset, run.len));
    runs.dedup_by(|next, run| {
        let end = run.offset.saturating_add(run.len);
        let touches = next.offset <= end;
        if touches {
            run.len = next.offset.saturating_add(next.len).max(end).saturating_sub(run.offset);
        }
        touches
    });
    runs
}

fn same_run(
    old: &mut dyn Node,
    new: &mut dyn Node,
    run: Span,
    buffers: &mut (Vec<u8>, Vec<u8>),
    bytes: &AtomicU64,
) -> Result<bool, Failed> {
    let mut done = 0_u64;
    while done < run.len {
        let len = usize::try_from(run.len.saturating_sub(done)).unwrap_or(CHUNK).min(CHUNK);
        let at = run.offset.saturating_add(done);
        let was = fill(old, at, buffers.0.get_mut(..len).unwrap_or_default())
            .map_err(|error| (Side::Old, error))?;
        let now = fill(new, at, buffers.1.get_mut(..len).unwrap_or_default())
            .map_err(|error| (Side::New, error))?;
        bytes.fetch_add(len as u64, Ordering::Relaxed);
        if was != now {
            return Ok(false);
        }
        done = done.saturating_add(len as u64);
    }
    Ok(true)
}

/// Reads until `buffer` is full, or the file ends.
fn fill<'b>(node: &mut dyn Node, offset: u64, buffer: &'b mut [u8]) -> Result<&'b [u8], FsError> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match node.read_at(offset.saturating_add(filled as u64), rest)? {
            0 => break,
            read => filled = filled.saturating_add(read),
        }
    }
    Ok(buffer.get(..filled).unwrap_or_default())
}
