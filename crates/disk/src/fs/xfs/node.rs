//! A file: its inode, and its content once somebody asks for it.

use super::checksum;
use super::inode::{ForkKind, Format, Inode, REALTIME};
use super::mapping;
use super::volume::Volume;
use super::xattr;
use crate::bytes::Record;
use crate::fs::content::Content;
use crate::fs::{Attribute, Extent, FileType, FsError, Metadata, Node};

/// Where a block of a link names the inode.
const LINK_OWNER: usize = 32;
/// No link is longer on the disk.
const MAX_LINK: u64 = 1024;

/// A node of an XFS file system.
pub(super) struct XfsNode<'a> {
    volume: &'a Volume,
    inode: Inode,
    content: Option<Content>,
}

impl<'a> XfsNode<'a> {
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

impl Node for XfsNode<'_> {
    fn metadata(&self) -> &Metadata {
        &self.inode.metadata
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
        if self.inode.metadata.file_type != FileType::Symlink {
            return Err(FsError::corrupt("inode", self.inode.number, "is no symbolic link"));
        }
        link_target(self.volume, &self.inode)
    }

    fn xattrs(&mut self) -> Result<Vec<Attribute>, FsError> {
        xattr::read(self.volume, &self.inode)
    }
}

fn find_content(volume: &Volume, inode: &Inode) -> Result<Content, FsError> {
    let (size, number) = (inode.metadata.size, inode.number);
    let fork = inode.fork(ForkKind::Data);
    match inode.metadata.file_type {
        FileType::Symlink => Ok(Content::memory(link_target(volume, inode)?, size)),
        FileType::Regular if inode.flags & REALTIME != 0 => Err(FsError::Unsupported(format!(
            "inode {number} has its content on the realtime device, which is not in this volume"
        ))),
        FileType::Directory if fork.format == Format::Local => Ok(Content::memory(fork.bytes.to_vec(), size)),
        FileType::Regular | FileType::Directory => {
            let map = mapping::map(volume, inode).within(volume.source.len(), number);
            Ok(Content::mapped(map, size))
        }
        _ => Ok(Content::memory(Vec::new(), 0)),
    }
}

/// The target of a link: in the inode, or in blocks, each run of which version 5 heads.
pub(super) fn link_target(volume: &Volume, inode: &Inode) -> Result<Vec<u8>, FsError> {
    let (size, number) = (inode.metadata.size, inode.number);
    let corrupt = |problem: String| FsError::corrupt("symbolic link inode", number, problem);
    if size > MAX_LINK {
        return Err(corrupt(format!("a target of {size} bytes")));
    }
    let len = usize::try_from(size).unwrap_or_default();
    let fork = inode.fork(ForkKind::Data);
    if fork.format == Format::Local {
        let target = fork.bytes.get(..len);
        return Ok(target.ok_or_else(|| corrupt(format!("{len} bytes in a smaller inode")))?.to_vec());
    }
    let mapping::Runs { runs, damage, .. } = mapping::runs(volume, inode, ForkKind::Data);
    let mut target = Vec::new();
    for run in runs {
        if target.len() >= len {
            break;
        }
        let most = (MAX_LINK * 2).div_ceil(volume.superblock.block_size());
        let bytes = volume.blocks(run.block, run.count.min(most))?;
        target.extend_from_slice(payload(volume, number, &bytes)?);
    }
    damage.map_or(Ok(()), Err)?;
    if target.len() < len {
        return Err(corrupt(format!("{} of {len} bytes of the target", target.len())));
    }
    target.truncate(len);
    Ok(target)
}

/// The part of a link's target in a run of blocks. mkfs.xfs forgets the header of version 5: the kernel
/// refuses such a link, but an auditor would rather see it.
fn payload<'b>(volume: &Volume, number: u64, bytes: &'b [u8]) -> Result<&'b [u8], FsError> {
    if !volume.has_checksums() {
        return Ok(bytes);
    }
    let record = Record::new("symbolic link block", bytes);
    if record.bytes(0, 4)? != b"XSLM" {
        volume.headless_link(number);
        return Ok(bytes);
    }
    volume.verify_of_inode(number, bytes, checksum::REMOTE);
    if record.u64_be(LINK_OWNER)? != number {
        volume.inode_mismatch(number);
    }
    Ok(record.bytes(56, record.u32_be(8)? as usize)?)
}
