//! The text of a file, whatever its encoding, with the way back to its bytes.

use super::super::Sink;
use crate::finding::FactKey;
use crate::values::{Reading, Reference, is_placeholder, resolve};

/// Text, and how its characters were bytes.
pub(super) struct Text {
    pub(super) text: String,
    latin: bool,
}

impl Text {
    /// UTF-8, UTF-16 with a byte-order mark, or else one character per byte.
    pub(super) fn of(content: &[u8]) -> Self {
        let wide = |bytes: &[u8], join: fn([u8; 2]) -> u16| {
            let units = bytes.chunks_exact(2).map(|pair| {
                join([pair.first().copied().unwrap_or_default(), pair.last().copied().unwrap_or_default()])
            });
            char::decode_utf16(units).map(|c| c.unwrap_or('\u{fffd}')).collect::<String>()
        };
        if let Some(rest) = content.strip_prefix(b"\xff\xfe") {
            return Self { text: wide(rest, u16::from_le_bytes), latin: false };
        }
        if let Some(rest) = content.strip_prefix(b"\xfe\xff") {
            return Self { text: wide(rest, u16::from_be_bytes), latin: false };
        }
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        match std::str::from_utf8(content) {
            Ok(text) => Self { text: text.to_owned(), latin: false },
            Err(_) => Self { text: content.iter().map(|&byte| char::from(byte)).collect(), latin: true },
        }
    }

    /// The bytes of a value of this text, as they are in the file (UTF-16 becomes UTF-8).
    pub(super) fn bytes(&self, value: &str) -> Vec<u8> {
        if self.latin {
            value.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
        } else {
            value.as_bytes().to_vec()
        }
    }

    /// The line, from 1, where `value` is first.
    pub(super) fn line_of(&self, value: &str) -> Option<u64> {
        let at = memchr::memmem::find(self.text.as_bytes(), value.as_bytes())?;
        let before = self.text.as_bytes().get(..at)?;
        Some(memchr::memchr_iter(b'\n', before).count() as u64 + 1)
    }
}

/// The lines with their numbers, from 1.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (u64, &str)> {
    (1_u64..).zip(text.lines())
}

/// Whether a value is none: a reference, a template, a manual's example.
pub(super) fn placeholder(value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let Some(first) = lower.chars().next() else { return true };
    let variable = |rest: &str| rest.starts_with(['{', '(']) || rest.chars().all(word);
    value.strip_prefix('$').is_some_and(variable)
        || lower.contains("${")
        || lower.contains("{{")
        || lower.contains("%(")
        || lower.contains("<%")
        || (first == '<' && lower.ends_with('>'))
        || (first == '%' && lower.len() > 2 && lower.ends_with('%'))
        || (first == '@' && lower.len() > 2 && lower.ends_with('@'))
        || is_framed(&lower)
        || lower.chars().all(|c| c == first) && !first.is_ascii_digit()
        || ["...", "env:"].iter().any(|start| lower.starts_with(start))
        // As AWS ends the keys of its manuals.
        || value.ends_with("EXAMPLE")
        || value.ends_with("EXAMPLEKEY")
        || is_placeholder(value.as_bytes())
        || is_reference(value)
        || [
            "abc123", "base64:", "null", "none", "nil", "~", "true", "false", "yes", "no", "r", "random",
            "example", "{", "[", "|", ">",
        ]
        .contains(&lower.as_str())
}

/// Whether the value is elsewhere, or is a rule that values have to fit: `required|min:8`.
fn is_reference(value: &str) -> bool {
    let reading = Reading { value: value.into(), len: value.len(), is_quoted: true, is_expanded: false };
    let is_rule = value.split('|').count() > 1
        && value.split('|').all(|part| {
            part.starts_with(|c: char| c.is_ascii_lowercase())
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:,.".contains(c))
        });
    is_rule && value.contains("required")
        || !value.contains("://")
            && !value.starts_with(['/'])
            && !value.starts_with("SCRAM-")
            && resolve(&reading) == Reference::Elsewhere
}

/// Whether it is a name in a frame, `[your-password]`, `{DB_PASSWORD}`, `__DB_PASSWORD__`, or all rows of one
/// character, `aaaabbbbcccc1111`.
fn is_framed(lower: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic() || c == '_' || c == '-' || c == ' ')
    };
    let framed = [("[", "]"), ("{", "}"), ("__", "__")].iter().any(|(open, close)| {
        lower.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).is_some_and(is_name)
    });
    let changes = lower.as_bytes().windows(2).filter(|pair| pair.first() != pair.last()).count();
    framed || lower.len() >= 12 && lower.len() >= changes.saturating_add(1).saturating_mul(4)
}

/// One secret found by a format.
#[derive(Debug, Default, Clone)]
pub(super) struct Hit {
    pub(super) line: Option<u64>,
    pub(super) secrets: Vec<String>,
    pub(super) facts: Vec<(FactKey, String)>,
}

impl Hit {
    pub(super) fn new(line: u64, secret: &str) -> Self {
        Self { line: Some(line), secrets: vec![secret.to_owned()], facts: Vec::new() }
    }

    pub(super) fn fact(mut self, name: FactKey, value: &str) -> Self {
        if !value.is_empty() {
            self.facts.push((name, value.to_owned()));
        }
        self
    }
}

/// Hits, at most so many of one file.
#[derive(Default)]
pub(super) struct Hits {
    pub(super) all: Vec<Hit>,
    pub(super) too_many: bool,
}

/// More than this of one file is said in a gap.
const MOST: usize = 500;

impl Hits {
    /// Takes a hit, if its last secret is one.
    pub(super) fn push(&mut self, hit: Hit) {
        if hit.secrets.last().is_none_or(|secret| placeholder(secret)) {
            return;
        }
        if self.all.len() >= MOST {
            self.too_many = true;
            return;
        }
        let same = |other: &Hit| other.secrets == hit.secrets && other.facts == hit.facts;
        if !self.all.iter().any(same) {
            self.all.push(hit);
        }
    }

    /// Says that there were more than it takes.
    pub(super) fn gap(&self, sink: &mut dyn Sink) {
        if self.too_many {
            sink.gap(crate::finding::Gap {
                location: crate::finding::Location::default(),
                kind: crate::finding::GapKind::OverLimit,
                loss: crate::finding::Loss::Part,
                bytes: None,
                reason: format!("more than {MOST} secrets in one credential file; the others are not listed"),
            });
        }
    }
}
