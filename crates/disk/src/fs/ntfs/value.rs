//! The value of an attribute, put together from its pieces: in memory, in clusters, or compressed in them.

use super::record::{Attribute, Content, Mapping};
use super::runs::Run;
use super::volume::Volume;
use super::{lznt1, wof};
use crate::bytes::Span;
use crate::fs::mapped;
use crate::fs::{Extent, FsError, Place};

const COMPRESSED: u16 = 0x00ff;
const ENCRYPTED: u16 = 0x4000;
/// Windows compresses 64 KiB at once; more than this is no volume of Windows.
const UNIT_LIMIT: u64 = 1 << 20;

/// A value that can be read.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) size: u64,
    /// In order and without gaps, up to `size`.
    pub(super) extents: Vec<Extent>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Memory(Vec<u8>),
    Plain,
    /// What is opaque are units of so many bytes each; these are the clusters.
    Lznt1(u64, Vec<Run>),
    Wof(wof::Packed),
}

/// The unit that was unpacked last, and its number.
pub(super) type Unpacked = Option<(u64, Vec<u8>)>;

impl Value {
    /// A value that was found in memory.
    pub(super) fn memory(bytes: Vec<u8>) -> Self {
        let size = bytes.len() as u64;
        let extent = Extent { start: 0, len: size, place: Place::Opaque };
        Self { size, extents: if size > 0 { vec![extent] } else { Vec::new() }, body: Body::Memory(bytes) }
    }

    /// A file that Windows keeps packed in another of its streams.
    pub(super) fn wof(size: u64, packed: wof::Packed) -> Self {
        let extent = Extent { start: 0, len: size, place: Place::Opaque };
        Self { size, extents: if size > 0 { vec![extent] } else { Vec::new() }, body: Body::Wof(packed) }
    }

    /// Puts the pieces of one value together.
    ///
    /// # Errors
    /// [`FsError::Corrupt`], if they do not fit; [`FsError::Unsupported`], if it is encrypted.
    pub(super) fn assemble(volume: &Volume, number: u64, pieces: &[&Attribute]) -> Result<Self, FsError> {
        let bad = |problem: String| FsError::corrupt("file record", number, problem);
        let flags = pieces.first().map_or(0, |piece| piece.flags);
        let mut mappings: Vec<&Mapping> = Vec::new();
        for piece in pieces {
            match &piece.content {
                Content::Resident(bytes) if pieces.len() == 1 => return Ok(Self::memory(bytes.clone())),
                Content::Resident(_) => return Err(bad("a value both in the record and elsewhere".into())),
                Content::Mapped(mapping) => mappings.push(mapping),
            }
        }
        if flags & ENCRYPTED != 0 {
            return Err(FsError::Encrypted(format!(
                "file record {number} is encrypted (EFS): its content cannot be read without the key"
            )));
        }
        mappings.sort_by_key(|mapping| mapping.first);
        let Some(head) = mappings.first() else { return Err(bad("a value without a piece".into())) };
        let mut runs = Vec::new();
        for mapping in &mappings {
            let end = end(&runs);
            if mapping.first != end {
                return Err(bad(format!("a value goes on at cluster {} behind {end}", mapping.first)));
            }
            runs.extend_from_slice(&mapping.runs);
        }
        if runs.len() as u64 > volume.budget.extents {
            return Err(bad(format!("{} runs in one value", runs.len())));
        }
        check(volume, number, head, &runs)?;
        let packed = flags & COMPRESSED != 0 && head.unit > 0;
        if !packed {
            return Ok(Self { size: head.size, extents: plain(volume, head, &runs), body: Body::Plain });
        }
        let unit = volume.boot.cluster.checked_shl(head.unit.into()).unwrap_or(0);
        if unit == 0 || unit > UNIT_LIMIT {
            return Err(bad(format!("units of 2^{} clusters are compressed", head.unit)));
        }
        let extents = compressed(volume, head, &runs).map_err(bad)?;
        Ok(Self { size: head.size, extents, body: Body::Lznt1(unit, runs) })
    }

