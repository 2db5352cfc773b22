//! A file system in memory, built path by path: what detectors and the tree are tested on.

use std::ops::ControlFlow;

use super::table::{Listed, Listing};
use super::{
    Attribute, Extent, FileSystem, FileType, FsError, Identity, Metadata, Node, NodeId, Note, Place, Usage,
    Visit,
};
use crate::bytes::Span;

/// Paths with their content and metadata.
pub struct Memory {
    listing: Listing<Vec<u8>>,
}

impl Default for Memory {
    fn default() -> Self {
        let root = Listed {
            name: Vec::new(),
            metadata: Metadata::bare(FileType::Directory, 0o755, 0),
            children: Vec::new(),
            content: Vec::new(),
        };
        Self { listing: Listing { entries: vec![root] } }
    }
}

impl Memory {
    /// A file system with an empty root directory, owned by root.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file of mode 644 that belongs to root, and the directories above it.
    #[must_use]
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.entry(path, FileType::Regular, 0o644, content.as_ref())
    }

    /// Adds an empty directory of mode 755.
    #[must_use]
    pub fn directory(self, path: &str) -> Self {
        self.entry(path, FileType::Directory, 0o755, b"")
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn link(self, path: &str, target: &str) -> Self {
        self.entry(path, FileType::Symlink, 0o777, target.as_bytes())
    }

    /// Changes the metadata of what was added last.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Metadata)) -> Self {
        if let Some(last) = self.listing.entries.last_mut() {
            change(&mut last.metadata);
        }
        self
    }

    fn entry(mut self, path: &str, kind: FileType, mode: u16, content: &[u8]) -> Self {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let parent = above.split('/').filter(|part| !part.is_empty()).fold(0, |parent, part| {
            let directory = Metadata::bare(FileType::Directory, 0o755, 0);
            self.child(parent, part).unwrap_or_else(|| self.add(parent, part, directory, b""))
        });
        self.add(parent, name, Metadata::bare(kind, mode, content.len() as u64), content);
        self
    }

    fn add(&mut self, parent: u32, name: &str, metadata: Metadata, content: &[u8]) -> u32 {
        let name = name.as_bytes().to_vec();
        self.listing.add(parent, Listed { name, metadata, children: Vec::new(), content: content.to_vec() })
    }

    fn child(&self, parent: u32, name: &str) -> Option<u32> {
        let children = &self.listing.get(NodeId(parent.into()))?.children;
        let is_it = |&index: &u32| {
            self.listing.get(NodeId(index.into())).is_some_and(|child| child.name == name.as_bytes())
        };
        children.iter().copied().find(is_it)
    }

    fn listed(&self, id: NodeId) -> Result<&Listed<Vec<u8>>, FsError> {
        self.listing.get(id).ok_or_else(|| FsError::corrupt("entry", id.0, "there is none"))
    }
}

impl FileSystem for Memory {
    fn identity(&self) -> Identity {
        Identity { kind: "memory", ..Identity::default() }
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }

    fn root(&self) -> NodeId {
        NodeId(0)
    }

    fn read_dir(&self, dir: NodeId, visit: &mut Visit<'_>) -> Result<(), FsError> {
        self.listing.visit(self.listed(dir)?, visit);
        Ok(())
    }

    fn node(&self, id: NodeId) -> Result<Box<dyn Node + '_>, FsError> {
        let listed = self.listed(id)?;
        let whole = Extent { start: 0, len: listed.content.len() as u64, place: Place::Opaque };
        let extents = if listed.content.is_empty() { Vec::new() } else { vec![whole] };
        Ok(Box::new(MemoryNode { listed, extents }))
    }

    fn unallocated(&self, _: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError> {
        Ok(())
    }

    fn notes(&self) -> Vec<Note> {
        Vec::new()
    }
}

struct MemoryNode<'m> {
    listed: &'m Listed<Vec<u8>>,
    extents: Vec<Extent>,
}

impl Node for MemoryNode<'_> {
    fn metadata(&self) -> &Metadata {
        &self.listed.metadata
    }

    fn extents(&mut self) -> Result<&[Extent], FsError> {
        Ok(&self.extents)
    }

    fn read_at(&mut self, offset: u64, dst: &mut [u8]) -> Result<usize, FsError> {
        let from =
            usize::try_from(offset).ok().and_then(|at| self.listed.content.get(at..)).unwrap_or_default();
        let pairs = dst.iter_mut().zip(from);
        Ok(pairs.map(|(to, byte)| *to = *byte).count())
    }

    fn read_link(&mut self) -> Result<Vec<u8>, FsError> {
        Ok(self.listed.content.clone())
    }

    fn xattrs(&mut self) -> Result<Vec<Attribute>, FsError> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_make_their_directories_once() {
        let fs = Memory::new()
            .file("/etc/ssh/key", "secret")
            .file("/etc/ssh/other", "")
            .with(|metadata| metadata.uid = 7)
            .link("/etc/again", "ssh/key");
        let names = |id: u64| {
            let mut names = Vec::new();
            fs.read_dir(NodeId(id), &mut |name, node, _| {
                names.push((String::from_utf8(name.to_vec()).unwrap(), node.0));
                ControlFlow::Continue(())
            })
            .unwrap();
            names
        };
        assert_eq!(names(0), [("etc".to_owned(), 1)]);
        assert_eq!(names(1), [("ssh".to_owned(), 2), ("again".to_owned(), 5)]);
        assert_eq!(names(2), [("key".to_owned(), 3), ("other".to_owned(), 4)]);
        let mut content = [0; 4];
        assert_eq!(fs.node(NodeId(3)).unwrap().read_at(3, &mut content).unwrap(), 3);
        assert_eq!(&content[..3], b"ret");
        assert_eq!(fs.node(NodeId(4)).unwrap().metadata().uid, 7);
        assert_eq!(fs.node(NodeId(5)).unwrap().read_link().unwrap(), b"ssh/key");
    }
}
