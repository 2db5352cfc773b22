//! A file of a disc: its record, the records it goes on in, and its fields.

use super::Iso;
use super::record::Entry;
use super::rock_ridge::Fields;
use crate::fs::mapped;
use crate::fs::{Attribute, Extent, FileType, FsError, Metadata, Node, Place};

/// Parts of one file: 4 GiB each.
const MAX_PARTS: usize = 4096;

/// A node of a disc.
pub(super) struct IsoNode<'a> {
    iso: &'a Iso,
    number: u64,
    metadata: Metadata,
    extents: Vec<Extent>,
    link: Option<Vec<u8>>,
    /// Why the content cannot be read.
    closed: Option<&'static str>,
}

impl<'a> IsoNode<'a> {
    pub(super) fn new(iso: &'a Iso, entry: Entry, fields: Fields) -> Result<Self, FsError> {
        let mut node = Self {
            iso,
            number: entry.at,
            metadata: metadata(&entry, &fields),
            extents: Vec::new(),
            link: None,
            closed: None,
        };
        match node.metadata.file_type {
            FileType::Regular => {
                node.closed = if fields.packed {
                    Some("a file packed by zisofs")
                } else if entry.interleaved {
                    Some("an interleaved file")
                } else {
                    None
                };
                node.find_parts(entry)?;
            }
            FileType::Symlink => {
                node.metadata.size = fields.link.as_ref().map_or(0, |link| link.len() as u64);
                node.link = fields.link;
            }
            FileType::Directory => node.metadata.size = entry.size.into(),
            _ => {}
        }
        Ok(node)
    }

    /// The parts of the file: its record's, and those of the records it goes on in.
    fn find_parts(&mut self, first: Entry) -> Result<(), FsError> {
        let mut entry = first;
        loop {
            let (start, len) = (self.metadata.size, u64::from(entry.size));
            if len > 0 {
                self.extents.push(Extent { start, len, place: Place::Disk(entry.place) });
                self.metadata.size = start.saturating_add(len);
            }
            if !entry.goes_on {
                return Ok(());
            }
            let next = self.iso.behind(&entry)?;
            if next.name != entry.name || self.extents.len() > MAX_PARTS {
                return Err(self.corrupt("the file's next part is missing"));
            }
            entry = next;
        }
    }

    fn corrupt(&self, problem: &str) -> FsError {
        FsError::corrupt("directory record at", self.number, problem)
    }
}

fn metadata(entry: &Entry, fields: &Fields) -> Metadata {
    let mode = fields.posix.map_or(0, |posix| posix.mode);
    let file_type = match mode >> 12 & 0xf {
        _ if fields.child.is_some() => FileType::Directory,
        0x1 => FileType::Fifo,
        0x2 => FileType::CharDevice,
        0x6 => FileType::BlockDevice,
        0xa => FileType::Symlink,
        0xc => FileType::Socket,
        _ if entry.is_dir => FileType::Directory,
        _ => FileType::Regular,
    };
    let modified = fields.modified.unwrap_or(entry.recorded);
    let plain = if entry.is_dir { 0o555 } else { 0o444 };
    Metadata {
        file_type,
        size: 0,
        mode: fields.posix.map_or(plain, |posix| u16::try_from(posix.mode & 0o7777).unwrap_or(plain)),
        uid: fields.posix.map_or(0, |posix| posix.uid),
        gid: fields.posix.map_or(0, |posix| posix.gid),
        links: fields.posix.map_or(1, |posix| posix.links),
        modified,
        changed: fields.changed.unwrap_or(modified),
        accessed: fields.accessed.unwrap_or(modified),
        created: fields.created,
    }
}

impl Node for IsoNode<'_> {
    fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    fn extents(&mut self) -> Result<&[Extent], FsError> {
        match self.closed {
            Some(why) => Err(FsError::Unsupported(why.to_owned())),
            None => Ok(&self.extents),
        }
    }

    fn read_at(&mut self, offset: u64, dst: &mut [u8]) -> Result<usize, FsError> {
        if let Some(why) = self.closed {
            return Err(FsError::Unsupported(why.to_owned()));
        }
        let size = self.metadata.size;
        mapped::read(&*self.iso.source, &self.extents, size, offset, dst)
    }

    fn read_link(&mut self) -> Result<Vec<u8>, FsError> {
        self.link.clone().ok_or_else(|| self.corrupt("is no symbolic link"))
    }

    fn xattrs(&mut self) -> Result<Vec<Attribute>, FsError> {
        Ok(Vec::new())
    }
}
