//! Volume descriptors: sectors from the 16th on that say what the disc holds.

use crate::bytes::{Record, Source, read_vec};
use crate::fs::FsError;

/// Where the descriptors begin.
pub(super) const START: u64 = 0x8000;
const SECTOR: u64 = 2048;
/// Bytes behind the first session in which another one is looked for, and those that are read at once.
const LATER: u64 = 1 << 30;
const PIECE: u64 = 1 << 20;
/// Descriptors that are looked at.
const LIMIT: u64 = 64;

/// A tree of directories: the disc may describe its files more than once.
#[derive(Clone, Debug)]
pub(super) struct Volume {
    /// Bytes of a logical block.
    pub(super) block: u32,
    /// Length in bytes, as it claims.
    pub(super) total: u64,
    /// Place of the root's directory record.
    pub(super) root: u64,
    /// Volume identifier, without spaces at its end.
    pub(super) label: Vec<u8>,
}

/// All descriptors.
#[derive(Debug, Default)]
pub(super) struct Descriptors {
    pub(super) primary: Option<Volume>,
    pub(super) joliet: Option<Volume>,
    /// Sector of the boot catalogue.
    pub(super) el_torito: Option<u32>,
    /// The disc also holds a UDF file system.
    pub(super) udf: bool,
}

/// Reads the descriptors.
pub(super) fn read(source: &dyn Source) -> Result<Descriptors, FsError> {
    let mut found = Descriptors::default();
    let mut ended = false;
    for index in 0..LIMIT {
        let at = START + index * SECTOR;
        let bytes = match read_vec(source, at, 2048) {
            Ok(bytes) => bytes,
            // The descriptors of UDF behind the end may be missing on a short disc.
            Err(_) if ended => break,
            Err(error) => return Err(error.into()),
        };
        let record = Record::new("volume descriptor", &bytes);
        match (record.u8(0)?, record.bytes(1, 5)?) {
            (_, b"NSR02" | b"NSR03") => found.udf = true,
            (_, b"BEA01" | b"TEA01" | b"BOOT2") => {}
            (255, b"CD001") => ended = true,
            (0, b"CD001") if record.bytes(7, 23)? == b"EL TORITO SPECIFICATION" => {
                found.el_torito = Some(record.u32_le(71)?);
            }
            (1, b"CD001") if found.primary.is_none() => found.primary = Some(volume(&record, at)?),
            (2, b"CD001") if is_joliet(record.bytes(88, 3)?) => found.joliet = Some(volume(&record, at)?),
            (_, b"CD001") => {}
            _ => break,
        }
    }
    Ok(found)
}

/// Where a primary descriptor lies behind the first `total` bytes: that of a later session.
pub(super) fn later(source: &dyn Source, total: u64) -> Option<u64> {
    let mut at = total.max(START).checked_next_multiple_of(SECTOR)?;
    let end = at.saturating_add(LATER);
    while let Some(data) = source.next_data(at).ok()?.filter(|data| data.offset < end) {
        at = at.max(data.offset / SECTOR * SECTOR);
        let stop = data.end().unwrap_or(u64::MAX).min(end).min(source.len());
        let len = usize::try_from(stop.saturating_sub(at).min(PIECE)).ok()?;
        let bytes = read_vec(source, at, len).ok().filter(|bytes| !bytes.is_empty())?;
        let sectors = bytes.chunks(2048).zip((at..).step_by(2048));
        let found = sectors.filter(|(sector, _)| sector.starts_with(b"\x01CD001\x01"));
        if let Some((_, place)) = found.into_iter().next() {
            return Some(place);
        }
        at = at.saturating_add(len as u64).next_multiple_of(SECTOR);
    }
    None
}

fn is_joliet(escape: &[u8]) -> bool {
    matches!(escape, b"%/@" | b"%/C" | b"%/E")
}

fn volume(record: &Record<'_>, at: u64) -> Result<Volume, FsError> {
    let block = u32::from(record.u16_le(128)?);
    if !matches!(block, 512 | 1024 | 2048) {
        return Err(FsError::corrupt("volume descriptor", at, format!("blocks of {block} bytes")));
    }
    let total = u64::from(record.u32_le(80)?).saturating_mul(block.into());
    let label = record.bytes(40, 32)?.trim_ascii_end().to_vec();
    Ok(Volume { block, total, root: at.saturating_add(156), label })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disc(descriptors: &[(u8, &[u8; 5])]) -> Vec<u8> {
        let mut bytes = vec![0; 0x8000];
        for (kind, mark) in descriptors {
            let mut sector = vec![0; 2048];
            sector[0] = *kind;
            sector[1..6].copy_from_slice(*mark);
            sector[80] = 40;
            sector[128..130].copy_from_slice(&2048_u16.to_le_bytes());
            bytes.extend(sector);
        }
        bytes
    }

    #[test]
    fn a_disc_with_udf_behind_its_descriptors_is_known() {
        let found = read(&disc(&[(1, b"CD001"), (255, b"CD001"), (0, b"BEA01"), (0, b"NSR02")])).unwrap();
        assert!(found.udf && found.joliet.is_none());
        assert_eq!(found.primary.unwrap().total, 40 * 2048);
    }

    #[test]
    fn descriptors_without_end_are_an_error() {
        assert!(read(&disc(&[(1, b"CD001")])).is_err());
    }
}
