//! Escapes of strings.

/// Which escapes a string knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escapes {
    /// None.
    Raw,
    /// Of C, JSON, Java and their kin; an unknown one stands for itself.
    C,
    /// The quote and the backslash.
    Quote,
    /// The quote, the backslash, `$`, the back quote and a newline.
    Shell,
    /// The quote, doubled.
    Doubled,
    /// Entities of XML.
    Xml,
}

/// Adds the character that `text` begins with to `value`, and returns how many bytes it is written in.
pub(super) fn push(value: &mut Vec<u8>, text: &[u8], escapes: Escapes, quote: u8) -> usize {
    let Some(&first) = text.first() else { return 0 };
    let is_sign = match escapes {
        Escapes::Raw => false,
        Escapes::Doubled => first == quote,
        Escapes::Xml => first == b'&',
        Escapes::C | Escapes::Quote | Escapes::Shell => first == b'\\',
    };
    let escaped = if is_sign { escape(text, escapes, quote) } else { None };
    match escaped {
        Some((bytes, len)) => {
            value.extend(bytes);
            len
        }
        None => {
            value.push(first);
            1
        }
    }
}

/// The bytes that an escape stands for, and how many it is written in; none, if it is none.
fn escape(text: &[u8], escapes: Escapes, quote: u8) -> Option<(Vec<u8>, usize)> {
    match (escapes, text) {
        (Escapes::C, [b'\\', rest @ ..]) => c(rest).map(|(bytes, len)| (bytes, len.saturating_add(1))),
        (Escapes::Quote, [b'\\', next, ..]) if *next == quote || *next == b'\\' => Some((vec![*next], 2)),
        (Escapes::Shell, [b'\\', b'\n', ..]) => Some((Vec::new(), 2)),
        (Escapes::Shell, [b'\\', next, ..]) if *next == quote || b"\\$`".contains(next) => {
            Some((vec![*next], 2))
        }
        (Escapes::Doubled, [first, second, ..]) if *first == quote && *second == quote => {
            Some((vec![quote], 2))
        }
        (Escapes::Xml, [b'&', rest @ ..]) => entity(rest).map(|(bytes, len)| (bytes, len.saturating_add(1))),
        _ => None,
    }
}

/// What stands behind a backslash: bytes, and how many it is written in.
fn c(rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    let one = |byte: u8| Some((vec![byte], 1));
    match *rest.first()? {
        byte @ (b'"' | b'\'' | b'`' | b'\\' | b'/' | b'$' | b'#' | b'&' | b'<' | b'>') => one(byte),
        b'n' => one(b'\n'),
        b'r' => one(b'\r'),
        b't' => one(b'\t'),
        b'0' => one(0),
        b'a' => one(7),
        b'b' => one(8),
        b'f' => one(12),
        b'v' => one(11),
        b'e' => one(27),
        b'\n' => Some((Vec::new(), 1)),
        b'x' => number(rest, 1, 2).map(|(value, len)| (u8::try_from(value).into_iter().collect(), len)),
        b'u' if rest.get(1) == Some(&b'{') => {
            let end = memchr::memchr(b'}', rest.get(..10.min(rest.len()))?)?;
            let (value, _) = number(rest, 2, end.checked_sub(2)?)?;
            utf8(value).map(|bytes| (bytes, end.saturating_add(1)))
        }
        b'u' => number(rest, 1, 4).and_then(|(value, len)| Some((utf8(value)?, len))),
        b'U' => number(rest, 1, 8).and_then(|(value, len)| Some((utf8(value)?, len))),
        _ => None,
    }
}

/// A hexadecimal number of `len` digits from `at` on, and where it ends.
fn number(text: &[u8], at: usize, len: usize) -> Option<(u32, usize)> {
    let end = at.checked_add(len)?;
    let digits = std::str::from_utf8(text.get(at..end)?).ok()?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some((u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)?, end))
}

fn utf8(value: u32) -> Option<Vec<u8>> {
    char::from_u32(value).map(|letter| letter.to_string().into_bytes())
}

/// A value of a URL without its `%XX`; as it is, where one of them is none.
pub fn percent_decoded(value: &[u8]) -> Vec<u8> {
    let (mut plain, mut at) = (Vec::with_capacity(value.len()), 0);
    while let Some(&byte) = value.get(at) {
        at = at.saturating_add(1);
        if byte != b'%' {
            plain.push(byte);
            continue;
        }
        match number(value, at, 2).and_then(|(code, end)| Some((u8::try_from(code).ok()?, end))) {
            Some((code, end)) => {
                plain.push(code);
                at = end;
            }
            None => return value.to_vec(),
        }
    }
    plain
}

/// What stands behind an ampersand.
fn entity(rest: &[u8]) -> Option<(Vec<u8>, usize)> {
    const NAMED: [(&[u8], u8); 5] =
        [(b"amp", b'&'), (b"lt", b'<'), (b"gt", b'>'), (b"quot", b'"'), (b"apos", b'\'')];
    let end = memchr::memchr(b';', rest.get(..10.min(rest.len()))?)?;
    let name = rest.get(..end)?;
    let len = end.saturating_add(1);
    if let Some((_, byte)) = NAMED.iter().find(|(known, _)| *known == name) {
        return Some((vec![*byte], len));
    }
    let digits = std::str::from_utf8(name.strip_prefix(b"#")?).ok()?;
    let value = match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    Some((utf8(value.ok()?)?, len))
}
