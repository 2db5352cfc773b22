//! The content of one file or member as a stream of pieces: searched as it goes by, kept whole only where
//! a detector asked for it.

use std::io::{self, Read, Seek, SeekFrom};

use crate::fs::{Extent, FsError, Node, Place};

/// Holes shorter than this are read as zeros, so that a text around them stays in one piece.
const SMALL_HOLE: u64 = 1 << 20;

/// A part of a file with data in it: offset and length in bytes.
pub(super) type Segment = (u64, u64);

/// The parts of a file that have data, long holes left out; the cost of a sparse file follows these.
pub(super) fn segments(extents: &[Extent], size: u64) -> Vec<Segment> {
    let mut found: Vec<Segment> = Vec::new();
    for extent in extents {
        let end = extent.start.saturating_add(extent.len).min(size);
        if matches!(extent.place, Place::Hole | Place::Unwritten) || end <= extent.start {
            continue;
        }
        match found.last_mut() {
            Some((start, len)) if extent.start <= start.saturating_add(*len).saturating_add(SMALL_HOLE) => {
                *len = end.saturating_sub(*start).max(*len);
            }
            _ => found.push((extent.start, end.saturating_sub(extent.start))),
        }
    }
    found
}

/// A node as a reader with a position, from `start` to `end`.
pub(super) struct NodeReader<'n> {
    node: &'n mut dyn Node,
    start: u64,
    at: u64,
    end: u64,
    /// The first error of the file system.
    pub(super) failed: Option<FsError>,
}

impl<'n> NodeReader<'n> {
    pub(super) fn new(node: &'n mut dyn Node, (start, len): Segment) -> Self {
        Self { node, start, at: start, end: start.saturating_add(len), failed: None }
    }

    /// Whether it was read to its end: a node that ends before is cut.
    pub(super) fn is_done(&self) -> bool {
        self.at >= self.end
    }
}

impl Read for NodeReader<'_> {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX).min(dst.len());
        let Some(dst) = dst.get_mut(..room).filter(|dst| !dst.is_empty() && self.failed.is_none()) else {
            return Ok(0);
        };
        match self.node.read_at(self.at, dst) {
            Ok(read) => {
                self.at = self.at.saturating_add(read as u64);
                Ok(read)
            }
            Err(error) => {
                let text = error.to_string();
                self.failed = Some(error);
                Err(io::Error::other(text))
            }
        }
    }
}

impl Seek for NodeReader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => self.start.checked_add(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.end.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at.saturating_sub(self.start))
    }
}

/// Fills `buffer` as far as the reader goes; returns how many bytes were read.
///
/// # Errors
/// What the reader says, but for interruptions; the bytes before are in the buffer.
pub(super) fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> (usize, io::Result<()>) {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(read) => filled = filled.saturating_add(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (filled, Err(error)),
        }
    }
    (filled, Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_holes_are_left_out_and_short_ones_bridged() {
        let at = |start, len, place| Extent { start, len, place };
        let extents = [
            at(0, 4096, Place::Disk(0)),
            at(4096, 4096, Place::Hole),
            at(8192, 4096, Place::Disk(8192)),
            at(12288, 1 << 40, Place::Hole),
            at((1 << 40) + 12288, 4096, Place::Opaque),
        ];
        assert_eq!(segments(&extents, (1 << 40) + 12288 + 100), [(0, 12288), ((1 << 40) + 12288, 100)]);
    }
}
