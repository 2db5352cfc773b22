//! Reading a file whose every part lies on the disk as it is, or nowhere.

use super::{Extent, FsError, Place};
use crate::bytes::{ReadError, Source};

/// Reads at `offset` of a file of `size` bytes with these extents into `dst`; returns how many bytes. What
/// was read before a failure is returned; the next read meets the failure.
pub(super) fn read(
    source: &dyn Source,
    extents: &[Extent],
    size: u64,
    offset: u64,
    dst: &mut [u8],
) -> Result<usize, FsError> {
    let dst = until(size, offset, dst);
    let mut index = extents.partition_point(|extent| extent.start.saturating_add(extent.len) <= offset);
    let mut done = 0;
    while let Some(room) = dst.get_mut(done..).filter(|room| !room.is_empty()) {
        let at = offset.saturating_add(done as u64);
        let read = match extents.get(index) {
            Some(extent) => part(source, *extent, at, room),
            None => {
                room.fill(0);
                Ok(room.len())
            }
        };
        // After a read that the end of the image cut short, what follows belongs elsewhere.
        let end = extents.get(index).map(|extent| extent.start.saturating_add(extent.len));
        match read {
            Ok(read) => {
                done += read;
                let reached = offset.saturating_add(done as u64);
                if done < dst.len() && end.is_some_and(|end| reached < end) {
                    break;
                }
            }
            Err(_) if done > 0 => break,
            Err(error) => return Err(error),
        }
        index += 1;
    }
    Ok(done)
}

/// Reads of one extent at `at` of the file; a read that the end of the image cuts gives what is there.
fn part(source: &dyn Source, extent: Extent, at: u64, room: &mut [u8]) -> Result<usize, FsError> {
    let skip = at.saturating_sub(extent.start);
    let room = until(extent.len, skip, room);
    let Place::Disk(place) = extent.place else {
        room.fill(0);
        return Ok(room.len());
    };
    let place = place.saturating_add(skip);
    match source.read_exact_at(place, room) {
        Ok(()) => Ok(room.len()),
        Err(ReadError::BeyondEnd { size, .. }) if place < size => {
            let there = until(size, place, room);
            source.read_exact_at(place, there)?;
            Ok(there.len())
        }
        Err(error) => Err(error.into()),
    }
}

/// The part of `dst` that lies before the end of a run of `size` bytes.
fn until(size: u64, offset: u64, dst: &mut [u8]) -> &mut [u8] {
    let left = usize::try_from(size.saturating_sub(offset)).unwrap_or(usize::MAX);
    let len = dst.len().min(left);
    dst.get_mut(..len).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXTENTS: [Extent; 3] = [
        Extent { start: 0, len: 4, place: Place::Disk(2) },
        Extent { start: 4, len: 4, place: Place::Hole },
        Extent { start: 8, len: 8, place: Place::Disk(6) },
    ];

    #[test]
    fn parts_and_holes_are_read_as_one() {
        let source = b"..abcdefghij".to_vec();
        let mut dst = [9; 20];
        assert_eq!(read(&source, &EXTENTS, 18, 1, &mut dst).unwrap(), 13);
        assert_eq!(&dst[..13], b"bcd\0\0\0\0efghij");
        assert!(read(&source, &EXTENTS, 18, 14, &mut dst).is_err());
        assert_eq!(read(&source, &EXTENTS, 18, 16, &mut dst).unwrap(), 2);
        assert_eq!(read(&source, &EXTENTS, 18, 18, &mut dst).unwrap(), 0);
    }
}
