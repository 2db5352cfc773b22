//! Inside things: packed files and archives, unpacked as streams under one budget.
//!
//! Recognised by content, never by name. What cannot be opened is an error that the audit makes a gap of:
//! the inside of a file that was not looked at is never passed over.

use std::io::{self, BufReader, Read};

use thiserror::Error;

use self::problems::Problems;
use self::spent::deliver;
pub use self::spent::{Member, Spent, Visit};
use crate::budget::Budget;
use assay_disk::compression;

mod ar;
mod compound;
mod cpio;
mod document;
mod git;
mod gzip;
mod lz4;
mod lzw;
mod pdf;
mod problems;
mod rpm;
mod spent;
pub(crate) mod sqlite;
mod tar;
mod zip;

pub mod base64_blocks;

/// A file system that is looked into where it was opened as one.
const SQUASHFS: &str = "squashfs image";

/// How many bytes [`recognise`] wants to see.
pub const HEAD: usize = 512;

/// A packed format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// RFC 1952.
    Gzip,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// RFC 8878.
    Zstd,
    /// lz4 frames, legacy ones too.
    Lz4,
    /// The format of `lzma`, before xz.
    Lzma,
    /// `.Z` of `compress`.
    Compress,
    /// tar, of every kind.
    Tar,
    /// ZIP, and what is built on it (jar, whl, docx).
    Zip,
    /// cpio, "new ASCII".
    Cpio,
    /// A Debian package.
    Deb,
    /// An RPM package.
    Rpm,
    /// A pack of git objects.
    GitPack,
    /// A git object in a file of its own.
    GitObject,
    /// An SQLite database: its tables are members.
    Sqlite,
    /// The write-ahead log beside one.
    SqliteLog,
    /// PDF: its packed streams are members.
    Pdf,
    /// XML of an Office document: its text without the elements is a member.
    Document,
    /// A compound file, as old Office documents and encrypted ones are.
    Compound,
    /// Recognised, not read yet; its name.
    Closed(&'static str),
}

impl Format {
    /// Its name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Lzma => "lzma",
            Self::Compress => "compress",
            Self::Tar => "tar",
            Self::Zip => "zip",
            Self::Cpio => "cpio",
            Self::Deb => "Debian package",
            Self::Rpm => "RPM package",
            Self::GitPack => "git pack",
            Self::GitObject => "git object",
            Self::Sqlite => "SQLite database",
            Self::SqliteLog => "log of SQLite",
            Self::Pdf => "PDF",
            Self::Document => "Office document",
            Self::Compound => "compound file",
            Self::Closed(name) => name,
        }
    }

    /// Whether it packs one stream without a name of its own.
    pub const fn is_stream(self) -> bool {
        matches!(
            self,
            Self::Gzip | Self::Bzip2 | Self::Xz | Self::Zstd | Self::Lz4 | Self::Lzma | Self::Compress
        )
    }

    /// Whether its members lie in it as they are, and its reader takes no byte before it is due.
    pub const fn is_laid_out(self) -> bool {
        matches!(self, Self::Tar | Self::Cpio | Self::Deb)
    }

    /// The kind of file system that it is, where it is one: opened as such, or not at all.
    pub fn file_system(self) -> Option<&'static str> {
        (self == Self::Closed(SQUASHFS)).then_some("squashfs")
    }

    /// Whether its bytes say something as they stand, too: they are searched, and then what is inside.
    pub const fn is_readable(self) -> bool {
        matches!(self, Self::SqliteLog | Self::Pdf | Self::Document | Self::Compound)
    }
}

