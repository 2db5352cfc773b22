//! LZO1X, decompressed.
//!
//! Reference: `Documentation/staging/lzo.rst` of Linux, which describes the stream byte by byte.

/// Appends what `input` unpacks to, at most `limit` bytes.
///
/// # Errors
/// Where the stream ends, points before its start, or is longer than `limit`.
pub(super) fn unpack(input: &[u8], out: &mut Vec<u8>, limit: usize) -> Result<(), String> {
    let start = out.len();
    let mut stream = Stream { input, at: 0, out, start, limit: start.saturating_add(limit) };
    stream.run()
}

struct Stream<'s> {
    input: &'s [u8],
    at: usize,
    out: &'s mut Vec<u8>,
    /// Where the output of this stream begins: nothing before can be repeated.
    start: usize,
    limit: usize,
}

impl Stream<'_> {
    fn run(&mut self) -> Result<(), String> {
        // Literals since the last repeat: 0, 1 to 3, or 4 for a long run. It says what a small byte means.
        let mut state = 0_usize;
        if let Some(&first) = self.input.first().filter(|&&first| first > 17) {
            self.at = 1;
            let count = usize::from(first - 17);
            self.literals(count)?;
            state = count.min(4);
        }
        loop {
            let byte = usize::from(self.byte()?);
            let (distance, len, next) = match byte {
                0..=15 if state == 0 => {
                    let count = self.long(byte, 15)?.saturating_add(3);
                    self.literals(count)?;
                    state = 4;
                    continue;
                }
                0..=15 => {
                    let high = usize::from(self.byte()?) << 2;
                    let near = high + (byte >> 2) + 1;
                    if state == 4 { (near + 2048, 3, byte & 3) } else { (near, 2, byte & 3) }
                }
                16..=31 => {
                    let len = self.long(byte & 7, 7)?.saturating_add(2);
                    let word = self.word()?;
                    let distance = 16384 + ((byte & 8) << 11) + (word >> 2);
                    if distance == 16384 {
                        return Ok(());
                    }
                    (distance, len, word & 3)
                }
                32..=63 => {
                    let len = self.long(byte & 31, 31)?.saturating_add(2);
                    let word = self.word()?;
                    ((word >> 2) + 1, len, word & 3)
                }
                64.. => {
                    let high = usize::from(self.byte()?) << 3;
                    let len = if byte < 128 { 3 + (byte >> 5 & 1) } else { 5 + (byte >> 5 & 3) };
                    (high + (byte >> 2 & 7) + 1, len, byte & 3)
                }
            };
            self.repeat(distance, len)?;
            self.literals(next)?;
            state = next;
        }
    }

    fn byte(&mut self) -> Result<u8, String> {
        let byte = self.input.get(self.at).ok_or("lzo: the stream ends too early")?;
        self.at += 1;
        Ok(*byte)
    }

    fn word(&mut self) -> Result<usize, String> {
        let low = usize::from(self.byte()?);
        Ok(low | usize::from(self.byte()?) << 8)
    }

    /// A length: `value`, or where that is 0, more bytes of it.
    fn long(&mut self, value: usize, base: usize) -> Result<usize, String> {
        if value != 0 {
            return Ok(value);
        }
        let mut len = base;
        loop {
            match self.byte()? {
                0 => len = len.saturating_add(255),
                byte => return Ok(len.saturating_add(byte.into())),
            }
        }
    }

    fn room(&self, len: usize) -> Result<(), String> {
        if len > self.limit.saturating_sub(self.out.len()) {
            return Err("lzo: more than a sector".to_owned());
        }
        Ok(())
    }

    fn literals(&mut self, len: usize) -> Result<(), String> {
        self.room(len)?;
        let end = self.at.saturating_add(len);
        let bytes = self.input.get(self.at..end).ok_or("lzo: the stream ends too early")?;
        self.out.extend_from_slice(bytes);
        self.at = end;
        Ok(())
    }

    fn repeat(&mut self, distance: usize, len: usize) -> Result<(), String> {
        self.room(len)?;
        let from = self.out.len().checked_sub(distance).filter(|&from| from >= self.start);
        let from = from.ok_or("lzo: repeats what is before the start")?;
        if distance >= len {
            self.out.extend_from_within(from..from.saturating_add(len));
            return Ok(());
        }
        for at in from..from.saturating_add(len) {
            let byte = self.out.get(at).copied().unwrap_or_default();
            self.out.push(byte);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(input: &[u8]) -> Result<Vec<u8>, String> {
        let mut out = Vec::new();
        unpack(input, &mut out, 4096).map(|()| out)
    }

    #[test]
    fn literals_and_repeats_come_back() {
        // "abcd", then 6 bytes from 4 before, then the end.
        assert_eq!(unpacked(&[21, b'a', b'b', b'c', b'd', 0xac, 0, 0x11, 0, 0]).unwrap(), b"abcdabcdab");
    }

    #[test]
    fn a_stream_without_end_or_before_its_start_is_an_error() {
        assert!(unpacked(&[21, b'a', b'b']).is_err());
        assert!(unpacked(&[18, b'a', 0xac, 9, 0x11, 0, 0]).is_err());
        assert!(unpacked(&[0, 0, 0, 0, 0, 0]).is_err());
    }

    #[test]
    fn no_stream_unpacks_to_more_than_the_limit() {
        let mut out = Vec::new();
        assert!(unpack(&[18, b'a', 32, 0, 0, 0, 0, 200, 0, 0, 0x11, 0, 0], &mut out, 512).is_err());
        assert!(out.len() <= 512);
    }
}
