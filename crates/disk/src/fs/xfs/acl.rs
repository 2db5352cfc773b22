//! Access lists: XFS keeps them in its own form, `getxattr` shows them in that of POSIX.
//!
//! Reference: `fs/xfs/xfs_acl.c`; `include/uapi/linux/posix_acl_xattr.h`.

use crate::bytes::Record;

/// The name by which the kernel shows the attribute `name`, if that is an access list.
pub(super) fn shown_name(is_trusted: bool, name: &[u8]) -> Option<&'static [u8]> {
    match name {
        b"SGI_ACL_FILE" if is_trusted => Some(b"system.posix_acl_access"),
        b"SGI_ACL_DEFAULT" if is_trusted => Some(b"system.posix_acl_default"),
        _ => None,
    }
}

/// The list as the kernel shows it: a count and entries of 12 big-endian bytes become entries of 8
/// little-endian ones. `None`, if it makes no sense.
pub(super) fn shown_value(value: &[u8]) -> Option<Vec<u8>> {
    let record = Record::new("access list", value);
    let count = usize::try_from(record.u32_be(0).ok()?).ok()?;
    let list = record.bytes(4, count.checked_mul(12)?).ok()?;
    let mut shown = 2_u32.to_le_bytes().to_vec();
    for entry in list.as_chunks::<12>().0 {
        let entry = Record::new("access list entry", entry);
        let tag = u16::try_from(entry.u32_be(0).ok()?).ok()?;
        // Only named users and groups have a number.
        let id = if matches!(tag, 2 | 8) { entry.u32_be(4).ok()? } else { u32::MAX };
        shown.extend_from_slice(&tag.to_le_bytes());
        shown.extend_from_slice(&entry.u16_be(8).ok()?.to_le_bytes());
        shown.extend_from_slice(&id.to_le_bytes());
    }
    Some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_lists_look_as_on_a_running_system() {
        let mut disk = vec![0, 0, 0, 2];
        disk.extend([0, 0, 0, 1, 0, 0, 0, 9, 0, 7, 0, 0]);
        disk.extend([0, 0, 0, 2, 0, 0, 3, 0xE8, 0, 5, 0, 0]);
        let shown = [2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 2, 0, 5, 0, 0xE8, 3, 0, 0];
        assert_eq!(shown_value(&disk).unwrap(), shown);
        assert_eq!(shown_value(&disk[..27]), None);
        assert_eq!(shown_name(true, b"SGI_ACL_FILE"), Some(&b"system.posix_acl_access"[..]));
        assert_eq!(shown_name(false, b"SGI_ACL_FILE"), None);
    }
}
