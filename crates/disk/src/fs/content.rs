//! The content of a file: bytes in memory, or extents of the source. What every reader of a file system
//! with inodes shares.

use super::mapped::{self, continues, until_end};
use super::{Extent, FsError, Place};
use crate::bytes::Source;

/// Where the content is.
pub(super) enum Content {
    /// Here.
    Memory { bytes: Vec<u8>, extent: Option<Extent> },
    /// In the source; `shown` has one part more than the map where that is damaged.
    Mapped { map: Map, shown: Vec<Extent> },
}

impl Content {
    /// Content that was kept in the inode, of a file of `size` bytes.
    pub(super) fn memory(mut bytes: Vec<u8>, size: u64) -> Self {
        bytes.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let len = bytes.len() as u64;
        let extent = (len > 0).then_some(Extent { start: 0, len, place: Place::Opaque });
        Self::Memory { bytes, extent }
    }

    /// Content in the source, of a file of `size` bytes.
    pub(super) fn mapped(map: Map, size: u64) -> Self {
        let shown = map.with_damage(size);
        Self::Mapped { map, shown }
    }

    /// The extents; what damage hides is a part that cannot be read.
    pub(super) fn extents(&self) -> &[Extent] {
        match self {
            Self::Memory { extent, .. } => extent.as_slice(),
            Self::Mapped { shown, .. } => shown,
        }
    }

    /// Reads at `offset` of a file of `size` bytes; see [`Map::read_at`].
    pub(super) fn read_at(
        &self,
        source: &dyn Source,
        size: u64,
        offset: u64,
        dst: &mut [u8],
    ) -> Result<usize, FsError> {
        match self {
            Self::Memory { bytes, .. } => Ok(read_memory(bytes, size, offset, dst)),
            Self::Mapped { map, .. } => map.read_at(source, size, offset, dst),
        }
    }
}

/// The extents of a file up to its size, or up to the first damage.
#[derive(Debug, Default)]
pub(super) struct Map {
    pub(super) extents: Vec<Extent>,
    /// What ended the list too early.
    pub(super) damage: Option<FsError>,
}

impl Map {
    /// The same, without what is more than a volume of so many bytes has: blocks that are mapped again and again would
    /// make a terabyte out of a megabyte. `number` is the inode's.
    pub(super) fn within(mut self, volume: u64, number: u64) -> Self {
        let mut room = volume;
        let fits = self.extents.iter().position(|extent| {
            let Place::Disk(_) = extent.place else { return false };
            let is_over = extent.len > room;
            room = room.saturating_sub(extent.len);
            is_over
        });
        if let Some(end) = fits {
            self.extents.truncate(end);
            let problem = format!("its extents name more bytes than the volume has ({volume})");
            self.damage = Some(FsError::corrupt("inode", number, problem));
        }
        self
    }

    /// The extents of a file of `size` bytes; what damage hides is a part that cannot be read.
    pub(super) fn with_damage(&self, size: u64) -> Vec<Extent> {
        let end = self.extents.last().map_or(0, |last| last.start.saturating_add(last.len));
        let lost = Extent { start: end, len: size.saturating_sub(end), place: Place::Lost };
        let lost = (self.damage.is_some() && lost.len > 0).then_some(lost);
        self.extents.iter().copied().chain(lost).collect()
    }

    /// Reads content at `offset` of a file of `size` bytes: one read of the source for each extent. What
    /// was read before a failure is returned; the failure is met again by the next read.
    pub(super) fn read_at(
        &self,
        source: &dyn Source,
        size: u64,
        offset: u64,
        dst: &mut [u8],
    ) -> Result<usize, FsError> {
        let dst = until_end(size, offset, dst);
        let end = self.extents.last().map_or(0, |last| last.start.saturating_add(last.len));
        let mut done = 0;
        while let Some(room) = dst.get_mut(done..).filter(|room| !room.is_empty()) {
            let at = offset.saturating_add(done as u64);
            let read = match self.damage.as_ref().filter(|_| at >= end) {
                Some(error) => Err(error.clone()),
                None => mapped::read(source, &self.extents, size, at, room),
            };
            match read {
                Ok(read) => done += read,
                Err(_) if done > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }
}

/// Adds `len` bytes at the end of a list of extents, to the last of them where they continue it.
///
/// # Errors
/// `Err` with the number of extents there are, if that is `limit` and one more is needed.
pub(super) fn append(extents: &mut Vec<Extent>, len: u64, place: Place, limit: u64) -> Result<(), u64> {
    if len == 0 {
        return Ok(());
    }
    if let Some(last) = extents.last_mut()
        && continues(last, place)
    {
        last.len = last.len.saturating_add(len);
        return Ok(());
    }
    let count = extents.len() as u64;
    if count >= limit {
        return Err(count);
    }
    let start = extents.last().map_or(0, |last| last.start.saturating_add(last.len));
    extents.push(Extent { start, len, place });
    Ok(())
}

fn read_memory(bytes: &[u8], size: u64, offset: u64, dst: &mut [u8]) -> usize {
    let dst = until_end(size, offset, dst);
    let found = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or_default();
    let zeros = std::iter::repeat(&0);
    for (to, from) in dst.iter_mut().zip(found.iter().chain(zeros)) {
        *to = *from;
    }
    dst.len()
}
