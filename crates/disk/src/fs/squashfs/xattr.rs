//! Extended attributes: lists of names and values that inodes share; a long value may lie elsewhere.

use super::metadata::Metadata;
use super::tables::Attributes;
use crate::bytes::Record;
use crate::fs::{Attribute, FsError};

/// The value is a reference.
const ELSEWHERE: u16 = 0x100;
/// Linux allows no larger value.
const MAX_VALUE: u32 = 65536;
/// Attributes of one inode: Linux allows no longer list of names than 64 KiB.
const MAX_COUNT: u32 = 65536;
/// Bytes of all attributes of one inode: values that are shared must not add up without end.
const MAX_BYTES: usize = 16 << 20;

/// The attributes of list `index`, sorted.
pub(super) fn read(metadata: &Metadata, table: &Attributes, index: u32) -> Result<Vec<Attribute>, FsError> {
    let list = table.list(metadata, index)?;
    let corrupt = |problem: String| FsError::corrupt("attribute list", index.into(), problem);
    if list.count > MAX_COUNT {
        return Err(corrupt(format!("{} attributes", list.count)));
    }
    let mut cursor = metadata.refer(table.start, list.reference)?;
    let value = |len: u32| match len {
        0..=MAX_VALUE => Ok(usize::try_from(len).unwrap_or(0)),
        _ => Err(corrupt(format!("a value of {len} bytes"))),
    };
    let mut found = Vec::new();
    let mut total = 0_usize;
    for _ in 0..list.count {
        let head = cursor.take::<4>()?;
        let record = Record::new("attribute", &head);
        let (kind, len) = (record.u16_le(0)?, record.u16_le(2)?);
        let mut name = prefix(kind & 0xff);
        name.extend(cursor.bytes(len.into())?);
        let len = value(cursor.word()?)?;
        let mut bytes = cursor.bytes(len)?;
        if kind & ELSEWHERE != 0 {
            let reference = Record::new("attribute reference", &bytes).u64_le(0)?;
            let mut elsewhere = metadata.refer(table.start, reference)?;
            let len = value(elsewhere.word()?)?;
            bytes = elsewhere.bytes(len)?;
        }
        total = total.saturating_add(name.len()).saturating_add(bytes.len());
        if total > MAX_BYTES {
            return Err(corrupt(format!("more than {MAX_BYTES} bytes of attributes")));
        }
        found.push((name, bytes));
    }
    found.sort();
    Ok(found)
}

fn prefix(kind: u16) -> Vec<u8> {
    match kind {
        0 => b"user.".to_vec(),
        1 => b"trusted.".to_vec(),
        2 => b"security.".to_vec(),
        _ => format!("squashfs-{kind}.").into_bytes(),
    }
}
