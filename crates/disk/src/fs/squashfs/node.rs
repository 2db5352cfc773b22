//! A file: its inode, and its content once somebody asks for it.

use super::Squashfs;
use super::blocks::{Block, Map};
use super::inode::{Content, Inode};
use super::metadata::Cursor;
use super::xattr;
use crate::bytes::Span;
use crate::fs::{Attribute, Extent, FsError, Metadata, Node};

/// A node of a squashfs.
pub(super) struct SquashNode<'a> {
    fs: &'a Squashfs,
    inode: Inode,
    /// Where the list of blocks begins.
    list: Cursor<'a>,
    map: Option<Map>,
    extents: Option<Vec<Extent>>,
    /// The block unpacked last, by its index in the file.
    last: Option<u64>,
    unpacked: Vec<u8>,
}

impl<'a> SquashNode<'a> {
    pub(super) fn new(fs: &'a Squashfs, inode: Inode, list: Cursor<'a>) -> Self {
        Self { fs, inode, list, map: None, extents: None, last: None, unpacked: Vec::new() }
    }

    fn corrupt(&self, problem: String) -> FsError {
        FsError::corrupt("inode", self.inode.number.into(), problem)
    }

    /// The map of blocks; none for what is no file.
    fn map(&mut self) -> Result<Option<&Map>, FsError> {
        let Content::File(file) = &self.inode.content else { return Ok(None) };
        if self.map.is_none() {
            let unit = self.fs.superblock.block_size.into();
            let size = self.inode.metadata.size;
            self.map = Some(Map::read(&mut self.list, file, size, unit, self.fs.budget.extents)?);
        }
        Ok(self.map.as_ref())
    }

    /// Reads from block `index` of the file, from byte `skip` of it on.
    fn read_block(&mut self, index: u64, skip: usize, dst: &mut [u8]) -> Result<usize, FsError> {
        let Some(map) = self.map()? else { return Ok(0) };
        let len = usize::try_from(map.part(index).1).unwrap_or(0);
        let block = usize::try_from(index).ok().and_then(|index| map.blocks.get(index)).copied();
        let wanted = len.saturating_sub(skip).min(dst.len());
        let dst = dst.get_mut(..wanted).unwrap_or_default();
        let Some(block) = block else { return self.read_tail(len, skip, dst) };
        if block.is_hole() {
            dst.fill(0);
        } else if wanted == len {
            // A whole block needs no copy.
            let found = self.fs.data.unpack(block, dst)?;
            self.check(index, found, len)?;
        } else {
            if self.last != Some(index) {
                self.last = None;
                self.unpacked.resize(len, 0);
                let found = self.fs.data.unpack(block, &mut self.unpacked)?;
                self.check(index, found, len)?;
                self.last = Some(index);
            }
            dst.copy_from_slice(self.unpacked.get(skip..skip + wanted).unwrap_or_default());
        }
        Ok(wanted)
    }

    fn check(&self, index: u64, found: usize, wanted: usize) -> Result<(), FsError> {
        if found == wanted {
            return Ok(());
        }
        Err(self.corrupt(format!("{found} bytes come out of block {index}, which has {wanted}")))
    }

    /// Reads from the tail end of `len` bytes, which lies in a fragment.
    fn read_tail(&self, len: usize, skip: usize, dst: &mut [u8]) -> Result<usize, FsError> {
        let Content::File(file) = &self.inode.content else { return Ok(0) };
        let Some((index, offset)) = file.fragment else { return Ok(0) };
        let fragment = self.fs.fragment(index)?;
        let fragment = self.fs.data.fragment(fragment)?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let tail = start.checked_add(len).and_then(|end| fragment.get(start..end)).ok_or_else(|| {
            let there = fragment.len();
            self.corrupt(format!("{len} bytes at {offset} of fragment {index}, which has {there}"))
        })?;
        dst.copy_from_slice(tail.get(skip..skip + dst.len()).unwrap_or_default());
        Ok(dst.len())
    }
}

impl Node for SquashNode<'_> {
    fn metadata(&self) -> &Metadata {
        &self.inode.metadata
    }

    fn extents(&mut self) -> Result<&[Extent], FsError> {
        if self.extents.is_none() {
            self.extents = Some(self.map()?.map(Map::extents).unwrap_or_default());
        }
        Ok(self.extents.as_deref().unwrap_or_default())
    }

    fn packed(&mut self) -> Vec<Span> {
        let Content::File(file) = &self.inode.content else { return Vec::new() };
        let fragment = file.fragment.and_then(|(index, _)| self.fs.fragment(index).ok());
        let fragment = fragment.map(|fragment| Block { place: fragment.place, size: fragment.size });
        let blocks = self.map().ok().flatten().map(|map| map.blocks.as_slice()).unwrap_or_default();
        blocks.iter().chain(&fragment).map(|block| block.span()).collect()
    }

    fn first_place(&mut self) -> Option<u64> {
        let Content::File(file) = &self.inode.content else { return None };
        let size = self.inode.metadata.size;
        match file.fragment {
            _ if size == 0 => None,
            Some((index, _)) if size < self.fs.superblock.block_size.into() => {
                self.fs.fragment(index).ok().map(|fragment| fragment.place)
            }
            _ => Some(file.start),
        }
    }

    fn read_at(&mut self, offset: u64, dst: &mut [u8]) -> Result<usize, FsError> {
        let unit = u64::from(self.fs.superblock.block_size);
        let mut done = 0;
        while let Some(room) = dst.get_mut(done..).filter(|room| !room.is_empty()) {
            let at = offset.saturating_add(done as u64);
            if at >= self.inode.metadata.size {
                break;
            }
            let skip = usize::try_from(at % unit).unwrap_or(0);
            match self.read_block(at / unit, skip, room) {
                Ok(0) => break,
                Ok(read) => done += read,
                // What came before it is returned; the next read meets it again.
                Err(_) if done > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn read_link(&mut self) -> Result<Vec<u8>, FsError> {
        match &self.inode.content {
            Content::Link(target) => Ok(target.clone()),
            _ => Err(self.corrupt("is no symbolic link".to_owned())),
        }
    }

    fn xattrs(&mut self) -> Result<Vec<Attribute>, FsError> {
        let Some(index) = self.inode.attributes else { return Ok(Vec::new()) };
        let table = self.fs.attributes.as_ref();
        let table = table.ok_or_else(|| self.corrupt(format!("attributes {index}, and no table of them")))?;
        xattr::read(&self.fs.tables, table, index)
    }
}
