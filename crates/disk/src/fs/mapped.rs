//! Content read by the list of its extents: what FAT, exFAT and NTFS share.

use super::{Extent, FsError, Place};
use crate::bytes::{ReadError, Source};

/// The part of `dst` that lies before the end of a file of `size` bytes.
pub(super) fn until_end(size: u64, offset: u64, dst: &mut [u8]) -> &mut [u8] {
    let left = usize::try_from(size.saturating_sub(offset)).unwrap_or(usize::MAX);
    let len = dst.len().min(left);
    dst.get_mut(..len).unwrap_or_default()
}

/// The extent that holds `offset`, if any does.
pub(super) fn extent_at(extents: &[Extent], offset: u64) -> Option<&Extent> {
    let index = extents.partition_point(|extent| extent.start.saturating_add(extent.len) <= offset);
    extents.get(index).filter(|extent| extent.start <= offset)
}

/// Reads content of a file of `size` bytes at `offset`, from one extent: fewer bytes than `dst` where it
/// ends. What no extent holds is zeros, and so is what only the file system itself could unpack.
///
/// # Errors
/// [`FsError::Read`], where the first of the bytes is not there; a piece that the end of the image cuts
/// short gives what is there.
pub(super) fn read(
    source: &dyn Source,
    extents: &[Extent],
    size: u64,
    offset: u64,
    dst: &mut [u8],
) -> Result<usize, FsError> {
    let dst = until_end(size, offset, dst);
    let Some(extent) = extent_at(extents, offset) else {
        dst.fill(0);
        return Ok(dst.len());
    };
    let skipped = offset.saturating_sub(extent.start);
    let part = until_end(extent.len, skipped, dst);
    let Place::Disk(place) = extent.place else {
        part.fill(0);
        return Ok(part.len());
    };
    let place = place.saturating_add(skipped);
    match source.read_exact_at(place, part) {
        Ok(()) => Ok(part.len()),
        Err(ReadError::BeyondEnd { size, .. }) if place < size => {
            let there = until_end(size, place, part);
            source.read_exact_at(place, there)?;
            Ok(there.len())
        }
        Err(error) => Err(error.into()),
    }
}

/// Reads `len` bytes at `offset`, from as many extents as it takes.
///
/// # Errors
/// [`FsError`], if one of them cannot be read, or they lie beyond the end of the file.
pub(super) fn read_vec(
    source: &dyn Source,
    extents: &[Extent],
    size: u64,
    offset: u64,
    len: usize,
) -> Result<Vec<u8>, FsError> {
    crate::bytes::check_bounds(offset, len, size)?;
    let mut bytes = vec![0; len];
    let mut done = 0;
    while let Some(room) = bytes.get_mut(done..).filter(|room| !room.is_empty()) {
        done = done.saturating_add(read(source, extents, size, offset.saturating_add(done as u64), room)?);
    }
    Ok(bytes)
}

/// Appends an extent, as a part of the last where it goes on with it.
pub(super) fn push(extents: &mut Vec<Extent>, next: Extent) {
    if let Some(last) = extents.last_mut()
        && continues(last, next.place)
    {
        last.len = last.len.saturating_add(next.len);
        return;
    }
    if next.len > 0 {
        extents.push(next);
    }
}

/// Whether what lies at `place` goes on with an extent.
pub(super) fn continues(last: &Extent, place: Place) -> bool {
    match (last.place, place) {
        (Place::Disk(before), Place::Disk(next)) => before.checked_add(last.len) == Some(next),
        (before, next) => before == next,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_from_their_places() {
        let source = b"abcdefgh".to_vec();
        let mut extents = Vec::new();
        push(&mut extents, Extent { start: 0, len: 2, place: Place::Disk(4) });
        push(&mut extents, Extent { start: 2, len: 1, place: Place::Disk(6) });
        push(&mut extents, Extent { start: 3, len: 2, place: Place::Hole });
        push(&mut extents, Extent { start: 5, len: 9, place: Place::Disk(0) });
        assert_eq!(extents.len(), 3);
        assert_eq!(read_vec(&source, &extents, 8, 0, 8).unwrap(), b"efg\0\0abc");
        assert!(read_vec(&source, &extents, 8, 1, 8).is_err());
        assert_eq!(read(&source, &extents, 14, 12, &mut [0; 4]).unwrap(), 1);
        assert!(read(&source, &extents, 14, 13, &mut [0; 4]).is_err());
    }
}
