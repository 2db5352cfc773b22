//! VHD ("vpc" in qemu): fixed, dynamic and differencing.
//!
//! Reference: Microsoft's "Virtual Hard Disk Image Format Specification" 1.0; all numbers big-endian.

use std::sync::Arc;

use super::clusters::{Clustered, Map, Place};
use super::table::{Table, run_of};
use crate::bytes::{ReadError, Record, Source, Span, Truncated, Window, read_vec};

const SECTOR: u64 = 512;
const UNUSED: u32 = u32::MAX;

/// The footer, as far as it matters.
pub(super) struct Footer {
    data_offset: u64,
    /// Length of the disk in bytes.
    size: u64,
    /// 2 fixed, 3 dynamic, 4 differencing.
    kind: u32,
    /// Names this disk for those on top of it.
    pub(super) id: [u8; 16],
}

/// A parent, as a differencing disk names it.
pub(super) struct Parent {
    /// Its file name, without the directories of the machine it comes from.
    pub(super) name: Vec<u8>,
    /// Its footer's id.
    pub(super) id: [u8; 16],
}

impl Footer {
    /// The footer at the end of the file, or its copy at the start.
    pub(super) fn read(file: &dyn Source) -> Result<Self, String> {
        let end = file.len().checked_sub(SECTOR).ok_or("it is too short for a footer")?;
        let at = |offset| {
            let bytes = read_vec(file, offset, 512).map_err(|error| error.to_string())?;
            Self::parse(&bytes)
        };
        at(end).or_else(|problem| at(0).map_err(|_| problem))
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let record = Record::new("VHD footer", bytes);
        let fields = |record: &Record<'_>| -> Result<_, Truncated> {
            let footer = Self {
                data_offset: record.u64_be(16)?,
                size: record.u64_be(48)?,
                kind: record.u32_be(60)?,
                id: record.array(68)?,
            };
            Ok((record.array(0)?, record.u32_be(64)?, footer))
        };
        let (cookie, stored, footer) = fields(&record).map_err(|error| error.to_string())?;
        let found = checksum(bytes, 64);
        if cookie != *b"conectix" || stored != found {
            return Err(format!("no valid footer (checksum {stored:#x} stored, {found:#x} computed)"));
        }
        Ok(footer)
    }
}

/// The ones' complement of the sum of all bytes but the checksum.
fn checksum(bytes: &[u8], skip: usize) -> u32 {
    let counted = bytes.iter().enumerate().filter(|(at, _)| !(skip..skip.saturating_add(4)).contains(at));
    !counted.fold(0_u32, |sum, (_, &byte)| sum.wrapping_add(byte.into()))
}

struct Dynamic {
    table: Table,
    size: u64,
    /// Bytes of a block, without its bitmap.
    block: u64,
    /// Bytes of a block's bitmap.
    bitmap: u64,
    differencing: bool,
}

/// Opens the parent.
pub(super) type OpenParent<'p> = dyn FnMut(&Parent) -> Result<Arc<dyn Source>, String> + 'p;

/// Opens the disk, as far as it is there, and says what is not; `parent` opens the one beneath.
pub(super) fn open(
    file: &Arc<dyn Source>,
    parent: &mut OpenParent<'_>,
) -> Result<(Arc<dyn Source>, Option<String>), String> {
    let footer = Footer::read(&**file)?;
    match footer.kind {
        2 => {
            let room = file.len().saturating_sub(SECTOR);
            let cut = (footer.size > room)
                .then(|| format!("it is cut short: a disk of {} bytes in a file with {room}", footer.size));
            let there = Span::new(0, footer.size.min(room));
            Ok((Arc::new(Window::new(Arc::clone(file), there)), cut))
        }
        3 | 4 => {
            let (map, named) = Dynamic::read(file, &footer)?;
            let beneath = named.as_ref().map(parent).transpose()?;
            Ok((Arc::new(Clustered::new(map, Arc::clone(file), beneath)), None))
        }
        kind => Err(format!("disk type {kind} is not known")),
    }
}

