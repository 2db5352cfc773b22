//! Directories: entries of 32 bytes, with long names in entries before.

use std::ops::ControlFlow;

use crate::bytes::{Record, Source, check_bounds, read_vec};
use crate::fs::{Extent, FileType, FsError, Metadata, NodeId, Place, Time, utf16};

pub(super) const ENTRY: usize = 32;
/// Microsoft allows no more bytes of entries in a directory.
const LIMIT: u64 = 65536 * 32;

const READ_ONLY: u8 = 0x01;
const LABEL: u8 = 0x08;
const DIRECTORY: u8 = 0x10;
const LONG_NAME: u8 = 0x0f;

/// The upper half of code page 437, that of the IBM PC.
const UPPER: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// An entry: a file, a directory, or the label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// First cluster; 0 for an empty file.
    pub(super) cluster: u32,
    pub(super) size: u64,
    pub(super) is_directory: bool,
    pub(super) is_label: bool,
    pub(super) short: Vec<u8>,
    pub(super) metadata: Metadata,
}

impl Entry {
    /// Decodes an entry in use that is no part of a long name.
    pub(super) fn parse(bytes: &[u8], wide: bool) -> Result<Self, FsError> {
        let record = Record::new("directory entry", bytes);
        let flags = record.u8(11)?;
        let high = if wide { record.u16_le(20)? } else { 0 };
        let is_directory = flags & DIRECTORY != 0;
        let size = if is_directory { 0 } else { record.u32_le(28)?.into() };
        Ok(Self {
            cluster: u32::from(high) << 16 | u32::from(record.u16_le(26)?),
            size,
            is_directory,
            is_label: flags & LABEL != 0,
            short: short_name(record.bytes(0, 11)?, record.u8(12)?, flags & LABEL != 0),
            metadata: Metadata {
                file_type: if is_directory { FileType::Directory } else { FileType::Regular },
                size,
                mode: if is_directory {
                    0o755
                } else if flags & READ_ONLY != 0 {
                    0o444
                } else {
                    0o644
                },
                uid: 0,
                gid: 0,
                links: 1,
                modified: time(record.u16_le(24)?, record.u16_le(22)?, 0),
                changed: time(record.u16_le(24)?, record.u16_le(22)?, 0),
                accessed: time(record.u16_le(18)?, 0, 0),
                created: Some(time(record.u16_le(16)?, record.u16_le(14)?, record.u8(13)?)),
            },
        })
    }

    /// Whether it is the link to its directory or to that above.
    pub(super) fn is_dot(&self) -> bool {
        self.is_directory && (self.short == b"." || self.short == b"..")
    }
}

/// The 8.3 name; Windows NT keeps in `case` whether the parts are in lower case.
fn short_name(raw: &[u8], case: u8, is_label: bool) -> Vec<u8> {
    let decode = |part: &[u8], lower: bool| -> String {
        let letter = |&byte: &u8| match byte {
            0x80.. => UPPER.chars().nth(usize::from(byte - 0x80)).unwrap_or('\u{fffd}'),
            b'/' => '\u{2215}',
            _ => char::from(if lower { byte.to_ascii_lowercase() } else { byte }),
        };
        part.iter().map(letter).collect()
    };
    let mut raw = raw.to_vec();
    // The mark of a deleted entry, where a name really begins with it.
    if let Some(first) = raw.first_mut().filter(|first| **first == 0x05) {
        *first = 0xe5;
    }
    if is_label {
        return decode(raw.trim_ascii_end(), false).into_bytes();
    }
    let (base, extension) = raw.split_at(8.min(raw.len()));
    let mut name = decode(base.trim_ascii_end(), case & 8 != 0);
    if !extension.trim_ascii_end().is_empty() {
        name.push('.');
        name.push_str(&decode(extension.trim_ascii_end(), case & 16 != 0));
    }
    name.into_bytes()
}

/// A moment in the local time of whoever wrote it; it is taken for UTC. No time at all is 1970.
pub(in crate::fs) fn time(date: u16, clock: u16, hundredths: u8) -> Time {
    let (year, month, day) = (1980 + i64::from(date >> 9), i64::from(date >> 5 & 15), i64::from(date & 31));
    if !(1..=12).contains(&month) || day == 0 {
        return Time::default();
    }
    // Days since 1970, where a year begins in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 719_469;
    let (hours, minutes) = (i64::from(clock >> 11), i64::from(clock >> 5 & 63));
    let seconds = days * 86400 + hours * 3600 + minutes * 60 + i64::from(clock & 31) * 2;
    let fine = u32::from(hundredths);
    Time { seconds: seconds + i64::from(fine / 100), nanoseconds: fine % 100 * 10_000_000 }
}

/// The long name that is being put together; its last part comes first.
#[derive(Default)]
pub(super) struct LongName {
    /// UTF-16.
    units: Vec<u8>,
    checksum: u8,
    /// The number of the part that must come next; 0 where the name is whole.
    left: u8,
    /// Parts were met that belong to no file.
    pub(super) orphans: u64,
}

/// What an entry of a directory is.
pub(super) enum Slot {
    /// No entry, and none after it.
    End,
    Deleted,
    LongName,
    Entry,
}

/// Tells what the 32 bytes are.
pub(super) fn slot(bytes: &[u8]) -> Slot {
    match (bytes.first(), bytes.get(11)) {
        (None | Some(0), _) | (_, None) => Slot::End,
        (Some(0xe5), _) => Slot::Deleted,
        (_, Some(&flags)) if flags & 0x3f == LONG_NAME => Slot::LongName,
        _ => Slot::Entry,
    }
}

