//! A file record of the master file table: fixups, header, and the attributes in it.
//!
//! Reference: ntfs-3g `layout.h` (MFT_RECORD, ATTR_RECORD); Linux `fs/ntfs3/ntfs.h`.

use super::runs::{self, Run};
use crate::bytes::Record;
use crate::fs::FsError;

/// Kinds of attributes that are looked at.
pub(super) mod kind {
    pub(in crate::fs::ntfs) const STANDARD_INFORMATION: u32 = 0x10;
    pub(in crate::fs::ntfs) const ATTRIBUTE_LIST: u32 = 0x20;
    pub(in crate::fs::ntfs) const FILE_NAME: u32 = 0x30;
    pub(in crate::fs::ntfs) const VOLUME_NAME: u32 = 0x60;
    pub(in crate::fs::ntfs) const VOLUME_INFORMATION: u32 = 0x70;
    pub(in crate::fs::ntfs) const DATA: u32 = 0x80;
    pub(in crate::fs::ntfs) const INDEX_ROOT: u32 = 0x90;
    pub(in crate::fs::ntfs) const INDEX_ALLOCATION: u32 = 0xa0;
    pub(in crate::fs::ntfs) const BITMAP: u32 = 0xb0;
    pub(in crate::fs::ntfs) const REPARSE_POINT: u32 = 0xc0;
    pub(in crate::fs::ntfs) const EA: u32 = 0xe0;
    pub(super) const END: u32 = 0xffff_ffff;
}

const IN_USE: u16 = 1;
const DIRECTORY: u16 = 2;

/// The 48 bits of a reference that are the record's number.
pub(super) const NUMBER: u64 = 0xffff_ffff_ffff;

/// A file record.
#[derive(Debug)]
pub(super) struct FileRecord {
    /// How often the record was used for another file: part of every reference to it.
    pub(super) sequence: u16,
    /// The number in the log of its last change.
    pub(super) log_number: u64,
    pub(super) in_use: bool,
    pub(super) is_directory: bool,
    /// The number of the record that this one goes on with; 0 for a file's first.
    pub(super) base: u64,
    pub(super) attributes: Vec<Attribute>,
}

/// An attribute, or a piece of one.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub(super) kind: u32,
    /// UTF-16, little-endian.
    pub(super) name: Vec<u8>,
    pub(super) flags: u16,
    pub(super) content: Content,
}

/// Where the value of an attribute is.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// In the record.
    Resident(Vec<u8>),
    /// In clusters: those from `first` on.
    Mapped(Mapping),
}

/// A piece of a value in clusters. Only the first piece knows the sizes.
#[derive(Clone, Debug)]
pub(super) struct Mapping {
    /// First cluster of the value that is mapped here.
    pub(super) first: u64,
    pub(super) runs: Vec<Run>,
    /// Clusters that are compressed together, as a power of two; 0 where none are.
    pub(super) unit: u8,
    /// Bytes of the value.
    pub(super) size: u64,
    /// Bytes of it that were written; the rest reads as zeros.
    pub(super) initialized: u64,
}

impl FileRecord {
    /// Decodes record `number`, with its fixups undone. A record that is not in use has no attributes.
    pub(super) fn parse(number: u64, bytes: &mut [u8], limit: u64) -> Result<Self, FsError> {
        Self::decode(number, bytes, limit, false)
    }

    /// As [`FileRecord::parse`], with the attributes that a record still has that is not in use.
    pub(super) fn parse_unused(number: u64, bytes: &mut [u8], limit: u64) -> Result<Self, FsError> {
        Self::decode(number, bytes, limit, true)
    }

    fn decode(number: u64, bytes: &mut [u8], limit: u64, unused: bool) -> Result<Self, FsError> {
        let bad = |problem: String| FsError::corrupt("file record", number, problem);
        fix_up(b"FILE", bytes).map_err(bad)?;
        let record = Record::new("file record", bytes);
        let flags = record.u16_le(22)?;
        let in_use = flags & IN_USE != 0;
        // Since Windows XP a record knows its own number.
        let own = u64::from(record.u32_le(44)?);
        if record.u16_le(4)? >= 48 && own != number & 0xffff_ffff {
            return Err(bad(format!("it says that it is record {own}")));
        }
        let has_any = in_use || unused;
        let attributes = if has_any { attributes(number, &record, limit)? } else { Vec::new() };
        Ok(Self {
            sequence: record.u16_le(16)?,
            log_number: record.u64_le(8)?,
            in_use,
            is_directory: flags & DIRECTORY != 0,
            base: record.u64_le(32)? & NUMBER,
            attributes,
        })
    }

