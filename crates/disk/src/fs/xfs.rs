//! XFS, versions 4 and 5.
//!
//! Read from the disk alone, with every checksum looked at. What a wrong checksum means here: a superblock is
//! used with a note (or that of another group, where the first makes no sense); the header of a group, an
//! inode, a block of extents, entries or attributes is read as it stands, for an auditor would rather see too
//! much, and [`FileSystem::notes`] counts them as losses: the kernel refuses them, and what they hide is not known. Only what makes no sense is an error. A dirty log is replayed
//! in memory, and everything is read through it.
//!
//! Not read: files on a realtime device, logs on another device, version 1 directories.

use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};

use super::remains::Take;
use super::{
    Area, Case, Driver, FileSystem, FsError, Identity, Node, NodeId, Note, Usage, Visit, magic, uuid_text,
};
use crate::budget::Budget;
use crate::bytes::{Source, Span, read_vec};
use crate::gap::Loss;
use superblock::{Superblock, incompat};
use volume::{Mismatches, Volume};

mod acl;
mod backup;
mod checksum;
mod directory;
mod free;
mod group;
mod inode;
mod log;
mod mapping;
mod node;
mod remains;
mod superblock;
mod volume;
mod xattr;

/// The driver of XFS. Its mark is sure.
pub const DRIVER: Driver = Driver { name: "xfs", probe, by_backup: false, open };

/// The same for volumes whose first superblock is gone. To be asked last: the backups of an older XFS outlive
/// the making of another file system in its place.
pub const FROM_BACKUP: Driver = Driver { name: "xfs", probe: probe_backup, by_backup: true, open };

fn probe(source: &dyn Source) -> bool {
    read_vec(source, 0, 4).is_ok_and(|magic| magic == superblock::MAGIC)
}

fn probe_backup(source: &dyn Source) -> bool {
    backup::is_beheaded(source) && magic::recognise(source).is_none() && backup::find(source).is_ok()
}

fn open(source: Arc<dyn Source>, budget: &Budget) -> Result<Box<dyn FileSystem>, FsError> {
    Ok(Box::new(Xfs::open(source, budget)?))
}

struct Xfs {
    volume: Volume,
    /// The source as it is, without what a dirty log changes.
    disk: Arc<dyn Source>,
    notes: Vec<Note>,
    /// In blocks.
    free: u64,
}

impl Xfs {
    fn open(source: Arc<dyn Source>, budget: &Budget) -> Result<Self, FsError> {
        let disk = Arc::clone(&source);
        let (superblock, mut notes) = find_superblock(&*source)?;
        let mut volume = Volume::new(source, superblock, budget);
        if let Some(recovered) = log::recover(&volume, &mut notes) {
            let replayed = Superblock::read(&*recovered.source, 0).unwrap_or(volume.superblock);
            replayed.check_features()?;
            volume = Volume::new(recovered.source, replayed, budget);
            volume.remaps = recovered.remaps;
        }
        let survey = group::survey(&volume);
        notes.extend(cut_short(&volume));
        if survey.unlinked > 0 {
            let text = format!(
                "{} inodes were deleted while open: they have no name and are not read",
                survey.unlinked
            );
            notes.push(Note { loss: Loss::Nothing, text });
        }
        let free = survey.free.unwrap_or(volume.superblock.free_blocks);
        Ok(Self { volume, disk, notes, free })
    }
}

