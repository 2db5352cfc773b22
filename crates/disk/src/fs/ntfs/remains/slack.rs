//! Names in indexes that are not in use any more: behind the last entry of a block, and in blocks that were given up.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::super::file::File;
use super::super::index::{self, i30};
use super::super::record::{self, Attribute, NUMBER, kind};
use super::super::volume::Volume;
use crate::bytes::Record;
use crate::fs::utf16;

/// The namespace of names that exist for MS-DOS alone.
const DOS: u8 = 2;
/// Bytes of an entry before the name of a file, and of that before its letters.
const HEAD: usize = 16;
const NAME_HEAD: usize = 66;
/// Entries lie at multiples of this, in bytes.
const STEP: usize = 8;
/// Where the header of the node lies in a block, and where its first entry may.
const NODE_AT: usize = 24;
const FIRST_ENTRY: usize = 40;
/// The flag of a directory in the name of a file.
const IS_DIRECTORY: u32 = 0x1000_0000;
/// Blocks of one index that are looked at.
const MOST_BLOCKS: u64 = 1 << 20;

/// The number of a record, and how often it was used.
pub(super) type Reference = (u64, u64);

/// The name of a file, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) parent: Reference,
    pub(super) name: Vec<u8>,
    /// Nobody, where it lies in the file's own record.
    pub(super) child: Reference,
    pub(super) is_directory: bool,
    /// The number in the log of the block's last change.
    pub(super) order: u64,
}

pub(super) const fn reference(value: u64) -> Reference {
    (value & NUMBER, value >> 48)
}

/// The names in the attributes of a file, but those for MS-DOS alone where there is another.
pub(super) fn file_names(attributes: &[Attribute]) -> impl Iterator<Item = Found> {
    let values = attributes.iter().filter(|one| one.kind == kind::FILE_NAME).filter_map(Attribute::resident);
    let names: Vec<(Found, bool)> = values.filter_map(file_name).collect();
    let only_dos = names.iter().all(|(_, is_dos)| *is_dos);
    names.into_iter().filter(move |(_, is_dos)| only_dos || !is_dos).map(|(found, _)| found)
}

/// A name, and whether it is for MS-DOS alone.
fn file_name(value: &[u8]) -> Option<(Found, bool)> {
    let record = Record::new("name of a file", value);
    let units = usize::from(record.u8(64).ok()?);
    let space = record.u8(65).ok().filter(|space| *space <= 3)?;
    let letters = record.bytes(NAME_HEAD, units.checked_mul(2)?).ok()?;
    let is_possible =
        !letters.is_empty() && letters.chunks_exact(2).all(|unit| unit != [0, 0] && unit != [b'/', 0]);
    let is_dots = matches!(letters, [b'.', 0] | [b'.', 0, b'.', 0]);
    (is_possible && !is_dots).then_some(())?;
    let found = Found {
        parent: reference(record.u64_le(0).ok()?),
        name: utf16::name(letters),
        child: (0, 0),
        is_directory: record.u32_le(56).ok()? & IS_DIRECTORY != 0,
        order: 0,
    };
    Some((found, space == DOS))
}

/// The names in free parts of the index of a directory that are not in use there.
pub(super) fn directory(volume: &Volume, directory: &File) -> Vec<Found> {
    let mut used = BTreeSet::new();
    // What is damaged was said where the directory is listed.
    let _damage = index::read(volume, directory, &mut |entry| {
        used.insert((entry.record, u64::from(entry.sequence), entry.name));
        ControlFlow::Continue(())
    });
    let mut found = sifted(volume, directory, false);
    found.retain(|found| !used.contains(&(found.child.0, found.child.1, found.name.clone())));
    found
}

/// All names in the index of a deleted directory.
pub(super) fn deleted_directory(volume: &Volume, directory: &File) -> Vec<Found> {
    sifted(volume, directory, true)
}

/// Each name once, as it was last.
fn sifted(volume: &Volume, directory: &File, all: bool) -> Vec<Found> {
    let mut found = Vec::new();
    let root = directory.value(volume, kind::INDEX_ROOT, &i30());
    let root = root.and_then(|root| root.whole(volume, volume.boot.record.into())).unwrap_or_default();
    if all {
        sift(&root, 16, directory.number, 0, &mut found);
    }
    let size = Record::new("index root", &root).u32_le(8).unwrap_or(0);
    let size = if size.is_power_of_two() && (512..=65536).contains(&size) { u64::from(size) } else { 4096 };
    if let Ok(blocks) = directory.value(volume, kind::INDEX_ALLOCATION, &i30()) {
        for number in 0..(blocks.size / size).min(MOST_BLOCKS) {
            let offset = number.saturating_mul(size);
            let bytes = blocks.piece(volume, offset, usize::try_from(size).unwrap_or(0));
            if let Ok(mut bytes) = bytes
                && record::fix_up(b"INDX", &mut bytes).is_ok()
            {
                block(&bytes, directory.number, all, &mut found);
            }
        }
    }
    found.sort_by(|a, b| (&a.name, a.child, b.order).cmp(&(&b.name, b.child, a.order)));
    found.dedup_by(|a, b| a.name == b.name && a.child == b.child);
    found
}

