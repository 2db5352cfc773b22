//! The other half of a credential: the secret near an id, the id near a secret.

use std::ops::Range;

use super::lazy_regex::LazyRegex;
use super::validators::{Validator, Verdict, entropy};
use crate::finding::{Secret, Severity};

/// Bytes before a match in which the other half may begin: no more than a chunk repeats before it.
const BEFORE: usize = 256;
/// Bytes behind a match in which the other half may end.
const AFTER: usize = 512;
/// Lines between the halves, at most.
const LINES: usize = 5;

/// What the other half of a rule's match looks like.
#[derive(Debug)]
pub struct Pair {
    /// Its group `other` is the half.
    pub(super) matcher: LazyRegex,
    pub(super) min_entropy: f64,
    pub(super) validators: Vec<Validator>,
    /// How bad both together are, where the other half is the secret; none where it is the id.
    pub(super) severity: Option<Severity>,
}

/// The other half of a match.
#[derive(Clone, Debug)]
pub struct Other {
    /// The value.
    pub value: Secret,
    /// How bad both together are, where the value is the secret; none where it is the id.
    pub severity: Option<Severity>,
}

impl Pair {
    /// The half that is nearest to the value at `span`: in its line, behind it, before it.
    pub(super) fn near(&self, bytes: &[u8], span: &Range<usize>) -> Option<Other> {
        let from = span.start.saturating_sub(BEFORE);
        let to = span.end.saturating_add(AFTER).min(bytes.len());
        let text = bytes.get(..to).unwrap_or_default();
        let regex = self.matcher.get()?;
        let mut best: Option<((usize, bool, usize), Range<usize>)> = None;
        let mut at = from;
        while let Some(other) = regex.captures_at(text, at).and_then(|found| found.name("other")) {
            at = other.end().max(at.saturating_add(1));
            let before = other.end() <= span.start;
            if !before && other.start() < span.end || !self.holds(other.as_bytes()) {
                continue;
            }
            let between = if before { other.end()..span.start } else { span.end..other.start() };
            let between = bytes.get(between).unwrap_or_default();
            let lines = memchr::memchr_iter(b'\n', between).count();
            let rank = (lines, before, between.len());
            if lines <= LINES && best.as_ref().is_none_or(|(known, _)| rank < *known) {
                best = Some((rank, other.range()));
            }
        }
        let value = bytes.get(best?.1)?;
        Some(Other { value: Secret::new(value), severity: self.severity })
    }

    fn holds(&self, value: &[u8]) -> bool {
        entropy(value) >= self.min_entropy
            && self.validators.iter().all(|validator| validator(value) != Verdict::Refuted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(text: &str) -> Option<String> {
        let matcher = LazyRegex::new("(?:^|[^0-9a-f])(?<other>[0-9a-f]{8})(?:[^0-9a-f]|$)".to_owned());
        let pair = Pair { matcher, min_entropy: 2.0, validators: Vec::new(), severity: None };
        let at = text.find("ID").unwrap();
        let other = pair.near(text.as_bytes(), &(at..at + 2))?;
        Some(String::from_utf8(other.value.reveal().to_vec()).unwrap())
    }

    #[test]
    fn the_half_in_the_same_line_is_nearer_than_one_in_the_next() {
        assert_eq!(near("0123abcd\nID ........ 9876fedc\n01234567").as_deref(), Some("9876fedc"));
        assert_eq!(near("0123abcd,ID\n9876fedc,ID").as_deref(), Some("0123abcd"));
        assert_eq!(near("ID\n9876fedc\n").as_deref(), Some("9876fedc"));
    }

    #[test]
    fn a_half_far_away_or_without_entropy_is_none() {
        assert_eq!(near(&format!("ID{}9876fedc", "\n".repeat(7))), None);
        assert_eq!(near(&format!("ID{}9876fedc", ".".repeat(600))), None);
        assert_eq!(near("ID\n00000000\n"), None);
    }
}
