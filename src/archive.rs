//! Inside things: packed files and archives, unpacked as streams under one budget.
//!
//! Recognised by content, never by name. What cannot be opened is an error that the audit makes a gap of:
//! the inside of a file that was not looked at is never passed over.

use std::io::{self, Read};

use thiserror::Error;

pub use self::format::Format;
use self::format::{Open, Opening};
use self::problems::Problems;
use self::unpack_meter::deliver;
pub use self::unpack_meter::{Member, UnpackMeter, Visit};
use crate::budget::Budget;

mod ar;
pub(crate) mod berkeley;
mod compound;
mod cpio;
mod document;
mod format;
mod git;
mod gzip;
mod lz4;
mod lzw;
mod pairs;
mod pdf;
mod problems;
mod rpm;
mod script;
pub(crate) mod sqlite;
mod streams;
pub mod tar;
mod unpack_meter;
mod zip;

pub mod base64_blocks;

/// How many bytes [`recognise`] wants to see.
pub const HEAD: usize = 512;

/// All formats. A mark is surer than a probe, and a probe surer than those behind it.
pub static FORMATS: [&Format; 36] = [
    &compound::FORMAT,
    &zip::FORMAT,
    &sqlite::FORMAT,
    &sqlite::log_rows::FORMAT,
    &gzip::FORMAT,
    &streams::XZ,
    &streams::ZSTD,
    &rpm::FORMAT,
    &git::PACK,
    &ar::FORMAT,
    &cpio::FORMAT,
    &lz4::FORMAT,
    &streams::BZIP2,
    &git::OBJECT,
    &streams::LZMA,
    &lzw::FORMAT,
    &pdf::FORMAT,
    &document::FORMAT,
    &tar::FORMAT,
    &pairs::BOLT,
    &pairs::LMDB,
    &pairs::TDB,
    &pairs::CDB,
    &pairs::BERKELEY,
    &pairs::GDBM,
    &streams::ZLIB,
    &script::FORMAT,
    &Format::closed("7-Zip archive", &[b"7z\xbc\xaf\x27\x1c"]),
    &Format::closed("RAR archive", &[b"Rar!\x1a\x07"]),
    &Format::closed("old cpio archive", &[b"070707"]),
    &Format::closed("cabinet archive", &[b"MSCF\0\0\0\0"]),
    &Format::closed("qcow2 image", &[b"QFI\xfb"]),
    &Format::closed("QED image", &[b"QED\0"]),
    &Format::closed("VMDK image", &[b"KDMV\x01\0\0\0", b"KDMV\x03\0\0\0"]),
    &Format::closed("VHDX image", &[b"vhdxfile"]),
    &Format { name: "squashfs image", marks: &[b"hsqs"], open: Open::FileSystem("squashfs"), ..Format::NONE },
];

/// The packed format that begins with `head`, if one.
pub fn recognise(head: &[u8]) -> Option<&'static Format> {
    let marked = |format: &&&Format| format.marks.iter().any(|mark| head.starts_with(mark));
    let probed = |format: &&&Format| format.probe.is_some_and(|probe| probe(head));
    FORMATS.iter().find(marked).or_else(|| FORMATS.iter().find(probed)).copied()
}

/// The format that is called `name`, for people.
pub fn by_name(name: &str) -> Option<&'static Format> {
    FORMATS.into_iter().find(|format| format.name == name)
}

/// Why the inside could not be looked at (to its end).
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// Recognised, but not read yet.
    #[error("the inside of a {0} is not looked into")]
    Unsupported(&'static str),
    /// A member, or all of it.
    #[error("{0} is encrypted")]
    Encrypted(String),
    /// A limit of the budget.
    #[error("{0}")]
    OverLimit(String),
    /// The packed data is damaged, or the file cannot be read.
    #[error("{format}: {error}")]
    Damaged {
        /// The format.
        format: &'static str,
        /// What its reader says.
        error: io::Error,
    },
}

/// Hands each member of the archive in `input` to `visit`, until it breaks. Git packs, SQLite databases and
/// PDFs need to be in memory: a few times `budget.whole_file` bytes.
///
/// Returns what could not be looked at, the first problem of each kind; all that could be was handed on.
pub fn members(
    format: &'static Format,
    input: &mut dyn Read,
    budget: &Budget,
    spent: &UnpackMeter,
    visit: &mut Visit<'_>,
) -> Vec<ArchiveError> {
    let mut problems = Problems::default();
    let opening = Opening { input, budget, spent, problems: &mut problems, visit };
    if let Err(problem) = format.members(opening) {
        problems.add(problem);
    }
    problems.0
}

