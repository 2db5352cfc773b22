//! The GUID partition table, in its two copies.
//!
//! The `gpt` crate decodes headers and entries. It takes one pair of header and array, or fails; which copy
//! to use where one is damaged, and where to look for the backup on a disk that was grown, is decided here.
//! Its entry reader trusts the numbers of the header, so that they are checked before.

use std::io::BufReader;
use std::sync::Arc;

use flate2::Crc;
use gpt::disk::LogicalBlockSize;
use gpt::header::{Header, read_header_from_arbitrary_device};
use gpt::partition::{Partition, file_read_partitions};

use super::{Note, Volume, note};
use crate::bytes::cursor::Cursor;
use crate::bytes::{Source, Span, Window, read_vec};
use crate::gap::Loss;

const SIGNATURE: &[u8] = b"EFI PART";
const ENTRY: u32 = 128;
/// Entries that are read of a table; the usual number is 128.
const MAX_ENTRIES: u32 = 1024;
const SIZES: [LogicalBlockSize; 2] = [LogicalBlockSize::Lb512, LogicalBlockSize::Lb4096];

/// A copy of the table: which one, and its header, whose checksum is right.
struct Copy {
    name: &'static str,
    header: Header,
}

/// Whether there is a valid header in one of the usual places.
pub(super) fn present(source: &Arc<dyn Source>) -> bool {
    SIZES.into_iter().any(|size| !copies(source, size, None).is_empty())
}

/// The size of sectors and the partitions; none where no header is valid. `announced_end` is the last
/// sector that the protective MBR knows.
pub(super) fn read(
    source: &Arc<dyn Source>,
    announced_end: Option<u64>,
    notes: &mut Vec<Note>,
) -> Option<(u32, Vec<Volume>)> {
    let (size, copies) = SIZES
        .into_iter()
        .map(|size| (size, copies(source, size, announced_end)))
        .find(|(_, copies)| !copies.is_empty())?;
    note_copies(source, size, &copies, notes);
    let sector = u32::try_from(size.as_u64()).unwrap_or(512);
    let partitions = best_entries(source, size, copies, notes);
    let volumes =
        partitions.into_iter().filter_map(|(number, entry)| volume(number, &entry, size, notes)).collect();
    Some((sector, volumes))
}

/// The valid headers, the primary first. The backup is looked for where the primary says, at the end of the
/// image, and at the end that the protective MBR knows: a grown disk keeps it in the midst.
fn copies(source: &Arc<dyn Source>, size: LogicalBlockSize, announced_end: Option<u64>) -> Vec<Copy> {
    let primary = header_at(source, size, 1).map(|header| Copy { name: "primary", header });
    let last = (source.len() / size.as_u64()).checked_sub(1);
    let places = [primary.as_ref().map(|copy| copy.header.backup_lba), last, announced_end];
    let mut tried = places.into_iter().flatten().filter(|&lba| lba > 1);
    let backup = tried.find_map(|lba| header_at(source, size, lba));
    primary.into_iter().chain(backup.map(|header| Copy { name: "backup", header })).collect()
}

/// The header at `lba`, if its signature, checksum and own position are right.
fn header_at(source: &Arc<dyn Source>, size: LogicalBlockSize, lba: u64) -> Option<Header> {
    // The crate reads a header at sector 1 only: a window that begins one sector before it is the disk.
    let start = lba.checked_sub(1)?.checked_mul(size.as_u64())?;
    let span = Span::new(start, size.as_u64().checked_mul(2)?);
    let mut cursor = Cursor::new(Arc::new(Window::new(Arc::clone(source), span)));
    let header = read_header_from_arbitrary_device(&mut cursor, size).ok()?;
    (header.current_lba == lba).then_some(header)
}

