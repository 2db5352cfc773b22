//! Where a value ends, and what it is.
//!
//! Its syntax decides, not its characters: a quoted value ends at its quote, and one in a line of YAML at the end of the
//! line. Strings that the program joins are put together, and escapes are undone, so that the value is the one that opens
//! something.

use super::escapes::{self, Escapes};
use super::syntax::{Language, Syntax};

mod bare;

use bare::{Bare, bare, is_connection, opened_before_name};

/// Longest value that is read, in bytes as they are written.
pub const LONGEST: usize = 1024;
/// Strings that are joined, at most.
const PIECES: usize = 32;

/// A value, as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Without quotes and escapes.
    pub value: Vec<u8>,
    /// How many bytes it is written in, from its first on, with quotes and joints within it.
    pub len: usize,
    /// Whether it stands in quotes.
    pub is_quoted: bool,
    /// Whether `$name` in it is replaced when the file is read.
    pub is_expanded: bool,
}

/// Reads the value that `rest` begins with. `before` is its line before it, up to the quote if it has one; `rest` may go
/// on for lines.
pub fn read(before: &[u8], rest: &[u8], syntax: Syntax) -> Reading {
    let rest = rest.get(..LONGEST.min(rest.len())).unwrap_or_default();
    if let Some(reading) = framed(before, rest) {
        return reading;
    }
    match Opening::of(before) {
        Opening { quote: Some(quote), depth: 0, is_ansi: true, .. } => string(rest, 0, &[quote], Escapes::C),
        Opening { quote: Some(quote), depth: 0, is_raw, .. } => quoted(before, rest, quote, is_raw, syntax),
        Opening { quote: Some(quote), depth, .. } => nested(before, rest, quote, depth, syntax),
        Opening { quote: None, .. } => bare(before, rest, syntax),
    }
}

/// Frames that are no quotes, and what ends them.
const FRAMES: [(&[u8], &[u8]); 9] = [
    (b"<![CDATA[", b"]]>"),
    (b"[[", b"]]"), // Lua
    (b"q{", b"}"),  // Perl
    (b"q(", b")"),
    (b"q[", b"]"),
    (b"r#\"", b"\"#"), // Rust
    (b"r##\"", b"\"##"),
    (b"PWD={", b"}"), // ODBC
    (b"Password={", b"}"),
];

/// A value in a frame.
fn framed(before: &[u8], rest: &[u8]) -> Option<Reading> {
    let tail = before.get(before.len().saturating_sub(12)..).unwrap_or_default();
    let ends = |open: &[u8]| {
        tail.len() >= open.len()
            && tail
                .get(tail.len().saturating_sub(open.len())..)
                .is_some_and(|end| end.eq_ignore_ascii_case(open))
    };
    if rest.starts_with(b"{") && is_connection(before) {
        return Some(string(rest, 1, b"}", Escapes::Raw)).filter(|reading| reading.is_quoted);
    }
    let (_, close) = FRAMES.iter().find(|(open, _)| ends(open))?;
    let reading = string(rest, 0, close, Escapes::Raw);
    reading.is_quoted.then_some(reading)
}

/// The quote before a value.
struct Opening {
    quote: Option<u8>,
    /// Backslashes before it: the text is in a string itself.
    depth: usize,
    /// `r"`, `@"`: without escapes.
    is_raw: bool,
    /// `$'`: with those of C.
    is_ansi: bool,
}

impl Opening {
    fn of(before: &[u8]) -> Self {
        let none = Self { quote: None, depth: 0, is_raw: false, is_ansi: false };
        let Some((&quote, head)) = before.split_last().filter(|(last, _)| b"\"'`".contains(last)) else {
            return none;
        };
        let depth = head.iter().rev().take_while(|byte| **byte == b'\\').count();
        let head = head.get(..head.len().saturating_sub(depth)).unwrap_or_default();
        let mut last = head.iter().rev();
        let is_raw = last.next().is_some_and(|byte| b"rR@".contains(byte))
            && last.next().is_none_or(|byte| !byte.is_ascii_alphanumeric());
        Self { quote: Some(quote), depth, is_raw, is_ansi: quote == b'\'' && head.ends_with(b"=$") }
    }
}

