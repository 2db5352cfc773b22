//! A stream with a look ahead, and the packed bytes of one member in it.

use std::io::{self, BufRead, Read};

use super::header::{self, Signature};

/// How much is read at once, and how much of it may be looked at before it is taken.
const ROOM: usize = 64 << 10;
/// The longest descriptor: a signature, a checksum and two lengths of 64 bits.
const DESCRIPTOR: usize = 24;

/// The archive from where its reader stands.
pub(super) struct Window<'r> {
    input: &'r mut dyn Read,
    buffer: Vec<u8>,
    start: usize,
    /// Bytes of the archive before the window.
    at: u64,
}

impl<'r> Window<'r> {
    pub(super) fn new(input: &'r mut dyn Read) -> Self {
        Self { input, buffer: Vec::new(), start: 0, at: 0 }
    }

    pub(super) const fn at(&self) -> u64 {
        self.at
    }

    fn ahead(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// What lies ahead: at least `bytes`, unless the archive ends before.
    pub(super) fn want(&mut self, bytes: usize) -> io::Result<&[u8]> {
        if self.ahead().len() < bytes {
            self.buffer.drain(..self.start);
            self.start = 0;
            let missing = ROOM.max(bytes).saturating_sub(self.buffer.len());
            (&mut *self.input).take(missing as u64).read_to_end(&mut self.buffer)?;
        }
        Ok(self.ahead())
    }

    fn take(&mut self, bytes: usize) {
        self.start = self.start.saturating_add(bytes).min(self.buffer.len());
        self.at = self.at.saturating_add(bytes as u64);
    }

    /// The next `bytes`.
    pub(super) fn record(&mut self, bytes: usize) -> io::Result<Vec<u8>> {
        let record = self.want(bytes)?.get(..bytes).ok_or(io::ErrorKind::UnexpectedEof)?.to_vec();
        self.take(bytes);
        Ok(record)
    }

    pub(super) fn skip(&mut self, bytes: u64) -> io::Result<()> {
        Content::exactly(self, bytes).drain().map(|_| ())
    }

    /// Passes over what may stand behind a member whose sizes were known before.
    pub(super) fn skip_descriptor(&mut self) -> io::Result<()> {
        let ahead = self.want(DESCRIPTOR.saturating_add(4))?;
        if !ahead.starts_with(header::DESCRIBED) {
            return Ok(());
        }
        let is_short = ahead.get(16..20).is_none_or(|next| Signature::of(next).is_some());
        self.take(if is_short { 16 } else { DESCRIPTOR });
        Ok(())
    }
}

/// Where the packed bytes of a member end.
enum End {
    /// After so many.
    After(u64),
    /// At the descriptor that says as many as there were; then the checksum that it says.
    Described { so_far: u64, sum: Option<u32> },
    /// At the next signature.
    Signature,
}

/// The packed bytes of one member.
pub(super) struct Content<'w, 'r> {
    window: &'w mut Window<'r>,
    end: End,
}

impl<'w, 'r> Content<'w, 'r> {
    pub(super) fn exactly(window: &'w mut Window<'r>, bytes: u64) -> Self {
        Self { window, end: End::After(bytes) }
    }

    pub(super) fn described(window: &'w mut Window<'r>) -> Self {
        Self { window, end: End::Described { so_far: 0, sum: None } }
    }

    /// What is no part of the archive.
    pub(super) fn junk(window: &'w mut Window<'r>) -> Self {
        Self { window, end: End::Signature }
    }

    /// Passes over what was not read; returns how much that was.
    ///
    /// # Errors
    /// Of the archive, or because it ends within the member.
    pub(super) fn drain(&mut self) -> io::Result<u64> {
        let mut left = 0_u64;
        loop {
            let length = self.fill_buf()?.len();
            if length == 0 {
                break;
            }
            self.consume(length);
            left = left.saturating_add(length as u64);
        }
        match self.end {
            End::After(bytes) if bytes > 0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(left),
        }
    }

    pub(super) const fn described_sum(&self) -> Option<u32> {
        match self.end {
            End::Described { sum, .. } => sum,
            _ => None,
        }
    }
}

impl BufRead for Content<'_, '_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let ready = match &mut self.end {
            End::After(0) | End::Described { sum: Some(_), .. } => 0,
            End::After(left) => {
                let ahead = self.window.want(1)?.len();
                usize::try_from(*left).unwrap_or(usize::MAX).min(ahead)
            }
            End::Signature => {
                let ahead = self.window.want(4)?;
                // The last three bytes cannot be a signature.
                if ahead.len() < 4 {
                    ahead.len()
                } else {
                    until(ahead, b"PK", |at| Signature::of(at).is_some())
                }
            }
            End::Described { so_far, sum } => {
                let ahead = self.window.want(DESCRIPTOR.saturating_add(4))?;
                if ahead.is_empty() {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "no descriptor says where it ends",
                    ));
                }
                if let Some((said, length)) = descriptor(ahead, *so_far) {
                    *sum = Some(said);
                    self.window.take(length);
                    0
                } else {
                    // The first byte is none of a descriptor, though it may look so.
                    1_usize.saturating_add(until(
                        ahead.get(1..).unwrap_or_default(),
                        header::DESCRIBED,
                        |_| true,
                    ))
                }
            }
        };
        Ok(self.window.ahead().get(..ready).unwrap_or_default())
    }

    fn consume(&mut self, bytes: usize) {
        self.window.take(bytes);
        match &mut self.end {
            End::After(left) => *left = left.saturating_sub(bytes as u64),
            End::Described { so_far, .. } => *so_far = so_far.saturating_add(bytes as u64),
            End::Signature => {}
        }
    }
}

impl Read for Content<'_, '_> {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(dst)?;
        self.consume(read);
        Ok(read)
    }
}

/// Bytes before the first `mark` that `ends` it, or that could be one if more were seen.
fn until(bytes: &[u8], mark: &[u8], ends: impl Fn(&[u8]) -> bool) -> usize {
    let found = memchr::memmem::find_iter(bytes, mark)
        .find(|&at| bytes.get(at..).is_some_and(|rest| rest.len() < 4 || ends(rest)));
    let tail = bytes.len().saturating_sub(3);
    found.unwrap_or_else(|| {
        bytes
            .get(tail..)
            .and_then(|last| memchr::memchr(b'P', last))
            .map_or(bytes.len(), |at| tail.saturating_add(at))
    })
}

/// Checksum and length of the descriptor that `bytes` begin with, if it says that `packed` bytes were before it.
fn descriptor(bytes: &[u8], packed: u64) -> Option<(u32, usize)> {
    let rest = bytes.strip_prefix(header::DESCRIBED)?;
    let (sum, sizes) = rest.split_first_chunk::<4>()?;
    let sum = u32::from_le_bytes(*sum);
    let long = sizes.split_first_chunk::<8>().map(|(size, _)| u64::from_le_bytes(*size));
    let (short, _) = sizes.split_first_chunk::<4>()?;
    let is_short = u64::from(u32::from_le_bytes(*short)) == packed && bytes.len() >= 16;
    let is_long = long == Some(packed) && packed > 0 && bytes.len() >= DESCRIPTOR;
    // Of an empty file both forms may fit: the unpacked length of the short one is zero, too.
    let goes_on = |at: usize| bytes.get(at..).is_some_and(|next| Signature::of(next).is_some());
    match (is_short, is_long) {
        (true, true) if goes_on(16) => Some((sum, 16)),
        (_, true) => Some((sum, DESCRIPTOR)),
        (true, false) => Some((sum, 16)),
        (false, false) => None,
    }
}
