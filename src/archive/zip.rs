//! ZIP: read from its first byte to its last, by the headers before the members.
//!
//! The directory at the end may be cut off, may leave members out and may lie, so it is not what members are found by;
//! but what it says otherwise than they do is damage, as are members that it has and that are not there.
//! So one pass is enough, and a member costs no memory, whatever its size. What lies between members or
//! behind the end is a member of its own.
//!
//! Source: PKWARE's APPNOTE.TXT 6.3.10.

use std::collections::BTreeMap;
use std::io::{self, Read};

use flate2::bufread::DeflateDecoder;

use self::header::{Local, Signature};
use self::window::{Content, Window};
use super::format::{Format, Open};
use super::problems::Problems;
use super::streams::LZMA_MEMORY;
use super::{ArchiveError, UnpackMeter, Visit, deliver, trim};
use assay_disk::compression;
use assay_disk::text::Escaped;

mod header;
mod window;

/// ZIP, and what is built on it (jar, whl, docx).
pub(super) static FORMAT: Format = Format {
    name: "zip",
    marks: &[b"PK00PK\x03\x04", b"PK\x07\x08PK\x03\x04", b"PK\x03\x04", b"PK\x05\x06"],
    probe: Some(is_program),
    open: Open::Members(|archive| members(archive.input, archive.spent, archive.problems, archive.visit)),
    ..Format::NONE
};

/// Whether it is a program that begins with its interpreter, as archives of Python may.
fn is_program(head: &[u8]) -> bool {
    head.starts_with(b"#!") && memchr::memmem::find(head, b"PK\x03\x04").is_some()
}

fn members(
    input: &mut dyn Read,
    spent: &UnpackMeter,
    problems: &mut Problems,
    visit: &mut Visit<'_>,
) -> Result<(), ArchiveError> {
    let mut archive = Archive {
        window: Window::new(input),
        here: Vec::new(),
        agreed: 0,
        listed: BTreeMap::new(),
        problems,
    };
    archive.read(spent, visit)
}

fn broken(problem: String) -> ArchiveError {
    FORMAT.invalid(problem)
}

fn unread(error: io::Error) -> ArchiveError {
    FORMAT.damaged(error)
}

struct Archive<'a> {
    window: Window<'a>,
    /// What the members say, by the place of their headers, which rises.
    here: Vec<(u64, Said)>,
    /// Entries of the directory that say the same, where all before them did: feeds have a million, and each kept would
    /// cost memory.
    agreed: usize,
    /// What the directory says in its other entries, by the place of the headers.
    listed: BTreeMap<u64, Said>,
    problems: &'a mut Problems,
}

/// What a header says of a member; a header before a member may leave its sizes to what follows it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Said {
    method: u16,
    is_encrypted: bool,
    packed: Option<u64>,
}

