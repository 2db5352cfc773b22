//! Every place of every keyword, several bytes at a time.
//!
//! Of each keyword its rarest window of up to four bytes is looked for (`anchor`). The windows are dealt
//! into buckets, and a vector kernel tells which places of a buffer may begin a window of some bucket
//! (`lanes`, `buckets`); a look-up by hash and a comparison throw out those that do not (`lookup`). What
//! comes out equals what `aho-corasick` finds, without what has not the keyword's shape, which the tests hold
//! it against.

mod anchor;
mod buckets;
mod lanes;
mod lookup;

use crate::Shape;
use lanes::Lanes;
use lookup::Lookup;

/// Bytes that go through the vector kernel before the places it found are looked at: they stay in the
/// nearest cache.
const BLOCK: usize = 16 << 10;

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyword {
    /// Two bytes or more; lower case if it is found in any case.
    pub text: Vec<u8>,
    /// Whether ASCII letters match in either case.
    pub any_case: bool,
    /// What must stand around it.
    pub shape: Shape,
}

/// A place of a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Its first byte in the buffer.
    pub start: usize,
    /// Its index in the list that the filter was built from.
    pub keyword: u32,
}

/// All keywords, ready to be looked for.
#[derive(Debug)]
pub struct Filter {
    lanes: Lanes,
    lookup: Lookup,
}

impl Filter {
    /// Prepares the search for `keywords`.
    pub fn new(keywords: &[Keyword]) -> Self {
        let anchors: Vec<anchor::Anchor> = keywords.iter().map(anchor::choose).collect();
        Self { lanes: Lanes::new(&anchors), lookup: Lookup::new(keywords, &anchors) }
    }

    /// Puts every place of every keyword in `bytes` into `hits`, in order. `places` is memory to work in.
    pub fn find(&self, bytes: &[u8], places: &mut Vec<u32>, hits: &mut Vec<Hit>) {
        hits.clear();
        let mut base = 0;
        while let Some(rest) = bytes.get(base..).filter(|rest| !rest.is_empty()) {
            places.clear();
            // A window that begins in this block may reach into the next one.
            let block = rest.get(..BLOCK.saturating_add(anchor::WIDTH - 1)).unwrap_or(rest);
            self.lanes.candidates(block, BLOCK, places);
            for &place in places.iter() {
                self.lookup.verify(bytes, base.saturating_add(place as usize), hits);
            }
            base = base.saturating_add(BLOCK);
        }
        hits.sort_unstable();
    }
}

#[cfg(test)]
mod tests {
    use aho_corasick::AhoCorasick;

    use super::*;
    use crate::Pattern;

    /// A linear congruential generator, by its state: the same numbers in every run.
    struct Random(u64);

    impl Random {
        /// A number below `below`.
        fn next(&mut self, below: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) as usize % below
        }

