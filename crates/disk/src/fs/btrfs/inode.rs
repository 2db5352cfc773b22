//! Inodes, and the names that they say they have.
//!
//! Reference: `struct btrfs_inode_item`, `btrfs_inode_ref`, `btrfs_inode_extref`.

use super::key::{Key, kind};
use super::subvolume::Subvolume;
use super::volume::Volume;
use crate::bytes::{Record, Truncated};
use crate::fs::{FileType, FsError, Metadata, Time};

/// Content has no checksums.
const NODATASUM: u64 = 1;

/// Places of fields in an inode item, in bytes.
pub(super) const SIZE_AT: usize = 16;
pub(super) const LINKS_AT: usize = 40;

/// A decoded inode.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inode {
    pub(super) number: u64,
    pub(super) metadata: Metadata,
    /// 0 only in a log: the inode is there, and nothing else of the item counts.
    pub(super) generation: u64,
    flags: u64,
}

impl Inode {
    pub(super) fn parse(number: u64, item: &[u8]) -> Result<Self, FsError> {
        let record = Record::new("inode item", item);
        let mode = record.u32_le(52)?;
        let Some(file_type) = file_type(mode) else {
            return Err(FsError::corrupt("inode", number, format!("mode {mode:#o} is of no kind of file")));
        };
        let created = time(&record, 148)?;
        let metadata = Metadata {
            file_type,
            size: record.u64_le(SIZE_AT)?,
            mode: u16::try_from(mode & 0o7777).unwrap_or_default(),
            uid: record.u32_le(44)?,
            gid: record.u32_le(48)?,
            links: record.u32_le(LINKS_AT)?,
            modified: time(&record, 136)?,
            changed: time(&record, 124)?,
            accessed: time(&record, 112)?,
            created: (created != Time::default()).then_some(created),
        };
        Ok(Self { number, metadata, generation: record.u64_le(0)?, flags: record.u64_le(64)? })
    }

    /// Finds inode `number` of a subvolume; `None` if there is none.
    pub(super) fn find(volume: &Volume, subvolume: &Subvolume, number: u64) -> Result<Option<Self>, FsError> {
        let found = subvolume.get(volume, Key::new(number, kind::INODE, 0))?;
        found.map(|item| Self::parse(number, &item)).transpose()
    }

    pub(super) const fn has_checksums(&self) -> bool {
        self.flags & NODATASUM == 0
    }
}

fn time(record: &Record<'_>, at: usize) -> Result<Time, Truncated> {
    let seconds = i64::from_le_bytes(record.array(at)?);
    Ok(Time { seconds, nanoseconds: record.u32_le(at.saturating_add(8))?.min(999_999_999) })
}

const fn file_type(mode: u32) -> Option<FileType> {
    Some(match mode >> 12 {
        0x1 => FileType::Fifo,
        0x2 => FileType::CharDevice,
        0x4 => FileType::Directory,
        0x6 => FileType::BlockDevice,
        0x8 => FileType::Regular,
        0xa => FileType::Symlink,
        0xc => FileType::Socket,
        _ => return None,
    })
}

/// A name of an inode: where it is, at which place of the directory, and how it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NameRef {
    pub(super) parent: u64,
    pub(super) index: u64,
    pub(super) name: Vec<u8>,
}

/// The names in an item of kind `INODE_REF` or `INODE_EXTREF`.
pub(super) fn names(key: Key, item: &[u8]) -> Result<Vec<NameRef>, Truncated> {
    let record = Record::new("names of an inode", item);
    let extended = key.kind == kind::INODE_EXTREF;
    let head = if extended { 18 } else { 10 };
    let mut at = 0_usize;
    let mut found = Vec::new();
    while at < item.len() {
        let parent = if extended { record.u64_le(at)? } else { key.offset };
        let index = record.u64_le(at.saturating_add(head - 10))?;
        let len = usize::from(record.u16_le(at.saturating_add(head - 2))?);
        let name = record.bytes(at.saturating_add(head), len)?.to_vec();
        at = at.saturating_add(head).saturating_add(len);
        found.push(NameRef { parent, index, name });
    }
    Ok(found)
}

/// The item of kind `INODE_REF` with these names.
pub(super) fn names_item<'n>(names: impl Iterator<Item = &'n NameRef>) -> Vec<u8> {
    let mut item = Vec::new();
    for name in names {
        item.extend_from_slice(&name.index.to_le_bytes());
        item.extend_from_slice(&u16::try_from(name.name.len()).unwrap_or(u16::MAX).to_le_bytes());
        item.extend_from_slice(&name.name);
    }
    item
}
