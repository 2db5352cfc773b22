//! A file whose content is a chain of clusters: of FAT, and of exFAT.

use super::table::{Chain, Table};
use crate::fs::mapped;
use crate::fs::{Attribute, Extent, FsError, Metadata, Node, Place};

/// How the clusters of a file are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::fs) enum Start {
    /// One after the other from this one on, as the table says.
    Chained(u32),
    /// exFAT: side by side from this one on; the table knows nothing of them.
    Piece(u32),
}

/// A node of a file system with such a table.
pub(in crate::fs) struct ChainNode<'f> {
    table: &'f Table,
    metadata: Metadata,
    start: Start,
    /// Bytes that were written; the rest of the file reads as zeros.
    written: u64,
    chain: Option<Chain>,
}

impl<'f> ChainNode<'f> {
    pub(in crate::fs) fn new(table: &'f Table, metadata: Metadata, start: Start) -> Self {
        Self { table, metadata, start, written: metadata.size, chain: None }
    }

    /// Only so many bytes of the file were written.
    pub(in crate::fs) fn written(mut self, written: u64) -> Self {
        self.written = written.min(self.metadata.size);
        self
    }

    fn chain(&mut self) -> &Chain {
        let (table, start, size, written) = (self.table, self.start, self.metadata.size, self.written);
        self.chain.get_or_insert_with(|| {
            let mut chain = table.of(start, size);
            if written < size {
                unwritten(&mut chain.extents, written);
            }
            chain
        })
    }
}

/// Makes what lies behind `written` bytes zeros.
pub(in crate::fs) fn unwritten(extents: &mut Vec<Extent>, written: u64) {
    let end = extents.last().map_or(0, |extent| extent.start.saturating_add(extent.len));
    extents.retain(|extent| extent.start < written);
    if let Some(last) = extents.last_mut() {
        last.len = last.len.min(written.saturating_sub(last.start));
    }
    if end > written {
        let len = end.saturating_sub(written);
        extents.push(Extent { start: written, len, place: Place::Unwritten });
    }
}

impl Node for ChainNode<'_> {
    fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    fn extents(&mut self) -> Result<&[Extent], FsError> {
        let chain = self.chain();
        chain.damage.as_ref().map_or(Ok(&chain.extents), |error| Err(error.clone()))
    }

    fn read_at(&mut self, offset: u64, dst: &mut [u8]) -> Result<usize, FsError> {
        let (table, size) = (self.table, self.metadata.size);
        let chain = self.chain();
        let held = chain.extents.last().map_or(0, |extent| extent.start.saturating_add(extent.len));
        match &chain.damage {
            Some(error) if offset >= held && offset < size && !dst.is_empty() => Err(error.clone()),
            _ => mapped::read(&*table.source, &chain.extents, size, offset, dst),
        }
    }

    fn read_link(&mut self) -> Result<Vec<u8>, FsError> {
        Err(FsError::Unsupported("FAT has no symbolic links".to_owned()))
    }

    fn xattrs(&mut self) -> Result<Vec<Attribute>, FsError> {
        Ok(Vec::new())
    }
}
