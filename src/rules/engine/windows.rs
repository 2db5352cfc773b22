//! The windows around keywords, and the rules' regexes in them.

use std::ops::Range;

use super::Engine;
use super::chunk::Chunk;
use crate::rules::filter::Hit;
use crate::rules::schema::Rule;

/// How far a window may grow when a match fills it to its end.
const GROWTH: usize = 64 << 10;

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
}

impl Windows {
    pub(super) fn new(rules: usize) -> Self {
        Self { covered: [vec![Reach::default(); rules], vec![Reach::default(); rules]] }
    }

    /// Forgets the last file.
    pub(super) fn reset(&mut self) {
        self.covered.iter_mut().for_each(|covered| covered.fill(Reach::default()));
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
        for hit in hits {
            let Some((keyword, users)) = engine.keywords.get(hit.keyword as usize) else { continue };
            let span = hit.start..hit.start.saturating_add(keyword.text.len());
            for &index in users.iter().filter(|&&index| wanted(index)) {
                if let (Some(rule), Some(reach)) = (engine.rules.get(index), covered.get_mut(index)) {
                    let mut found = |span, key| each(Value { index, rule, span, key });
                    window(rule, reach, &span, chunk, &mut found);
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

/// Looks for values of `rule` around the keyword at `hit`.
fn window(
    rule: &Rule,
    reach: &mut Reach,
    hit: &Range<usize>,
    chunk: &Chunk<'_>,
    found: &mut dyn FnMut(Range<usize>, Option<Vec<u8>>),
) {
    if hit.start < reach.keywords {
        return;
    }
    let from = hit.start.saturating_sub(rule.before);
    if chunk.is_cut && from == 0 {
        return; // the last chunk had the whole window, and what is before it
    }
    if chunk.is_repeated(from) {
        return; // the next chunk has the whole window, and more behind it
    }
    // What begins behind the window has a keyword, and so a window, of its own.
    let edge = hit.end.saturating_add(rule.after).min(chunk.bytes.len());
    let limit = edge.saturating_add(GROWTH).min(chunk.bytes.len());
    if !rule.admits(chunk.bytes.get(hit.start..edge).unwrap_or_default()) {
        return;
    }
    let Some(regex) = rule.matcher.get() else { return };
    let longest = rule.before.saturating_add(rule.after);
    let (mut at, mut to) = (from.max(reach.values), edge);
    while let Some(captures) = regex.captures_at(chunk.bytes.get(..to).unwrap_or_default(), at) {
        let Some(whole) = captures.get(0).filter(|whole| whole.start() < edge) else { break };
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
}
