//! The directory record: name, place and size of an entry, and what its system adds.

use crate::bytes::{Record, Source, read_vec};
use crate::fs::{FsError, Time};

/// Bit of the flags: a directory.
const DIRECTORY: u8 = 2;
/// Bit of the flags: the file goes on in the next record.
const GOES_ON: u8 = 0x80;

/// A directory record, decoded.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Place of the record in the source: the number of the node.
    pub(super) at: u64,
    /// Bytes of the record.
    pub(super) len: u8,
    /// Place of the content in the source.
    pub(super) place: u64,
    pub(super) size: u32,
    pub(super) is_dir: bool,
    pub(super) goes_on: bool,
    pub(super) interleaved: bool,
    pub(super) recorded: Time,
    /// The identifier as it is written; one byte 0 or 1 for the directory itself and its parent.
    pub(super) name: Vec<u8>,
    /// What follows it: Rock Ridge.
    pub(super) system_use: Vec<u8>,
}

impl Entry {
    /// Reads the record at `at`.
    pub(super) fn read(source: &dyn Source, at: u64, block: u32) -> Result<Self, FsError> {
        let mut len = [0];
        source.read_exact_at(at, &mut len)?;
        Self::parse(&read_vec(source, at, len[0].into())?, at, block)
    }

    /// Decodes a record; `bytes` may go on behind it.
    pub(super) fn parse(bytes: &[u8], at: u64, block: u32) -> Result<Self, FsError> {
        let record = Record::new("directory record", bytes);
        let len = record.u8(0)?;
        let record = record.part("directory record", 0, len.into())?;
        let (flags, name_len) = (record.u8(25)?, usize::from(record.u8(32)?));
        let name = record.bytes(33, name_len)?.to_vec();
        let behind = 33 + name_len + usize::from(name_len.is_multiple_of(2));
        let attributes = u64::from(record.u8(1)?);
        let first = u64::from(record.u32_le(2)?).saturating_add(attributes);
        Ok(Self {
            at,
            len,
            place: first.saturating_mul(block.into()),
            size: record.u32_le(10)?,
            is_dir: flags & DIRECTORY != 0,
            goes_on: flags & GOES_ON != 0,
            interleaved: record.u8(26)? != 0 || record.u8(27)? != 0,
            recorded: short_time(record.bytes(18, 7)?),
            name,
            system_use: record.all().get(behind..).unwrap_or_default().to_vec(),
        })
    }

    /// Whether it is the directory itself, or its parent.
    pub(super) fn is_dot(&self) -> bool {
        matches!(self.name.as_slice(), [0 | 1])
    }
}

/// Seven bytes: years since 1900, month, day, hour, minute, second, quarters of an hour east of Greenwich.
pub(super) fn short_time(bytes: &[u8]) -> Time {
    let &[year, month, day, hour, minute, second, zone] = bytes else { return Time::default() };
    if month == 0 {
        return Time::default();
    }
    let days = days(1900 + i64::from(year), month.into(), day.into());
    let zone = i64::from(i8::from_ne_bytes([zone])) * 900;
    let clock = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    Time { seconds: days * 86400 + clock - zone, nanoseconds: 0 }
}

/// Seventeen bytes: digits of year, month, day, hour, minute, second and hundredths, then the zone.
pub(super) fn long_time(bytes: &[u8]) -> Time {
    let number = |from: usize, to: usize| {
        let digits = bytes.get(from..to).unwrap_or_default();
        digits.iter().fold(0, |sum: i64, digit| sum * 10 + i64::from(digit.wrapping_sub(b'0') % 10))
    };
    if bytes.len() < 17 || number(0, 4) == 0 {
        return Time::default();
    }
    let zone = bytes.get(16).map_or(0, |&zone| i64::from(i8::from_ne_bytes([zone])) * 900);
    let clock = number(8, 10) * 3600 + number(10, 12) * 60 + number(12, 14);
    let days = days(number(0, 4), number(4, 6), number(6, 8));
    Time { seconds: days * 86400 + clock - zone, nanoseconds: 0 }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March here, so that the leap day is their last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leaps + (month * 153 + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_moment_agree() {
        let short = short_time(&[124, 2, 29, 13, 1, 2, 4]);
        assert_eq!(short.seconds, 1_709_208_062);
        assert_eq!(long_time(b"2024022913010200\x04"), short);
        assert_eq!(short_time(&[70, 1, 1, 0, 0, 0, 0]).seconds, 0);
    }

    #[test]
    fn a_record_without_a_moment_has_none() {
        assert_eq!(short_time(&[0; 7]), Time::default());
        assert_eq!(long_time(&[b'0'; 17]), Time::default());
    }

    #[test]
    fn a_name_longer_than_its_record_is_an_error() {
        let mut bytes = vec![0; 40];
        bytes[0] = 40;
        bytes[32] = 8;
        assert!(Entry::parse(&bytes, 0, 2048).is_err());
        bytes[32] = 7;
        assert_eq!(Entry::parse(&bytes, 0, 2048).unwrap().name.len(), 7);
    }
}
