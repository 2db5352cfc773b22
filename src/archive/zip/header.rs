//! The records of a zip archive.

use std::io;

use super::Said;
use super::window::Window;
use assay_disk::bytes::{Record, Truncated};

pub(super) const STORED: u16 = 0;
pub(super) const DEFLATE: u16 = 8;
pub(super) const DEFLATE64: u16 = 9;
pub(super) const BZIP2: u16 = 12;
pub(super) const LZMA: u16 = 14;
pub(super) const ZSTD: u16 = 93;
pub(super) const XZ: u16 = 95;

/// Bytes of the last record, without its comment.
pub(super) const END: u64 = 22;
/// What a descriptor begins with.
pub(super) const DESCRIBED: &[u8] = b"PK\x07\x08";
const LOCAL: usize = 30;
const ENTRY: usize = 46;
/// Number of the field that has sizes of 64 bits.
const LONG: u16 = 1;

/// What kind of record begins here.
pub(super) enum Signature {
    Member,
    Listed,
    /// Nothing of interest, of this length.
    Skipped(u64),
    End,
}

impl Signature {
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        match bytes.get(..4)? {
            b"PK\x03\x04" => Some(Self::Member),
            b"PK\x01\x02" => Some(Self::Listed),
            b"PK\x05\x06" => Some(Self::End),
            // The mark of a part of several, a descriptor that nobody announced.
            b"PK00" => Some(Self::Skipped(4)),
            b"PK\x07\x08" => Some(Self::Skipped(4)),
            // The end in 64 bits (with nothing behind its own fields, as all write it), and what tells its place.
            b"PK\x06\x06" => Some(Self::Skipped(56)),
            b"PK\x06\x07" => Some(Self::Skipped(20)),
            _ => None,
        }
    }
}

/// The header before a member.
pub(super) struct Local {
    pub(super) name: Vec<u8>,
    pub(super) method: u16,
    pub(super) is_encrypted: bool,
    /// Whether a descriptor follows the member.
    pub(super) is_described: bool,
    pub(super) has_end_mark: bool,
    /// Packed bytes; none if only the descriptor knows.
    pub(super) packed: Option<u64>,
    pub(super) unpacked: Option<u64>,
    pub(super) sum: Option<u32>,
}

impl Local {
    pub(super) fn read(window: &mut Window<'_>) -> io::Result<Self> {
        let fixed = window.record(LOCAL)?;
        let fields = Record::new("header of a member", &fixed);
        let lengths = (|| Ok((fields.u16_le(26)?, fields.u16_le(28)?)))().map_err(short)?;
        let name = window.record(usize::from(lengths.0))?;
        let extra = window.record(usize::from(lengths.1))?;
        Self::parse(fields, name, &extra).map_err(short)
    }

    fn parse(fields: Record<'_>, name: Vec<u8>, extra: &[u8]) -> Result<Self, Truncated> {
        let (flags, sum) = (fields.u16_le(6)?, fields.u32_le(14)?);
        let sizes = [fields.u32_le(22)?, fields.u32_le(18)?];
        let [unpacked, packed] = lengthened(sizes, extra);
        let is_described = flags & 8 != 0;
        let is_directory = name.ends_with(b"/");
        let is_unknown = is_described && packed == 0 && !is_directory;
        Ok(Self {
            name,
            method: fields.u16_le(8)?,
            is_encrypted: flags & 1 != 0,
            is_described,
            has_end_mark: flags & 2 != 0,
            packed: (!is_unknown).then_some(packed),
            unpacked: (!is_unknown).then_some(unpacked),
            sum: (!is_described).then_some(sum),
        })
    }

    pub(super) fn is_directory(&self) -> bool {
        self.name.ends_with(b"/") && self.packed == Some(0)
    }
}

/// An entry of the directory: where the member's header is, and what it should say.
pub(super) fn listed(window: &mut Window<'_>) -> io::Result<(u64, Said)> {
    let fixed = window.record(ENTRY)?;
    let fields = Record::new("entry of the directory", &fixed);
    let lengths = (|| Ok((fields.u16_le(28)?, fields.u16_le(30)?, fields.u16_le(32)?)))().map_err(short)?;
    window.record(usize::from(lengths.0))?;
    let extra = window.record(usize::from(lengths.1))?;
    window.record(usize::from(lengths.2))?;
    let parse = || {
        let [_, packed, place] =
            lengthened([fields.u32_le(24)?, fields.u32_le(20)?, fields.u32_le(42)?], &extra);
        let is_encrypted = fields.u16_le(8)? & 1 != 0;
        Ok((place, Said { method: fields.u16_le(10)?, is_encrypted, packed: Some(packed) }))
    };
    parse().map_err(short)
}

/// Numbers of 32 bits, those that did not fit taken from the extra field, in which they have the same order.
fn lengthened<const N: usize>(numbers: [u32; N], extra: &[u8]) -> [u64; N] {
    let mut long = field(extra, LONG).unwrap_or_default();
    numbers.map(|number| match long.split_first_chunk::<8>() {
        Some((value, rest)) if number == u32::MAX => {
            long = rest;
            u64::from_le_bytes(*value)
        }
        _ => u64::from(number),
    })
}

/// The content of one extra field.
fn field(extra: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut rest = extra;
    while let Some(([a, b, c, d], after)) = rest.split_first_chunk::<4>() {
        let length = usize::from(u16::from_le_bytes([*c, *d]));
        let content = after.get(..length)?;
        if u16::from_le_bytes([*a, *b]) == wanted {
            return Some(content);
        }
        rest = after.get(length..)?;
    }
    None
}

fn short(error: Truncated) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}
