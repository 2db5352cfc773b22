//! Where a value ends, and what it is.
//!
//! Its syntax decides, not its characters: a quoted value ends at its quote, and one in a line of YAML at the end of the
//! line. Strings that the program joins are put together, and escapes are undone, so that the value is the one that opens
//! something.

use super::escapes::{self, Escapes};
use super::syntax::{Language, Syntax};

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

/// A value without quotes of its own.
fn bare(before: &[u8], rest: &[u8], syntax: Syntax) -> Reading {
    let reading = Bare::new(before, syntax).read(rest);
    let value = if is_query(before) { escapes::percent_decoded(&reading.value) } else { reading.value };
    Reading { value, ..reading }
}

/// How such a value is read.
struct Bare {
    syntax: Syntax,
    /// What ends it.
    stops: &'static [u8],
    /// The quote of the string that it stands in.
    within: Option<u8>,
    /// An entity is one letter.
    is_xml: bool,
}

impl Bare {
    fn new(before: &[u8], syntax: Syntax) -> Self {
        let around = before.trim_ascii_end();
        let within = opened_before_name(before).or_else(|| open_quote(before));
        let is_element = around.ends_with(b">") && !around.ends_with(b"=>") && !around.ends_with(b"->");
        let stops: &[u8] = match syntax {
            _ if is_element => b"<",
            _ if is_query(before) => b"&#;",
            _ if is_connection(before) => b";",
            Syntax::Json => b",}]",
            Syntax::Yaml if is_flow(before) => b",}]",
            Syntax::Shell if within.is_none() => b";&|<>()",
            Syntax::Code(_) => b",;)]}",
            Syntax::Table => b",",
            _ => b"",
        };
        Self { syntax, stops, within, is_xml: is_element }
    }

    fn read(&self, rest: &[u8]) -> Reading {
        let (mut value, mut at, mut is_expanded) = (Vec::new(), 0, self.syntax == Syntax::Shell);
        while let Some(text) = rest.get(at..).filter(|text| !text.is_empty()) {
            let byte = text.first().copied().unwrap_or_default();
            if self.syntax == Syntax::Xml
                && byte == b'&'
                && text.get(1).is_some_and(u8::is_ascii_alphanumeric)
            {
                at = at.saturating_add(escapes::push(&mut value, text, Escapes::Xml, 0));
                continue;
            }
            if byte.is_ascii_whitespace()
                || byte == 0
                || Some(byte) == self.within
                || self.stops.contains(&byte)
            {
                break;
            }
            if self.within.is_none() && self.syntax == Syntax::Text && at > 0 && b"\"'`<>".contains(&byte) {
                break;
            }
            // Options of a mount, pairs of a list: the next one begins.
            if b",;&".contains(&byte) && self.within.is_none() && starts_pair(text) {
                break;
            }
            if let Some(len) = self.continued(text) {
                at = at.saturating_add(len);
                continue;
            }
            if self.ends_string(text) {
                break;
            }
            if self.syntax == Syntax::Shell && self.within.is_none() && b"\"'".contains(&byte) {
                let next = string(text, 1, &[byte], escapes_of(Syntax::Shell, byte));
                if next.is_quoted {
                    is_expanded |= byte == b'"';
                    value.extend(next.value);
                    at = at.saturating_add(next.len);
                    continue;
                }
            }
            at = at.saturating_add(self.push(&mut value, text));
        }
        let cut = self.trimmed(&value);
        let len = at.saturating_sub(value.len().saturating_sub(cut));
        value.truncate(cut);
        Reading { value, len, is_quoted: self.within.is_some(), is_expanded }
    }

    /// Adds one letter to the value, and returns how many bytes it is written in.
    fn push(&self, value: &mut Vec<u8>, text: &[u8]) -> usize {
        let is_u = matches!(text, [b'\\', b'u', ..]);
        let escapes = match self.syntax {
            _ if self.is_xml => Escapes::Xml,
            _ if self.within.is_some() => Escapes::C,
            Syntax::Properties | Syntax::Text if is_u => Escapes::C,
            Syntax::Shell | Syntax::Properties => {
                if let [b'\\', byte, ..] = text {
                    value.push(*byte);
                    return 2;
                }
                Escapes::Raw
            }
            _ => Escapes::Raw,
        };
        escapes::push(value, text, escapes, 0)
    }

