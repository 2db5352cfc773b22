//! What a file system still holds of files that it no longer has, as its driver finds it: earlier versions of inodes and
//! of directory entries in journals, logs, free blocks and records not in use. What they add up to is decided above.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Extent, FileType, Metadata, Time};
use crate::bytes::{Source, Span};

/// A file, for as long as it lived: the number of an inode is used again, and with it the generation is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Life {
    /// Number of the node: what the file system calls it while it is there ([`super::NodeId`]).
    pub number: u64,
    /// What the file system counts up, or draws, when the number is used again; 0 where it has no such thing.
    pub generation: u64,
}

/// How sure it is that a version was found as it once was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proof {
    /// The layout of its content is assumed: a cluster chain, or blocks before those that are known.
    Guessed,
    /// It makes sense, and has no checksum; or its size was not kept.
    Plausible,
    /// The checksum of its inode holds, and that of all that maps its content.
    Checked,
    /// So does a checksum of the content itself.
    Content,
}

/// What has become of a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// The file is still there: this is how it was before.
    Changed,
    /// It was deleted, then where that is known.
    Deleted(Option<Time>),
}

/// Content as a version had it.
#[derive(Clone)]
pub enum Content {
    /// Nothing is left but what the inode says.
    Lost,
    /// It was kept in the inode, or in another structure that was found.
    Bytes(Vec<u8>),
    /// It lies in the source of the file system, whose bytes may have been used since. Parts come in order and without
    /// gaps, and end at the size or before it.
    Extents(Vec<Extent>),
    /// It was packed, or its places are no offsets of the source: what reads it, and the runs of the source that it needs,
    /// where they are known.
    Decoded {
        /// The content.
        source: Arc<dyn Source>,
        /// Where it lies.
        spans: Vec<Span>,
    },
}

/// An inode as it once was.
#[derive(Clone)]
pub struct Version {
    /// Whose it is.
    pub life: Life,
    /// Grows with time within the file system: the number of a transaction, of a log record, of a generation. Of what has
    /// no such number: 0.
    pub order: u64,
    /// What the inode said.
    pub metadata: Metadata,
    /// Its content.
    pub content: Content,
    /// How well it is proved.
    pub proof: Proof,
    /// What has become of the life.
    pub fate: Fate,
    /// Where the inode was found, in bytes of the file system's source.
    pub found_at: u64,
}

/// A directory entry as it once was. `..` is one, where only it names the parent: it gives no file a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// Number of the directory's inode.
    pub dir: u64,
    /// The generation of the directory, where the entry is proved to be of that life.
    pub dir_generation: Option<u64>,
    /// The name's bytes.
    pub name: Vec<u8>,
    /// Number of the inode that it led to.
    pub child: u64,
    /// The generation of that, where the entry says it.
    pub child_generation: Option<u64>,
    /// The type, where the entry says it.
    pub file_type: Option<FileType>,
    /// As [`Version::order`].
    pub order: u64,
    /// How well it is proved.
    pub proof: Proof,
}

/// Something that is left.
#[derive(Clone)]
pub enum Remain {
    /// An inode.
    Version(Version),
    /// A directory entry.
    Name(Name),
    /// The bytes at `span` of the source were written as `order` was: by the file system itself, for a directory or a table.
    /// What lay there before is gone.
    Used {
        /// Which bytes.
        span: Span,
        /// When: as [`Version::order`].
        order: u64,
    },
    /// From this order on everything is known that was written to the file system: between a version and now nothing else
    /// can have used its blocks and left no trace.
    KnownSince(u64),
}

/// Takes what is left of a file system, until it breaks.
pub type Take<'t> = dyn FnMut(Remain) -> ControlFlow<()> + 't;
