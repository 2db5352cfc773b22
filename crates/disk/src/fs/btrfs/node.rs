//! A file: its inode, and its content once somebody asks for it.

use super::Btrfs;
use super::data::{Damage, Data};
use super::entry;
use super::inode::Inode;
use super::mapping::{Content, Map, Packed, Part};
use super::packed;
use crate::bytes::Span;
use crate::fs::{Attribute, Extent, FileType, FsError, Metadata, Node};

/// No link of Linux is longer.
const MAX_LINK: u64 = 65536;

/// A node of a btrfs file system.
pub(super) struct BtrfsNode<'a> {
    fs: &'a Btrfs,
    /// Index of its subvolume.
    subvolume: usize,
    inode: Inode,
    map: Option<Map>,
    /// The packed part that was asked for last, unpacked as a whole.
    unpacked: Option<(Packed, Vec<u8>)>,
    damage: Damage,
}

impl<'a> BtrfsNode<'a> {
    pub(super) fn new(fs: &'a Btrfs, subvolume: usize, inode: Inode) -> Self {
        Self { fs, subvolume, inode, map: None, unpacked: None, damage: Damage::default() }
    }

    fn map(&mut self) -> &mut Map {
        let (fs, subvolume, inode) = (self.fs, self.subvolume, &self.inode);
        self.map.get_or_insert_with(|| match inode.metadata.file_type {
            FileType::Regular | FileType::Symlink => Map::of(fs, subvolume, inode),
            _ => Map::default(),
        })
    }

    /// Fills `dst` with the bytes at `skip` of a part.
    fn part(&mut self, part: &Part, skip: u64, dst: &mut [u8]) -> Result<(), FsError> {
        let checked = self.inode.has_checksums();
        let data = Data { volume: &self.fs.volume, checksums: &self.fs.checksums };
        match &part.content {
            Content::Hole | Content::Unwritten => dst.fill(0),
            Content::Plain { logical } => {
                data.read(logical.saturating_add(skip), dst, checked, &mut self.damage)?;
            }
            Content::Packed(packed) => {
                let skip = packed.skip.saturating_add(skip);
                fill(dst, self.unpack(packed)?, skip);
            }
            Content::Inline { bytes, method: None, .. } => fill(dst, bytes, skip),
            Content::Inline { bytes, method: Some(method), ram_len, .. } => {
                let sector = self.fs.volume.superblock.sector_size as usize;
                let bytes =
                    packed::unpack(*method, bytes, *ram_len, sector).map_err(|text| self.corrupt(text))?;
                fill(dst, &bytes, skip);
            }
        }
        Ok(())
    }

    /// The whole extent that `packed` is a part of; kept until another one is asked for.
    fn unpack(&mut self, packed: &Packed) -> Result<&[u8], FsError> {
        let whole = Packed { skip: 0, ..*packed };
        if self.unpacked.as_ref().is_none_or(|(kept, _)| *kept != whole) {
            let superblock = &self.fs.volume.superblock;
            let data = Data { volume: &self.fs.volume, checksums: &self.fs.checksums };
            let mut bytes = vec![0; usize::try_from(packed.disk_len).unwrap_or_default()];
            data.read(packed.logical, &mut bytes, self.inode.has_checksums(), &mut self.damage)?;
            let sector = superblock.sector_size as usize;
            let bytes = packed::unpack(packed.method, &bytes, packed.ram_len, sector)
                .map_err(|text| self.corrupt(format!("{text} (extent at {})", packed.logical)))?;
            self.unpacked = Some((whole, bytes));
        }
        Ok(self.unpacked.as_ref().map(|(_, bytes)| bytes.as_slice()).unwrap_or_default())
    }

    fn corrupt(&self, problem: String) -> FsError {
        FsError::corrupt("content of inode", self.inode.number, problem)
    }
}

/// Fills `dst` with `bytes` from `skip` on, and with zeros behind their end.
fn fill(dst: &mut [u8], bytes: &[u8], skip: u64) {
    let found = usize::try_from(skip).ok().and_then(|skip| bytes.get(skip..)).unwrap_or_default();
    let len = found.len().min(dst.len());
    if let (Some((head, tail)), Some(found)) = (dst.split_at_mut_checked(len), found.get(..len)) {
        head.copy_from_slice(found);
        tail.fill(0);
    }
}

