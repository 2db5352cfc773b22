//! The one door for bytes of an image to a terminal or a page.
//!
//! File names, comments of keys and lines of files come from a hostile image. [`Escaped`] shows printable
//! text as it is and everything else as `\xNN`, `\n`, `\t`, `\r` or `\u{…}`; the backslash itself is doubled, so that
//! the form can be read back without loss ([`unescape`]). What a CI server takes for a command wherever it stands is broken
//! by such an escape, too; what is one only at the start of a line is broken where lines are made ([`log::inert`]).

use std::fmt;

pub mod log;

/// Bytes of an image, shown without control characters, without loss.
#[derive(Clone, Copy)]
pub struct Escaped<'a>(pub &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            write_text(f, chunk.valid())?;
            chunk.invalid().iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for (at, c) in text.char_indices() {
        match c {
            '#' | ':' if log::is_live(text, at, c) => write_escape(f, c)?,
            c => write_char(f, c)?,
        }
    }
    Ok(())
}

fn write_escape(f: &mut impl fmt::Write, c: char) -> fmt::Result {
    write!(f, "\\u{{{:x}}}", u32::from(c))
}

fn write_char(f: &mut impl fmt::Write, c: char) -> fmt::Result {
    match c {
        '\\' => f.write_str("\\\\"),
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        c if is_hidden(c) => write_escape(f, c),
        c => f.write_char(c),
    }
}

/// Whether a character is not to be seen, or steers what shows it.
pub fn is_hidden(c: char) -> bool {
    c.is_control() || is_invisible(c)
}

/// Characters that change how other text is shown, or are not seen at all: direction marks (the "Trojan
/// Source" attack), zero-width characters, line and paragraph separators, byte-order marks, and what XML forbids.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
        | '\u{fffe}'..='\u{ffff}'         | '\u{e0000}'..='\u{e0fff}')
}

/// The bytes that [`Escaped`] showed as `text`; `None` where `text` is not such a form.
pub fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            push_char(&mut bytes, c);
            continue;
        }
        match chars.next()? {
            '\\' => bytes.push(b'\\'),
            'n' => bytes.push(b'\n'),
            'r' => bytes.push(b'\r'),
            't' => bytes.push(b'\t'),
            'x' => {
                let digits: String = chars.by_ref().take(2).collect();
                bytes.push(u8::from_str_radix(&digits, 16).ok()?);
            }
            'u' => {
                let digits: String = chars.by_ref().skip(1).take_while(|&c| c != '}').collect();
                push_char(&mut bytes, char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?);
            }
            _ => return None,
        }
    }
    Some(bytes)
}

/// Cuts `text` to at most `len` bytes, between two characters.
pub fn cut(text: &mut String, len: usize) {
    let end = (0..=len.min(text.len())).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    text.truncate(end);
}

/// Two lower-case hexadecimal digits a byte: digests and names of objects.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes that hexadecimal digits of either case say, if they are two for each byte.
pub fn unhex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let digit = |digit: &u8| char::from(*digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = [0; N];
    if digits.len() != N.checked_mul(2)? {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair.iter().try_fold(0_u8, |value, one| Some(value << 4 | digit(one)?))?;
    }
    Some(bytes)
}

fn push_char(bytes: &mut Vec<u8>, c: char) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays() {
        assert_eq!(Escaped("/etc/größe 日本".as_bytes()).to_string(), "/etc/größe 日本");
    }

    #[test]
    fn control_bytes_never_get_out() {
        assert_eq!(Escaped(b"a\x1b[31mb\x07\n\xff").to_string(), "a\\u{1b}[31mb\\u{7}\\n\\xff");
        assert_eq!(Escaped("a\u{202e}b\u{9b}".as_bytes()).to_string(), "a\\u{202e}b\\u{9b}");
    }

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).chain("\u{202e}\\xff\u{e0001}é".bytes()).collect();
        assert_eq!(unescape(&Escaped(&all).to_string()).unwrap(), all);
        assert_eq!(unescape("\\q"), None);
    }

    #[test]
    fn digits_are_two_for_each_byte() {
        assert_eq!(unhex::<16>(b"000102030405060708090a0B0c0D0e0f").unwrap()[15], 15);
        assert_eq!(unhex::<16>(b"newconffile"), None);
        assert_eq!(unhex::<16>(b"00010203040506070809\xff\xff0b0c0d0e0f"), None);
    }
}
