//! exFAT: sticks and cards of more than 32 GB.
//!
//! The tree is listed once when the volume is opened, for a file is a set of entries that may lie apart. As
//! FAT it keeps neither owners nor modes. A set whose checksum is wrong is not listed: the directory is
//! damaged then, and says so.

use std::collections::{HashSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::fat::node::{ChainNode, Start};
use super::fat::root_metadata;
use super::fat::table::{Table, Width};
use super::mapped;
use super::remains::Take;
use super::table::{Listed, Listing};
use super::{
    Case, Driver, Extent, FileSystem, FileType, FsError, Identity, Node, NodeId, Note, Usage, Visit, magic,
};
use crate::budget::Budget;
use crate::bytes::{Source, Span};
use crate::gap::Loss;
use boot::Boot;
use directory::{Content, Item};

mod boot;
mod directory;
mod remains;

/// The driver of exFAT.
///
/// Its probe also takes a volume whose boot sector is gone, by the backup of it.
pub const DRIVER: Driver = Driver { name: "exfat", probe, by_backup: false, open };

/// The specification allows no larger directory, in bytes.
const DIRECTORY_LIMIT: u64 = 256 << 20;
/// How many times the files may have all bytes of the volume together.
const SHARED: u64 = 8;
/// Memory that an entry takes while it is listed, in bytes, its name apart.
const ENTRY_COST: u64 = 256;

fn probe(source: &dyn Source) -> bool {
    boot::has_mark(source) || magic::recognise(source).is_none() && Boot::backup(source).is_some()
}

fn open(source: Arc<dyn Source>, budget: &Budget) -> Result<Box<dyn FileSystem>, FsError> {
    Ok(Box::new(Exfat::open(source, budget)?))
}

struct Exfat {
    table: Table,
    boot: Boot,
    listing: Listing<Opened>,
    label: Option<Vec<u8>>,
    /// Where the map of clusters in use lies.
    bitmap: Option<(u32, u64)>,
    free: u64,
    notes: Vec<Note>,
}

struct Opened {
    content: Content,
    /// Why a directory was not listed whole.
    damage: Option<FsError>,
}

impl Exfat {
    fn open(source: Arc<dyn Source>, budget: &Budget) -> Result<Self, FsError> {
        let (boot, is_backup) = Boot::read(&*source)?;
        let mut notes = Vec::new();
        let mut note = |loss, text: String| notes.push(Note { loss, text });
        if is_backup {
            note(Loss::Nothing, "the boot sector is damaged; its backup is used".into());
        }
        if boot.is_dirty {
            note(Loss::Nothing, "the volume is marked dirty: it was not closed".into());
        }
        if source.len() < boot.size {
            let (size, there) = (boot.size, source.len());
            let text =
                format!("the file system is {size} bytes long, but only {there} bytes of it are there");
            note(Loss::Part, text);
        }
        let table = Table {
            source,
            width: Width::Exfat,
            copies: boot.tables.clone(),
            clusters: boot.clusters,
            data: boot.data,
            cluster: boot.cluster,
            limit: budget.extents,
        };
        let content = Content { start: Start::Chained(boot.root), size: u64::MAX, written: u64::MAX };
        let root = Listed {
            name: Vec::new(),
            metadata: root_metadata(),
            children: Vec::new(),
            content: Opened { content, damage: None },
        };
        let listing = Listing { entries: vec![root] };
        let mut fs = Self { table, boot, listing, label: None, bitmap: None, free: 0, notes };
        fs.list(budget);
        let mut free = 0_u64;
        let counted = fs.unallocated(&mut |span| {
            free = free.saturating_add(span.len);
            ControlFlow::Continue(())
        });
        fs.free = free;
        if let Err(error) = counted {
            let text = format!("free space is not known for sure: {error}");
            fs.notes.push(Note { loss: Loss::Nothing, text });
        }
        Ok(fs)
    }

    /// Lists every directory, breadth first.
    fn list(&mut self, budget: &Budget) {
        let most = budget.entries.min(budget.metadata_bytes / ENTRY_COST);
        let (mut seen, mut claimed) = (HashSet::new(), 0_u64);
        let mut todo = VecDeque::from([0_u32]);
        while let Some(index) = todo.pop_front() {
            let Some(content) = self.listing.get(NodeId(index.into())).map(|dir| dir.content.content) else {
                continue;
            };
            let (Start::Chained(first) | Start::Piece(first)) = content.start;
            let (items, damage) = if seen.insert(first) || content.size == 0 {
                self.items(content)
            } else {
                let problem = "a directory loop: its clusters are those of another directory";
                (Vec::new(), Some(FsError::corrupt("cluster", first.into(), problem)))
            };
            if let Some(dir) = self.listing.entries.get_mut(index as usize) {
                dir.content.damage = damage;
            }
            for item in items {
                if let Item::File(file) = &item {
                    claimed = claimed.saturating_add(file.content.size);
                }
                if self.listing.entries.len() as u64 >= most
                    || claimed > self.boot.size.saturating_mul(SHARED)
                {
                    let text = format!(
                        "more than {most} entries, or {claimed} bytes of files: the others are not listed"
                    );
                    return self.notes.push(Note { loss: Loss::Volume, text });
                }
                self.take(index, item, &mut todo);
            }
        }
    }

    fn take(&mut self, index: u32, item: Item, todo: &mut VecDeque<u32>) {
        match item {
            Item::Label(label) if index == 0 => self.label = Some(label).filter(|label| !label.is_empty()),
            Item::Bitmap(first, size) if index == 0 => self.bitmap = self.bitmap.or(Some((first, size))),
            Item::Label(_) | Item::Bitmap(..) => {}
            Item::File(file) => {
                let is_directory = file.metadata.file_type == FileType::Directory;
                let content = Opened { content: file.content, damage: None };
                let (name, metadata) = (file.name, file.metadata);
                let child = self.listing.add(index, Listed { name, metadata, children: Vec::new(), content });
                if is_directory {
                    todo.push_back(child);
                }
            }
        }
    }

    /// What a directory holds, as far as it can be read.
    fn items(&self, content: Content) -> (Vec<Item>, Option<FsError>) {
        let mut chain = self.table.of(content.start, content.size);
        let (bytes, read) = self.bytes(&chain.extents);
        let place = match content.start {
            Start::Chained(first) | Start::Piece(first) => self.table.place(first).unwrap_or(0),
        };
        let (items, damage) = directory::parse(&bytes, place);
        let held = chain.extents.iter().fold(0_u64, |sum, extent| sum.saturating_add(extent.len));
        let over = (held > DIRECTORY_LIMIT).then(|| {
            FsError::corrupt(
                "directory",
                place,
                format!("{held} bytes, and at most {DIRECTORY_LIMIT} are allowed"),
            )
        });
        (items, damage.or(chain.damage.take()).or(read.err()).or(over))
    }

    /// The bytes of a directory, as far as they can be read.
    fn bytes(&self, extents: &[Extent]) -> (Vec<u8>, Result<(), FsError>) {
        let held = extents.iter().fold(0_u64, |sum, extent| sum.saturating_add(extent.len));
        let (mut bytes, mut read) = (Vec::new(), Ok(()));
        while read.is_ok() && (bytes.len() as u64) < held.min(DIRECTORY_LIMIT) {
            let mut piece = vec![0; usize::try_from(self.boot.cluster.min(held)).unwrap_or(0)];
            let at = bytes.len() as u64;
            read = mapped::read(&*self.table.source, extents, held, at, &mut piece).map(|len| {
                bytes.extend_from_slice(piece.get(..len).unwrap_or_default());
            });
        }
        (bytes, read)
    }
}

impl FileSystem for Exfat {
    fn identity(&self) -> Identity {
        let serial = self.boot.serial;
        Identity {
            kind: "exfat",
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
        NodeId(0)
    }

    fn read_dir(&self, dir: NodeId, visit: &mut Visit<'_>) -> Result<(), FsError> {
        let entry = self.listing.get(dir);
        let entry = entry.ok_or_else(|| FsError::corrupt("directory entry", dir.0, "there is none"))?;
        self.listing.visit(entry, visit);
        entry.content.damage.as_ref().map_or(Ok(()), |error| Err(error.clone()))
    }

    fn node(&self, id: NodeId) -> Result<Box<dyn Node + '_>, FsError> {
        let entry = self.listing.get(id);
        let entry = entry.ok_or_else(|| FsError::corrupt("directory entry", id.0, "there is none"))?;
        let Content { start, written, .. } = entry.content.content;
        Ok(Box::new(ChainNode::new(&self.table, entry.metadata, start).written(written)))
    }

    fn unallocated(&self, visit: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError> {
        let none = || FsError::corrupt("volume", 0, "it has no map of clusters in use");
        let (first, size) = self.bitmap.ok_or_else(none)?;
        let wanted = u64::from(self.boot.clusters).div_ceil(8);
        let chain = self.table.of(Start::Chained(first), size.min(wanted));
        if let Some(error) = chain.damage {
            return Err(error);
        }
        let mut free = Vec::new();
        let mut at = 0;
        while at < wanted {
            let mut piece = vec![0; 64 << 10];
            let read = mapped::read(&*self.table.source, &chain.extents, size.min(wanted), at, &mut piece)?;
            if read == 0 {
                let problem = format!("{size} bytes for {} clusters", self.boot.clusters);
                return Err(FsError::corrupt("map of clusters", first.into(), problem));
            }
            let bits = piece.iter().take(read).flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1));
            for (cluster, _) in (at * 8 + 2..).zip(bits).filter(|(_, used)| *used == 0) {
                let place = self.table.place(u32::try_from(cluster).unwrap_or(u32::MAX));
                let Ok(place) = place else { break };
                if let Some(done) = join(&mut free, Span::new(place, self.boot.cluster))
                    && visit(done).is_break()
                {
                    return Ok(());
                }
            }
            at = at.saturating_add(read as u64);
        }
        let _flow = free.pop().map(visit);
        Ok(())
    }

    fn remains(&self, free: &[Span], take: &mut Take<'_>) -> Result<(), FsError> {
        remains::remains(self, free, take)
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }
}

/// Makes `next` a part of the run at hand, or the run at hand; returns a run that is done by it.
fn join(run: &mut Vec<Span>, next: Span) -> Option<Span> {
    match run.last_mut() {
        Some(last) if last.end() == Some(next.offset) => {
            last.len = last.len.saturating_add(next.len);
            None
        }
        _ => {
            let done = run.pop();
            run.push(next);
            done
        }
    }
}