        fn byte(&mut self) -> u8 {
            self.next(256).to_le_bytes()[0]
        }
    }

    fn keyword(text: &str, any_case: bool) -> Keyword {
        Keyword { text: text.as_bytes().to_vec(), any_case, shape: Shape::default() }
    }

    /// Like the keywords of rules: letters and signs, 2 to 12 of them.
    fn random_keyword(random: &mut Random) -> Keyword {
        let alphabet = b"abcdefghijklmnopqrstuvwxyz_-0123456789:/=ABKS";
        let text: String =
            (0..2 + random.next(11)).map(|_| char::from(alphabet[random.next(alphabet.len())])).collect();
        let any_case = random.next(2) == 0;
        let text = if any_case { text.to_ascii_lowercase() } else { text };
        // Of some it is known what follows, as the regexes of rules say it.
        let follows = ["", "[0-9a-z]{2}", "[^a-z][A-Za-z0-9_=]"][random.next(3)];
        let shape = Pattern::parse(&format!("{text}{follows}")).shape(text.as_bytes(), any_case);
        Keyword { shape, ..keyword(&text, any_case) }
    }

    /// What plain Aho-Corasick finds, one automaton for each way of looking at case.
    fn expected(keywords: &[Keyword], bytes: &[u8]) -> Vec<Hit> {
        let mut hits = Vec::new();
        for any_case in [false, true] {
            let mine: Vec<u32> =
                (0..).zip(keywords).filter(|(_, k)| k.any_case == any_case).map(|(i, _)| i).collect();
            let texts = mine.iter().map(|&index| &keywords[index as usize].text);
            let automaton = AhoCorasick::builder().ascii_case_insensitive(any_case).build(texts).unwrap();
            hits.extend(
                automaton
                    .find_overlapping_iter(bytes)
                    .map(|hit| Hit { start: hit.start(), keyword: mine[hit.pattern().as_usize()] }),
            );
        }
        hits.retain(|hit| {
            let keyword = &keywords[hit.keyword as usize];
            keyword.shape.admits(bytes, hit.start, hit.start + keyword.text.len())
        });
        hits.sort_unstable();
        hits
    }

    fn found(filter: &Filter, bytes: &[u8]) -> Vec<Hit> {
        let (mut places, mut hits) = (Vec::new(), Vec::new());
        filter.find(bytes, &mut places, &mut hits);
        hits
    }

    /// Buffers that are random, text-like, or full of pieces of the keywords in any case.
    fn buffer(random: &mut Random, keywords: &[Keyword]) -> Vec<u8> {
        let len = random.next(3 * BLOCK);
        let kind = random.next(3);
        let mut bytes = Vec::new();
        while bytes.len() < len {
            match random.next(4) {
                0 if kind > 0 => {
                    let text = &keywords[random.next(keywords.len())].text;
                    let cut = random.next(text.len() + 1);
                    let piece = if random.next(2) == 0 { &text[cut..] } else { &text[..] };
                    let upper = random.next(3) == 0;
                    bytes.extend(piece.iter().map(|b| if upper { b.to_ascii_uppercase() } else { *b }));
                }
                1 if kind == 2 => bytes.extend_from_slice(b" the quick\n= : brown_fox://"),
                2 => bytes.extend(std::iter::repeat_n(random.byte(), random.next(70))),
                _ => bytes.push(random.byte()),
            }
        }
        bytes
    }

    #[test]
    fn the_filter_finds_what_aho_corasick_finds() {
        let mut random = Random(7);
        let many: Vec<Keyword> = (0..400).map(|_| random_keyword(&mut random)).collect();
        let few =
            [keyword("ab", false), keyword("abc", true), keyword("aba", false), keyword("\u{e9}zz", false)];
        for keywords in [&many[..], &few[..]] {
            let mut filter = Filter::new(keywords);
            for lanes in filter.lanes.at_every_level() {
                filter.lanes = lanes;
                for _ in 0..60 {
                    let bytes = buffer(&mut random, keywords);
                    assert!(found(&filter, &bytes) == expected(keywords, &bytes), "{:?}", random.0);
                }
            }
        }
    }

    #[test]
    fn a_keyword_is_found_at_every_place_of_a_buffer() {
        let keywords = [keyword("AKIA", false), keyword("password", true), keyword("://", false)];
        let filter = Filter::new(&keywords);
        for len in 0..200 {
            for start in 0..len {
                let mut bytes = vec![b'x'; len];
                let text = [&b"AKIA"[..], b"PassWord", b"://"][start % 3];
                let end = len.min(start + text.len());
                bytes[start..end].copy_from_slice(&text[..end - start]);
                assert_eq!(found(&filter, &bytes), expected(&keywords, &bytes), "{len} {start}");
            }
        }
    }

    #[test]
    fn a_keyword_across_blocks_is_found() {
        let keywords = [keyword("SharedAccessKey=", false)];
        let filter = Filter::new(&keywords);
        for start in BLOCK - 20..BLOCK + 4 {
            let mut bytes = vec![0; 2 * BLOCK + 9];
            bytes[start..start + 16].copy_from_slice(b"SharedAccessKey=");
            assert_eq!(found(&filter, &bytes), [Hit { start, keyword: 0 }]);
        }
    }
}
