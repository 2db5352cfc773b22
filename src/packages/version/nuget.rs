//! NuGet's order of versions: as Semantic Versioning, but with four numbers, and labels whose case does not count.
//!
//! Source: the documentation of NuGet, "Package versioning".

use std::cmp::Ordering;

use super::semver::{Version, compare_prereleases};

pub(super) fn compare(left: &[u8], right: &[u8]) -> Option<Ordering> {
    let (left, right) = (left.to_ascii_lowercase(), right.to_ascii_lowercase());
    let (left, right) = (Version::parse(&left)?, Version::parse(&right)?);
    let order = left.compare_numbers(&right);
    Some(order.then_with(|| compare_prereleases(left.prerelease, right.prerelease)))
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, tests};

    #[test]
    fn the_case_of_labels_does_not_count() {
        tests::same(Scheme::Nuget, &["1.0.0-BETA.X", "1.0.0-beta.x", "1.0-Beta.x+a", "1.0.0.0-beta.X+B"]);
        tests::rises(Scheme::Nuget, &["1.0.0-Alpha", "1.0.0-beta", "1.0.0-BETA.1", "1.0.0-RC", "1.0.0"]);
    }

    #[test]
    fn there_is_a_fourth_number() {
        tests::rises(Scheme::Nuget, &["1.0.0", "1.0.0.1-pre", "1.0.0.1", "1.0.0.2", "1.0.0.10", "1.0.1"]);
        tests::same(Scheme::Nuget, &["1", "1.0", "1.0.0", "1.0.0.0", "1.0.00"]);
    }
}
