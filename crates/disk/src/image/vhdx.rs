//! VHDX: fixed and dynamic. One whose log was not replayed is refused: its tables may be half written.
//!
//! Reference: [MS-VHDX], "Virtual Hard Disk v2 (VHDX) File Format".

use std::sync::Arc;

use super::clusters::{Clustered, Map, Place};
use super::table::run_of;
use crate::bytes::{ReadError, Record, Source, Truncated, read_vec};

const HEADERS: [u64; 2] = [64 << 10, 128 << 10];
const REGION_TABLES: [u64; 2] = [192 << 10, 256 << 10];
const REGION_TABLE: usize = 64 << 10;
const MIB: u64 = 1 << 20;
/// Largest virtual disk, by the specification.
const MAX_SIZE: u64 = 64 << 40;
/// Entries of the block table read at once.
const BATCH: u64 = 512;

const BAT: u128 = 0x2dc2_7766_f623_4200_9d64_115e_9bfd_4a08;
const METADATA: u128 = 0x8b7c_a206_4790_4b9a_b8fe_575f_050f_886e;
const FILE_PARAMETERS: u128 = 0xcaa1_6737_fa36_4d43_b3b6_33f0_aa44_e76b;
const DISK_SIZE: u128 = 0x2fa5_4224_cd1b_4876_b211_5dbe_d83b_f4b8;
const SECTOR_SIZE: u128 = 0x8141_bf1d_a96f_4709_ba47_f233_a8fa_ab5f;

struct Vhdx {
    file: Arc<dyn Source>,
    /// Where the block table lies.
    bat: u64,
    /// Its number of entries.
    entries: u64,
    size: u64,
    block: u64,
    /// Payload blocks between two bitmap blocks.
    chunk: u64,
}

/// Opens the disk.
pub(super) fn open(file: &Arc<dyn Source>) -> Result<Arc<dyn Source>, String> {
    check_log(&**file)?;
    let map = Vhdx::read(file)?;
    Ok(Arc::new(Clustered::new(map, Arc::clone(file), None)))
}

/// A GUID as text has it; on disk its first three parts are little-endian.
fn guid(bytes: [u8; 16]) -> u128 {
    let [a, b, c, d, e, f, g, h, rest @ ..] = bytes;
    let [i, j, k, l, m, n, o, p] = rest;
    u128::from_be_bytes([d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p])
}

/// A structure with a CRC-32C at byte 4, if that is right.
fn checked(file: &dyn Source, offset: u64, len: usize, mark: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = read_vec(file, offset, len).ok()?;
    let stored = Record::new("VHDX structure", &bytes).u32_le(4).ok()?;
    bytes.get_mut(4..8)?.fill(0);
    (bytes.starts_with(mark) && crc32c::crc32c(&bytes) == stored).then_some(bytes)
}

/// The newest header must say that its log is empty.
fn check_log(file: &dyn Source) -> Result<(), String> {
    let headers = HEADERS.into_iter().filter_map(|at| checked(file, at, 4096, b"head"));
    let newest = headers.max_by_key(|bytes| Record::new("VHDX header", bytes).u64_le(8).unwrap_or_default());
    let newest = newest.ok_or("neither of its headers is valid")?;
    let record = Record::new("VHDX header", &newest);
    if record.u16_le(66) != Ok(1) {
        return Err("its version is not 1".to_owned());
    }
    match record.array(48) {
        Ok([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]) => Ok(()),
        _ => {
            Err("it was not closed, and its log must be replayed first: qemu-img check -r all FILE"
                .to_owned())
        }
    }
}

/// Where the regions lie: (GUID, offset, length).
fn regions(file: &dyn Source) -> Result<Vec<(u128, u64, u64)>, String> {
    let table = REGION_TABLES.into_iter().find_map(|at| checked(file, at, REGION_TABLE, b"regi"));
    let table = table.ok_or("neither of its region tables is valid")?;
    let record = Record::new("VHDX region table", &table);
    let read = || -> Result<Vec<_>, Truncated> {
        let count = record.u32_le(8)?.min(2047);
        (0..count as usize)
            .map(|index| {
                let entry = record.part("VHDX region", index.saturating_mul(32).saturating_add(16), 32)?;
                Ok((guid(entry.array(0)?), entry.u64_le(16)?, entry.u32_le(24)?.into()))
            })
            .collect()
    };
    read().map_err(|error| error.to_string())
}

