//! LVM's configuration text: sections of keys with strings, numbers and lists.
//!
//! Reference: lvm2's `libdm/libdm-config.c` and `man lvm.conf`; as written by `format_text/export.c`.

use std::collections::BTreeMap;

/// How deep sections may lie in each other; lvm2 writes four levels.
const MAX_DEPTH: u32 = 16;
/// Values and sections of a text; a segment has about ten.
const MAX_VALUES: u32 = 1 << 20;

/// A value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A string, without its quotes.
    Text(String),
    /// A whole number. Fractions occur in no key that is read, and are kept as text.
    Number(i64),
    /// A list.
    List(Vec<Value>),
}

/// `name { … }`, or the whole text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Section {
    values: BTreeMap<String, Value>,
    sections: Vec<(String, Section)>,
}

impl Section {
    /// Sections in it, in their order.
    pub(super) fn sections(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.sections.iter().map(|(name, section)| (name.as_str(), section))
    }

    pub(super) fn section(&self, name: &str) -> Option<&Self> {
        self.sections().find(|(known, _)| *known == name).map(|(_, section)| section)
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self.values.get(key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn number(&self, key: &str) -> Option<u64> {
        match self.values.get(key)? {
            Value::Number(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// The values of a list; lvm2 writes a list of one without brackets at times.
    pub(super) fn list(&self, key: &str) -> &[Value] {
        match self.values.get(key) {
            Some(Value::List(values)) => values,
            Some(one) => std::slice::from_ref(one),
            None => &[],
        }
    }

    /// Every string among its values.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let flat = self.values.values().flat_map(|value| match value {
            Value::List(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        });
        flat.filter_map(|value| match value {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// Whether the list `key` has the word.
    pub(super) fn has(&self, key: &str, word: &str) -> bool {
        self.list(key).iter().any(|value| matches!(value, Value::Text(text) if text == word))
    }
}

/// Parses the whole text.
///
/// # Errors
/// What was found where something else should be, and at which byte.
pub(super) fn parse(text: &[u8]) -> Result<Section, String> {
    let mut parser = Parser { text, at: 0, values: 0 };
    let section = parser.section(0)?;
    match parser.peek() {
        None => Ok(section),
        Some(_) => Err(parser.unexpected("the end")),
    }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    values: u32,
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+' | b'/' | b'@')
}

impl<'a> Parser<'a> {
    fn unexpected(&self, wanted: &str) -> String {
        format!("metadata text: {wanted} expected at byte {} of {}", self.at, self.text.len())
    }

    /// The next byte that is no white space and no comment; the text ends at a NUL.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.get(self.at).copied().filter(|&byte| byte != 0)? {
                b'#' => {
                    let rest = self.text.get(self.at..).unwrap_or_default();
                    let line = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                    self.at = self.at.saturating_add(line);
                }
                byte if byte.is_ascii_whitespace() => self.at = self.at.saturating_add(1),
                byte => return Some(byte),
            }
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at = self.at.saturating_add(usize::from(found));
        found
    }

    fn word(&mut self) -> Result<&'a [u8], String> {
        self.peek();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let len = rest.iter().position(|&byte| !is_word(byte)).unwrap_or(rest.len());
        let word =
            rest.get(..len).filter(|word| !word.is_empty()).ok_or_else(|| self.unexpected("a name"))?;
        self.at = self.at.saturating_add(len);
        Ok(word)
    }

    /// Counts values: each costs more memory than text.
    fn count(&mut self) -> Result<(), String> {
        self.values = self.values.saturating_add(1);
        if self.values > MAX_VALUES {
            return Err(format!("metadata text: more than {MAX_VALUES} values"));
        }
        Ok(())
    }

    fn name(&mut self) -> Result<String, String> {
        match self.peek() {
            Some(quote @ (b'"' | b'\'')) => self.string(quote),
            _ => self.word().map(|word| String::from_utf8_lossy(word).into_owned()),
        }
    }

    fn section(&mut self, depth: u32) -> Result<Section, String> {
        if depth > MAX_DEPTH {
            return Err(format!("metadata text: sections nested deeper than {MAX_DEPTH}"));
        }
        let mut section = Section::default();
        while self.peek().is_some_and(|byte| byte != b'}') {
            self.count()?;
            let name = self.name()?;
            if self.take(b'{') {
                let inner = self.section(depth.saturating_add(1))?;
                if !self.take(b'}') {
                    return Err(self.unexpected("a closing brace"));
                }
                section.sections.push((name, inner));
            } else if self.take(b'=') {
                let value = self.value()?;
                section.values.insert(name, value);
            } else {
                return Err(self.unexpected("= or {"));
            }
        }
        Ok(section)
    }

    fn value(&mut self) -> Result<Value, String> {
        if !self.take(b'[') {
            return self.single();
        }
        let mut values = Vec::new();
        while !self.take(b']') {
            values.push(self.single()?);
            if !self.take(b',') && self.peek() != Some(b']') {
                return Err(self.unexpected(", or ]"));
            }
        }
        Ok(Value::List(values))
    }

    fn single(&mut self) -> Result<Value, String> {
        self.count()?;
        if let Some(quote @ (b'"' | b'\'')) = self.peek() {
            return self.string(quote).map(Value::Text);
        }
        let word = String::from_utf8_lossy(self.word()?).into_owned();
        Ok(word.parse().map_or(Value::Text(word), Value::Number))
    }

    /// A quoted string; in double quotes a backslash takes the meaning of the next byte away.
    fn string(&mut self, quote: u8) -> Result<String, String> {
        self.at = self.at.saturating_add(1);
        let mut bytes = Vec::new();
        loop {
            let byte = *self.text.get(self.at).ok_or_else(|| self.unexpected("a closing quote"))?;
            self.at = self.at.saturating_add(1);
            match byte {
                b'\\' if quote == b'"' => {
                    bytes.extend(self.text.get(self.at));
                    self.at = self.at.saturating_add(1);
                }
                byte if byte == quote => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
                byte => bytes.push(byte),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_values_lists_and_comments_are_read() {
        let text = b"# made by hand\nvg {\n id = \"a-b\" # id\n seqno = 7\n flags = []\n \
            list = [\"pv0\", 0,\n \"pv1\", 12]\n inner { x = -1 y = \"q\\\"\\\\z\" f = 1.5 } }\n\0junk{";
        let whole = parse(text).unwrap();
        let vg = whole.section("vg").unwrap();
        assert_eq!((vg.text("id"), vg.number("seqno")), (Some("a-b"), Some(7)));
        assert_eq!(vg.list("flags"), []);
        assert_eq!(vg.list("list").len(), 4);
        assert!(vg.has("list", "pv1"));
        let inner = vg.section("inner").unwrap();
        assert_eq!(
            (inner.text("y"), inner.number("x"), inner.text("f")),
            (Some("q\"\\z"), None, Some("1.5"))
        );
    }

    #[test]
    fn what_is_torn_or_nested_too_deep_is_an_error() {
        for text in ["a {", "a = ", "a = [1", "a = [1 2]", "a = \"x", "= 1", "a }", "a b"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse("a {".repeat(100_000).as_bytes()).unwrap_err().contains("deeper"));
    }
}
