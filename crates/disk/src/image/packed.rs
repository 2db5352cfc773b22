//! Packed image files: gzip, xz, zstd, bzip2, lz4.
//!
//! A zstd file with a seek table is read where it lies. Others are unpacked once, into a temporary file
//! without a name, so that it is gone when the program ends in whatever way; runs of zeros stay holes.
//!
//! References: RFC 1952, RFC 8878, the lz4 frame format, zstd's `contrib/seekable_format`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use super::Step;
use super::clusters::{Clustered, Map, Place, guarded};
use crate::budget::Budget;
use crate::bytes::cursor::Cursor;
use crate::bytes::{ReadError, Record, Source, Span, read_vec};
use crate::compression;

/// Bytes unpacked at once.
const CHUNK: usize = 1 << 20;
/// Runs of zeros of this length become holes.
const HOLE: usize = 64 << 10;
/// First bytes that tell whether they are of an image.
const HEAD: usize = 4 << 20;
/// Bytes of a small image, whatever its packed size: one with nothing in it, and one with data.
const EMPTY: u64 = 4 << 30;
const SMALL: u64 = 64 << 20;
/// Largest window of zstd that is allowed, as a power of two: `--ultra -22 --long=27` needs no more.
const WINDOW_LOG: u32 = 27;
/// Memory for unpacking xz, in bytes; `xz -9` needs a quarter of it.
const XZ_MEMORY: u64 = 256 << 20;
/// Largest frame that is unpacked as a whole for reading from it.
const FRAME: u64 = 64 << 20;
/// Frames of a seekable file.
const MAX_FRAMES: u64 = 1 << 24;

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Gzip,
    Xz,
    Zstd,
    Bzip2,
    Lz4,
}

impl Codec {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Lz4 => "lz4",
        }
    }
}

/// What unpacking may cost, and whether it is worth it.
pub(super) struct Limits<'a> {
    /// Bytes that may come out.
    pub(super) len: u64,
    /// Bytes of them that are no zeros, and take room.
    pub(super) data: u64,
    /// Where to unpack to.
    pub(super) folder: &'a Path,
    /// Says of the first bytes why they are of no image.
    pub(super) refuse: &'a dyn Fn(Vec<u8>) -> Option<String>,
}

impl<'a> Limits<'a> {
    /// Those of a packed file of `packed` bytes.
    pub(super) fn of(
        packed: u64,
        budget: &Budget,
        folder: &'a Path,
        refuse: &'a dyn Fn(Vec<u8>) -> Option<String>,
    ) -> Self {
        let times = |ratio: u64, more: u64| packed.saturating_mul(ratio).saturating_add(more);
        Self {
            len: budget.unpacked_image.min(times(budget.unpacked_ratio, EMPTY)),
            data: budget.unpacked_image.min(times(budget.unpacked_image_ratio, SMALL)),
            folder,
            refuse,
        }
    }
}

/// Unpacks `file` into a temporary file, if its first bytes are those of an image.
pub(super) fn unpack(
    codec: Codec,
    file: &Arc<dyn Source>,
    limits: &Limits<'_>,
    told: &dyn Fn(Step),
) -> Result<File, String> {
    told(Step::Begin(file.len()));
    let folder = limits.folder;
    let temporary = tempfile::tempfile_in(folder).map_err(|error| {
        format!("no temporary file in {}: {error}; TMPDIR names another folder", folder.display())
    })?;
    let room = room(&temporary);
    let told = Told { inner: Cursor::new(Arc::clone(file)), told };
    let input = BufReader::with_capacity(CHUNK, told);
    guarded(|| {
        let mut output = Output { file: &temporary, len: 0, data: 0, head: Some(Vec::new()), room, limits };
        match codec {
            Codec::Gzip => output.copy(&mut flate2::bufread::MultiGzDecoder::new(input)),
            Codec::Xz => {
                output.copy(&mut compression::xz(input, XZ_MEMORY).map_err(|error| error.to_string())?)
            }
            Codec::Bzip2 => output.copy(&mut bzip2::bufread::MultiBzDecoder::new(input)),
            Codec::Zstd => output.copy(&mut zstd_frames(input).map_err(|error| error.to_string())?),
            Codec::Lz4 => lz4_frames(input, &mut output),
        }?;
        output.judge()?;
        temporary.set_len(output.len).map_err(|error| format!("the temporary file: {error}"))
    })?;
    Ok(temporary)
}

