//! `.Z`, the format of `compress`: LZW with codes of 9 to 16 bits.
//!
//! Codes are packed in groups of eight, and what is left of a group is padding where their width changes.
//! A stream has neither an end mark nor a checksum: that one was cut off cannot be seen.
//!
//! Source: the manual of `compress`, and its output.

use std::io::{self, BufReader, Read};

use super::format::{Format, Open};

/// `.Z` of `compress`.
pub(super) static FORMAT: Format = Format {
    name: "compress",
    probe: Some(is_stream),
    suffixes: &[".Z"],
    open: Open::Stream(|input| Ok(Box::new(Unpacker::new(input)?))),
    ..Format::NONE
};

/// What every stream begins with; the next byte has the width and, in its highest bit, whether codes are
/// ever forgotten.
const MAGIC: &[u8] = b"\x1f\x9d";
const NARROWEST: u32 = 9;
const WIDEST: u32 = 16;
/// The code that empties the table.
const CLEAR: usize = 256;

/// Whether a file begins like a stream that can be read.
fn is_stream(head: &[u8]) -> bool {
    head.strip_prefix(MAGIC).and_then(<[u8]>::first).is_some_and(|&flags| widest(flags).is_some())
}

/// The width that codes grow to, in bits.
fn widest(flags: u8) -> Option<u32> {
    let width = u32::from(flags & 0x1f);
    (flags & 0x60 == 0 && (NARROWEST..=WIDEST).contains(&width)).then_some(width)
}

/// A stream, unpacked.
struct Unpacker<R> {
    input: BufReader<R>,
    group: [u8; 16],
    /// Bits of the group, and those taken from it.
    bits: u32,
    taken: u32,
    width: u32,
    widest: u32,
    clears: bool,
    /// What a code of the table is: the code before it, and a byte.
    table: Vec<(u16, u8)>,
    last: Option<(usize, u8)>,
    /// Unpacked bytes that were not handed out, the next one last.
    out: Vec<u8>,
}

impl<R: Read> Unpacker<R> {
    fn new(input: R) -> io::Result<Self> {
        let mut input = BufReader::new(input);
        let mut head = [0; 3];
        input.read_exact(&mut head)?;
        let [_, _, flags] = head;
        let widest = widest(flags).ok_or_else(|| invalid("codes of a width that there is not"))?;
        let mut unpacker = Self {
            input,
            group: [0; 16],
            bits: 0,
            taken: 0,
            width: NARROWEST,
            widest,
            clears: flags & 0x80 != 0,
            table: Vec::new(),
            last: None,
            out: Vec::new(),
        };
        unpacker.clear();
        Ok(unpacker)
    }

    /// Back to the 256 bytes. The next entry takes the place of the code that clears, where there is one.
    fn clear(&mut self) {
        self.table.clear();
        self.table.extend((0..=u8::MAX).map(|byte| (0, byte)));
        self.width = NARROWEST;
        (self.bits, self.taken) = (0, 0);
    }

    /// The next code; none at the end.
    fn code(&mut self) -> io::Result<Option<usize>> {
        if self.table.len() >= 1 << self.width && self.width < self.widest {
            self.width = self.width.saturating_add(1);
            (self.bits, self.taken) = (0, 0);
        }
        if self.taken.saturating_add(self.width) > self.bits {
            self.group = [0; 16];
            let mut filled = 0;
            while let Some(room) = self.group.get_mut(filled..self.width as usize) {
                match self.input.read(room)? {
                    0 => break,
                    read => filled = filled.saturating_add(read),
                }
            }
            (self.bits, self.taken) = (u32::try_from(filled).unwrap_or(0).saturating_mul(8), 0);
            if self.bits < self.width {
                return Ok(None);
            }
        }
        let code = u128::from_le_bytes(self.group) >> self.taken & ((1 << self.width) - 1);
        self.taken = self.taken.saturating_add(self.width);
        Ok(usize::try_from(code).ok())
    }

