//! Files that are no more, as a file system of their own: so they are listed, read and searched like all others.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::content::{self, Map};
use super::remains::{Content, Fate};
use super::table::{Listed, Listing};
use super::{
    Attribute, Extent, FileSystem, FileType, FsError, Identity, Metadata, Node, NodeId, Note, Usage, Visit,
};
use crate::bytes::{Source, Span};

/// How sure it is that what was recovered is the file that it is taken for.
///
/// None of the first two may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// There was an entry or an inode; nothing of the content is left.
    NameOnly,
    /// The layout of the content is assumed.
    Guessed,
    /// Some of its bytes were written over since, or cannot be found.
    Partial,
    /// All of it is there, and something is not proved: no checksum, no size, or not all that was written since is known.
    Likely,
    /// Its inode and its map have right checksums, and none of its blocks was written since.
    Whole,
    /// A checksum of the content itself holds.
    Proved,
}

impl Grade {
    /// All of them, the surest first.
    pub const ALL: [Self; 6] =
        [Self::Proved, Self::Whole, Self::Likely, Self::Partial, Self::Guessed, Self::NameOnly];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proved => "proved",
            Self::Whole => "whole",
            Self::Likely => "likely",
            Self::Partial => "partial",
            Self::Guessed => "guessed",
            Self::NameOnly => "name-only",
        }
    }

    /// The one that is called `name`.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grade| grade.name() == name)
    }
}

/// How a file came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// How sure it is.
    pub grade: Grade,
    /// What has become of the file.
    pub fate: Fate,
    /// Number of its inode in the file system that it was in.
    pub inode: u64,
    /// Runs of the file that are lost, and read as zeros.
    pub lost: Vec<Span>,
    /// Where its inode was found, in bytes of the source of the file system.
    pub found_at: u64,
}

/// A file that came back.
#[derive(Clone)]
pub struct Recovered {
    /// Its path in the file system: parts that each begin with a slash.
    pub path: Vec<u8>,
    /// What its inode said.
    pub metadata: Metadata,
    /// Its content; places are those of the source of the file system.
    pub content: Content,
    /// How it came back.
    pub recovery: Recovery,
}

/// Opens files that came back, sorted by their paths, as a file system. `source` is that of the file system they were in.
pub fn open(source: Arc<dyn Source>, files: Vec<Recovered>) -> Box<dyn FileSystem> {
    let mut listing = Listing { entries: vec![directory(Vec::new())] };
    let mut parents = Parents::default();
    for file in files {
        let (dir, name) = match memchr::memrchr(b'/', &file.path) {
            Some(at) => file.path.split_at(at),
            None => (&[][..], file.path.as_slice()),
        };
        let parent = parents.of(&mut listing, dir);
        let name = name.strip_prefix(b"/").unwrap_or(name).to_vec();
        let content = Some((file.content, file.recovery));
        listing.add(parent, Listed { name, metadata: file.metadata, children: Vec::new(), content });
    }
    Box::new(RecoveredFiles { source, listing })
}

type Kept = Option<(Content, Recovery)>;

fn directory(name: Vec<u8>) -> Listed<Kept> {
    let metadata = Metadata::bare(FileType::Directory, 0o700, 0);
    Listed { name, metadata, children: Vec::new(), content: None }
}

/// The directories that were made so far, by path.
#[derive(Default)]
struct Parents {
    made: std::collections::HashMap<Vec<u8>, u32>,
}

impl Parents {
    /// The index of the directory at `path`, which is made with all those above it.
    fn of(&mut self, listing: &mut Listing<Kept>, path: &[u8]) -> u32 {
        let mut parent = 0;
        let mut above = Vec::with_capacity(path.len());
        for part in path.split(|&byte| byte == b'/').filter(|part| !part.is_empty()) {
            above.push(b'/');
            above.extend_from_slice(part);
            parent = match self.made.get(&above) {
                Some(&known) => known,
                None => {
                    let index = listing.add(parent, directory(part.to_vec()));
                    self.made.insert(above.clone(), index);
                    index
                }
            };
        }
        parent
    }
}

