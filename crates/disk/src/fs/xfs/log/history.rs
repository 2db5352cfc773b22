//! Tells the history of a file system: what every transaction changes that is still in the log.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::area::Area;
use super::replay::kind;
use super::shadow::{BlockChange, InodeState, Shadow};
use super::transaction::{Item, Transaction};
use super::{buffer, inode, walk};
use crate::bytes::{Source, Span};
use crate::fs::FsError;
use crate::fs::xfs::volume::Volume;

/// The sources of a file system's history, the oldest first.
pub(in crate::fs::xfs) trait Witness {
    /// An inode changes with `order`: the state before is known, or not. Blocks are as they were before the transaction.
    fn inode(&mut self, shadow: &Shadow, number: u64, before: Option<&InodeState>, after: &InodeState);

    /// A block of a directory, a link or a map changes with `order`.
    fn block(&mut self, shadow: &Shadow, change: &BlockChange);

    /// The bytes at `span` were written by the file system for itself with `order`, or `None`: that is cancelled.
    fn metadata(&mut self, span: Span, order: Option<u64>);

    /// Whether nothing more is wanted.
    fn is_done(&self) -> bool;
}

/// What is known at the end of the history.
pub(in crate::fs::xfs) struct History {
    /// The state at the end.
    pub(in crate::fs::xfs) shadow: Shadow,
    /// The order from which on nothing is missing.
    pub(in crate::fs::xfs) whole_since: Option<u64>,
    /// What could not be read, or kept.
    pub(in crate::fs::xfs) damage: Option<FsError>,
}

/// Hands the core of every inode in the log of `volume`, as it is on the disk, with its number to `visit`.
///
/// # Errors
/// [`FsError`], if the log cannot be read at all.
pub(in crate::fs::xfs) fn cores(volume: &Volume, visit: &mut dyn FnMut(u64, &[u8])) -> Result<(), FsError> {
    let area = Area::of(volume)?;
    walk::walk(volume, &area, &mut |transaction, _| {
        for item in transaction.items.iter().filter(|item| code(item) == kind::INODE) {
            if let Ok((number, core)) = inode::core(item) {
                visit(number, &core);
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(())
}

/// Tells `witness` what the log of `volume`, whose disk is `disk`, has of its history.
///
/// # Errors
/// [`FsError`], if the log cannot be read at all.
pub(in crate::fs::xfs) fn history(
    volume: &Volume,
    disk: &Arc<dyn Source>,
    witness: &mut dyn Witness,
) -> Result<History, FsError> {
    let area = Area::of(volume)?;
    let mut shadow = Shadow::new(volume, disk);
    let mut is_full = false;
    let walked = walk::walk(volume, &area, &mut |transaction, order| {
        is_full |= !step(&mut shadow, witness, transaction, order);
        if witness.is_done() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let limit = volume.budget.metadata_bytes;
    let full = is_full.then(|| FsError::over_limit("xfs: bytes of the history in the log", limit));
    let whole_since = walked.whole_since.map(|lsn| walk::order(lsn, 0));
    Ok(History { shadow, whole_since, damage: walked.damage.or(full) })
}

/// Tells what a transaction does, then does it; false, if there was no room for all of it.
fn step(shadow: &mut Shadow, witness: &mut dyn Witness, transaction: &Transaction, order: u64) -> bool {
    let of_kind = |wanted: u16| transaction.items.iter().filter(move |item| code(item) == wanted);
    let mut has_room = true;
    let mut states = Vec::new();
    for item in of_kind(kind::INODE) {
        // What makes no sense is no history.
        if let Ok((number, before, after)) = shadow.inode_after(item, transaction.lsn, order) {
            witness.inode(shadow, number, before.as_ref(), &after);
            states.push((number, after));
        }
    }
    for item in of_kind(kind::BUFFER) {
        if let Ok(place) = buffer::place(item) {
            let is_cancelled = buffer::flags(item) & buffer::flag::CANCEL != 0;
            let span = Span::new(walk::bytes(place.0), walk::bytes(place.1));
            witness.metadata(span, (!is_cancelled).then_some(order));
        }
        if let Ok(Some(change)) = shadow.block_after(item, transaction.lsn) {
            witness.block(shadow, &change);
            has_room &= shadow.keep_block(&change, order);
        }
    }
    for item in of_kind(kind::ICREATE) {
        if let Ok(span) = inode::new_chunk(item, &shadow.volume.superblock) {
            witness.metadata(span, Some(order));
        }
    }
    for (number, state) in states {
        has_room &= shadow.keep_inode(number, state);
    }
    has_room
}

fn code(item: &Item) -> u16 {
    item.region(0).u16_le(0).unwrap_or(0)
}
