//! VMDK: sparse extents (plain and stream-optimized), flat ones, and disks of several extents.
//!
//! Reference: VMware's "Virtual Disk Format 5.0".

mod descriptor;

use std::io::Read;
use std::sync::Arc;

use super::clusters::{Clustered, Map, Place};
use super::table::{Table, run_of};
use crate::bytes::mapped::{Mapped, Piece};
use crate::bytes::{ReadError, Record, Source, Span, Truncated, read_vec};
use descriptor::{Descriptor, Extent};

const SECTOR: u64 = 512;
/// Bytes of a descriptor.
const MAX_DESCRIPTOR: u64 = 1 << 20;
/// Entries of a grain directory that are kept.
const MAX_TABLES: u64 = 1 << 22;
/// Where the directory is only known by the footer.
const AT_END: u64 = u64::MAX;

mod flags {
    pub(super) const ZEROED_GRAINS: u32 = 4;
    pub(super) const COMPRESSED: u32 = 1 << 16;
}

/// What is to be opened beside the file itself.
pub(super) enum Other<'a> {
    /// Another extent: raw bytes of the file.
    Extent(&'a str),
    /// The disk beneath.
    Parent(&'a str),
}

/// Opens other files.
pub(super) type OpenOther<'o> = dyn FnMut(Other<'_>) -> Result<Arc<dyn Source>, String> + 'o;

/// Opens a descriptor file, or a sparse extent with its descriptor in it.
pub(super) fn open(file: &Arc<dyn Source>, other: &mut OpenOther<'_>) -> Result<Arc<dyn Source>, String> {
    if read_vec(&**file, 0, 4).is_ok_and(|mark| mark == b"KDMV") {
        return sparse(file, other);
    }
    let len = file.len().min(MAX_DESCRIPTOR);
    let text = read_vec(&**file, 0, usize::try_from(len).unwrap_or_default());
    let descriptor = Descriptor::parse(&text.map_err(|error| error.to_string())?)?;
    let beneath = parent(&descriptor, other)?;
    assemble(&descriptor, beneath.as_ref(), other)
}

fn parent(descriptor: &Descriptor, other: &mut OpenOther<'_>) -> Result<Option<Arc<dyn Source>>, String> {
    descriptor.parent.as_deref().map(|name| other(Other::Parent(name))).transpose()
}

/// A sparse file: the whole disk, or, where its descriptor says so, one of several extents.
fn sparse(file: &Arc<dyn Source>, other: &mut OpenOther<'_>) -> Result<Arc<dyn Source>, String> {
    let map = Grains::read(file)?;
    let beneath = match map.descriptor {
        Span { len: 0, .. } => None,
        Span { offset, len } => {
            let len = usize::try_from(len.min(MAX_DESCRIPTOR)).unwrap_or_default();
            let text = read_vec(&**file, offset, len).map_err(|error| format!("descriptor: {error}"))?;
            let descriptor = Descriptor::parse(&text)?;
            if descriptor.extents.is_empty() {
                return Err("its descriptor names no extents".to_owned());
            }
            if descriptor.extents.len() > 1 {
                let beneath = parent(&descriptor, other)?;
                return assemble(&descriptor, beneath.as_ref(), other);
            }
            parent(&descriptor, other)?
        }
    };
    Ok(Arc::new(Clustered::new(map, Arc::clone(file), beneath)))
}

/// The extents one after the other.
fn assemble(
    descriptor: &Descriptor,
    beneath: Option<&Arc<dyn Source>>,
    other: &mut OpenOther<'_>,
) -> Result<Arc<dyn Source>, String> {
    if descriptor.extents.is_empty() {
        return Err("it names no extents".to_owned());
    }
    let mut pieces = Vec::new();
    let mut start = 0_u64;
    for extent in &descriptor.extents {
        let too_large = || format!("an extent of {} sectors is not possible", extent.sectors);
        let len = extent.sectors.checked_mul(SECTOR).ok_or_else(too_large)?;
        pieces.push(piece(extent, Span::new(start, len), beneath, other)?);
        start = start.checked_add(len).ok_or_else(too_large)?;
    }
    let mapped = Mapped::new(pieces).ok_or("its size is not possible")?;
    Ok(Arc::new(mapped))
}

