//! Words of a list, looked for at one place in every so many bytes: who looks for many of them in a row needs no more.

/// Letters of the shortest word, and of the longest.
const SHORTEST: usize = 3;
/// Letters of the longest word.
pub const LONGEST: usize = 8;
/// Most bytes between two words.
pub const BETWEEN: usize = 24;

/// A list of words of three to eight letters, found by their first three.
#[derive(Debug)]
pub struct Words {
    /// Each word as a number, its first letter the lowest byte.
    words: Vec<u64>,
    /// For each three letters, the first word that does not come before them.
    starts: Vec<u16>,
    /// A bit for each hash that some word has: so small that it stays near to the processor.
    filter: Vec<u64>,
}

impl Words {
    /// The words in the lines of `list`, which are sorted and in lower case.
    pub fn new(list: &'static str) -> Self {
        let words: Vec<&[u8]> = list.lines().map(str::as_bytes).collect();
        let known: Vec<usize> = words.iter().filter_map(|word| head(word)).collect();
        let first =
            |index: usize| u16::try_from(known.partition_point(|head| *head < index)).unwrap_or(u16::MAX);
        let starts = (0..=26 * 26 * 26).map(first).collect();
        let words: Vec<u64> = words.iter().map(|word| eight(word, 0)).collect();
        let mut filter = vec![0_u64; 1 << FILTER_BITS >> 6];
        for bit in words.iter().map(|word| hash(*word)) {
            if let Some(bits) = filter.get_mut(bit >> 6) {
                *bits |= 1 << (bit & 63);
            }
        }
        Self { words, starts, filter }
    }

    /// The letters and the number of the word in any case that begins at `start` and is whole.
    pub fn at(&self, bytes: &[u8], start: usize) -> Option<(usize, u16)> {
        let rest = bytes.get(start..)?;
        let letters = eight(rest, 0);
        let len = letters_of(letters);
        // No branch before this one: in nearly all places no word stands, and so it can be foretold.
        let word = (letters | LOWER) & FIRST.get(len).copied().unwrap_or(0);
        let bit = hash(word);
        if self.filter.get(bit >> 6)? >> (bit & 63) & 1 == 0 {
            return None;
        }
        let head = head(rest)?;
        let next = rest.get(len).copied().unwrap_or(0);
        // Letters of other languages go on with the word.
        if next.is_ascii_alphabetic() || !next.is_ascii() {
            return None;
        }
        let (from, to) = (*self.starts.get(head)?, *self.starts.get(head.saturating_add(1))?);
        let candidates = self.words.get(usize::from(from)..usize::from(to))?;
        let place = candidates.iter().position(|known| *known == word)?;
        Some((len, from.saturating_add(u16::try_from(place).ok()?)))
    }

    /// The first of the places `from`, `from + step`, … that is in a word or before one, with at most [`BETWEEN`] bytes
    /// that may stand between two, where so many words stand in a `row`; and where the word begins.
    pub fn next(&self, bytes: &[u8], from: usize, step: usize, row: usize) -> Option<(usize, usize)> {
        (from..bytes.len()).step_by(step.max(1)).find_map(|at| {
            let start = near(bytes, at)?;
            let (len, _) = self.at(bytes, start)?;
            self.is_row(bytes, start, start.saturating_add(len), row).then_some((at, start))
        })
    }

    /// Whether the word from `start` to `end` is one of so many in a `row`.
    fn is_row(&self, bytes: &[u8], start: usize, end: usize, row: usize) -> bool {
        let (mut start, mut end, mut words) = (start, end, 1);
        while words < row {
            let Some((len, next)) = self.behind(bytes, end) else { break };
            (words, end) = (words + 1, next.saturating_add(len));
        }
        while words < row {
            let Some((_, previous)) = self.before(bytes, start) else { break };
            (words, start) = (words + 1, previous);
        }
        words >= row
    }

    /// The letters of the word behind the one that ends at `end`, and where it begins.
    pub fn behind(&self, bytes: &[u8], end: usize) -> Option<(usize, usize)> {
        let between = count(bytes.get(end..)?, GAP, BETWEEN + 1);
        let start = end.checked_add(between).filter(|_| (1..=BETWEEN).contains(&between))?;
        self.at(bytes, start).map(|(len, _)| (len, start))
    }

    /// The letters of the word before the one that begins at `start`, and where it begins.
    pub fn before(&self, bytes: &[u8], start: usize) -> Option<(usize, usize)> {
        let before = bytes.get(..start)?;
        let between = count_back(before, GAP, BETWEEN + 1);
        let (before, _) = before.split_at_checked(before.len().checked_sub(between)?)?;
        let letters = count_back(before, LETTER, LONGEST + 1);
        let start = before.len().checked_sub(letters).filter(|_| (1..=BETWEEN).contains(&between))?;
        self.at(bytes, start).filter(|(len, _)| *len == letters).map(|(len, _)| (len, start))
    }
}

/// What a byte is: a letter, or what may stand between two words.
const LETTER: u8 = 1;
const GAP: u8 = 2;

const KINDS: [u8; 256] = kinds();