/// Tells how much was read.
struct Told<'a> {
    inner: Cursor,
    told: &'a dyn Fn(Step),
}

impl Read for Told<'_> {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(dst)?;
        (self.told)(Step::Advance(read as u64));
        Ok(read)
    }
}

struct Output<'a> {
    file: &'a File,
    len: u64,
    /// Bytes that were written.
    data: u64,
    /// The first bytes, until they are enough to tell what they are of.
    head: Option<Vec<u8>>,
    /// Bytes that the folder has room for.
    room: u64,
    limits: &'a Limits<'a>,
}

impl Output<'_> {
    fn copy(&mut self, from: &mut dyn Read) -> Result<(), String> {
        let mut buffer = vec![0; CHUNK];
        loop {
            let read = match from.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(format!("it cannot be unpacked behind byte {}: {error}", self.len)),
            };
            self.put(buffer.get(..read).unwrap_or_default())?;
        }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), String> {
        if self.len.saturating_add(bytes.len() as u64) > self.limits.len {
            let limit = self.limits.len;
            return Err(format!(
                "it unpacks to more than {limit} bytes; unpack it yourself first, if it is meant to be so large"
            ));
        }
        if let Some(head) = &mut self.head {
            head.extend_from_slice(bytes.get(..HEAD.saturating_sub(head.len())).unwrap_or(bytes));
            if head.len() >= HEAD {
                self.judge()?;
            }
        }
        for piece in bytes.chunks(HOLE) {
            if piece.iter().any(|&byte| byte != 0) {
                self.data = self.data.saturating_add(piece.len() as u64);
                self.check_room()?;
                let written = self.file.write_all_at(piece, self.len);
                written.map_err(|error| format!("the temporary file: {error}"))?;
            }
            self.len = self.len.saturating_add(piece.len() as u64);
        }
        Ok(())
    }
}

impl Output<'_> {
    /// Decides by the first bytes whether the rest is worth unpacking.
    fn judge(&mut self) -> Result<(), String> {
        match self.head.take().and_then(|head| (self.limits.refuse)(head)) {
            Some(reason) => Err(reason),
            None => Ok(()),
        }
    }

    fn check_room(&self) -> Result<(), String> {
        if self.data > self.limits.data {
            let limit = self.limits.data;
            return Err(format!(
                "more than {limit} bytes that are not zeros come out, far more than an image of its size has"
            ));
        }
        if self.data > self.room {
            return Err(format!(
                "there is no room for it in {}; TMPDIR names another folder",
                self.limits.folder.display()
            ));
        }
        Ok(())
    }
}

/// Bytes that may be written where `file` lies: not the last tenth, which others need.
fn room(file: &File) -> u64 {
    let Ok(found) = rustix::fs::fstatvfs(file) else { return u64::MAX };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    free.saturating_sub(free / 10)
}

/// Frames one after the other, and between them such as may be skipped.
fn lz4_frames(mut input: impl BufRead, output: &mut Output<'_>) -> Result<(), String> {
    loop {
        let mut mark = [0; 4];
        let failed = |error: io::Error| format!("it cannot be unpacked behind a frame: {error}");
        if input.fill_buf().map_err(failed)?.is_empty() {
            return Ok(());
        }
        input.read_exact(&mut mark).map_err(failed)?;
        if (0x184d_2a50..=0x184d_2a5f).contains(&u32::from_le_bytes(mark)) {
            let mut len = [0; 4];
            input.read_exact(&mut len).map_err(failed)?;
            let len = u64::from(u32::from_le_bytes(len));
            let skipped = io::copy(&mut (&mut input).take(len), &mut io::sink()).map_err(failed)?;
            if skipped < len {
                return Err("it ends in a frame".to_owned());
            }
            continue;
        }
        let mut whole = (&mark[..]).chain(&mut input);
        output.copy(&mut lz4_flex::frame::FrameDecoder::new(&mut whole))?;
    }
}