fn note_copies(source: &Arc<dyn Source>, size: LogicalBlockSize, copies: &[Copy], notes: &mut Vec<Note>) {
    let find = |name| copies.iter().find(|copy| copy.name == name);
    let last = (source.len() / size.as_u64()).saturating_sub(1);
    match (find("primary"), find("backup")) {
        (None, _) => {
            let damage = match read_vec(&**source, size.as_u64(), SIGNATURE.len()) {
                Ok(found) if found == SIGNATURE => "damaged",
                _ => "missing",
            };
            notes.push(note(Loss::Nothing, format!("the primary GPT is {damage}; the backup is read")));
        }
        (Some(_), None) => notes.push(note(Loss::Nothing, "the backup GPT is missing or damaged")),
        (Some(primary), Some(backup)) if primary.header.disk_guid != backup.header.disk_guid => {
            notes.push(note(Loss::Nothing, "the backup GPT is of another disk; the primary is read"));
        }
        (Some(primary), Some(backup)) if primary.header.crc32_parts != backup.header.crc32_parts => {
            notes.push(note(
                Loss::Nothing,
                "the two copies of the GPT differ; the primary is read if it is sound",
            ));
        }
        _ => {}
    }
    if let Some(backup) = find("backup").filter(|backup| backup.header.current_lba != last) {
        let lba = backup.header.current_lba;
        let text = format!("the backup GPT is at sector {lba}, not at the end ({last}): the disk was grown");
        notes.push(note(Loss::Nothing, text));
    }
}

type Entries = Vec<(u32, Partition)>;

/// The entries of the first copy whose array has the right checksum; without such, those of the first array
/// that can be read at all.
fn best_entries(
    source: &Arc<dyn Source>,
    size: LogicalBlockSize,
    copies: Vec<Copy>,
    notes: &mut Vec<Note>,
) -> Entries {
    let mut unsound = None;
    for Copy { name, mut header } in copies {
        match sound_entries(source, size, &mut header) {
            Ok((entries, None)) => return entries,
            Ok((entries, Some(doubt))) => {
                notes.push(note(Loss::Nothing, format!("{name} GPT: {doubt}")));
                unsound.get_or_insert((name, entries));
            }
            Err(problem) => notes.push(note(Loss::Nothing, format!("{name} GPT: {problem}"))),
        }
    }
    let (name, text, entries) = match unsound {
        Some((name, entries)) => (name, "entries are taken as they are; some may be wrong", entries),
        None => ("both", "no entries can be read", Entries::new()),
    };
    notes.push(note(Loss::Volume, format!("{name} GPT: {text}")));
    entries
}

/// The entries of one copy, and what makes them doubtful.
fn sound_entries(
    source: &Arc<dyn Source>,
    size: LogicalBlockSize,
    header: &mut Header,
) -> Result<(Entries, Option<String>), String> {
    if header.part_size != ENTRY {
        return Err(format!("entries of {} bytes are not supported", header.part_size));
    }
    let claimed = header.num_parts;
    header.num_parts = claimed.min(MAX_ENTRIES);
    let offset = header.part_start.checked_mul(size.as_u64()).ok_or("its array lies beyond any disk")?;
    let len = usize::try_from(u64::from(header.num_parts).saturating_mul(ENTRY.into())).unwrap_or_default();
    let mut sum = Crc::new();
    sum.update(&read_vec(&**source, offset, len).map_err(|e| format!("its array cannot be read: {e}"))?);
    let doubt = if claimed > MAX_ENTRIES {
        Some(format!("{claimed} entries, of which the first {MAX_ENTRIES} are read"))
    } else {
        (sum.sum() != header.crc32_parts).then(|| "its array has a wrong checksum".to_owned())
    };
    // The crate has only an error for a wrong checksum; here the entries may still be the best there is.
    header.crc32_parts = sum.sum();
    let mut cursor = BufReader::new(Cursor::new(Arc::clone(source)));
    let entries = file_read_partitions(&mut cursor, header, size).map_err(|e| e.to_string())?;
    let used = entries.into_iter().filter(|(_, entry)| !entry.part_type_guid.guid.is_nil());
    Ok((used.collect(), doubt))
}

fn volume(number: u32, entry: &Partition, size: LogicalBlockSize, notes: &mut Vec<Note>) -> Option<Volume> {
    let sectors = entry.last_lba.checked_sub(entry.first_lba).and_then(|last| last.checked_add(1));
    let offset = entry.first_lba.checked_mul(size.as_u64());
    let (Some(offset), Some(len)) = (offset, sectors.and_then(|sectors| sectors.checked_mul(size.as_u64())))
    else {
        let (first, last) = (entry.first_lba, entry.last_lba);
        let text = format!("partition {number} goes from sector {first} to {last}, which is not possible");
        notes.push(note(Loss::Volume, text));
        return None;
    };
    Some(Volume {
        number: Some(number),
        span: Span::new(offset, len),
        type_code: Some(entry.part_type_guid.guid.to_string()),
        uuid: Some(entry.part_guid.to_string()),
        label: Some(entry.name.clone()).filter(|name| !name.is_empty()),
    })
}