#[expect(clippy::indexing_slicing, reason = "a byte is below 256; built by the compiler")]
const fn kinds() -> [u8; 256] {
    let mut kinds = [0; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_alphabetic() {
            kinds[byte as usize] = LETTER;
        } else if byte.is_ascii_digit() {
            kinds[byte as usize] = GAP;
        }
        byte += 1;
    }
    let between = b" \t\r\n,;.:|\"'`()[]{}<>=*#-_/\\";
    let mut at = 0;
    while at < between.len() {
        kinds[between[at] as usize] = GAP;
        at += 1;
    }
    kinds
}

fn kind(byte: u8) -> u8 {
    KINDS.get(usize::from(byte)).copied().unwrap_or(0)
}

/// How many bytes at the start are of a kind, up to a limit.
fn count(bytes: &[u8], wanted: u8, limit: usize) -> usize {
    bytes.iter().take(limit).take_while(|byte| kind(**byte) == wanted).count()
}

/// The same at the end.
fn count_back(bytes: &[u8], wanted: u8, limit: usize) -> usize {
    bytes.iter().rev().take(limit).take_while(|byte| kind(**byte) == wanted).count()
}

/// Where the word begins that `at` is in, or the first behind it.
fn near(bytes: &[u8], at: usize) -> Option<usize> {
    match kind(*bytes.get(at)?) {
        LETTER => {
            let end = at.checked_add(1)?;
            let before = bytes.get(end.saturating_sub(LONGEST)..end)?;
            // The last letter is the lowest byte.
            let letters = letters_of(eight(before, LONGEST - before.len()).swap_bytes());
            end.checked_sub(letters)
        }
        GAP => at.checked_add(count(bytes.get(at..)?, GAP, BETWEEN)),
        _ => None,
    }
}

/// Bits of the hash of a word.
const FILTER_BITS: u32 = 15;

fn hash(word: u64) -> usize {
    (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - FILTER_BITS)) as usize
}

/// The first bytes of eight, by their number.
const FIRST: [u64; LONGEST + 1] =
    [0, 0xff, 0xffff, 0xff_ffff, u32::MAX as u64, 0xff_ffff_ffff, 0xffff_ffff_ffff, u64::MAX >> 8, u64::MAX];

/// A byte's bit of lower case, in all eight.
const LOWER: u64 = 0x2020_2020_2020_2020;

/// Eight bytes as a number, the first the lowest: zeros, so many at the start, and then those that there are.
fn eight(bytes: &[u8], zeros: usize) -> u64 {
    if let (Some(whole), 0) = (bytes.first_chunk(), zeros) {
        return u64::from_le_bytes(*whole);
    }
    let mut padded = [0; LONGEST];
    padded.iter_mut().skip(zeros).zip(bytes).for_each(|(place, byte)| *place = *byte);
    u64::from_le_bytes(padded)
}

/// How many of eight bytes are letters before the first that is none; no branch for each of them, as they cannot be
/// foretold.
fn letters_of(eight: u64) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * EACH;
    let low = (eight | LOWER) & !HIGH;
    let from_a = low + (0x80 - b'a' as u64) * EACH;
    let above_z = low + (0x80 - b'z' as u64 - 1) * EACH;
    let others = !(from_a & !above_z & !eight) & HIGH;
    others.trailing_zeros() as usize / 8
}

/// The first three letters as a number.
fn head(word: &[u8]) -> Option<usize> {
    let letters: &[u8; SHORTEST] = word.first_chunk()?;
    letters.iter().try_fold(0, |head, letter| {
        let letter = (letter | 0x20).wrapping_sub(b'a');
        (letter < 26).then_some(head * 26 + usize::from(letter))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whole_and_in_any_case() {
        let words = Words::new("abandon\nable\nzone\nzoo");
        for (text, found) in [
            ("able", Some((4, 1))),
            ("ZOO!", Some((3, 3))),
            ("zones", None),
            ("zon\u{e9}", None),
            ("zoo\u{e9}", None),
            ("ab", None),
        ] {
            assert_eq!(words.at(text.as_bytes(), 0), found, "{text}");
        }
    }

    #[test]
    fn the_next_word_is_the_one_around_a_place_or_behind_it() {
        let words = Words::new("abandon\nable\nzone\nzoo");
        let text = b"\0\0unstable - 1. zone\0\0able";
        assert_eq!(words.next(text, 0, 1, 1), Some((10, 16)));
        assert_eq!(words.next(text, 18, 1, 1), Some((18, 16)));
        assert_eq!(words.next(text, 20, 1, 1), Some((22, 22)));
        assert_eq!(words.next(text, 25, 1, 1), Some((25, 22)));
        assert_eq!(words.next(text, 26, 1, 1), None);
    }

    #[test]
    fn so_many_words_in_a_row_are_asked_for() {
        let words = Words::new("abandon\nable\nzone\nzoo");
        let text = b"the zoo able - zone\nabandon to zoo";
        assert_eq!(words.next(text, 0, 9, 4), Some((9, 8)));
        assert_eq!(words.next(text, 0, 9, 5), None);
        assert_eq!(words.before(text, 8), Some((3, 4)));
        assert_eq!(words.before(text, 4), None);
        assert_eq!(words.behind(text, 7), Some((4, 8)));
    }
}
