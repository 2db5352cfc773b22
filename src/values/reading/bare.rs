//! Values without quotes of their own: what ends one, and which escapes it has.

use super::{Reading, escapes_of, string};
use crate::values::escapes::{self, Escapes};
use crate::values::syntax::Syntax;

/// A value without quotes of its own.
pub(super) fn bare(before: &[u8], rest: &[u8], syntax: Syntax) -> Reading {
    let reading = Bare::new(before, syntax).read(rest);
    let value = if is_query(before) { escapes::percent_decoded(&reading.value) } else { reading.value };
    Reading { value, ..reading }
}

/// How such a value is read.
pub(super) struct Bare {
    syntax: Syntax,
    /// What ends it.
    stops: &'static [u8],
    /// The quote of the string that it stands in.
    within: Option<u8>,
    /// An entity is one letter.
    is_xml: bool,
}

impl Bare {
    pub(super) fn new(before: &[u8], syntax: Syntax) -> Self {
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

    pub(super) fn read(&self, rest: &[u8]) -> Reading {
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
pub(super) fn opened_before_name(before: &[u8]) -> Option<u8> {
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
pub(super) fn is_connection(before: &[u8]) -> bool {
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
