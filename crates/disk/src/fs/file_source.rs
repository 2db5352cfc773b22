//! A file of a file system as a source: what a file system, or a disk, inside a file is read through.
//!
//! Where the file lies on the disk as it is, reads go straight there, by its extents. Where only the node
//! can tell (packed, inline, on the host), it is read in pieces that are kept for a while.

use std::sync::Arc;

use super::block_cache::BlockCache;
use super::{Extent, FileSystem, FsError, Node, NodeId, Place};
use crate::bytes::{ReadError, Source, Span, check_bounds};

/// Bytes of a piece that is read through the node.
const PIECE: u64 = 256 << 10;
/// Bytes of pieces that are kept.
const KEPT: usize = 4 << 20;

/// The content of a file, as a source.
pub struct FileSource {
    fs: Arc<dyn FileSystem>,
    id: NodeId,
    len: u64,
    disk: Option<Arc<dyn Source>>,
    extents: Vec<Extent>,
    pieces: BlockCache<Vec<u8>>,
}

impl FileSource {
    /// The content of the file `id` of `fs`.
    ///
    /// # Errors
    /// [`FsError`], if the inode or its map of blocks is damaged.
    pub fn open(fs: &Arc<dyn FileSystem>, id: NodeId) -> Result<Self, FsError> {
        let (len, extents) = {
            let mut node = fs.node(id)?;
            (node.metadata().size, node.extents()?.to_vec())
        };
        let piece = usize::try_from(PIECE).unwrap_or(KEPT);
        let pieces = BlockCache::new(KEPT, piece);
        Ok(Self { fs: Arc::clone(fs), id, len, disk: fs.source(), extents, pieces })
    }

    /// The extent that holds `at`, or the hole up to the next one.
    fn extent(&self, at: u64) -> Extent {
        let index = self.extents.partition_point(|extent| extent.start.saturating_add(extent.len) <= at);
        match self.extents.get(index) {
            Some(extent) if extent.start <= at => *extent,
            next => {
                let end = next.map_or(self.len, |next| next.start);
                Extent { start: at, len: end.saturating_sub(at), place: Place::Hole }
            }
        }
    }

    /// Reads at `at` through the node; returns how many bytes.
    fn opaque(&self, at: u64, dst: &mut [u8]) -> Result<usize, ReadError> {
        let start = at - at % PIECE;
        let piece = self.pieces.get(start, || {
            let mut bytes = vec![0; usize::try_from(PIECE.min(self.len.saturating_sub(start))).unwrap_or(0)];
            let mut node = self.fs.node(self.id)?;
            fill(&mut *node, start, &mut bytes).map(|()| bytes)
        });
        let piece = piece.map_err(|error| inner(error, at, dst.len()))?;
        let skip = usize::try_from(at - start).unwrap_or(usize::MAX);
        let found = piece.get(skip..).unwrap_or_default();
        let len = found.len().min(dst.len());
        for (to, from) in dst.iter_mut().zip(found) {
            *to = *from;
        }
        Ok(len)
    }
}

fn fill(node: &mut dyn Node, start: u64, bytes: &mut [u8]) -> Result<(), FsError> {
    let mut filled = 0;
    while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
        match node.read_at(start.saturating_add(filled as u64), room)? {
            0 => return Err(FsError::corrupt("file", start, format!("ends after {filled} more bytes"))),
            read => filled = filled.saturating_add(read),
        }
    }
    Ok(())
}

/// The error of the outer file system, as the inner one meets it.
fn inner(error: FsError, offset: u64, len: usize) -> ReadError {
    match error {
        FsError::Read(error) => error,
        other => ReadError::Inner { offset, len: len as u64, problem: other.to_string() },
    }
}

impl Source for FileSource {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_exact_at(&self, offset: u64, dst: &mut [u8]) -> Result<(), ReadError> {
        check_bounds(offset, dst.len(), self.len)?;
        let mut done = 0;
        while let Some(room) = dst.get_mut(done..).filter(|room| !room.is_empty()) {
            let at = offset.saturating_add(done as u64);
            let extent = self.extent(at);
            let skip = at.saturating_sub(extent.start);
            let left = usize::try_from(extent.len.saturating_sub(skip)).unwrap_or(usize::MAX);
            let len = room.len().min(left);
            let room = room.get_mut(..len).unwrap_or_default();
            done += match (extent.place, &self.disk) {
                (Place::Hole | Place::Unwritten, _) => {
                    room.fill(0);
                    len
                }
                (Place::Disk(place), Some(disk)) => {
                    disk.read_exact_at(place.saturating_add(skip), room)?;
                    len
                }
                _ => self.opaque(at, room)?,
            };
        }
        Ok(())
    }

    fn next_data(&self, offset: u64) -> Result<Option<Span>, ReadError> {
        let mut at = offset;
        while at < self.len {
            let extent = self.extent(at);
            let end = extent.start.saturating_add(extent.len).min(self.len);
            if !matches!(extent.place, Place::Hole | Place::Unwritten) {
                return Ok(Some(Span::new(at, end.saturating_sub(at))));
            }
            at = end.max(at.saturating_add(1));
        }
        Ok(None)
    }
}
