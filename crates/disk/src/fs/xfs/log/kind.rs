//! Kinds of metadata blocks of version 5: what they begin with, and where they keep the age and the checksum.

use crate::bytes::Record;
use crate::fs::xfs::checksum;

/// A kind of block.
pub(super) struct Kind {
    /// Where its mark lies, and what it is.
    mark: (usize, &'static [u8]),
    /// Offset of the log sequence number of its last write; `None`, where it is not kept in order.
    lsn: Option<usize>,
    /// Offset of the UUID of its file system.
    uuid: usize,
    /// Offset of its checksum.
    checksum: usize,
}

const fn kind(mark: &'static [u8], lsn: usize, uuid: usize, checksum: usize) -> Kind {
    Kind { mark: (0, mark), lsn: Some(lsn), uuid, checksum }
}

const fn hashed(mark: &'static [u8]) -> Kind {
    Kind { mark: (8, mark), lsn: Some(24), uuid: 32, checksum: checksum::DA_BLOCK }
}

const KINDS: &[Kind] = &[
    kind(b"AB3B", 24, 32, checksum::SHORT_BTREE),
    kind(b"AB3C", 24, 32, checksum::SHORT_BTREE),
    kind(b"IAB3", 24, 32, checksum::SHORT_BTREE),
    kind(b"FIB3", 24, 32, checksum::SHORT_BTREE),
    kind(b"RMB3", 24, 32, checksum::SHORT_BTREE),
    kind(b"R3FC", 24, 32, checksum::SHORT_BTREE),
    kind(b"BMA3", 32, 40, checksum::LONG_BTREE),
    kind(b"XAGF", 208, 64, checksum::AGF),
    kind(b"XAGI", 320, 296, checksum::AGI),
    kind(b"XAFL", 24, 8, checksum::AGFL),
    kind(b"XDB3", 16, 24, checksum::DIRECTORY),
    kind(b"XDD3", 16, 24, checksum::DIRECTORY),
    kind(b"XDF3", 16, 24, checksum::DIRECTORY),
    kind(b"XSLM", 48, 16, checksum::REMOTE),
    Kind { mark: (0, b"XARM"), lsn: None, uuid: 16, checksum: checksum::REMOTE },
    kind(b"XFSB", 240, 32, checksum::SUPERBLOCK),
    hashed(b"\x3d\xf1"),
    hashed(b"\x3d\xff"),
    hashed(b"\x3e\xbe"),
    hashed(b"\x3b\xee"),
];

fn of(block: &[u8]) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| block.get(kind.mark.0..).is_some_and(|rest| rest.starts_with(kind.mark.1)))
}

/// When the block was written last, if it belongs to the file system `uuid`: what is older in the log must
/// not be laid over it.
pub(in crate::fs::xfs) fn age(block: &[u8], uuid: &[u8; 16]) -> Option<u64> {
    let kind = of(block)?;
    let record = Record::new("block", block);
    let is_ours = record.array::<16>(kind.uuid).ok()? == *uuid;
    record.u64_be(kind.lsn?).ok().filter(|&lsn| is_ours && lsn != 0 && lsn != u64::MAX)
}

/// Renews the checksum of a block that was changed.
pub(super) fn renew_checksum(block: &mut [u8]) {
    if let Some(kind) = of(block) {
        checksum::renew(block, kind.checksum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blocks_of_this_file_system_have_an_age() {
        let mut block = vec![0; 512];
        block[..4].copy_from_slice(b"XDB3");
        block[16..24].copy_from_slice(&5_u64.to_be_bytes());
        block[24..40].copy_from_slice(&[7; 16]);
        assert_eq!(age(&block, &[7; 16]), Some(5));
        assert_eq!(age(&block, &[8; 16]), None);
        block[..4].copy_from_slice(b"none");
        assert_eq!(age(&block, &[7; 16]), None);
    }
}
