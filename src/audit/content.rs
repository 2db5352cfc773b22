//! The content of one file or member as a stream of pieces: searched as it goes by, kept whole only where
//! a detector asked for it.

use std::io::{self, Read, Seek, SeekFrom};

use assay_disk::fs::{Extent, FsError, Node, Place};

/// A part of a file: offset and length in bytes.
pub(super) type Segment = (u64, u64);

/// What can say of its next bytes that they are zeros, and pass over them: a sparse file is searched like the same
/// file without holes, and costs its data only.
pub(super) trait Sparse: Read {
    /// So many of the next bytes are known to be zeros.
    fn hole(&self) -> u64 {
        0
    }

    /// Passes over bytes of a hole.
    fn pass(&mut self, _bytes: u64) {}
}

/// A stream that knows of no holes.
pub(super) struct Dense<'r>(pub(super) &'r mut dyn Read);

impl Read for Dense<'_> {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        self.0.read(dst)
    }
}

impl Sparse for Dense<'_> {}

/// The holes of a file that are worth passing over, and how much of it is data.
#[derive(Debug, Default)]
pub(super) struct Holes {
    long: Vec<Segment>,
    /// Bytes in them.
    pub(super) bytes: u64,
    /// Bytes of data.
    pub(super) data: u64,
    /// Where the data is over a limit; the size of the file, if it is not.
    pub(super) end: u64,
}

impl Holes {
    /// Those of at least `least` bytes, of a file of `size` bytes of which at most `limit` bytes of data count.
    pub(super) fn of(extents: &[Extent], size: u64, least: u64, limit: u64) -> Self {
        let is_data = |extent: &&Extent| !matches!(extent.place, Place::Hole | Place::Unwritten);
        let mut spans: Vec<Segment> =
            extents.iter().filter(is_data).map(|extent| (extent.start, extent.len)).collect();
        spans.sort_unstable();
        let mut holes = Self { end: size, ..Self::default() };
        let mut at = 0_u64;
        for (start, len) in spans {
            let (start, end) = (start.min(size), start.saturating_add(len).min(size));
            holes.add(at, start, least);
            let fresh = end.saturating_sub(start.max(at));
            holes.data = holes.data.saturating_add(fresh);
            at = at.max(end);
            if holes.data > limit && holes.end == size {
                holes.end = at.saturating_sub(holes.data.saturating_sub(limit));
            }
        }
        holes.add(at, size, least);
        holes
    }

    fn add(&mut self, from: u64, to: u64, least: u64) {
        let len = to.saturating_sub(from);
        if len >= least.max(1) {
            self.long.push((from, len));
            self.bytes = self.bytes.saturating_add(len);
        }
    }

    /// Whether there are none.
    pub(super) const fn is_empty(&self) -> bool {
        self.long.is_empty()
    }

    /// Bytes of hole from `at` on.
    fn from(&self, at: u64) -> u64 {
        let next = self.long.partition_point(|(start, _)| *start <= at);
        let hole = next.checked_sub(1).and_then(|index| self.long.get(index));
        hole.map_or(0, |(start, len)| start.saturating_add(*len).saturating_sub(at))
    }
}

/// Whether all of `bytes` are zeros.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    bytes.chunks(4096).all(|piece| piece.iter().fold(0, |all, &byte| all | byte) == 0)
}

/// A node as a reader with a position, from `start` to `end`.
pub(super) struct NodeReader<'n> {
    node: &'n mut dyn Node,
    start: u64,
    at: u64,
    end: u64,
    holes: Option<&'n Holes>,
    /// The first error of the file system.
    pub(super) failed: Option<FsError>,
}

impl<'n> NodeReader<'n> {
    pub(super) fn new(node: &'n mut dyn Node, (start, len): Segment) -> Self {
        Self { node, start, at: start, end: start.saturating_add(len), holes: None, failed: None }
    }

    /// The same, which knows the holes of its file.
    pub(super) fn with(self, holes: &'n Holes) -> Self {
        Self { holes: Some(holes), ..self }
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

impl Sparse for NodeReader<'_> {
    fn hole(&self) -> u64 {
        let hole = self.holes.map_or(0, |holes| holes.from(self.at));
        hole.min(self.end.saturating_sub(self.at))
    }

    fn pass(&mut self, bytes: u64) {
        self.at = self.at.saturating_add(bytes).min(self.end);
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

    fn extent(start: u64, len: u64, place: Place) -> Extent {
        Extent { start, len, place }
    }

    #[test]
    fn holes_are_what_no_data_covers_wherever_they_lie() {
        let extents = [
            extent(8192, 4096, Place::Disk(0)),
            extent(12288, 1 << 40, Place::Hole),
            extent(1 << 41, 4096, Place::Unwritten),
            extent(0, 4096, Place::Opaque),
        ];
        let holes = Holes::of(&extents, 1 << 42, 4096, u64::MAX);
        assert_eq!(holes.long, [(4096, 4096), (12288, (1 << 42) - 12288)]);
        assert_eq!((holes.data, holes.end), (8192, 1 << 42));
        assert_eq!((holes.from(4000), holes.from(4096), holes.from(8191), holes.from(8192)), (0, 4096, 1, 0));
        let long = Holes::of(&extents, 1 << 42, 5000, u64::MAX);
        assert_eq!(long.long, [(12288, (1 << 42) - 12288)]);
    }

    #[test]
    fn data_over_the_limit_ends_the_file_there() {
        let extents = [extent(0, 100, Place::Disk(0)), extent(1000, 100, Place::Disk(100))];
        assert_eq!(Holes::of(&extents, 2000, 1, 150).end, 1050);
        assert_eq!(Holes::of(&extents, 2000, 1, 200).end, 2000);
    }
}