    /// Unpacks one code into `out`; false at the end.
    fn step(&mut self) -> io::Result<bool> {
        let Some(code) = self.code()? else { return Ok(false) };
        if code == CLEAR && self.clears {
            self.clear();
            return Ok(true);
        }
        let Some((last, first)) = self.last else {
            let byte = u8::try_from(code).map_err(|_| invalid("the first code is not a byte"))?;
            self.last = Some((code, byte));
            if self.clears {
                self.table.push((0, 0)); // the place of the code that clears
            }
            self.out.push(byte);
            return Ok(true);
        };
        // A code may name the entry that is made of it.
        let mut at = if code == self.table.len() { last } else { code };
        if code == self.table.len() {
            self.out.push(first);
        }
        while let (true, Some(&(before, byte))) = (at > 255, self.table.get(at)) {
            self.out.push(byte);
            if usize::from(before) >= at {
                return Err(invalid("a code is made of a later one"));
            }
            at = usize::from(before);
        }
        let byte = u8::try_from(at).map_err(|_| invalid("a code that is not in the table"))?;
        self.out.push(byte);
        if self.table.len() < 1 << self.widest {
            self.table.push((u16::try_from(last).unwrap_or(u16::MAX), byte));
        }
        self.last = Some((code, byte));
        Ok(true)
    }
}

impl<R: Read> Read for Unpacker<R> {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        while self.out.is_empty() {
            if !self.step()? {
                return Ok(0);
            }
        }
        let mut filled = 0_usize;
        let rest = self.out.len().saturating_sub(dst.len());
        for (room, byte) in dst.iter_mut().zip(self.out.drain(rest..).rev()) {
            *room = byte;
            filled = filled.saturating_add(1);
        }
        Ok(filled)
    }
}

fn invalid(problem: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;
    use crate::skipped::skip;

    /// What `compress` makes of `text` with codes of at most `width` bits; none where it is not installed.
    fn compress(text: &[u8], width: u32) -> Option<Vec<u8>> {
        let mut child = Command::new("compress")
            .args(["-c", "-f", &format!("-b{width}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut stdin = child.stdin.take().unwrap();
        let text = text.to_vec();
        let writer = std::thread::spawn(move || io::Write::write_all(&mut stdin, &text));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        Some(output.stdout)
    }

    fn unpack(packed: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Unpacker::new(packed)?.take(64 << 20).read_to_end(&mut out).map(|_| out)
    }

    /// Text that changes its kind, so that the table is emptied on the way.
    fn text(len: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut random = move |many: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % many
        };
        let mut text = Vec::new();
        while text.len() < len {
            let (many, kind) = (1 + random(60), random(190));
            for _ in 0..random(20_000) {
                text.push(u8::try_from(kind + random(many)).unwrap());
            }
        }
        text
    }

    #[test]
    fn what_compress_packs_comes_back() {
        // What it makes with 9 bits, neither it nor gzip can read.
        for width in 10..=16 {
            for len in [0, 1, 2, 300, 700, 100_000, 1_000_000] {
                let text = text(len);
                let Some(packed) = compress(&text, width) else {
                    return skip("compress", "ncompress");
                };
                let unpacked = unpack(&packed);
                assert!(
                    unpacked.as_ref().is_ok_and(|unpacked| *unpacked == text),
                    "{width} bits, {len} bytes: {:?}",
                    unpacked.err()
                );
            }
        }
    }

    #[test]
    fn a_small_stream_is_read() {
        // The codes of "abab" and of what they repeat, 9 bits each: 97, 98, 257 (ab), 259 (aba).
        let codes = [97_u64, 98, 257, 259];
        let bits = codes.iter().rev().fold(0, |bits, code| bits << 9 | code);
        let packed = [b"\x1f\x9d\x90", &bits.to_le_bytes()[..5]].concat();
        assert_eq!(unpack(&packed).unwrap(), b"abababa");
    }

    #[test]
    fn noise_ends_in_an_error_or_in_bytes() {
        let noise = text(3000);
        for start in 0..2000 {
            let packed = [b"\x1f\x9d\x8c", &noise[start..]].concat();
            let _ = unpack(&packed);
        }
        assert!(unpack(b"\x1f\x9d\x90\xff\xff\xff").is_err());
        assert!(!is_stream(b"\x1f\x9d\x11") && is_stream(b"\x1f\x9d\x90"));
    }
}
