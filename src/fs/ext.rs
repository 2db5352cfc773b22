//! ext2, ext3 and ext4.
//!
//! Read from the disk alone, with every checksum looked at. What a wrong checksum means here: a superblock
//! is used with a note (or its backup, where the primary makes no sense); a group descriptor is replaced by
//! a backup that is right; an inode, a block of extents or of entries is read as it stands, for an auditor
//! would rather see too much, and [`FileSystem::notes`] counts the inodes concerned. Only what makes no
//! sense is an error. A dirty journal is replayed in memory, and everything is read through it.
//!
//! Not read: what fscrypt encrypted, the features compression and dirdata, journals on other devices.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Driver, FileSystem, FsError, Identity, Node, NodeId, Note, Usage, Visit};
use crate::budget::Budget;
use crate::bytes::{Source, Span};
use crate::finding::Loss;
use superblock::{Superblock, ro_compat};

mod checksum;
mod directory;
mod free;
mod groups;
mod inode;
pub mod journal;
mod mapping;
mod node;
mod overlay;
mod recovery;
mod superblock;
mod volume;
mod xattr;

use volume::Volume;

/// The driver of ext2, ext3 and ext4.
///
/// Its probe also takes a source whose primary superblock is zeroed but has a sound backup; drivers that
/// know their mark for sure should be asked first.
pub const DRIVER: Driver = Driver { name: "ext", probe, open };

const ROOT: u64 = 2;

fn probe(source: &dyn Source) -> bool {
    superblock::has_magic(source)
        || superblock::is_zeroed(source) && superblock::find_backup(source).is_some()
}

fn open(source: Arc<dyn Source>, budget: &Budget) -> Result<Box<dyn FileSystem>, FsError> {
    Ok(Box::new(Ext::open(source, budget)?))
}

struct Ext {
    volume: Volume,
    notes: Vec<Note>,
}

impl Ext {
    fn open(source: Arc<dyn Source>, budget: &Budget) -> Result<Self, FsError> {
        let (superblock, mut notes) = find_superblock(&*source)?;
        let from_backup = superblock.block_group_nr != 0;
        let (volume, group_notes) = assemble(source, superblock, budget)?;
        let (volume, group_notes) = match recovery::recover(&volume, from_backup, budget, &mut notes) {
            None => (volume, group_notes),
            Some(replayed) => {
                let superblock =
                    Superblock::read(&*replayed, superblock::PRIMARY).unwrap_or(volume.superblock);
                assemble(replayed, superblock, budget)?
            }
        };
        notes.extend(group_notes);
        notes.extend(cut_short(&volume));
        Ok(Self { volume, notes })
    }
}

/// The superblock, or a backup of it, and what is to say of it.
fn find_superblock(source: &dyn Source) -> Result<(Superblock, Vec<Note>), FsError> {
    let primary = Superblock::read(source, superblock::PRIMARY);
    let mut notes = Vec::new();
    let mut note = |text: String| notes.push(Note { loss: Loss::Nothing, text });
    let superblock = match primary {
        Ok(superblock) => superblock,
        // A feature this program cannot read is an answer, no damage.
        Err(error @ FsError::Unsupported(_)) => return Err(error),
        Err(error) => {
            let backup = superblock::find_backup(source).ok_or(error)?;
            note(format!(
                "the primary superblock is damaged; the backup of group {} is used",
                backup.block_group_nr
            ));
            backup
        }
    };
    if !superblock.checksum_matches {
        note("the checksum of the superblock is wrong; it is used as it is".into());
    }
    let unknown = superblock.ro_compat & !ro_compat::KNOWN;
    if unknown != 0 {
        note(format!("unknown read-only features {unknown:#x}"));
    }
    Ok((superblock, notes))
}

fn assemble(
    source: Arc<dyn Source>,
    superblock: Superblock,
    budget: &Budget,
) -> Result<(Volume, Vec<Note>), FsError> {
    let (groups, notes) = groups::read(&*source, &superblock, budget)?;
    let mismatches = Mutex::default();
    Ok((Volume { source, superblock, groups, budget: *budget, mismatches }, notes))
}

fn cut_short(volume: &Volume) -> Option<Note> {
    let total = volume.superblock.blocks_count.saturating_mul(volume.superblock.block_size.into());
    let there = volume.source.len();
    (there < total).then(|| Note {
        loss: Loss::Part,
        text: format!("the file system is {total} bytes long, but only {there} bytes of it are there"),
    })
}

impl FileSystem for Ext {
    fn identity(&self) -> Identity {
        let superblock = &self.volume.superblock;
        let filled = |bytes: &Vec<u8>| (!bytes.is_empty()).then(|| bytes.clone());
        Identity {
            kind: superblock.kind(),
            uuid: super::uuid_text(superblock.uuid),
            label: filled(&superblock.volume_name),
            last_mounted: filled(&superblock.last_mounted),
        }
    }

    fn usage(&self) -> Usage {
        let superblock = &self.volume.superblock;
        let block = u64::from(superblock.block_size);
        let total = superblock.blocks_count.saturating_mul(block);
        let clusters =
            self.volume.groups.iter().fold(0_u64, |sum, group| sum.saturating_add(group.free_clusters));
        let free = clusters.saturating_mul(superblock.cluster_ratio).saturating_mul(block).min(total);
        Usage { total, free, block: superblock.block_size }
    }

    fn root(&self) -> NodeId {
        NodeId(ROOT)
    }

    fn read_dir(&self, dir: NodeId, visit: &mut Visit<'_>) -> Result<(), FsError> {
        directory::read(&self.volume, &self.volume.inode(dir.0)?, visit)
    }

    fn node(&self, id: NodeId) -> Result<Box<dyn Node + '_>, FsError> {
        Ok(Box::new(node::ExtNode::new(&self.volume, self.volume.inode(id.0)?)))
    }

    fn unallocated(&self, visit: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError> {
        free::unallocated(&self.volume, visit)
    }

    fn source(&self) -> Option<Arc<dyn Source>> {
        Some(Arc::clone(&self.volume.source))
    }

    fn notes(&self) -> Vec<Note> {
        let mut notes = self.notes.clone();
        let mismatches = self.volume.mismatches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = mismatches.first() {
            let count = mismatches.len();
            let text =
                format!("wrong checksums: {count} inodes, the first {first}; they are read as they are");
            notes.push(Note { loss: Loss::Nothing, text });
        }
        notes
    }
}
