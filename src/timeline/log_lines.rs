//! Lines of a log, one after the other, without more of it in memory than one.

use std::io::{self, BufRead, BufReader, Read};

/// Bytes of a line that are handed on; the rest of a longer one is left out.
const LINE: usize = 64 << 10;

/// Hands each line of `input` to `each`, without its end.
///
/// # Errors
/// Where reading fails: what was read before counts.
pub(super) fn each(input: &mut dyn Read, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(LINE, input);
    let mut line = Vec::new();
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            if !line.is_empty() {
                each(&line);
            }
            return Ok(());
        }
        let end = memchr::memchr(b'\n', bytes);
        let part = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
        let used = part.len().saturating_add(usize::from(end.is_some()));
        let room = LINE.saturating_sub(line.len());
        line.extend_from_slice(part.get(..room.min(part.len())).unwrap_or_default());
        reader.consume(used);
        if end.is_some() {
            each(line.strip_suffix(b"\r").unwrap_or(&line));
            line.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_but_for_those_that_are_too_long() {
        let text = [b"one\r\n\nthree\n".as_slice(), &vec![b'x'; 200 << 10], b"\nlast"].concat();
        let mut lines = Vec::new();
        each(&mut text.as_slice(), &mut |line| lines.push((line.len(), line.first().copied()))).unwrap();
        assert_eq!(lines, [(3, Some(b'o')), (0, None), (5, Some(b't')), (LINE, Some(b'x')), (4, Some(b'l'))]);
    }
}
