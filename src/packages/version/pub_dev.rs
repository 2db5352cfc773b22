//! Dart's order of versions: Semantic Versioning, but that build metadata count, by the same rules as a pre-release.
//!
//! Source: the documentation of pub_semver.

use std::cmp::Ordering;

use super::semver::{Version, compare_identifiers, compare_prereleases};

pub(super) fn compare(left: &[u8], right: &[u8]) -> Option<Ordering> {
    let (left, right) = (Version::parse(left)?, Version::parse(right)?);
    let order = left.compare_numbers(&right);
    let order = order.then_with(|| compare_prereleases(left.prerelease, right.prerelease));
    Some(order.then_with(|| match (left.build, right.build) {
        (Some(left), Some(right)) => compare_identifiers(left, right),
        (left, right) => left.is_some().cmp(&right.is_some()),
    }))
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, tests};

    #[test]
    fn a_build_is_after_the_version_without_one() {
        tests::rises(
            Scheme::Pub,
            &[
                "1.0.0-a",
                "1.0.0-a+1",
                "1.0.0",
                "1.0.0+1",
                "1.0.0+2",
                "1.0.0+10",
                "1.0.0+a",
                "1.0.0+a.1",
                "1.0.1",
            ],
        );
    }
}
