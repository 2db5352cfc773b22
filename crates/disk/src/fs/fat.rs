//! FAT12, FAT16 and FAT32: the EFI system partition, and sticks.
//!
//! A node is known by where its directory entry lies, in bytes; the root is 0. FAT has no checksums, so when
//! a volume is opened its whole tree is followed once (`check`): clusters that belong to two files, to no
//! file, or lie behind a file's end are notes, for there something is not what it seems or is not looked
//! at. A chain that is broken in the first copy of the table is followed in the next.
//!
//! FAT keeps neither owners nor modes: 0755 for directories, 0644 for files, 0444 for those that are
//! read-only, owned by root. Its times are local times of an unknown zone, taken for UTC. Short names are
//! read in code page 437.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::remains::Take;
use super::{
    Case, Driver, Extent, FileSystem, FileType, FsError, Identity, Metadata, Node, NodeId, Note, Place,
    Usage, Visit, magic,
};
use crate::budget::Budget;
use crate::bytes::{Source, Span, read_vec};
use crate::gap::Loss;
use boot::Boot;
use directory::{ENTRY, Entry, Listed, Slot};
use node::{ChainNode, Start};
use table::{Chain, Table, Width};

mod boot;
mod check;
pub(super) mod directory;
pub(super) mod node;
mod remains;
pub(super) mod table;
pub(super) mod vacant;

/// The driver of FAT.
///
/// Its probe also takes a FAT32 volume whose first sector is gone, by the backup of it.
pub const DRIVER: Driver = Driver { name: "vfat", probe, by_backup: false, open };

const ROOT: u64 = 0;

fn probe(source: &dyn Source) -> bool {
    boot::describes_volume(source) || magic::recognise(source).is_none() && Boot::backup(source).is_some()
}

fn open(source: Arc<dyn Source>, budget: &Budget) -> Result<Box<dyn FileSystem>, FsError> {
    Ok(Box::new(Fat::open(source, budget)?))
}

struct Fat {
    table: Table,
    boot: Boot,
    label: Option<Vec<u8>>,
    /// In bytes.
    free: u64,
    notes: Vec<Note>,
    /// Entries that are looked at for deleted ones.
    most_entries: u64,
}

impl Fat {
    fn open(source: Arc<dyn Source>, budget: &Budget) -> Result<Self, FsError> {
        let mut notes = Vec::new();
        let boot = match Boot::read(&*source).ok().filter(|_| boot::describes_volume(&*source)) {
            Some(boot) => boot,
            None => {
                let text = "the boot sector is damaged; its backup is used".to_owned();
                notes.push(Note { loss: Loss::Nothing, text });
                Boot::backup(&*source).map_or_else(|| Boot::read(&*source), Ok)?
            }
        };
        let table = Table {
            source,
            width: boot.width,
            copies: boot.tables.clone(),
            clusters: boot.clusters,
            data: boot.data,
            cluster: boot.cluster,
            limit: budget.extents,
        };
        let mut fat = Self { table, boot, label: None, free: 0, notes, most_entries: budget.entries };
        let check::Checked { label, free, notes } = check::check(&fat, budget)?;
        fat.label = label.filter(|label| label != b"NO NAME");
        fat.free = free;
        fat.notes.extend(notes);
        Ok(fat)
    }

    fn is_wide(&self) -> bool {
        self.boot.width == Width::Fat32
    }

    /// The entry that lies at `place`.
    fn entry(&self, place: u64) -> Result<Entry, FsError> {
        let bytes = read_vec(&*self.table.source, place, ENTRY)?;
        match directory::slot(&bytes) {
            Slot::Entry => Entry::parse(&bytes, self.is_wide()),
            _ => Err(FsError::corrupt("directory entry", place, "is not in use")),
        }
    }

    /// Where the entries of a directory lie: of the root, or of what `entry` names.
    fn directory(&self, entry: Option<&Entry>) -> Chain {
        let (place, len) = self.boot.root;
        match entry {
            None if !self.is_wide() => {
                let extent = Extent { start: 0, len, place: Place::Disk(place) };
                Chain { extents: vec![extent], ..Chain::default() }
            }
            None => self.table.chain(self.boot.root_cluster, u64::MAX),
            Some(entry) => self.table.chain(entry.cluster, u64::MAX),
        }
    }

    /// Hands on what a directory holds, the label too; returns how many parts of long names have no file.
    ///
    /// # Errors
    /// The first [`FsError`] met, after all that could be read was handed on.
    fn list(&self, chain: &Chain, each: &mut directory::Each<'_>) -> Result<u64, FsError> {
        let orphans = directory::read(&*self.table.source, &chain.extents, self.is_wide(), each)?;
        chain.damage.as_ref().map_or(Ok(orphans), |error| Err(error.clone()))
    }
}

impl FileSystem for Fat {
    fn identity(&self) -> Identity {
        let serial = self.boot.serial;
        Identity {
            kind: "vfat",
            uuid: Some(format!("{:04X}-{:04X}", serial >> 16, serial & 0xffff)),
            label: self.label.clone(),
            last_mounted: None,
        }
    }

    fn case(&self) -> Case {
        Case::Insensitive
    }

    fn usage(&self) -> Usage {
        let block = u32::try_from(self.boot.cluster).unwrap_or(u32::MAX);
        Usage { total: self.boot.size, free: self.free, block, data: None }
    }

    fn root(&self) -> NodeId {
        NodeId(ROOT)
    }

    fn read_dir(&self, dir: NodeId, visit: &mut Visit<'_>) -> Result<(), FsError> {
        let entry = if dir.0 == ROOT { None } else { Some(self.entry(dir.0)?) };
        if entry.as_ref().is_some_and(|entry| !entry.is_directory) {
            return Err(FsError::corrupt("directory entry", dir.0, "is no directory"));
        }
        let each = &mut |listed: Listed| {
            if listed.entry.is_label {
                return ControlFlow::Continue(());
            }
            visit(&listed.name, listed.id, Some(listed.entry.metadata.file_type))
        };
        self.list(&self.directory(entry.as_ref()), each).map(|_| ())
    }

    fn node(&self, id: NodeId) -> Result<Box<dyn Node + '_>, FsError> {
        let (metadata, cluster) = match id.0 {
            ROOT => (root_metadata(), 0),
            place => self.entry(place).map(|entry| (entry.metadata, entry.cluster))?,
        };
        Ok(Box::new(ChainNode::new(&self.table, metadata, Start::Chained(cluster))))
    }

    fn unallocated(&self, visit: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError> {
        self.table.unallocated(visit)
    }

    fn remains(&self, free: &[Span], take: &mut Take<'_>) -> Result<(), FsError> {
        remains::remains(self, free, take)
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }
}

/// The root has no entry that would say anything of it.
pub(super) fn root_metadata() -> Metadata {
    Metadata::bare(FileType::Directory, 0o755, 0)
}
