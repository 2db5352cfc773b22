//! qcow2, versions 2 and 3: plain, packed (deflate, zstd) and sub-allocated clusters, over other images.
//!
//! Tables of the second level are read where they are needed, a part at a time: memory holds the first level
//! only, at most 32 MiB.
//!
//! Reference: qemu's `docs/interop/qcow2.txt`.

mod header;
mod snapshots;

use std::io::Read;
use std::sync::Arc;

use super::Note;
use super::clusters::{Clustered, Map, Place};
use super::table::run_of;
use crate::bytes::{ReadError, Record, Source, Span, read_vec};
use crate::gap::{GapKind, Loss};
use crate::text::Escaped;
use header::{Compression, Header};

/// Bits of an entry that are the offset of a table or cluster.
const OFFSET: u64 = 0x00ff_ffff_ffff_fe00;
const COMPRESSED: u64 = 1 << 62;
/// Bytes of a second-level table that are read at once.
const BATCH: u64 = 4096;

/// What is to be opened beside the image itself.
pub(super) enum Other {
    /// The image beneath, and its format, if it is said.
    Backing(Vec<u8>, Option<Vec<u8>>),
    /// The file with the data.
    Data(Vec<u8>),
}

struct Qcow2 {
    file: Arc<dyn Source>,
    header: Header,
    /// Whether the data is in another file.
    external: bool,
    l1: Vec<u64>,
}

/// A snapshot's name, and the disk as it was.
type Snapshot = (String, Result<Arc<dyn Source>, String>);

/// What an image holds.
pub(super) struct Opened {
    pub(super) disk: Arc<dyn Source>,
    pub(super) snapshots: Vec<Snapshot>,
    pub(super) notes: Vec<Note>,
}

/// Opens the disk and its snapshots, and says what is to know of it; `other` opens other files.
pub(super) fn open(
    file: &Arc<dyn Source>,
    other: &mut dyn FnMut(Other) -> Result<Arc<dyn Source>, String>,
) -> Result<Opened, String> {
    let mut header = Header::read(&**file)?;
    let mut notes = Vec::new();
    let mut note = |kind, loss, text: String| notes.push(Note { kind, loss, text });
    if header.corrupt {
        let text = "the image is marked as damaged; it is read as it is".to_owned();
        note(GapKind::Damaged, Loss::Part, text);
    }
    if header.dirty {
        note(GapKind::Damaged, Loss::Nothing, "the image was not closed; it is read as it is".to_owned());
    }
    let backing =
        header.backing.take().map(|(name, format)| other(Other::Backing(name, format))).transpose()?;
    let external = header.data_file.is_some();
    let data = match header.data_file.take() {
        Some(name) if name.is_empty() => {
            return Err("its data is in another file that it does not name".into());
        }
        Some(name) => other(Other::Data(name))?,
        None => Arc::clone(file),
    };
    let (found, problem) = snapshots::read(&**file, &header);
    if let Some(problem) = problem {
        note(GapKind::Damaged, Loss::Volume, problem);
    }
    let disk = |header: Header| -> Result<Arc<dyn Source>, String> {
        let l1 = first_level(&**file, &header)?;
        let map = Qcow2 { file: Arc::clone(file), header, external, l1 };
        Ok(Arc::new(Clustered::new(map, Arc::clone(&data), backing.clone())))
    };
    let mut snapshots = Vec::new();
    for snapshot in found {
        let name = Escaped(&snapshot.name).to_string();
        if snapshot.memory > 0 {
            let bytes = snapshot.memory;
            let text = format!("snapshot {name}: {bytes} bytes of the machine's memory are not looked at");
            note(GapKind::Unsupported, Loss::Part, text);
        }
        let opened = header.of_snapshot(&snapshot).and_then(&disk);
        snapshots.push((name, opened));
    }
    let disk = disk(header)?;
    Ok(Opened { disk, snapshots, notes })
}

/// The first-level table; a second-level table that occurs twice would make a disk of any size.
fn first_level(file: &dyn Source, header: &Header) -> Result<Vec<u64>, String> {
    let len = (header.l1_entries as usize).saturating_mul(8);
    let bytes =
        read_vec(file, header.l1_offset, len).map_err(|error| format!("first-level table: {error}"))?;
    let entry = |bytes: &[u8]| u64::from_be_bytes(bytes.try_into().unwrap_or_default()) & OFFSET;
    let table: Vec<u64> = bytes.chunks_exact(8).map(entry).collect();
    let mut used: Vec<u64> = table.iter().copied().filter(|&offset| offset != 0).collect();
    used.sort_unstable();
    match used.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(pair) => Err(format!("the second-level table at {:?} is used twice", pair.first())),
        None => Ok(table),
    }
}

impl Qcow2 {
    fn cluster(&self) -> u64 {
        1 << self.header.cluster_bits
    }

