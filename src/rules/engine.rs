//! The search: one filter for the keywords of all rules, and the regex of a rule only in a window around
//! its keywords.
//!
//! Every match of a rule contains one of its keywords (the rules' test proves it), so a place without a
//! keyword needs no regex. The window's size is the rule's own.

use std::collections::HashSet;

use super::filter::{Filter, Hit, Keyword};
use super::schema::Rule;
use super::shape::Pattern;
use super::validators::{Verdict, entropy};
use super::{Match, utf16};
use crate::finding::{Confidence, Proof, Secret};

/// How far a window may grow when a match fills it to its end.
const GROWTH: usize = 64 << 10;
/// Matches of one rule, and of all, that wait to be taken; the rest is counted.
const MATCHES: (u32, usize) = (8000, 32_000);
/// So many matches are worth being taken.
const MANY: usize = 500;
/// Bytes of context kept before and after a value.
const CONTEXT: usize = 240;

/// All rules, compiled into one search.
#[derive(Debug)]
pub struct Engine {
    rules: Vec<Rule>,
    filter: Filter,
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
        let longest = rules.iter().map(|rule| rule.before.saturating_add(rule.after)).max().unwrap_or(0);
        // Text in UTF-16 has two bytes where the windows count one.
        Self { rules, filter, keywords, overlap: longest.saturating_add(256).saturating_mul(2) }
    }

    /// What the filter looks for.
    #[cfg(test)]
    pub(super) fn keywords(&self) -> Vec<Keyword> {
        self.keywords.iter().map(|(keyword, _)| keyword.clone()).collect()
    }

    /// The rules.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Bytes at the end of a chunk that the next one must repeat.
    pub fn overlap(&self) -> usize {
        self.overlap
    }

    /// A search, to be used for one file after the other.
    pub fn begin(&self) -> Scan<'_> {
        Scan {
            engine: self,
            covered: [vec![Reach::default(); self.rules.len()], vec![Reach::default(); self.rules.len()]],
            counts: vec![0; self.rules.len()],
            seen: HashSet::new(),
            matches: Vec::new(),
            places: Vec::new(),
            hits: Vec::new(),
            lines: Lines::default(),
            encoding: None,
            is_cut: false,
            dropped: 0,
            dirty: false,
        }
    }
}

/// Counts lines as the chunks go by.
#[derive(Default)]
struct Lines {
    /// Whether the file is text so far.
    text: bool,
    /// Newlines before the chunk at hand.
    before: u64,
}

/// Up to where in a chunk a rule is done.
#[derive(Clone, Copy, Default)]
struct Reach {
    /// No keyword before it needs a window.
    keywords: usize,
    /// No value before it may begin: it would be a piece of one that is known.
    values: usize,
}

/// The search of one file, chunk by chunk.
pub struct Scan<'e> {
    engine: &'e Engine,
    /// For each rule: up to where in the chunk its windows reached, in the bytes as they are and as text.
    covered: [Vec<Reach>; 2],
    counts: Vec<u32>,
    /// Rule and place of the matches found, for what chunks repeat.
    seen: HashSet<(usize, u64)>,
    matches: Vec<(usize, Match)>,
    /// Memory of the filter.
    places: Vec<u32>,
    hits: Vec<Hit>,
    lines: Lines,
    /// Known after the first chunk; none: bytes as they are.
    encoding: Option<utf16::Order>,
    /// Whether the chunk at hand begins within the file.
    is_cut: bool,
    dropped: u64,
    dirty: bool,
}

