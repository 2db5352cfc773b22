//! The last door to a log: whatever a command prints, no line of it is a command to the CI server that reads it, and no
//! character steers a terminal but for colours of the program's own.

use std::fmt::Write as _;
use std::io::{self, Write};

use assay_disk::text::log::{after_color, inert};
use assay_disk::text::{Escaped, is_hidden};

/// A writer of text, line by line.
pub(super) struct Inert<'w> {
    to: &'w mut dyn Write,
    /// A line whose end was not written yet.
    pending: Vec<u8>,
    /// Whether bytes are written as they are.
    is_raw: bool,
}

impl<'w> Inert<'w> {
    /// Writes text to `to`.
    pub(super) fn new(to: &'w mut dyn Write) -> Self {
        Self { to, pending: Vec::new(), is_raw: false }
    }

    /// Writes bytes to `to`, as they are.
    pub(super) fn raw(to: &'w mut dyn Write) -> Self {
        Self { to, pending: Vec::new(), is_raw: true }
    }

    fn lines(&mut self, bytes: &[u8]) -> io::Result<()> {
        match std::str::from_utf8(bytes) {
            Ok(text) if !text.chars().any(is_steering) => self.to.write_all(inert(text).as_bytes()),
            _ => self.to.write_all(inert(&seen(bytes)).as_bytes()),
        }
    }
}

impl Write for Inert<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_raw {
            return self.to.write(bytes);
        }
        let end = memchr::memrchr(b'\n', bytes).map_or(0, |at| at.saturating_add(1));
        let (whole, rest) = bytes.split_at_checked(end).unwrap_or((bytes, b""));
        if !whole.is_empty() && self.pending.is_empty() {
            self.lines(whole)?;
        } else if !whole.is_empty() {
            let mut pending = std::mem::take(&mut self.pending);
            pending.extend_from_slice(whole);
            self.lines(&pending)?;
        }
        self.pending.extend_from_slice(rest);
        Ok(bytes.len())
    }

    /// Writes what there is of a line, too: what comes after it is taken for the next.
    fn flush(&mut self) -> io::Result<()> {
        let pending = std::mem::take(&mut self.pending);
        self.lines(&pending)?;
        self.to.flush()
    }
}

impl Drop for Inert<'_> {
    fn drop(&mut self) {
        // Who wants to know whether it was written flushes before.
        let pending = std::mem::take(&mut self.pending);
        let _ = self.lines(&pending);
    }
}

/// What is looked at again: all control characters but those that lines are made of.
fn is_steering(c: char) -> bool {
    !matches!(c, '\n' | '\t') && is_hidden(c)
}

/// Text with its colours, and everything else that is not to be seen escaped.
fn seen(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(c) = rest.chars().next() {
            let after = rest.get(c.len_utf8()..).unwrap_or_default();
            let is_plain = !is_steering(c) || c == '\r' && after.starts_with('\n');
            let kept = after_color(rest).or_else(|| is_plain.then_some(after));
            match kept {
                Some(next) => {
                    let taken = rest.len().saturating_sub(next.len());
                    out.push_str(rest.get(..taken).unwrap_or_default());
                    rest = next;
                }
                None => {
                    let _ = write!(out, "{}", Escaped(c.encode_utf8(&mut [0; 4]).as_bytes()));
                    rest = after;
                }
            }
        }
        let _ = write!(out, "{}", Escaped(chunk.invalid()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pieces: &[&[u8]]) -> String {
        let mut out = Vec::new();
        let mut inert = Inert::new(&mut out);
        pieces.iter().for_each(|piece| inert.write_all(piece).unwrap());
        inert.flush().unwrap();
        drop(inert);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_command_that_is_written_in_pieces_is_none() {
        assert_eq!(
            written(&[b"a: #", b"#vso[task.x]\n", b"  :", b":x::\n"]),
            "a: #\\u{23}vso[task.x]\n  \\u{3a}:x::\n"
        );
        assert_eq!(written(&[b"::x::"]), "\\u{3a}:x::");
    }

    #[test]
    fn colours_stay_and_nothing_else_steers() {
        let line = b"\x1b[1;31merror:\x1b[0m a\x1b[2J\rb\xff\tc\r\n";
        assert_eq!(written(&[line]), "\x1b[1;31merror:\x1b[0m a\\u{1b}[2J\\rb\\xff\tc\r\n");
    }

    #[test]
    fn raw_bytes_stay() {
        let mut out = Vec::new();
        Inert::raw(&mut out).write_all(b"::x\xff\x1b").unwrap();
        assert_eq!(out, b"::x\xff\x1b");
    }
}
