//! The order of Packagist: PHP's `version_compare`, of versions as Composer writes them.
//!
//! Composer takes off a `v`, build metadata and `-stable`, makes lower case of everything, and fills up with zeros.
//!
//! Source: PHP's manual of `version_compare`, and Composer's documentation of versions.

use std::cmp::Ordering;

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

pub(super) fn compare(left: &[u8], right: &[u8]) -> Option<Ordering> {
    let (left, right) = (left.to_ascii_lowercase(), right.to_ascii_lowercase());
    let (left, right) = (parse(&left)?, parse(&right)?);
    Some(compare_padded(left, right, Element::End))
}

fn parse(text: &[u8]) -> Option<Vec<Element<'_>>> {
    let text = text.strip_prefix(b"v").unwrap_or(text);
    let (text, _build) = split_once(text, b'+');
    let mut rest = text.strip_suffix(b"-stable").unwrap_or(text);
    let (mut version, mut is_release) = (Vec::new(), true);
    while let Some((&first, after)) = rest.split_first() {
        let (element, after) = match first {
            b'.' | b'-' | b'_' => (None, after),
            b'0'..=b'9' => {
                let (number, after) = split_number(rest);
                (Some(Element::Number(number)), after)
            }
            _ => {
                let (word, after) = split_run(rest, |byte| !byte.is_ascii_digit() && !b".-_".contains(byte));
                (Some(form(word)?), after)
            }
        };
        rest = after;
        if is_release && element.is_some_and(|element| !matches!(element, Element::Number(_))) {
            is_release = false;
            trim_zeros(&mut version);
        }
        version.extend(element);
    }
    if is_release {
        trim_zeros(&mut version);
    }
    (!text.is_empty()).then_some(version)
}

/// `None` for the wildcard of a branch (`1.x-dev`, `1.*`), and for characters that no version has.
fn form(word: &[u8]) -> Option<Element<'static>> {
    if word == b"x" || !word.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b'/') {
        return None;
    }
    let known = FORMS.iter().find(|(start, _)| word.starts_with(start));
    Some(known.map_or(Element::Unknown, |&(_, form)| form))
}

fn trim_zeros(version: &mut Vec<Element<'_>>) {
    while version.len() > 1 && version.last() == Some(&Element::Number(Number::ZERO)) {
        version.pop();
    }
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
