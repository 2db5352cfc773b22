//! A disk in a tar archive, read in place: an OVA with its VMDK, or `disk.raw` as clouds want it.
//!
//! Reference: POSIX.1-2001 pax, ustar; DMTF DSP0243 (OVF) for the OVA.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::container::{self, Format};
use crate::bytes::mapped::{Mapped, Piece};
use crate::bytes::{Record, Source, Span, Truncated, Window, read_vec};
use crate::text::Escaped;

const BLOCK: u64 = 512;
/// Digits at the end of a chunk's name.
const CHUNK_DIGITS: usize = 9;
/// Members that are looked at.
const MAX_MEMBERS: u32 = 10_000;

/// The name of a disk, and its bytes.
type Disk = (String, Arc<dyn Source>);

/// What an archive holds.
pub(super) struct Disks {
    /// The disks in their order, discs behind them.
    pub(super) disks: Vec<Disk>,
    /// What no disk is made of: descriptions, and what lies behind the end.
    pub(super) rest: Vec<Span>,
}

/// A file of the archive.
struct Part {
    name: Vec<u8>,
    span: Span,
    /// It is no list of attributes and no tail.
    is_file: bool,
}

/// The disks in the archive. One that lies there in chunks (`disk.vmdk.000000000` and so on) is put together.
pub(super) fn disks(file: &Arc<dyn Source>) -> Result<Disks, String> {
    let (parts, is_whole) = parts(file)?;
    let mut disks = Vec::new();
    let mut taken = Vec::new();
    let mut chunked: BTreeMap<&[u8], BTreeMap<u32, Span>> = BTreeMap::new();
    for part in parts.iter().filter(|part| part.is_file) {
        if let Some((disk, number)) = chunk_of(&part.name) {
            chunked.entry(disk).or_default().insert(number, part.span);
        }
    }
    for part in parts.iter().filter(|part| part.is_file) {
        let (name, spans) = match chunk_of(&part.name) {
            Some((disk, 0)) => (disk, in_order(disk, chunked.get(disk))?),
            Some(_) => continue,
            None => (part.name.as_slice(), vec![part.span]),
        };
        let pieces = spans.iter().map(|span| Piece {
            source: Some(Arc::clone(file)),
            offset: span.offset,
            len: span.len,
        });
        let mapped = Mapped::new(pieces.collect()).ok_or("a member of an impossible size")?;
        let is_cut = mapped.missing() > 0;
        let disk: Arc<dyn Source> = match spans.as_slice() {
            [span] => Arc::new(Window::new(Arc::clone(file), *span)),
            _ => Arc::new(mapped),
        };
        if is_disk(name, &*disk) {
            if is_cut {
                return Err(format!("{} is cut short", Escaped(name)));
            }
            disks.push((Escaped(name).to_string(), disk));
            taken.extend(spans);
        }
    }
    if disks.is_empty() && !is_whole {
        return Err("its end is missing, and there is no disk image before it".to_owned());
    }
    disks.sort_by_key(|(name, _)| name.to_ascii_lowercase().ends_with(".iso"));
    let rest = parts.iter().map(|part| part.span).filter(|span| !taken.contains(span)).collect();
    Ok(Disks { disks, rest })
}

/// The disk that a member is a chunk of, and which one.
fn chunk_of(name: &[u8]) -> Option<(&[u8], u32)> {
    let (disk, digits) = name.split_at_checked(name.len().checked_sub(CHUNK_DIGITS)?)?;
    let digits = digits.iter().all(u8::is_ascii_digit).then(|| std::str::from_utf8(digits).ok())??;
    Some((disk.strip_suffix(b".")?, digits.parse().ok()?))
}

/// The chunks of a disk one after the other.
fn in_order(disk: &[u8], chunks: Option<&BTreeMap<u32, Span>>) -> Result<Vec<Span>, String> {
    let chunks = chunks.into_iter().flatten();
    let chunk = |(expected, (&number, &span)): (u32, (&u32, &Span))| {
        (expected == number)
            .then_some(span)
            .ok_or_else(|| format!("{}: chunk {expected} is missing", Escaped(disk)))
    };
    (0..).zip(chunks).map(chunk).collect()
}

/// The files of the archive, and whether its end is there.
fn parts(file: &Arc<dyn Source>) -> Result<(Vec<Part>, bool), String> {
    let mut parts = Vec::new();
    let mut at = 0_u64;
    for _ in 0..MAX_MEMBERS {
        let Ok(header) = read_vec(&**file, at, 512) else { return Ok((parts, false)) };
        if header.iter().all(|&byte| byte == 0) {
            let span = Span::new(at, file.len().saturating_sub(at));
            parts.push(Part { name: Vec::new(), span, is_file: false });
            return Ok((parts, true));
        }
        let member = Member::parse(&header).map_err(|error| error.to_string())??;
        let start = at.saturating_add(BLOCK);
        if member.kind == b'S' {
            return Err(format!("{} is sparse in GNU's way, which is not read", Escaped(&member.name)));
        }
        let is_file = matches!(member.kind, 0 | b'0' | b'7');
        parts.push(Part { name: member.name, span: Span::new(start, member.size), is_file });
        at =
            start.checked_add(member.size.next_multiple_of(BLOCK)).ok_or("a member of an impossible size")?;
    }
    Ok((parts, false))
}

/// Whether a member is a disk: by its mark, or raw by its name.
fn is_disk(name: &[u8], content: &dyn Source) -> bool {
    let known = container::recognise(content).ok().flatten();
    let raw = [&b".raw"[..], b".img", b".iso"].iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    known.is_some_and(Format::is_disk) || raw && content.len() >= BLOCK
}

struct Member {
    name: Vec<u8>,
    size: u64,
    kind: u8,
}

impl Member {
    fn parse(bytes: &[u8]) -> Result<Result<Self, String>, Truncated> {
        let record = Record::new("tar header", bytes);
        let stored = octal(record.bytes(148, 8)?);
        let counted = |(at, byte): (usize, &u8)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) };
        let found: u64 = bytes.iter().enumerate().map(counted).sum();
        let (name, size) = (record.bytes(0, 100)?, record.bytes(124, 12)?);
        let name = name.split(|&byte| byte == 0).next().unwrap_or_default().to_vec();
        // GNU and star write sizes of 8 GiB and more in binary.
        let size = match size.split_first() {
            Some((0x80, rest)) => {
                let low = rest.last_chunk::<8>().copied().unwrap_or_default();
                Some(u64::from_be_bytes(low))
            }
            _ => octal(size),
        };
        let Some(size) = size.filter(|_| stored == Some(found)) else {
            return Ok(Err("a header in the archive has a wrong checksum or size".to_owned()));
        };
        Ok(Ok(Self { name, size, kind: record.u8(156)? }))
    }
}

fn octal(field: &[u8]) -> Option<u64> {
    let digits = field.trim_ascii().split(|&byte| byte == 0 || byte == b' ').next().unwrap_or_default();
    let text = std::str::from_utf8(digits).ok()?;
    u64::from_str_radix(text, 8).ok()
}
