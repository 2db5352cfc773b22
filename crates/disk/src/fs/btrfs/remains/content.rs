//! The content of an old inode: where it lies today, as far as it is still what it was.

use std::sync::{Arc, Mutex, PoisonError};

use super::super::mapping;
use super::super::mapping::Packed;
use super::super::packed::{self, Method};
use super::ground::Ground;
use super::history::State;
use super::layout::{Layout, Run};
use super::sums::{Comparison, Fit, Sums};
use crate::bytes::{ReadError, Source, Span, check_bounds, read_vec};
use crate::fs::remains::{Content, Proof};
use crate::fs::{Extent, Place};

/// A part of the content, found.
struct Part {
    start: u64,
    len: u64,
    body: Body,
}

enum Body {
    /// As it is on the disk, zeros, or lost.
    Plain(Place),
    Packed {
        spans: Vec<Span>,
        packed: Packed,
    },
    Bytes(Vec<u8>),
}

/// Finds the content of one state.
pub(super) struct Resolver<'r, 'g> {
    pub(super) ground: &'g Ground<'g>,
    pub(super) sums: &'r mut Sums<'g>,
    pub(super) state: &'r State<'r>,
}

impl Resolver<'_, '_> {
    /// The content, and how well it is proved.
    pub(super) fn content(mut self, layout: Layout) -> (Content, Proof) {
        let mut is_proved = true;
        let mut parts = Vec::new();
        for run in layout.runs {
            is_proved &= self.run(run, &mut parts);
        }
        let proof = if is_proved { layout.proof.max(Proof::Content) } else { layout.proof };
        // What was put together of leaves that need not fit is no more than that, whatever its sectors are.
        let proof = if layout.proof < Proof::Checked { layout.proof } else { proof };
        (self.shown(parts), proof)
    }

    /// Adds the parts of a run; returns whether they are proved to be what they were.
    fn run(&mut self, run: Run, parts: &mut Vec<Part>) -> bool {
        let (start, len) = (run.start, run.len);
        let time = (run.born, self.state.share.found.generation);
        let body = match run.content {
            None => Body::Plain(Place::Lost),
            Some(mapping::Content::Hole) => Body::Plain(Place::Hole),
            Some(mapping::Content::Unwritten) => Body::Plain(Place::Unwritten),
            Some(mapping::Content::Plain { logical }) => return self.plain(start, len, logical, time, parts),
            Some(mapping::Content::Packed(packed)) => {
                let (body, is_proved) = self.packed(packed, time);
                parts.push(Part { start, len, body });
                return is_proved;
            }
            Some(mapping::Content::Inline { bytes, method, ram_len, .. }) => {
                self.inline(bytes, method, ram_len)
            }
        };
        let is_known = !matches!(body, Body::Plain(Place::Lost));
        parts.push(Part { start, len, body });
        is_known
    }

    fn compare(&mut self, logical: u64, len: u64, time: (u64, u64)) -> std::rc::Rc<Comparison> {
        if self.state.inode.has_checksums() {
            return self.sums.compare(logical, len, time);
        }
        std::rc::Rc::new(Comparison { copy: 0, sectors: vec![Fit::Unknown] })
    }

    fn plain(&mut self, start: u64, len: u64, logical: u64, time: (u64, u64), parts: &mut Vec<Part>) -> bool {
        let sector = u64::from(self.ground.fs.volume.superblock.sector_size);
        let comparison = self.compare(logical, len.next_multiple_of(sector), time);
        let Some(spans) = self.ground.runs(logical, len, comparison.copy) else {
            parts.push(Part { start, len, body: Body::Plain(Place::Lost) });
            return false;
        };
        let mut at = start;
        for span in spans {
            for (skip, part, is_held) in held(span.len, at.saturating_sub(start), sector, &comparison) {
                let disk = Place::Disk(span.offset.saturating_add(skip));
                let body = Body::Plain(if is_held { disk } else { Place::Lost });
                parts.push(Part { start: at, len: part, body });
                at = at.saturating_add(part);
            }
        }
        comparison.is_right()
    }

    fn packed(&mut self, packed: Packed, time: (u64, u64)) -> (Body, bool) {
        let comparison = self.compare(packed.logical, packed.disk_len, time);
        let spans = self.ground.runs(packed.logical, packed.disk_len, comparison.copy);
        match spans.filter(|_| !comparison.is_wrong()) {
            Some(spans) => (Body::Packed { spans, packed }, comparison.is_right()),
            None => (Body::Plain(Place::Lost), false),
        }
    }

    fn inline(&self, bytes: Vec<u8>, method: Option<Method>, ram_len: u64) -> Body {
        let sector = self.ground.fs.volume.superblock.sector_size as usize;
        match method.map(|method| packed::unpack(method, &bytes, ram_len, sector)) {
            None => Body::Bytes(bytes),
            Some(Ok(bytes)) => Body::Bytes(bytes),
            Some(Err(_)) => Body::Plain(Place::Lost),
        }
    }

