//! Directories: sets of entries of 32 bytes, with a checksum over each set.
//!
//! Reference: Microsoft, "exFAT file system specification", sections 6 and 7.

use crate::bytes::Record;
use crate::fs::fat::directory::time;
use crate::fs::fat::node::Start;
use crate::fs::{FileType, FsError, Metadata, Time, utf16};

const ENTRY: usize = 32;
const BITMAP: u8 = 0x81;
const LABEL: u8 = 0x83;
const FILE: u8 = 0x85;
const STREAM: u8 = 0xc0;
const NAME: u8 = 0xc1;
/// Entries of a set behind the first: a stream, and a name of 255 letters.
const MOST_FURTHER: usize = 18;
/// The bit of a kind that is set as long as the entry is in use.
const IN_USE: u8 = 0x80;

/// Something that a directory holds.
#[derive(Debug)]
pub(super) enum Item {
    Label(Vec<u8>),
    /// Where the map of clusters in use lies: first cluster and bytes.
    Bitmap(u32, u64),
    File(File),
}

/// A file or directory.
#[derive(Debug)]
pub(super) struct File {
    pub(super) name: Vec<u8>,
    pub(super) metadata: Metadata,
    pub(super) content: Content,
}

/// Where the content of a file is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content {
    pub(super) start: Start,
    /// Bytes in clusters; of directories too.
    pub(super) size: u64,
    /// Bytes of them that were written.
    pub(super) written: u64,
}

/// What the entries hold, and the first thing that is wrong with them; `place` is for its message.
pub(super) fn parse(bytes: &[u8], place: u64) -> (Vec<Item>, Option<FsError>) {
    let (mut items, mut damage) = (Vec::new(), None);
    let mut entries = bytes.chunks_exact(ENTRY).enumerate();
    while let Some((index, entry)) = entries.next() {
        let mut keep = |item: Result<Item, FsError>| match item {
            Ok(item) => items.push(item),
            Err(error) => {
                damage.get_or_insert(error);
            }
        };
        let record = Record::new("directory entry", entry);
        match entry.first().copied().unwrap_or(0) {
            0 => break,
            LABEL => keep(label(&record)),
            BITMAP => keep(bitmap(&record)),
            FILE => {
                let further = usize::from(record.u8(1).unwrap_or(0));
                let start = index * ENTRY;
                let set = bytes.get(start..start + (further + 1) * ENTRY).unwrap_or_default();
                let file = file(set, place.saturating_add(start as u64));
                // Where the set is damaged, each of its entries is looked at again.
                if file.is_ok() {
                    entries.by_ref().take(further).for_each(drop);
                }
                keep(file.map(Item::File));
            }
            // A secondary entry whose file was not understood; everything else in use is of no matter.
            STREAM => {
                let problem = "a stream without its file";
                keep(Err(FsError::corrupt(
                    "directory entry",
                    place.saturating_add((index * ENTRY) as u64),
                    problem,
                )));
            }
            _ => {}
        }
    }
    (items, damage)
}

/// A set of entries, in use or not.
pub(super) struct Set {
    /// Where it begins in the directory, in bytes.
    pub(super) offset: usize,
    pub(super) file: File,
    pub(super) is_deleted: bool,
}

/// The sets whose checksum holds when the bit is put back that is cleared where a file is deleted.
pub(super) fn sets(bytes: &[u8]) -> Vec<Set> {
    let mut sets = Vec::new();
    let mut offset = 0_usize;
    while let Some(entry) = bytes.get(offset..offset.saturating_add(ENTRY)) {
        let is_file = entry.first().is_some_and(|kind| kind | IN_USE == FILE);
        let further = usize::from(entry.get(1).copied().unwrap_or(0));
        let len = further.saturating_add(1).saturating_mul(ENTRY);
        let set =
            bytes.get(offset..offset.saturating_add(len)).filter(|_| is_file && further <= MOST_FURTHER);
        let file = set.and_then(|set| file(&put_back(set), offset as u64).ok());
        let step = if file.is_some() { len } else { ENTRY };
        let is_deleted = entry.first().is_some_and(|kind| kind & IN_USE == 0);
        sets.extend(file.map(|file| Set { offset, file, is_deleted }));
        offset = offset.saturating_add(step);
    }
    sets
}

fn put_back(set: &[u8]) -> Vec<u8> {
    let mut set = set.to_vec();
    set.iter_mut().step_by(ENTRY).for_each(|kind| *kind |= IN_USE);
    set
}

fn label(record: &Record<'_>) -> Result<Item, FsError> {
    let units = usize::from(record.u8(1)?).min(11);
    Ok(Item::Label(utf16::name(record.bytes(2, units * 2)?)))
}

fn bitmap(record: &Record<'_>) -> Result<Item, FsError> {
    Ok(Item::Bitmap(record.u32_le(20)?, record.u64_le(24)?))
}

