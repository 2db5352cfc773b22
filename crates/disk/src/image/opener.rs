//! From a file to the disk in it, through as many formats as lie around it.

use std::sync::Arc;

use super::container::{self, Format};
use super::folder::{Folder, Named};
use super::raw::RawFile;
use super::{Note, Options, State, Step, archive, packed, qcow2, vdi, vhd, vhdx, vmdk};
use crate::budget::Budget;
use crate::bytes::{Source, Span};
use crate::gap::{GapKind, Loss};
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
    pub(super) notes: Vec<Note>,
    /// Other states and disks in the file.
    pub(super) states: Vec<State>,
    /// Files that the disk lies in by tables of their own.
    pub(super) files: Vec<Arc<dyn Source>>,
    /// Bytes of the file that no disk is made of.
    pub(super) beside: Vec<(&'static str, Arc<dyn Source>, Vec<Span>)>,
}

/// A file, and where the names in it are looked up: nowhere, for a part of another file.
#[derive(Clone)]
struct Item {
    bytes: Arc<dyn Source>,
    folder: Option<Folder>,
}

impl<'a> Opener<'a> {
    pub(super) fn new(options: &'a Options, budget: &'a Budget, told: &'a dyn Fn(Step)) -> Self {
        let (chain, formats, notes) = (Vec::new(), Vec::new(), Vec::new());
        let (states, files, beside) = (Vec::new(), Vec::new(), Vec::new());
        Self { options, budget, told, chain, formats, notes, states, files, beside }
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
        if main && format.has_tables() {
            self.files.push(Arc::clone(bytes));
        }
        match format {
            Format::Qcow2 => {
                let opened = qcow2::open(bytes, &mut |other| match other {
                    qcow2::Other::Backing(name, format) if format.as_deref() == Some(b"raw") => {
                        self.raw(item, &name)
                    }
                    qcow2::Other::Backing(name, _) => self.other(item, &name),
                    qcow2::Other::Data(name) => self.raw(item, &name),
                })?;
                let qcow2::Opened { disk, snapshots, notes } = opened;
                self.notes.extend(notes);
                // Of an image beneath, only what lies beneath counts.
                for (name, snapshot) in snapshots.into_iter().filter(|_| main) {
                    match snapshot {
                        Ok(source) => self.state(format!("snapshot {name}"), source),
                        Err(problem) => {
                            let reason = format!("snapshot {name} is not looked at: {problem}");
                            self.note(GapKind::Damaged, Loss::Volume, reason);
                        }
                    }
                }
                Ok(disk)
            }
            Format::Vmdk => vmdk::open(bytes, &mut |other| match other {
                vmdk::Other::Extent(name) => self.raw(item, name.as_bytes()),
                vmdk::Other::Parent(name) => self.other(item, name.as_bytes()),
            }),
            Format::Vhd => {
                let (disk, cut) = vhd::open(bytes, &mut |parent| self.vhd_parent(item, parent))?;
                if let Some(cut) = cut {
                    self.note(GapKind::Damaged, Loss::Part, format!("VHD: {cut}"));
                }
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
        let is_disk = self.options.is_disk;
        let refuse = move |head: Vec<u8>| refuse(head, is_disk);
        let limits = packed::Limits::of(item.bytes.len(), self.budget, &self.options.temporary, &refuse);
        let file = packed::unpack(codec, &item.bytes, &limits, self.told)?;
        let file = RawFile::new(file).map_err(|error| error.to_string())?;
        self.within(Arc::new(file), main)
    }

    fn archive(&mut self, bytes: &Arc<dyn Source>, main: bool) -> Result<Arc<dyn Source>, String> {
        let archive::Disks { disks, rest } = archive::disks(bytes)?;
        let mut disks = disks.into_iter();
        let (name, disk) = disks.next().ok_or("there is no disk image in it; tar -xf FILE unpacks it")?;
        let first = self.within(disk, main).map_err(|problem| format!("{name}: {problem}"))?;
        for (other, disk) in disks {
            match self.within(disk, false) {
                Ok(source) if main => self.state(format!("disk {other}"), source),
                opened => {
                    let reason = opened.err().unwrap_or_else(|| "a second disk is not looked at".to_owned());
                    self.note(GapKind::Unsupported, Loss::Volume, format!("{other}: {reason}"));
                }
            }
        }
        if main {
            self.beside.push(("beside the disks of the archive", Arc::clone(bytes), rest));
        }
        Ok(first)
    }

    /// Keeps another state or disk that the file holds.
    fn state(&mut self, name: String, source: Arc<dyn Source>) {
        if self.states.len() < self.budget.image_states {
            self.states.push(State { name, source });
        } else {
            let reason = format!("{name} is not looked at: more than {} of them", self.budget.image_states);
            self.note(GapKind::OverLimit, Loss::Volume, reason);
        }
    }

    fn note(&mut self, kind: GapKind, loss: Loss, text: String) {
        self.notes.push(Note { kind, loss, text });
    }

    /// The disk in what came out of another format: it cannot name files.
    fn within(&mut self, bytes: Arc<dyn Source>, main: bool) -> Result<Arc<dyn Source>, String> {
        self.chain.push(None);
        let opened = self.open(&Item { bytes, folder: None }, main);
        self.chain.pop();
        opened
    }
}

/// Why what begins with `head` is no image; none, where it may be one.
fn refuse(head: Vec<u8>, is_disk: fn(&Arc<dyn Source>) -> bool) -> Option<String> {
    let head: Arc<dyn Source> = Arc::new(head);
    match container::recognise(&*head) {
        Ok(Some(Format::Closed { format, command })) => {
            Some(format!("holds {format}, which is not read; {command}"))
        }
        Ok(None) if !is_disk(&head) => {
            let bytes = head.len();
            Some(format!(
                "its first {bytes} bytes hold no partition table and no file system: {}",
                container::CHECK
            ))
        }
        _ => None,
    }
}