fn piece(
    extent: &Extent,
    place: Span,
    beneath: Option<&Arc<dyn Source>>,
    other: &mut OpenOther<'_>,
) -> Result<Piece, String> {
    let len = place.len;
    match extent.kind.as_str() {
        "ZERO" => Ok(Piece { source: None, offset: 0, len }),
        "FLAT" | "VMFS" => {
            let source = Some(other(Other::Extent(&extent.file))?);
            let offset = extent.offset.checked_mul(SECTOR).ok_or("an extent begins beyond any file")?;
            Ok(Piece { source, offset, len })
        }
        "SPARSE" => {
            let file = other(Other::Extent(&extent.file))?;
            let map = Grains::read(&file)?;
            let part = |beneath: &Arc<dyn Source>| -> Arc<dyn Source> {
                Arc::new(crate::bytes::Window::new(Arc::clone(beneath), place))
            };
            let source = Clustered::new(map, file, beneath.map(part));
            Ok(Piece { source: Some(Arc::new(source)), offset: 0, len })
        }
        kind => Err(format!("an extent of type {} is not read", crate::text::Escaped(kind.as_bytes()))),
    }
}

/// A hosted sparse extent.
struct Grains {
    file: Arc<dyn Source>,
    /// Where the descriptor lies in it.
    descriptor: Span,
    size: u64,
    /// Bytes of a grain.
    grain: u64,
    /// Grains of a table.
    per_table: u64,
    /// First byte of each table; 0 where there is none.
    tables: Vec<u64>,
    flags: u32,
}

/// The fields of the header that matter, in bytes.
struct Header {
    flags: u32,
    size: Option<u64>,
    grain: Option<u64>,
    descriptor: Option<Span>,
    per_table: u64,
    directory: u64,
    compression: u16,
}

impl Header {
    fn parse(bytes: &[u8]) -> Result<Self, Truncated> {
        let record = Record::new("VMDK header", bytes);
        let sectors = |at| Ok(record.u64_le(at)?.checked_mul(SECTOR));
        let (offset, len) = (sectors(28)?, sectors(36)?);
        Ok(Self {
            flags: record.u32_le(8)?,
            size: sectors(12)?,
            grain: sectors(20)?,
            descriptor: offset.zip(len).map(|(offset, len)| Span::new(offset, len)),
            per_table: record.u32_le(44)?.into(),
            directory: record.u64_le(56)?,
            compression: record.u16_le(77)?,
        })
    }
}

impl Grains {
    fn read(file: &Arc<dyn Source>) -> Result<Self, String> {
        let header_at = |at| {
            let bytes = read_vec(&**file, at, 512).map_err(|error| error.to_string())?;
            if !bytes.starts_with(b"KDMV") {
                return Err("an extent without the mark of a sparse one".to_owned());
            }
            Header::parse(&bytes).map_err(|error| error.to_string())
        };
        let mut header = header_at(0)?;
        if header.directory == AT_END {
            let footer = file.len().checked_sub(1024).ok_or("it is too short for a footer")?;
            // The descriptor is where the first header says.
            let descriptor = header.descriptor;
            let footer = header_at(footer).map_err(|error| format!("footer: {error}"))?;
            header = Header { descriptor, ..footer };
        }
        let impossible = |what: &str| format!("{what} in its header is not possible");
        let size = header.size.ok_or_else(|| impossible("the size"))?;
        let grain = header.grain.filter(|grain| grain.is_power_of_two() && (512..=64 << 20).contains(grain));
        let grain = grain.ok_or_else(|| impossible("the size of grains"))?;
        if header.per_table == 0 || header.per_table > 1 << 16 {
            return Err(impossible("the size of tables"));
        }
        if header.flags & flags::COMPRESSED != 0 && header.compression != 1 {
            return Err(format!("compression {} is not known", header.compression));
        }
        let count = size.div_ceil(grain.saturating_mul(header.per_table));
        let tables = directory(file, header.directory, count)?;
        Ok(Self {
            file: Arc::clone(file),
            descriptor: header.descriptor.ok_or_else(|| impossible("the descriptor's place"))?,
            size,
            grain,
            per_table: header.per_table,
            tables,
            flags: header.flags,
        })
    }
}

