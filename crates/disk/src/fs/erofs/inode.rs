//! The inode: a short form of 32 bytes, a long one of 64, at a multiple of 32.

use super::superblock::Superblock;
use crate::bytes::{Record, Source, read_vec};
use crate::fs::{Extent, FileType, FsError, Metadata, Place, Time};

/// No block: a hole.
const NOWHERE: u32 = u32::MAX;

/// An inode, decoded.
#[derive(Clone, Debug)]
pub(super) struct Inode {
    pub(super) number: u64,
    pub(super) metadata: Metadata,
    layout: Layout,
    /// Place of the attributes; they end at `behind`.
    pub(super) attributes: u64,
    /// Place behind inode and attributes.
    pub(super) behind: u64,
    /// What the layout needs: the first block, or the form of chunks.
    word: u32,
}

/// How the content is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// In blocks that follow each other.
    Plain,
    /// The same, but the tail end behind the inode.
    Inline,
    /// In chunks that lie anywhere.
    Chunks,
    /// Packed.
    Packed,
}

impl Inode {
    pub(super) fn read(source: &dyn Source, superblock: &Superblock, number: u64) -> Result<Self, FsError> {
        let corrupt = |problem: String| FsError::corrupt("inode", number, problem);
        let place = number.checked_mul(32).and_then(|at| at.checked_add(superblock.inodes));
        let place = place.ok_or_else(|| corrupt("lies beyond every image".to_owned()))?;
        let short = read_vec(source, place, 32)?;
        let format = Record::new("inode", &short).u16_le(0)?;
        let is_long = format & 1 != 0;
        let bytes = if is_long { read_vec(source, place, 64)? } else { short };
        let record = Record::new("inode", &bytes);
        let layout = match format >> 1 & 7 {
            0 => Layout::Plain,
            1 | 3 => Layout::Packed,
            2 => Layout::Inline,
            4 => Layout::Chunks,
            other => return Err(corrupt(format!("layout {other} is none that is known"))),
        };
        let mode = record.u16_le(4)?;
        let file_type = file_type(mode).ok_or_else(|| corrupt(format!("mode {mode:#o}")))?;
        let count = u64::from(record.u16_le(2)?);
        let attributes = place.saturating_add(bytes.len() as u64);
        let behind = attributes.saturating_add(if count == 0 { 0 } else { 8 + count * 4 });
        let metadata =
            if is_long { long(&record, file_type)? } else { short_form(&record, file_type, superblock)? };
        let metadata = Metadata { mode: mode & 0o7777, ..metadata };
        Ok(Self { number, metadata, layout, attributes, behind, word: record.u32_le(16)? })
    }

    /// Where the content lies.
    pub(super) fn extents(
        &self,
        source: &dyn Source,
        superblock: &Superblock,
        limit: u64,
    ) -> Result<Vec<Extent>, FsError> {
        let size = self.metadata.size;
        let first = u64::from(self.word).saturating_mul(superblock.block);
        match self.layout {
            Layout::Plain => Ok(whole(0, size, first)),
            Layout::Inline => {
                let tail = size % superblock.block;
                let mut extents = whole(0, size - tail, first);
                if tail > superblock.block - self.behind % superblock.block {
                    let problem = format!("a tail end of {tail} bytes leaves the block of the inode");
                    return Err(FsError::corrupt("inode", self.number, problem));
                }
                extents.extend(whole(size - tail, tail, self.behind));
                Ok(extents)
            }
            Layout::Chunks => self.chunks(source, superblock, limit),
            Layout::Packed => Err(FsError::Unsupported("a file packed by erofs".to_owned())),
        }
    }

    fn chunks(
        &self,
        source: &dyn Source,
        superblock: &Superblock,
        limit: u64,
    ) -> Result<Vec<Extent>, FsError> {
        let (bits, wide) = (self.word & 31, self.word & 32 != 0);
        if self.word & 0xffc0 != 0 {
            return Err(FsError::Unsupported(format!("chunks of the form {:#x}", self.word)));
        }
        let chunk = superblock.block.checked_shl(bits).filter(|&chunk| chunk >= superblock.block);
        let problem = || FsError::corrupt("inode", self.number, format!("chunks of 2^{bits} blocks"));
        let chunk = chunk.ok_or_else(problem)?;
        let count = self.metadata.size.div_ceil(chunk);
        if count > limit {
            return Err(FsError::over_limit(format!("a file of {count} chunks"), limit));
        }
        let unit = if wide { 8 } else { 4 };
        let list = usize::try_from(count.saturating_mul(unit)).unwrap_or(usize::MAX);
        let bytes = read_vec(source, self.behind.next_multiple_of(unit), list)?;
        let record = Record::new("list of chunks", &bytes);
        let mut extents = Vec::new();
        for index in 0..usize::try_from(count).unwrap_or(0) {
            let start = chunk.saturating_mul(index as u64);
            let len = self.metadata.size.saturating_sub(start).min(chunk);
            let block = if wide {
                if record.u16_le(index * 8 + 2)? != 0 && record.u32_le(index * 8 + 4)? != NOWHERE {
                    return Err(FsError::Unsupported("a file whose data is on another device".to_owned()));
                }
                record.u32_le(index * 8 + 4)?
            } else {
                record.u32_le(index * 4)?
            };
            let place = match block {
                NOWHERE => Place::Hole,
                block => Place::Disk(u64::from(block).saturating_mul(superblock.block)),
            };
            extents.push(Extent { start, len, place });
        }
        Ok(extents)
    }
}

fn whole(start: u64, len: u64, place: u64) -> Vec<Extent> {
    if len == 0 { Vec::new() } else { vec![Extent { start, len, place: Place::Disk(place) }] }
}

fn long(record: &Record<'_>, file_type: FileType) -> Result<Metadata, FsError> {
    let seconds = i64::from_le_bytes(record.array(32)?);
    let time = Time { seconds, nanoseconds: record.u32_le(40)?.min(999_999_999) };
    let (uid, gid, links) = (record.u32_le(24)?, record.u32_le(28)?, record.u32_le(44)?);
    Ok(metadata(file_type, record.u64_le(8)?, (uid, gid), links, time))
}

fn short_form(
    record: &Record<'_>,
    file_type: FileType,
    superblock: &Superblock,
) -> Result<Metadata, FsError> {
    let seconds = i64::try_from(superblock.built).unwrap_or(i64::MAX);
    let time = Time { seconds, nanoseconds: superblock.built_nanoseconds.min(999_999_999) };
    let owner = (record.u16_le(24)?.into(), record.u16_le(26)?.into());
    Ok(metadata(file_type, record.u32_le(8)?.into(), owner, record.u16_le(6)?.into(), time))
}

fn metadata(file_type: FileType, size: u64, (uid, gid): (u32, u32), links: u32, time: Time) -> Metadata {
    Metadata {
        file_type,
        size,
        mode: 0,
        uid,
        gid,
        links,
        modified: time,
        changed: time,
        accessed: time,
        created: None,
    }
}

fn file_type(mode: u16) -> Option<FileType> {
    Some(match mode >> 12 {
        0x1 => FileType::Fifo,
        0x2 => FileType::CharDevice,
        0x4 => FileType::Directory,
        0x6 => FileType::BlockDevice,
        0x8 => FileType::Regular,
        0xA => FileType::Symlink,
        0xC => FileType::Socket,
        _ => return None,
    })
}
