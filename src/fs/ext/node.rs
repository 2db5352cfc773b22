//! A file: its inode, and its content once somebody asks for it.

use super::inode::{ENCRYPT, EXTENTS, INLINE_DATA, Inode};
use super::mapping::{self, Map, again};
use super::superblock::incompat;
use super::volume::Volume;
use super::xattr;
use crate::bytes::ReadError;
use crate::fs::{Extent, FileType, FsError, Metadata, Node, Place};

/// No link of Linux is longer than a block.
const MAX_LINK: u64 = 65536;

/// A node of an ext file system.
pub(super) struct ExtNode<'a> {
    volume: &'a Volume,
    inode: Inode,
    content: Option<Content>,
}

/// Where the content is.
enum Content {
    Memory {
        bytes: Vec<u8>,
        extent: Option<Extent>,
    },
    /// `shown` has one part more than the map where that is damaged.
    Mapped {
        map: Map,
        shown: Vec<Extent>,
    },
}

impl<'a> ExtNode<'a> {
    pub(super) fn new(volume: &'a Volume, inode: Inode) -> Self {
        Self { volume, inode, content: None }
    }

    fn content(&mut self) -> Result<&Content, FsError> {
        if self.content.is_none() {
            self.content = Some(find_content(self.volume, &self.inode)?);
        }
        self.content.as_ref().ok_or_else(|| FsError::corrupt("inode", self.inode.number, "no content"))
    }
}

impl Node for ExtNode<'_> {
    fn metadata(&self) -> &Metadata {
        &self.inode.metadata
    }

    fn extents(&mut self) -> Result<&[Extent], FsError> {
        match self.content()? {
            Content::Memory { extent, .. } => Ok(extent.as_slice()),
            Content::Mapped { shown, .. } => Ok(shown),
        }
    }

    fn read_at(&mut self, offset: u64, dst: &mut [u8]) -> Result<usize, FsError> {
        let (volume, size) = (self.volume, self.inode.metadata.size);
        match self.content()? {
            Content::Memory { bytes, .. } => Ok(read_memory(bytes, size, offset, dst)),
            Content::Mapped { map, .. } => read_map(volume, map, size, offset, dst),
        }
    }

    fn read_link(&mut self) -> Result<Vec<u8>, FsError> {
        let (number, size) = (self.inode.number, self.inode.metadata.size);
        if self.inode.metadata.file_type != FileType::Symlink {
            return Err(FsError::corrupt("inode", number, "is no symbolic link"));
        }
        if size > MAX_LINK {
            return Err(FsError::corrupt("inode", number, format!("a symbolic link of {size} bytes")));
        }
        let mut target = vec![0; usize::try_from(size).unwrap_or_default()];
        let mut filled = 0;
        while let Some(room) = target.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.read_at(filled as u64, room)? {
                0 => break,
                read => filled += read,
            }
        }
        target.truncate(filled);
        Ok(target)
    }

    fn xattrs(&mut self) -> Result<Vec<(Vec<u8>, Vec<u8>)>, FsError> {
        xattr::read(self.volume, &self.inode)
    }
}

fn find_content(volume: &Volume, inode: &Inode) -> Result<Content, FsError> {
    let kind = inode.metadata.file_type;
    if !matches!(kind, FileType::Regular | FileType::Directory | FileType::Symlink) {
        return Ok(memory(Vec::new(), 0));
    }
    if inode.has(ENCRYPT) {
        let number = inode.number;
        return Err(FsError::Unsupported(format!(
            "inode {number} is encrypted (fscrypt): its content cannot be read without the key"
        )));
    }
    let size = inode.metadata.size;
    if inode.has(INLINE_DATA) {
        let mut bytes = inode.block.to_vec();
        bytes.extend(xattr::inline_tail(inode)?);
        return Ok(memory(bytes, size));
    }
    if kind == FileType::Symlink && is_short_link(volume, inode) {
        return Ok(memory(inode.block.to_vec(), size));
    }
    let map = mapping::map(volume, inode);
    let shown = map.with_damage(size);
    Ok(Content::Mapped { map, shown })
}

/// Whether the target lies in the inode: it is short, and the inode owns no block but that of attributes.
fn is_short_link(volume: &Volume, inode: &Inode) -> bool {
    let sectors =
        u64::from(volume.superblock.block_size / 512).saturating_mul(volume.superblock.cluster_ratio);
    let attributes = if inode.file_acl == 0 { 0 } else { sectors };
    // Attributes in inodes of their own are counted in the blocks, too: then only the length tells.
    let counts = volume.superblock.has_incompat(incompat::EA_INODE);
    inode.metadata.size < 60 && !inode.has(EXTENTS) && (counts || inode.blocks <= attributes)
}

fn memory(mut bytes: Vec<u8>, size: u64) -> Content {
    bytes.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let len = bytes.len() as u64;
    let extent = (len > 0).then_some(Extent { start: 0, len, place: Place::Opaque });
    Content::Memory { bytes, extent }
}

/// The part of `dst` that lies before the end of a file of `size` bytes.
fn until_end(size: u64, offset: u64, dst: &mut [u8]) -> &mut [u8] {
    let left = usize::try_from(size.saturating_sub(offset)).unwrap_or(usize::MAX);
    let len = dst.len().min(left);
    dst.get_mut(..len).unwrap_or_default()
}

fn read_memory(bytes: &[u8], size: u64, offset: u64, dst: &mut [u8]) -> usize {
    let dst = until_end(size, offset, dst);
    let found = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or_default();
    let zeros = std::iter::repeat(&0);
    for (to, from) in dst.iter_mut().zip(found.iter().chain(zeros)) {
        *to = *from;
    }
    dst.len()
}

/// Reads content at `offset` of a mapped file of `size` bytes: one read of the source for each extent. What
/// was read before a failure is returned; the failure is met again by the next read.
pub(super) fn read_map(
    volume: &Volume,
    map: &Map,
    size: u64,
    offset: u64,
    dst: &mut [u8],
) -> Result<usize, FsError> {
    let dst = until_end(size, offset, dst);
    let mut index = map.extents.partition_point(|extent| extent.start.saturating_add(extent.len) <= offset);
    let mut done = 0;
    while let Some(room) = dst.get_mut(done..).filter(|room| !room.is_empty()) {
        let at = offset.saturating_add(done as u64);
        let read = match map.extents.get(index) {
            Some(extent) if extent.place != Place::Opaque => read_extent(volume, *extent, at, room),
            _ => match &map.damage {
                Some(error) => Err(again(error)),
                None => Ok(zero(room)),
            },
        };
        match read {
            Ok(read) => done += read,
            Err(_) if done > 0 => break,
            Err(error) => return Err(error),
        }
        index += 1;
    }
    Ok(done)
}

/// Reads from one extent, at `at` of the file; a read that the end of the image cuts short gives what is there.
fn read_extent(volume: &Volume, extent: Extent, at: u64, room: &mut [u8]) -> Result<usize, FsError> {
    let skipped = at.saturating_sub(extent.start);
    let part = until_end(extent.len, skipped, room);
    let Place::Disk(place) = extent.place else {
        return Ok(zero(part));
    };
    let place = place.saturating_add(skipped);
    match volume.source.read_exact_at(place, part) {
        Ok(()) => Ok(part.len()),
        Err(ReadError::BeyondEnd { size, .. }) if place < size => {
            let there = until_end(size, place, part);
            volume.source.read_exact_at(place, there)?;
            Ok(there.len())
        }
        Err(error) => Err(error.into()),
    }
}

fn zero(part: &mut [u8]) -> usize {
    part.fill(0);
    part.len()
}
