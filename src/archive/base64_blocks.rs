//! Base64 in other content: lines, data URIs, values of JSON and YAML, cloud-init's files.
//!
//! A run of [`SHORTEST`] bytes of the alphabet covers one of every [`SHORTEST`] places, so most bytes are
//! never looked at. Lines of one block are joined. Paths, names and hexadecimal numbers are left out: they
//! have no mixture of cases and digits. A run may begin with letters that are not of the block
//! (`/x/QUtJ…`), so it can be decoded from each of its first four places.

/// Shortest run that is decoded: 18 bytes.
const SHORTEST: usize = 24;
/// Shortest line that may go on in the next one.
const LINE: usize = 40;
/// White space that the next line may begin with.
const INDENT: usize = 64;
/// Largest block, in bytes of base64; what follows is the next one.
const LARGEST: usize = 4 << 20;
/// What two blocks cut from one share, so that no value is cut in two.
const OVERLAP: usize = 16 << 10;

/// The text of one block, without its line ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Offset of its first byte.
    pub offset: u64,
    text: Vec<u8>,
    /// Whether it may begin within a block: which letters make a byte together is not known then.
    is_cut: bool,
}

impl Block {
    /// What it says when `skipped` letters before it are not of it.
    pub fn decode(&self, skipped: usize) -> Vec<u8> {
        let text = self.text.get(skipped..).unwrap_or_default();
        let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
        let mut letters = text.iter().map(|&byte| u32::from(value(byte).unwrap_or(0)));
        while let Some(first) = letters.next() {
            let rest = [letters.next(), letters.next(), letters.next()];
            let whole = rest.iter().flatten().count();
            let bits = rest.iter().fold(first, |bits, letter| bits << 6 | letter.unwrap_or(0));
            let [_, bytes @ ..] = bits.to_be_bytes();
            out.extend_from_slice(bytes.get(..whole).unwrap_or_default());
        }
        out
    }

    /// From how many of its first places it is worth decoding: long blocks stand alone in practice.
    pub fn alignments(&self) -> usize {
        if self.text.len() <= 4096 || self.is_cut { 4 } else { 1 }
    }

    /// Bytes of base64.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether the letters are mixed as encoded bytes mix them: both cases, and digits or frequent changes
    /// of case.
    fn is_mixed(&self) -> bool {
        let has = |kind: fn(&u8) -> bool| self.text.iter().any(kind);
        let lower = has(|byte| matches!(byte, b'g'..=b'z'));
        let upper = has(|byte| matches!(byte, b'G'..=b'Z'));
        let pairs = self.text.iter().zip(self.text.iter().skip(1));
        let changes = || pairs.filter(|(a, b)| a.is_ascii_uppercase() != b.is_ascii_uppercase()).count();
        self.text.len() >= SHORTEST
            && lower
            && upper
            && (has(u8::is_ascii_digit) || changes() > self.text.len() / 3)
    }
}

/// Finds the blocks of a file that goes by in pieces.
#[derive(Debug, Default)]
pub struct Finder {
    /// Offset of the next piece.
    at: u64,
    /// The run at the end of the last piece, which may go on.
    open: Option<Block>,
    /// How the open run has gone on since its last letter.
    end: End,
    /// Letters since the line began.
    line: usize,
    /// Where a file that was left is taken up again: within a block, perhaps.
    resumed: Option<u64>,
}

/// What came after the letters of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum End {
    #[default]
    Letter,
    /// A line end, or white space that this many bytes of follow it.
    Line(usize),
}

impl Finder {
    /// Forgets the last file; the next piece begins at `offset`.
    pub fn reset(&mut self, offset: u64) {
        *self = Self { at: offset, ..Self::default() };
    }

    /// Takes up a file at `offset`, the place of a block that was found there before.
    pub fn resume(&mut self, offset: u64) {
        *self = Self { at: offset, resumed: Some(offset), ..Self::default() };
    }

    /// Looks at the next piece. Blocks that end in it go to `each`.
    pub fn piece(&mut self, bytes: &[u8], each: &mut dyn FnMut(Block)) {
        let mut at = 0;
        loop {
            if self.open.is_some() {
                at = self.follow(bytes, at, each);
            }
            if self.open.is_some() {
                break; // to the end of the piece
            }
            let Some(start) = next_run(bytes, at) else { break };
            let offset = self.at.saturating_add(start as u64);
            self.open = Some(Block { offset, text: Vec::new(), is_cut: self.resumed == Some(offset) });
            (self.end, self.line, at) = (End::Letter, 0, start);
        }
        self.at = self.at.saturating_add(bytes.len() as u64);
    }

    /// Ends the file.
    pub fn finish(&mut self, each: &mut dyn FnMut(Block)) {
        self.close(each);
    }

    /// Takes the open block to its end; returns where that is.
    fn follow(&mut self, bytes: &[u8], from: usize, each: &mut dyn FnMut(Block)) -> usize {
        let mut at = from;
        while let Some(&byte) = bytes.get(at) {
            if value(byte).is_some() {
                at = self.letters(bytes, at, each);
                continue;
            }
            self.end = match (self.end, byte) {
                (End::Letter, b'\r' | b'\n') if self.line >= LINE => End::Line(0),
                (End::Line(spaces), b'\r' | b'\n' | b' ' | b'\t') if spaces < INDENT => End::Line(spaces + 1),
                _ => {
                    self.close(each);
                    return at;
                }
            };
            at = at.saturating_add(1);
        }
        at
    }