/// How the input of [`whole`] ended, where it was read without an error.
struct Ended {
    /// There is more than was asked for.
    is_over: bool,
}

/// For formats that are read back and forth: the input up to `limit` and a byte, or up to an error.
fn whole(input: &mut dyn Read, limit: u64) -> (Vec<u8>, io::Result<Ended>) {
    let mut bytes = Vec::new();
    let read = input.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    let is_over = bytes.len() as u64 > limit;
    (bytes, read.map(|_| Ended { is_over }))
}

/// Passes over so many bytes, or over all that there are.
fn skip(input: &mut dyn Read, bytes: u64) -> io::Result<()> {
    io::copy(&mut input.take(bytes), &mut io::sink()).map(|_| ())
}

/// A member's name without the slashes and dots it may begin with.
fn trim(name: &[u8]) -> &[u8] {
    let mut name = name;
    while let Some(rest) = name.strip_prefix(b"/").or_else(|| name.strip_prefix(b"./")) {
        name = rest;
    }
    name
}

/// The name that members of a packed stream get: the file's own without its last suffix.
pub fn stream_name(format: &Format, outer: &[u8]) -> Vec<u8> {
    let name = outer.rsplit(|&byte| byte == b'/').next().unwrap_or(outer);
    if !format.is_stream() {
        return name.to_vec();
    }
    for suffix in FORMATS.iter().flat_map(|format| format.suffixes) {
        if let Some(stem) = name.strip_suffix(suffix.as_bytes()).filter(|stem| !stem.is_empty()) {
            return stem.to_vec();
        }
    }
    match name.strip_suffix(b".tgz") {
        Some(stem) => [stem, b".tar"].concat(),
        None => name.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::gzip::packed as gzip;
    use super::*;

    type Unpacked = (Option<Vec<u8>>, Vec<u8>);

    fn unpack(packed: &[u8], budget: &Budget) -> (Vec<Unpacked>, Vec<ArchiveError>) {
        let mut found = Vec::new();
        let format = recognise(packed).unwrap();
        let spent = UnpackMeter::new(packed.len() as u64, budget);
        let problems = members(format, &mut &packed[..], budget, &spent, &mut |member| {
            let mut content = Vec::new();
            member.content.read_to_end(&mut content).unwrap();
            found.push((member.name.map(<[u8]>::to_vec), content));
            ControlFlow::Continue(())
        });
        (found, problems)
    }

    #[test]
    fn each_format_is_known_by_its_marks_and_by_its_name() {
        for format in FORMATS {
            assert!(!format.marks.is_empty() || format.probe.is_some(), "{}", format.name);
            assert_eq!(by_name(format.name), Some(format));
            for mark in format.marks {
                assert_eq!(recognise(mark), Some(format), "{}", format.name);
            }
        }
    }

    #[test]
    fn a_gzip_stream_is_unpacked() {
        let (found, problems) = unpack(&gzip(b"hello"), &Budget::default());
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(found, [(None, b"hello".to_vec())]);
    }

    #[test]
    fn a_cut_stream_hands_on_what_it_has_and_is_damaged() {
        let data: Vec<u8> =
            (0..200_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let packed = gzip(&data);
        let (found, problems) = unpack(&packed[..packed.len() / 2], &Budget::default());
        assert!(matches!(problems[..], [ArchiveError::Damaged { .. }]));
        assert!(found[0].1.len() > 1000);
    }

    #[test]
    fn a_bomb_costs_the_budget_only() {
        let budget = Budget { unpacked_bytes: 1 << 20, ..Budget::default() };
        let (found, problems) = unpack(&gzip(&vec![0; 64 << 20]), &budget);
        assert!(matches!(problems[..], [ArchiveError::OverLimit(_)]), "{problems:?}");
        assert!(found[0].1.len() < 2 << 20);
    }

    #[test]
    fn the_name_of_a_stream_is_its_files_without_the_suffix() {
        assert_eq!(stream_name(&gzip::FORMAT, b"/var/log/a.log.2.gz"), b"a.log.2");
        assert_eq!(stream_name(&streams::XZ, b"/b.tgz"), b"b.tar");
    }

    #[test]
    fn what_cannot_be_opened_is_an_error() {
        let (found, problems) = unpack(b"070707rest", &Budget::default());
        assert!(found.is_empty());
        assert!(matches!(problems[..], [ArchiveError::Unsupported("old cpio archive")]));
    }
}