impl Dynamic {
    fn read(file: &Arc<dyn Source>, footer: &Footer) -> Result<(Self, Option<Parent>), String> {
        let bytes = read_vec(&**file, footer.data_offset, 1024).map_err(|error| error.to_string())?;
        let record = Record::new("VHD dynamic header", &bytes);
        let fields = |record: &Record<'_>| -> Result<_, Truncated> {
            Ok((record.u64_be(16)?, record.u32_be(28)?, record.u32_be(32)?, record.u32_be(36)?))
        };
        let (offset, entries, block, stored) = fields(&record).map_err(|error| error.to_string())?;
        let found = checksum(&bytes, 36);
        if bytes.get(..8) != Some(b"cxsparse") || stored != found {
            return Err(format!(
                "no valid dynamic header (checksum {stored:#x} stored, {found:#x} computed)"
            ));
        }
        let block = u64::from(block);
        if !block.is_power_of_two() || !(SECTOR..=1 << 30).contains(&block) {
            return Err(format!("blocks of {block} bytes are not possible"));
        }
        if footer.size.div_ceil(block) > u64::from(entries) {
            return Err(format!("{entries} blocks of {block} bytes for a disk of {}", footer.size));
        }
        let table = Table { file: Arc::clone(file), offset, big_endian: true };
        let bitmap = (block / SECTOR).div_ceil(8).next_multiple_of(SECTOR);
        let differencing = footer.kind == 4;
        let parent = differencing.then(|| parent(&**file, &record)).transpose()?;
        Ok((Self { table, size: footer.size, block, bitmap, differencing }, parent))
    }

    /// Which sectors of a block of a differencing disk are its own: a run of them, or of those that are not.
    fn own(&self, start: u64, inside: u64) -> Result<(bool, u64), ReadError> {
        let bitmap = read_vec(&*self.table.file, start, usize::try_from(self.bitmap).unwrap_or_default())?;
        let sector = inside / SECTOR;
        let bit = |sector: u64| {
            let byte = usize::try_from(sector / 8).ok().and_then(|at| bitmap.get(at)).copied().unwrap_or(0);
            byte & (0x80 >> (sector % 8)) != 0
        };
        let own = bit(sector);
        let sectors = self.block / SECTOR;
        let end = (sector..sectors).find(|&sector| bit(sector) != own).unwrap_or(sectors);
        Ok((own, end.saturating_mul(SECTOR).saturating_sub(inside)))
    }
}

impl Map for Dynamic {
    fn len(&self) -> u64 {
        self.size
    }

    fn run(&self, offset: u64) -> Result<(Place, u64), ReadError> {
        let (index, inside) = (offset / self.block, offset % self.block);
        let blocks = self.size.div_ceil(self.block);
        let entries = self.table.entries(index, blocks.saturating_sub(index))?;
        let first = entries.first().copied().unwrap_or(UNUSED);
        let rest = self.block.saturating_sub(inside);
        if first == UNUSED {
            let count = run_of(&entries, |_, after| after == UNUSED);
            return Ok((Place::Beneath, count.saturating_mul(self.block).saturating_sub(inside)));
        }
        let start = u64::from(first).saturating_mul(SECTOR);
        let data = start.saturating_add(self.bitmap).saturating_add(inside);
        if !self.differencing {
            return Ok((Place::File(data), rest));
        }
        let (own, len) = self.own(start, inside)?;
        Ok((if own { Place::File(data) } else { Place::Beneath }, len))
    }
}

/// The name of the parent: from a locator of Windows, else the plain one.
fn parent(file: &dyn Source, header: &Record<'_>) -> Result<Parent, String> {
    let truncated = |error: Truncated| error.to_string();
    let id = header.array(40).map_err(truncated)?;
    let mut name = utf16(header.bytes(64, 512).map_err(truncated)?, u16::from_be_bytes);
    for slot in 0..8_usize {
        let locator = header.part("VHD locator", slot.saturating_mul(24).saturating_add(576), 24);
        let locator = locator.map_err(truncated)?;
        let (len, at) = (locator.u32_be(8).map_err(truncated)?, locator.u64_be(16).map_err(truncated)?);
        // "W2ru": a relative path of Windows.
        if locator.bytes(0, 4).map_err(truncated)? == b"W2ru" && len <= 4096 {
            let bytes = read_vec(file, at, usize::try_from(len).unwrap_or_default());
            name = utf16(&bytes.map_err(|error| error.to_string())?, u16::from_le_bytes);
        }
    }
    let name = name.rsplit(['\\', '/']).next().unwrap_or_default().as_bytes().to_vec();
    if name.is_empty() {
        return Err("it needs a parent, and does not name it".to_owned());
    }
    Ok(Parent { name, id })
}

fn utf16(bytes: &[u8], order: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| order(pair.try_into().unwrap_or_default()));
    String::from_utf16_lossy(&units.take_while(|&unit| unit != 0).collect::<Vec<_>>())
}
