//! The order of RubyGems: segments of digits and of letters; letters make a pre-release.
//!
//! The platform (`1.2.3-x86_64-linux`) is no part of a version: take it off first.
//!
//! Source: the documentation of `Gem::Version`.

use std::cmp::Ordering;

use super::pieces::{Number, compare_padded, split_number, split_run};

/// A segment, from the lowest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Segment<'a> {
    Letters(&'a [u8]),
    /// Where the version ends, it goes on as the number 0.
    Number(Number<'a>),
}

/// What a dash stands for.
const DASH: Segment<'static> = Segment::Letters(b"pre");

pub(super) fn compare(left: &[u8], right: &[u8]) -> Option<Ordering> {
    let (left, right) = (parse(left)?, parse(right)?);
    Some(compare_padded(left, right, Segment::Number(Number::ZERO)))
}

/// The segments. Zeros at the end do not count, nor those before the first letters.
fn parse(text: &[u8]) -> Option<Vec<Segment<'_>>> {
    if !text.first()?.is_ascii_digit() {
        return None;
    }
    let (mut segments, mut is_release, mut rest) = (Vec::new(), true, text);
    while let Some((&first, after)) = rest.split_first() {
        let (segment, after) = match first {
            b'.' => (None, after),
            b'-' => (Some(DASH), after),
            b'0'..=b'9' => {
                let (number, after) = split_number(rest);
                (Some(Segment::Number(number)), after)
            }
            letter if letter.is_ascii_alphabetic() => {
                let (letters, after) = split_run(rest, u8::is_ascii_alphabetic);
                (Some(Segment::Letters(letters)), after)
            }
            _ => return None,
        };
        rest = after;
        if matches!(segment, Some(Segment::Letters(_))) && is_release {
            is_release = false;
            trim_zeros(&mut segments);
        }
        segments.extend(segment);
    }
    trim_zeros(&mut segments);
    Some(segments)
}

fn trim_zeros(segments: &mut Vec<Segment<'_>>) {
    while segments.last() == Some(&Segment::Number(Number::ZERO)) {
        segments.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, tests};

    #[test]
    fn versions_are_ordered_as_by_rubygems() {
        tests::rises(
            Scheme::Gem,
            &[
                "0",
                "0.9",
                "1.0.a",
                "1.0.a.2",
                "1.0.a10",
                "1.0.b1",
                "1.0.pre.1",
                "1.0.rc1",
                "1",
                "1.0.1.a",
                "1.0.1",
                "1.2",
                "1.9",
                "1.10",
                "2",
                "99999999999999999999999",
            ],
        );
    }

    #[test]
    fn zeros_before_letters_and_at_the_end_do_not_count() {
        tests::same(Scheme::Gem, &["1", "1.0", "1.0.0", "01"]);
        tests::same(Scheme::Gem, &["1.a", "1.0.a", "1.0.0.a.0", "1a"]);
        tests::same(Scheme::Gem, &["1-2", "1.pre.2", "1.0.pre2"]);
    }

    #[test]
    fn other_characters_make_no_version() {
        tests::none(Scheme::Gem, "1", &["", "a", ".1", "-1", "1_0", "1.0+1", ">=1", "1.0-x86_64"]);
    }
}
