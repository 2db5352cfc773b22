//! What stands around a keyword in every match of a rule: told from the rule's own regex.
//!
//! Short keywords (`AC`, `pat`) are in every file; that 32 hexadecimal digits follow is rare. The regex says so,
//! and a look at the bytes behind the keyword is a hundred times cheaper than a search with the regex. A shape
//! may let through what is no match, and never keeps out what is one: where the regex is not simple enough to
//! tell, it asks for nothing.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// Bytes behind a keyword that are looked at, at most: less than what chunks of a file repeat.
const REACH: usize = 128;

/// A set of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ByteSet([u64; 4]);

impl ByteSet {
    fn add(&mut self, byte: u8) {
        if let Some(word) = self.0.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 63);
        }
    }

    /// Whether `byte` is in it.
    pub(crate) fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte >> 6)).is_some_and(|word| word >> (byte & 63) & 1 == 1)
    }

    /// Its bytes.
    pub(crate) fn bytes(self) -> impl Iterator<Item = u8> {
        (0..=u8::MAX).filter(move |&byte| self.has(byte))
    }

    fn of_class(class: &Class) -> Option<Self> {
        let mut set = Self::default();
        match class {
            Class::Bytes(class) => {
                class
                    .ranges()
                    .iter()
                    .for_each(|range| (range.start()..=range.end()).for_each(|b| set.add(b)));
            }
            Class::Unicode(class) => {
                for range in class.ranges() {
                    let ends = u8::try_from(range.start()).ok().zip(u8::try_from(range.end()).ok());
                    let (start, end) = ends.filter(|(_, end)| end.is_ascii())?;
                    (start..=end).for_each(|byte| set.add(byte));
                }
            }
        }
        Some(set)
    }

    /// Whether it is `byte`, and its other case if `any_case`, and nothing else.
    fn is(&self, byte: u8, any_case: bool) -> bool {
        let mut wanted = Self::default();
        wanted.add(byte);
        if any_case {
            wanted.add(byte.to_ascii_lowercase());
            wanted.add(byte.to_ascii_uppercase());
        }
        *self == wanted
    }
}

/// What must stand before and behind a keyword.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// The byte before, unless nothing is before.
    lead: Option<ByteSet>,
    /// Sets, and how many bytes of each follow.
    tail: Vec<(ByteSet, usize)>,
}

/// A regex, taken apart.
#[derive(Debug)]
pub struct Pattern(Vec<Part>);

impl Pattern {
    /// Whether nothing of the regex is known: it was not one, or is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a regex apart; what is no regex asks for nothing.
    pub fn parse(pattern: &str) -> Self {
        let parsed = ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern);
        let mut parts = Vec::new();
        if let Ok(hir) = &parsed {
            flatten(hir, &mut parts);
        }
        Self(parts)
    }

    /// The shape that it gives to `keyword`.
    pub fn shape(&self, keyword: &[u8], any_case: bool) -> Shape {
        let Self(parts) = self;
        // The places in the regex where the keyword stands in every match.
        let places: Vec<usize> =
            (0..parts.len()).filter(|&at| stands_at(parts, at, keyword, any_case)).collect();
        match places.as_slice() {
            [at] => Shape::around(parts, *at, keyword.len()),
            _ => Shape::default(),
        }
    }
}

impl Shape {
    fn around(parts: &[Part], at: usize, len: usize) -> Self {
        let lead = match at.checked_sub(1).and_then(|before| parts.get(before)) {
            Some(Part::Before(set) | Part::Run(set, 1..)) => Some(*set),
            _ => None,
        };
        let mut tail: Vec<(ByteSet, usize)> = Vec::new();
        let mut room = REACH;
        for part in parts.get(at.saturating_add(len)..).unwrap_or_default() {
            let (Part::Run(set, count) | Part::AtLeast(set, count)) = part else { break };
            let count = (*count).min(room);
            room -= count;
            match tail.last_mut() {
                Some((last, sum)) if last == set => *sum = sum.saturating_add(count),
                _ if count > 0 => tail.push((*set, count)),
                _ => {}
            }
            if matches!(part, Part::AtLeast(..)) || room == 0 {
                break;
            }
        }
        Self { lead, tail }
    }

