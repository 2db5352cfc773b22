//! Extended attributes: behind the inode's fields, in a block of their own, or in an inode of their own.

use super::checksum::{crc32c, crc32c_blanked};
use super::inode::{INLINE_DATA, Inode};
use super::ledger::Structure;
use super::mapping;
use super::volume::Volume;
use crate::bytes::Record;
use crate::fs::FsError;

const MAGIC: u32 = 0xEA02_0000;
/// Linux allows no larger value.
const MAX_VALUE: u32 = 65536;

/// Full name and value.
type Attribute = (Vec<u8>, Vec<u8>);

/// An attribute as it is found, before its value is fetched.
struct Entry {
    index: u8,
    name: Vec<u8>,
    value: Value,
}

enum Value {
    Here(Vec<u8>),
    Inode { number: u32, size: u32 },
}

/// All attributes with their full names, sorted.
pub(super) fn read(volume: &Volume, inode: &Inode) -> Result<Vec<Attribute>, FsError> {
    let mut entries = in_inode(inode)?;
    if inode.file_acl != 0 {
        let block = volume.block(inode.file_acl)?;
        let record = Record::new("attribute block", &block);
        check_magic(&record, inode.number)?;
        if volume.has_checksums() && !block_checksum_matches(volume, inode.file_acl, &record)? {
            volume.ledger.wrong(Structure::AttributeBlock, inode.number);
        }
        entries.extend(parse(&record, 32, 0, inode.number)?);
    }
    let mut attributes = Vec::new();
    for entry in entries {
        // The content of an inline file is no attribute to who uses the file.
        if inode.has(INLINE_DATA) && is_data(&entry) {
            continue;
        }
        let mut name = prefix(entry.index);
        name.extend_from_slice(&entry.name);
        let value = match entry.value {
            Value::Here(value) => value,
            Value::Inode { number, size } => in_other_inode(volume, inode.number, number, size)?,
        };
        let value = if matches!(entry.index, 2 | 3) { acl(&value).unwrap_or(value) } else { value };
        attributes.push((name, value));
    }
    attributes.sort();
    Ok(attributes)
}

/// What inline content goes on with behind the 60 bytes of `i_block`.
pub(super) fn inline_tail(inode: &Inode) -> Result<Vec<u8>, FsError> {
    let data = in_inode(inode)?.into_iter().find(is_data);
    Ok(match data.map(|entry| entry.value) {
        Some(Value::Here(value)) => value,
        _ => Vec::new(),
    })
}

fn is_data(entry: &Entry) -> bool {
    entry.index == 7 && entry.name == b"data"
}

fn in_inode(inode: &Inode) -> Result<Vec<Entry>, FsError> {
    let record = Record::new("attributes in the inode", &inode.rest);
    if inode.rest.len() < 8 || record.u32_le(0)? != MAGIC {
        return Ok(Vec::new());
    }
    parse(&record, 4, 4, inode.number)
}

/// The entries from `offset` on; places of values count from `base`.
fn parse(record: &Record<'_>, mut offset: usize, base: usize, inode: u64) -> Result<Vec<Entry>, FsError> {
    let mut entries = Vec::new();
    // The list ends with 4 zero bytes, or where no entry fits any more.
    while offset.saturating_add(4) <= record.len() && record.u32_le(offset)? != 0 {
        let name_len = usize::from(record.u8(offset)?);
        let (number, size) = (record.u32_le(offset + 4)?, record.u32_le(offset + 8)?);
        if size > MAX_VALUE {
            return Err(FsError::corrupt("attributes of inode", inode, format!("a value of {size} bytes")));
        }
        let value = if number != 0 {
            Value::Inode { number, size }
        } else {
            let place = base.saturating_add(record.u16_le(offset + 2)?.into());
            Value::Here(if size == 0 { Vec::new() } else { record.bytes(place, size as usize)?.to_vec() })
        };
        let name = record.bytes(offset + 16, name_len)?.to_vec();
        entries.push(Entry { index: record.u8(offset + 1)?, name, value });
        offset = offset.saturating_add((16 + name_len).next_multiple_of(4));
    }
    Ok(entries)
}

fn in_other_inode(volume: &Volume, inode: u64, number: u32, size: u32) -> Result<Vec<u8>, FsError> {
    let holder = volume.inode(number.into())?;
    if holder.metadata.size != u64::from(size) {
        let problem = format!("a value of {size} bytes in inode {number} of {}", holder.metadata.size);
        return Err(FsError::corrupt("attributes of inode", inode, problem));
    }
    let map = mapping::map(volume, &holder);
    let mut value = vec![0; size as usize];
    map.read_at(&*volume.source, size.into(), 0, &mut value)?;
    Ok(value)
}

fn block_checksum_matches(volume: &Volume, number: u64, block: &Record<'_>) -> Result<bool, FsError> {
    let seed = crc32c(volume.superblock.checksum_seed, &number.to_le_bytes());
    Ok(crc32c_blanked(seed, block.all(), &[(16, 4)]) == block.u32_le(16)?)
}

fn check_magic(record: &Record<'_>, inode: u64) -> Result<(), FsError> {
    match record.u32_le(0)? {
        MAGIC => Ok(()),
        magic => Err(FsError::corrupt("attributes of inode", inode, format!("magic {magic:#010x}"))),
    }
}

fn prefix(index: u8) -> Vec<u8> {
    let known: &[u8] = match index {
        0 => b"",
        1 => b"user.",
        2 => b"system.posix_acl_access",
        3 => b"system.posix_acl_default",
        4 => b"trusted.",
        5 => b"lustre.",
        6 => b"security.",
        7 => b"system.",
        8 => b"system.richacl",
        9 => b"encryption.",
        10 => b"gnu.",
        _ => return format!("ext-{index}.").into_bytes(),
    };
    known.to_vec()
}

/// An access list as `getxattr` shows it, from the shorter form on the disk.
fn acl(value: &[u8]) -> Option<Vec<u8>> {
    let record = Record::new("access list", value);
    if record.u32_le(0).ok()? != 1 {
        return None;
    }
    let mut shown = 2_u32.to_le_bytes().to_vec();
    let mut offset = 4;
    while offset < value.len() {
        let (tag, head) = (record.u16_le(offset).ok()?, record.bytes(offset, 4).ok()?);
        shown.extend_from_slice(head);
        offset += 4;
        // Only named users and groups have a number.
        if matches!(tag, 2 | 8) {
            shown.extend_from_slice(record.bytes(offset, 4).ok()?);
            offset += 4;
        } else {
            shown.extend_from_slice(&[0xFF; 4]);
        }
    }
    Some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_lists_look_as_on_a_running_system() {
        let disk = [1, 0, 0, 0, 1, 0, 7, 0, 2, 0, 5, 0, 0xE8, 3, 0, 0];
        let shown = [2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 2, 0, 5, 0, 0xE8, 3, 0, 0];
        assert_eq!(acl(&disk).unwrap(), shown);
        assert_eq!(acl(&disk[..14]), None);
    }

    #[test]
    fn a_value_beyond_its_block_is_an_error() {
        let mut bytes = vec![0; 64];
        bytes[0..2].copy_from_slice(&[1, 1]);
        bytes[2..4].copy_from_slice(&60_u16.to_le_bytes());
        bytes[8..12].copy_from_slice(&8_u32.to_le_bytes());
        assert!(parse(&Record::new("t", &bytes), 0, 0, 5).is_err());
        bytes[8..12].copy_from_slice(&4_u32.to_le_bytes());
        assert_eq!(parse(&Record::new("t", &bytes), 0, 0, 5).unwrap().len(), 1);
    }
}
