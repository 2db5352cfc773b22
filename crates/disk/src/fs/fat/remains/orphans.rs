//! Clusters of entries in free space that no directory leads to: a directory whose own entry was used again, or which went
//! on in another part of the volume.

use super::super::Fat;
use super::super::directory::{ENTRY, Entry, Slot, slot};
use super::deleted_name::{self, is_possible};
use crate::bytes::{Span, read_vec};

/// Bytes that are read at once.
const PIECE: u64 = 1 << 20;

/// The free clusters that hold entries, as far as they can be read.
pub(super) fn find(fat: &Fat, free: &[Span]) -> Vec<u64> {
    let mut found = Vec::new();
    free.iter().for_each(|&run| search(fat, run, &mut found));
    found
}

fn search(fat: &Fat, run: Span, found: &mut Vec<u64>) {
    let (source, cluster) = (&*fat.table.source, fat.table.cluster);
    let end = run.end().unwrap_or(u64::MAX).min(source.len());
    let mut at = run.offset;
    while at < end {
        let Ok(Some(data)) = source.next_data(at) else { return };
        at = at.saturating_add(data.offset.saturating_sub(at) / cluster * cluster);
        let len = PIECE.max(cluster).min(end.saturating_sub(at));
        let Ok(bytes) = read_vec(source, at, usize::try_from(len).unwrap_or(0)) else { return };
        let clusters = bytes.chunks_exact(usize::try_from(cluster).unwrap_or(usize::MAX));
        let places = (at..).step_by(usize::try_from(cluster).unwrap_or(usize::MAX));
        let holding = places.zip(clusters).filter(|(_, bytes)| holds_entries(fat, bytes));
        found.extend(holding.map(|(place, _)| place));
        at = at.saturating_add(len);
    }
}

/// The bytes of a cluster.
pub(super) fn cluster(fat: &Fat, place: u64) -> Option<Vec<u8>> {
    read_vec(&*fat.table.source, place, usize::try_from(fat.table.cluster).ok()?).ok()
}

/// Whether a cluster is the first of a directory: it begins with the link to itself.
pub(super) fn is_start(fat: &Fat, place: u64) -> bool {
    let first = read_vec(&*fat.table.source, place, ENTRY).unwrap_or_default();
    Entry::parse(&first, fat.is_wide()).is_ok_and(|entry| entry.is_dot())
}

/// Whether bytes are entries to their end, or to an end in them, with a file that may have been on this volume.
pub(super) fn holds_entries(fat: &Fat, bytes: &[u8]) -> bool {
    let mut entries = bytes.chunks_exact(ENTRY).take_while(|entry| entry.first() != Some(&0));
    let mut has_file = false;
    entries.all(|entry| {
        has_file |= is_file(fat, entry);
        is_possible(entry)
    }) && has_file
}

fn is_file(fat: &Fat, bytes: &[u8]) -> bool {
    let is_entry = matches!(slot(bytes), Slot::Entry | Slot::Deleted) && !deleted_name::is_part(bytes);
    let Some(entry) = Entry::parse(bytes, fat.is_wide()).ok().filter(|_| is_entry) else { return false };
    let is_dated = entry.metadata.modified.seconds > 0;
    is_dated && !entry.is_label && entry.size <= fat.boot.size && fat.table.place(entry.cluster).is_ok()
}