impl Scan<'_> {
    /// Forgets the last file.
    pub fn reset(&mut self) {
        if self.dirty {
            self.covered.iter_mut().for_each(|covered| covered.fill(Reach::default()));
            self.counts.fill(0);
            self.seen.clear();
            self.matches.clear();
        }
        self.lines = Lines::default();
        self.encoding = None;
        self.dropped = 0;
        self.dirty = false;
    }

    /// Searches a chunk. The first `repeated` bytes were in the last chunk, `base` is the offset of the first
    /// byte in the file, and `last` says that no chunk follows.
    pub fn chunk(&mut self, bytes: &[u8], repeated: usize, base: u64, last: bool) {
        if repeated == 0 {
            self.encoding = utf16::recognise(bytes);
            self.is_cut = false;
            self.lines.text = memchr::memchr(0, bytes.get(..8192).unwrap_or(bytes)).is_none();
        }
        let repeat = bytes.len().saturating_sub(self.engine.overlap);
        let next = (!last).then_some(repeat);
        self.search(&Chunk { bytes, base, next, decoded: None });
        let decoded = self.encoding.map(|order| {
            let text = utf16::to_utf8(bytes, order);
            let repeated = utf16::to_utf8(bytes.get(repeat..).unwrap_or_default(), order);
            (text.len().saturating_sub(repeated.len()), text)
        });
        if let Some((repeat, text)) = &decoded {
            let next = next.map(|_| *repeat);
            self.search(&Chunk { bytes: text.as_bytes(), base, next, decoded: Some(text) });
        }
        self.is_cut |= repeat > 0;
        if !last {
            let gone = match &decoded {
                Some((repeat, text)) => text.as_bytes().get(..*repeat),
                None => bytes.get(..repeat),
            };
            self.lines.before = self.lines.before.saturating_add(newlines(gone.unwrap_or_default()));
        }
    }

    /// The matches, by place in the file and then by rule.
    pub fn finish(&mut self) -> Vec<Match> {
        in_order(std::mem::take(&mut self.matches))
    }

    /// The matches before a place in the file, if there are many: those who have them judged between two chunks
    /// make room for more. What the next chunk repeats must lie behind the place.
    pub fn take(&mut self, before: u64) -> Vec<Match> {
        if self.matches.len() < MANY {
            return Vec::new();
        }
        let (taken, kept) =
            std::mem::take(&mut self.matches).into_iter().partition(|(_, m)| m.offset < before);
        self.matches = kept;
        self.counts.fill(0);
        for (rule, _) in &self.matches {
            self.counts.get_mut(*rule).into_iter().for_each(|count| *count += 1);
        }
        self.seen.retain(|(_, offset)| *offset >= before);
        in_order(taken)
    }

    /// Matches over the limit, which were only counted.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn search(&mut self, chunk: &Chunk<'_>) {
        let engine = self.engine;
        let mut hits = std::mem::take(&mut self.hits);
        engine.filter.find(chunk.bytes, &mut self.places, &mut hits);
        self.dirty |= !hits.is_empty();
        for hit in &hits {
            let Some((keyword, users)) = engine.keywords.get(hit.keyword as usize) else { continue };
            let end = hit.start.saturating_add(keyword.text.len());
            for &index in users {
                self.window(index, hit.start, end, chunk);
            }
        }
        self.hits = hits;
        if let Some(next) = chunk.next.filter(|_| self.dirty) {
            // Where a window begins in a value that is known already, the rest of it must not be one more.
            let covered = self.covered.iter_mut().skip(chunk.form()).take(1).flatten();
            covered.for_each(|reach| {
                reach.keywords = reach.keywords.saturating_sub(next);
                reach.values = reach.values.saturating_sub(next);
            });
        }
    }

    fn window(&mut self, index: usize, start: usize, end: usize, chunk: &Chunk<'_>) {
        let Some(rule) = self.engine.rules.get(index) else { return };
        let covered = self.covered.get(chunk.form()).and_then(|covered| covered.get(index));
        let mut reach = covered.copied().unwrap_or_default();
        if start < reach.keywords {
            return;
        }
        let from = start.saturating_sub(rule.before);
        if self.is_cut && from == 0 {
            return; // the last chunk had the whole window, and what is before it
        }
        if chunk.is_repeated(from) {
            return; // the next chunk has the whole window, and more behind it
        }
        // What begins behind the window has a keyword, and so a window, of its own.
        let edge = end.saturating_add(rule.after).min(chunk.bytes.len());
        let limit = edge.saturating_add(GROWTH).min(chunk.bytes.len());
        if !rule.admits(chunk.bytes.get(start..edge).unwrap_or_default()) {
            return;
        }
        let Some(regex) = rule.matcher.get() else { return };
        let (mut at, mut to) = (from.max(reach.values), edge);
        while let Some(captures) = regex.captures_at(chunk.bytes.get(..to).unwrap_or_default(), at) {
            let Some(whole) = captures.get(0).filter(|whole| whole.start() < edge) else { break };
            if whole.end() == to && to < limit {
                to = limit;
                continue;
            }
            let secret = captures.name("secret").unwrap_or(whole);
            let key = captures.name("key").map(|key| key.as_bytes().to_vec());
            self.found(index, rule, secret.start()..secret.end(), key, chunk);
            // What ends one value may begin the next: a list with a token in each line.
            reach.values = reach.values.max(secret.end());
            at = secret.end().max(at.saturating_add(1));
        }
        if let Some(covered) = self.covered.get_mut(chunk.form()).and_then(|covered| covered.get_mut(index)) {
            reach.keywords = edge.saturating_sub(rule.after).max(reach.values);
            *covered = reach;
        }
    }

    fn found(
        &mut self,
        index: usize,
        rule: &Rule,
        span: std::ops::Range<usize>,
        key: Option<Vec<u8>>,
        chunk: &Chunk<'_>,
    ) {
        let secret = chunk.bytes.get(span.clone()).unwrap_or_default();
        let offset = chunk.offset(span.start);
        if self.seen.contains(&(index, offset)) || entropy(secret) < rule.min_entropy {
            return;
        }
        let (mut confidence, mut proof) = (rule.confidence, Proof::Form);
        for validator in &rule.validators {
            match validator(secret) {
                Verdict::Holds => {}
                Verdict::Sure(sure, of) => (confidence, proof) = (sure, of),
                Verdict::Refuted => return,
            }
        }
        let Some(count) = self.counts.get_mut(index) else { return };
        if *count >= MATCHES.0 || self.matches.len() >= MATCHES.1 {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        *count += 1;
        self.seen.insert((index, offset));
        let line = self.line(span.start, chunk);
        let found = Match {
            advisory: rule.advisory.clone(),
            confidence: confidence.min(Confidence::High),
            proof,
            family: rule.family,
            offset,
            line,
            secret: Secret::new(secret),
            key,
            other: rule.pair.as_ref().and_then(|pair| pair.near(chunk.bytes, &span)),
            context: Secret::new(context(chunk.bytes, span)),
        };
        self.matches.push((index, found));
    }

    fn line(&self, at: usize, chunk: &Chunk<'_>) -> Option<u64> {
        let before = newlines(chunk.bytes.get(..at).unwrap_or_default());
        let whole = chunk.decoded.is_some() || self.lines.text;
        whole.then(|| self.lines.before.saturating_add(before).saturating_add(1))
    }
}

