//! R's order of versions: rows of numbers, with dots or dashes between them; of two that begin alike the longer one is newer.
//!
//! Source: R's help page of `numeric_version`.

use std::cmp::Ordering;

use super::pieces::Number;

pub(super) fn compare(left: &[u8], right: &[u8]) -> Option<Ordering> {
    compare_rows(left, right, |byte| byte == b'.' || byte == b'-')
}

/// The order of two rows of numbers. `None` where one has anything else.
pub(super) fn compare_rows(left: &[u8], right: &[u8], is_separator: fn(u8) -> bool) -> Option<Ordering> {
    let row = |text| is_row(text, is_separator).then(|| numbers(text, is_separator));
    Some(row(left)?.cmp(row(right)?))
}

fn is_row(text: &[u8], is_separator: fn(u8) -> bool) -> bool {
    text.split(|&byte| is_separator(byte)).all(|part| Number::parse(part).is_some())
}

fn numbers(text: &[u8], is_separator: fn(u8) -> bool) -> impl Iterator<Item = Number<'_>> {
    text.split(move |&byte| is_separator(byte)).map(Number::of_digits)
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, tests};

    #[test]
    fn versions_are_rows_of_numbers() {
        tests::rises(
            Scheme::Cran,
            &[
                "0.1",
                "0.1-0",
                "0.1-0.0",
                "0.1-1",
                "0.1-10",
                "0.9",
                "0.75",
                "1.0",
                "1.0.1",
                "1.0-2",
                "99999999999999999999999",
            ],
        );
        tests::same(Scheme::Cran, &["0.01.0", "0.1-0", "00-1-0"]);
        tests::none(Scheme::Cran, "1.0", &["", "a", "1.", "-1", "1..0", "1.0a", "1.0 -1", "v1.0", "1.0+1"]);
    }
}
