//! RPM packages: a lead, two headers, and a packed cpio archive whose members are the package's.
//!
//! Source: rpm's manual, `docs/manual/format_v4.md`. The headers hold the scripts of the package; they are
//! handed on as one member.

use std::io::{self, Read};

use super::format::{Format, Open};
use super::{ArchiveError, HEAD, UnpackMeter, Visit, cpio, deliver, recognise, skip};
use assay_disk::bytes::Record;

/// An RPM package.
pub(super) static FORMAT: Format = Format {
    name: "RPM package",
    marks: &[b"\xed\xab\xee\xdb"],
    open: Open::Members(|archive| members(archive.input, archive.spent, archive.visit)),
    ..Format::NONE
};

const LEAD: u64 = 96;
const HEADER_MAGIC: &[u8] = b"\x8e\xad\xe8";
/// Largest header that is read, in bytes; rpm's own limit.
const LIMIT: u64 = 256 << 20;

fn members(input: &mut dyn Read, spent: &UnpackMeter, visit: &mut Visit<'_>) -> Result<(), ArchiveError> {
    let broken = |error| FORMAT.damaged(error);
    skip(input, LEAD).map_err(broken)?;
    let signature = header(input).map_err(broken)?;
    let padding = (signature.len() as u64).wrapping_neg() & 7;
    skip(input, padding).map_err(broken)?;
    let tags = header(input).map_err(broken)?;
    if deliver(&FORMAT, Some(b"header"), &mut tags.as_slice(), spent, visit)?.is_break() {
        return Ok(());
    }
    let mut head = Vec::new();
    (&mut *input).take(HEAD as u64).read_to_end(&mut head).map_err(broken)?;
    let format = recognise(&head);
    let mut payload = head.as_slice().chain(input);
    match format {
        Some(format) if *format == cpio::FORMAT => cpio::members(&mut payload, spent, visit),
        Some(format) if format.is_stream() => {
            let mut unpacked = format.unpacker(&mut payload)?;
            cpio::members(&mut *unpacked, spent, visit)
        }
        None if head.is_empty() => Ok(()), // a package without files
        _ => Err(ArchiveError::Unsupported("payload of an RPM package")),
    }
}

/// A header: 16 bytes that give the number of entries (16 bytes each) and the bytes of their values.
fn header(input: &mut dyn Read) -> io::Result<Vec<u8>> {
    let invalid = |problem| io::Error::new(io::ErrorKind::InvalidData, problem);
    let mut intro = [0; 16];
    input.read_exact(&mut intro)?;
    let record = Record::new("RPM header", &intro);
    let counts = record.u32_be(8).and_then(|entries| Ok((entries, record.u32_be(12)?)));
    let (entries, values) = counts.map_err(io::Error::other)?;
    let length = u64::from(entries).saturating_mul(16).saturating_add(u64::from(values));
    if !intro.starts_with(HEADER_MAGIC) || length > LIMIT {
        return Err(invalid("a header is not one"));
    }
    let mut bytes = intro.to_vec();
    if input.take(length).read_to_end(&mut bytes)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}
