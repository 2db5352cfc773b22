//! A source with a position: for decoders that want a stream or a file.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use super::Source;

/// Reads a source from its start.
pub(crate) struct Cursor {
    source: Arc<dyn Source>,
    at: u64,
}

impl Cursor {
    pub(crate) fn new(source: Arc<dyn Source>) -> Self {
        Self { source, at: 0 }
    }
}

impl Read for Cursor {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.source.len().saturating_sub(self.at)).unwrap_or(usize::MAX);
        let len = dst.len().min(room);
        let Some(dst) = dst.get_mut(..len).filter(|dst| !dst.is_empty()) else { return Ok(0) };
        self.source.read_exact_at(self.at, dst).map_err(io::Error::other)?;
        self.at = self.at.saturating_add(len as u64);
        Ok(len)
    }
}

impl Seek for Cursor {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(delta) => self.source.len().checked_add_signed(delta),
            SeekFrom::Current(delta) => self.at.checked_add_signed(delta),
        };
        self.at = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