/// The bytes at hand.
struct Chunk<'c> {
    bytes: &'c [u8],
    base: u64,
    /// Where the next chunk begins; none for the last one.
    next: Option<usize>,
    /// The text, where the bytes are a decoded form of the file's.
    decoded: Option<&'c str>,
}

impl Chunk<'_> {
    /// 0: bytes as they are, 1: decoded text.
    fn form(&self) -> usize {
        usize::from(self.decoded.is_some())
    }

    /// Whether the next chunk has the place, and the byte before it.
    fn is_repeated(&self, at: usize) -> bool {
        self.next.is_some_and(|next| next == 0 || at > next)
    }

    /// The offset in the file of a place in the chunk.
    fn offset(&self, at: usize) -> u64 {
        let inside = match self.decoded.and_then(|text| text.get(..at)) {
            Some(before) => before.chars().map(char::len_utf16).sum::<usize>().saturating_mul(2),
            None => at,
        };
        self.base.saturating_add(inside as u64)
    }
}

fn in_order(mut matches: Vec<(usize, Match)>) -> Vec<Match> {
    matches.sort_by_key(|(rule, found)| (found.offset, *rule));
    matches.into_iter().map(|(_, found)| found).collect()
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// The line around a value, cut where it is long.
fn context(bytes: &[u8], span: std::ops::Range<usize>) -> Vec<u8> {
    let from = span.start.saturating_sub(CONTEXT);
    let to = span
        .end
        .saturating_add(CONTEXT)
        .min(bytes.len())
        .min(span.start.saturating_add(2 * CONTEXT).max(span.end));
    let before = bytes.get(from..span.start).unwrap_or_default();
    let after = bytes.get(span.end..to).unwrap_or_default();
    let line_start =
        memchr::memrchr(b'\n', before).map_or(from, |at| from.saturating_add(at).saturating_add(1));
    let line_end = memchr::memchr(b'\n', after).map_or(to, |at| span.end.saturating_add(at));
    bytes.get(line_start..line_end).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::random::Random;
    use crate::rules::schema::parse;
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
            let gated = all.filter(|rule| rule.gate.is_some());
            gated.map(|rule| if is_gated { rule } else { Rule { gate: None, ..rule } }).collect()
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
        for _ in 0..6000 {
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
