//! Git objects: each in a file of its own, or many in a pack. What was removed from the working tree is
//! still in here.
//!
//! An object of a pack is whole, or a list of changes to another one (its base), which is named by its place
//! in the pack or by its SHA-1. Bases come before what depends on them is made, so every object is made
//! once; only the bases on the way to the object at hand are kept.
//!
//! Source: `gitformat-pack(5)`, and `gitformat-loose(5)`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::rc::Rc;

use flate2::{Decompress, FlushDecompress, Status};
use sha1::{Digest, Sha1};

use super::format::{Format, Open};
use super::{ArchiveError, UnpackMeter, Visit, deliver, whole};
use crate::budget::Budget;
use assay_disk::text::hex;

mod delta;

/// A pack of git objects.
pub(super) static PACK: Format = Format {
    name: "git pack",
    marks: &[b"PACK\0\0\0\x02", b"PACK\0\0\0\x03"],
    open: Open::Members(|archive| pack(archive.input, archive.budget, archive.spent, archive.visit)),
    ..Format::NONE
};

/// A git object in a file of its own.
pub(super) static OBJECT: Format = Format {
    name: "git object",
    probe: Some(is_object),
    open: Open::Members(|archive| object(archive.input, archive.spent, archive.visit)),
    ..Format::NONE
};

/// How many times `budget.whole_file` a pack, and the bases that are kept, may have.
const WHOLE_FILES: u64 = 16;
const KINDS: [&[u8]; 4] = [b"blob ", b"tree ", b"commit ", b"tag "];

/// Whether a file begins like a git object: a zlib stream of a kind, a length and a zero.
fn is_object(head: &[u8]) -> bool {
    let [0x78, flags, ..] = *head else { return false };
    if (0x7800 | u16::from(flags)) % 31 != 0 {
        return false;
    }
    let mut text = [0; 32];
    let mut inflater = Decompress::new(true);
    let ran = inflater.decompress(head, &mut text, FlushDecompress::None);
    let filled = usize::try_from(inflater.total_out()).unwrap_or(0);
    ran.is_ok() && text.get(..filled).and_then(object_header).is_some()
}

/// Kind of an object, and bytes of its header.
fn object_header(text: &[u8]) -> Option<(&[u8], usize)> {
    let kind = KINDS.iter().find(|kind| text.starts_with(kind))?;
    let length = text.get(kind.len()..)?;
    let end = memchr::memchr(0, length).filter(|end| (1..=20).contains(end))?;
    let digits = length.get(..end)?.iter().all(u8::is_ascii_digit);
    digits.then(|| (kind.trim_ascii_end(), kind.len().saturating_add(end).saturating_add(1)))
}

/// An object in a file of its own: its member is named by its kind.
fn object(input: &mut dyn Read, spent: &UnpackMeter, visit: &mut Visit<'_>) -> Result<(), ArchiveError> {
    let broken = |error| OBJECT.damaged(error);
    let mut unpacked = flate2::read::ZlibDecoder::new(input);
    let mut head = Vec::new();
    (&mut unpacked).take(32).read_to_end(&mut head).map_err(broken)?;
    let (kind, start) =
        object_header(&head).ok_or_else(|| broken(io::Error::other("an object without a header")))?;
    let mut content = head.get(start..).unwrap_or_default().chain(unpacked);
    deliver(&OBJECT, Some(kind), &mut content, spent, visit).map(|_| ())
}