    /// How long a joint to the next line is, if one begins here.
    fn continued(&self, text: &[u8]) -> Option<usize> {
        let joins = matches!(self.syntax, Syntax::Properties | Syntax::Shell);
        let rest = text.strip_prefix(b"\\\n").filter(|_| joins)?;
        let blanks = rest.iter().take_while(|byte| **byte == b' ' || **byte == b'\t').count();
        let skipped = if self.syntax == Syntax::Properties { blanks } else { 0 };
        Some(skipped.saturating_add(2))
    }

    /// Whether an escape ends it: of a line's end, or of a quote that it stands in.
    fn ends_string(&self, text: &[u8]) -> bool {
        let is_escaped = self.within.is_some() || self.syntax == Syntax::Text || self.syntax == Syntax::Json;
        is_escaped && matches!(text, [b'\\', b'n' | b'r' | b't' | b'"' | b'\'', ..])
    }

    /// How long it is without the punctuation of the text around it.
    fn trimmed(&self, value: &[u8]) -> usize {
        let tail: &[u8] = match self.syntax {
            Syntax::Text | Syntax::Sql => b",;.)]}\"'>:",
            Syntax::Xml if self.is_xml => b"",
            Syntax::Code(_) | Syntax::Toml | Syntax::Xml => b",;)",
            Syntax::Ini => b";",
            _ => b"",
        };
        let is_tail = |byte: &&u8| self.within.is_none() && tail.contains(byte);
        value.len().saturating_sub(value.iter().rev().take_while(is_tail).count())
    }
}

/// Whether `,name=` follows.
fn starts_pair(text: &[u8]) -> bool {
    let rest = text.get(1..).unwrap_or_default();
    let name = rest.iter().take_while(|byte| byte.is_ascii_lowercase() || **byte == b'_').count();
    (2..=20).contains(&name) && rest.get(name) == Some(&b'=')
}

/// The quote right before the name that the value is assigned to: `"NAME=value"`.
fn opened_before_name(before: &[u8]) -> Option<u8> {
    let head = before
        .strip_suffix(b"=")
        .or_else(|| before.strip_suffix(b": "))
        .or_else(|| before.strip_suffix(b":"))?;
    let name =
        head.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-[]".contains(byte)).count();
    let head = head.get(..head.len().saturating_sub(name))?;
    head.last().copied().filter(|byte| b"\"'`".contains(byte))
}

/// The quote of a string that is open at the end of `before`.
fn open_quote(before: &[u8]) -> Option<u8> {
    let (mut open, mut last) = (None, b' ');
    let mut bytes = before.iter();
    while let Some(&byte) = bytes.next() {
        match open {
            None if byte == b'"' || b"'`".contains(&byte) && !last.is_ascii_alphanumeric() => {
                open = Some(byte);
            }
            Some(_) if byte == b'\\' => _ = bytes.next(),
            Some(quote) if byte == quote => open = None,
            _ => {}
        }
        last = byte;
    }
    open
}

/// Whether the name stands in the query of a URL.
fn is_query(before: &[u8]) -> bool {
    let name = before
        .iter()
        .rev()
        .skip(1)
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte))
        .count();
    let at = before.len().saturating_sub(name.saturating_add(2));
    before.ends_with(b"=") && before.get(at).is_some_and(|byte| b"?&".contains(byte))
}

/// Whether the name stands in a connection string, `Server=…;Password=…;`.
fn is_connection(before: &[u8]) -> bool {
    const SIGNS: [&[u8]; 9] = [
        b"server=",
        b"data source=",
        b"host=",
        b"uid=",
        b"user id=",
        b"user=",
        b"username=",
        b"endpoint=",
        b"accountname=",
    ];
    let lower = before.to_ascii_lowercase();
    let has_sign = SIGNS.iter().any(|sign| memchr::memmem::find(&lower, sign).is_some());
    has_sign && memchr::memchr(b';', before).is_some()
}

/// Whether the line has an open bracket of YAML's flow.
fn is_flow(before: &[u8]) -> bool {
    let count = |byte: u8| memchr::memchr_iter(byte, before).count();
    count(b'{') > count(b'}') || count(b'[') > count(b']')
}

#[cfg(test)]
mod tests;
