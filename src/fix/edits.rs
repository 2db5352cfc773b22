//! Bytes of a file that are written over by as many others.

use memchr::memmem;

use crate::finding::Finding;
use crate::remedies::Action;

/// Values shorter than this are written over on their own line only: elsewhere they may be ordinary words.
const LONG: usize = 8;
/// Places of one value that are written over in one file.
const PLACES: usize = 1000;

/// What stands there afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fill {
    /// A word that nobody takes for a secret.
    Value,
    /// A comment of a configuration file.
    Comment,
    /// Blanks.
    Blank,
    /// "no", and blanks.
    No,
}

/// One run of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// Where it begins in the file.
    pub offset: u64,
    /// Bytes of it.
    pub length: u64,
    /// By what.
    pub fill: Fill,
}

impl Edit {
    fn new(start: usize, end: usize, fill: Fill) -> Option<Self> {
        let length = end.checked_sub(start).filter(|length| *length > 0)?;
        Some(Self { offset: start as u64, length: length as u64, fill })
    }

    fn end(&self) -> u64 {
        self.offset.saturating_add(self.length)
    }
}

/// The places of the values of `finding` in `content`; empty if there are none (it is packed, or written otherwise).
pub fn values(finding: &Finding, content: &[u8]) -> Vec<Edit> {
    let line = finding.location.line.and_then(|line| span_of_line(line, content));
    let mut edits = Vec::new();
    for secret in &finding.evidence.secrets {
        let value = secret.reveal().trim_ascii();
        let (start, end) = match line {
            Some(span) if value.len() < LONG => span,
            None if value.len() < LONG => continue,
            _ => (0, content.len()),
        };
        let within = content.get(start..end).unwrap_or_default();
        for at in memmem::find_iter(within, value).take(PLACES) {
            let at = start.saturating_add(at);
            edits.extend(words(content, at, at.saturating_add(value.len())));
        }
        if edits.is_empty() && value.starts_with(b"-----BEGIN") {
            edits.extend(armor(finding, content));
        }
    }
    merged(edits)
}

/// A key in PEM whose lines stand otherwise in the file than in the value: from its BEGIN to its END.
fn armor(finding: &Finding, content: &[u8]) -> Vec<Edit> {
    let from =
        finding.location.line.and_then(|line| span_of_line(line, content)).map_or(0, |(start, _)| start);
    let rest = content.get(from..).unwrap_or_default();
    let Some(begin) = memmem::find(rest, b"-----BEGIN") else { return Vec::new() };
    let after = rest.get(begin..).unwrap_or_default();
    let Some(end) = memmem::find(after, b"-----END") else { return Vec::new() };
    let tail = after.get(end.saturating_add(5)..).unwrap_or_default();
    let Some(close) = memmem::find(tail, b"-----") else { return Vec::new() };
    let start = from.saturating_add(begin);
    words(content, start, start.saturating_add(end).saturating_add(5).saturating_add(close).saturating_add(5))
}

/// The words between `start` and `end`: white space stays, so that the lines of a file keep their form.
fn words(content: &[u8], start: usize, end: usize) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut begin = None;
    for (at, byte) in content.iter().enumerate().take(end).skip(start) {
        match (byte.is_ascii_whitespace(), begin) {
            (false, None) => begin = Some(at),
            (true, Some(from)) => {
                edits.extend(Edit::new(from, at, Fill::Value));
                begin = None;
            }
            _ => {}
        }
    }
    edits.extend(begin.and_then(|from| Edit::new(from, end, Fill::Value)));
    edits
}

/// What is done to a line.
pub fn line(action: Action, number: u64, content: &[u8]) -> Option<Edit> {
    let (start, end) = span_of_line(number, content)?;
    let text = content.get(start..end)?;
    let end = start.saturating_add(text.trim_ascii_end().len());
    match action {
        Action::Blank => Edit::new(start, end, Fill::Blank),
        Action::Off => {
            // The value, and not the last word of a comment behind it.
            let end = start.saturating_add(without_comment(content.get(start..end)?).len());
            let last = content.get(start..end)?.iter().rposition(u8::is_ascii_whitespace)?;
            let word = start.saturating_add(last).saturating_add(1);
            // "no" is short enough for "yes", and for any other word that is worth saying no to.
            if end.saturating_sub(word) < 2 {
                Edit::new(start, end, Fill::Comment)
            } else {
                Edit::new(word, end, Fill::No)
            }
        }
        _ => Edit::new(start, end, Fill::Comment),
    }
}