/// How an object is stored.
#[derive(Clone, Copy)]
enum Stored {
    Whole(&'static str),
    At(usize),
    Named([u8; 20]),
}

/// An object of a pack: how it is stored, where its packed bytes begin, and bytes it unpacks to.
struct Packed {
    stored: Stored,
    data: usize,
    size: u64,
}

/// Objects that others are made of, by what they are called.
#[derive(Default)]
struct Waiting {
    at: BTreeMap<usize, Vec<usize>>,
    named: BTreeMap<[u8; 20], Vec<usize>>,
}

/// The content of a base, counted while it is kept.
struct Base {
    bytes: Vec<u8>,
    kept: Rc<Cell<u64>>,
}

impl Drop for Base {
    fn drop(&mut self) {
        self.kept.set(self.kept.get().saturating_sub(self.bytes.len() as u64));
    }
}

/// Every object of a pack is a member, named by its SHA-1.
fn pack(
    input: &mut dyn Read,
    budget: &Budget,
    spent: &UnpackMeter,
    visit: &mut Visit<'_>,
) -> Result<(), ArchiveError> {
    let limit = budget.whole_file.saturating_mul(WHOLE_FILES);
    let (bytes, read) = whole(input, limit);
    // What came before the end, or before the damage, is looked at all the same.
    let (objects, end) = index(&bytes, spent);
    let mut pack = Pack { bytes: &bytes, objects, limit, kept: Rc::new(Cell::new(0)), lost: 0 };
    pack.deliver(spent, visit)?;
    if read.map_err(|error| PACK.damaged(error))?.is_over {
        return Err(ArchiveError::OverLimit(format!("only the first {limit} bytes of a git pack")));
    }
    end?;
    match pack.lost {
        0 => Ok(()),
        lost => Err(broken(&format!("{lost} objects cannot be made: their bases are missing or too large"))),
    }
}

fn broken(problem: &str) -> ArchiveError {
    PACK.invalid(problem)
}

/// The objects of a pack by place, up to where it is damaged, if it is.
fn index(bytes: &[u8], spent: &UnpackMeter) -> (BTreeMap<usize, Packed>, Result<(), ArchiveError>) {
    let mut objects = BTreeMap::new();
    let count = bytes.get(8..12).and_then(|count| count.try_into().ok()).map_or(0, u32::from_be_bytes);
    let mut at = 12;
    // Where an object ends is known only once it is unpacked: that has a limit of its own.
    let mut unpacked = 0_u64;
    for _ in 0..count {
        if objects.len() as u64 >= spent.member_limit {
            let reason = format!("more than {} objects", spent.member_limit);
            return (objects, Err(ArchiveError::OverLimit(reason)));
        }
        let head = entry(bytes, at);
        unpacked = unpacked.saturating_add(head.as_ref().map_or(0, |object| object.size));
        if spent.is_beyond(unpacked) {
            let reason = format!("the objects of the pack unpack to {unpacked} bytes and more");
            return (objects, Err(ArchiveError::OverLimit(reason)));
        }
        let Some((object, packed)) = head.and_then(|object| {
            let packed = passed(bytes.get(object.data..)?, object.size)?;
            Some((object, packed))
        }) else {
            return (objects, Err(broken(&format!("damaged from byte {at} on"))));
        };
        let next = object.data.saturating_add(packed);
        objects.insert(at, object);
        at = next;
    }
    (objects, Ok(()))
}

/// The head of an object: three bits of kind, a length, and its base.
fn entry(bytes: &[u8], start: usize) -> Option<Packed> {
    let mut rest = bytes.get(start..)?;
    let first = delta::byte(&mut rest)?;
    let (mut size, mut shift, mut more) = (u64::from(first & 15), 4_u32, first >= 0x80);
    while more {
        let byte = delta::byte(&mut rest)?;
        size |= u64::from(byte & 0x7f).checked_shl(shift)?;
        shift = shift.checked_add(7)?;
        more = byte >= 0x80;
    }
    let stored = match first >> 4 & 7 {
        1 => Stored::Whole("commit"),
        2 => Stored::Whole("tree"),
        3 => Stored::Whole("blob"),
        4 => Stored::Whole("tag"),
        6 => Stored::At(start.checked_sub(distance(&mut rest)?)?),
        7 => {
            let (name, after) = rest.split_first_chunk::<20>()?;
            rest = after;
            Stored::Named(*name)
        }
        _ => return None,
    };
    Some(Packed { stored, data: bytes.len().checked_sub(rest.len())?, size })
}

/// How far before an object its base lies: seven bits a byte, each byte but the last one more.
fn distance(rest: &mut &[u8]) -> Option<usize> {
    let mut byte = delta::byte(rest)?;
    let mut value = usize::from(byte & 0x7f);
    while byte >= 0x80 {
        byte = delta::byte(rest)?;
        value = value.checked_add(1)?.checked_mul(128)? | usize::from(byte & 0x7f);
    }
    Some(value)
}

/// Packed bytes of the zlib stream that `bytes` begin with, if it unpacks to `size`.
fn passed(bytes: &[u8], size: u64) -> Option<usize> {
    let mut inflater = Decompress::new(true);
    let mut room = [0; 16 << 10];
    loop {
        let rest = bytes.get(usize::try_from(inflater.total_in()).ok()?..)?;
        let before = (inflater.total_in(), inflater.total_out());
        let status = inflater.decompress(rest, &mut room, FlushDecompress::None).ok()?;
        if inflater.total_out() > size {
            return None;
        }
        match status {
            Status::StreamEnd if inflater.total_out() == size => {
                return usize::try_from(inflater.total_in()).ok();
            }
            Status::StreamEnd => return None,
            _ if before == (inflater.total_in(), inflater.total_out()) => return None,
            _ => {}
        }
    }
}

struct Pack<'p> {
    bytes: &'p [u8],
    objects: BTreeMap<usize, Packed>,
    /// Bytes that bases may have in memory.
    limit: u64,
    kept: Rc<Cell<u64>>,
    /// Objects that were not made.
    lost: usize,
}

