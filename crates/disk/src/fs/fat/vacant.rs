//! Where a deleted file may have lain, of which only the first cluster is known: of FAT, and of exFAT.

use crate::bytes::Span;
use crate::fs::mapped;
use crate::fs::{Extent, Place};

/// The run of free bytes that holds the byte at `place`, by its index in the sorted `free`.
fn run_at(free: &[Span], place: u64) -> Option<usize> {
    let index = free.partition_point(|span| span.offset <= place).checked_sub(1)?;
    free.get(index).filter(|span| span.end() > Some(place)).map(|_| index)
}

/// Whether `len` bytes at `place` are free.
pub(in crate::fs) fn is_free(free: &[Span], place: u64, len: u64) -> bool {
    let run = run_at(free, place).and_then(|index| free.get(index));
    run.and_then(|run| run.end()).is_some_and(|end| end.saturating_sub(place) >= len)
}

/// The `size` bytes from `place` on that are free now, others skipped: a file was laid where there was room. If the first
/// cluster is in use, those from it on without a gap, and what is in use of them is lost.
pub(in crate::fs) fn guess(free: &[Span], place: u64, size: u64) -> Vec<Extent> {
    let Some(first) = run_at(free, place) else { return held(free, Span::new(place, size)) };
    let mut extents = Vec::new();
    let mut done = 0_u64;
    for run in free.get(first..).unwrap_or_default() {
        let at = run.offset.max(place);
        let room = run.end().unwrap_or(u64::MAX).saturating_sub(at);
        let len = room.min(size.saturating_sub(done));
        if len == 0 {
            break;
        }
        mapped::push(&mut extents, Extent { start: done, len, place: Place::Disk(at) });
        done = done.saturating_add(len);
    }
    lose(&mut extents, done, size);
    extents
}

/// The bytes at `span`, as far as they are free.
pub(in crate::fs) fn held(free: &[Span], span: Span) -> Vec<Extent> {
    let end = span.end().unwrap_or(u64::MAX);
    let mut extents = Vec::new();
    let mut done = 0_u64;
    let first = free.partition_point(|run| run.end() <= Some(span.offset));
    for run in free.get(first..).unwrap_or_default().iter().take_while(|run| run.offset < end) {
        let at = run.offset.max(span.offset);
        let start = at.saturating_sub(span.offset);
        lose(&mut extents, done, start);
        let len = run.end().unwrap_or(u64::MAX).min(end).saturating_sub(at);
        mapped::push(&mut extents, Extent { start, len, place: Place::Disk(at) });
        done = start.saturating_add(len);
    }
    lose(&mut extents, done, span.len);
    extents
}

fn lose(extents: &mut Vec<Extent>, from: u64, to: u64) {
    if from < to {
        extents.push(Extent { start: from, len: to.saturating_sub(from), place: Place::Lost });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: [Span; 2] = [Span::new(100, 10), Span::new(120, 5)];

    fn extent(start: u64, len: u64, place: Place) -> Extent {
        Extent { start, len, place }
    }

    #[test]
    fn clusters_in_use_are_skipped() {
        let want = [extent(0, 4, Place::Disk(106)), extent(4, 3, Place::Disk(120))];
        assert_eq!(guess(&FREE, 106, 7), want);
    }

    #[test]
    fn what_does_not_fit_into_the_volume_is_lost() {
        let want = [extent(0, 4, Place::Disk(121)), extent(4, 6, Place::Lost)];
        assert_eq!(guess(&FREE, 121, 10), want);
        assert_eq!(guess(&[], 121, 10), [extent(0, 10, Place::Lost)]);
    }

    #[test]
    fn where_the_first_cluster_is_in_use_nothing_is_skipped() {
        let want = [extent(0, 5, Place::Lost), extent(5, 3, Place::Disk(120))];
        assert_eq!(guess(&FREE, 115, 8), want);
        let want =
            [extent(0, 2, Place::Disk(108)), extent(2, 10, Place::Lost), extent(12, 2, Place::Disk(120))];
        assert_eq!(held(&FREE, Span::new(108, 14)), want);
    }

    #[test]
    fn only_a_whole_cluster_is_free() {
        assert!(is_free(&FREE, 100, 10) && !is_free(&FREE, 100, 11) && !is_free(&FREE, 110, 1));
    }
}
