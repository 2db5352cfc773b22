//! The order of pacman, Arch's package manager: rpm's of old, with three rules of its own.
//!
//! - Letters right after a number are older than the number alone (`1.0a < 1.0`), those after a separator are newer
//!   (`1.0 < 1.0.a`).
//! - Of two separators the longer one is newer.
//! - Releases count only where both versions have one. So `1-1` and `1-2` are both the same as `1`.
//!
//! Source: vercmp(8), and the documentation of libalpm's `alpm_pkg_vercmp`.

use std::cmp::Ordering;

use super::pieces::{split_number, split_run};
use super::rpm::Evr;

pub(super) fn compare(left: &[u8], right: &[u8]) -> Ordering {
    let (left, right) = (Evr::split(left), Evr::split(right));
    let order = left.epoch.cmp(&right.epoch);
    let order = order.then_with(|| compare_parts(left.version, right.version));
    order.then_with(|| match (left.release, right.release) {
        (Some(left), Some(right)) => compare_parts(left, right),
        _ => Ordering::Equal,
    })
}

fn compare_parts<'a>(mut left: &'a [u8], mut right: &'a [u8]) -> Ordering {
    while !left.is_empty() && !right.is_empty() {
        let (left_gap, left_rest) = split_run(left, is_separator);
        let (right_gap, right_rest) = split_run(right, is_separator);
        (left, right) = (left_rest, right_rest);
        if left.is_empty() || right.is_empty() {
            break;
        }
        let gaps = left_gap.len().cmp(&right_gap.len());
        let (segments, left_rest, right_rest) = compare_segments(left, right);
        let order = gaps.then(segments);
        if order.is_ne() {
            return order;
        }
        (left, right) = (left_rest, right_rest);
    }
    compare_rests(left, right)
}

/// The order of the numbers or letters at the start of both, and what follows them.
fn compare_segments<'a>(left: &'a [u8], right: &'a [u8]) -> (Ordering, &'a [u8], &'a [u8]) {
    let starts_with_digit = |text: &[u8]| text.first().is_some_and(u8::is_ascii_digit);
    match (starts_with_digit(left), starts_with_digit(right)) {
        (true, true) => {
            let ((left, left_rest), (right, right_rest)) = (split_number(left), split_number(right));
            (left.cmp(&right), left_rest, right_rest)
        }
        (false, false) => {
            let (left, left_rest) = split_run(left, u8::is_ascii_alphabetic);
            let (right, right_rest) = split_run(right, u8::is_ascii_alphabetic);
            (left.cmp(right), left_rest, right_rest)
        }
        (left_is_number, right_is_number) => (left_is_number.cmp(&right_is_number), left, right),
    }
}

/// The order where one of the two, or both, has come to its end.
fn compare_rests(left: &[u8], right: &[u8]) -> Ordering {
    let starts_with_letter = |text: &[u8]| text.first().is_some_and(u8::is_ascii_alphabetic);
    match (left.is_empty(), right.is_empty()) {
        (true, true) => Ordering::Equal,
        _ if starts_with_letter(left) => Ordering::Less,
        (true, false) if !starts_with_letter(right) => Ordering::Less,
        _ => Ordering::Greater,
    }
}

fn is_separator(byte: &u8) -> bool {
    !byte.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, tests};

    #[test]
    fn versions_are_ordered_as_by_vercmp() {
        tests::rises(
            Scheme::Alpm,
            &[
                "1.0a-1",
                "1.0alpha-1",
                "1.0b-1",
                "1.0beta-1",
                "1.0p-1",
                "1.0pre-1",
                "1.0rc-1",
                "1.0-1",
                "1.0-1.1",
                "1.0-2",
                "1.0.a-1",
                "1.0.a.1-1",
                "1.0.1-1",
                "1.1-1",
                "1.1..1-1",
                "1.2-1",
                "1.10-1",
                "99999999999999999999999-1",
                "1:0-1",
            ],
        );
    }

    #[test]
    fn a_release_counts_only_against_a_release() {
        tests::same(Scheme::Alpm, &["1.0", "1.0-1"]);
        tests::same(Scheme::Alpm, &["1.0", "1.0-2"]);
        tests::same(Scheme::Alpm, &["0:1.0-1", "1.0-1", "1.00-01", "1_0-1"]);
    }
}
