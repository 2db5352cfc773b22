//! Base64 in other content: lines, data URIs, values of JSON and YAML, cloud-init's files. Its letters hold those of
//! hexadecimal and of base32: such blocks come with it, where they say text.
//!
//! A vector kernel looks for runs of [`SHORTEST`] bytes of the alphabet. Lines of one block are joined. Paths, names and hexadecimal numbers are left out: they
//! have no mixture of cases and digits. A run may begin with letters that are not of the block
//! (`/x/QUtJ…`), so it can be decoded from each of its first four places.

use assay_simd::base64_runs::{Runs, SHORTEST, value};

mod coding;

pub use coding::Coding;

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
    /// How the letters are read.
    pub coding: Coding,
    /// Whether it may begin within a block: which letters make a byte together is not known then.
    is_cut: bool,
}

impl Block {
    const fn begin(offset: u64, is_cut: bool) -> Self {
        Self { offset, text: Vec::new(), coding: Coding::Base64, is_cut }
    }

    /// Whether its letters are of a plainer alphabet and say text: then they are read so.
    fn settle(&mut self) -> bool {
        let plainer = Coding::plainer(&self.text);
        if let Some((coding, skipped)) = plainer {
            self.text.drain(..skipped);
            self.coding = coding;
        }
        plainer.is_some()
    }

    /// What it says when `skipped` letters before it are not of it.
    pub fn decode(&self, skipped: usize) -> Vec<u8> {
        let mut out = Vec::new();
        self.decode_into(skipped, &mut out);
        out
    }

    /// Appends to `out` what [`decode`](Self::decode) returns.
    pub fn decode_into(&self, skipped: usize, out: &mut Vec<u8>) {
        self.coding.decode(self.text.get(skipped..).unwrap_or_default(), out);
    }

    /// The first bytes that it says, `count` and a few more.
    pub fn head(&self, count: usize) -> Vec<u8> {
        let letters = self.coding.letters(count).min(self.text.len());
        let mut out = Vec::new();
        self.coding.decode(self.text.get(..letters).unwrap_or_default(), &mut out);
        out
    }

    /// From how many of its first places it is worth decoding: long blocks stand alone in practice.
    pub fn alignments(&self) -> usize {
        if self.coding == Coding::Base64 && (self.text.len() <= 4096 || self.is_cut) { 4 } else { 1 }
    }

    /// Its letters.
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
    runs: Runs,
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
    /// Letters that a block has at least.
    least: usize,
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
        *self = Self { at: offset, runs: self.runs, ..Self::default() };
    }

    /// Leaves out blocks of fewer than so many letters, until the next file.
    pub fn at_least(&mut self, letters: usize) {
        self.least = letters;
    }

    /// Takes up a file at `offset`, the place of a block that was found there before.
    pub fn resume(&mut self, offset: u64) {
        *self =
            Self { at: offset, resumed: Some(offset), runs: self.runs, least: self.least, ..Self::default() };
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
            let Some(start) = self.runs.next(bytes, at) else { break };
            let offset = self.at.saturating_add(start as u64);
            self.open = Some(Block::begin(offset, self.resumed == Some(offset)));
            (self.end, self.line, at) = (End::Letter, 0, start);
        }
        self.at = self.at.saturating_add(bytes.len() as u64);
    }

    /// Passes over bytes that are no letters; the open block must have ended before.
    pub fn pass(&mut self, bytes: u64) {
        self.at = self.at.saturating_add(bytes);
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
            let next = Block { text: tail, ..Block::begin(offset, false) };
            let mut done = std::mem::replace(block, next);
            done.settle();
            each(done);
        }
        end
    }

    fn close(&mut self, each: &mut dyn FnMut(Block)) {
        let block = self.open.take().filter(|block| block.len() >= self.least);
        if let Some(mut block) = block
            && (block.settle() || block.is_mixed())
        {
            each(block);
        }
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
    fn blocks_of_every_length_say_what_the_library_says() {
        for length in 18..60 {
            let said: Vec<u8> = (0..length).map(|n: u8| n.wrapping_mul(37) ^ 0x5a).collect();
            let text = STANDARD.encode(&said);
            let block = Block { text: text.trim_end_matches('=').into(), ..Block::begin(0, false) };
            assert_eq!((block.decode(0), block.head(6)), (said.clone(), said[..6].to_vec()));
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
    fn blocks_can_be_left_out_by_their_length() {
        let (long, short) = (STANDARD.encode(SAID), STANDARD.encode(&SAID[..40]));
        let (mut finder, mut found) = (Finder::default(), Vec::new());
        finder.at_least(60);
        finder.piece(format!("\0{short}\0{long}\0").as_bytes(), &mut |block| found.push(block));
        assert_eq!(found.iter().map(Block::len).collect::<Vec<_>>(), [long.trim_end_matches('=').len()]);
    }

    #[test]
    fn hexadecimal_and_base32_that_say_text_are_blocks() {
        let hex: String = SAID.iter().map(|byte| format!("{byte:02x}")).collect();
        let base32 = "MEQHIZLYOQQHO2LUNAQDCIDOOVWWEZLSFQQD4PR6EBQW4ZBAMEQGMZLXEA7T6PZMEBWG63THMVZCA5DIMFXCA33OMUQGY2LOMUQG6ZRAMJQXGZJWGQQGS4ZMEBESA2DPOBSQ";
        let lines = |text: &str, width: usize| {
            text.as_bytes().chunks(width).map(<[u8]>::to_vec).collect::<Vec<_>>().join(&b'\n')
        };
        for (file, coding) in [
            (hex.clone().into_bytes(), Coding::Hex),
            (hex.to_uppercase().into_bytes(), Coding::Hex),
            (format!("key = 0x{hex};").into_bytes(), Coding::Hex),
            (lines(&hex, 60), Coding::Hex),
            (base32.as_bytes().to_vec(), Coding::Base32),
            (base32.to_lowercase().into_bytes(), Coding::Base32),
            (lines(base32, 76), Coding::Base32),
        ] {
            let found = blocks(&[&file]);
            let said = found.iter().map(|block| (block.coding, block.decode(0), block.alignments()));
            assert_eq!(said.collect::<Vec<_>>(), [(coding, SAID.to_vec(), 1)], "{}", file.escape_ascii());
        }
    }

    #[test]
    fn hashes_keys_and_cut_numbers_say_no_text() {
        let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let seed = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
        for text in [digest, &digest.to_uppercase(), seed, &"0".repeat(64), &"A".repeat(64), &"20".repeat(32)]
        {
            assert!(blocks(&[text.as_bytes()]).is_empty(), "{text}");
        }
    }

    #[test]
    fn names_and_numbers_are_no_blocks() {
        let hex = "d41d8cd98f00b204e9800998ecf8427e";
        let path = "/usr/share/doc/libsomething/examples/and/more";
        assert!(blocks(&[hex.as_bytes(), b" ", path.as_bytes()]).is_empty());
    }
}