/// A value in quotes.
fn quoted(before: &[u8], rest: &[u8], quote: u8, is_raw: bool, syntax: Syntax) -> Reading {
    let tripled = rest.starts_with(&[quote, quote]);
    // Nix, and what a language with doubled quotes begins with one.
    let opens = |byte: &u8| byte.is_ascii_graphic() && !b",;:)]}#\"'`".contains(byte);
    let doubled = !tripled && rest.first() == Some(&quote) && rest.get(1).is_some_and(opens);
    let escapes = if is_raw { Escapes::Raw } else { escapes_of(syntax, quote) };
    let may_repeat = matches!(syntax, Syntax::Toml | Syntax::Code(_) | Syntax::Text | Syntax::Ini)
        && escapes != Escapes::Doubled;
    if tripled && may_repeat && rest.get(2).is_some_and(|byte| *byte != quote && !byte.is_ascii_whitespace())
    {
        return string(rest, 2, &[quote, quote, quote], escapes);
    }
    if doubled && syntax == Syntax::Toml {
        return string(rest, 1, &[quote, quote], Escapes::Raw);
    }
    let first = string(rest, 0, &[quote], escapes);
    if first.is_quoted {
        joined(first, before, rest, quote, syntax)
    } else {
        Bare::new(before, syntax).read(rest)
    }
}

/// The escapes that a quote knows.
fn escapes_of(syntax: Syntax, quote: u8) -> Escapes {
    match (syntax, quote) {
        (Syntax::Xml, _) => Escapes::Xml,
        (Syntax::Sql | Syntax::Table | Syntax::Code(Language::Basic), _) | (Syntax::Yaml, b'\'') => {
            Escapes::Doubled
        }
        (Syntax::Shell | Syntax::Toml | Syntax::Environment, b'\'') => Escapes::Raw,
        (Syntax::Ini | Syntax::Properties, b'\'') => Escapes::Quote,
        (Syntax::Code(Language::Php | Language::Ruby), b'\'') => Escapes::Quote,
        (Syntax::Shell | Syntax::Environment, _) => Escapes::Shell,
        (Syntax::Ini, _) => Escapes::Quote,
        (Syntax::Text, b'\'') => Escapes::Quote,
        _ => Escapes::C,
    }
}

/// A string that ends in `end`; not quoted where it does not end on its line.
fn string(rest: &[u8], from: usize, end: &[u8], escapes: Escapes) -> Reading {
    let quote = end.first().copied().unwrap_or_default();
    let (mut value, mut at) = (Vec::new(), from);
    loop {
        let text = rest.get(at..).unwrap_or_default();
        let doubled = escapes == Escapes::Doubled && text.starts_with(&[quote, quote]);
        if text.starts_with(end) && !doubled {
            let len = at.saturating_add(end.len());
            return Reading { value, len, is_quoted: true, is_expanded: false };
        }
        if text.is_empty() || text.first() == Some(&b'\n') && end.len() == 1 || text.first() == Some(&0) {
            return Reading { value, len: at, is_quoted: false, is_expanded: false };
        }
        at = at.saturating_add(escapes::push(&mut value, text, escapes, quote));
    }
}

/// The strings that follow one and are joined to it.
fn joined(mut first: Reading, before: &[u8], rest: &[u8], quote: u8, syntax: Syntax) -> Reading {
    if syntax == Syntax::Shell || syntax == Syntax::Environment {
        first.is_expanded = quote == b'"';
        let ends_at = opened_before_name(before).is_some();
        return if ends_at { first } else { word(first, rest) };
    }
    first.is_expanded = matches!((syntax, quote), (Syntax::Code(Language::Php | Language::Ruby), b'"'));
    for _ in 0..PIECES {
        let Some((at, quote)) = joint(rest, first.len, syntax) else { break };
        let next = string(rest, at, &[quote], escapes_of(syntax, quote));
        if !next.is_quoted {
            break;
        }
        first.value.extend(next.value);
        first.len = next.len;
    }
    first
}

