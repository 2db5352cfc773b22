//! The windows around keywords, and the rules' regexes in them.

use std::ops::Range;

use regex::bytes::Regex;

use super::Engine;
use super::chunk::Chunk;
use crate::rules::schema::{Found, Reader, Rule};
use crate::values::LONGEST;
use assay_simd::literals::Hit;

/// How far a window may grow when a match fills it to its end.
const GROWTH: usize = 64 << 10;

/// Bytes of windows of one rule in one chunk after which what lies ahead is searched at once: windows that lie on each
/// other would have the same bytes searched again and again.
const CROWDED: usize = 256 << 10;
/// Bytes that are searched at once, more than a window may grow by.
const AHEAD: usize = 4 * GROWTH;
/// How many times a chunk's bytes are searched for one rule, at most; and so many bytes in any case.
const TIMES: usize = 16;
const LEAST: usize = 4 << 20;

/// What the search for one rule in one chunk has cost, and what is known of the bytes ahead.
#[derive(Clone, Copy, Debug, Default)]
struct Work {
    /// Of which chunk.
    number: u64,
    /// Bytes that the regex went over.
    bytes: usize,
    /// Where no match begins.
    empty: (usize, usize),
}

/// Up to where in a chunk a rule is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    /// No keyword before it needs a window.
    keywords: usize,
    /// No value before it may begin: it would be a piece of one that is known.
    values: usize,
}

/// A value that a rule's regex caught.
pub(super) struct Value<'r> {
    pub(super) index: usize,
    pub(super) rule: &'r Rule,
    pub(super) span: Range<usize>,
    pub(super) key: Option<Vec<u8>>,
}

/// For each rule: up to where in the chunk its windows reached, in the bytes as they are and as text.
pub(super) struct Windows {
    covered: [Vec<Reach>; 2],
    /// For each rule.
    work: Vec<Work>,
    /// The number of the chunk at hand.
    number: u64,
    /// Bytes that regexes went over, in all.
    #[cfg(test)]
    pub(super) total: usize,
    /// Keywords that had no window, as the rule's work in the chunk was at its limit.
    pub(super) passed_over: u64,
}

impl Windows {
    pub(super) fn new(rules: usize) -> Self {
        Self {
            covered: [vec![Reach::default(); rules], vec![Reach::default(); rules]],
            work: vec![Work::default(); rules],
            number: 0,
            #[cfg(test)]
            total: 0,
            passed_over: 0,
        }
    }

    /// Forgets the last file.
    pub(super) fn reset(&mut self) {
        self.covered.iter_mut().for_each(|covered| covered.fill(Reach::default()));
        self.passed_over = 0;
    }

    /// Looks around the `hits` of those rules that are `wanted`. Values go to `each`, those of one rule in order.
    pub(super) fn look<'e>(
        &mut self,
        engine: &'e Engine,
        hits: &[Hit],
        chunk: &Chunk<'_>,
        wanted: impl Fn(usize) -> bool,
        each: &mut dyn FnMut(Value<'e>),
    ) {
        let Some(covered) = self.covered.get_mut(chunk.form()) else { return };
        self.number = self.number.saturating_add(1);
        for hit in hits {
            let Some((keyword, users)) = engine.keywords.get(hit.keyword as usize) else { continue };
            let span = hit.start..hit.start.saturating_add(keyword.text.len());
            for &index in users.iter().filter(|&&index| wanted(index)) {
                let (rule, work) = (engine.rules.get(index), self.work.get_mut(index));
                if let (Some(rule), Some(work), Some(reach)) = (rule, work, covered.get_mut(index)) {
                    if work.number != self.number {
                        *work = Work { number: self.number, ..Work::default() };
                    }
                    #[cfg(test)]
                    let before = work.bytes;
                    let mut found = |span, key| each(Value { index, rule, span, key });
                    let is_searched = window(rule, reach, work, &span, chunk, &mut found);
                    self.passed_over = self.passed_over.saturating_add(u64::from(!is_searched));
                    #[cfg(test)]
                    if rule.reader.is_none() {
                        self.total += work.bytes - before;
                    }
                }
            }
        }
    }

