//! The search of one file, chunk by chunk.

use super::chunk::{Chunk, Forms, TextEncoding};
use super::kept::MatchBuffer;
use super::windows::Windows;
use super::{Engine, Match};
use assay_simd::literals::Hit;

/// The search of one file, chunk by chunk.
pub struct Scan<'e> {
    pub(super) engine: &'e Engine,
    pub(super) windows: Windows,
    pub(super) kept: MatchBuffer,
    /// Memory of the filter.
    places: Vec<u32>,
    hits: Vec<Hit>,
    /// Known after the first chunk.
    manner: TextEncoding,
    /// Newlines before the chunk at hand.
    pub(super) lines: u64,
    /// Whether the chunk at hand begins within the file.
    pub(super) is_cut: bool,
    /// Whether anything was hit in the file.
    pub(super) dirty: bool,
    /// What the search has cost.
    work: u64,
}

/// What a keyword and a match cost, in nanoseconds.
const HIT: u64 = 64;
const MATCH: u64 = 2048;

impl<'e> Scan<'e> {
    pub(super) fn new(engine: &'e Engine) -> Self {
        Self {
            engine,
            windows: Windows::new(engine.rules.len()),
            kept: MatchBuffer::new(engine.rules.len()),
            places: Vec::new(),
            hits: Vec::new(),
            manner: TextEncoding::default(),
            lines: 0,
            is_cut: false,
            dirty: false,
            work: 0,
        }
    }

    /// Forgets the last file.
    pub fn reset(&mut self) {
        if self.dirty {
            self.windows.reset();
            self.kept.reset();
        }
        self.manner = TextEncoding::default();
        self.lines = 0;
        self.work = 0;
        self.dirty = false;
    }

    /// What the first chunk told of the file.
    pub fn manner(&self) -> TextEncoding {
        self.manner
    }

    /// Searches a chunk. The first `repeated` bytes were in the last chunk, `base` is the offset of the first
    /// byte in the file, and `last` says that no chunk follows.
    pub fn chunk(&mut self, bytes: &[u8], repeated: usize, base: u64, last: bool) {
        if repeated == 0 {
            self.manner = TextEncoding::of(bytes);
            self.is_cut = false;
        }
        let forms = Forms::new(bytes, base, last, self.manner, self.engine.overlap);
        for chunk in forms.each(self.is_cut, self.lines) {
            self.search(&chunk);
        }
        self.is_cut |= forms.moves_on();
        self.lines = self.lines.saturating_add(forms.newlines());
    }

    /// Only finds the places of keywords: how many there are, for who measures the filter by itself.
    pub fn keywords(&mut self, bytes: &[u8]) -> usize {
        self.engine.find(bytes, &mut self.places, &mut self.hits);
        self.hits.len()
    }

    /// The matches, by place in the file and then by rule.
    pub fn finish(&mut self) -> Vec<Match> {
        self.kept.finish()
    }

    /// The matches before a place in the file, if there are many: those who have them judged between two chunks
    /// make room for more. What the next chunk repeats must lie behind the place.
    pub fn take(&mut self, before: u64) -> Vec<Match> {
        self.kept.take(before)
    }

    /// Matches over the limit, which were only counted.
    pub fn dropped(&self) -> u64 {
        self.kept.dropped
    }

    /// Keywords that are not looked around, as there are far too many of them.
    pub fn passed_over(&self) -> u64 {
        self.windows.passed_over
    }

    /// What the search has cost since the last time, in a unit of about a nanosecond: by what was found, which is the
    /// same for any number of threads.
    pub fn take_work(&mut self) -> u64 {
        std::mem::take(&mut self.work)
    }

    /// Counts what was found in a chunk.
    pub(super) fn count_work(&mut self, hits: usize, before: usize) {
        let matches = self.kept.len().saturating_sub(before) as u64;
        let work = (hits as u64).saturating_mul(HIT).saturating_add(matches.saturating_mul(MATCH));
        self.work = self.work.saturating_add(work);
    }

