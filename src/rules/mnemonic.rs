//! The words from which a wallet is restored (BIP-39): 12 to 24 of a list of 2048, the last bits of which are a checksum
//! of the others.
//!
//! Such words have no mark that a filter for keywords could find. But twelve of them take [`SHORTEST`] bytes at least, so
//! it is enough to look at one place in every [`STEP`] bytes: in nearly all of them no word of the list stands. Where one
//! does, the words around it are gathered as far as all are of the list, and what is parted from the rest, has the right
//! number of words and the right checksum is a phrase. The list itself, and what else is sorted, is none.
//!
//! Source: <https://github.com/bitcoin/bips/blob/master/bip-0039.mediawiki>. Read is the English list, one word or more a
//! line, numbered, quoted, parted by commas; not read are the other languages, and words without all of their letters.

use std::ops::Range;
use std::sync::LazyLock;

use assay_simd::words::Words;
use sha2::{Digest, Sha256};

/// The list, one word a line, sorted.
pub(super) const LIST: &str = include_str!("../../signatures/wallets/bip39-english.txt");

/// How many words a phrase may have.
const COUNTS: [usize; 5] = [12, 15, 18, 21, 24];
/// Fewest bytes of a phrase: twelve words of three letters, and what parts them.
const SHORTEST: usize = 12 * 3 + 11;
/// Words of the shortest.
const FEWEST: usize = 12;
/// From one place that is looked at to the next: every phrase has a byte at one, and so a word in it or behind it.
const STEP: usize = SHORTEST;
/// Most words that are gathered around one.
const GATHERED: usize = 96;
/// Words before a phrase that are taken for its name: `seed`, `seed phrase`.
const NAMING: usize = 2;

/// Hands each phrase in `bytes` to `each`, in order.
pub(super) fn find(bytes: &[u8], each: &mut dyn FnMut(Range<usize>)) {
    let (mut at, mut done) = (0, 0);
    while let Some((looked, start)) = WORDS.next(bytes, at, STEP, FEWEST) {
        at = looked.saturating_add(STEP);
        if let Some(word) = word_at(bytes, start, Gap::None).filter(|word| word.span.start >= done) {
            let run = Run::around(bytes, &word, done);
            run.phrases(each);
            done = run.end();
            at = at.max(done);
        }
    }
}

/// The phrase that begins at `start`, as [`find`] has it.
pub(super) fn at(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let run = Run::around(bytes, &word_at(bytes, start, Gap::None)?, 0);
    let mut found = None;
    run.phrases(&mut |phrase| {
        if phrase.start == start {
            found.get_or_insert(phrase);
        }
    });
    found
}

/// Whether a value is one phrase from its first word to its last.
pub(super) fn is_phrase(value: &[u8]) -> bool {
    at(value, 0).is_some_and(|phrase| phrase.end == value.len())
}

/// A word of the list.
#[derive(Clone)]
struct Word {
    span: Range<usize>,
    /// Its place in the list.
    number: u16,
    /// What parts it from the word before.
    gap: Gap,
}

/// What stands between two words, from the weakest to the strongest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    /// Blanks, commas, numbers.
    Weak,
    /// Quotes, colons, equals signs, brackets.
    Mark,
    /// The end of a line.
    Line,
    /// An empty line.
    Paragraph,
    /// Something else.
    None,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| Words::new(LIST));

/// The word of the list that begins at `start`.
fn word_at(bytes: &[u8], start: usize, gap: Gap) -> Option<Word> {
    let (len, number) = WORDS.at(bytes, start)?;
    Some(Word { span: start..start.saturating_add(len), number, gap })
}

/// Words of the list that follow each other.
struct Run<'b> {
    bytes: &'b [u8],
    words: Vec<Word>,
}

impl<'b> Run<'b> {
    /// Those around `word`, none of which begins before `from`.
    fn around(bytes: &'b [u8], word: &Word, from: usize) -> Self {
        let mut before = Vec::new();
        let mut first = word.clone();
        while let Some((previous, gap)) =
            (before.len() < GATHERED).then(|| previous(bytes, &first, from)).flatten()
        {
            let later = std::mem::replace(&mut first, previous);
            before.push(Word { gap, ..later });
        }
        before.push(first);
        before.reverse();
        let mut run = Self { bytes, words: before };
        for _ in 0..GATHERED {
            let Some(next) = run.words.last().and_then(|last| next(bytes, last)) else { break };
            run.words.push(next);
        }
        run
    }

    fn end(&self) -> usize {
        self.words.last().map_or(0, |word| word.span.end)
    }

