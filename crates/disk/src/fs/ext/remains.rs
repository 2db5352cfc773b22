//! What is left of files that are no more, on ext2, ext3 and ext4.
//!
//! Linux clears the map and the size of an inode when its last name is gone, and since 5.13 the entry of the directory, too.
//! What it does not touch: the blocks of content, the blocks of large maps, the blocks of removed directories, and the
//! copies of all that in the journal, as it was before.

mod directories;
mod inodes;
mod known;
mod leaves;

use std::ops::ControlFlow;

use super::free::metadata_spans;
use super::journal::{self, History};
use super::recovery;
use super::volume::Volume;
use crate::bytes::Span;
use crate::fs::FsError;
use crate::fs::remains::{Remain, Take};
use known::Known;
use leaves::Leaves;

/// Hands on what is left.
///
/// # Errors
/// The first [`FsError`] met, after everything that can be found was handed on.
pub(super) fn remains(volume: &Volume, free: &[Span], take: &mut Take<'_>) -> Result<(), FsError> {
    let mut damage = None;
    let geometry = recovery::geometry(volume);
    let history = match geometry.as_ref().ok() {
        Some(geometry) => journal::history(&*volume.source, geometry, volume.budget.metadata_bytes / 4)
            .map_err(|error| damage = Some(error))
            .ok(),
        None => None,
    };
    let mut found = Finding { volume, history: history.as_ref(), free, take };
    let _flow = found.all();
    damage.map_or(Ok(()), Err)
}

/// What is searched, and what takes the finds.
struct Finding<'a, 't> {
    volume: &'a Volume,
    history: Option<&'a History<'a>>,
    free: &'a [Span],
    take: &'a mut Take<'t>,
}

impl Finding<'_, '_> {
    fn all(&mut self) -> ControlFlow<()> {
        if let Some(since) = self.history.and_then(|history| history.known_since) {
            (self.take)(Remain::KnownSince(since))?;
        }
        self.uses()?;
        let known = Known::gather(self.volume, self.history);
        let leaves = Leaves::new(self.volume, self.history);
        inodes::hand_on(self.volume, &leaves, &known, self.take)?;
        directories::hand_on(self.volume, self.history, (self.free, &leaves), &known, self.take)
    }

    /// Blocks that were directories or parts of maps when they were written.
    fn uses(&mut self) -> ControlFlow<()> {
        let Some(history) = self.history else { return ControlFlow::Continue(()) };
        let metadata = metadata_spans(self.volume);
        let size = u64::from(self.volume.superblock.block_size);
        for copy in &history.copies {
            if !is_within(&metadata, copy.fs_block) {
                let span = Span::new(copy.fs_block.saturating_mul(size), size);
                (self.take)(Remain::Used { span, order: copy.order })?;
            }
        }
        ControlFlow::Continue(())
    }
}

/// Whether one of the sorted runs of blocks (first, behind the last) has `block`.
fn is_within(spans: &[(u64, u64)], block: u64) -> bool {
    let after = spans.partition_point(|&(start, _)| start <= block);
    after.checked_sub(1).and_then(|index| spans.get(index)).is_some_and(|&(_, end)| block < end)
}
