//! Where the content of a file lies: items of kind `EXTENT_DATA`.
//!
//! Reference: `struct btrfs_file_extent_item`.

use std::ops::ControlFlow;

use super::Btrfs;
use super::inode::Inode;
use super::key::{Key, kind};
use super::packed::{self, Method};
use super::tree::Item;
use crate::bytes::Record;
use crate::fs::{Extent, FsError, Place};

/// Length of an item before the content of an inline extent.
pub(super) const INLINE_HEAD: usize = 21;

/// What one part of a file is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Hole,
    Unwritten,
    /// As it is, at this logical address.
    Plain {
        logical: u64,
    },
    Packed(Packed),
    /// In the item itself, as it is or packed; `ram_len` is its length when it is unpacked.
    Inline {
        bytes: Vec<u8>,
        method: Option<Method>,
        ram_len: u64,
        logical: u64,
    },
}

/// A part of a packed extent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packed {
    pub(super) method: Method,
    pub(super) logical: u64,
    /// Packed length, in whole sectors.
    pub(super) disk_len: u64,
    /// Length of the whole extent when it is unpacked.
    pub(super) ram_len: u64,
    /// Where in that the part begins.
    pub(super) skip: u64,
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) start: u64,
    pub(super) len: u64,
    pub(super) content: Content,
}

/// An item of kind `EXTENT_DATA`, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileExtent {
    /// Bytes of the file that it covers.
    pub(super) len: u64,
    pub(super) content: Content,
}

impl FileExtent {
    pub(super) fn parse(item: &Item<'_>) -> Result<Self, FsError> {
        let record = Record::new("file extent", item.data);
        let corrupt = |problem: String| FsError::corrupt("file extent of inode", item.key.object, problem);
        let ram_len = record.u64_le(8)?;
        let method = Method::from_code(record.u8(16)?).map_err(&corrupt)?;
        if record.u8(17)? != 0 || record.u16_le(18)? != 0 {
            return Err(FsError::Encrypted(format!(
                "inode {} has encrypted or encoded content",
                item.key.object
            )));
        }
        let kind = record.u8(20)?;
        if kind == 0 {
            let bytes = item.data.get(INLINE_HEAD..).unwrap_or_default().to_vec();
            let ram_len = if method.is_some() { ram_len } else { bytes.len() as u64 };
            let logical = item.logical.saturating_add(INLINE_HEAD as u64);
            if ram_len > packed::MAX_UNPACKED {
                return Err(corrupt(format!("{ram_len} bytes in an item")));
            }
            return Ok(Self { len: ram_len, content: Content::Inline { bytes, method, ram_len, logical } });
        }
        let (logical, disk_len) = (record.u64_le(21)?, record.u64_le(29)?);
        let (skip, len) = (record.u64_le(37)?, record.u64_le(45)?);
        if skip.checked_add(len).is_none() || item.key.offset.checked_add(len).is_none() {
            return Err(corrupt(format!("{len} bytes at {skip} of an extent")));
        }
        let content = match (kind, method) {
            (1 | 2, _) if logical == 0 => Content::Hole,
            (2, _) => Content::Unwritten,
            (1, None) => {
                if skip.saturating_add(len) > disk_len {
                    return Err(corrupt(format!("{len} bytes at {skip} of an extent of {disk_len}")));
                }
                Content::Plain { logical: logical.saturating_add(skip) }
            }
            (1, Some(method)) => {
                if disk_len > packed::MAX_PACKED
                    || ram_len > packed::MAX_UNPACKED
                    || skip.saturating_add(len) > ram_len
                {
                    return Err(corrupt(format!(
                        "{len} bytes at {skip} of {ram_len} bytes that are packed in {disk_len}"
                    )));
                }
                Content::Packed(Packed { method, logical, disk_len, ram_len, skip })
            }
            _ => return Err(corrupt(format!("is of type {kind}"))),
        };
        Ok(Self { len, content })
    }
}

/// The parts of a file up to its size, or up to the first damage.
#[derive(Debug, Default)]
pub(super) struct Map {
    /// In order and without gaps; what is missing at the end is a hole.
    pub(super) parts: Vec<Part>,
    pub(super) extents: Vec<Extent>,
    pub(super) damage: Option<FsError>,
}

impl Map {
    /// Maps the content of `inode` of the subvolume at `index`.
    pub(super) fn of(fs: &Btrfs, index: usize, inode: &Inode) -> Self {
        let mut map = Self::default();
        let Some(subvolume) = fs.subvolumes.get(index) else { return map };
        let mut end = 0;
        let mut failed = None;
        let range = Key::all(inode.number, kind::EXTENT_DATA);
        let result =
            subvolume.scan(&fs.volume, range, &mut |item| match map.take(fs, inode, &item, &mut end) {
                Ok(flow) => Ok(flow),
                Err(error) => {
                    failed = Some(error);
                    Ok(ControlFlow::Break(()))
                }
            });
        map.damage = failed.or(result.err());
        map
    }