impl Archive<'_> {
    fn read(&mut self, spent: &UnpackMeter, visit: &mut Visit<'_>) -> Result<(), ArchiveError> {
        loop {
            let listed = self.listed.len().saturating_add(self.agreed);
            if self.here.len().max(listed) as u64 > spent.member_limit {
                return Err(ArchiveError::OverLimit(format!("more than {} members", spent.member_limit)));
            }
            let at = self.window.at();
            let head = self.window.want(4).map_err(unread)?;
            match Signature::of(head) {
                None if head.is_empty() => {
                    self.compare();
                    self.problems.add(broken("it ends without its directory: it may be cut off".to_owned()));
                    return Ok(());
                }
                None => {
                    let mut content = Content::junk(&mut self.window);
                    let name = format!("bytes at {at}");
                    let delivered = deliver(&FORMAT, Some(name.as_bytes()), &mut content, spent, visit);
                    if self.problems.outlive(delivered)?.is_break() {
                        return Ok(());
                    }
                    Content::junk(&mut self.window).drain().map_err(unread)?;
                }
                Some(Signature::Member) => {
                    if self.member(at, spent, visit)?.is_break() {
                        return Ok(());
                    }
                }
                Some(Signature::Listed) => self.listed(at)?,
                Some(Signature::Skipped(length)) => self.window.skip(length).map_err(unread)?,
                Some(Signature::End) => {
                    self.compare();
                    return self.behind(spent, visit);
                }
            }
        }
    }

    fn member(
        &mut self,
        at: u64,
        spent: &UnpackMeter,
        visit: &mut Visit<'_>,
    ) -> Result<std::ops::ControlFlow<()>, ArchiveError> {
        let local = Local::read(&mut self.window).map_err(unread)?;
        let packed = local.packed;
        self.here.push((at, Said { method: local.method, is_encrypted: local.is_encrypted, packed }));
        let shown = || Escaped(&local.name).to_string();
        let mut raw = match packed {
            Some(length) => Content::exactly(&mut self.window, length),
            None => Content::described(&mut self.window),
        };
        let delivered = if local.is_directory() {
            Ok(std::ops::ControlFlow::Continue(()))
        } else if local.is_encrypted {
            Err(ArchiveError::Encrypted(format!("member {}", shown())))
        } else {
            unpack(&local, &mut raw, spent, visit)
        };
        let flow = self.problems.outlive(delivered)?;
        raw.drain().map_err(|error| broken(format!("member {}: {error}", shown())))?;
        if local.is_described && packed.is_some() {
            self.window.skip_descriptor().map_err(unread)?;
        }
        Ok(flow)
    }

    fn listed(&mut self, at: u64) -> Result<(), ArchiveError> {
        let (place, said) = header::listed(&mut self.window)
            .map_err(|error| broken(format!("the entry of the directory at byte {at}: {error}")))?;
        if self.listed.is_empty() && self.is_here(place, said) {
            self.agreed = self.agreed.saturating_add(1);
        } else {
            self.listed.insert(place, said);
        }
        Ok(())
    }

    /// Holds what the directory says against what was there. Something that stands before the archive, as
    /// in a program that unpacks itself, may have moved all of it.
    fn compare(&mut self) {
        let between = |here: Option<&u64>, listed: Option<&u64>| here?.checked_sub(*listed?);
        let moves = [
            Some(0),
            between(self.here.first().map(|(place, _)| place), self.listed.keys().next()),
            between(self.here.last().map(|(place, _)| place), self.listed.keys().next_back()),
        ];
        let wrong = moves.into_iter().flatten().map(|moved| self.wrong(moved)).min().unwrap_or(0);
        if wrong > 0 {
            let problem = format!("{wrong} members are not there, or not what the directory says of them");
            self.problems.add(broken(problem));
        }
    }

    /// Entries of the directory that say otherwise than the members, if they are `moved` bytes behind their place.
    fn wrong(&self, moved: u64) -> usize {
        let agrees = |(place, said): &(&u64, &Said)| self.is_here(place.saturating_add(moved), **said);
        // Those that agreed did so where they are.
        let agreed = if moved == 0 { 0 } else { self.agreed };
        self.listed.iter().filter(|entry| !agrees(entry)).count().saturating_add(agreed)
    }

    /// Whether a member is there, and says the same.
    fn is_here(&self, place: u64, said: Said) -> bool {
        let found = self.here.binary_search_by_key(&place, |(place, _)| *place).ok();
        found.and_then(|at| self.here.get(at)).is_some_and(|(_, here)| {
            here.method == said.method
                && here.is_encrypted == said.is_encrypted
                && (here.packed.is_none() || here.packed == said.packed)
        })
    }

    /// The comment of the archive, and what is behind it.
    fn behind(&mut self, spent: &UnpackMeter, visit: &mut Visit<'_>) -> Result<(), ArchiveError> {
        self.window.skip(header::END).map_err(unread)?;
        if self.window.want(1).map_err(unread)?.is_empty() {
            return Ok(());
        }
        let mut rest = Content::exactly(&mut self.window, u64::MAX);
        deliver(&FORMAT, Some(b"behind the directory"), &mut rest, spent, visit).map(|_| ())
    }
}

