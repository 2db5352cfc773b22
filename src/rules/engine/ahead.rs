//! A chunk of a long file, searched before those in front of it are: by another thread.
//!
//! What one chunk leaves to the next is how far each rule's windows reached into it, nothing else. A scout takes it
//! that none did. When the chunk's turn comes it is known which rules did; what the scout found for those is
//! dropped, and their windows are looked at anew. So the matches are those of a search from the first byte
//! to the last, whatever is in the file.

use super::chunk::{Forms, TextEncoding};
use super::kept::{MATCHES, found, judge};
use super::scan::Scan;
use super::windows::{Reach, Windows};
use super::{Engine, Match};
use assay_simd::literals::Hit;

/// Searches chunks ahead, one after the other, of any file.
pub struct ChunkScanner<'e> {
    engine: &'e Engine,
    windows: Windows,
    /// Memory of the filter.
    places: Vec<u32>,
}

/// What a scout found in one chunk.
#[derive(Debug)]
pub struct Ahead {
    forms: Vec<Form>,
    /// Newlines that the next chunk does not repeat.
    newlines: u64,
    /// There is more than a scout may bring.
    is_crowded: bool,
}

/// What was found in the bytes, or in the text.
#[derive(Debug)]
struct Form {
    hits: Vec<Hit>,
    /// Rules and their matches, with lines counted from the chunk's beginning.
    found: Vec<(usize, Match)>,
    /// Rules that reach into the next chunk.
    reaching: Vec<(usize, Reach)>,
    /// Where the next chunk begins.
    next: Option<usize>,
}

impl<'e> ChunkScanner<'e> {
    pub(super) fn new(engine: &'e Engine) -> Self {
        Self { engine, windows: Windows::new(engine.rules.len()), places: Vec::new() }
    }

    /// Searches a chunk that is not the first of its file, of which the first told its `manner`; the rest is as for
    /// [`Scan::chunk`].
    pub fn search(&mut self, bytes: &[u8], base: u64, last: bool, manner: TextEncoding) -> Ahead {
        self.windows.reset();
        let (engine, mut room, mut is_crowded) = (self.engine, MATCHES.0, false);
        let forms = Forms::new(bytes, base, last, manner, engine.overlap);
        let each = forms.each(true, 0).map(|chunk| {
            let (mut hits, mut matches) = (Vec::new(), Vec::new());
            engine.find(chunk.bytes, &mut self.places, &mut hits);
            self.windows.look(engine, &hits, &chunk, |_| true, &mut |value| {
                let Some(judged) = judge(&value, &chunk).filter(|_| !is_crowded) else { return };
                is_crowded = room == 0;
                room = room.saturating_sub(1);
                matches.push((value.index, found(value, judged, &chunk)));
            });
            if let Some(next) = chunk.next {
                self.windows.pass(chunk.form(), next);
            }
            let reaching = self.windows.reaching(chunk.form());
            Form { hits, found: matches, reaching, next: chunk.next }
        });
        let forms_found: Vec<Form> = each.collect();
        let is_crowded = is_crowded || self.windows.passed_over > 0;
        Ahead { forms: forms_found, newlines: forms.newlines(), is_crowded }
    }
}

impl Ahead {
    fn count(&self) -> usize {
        self.forms.iter().map(|form| form.found.len()).sum()
    }
}