    /// The attributes of a kind.
    pub(super) fn of(&self, kind: u32) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().filter(move |attribute| attribute.kind == kind)
    }
}

impl Attribute {
    /// The value, of an attribute that must lie in the record.
    pub(super) fn resident(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Resident(value) => Some(value),
            Content::Mapped(_) => None,
        }
    }

    /// Bytes of the value, as this piece of it claims: only the first does.
    pub(super) fn claimed_size(&self) -> u64 {
        match &self.content {
            Content::Resident(value) => value.len() as u64,
            Content::Mapped(mapping) if mapping.first == 0 => mapping.size,
            Content::Mapped(_) => 0,
        }
    }
}

/// Puts the last two bytes of each 512 back from the table of them; what is wrong, if the mark is, or one
/// of them is not as it was left: the record was written in part.
pub(super) fn fix_up(mark: &[u8; 4], bytes: &mut [u8]) -> Result<(), String> {
    let head = Record::new("record", bytes);
    let found = head.array::<4>(0).map_err(|error| error.to_string())?;
    if found != *mark {
        return Err(format!("its mark is \"{}\"", found.escape_ascii()));
    }
    let table = head.u16_le(4).and_then(|at| Ok((usize::from(at), usize::from(head.u16_le(6)?))));
    let (at, count) = table.map_err(|error| error.to_string())?;
    if count.checked_sub(1).and_then(|sectors| sectors.checked_mul(512)) != Some(bytes.len()) {
        return Err(format!("{count} fixups in {} bytes", bytes.len()));
    }
    let fixups = head.bytes(at, count * 2).map_err(|error| error.to_string())?.to_vec();
    let mut values = fixups.chunks_exact(2);
    let stamp = values.next().unwrap_or_default();
    for (number, (sector, value)) in bytes.chunks_exact_mut(512).zip(values).enumerate() {
        let Some(end) = sector.get_mut(510..) else { continue };
        if end != stamp {
            return Err(format!("sector {number} of it is from another time than the first"));
        }
        end.copy_from_slice(value);
    }
    Ok(())
}

fn attributes(number: u64, record: &Record<'_>, limit: u64) -> Result<Vec<Attribute>, FsError> {
    let used = record.u32_le(24)? as usize;
    let record = record.part("file record", 0, used)?;
    let mut attributes = Vec::new();
    let mut at = usize::from(record.u16_le(20)?);
    loop {
        let kind = record.u32_le(at)?;
        if kind == kind::END {
            return Ok(attributes);
        }
        let len = record.u32_le(at.saturating_add(4))? as usize;
        // Kinds are multiples of 16, in order.
        let before = attributes.last().map_or(0, |last: &Attribute| last.kind);
        if len < 16 || !len.is_multiple_of(8) || kind % 16 != 0 || kind < before {
            let problem = format!("an attribute {kind:#x} of {len} bytes behind {before:#x}");
            return Err(FsError::corrupt("file record", number, problem));
        }
        attributes.push(attribute(number, kind, &record.part("attribute", at, len)?, limit)?);
        at = at.saturating_add(len);
    }
}

fn attribute(number: u64, kind: u32, record: &Record<'_>, limit: u64) -> Result<Attribute, FsError> {
    let name = record.bytes(record.u16_le(10)?.into(), usize::from(record.u8(9)?) * 2)?.to_vec();
    let flags = record.u16_le(12)?;
    let content = match record.u8(8)? {
        0 => {
            let (len, at) = (record.u32_le(16)? as usize, record.u16_le(20)?);
            Content::Resident(record.bytes(at.into(), len)?.to_vec())
        }
        1 => Content::Mapped(mapping(number, record, limit)?),
        form => {
            let problem = format!("an attribute {kind:#x} of form {form}");
            return Err(FsError::corrupt("file record", number, problem));
        }
    };
    Ok(Attribute { kind, name, flags, content })
}