/// Hands on what a member unpacks to.
fn unpack(
    local: &Local,
    raw: &mut Content<'_, '_>,
    spent: &UnpackMeter,
    visit: &mut Visit<'_>,
) -> Result<std::ops::ControlFlow<()>, ArchiveError> {
    let shown = || Escaped(&local.name).to_string();
    let mut content = Checked { inner: unpacker(local, raw)?, sum: crc32fast::Hasher::new(), ended: false };
    let flow = deliver(&FORMAT, Some(trim(&local.name)), &mut content, spent, visit)
        .map_err(|error| in_member(error, &shown()))?;
    let (sum, ended) = (content.sum.clone().finalize(), content.ended);
    drop(content);
    if !ended {
        return Ok(flow);
    }
    let left = raw.drain().map_err(|error| broken(format!("member {}: {error}", shown())))?;
    if left > 0 && local.method != header::LZMA && local.method != header::XZ {
        return Err(broken(format!(
            "member {}: {left} bytes behind its packed data were not looked at",
            shown()
        )));
    }
    match local.sum.or(raw.described_sum()) {
        Some(said) if said != sum => {
            Err(broken(format!("member {}: its checksum is {sum:08x} instead of {said:08x}", shown())))
        }
        _ => Ok(flow),
    }
}

fn in_member(error: ArchiveError, shown: &str) -> ArchiveError {
    match error {
        ArchiveError::Damaged { error, .. } => broken(format!("member {shown}: {error}")),
        other => other,
    }
}

/// The decoder of a member. It takes no byte behind its own end, where its format has one.
fn unpacker<'r>(local: &Local, raw: &'r mut Content<'_, '_>) -> Result<Box<dyn Read + 'r>, ArchiveError> {
    Ok(match local.method {
        header::STORED => Box::new(raw),
        header::DEFLATE => Box::new(DeflateDecoder::new(raw)),
        header::DEFLATE64 => Box::new(deflate64::Deflate64Decoder::with_buffer(raw)),
        header::BZIP2 => Box::new(bzip2::bufread::BzDecoder::new(raw)),
        header::LZMA => lzma(local, raw).map_err(unread)?,
        header::ZSTD => {
            Box::new(zstd::stream::read::Decoder::with_buffer(raw).map_err(unread)?.single_frame())
        }
        header::XZ => Box::new(compression::xz_stream(raw, LZMA_MEMORY).map_err(unread)?),
        _ => return Err(ArchiveError::Unsupported("zip member of a rare method")),
    })
}

/// LZMA in zip: a version, the length of the properties, the properties, and a stream that may have an end mark.
fn lzma<'r>(local: &Local, raw: &'r mut Content<'_, '_>) -> io::Result<Box<dyn Read + 'r>> {
    let mut head = [0; 9];
    raw.read_exact(&mut head)?;
    let [_, _, 5, 0, properties, a, b, c, d] = head else {
        return Err(io::Error::other("properties of LZMA that are none"));
    };
    let length = local.unpacked.filter(|_| !local.has_end_mark).unwrap_or(u64::MAX);
    // The same stream as in the format `.lzma`, which has the length behind the properties.
    let head = io::Cursor::new([&[properties, a, b, c, d][..], &length.to_le_bytes()].concat());
    Ok(Box::new(compression::lzma(head.chain(raw), LZMA_MEMORY)?))
}

/// Counts the checksum of what is read.
struct Checked<'r> {
    inner: Box<dyn Read + 'r>,
    sum: crc32fast::Hasher,
    /// Whether all of it was read.
    ended: bool,
}

impl Read for Checked<'_> {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(dst)?;
        self.sum.update(dst.get(..read).unwrap_or_default());
        self.ended |= read == 0 && !dst.is_empty();
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