    /// Reads at `offset`: to the end of the extent there at most. 0 at the end of the value only.
    pub(super) fn read(
        &self,
        volume: &Volume,
        offset: u64,
        dst: &mut [u8],
        last: &mut Unpacked,
    ) -> Result<usize, FsError> {
        let opaque = mapped::extent_at(&self.extents, offset)
            .filter(|extent| extent.place == Place::Opaque && offset < self.size);
        let Some(extent) = opaque else {
            return mapped::read(&*volume.source, &self.extents, self.size, offset, dst);
        };
        let room = mapped::until_end(extent.start.saturating_add(extent.len), offset, dst);
        if let Body::Memory(bytes) = &self.body {
            return Ok(copy(bytes, offset, room));
        }
        let unit = match &self.body {
            Body::Lznt1(unit, _) => *unit,
            Body::Wof(packed) => packed.chunk,
            Body::Memory(_) | Body::Plain => return Err(FsError::corrupt("value", offset, "is opaque")),
        };
        let number = offset / unit;
        if last.as_ref().is_none_or(|(known, _)| *known != number) {
            *last = Some((number, self.unpack(volume, number)?));
        }
        let bytes = last.as_ref().map_or(&[][..], |(_, bytes)| bytes);
        let read = copy(bytes, offset % unit, room);
        if read == 0 && !room.is_empty() {
            return Err(FsError::corrupt("compressed unit", number, "it is shorter than its file"));
        }
        Ok(read)
    }

    /// The content of one unit; of the last one, what belongs to the file or more.
    fn unpack(&self, volume: &Volume, number: u64) -> Result<Vec<u8>, FsError> {
        match &self.body {
            Body::Lznt1(unit, runs) => unpack_unit(volume, *unit, runs, number),
            Body::Wof(packed) => packed.unpack(volume, number, self.size),
            Body::Memory(_) | Body::Plain => Ok(Vec::new()),
        }
    }

    /// The whole value, of at most `limit` bytes.
    pub(super) fn whole(&self, volume: &Volume, limit: u64) -> Result<Vec<u8>, FsError> {
        if self.size > limit {
            return Err(FsError::corrupt("value", self.size, format!("more than {limit} bytes")));
        }
        self.piece(volume, 0, usize::try_from(self.size).unwrap_or(0))
    }

    /// `len` bytes of the value at `offset`.
    pub(super) fn piece(&self, volume: &Volume, offset: u64, len: usize) -> Result<Vec<u8>, FsError> {
        crate::bytes::check_bounds(offset, len, self.size)?;
        let (mut bytes, mut done, mut last) = (vec![0; len], 0, None);
        while let Some(room) = bytes.get_mut(done..).filter(|room| !room.is_empty()) {
            done += self.read(volume, offset.saturating_add(done as u64), room, &mut last)?;
        }
        Ok(bytes)
    }

    /// The value, where it was kept in the record.
    pub(super) fn in_memory(&self) -> Option<&[u8]> {
        match &self.body {
            Body::Memory(bytes) => Some(bytes),
            Body::Plain | Body::Lznt1(..) | Body::Wof(_) => None,
        }
    }

    /// Where it lies on the volume, packed or not.
    pub(super) fn spans(&self, volume: &Volume) -> Vec<Span> {
        let on_disk = |extent: &Extent| match extent.place {
            Place::Disk(at) => Some(Span::new(at, extent.len)),
            _ => None,
        };
        let bytes = |clusters: u64| clusters.saturating_mul(volume.boot.cluster);
        let run = |run: &Run| Some(Span::new(bytes(run.cluster?), bytes(run.len)));
        match &self.body {
            Body::Memory(_) => Vec::new(),
            Body::Plain => self.extents.iter().filter_map(on_disk).collect(),
            Body::Lznt1(_, runs) => runs.iter().filter_map(run).collect(),
            Body::Wof(packed) => packed.spans(volume),
        }
    }

    /// Bytes of it that are somewhere, in the record or on the disk.
    pub(super) fn present(&self) -> u64 {
        let there = |extent: &&Extent| matches!(extent.place, Place::Disk(_) | Place::Opaque);
        self.extents.iter().filter(there).fold(0, |sum, extent| sum.saturating_add(extent.len))
    }
}

fn end(runs: &[Run]) -> u64 {
    runs.last().map_or(0, |run| run.start.saturating_add(run.len))
}

fn copy(bytes: &[u8], offset: u64, room: &mut [u8]) -> usize {
    let found = usize::try_from(offset).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
    let len = found.len().min(room.len());
    for (to, from) in room.iter_mut().zip(found) {
        *to = *from;
    }
    len
}

/// Whether the runs lie in the volume and hold the whole value.
fn check(volume: &Volume, number: u64, head: &Mapping, runs: &[Run]) -> Result<(), FsError> {
    let (cluster, clusters) = (volume.boot.cluster, volume.boot.clusters);
    let bad = |problem: String| Err(FsError::corrupt("file record", number, problem));
    let outside =
        |run: &&Run| run.cluster.is_some_and(|at| at.checked_add(run.len).is_none_or(|end| end > clusters));
    if let Some(Run { len, cluster: Some(at), .. }) = runs.iter().find(outside) {
        return bad(format!("{len} clusters at {at} of a volume of {clusters}"));
    }
    let held = end(runs).saturating_mul(cluster);
    if head.size > held {
        return bad(format!("a value of {} bytes in {held}", head.size));
    }
    Ok(())
}

