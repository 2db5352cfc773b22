//! The filter `LZWDecode`: codes of 9 to 12 bits, the highest bit first.
//!
//! Codes grow by a bit one code earlier than they must, unless `EarlyChange` is 0. A stream should end with a
//! code of its own; one without it ends with its bytes.
//!
//! Source: ISO 32000-1, 7.4.4 (LZWDecode).

use std::io::{self, BufRead, BufReader, Read};

use weezl::decode::{Configuration, Decoder};
use weezl::{BitOrder, LzwStatus};

/// Bits of the letters that are packed.
const LETTER: u8 = 8;

/// A stream, unpacked.
pub(super) struct Lzw<'p> {
    input: BufReader<Box<dyn Read + 'p>>,
    decoder: Decoder,
}

impl<'p> Lzw<'p> {
    pub(super) fn new(inner: Box<dyn Read + 'p>, changes_early: bool) -> Self {
        // TIFF changes early, too.
        let form = if changes_early { Configuration::with_tiff_size_switch } else { Configuration::new };
        Self { input: BufReader::new(inner), decoder: form(BitOrder::Msb, LETTER).build() }
    }
}

impl Read for Lzw<'_> {
    fn read(&mut self, dst: &mut [u8]) -> io::Result<usize> {
        if dst.is_empty() {
            return Ok(0);
        }
        loop {
            let packed = self.input.fill_buf()?;
            let (is_end, done) = (packed.is_empty(), self.decoder.decode_bytes(packed, dst));
            self.input.consume(done.consumed_in);
            let status = done.status.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            if done.consumed_out > 0 || is_end || matches!(status, LzwStatus::Done) {
                return Ok(done.consumed_out);
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::HashMap;
    use std::process::Command;

    use super::*;
    use crate::skipped::skip;

    const WIDEST: u32 = 12;
    /// The code that empties the table, and the one that ends the stream.
    const CLEAR: usize = 256;
    const END: usize = 257;

    /// Packs as writers of PDF do: the table is emptied when it is full.
    pub(in super::super) fn pack(text: &[u8], changes_early: bool) -> Vec<u8> {
        let (mut packed, mut bits, mut left) = (Vec::new(), 0_u64, 0);
        let mut put = |code: usize, width: u32| {
            bits = bits << width | code as u64;
            left += width;
            while left >= 8 {
                left -= 8;
                packed.push((bits >> left & 0xff) as u8);
            }
        };
        let mut table: HashMap<(usize, u8), usize> = HashMap::new();
        let (mut next, mut width, mut prefix) = (258, 9, None);
        let early = usize::from(changes_early);
        put(CLEAR, width);
        for &byte in text {
            let Some(last) = prefix else {
                prefix = Some(usize::from(byte));
                continue;
            };
            if let Some(&known) = table.get(&(last, byte)) {
                prefix = Some(known);
                continue;
            }
            put(last, width);
            table.insert((last, byte), next);
            next += 1;
            // The reader knows one entry less.
            if next - 1 + early >= 1 << width && width < WIDEST {
                width += 1;
            }
            if next == 4094 {
                put(CLEAR, width);
                table.clear();
                (next, width) = (258, 9);
            }
            prefix = Some(usize::from(byte));
        }
        if let Some(last) = prefix {
            put(last, width);
            next += 1;
            if next - 1 + early >= 1 << width && width < WIDEST {
                width += 1;
            }
        }
        put(END, width);
        put(0, 7);
        packed
    }

    fn unpack(packed: &[u8], changes_early: bool) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Lzw::new(Box::new(packed), changes_early).take(64 << 20).read_to_end(&mut out).map(|_| out)
    }

    /// Text that repeats itself more and less, so that codes of all widths come up and the table fills.
    fn text(len: usize) -> Vec<u8> {
        let mut state = 9_u64;
        let mut random = move |many: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % many
        };
        let mut text = Vec::new();
        while text.len() < len {
            let many = 1 + random(250);
            let run = (len - text.len()).min(usize::try_from(random(9000)).unwrap());
            text.extend((0..run).map(|_| u8::try_from(random(many)).unwrap()));
        }
        text
    }

    #[test]
    fn the_example_of_the_standard_is_read() {
        let packed = b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01";
        assert_eq!(unpack(packed, true).unwrap(), [45, 45, 45, 45, 45, 65, 45, 45, 45, 66]);
    }

    #[test]
    fn what_is_packed_comes_back_at_every_length_and_either_change() {
        for changes_early in [true, false] {
            for len in (0..1500).chain([3000, 5000, 100_000, 400_000]) {
                let text = text(len);
                let packed = pack(&text, changes_early);
                assert!(unpack(&packed, changes_early).unwrap() == text, "{len} {changes_early}");
            }
        }
        let text = text(3000);
        assert!(unpack(&pack(&text, true), false).ok() != Some(text));
    }

    #[test]
    fn qpdf_reads_the_same() {
        for (changes_early, parms) in [(true, ""), (false, "/DecodeParms << /EarlyChange 0 >>")] {
            let text = text(70_000);
            let packed = pack(&text, changes_early);
            let object =
                format!("1 0 obj\n<< /Length {} /Filter /LZWDecode {parms} >>\nstream\n", packed.len());
            let rest = b"\nendstream\nendobj\n2 0 obj\n<< /Type /Catalog /Pages 3 0 R >>\nendobj\n3 0 obj\n\
                << /Type /Pages /Kids [] /Count 0 >>\nendobj\ntrailer\n<< /Size 4 /Root 2 0 R >>\n%%EOF\n";
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a.pdf");
            std::fs::write(&path, [b"%PDF-1.7\n", object.as_bytes(), &packed, rest].concat()).unwrap();
            let Ok(output) =
                Command::new("qpdf").args(["--show-object=1", "--filtered-stream-data"]).arg(&path).output()
            else {
                return skip("qpdf", "qpdf");
            };
            assert!(output.stdout == text, "{}", String::from_utf8_lossy(&output.stderr));
        }
    }

    #[test]
    fn noise_ends_in_an_error_or_in_bytes() {
        let noise: Vec<u8> = text(3000).iter().map(|byte| byte.wrapping_mul(151) ^ 0x5a).collect();
        for start in 0..2000 {
            let _ = unpack(&noise[start..], start % 2 == 0);
        }
        assert!(unpack(b"\xff\xff\xff", true).is_err());
    }
}