impl Scan<'_> {
    /// Does what [`chunk`](Self::chunk) does, with what a scout found in the same chunk.
    pub fn accept(&mut self, ahead: Ahead, bytes: &[u8], repeated: usize, base: u64, last: bool) {
        // Over the limit it matters which matches came first.
        if ahead.is_crowded || self.kept.len().saturating_add(ahead.count()) > MATCHES.0 as usize {
            return self.chunk(bytes, repeated, base, last);
        }
        for (index, form) in ahead.forms.into_iter().enumerate() {
            self.dirty |= !form.hits.is_empty();
            let kept_before = self.kept.len();
            let hits = form.hits.len();
            let before: Vec<usize> = self.windows.reaching(index).into_iter().map(|(rule, _)| rule).collect();
            let is_anew = |rule: usize| before.binary_search(&rule).is_ok();
            if !before.is_empty() {
                let forms = Forms::new(bytes, base, last, self.manner(), self.engine.overlap);
                let (kept, windows) = (&mut self.kept, &mut self.windows);
                for chunk in forms.each(true, self.lines).skip(index).take(1) {
                    let each = &mut |value| kept.value(value, &chunk);
                    windows.look(self.engine, &form.hits, &chunk, is_anew, each);
                }
            }
            for (rule, mut found) in form.found.into_iter().filter(|(rule, _)| !is_anew(*rule)) {
                found.line = found.line.map(|line| line.saturating_add(self.lines));
                self.kept.accept(rule, found);
            }
            self.count_work(hits, kept_before);
            if let Some(next) = form.next {
                self.windows.pass(index, next);
            }
            for (rule, reach) in form.reaching.into_iter().filter(|(rule, _)| !is_anew(*rule)) {
                self.windows.set(index, rule, reach);
            }
        }
        self.is_cut |= bytes.len() > self.engine.overlap;
        self.lines = self.lines.saturating_add(ahead.newlines);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Family;
    use crate::rules::random::Random;
    use crate::rules::schema::parse;

    /// Two rules whose values can stand one on the other in long chains: where one ends, the next begins.
    const RULES: &str = r#"
        [[rule]]
        id = "chain"
        title = "-"
        severity = "high"
        confidence = "high"
        keywords = ["ab"]
        regex = '''(?<secret>[a-z]{3}ab[a-z]{2,40}?)(?:ab|\.|$)'''
        before = 20
        after = 30
        remedy = "-"
        must_match = []
        must_not_match = []

        [[rule]]
        id = "long"
        title = "-"
        severity = "high"
        confidence = "high"
        keywords = ["key="]
        regex = '''key=(?<secret>[a-z0-9]{4,2000})'''
        before = 4
        after = 60
        remedy = "-"
        must_match = []
        must_not_match = []
    "#;

    type Seen = (String, u64, Option<u64>, Vec<u8>, Vec<u8>);

    /// What is found in `bytes`, cut at `cuts`: by a scout, or from the first chunk to the last. The matches that are
    /// taken between the chunks come first.
    fn found(engine: &Engine, bytes: &[u8], cuts: &[usize], is_ahead: bool) -> (Vec<Seen>, u64) {
        let (mut scan, mut scout) = (engine.begin(), engine.scout());
        let (mut all, mut start, mut repeated) = (Vec::new(), 0, 0);
        for &end in cuts.iter().chain([&bytes.len()]) {
            let (chunk, last) = (&bytes[start..end], end == bytes.len());
            if is_ahead && repeated > 0 {
                let ahead = scout.search(chunk, start as u64, last, scan.manner());
                scan.accept(ahead, chunk, repeated, start as u64, last);
            } else {
                scan.chunk(chunk, repeated, start as u64, last);
            }
            if !last {
                repeated = engine.overlap();
                start = end - repeated;
                all.extend(scan.take((start as u64).saturating_sub(4096)));
            }
        }
        all.extend(scan.finish());
        let seen = |m: Match| {
            let (secret, context) = (m.secret.reveal().to_vec(), m.context.reveal().to_vec());
            (m.advisory.id.clone(), m.offset, m.line, secret, context)
        };
        (all.into_iter().map(seen).collect(), scan.dropped())
    }

    /// Ends of chunks, each at least an overlap and a byte behind the last.
    fn cuts(random: &mut Random, engine: &Engine, len: usize) -> Vec<usize> {
        let mut cuts = Vec::new();
        let mut at = 0;
        loop {
            at += engine.overlap() + 2 + random.next(3 * engine.overlap()) / 2 * 2;
            if at >= len {
                return cuts;
            }
            cuts.push(at / 2 * 2);
        }
    }

    fn same(engine: &Engine, bytes: &[u8], random: &mut Random) -> usize {
        let cuts = cuts(random, engine, bytes.len());
        let expected = found(engine, bytes, &cuts, false);
        assert!(found(engine, bytes, &cuts, true) == expected, "cut at {cuts:?}");
        expected.0.len()
    }

    #[test]
    fn chains_of_values_over_many_chunks_are_found_as_from_the_first_byte_on() {
        let engine = Engine::new(parse("test", RULES, Family::Credentials).unwrap());
        let mut random = Random(3);
        let mut total = 0;
        for _ in 0..400 {
            let mut bytes = Vec::new();
            while bytes.len() < 6000 {
                match random.next(5) {
                    0 => bytes.extend_from_slice(b"key="),
                    1 => bytes.extend(b"xyzabqq".iter().cycle().take(random.next(2500))),
                    2 => bytes.extend(b"cdeab".iter().cycle().take(random.next(900))),
                    3 => bytes.extend_from_slice(b".\n"),
                    _ => bytes.extend((0..random.next(30)).map(|_| b"abcdk=\n\0"[random.next(8)])),
                }
            }
            if random.next(4) == 0 {
                bytes = [&b"\xff\xfe"[..], &bytes.iter().flat_map(|&b| [b, 0]).collect::<Vec<_>>()].concat();
            }
            total += same(&engine, &bytes, &mut random);
        }
        assert!(total > 20_000, "{total}");
    }

    #[test]
    fn examples_of_all_rules_are_found_as_from_the_first_byte_on() {
        let engine = Engine::embedded();
        let examples: Vec<&str> =
            engine.rules().iter().flat_map(|rule| &rule.must_match).map(|one| one.text.as_str()).collect();
        let mut random = Random(5);
        let mut total = 0;
        for round in 0..9 {
            let mut text = String::new();
            while text.len() < 5 * engine.overlap() {
                match random.next(3) {
                    0 => text.push_str(examples[random.next(examples.len())]),
                    1 => text.extend(std::iter::repeat_n("no more. ", random.next(60))),
                    _ => text.push_str("\n\"password\": "),
                }
            }
            let mut bytes = text.into_bytes();
            match round % 3 {
                0 => {}
                1 => bytes.insert(random.next(4000), 0),
                _ => {
                    bytes =
                        [&b"\xff\xfe"[..], &bytes.iter().flat_map(|&b| [b, 0]).collect::<Vec<_>>()].concat();
                }
            }
            total += same(engine, &bytes, &mut random);
        }
        assert!(total > 1000, "{total}");
    }

    #[test]
    fn more_matches_than_are_kept_are_the_same_ones_and_counted_alike() {
        let engine = Engine::new(parse("test", RULES, Family::Credentials).unwrap());
        let bytes: Vec<u8> = (0..30_000).flat_map(|n| format!("key={n:05}\n").into_bytes()).collect();
        for cut in [150_000, 80_000, 20_000] {
            let cuts = [cut, cut + 10_000, 270_000];
            let expected = found(&engine, &bytes, &cuts, false);
            assert!(expected.1 > 0 && expected.0.len() > 10_000, "{}", expected.1);
            assert!(found(&engine, &bytes, &cuts, true) == expected, "{cut}");
        }
    }
}
