//! Keys: every item of every tree is found by (object, kind, offset), in this order.
//!
//! Reference: `include/uapi/linux/btrfs_tree.h`.

use crate::bytes::{Record, Truncated};

/// Length of a key on disk, in bytes.
pub(super) const KEY_SIZE: usize = 17;

/// The place of an item in its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    /// What the item belongs to: an inode, a logical address, a tree.
    pub(super) object: u64,
    /// What the item is: one of [`kind`].
    pub(super) kind: u8,
    /// Means something else for every kind.
    pub(super) offset: u64,
}

impl Key {
    pub(super) const fn new(object: u64, kind: u8, offset: u64) -> Self {
        Self { object, kind, offset }
    }

    pub(super) fn parse(record: &Record<'_>, at: usize) -> Result<Self, Truncated> {
        Ok(Self::new(
            record.u64_le(at)?,
            record.u8(at.saturating_add(8))?,
            record.u64_le(at.saturating_add(9))?,
        ))
    }

    /// All items of this kind of an object.
    pub(super) const fn all(object: u64, kind: u8) -> (Self, Self) {
        (Self::new(object, kind, 0), Self::new(object, kind, u64::MAX))
    }
}

/// Kinds of items.
pub(super) mod kind {
    pub(in super::super) const INODE: u8 = 1;
    pub(in super::super) const INODE_REF: u8 = 12;
    pub(in super::super) const INODE_EXTREF: u8 = 13;
    pub(in super::super) const XATTR: u8 = 24;
    pub(in super::super) const DIR_LOG_INDEX: u8 = 72;
    pub(in super::super) const DIR_ITEM: u8 = 84;
    pub(in super::super) const DIR_INDEX: u8 = 96;
    pub(in super::super) const EXTENT_DATA: u8 = 108;
    pub(in super::super) const EXTENT_CSUM: u8 = 128;
    pub(in super::super) const ROOT: u8 = 132;
    pub(in super::super) const ROOT_BACKREF: u8 = 144;
    pub(in super::super) const EXTENT: u8 = 168;
    pub(in super::super) const METADATA: u8 = 169;
    pub(in super::super) const BLOCK_GROUP: u8 = 192;
    pub(in super::super) const DEVICE: u8 = 216;
    pub(in super::super) const CHUNK: u8 = 228;
}

/// Numbers of trees, and of objects that stand for something else than an inode.
pub(super) mod object {
    pub(in super::super) const ROOT_TREE: u64 = 1;
    pub(in super::super) const EXTENT_TREE: u64 = 2;
    pub(in super::super) const CHUNK_TREE: u64 = 3;
    pub(in super::super) const FS_TREE: u64 = 5;
    pub(in super::super) const CSUM_TREE: u64 = 7;
    pub(in super::super) const BLOCK_GROUP_TREE: u64 = 11;
    /// The first number of a subvolume, and the number of the root directory in each.
    pub(in super::super) const FIRST_FREE: u64 = 256;
    pub(in super::super) const LAST_FREE: u64 = u64::MAX - 255;
    pub(in super::super) const DEVICES: u64 = 1;
    pub(in super::super) const CHUNKS: u64 = 256;
    pub(in super::super) const TREE_LOG: u64 = u64::MAX - 5;
    pub(in super::super) const CSUMS: u64 = u64::MAX - 9;

    /// Whether `tree` is a subvolume.
    pub(in super::super) const fn is_subvolume(tree: u64) -> bool {
        tree == FS_TREE || tree >= FIRST_FREE && tree <= LAST_FREE
    }
}
