//! The bytes of a file in the log of a CI server: as they are, up to a line that would be a command there.

use std::io::{self, Write};

use assay_disk::text::log::command;

/// Bytes of a line that are looked at together; a longer one is in pieces, with so many of the last piece before the
/// next.
const LINE: usize = 64 << 10;
const OVERLAP: usize = 256;

/// What was written so far.
#[derive(Default)]
pub(super) struct Log {
    /// The end of what was written of the line at hand.
    line: Vec<u8>,
    /// Lines before it.
    lines: u64,
    /// The line that would be a command, from 1: nothing is written from there on.
    pub(super) command: Option<u64>,
}

impl Log {
    /// Writes what holds no command.
    ///
    /// # Errors
    /// Those of `out`, and an end where a command is.
    pub(super) fn write(&mut self, bytes: &[u8], out: &mut dyn Write) -> io::Result<()> {
        // A carriage return ends a line for some servers, too.
        for piece in bytes.split_inclusive(|&byte| byte == b'\n' || byte == b'\r') {
            let start = self.line.len();
            self.line.extend_from_slice(piece);
            if command(&String::from_utf8_lossy(&self.line)).is_some() {
                self.command = Some(self.lines.saturating_add(1));
                return Err(io::ErrorKind::InvalidData.into());
            }
            out.write_all(self.line.get(start..).unwrap_or_default())?;
            if piece.ends_with(b"\n") || piece.ends_with(b"\r") {
                self.lines = self.lines.saturating_add(u64::from(piece.ends_with(b"\n")));
                self.line.clear();
            } else if self.line.len() > LINE {
                self.line.drain(..self.line.len().saturating_sub(OVERLAP));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(chunks: &[&[u8]]) -> (String, Option<u64>) {
        let (mut log, mut out) = (Log::default(), Vec::new());
        let _ = chunks.iter().try_for_each(|chunk| log.write(chunk, &mut out));
        (String::from_utf8(out).unwrap(), log.command)
    }

    #[test]
    fn a_file_ends_where_it_would_be_a_command() {
        assert_eq!(written(&[b"a\nb ##", b"vso[task.x]\nc"]), ("a\nb ##".to_owned(), Some(2)));
        assert_eq!(written(&[b"a\r", b"::x::\n"]), ("a\r".to_owned(), Some(1)));
        assert_eq!(written(&[b"a :: b\n# c\n"]), ("a :: b\n# c\n".to_owned(), None));
    }
}