fn mapping(number: u64, record: &Record<'_>, limit: u64) -> Result<Mapping, FsError> {
    let (first, last) = (record.u64_le(16)?, record.u64_le(24)?);
    let at = usize::from(record.u16_le(32)?);
    let runs = record.bytes(at, record.len().saturating_sub(at))?;
    let runs = runs::decode(runs, first, limit)
        .map_err(|problem| FsError::corrupt("file record", number, problem))?;
    let mapped = runs.iter().fold(0_u64, |sum, run| sum.saturating_add(run.len));
    // An empty value ends at cluster -1.
    if first.checked_add(mapped) != Some(last.wrapping_add(1)) {
        let problem = format!("clusters {first} to {last} of a value are said to be mapped, {mapped} are");
        return Err(FsError::corrupt("file record", number, problem));
    }
    let (size, initialized) = (record.u64_le(48)?, record.u64_le(56)?);
    Ok(Mapping { first, runs, unit: record.u8(34)?, size, initialized })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden() -> Vec<u8> {
        let mut bytes = vec![0; 1024];
        bytes[..4].copy_from_slice(b"FILE");
        (bytes[4], bytes[6], bytes[16], bytes[20], bytes[22]) = (48, 3, 7, 56, 1);
        bytes[24..28].copy_from_slice(&96_u32.to_le_bytes());
        bytes[44] = 30;
        // The stamp, and what belongs to the ends of both sectors.
        bytes[48..54].copy_from_slice(&[9, 0, 1, 2, 3, 4]);
        (bytes[510], bytes[1022]) = (9, 9);
        bytes[56] = 0x80;
        (bytes[60], bytes[72], bytes[76]) = (32, 5, 24);
        bytes[80..85].copy_from_slice(b"hello");
        bytes[88..92].copy_from_slice(&[0xff; 4]);
        bytes
    }

    #[test]
    fn a_record_that_is_not_in_use_keeps_its_attributes() {
        let mut bytes = golden();
        (bytes[8], bytes[22]) = (5, 0);
        assert!(FileRecord::parse(30, &mut bytes.clone(), 9).unwrap().attributes.is_empty());
        let record = FileRecord::parse_unused(30, &mut bytes, 9).unwrap();
        assert_eq!((record.in_use, record.sequence, record.log_number), (false, 7, 5));
        assert_eq!(record.of(kind::DATA).next().unwrap().resident(), Some(&b"hello"[..]));
    }

    fn poked(at: usize, value: u8) -> String {
        let mut bytes = golden();
        bytes[at] = value;
        FileRecord::parse(30, &mut bytes, 9).unwrap_err().to_string()
    }

    #[test]
    fn golden_record_has_its_value() {
        let mut bytes = golden();
        let record = FileRecord::parse(30, &mut bytes, 9).unwrap();
        assert_eq!(record.sequence, 7);
        assert_eq!(record.of(kind::DATA).next().unwrap().resident(), Some(&b"hello"[..]));
        assert_eq!(bytes[510..512], [1, 2]);
    }

    #[test]
    fn nonsense_is_corrupt_with_its_number() {
        assert_eq!(poked(0, b'B'), "file record 30: its mark is \"BILE\"");
        assert_eq!(poked(6, 9), "file record 30: 9 fixups in 1024 bytes");
        assert_eq!(poked(1022, 8), "file record 30: sector 1 of it is from another time than the first");
        assert_eq!(poked(44, 31), "file record 30: it says that it is record 31");
        assert_eq!(poked(60, 0), "file record 30: an attribute 0x80 of 0 bytes behind 0x0");
        assert_eq!(poked(56, 0x81), "file record 30: an attribute 0x81 of 32 bytes behind 0x0");
        assert_eq!(poked(64, 2), "file record 30: an attribute 0x80 of form 2");
        assert!(poked(72, 99).contains("99 bytes wanted at offset 24"));
    }

    #[test]
    fn every_truncation_is_an_error() {
        for len in 0..1024 {
            assert!(FileRecord::parse(30, &mut golden()[..len], 9).is_err(), "{len}");
        }
    }
}
