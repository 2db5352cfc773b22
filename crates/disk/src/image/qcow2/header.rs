//! The header of a qcow2 image and its extensions.
//!
//! Reference: qemu's `docs/interop/qcow2.txt`; all numbers big-endian.

use super::snapshots::Snapshot;
use crate::bytes::{Record, Source, Truncated, read_vec};

/// Longest name of another file; qemu's limit.
const MAX_NAME: u32 = 1023;
/// Bytes of the first-level table; qemu's limit.
const MAX_L1: u64 = 32 << 20;

mod incompatible {
    pub(super) const DIRTY: u64 = 1;
    pub(super) const CORRUPT: u64 = 2;
    pub(super) const DATA_FILE: u64 = 4;
    pub(super) const COMPRESSION: u64 = 8;
    pub(super) const EXTENDED_L2: u64 = 16;
    pub(super) const KNOWN: u64 = DIRTY | CORRUPT | DATA_FILE | COMPRESSION | EXTENDED_L2;
}

/// How clusters are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    Deflate,
    Zstd,
}

/// What the header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) version: u32,
    /// Length of the disk in bytes.
    pub(super) size: u64,
    pub(super) cluster_bits: u32,
    pub(super) l1_offset: u64,
    pub(super) l1_entries: u32,
    pub(super) snapshots: u32,
    pub(super) snapshots_offset: u64,
    pub(super) compression: Compression,
    pub(super) extended_l2: bool,
    /// Whether the image is marked as damaged.
    pub(super) corrupt: bool,
    /// Whether it was not closed.
    pub(super) dirty: bool,
    /// Name and format of the file beneath.
    pub(super) backing: Option<(Vec<u8>, Option<Vec<u8>>)>,
    /// Whether the data is in another file, and its name.
    pub(super) data_file: Option<Vec<u8>>,
}

impl Header {
    /// Reads and checks the header.
    pub(super) fn read(file: &dyn Source) -> Result<Self, String> {
        let len = usize::try_from(file.len().min(4096)).unwrap_or_default();
        let bytes = read_vec(file, 0, len).map_err(|error| error.to_string())?;
        let record = Record::new("qcow2 header", &bytes);
        let mut header = Self::parse(&record).map_err(|error| error.to_string())??;
        header.extensions(file, &record)?;
        Ok(header)
    }

    fn parse(record: &Record<'_>) -> Result<Result<Self, String>, Truncated> {
        let version = record.u32_be(4)?;
        if version != 2 && version != 3 {
            return Ok(Err(format!("version {version} is not read")));
        }
        let features = if version == 3 { record.u64_be(72)? } else { 0 };
        let cluster_bits = record.u32_be(20)?;
        let (size, l1_entries) = (record.u64_be(24)?, record.u32_be(36)?);
        let header = Self {
            version,
            size,
            cluster_bits,
            l1_offset: record.u64_be(40)?,
            l1_entries,
            snapshots: record.u32_be(60)?,
            snapshots_offset: record.u64_be(64)?,
            compression: Compression::Deflate,
            extended_l2: features & incompatible::EXTENDED_L2 != 0,
            dirty: features & incompatible::DIRTY != 0,
            corrupt: features & incompatible::CORRUPT != 0,
            backing: None,
            data_file: (features & incompatible::DATA_FILE != 0).then(Vec::new),
        };
        let method = record.u32_be(32)?;
        if method != 0 {
            let name = if method == 2 { "LUKS" } else { "AES" };
            return Ok(Err(format!("it is encrypted ({name}): the key is not in the image")));
        }
        if features & !incompatible::KNOWN != 0 {
            let unknown = features & !incompatible::KNOWN;
            return Ok(Err(format!("unknown features {unknown:#x}")));
        }
        if !(9..=21).contains(&cluster_bits) || header.extended_l2 && cluster_bits < 14 {
            return Ok(Err(format!("clusters of 2^{cluster_bits} bytes are not possible")));
        }
        if let Err(problem) = header.check_size() {
            return Ok(Err(problem));
        }
        let compression = if features & incompatible::COMPRESSION == 0 { 0 } else { record.u8(104)? };
        Ok(match compression {
            0 => Ok(header),
            1 => Ok(Self { compression: Compression::Zstd, ..header }),
            other => Err(format!("compression {other} is not known")),
        })
    }

    /// Whether the first level covers the disk.
    fn check_size(&self) -> Result<(), String> {
        let (entries, size) = (self.l1_entries, self.size);
        let covered = u64::from(entries).saturating_mul(self.l2_entries() << self.cluster_bits);
        if u64::from(entries).saturating_mul(8) > MAX_L1 || covered < size {
            return Err(format!("{entries} tables for a disk of {size} bytes are not possible"));
        }
        Ok(())
    }

    /// The header as it was when a snapshot was made.
    pub(super) fn of_snapshot(&self, snapshot: &Snapshot) -> Result<Self, String> {
        let size = snapshot.size.unwrap_or(self.size);
        let (l1_offset, l1_entries) = (snapshot.l1_offset, snapshot.l1_entries);
        let header = Self { size, l1_offset, l1_entries, ..self.clone() };
        header.check_size()?;
        Ok(header)
    }

    /// Entries of a second-level table.
    pub(super) fn l2_entries(&self) -> u64 {
        let bits = if self.extended_l2 { 4 } else { 3 };
        1 << self.cluster_bits.saturating_sub(bits)
    }

    /// The names of other files.
    fn extensions(&mut self, file: &dyn Source, record: &Record<'_>) -> Result<(), String> {
        let truncated = |error: Truncated| error.to_string();
        let mut at = match self.version {
            3 => record.u32_be(100).map_err(truncated)? as usize,
            _ => 72,
        };
        let (offset, len) = (record.u64_be(8).map_err(truncated)?, record.u32_be(16).map_err(truncated)?);
        let mut format = None;
        while let (Ok(kind), Ok(size)) = (record.u32_be(at), record.u32_be(at.saturating_add(4))) {
            let data = record.bytes(at.saturating_add(8), size as usize);
            match kind {
                0 => break,
                0xe279_2aca => format = data.ok().map(<[u8]>::to_vec),
                0x4441_5441 if self.data_file.is_some() => {
                    self.data_file = Some(data.map_err(truncated)?.to_vec());
                }
                _ => {}
            }
            at = at.saturating_add(8).saturating_add((size as usize).next_multiple_of(8));
            // The name of the file beneath lies behind the extensions.
            if offset != 0 && at as u64 >= offset {
                break;
            }
        }
        if offset != 0 && len != 0 {
            if len > MAX_NAME {
                return Err(format!("the name of the file beneath has {len} bytes"));
            }
            let name = read_vec(file, offset, len as usize).map_err(|error| error.to_string())?;
            self.backing = Some((name, format));
        }
        Ok(())
    }
}