    /// Goes on to the next chunk, which begins at `next` of this one.
    pub(super) fn pass(&mut self, form: usize, next: usize) {
        // Where a window begins in a value that is known already, the rest of it must not be one more.
        for reach in self.covered.get_mut(form).into_iter().flatten() {
            reach.keywords = reach.keywords.saturating_sub(next);
            reach.values = reach.values.saturating_sub(next);
        }
    }

    /// The rules that reached into the chunk at hand, and how far.
    pub(super) fn reaching(&self, form: usize) -> Vec<(usize, Reach)> {
        let all = self.covered.get(form).into_iter().flatten().copied().enumerate();
        all.filter(|(_, reach)| *reach != Reach::default()).collect()
    }

    /// Sets how far a rule reached.
    pub(super) fn set(&mut self, form: usize, rule: usize, reach: Reach) {
        if let Some(known) = self.covered.get_mut(form).and_then(|covered| covered.get_mut(rule)) {
            *known = reach;
        }
    }
}

/// Looks for values of `rule` around the keyword at `hit`; false, if its work is at its limit.
fn window(
    rule: &Rule,
    reach: &mut Reach,
    work: &mut Work,
    hit: &Range<usize>,
    chunk: &Chunk<'_>,
    found: &mut dyn FnMut(Range<usize>, Option<Vec<u8>>),
) -> bool {
    if hit.start < reach.keywords {
        return true;
    }
    let from = hit.start.saturating_sub(rule.before);
    if chunk.is_cut && from == 0 {
        return true; // the last chunk had the whole window, and what is before it
    }
    if chunk.is_repeated(from) {
        return true; // the next chunk has the whole window, and more behind it
    }
    if let Some(reader) = rule.reader {
        return read(reader, work, hit, chunk, found);
    }
    // What begins behind the window has a keyword, and so a window, of its own.
    let edge = hit.end.saturating_add(rule.after).min(chunk.bytes.len());
    let limit = edge.saturating_add(GROWTH).min(chunk.bytes.len());
    if !rule.admits(chunk.bytes.get(hit.start..edge).unwrap_or_default()) {
        return true;
    }
    let Some(regex) = rule.matcher.get() else { return true };
    let longest = rule.before.saturating_add(rule.after);
    let (mut at, mut to) = (from.max(reach.values), edge);
    if work.is_spent(chunk) {
        return false;
    }
    if work.is_empty(&regex, at, edge, chunk) {
        reach.keywords = edge.saturating_sub(rule.after).max(reach.values);
        return true;
    }
    loop {
        let captures = regex.captures_at(chunk.bytes.get(..to).unwrap_or_default(), at);
        let whole = captures.as_ref().and_then(|captures| captures.get(0));
        work.add(at, whole.map_or(to, |whole| whole.end()));
        let Some((captures, whole)) = captures.as_ref().zip(whole).filter(|(_, whole)| whole.start() < edge)
        else {
            break;
        };
        if whole.end() == to && to < limit {
            to = limit;
            continue;
        }
        // The window's end may have cut what the regex would rather have caught.
        if to == edge && to < limit && whole.start().saturating_add(longest) > to {
            to = to.saturating_add(longest).min(limit);
            continue;
        }
        let secret = captures.name("secret").unwrap_or(whole);
        let key = captures.name("key").map(|key| key.as_bytes().to_vec());
        found(secret.range(), key);
        // What ends one value may begin the next: a list with a token in each line.
        reach.values = reach.values.max(secret.end());
        at = secret.end().max(at.saturating_add(1));
    }
    reach.keywords = edge.saturating_sub(rule.after).max(reach.values);
    true
}

/// What a byte of a value that is read costs, in bytes that an expression goes over.
const READ: usize = 4;

/// Looks for the value that a reader has at the keyword at `hit`; false, if the rule's work is at its limit.
fn read(
    reader: Reader,
    work: &mut Work,
    hit: &Range<usize>,
    chunk: &Chunk<'_>,
    found: &mut dyn FnMut(Range<usize>, Option<Vec<u8>>),
) -> bool {
    if work.is_spent(chunk) {
        return false;
    }
    let Some(Found { name, value }) = reader.find(chunk.bytes, hit.start) else { return true };
    // As far as the value may be read.
    let most = value.start.saturating_add(LONGEST).min(chunk.bytes.len());
    let line = chunk.bytes.get(value.start..most).unwrap_or_default();
    let len = memchr::memchr(b'\n', line).unwrap_or(line.len());
    work.add(0, len.saturating_mul(READ));
    let name = name.and_then(|name| chunk.bytes.get(name)).map(<[u8]>::to_vec);
    found(value, name);
    true
}

