//! What a file system uses its bytes for, beside the content of files: all of it that is not zeros is searched as it
//! stands, so that nothing can hide in a structure that the reader has no use for.
//!
//! The parts are found by what is left: of all bytes those that are free, and those that files take, are taken away.
//! So a block that nobody claims, or an area that no reader knows of, cannot be passed over.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::unopened::At;
use super::{Opening, named};
use crate::budget::Budget;
use crate::bytes::spans::{self, apart, outside};
use crate::bytes::{ReadError, Source, Span};
use crate::fs::{self, Area, FileSystem};
use crate::gap::{GapKind, Loss};
use crate::system::{FreeSpace, VolumeSummary};
use crate::tree::occupancy::Taken;
use crate::volume::stack::Device;

/// Bytes that are read at once to tell zeros from others.
const PIECE: u64 = 1 << 20;
/// Bytes between two runs that are read with them.
const APART: u64 = 16 << 10;
/// Unit in which they are told apart.
const SECTOR: usize = 512;
/// Memory that a run takes while it is looked at, in bytes.
const RUN_COST: u64 = 64;

impl Opening {
    /// Has the parts of `source` searched that belong to the file system on it, and to no file.
    pub(super) fn areas(
        &mut self,
        (source, fs): (&Arc<dyn Source>, &Arc<dyn FileSystem>),
        (taken, file_system): (Taken, u32),
        at: &At<'_>,
        summary: &mut VolumeSummary,
        budget: &Budget,
    ) {
        let limit = budget.metadata_bytes / RUN_COST;
        let mut free = Vec::new();
        let mut over = false;
        let known = fs.unallocated(&mut |span| {
            over |= free.len() as u64 >= limit;
            free.push(span);
            if over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if let Err(error) = known {
            // What is not known to be free is searched.
            self.notes.push((at.name.to_owned(), format!("not all free space is known: {error}")));
        }
        if over {
            let text = "too many runs of free space: what belongs to no file is not searched".to_owned();
            let mut gap = super::volume_gap(at.partition, at.name, GapKind::OverLimit, None, text);
            gap.loss = Loss::Part;
            return self.gaps.push(gap);
        }
        spans::join(&mut free);
        let whole = Span::new(0, summary.usage.total.min(source.len()));
        let unused = if self.deleted {
            self.remains((source, fs), &free, file_system, at, summary, budget)
        } else {
            Vec::new()
        };
        let mut parts = parts(&**fs, whole, free, &taken);
        parts.extend(unused.into_iter().map(|span| (Area::Free, span)));
        let mut areas = Vec::new();
        for area in Area::ALL {
            let runs: Vec<Span> = parts.iter().filter(|part| part.0 == area).map(|part| part.1).collect();
            let bytes = runs.iter().fold(0, |sum: u64, run| sum.saturating_add(run.len));
            if bytes == 0 {
                continue;
            }
            if area != Area::Free {
                summary.areas.push((area, bytes));
            }
            let written = written(&**source, &runs).unwrap_or_else(|error| {
                let text = format!("{} cannot be read: {error}", area.name());
                let kind = crate::tree::walk::gap_kind(&error.into());
                let mut gap = super::volume_gap(at.partition, at.name, kind, Some(bytes), text);
                gap.loss = Loss::Part;
                self.gaps.push(gap);
                Vec::new()
            });
            if area == Area::Free {
                let bytes = written.iter().fold(0, |sum: u64, run| sum.saturating_add(run.len));
                summary.free = summary.free.map(|free| FreeSpace { written: bytes, ..free });
            }
            if !written.is_empty() {
                areas.push((area, written));
            }
        }
        if !areas.is_empty() {
            self.mount_plain(Arc::from(fs::plain::open_areas(Arc::clone(source), areas, budget)), at, budget);
        }
    }

    /// Has what a file system on several devices uses for itself searched.
    pub(super) fn areas_of_devices(
        &mut self,
        device: &Device,
        sources: &[Arc<dyn Source>],
        fs: &dyn FileSystem,
        budget: &Budget,
    ) {
        let structures = fs.structures();
        for (index, source) in sources.iter().enumerate() {
            let mut runs: Vec<Span> =
                structures.iter().filter(|(of, _)| *of == index).map(|(_, run)| *run).collect();
            spans::join(&mut runs);
            let name = named(device, &format!("{}, device {}", fs.identity().kind, index.saturating_add(1)));
            let at = At { partition: device.volume.number, name: &name, place: self.volumes.len() };
            // What cannot be read is said where the tree is.
            let written = written(&**source, &runs).unwrap_or_default();
            if !written.is_empty() {
                let areas = vec![(Area::Structures, written)];
                let plain = fs::plain::open_areas(Arc::clone(source), areas, budget);
                self.mount_plain(Arc::from(plain), &at, budget);
            }
        }
    }
}

/// The parts of `whole` that are neither `free` (joined) nor content, and what each of them is for. What the file system uses for
/// itself is not free, whatever its maps say.
fn parts(fs: &dyn FileSystem, whole: Span, mut free: Vec<Span>, taken: &Taken) -> Vec<(Area, Span)> {
    let (rest, claims) = claims(fs, taken);
    for (_, spans) in &claims {
        free = apart(&free, spans).1;
    }
    free.extend_from_slice(&taken.content);
    spans::join(&mut free);
    let left = outside(&free, whole);
    let (slack, mut left) = apart(&left, &slack(&taken.content, u64::from(fs.usage().block)));
    let mut parts: Vec<(Area, Span)> = slack.into_iter().map(|span| (Area::Slack, span)).collect();
    for (area, spans) in &claims {
        let (inside, others) = apart(&left, spans);
        parts.extend(inside.into_iter().map(|span| (*area, span)));
        left = others;
    }
    parts.extend(left.into_iter().map(|span| (rest, span)));
    parts
}

/// What the file system uses for itself, by area, and what all else is for.
fn claims(fs: &dyn FileSystem, taken: &Taken) -> (Area, Vec<(Area, Vec<Span>)>) {
    let mut claims: Vec<(Area, Span)> = Vec::new();
    let rest = fs.claims(&mut |area, span| match claims.last_mut() {
        Some((last, run)) if *last == area && run.end() == Some(span.offset) => {
            run.len = run.len.saturating_add(span.len);
        }
        _ => claims.push((area, span)),
    });
    let of = |area: Area| {
        let mut spans: Vec<Span> =
            claims.iter().filter(|claim| claim.0 == area).map(|claim| claim.1).collect();
        if area == Area::Directories {
            spans.extend_from_slice(&taken.directories);
        }
        spans::join(&mut spans);
        (area, spans)
    };
    (rest, Area::ALL.into_iter().map(of).filter(|(_, spans)| !spans.is_empty()).collect())
}

/// What lies between the ends of content and the ends of its blocks.
fn slack(content: &[Span], block: u64) -> Vec<Span> {
    let behind = |run: &Span| {
        let whole = run.len.checked_next_multiple_of(block.max(1))?;
        Some(Span::new(run.end()?, whole.saturating_sub(run.len))).filter(|span| span.len > 0)
    };
    let mut found: Vec<Span> = content.iter().filter_map(behind).collect();
    spans::join(&mut found);
    found
}

/// The parts of the sorted `runs` with something else than zeros in them, by the sector.
fn written(source: &dyn Source, runs: &[Span]) -> Result<Vec<Span>, ReadError> {
    let (mut found, mut buffer, mut rest) = (Vec::new(), Vec::new(), runs);
    while let Some((first, _)) = rest.split_first() {
        let (group, others) = rest.split_at(near(rest));
        rest = others;
        let end = group.iter().map(|run| run.offset.saturating_add(run.len)).max().unwrap_or(0);
        let whole = Span::new(first.offset, end.saturating_sub(first.offset));
        if whole.len > PIECE {
            long(source, *first, &mut buffer, &mut found)?;
            continue;
        }
        if let [_, _, ..] = group
            && read(source, whole, &mut buffer).is_ok()
        {
            for run in group {
                let start = usize::try_from(run.offset.saturating_sub(whole.offset)).unwrap_or(usize::MAX);
                let end = start.saturating_add(usize::try_from(run.len).unwrap_or(usize::MAX));
                keep_written(run.offset, buffer.get(start..end).unwrap_or_default(), run.offset, &mut found);
            }
            continue;
        }
        for run in group {
            read(source, *run, &mut buffer)?;
            keep_written(run.offset, &buffer, run.offset, &mut found);
        }
    }
    Ok(found)
}

/// How many runs at the start of `runs` are read at once: the ends of small files lie a block or two apart, and one read
/// over all of them costs less than one for each.
fn near(runs: &[Span]) -> usize {
    let Some(first) = runs.first() else { return 0 };
    let pairs = runs.iter().zip(runs.iter().skip(1));
    let is_near = |(run, next): &(&Span, &Span)| {
        let end = run.offset.saturating_add(run.len);
        let whole = next.offset.saturating_add(next.len).saturating_sub(first.offset);
        next.offset >= end && next.offset.saturating_sub(end) <= APART && whole <= PIECE
    };
    pairs.take_while(is_near).count().saturating_add(1)
}

/// The same for a run of more than a piece, without its holes.
fn long(
    source: &dyn Source,
    run: Span,
    buffer: &mut Vec<u8>,
    found: &mut Vec<Span>,
) -> Result<(), ReadError> {
    let end = run.offset.saturating_add(run.len);
    let mut at = run.offset;
    while at < end {
        // What is left is read at less cost than the host is asked for its holes.
        let data = if end.saturating_sub(at) <= PIECE {
            Some(Span::new(at, end.saturating_sub(at)))
        } else {
            source.next_data(at)?.filter(|data| data.offset < end)
        };
        let Some(data) = data else { break };
        at = at.max(data.offset);
        let stop = data.offset.saturating_add(data.len).min(end);
        while at < stop {
            let piece = Span::new(at, stop.saturating_sub(at).min(PIECE));
            read(source, piece, buffer)?;
            keep_written(at, buffer, run.offset, found);
            at = at.saturating_add(piece.len);
        }
    }
    Ok(())
}

/// Reads `span`, at most [`PIECE`] bytes, into all of `buffer`.
fn read(source: &dyn Source, span: Span, buffer: &mut Vec<u8>) -> Result<(), ReadError> {
    buffer.resize(usize::try_from(span.len).unwrap_or(0), 0);
    source.read_exact_at(span.offset, buffer)
}

/// Adds the sectors of `bytes`, which lie at `at`, that are not all zeros; those of the run that begins at `start` are
/// one where they touch.
fn keep_written(at: u64, bytes: &[u8], start: u64, found: &mut Vec<Span>) {
    for (sector, part) in (0_u64..).zip(bytes.chunks(SECTOR)) {
        if is_zero(part) {
            continue;
        }
        let from = at.saturating_add(sector.saturating_mul(SECTOR as u64));
        match found.last_mut() {
            Some(last) if last.end() == Some(from) && last.offset >= start => {
                last.len = last.len.saturating_add(part.len() as u64);
            }
            _ => found.push(Span::new(from, part.len() as u64)),
        }
    }
}

/// Folds and does not stop early: so the compiler takes many bytes at once.
fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().fold(0, |all, byte| all | byte) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slack_ends_with_the_block_of_its_content() {
        let content = [Span::new(100, 30), Span::new(200, 64)];
        assert_eq!(slack(&content, 32), [Span::new(130, 2)]);
    }

    #[test]
    fn sectors_of_zeros_are_left_out_and_runs_are_not_put_together() {
        let mut disk = vec![0; 4096];
        disk[600] = 1;
        disk[1030] = 1;
        disk[2048] = 1;
        let runs = [Span::new(512, 1024), Span::new(1536, 2000)];
        let found = written(&disk, &runs).unwrap();
        assert_eq!(found, [Span::new(512, 1024), Span::new(2048, 512)]);
    }

    #[test]
    fn runs_that_are_read_together_are_looked_at_one_by_one() {
        let len = 3 * PIECE;
        let index = |offset: u64| usize::try_from(offset).unwrap();
        let mut disk = vec![0; index(len)];
        let runs: Vec<Span> = (0..len / 5000).map(|run| Span::new(run * 5000, 600)).collect();
        let mut expected = Vec::new();
        for (number, run) in runs.iter().enumerate() {
            // What lies between the runs is not theirs.
            disk[index(run.offset) + 700] = 1;
            if number % 3 == 0 {
                disk[index(run.offset)] = 1;
                expected.push(Span::new(run.offset, 512));
            }
        }
        assert_eq!(written(&disk, &runs).unwrap(), expected);
    }
}