/// The line up to a comment that a blank parts from its value.
fn without_comment(line: &[u8]) -> &[u8] {
    let comment = line.windows(2).position(|pair| matches!(pair, [b' ' | b'\t', b'#']));
    comment.and_then(|at| line.get(..at)).unwrap_or(line).trim_ascii_end()
}

/// Where line `number` (from 1) begins and ends, without its line end.
fn span_of_line(number: u64, content: &[u8]) -> Option<(usize, usize)> {
    let before = usize::try_from(number.checked_sub(1)?).ok()?;
    let start = match before.checked_sub(1) {
        None => 0,
        Some(nth) => memchr::memchr_iter(b'\n', content).nth(nth)?.saturating_add(1),
    };
    let rest = content.get(start..)?;
    let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    Some((start, start.saturating_add(len)))
}

/// Sorted, without those that overlap an earlier one.
pub(super) fn merged(mut edits: Vec<Edit>) -> Vec<Edit> {
    edits.sort_by_key(|edit| (edit.offset, std::cmp::Reverse(edit.length)));
    let mut kept: Vec<Edit> = Vec::new();
    for edit in edits {
        match kept.last_mut() {
            Some(last) if edit.offset < last.end() => {
                last.length = last.length.max(edit.end().saturating_sub(last.offset));
            }
            _ => kept.push(edit),
        }
    }
    kept
}

/// Whether all of a file is written over: then it is better gone.
pub(super) fn are_all(edits: &[Edit], content: &[u8]) -> bool {
    let all = content.iter().filter(|byte| !byte.is_ascii_whitespace()).count() as u64;
    let over = edits.iter().fold(0_u64, |sum, edit| sum.saturating_add(edit.length));
    over > 0 && over == all
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::finding::{Advisory, Category, Secret, Severity};

    fn finding(secret: &str, line: u64) -> Finding {
        let advisory = Advisory {
            id: "x".to_owned(),
            category: Category::Credential,
            title: String::new(),
            severity: Severity::High,
            why: String::new(),
            remedy: String::new(),
            references: Vec::new(),
        };
        Finding::new(&Arc::new(advisory)).secret(Secret::new(secret)).line(line)
    }

    fn spans(edits: &[Edit]) -> Vec<(u64, u64)> {
        edits.iter().map(|edit| (edit.offset, edit.length)).collect()
    }

    #[test]
    fn a_long_value_is_found_everywhere_and_a_short_one_on_its_line() {
        let content = b"a=hunter2\nb=Zq83nFh2Lk0PvT7c\nc=hunter2 Zq83nFh2Lk0PvT7c\n";
        assert_eq!(spans(&values(&finding("Zq83nFh2Lk0PvT7c", 2), content)), [(12, 16), (39, 16)]);
        assert_eq!(spans(&values(&finding("hunter2", 3), content)), [(31, 7)]);
        assert!(values(&finding("not-in-the-file", 1), content).is_empty());
    }

    #[test]
    fn the_lines_of_a_key_keep_their_form() {
        let content = b"key: |\n  -----BEGIN X-----\n  AAAA\n  -----END X-----\nb: 1\n";
        let edits = values(&finding("-----BEGIN X-----\nAAAA\n-----END X-----", 2), content);
        let mut after = content.to_vec();
        for edit in &edits {
            let at = |offset: u64| usize::try_from(offset).unwrap();
            after[at(edit.offset)..at(edit.end())].fill(b'x');
        }
        assert_eq!(after, b"key: |\n  xxxxxxxxxx xxxxxx\n  xxxx\n  xxxxxxxx xxxxxx\nb: 1\n");
        assert!(!are_all(&edits, content));
        assert!(are_all(&values(&finding("AAAABBBB", 1), b"AAAABBBB\n"), b"AAAABBBB\n"));
    }

    #[test]
    fn a_line_becomes_a_comment_or_says_no() {
        let content = b"A yes\r\nB\nPermitRootLogin yes\n";
        let edit =
            |action, number| line(action, number, content).map(|edit| (edit.offset, edit.length, edit.fill));
        assert_eq!(edit(Action::Comment, 1), Some((0, 5, Fill::Comment)));
        assert_eq!(edit(Action::Off, 3), Some((25, 3, Fill::No)));
        assert_eq!(edit(Action::Off, 2), None);
        let commented = line(Action::Off, 1, b"PermitRootLogin yes \t# for now\n").unwrap();
        assert_eq!((commented.offset, commented.length, commented.fill), (16, 3, Fill::No));
        assert_eq!(edit(Action::Comment, 9), None);
        assert_eq!(edit(Action::Comment, 0), None);
    }
}
