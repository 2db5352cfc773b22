//! The search: one filter for the keywords of all rules, and the regex of a rule only in a window around
//! its keywords.
//!
//! Every match of a rule contains one of its keywords (the rules' test proves it), so a place without a
//! keyword needs no regex. The window's size is the rule's own.

use super::schema::Rule;
use super::{Match, mnemonic, utf16};
use assay_simd::Pattern;
use assay_simd::literals::{Filter, Hit, Keyword};

mod ahead;
mod chunk;
mod kept;
mod scan;
mod windows;

pub use ahead::{Ahead, ChunkScanner};
pub use chunk::TextEncoding;
pub use scan::Scan;

/// All rules, compiled into one search.
#[derive(Debug)]
pub struct Engine {
    rules: Vec<Rule>,
    filter: Filter,
    /// The keyword that stands for words of a wallet, which no filter finds; none, where no rule wants them.
    mnemonics: Option<u32>,
    /// Each keyword, and the rules that want it.
    keywords: Vec<(Keyword, Vec<usize>)>,
    overlap: usize,
}

impl Engine {
    /// Builds the search.
    pub fn new(rules: Vec<Rule>) -> Self {
        let mut keywords: Vec<(Keyword, Vec<usize>)> = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let pattern = Pattern::parse(rule.pattern());
            for text in &rule.keywords {
                let any_case = rule.case_insensitive;
                let text = if any_case { text.to_ascii_lowercase() } else { text.clone() }.into_bytes();
                let shape = pattern.shape(&text, any_case);
                let keyword = Keyword { text, any_case, shape };
                match keywords.iter_mut().find(|(known, _)| *known == keyword) {
                    Some((_, users)) if users.contains(&index) => {}
                    Some((_, users)) => users.push(index),
                    None => keywords.push((keyword, vec![index])),
                }
            }
        }
        let filter = Filter::new(&keywords.iter().map(|(keyword, _)| keyword.clone()).collect::<Vec<_>>());
        let mnemonics = mnemonic_keyword(&rules, &mut keywords);
        let longest = rules.iter().map(|rule| rule.before.saturating_add(rule.after)).max().unwrap_or(0);
        // Text in UTF-16 has two bytes where the windows count one, and chunks begin with a unit of UTF-32.
        Self {
            rules,
            filter,
            mnemonics,
            keywords,
            overlap: longest.saturating_add(256).saturating_mul(2).next_multiple_of(4),
        }
    }

    /// The rules.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The places of all keywords in `bytes`.
    fn find(&self, bytes: &[u8], places: &mut Vec<u32>, hits: &mut Vec<Hit>) {
        self.filter.find(bytes, places, hits);
        if let Some(keyword) = self.mnemonics {
            mnemonic::find(bytes, &mut |phrase| hits.push(Hit { start: phrase.start, keyword }));
        }
    }

    /// Bytes at the end of a chunk that the next one must repeat.
    pub fn overlap(&self) -> usize {
        self.overlap
    }

    /// A search, to be used for one file after the other.
    pub fn begin(&self) -> Scan<'_> {
        Scan::new(self)
    }

    /// Searches chunks of long files before their turn.
    pub fn scout(&self) -> ChunkScanner<'_> {
        ChunkScanner::new(self)
    }
}

/// A keyword for the rules that look for words of a wallet.
fn mnemonic_keyword(rules: &[Rule], keywords: &mut Vec<(Keyword, Vec<usize>)>) -> Option<u32> {
    let rules = rules.iter().enumerate().filter(|(_, rule)| rule.is_of_mnemonics());
    let users: Vec<usize> = rules.map(|(index, _)| index).collect();
    let number = u32::try_from(keywords.len()).ok().filter(|_| !users.is_empty())?;
    let keyword = Keyword { text: Vec::new(), any_case: false, shape: Pattern::parse("").shape(b"", false) };
    keywords.push((keyword, users));
    Some(number)
}

#[cfg(test)]
mod tests {
    use aho_corasick::AhoCorasick;

    use super::*;
    use crate::rules::random::Random;

    /// What plain Aho-Corasick finds of the engine's keywords, without what has not their shape.
    fn expected(engine: &Engine, bytes: &[u8]) -> Vec<Hit> {
        let mut hits = Vec::new();
        for any_case in [false, true] {
            let mine: Vec<(u32, &Keyword)> = (0..)
                .zip(&engine.keywords)
                .filter(|(_, (keyword, _))| keyword.any_case == any_case && !keyword.text.is_empty())
                .map(|(index, (keyword, _))| (index, keyword))
                .collect();
            let texts = mine.iter().map(|(_, keyword)| &keyword.text);
            let automaton = AhoCorasick::builder().ascii_case_insensitive(any_case).build(texts).unwrap();
            for hit in automaton.find_overlapping_iter(bytes) {
                let (index, keyword) = mine[hit.pattern().as_usize()];
                if keyword.shape.admits(bytes, hit.start(), hit.end()) {
                    hits.push(Hit { start: hit.start(), keyword: index });
                }
            }
        }
        hits.sort_unstable();
        hits
    }

    /// Bytes full of pieces of the keywords in any case.
    fn buffer(random: &mut Random, engine: &Engine) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < 30_000 {
            match random.next(4) {
                0 => {
                    let text = &engine.keywords[random.next(engine.keywords.len() - 1)].0.text;
                    let cut = random.next(text.len() + 1);
                    let piece = if random.next(2) == 0 { &text[cut..] } else { &text[..] };
                    let upper = random.next(3) == 0;
                    bytes.extend(piece.iter().map(|b| if upper { b.to_ascii_uppercase() } else { *b }));
                }
                1 => bytes.extend_from_slice(b" the quick\n= : brown_fox://"),
                2 => bytes.extend(std::iter::repeat_n(random.byte(), random.next(70))),
                _ => bytes.push(random.byte()),
            }
        }
        bytes
    }

    #[test]
    fn the_filter_finds_of_all_keywords_what_aho_corasick_finds() {
        let (engine, mut random) = (Engine::embedded(), Random(7));
        let (mut places, mut hits, mut all) = (Vec::new(), Vec::new(), 0);
        for _ in 0..60 {
            let bytes = buffer(&mut random, engine);
            engine.filter.find(&bytes, &mut places, &mut hits);
            assert!(hits == expected(engine, &bytes), "{:?}", random.0);
            all += hits.len();
        }
        assert!(all > 1000, "{all}");
    }
}