impl Pack<'_> {
    fn deliver(&mut self, spent: &UnpackMeter, visit: &mut Visit<'_>) -> Result<(), ArchiveError> {
        let mut waiting = Waiting::default();
        let mut roots = Vec::new();
        for (&at, object) in &self.objects {
            match object.stored {
                Stored::Whole(kind) => roots.push((at, kind)),
                Stored::At(base) => waiting.at.entry(base).or_default().push(at),
                Stored::Named(name) => waiting.named.entry(name).or_default().push(at),
            }
        }
        for (root, kind) in roots {
            let mut todo = vec![(root, None::<Rc<Base>>)];
            while let Some((at, base)) = todo.pop() {
                let Some(content) = self.content(at, base.as_deref()) else {
                    self.lost = self.lost.saturating_add(1);
                    continue;
                };
                let name = name(kind, &content.bytes);
                let shown = hex(&name);
                let mut bytes = content.bytes.as_slice();
                if deliver(&PACK, Some(shown.as_bytes()), &mut bytes, spent, visit)?.is_break() {
                    return Ok(());
                }
                let content = Rc::new(content);
                let dependents = waiting.at.remove(&at).into_iter().chain(waiting.named.remove(&name));
                todo.extend(dependents.flatten().map(|next| (next, Some(Rc::clone(&content)))));
            }
        }
        let orphans = waiting.at.values().chain(waiting.named.values()).map(Vec::len).sum::<usize>();
        self.lost = self.lost.saturating_add(orphans);
        Ok(())
    }

    /// An object's content, if it and its bases are not too large.
    fn content(&self, at: usize, base: Option<&Base>) -> Option<Base> {
        let object = self.objects.get(&at)?;
        let packed = self.bytes.get(object.data..)?;
        let room = self.limit.checked_sub(self.kept.get())?;
        let unpacked = inflate(packed, object.size, room)?;
        let bytes = match base {
            Some(base) => delta::apply(&base.bytes, &unpacked, room)?,
            None => unpacked,
        };
        self.kept.set(self.kept.get().saturating_add(bytes.len() as u64));
        Some(Base { bytes, kept: Rc::clone(&self.kept) })
    }
}

fn inflate(packed: &[u8], size: u64, room: u64) -> Option<Vec<u8>> {
    if size > room {
        return None;
    }
    let mut unpacked = Vec::new();
    let unpacker = flate2::read::ZlibDecoder::new(packed);
    let read = unpacker.take(size).read_to_end(&mut unpacked);
    (read.is_ok() && unpacked.len() as u64 == size).then_some(unpacked)
}

fn name(kind: &str, content: &[u8]) -> [u8; 20] {
    let mut hash = Sha1::new();
    hash.update(format!("{kind} {}\0", content.len()));
    hash.update(content);
    hash.finalize().into()
}