impl LongName {
    /// Takes a part.
    pub(super) fn part(&mut self, bytes: &[u8]) -> Result<(), FsError> {
        let record = Record::new("long name", bytes);
        let (order, checksum) = (record.u8(0)?, record.u8(13)?);
        if order & 0x40 != 0 {
            self.drop();
            *self = Self { checksum, left: order & 0x3f, orphans: self.orphans, units: Vec::new() };
        }
        if self.left == 0 || order & 0x3f != self.left || checksum != self.checksum || self.left > 20 {
            self.orphans = self.orphans.saturating_add(1);
            self.left = 0;
            self.units.clear();
            return Ok(());
        }
        self.left -= 1;
        let part = [record.bytes(1, 10)?, record.bytes(14, 12)?, record.bytes(28, 4)?].concat();
        self.units.splice(0..0, part);
        Ok(())
    }

    /// Forgets a name whose file did not come.
    pub(super) fn drop(&mut self) {
        if !self.units.is_empty() {
            self.orphans = self.orphans.saturating_add(1);
        }
        self.units.clear();
        self.left = 0;
    }

    /// The long name of the entry whose 8.3 name is `raw`, if the parts before belong to it.
    pub(super) fn take(&mut self, raw: &[u8]) -> Option<Vec<u8>> {
        let sum = raw.iter().take(11).fold(0_u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte));
        if self.units.is_empty() || self.left != 0 || sum != self.checksum {
            self.drop();
            return None;
        }
        let units = std::mem::take(&mut self.units);
        let end = units.chunks_exact(2).position(|unit| unit == [0, 0]).map_or(units.len(), |at| at * 2);
        Some(utf16::name(units.get(..end).unwrap_or_default())).filter(|name| !name.is_empty())
    }
}

/// An entry of a directory, in its place.
pub(super) struct Listed {
    pub(super) name: Vec<u8>,
    pub(super) id: NodeId,
    pub(super) entry: Entry,
}

/// Takes entries until it breaks.
pub(super) type Each<'e> = dyn FnMut(Listed) -> ControlFlow<()> + 'e;

/// Hands on what the directory that lies at `extents` holds, the label too, but not the links to itself and
/// to its parent. Returns how many parts of long names belong to no file.
///
/// # Errors
/// The first [`FsError`] met, after all that could be read was handed on.
pub(super) fn read(
    source: &dyn Source,
    extents: &[Extent],
    wide: bool,
    each: &mut Each<'_>,
) -> Result<u64, FsError> {
    let mut reading = Reading { wide, each, long: LongName::default(), damage: None };
    let mut left = LIMIT;
    for extent in extents {
        let Place::Disk(place) = extent.place else { continue };
        let len = extent.len.min(left);
        left = left.saturating_sub(len);
        let there = len.min(source.len().saturating_sub(place));
        let bytes = read_vec(source, place, usize::try_from(there).unwrap_or(0))?;
        if reading.piece(place, &bytes)?.is_break() {
            break;
        }
        check_bounds(place, usize::try_from(len).unwrap_or(usize::MAX), source.len())?;
        if left == 0 {
            return Err(FsError::corrupt("directory", place, format!("more than {LIMIT} bytes")));
        }
    }
    reading.long.drop();
    reading.damage.map_or(Ok(reading.long.orphans), Err)
}

struct Reading<'e, 'f> {
    wide: bool,
    each: &'e mut Each<'f>,
    long: LongName,
    damage: Option<FsError>,
}

impl Reading<'_, '_> {
    /// The entries of a piece that lies at `place`.
    fn piece(&mut self, place: u64, bytes: &[u8]) -> Result<ControlFlow<()>, FsError> {
        for (place, bytes) in (place..).step_by(ENTRY).zip(bytes.chunks_exact(ENTRY)) {
            match slot(bytes) {
                Slot::End => return Ok(ControlFlow::Break(())),
                Slot::Deleted => self.long.drop(),
                Slot::LongName => self.long.part(bytes)?,
                Slot::Entry => {
                    if self.entry(place, bytes)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn entry(&mut self, place: u64, bytes: &[u8]) -> Result<ControlFlow<()>, FsError> {
        let entry = Entry::parse(bytes, self.wide)?;
        let long = self.long.take(bytes);
        if entry.is_dot() {
            return Ok(ControlFlow::Continue(()));
        }
        let name = long.unwrap_or_else(|| entry.short.clone());
        if name == b"." || name == b".." || name.is_empty() && !entry.is_label {
            let problem = format!("a file named \"{}\"", crate::text::Escaped(&name));
            self.damage.get_or_insert(FsError::corrupt("directory entry", place, problem));
        }
        Ok((self.each)(Listed { name, id: NodeId(place), entry }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_text() {
        assert_eq!(short_name(b"README  TXT", 0, false), b"README.TXT");
        assert_eq!(short_name(b"README  TXT", 0x18, false), b"readme.txt");
        assert_eq!(short_name(b"\x05       ", 0, false), "σ".as_bytes());
        assert_eq!(short_name(b"GR\x99\xe1E     ", 0, false), "GRÖßE".as_bytes());
        assert_eq!(short_name(b"MY LABEL   ", 0, true), b"MY LABEL");
        assert_eq!(UPPER.chars().count(), 128);
    }

    #[test]
    fn times_of_dos_are_ours() {
        // 2026-11-24 13:36:50
        let date = (46 << 9) | (11 << 5) | 24;
        let clock = (13 << 11) | (36 << 5) | 25;
        assert_eq!(time(date, clock, 0).seconds, 1_795_527_410);
        assert_eq!(time(date, clock, 150), Time { seconds: 1_795_527_411, nanoseconds: 500_000_000 });
        assert_eq!(time(0x0021, 0, 0).seconds, 315_532_800);
        assert_eq!(time(0, 0, 0), Time::default());
    }
}
