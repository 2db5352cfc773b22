//! Haskell's order of versions: rows of numbers, with dots between them; of two that begin alike the longer one is newer.
//!
//! Source: the Haskell Package Versioning Policy, and `Data.Version`.

use std::cmp::Ordering;

use super::cran::compare_rows;

pub(super) fn compare(left: &[u8], right: &[u8]) -> Option<Ordering> {
    compare_rows(left, right, |byte| byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, tests};

    #[test]
    fn versions_are_rows_of_numbers() {
        tests::rises(
            Scheme::Hackage,
            &[
                "0",
                "0.1",
                "0.1.0",
                "0.1.0.0",
                "0.2",
                "0.10",
                "1",
                "1.0",
                "1.0.0",
                "1.1",
                "99999999999999999999999",
            ],
        );
        tests::same(Scheme::Hackage, &["1.2.3", "01.2.03"]);
        tests::none(Scheme::Hackage, "1.0", &["", "a", "1.", "1-1", "1.0-rc", "v1.0"]);
    }
}
