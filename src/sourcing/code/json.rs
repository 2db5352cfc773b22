//! JSON with the places of its values; comments are passed over, as tools that read JSON with comments do.

use super::value::{Entry, Kind, Value};

/// Deeper texts are refused.
const MAX_DEPTH: usize = 128;

/// Why a text is no JSON, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Error {
    pub(super) at: usize,
    pub(super) reason: &'static str,
}

/// The value that the text is.
pub(super) fn parse(text: &str) -> Result<Value, Error> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0 };
    let value = reader.value(0)?;
    reader.space();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.error("There is text after the end of the JSON value.")),
    }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn error(&self, reason: &'static str) -> Error {
        Error { at: self.at, reason }
    }

    fn space(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b'/' if self.bytes.get(self.at + 1) == Some(&b'/') => self.skip_to(b"\n"),
                b'/' if self.bytes.get(self.at + 1) == Some(&b'*') => self.skip_to(b"*/"),
                0xef if self.at == 0 => self.at = 3, // a byte order mark
                _ => return,
            }
        }
    }

    fn skip_to(&mut self, end: &[u8]) {
        let rest = self.bytes.get(self.at + 1..).unwrap_or_default();
        let found = memchr::memmem::find(rest, end).map(|found| self.at + 1 + found + end.len());
        self.at = found.unwrap_or(self.bytes.len());
    }

    fn value(&mut self, depth: usize) -> Result<Value, Error> {
        if depth > MAX_DEPTH {
            return Err(self.error("The JSON is nested too deeply."));
        }
        self.space();
        let at = self.at;
        let kind = match self.peek() {
            Some(b'{') => self.map(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Kind::Text(self.string()?),
            Some(_) => self.word()?,
            None => return Err(self.error("The JSON ends too early.")),
        };
        Ok(Value::new(at, kind))
    }

    fn map(&mut self, depth: usize) -> Result<Kind, Error> {
        let mut entries = Vec::new();
        self.at += 1;
        loop {
            self.space();
            match self.peek() {
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Kind::Map(entries));
                }
                Some(b',') if !entries.is_empty() => self.at += 1,
                Some(b'"') => entries.push(self.entry(depth)?),
                _ => return Err(self.error("A key or the end of the object is missing.")),
            }
        }
    }

    fn entry(&mut self, depth: usize) -> Result<Entry, Error> {
        let at = self.at;
        let key = self.string()?;
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.error("A colon is missing."));
        }
        self.at += 1;
        Ok(Entry { key, at, value: self.value(depth + 1)? })
    }

    fn list(&mut self, depth: usize) -> Result<Kind, Error> {
        let mut items = Vec::new();
        self.at += 1;
        loop {
            self.space();
            match self.peek() {
                Some(b']') => {
                    self.at += 1;
                    return Ok(Kind::List(items));
                }
                Some(b',') if !items.is_empty() => self.at += 1,
                Some(_) => items.push(self.value(depth + 1)?),
                None => return Err(self.error("The JSON ends too early.")),
            }
        }
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Result<Kind, Error> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c)).unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default();
        let kind = match word {
            "true" => Kind::Flag(true),
            "false" => Kind::Flag(false),
            "null" => Kind::Null,
            number if number.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
                Kind::Text(number.to_owned())
            }
            _ => return Err(self.error("This is no JSON value.")),
        };
        self.at += end;
        Ok(kind)
    }

    fn string(&mut self) -> Result<String, Error> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(length) = memchr::memchr2(b'"', b'\\', rest) else {
                return Err(self.error("A string has no end."));
            };
            text.push_str(self.text.get(self.at..self.at + length).unwrap_or_default());
            self.at += length + 1;
            if rest.get(length) == Some(&b'"') {
                return Ok(text);
            }
            text.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char, Error> {
        let letter = self.peek().ok_or_else(|| self.error("A string has no end."))?;
        self.at += 1;
        Ok(match letter {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => self.code_unit()?,
            b'"' | b'\\' | b'/' => char::from(letter),
            _ => return Err(self.error("A string has an escape that JSON does not know.")),
        })
    }

    /// A character by its number; halves of pairs become the replacement character: no name of an image needs them.
    fn code_unit(&mut self) -> Result<char, Error> {
        let digits = self.text.get(self.at..self.at + 4).ok_or_else(|| self.error("A string has no end."))?;
        let number =
            u32::from_str_radix(digits, 16).map_err(|_| self.error("These are no hexadecimal digits."))?;
        self.at += 4;
        Ok(char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_places() {
        let value = parse("{\n \"a\": [1, {\"b\": \"x\\u0041\"}] // end\n}").unwrap();
        let inner = value.get("a").unwrap().items()[1].get("b").unwrap();
        assert_eq!((inner.text(), inner.at), (Some("xA"), 18));
    }

    #[test]
    fn what_is_no_json_is_an_error_with_its_place() {
        for text in ["", "{", "[1", "{\"a\" 1}", "{a: 1}", "\"x", "nul", "{} x", "\"\\q\"", "[,1]"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(parse(&"[".repeat(100_000)).unwrap_err().reason, "The JSON is nested too deeply.");
    }
}