    fn take(
        &mut self,
        fs: &Btrfs,
        inode: &Inode,
        item: &Item<'_>,
        end: &mut u64,
    ) -> Result<ControlFlow<()>, FsError> {
        let extent = FileExtent::parse(item)?;
        let (start, size) = (item.key.offset, inode.metadata.size);
        if start >= size {
            return Ok(ControlFlow::Break(()));
        }
        if start < *end {
            let problem = format!("begins at {start}, before the end of the last one at {end}");
            return Err(FsError::corrupt("file extent of inode", inode.number, problem));
        }
        if self.parts.len() as u64 >= fs.volume.budget.extents {
            let limit = fs.volume.budget.extents;
            return Err(FsError::over_limit(format!("extents of inode {}", inode.number), limit));
        }
        self.push(fs, Part { start: *end, len: start.saturating_sub(*end), content: Content::Hole });
        let len = extent.len.min(size.saturating_sub(start));
        self.push(fs, Part { start, len, content: extent.content });
        *end = start.saturating_add(len);
        Ok(ControlFlow::Continue(()))
    }

    fn push(&mut self, fs: &Btrfs, part: Part) {
        if part.len > 0 {
            self.extents.push(Extent { start: part.start, len: part.len, place: place(fs, &part) });
            self.parts.push(part);
        }
    }

    /// The index of the part that holds the byte at `offset`.
    pub(super) fn position(&self, offset: u64) -> usize {
        self.parts.partition_point(|part| part.start.saturating_add(part.len) <= offset)
    }
}

/// Where a part lies: on the disk where there is one disk and it lies there as it is.
fn place(fs: &Btrfs, part: &Part) -> Place {
    match &part.content {
        Content::Hole => Place::Hole,
        Content::Unwritten => Place::Unwritten,
        Content::Plain { logical } => {
            let run = fs.volume.chunks.find(*logical).ok().and_then(|chunk| chunk.run(*logical, 0));
            match run.filter(|run| run.len >= part.len && fs.volume.superblock.device_count == 1) {
                Some(run) => Place::Disk(run.physical),
                None => Place::Packed { at: *logical, form: 0 },
            }
        }
        Content::Packed(packed) => Place::Packed { at: packed.logical, form: packed.form() },
        Content::Inline { bytes, method, logical, .. } => {
            let form = Method::code(*method) << 60 | bytes.len() as u64;
            Place::Packed { at: *logical, form }
        }
    }
}

impl Packed {
    /// Tells all parts of packed extents at one address apart: each length fits into 20 bits.
    const fn form(&self) -> u64 {
        Method::code(Some(self.method)) << 60 | (self.disk_len << 40 | self.ram_len << 20 | self.skip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(edit: impl Fn(&mut Vec<u8>)) -> Result<FileExtent, FsError> {
        let mut data = vec![0; 53];
        for (at, value) in [(8, 131_072_u64), (21, 1 << 20), (29, 8192), (37, 4096), (45, 4096)] {
            data[at..at + 8].copy_from_slice(&value.to_le_bytes());
        }
        data[20] = 1;
        edit(&mut data);
        FileExtent::parse(&Item { key: Key::new(257, kind::EXTENT_DATA, 0), data: &data, logical: 0 })
    }

    #[test]
    fn a_plain_extent_begins_at_its_offset() {
        let plain = FileExtent { len: 4096, content: Content::Plain { logical: (1 << 20) + 4096 } };
        assert_eq!(item(|_| {}).unwrap(), plain);
    }

    #[test]
    fn a_part_beyond_its_extent_is_corrupt() {
        assert!(item(|data| data[45..53].copy_from_slice(&8192_u64.to_le_bytes())).is_err());
        assert!(item(|data| data[37..45].fill(0xff)).is_err());
        assert!(item(|data| data[20] = 9).is_err());
    }

    #[test]
    fn a_packed_extent_is_at_most_128_kib_long() {
        assert!(item(|data| data[16] = 1).is_ok());
        assert!(item(|data| data[16] = 4).is_err());
        assert!(item(|data| (data[16], data[10]) = (1, 3)).is_err());
        assert!(item(|data| (data[16], data[31]) = (1, 3)).is_err());
    }

    #[test]
    fn what_is_encrypted_is_unsupported() {
        assert!(matches!(item(|data| data[17] = 1), Err(FsError::Encrypted(_))));
    }
}
