//! NTFS, as Windows NT 3.5 to Windows 11 write it.
//!
//! A node is a file record; an alternate data stream is an entry of its own, `file:stream`, beside its file,
//! for it hides from whoever looks at names only. Links and junctions are symbolic links with slashes, where
//! drive C is the root. Names for MS-DOS alone are left out. Compressed files (LZNT1, and the XPRESS of
//! "compact OS") are unpacked.
//!
//! The files that are the volume's own structures ($MFT, $LogFile, $Bitmap and the like) are not listed, as
//! the inode tables of other file systems are not: they hold copies of what the other entries say. Streams
//! that somebody hung on them are. $Extend is listed with all that is in it.
//!
//! Not read: what is encrypted (EFS), what Windows keeps elsewhere (deduplication, cloud files, WIM), LZX.
//! Not replayed: the log; a volume that was not closed says so in its notes.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::remains::Take;
use super::{Case, Driver, FileSystem, FsError, Identity, Node, NodeId, Note, Usage, Visit, magic};
use crate::budget::Budget;
use crate::bytes::{Record, Source, Span};
use crate::gap::Loss;
use boot::Boot;
use file::File;
use record::{Attribute, kind};
use volume::Volume;

mod boot;
mod file;
mod free;
mod index;
mod logfile;
mod lznt1;
mod node;
mod record;
mod remains;
mod reparse;
mod runs;
mod unnamed;
mod value;
mod volume;
mod wof;
mod xpress;

/// The driver of NTFS.
///
/// Its probe also takes a source whose first sector is gone, by the backup in the last; drivers that know
/// their mark for sure should be asked first.
pub const DRIVER: Driver = Driver { name: "ntfs", probe, by_backup: false, open };

const LOG_FILE: u64 = 2;
const VOLUME: u64 = 3;
const ROOT: u64 = 5;
const EXTEND: u64 = 11;
/// Records before this one are the volume's own.
const FIRST_USER: u64 = 16;
/// Streams that Windows itself puts on them.
const OWN_STREAMS: [&[u8]; 4] = [b"$Bad", b"$SDS", b"$Info", b"$Config"];
/// Streams of one file that are listed.
const MOST_STREAMS: usize = 512;
/// The number of a stream lies in a node's number above that of its record.
const STREAM_SHIFT: u32 = 48;

fn probe(source: &dyn Source) -> bool {
    boot::has_mark(source) || magic::recognise(source).is_none() && Boot::backup(source).is_some()
}

fn open(source: Arc<dyn Source>, budget: &Budget) -> Result<Box<dyn FileSystem>, FsError> {
    Ok(Box::new(Ntfs::open(source, budget)?))
}

struct Ntfs {
    volume: Arc<Volume>,
    label: Option<Vec<u8>>,
    /// In bytes.
    free: u64,
    notes: Vec<Note>,
}

impl Ntfs {
    fn open(source: Arc<dyn Source>, budget: &Budget) -> Result<Self, FsError> {
        let mut notes = Notes::default();
        let (volume, backup) = match open_by(&source, Boot::read(&*source), budget) {
            Ok(volume) => (volume, false),
            Err(error) => {
                let Some(boot) = Boot::backup(&*source) else { return Err(error) };
                (Volume::open(source, boot, budget)?, true)
            }
        };
        if backup {
            notes.note(Loss::Nothing, "the boot sector is damaged; its backup is used");
        }
        notes.tables(&volume);
        let label = notes.volume_file(&volume);
        notes.log(&volume);
        let free = notes.free(&volume);
        Ok(Self { volume: Arc::new(volume), label, free, notes: notes.0 })
    }

