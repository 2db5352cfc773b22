//! Where the content of an old inode lay: from its leaf, and where that was not the end, from those that followed it.

use std::collections::BTreeMap;

use super::super::key::kind;
use super::super::mapping::{Content, FileExtent};
use super::super::tree::Item;
use super::ground::Ground;
use super::history::State;
use super::leaves::Share;
use crate::bytes::Record;
use crate::fs::remains::Proof;

/// A part of a file.
#[derive(Clone)]
pub(super) struct Run {
    pub(super) start: u64,
    pub(super) len: u64,
    /// The generation in which it was written; 0 where nothing was.
    pub(super) born: u64,
    /// Nothing, where no leaf is left that tells.
    pub(super) content: Option<Content>,
}

impl Run {
    fn of(item: &Item<'_>) -> Option<Self> {
        let extent = FileExtent::parse(item).ok()?;
        let born = Record::new("file extent", item.data).u64_le(0).ok()?;
        Some(Self { start: item.key.offset, len: extent.len, born, content: Some(extent.content) })
    }

    fn bare(start: u64, end: u64, content: Option<Content>) -> Self {
        Self { start, len: end.saturating_sub(start), born: 0, content }
    }

    fn end(&self) -> u64 {
        self.start.saturating_add(self.len)
    }
}

/// The content of an inode up to its size.
pub(super) struct Layout {
    /// In order and without gaps, up to the size.
    pub(super) runs: Vec<Run>,
    /// [`Proof::Checked`], or less where leaves were put together that need not be of one time.
    pub(super) proof: Proof,
}

impl Layout {
    /// The content of `state`, whose inode has these shares in the leaves of all ages.
    pub(super) fn of(ground: &Ground<'_>, state: &State<'_>, shares: &[Share]) -> Self {
        let is_log = state.share.found.is_log();
        let (mut runs, sound) = runs_of(state.share);
        let mut proof = Proof::Checked;
        let mut is_whole = sound && !is_log && !state.share.reaches_end() || has_all(&runs, state);
        if !is_whole && !is_log && sound {
            is_whole = add_following(ground, state, &mut runs);
        }
        if !is_whole {
            proof = Proof::Plausible;
            add_older(state, shares, &mut runs);
            is_whole = has_all(&runs, state);
        }
        let gap = is_whole.then_some(Content::Hole);
        let limit = usize::try_from(ground.fs.volume.budget.extents).unwrap_or(usize::MAX);
        Self { runs: laid(runs, state.inode.metadata.size, gap.as_ref(), limit), proof }
    }
}

/// The extents in a share, and whether all of them were understood.
fn runs_of(share: &Share) -> (Vec<Run>, bool) {
    let items = share.items().filter(|item| item.key.kind == kind::EXTENT_DATA);
    let runs: Vec<Option<Run>> = items.map(|item| Run::of(&item)).collect();
    let sound = runs.iter().all(Option::is_some);
    (runs.into_iter().flatten().collect(), sound)
}

/// Whether the extents are all that the inode has: they hold as many bytes as it says, or leave no gap.
fn has_all(runs: &[Run], state: &State<'_>) -> bool {
    let bytes = |run: &Run| if run.content == Some(Content::Hole) { 0 } else { run.len };
    let sum = runs.iter().fold(0_u64, |sum, run| sum.saturating_add(bytes(run)));
    let end = runs.iter().fold(0, |end, run| if run.start <= end { run.end().max(end) } else { end });
    sum == state.bytes || end >= state.inode.metadata.size
}

/// Adds the extents in the leaves that followed at that time; returns whether all of them are there.
fn add_following(ground: &Ground<'_>, state: &State<'_>, runs: &mut Vec<Run>) -> bool {
    let number = state.inode.number;
    let Some(leaves) = ground.following(&state.share.found, number) else { return false };
    let mut all_sound = true;
    for leaf in leaves {
        let share = Share::of(ground, leaf, number);
        let (more, sound) = share.as_ref().map(runs_of).unwrap_or_default();
        runs.extend(more);
        all_sound &= sound;
    }
    all_sound
}

/// Adds extents of leaves that are no newer, the newest first, where there is none yet.
fn add_older(state: &State<'_>, shares: &[Share], runs: &mut Vec<Run>) {
    let mut taken: BTreeMap<u64, u64> = runs.iter().map(|run| (run.start, run.end())).collect();
    let age = |share: &Share| share.found.generation;
    let mut older: Vec<&Share> = shares.iter().filter(|share| age(share) <= age(state.share)).collect();
    older.sort_by_key(|share| std::cmp::Reverse(age(share)));
    for share in older {
        // A leaf of before the inode was made is of another life; so is an extent.
        for run in runs_of(share).0.into_iter().filter(|run| run.born >= state.inode.generation) {
            let before = taken.range(..run.end()).next_back();
            if before.is_none_or(|(_, &end)| end <= run.start) {
                taken.insert(run.start, run.end());
                runs.push(run);
            }
        }
    }
}

/// The runs in order up to `size`, with `gap` between them; one that begins before the end of the last is left out.
fn laid(mut runs: Vec<Run>, size: u64, gap: Option<&Content>, limit: usize) -> Vec<Run> {
    runs.sort_by_key(|run| run.start);
    let mut laid = Vec::new();
    let mut end = 0;
    for mut run in runs.into_iter().filter(|run| run.len > 0 && run.start < size) {
        if run.start < end || laid.len() >= limit {
            continue;
        }
        if run.start > end {
            laid.push(Run::bare(end, run.start, gap.cloned()));
        }
        run.len = run.len.min(size.saturating_sub(run.start));
        end = run.end();
        laid.push(run);
    }
    if end < size {
        laid.push(Run::bare(end, size, gap.cloned()));
    }
    laid
}
