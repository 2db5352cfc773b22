//! Entries of directories, and extended attributes: both are lists of names with something behind them.
//!
//! Reference: `struct btrfs_dir_item`.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::Btrfs;
use super::key::{KEY_SIZE, Key, kind};
use crate::bytes::{Record, Truncated};
use crate::fs::{Attribute, FileType, FsError, NodeId, Visit};

/// Longest name of an entry or attribute, in bytes.
const MAX_NAME: usize = 255;

/// One name of an item.
pub(super) struct Entry<'i> {
    /// For a directory: the key of the inode or of the subvolume.
    pub(super) target: Key,
    pub(super) file_type: Option<FileType>,
    pub(super) name: &'i [u8],
    /// For an attribute: its value.
    pub(super) value: &'i [u8],
}

/// The names in an item: several only where their hashes are the same.
pub(super) fn entries(item: &[u8]) -> Result<Vec<Entry<'_>>, Truncated> {
    let record = Record::new("directory item", item);
    let mut at = 0_usize;
    let mut found = Vec::new();
    while at < item.len() {
        let field = |offset: usize| at.saturating_add(KEY_SIZE).saturating_add(offset);
        let value_len = usize::from(record.u16_le(field(8))?);
        let name_len = usize::from(record.u16_le(field(10))?);
        let name = record.bytes(field(13), name_len)?;
        let value = record.bytes(field(13).saturating_add(name_len), value_len)?;
        let (target, file_type) = (Key::parse(&record, at)?, file_type(record.u8(field(12))?));
        found.push(Entry { target, file_type, name, value });
        at = field(13).saturating_add(name_len).saturating_add(value_len);
    }
    Ok(found)
}

/// The item of one entry, as it stands in a directory.
pub(super) fn item(target: Key, code: u8, name: &[u8]) -> Vec<u8> {
    let mut item = target.object.to_le_bytes().to_vec();
    item.push(target.kind);
    item.extend_from_slice(&target.offset.to_le_bytes());
    item.extend_from_slice(&[0; 10]);
    item.extend_from_slice(&u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes());
    item.push(code);
    item.extend_from_slice(name);
    item
}

const fn file_type(code: u8) -> Option<FileType> {
    Some(match code & 0x7f {
        1 => FileType::Regular,
        2 => FileType::Directory,
        3 => FileType::CharDevice,
        4 => FileType::BlockDevice,
        5 => FileType::Fifo,
        6 => FileType::Socket,
        7 => FileType::Symlink,
        _ => return None,
    })
}

/// The number of a type in an entry.
pub(super) const fn type_code(file_type: FileType) -> u8 {
    match file_type {
        FileType::Regular => 1,
        FileType::Directory => 2,
        FileType::CharDevice => 3,
        FileType::BlockDevice => 4,
        FileType::Fifo => 5,
        FileType::Socket => 6,
        FileType::Symlink => 7,
    }
}

/// Hands the entries of directory `number` of the subvolume at `index` to `visit`.
///
/// A directory has every name twice: by its hash, to look it up, and by its place, to list it. Names that
/// are only in the first are not listed by Linux, but can be opened: they are handed on, too.
///
/// # Errors
/// The first [`FsError`] met, after every entry that could be read was handed on.
pub(super) fn read_directory(
    fs: &Btrfs,
    index: usize,
    number: u64,
    visit: &mut Visit<'_>,
) -> Result<(), FsError> {
    let Some(subvolume) = fs.subvolumes.get(index) else { return Ok(()) };
    let mut unlisted: BTreeMap<Vec<u8>, (NodeId, Option<FileType>)> = BTreeMap::new();
    let mut stopped = false;
    let range = (Key::new(number, kind::DIR_ITEM, 0), Key::new(number, kind::DIR_INDEX, u64::MAX));
    let replayed = subvolume.has_replayed(number);
    let mut damage = None;
    let result = subvolume.scan(&fs.volume, range, &mut |item| {
        for entry in entries(item.data)? {
            if item.key.kind == kind::DIR_ITEM && replayed
                || !matches!(item.key.kind, kind::DIR_ITEM | kind::DIR_INDEX)
            {
                continue;
            }
            let target = match fs.target(index, number, &entry) {
                Ok(target) => target,
                Err(error) => {
                    damage.get_or_insert(error);
                    continue;
                }
            };
            if item.key.kind == kind::DIR_ITEM {
                unlisted.insert(entry.name.to_vec(), (target, entry.file_type));
                continue;
            }
            unlisted.remove(entry.name);
            if visit(entry.name, target, entry.file_type).is_break() {
                stopped = true;
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    });
    for (name, (target, file_type)) in unlisted {
        if stopped || visit(&name, target, file_type).is_break() {
            break;
        }
    }
    result.and(damage.map_or(Ok(()), Err))
}

/// Holds that the name can be one of an entry.
pub(super) fn check_name(directory: u64, name: &[u8]) -> Result<(), FsError> {
    let special = name == b"." || name == b"..";
    if special || name.is_empty() || name.len() > MAX_NAME || name.contains(&b'/') || name.contains(&0) {
        let problem = format!("an impossible name of {} bytes", name.len());
        return Err(FsError::corrupt("directory inode", directory, problem));
    }
    Ok(())
}

/// The extended attributes of inode `number`, sorted by name.
pub(super) fn attributes(fs: &Btrfs, index: usize, number: u64) -> Result<Vec<Attribute>, FsError> {
    let mut found: Vec<Attribute> = Vec::new();
    if let Some(subvolume) = fs.subvolumes.get(index) {
        subvolume.scan(&fs.volume, Key::all(number, kind::XATTR), &mut |item| {
            found.extend(entries(item.data)?.iter().map(|entry| (entry.name.to_vec(), entry.value.to_vec())));
            Ok(ControlFlow::Continue(()))
        })?;
    }
    found.sort();
    Ok(found)
}
