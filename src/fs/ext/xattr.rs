//! Extended attributes: in the inode, in a block of their own, or with their value in an inode.
//!
//! Reference: the kernel's Documentation/filesystems/ext4/attributes.rst.

use super::Ext;
use super::inode::Inode;
use crate::bytes::Record;
use crate::fs::{FsError, Node as _};

const MAGIC: u32 = 0xea02_0000;
/// Largest value that is read from an inode of its own, in bytes.
const VALUE_LIMIT: u64 = 1 << 20;

/// An attribute with its full name.
pub(super) type Attribute = (Vec<u8>, Vec<u8>);

/// All attributes of an inode, sorted by name.
pub(super) fn read(ext: &Ext, inode: &Inode) -> Result<Vec<Attribute>, FsError> {
    let mut found = Vec::new();
    if inode.tail.get(..4) == Some(&MAGIC.to_le_bytes()) {
        let body = inode.tail.get(4..).unwrap_or_default();
        entries(ext, inode, body, body, &mut found)?;
    }
    if inode.attribute_block != 0 {
        let block = ext.block(inode.attribute_block)?;
        let magic = Record::new("attribute block", &block).u32_le(0)?;
        if magic != MAGIC {
            let problem = format!("attribute block {}: magic {magic:#x}", inode.attribute_block);
            return Err(FsError::corrupt("inode", inode.number, problem));
        }
        entries(ext, inode, block.get(32..).unwrap_or_default(), &block, &mut found)?;
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// Reads entries until the zero at their end; offsets of values are relative to `base`.
fn entries(
    ext: &Ext,
    inode: &Inode,
    list: &[u8],
    base: &[u8],
    found: &mut Vec<Attribute>,
) -> Result<(), FsError> {
    let mut rest = list;
    while rest.get(..4).is_some_and(|word| word != [0; 4]) {
        let r = Record::new("attribute", rest);
        let name_length = usize::from(r.u8(0)?);
        let name = [prefix(r.u8(1)?), r.bytes(16, name_length)?].concat();
        let (offset, value_inode, size) = (r.u16_le(2)?, r.u32_le(4)?, r.u32_le(8)?);
        let value = if value_inode == 0 {
            Record::new("attribute value", base).bytes(offset.into(), size as usize)?.to_vec()
        } else {
            inode_value(ext, value_inode.into(), size.into(), inode.number)?
        };
        found.push((name, value));
        let length = name_length.saturating_add(16).next_multiple_of(4);
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(())
}

fn inode_value(ext: &Ext, number: u64, size: u64, owner: u64) -> Result<Vec<u8>, FsError> {
    if number == owner || size > VALUE_LIMIT {
        return Err(FsError::corrupt(
            "inode",
            owner,
            format!("an attribute of {size} bytes in inode {number}"),
        ));
    }
    let mut node = ext.open_node(number)?;
    let mut value = vec![0; usize::try_from(size).unwrap_or(0)];
    let mut filled = 0;
    while let Some(rest) = value.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match node.read_at(filled as u64, rest)? {
            0 => break,
            read => filled = filled.saturating_add(read),
        }
    }
    value.truncate(filled);
    Ok(value)
}

fn prefix(index: u8) -> &'static [u8] {
    match index {
        1 => b"user.",
        2 => b"system.posix_acl_access",
        3 => b"system.posix_acl_default",
        4 => b"trusted.",
        6 => b"security.",
        7 => b"system.",
        8 => b"system.richacl",
        9 => b"encryption.",
        _ => b"",
    }
}
