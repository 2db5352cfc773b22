//! Where a file system may begin within bytes that nobody describes: by its mark, at every sector.

use std::sync::Arc;

use crate::bytes::{ReadError, Source, Span, Window, read_vec};

/// Unit in which file systems begin.
const SECTOR: u64 = 512;
/// Bytes that are read at once.
const PIECE: u64 = 1 << 20;

const EXT: &[u8] = b"\x53\xef";

/// Marks: where in a sector, the mark, and how far before that sector the file system begins.
const MARKS: &[(usize, &[u8], u64)] = &[
    (0, b"XFSB", 0),
    (0, b"hsqs", 0),
    (0, b"sqsh", 0),
    (3, b"NTFS    ", 0),
    (3, b"EXFAT   ", 0),
    (54, b"FAT1", 0),
    (82, b"FAT32", 0),
    (56, EXT, 1024),
    (0, b"\xe2\xe1\xf5\xe0", 1024),
    (1, b"CD001", 0x8000),
    (64, b"_BHRfS_M", 0x1_0000),
];

/// The first place in `span` of `source`, from its start on, where a file system that can be read has its mark.
///
/// # Errors
/// [`ReadError`], where the bytes cannot be read.
pub fn first(source: &Arc<dyn Source>, span: Span) -> Result<Option<u64>, ReadError> {
    let end = span.end().unwrap_or(u64::MAX).min(source.len());
    let mut at = span.offset;
    // The mark that lies furthest behind comes last, but its file system may begin first.
    let mut found: Option<u64> = None;
    while let Some(data) = source.next_data(at)?.filter(|data| data.offset < end) {
        let stop = data.offset.saturating_add(data.len).min(end);
        // Sectors are counted from the start of the span.
        let skipped = data.offset.saturating_sub(span.offset) / SECTOR * SECTOR;
        at = at.max(span.offset.saturating_add(skipped));
        while at < stop {
            if found.is_some_and(|found| at > found.saturating_add(0x1_0000)) {
                return Ok(found);
            }
            let len = stop.saturating_sub(at).min(PIECE);
            let bytes = read_vec(&**source, at, usize::try_from(len).unwrap_or(0))?;
            for (index, sector) in (0_u64..).zip(bytes.chunks(512)) {
                let place = at.saturating_add(index.saturating_mul(SECTOR));
                let begins = begins_before(sector).into_iter().filter_map(|back| place.checked_sub(back));
                for start in begins.filter(|&start| start >= span.offset) {
                    if found.is_none_or(|found| start < found) && is_marked(source, start, end) {
                        found = Some(start);
                    }
                }
            }
            at = at.saturating_add(len);
        }
    }
    Ok(found)
}

/// How far before this sector file systems begin that have their mark in it.
fn begins_before(sector: &[u8]) -> Vec<u64> {
    let has = |at: usize, mark: &[u8]| sector.get(at..).is_some_and(|rest| rest.starts_with(mark));
    // A backup of ext says that it is one, and where it is no file system begins.
    let is_backup = |mark: &[u8]| mark == EXT && !has(90, &[0, 0]);
    let found = MARKS.iter().filter(|(at, mark, _)| has(*at, mark) && !is_backup(mark));
    found.map(|(.., back)| *back).collect()
}

fn is_marked(source: &Arc<dyn Source>, start: u64, end: u64) -> bool {
    let window = Window::new(Arc::clone(source), Span::new(start, end.saturating_sub(start)));
    super::DRIVERS.iter().any(|driver| !driver.by_backup && (driver.probe)(&window))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(marks: &[(usize, &[u8])]) -> Arc<dyn Source> {
        let mut bytes = vec![0; 1 << 20];
        for (at, mark) in marks {
            bytes[*at..at + mark.len()].copy_from_slice(mark);
        }
        Arc::new(bytes)
    }

    #[test]
    fn a_mark_is_found_at_any_sector_and_the_first_file_system_counts() {
        let all = Span::new(512, 1 << 20);
        assert_eq!(first(&disk(&[]), all).unwrap(), None);
        assert_eq!(first(&disk(&[(512 * 7, b"XFSB")]), all).unwrap(), Some(512 * 7));
        assert_eq!(first(&disk(&[(512 * 7 + 3, b"XFSB")]), all).unwrap(), None);
        let two: &[(usize, &[u8])] = &[(0x1_0040 + 1024, b"_BHRfS_M"), (4096, b"hsqs")];
        assert_eq!(first(&disk(two), all).unwrap(), Some(1024));
        assert_eq!(first(&disk(&[(1024 + 56, b"\x53\xef")]), Span::new(1024, 4096)).unwrap(), None);
    }
}
