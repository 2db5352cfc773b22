//! The filters of PDF that write bytes as letters.
//!
//! Source: ISO 32000-1, 7.4.2 (ASCIIHexDecode), 7.4.3 (ASCII85Decode).

use std::io::{self, Read};

/// Five letters for four bytes, up to `~>`.
pub(super) struct Text85<'p> {
    inner: Box<dyn Read + 'p>,
    out: Vec<u8>,
    ended: bool,
}

impl<'p> Text85<'p> {
    pub(super) fn new(inner: Box<dyn Read + 'p>) -> Self {
        Self { inner, out: Vec::new(), ended: false }
    }

    /// Takes the next group into `out`, its first byte last.
    fn group(&mut self) -> io::Result<()> {
        let (mut value, mut letters) = (0_u64, 0_u32);
        while letters < 5 {
            match letter(&mut self.inner)? {
                Some(b'z') if letters == 0 => {
                    self.out.extend([0; 4]);
                    return Ok(());
                }
                Some(byte @ b'!'..=b'u') => {
                    value = value.saturating_mul(85).saturating_add(u64::from(byte.saturating_sub(b'!')));
                    letters = letters.saturating_add(1);
                }
                Some(byte) if byte != b'~' => {
                    return Err(io::Error::other("a letter that is not of base 85"));
                }
                _ => {
                    self.ended = true;
                    break;
                }
            }
        }
        let bytes = letters.saturating_sub(1) as usize;
        for _ in letters..5 {
            value = value.saturating_mul(85).saturating_add(84);
        }
        let value = u32::try_from(value).map_err(|_| io::Error::other("a group of base 85 is too large"))?;
        self.out.extend(value.to_be_bytes().iter().take(bytes).rev());
        Ok(())
    }
}

impl Read for Text85<'_> {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        for room in dst {
            while self.out.is_empty() && !self.ended {
                self.group()?;
            }
            let Some(byte) = self.out.pop() else { break };
            *room = byte;
            filled += 1;
        }
        Ok(filled)
    }
}

/// Two digits for a byte, up to `>`.
pub(super) struct TextHex<'p> {
    inner: Box<dyn Read + 'p>,
    ended: bool,
}

impl<'p> TextHex<'p> {
    pub(super) fn new(inner: Box<dyn Read + 'p>) -> Self {
        Self { inner, ended: false }
    }

    fn digit(&mut self) -> io::Result<Option<u8>> {
        match letter(&mut self.inner)?.filter(|&byte| byte != b'>') {
            Some(byte) => match char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()) {
                Some(digit) => Ok(Some(digit)),
                None => Err(io::Error::other("a letter that is no digit")),
            },
            None => {
                self.ended = true;
                Ok(None)
            }
        }
    }
}

impl Read for TextHex<'_> {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        for room in dst {
            if self.ended {
                break;
            }
            let Some(high) = self.digit()? else { break };
            let low = self.digit()?.unwrap_or(0);
            *room = high << 4 | low;
            filled += 1;
        }
        Ok(filled)
    }
}

/// The next byte that is not white space.
fn letter(input: &mut dyn Read) -> io::Result<Option<u8>> {
    let mut byte = [0];
    while input.read(&mut byte)? == 1 {
        let [letter] = byte;
        if !letter.is_ascii_whitespace() && letter != 0 {
            return Ok(Some(letter));
        }
    }
    Ok(None)
}
