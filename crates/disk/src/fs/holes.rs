//! What of a file is there: a file of 15 TiB may be a few blocks and a hole, and whoever reads all of it reads zeros for
//! hours.

use super::{FileSystem, FsError, Node, Place};
use crate::bytes::{Source, Span};

/// Runs of a volume's bytes that are counted; one with more is taken as full.
const RUNS: usize = 1 << 16;
/// A volume up to this size in bytes is taken as full.
const SMALL: u64 = 16 << 30;

/// Bytes of the volume that the image has, as far as that is simple to say: a disk of 16 TiB may be a few blocks. 0 where
/// the host has the files.
pub fn volume_bytes(fs: &dyn FileSystem) -> u64 {
    let total = fs.usage().total;
    fs.source().map_or(total, |source| source_bytes(&*source).min(total))
}

/// The same of any bytes.
pub fn source_bytes(source: &dyn Source) -> u64 {
    let len = source.len();
    if len <= SMALL {
        return len;
    }
    let (mut bytes, mut at) = (0_u64, 0);
    for _ in 0..RUNS {
        let Ok(Some(run)) = source.next_data(at) else { return bytes.min(len) };
        bytes = bytes.saturating_add(run.len);
        at = run.offset.saturating_add(run.len);
    }
    len
}

/// What of a file is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Where it has data, in order; also where damage hides it: whoever reads there learns why it cannot be read.
    pub data: Vec<Span>,
    /// Bytes of the data that is not hidden.
    pub data_bytes: u64,
    /// Bytes that are zeros and lie nowhere.
    pub hole_bytes: u64,
}

impl Content {
    /// That of a file.
    ///
    /// # Errors
    /// Of the file system.
    pub fn of(node: &mut dyn Node) -> Result<Self, FsError> {
        let size = node.metadata().size;
        let (mut content, mut lost_bytes) = (Self::default(), 0_u64);
        for extent in node.extents()? {
            let end = extent.start.saturating_add(extent.len).min(size);
            if matches!(extent.place, Place::Hole | Place::Unwritten) || end <= extent.start {
                continue;
            }
            let len = end.saturating_sub(extent.start);
            let sum = if extent.place == Place::Lost { &mut lost_bytes } else { &mut content.data_bytes };
            *sum = sum.saturating_add(len);
            match content.data.last_mut() {
                Some(last) if last.offset.saturating_add(last.len) == extent.start => {
                    last.len = last.len.saturating_add(len);
                }
                _ => content.data.push(Span::new(extent.start, len)),
            }
        }
        content.hole_bytes = size.saturating_sub(content.data_bytes).saturating_sub(lost_bytes);
        Ok(content)
    }

    /// Whether reading it with its holes costs little more than reading its data: then nobody needs to count them.
    pub fn is_dense(&self) -> bool {
        self.hole_bytes <= self.data_bytes.saturating_mul(4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::{Extent, FileType, Metadata};

    struct Sparse(Metadata, Vec<Extent>);

    impl Node for Sparse {
        fn metadata(&self) -> &Metadata {
            &self.0
        }

        fn extents(&mut self) -> Result<&[Extent], FsError> {
            Ok(&self.1)
        }

        fn read_at(&mut self, _: u64, _: &mut [u8]) -> Result<usize, FsError> {
            Ok(0)
        }

        fn read_link(&mut self) -> Result<Vec<u8>, FsError> {
            Ok(Vec::new())
        }

        fn xattrs(&mut self) -> Result<Vec<(Vec<u8>, Vec<u8>)>, FsError> {
            Ok(Vec::new())
        }
    }

    #[test]
    fn what_no_extent_has_is_a_hole() {
        let at = |start, len, place| Extent { start, len, place };
        let extents = vec![
            at(0, 4096, Place::Disk(8192)),
            at(4096, 4096, Place::Disk(40960)),
            at(8192, 4096, Place::Unwritten),
            at(12288, 8192, Place::Opaque),
        ];
        let mut file = Sparse(Metadata::bare(FileType::Regular, 0o644, 15 << 40), extents);
        let content = Content::of(&mut file).unwrap();
        assert_eq!(content.data, [Span::new(0, 8192), Span::new(12288, 8192)]);
        assert_eq!((content.data_bytes, content.hole_bytes), (16384, (15 << 40) - 16384));
        assert!(!content.is_dense());
    }
}