struct RecoveredFiles {
    source: Arc<dyn Source>,
    listing: Listing<Kept>,
}

impl RecoveredFiles {
    fn entry(&self, id: NodeId) -> Result<&Listed<Kept>, FsError> {
        self.listing.get(id).ok_or_else(|| FsError::corrupt("entry", id.0, "there is no such entry"))
    }
}

impl FileSystem for RecoveredFiles {
    fn identity(&self) -> Identity {
        Identity { kind: "deleted files", ..Identity::default() }
    }

    fn usage(&self) -> Usage {
        Usage { total: self.source.len(), free: 0, block: 512, data: None }
    }

    fn root(&self) -> NodeId {
        NodeId(0)
    }

    fn read_dir(&self, dir: NodeId, visit: &mut Visit<'_>) -> Result<(), FsError> {
        self.listing.visit(self.entry(dir)?, visit);
        Ok(())
    }

    fn node(&self, id: NodeId) -> Result<Box<dyn Node + '_>, FsError> {
        let listed = self.entry(id)?;
        let size = listed.metadata.size;
        let (content, reader) = match &listed.content {
            None | Some((Content::Lost, _)) => (content::Content::memory(Vec::new(), 0), &*self.source),
            Some((Content::Bytes(bytes), _)) => {
                (content::Content::memory(bytes.clone(), size), &*self.source)
            }
            Some((Content::Extents(extents), _)) => {
                let map = Map { extents: extents.clone(), damage: None };
                (content::Content::mapped(map, size), &*self.source)
            }
            Some((Content::Decoded { source, .. }, _)) => {
                let len = source.len().min(size);
                let mut map = Map::default();
                let _only = content::append(&mut map.extents, len, super::Place::Disk(0), 1);
                (content::Content::mapped(map, size), &**source)
            }
        };
        let is_elsewhere = matches!(listed.content, Some((Content::Decoded { .. }, _)));
        Ok(Box::new(RecoveredNode { listed, content, reader, is_elsewhere }))
    }

    fn unallocated(&self, _visit: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError> {
        Ok(())
    }

    fn inode_number(&self, id: NodeId) -> u64 {
        let recovery = self.recovery(id);
        recovery.map_or(id.0, |recovery| recovery.inode)
    }

    fn recovery(&self, id: NodeId) -> Option<&Recovery> {
        self.listing.get(id)?.content.as_ref().map(|(_, recovery)| recovery)
    }

    fn notes(&self) -> Vec<Note> {
        Vec::new()
    }
}

struct RecoveredNode<'a> {
    listed: &'a Listed<Kept>,
    content: content::Content,
    reader: &'a dyn Source,
    /// Whether places of the content are none of the source.
    is_elsewhere: bool,
}

impl Node for RecoveredNode<'_> {
    fn metadata(&self) -> &Metadata {
        &self.listed.metadata
    }

    fn extents(&mut self) -> Result<&[Extent], FsError> {
        // What its reader makes of packed blocks has no place.
        Ok(if self.is_elsewhere { &[] } else { self.content.extents() })
    }

    fn read_at(&mut self, offset: u64, dst: &mut [u8]) -> Result<usize, FsError> {
        self.content.read_at(self.reader, self.listed.metadata.size, offset, dst)
    }

    fn read_link(&mut self) -> Result<Vec<u8>, FsError> {
        let size = self.listed.metadata.size;
        let mut target = vec![0; usize::try_from(size).unwrap_or(usize::MAX).min(super::MAX_LINK)];
        let read = self.read_at(0, &mut target)?;
        target.truncate(read);
        Ok(target)
    }

    fn xattrs(&mut self) -> Result<Vec<Attribute>, FsError> {
        Ok(Vec::new())
    }
}
