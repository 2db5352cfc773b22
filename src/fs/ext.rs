//! ext2, ext3 and ext4, keyed by inode number.
//!
//! A dirty journal is replayed in memory; a lost superblock or descriptor table is taken from a backup; both
//! are said. What cannot be read without a key (fscrypt) is an error of that directory or file.
//!
//! Checksums are looked at where a wrong one decides what is read: the superblock's, and the journal's.
//! Elsewhere the structures' own limits are checked: an inode whose checksum is wrong is still evidence.
//!
//! Reference: the kernel's Documentation/filesystems/ext4/.

mod dir;
mod free;
mod groups;
mod inode;
mod journal;
mod map;
mod node;
mod overlay;
mod superblock;
mod xattr;

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::budget::Budget;
use crate::bytes::{Source, Span, read_vec};
use crate::finding::Loss;
use crate::fs::{Driver, FileSystem, FileType, FsError, Identity, Node, NodeId, Note, Usage, Visit};
use groups::Group;
use inode::{FLAG_ENCRYPT, FLAG_INLINE_DATA, Inode};
use journal::JournalGeometry;
use node::ExtNode;
use overlay::Overlay;
use superblock::{INCOMPAT_RECOVER, PRIMARY, Superblock};

/// The driver of ext2, ext3 and ext4.
pub const DRIVER: Driver = Driver { name: "ext", probe, open: open_boxed };

const ROOT: NodeId = NodeId(2);
/// Blocks of a directory that are read at once.
const DIRECTORY_RUN: u64 = 256 << 10;
/// Groups whose backups are tried, in this order.
const BACKUP_GROUPS: [u64; 8] = [1, 3, 5, 7, 9, 25, 27, 49];

/// An opened file system.
pub(crate) struct Ext {
    source: Arc<dyn Source>,
    sb: Superblock,
    groups: Vec<Group>,
    budget: Budget,
    notes: Vec<Note>,
}

fn probe(source: &dyn Source) -> bool {
    Superblock::is_marked(source, PRIMARY) || backup(source).is_some()
}

fn open_boxed(source: Arc<dyn Source>, budget: &Budget) -> Result<Box<dyn FileSystem>, FsError> {
    Ok(Box::new(Ext::open(source, budget)?))
}

/// The first backup superblock that is right, with its group.
fn backup(source: &dyn Source) -> Option<(Superblock, u64)> {
    for log_size in 0..7_u32 {
        let block_size = 1024_u64 << log_size;
        let first = u64::from(log_size == 0);
        // mke2fs fills a bitmap block: eight blocks of a group for each byte of a block.
        for group in BACKUP_GROUPS {
            let offset =
                group.saturating_mul(block_size * 8).saturating_add(first).saturating_mul(block_size);
            if !Superblock::is_marked(source, offset) {
                continue;
            }
            match Superblock::read(source, offset) {
                Ok(sb) if u64::from(sb.block_size) == block_size && sb.has_backup(group) => {
                    return Some((sb, group));
                }
                _ => {}
            }
        }
    }
    None
}

fn nothing_lost(text: impl Into<String>) -> Note {
    Note { loss: Loss::Nothing, text: text.into() }
}

impl Ext {
    fn open(source: Arc<dyn Source>, budget: &Budget) -> Result<Self, FsError> {
        let mut notes = Vec::new();
        let (sb, copy) = choose_superblock(&*source, &mut notes)?;
        let groups = choose_groups(&*source, &sb, copy, budget, &mut notes)?;
        if sb.blocks.saturating_mul(sb.block_size.into()) > source.len() {
            let text = format!(
                "the file system has {} bytes, the volume {}",
                sb.blocks.saturating_mul(sb.block_size.into()),
                source.len()
            );
            notes.push(Note { loss: Loss::Part, text });
        }
        let mut ext = Self { source, sb, groups, budget: *budget, notes };
        ext.replay();
        Ok(ext)
    }

    /// Replays a dirty journal; whatever goes wrong is a note, and the rest is read as it is.
    fn replay(&mut self) {
        if !self.sb.has_journal() || self.sb.incompat & INCOMPAT_RECOVER == 0 {
            return;
        }
        if self.sb.journal_inode == 0 {
            let text = format!(
                "the journal is dirty and on another device ({:#x}): it was not replayed",
                self.sb.journal_device
            );
            self.notes.push(Note { loss: Loss::File, text });
            return;
        }
        match self.journal().and_then(|geometry| journal::replay(&*self.source, &geometry, &self.budget)) {
            Ok(replay) => {
                self.notes.extend(replay.notes);
                let count = replay.blocks.len();
                self.notes.push(nothing_lost(format!(
                    "the journal was dirty: {} transactions ({count} blocks) were replayed in memory",
                    replay.transactions
                )));
                if count > 0 {
                    self.lay_over(replay.blocks);
                }
            }
            Err(error) => {
                self.notes.push(Note {
                    loss: Loss::File,
                    text: format!("the dirty journal could not be replayed: {error}"),
                });
            }
        }
    }