/// Appends clusters `start` to `start + len` of a value, as far as they belong to it.
fn push(volume: &Volume, head: &Mapping, extents: &mut Vec<Extent>, start: u64, len: u64, place: Place) {
    let from = start.saturating_mul(volume.boot.cluster);
    let to = from.saturating_add(len.saturating_mul(volume.boot.cluster)).min(head.size);
    let written = to.min(head.initialized).max(from);
    if from < written {
        mapped::push(extents, Extent { start: from, len: written.saturating_sub(from), place });
    }
    if written < to {
        let place = if place == Place::Hole { Place::Hole } else { Place::Unwritten };
        mapped::push(extents, Extent { start: written, len: to.saturating_sub(written), place });
    }
}

fn place(volume: &Volume, run: &Run, at: u64) -> Place {
    run.cluster.map_or(Place::Hole, |cluster| {
        let skipped = at.saturating_sub(run.start);
        Place::Disk(cluster.saturating_add(skipped).saturating_mul(volume.boot.cluster))
    })
}

fn plain(volume: &Volume, head: &Mapping, runs: &[Run]) -> Vec<Extent> {
    let mut extents = Vec::new();
    for run in runs {
        push(volume, head, &mut extents, run.start, run.len, place(volume, run, run.start));
    }
    extents
}

/// The extents of a compressed value: a unit without a hole is stored as it is, one with a hole at its end
/// is compressed, one that is a hole is zeros.
fn compressed(volume: &Volume, head: &Mapping, runs: &[Run]) -> Result<Vec<Extent>, String> {
    let per_unit = 1_u64 << head.unit;
    let mut extents = Vec::new();
    let (mut at, mut index) = (0_u64, 0);
    let clusters = head.size.div_ceil(volume.boot.cluster);
    while at < clusters {
        let Some(run) = runs.get(index) else { break };
        let run_end = run.start.saturating_add(run.len);
        if run_end <= at {
            index += 1;
            continue;
        }
        // Whole units in one run: no need to look at each.
        let whole = run_end.saturating_sub(at) / per_unit * per_unit;
        if whole > 0 {
            push(volume, head, &mut extents, at, whole, place(volume, run, at));
            at = at.saturating_add(whole);
            continue;
        }
        let parts = parts(runs.get(index..).unwrap_or_default(), at, per_unit);
        let holes = parts.iter().position(|part| part.cluster.is_none());
        if parts.iter().skip(holes.unwrap_or(parts.len())).any(|part| part.cluster.is_some()) {
            return Err(format!("a hole inside the compressed unit at cluster {at}"));
        }
        let held: u64 = parts.iter().map(|part| part.len).sum();
        if holes.is_none() && held == per_unit {
            for part in &parts {
                push(volume, head, &mut extents, part.start, part.len, place(volume, part, part.start));
            }
        } else {
            push(volume, head, &mut extents, at, per_unit, Place::Opaque);
        }
        at = at.saturating_add(per_unit);
    }
    Ok(extents)
}

/// The parts of `runs` that lie in the `len` clusters from `at` on.
fn parts(runs: &[Run], at: u64, len: u64) -> Vec<Run> {
    let end = at.saturating_add(len);
    let cut = |run: &Run| {
        let start = run.start.max(at);
        let len = run.start.saturating_add(run.len).min(end).saturating_sub(start);
        let cluster = run.cluster.map(|cluster| cluster.saturating_add(start.saturating_sub(run.start)));
        Run { start, len, cluster }
    };
    runs.iter().take_while(|run| run.start < end).map(cut).filter(|run| run.len > 0).collect()
}

fn unpack_unit(volume: &Volume, unit: u64, runs: &[Run], number: u64) -> Result<Vec<u8>, FsError> {
    let cluster = volume.boot.cluster;
    let per_unit = unit / cluster;
    let at = number.saturating_mul(per_unit);
    let from = runs.partition_point(|run| run.start.saturating_add(run.len) <= at);
    let mut packed = Vec::new();
    for part in parts(runs.get(from..).unwrap_or_default(), at, per_unit) {
        if let Place::Disk(place) = place(volume, &part, part.start) {
            let len = usize::try_from(part.len.saturating_mul(cluster)).unwrap_or(0);
            packed.extend(crate::bytes::read_vec(&*volume.source, place, len)?);
        }
    }
    let len = usize::try_from(unit).unwrap_or(0);
    lznt1::unpack(&packed, len).map_err(|problem| FsError::corrupt("compressed unit", number, problem))
}
