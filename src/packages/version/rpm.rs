//! RPM's order of versions, with epoch and release.
//!
//! Source: rpm-version(7), and the rules by which rpm tells epoch, version and release apart.

use std::cmp::Ordering;
use std::iter;

use super::pieces::{Number, compare_padded, split_last, split_number, split_once, split_run};

/// An element of a version or release, from the lowest. All other characters only separate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Element<'a> {
    /// Before the version without it.
    Tilde,
    End,
    /// After the version without it, but before any longer one.
    Caret,
    Letters(&'a [u8]),
    Number(Number<'a>),
}

/// Epoch, version, release.
pub(super) struct Evr<'a> {
    /// 0 where there is none.
    pub(super) epoch: Number<'a>,
    pub(super) version: &'a [u8],
    pub(super) release: Option<&'a [u8]>,
}

impl<'a> Evr<'a> {
    /// What is before the first colon is an epoch only if it is a number (or nothing, then 0); the release follows
    /// the last dash.
    pub(super) fn split(text: &'a [u8]) -> Self {
        let (epoch, rest) = match split_once(text, b':') {
            (epoch, Some(rest)) if epoch.iter().all(u8::is_ascii_digit) => (Number::of_digits(epoch), rest),
            _ => (Number::ZERO, text),
        };
        let (version, release) = split_last(rest, b'-');
        Self { epoch, version, release }
    }
}

pub(super) fn compare(left: &[u8], right: &[u8]) -> Ordering {
    let (left, right) = (Evr::split(left), Evr::split(right));
    let order = left.epoch.cmp(&right.epoch);
    let order = order.then_with(|| compare_parts(left.version, right.version));
    order.then_with(|| match (left.release, right.release) {
        (Some(left), Some(right)) => compare_parts(left, right),
        (left, right) => left.is_some().cmp(&right.is_some()),
    })
}

fn compare_parts(left: &[u8], right: &[u8]) -> Ordering {
    compare_padded(elements(left), elements(right), Element::End)
}

fn elements(mut rest: &[u8]) -> impl Iterator<Item = Element<'_>> {
    iter::from_fn(move || {
        let is_separator = |byte: &u8| !byte.is_ascii_alphanumeric() && !b"~^".contains(byte);
        let (_, start) = split_run(rest, is_separator);
        let (&first, after) = start.split_first()?;
        let (element, after) = match first {
            b'~' => (Element::Tilde, after),
            b'^' => (Element::Caret, after),
            digit if digit.is_ascii_digit() => {
                let (number, after) = split_number(start);
                (Element::Number(number), after)
            }
            _ => {
                let (letters, after) = split_run(start, u8::is_ascii_alphabetic);
                (Element::Letters(letters), after)
            }
        };
        rest = after;
        Some(element)
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, tests};

    #[test]
    fn versions_are_ordered_as_by_rpm() {
        tests::rises(
            Scheme::Rpm,
            &[
                "1.0~rc1~git1-1",
                "1.0~rc1-1",
                "1.0~rc1^git1-1",
                "1.0~rc2-1",
                "1.0",
                "1.0-",
                "1.0-0",
                "1.0-1",
                "1.0-1.el9",
                "1.0-1.el9_2",
                "1.0-1.1",
                "1.0-2",
                "1.0^20260101-1",
                "1.0^20260101.1-1",
                "1.0a-1",
                "1.0.a-2",
                "1.0.1-1",
                "1.1-1",
                "1.9-1",
                "1.10-1",
                "20260101-1",
                "99999999999999999999999-1",
                "1:0-1",
                "2:0-1",
            ],
        );
    }

    #[test]
    fn only_a_number_is_an_epoch_and_a_missing_one_is_zero() {
        tests::same(Scheme::Rpm, &["1.0-1", "0:1.0-1", ":1.0-1", "00:1.0-1"]);
        tests::rises(Scheme::Rpm, &["1.module+el9:1-1", "4.module+el8:1-1", "1:1-1"]);
    }

    #[test]
    fn separators_are_all_the_same() {
        tests::same(Scheme::Rpm, &["1.0-1", "1_0-1", "1.00-01", "1..0-1", "1.0\u{e4}-1.", "1.0+-1"]);
    }
}
