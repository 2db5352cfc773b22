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
use std::sync::Arc;

use super::{Area, Case, Driver, FileSystem, FsError, Identity, Node, NodeId, Note, Usage, Visit};
use crate::budget::Budget;
use crate::bytes::{Source, Span};
use crate::gap::Loss;
use superblock::{Superblock, ro_compat};

mod backup;
mod checksum;
mod claims;
mod directory;
mod directory_checksum;
mod fast_commit;
mod free;
mod groups;
mod inode;
pub mod journal;
mod ledger;
mod mapping;
mod node;
mod recovery;
mod remains;
mod remap;
mod superblock;
mod unnamed;
mod volume;
mod xattr;

use fast_commit::FastCommits;
use ledger::Ledger;
use recovery::Recovered;
use volume::Volume;

/// The driver of ext2, ext3 and ext4.
pub const DRIVER: Driver = Driver { name: "ext", probe, by_backup: false, open };

/// The same for volumes whose primary superblock is zeroed, and that have a sound backup. Drivers that know their mark
/// for sure should be asked first.
pub const FROM_BACKUP: Driver = Driver { name: "ext", probe: probe_backup, by_backup: true, open };

const ROOT: u64 = 2;

fn probe(source: &dyn Source) -> bool {
    superblock::has_magic(source)
}

fn probe_backup(source: &dyn Source) -> bool {
    backup::could_be_damaged(source)
        && backup::find(source).is_some_and(|found| backup::belongs_to(source, &found))
}

/// Whether the mark of a superblock is in its place.
pub(super) fn has_superblock(source: &dyn Source) -> bool {
    superblock::has_magic(source)
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
            Some(Recovered { source, fast_commits }) => {
                let superblock = Superblock::read(&*source, superblock::PRIMARY).unwrap_or(volume.superblock);
                let (mut volume, notes) = assemble(source, superblock, budget)?;
                volume.fast_commits = fast_commits;
                (volume, notes)
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
    // A feature this program cannot read is an answer, no damage; but not from a damaged superblock.
    let usable = match &primary {
        Ok(superblock) => superblock.checksum_matches,
        Err(error) => matches!(error, FsError::Unsupported(_)) && !superblock::is_damaged(source),
    };
    let (superblock, mut notes) = if usable {
        let superblock = primary?;
        let notes = compared(source, &superblock);
        (superblock, notes)
    } else {
        replaced(source, primary)?
    };
    if superblock.journal_inum != 0 && !superblock.has_compat(superblock::compat::HAS_JOURNAL) {
        let text = "a journal is named, but the superblock says that there is none; it was not replayed";
        notes.push(Note { loss: Loss::File, text: text.into() });
    }
    let unknown = superblock.ro_compat & !ro_compat::KNOWN;
    if unknown != 0 {
        let text = format!("unknown read-only features {unknown:#x}");
        notes.push(Note { loss: Loss::Nothing, text });
    }
    Ok((superblock, notes))
}

/// The backup of a damaged superblock; without one, what is left of the primary.
fn replaced(
    source: &dyn Source,
    primary: Result<Superblock, FsError>,
) -> Result<(Superblock, Vec<Note>), FsError> {
    if let Some(backup) = backup::find(source).filter(|found| backup::belongs_to(source, found)) {
        let group = backup.block_group_nr;
        let text = format!("the primary superblock is damaged; the backup of group {group} is used");
        return Ok((backup, vec![Note { loss: Loss::Nothing, text }]));
    }
    let text = "the checksum of the superblock is wrong and there is no backup; it is used as it is";
    Ok((primary?, vec![Note { loss: Loss::Volume, text: text.into() }]))
}

/// A superblock without a checksum is compared with its backup.
fn compared(source: &dyn Source, primary: &Superblock) -> Vec<Note> {
    let Some(backup) = backup::of(source, primary).or_else(|| {
        let unsure = !primary.has_ro_compat(ro_compat::METADATA_CSUM) && primary.group_count() > 1;
        unsure.then(|| backup::find(source)).flatten().filter(|found| found.uuid == primary.uuid)
    }) else {
        return Vec::new();
    };
    let differences = backup::differences(primary, &backup);
    if differences.is_empty() {
        return Vec::new();
    }
    let (group, names) = (backup.block_group_nr, differences.join(", "));
    let text = format!("the superblock and its backup of group {group} differ in: {names}");
    vec![Note { loss: Loss::Volume, text }]
}

fn assemble(
    source: Arc<dyn Source>,
    superblock: Superblock,
    budget: &Budget,
) -> Result<(Volume, Vec<Note>), FsError> {
    let (groups, notes) = groups::read(&*source, &superblock, budget)?;
    let (ledger, fast_commits) = (Ledger::default(), FastCommits::default());
    Ok((Volume { source, superblock, groups, budget: *budget, ledger, fast_commits }, notes))
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

    fn case(&self) -> Case {
        let by_directory = self.volume.superblock.has_incompat(superblock::incompat::CASEFOLD);
        if by_directory { Case::ByDirectory } else { Case::Sensitive }
    }

    fn usage(&self) -> Usage {
        let superblock = &self.volume.superblock;
        let block = u64::from(superblock.block_size);
        let total = superblock.blocks_count.saturating_mul(block);
        let clusters =
            self.volume.groups.iter().fold(0_u64, |sum, group| sum.saturating_add(group.free_clusters));
        let free = clusters.saturating_mul(superblock.cluster_ratio).saturating_mul(block).min(total);
        Usage { total, free, block: superblock.block_size, data: None }
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

    fn unnamed(&self, named: &dyn Fn(NodeId) -> bool, visit: &mut dyn FnMut(NodeId)) -> Result<(), FsError> {
        unnamed::unnamed(&self.volume, named, visit)
    }

    fn unallocated(&self, visit: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError> {
        free::unallocated(&self.volume, visit)
    }

    fn remains(&self, free: &[Span], take: &mut super::remains::Take<'_>) -> Result<(), FsError> {
        remains::remains(&self.volume, free, take)
    }

    fn claims(&self, visit: &mut dyn FnMut(Area, Span)) -> Area {
        claims::claims(&self.volume, visit);
        Area::Unclaimed
    }

    fn source(&self) -> Option<Arc<dyn Source>> {
        Some(Arc::clone(&self.volume.source))
    }

    fn notes(&self) -> Vec<Note> {
        let mut notes = self.notes.clone();
        notes.extend(self.volume.ledger.notes());
        notes
    }
}