impl Work {
    fn add(&mut self, from: usize, to: usize) {
        self.bytes = self.bytes.saturating_add(to.saturating_sub(from));
    }

    /// Whether the chunk was searched too many times.
    fn is_spent(&self, chunk: &Chunk<'_>) -> bool {
        self.bytes > chunk.bytes.len().saturating_mul(TIMES).max(LEAST)
    }

    /// Whether no match begins at `at..edge`; only asked for once there were many windows.
    fn is_empty(&mut self, regex: &Regex, at: usize, edge: usize, chunk: &Chunk<'_>) -> bool {
        if self.bytes < CROWDED {
            return false;
        }
        let (from, to) = self.empty;
        if at < from || edge > to {
            let end = edge.saturating_add(AHEAD).min(chunk.bytes.len());
            let first = regex.find_at(chunk.bytes.get(..end).unwrap_or_default(), at);
            self.add(at, first.map_or(end, |first| first.end()));
            // A window that grows must not reach behind what was searched.
            let known = if end == chunk.bytes.len() { end } else { end.saturating_sub(GROWTH) };
            self.empty = (at, first.map_or(known, |first| first.start().min(known)));
        }
        edge <= self.empty.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::schema::parse;
    use crate::rules::{Family, Match};

    /// Texts that are all keywords of a rule, or nearly all matches of it.
    fn texts(rule: &Rule) -> Vec<String> {
        let mut units: Vec<String> =
            rule.keywords.iter().take(1).flat_map(|word| [word.clone(), format!("{word}\n")]).collect();
        for example in rule.must_match.iter().take(1) {
            let text: Vec<char> = example.text.chars().collect();
            for part in [text.len() / 2, text.len().saturating_sub(1)] {
                units.push(text.iter().take(part).collect());
            }
        }
        units.retain(|unit| !unit.is_empty());
        units.iter().map(|unit| unit.repeat((16 << 10) / unit.len() + 1)).collect()
    }

    #[test]
    fn text_that_is_all_keywords_of_any_rule_is_searched_a_few_times_and_not_at_every_keyword() {
        let engine = Engine::embedded();
        let mut scan = engine.begin();
        let mut slow = Vec::new();
        for rule in engine.rules() {
            for text in texts(rule) {
                scan.reset();
                scan.windows.reset();
                scan.windows.total = 0;
                scan.chunk(text.as_bytes(), 0, 0, true);
                scan.finish();
                let times = scan.windows.total / text.len();
                if times > 100 {
                    slow.push((rule.advisory.id.clone(), times, text.chars().take(60).collect::<String>()));
                }
            }
        }
        assert!(slow.is_empty(), "{slow:#?}");
    }

    const RULE: &str = r#"
        [[rule]]
        id = "token"
        title = "A token"
        severity = "high"
        confidence = "high"
        keywords = ["tok"]
        regex = '''(?<secret>tok[a-z]{8}=[0-9]{4,9000}?;)'''
        before = 12
        after = 2000
        remedy = "None."
        must_match = []
        must_not_match = []
    "#;

    #[test]
    fn what_is_searched_ahead_finds_what_each_window_finds() {
        let engine = Engine::new(parse("test", RULE, Family::Credentials).unwrap());
        let filler = "tok".repeat(400_000);
        let mut text = filler.clone();
        // Near to each other, far from each other, at the end; one is longer than a window.
        for (at, value) in
            [(600_000, "tokabcdefgh=1234;"), (600_040, "tokabcdefgi=1234;"), (900_000, "tokabcdefgj=12345;")]
        {
            text.replace_range(at..at + value.len(), value);
        }
        text.push_str("tokabcdefgk=99999;");
        let mut scan = engine.begin();
        scan.chunk(text.as_bytes(), 0, 0, true);
        let found: Vec<u64> = scan.finish().iter().map(|one: &Match| one.offset).collect();
        assert_eq!(found, [600_000, 600_040, 900_000, 1_200_000]);
        assert_eq!(scan.passed_over(), 0);
    }
}
