//! Values that are assigned to names of secrets, in whatever language: `NAME=value`, `"name": "value"`,
//! `name string = "value"`, `get("name", "value")`, `name:` with a list beneath.
//!
//! The question is asked at every word that such names have, hundreds of thousands of times in an image, so it is answered
//! by a look at a few bytes: an expression for all of these forms costs ten times as much.

use std::ops::Range;

use super::name::NameKind;

/// Longest end of a name, in bytes.
const NAME: usize = 84;
/// Longest beginning of a name before a word in it.
const BEFORE: usize = 60;
/// Most blanks between a name, a sign and a value.
const BLANKS: usize = 24;
/// Bytes of a key without a blank or a quote.
const KEY: usize = 10;

/// Fewest bytes of a line that a value, with its quotes, may have.
const SHORTEST: usize = 4;

/// A name of a secret, and where its value begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The name.
    pub name: Range<usize>,
    /// The first byte of the value, behind its quote if it has one.
    pub value: usize,
    /// What is kept under the name.
    pub kind: NameKind,
}

impl Assignment {
    /// That of the name in `bytes` which has a word at `word`; none, if the name is none of a secret, or nothing is
    /// assigned to it.
    pub fn at(bytes: &[u8], word: usize) -> Option<Self> {
        let text = bytes.get(word..)?;
        let rest = value(text)?;
        let start = bytes.len().saturating_sub(opened(rest).len());
        let value = bytes.get(start..)?;
        let line = value.get(..SHORTEST)?;
        if line.first()?.is_ascii_whitespace() || line.iter().any(|byte| *byte == b'\n' || *byte == 0) {
            return None;
        }
        let head = bytes.get(word.saturating_sub(BEFORE)..word)?;
        let before = head.iter().rev().take_while(|byte| is_name(**byte)).count();
        let (len, _) = split(text, is_name);
        let name = word.saturating_sub(before)..word.saturating_add(len);
        let kind = NameKind::of(bytes.get(name.clone())?)?;
        let found = Self { name, value: start, kind };
        found.is_plausible(bytes).then_some(found)
    }

    /// Whether the value may be one of its kind, whatever syntax it is written in.
    fn is_plausible(&self, bytes: &[u8]) -> bool {
        let text = bytes.get(self.value..bytes.len().min(self.value.saturating_add(64))).unwrap_or_default();
        let line = text.get(..memchr::memchr(b'\n', text).unwrap_or(text.len())).unwrap_or_default();
        let count = |test: fn(&u8) -> bool| line.iter().filter(|byte| test(byte)).count();
        let is_word = line.get(..KEY).is_some_and(|word| {
            !word.iter().any(|byte| byte.is_ascii_whitespace() || b"\"'`\0".contains(byte))
        });
        match self.kind {
            NameKind::Password => true,
            NameKind::Secret => {
                line.len() >= 8
                    && (count(u8::is_ascii_digit) > 0
                        || count(u8::is_ascii_punctuation) > 2
                        || count(u8::is_ascii_uppercase) > 2 && count(u8::is_ascii_lowercase) > 2)
            }
            NameKind::Key => {
                is_word
                    && line.first().is_some_and(|byte| !b"<{$".contains(byte))
                    && count(u8::is_ascii_digit) > 0
            }
        }
    }
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)
}

/// What stands behind the opening of a value: brackets of a list, tags, and its quote.
fn opened(rest: &[u8]) -> &[u8] {
    if let Some(rest) = rest.strip_prefix(b"[[") {
        return rest; // Lua
    }
    let rest = tagged(listed(rest));
    for open in [&b"r#\""[..], b"r##\"", b"<<\"", b"q{", b"q(", b"q[", b"qq{"] {
        if let Some(rest) = rest.strip_prefix(open) {
            return rest;
        }
    }
    let prefix = rest.iter().take(2).take_while(|byte| b"bBrRuUfFnN@$".contains(byte)).count();
    for skipped in [prefix, 0] {
        let (escapes, behind) = split(rest.get(skipped..).unwrap_or_default(), |byte| byte == b'\\');
        if let Some((_, behind)) =
            behind.split_first().filter(|(byte, _)| b"\"'`".contains(byte) && escapes <= 7)
        {
            return behind;
        }
    }
    rest
}