/// The packed format that begins with `head`, if one.
pub fn recognise(head: &[u8]) -> Option<Format> {
    const MARKS: [(&[u8], Format); 29] = [
        (compound::MAGIC, Format::Compound),
        (b"PK00PK\x03\x04", Format::Zip),
        (b"PK\x07\x08PK\x03\x04", Format::Zip),
        (sqlite::MAGIC, Format::Sqlite),
        (b"\x37\x7f\x06\x82", Format::SqliteLog),
        (b"\x37\x7f\x06\x83", Format::SqliteLog),
        (b"\x1f\x8b\x08", Format::Gzip),
        (b"\xfd7zXZ\0", Format::Xz),
        (b"\x28\xb5\x2f\xfd", Format::Zstd),
        (b"PK\x03\x04", Format::Zip),
        (b"PK\x05\x06", Format::Zip),
        (b"7z\xbc\xaf\x27\x1c", Format::Closed("7-Zip archive")),
        (b"Rar!\x1a\x07", Format::Closed("RAR archive")),
        (rpm::MAGIC, Format::Rpm),
        (b"PACK\0\0\0\x02", Format::GitPack),
        (b"PACK\0\0\0\x03", Format::GitPack),
        (b"!<arch>\ndebian-binary", Format::Deb),
        (b"070701", Format::Cpio),
        (b"070702", Format::Cpio),
        (b"070707", Format::Closed("old cpio archive")),
        (b"\x04\x22\x4d\x18", Format::Lz4),
        (b"\x02\x21\x4c\x18", Format::Lz4),
        (b"hsqs", Format::Closed(SQUASHFS)),
        (b"QFI\xfb", Format::Closed("qcow2 image")),
        (b"QED\0", Format::Closed("QED image")),
        (b"KDMV\x01\0\0\0", Format::Closed("VMDK image")),
        (b"KDMV\x03\0\0\0", Format::Closed("VMDK image")),
        (b"vhdxfile", Format::Closed("VHDX image")),
        (b"MSCF\0\0\0\0", Format::Closed("cabinet archive")),
    ];
    if let Some((_, format)) = MARKS.iter().find(|(mark, _)| head.starts_with(mark)) {
        return Some(*format);
    }
    if let Some([level, block @ ..]) = head.strip_prefix(b"BZh") {
        let begins =
            block.starts_with(b"\x31\x41\x59\x26\x53\x59") || block.starts_with(b"\x17\x72\x45\x38\x50\x90");
        if level.is_ascii_digit() && begins {
            return Some(Format::Bzip2);
        }
    }
    if git::is_object(head) {
        return Some(Format::GitObject);
    }
    if is_lzma(head) {
        return Some(Format::Lzma);
    }
    if lzw::is_stream(head) {
        return Some(Format::Compress);
    }
    if pdf::is_document(head) {
        return Some(Format::Pdf);
    }
    if document::is_xml(head) {
        return Some(Format::Document);
    }
    if head.starts_with(b"#!") && memchr::memmem::find(head, b"PK\x03\x04").is_some() {
        return Some(Format::Zip); // a program that begins with its interpreter
    }
    (head.get(257..262) == Some(b"ustar") || tar::is_header(head)).then_some(Format::Tar)
}

/// The header of `lzma` has no mark: the usual properties, a dictionary of 2^n or 2^n + 2^(n-1) bytes, a
/// length that is unknown or below 256 GiB, and the zero that every stream begins with.
fn is_lzma(head: &[u8]) -> bool {
    let Some(([0x5d, a, b, c, d], rest)) = head.split_first_chunk::<5>() else { return false };
    let Some((length, [0, ..])) = rest.split_first_chunk::<8>() else { return false };
    let (dictionary, length) = (u32::from_le_bytes([*a, *b, *c, *d]), u64::from_le_bytes(*length));
    let round = dictionary.is_power_of_two() || dictionary % 3 == 0 && (dictionary / 3).is_power_of_two();
    round && dictionary >= 4096 && (length == u64::MAX || (1..1 << 38).contains(&length))
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
    format: Format,
    input: &mut dyn Read,
    budget: &Budget,
    spent: &Spent,
    visit: &mut Visit<'_>,
) -> Vec<ArchiveError> {
    let mut problems = Problems::default();
    let result = match format {
        Format::Closed(name) => Err(ArchiveError::Unsupported(name)),
        Format::Tar => tar::members(input, spent, visit),
        Format::Zip => zip::members(input, spent, &mut problems, visit),
        Format::Cpio => cpio::members(input, spent, visit),
        Format::Deb => ar::members(input, spent, visit),
        Format::Rpm => rpm::members(input, spent, visit),
        Format::GitPack => git::pack(input, budget, spent, visit),
        Format::GitObject => git::object(input, spent, visit),
        Format::Sqlite => sqlite::members(input, budget, spent, visit),
        Format::SqliteLog => sqlite::log_rows::members(input, budget, spent, visit),
        Format::Pdf => pdf::members(input, budget, spent, &mut problems, visit),
        Format::Document => document::members(input, spent, visit),
        Format::Compound => compound::look(input),
        _ => stream(format, input, spent, visit),
    };
    if let Err(problem) = result {
        problems.add(problem);
    }
    problems.0
}

