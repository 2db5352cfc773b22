//! File records in use that no directory names: what a damaged directory lost, and what was deleted while it
//! was open. Both are content of the volume that a walk of the names misses.

use super::record::kind;
use super::volume::Volume;
use super::{FIRST_USER, MOST_STREAMS, STREAM_SHIFT, too_many_streams};
use crate::fs::{FsError, NodeId};

/// Record 0 is the file table's own; its bitmap says which records are in use.
const TABLE: u64 = 0;

/// Hands each file in use for which `named` is false, and its streams, to `visit`.
///
/// # Errors
/// The first [`FsError`] met, after every record that can be read was looked at.
pub(super) fn unnamed(
    volume: &Volume,
    named: &dyn Fn(NodeId) -> bool,
    visit: &mut dyn FnMut(NodeId),
) -> Result<(), FsError> {
    let mut damage = None;
    // A table may claim to be of any size; what the claim costs is bounded.
    let (count, room) = (volume.records(), volume.source.len() / u64::from(volume.boot.record));
    let end = count.min(room).min(volume.budget.entries);
    let used = bitmap(volume, end).unwrap_or_else(|error| {
        damage.get_or_insert(error);
        Vec::new()
    });
    for number in (FIRST_USER..end).filter(|&number| !named(NodeId(number))) {
        if let Err(error) = look(volume, number, is_set(&used, number), visit) {
            damage.get_or_insert(error);
        }
    }
    if end < count {
        damage.get_or_insert(FsError::over_limit(format!("{count} file records"), end));
    }
    damage.map_or(Ok(()), Err)
}

/// Looks at one record; one that makes no sense is damage only if it is in use.
fn look(volume: &Volume, number: u64, used: bool, visit: &mut dyn FnMut(NodeId)) -> Result<(), FsError> {
    match volume.record(number) {
        Ok(record) if record.in_use && record.base == 0 => {}
        Err(error) if used => return Err(error),
        _ => return Ok(()),
    }
    visit(NodeId(number));
    let file = volume.file(number)?;
    for (stream, _) in (1_u64..).zip(file.streams().into_iter().take(MOST_STREAMS)) {
        visit(NodeId(stream << STREAM_SHIFT | number));
    }
    too_many_streams(&file)
}

/// The bits of the first `count` records.
fn bitmap(volume: &Volume, count: u64) -> Result<Vec<u8>, FsError> {
    let bitmap = volume.file(TABLE)?.value(volume, kind::BITMAP, b"")?;
    let len = usize::try_from(count.div_ceil(8).min(bitmap.size)).unwrap_or(usize::MAX);
    bitmap.piece(volume, 0, len)
}

fn is_set(map: &[u8], bit: u64) -> bool {
    let byte = usize::try_from(bit / 8).ok().and_then(|index| map.get(index));
    byte.is_some_and(|byte| byte >> (bit % 8) & 1 != 0)
}
