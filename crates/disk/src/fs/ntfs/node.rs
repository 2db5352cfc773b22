//! A node: a file or one of its streams, and its content once somebody asks for it.

use super::file::File;
use super::record::kind;
use super::reparse::Reparse;
use super::value::{Unpacked, Value};
use super::volume::Volume;
use crate::bytes::Record;
use crate::fs::{Attribute, Extent, FileType, FsError, Metadata, Node};

/// Windows allows no more extended attributes, in bytes.
const EA_LIMIT: u64 = 64 << 10;

/// A node of an NTFS volume.
pub(super) struct NtfsNode<'a> {
    volume: &'a Volume,
    file: File,
    stream: u64,
    metadata: Metadata,
    content: Option<Value>,
    unpacked: Unpacked,
}

impl<'a> NtfsNode<'a> {
    pub(super) fn new(volume: &'a Volume, file: File, stream: u64) -> Self {
        let metadata = file.metadata(stream);
        Self { volume, file, stream, metadata, content: None, unpacked: None }
    }

    fn open(&mut self) -> Result<(), FsError> {
        if self.content.is_none() {
            self.content = Some(match self.metadata.file_type {
                FileType::Regular => self.file.content(self.volume, self.stream)?,
                _ => Value::memory(Vec::new()),
            });
        }
        Ok(())
    }
}

impl Node for NtfsNode<'_> {
    fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    fn extents(&mut self) -> Result<&[Extent], FsError> {
        self.open()?;
        Ok(self.content.as_ref().map_or(&[][..], |content| &content.extents))
    }

    fn read_at(&mut self, offset: u64, dst: &mut [u8]) -> Result<usize, FsError> {
        self.open()?;
        let Self { volume, content, unpacked, .. } = self;
        content.as_ref().map_or(Ok(0), |content| content.read(volume, offset, dst, unpacked))
    }

    fn read_link(&mut self) -> Result<Vec<u8>, FsError> {
        match &self.file.reparse {
            Some(Reparse::Link(target)) if self.stream == 0 => Ok(target.clone()),
            _ => Err(FsError::corrupt("file record", self.file.number, "is no symbolic link")),
        }
    }

    fn xattrs(&mut self) -> Result<Vec<Attribute>, FsError> {
        if self.stream > 0 || !self.file.attributes.iter().any(|one| one.kind == kind::EA) {
            return Ok(Vec::new());
        }
        let bytes = self.file.value(self.volume, kind::EA, b"")?.whole(self.volume, EA_LIMIT)?;
        extended(&bytes)
    }
}

/// Extended attributes, as OS/2 had them and WSL uses them, sorted.
fn extended(bytes: &[u8]) -> Result<Vec<Attribute>, FsError> {
    let record = Record::new("extended attributes", bytes);
    let (mut attributes, mut at) = (Vec::new(), 0_usize);
    loop {
        let rest = record.part("extended attribute", at, bytes.len().saturating_sub(at))?;
        let (name_len, value_len) = (usize::from(rest.u8(5)?), usize::from(rest.u16_le(6)?));
        let name = rest.bytes(8, name_len)?.to_vec();
        attributes.push((name, rest.bytes(name_len + 9, value_len)?.to_vec()));
        let next = rest.u32_le(0)? as usize;
        at = at.saturating_add(next);
        if next == 0 || at >= bytes.len() {
            attributes.sort();
            return Ok(attributes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_attributes_are_read_to_the_last() {
        let one = [16, 0, 0, 0, 0, 1, 2, 0, b'B', 0, 7, 8, 0, 0, 0, 0];
        let two = [0, 0, 0, 0, 0, 1, 1, 0, b'A', 0, 9, 0];
        let all = extended(&[&one[..], &two].concat()).unwrap();
        assert_eq!(all, [(b"A".to_vec(), vec![9]), (b"B".to_vec(), vec![7, 8])]);
        assert!(extended(&one[..11]).is_err());
    }
}
