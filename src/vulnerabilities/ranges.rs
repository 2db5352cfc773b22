//! Whether a version is one of those that a claim is about. Source: OSV schema 1.7, "Evaluation".

use std::cmp::Ordering;

use super::statement::{Claim, Event, Range};
use crate::packages::version::Scheme;

/// What a claim says of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is not affected.
    Unaffected,
    /// It is affected, and mended in this version, if in one.
    Affected(Option<String>),
    /// The version, or one that it would have to be compared with, is none.
    Unreadable,
}

/// Affected is what is listed, or lies inside any range.
pub(super) fn verdict(claim: &Claim, scheme: Scheme, version: &str) -> Verdict {
    let is_listed = claim.versions.iter().any(|listed| is_same(scheme, listed, version));
    let mut unreadable = false;
    let mut next = None;
    for range in &claim.ranges {
        match within(range, scheme, version) {
            Some(Within { affected: true, fixed }) => return Verdict::Affected(fixed),
            Some(Within { affected: false, fixed }) => next = next.or(fixed),
            None => unreadable = true,
        }
    }
    match (is_listed, unreadable) {
        (true, _) => Verdict::Affected(next),
        (false, true) => Verdict::Unreadable,
        (false, false) => Verdict::Unaffected,
    }
}

/// Versions in lists are those of releases, letter by letter; Python's have several spellings.
fn is_same(scheme: Scheme, listed: &str, version: &str) -> bool {
    listed == version
        || (scheme == Scheme::Pep440 && scheme.compare(listed, version) == Some(Ordering::Equal))
}

struct Within {
    affected: bool,
    /// The next version that mends it.
    fixed: Option<String>,
}

/// The event that is the last one not behind the version decides; `None` where it cannot be told which that is.
fn within(range: &Range, scheme: Scheme, version: &str) -> Option<Within> {
    let order = |event: &str| compare(scheme, event, version);
    let mut last: Option<&Event> = None;
    let mut fixed: Option<&str> = None;
    let mut limits = (0_usize, 0_usize);
    for event in &range.events {
        let (point, reached) = match event {
            Event::Introduced(point) | Event::Fixed(point) => (point, order(point)?.is_le()),
            Event::LastAffected(point) => (point, order(point)?.is_lt()),
            Event::Limit(point) => {
                let above = point == "*" || order(point)?.is_gt();
                limits = (limits.0.saturating_add(1), limits.1.saturating_add(usize::from(above)));
                continue;
            }
        };
        if reached && last.is_none_or(|last| is_later(scheme, event, last)) {
            last = Some(event);
        }
        let is_next = |known: &str| compare(scheme, point, known) == Some(Ordering::Less);
        if matches!(event, Event::Fixed(_)) && !reached && fixed.is_none_or(is_next) {
            fixed = Some(point);
        }
    }
    let is_limited = limits.0 > 0 && limits.1 == 0;
    let affected = matches!(last, Some(Event::Introduced(_))) && !is_limited;
    Some(Within { affected, fixed: fixed.map(str::to_owned) })
}

/// `0` stands before all versions, also those that sort below it.
fn compare(scheme: Scheme, left: &str, right: &str) -> Option<Ordering> {
    match (left == "0", right == "0") {
        (true, true) => Some(Ordering::Equal),
        (true, false) => Some(Ordering::Less),
        (false, true) => Some(Ordering::Greater),
        (false, false) => scheme.compare(left, right),
    }
}

/// Of two events at one version, a range that begins there wins over one that ends.
fn is_later(scheme: Scheme, event: &Event, other: &Event) -> bool {
    let (left, right) = (point(event), point(other));
    match compare(scheme, left, right) {
        Some(Ordering::Equal) | None => rank(event) > rank(other),
        Some(order) => order.is_gt(),
    }
}

fn point(event: &Event) -> &str {
    match event {
        Event::Introduced(point) | Event::Fixed(point) | Event::LastAffected(point) | Event::Limit(point) => {
            point
        }
    }
}

const fn rank(event: &Event) -> u8 {
    match event {
        Event::Fixed(_) => 0,
        Event::Introduced(_) => 1,
        Event::LastAffected(_) | Event::Limit(_) => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vulnerabilities::ecosystem::OsvEcosystem;
    use crate::vulnerabilities::statement::Subject;

    fn claim(events: &[(char, &str)]) -> Claim {
        let event = |(kind, version): &(char, &str)| {
            let version = (*version).to_owned();
            match kind {
                'i' => Event::Introduced(version),
                'f' => Event::Fixed(version),
                'a' => Event::LastAffected(version),
                _ => Event::Limit(version),
            }
        };
        let mut claim = Claim::new(Subject::new(OsvEcosystem::Npm, "", "x"));
        claim.ranges.push(Range { events: events.iter().map(event).collect() });
        claim
    }

    fn is_affected(events: &[(char, &str)], version: &str) -> bool {
        matches!(verdict(&claim(events), Scheme::Semver, version), Verdict::Affected(_))
    }

    #[test]
    fn a_range_holds_its_beginning_and_not_its_fix() {
        let events = [('i', "1.0.0"), ('f', "1.2.0")];
        for (version, affected) in [("0.9.0", false), ("1.0.0", true), ("1.1.9", true), ("1.2.0", false)] {
            assert_eq!(is_affected(&events, version), affected, "{version}");
        }
    }

    #[test]
    fn the_order_of_events_does_not_matter() {
        let events = [('f', "3.0.0"), ('i', "2.0.0"), ('f', "1.5.0"), ('i', "0")];
        for (version, affected) in [("1.0.0", true), ("1.5.0", false), ("2.0.0", true), ("3.0.0", false)] {
            assert_eq!(is_affected(&events, version), affected, "{version}");
        }
        assert_eq!(
            verdict(&claim(&events), Scheme::Semver, "1.0.0"),
            Verdict::Affected(Some("1.5.0".to_owned()))
        );
    }

    #[test]
    fn the_last_affected_version_is_affected_and_the_next_is_not() {
        let events = [('i', "0"), ('a', "2.0.0")];
        assert!(is_affected(&events, "2.0.0") && !is_affected(&events, "2.0.1"));
    }

    #[test]
    fn nothing_is_said_from_the_limit_on() {
        let events = [('i', "1.0.0"), ('l', "2.0.0")];
        assert!(is_affected(&events, "1.9.0") && !is_affected(&events, "2.0.0"));
    }

    #[test]
    fn zero_is_before_versions_that_sort_below_zero() {
        assert!(is_affected(&[('i', "0")], "0.0.0-rc.1"));
    }

    #[test]
    fn a_listed_version_is_affected_whatever_the_ranges_say() {
        let mut claim = claim(&[('i', "5.0.0")]);
        claim.versions = vec!["1.0.0".to_owned()];
        assert_eq!(verdict(&claim, Scheme::Semver, "1.0.0"), Verdict::Affected(None));
        assert_eq!(verdict(&claim, Scheme::Semver, "1.0.1"), Verdict::Unaffected);
    }

    #[test]
    fn a_version_that_is_none_is_not_passed_over() {
        assert_eq!(verdict(&claim(&[('i', "1.0.0")]), Scheme::Semver, "(devel)"), Verdict::Unreadable);
    }
}
