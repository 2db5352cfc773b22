//! The matches of one file, each once and within limits.

use std::collections::HashSet;
use std::ops::Range;

use super::Match;
use super::chunk::Chunk;
use super::windows::Value;
use crate::finding::{Confidence, Secret, Verification};
use crate::rules::validators::{Verdict, entropy};
use crate::values::{self, Reading, Syntax};

/// Matches of one rule, and of all, that wait to be taken; the rest is counted.
pub(super) const MATCHES: (u32, usize) = (8000, 32_000);
/// So many matches are worth being taken.
const MANY: usize = 500;
/// Bytes of context kept before and after a value.
const CONTEXT: usize = 240;
/// Bytes kept behind it for a value that may go on for lines.
const FOLLOWING: usize = 1024;

/// The matches that were found so far.
pub(super) struct MatchBuffer {
    counts: Vec<u32>,
    /// Rule and place of the matches found, for what chunks repeat.
    seen: HashSet<(usize, u64)>,
    matches: Vec<(usize, Match)>,
    /// Matches over the limit.
    pub(super) dropped: u64,
}

impl MatchBuffer {
    pub(super) fn new(rules: usize) -> Self {
        Self { counts: vec![0; rules], seen: HashSet::new(), matches: Vec::new(), dropped: 0 }
    }

    /// Forgets the last file.
    pub(super) fn reset(&mut self) {
        self.counts.fill(0);
        self.seen.clear();
        self.matches.clear();
        self.dropped = 0;
    }

    /// How many wait to be taken.
    pub(super) fn len(&self) -> usize {
        self.matches.len()
    }

    /// Judges a value of a chunk, and keeps it if it holds.
    pub(super) fn value(&mut self, value: Value<'_>, chunk: &Chunk<'_>) {
        let offset = chunk.offset(value.span.start);
        if self.seen.contains(&(value.index, offset)) {
            return;
        }
        let Some(judged) = judge(&value, chunk) else { return };
        if self.has_room(value.index) {
            self.add(value.index, found(value, judged, chunk));
        }
    }

    /// Keeps a match that was judged elsewhere.
    pub(super) fn accept(&mut self, rule: usize, found: Match) {
        if !self.seen.contains(&(rule, found.offset)) && self.has_room(rule) {
            self.add(rule, found);
        }
    }

    /// Whether a match of the rule may be kept; if not, it is counted.
    fn has_room(&mut self, rule: usize) -> bool {
        let count = self.counts.get(rule).copied().unwrap_or(u32::MAX);
        let has_room = count < MATCHES.0 && self.matches.len() < MATCHES.1;
        self.dropped = self.dropped.saturating_add(u64::from(!has_room));
        has_room
    }

    fn add(&mut self, rule: usize, found: Match) {
        self.counts.get_mut(rule).into_iter().for_each(|count| *count = count.saturating_add(1));
        self.seen.insert((rule, found.offset));
        self.matches.push((rule, found));
    }

    /// All, by place in the file and then by rule.
    pub(super) fn finish(&mut self) -> Vec<Match> {
        in_order(std::mem::take(&mut self.matches))
    }

    /// Those before a place in the file, if there are many.
    pub(super) fn take(&mut self, before: u64) -> Vec<Match> {
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
}

fn in_order(mut matches: Vec<(usize, Match)>) -> Vec<Match> {
    matches.sort_by_key(|(rule, found)| (found.offset, *rule));
    matches.into_iter().map(|(_, found)| found).collect()
}

/// What the rule's validators say of a value.
pub(super) struct Judged {
    confidence: Confidence,
    proof: Verification,
    /// The value, where its rule reads it.
    reading: Option<Reading>,
}

/// What the rule's validators say of a value; none if they refute it.
pub(super) fn judge(value: &Value<'_>, chunk: &Chunk<'_>) -> Option<Judged> {
    let reading = read(value, chunk);
    let caught = chunk.bytes.get(value.span.clone()).unwrap_or_default();
    let secret = reading.as_ref().map_or(caught, |reading| &reading.value);
    if secret.is_empty() || entropy(secret) < value.rule.min_entropy {
        return None;
    }
    let (mut confidence, mut proof) = (value.rule.confidence, Verification::Form);
    let (mut is_doubted, mut is_refuted) = (false, false);
    for validator in &value.rule.validators {
        match validator(secret) {
            Verdict::Holds => {}
            Verdict::Sure(sure, of) => (confidence, proof) = (sure, of),
            Verdict::Doubted => is_doubted = true,
            Verdict::Refuted => is_refuted = true,
        }
    }
    if is_refuted && proof != Verification::Checksum {
        return None;
    }
    if is_doubted && !matches!(proof, Verification::Checksum | Verification::Structure) {
        confidence = confidence.min(Confidence::Medium);
    }
    Some(Judged { confidence, proof, reading })
}

/// The value, where its rule reads it; the file's own syntax is not known here.
fn read(value: &Value<'_>, chunk: &Chunk<'_>) -> Option<Reading> {
    value.rule.is_read.then(|| {
        let context = context(chunk.bytes, value.span.start..value.span.start);
        let before = chunk.bytes.get(context.start..value.span.start).unwrap_or_default();
        values::read(before, chunk.bytes.get(value.span.start..).unwrap_or_default(), Syntax::Text)
    })
}

/// The match that a value is.
pub(super) fn found(value: Value<'_>, judged: Judged, chunk: &Chunk<'_>) -> Match {
    let Judged { confidence, proof, reading } = judged;
    let Value { rule, mut span, key, .. } = value;
    if let Some(reading) = &reading {
        // As it is written: with escapes and joints, but without the quote at its end.
        let is_plain = chunk.bytes.get(span.start..).is_some_and(|rest| rest.starts_with(&reading.value));
        let len = if is_plain { reading.value.len() } else { reading.len };
        span.end = span.start.saturating_add(len).min(chunk.bytes.len());
    }
    let context = context(chunk.bytes, span.clone());
    let following = context.end..context.end.saturating_add(FOLLOWING).min(chunk.bytes.len());
    let following = reading.and_then(|_| chunk.bytes.get(following)).unwrap_or_default();
    Match {
        advisory: rule.advisory.clone(),
        confidence,
        proof,
        family: rule.family,
        offset: chunk.offset(span.start),
        line: chunk.line(span.start),
        at: span.start.saturating_sub(context.start),
        is_read: rule.is_read,
        secret: Secret::new(chunk.bytes.get(span.clone()).unwrap_or_default()),
        key,
        other: rule.pair.as_ref().and_then(|pair| pair.near(chunk.bytes, &span)),
        context: Secret::new(chunk.bytes.get(context).unwrap_or_default()),
        following: Secret::new(following),
    }
}

/// The line around a value, cut where it is long.
fn context(bytes: &[u8], span: Range<usize>) -> Range<usize> {
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
    line_start..line_end
}