    /// The simplest form that says it all.
    fn shown(&self, mut parts: Vec<Part>) -> Content {
        let size = self.state.inode.metadata.size;
        if size > 0 && parts.iter().all(|part| matches!(part.body, Body::Plain(Place::Lost))) {
            return Content::Lost;
        }
        let plain = |part: &Part| match part.body {
            Body::Plain(place) => Some(Extent { start: part.start, len: part.len, place }),
            _ => None,
        };
        if let Some(extents) = parts.iter().map(plain).collect() {
            return Content::Extents(extents);
        }
        if let [Part { body: Body::Bytes(bytes), len, .. }] = &mut *parts
            && *len == size
        {
            bytes.truncate(usize::try_from(size).unwrap_or(usize::MAX));
            return Content::Bytes(std::mem::take(bytes));
        }
        let spans = |part: &Part| match &part.body {
            Body::Packed { spans, .. } => spans.clone(),
            Body::Plain(Place::Disk(at)) => vec![Span::new(*at, part.len)],
            Body::Plain(_) | Body::Bytes(_) => Vec::new(),
        };
        let spans = parts.iter().flat_map(spans).collect();
        let sector = self.ground.fs.volume.superblock.sector_size as usize;
        let device = Arc::clone(&self.ground.device);
        let source = Unpacked { device, size, sector, parts, last: Mutex::default() };
        Content::Decoded { source: Arc::new(source), spans }
    }
}

/// The parts of `len` bytes at `skip` of what was compared that are held or not, each with its offset in them.
fn held(len: u64, skip: u64, sector: u64, comparison: &Comparison) -> Vec<(u64, u64, bool)> {
    let mut parts: Vec<(u64, u64, bool)> = Vec::new();
    if !comparison.is_wrong() {
        return vec![(0, len, true)];
    }
    let mut at = 0;
    while at < len {
        let index = usize::try_from(skip.saturating_add(at) / sector).unwrap_or(usize::MAX);
        let is_held = comparison.sectors.get(index) != Some(&Fit::Wrong);
        let part = sector.min(len.saturating_sub(at));
        match parts.last_mut() {
            Some((_, last, held)) if *held == is_held => *last = last.saturating_add(part),
            _ => parts.push((at, part, is_held)),
        }
        at = at.saturating_add(part);
    }
    parts
}

/// Content of which a part is packed.
struct Unpacked {
    device: Arc<dyn Source>,
    size: u64,
    sector: usize,
    parts: Vec<Part>,
    /// The packed part that was read last.
    last: Mutex<Option<(u64, Arc<Vec<u8>>)>>,
}

impl Unpacked {
    fn part(&self, part: &Part, skip: u64, dst: &mut [u8]) -> Result<(), ReadError> {
        match &part.body {
            Body::Plain(Place::Disk(at)) => self.device.read_exact_at(at.saturating_add(skip), dst)?,
            Body::Plain(Place::Hole | Place::Unwritten) => dst.fill(0),
            Body::Plain(_) => return Err(lost(part.start, dst.len(), "its content was overwritten")),
            Body::Bytes(bytes) => fill(dst, bytes, skip),
            Body::Packed { spans, packed } => {
                let bytes = self.unpack(part.start, spans, packed)?;
                fill(dst, &bytes, packed.skip.saturating_add(skip));
            }
        }
        Ok(())
    }

    fn unpack(&self, start: u64, spans: &[Span], packed: &Packed) -> Result<Arc<Vec<u8>>, ReadError> {
        if let Some((_, bytes)) = self.last().as_ref().filter(|(kept, _)| *kept == start) {
            return Ok(Arc::clone(bytes));
        }
        let mut bytes = Vec::new();
        for span in spans {
            bytes.extend(read_vec(
                &*self.device,
                span.offset,
                usize::try_from(span.len).unwrap_or(usize::MAX),
            )?);
        }
        let unpacked = packed::unpack(packed.method, &bytes, packed.ram_len, self.sector);
        let unpacked = Arc::new(unpacked.map_err(|problem| lost(start, 0, &problem))?);
        *self.last() = Some((start, Arc::clone(&unpacked)));
        Ok(unpacked)
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<(u64, Arc<Vec<u8>>)>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lost(offset: u64, len: usize, problem: &str) -> ReadError {
    ReadError::Inner { offset, len: len as u64, problem: problem.to_owned() }
}

impl Source for Unpacked {
    fn len(&self) -> u64 {
        self.size
    }

    fn read_exact_at(&self, offset: u64, dst: &mut [u8]) -> Result<(), ReadError> {
        check_bounds(offset, dst.len(), self.size)?;
        let first = self.parts.partition_point(|part| part.start.saturating_add(part.len) <= offset);
        let mut done = 0_usize;
        for part in self.parts.get(first..).unwrap_or_default() {
            let skip = offset.saturating_add(done as u64).saturating_sub(part.start);
            let room = usize::try_from(part.len.saturating_sub(skip)).unwrap_or(usize::MAX);
            let end = done.saturating_add(room).min(dst.len());
            let Some(dst) = dst.get_mut(done..end).filter(|dst| !dst.is_empty()) else { break };
            self.part(part, skip, dst)?;
            done = end;
        }
        Ok(())
    }
}

/// Fills `dst` with `bytes` from `skip` on, and with zeros behind their end.
fn fill(dst: &mut [u8], bytes: &[u8], skip: u64) {
    let found = usize::try_from(skip).ok().and_then(|skip| bytes.get(skip..)).unwrap_or_default();
    let zeros = std::iter::repeat(&0);
    for (to, from) in dst.iter_mut().zip(found.iter().chain(zeros)) {
        *to = *from;
    }
}