impl Node for BtrfsNode<'_> {
    fn metadata(&self) -> &Metadata {
        &self.inode.metadata
    }

    fn extents(&mut self) -> Result<&[Extent], FsError> {
        match self.map() {
            Map { damage: Some(error), .. } => Err(error.clone()),
            map => Ok(&map.extents),
        }
    }

    fn packed(&mut self) -> Vec<Span> {
        let fs = self.fs;
        if fs.volume.superblock.device_count != 1 {
            return Vec::new();
        }
        // The first copy: what further ones hold is searched as it is.
        let runs = |part: &Part| match &part.content {
            Content::Packed(packed) => fs.volume.runs(packed.logical, packed.disk_len),
            Content::Plain { logical } => fs.volume.runs(*logical, part.len),
            Content::Hole | Content::Unwritten | Content::Inline { .. } => Vec::new(),
        };
        self.map().parts.iter().flat_map(runs).collect()
    }

    fn read_at(&mut self, offset: u64, dst: &mut [u8]) -> Result<usize, FsError> {
        let left = self.inode.metadata.size.saturating_sub(offset);
        let room = dst.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let dst = dst.get_mut(..room).unwrap_or_default();
        let mut index = self.map().position(offset);
        let mut done = 0_usize;
        while let Some(room) = dst.get_mut(done..).filter(|room| !room.is_empty()) {
            let map = self.map();
            let Some(part) = map.parts.get_mut(index) else {
                match &map.damage {
                    Some(_) if done > 0 => break,
                    Some(error) => return Err(error.clone()),
                    None => room.fill(0),
                }
                return Ok(dst.len());
            };
            let at = offset.saturating_add(done as u64).saturating_sub(part.start);
            let len = usize::try_from(part.len.saturating_sub(at)).unwrap_or(usize::MAX).min(room.len());
            // Taken out while it is read, for its content can be long.
            let taken = Part { content: std::mem::replace(&mut part.content, Content::Hole), ..*part };
            let result = self.part(&taken, at, room.get_mut(..len).unwrap_or_default());
            if let Some(part) = self.map().parts.get_mut(index) {
                *part = taken;
            }
            match result {
                Ok(()) => done = done.saturating_add(len),
                Err(_) if done > 0 => break,
                Err(error) => return Err(error),
            }
            index = index.saturating_add(1);
        }
        Ok(done)
    }

    fn read_link(&mut self) -> Result<Vec<u8>, FsError> {
        let size = self.inode.metadata.size;
        if self.inode.metadata.file_type != FileType::Symlink {
            return Err(FsError::corrupt("inode", self.inode.number, "is no symbolic link"));
        }
        if size > MAX_LINK {
            return Err(FsError::corrupt(
                "inode",
                self.inode.number,
                format!("a symbolic link of {size} bytes"),
            ));
        }
        let mut target = vec![0; usize::try_from(size).unwrap_or_default()];
        let mut filled = 0_usize;
        while let Some(room) = target.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.read_at(filled as u64, room)? {
                0 => break,
                read => filled = filled.saturating_add(read),
            }
        }
        target.truncate(filled);
        Ok(target)
    }

    fn xattrs(&mut self) -> Result<Vec<Attribute>, FsError> {
        entry::attributes(self.fs, self.subvolume, self.inode.number)
    }

    fn damage(&self) -> Option<String> {
        let Damage { sectors, first } = self.damage;
        (sectors > 0).then(|| {
            format!("wrong checksums: {sectors} sectors, the first at logical address {first}; they were read as they are")
        })
    }
}

/// The directory that stands for a subvolume in a snapshot of the one around it: empty.
pub(super) struct Placeholder(pub(super) Metadata);

impl Node for Placeholder {
    fn metadata(&self) -> &Metadata {
        &self.0
    }

    fn extents(&mut self) -> Result<&[Extent], FsError> {
        Ok(&[])
    }

    fn read_at(&mut self, _: u64, _: &mut [u8]) -> Result<usize, FsError> {
        Ok(0)
    }

    fn read_link(&mut self) -> Result<Vec<u8>, FsError> {
        Err(FsError::corrupt("inode", 2, "is no symbolic link"))
    }

    fn xattrs(&mut self) -> Result<Vec<Attribute>, FsError> {
        Ok(Vec::new())
    }
}