    /// Takes the letters from `from` into the open block; returns where they end.
    fn letters(&mut self, bytes: &[u8], from: usize, each: &mut dyn FnMut(Block)) -> usize {
        let rest = bytes.get(from..).unwrap_or_default();
        let count = rest.iter().position(|&byte| value(byte).is_none()).unwrap_or(rest.len());
        if self.end != End::Letter {
            (self.end, self.line) = (End::Letter, 0);
        }
        let Some(block) = &mut self.open else { return from };
        let taken = count.min(LARGEST.saturating_sub(block.text.len()));
        block.text.extend_from_slice(rest.get(..taken).unwrap_or_default());
        self.line = self.line.saturating_add(taken);
        let end = from.saturating_add(taken);
        if block.text.len() >= LARGEST {
            let tail = block.text.split_off(LARGEST - OVERLAP);
            block.text.extend_from_slice(&tail);
            let offset = self.at.saturating_add(end as u64).saturating_sub(OVERLAP as u64);
            let done = std::mem::replace(block, Block { offset, text: tail, is_cut: false });
            each(done);
        }
        end
    }

    fn close(&mut self, each: &mut dyn FnMut(Block)) {
        if let Some(block) = self.open.take().filter(Block::is_mixed) {
            each(block);
        }
    }
}

/// Where the next run of [`SHORTEST`] letters begins, or the one at the end of the piece, which may go on.
fn next_run(bytes: &[u8], from: usize) -> Option<usize> {
    let mut start = from;
    loop {
        let Some(window) = bytes.get(start..start.saturating_add(SHORTEST)) else {
            let rest = bytes.get(start..)?;
            let run = rest.iter().rev().take_while(|&&byte| value(byte).is_some()).count();
            return (run > 0).then(|| bytes.len().saturating_sub(run));
        };
        match window.iter().rposition(|&byte| value(byte).is_none()) {
            None => return Some(start),
            Some(last) => start = start.saturating_add(last).saturating_add(1),
        }
    }
}

/// The six bits of a letter, in either alphabet.
fn value(byte: u8) -> Option<u8> {
    let value = VALUES.get(usize::from(byte)).copied()?;
    (value < 64).then_some(value)
}

/// The value of each byte; 64 for what is no letter.
const VALUES: [u8; 256] = values();

#[expect(clippy::indexing_slicing, reason = "a byte is below 256; built by the compiler")]
const fn values() -> [u8; 256] {
    let mut values = [64; 256];
    let mut byte = 0_u8;
    loop {
        values[byte as usize] = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => 64,
        };
        if byte == u8::MAX {
            return values;
        }
        byte += 1;
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;

    fn blocks(pieces: &[&[u8]]) -> Vec<Block> {
        let (mut finder, mut found) = (Finder::default(), Vec::new());
        finder.reset(0);
        for piece in pieces {
            finder.piece(piece, &mut |block| found.push(block));
        }
        finder.finish(&mut |block| found.push(block));
        found
    }

    const SAID: &[u8] = b"a text with 1 number, >>> and a few ???, longer than one line of base64 is, I hope";

    #[test]
    fn a_block_is_found_wherever_a_piece_ends() {
        for text in [STANDARD.encode(SAID), URL_SAFE_NO_PAD.encode(SAID)] {
            let file = format!("key: \"{text}\"\nnothing else");
            for cut in 0..file.len() {
                let (first, second) = file.as_bytes().split_at(cut);
                let found = blocks(&[first, second]);
                assert_eq!(found.len(), 1, "cut at {cut}");
                assert_eq!((found[0].offset, found[0].decode(0)), (6, SAID.to_vec()), "cut at {cut}");
            }
        }
    }

    #[test]
    fn lines_are_joined() {
        let text = STANDARD.encode(SAID);
        let (first, second) = text.split_at(76);
        let file = format!("content: |\n    {first}\r\n    {second}\nend: true\n");
        assert_eq!(blocks(&[file.as_bytes()])[0].decode(0), SAID);
    }

    #[test]
    fn letters_before_a_block_can_be_skipped() {
        for skipped in 0..4 {
            let file =
                format!("{} {}{}", "x".repeat(30), "a/bc".get(..skipped).unwrap(), STANDARD.encode(SAID));
            assert_eq!(blocks(&[file.as_bytes()])[0].decode(skipped), SAID);
        }
    }

    #[test]
    fn a_long_block_can_be_taken_up_where_it_was_cut() {
        let said = SAID.repeat(LARGEST / SAID.len());
        let lines: Vec<Vec<u8>> = STANDARD.encode(&said).as_bytes().chunks(76).map(<[u8]>::to_vec).collect();
        let file = lines.join(&b'\n');
        let found = blocks(&[&file]);
        let second = usize::try_from(found[1].offset).unwrap();
        let (mut finder, mut resumed) = (Finder::default(), Vec::new());
        finder.resume(second as u64);
        finder.piece(&file[second..], &mut |block| resumed.push(block));
        finder.finish(&mut |block| resumed.push(block));
        let decodes = |skipped| memchr::memmem::find(&resumed[0].decode(skipped), SAID).is_some();
        assert_eq!((0..resumed[0].alignments()).filter(|&skipped| decodes(skipped)).count(), 1);
    }

    #[test]
    fn names_and_numbers_are_no_blocks() {
        let hex = "d41d8cd98f00b204e9800998ecf8427e";
        let path = "/usr/share/doc/libsomething/examples/and/more";
        assert!(blocks(&[hex.as_bytes(), b" ", path.as_bytes()]).is_empty());
    }
}