/// The grain directory; a table that occurs twice would make a disk of any size.
fn directory(file: &Arc<dyn Source>, sector: u64, count: u64) -> Result<Vec<u64>, String> {
    if count > MAX_TABLES {
        return Err(format!("{count} grain tables are not possible"));
    }
    let at = sector.checked_mul(SECTOR).ok_or("the grain directory lies beyond any file")?;
    let len = usize::try_from(count.saturating_mul(4)).unwrap_or_default();
    let bytes = read_vec(&**file, at, len).map_err(|error| format!("grain directory: {error}"))?;
    let entry = |bytes: &[u8]| u64::from(u32::from_le_bytes(bytes.try_into().unwrap_or_default()));
    let tables: Vec<u64> = bytes.chunks_exact(4).map(|bytes| entry(bytes).saturating_mul(SECTOR)).collect();
    let mut used: Vec<u64> = tables.iter().copied().filter(|&offset| offset != 0).collect();
    used.sort_unstable();
    match used.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(pair) => Err(format!("the grain table at {:?} is used twice", pair.first())),
        None => Ok(tables),
    }
}

impl Map for Grains {
    fn len(&self) -> u64 {
        self.size
    }

    fn run(&self, offset: u64) -> Result<(Place, u64), ReadError> {
        let (index, inside) = (offset / self.grain, offset % self.grain);
        let (table, within) = (index / self.per_table, index % self.per_table);
        let len = |count: u64| count.saturating_mul(self.grain).saturating_sub(inside);
        let tables = usize::try_from(table).ok().and_then(|at| self.tables.get(at..)).unwrap_or_default();
        let place = tables.first().copied().unwrap_or_default();
        if place == 0 {
            let count = run_of(tables, |_, after| after == 0);
            return Ok((Place::Beneath, len(count.saturating_mul(self.per_table).saturating_sub(within))));
        }
        let table = Table { file: Arc::clone(&self.file), offset: place, big_endian: false };
        let entries = table.entries(within, self.per_table.saturating_sub(within))?;
        let first = entries.first().copied().unwrap_or_default();
        let start = u64::from(first).saturating_mul(SECTOR);
        match first {
            0 => Ok((Place::Beneath, len(run_of(&entries, |_, after| after == 0)))),
            1 if self.flags & flags::ZEROED_GRAINS != 0 => {
                Ok((Place::Zero, len(run_of(&entries, |_, after| after == 1))))
            }
            _ if self.flags & flags::COMPRESSED != 0 => {
                let head = read_vec(&*self.file, start.saturating_add(8), 4)?;
                let packed = Record::new("grain", &head).u32_le(0).unwrap_or_default();
                // A grain that packing made larger is larger by little.
                let packed = u64::from(packed).min(self.grain.saturating_mul(2).saturating_add(1024));
                let span = Span::new(start.saturating_add(12), packed);
                Ok((Place::Packed { span, skip: inside }, len(1)))
            }
            _ => {
                let stride = u32::try_from(self.grain / SECTOR).unwrap_or(u32::MAX);
                let follows = |before: u32, after: u32| before.checked_add(stride) == Some(after);
                Ok((Place::File(start.saturating_add(inside)), len(run_of(&entries, follows))))
            }
        }
    }

    fn unpack(&self, packed: &[u8]) -> Result<Vec<u8>, String> {
        let mut grain = Vec::new();
        let mut decoder = flate2::read::ZlibDecoder::new(packed).take(self.grain);
        decoder.read_to_end(&mut grain).map_err(|error| format!("a grain cannot be unpacked: {error}"))?;
        Ok(grain)
    }
}
