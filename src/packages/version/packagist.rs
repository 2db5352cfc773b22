//! The order of Packagist: PHP's `version_compare`, of versions as Composer writes them.
//!
//! Composer takes off a `v`, build metadata and `-stable`, makes lower case of everything, and fills up with zeros.
//!
//! Source: PHP's manual of `version_compare`, and Composer's documentation of versions.

use std::cmp::Ordering;
use std::iter;

use super::pieces::{Number, compare_padded, split_number, split_once, split_run};

/// An element of a version, from the lowest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Element<'a> {
    /// Any other word.
    Unknown,
    Dev,
    Alpha,
    Beta,
    ReleaseCandidate,
    End,
    Number(Number<'a>),
    Patch,
}

/// How a word begins, and what it is; the first that fits.
const FORMS: [(&[u8], Element<'static>); 5] = [
    (b"dev", Element::Dev),
    (b"a", Element::Alpha),
    (b"b", Element::Beta),
    (b"rc", Element::ReleaseCandidate),
    (b"p", Element::Patch),
];

/// The numbers of a version, and the words behind them with theirs.
struct Version<'a> {
    release: &'a [u8],
    forms: &'a [u8],
}

pub(super) fn compare(left: &[u8], right: &[u8]) -> Option<Ordering> {
    let (left, right) = (left.to_ascii_lowercase(), right.to_ascii_lowercase());
    let (left, right) = (Version::parse(&left)?, Version::parse(&right)?);
    let order =
        compare_padded(elements(left.release), elements(right.release), Element::Number(Number::ZERO));
    Some(order.then_with(|| compare_padded(elements(left.forms), elements(right.forms), Element::End)))
}

impl<'a> Version<'a> {
    /// `None` for the wildcard of a branch (`1.x-dev`, `1.*`), and for characters that no version has.
    fn parse(text: &'a [u8]) -> Option<Self> {
        let text = text.strip_prefix(b"v").unwrap_or(text);
        let (text, _build) = split_once(text, b'+');
        let text = text.strip_suffix(b"-stable").unwrap_or(text);
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'/';
        let mut parts = text.split(|&byte| is_separator(byte));
        if text.is_empty() || !parts.all(|part| part != b"x" && part.iter().copied().all(is_word)) {
            return None;
        }
        let (release, forms) = split_run(text, |&byte| byte.is_ascii_digit() || is_separator(byte));
        Some(Self { release, forms })
    }
}

fn elements(mut rest: &[u8]) -> impl Iterator<Item = Element<'_>> {
    iter::from_fn(move || {
        let (_, start) = split_run(rest, |&byte| is_separator(byte));
        let (element, after) = if start.first()?.is_ascii_digit() {
            let (number, after) = split_number(start);
            (Element::Number(number), after)
        } else {
            let (word, after) = split_run(start, |&byte| !byte.is_ascii_digit() && !is_separator(byte));
            (form(word), after)
        };
        rest = after;
        Some(element)
    })
}

fn form(word: &[u8]) -> Element<'static> {
    let known = FORMS.iter().find(|(start, _)| word.starts_with(start));
    known.map_or(Element::Unknown, |&(_, form)| form)
}

const fn is_separator(byte: u8) -> bool {
    matches!(byte, b'.' | b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, tests};

    #[test]
    fn versions_are_ordered_as_by_php() {
        tests::rises(
            Scheme::Packagist,
            &[
                "dev-main",
                "0.9",
                "1.0-foo",
                "1.0-dev",
                "1.0-alpha1",
                "1.0-a2",
                "1.0-beta",
                "1.0-beta1",
                "1.0-RC1",
                "1.0RC2",
                "1.0",
                "1.0pl1",
                "1.0-p2",
                "1.0.1-dev",
                "1.0.1",
                "1.2",
                "1.10",
                "2",
                "99999999999999999999999",
            ],
        );
    }

    #[test]
    fn composer_brings_versions_into_one_form() {
        tests::same(
            Scheme::Packagist,
            &["1.0", "v1.0", "V1", "1.0.0", "1.0.0.0", "1.0.0-stable", "1.0+build", "01.0"],
        );
        tests::same(Scheme::Packagist, &["1-beta2.1", "1.0.0-b.2.1", "1.0beta2-1", "1_BETA2.1"]);
    }

    #[test]
    fn branches_with_a_wildcard_and_odd_characters_are_no_versions() {
        tests::none(
            Scheme::Packagist,
            "1.0",
            &["", "v", "1.x-dev", "1.*", "1.2.3.#", "^1.0", "1.0@dev", "~1"],
        );
    }
}
