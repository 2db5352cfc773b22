//! Alpine's order of versions: `1.2.3b_rc1_p2~0abc-r4`.
//!
//! Source: apk-package(5). Where it leaves a case open, `apk version --test` of apk-tools 3 decides; a number right after
//! the letter (`6.6.2p1`) and `-r` without a number are taken as apk-tools 2 took them.

use std::cmp::Ordering;

use super::pieces::{Number, split_number, split_run};

/// Suffixes that come before the version without one, from the lowest.
const EARLIER: [&str; 4] = ["alpha", "beta", "pre", "rc"];
/// Suffixes that come after it.
const LATER: [&str; 5] = ["cvs", "svn", "git", "hg", "p"];

/// An element of a version, from the lowest: what follows an equal beginning makes the version older or newer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Element<'a> {
    /// By its place in `EARLIER`.
    Earlier(usize),
    End,
    /// `-r4`.
    Revision(Number<'a>),
    /// `~0abc`.
    Commit(&'a [u8]),
    SuffixNumber(Number<'a>),
    /// By its place in `LATER`.
    Later(usize),
    Letter(u8),
    LetterNumber(Number<'a>),
    Part(Part<'a>),
    First(Number<'a>),
}

/// A number after a dot. If one of two begins with 0, they compare as text, as fractions do: `1.05 < 1.1`.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Part<'a>(&'a [u8]);

impl Ord for Part<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.0.starts_with(b"0") || other.0.starts_with(b"0") {
            return self.0.cmp(other.0);
        }
        Number::of_digits(self.0).cmp(&Number::of_digits(other.0))
    }
}

impl PartialOrd for Part<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// `None` where the first difference lies in, or behind, text that is no version.
pub(super) fn compare<'a>(mut left: &'a [u8], mut right: &'a [u8]) -> Option<Ordering> {
    let mut before = None;
    loop {
        let ((one, left_rest), (other, right_rest)) = (next(before, left)?, next(before, right)?);
        if one != other || one == Element::End {
            return Some(one.cmp(&other));
        }
        (before, left, right) = (Some(one), left_rest, right_rest);
    }
}

/// The next element, which must be one that may follow the one before it; and what comes after it.
fn next<'a>(before: Option<Element<'a>>, rest: &'a [u8]) -> Option<(Element<'a>, &'a [u8])> {
    use Element::{
        Commit, Earlier, End, First, Later, Letter, LetterNumber, Part as Dotted, Revision, SuffixNumber,
    };
    let Some((&first, after)) = rest.split_first() else {
        return before.map(|_| (End, rest));
    };
    match (before, first) {
        (None, b'0'..=b'9') => number(rest, First),
        (Some(First(_) | Dotted(_)), b'.') => part(after),
        (Some(First(_) | Dotted(_)), letter @ b'a'..=b'z') => Some((Letter(letter), after)),
        (Some(Letter(_)), b'0'..=b'9') => number(rest, LetterNumber),
        (Some(Earlier(_) | Later(_)), b'0'..=b'9') => number(rest, SuffixNumber),
        (None | Some(Revision(_) | End), _) => None,
        (Some(_), b'-') => revision(after),
        (Some(Commit(_)), _) => None,
        (Some(_), b'_') => suffix(after),
        (Some(_), b'~') => commit(after),
        _ => None,
    }
}

fn number<'a>(rest: &'a [u8], kind: fn(Number<'a>) -> Element<'a>) -> Option<(Element<'a>, &'a [u8])> {
    let (number, rest) = split_number(rest);
    Some((kind(number), rest))
}

fn part(rest: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (digits, rest) = split_run(rest, u8::is_ascii_digit);
    (!digits.is_empty()).then_some((Element::Part(Part(digits)), rest))
}

fn suffix(rest: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (name, rest) = split_run(rest, u8::is_ascii_lowercase);
    let place = |names: &[&str]| names.iter().position(|known| known.as_bytes() == name);
    let suffix = place(&EARLIER).map(Element::Earlier).or_else(|| place(&LATER).map(Element::Later))?;
    Some((suffix, rest))
}

fn commit(rest: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (hash, rest) = split_run(rest, |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (!hash.is_empty()).then_some((Element::Commit(hash), rest))
}

fn revision(rest: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (number, rest) = split_number(rest.strip_prefix(b"r")?);
    rest.is_empty().then_some((Element::Revision(number), rest))
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, tests};
    use super::Ordering;

    #[test]
    fn versions_are_ordered_as_by_apk() {
        tests::rises(
            Scheme::Apk,
            &[
                "0.9",
                "1_alpha_pre1",
                "1_alpha",
                "1_alpha-r1",
                "1_alpha1",
                "1_alpha2",
                "1_beta",
                "1_pre20260101",
                "1_rc1",
                "1",
                "1-r0",
                "1-r1",
                "1-r9",
                "1-r10",
                "1~0a",
                "1~0a-r1",
                "1~0b",
                "1_cvs",
                "1_svn",
                "1_git20260101",
                "1_hg",
                "1_p1_rc1",
                "1_p1",
                "1_p1-r1",
                "1_p2",
                "1a",
                "1a-r1",
                "1a_p1",
                "1b",
                "1b2",
                "1.0",
                "1.01",
                "1.010",
                "1.02",
                "1.1",
                "1.9",
                "1.10",
                "2",
                "99999999999999999999999",
            ],
        );
    }

    #[test]
    fn leading_zeros_count_only_after_a_dot() {
        tests::same(Scheme::Apk, &["01-r01", "1-r1"]);
        tests::same(Scheme::Apk, &["1-r", "1-r0"]);
        tests::rises(Scheme::Apk, &["1.05", "1.5", "1.50"]);
    }

    #[test]
    fn what_is_no_version_is_not_compared_but_what_comes_before_it_is() {
        tests::none(
            Scheme::Apk,
            "1",
            &[
                "", "a", ".1", "_p1", "-r1", "1.", "1..1", "1_", "1_foo", "1_P1", "1A", "1-1", "1-r1.1",
                "1-r1_p1", "1~", "1~xyz", "v1",
            ],
        );
        assert_eq!(Scheme::Apk.compare("4_beta", "23_foo"), Some(Ordering::Less));
        assert_eq!(Scheme::Apk.compare("1.0", "1.0bc"), Some(Ordering::Less));
        tests::none(Scheme::Apk, "1_foo", &["1_bar", "1_rc1"]);
    }
}