/// The names in a block, or in what is behind its last entry.
fn block(bytes: &[u8], dir: u64, all: bool, found: &mut Vec<Found>) {
    let record = Record::new("index block", bytes);
    let (Ok(order), Ok(used)) = (record.u64_le(8), record.u32_le(NODE_AT + 4)) else { return };
    let end = (used as usize).saturating_add(NODE_AT);
    sift(bytes, if all { FIRST_ENTRY } else { end.max(FIRST_ENTRY) }, dir, order, found);
}

/// The entries of directory `dir` wherever they lie behind `from`.
fn sift(bytes: &[u8], from: usize, dir: u64, order: u64, found: &mut Vec<Found>) {
    let mut at = from.next_multiple_of(STEP);
    while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() > HEAD + NAME_HEAD) {
        let entry = entry(rest, dir);
        at = at.saturating_add(entry.as_ref().map_or(STEP, |(_, len)| *len));
        found.extend(entry.and_then(|(name, _)| name).map(|name| Found { order, ..name }));
    }
}

/// The entry at the start of `bytes`, and its length; one for MS-DOS alone has no name.
fn entry(bytes: &[u8], dir: u64) -> Option<(Option<Found>, usize)> {
    let record = Record::new("index entry", bytes);
    let (len, key) = (usize::from(record.u16_le(8).ok()?), usize::from(record.u16_le(10).ok()?));
    let child = reference(record.u64_le(0).ok()?);
    let units = usize::from(record.u8(HEAD + 64).ok()?);
    let fits = key == units * 2 + NAME_HEAD && len >= HEAD + key && len <= HEAD + key + 2 * STEP;
    (fits && len.is_multiple_of(STEP) && child.0 > 0 && child.1 > 0).then_some(())?;
    let (name, is_dos) = file_name(record.bytes(HEAD, key).ok()?)?;
    (name.parent.0 == dir).then_some(())?;
    Some(((!is_dos).then_some(Found { child, ..name }), len))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An entry of directory 64, in its use number 3.
    fn golden(child: u64, name: &str) -> Vec<u8> {
        let letters: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let key = NAME_HEAD + letters.len();
        let len = (HEAD + key).next_multiple_of(8);
        let mut entry = vec![0; len];
        entry[..8].copy_from_slice(&(7 << 48 | child).to_le_bytes());
        entry[8..10].copy_from_slice(&u16::try_from(len).unwrap().to_le_bytes());
        entry[10..12].copy_from_slice(&u16::try_from(key).unwrap().to_le_bytes());
        entry[16..24].copy_from_slice(&(3_u64 << 48 | 64).to_le_bytes());
        entry[80] = u8::try_from(letters.len() / 2).unwrap();
        entry[81] = 1;
        entry[82..82 + letters.len()].copy_from_slice(&letters);
        entry
    }

    fn names(bytes: &[u8], from: usize) -> Vec<String> {
        let mut found = Vec::new();
        sift(bytes, from, 64, 9, &mut found);
        found.into_iter().map(|found| String::from_utf8(found.name).unwrap()).collect()
    }

    #[test]
    fn entries_are_found_behind_the_end_and_behind_debris() {
        let debris = [0xee; 24].to_vec();
        let bytes = [debris, golden(70, "old.txt"), golden(71, "older"), vec![0; 90]].concat();
        assert_eq!(names(&bytes, 0), ["old.txt", "older"]);
        assert_eq!(names(&bytes, 32), ["older"]);
        let mut found = Vec::new();
        sift(&bytes, 0, 64, 9, &mut found);
        assert_eq!((found[0].child, found[0].parent, found[0].order), ((70, 7), (64, 3), 9));
    }

    #[test]
    fn what_is_no_entry_of_the_directory_is_left_out() {
        let mut other = golden(70, "old.txt");
        other[16] = 65;
        assert!(names(&[other, vec![0; 90]].concat(), 0).is_empty());
        for at in [8, 10, 80, 81, 82, 83] {
            let mut bytes = [golden(70, "old.txt"), vec![0; 90]].concat();
            bytes[at] = if at < 82 { 99 } else { 0 };
            if at == 83 {
                bytes[82] = b'/';
            }
            assert!(names(&bytes, 0).is_empty(), "{at}");
        }
    }

    #[test]
    fn a_name_for_msdos_counts_only_alone() {
        let name = |text: &str, space: u8| {
            let mut value = golden(70, text)[16..].to_vec();
            value[65] = space;
            let content = record::Content::Resident(value);
            Attribute { kind: kind::FILE_NAME, name: Vec::new(), flags: 0, content }
        };
        let both = [name("LONGNA~1.TXT", 2), name("long name.txt", 1)];
        let found: Vec<_> = file_names(&both).map(|found| found.name).collect();
        assert_eq!(found, [b"long name.txt"]);
        assert_eq!(file_names(&both[..1]).count(), 1);
    }
}
