//! Extended attributes: behind the inode, or shared.

use super::inode::Inode;
use super::superblock::Superblock;
use crate::bytes::{Record, Source, read_vec};
use crate::fs::{Attribute, FsError};

/// Bytes before the numbers of shared attributes.
const HEADER: usize = 12;

/// All attributes of `inode`, sorted.
pub(super) fn read(
    source: &dyn Source,
    superblock: &Superblock,
    inode: &Inode,
) -> Result<Vec<Attribute>, FsError> {
    let len = inode.behind.saturating_sub(inode.attributes);
    if len == 0 {
        return Ok(Vec::new());
    }
    let bytes = read_vec(source, inode.attributes, usize::try_from(len).unwrap_or(0))?;
    let record = Record::new("attributes", &bytes);
    let mut found = Vec::new();
    let shared = usize::from(record.u8(4)?);
    for index in 0..shared {
        let number = record.u32_le(HEADER + index * 4)?;
        let place = superblock.attributes.saturating_add(u64::from(number) * 4);
        let head = read_vec(source, place, 4)?;
        let whole = read_vec(source, place, size(&Record::new("shared attribute", &head), 0)?)?;
        found.push(entry(&Record::new("shared attribute", &whole), 0)?);
    }
    let mut at = HEADER + shared * 4;
    while at + 4 <= bytes.len() {
        found.push(entry(&record, at)?);
        at += size(&record, at)?.next_multiple_of(4);
    }
    found.sort();
    Ok(found)
}

fn size(record: &Record<'_>, at: usize) -> Result<usize, FsError> {
    Ok(4 + usize::from(record.u8(at)?) + usize::from(record.u16_le(at + 2)?))
}

fn entry(record: &Record<'_>, at: usize) -> Result<Attribute, FsError> {
    let (name_len, value_len) = (usize::from(record.u8(at)?), usize::from(record.u16_le(at + 2)?));
    let index = record.u8(at + 1)?;
    let known: &[u8] = match index {
        0 => b"",
        1 => b"user.",
        2 => b"system.posix_acl_access",
        3 => b"system.posix_acl_default",
        4 => b"trusted.",
        5 => b"lustre.",
        6 => b"security.",
        // Prefixes of the image's own are not looked up: the name stays what it is.
        _ => b"erofs.",
    };
    let name = [known, record.bytes(at + 4, name_len)?].concat();
    Ok((name, record.bytes(at + 4 + name_len, value_len)?.to_vec()))
}
