//! Semantic Versioning 2.0.0, and what people write in its place: a `v` in front, fewer or more than three numbers.
//!
//! Versions of Go need nothing more: `+incompatible` is build metadata, and a pseudo-version
//! (`v0.0.0-20191109021931-daa7c04131f5`) is a pre-release by construction.
//!
//! Source: semver.org, section 11.

use std::cmp::Ordering;

use super::pieces::{Number, compare_padded, split_once, split_run};

/// A version in its three parts.
pub(super) struct Version<'a> {
    /// Numbers, with dots between them.
    numbers: &'a [u8],
    /// What makes it older than the numbers alone.
    pub(super) prerelease: Option<&'a [u8]>,
    pub(super) build: Option<&'a [u8]>,
}

/// An identifier of a pre-release, or of a build.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier<'a> {
    Number(Number<'a>),
    Text(&'a [u8]),
}

impl<'a> Version<'a> {
    pub(super) fn parse(text: &'a [u8]) -> Option<Self> {
        let text = text.strip_prefix(b"v").or_else(|| text.strip_prefix(b"V")).unwrap_or(text);
        let (text, build) = split_once(text, b'+');
        let (numbers, rest) = split_run(text, |byte| byte.is_ascii_digit() || *byte == b'.');
        if !numbers.first().is_some_and(u8::is_ascii_digit) {
            return None;
        }
        // `1.0rc1` and `1.x` have no dash, but are before `1.0` all the same.
        let prerelease = (!rest.is_empty()).then(|| rest.strip_prefix(b"-").unwrap_or(rest));
        Some(Self { numbers, prerelease, build })
    }

    /// The order of the numbers; missing ones are 0.
    pub(super) fn compare_numbers(&self, other: &Self) -> Ordering {
        compare_padded(self.numbers(), other.numbers(), Number::ZERO)
    }

    fn numbers(&self) -> impl Iterator<Item = Number<'a>> {
        self.numbers.split(|&byte| byte == b'.').map(Number::of_digits)
    }
}

pub(super) fn compare(left: &[u8], right: &[u8]) -> Option<Ordering> {
    let (left, right) = (Version::parse(left)?, Version::parse(right)?);
    let order = left.compare_numbers(&right);
    Some(order.then_with(|| compare_prereleases(left.prerelease, right.prerelease)))
}

/// A version with a pre-release is older than the one without.
pub(super) fn compare_prereleases(left: Option<&[u8]>, right: Option<&[u8]>) -> Ordering {
    match (left, right) {
        (Some(left), Some(right)) => compare_identifiers(left, right),
        _ => left.is_none().cmp(&right.is_none()),
    }
}

pub(super) fn compare_identifiers(left: &[u8], right: &[u8]) -> Ordering {
    identifiers(left).cmp(identifiers(right))
}

fn identifiers(text: &[u8]) -> impl Iterator<Item = Identifier<'_>> {
    let identifier = |text| Number::parse(text).map_or(Identifier::Text(text), Identifier::Number);
    text.split(|&byte| byte == b'.').map(identifier)
}

#[cfg(test)]
mod tests {
    use super::super::{Scheme, tests};

    #[test]
    fn versions_are_ordered_by_section_11() {
        tests::rises(
            Scheme::Semver,
            &[
                "0.0.0-0",
                "0.0.0",
                "1.0.0-0",
                "1.0.0-1",
                "1.0.0-99999999999999999999999",
                "1.0.0-alpha",
                "1.0.0-alpha.1",
                "1.0.0-alpha.beta",
                "1.0.0-beta",
                "1.0.0-beta.2",
                "1.0.0-beta.11",
                "1.0.0-rc.1",
                "1.0.0",
                "1.0.1",
                "1.2.0",
                "1.10.0",
                "2.0.0",
                "99999999999999999999999.0.0",
            ],
        );
    }

    #[test]
    fn build_metadata_a_v_and_missing_numbers_do_not_count() {
        tests::same(
            Scheme::Semver,
            &["1.0.0", "v1.0.0", "V1", "1", "1.0", "1.0.0+a", "1.0.0+b", "01.0.0", "1.0.0.0"],
        );
        tests::rises(Scheme::Semver, &["1.0.0", "1.0.0.1", "1.0.1"]);
    }

    #[test]
    fn letters_without_a_dash_are_a_prerelease() {
        tests::rises(Scheme::Semver, &["1.21", "1.22rc1", "1.22rc2", "1.22", "1.22.1"]);
    }

    #[test]
    fn pseudo_versions_of_go_are_before_the_release_they_lead_to() {
        tests::rises(
            Scheme::Semver,
            &[
                "v0.0.0-20191109021931-daa7c04131f5",
                "v0.0.0-20191209021931-0a7c04131f5d",
                "v1.2.3",
                "v1.2.4-0.20191109021931-daa7c04131f5",
                "v1.2.4-rc1",
                "v1.2.4-rc1.0.20191109021931-daa7c04131f5",
                "v1.2.4",
                "v2.0.0+incompatible",
                "v2.0.1+incompatible",
            ],
        );
    }

    #[test]
    fn names_of_branches_are_no_versions() {
        tests::none(
            Scheme::Semver,
            "1.0.0",
            &["", "v", "(devel)", "latest", "master", "-1", ".1", "*", "^1.0.0", ">=1"],
        );
    }
}
