//! Names of deleted entries. The first byte of each entry is lost: of a short name its first letter, of a part of a long
//! name its number. The parts lie before the entry, the last first, and carry a checksum of the whole short name.

use super::super::directory::{ENTRY, Slot, slot};
use crate::bytes::Record;
use crate::fs::utf16;

/// No long name has more parts.
const MOST_PARTS: usize = 20;
/// Stands for a letter that is lost.
const UNKNOWN: u8 = b'_';

/// The parts of a long name that were met, in the order of the disk.
#[derive(Default)]
pub(super) struct DeletedName {
    parts: Vec<Vec<u8>>,
}

impl DeletedName {
    /// Takes a deleted part; whether it is one.
    pub(super) fn part(&mut self, bytes: &[u8]) -> bool {
        let is_part = is_part(bytes);
        if is_part {
            self.parts.push(bytes.to_vec());
        }
        is_part
    }

    /// The long name of a deleted entry, if the parts before are its own, and the first byte of its short name.
    pub(super) fn of(self, entry: &[u8]) -> (Option<Vec<u8>>, u8) {
        let sum_of = |part: &Vec<u8>| part.get(13).copied();
        let Some(sum) = self.parts.last().and_then(sum_of) else { return (None, UNKNOWN) };
        // Parts of another file may lie before them.
        let own = self.parts.iter().rev().take(MOST_PARTS).take_while(|part| sum_of(part) == Some(sum));
        let mut units = Vec::new();
        for part in own {
            let record = Record::new("long name", part);
            let letters =
                [(1, 10), (14, 12), (28, 4)].map(|(at, len)| record.bytes(at, len).unwrap_or_default());
            units.extend(letters.concat());
            // The name ends in the last part, that with the highest number.
            if units.chunks_exact(2).any(|unit| unit == [0, 0]) {
                break;
            }
        }
        let end = units.chunks_exact(2).position(|unit| unit == [0, 0]).map_or(units.len(), |at| at * 2);
        let name = utf16::name(units.get(..end).unwrap_or_default());
        let first = first_byte(entry, sum);
        match is_letter(first) && !name.is_empty() && fits(first, &name) {
            true => (Some(name), first),
            false => (None, UNKNOWN),
        }
    }
}

/// Whether an entry is a part of a long name, deleted or not.
pub(super) fn is_part(bytes: &[u8]) -> bool {
    bytes.get(11).is_some_and(|flags| flags & 0x3f == 0x0f)
}

/// The first byte of the short name with which the checksum over it is `sum`: there is exactly one.
fn first_byte(entry: &[u8], sum: u8) -> u8 {
    let rest = entry.get(1..11).unwrap_or_default();
    rest.iter().rev().fold(sum, |sum, byte| sum.wrapping_sub(*byte).rotate_left(1))
}

/// Whether a short name may begin with the byte.
const fn is_letter(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'Z' | b'!' | b'#'..=b')' | b'-' | b'@' | b'^'..=b'`' | b'{' | b'}' | b'~' | 0x05 | 0x80..)
}

/// Whether a short name that begins with `first` can be made of the long name: of its first letter that is one, in upper
/// case; other scripts become something else.
fn fits(first: u8, name: &[u8]) -> bool {
    let letter = name.iter().find(|byte| !matches!(byte, b'.' | b' ')).copied().unwrap_or_default();
    letter.to_ascii_uppercase() == first
        || first == b'_'
        || !letter.is_ascii_alphanumeric()
        || !first.is_ascii()
}

