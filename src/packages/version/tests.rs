//! What holds in every scheme, and how the tests of one say what they expect.

use std::cmp::Ordering;
use std::time::{Duration, Instant};

use super::{LENGTH_LIMIT, Scheme};

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

/// What versions of all ecosystems are made of, with blanks between them.
const PIECES: &str = "0 1 2 9 10 01 00 100000000000000000000 . . . - - _ ~ ^ + : ! a b c x v alpha beta rc RC pre dev post \
     SNAPSHOT final ga sp pl p git _rc _p -r r el9 +deb12u1 ~bpo12 # \u{e9} 1.0";

/// Versions, and what looks like them, from a fixed seed.
struct Generator {
    state: u64,
    pieces: Vec<&'static str>,
}

impl Generator {
    fn new(seed: u64) -> Self {
        Self { state: seed, pieces: PIECES.split_whitespace().collect() }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 33).unwrap() % limit
    }

    fn version(&mut self) -> String {
        let start = ["", "1", "1.", "1.0", "2."][self.below(5)];
        let pieces = self.below(5);
        (0..pieces).fold(start.to_owned(), |version, _| {
            let piece = self.below(self.pieces.len());
            version + self.pieces[piece]
        })
    }

    fn versions(&mut self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.version()).collect()
    }
}

/// pacman's order is none where only some versions have a release, or where one ends in a separator.
fn is_ordered(scheme: Scheme, version: &str) -> bool {
    scheme != Scheme::Alpm
        || !version.contains('-') && version.ends_with(|last: char| last.is_ascii_alphanumeric())
}

#[test]
fn every_scheme_is_an_order() {
    let mut generator = Generator::new(0x5EED);
    for _ in 0..8 {
        let versions = generator.versions(48);
        for scheme in Scheme::ALL {
            let versions: Vec<&String> = versions.iter().filter(|one| is_ordered(scheme, one)).collect();
            let row = |left: &&String| versions.iter().map(|right| scheme.compare(left, right)).collect();
            let table: Vec<Vec<Option<Ordering>>> = versions.iter().map(row).collect();
            hold(scheme, &versions, &table);
        }
    }
}

/// Reflexive, antisymmetric, transitive.
fn hold(scheme: Scheme, versions: &[&String], table: &[Vec<Option<Ordering>>]) {
    for (a, row) in table.iter().enumerate() {
        assert!(row[a].is_none_or(Ordering::is_eq), "{scheme:?}: {}", versions[a]);
        for (b, &order) in row.iter().enumerate() {
            let reversed = table[b][a].map(Ordering::reverse);
            assert_eq!(order, reversed, "{scheme:?}: {}, {}", versions[a], versions[b]);
            let Some(order) = order.filter(|order| order.is_le()) else { continue };
            for (c, &next) in table[b].iter().enumerate() {
                let Some(next) = next.filter(|next| next.is_le()) else { continue };
                let (a, b) = (versions[a], versions[b]);
                assert_eq!(row[c], Some(order.then(next)), "{scheme:?}: {a}, {b}, {}", versions[c]);
            }
        }
    }
}

#[test]
fn versions_are_generated_that_every_scheme_reads() {
    let versions = Generator::new(0x5EED).versions(400);
    for scheme in Scheme::ALL {
        let read = versions.iter().filter(|version| scheme.compare(version, version).is_some()).count();
        assert!(read > 40, "{scheme:?}: {read}");
    }
}

/// Those of `versions` that `read` takes, which are more than `least`, have the order of what it makes of them.
fn agrees<T: Ord>(scheme: Scheme, versions: &[String], least: usize, read: impl Fn(&str) -> Option<T>) {
    let known: Vec<(&String, T)> = versions.iter().filter_map(|text| Some((text, read(text)?))).collect();
    assert!(known.len() > least, "{scheme:?}: {}", known.len());
    for (left, left_read) in &known {
        for (right, right_read) in &known {
            assert_eq!(scheme.compare(left, right), Some(left_read.cmp(right_read)), "{left}, {right}");
        }
    }
}

#[test]
fn semantic_versions_have_the_order_of_the_crate_semver() {
    let starts = ["1.0.0-", "1.0.", "1.10.0-rc.", "2.0.0+"];
    let versions = Generator::new(7).versions(1200);
    let versions: Vec<String> =
        versions.iter().zip(starts.iter().cycle()).map(|(end, start)| format!("{start}{end}")).collect();
    agrees(Scheme::Semver, &versions, 200, |text| {
        let mut version = semver::Version::parse(text).ok()?;
        version.build = semver::BuildMetadata::EMPTY;
        Some(version)
    });
}

#[test]
fn python_versions_have_the_order_of_the_crate_pep440_rs() {
    agrees(Scheme::Pep440, &Generator::new(7).versions(1200), 200, |text| {
        text.parse::<pep440_rs::Version>().ok()
    });
}

#[test]
fn rpm_versions_have_the_order_of_the_crate_rpm_version() {
    // It takes text before any colon for an epoch, the first dash for the one before the release, and no release for one.
    let is_plain = |text: &str| !text.is_empty() && !text.contains([':', '-']);
    agrees(Scheme::Rpm, &Generator::new(7).versions(1200), 200, |text| {
        is_plain(text).then(|| rpm_version::Evr::new("", text, "").sortkey())
    });
}

#[test]
fn blanks_around_a_version_do_not_count_and_those_within_make_it_none() {
    for scheme in Scheme::ALL {
        same(scheme, &["1.0", " 1.0", "1.0\n", "\t1.0 "]);
        none(scheme, "1.0", &["", " ", "1 0", "1.0\u{0}1", "1\n0", "1\u{7f}"]);
    }
}

#[test]
fn no_text_stops_a_comparison() {
    for scheme in Scheme::ALL {
        for piece in PIECES.split_whitespace().chain(SHAPES) {
            for start in ["", "1", "1.0-", "v", "0:"] {
                let (long, other) =
                    (start.to_owned() + &piece.repeat(40), start.to_owned() + &piece.repeat(41));
                let order = scheme.compare(&long, &other);
                assert_eq!(order.map(Ordering::reverse), scheme.compare(&other, &long), "{scheme:?}: {long}");
                assert!(scheme.compare(&long, &long).is_none_or(Ordering::is_eq), "{scheme:?}: {long}");
            }
        }
    }
}

/// Repeated, the most work that a scheme can have.
const SHAPES: [&str; 8] = ["1a", "0.", "a.", "0-", "1~", "^1", "_p1", "\u{1f600}"];

#[test]
fn the_longest_versions_cost_no_more_than_their_length_and_longer_ones_are_none() {
    for scheme in Scheme::ALL {
        let begun = Instant::now();
        for shape in SHAPES {
            let long = format!("1.{}", shape.repeat((LENGTH_LIMIT - 3) / shape.len()));
            scheme.compare(&format!("{long}1"), &format!("{long}2"));
        }
        // Some 100 milliseconds, unoptimised. A step per pair of bytes would be minutes.
        assert!(begun.elapsed() < Duration::from_secs(20), "{scheme:?}: {:?}", begun.elapsed());
        none(scheme, "1", &[&"1".repeat(LENGTH_LIMIT + 1)]);
        rises(scheme, &["1", &"1".repeat(LENGTH_LIMIT)]);
    }
}
