//! Debian's order of versions.
//!
//! Source: deb-version(7), and Debian Policy, section 5.6.12.

use std::cmp::Ordering;
use std::iter;

use super::pieces::{Number, compare_padded, split_last, split_number, split_once};

/// An element of the upstream version or of the revision, from the lowest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Element<'a> {
    /// Before everything, even before the end.
    Tilde,
    /// Where the text ends, it goes on as the number 0.
    Number(Number<'a>),
    Letter(u8),
    Other(u8),
}

struct Version<'a> {
    epoch: Number<'a>,
    upstream: &'a [u8],
    /// Empty where there is none, which is the same as `0`.
    revision: &'a [u8],
}

impl<'a> Version<'a> {
    fn parse(text: &'a [u8]) -> Option<Self> {
        if !text.is_ascii() {
            return None;
        }
        let (epoch, rest) = match split_once(text, b':') {
            (epoch, Some(rest)) => (Number::parse(epoch)?, rest),
            (rest, None) => (Number::ZERO, rest),
        };
        let (upstream, revision) = split_last(rest, b'-');
        if upstream.is_empty() || revision.is_some_and(<[u8]>::is_empty) {
            return None;
        }
        Some(Self { epoch, upstream, revision: revision.unwrap_or_default() })
    }
}

pub(super) fn compare(left: &[u8], right: &[u8]) -> Option<Ordering> {
    let (left, right) = (Version::parse(left)?, Version::parse(right)?);
    let order = left.epoch.cmp(&right.epoch);
    let order = order.then_with(|| compare_parts(left.upstream, right.upstream));
    Some(order.then_with(|| compare_parts(left.revision, right.revision)))
}

fn compare_parts(left: &[u8], right: &[u8]) -> Ordering {
    compare_padded(elements(left), elements(right), Element::Number(Number::ZERO))
}

fn elements(mut rest: &[u8]) -> impl Iterator<Item = Element<'_>> {
    iter::from_fn(move || {
        let (&first, after) = rest.split_first()?;
        if first.is_ascii_digit() {
            let (number, after) = split_number(rest);
            rest = after;
            return Some(Element::Number(number));
        }
        rest = after;
        Some(match first {
            b'~' => Element::Tilde,
            letter if letter.is_ascii_alphabetic() => Element::Letter(letter),
            other => Element::Other(other),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, tests};

    #[test]
    fn versions_are_ordered_as_by_dpkg() {
        tests::rises(
            Scheme::Dpkg,
            // The last of each pair that dpkg would say is newer; asked of `dpkg --compare-versions`.
            &[
                "0~~",
                "0~~a",
                "0~",
                "0",
                "0a",
                "0+",
                "1~rc1-1",
                "1~rc1-1+b1",
                "1-1~bpo12+1",
                "1-1",
                "1-1+b1",
                "1-1+deb12u1",
                "1-1.1",
                "1-2",
                "1a-1",
                "1+dfsg-1",
                "1-1-1",
                "1.0~",
                "1.1",
                "1.9",
                "1.10",
                "2",
                "9999999999999999999999",
                "1:0",
            ],
        );
    }

    #[test]
    fn a_missing_epoch_or_revision_is_zero() {
        tests::same(Scheme::Dpkg, &["1.0", "0:1.0", "00:1.0-0", "1.0-00", "1.00"]);
    }

    #[test]
    fn what_dpkg_refuses_is_no_version() {
        let odd = ["", "a:1", ":1", "-1:1", "1:", "1:-1", "-1", "1.0-", "1.0\u{e9}", "1.0 -1"];
        tests::none(Scheme::Dpkg, "1.0", &odd);
    }
}