    fn search(&mut self, chunk: &Chunk<'_>) {
        self.engine.find(chunk.bytes, &mut self.places, &mut self.hits);
        self.dirty |= !self.hits.is_empty();
        let before = self.kept.len();
        let kept = &mut self.kept;
        self.windows.look(self.engine, &self.hits, chunk, |_| true, &mut |value| kept.value(value, chunk));
        self.count_work(self.hits.len(), before);
        if let Some(next) = chunk.next.filter(|_| self.dirty) {
            self.windows.pass(chunk.form(), next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::random::Random;
    use crate::rules::schema::{Gate, Rule, parse};
    use crate::rules::{Family, embedded};

    const RULE: &str = r#"
        [[rule]]
        id = "token"
        title = "A token"
        severity = "high"
        confidence = "high"
        keywords = ["token="]
        regex = '''(?<secret>(?:https://)?token=[a-z]{8,60})'''
        before = 12
        after = 20
        remedy = "None."
        must_match = []
        must_not_match = []
    "#;

    /// Place, line and value of what is found in `bytes`, cut at `cut`.
    fn found(bytes: &[u8], cut: Option<usize>) -> Vec<(u64, Option<u64>, Vec<u8>)> {
        let engine = Engine::new(parse("test", RULE, Family::Credentials).unwrap());
        let mut scan = engine.begin();
        let mut start = 0;
        if let Some(cut) = cut {
            scan.chunk(&bytes[..cut], 0, 0, false);
            start = cut.saturating_sub(engine.overlap());
        }
        let repeated = cut.map_or(0, |cut| cut - start);
        scan.chunk(&bytes[start..], repeated, start as u64, true);
        scan.finish().iter().map(|one| (one.offset, one.line, one.secret.reveal().to_vec())).collect()
    }

    fn holds_at_every_cut(bytes: &[u8], step: usize) {
        let whole = found(bytes, None);
        assert_eq!(whole.len(), 2);
        // The first chunk is long enough to tell the encoding.
        for cut in (64..bytes.len()).step_by(step) {
            assert_eq!(found(bytes, Some(cut)), whole, "cut at {cut}");
        }
    }

    fn text() -> String {
        let filler = "nothing to see in this line\n".repeat(40);
        let value = "abcdefghij".repeat(5);
        format!("{filler}https://token={value}\n{filler}token={value}")
    }

    #[test]
    fn a_value_longer_than_its_window_is_found_once_and_whole_wherever_a_chunk_ends() {
        holds_at_every_cut(text().as_bytes(), 1);
    }

    #[test]
    fn text_in_utf16_is_found_wherever_a_chunk_ends() {
        let bytes: Vec<u8> = text().encode_utf16().flat_map(u16::to_le_bytes).collect();
        holds_at_every_cut(&bytes, 2);
    }

    #[test]
    fn matches_that_are_taken_between_chunks_are_all_that_there_are_and_each_once() {
        let engine = Engine::new(parse("test", RULE, Family::Credentials).unwrap());
        let letters =
            |n: u64| format!("{n:012}").bytes().map(|b| char::from(b - b'0' + b'a')).collect::<String>();
        let text: String = (0..30_000).map(|n| format!("token={}\n", letters(n))).collect();
        let (bytes, step) = (text.as_bytes(), 50_000);
        let (mut scan, mut found, mut start, mut end) = (engine.begin(), Vec::new(), 0, step);
        loop {
            let repeated = if start == 0 { 0 } else { engine.overlap() };
            scan.chunk(&bytes[start..end], repeated, start as u64, end == bytes.len());
            if end == bytes.len() {
                break;
            }
            start = end - engine.overlap();
            found.extend(scan.take(start as u64 - 100));
            end = (end + step).min(bytes.len());
        }
        assert!(found.len() > 20_000, "{}", found.len());
        found.extend(scan.finish());
        let lines: Vec<u64> = found.iter().filter_map(|one| one.line).collect();
        assert_eq!(lines, (1..=30_000).collect::<Vec<u64>>());
        assert_eq!(scan.dropped(), 0);
    }

    #[test]
    fn matches_over_the_limit_are_counted() {
        let engine = Engine::new(parse("test", RULE, Family::Credentials).unwrap());
        let mut scan = engine.begin();
        scan.chunk("token=abcdefghijk\n".repeat(9000).as_bytes(), 0, 0, true);
        assert_eq!((scan.finish().len(), scan.dropped()), (8000, 1000));
    }

    /// A byte, or one that values and what stands around them have.
    fn byte(random: &mut Random) -> u8 {
        match random.next(4) {
            0 => random.byte(),
            _ => b" \t\n=:,\"'`({[]})<>/\\_-.;&!aZ0@"[random.next(29)],
        }
    }

    #[test]
    fn gates_keep_nothing_out_that_the_regex_matches() {
        let rules = |is_gated: bool| -> Vec<Rule> {
            let all = embedded::rules().unwrap().into_iter();
            let gated = all.filter(|rule| !matches!(rule.gate, Gate::None));
            gated.map(|rule| if is_gated { rule } else { Rule { gate: Gate::None, ..rule } }).collect()
        };
        let (gated, plain) = (Engine::new(rules(true)), Engine::new(rules(false)));
        assert!(gated.rules().len() >= 6);
        let found = |engine: &Engine, text: &[u8]| {
            let mut scan = engine.begin();
            scan.chunk(text, 0, 0, true);
            let matches = scan.finish();
            matches
                .iter()
                .map(|m| (m.advisory.id.clone(), m.offset, m.secret.reveal().to_vec()))
                .collect::<Vec<_>>()
        };
        let examples: Vec<&str> = (gated.rules().iter())
            .flat_map(|rule| {
                let misses = rule.must_not_match.iter().map(|example| example.text.as_str());
                rule.must_match.iter().map(|example| example.text.as_str()).chain(misses)
            })
            .collect();
        let (mut random, mut total) = (Random(11), 0);
        for _ in 0..9000 {
            let mut text = examples[random.next(examples.len())].as_bytes().to_vec();
            for _ in 0..random.next(6) {
                let at = random.next(text.len().max(1)).min(text.len());
                match random.next(3) {
                    0 => text.insert(at, byte(&mut random)),
                    1 if at < text.len() => text[at] = byte(&mut random),
                    _ if at < text.len() => drop(text.remove(at)),
                    _ => {}
                }
            }
            let expected = found(&plain, &text);
            total += expected.len();
            assert_eq!(found(&gated, &text), expected, "{}", String::from_utf8_lossy(&text));
        }
        assert!(total > 1500, "{total}");
    }
}
