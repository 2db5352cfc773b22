//! Small texts of metadata: fields, quoted values, lines.

/// Lines of a text that are looked at: metadata has a few hundred.
const LINES: usize = 100_000;

/// Bytes as text; what is not UTF-8 is replaced.
pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.trim_ascii()).into_owned()
}

/// The lines of a text, without their ends.
pub(super) fn lines(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    content.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).take(LINES)
}

/// The fields of a head as in mails (RFC 5322), up to the first empty line: name and the first line of the value.
pub(super) fn fields(content: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let head = lines(content).take_while(|line| !line.is_empty());
    let whole = head.filter(|line| !line.starts_with(b" ") && !line.starts_with(b"\t"));
    whole.filter_map(|line| split(line, b':'))
}

/// The value of the first field of this name; ASCII case does not count.
pub(super) fn field<'c>(content: &'c [u8], name: &str) -> Option<&'c [u8]> {
    let mut named = fields(content).filter(|(field, _)| field.eq_ignore_ascii_case(name.as_bytes()));
    named.next().map(|(_, value)| value).filter(|value| !value.is_empty())
}

/// What stands before and behind the first `mark`, trimmed.
pub(super) fn split(line: &[u8], mark: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(mark, line)?;
    let (before, rest) = line.split_at_checked(at)?;
    Some((before.trim_ascii(), rest.get(1..)?.trim_ascii()))
}

/// The first text in quotes of either kind in `line`.
pub(super) fn quoted(line: &[u8]) -> Option<&[u8]> {
    let at = memchr::memchr2(b'"', b'\'', line)?;
    let (mark, rest) = line.get(at..)?.split_first()?;
    rest.get(..memchr::memchr(*mark, rest)?)
}

/// The value of `key` at the left edge of a YAML text, or of a `key=value` text by `mark`: one line, without quotes.
pub(super) fn value<'c>(content: &'c [u8], key: &str, mark: u8) -> Option<&'c [u8]> {
    let mut named = lines(content).filter_map(|line| {
        let (name, value) = split(line.strip_prefix(key.as_bytes())?, mark)?;
        name.is_empty().then_some(value)
    });
    let value = named.next()?;
    let inner = match value {
        [b'"', ..] | [b'\'', ..] => quoted(value)?,
        _ => value,
    };
    (!inner.is_empty()).then_some(inner)
}

/// A name and a version that are joined by the first `-` before a digit.
pub(super) fn name_and_version(joined: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_start = |pair: &[u8]| matches!(pair, [b'-', digit] if digit.is_ascii_digit());
    let at = joined.windows(2).position(is_start).filter(|&at| at > 0)?;
    Some((joined.get(..at)?, joined.get(at.checked_add(1)?..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_end_at_the_first_empty_line_and_continued_lines_are_no_fields() {
        let content = b"Name: a\r\nDescription: x\n  Version: 9\nVersion: 1:2\n\nVersion: 3\n";
        assert_eq!(field(content, "version"), Some(&b"1:2"[..]));
        assert_eq!(field(content, "License"), None);
    }

    #[test]
    fn a_version_begins_at_the_first_dash_before_a_digit() {
        let split = |joined: &'static str| name_and_version(joined.as_bytes());
        assert_eq!(split("a-b-1.2-rc1"), Some((&b"a-b"[..], &b"1.2-rc1"[..])));
        assert_eq!(split("log4j-1.2-api-2.17.1"), Some((&b"log4j"[..], &b"1.2-api-2.17.1"[..])));
        assert_eq!(split("abc"), None);
        assert_eq!(split("-1"), None);
    }

    #[test]
    fn values_lose_their_quotes() {
        assert_eq!(value(b"name: 'a b'\n", "name", b':'), Some(&b"a b"[..]));
        assert_eq!(value(b"  name: x\nnames: y\nname : z\n", "name", b':'), Some(&b"z"[..]));
        assert_eq!(value(b"JAVA_VERSION=\"17\"\n", "JAVA_VERSION", b'='), Some(&b"17"[..]));
    }
}