    /// The phrases among groups of words that are parted from each other: the most parted ones first.
    fn phrases(&self, each: &mut dyn FnMut(Range<usize>)) {
        let mut found: Vec<Range<usize>> = Vec::new();
        for strength in [Gap::None, Gap::Paragraph, Gap::Line, Gap::Mark] {
            for group in self.words.chunk_by(|_, next| next.gap < strength) {
                let named = (1..=NAMING).filter(|&names| group.get(names).is_some_and(|w| w.gap > Gap::Weak));
                let bodies = std::iter::once(0).chain(named).filter_map(|names| group.get(names..));
                let phrase = bodies.into_iter().find(|body| self.is_phrase(body)).and_then(span);
                let is_new = |phrase: &Range<usize>| {
                    !found.iter().any(|known| known.start < phrase.end && phrase.start < known.end)
                };
                found.extend(phrase.filter(is_new));
            }
        }
        found.sort_by_key(|phrase| phrase.start);
        found.into_iter().for_each(each);
    }

    /// Whether the words are a phrase: by their number, their case and their checksum, and not all in order or repeated
    /// as in examples.
    fn is_phrase(&self, words: &[Word]) -> bool {
        if !COUNTS.contains(&words.len()) {
            return false;
        }
        let mut sorted: Vec<u16> = words.iter().map(|word| word.number).collect();
        let is_ascending = sorted.is_sorted();
        sorted.sort_unstable();
        sorted.dedup();
        !is_ascending
            && words.len() - sorted.len() <= words.len() / 6
            && words.windows(2).all(|pair| matches!(pair, [a, b] if self.case(a) == self.case(b)))
            && has_checksum(words)
    }

    /// Whether the first letter of a word is a capital, and the second.
    fn case(&self, word: &Word) -> [bool; 2] {
        let letter = |place: usize| {
            self.bytes.get(word.span.start.saturating_add(place)).is_some_and(u8::is_ascii_uppercase)
        };
        [letter(0), letter(1)]
    }
}

fn span(words: &[Word]) -> Option<Range<usize>> {
    Some(words.first()?.span.start..words.last()?.span.end)
}

/// The word before `word`, and what is between.
fn previous(bytes: &[u8], word: &Word, from: usize) -> Option<(Word, Gap)> {
    let (len, start) = WORDS.before(bytes, word.span.start).filter(|(_, start)| *start >= from)?;
    let gap = gap(bytes.get(start.checked_add(len)?..word.span.start)?);
    Some((word_at(bytes, start, Gap::None)?, gap))
}

/// The word behind `word`.
fn next(bytes: &[u8], word: &Word) -> Option<Word> {
    let (_, start) = WORDS.behind(bytes, word.span.end)?;
    word_at(bytes, start, gap(bytes.get(word.span.end..start)?))
}

/// What bytes between two words are.
fn gap(between: &[u8]) -> Gap {
    match memchr::memchr_iter(b'\n', between).count() {
        0 if between.iter().any(|byte| b":=\"'`()[]{}<>".contains(byte)) => Gap::Mark,
        0 => Gap::Weak,
        1 => Gap::Line,
        _ => Gap::Paragraph,
    }
}