impl Vhdx {
    fn read(file: &Arc<dyn Source>) -> Result<Self, String> {
        let regions = regions(&**file)?;
        let region = |wanted: u128, name: &str| {
            let found = regions.iter().find(|(id, ..)| *id == wanted);
            found.map(|&(_, at, len)| (at, len)).ok_or_else(|| format!("it has no {name}"))
        };
        let (bat, bat_len) = region(BAT, "block table")?;
        let (metadata, _) = region(METADATA, "metadata")?;
        let item = |wanted: u128, len: usize, name: &str| item(&**file, metadata, wanted, len, name);
        let parameters = item(FILE_PARAMETERS, 8, "file parameters")?;
        let parameters = Record::new("VHDX file parameters", &parameters);
        let size = Record::new("VHDX size", &item(DISK_SIZE, 8, "disk size")?).u64_le(0);
        let sector = Record::new("VHDX sector", &item(SECTOR_SIZE, 4, "sector size")?).u32_le(0);
        let fields = || -> Result<_, Truncated> {
            Ok((u64::from(parameters.u32_le(0)?), parameters.u32_le(4)?, size?, u64::from(sector?)))
        };
        let (block, flags, size, sector) = fields().map_err(|error| error.to_string())?;
        if flags & 2 != 0 {
            return Err("a differencing VHDX is not read; merge it first".to_owned());
        }
        if !block.is_power_of_two() || !(MIB..=256 * MIB).contains(&block) || !matches!(sector, 512 | 4096) {
            return Err(format!("blocks of {block} bytes with sectors of {sector} are not possible"));
        }
        let chunk = (sector << 23) / block;
        let blocks = size.div_ceil(block);
        let entries = blocks.saturating_add(blocks.saturating_sub(1) / chunk.max(1));
        if size > MAX_SIZE || entries.saturating_mul(8) > bat_len {
            return Err(format!("a disk of {size} bytes with a block table of {bat_len} is not possible"));
        }
        Ok(Self { file: Arc::clone(file), bat, entries, size, block, chunk: chunk.max(1) })
    }

    /// Entries of consecutive blocks from `index`, up to the next entry of a bitmap block.
    fn entries(&self, block: u64) -> Result<Vec<u64>, ReadError> {
        let index = block.saturating_add(block / self.chunk);
        let before_bitmap = self.chunk.saturating_sub(block % self.chunk);
        let left = self.entries.saturating_sub(index).min(before_bitmap);
        let len = usize::try_from(left.clamp(1, BATCH).saturating_mul(8)).unwrap_or(8);
        let at = self.bat.saturating_add(index.saturating_mul(8));
        let bytes = read_vec(&*self.file, at, len)?;
        Ok(bytes
            .chunks_exact(8)
            .map(|entry| u64::from_le_bytes(entry.try_into().unwrap_or_default()))
            .collect())
    }
}

/// An item of the metadata region.
fn item(file: &dyn Source, region: u64, wanted: u128, len: usize, name: &str) -> Result<Vec<u8>, String> {
    let table = read_vec(file, region, REGION_TABLE).map_err(|error| error.to_string())?;
    let record = Record::new("VHDX metadata", &table);
    if record.bytes(0, 8) != Ok(b"metadata") {
        return Err("its metadata has no valid mark".to_owned());
    }
    let place = || -> Result<Option<u32>, Truncated> {
        let count = record.u16_le(10)?.min(2047);
        for index in 0..usize::from(count) {
            let entry =
                record.part("VHDX metadata entry", index.saturating_mul(32).saturating_add(32), 32)?;
            if guid(entry.array(0)?) == wanted {
                return Ok(Some(entry.u32_le(16)?));
            }
        }
        Ok(None)
    };
    let place = place().map_err(|error| error.to_string())?.ok_or_else(|| format!("it has no {name}"))?;
    read_vec(file, region.saturating_add(place.into()), len).map_err(|error| error.to_string())
}

impl Map for Vhdx {
    fn len(&self) -> u64 {
        self.size
    }

    fn run(&self, offset: u64) -> Result<(Place, u64), ReadError> {
        let inside = offset % self.block;
        let entries = self.entries(offset / self.block)?;
        let first = entries.first().copied().unwrap_or_default();
        let state = |entry: u64| entry & 7;
        let start = |entry: u64| (entry >> 20).saturating_mul(MIB);
        let len = |count: u64| count.saturating_mul(self.block).saturating_sub(inside);
        match state(first) {
            // Not present, undefined, zero, unmapped: without a parent all of them are zeros to a reader.
            0..=3 => Ok((Place::Zero, len(run_of(&entries, |_, after| state(after) <= 3)))),
            6 => {
                let follows =
                    |a: u64, b: u64| state(b) == 6 && start(a).checked_add(self.block) == Some(start(b));
                let data = start(first).saturating_add(inside);
                Ok((Place::File(data), len(run_of(&entries, follows))))
            }
            state => Err(ReadError::Container { offset, problem: format!("block in state {state}") }),
        }
    }
}
