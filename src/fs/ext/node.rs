//! A file of ext: its inode, its map, its bytes.

use super::inode::{FLAG_ENCRYPT, FLAG_INLINE_DATA, Inode};
use super::{Ext, map, xattr};
use crate::fs::{Extent, FileType, FsError, Metadata, Node, Place};

/// Where inline data goes on, after the 60 bytes of the inode.
const INLINE_REST: &[u8] = b"system.data";
/// Longest symbolic link that lies in the inode itself, in bytes.
const SHORT_LINK: u64 = 60;

/// An inode, opened.
pub(super) struct ExtNode<'e> {
    ext: &'e Ext,
    inode: Inode,
    extents: Option<Vec<Extent>>,
    inline: Option<Vec<u8>>,
}

impl<'e> ExtNode<'e> {
    pub(super) fn new(ext: &'e Ext, inode: Inode) -> Self {
        Self { ext, inode, extents: None, inline: None }
    }

    /// The content that lies in the inode and its attributes.
    fn inline(&mut self) -> Result<&[u8], FsError> {
        if self.inline.is_none() {
            let mut content = self.inode.block.to_vec();
            let attributes = xattr::read(self.ext, &self.inode)?;
            content
                .extend(attributes.into_iter().find(|(name, _)| name == INLINE_REST).unwrap_or_default().1);
            content.truncate(usize::try_from(self.inode.metadata.size).unwrap_or(usize::MAX));
            self.inline = Some(content);
        }
        Ok(self.inline.as_deref().unwrap_or_default())
    }

    fn check_readable(&self) -> Result<(), FsError> {
        if self.inode.has(FLAG_ENCRYPT) && self.inode.metadata.file_type != FileType::Directory {
            return Err(FsError::Unsupported(
                "encrypted by the file system (fscrypt): the key is not in the image".to_owned(),
            ));
        }
        Ok(())
    }
}

impl Node for ExtNode<'_> {
    fn metadata(&self) -> &Metadata {
        &self.inode.metadata
    }

    fn extents(&mut self) -> Result<&[Extent], FsError> {
        if self.extents.is_none() {
            self.extents = Some(map::extents(self.ext, &self.inode)?);
        }
        Ok(self.extents.as_deref().unwrap_or_default())
    }

    fn read_at(&mut self, offset: u64, dst: &mut [u8]) -> Result<usize, FsError> {
        self.check_readable()?;
        let left = self.inode.metadata.size.saturating_sub(offset);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(dst.len());
        let Some(dst) = dst.get_mut(..wanted).filter(|dst| !dst.is_empty()) else { return Ok(0) };
        if self.inode.has(FLAG_INLINE_DATA) {
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            let content = self.inline()?.get(start..).unwrap_or_default();
            let read = content.len().min(dst.len());
            dst.get_mut(..read).unwrap_or_default().copy_from_slice(content.get(..read).unwrap_or_default());
            return Ok(read);
        }
        let extents = self.extents()?;
        let index = extents.partition_point(|extent| extent.start.saturating_add(extent.len) <= offset);
        let Some(extent) = extents.get(index).copied() else {
            dst.fill(0);
            return Ok(dst.len());
        };
        let skipped = offset.saturating_sub(extent.start);
        let run = usize::try_from(extent.len.saturating_sub(skipped)).unwrap_or(usize::MAX).min(dst.len());
        let dst = dst.get_mut(..run).unwrap_or_default();
        match extent.place {
            Place::Disk(at) => self.ext.source.read_exact_at(at.saturating_add(skipped), dst)?,
            _ => dst.fill(0),
        }
        Ok(run)
    }

    fn read_link(&mut self) -> Result<Vec<u8>, FsError> {
        let (size, number) = (self.inode.metadata.size, self.inode.number);
        if self.inode.metadata.file_type != FileType::Symlink {
            return Err(FsError::corrupt("inode", number, "is no symbolic link"));
        }
        self.check_readable()?;
        if size < SHORT_LINK && !self.inode.has(FLAG_INLINE_DATA) {
            let target = self.inode.block.get(..usize::try_from(size).unwrap_or(0)).unwrap_or_default();
            return Ok(target.to_vec());
        }
        if size > u64::from(self.ext.sb.block_size) {
            return Err(FsError::corrupt("inode", number, format!("a symbolic link of {size} bytes")));
        }
        let mut target = vec![0; usize::try_from(size).unwrap_or(0)];
        let read = self.read_at(0, &mut target)?;
        target.truncate(read);
        Ok(target)
    }

    fn xattrs(&mut self) -> Result<Vec<(Vec<u8>, Vec<u8>)>, FsError> {
        let mut attributes = xattr::read(self.ext, &self.inode)?;
        attributes.retain(|(name, _)| name != INLINE_REST);
        Ok(attributes)
    }
}