    /// Hands on an entry and its streams; whether the name and the record belong together.
    fn entry(&self, entry: &index::Entry, visit: &mut Visit<'_>) -> Result<ControlFlow<()>, FsError> {
        let id = NodeId(entry.record);
        let own = entry.record < FIRST_USER && entry.record != EXTEND;
        let Ok(file) = self.volume.file(entry.record) else {
            // Whoever opens the node meets the error.
            let flow = if own { ControlFlow::Continue(()) } else { visit(&entry.name, id, None) };
            return Ok(flow);
        };
        let mut flow = if own { ControlFlow::Continue(()) } else { visit(&entry.name, id, None) };
        if flow.is_continue() {
            flow = self.streams(&file, &entry.name, own, visit);
        }
        too_many_streams(&file)?;
        if entry.sequence != 0 && entry.sequence != file.sequence {
            let problem = format!(
                "{} means its use number {}, and this is {}",
                crate::text::Escaped(&entry.name),
                entry.sequence,
                file.sequence
            );
            return Err(FsError::corrupt("file record", entry.record, problem));
        }
        Ok(flow)
    }

    fn streams(&self, file: &File, name: &[u8], own: bool, visit: &mut Visit<'_>) -> ControlFlow<()> {
        for (number, stream) in (1_u64..).zip(file.streams().into_iter().take(MOST_STREAMS)) {
            let path = File::stream_path(name, &stream);
            let known = own && OWN_STREAMS.iter().any(|own| path.ends_with(own));
            if !known {
                visit(&path, NodeId(number << STREAM_SHIFT | file.number), None)?;
            }
        }
        ControlFlow::Continue(())
    }
}

/// Reading a stream costs as much as its file has streams: what has more is no file of Windows.
fn too_many_streams(file: &File) -> Result<(), FsError> {
    let count = file.streams().len();
    if count <= MOST_STREAMS {
        return Ok(());
    }
    Err(FsError::over_limit(format!("{count} streams of file record {}", file.number), MOST_STREAMS as u64))
}

fn open_by(
    source: &Arc<dyn Source>,
    boot: Result<Boot, FsError>,
    budget: &Budget,
) -> Result<Volume, FsError> {
    Volume::open(Arc::clone(source), boot?, budget)
}

/// What is to say of a volume.
#[derive(Default)]
struct Notes(Vec<Note>);

impl Notes {
    fn note(&mut self, loss: Loss, text: impl Into<String>) {
        self.0.push(Note { loss, text: text.into() });
    }

    /// Whether all that the boot sector promises is there, and the first records are sound.
    fn tables(&mut self, volume: &Volume) {
        let (size, there) = (volume.boot.size, volume.source.len());
        if there < size {
            let text =
                format!("the file system is {size} bytes long, but only {there} bytes of it are there");
            self.note(Loss::Part, text);
        }
        for number in 0..volume::MIRRORED {
            if let Err(error) = volume.own_record(number) {
                self.note(Loss::Nothing, format!("{error}; its copy in $MFTMirr is used"));
            }
        }
    }

    /// The label; and whether the volume waits for a check.
    fn volume_file(&mut self, volume: &Volume) -> Option<Vec<u8>> {
        let file = match volume.file(VOLUME) {
            Ok(file) => file,
            Err(error) => {
                self.note(Loss::Nothing, format!("the label and state of the volume are unknown: {error}"));
                return None;
            }
        };
        let value = |kind| file.attributes.iter().find(|one| one.kind == kind).and_then(Attribute::resident);
        let state = Record::new("volume information", value(kind::VOLUME_INFORMATION).unwrap_or_default());
        if state.u16_le(10).unwrap_or(0) & 1 != 0 {
            self.note(Loss::Nothing, "the volume is marked dirty: Windows would check it before use");
        }
        value(kind::VOLUME_NAME).map(super::utf16::name).filter(|label| !label.is_empty())
    }

