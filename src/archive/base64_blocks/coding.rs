//! The alphabets of a block: base64, and those whose letters are some of its.

use assay_disk::text::unhex;
use assay_simd::base64_runs::value;

/// How letters say bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Four letters say three bytes.
    Base64,
    /// Eight letters say five bytes.
    Base32,
    /// Two digits say a byte.
    Hex,
}

/// Letters of the shortest block of a plainer alphabet.
const SHORTEST: usize = 28;
/// Bytes that must be text for a block to be one: those of hashes and keys are text once in ten million times.
const TEXT: usize = 16;
/// Different bytes among them: numbers and flags are rows of the same.
const DIFFERENT: usize = 5;

impl Coding {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Base32 => "base32",
            Self::Hex => "hexadecimal",
        }
    }

    /// The alphabet with fewer letters than base64 in which `text` says text, and how many letters before it are not of
    /// it. Nearly all hashes are told by their first two bytes.
    pub(super) fn plainer(text: &[u8]) -> Option<(Self, usize)> {
        let skipped = if text.starts_with(b"0x") || text.starts_with(b"0X") { 2 } else { 0 };
        let body = text.get(skipped..).filter(|body| body.len() >= SHORTEST)?;
        if says_text(body.as_chunks().0.iter().map(|pair: &[u8; 2]| unhexed(pair))) {
            return body.iter().all(u8::is_ascii_hexdigit).then_some((Self::Hex, skipped));
        }
        let mut first = Vec::with_capacity(2 * TEXT);
        Self::Base32.decode(text.get(..SHORTEST)?, &mut first);
        let is_one = says_text(first.iter().copied().map(Some))
            && text.iter().all(|&byte| letter32(byte).is_some())
            && text.iter().any(u8::is_ascii_digit)
            && text.iter().any(u8::is_ascii_uppercase) != text.iter().any(u8::is_ascii_lowercase);
        is_one.then_some((Self::Base32, 0))
    }

    /// Letters that say `count` bytes, and a few more.
    pub(super) fn letters(self, count: usize) -> usize {
        match self {
            Self::Base64 => count.div_ceil(3).saturating_mul(4),
            Self::Base32 => count.div_ceil(5).saturating_mul(8),
            Self::Hex => count.saturating_mul(2),
        }
    }

    /// Appends what `text` says.
    pub(super) fn decode(self, text: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Base64 => base64(text, out),
            Self::Base32 => {
                for group in text.chunks(8) {
                    let bits = (0..8).fold(0, |bits, at| {
                        bits << 5 | group.get(at).and_then(|&byte| letter32(byte)).map_or(0, u64::from)
                    });
                    let [_, _, _, bytes @ ..] = bits.to_be_bytes();
                    out.extend_from_slice(bytes.get(..group.len() * 5 / 8).unwrap_or_default());
                }
            }
            Self::Hex => {
                let pairs: &[[u8; 2]] = text.as_chunks().0;
                out.extend(pairs.iter().map(|pair| unhexed(pair).unwrap_or(0)));
            }
        }
    }
}

/// Whether the first bytes are of a text.
fn says_text(bytes: impl Iterator<Item = Option<u8>>) -> bool {
    let (mut count, mut seen) = (0_usize, [0_u64; 2]);
    for byte in bytes.take(TEXT) {
        let Some(byte) = byte.filter(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e)) else {
            return false;
        };
        if let Some(seen) = seen.get_mut(usize::from(byte >> 6)) {
            *seen |= 1 << (byte & 63);
        }
        count += 1;
    }
    let different: u32 = seen.iter().map(|seen| seen.count_ones()).sum();
    count >= SHORTEST / 2 && different as usize >= DIFFERENT
}

fn unhexed(pair: &[u8; 2]) -> Option<u8> {
    unhex(pair).map(|[byte]| byte)
}

fn letter32(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a'),
        b'2'..=b'7' => Some(byte - b'2' + 26),
        _ => None,
    }
}

fn base64(text: &[u8], out: &mut Vec<u8>) {
    let letter = |byte: u8| u32::from(value(byte).unwrap_or(0));
    out.reserve(text.len() / 4 * 3 + 3);
    let (groups, rest) = text.as_chunks();
    for &[a, b, c, d] in groups {
        let bits = letter(a) << 18 | letter(b) << 12 | letter(c) << 6 | letter(d);
        let [_, bytes @ ..] = bits.to_be_bytes();
        out.extend_from_slice(&bytes);
    }
    // One letter more says nothing, two say a byte, three say two.
    let bits = (0..3).fold(0, |bits, at| bits << 6 | rest.get(at).map_or(0, |&byte| letter(byte)));
    let [_, bytes @ ..] = (bits << 6).to_be_bytes();
    out.extend_from_slice(bytes.get(..rest.len().saturating_sub(1)).unwrap_or_default());
}