fn file(set: &[u8], place: u64) -> Result<File, FsError> {
    let bad = |problem: String| FsError::corrupt("directory entry", place, problem);
    let record = Record::new("directory entry", set);
    let kept = record.u16_le(2)?;
    let counted = set.iter().enumerate().filter(|(at, _)| !matches!(at, 2 | 3));
    let sum = counted.fold(0_u16, |sum, (_, &byte)| sum.rotate_right(1).wrapping_add(byte.into()));
    if sum != kept {
        return Err(bad(format!("the checksum of its set is {sum:#06x}, not {kept:#06x}")));
    }
    let stream = record.part("stream entry", ENTRY, ENTRY)?;
    if stream.u8(0)? != STREAM {
        return Err(bad("no stream follows it".into()));
    }
    let (written, first, size) = (stream.u64_le(8)?, stream.u32_le(20)?, stream.u64_le(24)?);
    let start = if stream.u8(1)? & 2 != 0 { Start::Piece(first) } else { Start::Chained(first) };
    let name = name(set.get(2 * ENTRY..).unwrap_or_default(), stream.u8(3)?.into());
    if name.is_empty() || name == b"." || name == b".." {
        return Err(bad(format!("a file named \"{}\"", crate::text::Escaped(&name))));
    }
    let flags = record.u16_le(4)?;
    let is_directory = flags & 0x10 != 0;
    let read_only = flags & 1 != 0;
    let metadata = Metadata {
        file_type: if is_directory { FileType::Directory } else { FileType::Regular },
        size: if is_directory { 0 } else { size },
        mode: if is_directory {
            0o755
        } else if read_only {
            0o444
        } else {
            0o644
        },
        modified: moment(&record, 12, Some(21), 23)?,
        changed: moment(&record, 12, Some(21), 23)?,
        accessed: moment(&record, 16, None, 24)?,
        created: Some(moment(&record, 8, Some(20), 22)?),
        ..super::super::fat::root_metadata()
    };
    Ok(File { name, metadata, content: Content { start, size, written } })
}

fn name(entries: &[u8], units: usize) -> Vec<u8> {
    let parts = entries.chunks_exact(ENTRY).filter(|entry| entry.first() == Some(&NAME));
    let all: Vec<u8> = parts.flat_map(|entry| entry.get(2..).unwrap_or_default()).copied().collect();
    utf16::name(all.get(..units * 2).unwrap_or(&all))
}

/// A moment: date and clock at `at`, hundredths, and the zone in quarters of an hour if it is known.
fn moment(record: &Record<'_>, at: usize, fine: Option<usize>, zone: usize) -> Result<Time, FsError> {
    let fine = fine.map_or(Ok(0), |fine| record.u8(fine))?;
    let mut time = time(record.u16_le(at + 2)?, record.u16_le(at)?, fine);
    let zone = record.u8(zone)?;
    if zone & 0x80 != 0 {
        // Seven bits, signed.
        let quarters = i64::from(zone & 0x7f) - if zone & 0x40 != 0 { 128 } else { 0 };
        time.seconds -= quarters * 900;
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The set of a file of 5 bytes at cluster 9, in one piece.
    fn set(name: &str) -> Vec<u8> {
        let mut set = vec![0; 3 * ENTRY];
        (set[0], set[1], set[32], set[33], set[64]) = (FILE, 2, STREAM, 3, NAME);
        let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        set[35] = u8::try_from(units.len() / 2).unwrap();
        (set[40], set[52], set[56]) = (5, 9, 5);
        set[66..66 + units.len()].copy_from_slice(&units);
        let sum = set.iter().enumerate().filter(|(at, _)| !matches!(at, 2 | 3));
        let sum = sum.fold(0_u16, |sum, (_, &byte)| {
            ((sum & 1) << 15).wrapping_add(sum >> 1).wrapping_add(byte.into())
        });
        set[2..4].copy_from_slice(&sum.to_le_bytes());
        set
    }

    fn deleted(mut set: Vec<u8>) -> Vec<u8> {
        set.iter_mut().step_by(ENTRY).for_each(|kind| *kind &= 0x7f);
        set
    }

    #[test]
    fn a_deleted_set_is_whole_with_its_bits_put_back() {
        let bytes = [vec![0; ENTRY], deleted(set("old.txt")), set("new.txt")].concat();
        let found = sets(&bytes);
        let names: Vec<_> =
            found.iter().map(|set| (&set.file.name[..], set.offset, set.is_deleted)).collect();
        assert_eq!(names, [(&b"old.txt"[..], 32, true), (b"new.txt", 128, false)]);
        assert_eq!((found[0].file.content.start, found[0].file.content.size), (Start::Piece(9), 5));
        // Only the sets in use are listed.
        assert_eq!(parse(&bytes[ENTRY..], 0).0.len(), 1);
    }

    #[test]
    fn a_set_that_was_overwritten_in_part_is_none() {
        let whole = deleted(set("old.txt"));
        for at in [1, 5, 33, 52, 66] {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            assert!(sets(&bytes).is_empty(), "{at}");
        }
        assert!((0..whole.len()).all(|len| sets(&whole[..len]).is_empty()));
    }
}