/// The superblock, or a backup of it, and what is to say of it.
fn find_superblock(source: &dyn Source) -> Result<(Superblock, Vec<Note>), FsError> {
    let mut notes = Vec::new();
    let note = |text: String| Note { loss: Loss::Nothing, text };
    let superblock = match Superblock::read(source, 0) {
        // mkfs leaves this mark in the backups for ever.
        Ok(superblock) if superblock.in_progress => {
            return Err(FsError::Unsupported(
                "xfs: mkfs was interrupted, the file system is not whole".into(),
            ));
        }
        Ok(superblock) => superblock,
        // A version this program cannot read is an answer, no damage.
        Err(error @ FsError::Unsupported(_)) => return Err(error),
        Err(error) => {
            let found = backup::find(source).map_err(|_| error)?;
            let text =
                format!("the primary superblock is damaged; the backup of group {} is used", found.group);
            notes.push(note(text));
            found.superblock
        }
    };
    superblock.check_features()?;
    if !superblock.checksum_matches {
        let text = "the checksum of the superblock is wrong; it is used as it is".to_owned();
        notes.push(Note { loss: Loss::Part, text });
    }
    if superblock.incompat & incompat::NEEDSREPAIR != 0 {
        notes.push(note("the file system is marked as in need of xfs_repair".into()));
    }
    let unknown = superblock.unknown_ro_compat();
    if unknown != 0 {
        notes.push(note(format!("unknown read-only features {unknown:#x}")));
    }
    Ok((superblock, notes))
}

fn cut_short(volume: &Volume) -> Option<Note> {
    let total = volume.superblock.blocks << volume.superblock.block_log;
    let there = volume.source.len();
    (there < total).then(|| Note {
        loss: Loss::Part,
        text: format!("the file system is {total} bytes long, but only {there} bytes of it are there"),
    })
}

impl FileSystem for Xfs {
    fn identity(&self) -> Identity {
        let superblock = &self.volume.superblock;
        Identity {
            kind: "xfs",
            uuid: uuid_text(superblock.uuid),
            label: (!superblock.label.is_empty()).then(|| superblock.label.clone()),
            last_mounted: None,
        }
    }

    fn case(&self) -> Case {
        if self.volume.superblock.ignores_case { Case::Insensitive } else { Case::Sensitive }
    }

    fn usage(&self) -> Usage {
        let superblock = &self.volume.superblock;
        let total = superblock.blocks << superblock.block_log;
        let free = self.free.min(superblock.blocks) << superblock.block_log;
        Usage { total, free, block: 1 << superblock.block_log, data: None }
    }

    fn root(&self) -> NodeId {
        NodeId(self.volume.superblock.root)
    }

    fn read_dir(&self, dir: NodeId, visit: &mut Visit<'_>) -> Result<(), FsError> {
        directory::read(&self.volume, &self.volume.inode(dir.0)?, visit)
    }

    fn node(&self, id: NodeId) -> Result<Box<dyn Node + '_>, FsError> {
        Ok(Box::new(node::XfsNode::new(&self.volume, self.volume.inode(id.0)?)))
    }

    fn unallocated(&self, visit: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError> {
        free::unallocated(&self.volume, visit)
    }

    fn remains(&self, free: &[Span], take: &mut Take<'_>) -> Result<(), FsError> {
        remains::collect(&self.volume, &self.disk, free, take)
    }

    fn claims(&self, visit: &mut dyn FnMut(Area, Span)) -> Area {
        let superblock = &self.volume.superblock;
        let blocks = u64::from(superblock.log_blocks);
        if let Some(offset) = superblock.run_offset(superblock.log_start, blocks).filter(|&offset| offset > 0)
        {
            visit(Area::Journal, Span::new(offset, blocks << superblock.block_log));
        }
        Area::Structures
    }

    fn notes(&self) -> Vec<Note> {
        let mut notes = self.notes.clone();
        let mismatches = self.volume.mismatches.lock().unwrap_or_else(PoisonError::into_inner);
        let mut note = |loss: Loss, count: usize, first: Option<u64>, what: &str| {
            if let Some(first) = first {
                let text =
                    format!("wrong checksums: {count} {what}, the first {first}; they are read as they are");
                notes.push(Note { loss, text });
            }
        };
        let Mismatches { inodes, groups, links } = &*mismatches;
        // The kernel refuses both: what they hide, or point to in place of it, nobody knows.
        note(Loss::File, inodes.len(), inodes.first().copied(), "inodes");
        note(Loss::Part, groups.len(), groups.first().map(|&group| group.into()), "groups");
        // mkfs.xfs itself writes them so.
        note(Loss::Nothing, links.len(), links.first().copied(), "symbolic links without a header");
        notes
    }
}
