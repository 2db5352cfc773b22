//! A file system whose entries were all listed when it was opened: what exFAT and a mounted tree share.

use std::ops::ControlFlow;

use super::{FileType, Metadata, NodeId, Visit};

/// One entry.
pub(super) struct Listed<C> {
    pub(super) name: Vec<u8>,
    pub(super) metadata: Metadata,
    /// Indexes of the entries in it.
    pub(super) children: Vec<u32>,
    /// Where its content is.
    pub(super) content: C,
}

/// All entries; the root is the first.
pub(super) struct Listing<C> {
    pub(super) entries: Vec<Listed<C>>,
}

impl<C> Listing<C> {
    pub(super) fn get(&self, id: NodeId) -> Option<&Listed<C>> {
        self.entries.get(usize::try_from(id.0).ok()?)
    }

    /// Appends an entry to the directory `parent`, and returns its index.
    pub(super) fn add(&mut self, parent: u32, entry: Listed<C>) -> u32 {
        let index = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        self.entries.push(entry);
        if let Some(parent) = self.entries.get_mut(parent as usize) {
            parent.children.push(index);
        }
        index
    }

    pub(super) fn visit(&self, dir: &Listed<C>, visit: &mut Visit<'_>) {
        for &index in &dir.children {
            let Some(child) = self.entries.get(index as usize) else { continue };
            let kind: Option<FileType> = Some(child.metadata.file_type);
            if visit(&child.name, NodeId(index.into()), kind) == ControlFlow::Break(()) {
                return;
            }
        }
    }
}