/// A decoder of all frames of `input`, which holds their checksums; what may be skipped is.
fn zstd_frames<R: BufRead>(input: R) -> io::Result<zstd::stream::read::Decoder<'static, R>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
    decoder.window_log_max(WINDOW_LOG)?;
    Ok(decoder)
}

/// A zstd file with a seek table.
struct Seekable {
    /// Of each frame: its first byte of the disk, and where it lies in the file.
    frames: Vec<(u64, Span)>,
    len: u64,
}

/// The disk in a zstd file with a seek table, read in place; `None` where there is no table, or one with
/// frames that are too large for that.
pub(super) fn seekable(file: &Arc<dyn Source>) -> Option<Arc<dyn Source>> {
    let map = Seekable::read(&**file)?;
    Some(Arc::new(Clustered::new(map, Arc::clone(file), None)))
}

impl Seekable {
    fn read(file: &dyn Source) -> Option<Self> {
        let end = file.len();
        let footer = read_vec(file, end.checked_sub(9)?, 9).ok()?;
        let footer = Record::new("seek table", &footer);
        if footer.u32_le(5) != Ok(0x8f92_eab1) {
            return None;
        }
        let count = u64::from(footer.u32_le(0).ok()?);
        let has_checksums = footer.u8(4).ok()? & 0x80 != 0;
        let each: usize = if has_checksums { 12 } else { 8 };
        let len = count.checked_mul(each as u64)?;
        let start = end.checked_sub(9)?.checked_sub(len)?.checked_sub(8)?;
        let head = read_vec(file, start, 8).ok()?;
        let head = Record::new("seek table", &head);
        let fits = u64::from(head.u32_le(4).ok()?) == len.checked_add(9)?;
        if count > MAX_FRAMES || head.u32_le(0) != Ok(0x184d_2a5e) || !fits {
            return None;
        }
        let table = read_vec(file, start.checked_add(8)?, usize::try_from(len).ok()?).ok()?;
        let (mut at, mut disk) = (0_u64, 0_u64);
        let mut frames = Vec::new();
        for entry in table.chunks_exact(each) {
            let entry = Record::new("seek table", entry);
            let (packed, unpacked) = (u64::from(entry.u32_le(0).ok()?), u64::from(entry.u32_le(4).ok()?));
            if unpacked > FRAME {
                return None;
            }
            if unpacked > 0 {
                frames.push((disk, Span::new(at, packed)));
            }
            at = at.checked_add(packed)?;
            disk = disk.checked_add(unpacked)?;
        }
        (at == start && disk > 0).then_some(Self { frames, len: disk })
    }
}

impl Map for Seekable {
    fn len(&self) -> u64 {
        self.len
    }

    fn run(&self, offset: u64) -> Result<(Place, u64), ReadError> {
        let next = self.frames.partition_point(|(start, _)| *start <= offset);
        let missing = || ReadError::BeyondEnd { offset, len: 1, size: self.len };
        let (start, span) = *next.checked_sub(1).and_then(|at| self.frames.get(at)).ok_or_else(missing)?;
        let end = self.frames.get(next).map_or(self.len, |(start, _)| *start);
        Ok((Place::Packed { span, skip: offset.saturating_sub(start) }, end.saturating_sub(offset)))
    }

    fn unpack(&self, packed: &[u8]) -> Result<Vec<u8>, String> {
        let failed = |error: io::Error| format!("a frame cannot be unpacked: {error}");
        let decoder = zstd_frames(packed).map_err(failed)?;
        let mut frame = Vec::new();
        decoder.take(FRAME).read_to_end(&mut frame).map_err(failed)?;
        Ok(frame)
    }
}