/// Without what opens a list or goes on in the next line.
fn listed(rest: &[u8]) -> &[u8] {
    let newline = |rest: &'_ [u8]| {
        let line = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n"));
        let value =
            line.filter(|line| line.first().is_some_and(|byte| b" \t".contains(byte))).map(blanks_off)?;
        Some(rest.len().saturating_sub(value.len()))
    };
    match rest {
        [b'[' | b'(', inner @ ..] => {
            let inner = inner.trim_ascii_start();
            let named = inner.strip_prefix(b"[").and_then(|name| name.get(..34.min(name.len())));
            let end = named.and_then(|name| memchr::memmem::find(name, b"]="));
            let behind = end.and_then(|end| inner.get(end.saturating_add(3)..)).unwrap_or(inner);
            // A bracket alone may be the first letter of the value.
            if behind.first().is_some_and(|byte| b"\"'`".contains(byte))
                || rest.starts_with(b"[")
                    && memchr::memchr2(b']', b'\n', inner).is_some_and(|at| inner.get(at) == Some(&b']'))
                || end.is_some()
            {
                behind
            } else {
                rest
            }
        }
        [b'\\' | b'>' | b'|', more @ ..] => {
            let more = more.strip_prefix(b"-").or_else(|| more.strip_prefix(b"+")).unwrap_or(more);
            newline(more).and_then(|skipped| more.get(skipped..)).unwrap_or(rest)
        }
        [b'\n' | b'\r', ..] => {
            let line = rest.trim_ascii_start();
            line.strip_prefix(b"- ").unwrap_or(line)
        }
        _ => rest,
    }
}