    /// Whether a match may have the keyword at `start..end` of `bytes`.
    pub fn admits(&self, bytes: &[u8], start: usize, end: usize) -> bool {
        if let Some(lead) = &self.lead {
            let before = start.checked_sub(1).and_then(|at| bytes.get(at));
            if before.is_some_and(|byte| !lead.has(*byte)) {
                return false;
            }
        }
        let mut rest = bytes.get(end..).unwrap_or_default();
        self.tail.iter().all(|(set, count)| {
            let Some((run, after)) = rest.split_at_checked(*count) else { return false };
            rest = after;
            run.iter().all(|byte| set.has(*byte))
        })
    }

    /// The sets of the first bytes behind the keyword.
    pub(crate) fn following(&self) -> impl Iterator<Item = ByteSet> + '_ {
        self.tail.iter().flat_map(|(set, count)| std::iter::repeat_n(*set, *count))
    }
}

/// A part of a regex that is one thing after the other.
#[derive(Debug)]
enum Part {
    /// No byte, but the one before, if any, is of the set.
    Before(ByteSet),
    /// So many bytes of the set.
    Run(ByteSet, usize),
    /// So many or more: what follows has no fixed place.
    AtLeast(ByteSet, usize),
    /// Anything.
    Other,
}

fn flatten(hir: &Hir, parts: &mut Vec<Part>) {
    match hir.kind() {
        HirKind::Concat(all) => all.iter().for_each(|one| flatten(one, parts)),
        HirKind::Capture(capture) => flatten(&capture.sub, parts),
        HirKind::Literal(literal) => parts.extend(literal.0.iter().map(|&byte| {
            let mut set = ByteSet::default();
            set.add(byte);
            Part::Run(set, 1)
        })),
        HirKind::Class(class) => {
            parts.push(ByteSet::of_class(class).map_or(Part::Other, |set| Part::Run(set, 1)));
        }
        HirKind::Repetition(repetition) => {
            let set = match repetition.sub.kind() {
                HirKind::Class(class) => ByteSet::of_class(class),
                _ => None,
            };
            let least = repetition.min as usize;
            parts.push(match set {
                Some(set) if repetition.max == Some(repetition.min) => Part::Run(set, least),
                Some(set) => Part::AtLeast(set, least),
                None => Part::Other,
            });
        }
        HirKind::Alternation(branches) => parts.push(lead(branches).map_or(Part::Other, Part::Before)),
        // Where a word begins or ends, nothing is asked for: the lead of most rules is a class.
        HirKind::Look(Look::WordAscii) | HirKind::Empty => {}
        HirKind::Look(_) => parts.push(Part::Other),
    }
}

/// The byte before, where the branches are the start of the text and sets of bytes.
fn lead(branches: &[Hir]) -> Option<ByteSet> {
    let mut all = ByteSet::default();
    let mut starts = false;
    for branch in branches {
        match branch.kind() {
            HirKind::Look(Look::Start) => starts = true,
            HirKind::Class(class) => ByteSet::of_class(class)?.bytes().for_each(|byte| all.add(byte)),
            _ => return None,
        }
    }
    starts.then_some(all)
}

/// Whether the keyword is what the parts from `at` on match, byte for byte.
fn stands_at(parts: &[Part], at: usize, keyword: &[u8], any_case: bool) -> bool {
    let parts = parts.get(at..).unwrap_or_default().iter().map(Some).chain(std::iter::repeat(None));
    keyword
        .iter()
        .zip(parts)
        .all(|(&byte, part)| matches!(part, Some(Part::Run(set, 1)) if set.is(byte, any_case)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(pattern: &str, keyword: &str, text: &str) -> bool {
        let start = text.find(keyword).unwrap();
        let shape = Pattern::parse(pattern).shape(keyword.as_bytes(), false);
        shape.admits(text.as_bytes(), start, start + keyword.len())
    }

    #[test]
    fn what_follows_a_keyword_is_asked_for() {
        let pattern = r"(?: ^ | [^a-z] ) (?<secret> pat[A-Z]{3}\.[0-9]{2,4} )".replace(' ', "");
        for (text, admitted) in [
            ("patABC.123", true),
            ("-patABC.12", true),
            ("xpatABC.123", false),
            ("patABc.123", false),
            ("patABC.1", false),
            ("pat", false),
        ] {
            assert_eq!(admits(&pattern, "pat", text), admitted, "{text}");
        }
    }

    #[test]
    fn a_regex_that_is_not_simple_asks_for_nothing() {
        for pattern in ["(?:AC|SK)[0-9]{9}", "AC|x", "(?:AC)*[0-9]", "ACAC[0-9]", "[a-z]{3}"] {
            assert!(admits(pattern, "AC", "..AC.."), "{pattern}");
        }
    }
}