    /// Entries of the second level from the cluster `index`, each with its bitmap (all zero, if there is none).
    fn entries(&self, table: u64, index: u64) -> Result<Vec<(u64, u64)>, ReadError> {
        let bytes_each = if self.header.extended_l2 { 16 } else { 8 };
        let at = index.saturating_mul(bytes_each);
        let len = self.cluster().saturating_sub(at).min(BATCH);
        let bytes =
            read_vec(&*self.file, table.saturating_add(at), usize::try_from(len).unwrap_or_default())?;
        let entry = |bytes: &[u8]| {
            let record = Record::new("L2 entry", bytes);
            (record.u64_be(0).unwrap_or_default(), record.u64_be(8).unwrap_or_default())
        };
        Ok(bytes.chunks_exact(usize::try_from(bytes_each).unwrap_or(8)).map(entry).collect())
    }

    /// Bytes to the end of `count` clusters, `inside` bytes of which are behind.
    fn rest(&self, count: u64, inside: u64) -> u64 {
        count.saturating_mul(self.cluster()).saturating_sub(inside)
    }

    fn packed(&self, entry: u64, inside: u64) -> Place {
        let bits = 62_u32.saturating_sub(self.header.cluster_bits.saturating_sub(8));
        let offset = entry & (1_u64 << bits).wrapping_sub(1);
        let sectors = (entry & COMPRESSED.wrapping_sub(1)) >> bits;
        let len = sectors.saturating_add(1).saturating_mul(512).saturating_sub(offset & 511);
        Place::Packed { span: Span::new(offset, len), skip: inside }
    }

    /// A run in a cluster of 32 parts, each with a bit that it is there and one that it is zeros.
    fn part(&self, entry: u64, bitmap: u64, inside: u64) -> (Place, u64) {
        let size = self.cluster() / 32;
        let kind = |part: u64| (bitmap >> part & 1 == 1, bitmap >> part >> 32 & 1 == 1);
        let first = inside / size;
        let end = (first..32).find(|&part| kind(part) != kind(first)).unwrap_or(32);
        let place = match kind(first) {
            (_, true) => Place::Zero,
            (true, false) => Place::File((entry & OFFSET).saturating_add(inside)),
            (false, false) => Place::Beneath,
        };
        (place, end.saturating_mul(size).saturating_sub(inside))
    }

    /// What a standard entry means.
    fn kind(&self, entry: u64) -> Kind {
        match entry {
            _ if entry & COMPRESSED != 0 => Kind::Packed,
            _ if self.header.version == 3 && entry & 1 == 1 => Kind::Zero,
            // In a file of its own, data may begin at 0; the top bit then tells.
            _ if entry & OFFSET == 0 && !(self.external && entry >> 63 == 1) => Kind::Beneath,
            _ => Kind::File,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Packed,
    Zero,
    Beneath,
    File,
}

impl Map for Qcow2 {
    fn len(&self) -> u64 {
        self.header.size
    }

    fn run(&self, offset: u64) -> Result<(Place, u64), ReadError> {
        let (index, inside) = (offset / self.cluster(), offset % self.cluster());
        let per_table = self.header.l2_entries();
        let (table, within) = (index / per_table, index % per_table);
        let tables = usize::try_from(table).ok().and_then(|at| self.l1.get(at..)).unwrap_or_default();
        let l2 = tables.first().copied().unwrap_or_default();
        if l2 == 0 {
            let count = run_of(tables, |_, after| after == 0);
            let clusters = count.saturating_mul(per_table).saturating_sub(within);
            return Ok((Place::Beneath, self.rest(clusters, inside)));
        }
        let entries = self.entries(l2, within)?;
        let (first, bitmap) = entries.first().copied().unwrap_or_default();
        let kind = self.kind(first);
        if kind == Kind::Packed {
            return Ok((self.packed(first, inside), self.rest(1, inside)));
        }
        if self.header.extended_l2 {
            return Ok(self.part(first, bitmap, inside));
        }
        let follows = |(before, _): (u64, u64), (after, _): (u64, u64)| {
            let next = (before & OFFSET).checked_add(self.cluster());
            self.kind(after) == kind && (kind != Kind::File || next == Some(after & OFFSET))
        };
        let place = match kind {
            Kind::Zero => Place::Zero,
            Kind::Beneath => Place::Beneath,
            _ => Place::File((first & OFFSET).saturating_add(inside)),
        };
        Ok((place, self.rest(run_of(&entries, follows), inside)))
    }

    fn unpack(&self, packed: &[u8]) -> Result<Vec<u8>, String> {
        let size = self.cluster();
        let mut cluster = Vec::new();
        let done = match self.header.compression {
            Compression::Deflate => {
                flate2::read::DeflateDecoder::new(packed).take(size).read_to_end(&mut cluster)
            }
            Compression::Zstd => {
                let decoder =
                    zstd::stream::read::Decoder::with_buffer(packed).map_err(|error| error.to_string())?;
                decoder.single_frame().take(size).read_to_end(&mut cluster)
            }
        };
        match done {
            // What follows a whole cluster is the rest of the last sector.
            _ if cluster.len() as u64 == size => Ok(cluster),
            Ok(len) => Err(format!("a cluster unpacks to {len} bytes of {size}")),
            Err(error) => Err(format!("a cluster cannot be unpacked: {error}")),
        }
    }
}