/// The words say 11 bits each: 32 for every three words, and a bit of the SHA-256 of these.
fn has_checksum(words: &[Word]) -> bool {
    let mut bits: Vec<bool> = Vec::with_capacity(words.len() * 11);
    for word in words {
        bits.extend((0..11).rev().map(|bit| word.number >> bit & 1 == 1));
    }
    let (said, sum) = bits.split_at(words.len() / 3 * 32);
    let byte = |bits: &[bool]| bits.iter().fold(0_u8, |byte, &bit| byte << 1 | u8::from(bit));
    let said: Vec<u8> = said.chunks(8).map(byte).collect();
    let digest = Sha256::digest(&said);
    digest.first().is_some_and(|&first| first >> (8 - sum.len()) == byte(sum))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::random::Random;

    /// An example of the standard: what these 16 bytes are in words.
    const KNOWN: (&str, &str) = (
        "9e885d952ad362caeb4efe34a8e91bd2",
        "ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic",
    );

    /// The words for these bytes.
    fn phrase(said: &[u8]) -> String {
        let mut bytes = said.to_vec();
        bytes.extend(Sha256::digest(said));
        let bit = |at: usize| usize::from(bytes[at / 8] >> (7 - at % 8) & 1);
        let number = |word: usize| (0..11).fold(0, |number, place| number << 1 | bit(word * 11 + place));
        let words: Vec<&str> = LIST.lines().collect();
        (0..said.len() / 4 * 3).map(|word| words[number(word)]).collect::<Vec<_>>().join(" ")
    }

    /// One phrase of each length.
    fn phrases() -> Vec<String> {
        let mut random = Random(39);
        COUNTS.map(|count| phrase(&(0..count / 3 * 4).map(|_| random.byte()).collect::<Vec<_>>())).to_vec()
    }

    fn found(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        find(text.as_bytes(), &mut |phrase| {
            assert_eq!(at(text.as_bytes(), phrase.start), Some(phrase.clone()));
            found.push(text.get(phrase).unwrap().to_owned());
        });
        found
    }

    #[test]
    fn the_list_is_the_published_one() {
        let digest = assay_disk::text::hex(&Sha256::digest(LIST));
        assert_eq!(digest, "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda");
        let said: [u8; 16] = assay_disk::text::unhex(KNOWN.0.as_bytes()).unwrap();
        assert_eq!(phrase(&said), KNOWN.1);
        assert!(is_phrase(KNOWN.1.as_bytes()));
    }

    #[test]
    fn phrases_of_every_length_are_found_at_every_place() {
        for phrase in phrases() {
            for before in 0..90 {
                let text = format!("{}\n{phrase}\nand so on", "x".repeat(before));
                assert_eq!(found(&text), [phrase.as_str()], "{before}");
            }
        }
    }

    #[test]
    fn the_shortest_phrase_is_found_at_every_place() {
        let short = "fog shy wet mix gap cat dad mom ten own now gym";
        assert_eq!(short.len(), SHORTEST);
        for before in 0..90 {
            assert_eq!(found(&format!("{} {short}!", "-".repeat(before))), [short], "{before}");
        }
    }

    #[test]
    fn it_does_not_matter_how_the_words_are_written_down() {
        let phrase = KNOWN.1;
        let words: Vec<&str> = phrase.split(' ').collect();
        let numbered = |sign: &str, in_line: usize| {
            let all: Vec<String> = (1..).zip(&words).map(|(n, word)| format!("{n}{sign} {word}")).collect();
            all.chunks(in_line).map(|line| line.join("  ")).collect::<Vec<_>>().join("\r\n")
        };
        for text in [
            words.join("\n"),
            words.join("\n\n"),
            words.join(", "),
            words.join("-"),
            numbered(".", 1),
            numbered(")", 4),
            numbered(":", 3),
            format!("seed phrase: {phrase}"),
            format!("seed:\n{}", words.join("\n")),
            format!("{{\"seed\": [\"{}\"]}}", words.join("\", \"")),
            format!("  - seed: '{phrase}' # all of them"),
            format!("WALLET_MNEMONIC={phrase}\nOTHER=1"),
            phrase.to_uppercase(),
        ] {
            let found = found(&text);
            assert_eq!(found.len(), 1, "{text}");
            let read = found[0].split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
            assert_eq!(read.map(str::to_lowercase).collect::<Vec<_>>(), words, "{text}");
        }
    }

    #[test]
    fn phrases_beneath_each_other_are_each_found() {
        let phrases = phrases();
        assert_eq!(found(&phrases.join("\n")), phrases);
        let lines: Vec<String> = phrases.iter().map(|phrase| phrase.replace(' ', "\n")).collect();
        assert_eq!(found(&lines.join("\n\n")), lines);
    }

    #[test]
    fn what_is_no_phrase_is_left_alone() {
        let phrase = KNOWN.1;
        let mut swapped: Vec<&str> = phrase.split(' ').collect();
        swapped.swap(3, 4);
        let (first, rest) = phrase.split_once(' ').unwrap();
        for (text, because) in [
            (swapped.join(" "), "the checksum"),
            (phrase.replacen(' ', " the ", 1), "a word that is not of the list"),
            (format!("{} more words", phrase.rsplit_once(' ').unwrap().0), "thirteen words"),
            (format!("{} {rest}", first.to_uppercase()), "another case"),
            (LIST.to_owned(), "the list itself"),
            (LIST.replace('\n', " "), "the list in one line"),
            (format!("{}about", "abandon ".repeat(11)), "the example of all manuals"),
            (format!("{}junk", "test ".repeat(11)), "that of Hardhat"),
        ] {
            assert_eq!(found(&text), [""; 0], "{because}: {text}");
        }
    }

    #[test]
    fn bytes_of_any_kind_are_gone_through() {
        let mut random = Random(9);
        for _ in 0..2000 {
            let byte = |_| match random.next(3) {
                0 => random.byte(),
                1 => b"abc z.\n-1"[random.next(9)],
                _ => LIST.as_bytes()[random.next(LIST.len())],
            };
            let bytes: Vec<u8> = (0..290).map(byte).collect();
            find(&bytes, &mut |phrase| assert!(phrase.end <= bytes.len()));
            for start in 0..300 {
                at(&bytes, start);
            }
        }
    }
}
