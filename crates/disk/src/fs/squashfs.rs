//! squashfs 4.0: the packed, read-only file system of snaps, live systems and firmware.
//!
//! Everything is packed block by block, with one of six methods. A file is known by the reference of its
//! inode (block and byte in the table of inodes), which hard links share. Unpacked metadata and fragments
//! are kept in small shared caches, a file's own last block in its node.
//!
//! Not read: versions 1 to 3, which no kernel since 2009 writes. The export table, which finds inodes by
//! number, and the indexes of large directories are not needed.
//!
//! Reference: "The Squashfs Format", <https://dr-emann.github.io/squashfs/squashfs.html>, and Linux
//! `fs/squashfs/squashfs_fs.h`.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::{Driver, FileSystem, FsError, Identity, Node, NodeId, Note, Usage, Visit};
use crate::budget::Budget;
use crate::bytes::{Source, Span, read_vec};
use crate::gap::Loss;
use blocks::Data;
use inode::{Content, Inode};
use metadata::Metadata;
use superblock::Superblock;
use tables::{Attributes, Fragment, Fragments};

mod blocks;
mod directory;
mod inode;
mod metadata;
mod node;
mod superblock;
mod tables;
mod xattr;

/// The driver of squashfs.
pub const DRIVER: Driver = Driver { name: "squashfs", probe, by_backup: false, open };

fn probe(source: &dyn Source) -> bool {
    let magic = read_vec(source, 0, 4).unwrap_or_default();
    magic == superblock::MAGIC || magic == superblock::SWAPPED
}

fn open(source: Arc<dyn Source>, budget: &Budget) -> Result<Box<dyn FileSystem>, FsError> {
    Ok(Box::new(Squashfs::open(source, budget)?))
}

struct Squashfs {
    source: Arc<dyn Source>,
    superblock: Superblock,
    budget: Budget,
    tables: Metadata,
    owners: Vec<u32>,
    fragments: Fragments,
    attributes: Option<Attributes>,
    data: Data,
    notes: Vec<Note>,
}

impl Squashfs {
    fn open(source: Arc<dyn Source>, budget: &Budget) -> Result<Self, FsError> {
        let superblock = Superblock::read(&*source)?;
        let mut notes: Vec<Note> = cut_short(&*source, &superblock).into_iter().collect();
        let mut lost = |what: &str, loss: Loss, error: &FsError| {
            notes.push(Note { loss, text: format!("the table of {what} cannot be read: {error}") });
        };
        let tables = Metadata::new(Arc::clone(&source), superblock.method);
        let owners = tables::owners(&*source, &tables, &superblock).unwrap_or_else(|error| {
            lost("owners", Loss::Part, &error);
            Vec::new()
        });
        // Each file that needs the table says so again.
        let fragments = Fragments::read(&*source, &superblock).unwrap_or_else(|error| {
            lost("fragments", Loss::Part, &error);
            Fragments::none()
        });
        let attributes = Attributes::read(&*source, &superblock).unwrap_or_else(|error| {
            lost("attributes", Loss::Part, &error);
            None
        });
        let data = Data::new(Arc::clone(&source), superblock.method, superblock.block_size);
        let fs =
            Self { source, superblock, budget: *budget, tables, owners, fragments, attributes, data, notes };
        match fs.decode(fs.root())?.0.content {
            Content::Directory(_) => Ok(fs),
            _ => Err(FsError::corrupt("squashfs superblock", 0, "its root is no directory")),
        }
    }

    /// The inode, and the cursor behind it.
    fn decode(&self, id: NodeId) -> Result<(Inode, metadata::Cursor<'_>), FsError> {
        let mut cursor = self.tables.refer(self.superblock.inode_table, id.0)?;
        let inode = Inode::read(&mut cursor, &self.owners)?;
        Ok((inode, cursor))
    }

    fn fragment(&self, index: u32) -> Result<Fragment, FsError> {
        self.fragments.get(&self.tables, index)
    }
}

fn cut_short(source: &dyn Source, superblock: &Superblock) -> Option<Note> {
    let (total, there) = (superblock.bytes_used, source.len());
    (there < total).then(|| Note {
        loss: Loss::Part,
        text: format!("the file system is {total} bytes long, but only {there} bytes of it are there"),
    })
}

impl FileSystem for Squashfs {
    fn identity(&self) -> Identity {
        Identity { kind: "squashfs", ..Identity::default() }
    }

    fn usage(&self) -> Usage {
        let superblock = &self.superblock;
        // Blocks of files, and fragments, lie between the superblock and the inodes.
        let data = superblock.inode_table.saturating_sub(superblock::SIZE as u64).min(superblock.bytes_used);
        Usage { total: superblock.bytes_used, free: 0, block: superblock.block_size, data: Some(data) }
    }

    fn root(&self) -> NodeId {
        NodeId(self.superblock.root)
    }

    fn read_dir(&self, dir: NodeId, visit: &mut Visit<'_>) -> Result<(), FsError> {
        let (inode, _) = self.decode(dir)?;
        match inode.content {
            Content::Directory(listing) => {
                directory::read(&self.tables, self.superblock.directory_table, listing, visit)
            }
            _ => Err(FsError::corrupt("inode", inode.number.into(), "is no directory")),
        }
    }

    fn node(&self, id: NodeId) -> Result<Box<dyn Node + '_>, FsError> {
        let (inode, list) = self.decode(id)?;
        Ok(Box::new(node::SquashNode::new(self, inode, list)))
    }

    fn unallocated(&self, _: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError> {
        Ok(())
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }

    fn source(&self) -> Option<Arc<dyn Source>> {
        Some(Arc::clone(&self.source))
    }
}