    fn lay_over(&mut self, blocks: std::collections::BTreeMap<u64, Vec<u8>>) {
        let overlay: Arc<dyn Source> =
            Arc::new(Overlay::new(Arc::clone(&self.source), self.sb.block_size, blocks));
        // The journal may change superblock and descriptors; where what it leaves is no such thing, keep the old.
        let sb = Superblock::read(&*overlay, PRIMARY).unwrap_or_else(|_| self.sb.clone());
        if let Ok(groups) = groups::read(&*overlay, &sb, 0, &self.budget)
            && groups::plausible(&groups, &sb)
        {
            self.groups = groups;
            self.sb = sb;
        }
        self.source = overlay;
    }

    fn journal(&self) -> Result<JournalGeometry, FsError> {
        let blocks =
            match self.inode(self.sb.journal_inode.into()).and_then(|inode| map::extents(self, &inode)) {
                Ok(blocks) if !blocks.is_empty() => blocks,
                result => self.journal_from_backup().map_err(|error| result.err().unwrap_or(error))?,
            };
        Ok(JournalGeometry {
            block_size: self.sb.block_size,
            blocks,
            fs_blocks: self.sb.blocks,
            fs_uuid: self.sb.uuid,
        })
    }

    /// The journal's map from the superblock's copy of its inode: 15 words, then the size, high word first.
    fn journal_from_backup(&self) -> Result<Vec<crate::fs::Extent>, FsError> {
        let words = crate::bytes::Record::new("journal backup", &self.sb.journal_backup);
        let mut raw = vec![0; 128];
        raw.get_mut(0..2).unwrap_or_default().copy_from_slice(&0o100_600_u16.to_le_bytes());
        raw.get_mut(0x1a..0x1b).unwrap_or_default().copy_from_slice(&[1]);
        raw.get_mut(4..8).unwrap_or_default().copy_from_slice(words.bytes(64, 4)?);
        raw.get_mut(0x6c..0x70).unwrap_or_default().copy_from_slice(words.bytes(60, 4)?);
        raw.get_mut(0x28..0x64).unwrap_or_default().copy_from_slice(words.bytes(0, 60)?);
        if self.sb.uses_extents() {
            raw.get_mut(0x20..0x24).unwrap_or_default().copy_from_slice(&inode::FLAG_EXTENTS.to_le_bytes());
        }
        map::extents(self, &Inode::parse(&raw, self.sb.journal_inode.into())?)
    }

    /// A block of metadata.
    fn block(&self, block: u64) -> Result<Vec<u8>, FsError> {
        if block >= self.sb.blocks {
            return Err(FsError::corrupt(
                "block",
                block,
                format!("lies beyond the file system's {} blocks", self.sb.blocks),
            ));
        }
        let offset = block.saturating_mul(self.sb.block_size.into());
        Ok(read_vec(&*self.source, offset, self.sb.block_size as usize)?)
    }

    fn inode(&self, number: u64) -> Result<Inode, FsError> {
        let missing = || FsError::corrupt("inode", number, format!("there are {} inodes", self.sb.inodes));
        let index =
            number.checked_sub(1).filter(|&index| index < self.sb.inodes.into()).ok_or_else(missing)?;
        let per_group = u64::from(self.sb.inodes_per_group);
        let group =
            usize::try_from(index / per_group).ok().and_then(|at| self.groups.get(at)).ok_or_else(missing)?;
        let size = u64::from(self.sb.inode_size);
        let table = group.inode_table.saturating_mul(self.sb.block_size.into());
        let offset = table.saturating_add((index % per_group).saturating_mul(size));
        Inode::parse(&read_vec(&*self.source, offset, self.sb.inode_size.into())?, number)
    }

    fn open_node(&self, number: u64) -> Result<ExtNode<'_>, FsError> {
        Ok(ExtNode::new(self, self.inode(number)?))
    }

    /// Entries that lie in the inode: the parent's number, entries; then more of them in an attribute.
    fn inline_directory(&self, inode: &Inode, visit: &mut Visit<'_>) -> Result<(), FsError> {
        let first = inode.block.get(4..).unwrap_or_default();
        if dir::entries(first, inode.number, self.sb.inodes, visit)?.is_break() {
            return Ok(());
        }
        let attributes = xattr::read(self, inode)?;
        if let Some((_, rest)) = attributes.iter().find(|(name, _)| name == b"system.data") {
            let _: ControlFlow<()> = dir::entries(rest, inode.number, self.sb.inodes, visit)?;
        }
        Ok(())
    }

    fn block_directory(&self, inode: &Inode, visit: &mut Visit<'_>) -> Result<(), FsError> {
        let mut first_error = None;
        let unit = self.sb.block_size as usize;
        for extent in map::extents(self, inode)? {
            let crate::fs::Place::Disk(place) = extent.place else {
                first_error.get_or_insert_with(|| FsError::corrupt("directory", inode.number, "has a hole"));
                continue;
            };
            let mut done = 0;
            while done < extent.len {
                let run = extent.len.saturating_sub(done).min(DIRECTORY_RUN);
                let bytes =
                    read_vec(&*self.source, place.saturating_add(done), usize::try_from(run).unwrap_or(0));
                done = done.saturating_add(run);
                let bytes = match bytes {
                    Ok(bytes) => bytes,
                    Err(error) => {
                        first_error.get_or_insert(error.into());
                        continue;
                    }
                };
                for block in bytes.chunks(unit) {
                    match dir::entries(block, inode.number, self.sb.inodes, visit) {
                        Ok(ControlFlow::Break(())) => return Ok(()),
                        Ok(ControlFlow::Continue(())) => {}
                        Err(error) => {
                            first_error.get_or_insert(error);
                        }
                    }
                }
            }
        }
        first_error.map_or(Ok(()), Err)
    }
}

