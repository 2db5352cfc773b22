//! A file: its inode, and its content once somebody asks for it.

use super::inode::{CASEFOLD, ENCRYPT, EXTENTS, INLINE_DATA, Inode};
use super::mapping;
use super::superblock::incompat;
use super::volume::Volume;
use super::xattr;
use crate::fs::content::Content;
use crate::fs::{Extent, FileType, FsError, Metadata, Node};

/// No link of Linux is longer than a block.
const MAX_LINK: u64 = 65536;

/// A node of an ext file system.
pub(super) struct ExtNode<'a> {
    volume: &'a Volume,
    inode: Inode,
    content: Option<Content>,
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

    fn ignores_case(&self) -> bool {
        self.inode.metadata.file_type == FileType::Directory && self.inode.has(CASEFOLD)
    }

    fn device(&self) -> Option<(u32, u32)> {
        self.inode.device()
    }

    fn extents(&mut self) -> Result<&[Extent], FsError> {
        Ok(self.content()?.extents())
    }

    fn read_at(&mut self, offset: u64, dst: &mut [u8]) -> Result<usize, FsError> {
        let (volume, size) = (self.volume, self.inode.metadata.size);
        self.content()?.read_at(&*volume.source, size, offset, dst)
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
        return Ok(Content::memory(Vec::new(), 0));
    }
    if inode.has(ENCRYPT) {
        let number = inode.number;
        return Err(FsError::Encrypted(format!(
            "inode {number} is encrypted (fscrypt): its content cannot be read without the key"
        )));
    }
    let size = inode.metadata.size;
    if let Some(bytes) = content_in_inode(volume, inode)? {
        return Ok(Content::memory(bytes, size));
    }
    let map = mapping::map(volume, inode).within(volume.source.len(), inode.number);
    Ok(Content::mapped(map, size))
}

/// The content that lies in the inode itself, of at least its size, if it does.
///
/// # Errors
/// [`FsError`], if the part of it behind the attributes is damaged.
pub(super) fn content_in_inode(volume: &Volume, inode: &Inode) -> Result<Option<Vec<u8>>, FsError> {
    if inode.has(INLINE_DATA) {
        let mut bytes = inode.block.to_vec();
        bytes.extend(xattr::inline_tail(inode)?);
        return Ok(Some(bytes));
    }
    let is_short = inode.metadata.file_type == FileType::Symlink && is_short_link(volume, inode);
    Ok(is_short.then(|| inode.block.to_vec()))
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