/// Without an anchor and a tag of YAML.
fn tagged(rest: &[u8]) -> &[u8] {
    let mut rest = rest;
    for sign in [&b"&"[..], b"!!"] {
        let Some(name) = rest.strip_prefix(sign) else { continue };
        let (len, behind) = split(name, |byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if let Some(behind) = behind.strip_prefix(b" ").filter(|_| (1..=24).contains(&len)) {
            rest = behind;
        }
    }
    rest
}

/// Whether `text` begins with the end of a name, behind which one more word ends the line.
pub fn is_line_of_two(text: &[u8]) -> bool {
    let (name, rest) = split(text, is_name);
    let (blanks, rest) = split(rest, is_blank);
    let line =
        rest.get(..memchr::memchr(b'\n', rest).unwrap_or(rest.len())).unwrap_or_default().trim_ascii_end();
    name > 0 && blanks > 0 && line.len() >= 7 && !line.iter().any(|byte| b" \t\0".contains(byte))
}

/// What stands behind the sign that assigns.
fn value(text: &[u8]) -> Option<&[u8]> {
    let (name, rest) = split(text, is_name);
    if name == 0 || name > NAME {
        return None;
    }
    let rest = indexed(rest);
    let (escapes, rest) = split(rest, |byte| byte == b'\\');
    let (quote, rest) = match rest.split_first() {
        Some((byte, rest)) if b"\"'`".contains(byte) => (true, rest),
        _ => (false, rest),
    };
    if escapes > 3 || escapes > 0 && !quote {
        return None;
    }
    let (closed, rest) = split(rest, |byte| b"]})".contains(&byte));
    let rest = indexed(indexed(rest));
    let (blanks, rest) = split(rest, is_blank);
    if blanks > BLANKS {
        return None;
    }
    let is_apart = quote || closed > 0;
    match rest {
        [b':', b':', rest @ ..] => {
            Some(blanks_off(rest)).filter(|value| value.len() < rest.len() || is_quoted(value))
        }
        [b':' | b'?' | b'+', b'=', rest @ ..] | [b'<', b'-', rest @ ..] | [b'|', b'|', b'=', rest @ ..] => {
            follows(rest)
        }
        [b'=', b'=', ..] => None, // compared
        [b'=', b'>', rest @ ..] => follows(rest),
        [b':', rest @ ..] => follows(annotated(rest).unwrap_or(rest)),
        [b'=', rest @ ..] => follows(rest),
        [b'|', b'|', rest @ ..] | [b'?', b'?', rest @ ..] => quoted(rest),
        [b'/', b'/', rest @ ..] | [b'o', b'r', b' ', rest @ ..] | [b'{', rest @ ..] if is_apart => {
            quoted(rest)
        }
        [b',', rest @ ..] if is_apart => quoted(rest.strip_prefix(b" N").unwrap_or(rest)),
        [b'.', rest @ ..] if closed > 0 => fallback(rest),
        [b';', rest @ ..] if quote => serialised(rest),
        [b'(', rest @ ..] => quoted(rest),
        [b'{', rest @ ..] => property(rest),
        [b'"' | b'\'' | b'`' | b'\\', ..] if blanks > 0 => Some(rest),
        _ if blanks > 0 => typed(rest),
        _ => None,
    }
}

/// Without blanks.
fn blanks_off(rest: &[u8]) -> &[u8] {
    split(rest, is_blank).1
}

fn is_quoted(rest: &[u8]) -> bool {
    rest.first().is_some_and(|byte| b"\"'`".contains(byte))
}

/// A quoted value behind a few blanks.
fn quoted(rest: &[u8]) -> Option<&[u8]> {
    let rest = blanks_off(rest);
    let bare = rest.strip_prefix(b"N").unwrap_or(rest);
    is_quoted(bare).then_some(rest)
}

/// `"NAME").unwrap_or("value")`.
fn fallback(rest: &[u8]) -> Option<&[u8]> {
    const CALLS: [&[u8]; 6] =
        [b"unwrap_or(", b"unwrap_or_else(", b"getOrElse(", b"orElse(", b"ok_or(", b"GetOrDefault("];
    let rest = CALLS.iter().find_map(|call| rest.strip_prefix(*call))?;
    let rest = [&b"|_|"[..], b"||"].iter().find_map(|closure| rest.strip_prefix(*closure)).unwrap_or(rest);
    quoted(rest)
}

/// PHP's `s:8:"password";s:5:"value"`.
fn serialised(rest: &[u8]) -> Option<&[u8]> {
    let rest = blanks_off(rest).strip_prefix(b"s:")?;
    let (_, rest) = split(rest, |byte| byte.is_ascii_digit());
    let rest = rest.strip_prefix(b":")?;
    matches!(rest, [b'"', ..] | [b'\\', b'"', ..]).then_some(rest)
}

/// C#'s `{ get; set; } = "value"`.
fn property(rest: &[u8]) -> Option<&[u8]> {
    let rest = blanks_off(rest).strip_prefix(b"get;")?;
    let end = memchr::memchr(b'}', rest.get(..30.min(rest.len()))?)?;
    follows(blanks_off(rest.get(end.saturating_add(1)..)?).strip_prefix(b"=")?)
}

/// `NAME string = "value"`, `NAME or "value"`.
fn typed(rest: &[u8]) -> Option<&[u8]> {
    if let Some(rest) = rest.strip_prefix(b"or ") {
        return quoted(rest);
    }
    let rest = rest.strip_prefix(b"*").or_else(|| rest.strip_prefix(b"&")).unwrap_or(rest);
    let rest =
        [&b"string"[..], b"String", b"str", b"char"].iter().find_map(|word| rest.strip_prefix(*word))?;
    follows(blanks_off(rest).strip_prefix(b"=").filter(|rest| !rest.starts_with(b"="))?)
}

/// What stands behind the type of a declaration, `: str =`, `: &'static str =`.
fn annotated(rest: &[u8]) -> Option<&[u8]> {
    let rest = blanks_off(rest);
    let rest = rest.strip_prefix(b"&'static ").unwrap_or(rest);
    let (len, behind) = split(rest, |byte| byte.is_ascii_alphabetic() || b"&*<>[]".contains(&byte));
    let behind = blanks_off(behind).strip_prefix(b"=").filter(|_| (2..=24).contains(&len))?;
    behind.first().is_some_and(|byte| b" \"'`".contains(byte)).then_some(behind)
}

/// What stands behind a sign, its blanks left out; none, where nothing does.
fn follows(rest: &[u8]) -> Option<&[u8]> {
    let (blanks, rest) = split(rest, is_blank);
    let goes_on = match rest {
        [] | [0, ..] => false,
        // A list of YAML has its values in the next lines.
        [b'\n' | b'\r', ..] => rest.trim_ascii_start().starts_with(b"- "),
        _ => true,
    };
    (goes_on && blanks <= BLANKS).then_some(rest)
}

/// Without an index, `[0]`, `['x']`.
fn indexed(rest: &[u8]) -> &[u8] {
    let inner = rest.strip_prefix(b"[").and_then(|inner| inner.get(..34.min(inner.len())));
    let end = inner.and_then(|inner| memchr::memchr2(b']', b'\n', inner));
    end.and_then(|end| rest.get(end.saturating_add(2)..))
        .filter(|_| rest.get(1).is_some_and(|byte| b"\"'0123456789".contains(byte)))
        .unwrap_or(rest)
}

/// How many bytes fit, and the rest.
fn split(text: &[u8], fits: impl Fn(u8) -> bool) -> (usize, &[u8]) {
    let len = text.iter().take(NAME + 1).take_while(|byte| fits(**byte)).count();
    (len, text.get(len..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name and beginning of the value.
    fn at(text: &str) -> Option<(&str, &str)> {
        let lower = text.to_ascii_lowercase();
        let word = ["pass", "key"].iter().find_map(|word| lower.find(word))?;
        let found = Assignment::at(text.as_bytes(), word)?;
        Some((text.get(found.name)?, text.get(found.value..)?))
    }

    #[test]
    fn a_value_behind_a_sign_is_assigned() {
        for text in [
            "password=abcd",
            "password: abcd",
            "PASSWORD\": \"abcd\"",
            "password'] = 'abcd'",
            "password ?= abcd",
            "password\\\": \\\"abcd",
            "password\", \"abcd\")",
            "password') || 'abcd'",
            "password string = \"abcd\"",
            "passwords:\n  - abcd",
            "password[0]='abcd'",
            "password']['x'] = 'abcd'",
            "password\";s:4:\"abcd\"",
            "password { get; set; } = \"abcd\"",
            "password 'abcd'",
            "pass =>  'abcd'",
            "password\").unwrap_or(\"abcd\")",
            "password: str = \"abcd\"",
            "password: &'static str = \"abcd\"",
            "password: &a \"abcd\"",
            "passwords = [ 'abcd'",
            "PASS=([web]='abcd'",
            "password = r#\"abcd\"#",
            "password = [[abcd]]",
            "password: >-\n  abcd",
            "password = $'abcd'",
            "password = b'abcd'",
            "password = (\n    'abcd'",
            "password') or 'abcd'",
            "password\").unwrap_or_else(|_| \"abcd\")",
            "password ||= 'abcd'",
            "password <- 'abcd'",
            "db.my-password := `abcd`",
        ] {
            let found = at(text);
            assert!(found.is_some_and(|(_, value)| value.starts_with("abcd")), "{text}: {found:?}");
        }
        assert_eq!(at("x.DB_PASSWORD_2=abcd"), Some(("x.DB_PASSWORD_2", "abcd")));
    }

    #[test]
    fn prose_and_code_around_a_word_are_none() {
        for text in [
            "password is checked",
            "passwords are",
            "password, and",
            "password)",
            "password=\n",
            "password::from(",
            "password;",
            "password",
            "password: \n",
            "password of the user",
            "password.",
            "password == \"abcd\"",
            "bypass = \"abcd\"",
            "password_file = abcd",
            "sort_key = abcd",
            "password=abc\n",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
        assert!(is_line_of_two(b"_key abcdefg\n") && is_line_of_two(b"key\t'abcdefg';"));
        assert!(!is_line_of_two(b"_key is kept here\n") && !is_line_of_two(b"key abc\n"));
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let pieces = [
            "pass", "word", "=", ":", "\"", "\\", "[", "]", "{", "(", "\n", " ", ",", ";s:", "\0", "é", "- ",
            "r#\"",
        ];
        let mut state = 3_usize;
        for _ in 0..50_000 {
            let mut text = String::from("pass");
            for _ in 0..8 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(pieces[(state >> 33) % pieces.len()]);
            }
            let found = Assignment::at(text.as_bytes(), 0);
            assert!(found.is_none_or(|found| found.value <= text.len()), "{text:?}");
        }
    }
}