fn choose_superblock(source: &dyn Source, notes: &mut Vec<Note>) -> Result<(Superblock, u64), FsError> {
    let primary = Superblock::read(source, PRIMARY);
    match primary {
        Ok(sb) if sb.checksum_ok => Ok((sb, 0)),
        Err(error @ FsError::Unsupported(_)) => Err(error),
        Ok(sb) => match backup(source) {
            Some((copy, group)) if copy.checksum_ok && copy.uuid == sb.uuid => {
                notes.push(nothing_lost(format!(
                    "the superblock's checksum is wrong: its backup in group {group} was used"
                )));
                Ok((copy, group))
            }
            _ => {
                notes.push(nothing_lost("the superblock's checksum is wrong"));
                Ok((sb, 0))
            }
        },
        Err(error) => match backup(source) {
            Some((copy, group)) => {
                notes.push(nothing_lost(format!(
                    "the superblock is damaged ({error}): its backup in group {group} was used"
                )));
                Ok((copy, group))
            }
            None => Err(error),
        },
    }
}

/// The descriptors beside the superblock, or their backups if those are not possible.
fn choose_groups(
    source: &dyn Source,
    sb: &Superblock,
    copy: u64,
    budget: &Budget,
    notes: &mut Vec<Note>,
) -> Result<Vec<Group>, FsError> {
    let first = groups::read(source, sb, copy, budget);
    if first.as_ref().is_ok_and(|groups| groups::plausible(groups, sb)) {
        return first;
    }
    let others = [0]
        .into_iter()
        .chain(BACKUP_GROUPS)
        .filter(|&group| group != copy && group < sb.groups() && sb.has_backup(group));
    for group in others {
        if let Ok(groups) = groups::read(source, sb, group, budget)
            && groups::plausible(&groups, sb)
        {
            notes.push(nothing_lost(format!(
                "the group descriptors are damaged: their backup in group {group} was used"
            )));
            return Ok(groups);
        }
    }
    let groups = first?;
    notes.push(Note {
        loss: Loss::Directory,
        text: "the group descriptors are damaged, and so are their backups".to_owned(),
    });
    Ok(groups)
}

impl FileSystem for Ext {
    fn identity(&self) -> Identity {
        let some = |bytes: &Vec<u8>| (!bytes.is_empty()).then(|| bytes.clone());
        Identity {
            kind: self.sb.kind(),
            uuid: Some(self.sb.uuid_text()),
            label: some(&self.sb.label),
            last_mounted: some(&self.sb.last_mounted),
        }
    }

    fn usage(&self) -> Usage {
        let unit = u64::from(self.sb.block_size);
        Usage {
            total: self.sb.blocks.saturating_mul(unit),
            free: self.sb.free_blocks.min(self.sb.blocks).saturating_mul(unit),
            block: self.sb.block_size.saturating_mul(self.sb.cluster_blocks),
        }
    }

    fn root(&self) -> NodeId {
        ROOT
    }

    fn read_dir(&self, dir: NodeId, visit: &mut Visit<'_>) -> Result<(), FsError> {
        let inode = self.inode(dir.0)?;
        if inode.metadata.file_type != FileType::Directory {
            return Err(FsError::corrupt("inode", dir.0, "is no directory"));
        }
        if inode.has(FLAG_ENCRYPT) {
            return Err(FsError::Unsupported(
                "encrypted directory (fscrypt): its names and files need a key that is not in the image"
                    .to_owned(),
            ));
        }
        if inode.has(FLAG_INLINE_DATA) {
            return self.inline_directory(&inode, visit);
        }
        self.block_directory(&inode, visit)
    }

    fn node(&self, id: NodeId) -> Result<Box<dyn Node + '_>, FsError> {
        Ok(Box::new(self.open_node(id.0)?))
    }

    fn unallocated(&self, visit: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError> {
        free::spans(self, visit)
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }
}
