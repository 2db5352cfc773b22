//! A disk in clusters that lie here and there in the image's file: what qcow2, VMDK, VHD, VHDX and VDI share.
//!
//! A format says where a run of the disk lies ([`Map`]); reading it, skipping what was never written, and
//! unpacking packed clusters is written once, here.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use crate::bytes::{ReadError, Source, Span, check_bounds};

/// Unpacked clusters kept, in bytes.
const KEPT: usize = 32 << 20;

/// Where a run of the disk lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Never written, or written with zeros.
    Zero,
    /// In the file with the data, at this offset.
    File(u64),
    /// In the image beneath, at the same offset of the disk; zeros, if there is none.
    Beneath,
    /// In a packed cluster.
    Packed {
        /// Where the packed bytes lie in the file.
        span: Span,
        /// How many bytes come before the run in the unpacked cluster.
        skip: u64,
    },
}

/// The tables of a format.
pub(super) trait Map: Send + Sync {
    /// Length of the disk in bytes.
    fn len(&self) -> u64;

    /// Where the run that begins at `offset` (which is less than the length) lies, and how long it is: at
    /// least a byte. Runs should be as long as one look at the tables shows.
    fn run(&self, offset: u64) -> Result<(Place, u64), ReadError>;

    /// The content of a packed cluster.
    fn unpack(&self, packed: &[u8]) -> Result<Vec<u8>, String> {
        Err(format!("a packed cluster of {} bytes in a format without such", packed.len()))
    }
}

/// A disk whose runs lie where a [`Map`] says.
pub(super) struct Clustered<M> {
    map: M,
    file: Arc<dyn Source>,
    beneath: Option<Arc<dyn Source>>,
    recent: Recent,
}

impl<M: Map> Clustered<M> {
    /// The disk of `map`, with its data in `file` over the image `beneath`.
    pub(super) fn new(map: M, file: Arc<dyn Source>, beneath: Option<Arc<dyn Source>>) -> Self {
        Self { map, file, beneath, recent: Recent::new(KEPT) }
    }

    fn read_run(&self, place: Place, at: u64, dst: &mut [u8]) -> Result<(), ReadError> {
        match place {
            Place::Zero => dst.fill(0),
            Place::File(offset) => self.file.read_exact_at(offset, dst)?,
            Place::Beneath => self.read_beneath(at, dst)?,
            Place::Packed { span, skip } => {
                let cluster = self.recent.get(span.offset, || self.unpack(span))?;
                let from = usize::try_from(skip).unwrap_or(usize::MAX);
                let part = cluster.get(from..).and_then(|rest| rest.get(..dst.len()));
                let problem = || format!("a cluster unpacks to {} bytes only", cluster.len());
                dst.copy_from_slice(
                    part.ok_or_else(|| ReadError::Container { offset: at, problem: problem() })?,
                );
            }
        }
        Ok(())
    }

    /// A disk may be longer than the one beneath.
    fn read_beneath(&self, at: u64, dst: &mut [u8]) -> Result<(), ReadError> {
        let room = self.beneath.as_ref().map_or(0, |beneath| beneath.len().saturating_sub(at));
        let there = dst.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        let (part, rest) = dst.split_at_mut(there);
        rest.fill(0);
        match &self.beneath {
            Some(beneath) if !part.is_empty() => beneath.read_exact_at(at, part),
            _ => Ok(()),
        }
    }

    fn unpack(&self, span: Span) -> Result<Vec<u8>, ReadError> {
        let room = self.file.len().saturating_sub(span.offset).min(span.len);
        let packed =
            crate::bytes::read_vec(&*self.file, span.offset, usize::try_from(room).unwrap_or_default())?;
        guarded(|| self.map.unpack(&packed))
            .map_err(|problem| ReadError::Container { offset: span.offset, problem })
    }
}

/// Runs a decoder of another crate; a panic in it is an error like another.
pub(super) fn guarded<T>(decode: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    let panicked = |_| Err("its decoder panicked: please report this".to_owned());
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(panicked)
}

impl<M: Map> Source for Clustered<M> {
    fn len(&self) -> u64 {
        self.map.len()
    }

    fn read_exact_at(&self, offset: u64, dst: &mut [u8]) -> Result<(), ReadError> {
        check_bounds(offset, dst.len(), self.len())?;
        let mut at = offset;
        let mut rest = dst;
        while !rest.is_empty() {
            let (place, len) = self.map.run(at)?;
            let room = usize::try_from(len.max(1)).unwrap_or(usize::MAX);
            let (part, behind) = rest.split_at_mut(rest.len().min(room));
            self.read_run(place, at, part)?;
            at = at.saturating_add(part.len() as u64);
            rest = behind;
        }
        Ok(())
    }

    fn next_data(&self, offset: u64) -> Result<Option<Span>, ReadError> {
        let len = self.len();
        let mut at = offset;
        while at < len {
            let (place, run) = self.map.run(at)?;
            let end = at.saturating_add(run.max(1)).min(len);
            match (place, &self.beneath) {
                (Place::Zero, _) | (Place::Beneath, None) => {}
                (Place::Beneath, Some(beneath)) => {
                    let data = beneath.next_data(at)?.filter(|data| data.offset < end);
                    if let Some(data) = data {
                        return Ok(Some(Span::new(
                            data.offset,
                            data.len.min(end.saturating_sub(data.offset)),
                        )));
                    }
                }
                _ => return Ok(Some(Span::new(at, end.saturating_sub(at)))),
            }
            at = end;
        }
        Ok(None)
    }
}

/// What was unpacked last, shared by all threads. It is locked only to look and to put, not to unpack.
pub(super) struct Recent {
    kept: Mutex<VecDeque<(u64, Arc<Vec<u8>>)>>,
    limit: usize,
}

impl Recent {
    /// Keeps at most `limit` bytes, and always the last.
    pub(super) fn new(limit: usize) -> Self {
        Self { kept: Mutex::default(), limit }
    }

    /// What was unpacked under `key`, or what `unpack` gives now.
    pub(super) fn get(
        &self,
        key: u64,
        unpack: impl FnOnce() -> Result<Vec<u8>, ReadError>,
    ) -> Result<Arc<Vec<u8>>, ReadError> {
        let lock = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = lock().iter().find(|(known, _)| *known == key) {
            return Ok(Arc::clone(known));
        }
        let unpacked = Arc::new(unpack()?);
        let mut kept = lock();
        kept.push_front((key, Arc::clone(&unpacked)));
        let mut bytes = 0_usize;
        let limit = self.limit;
        let within = |(_, cluster): &&(u64, Arc<Vec<u8>>)| {
            bytes = bytes.saturating_add(cluster.len());
            bytes <= limit
        };
        let count = kept.iter().take_while(within).count().max(1);
        kept.truncate(count);
        Ok(unpacked)
    }
}
