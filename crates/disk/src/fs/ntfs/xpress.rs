//! XPRESS with Huffman codes, in one block of at most 64 KiB.
//!
//! Reference: [MS-XCA], section 2.2.

const SYMBOLS: usize = 512;
/// Bytes of the table of code lengths, two to a byte.
const TABLE: usize = SYMBOLS / 2;
const LONGEST: u32 = 15;

/// Unpacks a block of `len` bytes; what is wrong, if it cannot.
pub(super) fn unpack(packed: &[u8], len: usize) -> Result<Vec<u8>, String> {
    let (lengths, input) =
        packed.split_at_checked(TABLE).ok_or_else(|| format!("a block of {} bytes", packed.len()))?;
    let codes = decode_table(lengths)?;
    let mut bits = Bits::new(input);
    let mut out = Vec::with_capacity(len);
    while out.len() < len {
        let index = usize::try_from(bits.peek(LONGEST)).unwrap_or(0);
        let (symbol, code_len) = codes.get(index).copied().unwrap_or_default();
        bits.skip(code_len.into());
        match u8::try_from(symbol) {
            Ok(literal) => out.push(literal),
            Err(_) => repeat(symbol - 256, &mut bits, &mut out, len)?,
        }
        if bits.starved() {
            return Err(format!("it ends after {} of {len} bytes", out.len()));
        }
    }
    Ok(out)
}

/// Repeats what came before.
fn repeat(symbol: u16, bits: &mut Bits<'_>, out: &mut Vec<u8>, limit: usize) -> Result<(), String> {
    let mut len = usize::from(symbol % 16);
    if len == 15 {
        len = bits.byte().into();
        if len == 255 {
            len = usize::from(bits.byte()) | usize::from(bits.byte()) << 8;
            len = len.checked_sub(15).ok_or("a repetition that is too short")?;
        }
        len += 15;
    }
    len += 3;
    let distance_bits = u32::from(symbol / 16);
    let distance = usize::try_from(bits.peek(distance_bits)).unwrap_or(0) + (1 << distance_bits);
    bits.skip(distance_bits);
    let from = out.len().checked_sub(distance);
    let from = from.ok_or_else(|| format!("{distance} bytes back from {}", out.len()))?;
    for at in (from..from + len).take(limit - out.len()) {
        let byte = out.get(at).copied().unwrap_or_default();
        out.push(byte);
    }
    Ok(())
}

/// For each 15 bits, the symbol that they begin with and the length of its code.
fn decode_table(lengths: &[u8]) -> Result<Vec<(u16, u8)>, String> {
    let mut table = Vec::with_capacity(1 << LONGEST);
    for wanted in 1..=15 {
        for (symbol, len) in (0..).zip(lengths.iter().flat_map(|byte| [byte & 15, byte >> 4])) {
            if len == wanted {
                let filled = table.len() + (1 << (LONGEST - u32::from(len)));
                if filled > 1 << LONGEST {
                    return Err("its codes overlap".into());
                }
                table.resize(filled, (symbol, len));
            }
        }
    }
    if table.len() < 1 << LONGEST { Err("its codes are not complete".into()) } else { Ok(table) }
}

/// The input: 16 bits at a time, the highest first, with single bytes in between.
struct Bits<'a> {
    input: &'a [u8],
    at: usize,
    /// The next bits, from the top.
    held: u32,
    /// How many of `held` are there beyond 16.
    spare: i32,
}

impl<'a> Bits<'a> {
    fn new(input: &'a [u8]) -> Self {
        let mut bits = Self { input, at: 0, held: 0, spare: 16 };
        bits.held = bits.word() << 16 | bits.word();
        bits
    }

    /// The next byte; zero behind the end.
    fn byte(&mut self) -> u8 {
        let byte = self.input.get(self.at).copied().unwrap_or(0);
        self.at = self.at.saturating_add(1);
        byte
    }

    fn word(&mut self) -> u32 {
        u16::from_le_bytes([self.byte(), self.byte()]).into()
    }

    fn peek(&self, count: u32) -> u32 {
        self.held.checked_shr(32 - count).unwrap_or(0)
    }

    fn skip(&mut self, count: u32) {
        self.held = self.held.checked_shl(count).unwrap_or(0);
        self.spare -= i32::try_from(count).unwrap_or(0);
        if self.spare < 0 {
            let word = self.word();
            self.held |= word.checked_shl(self.spare.unsigned_abs()).unwrap_or(0);
            self.spare += 16;
        }
    }

    /// Whether more was taken than there is: the reader is at most 4 bytes ahead of what it needs.
    fn starved(&self) -> bool {
        self.at > self.input.len().saturating_add(4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_manual_are_unpacked() {
        // "abcdefghijklmnopqrstuvwxyz"
        let mut packed = vec![0; 48];
        packed.extend([0x50, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x45, 0x44, 0x04]);
        packed.resize(128, 0);
        packed.push(0x04);
        packed.resize(256, 0);
        packed.extend([
            0xd8, 0x52, 0x3e, 0xd7, 0x94, 0x11, 0x5b, 0xe9, 0x19, 0x5f, 0xf9, 0xd6, 0x7c, 0xdf, 0x8d, 0x04,
            0, 0, 0, 0,
        ]);
        assert_eq!(unpack(&packed, 26).unwrap(), b"abcdefghijklmnopqrstuvwxyz");

        // 100 times "abc"
        let mut packed = vec![0; 48];
        packed.extend([0x30, 0x23]);
        packed.resize(128, 0);
        packed.push(0x02);
        packed.resize(143, 0);
        packed.push(0x20);
        packed.resize(256, 0);
        packed.extend([0xa8, 0xdc, 0x00, 0x00, 0xff, 0x26, 0x01]);
        assert_eq!(unpack(&packed, 300).unwrap(), b"abc".repeat(100));
    }

    #[test]
    fn nonsense_is_an_error() {
        assert!(unpack(&[0; 100], 10).is_err());
        assert!(unpack(&[0; 300], 10).unwrap_err().contains("not complete"));
        assert!(unpack(&[0x11; 300], 10).unwrap_err().contains("overlap"));
        let nines = [0x99; 256];
        assert!(unpack(&nines, 1000).unwrap_err().contains("it ends after"));
        let mut back = nines.to_vec();
        back.extend([0xff; 64]);
        assert!(unpack(&back, 1000).unwrap_err().contains("back from 0"));
    }
}