/// Whether 32 bytes can be an entry, deleted or not.
pub(super) fn is_possible(bytes: &[u8]) -> bool {
    let record = Record::new("directory entry", bytes);
    let (Ok(flags), Ok(cluster)) = (record.u8(11), record.u16_le(26)) else { return false };
    if bytes.len() != ENTRY || flags & 0xc0 != 0 {
        return false;
    }
    if flags & 0x3f == 0x0f {
        return cluster == 0;
    }
    let short = bytes.get(1..11).unwrap_or_default();
    let is_text = |byte: &u8| {
        matches!(byte, 0x20..)
            && !matches!(byte, b'a'..=b'z' | b'"' | b'*'..=b',' | b'/' | b':'..=b'?' | b'['..=b']' | b'|' | 0x7f)
    };
    let is_dot = matches!(slot(bytes), Slot::Entry) && bytes.first() == Some(&b'.');
    // Day and month of the last change are numbers of a calendar, or nothing at all.
    let date = record.u16_le(24).unwrap_or(0);
    let is_date = date == 0 || (1..=12).contains(&(date >> 5 & 15)) && date & 31 != 0;
    is_date && flags & 0x18 != 0x18 && (is_dot || short.iter().all(is_text) && is_base(bytes))
}

/// Whether a base name has no letter behind its padding.
fn is_base(bytes: &[u8]) -> bool {
    let base = bytes.get(1..8).unwrap_or_default();
    base.iter().skip_while(|byte| **byte != b' ').all(|byte| *byte == b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The checksum of a short name, as the specification has it.
    fn sum(short: &[u8; 11]) -> u8 {
        short.iter().fold(0, |sum: u8, byte| ((sum & 1) << 7).wrapping_add(sum >> 1).wrapping_add(*byte))
    }

    fn part(text: &str, sum: u8) -> Vec<u8> {
        let mut units: Vec<u16> = text.encode_utf16().collect();
        if units.len() < 13 {
            units.push(0);
        }
        units.resize(13, 0xffff);
        let letters: Vec<u8> = units.into_iter().flat_map(u16::to_le_bytes).collect();
        let mut part = vec![0xe5; 32];
        part[1..11].copy_from_slice(&letters[..10]);
        part[11..14].copy_from_slice(&[0x0f, 0, sum]);
        part[14..26].copy_from_slice(&letters[10..22]);
        part[26..28].fill(0);
        part[28..32].copy_from_slice(&letters[22..]);
        part
    }

    fn entry(short: &[u8; 11]) -> Vec<u8> {
        let mut entry = vec![0; 32];
        entry[..11].copy_from_slice(short);
        entry[0] = 0xe5;
        entry
    }

    fn name(short: &[u8; 11], parts: &[Vec<u8>]) -> (Option<Vec<u8>>, u8) {
        let mut name = DeletedName::default();
        assert!(parts.iter().all(|part| name.part(part)));
        name.of(&entry(short))
    }

    #[test]
    fn the_first_letter_comes_back_from_the_checksum() {
        let short = b"MYREPO~1TXT";
        let own = sum(short);
        let parts = [part("rts.txt", own), part("my reports ab", own)];
        assert_eq!(name(short, &parts), (Some(b"my reports abrts.txt".to_vec()), b'M'));
    }

    #[test]
    fn parts_of_another_file_are_none_of_this_one() {
        let short = b"MYREPO~1TXT";
        let own = sum(short);
        let parts = [part("older", own ^ 1), part("my.txt", own)];
        assert_eq!(name(short, &parts).0.unwrap(), b"my.txt");
        // The same checksum by chance: a name ends in its last part.
        let parts = [part("older", own), part("my.txt", own)];
        assert_eq!(name(short, &parts).0.unwrap(), b"my.txt");
        assert_eq!(name(short, &[part("your.txt", own)]), (None, b'_'));
        assert_eq!(name(short, &[]), (None, b'_'));
    }

    #[test]
    fn what_is_no_entry_is_not_taken_for_one() {
        assert!(is_possible(&entry(b"FILE    TXT")));
        assert!(is_possible(&part("name", 7)));
        assert!(!is_possible(&[0xff; 32]) && !is_possible(&entry(b"some text..")));
        assert!(!is_possible(&entry(b"A B     TXT")) && !is_possible(&entry(b"FILE    TXT")[..31]));
    }
}