fn stream(
    format: Format,
    input: &mut dyn Read,
    spent: &Spent,
    visit: &mut Visit<'_>,
) -> Result<(), ArchiveError> {
    let mut unpacked = unpacker(format, input)?;
    deliver(format, None, &mut *unpacked, spent, visit).map(|_| ())
}

/// Memory of an LZMA decoder, in bytes: the largest preset of `xz` wants 65 MiB.
const LZMA_MEMORY: u64 = 256 << 20;

/// What a packed stream unpacks to.
fn unpacker<'r>(format: Format, input: &'r mut dyn Read) -> Result<Box<dyn Read + 'r>, ArchiveError> {
    let broken = |error| damaged(format, error);
    Ok(match format {
        Format::Gzip => gzip::unpacker(input),
        Format::Bzip2 => Box::new(bzip2::read::MultiBzDecoder::new(input)),
        Format::Xz => Box::new(compression::xz(BufReader::new(input), LZMA_MEMORY).map_err(broken)?),
        Format::Lzma => Box::new(compression::lzma(BufReader::new(input), LZMA_MEMORY).map_err(broken)?),
        Format::Lz4 => Box::new(lz4::Frames::new(input)),
        Format::Compress => Box::new(lzw::Unpacker::new(input).map_err(broken)?),
        _ => Box::new(zstd::stream::read::Decoder::new(input).map_err(broken)?),
    })
}

fn damaged(format: Format, error: io::Error) -> ArchiveError {
    ArchiveError::Damaged { format: format.name(), error }
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
pub fn stream_name(format: Format, outer: &[u8]) -> Vec<u8> {
    let name = outer.rsplit(|&byte| byte == b'/').next().unwrap_or(outer);
    if !format.is_stream() {
        return name.to_vec();
    }
    let suffixes: [&[u8]; 8] = [b".gz", b".bz2", b".xz", b".zst", b".lz4", b".lzma", b".z", b".Z"];
    for suffix in suffixes {
        if let Some(stem) = name.strip_suffix(suffix).filter(|stem| !stem.is_empty()) {
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
        let spent = Spent::new(packed.len() as u64, budget);
        let problems = members(format, &mut &packed[..], budget, &spent, &mut |member| {
            let mut content = Vec::new();
            member.content.read_to_end(&mut content).unwrap();
            found.push((member.name.map(<[u8]>::to_vec), content));
            ControlFlow::Continue(())
        });
        (found, problems)
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
        assert_eq!(stream_name(Format::Gzip, b"/var/log/a.log.2.gz"), b"a.log.2");
        assert_eq!(stream_name(Format::Xz, b"/b.tgz"), b"b.tar");
    }

    #[test]
    fn what_cannot_be_opened_is_an_error() {
        let (found, problems) = unpack(b"070707rest", &Budget::default());
        assert!(found.is_empty());
        assert!(matches!(problems[..], [ArchiveError::Unsupported("old cpio archive")]));
    }
}
