//! The content of a deleted file, as its record maps it.

use std::sync::{Arc, Mutex, PoisonError};

use super::super::file::File;
use super::super::value::{Unpacked, Value};
use super::super::volume::Volume;
use crate::bytes::{ReadError, Source, check_bounds};
use crate::fs::remains::Content;
use crate::fs::{FileType, Metadata, Place};

/// The content of a stream of a deleted file; of what makes no sense, nothing.
pub(super) fn of(volume: &Arc<Volume>, file: &File, stream: u64, metadata: &Metadata) -> Content {
    if metadata.file_type != FileType::Regular {
        return Content::Extents(Vec::new());
    }
    let Ok(value) = file.content(volume, stream) else { return Content::Lost };
    if let Some(bytes) = value.in_memory() {
        return Content::Bytes(bytes.to_vec());
    }
    if value.extents.iter().all(|extent| extent.place != Place::Opaque) {
        return Content::Extents(value.extents);
    }
    let spans = value.spans(volume);
    let packed = Packed { volume: Arc::clone(volume), value, last: Mutex::default() };
    Content::Decoded { source: Arc::new(packed), spans }
}

/// Compressed content.
struct Packed {
    volume: Arc<Volume>,
    value: Value,
    last: Mutex<Unpacked>,
}

impl Source for Packed {
    fn len(&self) -> u64 {
        self.value.size
    }

    fn read_exact_at(&self, offset: u64, dst: &mut [u8]) -> Result<(), ReadError> {
        check_bounds(offset, dst.len(), self.value.size)?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let mut done = 0_usize;
        while let Some(room) = dst.get_mut(done..).filter(|room| !room.is_empty()) {
            let (at, len) = (offset.saturating_add(done as u64), room.len() as u64);
            let inner = |problem: String| ReadError::Inner { offset: at, len, problem };
            match self.value.read(&self.volume, at, room, &mut last) {
                Ok(0) => return Err(inner("it ends early".to_owned())),
                Ok(read) => done = done.saturating_add(read),
                Err(error) => return Err(inner(error.to_string())),
            }
        }
        Ok(())
    }
}