    /// Whether the log holds changes that are not on the volume.
    fn log(&mut self, volume: &Volume) {
        let clean = volume.file(LOG_FILE).and_then(|file| {
            let log = file.value(volume, kind::DATA, b"")?;
            let len = usize::try_from(log.size).unwrap_or(usize::MAX).min(logfile::HEAD);
            logfile::is_clean(&log.piece(volume, 0, len)?)
        });
        match clean {
            Ok(true) => {}
            Ok(false) => self.note(
                Loss::Part,
                "Windows had not closed the volume: the changes that are only in $LogFile are not replayed",
            ),
            Err(error) => {
                self.note(
                    Loss::Part,
                    format!("whether $LogFile holds unwritten changes is unknown: {error}"),
                );
            }
        }
    }

    fn free(&mut self, volume: &Volume) -> u64 {
        let mut free = 0_u64;
        let counted = free::unallocated(volume, &mut |span| {
            free = free.saturating_add(span.len);
            ControlFlow::Continue(())
        });
        if let Err(error) = counted {
            self.note(Loss::Nothing, format!("free space is not known for sure: {error}"));
        }
        free
    }
}

impl FileSystem for Ntfs {
    fn identity(&self) -> Identity {
        Identity {
            kind: "ntfs",
            uuid: Some(format!("{:016X}", self.volume.boot.serial)),
            label: self.label.clone(),
            last_mounted: None,
        }
    }

    fn case(&self) -> Case {
        Case::Insensitive
    }

    fn usage(&self) -> Usage {
        let Boot { size, sector, cluster, .. } = self.volume.boot;
        // The sector behind the volume holds the backup of the first one.
        let total = size.saturating_add(sector).min(self.volume.source.len().max(size));
        Usage { total, free: self.free, block: u32::try_from(cluster).unwrap_or(u32::MAX), data: None }
    }

    fn root(&self) -> NodeId {
        NodeId(ROOT)
    }

    fn read_dir(&self, dir: NodeId, visit: &mut Visit<'_>) -> Result<(), FsError> {
        let directory = self.volume.file(dir.0)?;
        if !directory.is_directory {
            return Err(FsError::corrupt("file record", dir.0, "is no directory"));
        }
        // The root has no directory to list its streams in but itself.
        if dir.0 == ROOT && self.streams(&directory, b"", false, visit).is_break() {
            return Ok(());
        }
        let mut damage = (dir.0 == ROOT).then(|| too_many_streams(&directory).err()).flatten();
        let listed = index::read(&self.volume, &directory, &mut |entry| {
            if dir.0 == ROOT && entry.record == ROOT {
                return ControlFlow::Continue(());
            }
            if entry.name == b"." || entry.name == b".." || entry.name.is_empty() {
                let problem = format!("a file named \"{}\"", crate::text::Escaped(&entry.name));
                damage.get_or_insert(FsError::corrupt("index of directory", dir.0, problem));
            }
            self.entry(&entry, visit).unwrap_or_else(|error| {
                damage.get_or_insert(error);
                ControlFlow::Continue(())
            })
        });
        listed.and(damage.map_or(Ok(()), Err))
    }

    fn node(&self, id: NodeId) -> Result<Box<dyn Node + '_>, FsError> {
        let (stream, number) = (id.0 >> STREAM_SHIFT, id.0 & ((1 << STREAM_SHIFT) - 1));
        let file = self.volume.file(number)?;
        if stream > file.streams().len() as u64 {
            return Err(FsError::corrupt("file record", number, format!("it has no stream {stream}")));
        }
        Ok(Box::new(node::NtfsNode::new(&self.volume, file, stream)))
    }

    fn unnamed(&self, named: &dyn Fn(NodeId) -> bool, visit: &mut dyn FnMut(NodeId)) -> Result<(), FsError> {
        unnamed::unnamed(&self.volume, named, visit)
    }

    fn unallocated(&self, visit: &mut dyn FnMut(Span) -> ControlFlow<()>) -> Result<(), FsError> {
        free::unallocated(&self.volume, visit)
    }

    fn remains(&self, _free: &[Span], take: &mut Take<'_>) -> Result<(), FsError> {
        remains::remains(&self.volume, take)
    }

    fn notes(&self) -> Vec<Note> {
        self.notes.clone()
    }
}