/// Where the next string begins, and its quote, if the one that ends at `at` is joined to one.
fn joint(rest: &[u8], at: usize, syntax: Syntax) -> Option<(usize, u8)> {
    let blanks = |at: usize| {
        let skipped = rest.get(at..)?.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        Some(at.saturating_add(skipped))
    };
    let operators: &[&[u8]] = match syntax {
        Syntax::Code(Language::Php) => &[b"."],
        Syntax::Code(Language::Lua) => &[b".."],
        Syntax::Code(Language::Basic) => &[b"& _", b"&", b"+"],
        Syntax::Code(Language::Joining) => &[b"+", b"\\", b""],
        Syntax::Code(Language::Ruby) => &[b"+", b".", b"\\"],
        Syntax::Code(Language::Other) => &[b"+"],
        Syntax::Text => &[b"+"],
        _ => return None,
    };
    let start = blanks(at)?;
    operators.iter().find_map(|operator| {
        let behind = rest.get(start..)?.strip_prefix(*operator)?;
        let mut next = blanks(rest.len().saturating_sub(behind.len()))?;
        if rest.get(next).is_some_and(|byte| b"bruf".contains(byte))
            && syntax == Syntax::Code(Language::Joining)
        {
            next = next.saturating_add(1);
        }
        let quote = rest.get(next).copied().filter(|byte| b"\"'`".contains(byte))?;
        Some((next.saturating_add(1), quote))
    })
}

/// The rest of a word of a shell that begins with a string.
fn word(first: Reading, rest: &[u8]) -> Reading {
    let Reading { mut value, mut len, mut is_expanded, .. } = first;
    for _ in 0..PIECES {
        let text = rest.get(len..).unwrap_or_default();
        match text {
            [b'\\', byte, ..] if *byte != b'\n' => {
                value.push(*byte);
                len = len.saturating_add(2);
            }
            [quote @ (b'"' | b'\''), ..] => {
                let next = string(rest, len.saturating_add(1), &[*quote], escapes_of(Syntax::Shell, *quote));
                if !next.is_quoted {
                    break;
                }
                is_expanded |= *quote == b'"';
                value.extend(next.value);
                len = next.len;
            }
            _ => break,
        }
    }
    Reading { value, len, is_quoted: true, is_expanded }
}

/// A value in quotes within a string: `\"value\"`, where the string's own escapes come first.
fn nested(before: &[u8], rest: &[u8], quote: u8, depth: usize, syntax: Syntax) -> Reading {
    let mut at = 0;
    loop {
        let text = rest.get(at..).unwrap_or_default();
        let run = text.iter().take_while(|byte| **byte == b'\\').count();
        let is_quote = text.get(run) == Some(&quote);
        if is_quote && run == depth {
            break;
        }
        if text.is_empty() || text.first() == Some(&b'\n') {
            return Bare::new(before, syntax).read(rest);
        }
        at = at.saturating_add(run.saturating_add(usize::from(is_quote)).max(1));
    }
    let mut value = rest.get(..at).unwrap_or_default().to_vec();
    // Each string around it doubles the backslashes; the last layer is its own.
    for _ in 0..=depth.saturating_add(1).ilog2() {
        value = undone(&value);
    }
    let len = at.saturating_add(depth).saturating_add(1);
    Reading { value, len, is_quoted: true, is_expanded: false }
}

fn undone(text: &[u8]) -> Vec<u8> {
    let (mut value, mut at) = (Vec::new(), 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        at = at.saturating_add(escapes::push(&mut value, rest, Escapes::C, b'"'));
    }
    value
}

#[cfg(test)]
mod tests;
