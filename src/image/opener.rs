//! From a file to the disk in it, through as many formats as lie around it.

use std::sync::Arc;

use super::container::{self, Format};
use super::folder::{Folder, Named};
use super::raw::RawFile;
use super::{Options, Step, archive, packed, qcow2, vdi, vhd, vhdx, vmdk};
use crate::budget::Budget;
use crate::bytes::Source;
use crate::finding::Loss;
use crate::text::Escaped;

/// Images above each other, and formats around each other; long chains of snapshots have a few dozen.
const MAX_DEPTH: usize = 64;

/// Opens one image and what it names.
pub(super) struct Opener<'a> {
    pub(super) options: &'a Options,
    pub(super) budget: &'a Budget,
    pub(super) told: &'a dyn Fn(Step),
    /// What is being opened, from the outside in: a file that occurs twice is a circle.
    chain: Vec<Option<(u64, u64)>>,
    /// The formats around the disk itself, without those of other files.
    pub(super) formats: Vec<&'static str>,
    /// What is to know of it.
    pub(super) notes: Vec<(Loss, String)>,
}

/// A file, and where the names in it are looked up: nowhere, for a part of another file.
#[derive(Clone)]
struct Item {
    bytes: Arc<dyn Source>,
    folder: Option<Folder>,
}

impl<'a> Opener<'a> {
    pub(super) fn new(options: &'a Options, budget: &'a Budget, told: &'a dyn Fn(Step)) -> Self {
        Self { options, budget, told, chain: Vec::new(), formats: Vec::new(), notes: Vec::new() }
    }

    /// The disk in the file that the user named.
    pub(super) fn disk(
        &mut self,
        bytes: Arc<dyn Source>,
        identity: Option<(u64, u64)>,
        folder: Folder,
    ) -> Result<Arc<dyn Source>, String> {
        self.chain.push(identity);
        self.open(&Item { bytes, folder: Some(folder) }, true)
    }

    /// The disk in `item`; `main`: whether it is the one asked for, not one beneath.
    fn open(&mut self, item: &Item, main: bool) -> Result<Arc<dyn Source>, String> {
        let format = container::recognise(&*item.bytes).map_err(|error| error.to_string())?;
        let Some(format) = format else {
            return Ok(Arc::clone(&item.bytes));
        };
        if self.chain.len() > MAX_DEPTH {
            return Err(format!("images lie above each other more than {MAX_DEPTH} deep"));
        }
        if main {
            self.formats.push(format.name());
        }
        let opened = self.read(format, item, main);
        opened.map_err(|problem| format!("{}: {problem}", format.name()))
    }

    fn read(&mut self, format: Format, item: &Item, main: bool) -> Result<Arc<dyn Source>, String> {
        let bytes = &item.bytes;
        match format {
            Format::Qcow2 => {
                let (disk, notes) = qcow2::open(bytes, &mut |other| match other {
                    qcow2::Other::Backing(name, format) if format.as_deref() == Some(b"raw") => {
                        self.raw(item, &name)
                    }
                    qcow2::Other::Backing(name, _) => self.other(item, &name),
                    qcow2::Other::Data(name) => self.raw(item, &name),
                })?;
                self.notes.extend(notes.into_iter().map(|note| (Loss::Nothing, note)));
                Ok(disk)
            }
            Format::Vmdk => vmdk::open(bytes, &mut |other| match other {
                vmdk::Other::Extent(name) => self.raw(item, name.as_bytes()),
                vmdk::Other::Parent(name) => self.other(item, name.as_bytes()),
            }),
            Format::Vhd => {
                let (disk, cut) = vhd::open(bytes, &mut |parent| self.vhd_parent(item, parent))?;
                self.notes.extend(cut.map(|cut| (Loss::Part, format!("VHD: {cut}"))));
                Ok(disk)
            }
            Format::Vhdx => vhdx::open(bytes),
            Format::Vdi => vdi::open(bytes),
            Format::Tar => self.archive(bytes, main),
            Format::Packed(codec) => self.unpack(codec, item, main),
            Format::Closed { command, .. } => Err(format!("is not read; {command}")),
        }
    }

    /// Looks a name up beside `item`.
    fn named(&self, item: &Item, name: &[u8]) -> Result<Named, String> {
        let folder = item.folder.as_ref().ok_or("it needs another file, and is itself in one")?;
        folder.open(name)
    }

    /// Another file as it is.
    fn raw(&self, item: &Item, name: &[u8]) -> Result<Arc<dyn Source>, String> {
        let named = self.named(item, name)?;
        Ok(Arc::new(RawFile::new(named.file).map_err(|error| error.to_string())?))
    }

    /// The disk in another file.
    fn other(&mut self, item: &Item, name: &[u8]) -> Result<Arc<dyn Source>, String> {
        let named = self.named(item, name)?;
        let shown = Escaped(name);
        if self.chain.contains(&Some(named.identity)) {
            return Err(format!("{shown}: images lie above each other in a circle"));
        }
        let bytes: Arc<dyn Source> = Arc::new(RawFile::new(named.file).map_err(|error| error.to_string())?);
        self.chain.push(Some(named.identity));
        let opened = self.open(&Item { bytes, folder: Some(named.folder) }, false);
        self.chain.pop();
        opened.map_err(|problem| format!("{shown}: {problem}"))
    }

    /// The parent of a differencing VHD must be the one that it was made from.
    fn vhd_parent(&mut self, item: &Item, parent: &vhd::Parent) -> Result<Arc<dyn Source>, String> {
        let named = self.named(item, &parent.name)?;
        let file = RawFile::new(named.file).map_err(|error| error.to_string())?;
        let footer = vhd::Footer::read(&file)?;
        if footer.id != parent.id {
            return Err(format!("{}: is another disk than its parent", Escaped(&parent.name)));
        }
        self.other(item, &parent.name)
    }

    fn unpack(&mut self, codec: packed::Codec, item: &Item, main: bool) -> Result<Arc<dyn Source>, String> {
        if codec == packed::Codec::Zstd
            && let Some(disk) = packed::seekable(&item.bytes)
        {
            return self.within(disk, main);
        }
        let limit = self.budget.unpacked_image;
        let file = packed::unpack(codec, &item.bytes, limit, &self.options.temporary, self.told)?;
        let file = RawFile::new(file).map_err(|error| error.to_string())?;
        self.within(Arc::new(file), main)
    }

    fn archive(&mut self, bytes: &Arc<dyn Source>, main: bool) -> Result<Arc<dyn Source>, String> {
        let mut disks = archive::disks(bytes)?.into_iter();
        let (name, disk) = disks.next().ok_or("there is no disk image in it; tar -xf FILE unpacks it")?;
        for (other, _) in disks {
            let note = format!("of the disks in the archive {name} is looked at; {other} is not");
            self.notes.push((Loss::Volume, note));
        }
        self.within(disk, main).map_err(|problem| format!("{name}: {problem}"))
    }

    /// The disk in what came out of another format: it cannot name files.
    fn within(&mut self, bytes: Arc<dyn Source>, main: bool) -> Result<Arc<dyn Source>, String> {
        self.chain.push(None);
        let opened = self.open(&Item { bytes, folder: None }, main);
        self.chain.pop();
        opened
    }
}
