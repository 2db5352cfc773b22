//! erofs: the read-only file system of Android, and of container and live images.
//!
//! Read is what lies in it as it is: in blocks, behind the inode, in chunks. Files that erofs packed
//! (`mkfs.erofs -z`) are listed with everything but their content, which is an error of each; a packed
//! directory is one, too. Nor are data on other devices read.
//!
//! Reference: Linux `Documentation/filesystems/erofs.rst` and `fs/erofs/erofs_fs.h`.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{
    Attribute, Driver, Extent, FileSystem, FileType, FsError, Identity, Metadata, Node, NodeId, Note, Usage,
    Visit, mapped,
};
use crate::budget::Budget;
use crate::bytes::{Source, Span, read_vec};
use crate::gap::Loss;
use inode::Inode;
use superblock::Superblock;

mod directory;
mod inode;
mod superblock;
mod xattr;

/// The driver of erofs.
pub const DRIVER: Driver = Driver { name: "erofs", probe, by_backup: false, open };

/// Longest target of a link that is read.
const MAX_LINK: u64 = 65536;

fn probe(source: &dyn Source) -> bool {
    read_vec(source, superblock::START, 4).is_ok_and(|magic| magic == superblock::MAGIC)
}

fn open(source: Arc<dyn Source>, budget: &Budget) -> Result<Box<dyn FileSystem>, FsError> {
    let superblock = Superblock::read(&*source)?;
    let erofs = Erofs { source, superblock, budget: *budget };
    match erofs.inode(erofs.root())?.metadata.file_type {
        FileType::Directory => Ok(Box::new(erofs)),
        _ => Err(FsError::corrupt("erofs superblock", superblock::START, "its root is no directory")),
    }
}

struct Erofs {
    source: Arc<dyn Source>,
    superblock: Superblock,
    budget: Budget,
}

impl Erofs {
    fn inode(&self, id: NodeId) -> Result<Inode, FsError> {
        Inode::read(&*self.source, &self.superblock, id.0)
    }

    fn total(&self) -> u64 {
        u64::from(self.superblock.blocks).saturating_mul(self.superblock.block)
    }
}

impl FileSystem for Erofs {
    fn identity(&self) -> Identity {
        let label = Some(self.superblock.label.clone()).filter(|label| !label.is_empty());
        Identity { kind: "erofs", uuid: super::uuid_text(self.superblock.uuid), label, last_mounted: None }
    }

    fn usage(&self) -> Usage {
        let block = u32::try_from(self.superblock.block).unwrap_or(u32::MAX);
        Usage { total: self.total(), free: 0, block, data: None }
    }

    fn root(&self) -> NodeId {
        NodeId(self.superblock.root)
    }

    fn read_dir(&self, dir: NodeId, visit: &mut Visit<'_>) -> Result<(), FsError> {
        let inode = self.inode(dir)?;
        if inode.metadata.file_type != FileType::Directory {
            return Err(FsError::corrupt("inode", dir.0, "is no directory"));
        }
        let size = inode.metadata.size;
        let mut node = ErofsNode { fs: self, inode, extents: None };
        let mut block = vec![0; usize::try_from(self.superblock.block).unwrap_or(0)];
        let mut at = 0;
        while at < size {
            let read = node.read_at(at, &mut block)?;
            let bytes = block.get(..read).filter(|bytes| !bytes.is_empty());
            let bytes = bytes.ok_or_else(|| FsError::corrupt("directory", dir.0, "ends before its size"))?;
            if directory::read_block(bytes, dir.0, visit)? == ControlFlow::Break(()) {
                break;
            }
            at = at.saturating_add(self.superblock.block);
        }
        Ok(())
    }

    fn node(&self, id: NodeId) -> Result<Box<dyn Node + '_>, FsError> {
        Ok(Box::new(ErofsNode { fs: self, inode: self.inode(id)?, extents: None }))
    }

    fn unallocated(&self, _: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError> {
        Ok(())
    }

    fn notes(&self) -> Vec<Note> {
        let (total, there) = (self.total(), self.source.len());
        let text = format!("the file system is {total} bytes long, but only {there} bytes of it are there");
        let mut notes = if there < total { vec![Note { loss: Loss::Part, text }] } else { Vec::new() };
        if !self.superblock.checksum_matches {
            let text = "the checksum of the superblock is wrong; it is used as it is".to_owned();
            notes.push(Note { loss: Loss::Part, text });
        }
        notes
    }

    fn source(&self) -> Option<Arc<dyn Source>> {
        Some(Arc::clone(&self.source))
    }
}

struct ErofsNode<'a> {
    fs: &'a Erofs,
    inode: Inode,
    extents: Option<Vec<Extent>>,
}

impl Node for ErofsNode<'_> {
    fn metadata(&self) -> &Metadata {
        &self.inode.metadata
    }

    fn extents(&mut self) -> Result<&[Extent], FsError> {
        let kind = self.inode.metadata.file_type;
        if self.extents.is_none()
            && matches!(kind, FileType::Regular | FileType::Directory | FileType::Symlink)
        {
            let Erofs { source, superblock, budget } = self.fs;
            self.extents = Some(self.inode.extents(&**source, superblock, budget.extents)?);
        }
        Ok(self.extents.as_deref().unwrap_or_default())
    }

    fn read_at(&mut self, offset: u64, dst: &mut [u8]) -> Result<usize, FsError> {
        let (source, size) = (&self.fs.source, self.inode.metadata.size);
        mapped::read(&**source, self.extents()?, size, offset, dst)
    }

    fn read_link(&mut self) -> Result<Vec<u8>, FsError> {
        let Metadata { size, file_type, .. } = self.inode.metadata;
        if file_type != FileType::Symlink || size > MAX_LINK {
            let problem = format!("is no symbolic link, or one of {size} bytes");
            return Err(FsError::corrupt("inode", self.inode.number, problem));
        }
        let mut target = vec![0; usize::try_from(size).unwrap_or(0)];
        let read = self.read_at(0, &mut target)?;
        target.truncate(read);
        Ok(target)
    }

    fn xattrs(&mut self) -> Result<Vec<Attribute>, FsError> {
        xattr::read(&*self.fs.source, &self.fs.superblock, &self.inode)
    }
}
