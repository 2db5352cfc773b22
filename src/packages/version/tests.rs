//! What holds in every scheme, and how the tests of one say what they expect.

use std::cmp::Ordering;

use super::Scheme;

/// Each version is newer than all before it.
pub(super) fn rises(scheme: Scheme, versions: &[&str]) {
    for (at, newer) in versions.iter().enumerate() {
        assert_eq!(scheme.compare(newer, newer), Some(Ordering::Equal), "{scheme:?}: {newer}");
        for older in versions.get(..at).unwrap() {
            assert_eq!(scheme.compare(older, newer), Some(Ordering::Less), "{scheme:?}: {older} < {newer}");
            assert_eq!(
                scheme.compare(newer, older),
                Some(Ordering::Greater),
                "{scheme:?}: {newer} > {older}"
            );
        }
    }
}

/// All are the same version.
pub(super) fn same(scheme: Scheme, versions: &[&str]) {
    for left in versions {
        for right in versions {
            assert_eq!(scheme.compare(left, right), Some(Ordering::Equal), "{scheme:?}: {left} = {right}");
        }
    }
}

/// None of `odd` can be compared with `version`.
pub(super) fn none(scheme: Scheme, version: &str, odd: &[&str]) {
    for odd in odd {
        assert_eq!(scheme.compare(odd, version), None, "{scheme:?}: {odd}, {version}");
        assert_eq!(scheme.compare(version, odd), None, "{scheme:?}: {version}, {odd}");
    }
}
