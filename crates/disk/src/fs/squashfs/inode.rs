//! The inode: 14 kinds, of which 7 are the longer form of the others.

use super::metadata::Cursor;
use crate::bytes::Record;
use crate::fs::{self, FileType, FsError, Time};

/// No fragment; no attributes.
const NONE: u32 = u32::MAX;
/// Longest target of a link that is read. Linux allows 4 KiB.
const MAX_LINK: u32 = 64 << 10;

/// An inode, decoded.
#[derive(Clone, Debug)]
pub(super) struct Inode {
    /// Its number, for messages.
    pub(super) number: u32,
    pub(super) metadata: fs::Metadata,
    /// Index of its attributes.
    pub(super) attributes: Option<u32>,
    pub(super) content: Content,
}

/// What the kind of inode adds.
#[derive(Clone, Debug)]
pub(super) enum Content {
    File(File),
    Directory(Listing),
    Link(Vec<u8>),
    /// Devices, pipes and sockets.
    Nothing,
}

/// Where the blocks of a file are; their list follows the inode.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// Place of the first block.
    pub(super) start: u64,
    /// Fragment, and the byte of it where the file's tail end begins.
    pub(super) fragment: Option<(u32, u32)>,
}

/// Where the entries of a directory are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listing {
    /// Block in the table of directories.
    pub(super) block: u32,
    pub(super) offset: u16,
    pub(super) len: u32,
}

/// Kind of a 16-bit type, basic or extended, and whether it is extended.
pub(super) fn file_type(number: u16) -> Option<(FileType, bool)> {
    let basic = match number {
        8..15 => number - 7,
        _ => number,
    };
    let kind = match basic {
        1 => FileType::Directory,
        2 => FileType::Regular,
        3 => FileType::Symlink,
        4 => FileType::BlockDevice,
        5 => FileType::CharDevice,
        6 => FileType::Fifo,
        7 => FileType::Socket,
        _ => return None,
    };
    Some((kind, basic != number))
}

impl Inode {
    /// Decodes the inode at the cursor, which then stands where a file's list of blocks begins.
    pub(super) fn read(cursor: &mut Cursor<'_>, owners: &[u32]) -> Result<Self, FsError> {
        let header = cursor.take::<16>()?;
        let record = Record::new("inode", &header);
        let (kind, number) = (record.u16_le(0)?, record.u32_le(12)?);
        let corrupt = |problem: String| FsError::corrupt("inode", number.into(), problem);
        let (file_type, extended) =
            file_type(kind).ok_or_else(|| corrupt(format!("type {kind} is none that is known")))?;
        let owner = |index: u16| {
            // Without its table the owner is unknown, which the file system notes once.
            if owners.is_empty() { Some(NONE) } else { owners.get(usize::from(index)).copied() }
                .ok_or_else(|| corrupt(format!("owner {index} of {}", owners.len())))
        };
        let time = Time { seconds: record.u32_le(8)?.into(), nanoseconds: 0 };
        let metadata = fs::Metadata {
            file_type,
            size: 0,
            mode: record.u16_le(2)? & 0o7777,
            uid: owner(record.u16_le(4)?)?,
            gid: owner(record.u16_le(6)?)?,
            links: 1,
            modified: time,
            changed: time,
            accessed: time,
            created: None,
        };
        let mut inode = Self { number, metadata, attributes: None, content: Content::Nothing };
        match file_type {
            FileType::Regular if extended => inode.extended_file(cursor)?,
            FileType::Regular => inode.file(cursor)?,
            FileType::Directory if extended => inode.extended_directory(cursor)?,
            FileType::Directory => inode.directory(cursor)?,
            FileType::Symlink => inode.link(cursor, extended)?,
            _ => inode.special(cursor, extended)?,
        }
        Ok(inode)
    }

    fn file(&mut self, cursor: &mut Cursor<'_>) -> Result<(), FsError> {
        let bytes = cursor.take::<16>()?;
        let record = Record::new("file inode", &bytes);
        self.metadata.size = record.u32_le(12)?.into();
        let fragment = fragment(record.u32_le(4)?, record.u32_le(8)?);
        self.content = Content::File(File { start: record.u32_le(0)?.into(), fragment });
        Ok(())
    }

    fn extended_file(&mut self, cursor: &mut Cursor<'_>) -> Result<(), FsError> {
        let bytes = cursor.take::<40>()?;
        let record = Record::new("extended file inode", &bytes);
        self.metadata.size = record.u64_le(8)?;
        self.metadata.links = record.u32_le(24)?;
        self.attributes = attributes(record.u32_le(36)?);
        let fragment = fragment(record.u32_le(28)?, record.u32_le(32)?);
        self.content = Content::File(File { start: record.u64_le(0)?, fragment });
        Ok(())
    }

    fn directory(&mut self, cursor: &mut Cursor<'_>) -> Result<(), FsError> {
        let bytes = cursor.take::<16>()?;
        let record = Record::new("directory inode", &bytes);
        self.metadata.links = record.u32_le(4)?;
        self.listing(record.u32_le(0)?, record.u16_le(10)?, record.u16_le(8)?.into());
        Ok(())
    }

    fn extended_directory(&mut self, cursor: &mut Cursor<'_>) -> Result<(), FsError> {
        let bytes = cursor.take::<24>()?;
        let record = Record::new("extended directory inode", &bytes);
        self.metadata.links = record.u32_le(0)?;
        self.attributes = attributes(record.u32_le(20)?);
        self.listing(record.u32_le(8)?, record.u16_le(18)?, record.u32_le(4)?);
        Ok(())
    }

    /// The size counts 3 bytes for `.` and `..`, which are not there.
    fn listing(&mut self, block: u32, offset: u16, size: u32) {
        let len = size.saturating_sub(3);
        self.metadata.size = size.into();
        self.content = Content::Directory(Listing { block, offset, len });
    }

    fn link(&mut self, cursor: &mut Cursor<'_>, extended: bool) -> Result<(), FsError> {
        self.metadata.links = cursor.word()?;
        let len = cursor.word()?;
        if len > MAX_LINK {
            let problem = format!("a symbolic link of {len} bytes");
            return Err(FsError::corrupt("inode", self.number.into(), problem));
        }
        self.metadata.size = len.into();
        self.content = Content::Link(cursor.bytes(usize::try_from(len).unwrap_or(0))?);
        if extended {
            self.attributes = attributes(cursor.word()?);
        }
        Ok(())
    }

    fn special(&mut self, cursor: &mut Cursor<'_>, extended: bool) -> Result<(), FsError> {
        self.metadata.links = cursor.word()?;
        if matches!(self.metadata.file_type, FileType::BlockDevice | FileType::CharDevice) {
            cursor.word()?;
        }
        if extended {
            self.attributes = attributes(cursor.word()?);
        }
        Ok(())
    }
}

fn fragment(index: u32, offset: u32) -> Option<(u32, u32)> {
    (index != NONE).then_some((index, offset))
}

fn attributes(index: u32) -> Option<u32> {
    (index != NONE).then_some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extended_form_of_a_kind_is_seven_further() {
        assert_eq!(file_type(2), Some((FileType::Regular, false)));
        assert_eq!(file_type(9), Some((FileType::Regular, true)));
        assert_eq!(file_type(14), Some((FileType::Socket, true)));
        assert_eq!((file_type(0), file_type(15)), (None, None));
    }
}
