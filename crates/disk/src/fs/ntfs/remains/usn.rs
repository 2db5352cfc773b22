//! The journal of changes, `$Extend\$UsnJrnl:$J`: which files were deleted, or got another name, and when. It is a sparse
//! file: only its last part has clusters.
//!
//! Reference: Microsoft, "`USN_RECORD_V2`" and "`USN_RECORD_V3`".

use std::ops::ControlFlow;

use super::super::EXTEND;
use super::super::file::{self, File};
use super::super::index;
use super::super::record::kind;
use super::super::volume::Volume;
use super::slack::{Reference, reference};
use crate::bytes::{Record, read_vec};
use crate::fs::remains::{Name, Proof};
use crate::fs::{FileType, FsError, Place, Time, utf16};

/// No record crosses a boundary of so many bytes.
const PAGE: usize = 4096;
/// Reasons: the file was deleted; it has this name no more.
const DELETED: u32 = 0x200;
const OLD_NAME: u32 = 0x1000;
/// The flag of a directory.
const DIRECTORY: u32 = 0x10;

/// A file that is no more, or has another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deletion {
    pub(super) child: Reference,
    pub(super) parent: Reference,
    name: Vec<u8>,
    pub(super) is_directory: bool,
    /// Whether only the name is no more.
    pub(super) is_rename: bool,
    pub(super) time: Time,
    /// Where the record lies, in bytes of the volume.
    pub(super) found_at: u64,
}

impl Deletion {
    /// The name that it had.
    pub(super) fn name(self) -> Name {
        let file_type = if self.is_directory { FileType::Directory } else { FileType::Regular };
        Name {
            dir: self.parent.0,
            dir_generation: Some(self.parent.1),
            name: self.name,
            child: self.child.0,
            child_generation: Some(self.child.1),
            file_type: Some(file_type),
            order: 0,
            proof: Proof::Plausible,
        }
    }
}

/// What the journal says of deleted files; nothing, where there is no journal.
///
/// # Errors
/// [`FsError`], where it cannot be read, or has more records than a volume may have entries.
pub(super) fn deletions(volume: &Volume) -> Result<Vec<Deletion>, FsError> {
    let Some(journal) = journal(volume) else { return Ok(Vec::new()) };
    let name: Vec<u8> = "$J".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let value = journal.value(volume, kind::DATA, &name)?;
    let mut found = Vec::new();
    for extent in &value.extents {
        let Place::Disk(start) = extent.place else { continue };
        for skip in (0..extent.len).step_by(PAGE) {
            let len = usize::try_from(extent.len.saturating_sub(skip)).unwrap_or(PAGE).min(PAGE);
            let place = start.saturating_add(skip);
            page(&read_vec(&*volume.source, place, len)?, place, &mut found);
            if found.len() as u64 > volume.budget.entries {
                return Err(FsError::over_limit(
                    "deletions in the journal of changes",
                    volume.budget.entries,
                ));
            }
        }
    }
    Ok(found)
}

fn journal(volume: &Volume) -> Option<File> {
    let extend = volume.file(EXTEND).ok()?;
    let mut number = None;
    let _damage = index::read(volume, &extend, &mut |entry| {
        number = (entry.name == b"$UsnJrnl").then_some(entry.record).or(number);
        ControlFlow::Continue(())
    });
    volume.file(number?).ok()
}

/// The records of a page that record a deletion.
fn page(bytes: &[u8], place: u64, found: &mut Vec<Deletion>) {
    let mut at = 0_usize;
    while let Some(rest) = bytes.get(at..) {
        let record = Record::new("change", rest);
        let len = record.u32_le(0).map_or(0, |len| len as usize);
        if len < 60 || !len.is_multiple_of(8) || len > rest.len() {
            return;
        }
        found.extend(change(rest.get(..len).unwrap_or_default(), place.saturating_add(at as u64)));
        at = at.saturating_add(len);
    }
}

fn change(bytes: &[u8], found_at: u64) -> Option<Deletion> {
    let record = Record::new("change", bytes);
    // Version 3 has references of 128 bits, of which NTFS uses 64.
    let (child, parent, time) = match record.u16_le(4).ok()? {
        2 => (8, 16, 32),
        3 => (8, 24, 48),
        _ => return None,
    };
    let reason = record.u32_le(time + 8).ok()?;
    let (flags, len, name) =
        (record.u32_le(time + 20).ok()?, record.u16_le(time + 24).ok()?, record.u16_le(time + 26).ok()?);
    let letters = record.bytes(name.into(), len.into()).ok()?;
    let is_possible =
        !letters.is_empty() && letters.chunks_exact(2).all(|unit| unit != [0, 0] && unit != [b'/', 0]);
    (reason & (DELETED | OLD_NAME) != 0 && is_possible).then_some(())?;
    Some(Deletion {
        child: reference(record.u64_le(child).ok()?),
        parent: reference(record.u64_le(parent).ok()?),
        name: utf16::name(letters),
        is_directory: flags & DIRECTORY != 0,
        is_rename: reason & DELETED == 0,
        time: file::time(record.u64_le(time).ok()?),
        found_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(version: u8, reason: u32) -> Vec<u8> {
        let time = if version == 2 { 32 } else { 48 };
        let mut bytes = vec![0; time + 28 + 12];
        bytes[0] = u8::try_from(bytes.len()).unwrap();
        bytes[4] = version;
        (bytes[8], bytes[14]) = (70, 7);
        let parent = if version == 2 { 16 } else { 24 };
        (bytes[parent], bytes[parent + 6]) = (64, 3);
        bytes[time..time + 8].copy_from_slice(&116_444_736_010_000_000_u64.to_le_bytes());
        bytes[time + 8..time + 12].copy_from_slice(&reason.to_le_bytes());
        bytes[time + 24] = 6;
        bytes[time + 26] = u8::try_from(time + 28).unwrap();
        bytes[time + 28..time + 34].copy_from_slice(&[b'o', 0, b'l', 0, b'd', 0]);
        bytes
    }

    fn found(bytes: &[u8]) -> Vec<Deletion> {
        let mut found = Vec::new();
        page(bytes, 4096, &mut found);
        found
    }

    #[test]
    fn deletions_have_their_name_and_time() {
        let bytes = [record(2, 0x8000_0100), record(2, 0x8000_0200), record(3, 0x200), vec![0; 8]].concat();
        let all = found(&bytes);
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].child, all[0].parent, all[0].time.seconds), ((70, 7), (64, 3), 1));
        assert_eq!((&all[0].name[..], all[0].found_at), (&b"old"[..], 4096 + 72));
        assert_eq!((all[1].child, &all[1].name[..]), ((70, 7), &b"old"[..]));
    }

    #[test]
    fn nonsense_ends_a_page() {
        for at in [0, 4, 56, 58] {
            let mut bytes = record(2, 0x200);
            bytes[at] = 0xff;
            assert!(found(&bytes).is_empty(), "{at}");
        }
        let whole = record(2, 0x200);
        assert!((0..whole.len()).all(|len| found(&whole[..len]).is_empty()));
    }
}
