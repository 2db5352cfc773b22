//! The table of internal snapshots: states of the disk that were kept in the image.
//!
//! Reference: qemu's `docs/interop/qcow2.txt`, "Snapshots".

use super::header::Header;
use crate::bytes::{Record, Source, Truncated, read_vec};

/// Fixed fields of an entry.
const ENTRY: u64 = 40;
/// Largest entry that is read; names and ids have at most 64 KiB each, and what is known of the rest is short.
const MAX_ENTRY: u64 = 256 << 10;
/// Entries that are read; qemu's limit.
const MAX_ENTRIES: u32 = 65_536;

/// A state that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Snapshot {
    pub(super) name: Vec<u8>,
    pub(super) l1_offset: u64,
    pub(super) l1_entries: u32,
    /// Length of the disk then, if it is said.
    pub(super) size: Option<u64>,
    /// Bytes of memory of the machine that are kept with it.
    pub(super) memory: u64,
}

/// The snapshots, and why not all of them could be read.
pub(super) fn read(file: &dyn Source, header: &Header) -> (Vec<Snapshot>, Option<String>) {
    let mut found = Vec::new();
    let mut at = header.snapshots_offset;
    for number in 1..=header.snapshots {
        if number > MAX_ENTRIES {
            return (found, Some(format!("of {} snapshots {MAX_ENTRIES} are read", header.snapshots)));
        }
        match entry(file, at) {
            Ok((snapshot, len)) => {
                found.push(snapshot);
                at = at.saturating_add(len);
            }
            Err(problem) => {
                let text = format!("snapshot {number} of {} cannot be read: {problem}", header.snapshots);
                return (found, Some(text));
            }
        }
    }
    (found, None)
}

/// An entry, and its length.
fn entry(file: &dyn Source, at: u64) -> Result<(Snapshot, u64), String> {
    let room = file.len().saturating_sub(at).min(MAX_ENTRY);
    let bytes = read_vec(file, at, usize::try_from(room).unwrap_or_default());
    let bytes = bytes.map_err(|error| error.to_string())?;
    parse(&Record::new("qcow2 snapshot", &bytes)).map_err(|error| error.to_string())
}

fn parse(record: &Record<'_>) -> Result<(Snapshot, u64), Truncated> {
    let (id, name) = (u64::from(record.u16_be(12)?), u64::from(record.u16_be(14)?));
    let extra = u64::from(record.u32_be(36)?);
    let long = |from: usize| (extra >= from as u64 + 8).then(|| record.u64_be(40 + from)).transpose();
    let memory = long(0)?.unwrap_or(0).max(record.u32_be(32)?.into());
    let start = ENTRY.saturating_add(extra).saturating_add(id);
    let place = usize::try_from(start).unwrap_or(usize::MAX);
    let snapshot = Snapshot {
        name: record.bytes(place, usize::try_from(name).unwrap_or(usize::MAX))?.to_vec(),
        l1_offset: record.u64_be(0)?,
        l1_entries: record.u32_be(8)?,
        size: long(8)?,
        memory,
    };
    Ok((snapshot, start.saturating_add(name).next_multiple_of(8)))
}
