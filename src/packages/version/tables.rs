//! The tables of other projects, as a check by hand: they are not ours to ship.
//!
//!     ASSAY_VERSION_TABLES=FOLDER cargo test --lib version::tables -- --ignored
//!
//! The folder has checkouts of the projects that `TABLES` names. One that lacks, or a table that is shorter than it was,
//! is a failure.

use std::cmp::Ordering;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Scheme;

/// How a file writes what it expects.
#[derive(Clone, Copy)]
enum Form {
    /// `A < B`, one a line; `#` and `//` begin comments.
    Lines,
    /// `RPMVERCMP(A, B, -1)`.
    Macros,
    /// Objects with `input.versions`, of `test_type` comparison or equality.
    Json,
}

/// File, scheme, form, comparisons in it.
const TABLES: &[(&str, Scheme, Form, usize)] = &[
    ("osv-scalibr/semantic/testdata/debian-versions.txt", Scheme::Dpkg, Form::Lines, 30),
    ("osv-scalibr/semantic/testdata/debian-versions-generated.txt", Scheme::Dpkg, Form::Lines, 14_442),
    ("osv-scalibr/semantic/testdata/redhat-versions.txt", Scheme::Rpm, Form::Lines, 165),
    ("osv-scalibr/semantic/testdata/alpine-versions.txt", Scheme::Apk, Form::Lines, 778),
    ("osv-scalibr/semantic/testdata/alpine-versions-generated.txt", Scheme::Apk, Form::Lines, 13_979),
    ("osv-scalibr/semantic/testdata/semver-versions.txt", Scheme::Semver, Form::Lines, 86),
    ("osv-scalibr/semantic/testdata/pub-versions.txt", Scheme::Pub, Form::Lines, 100),
    ("osv-scalibr/semantic/testdata/pypi-versions.txt", Scheme::Pep440, Form::Lines, 37),
    ("osv-scalibr/semantic/testdata/pypi-versions-generated.txt", Scheme::Pep440, Form::Lines, 12_375),
    ("osv-scalibr/semantic/testdata/maven-versions.txt", Scheme::Maven, Form::Lines, 102),
    ("osv-scalibr/semantic/testdata/maven-versions-generated.txt", Scheme::Maven, Form::Lines, 14_752),
    ("osv-scalibr/semantic/testdata/rubygems-versions.txt", Scheme::Gem, Form::Lines, 25),
    ("osv-scalibr/semantic/testdata/rubygems-versions-generated.txt", Scheme::Gem, Form::Lines, 4_098),
    ("osv-scalibr/semantic/testdata/packagist-versions.txt", Scheme::Packagist, Form::Lines, 95),
    (
        "osv-scalibr/semantic/testdata/packagist-versions-generated.txt",
        Scheme::Packagist,
        Form::Lines,
        10_630,
    ),
    ("osv-scalibr/semantic/testdata/nuget-versions.txt", Scheme::Nuget, Form::Lines, 35),
    ("osv-scalibr/semantic/testdata/cran-versions.txt", Scheme::Cran, Form::Lines, 21),
    ("osv-scalibr/semantic/testdata/cran-versions-generated.txt", Scheme::Cran, Form::Lines, 57),
    ("osv-scalibr/semantic/testdata/hackage-versions.txt", Scheme::Hackage, Form::Lines, 11),
    ("univers/tests/data/rpmvercmp.at", Scheme::Rpm, Form::Macros, 91),
    ("apk-tools/test/unit/version.data", Scheme::Apk, Form::Lines, 738),
    ("univers/tests/data/schema/alpine_version_cmp.json", Scheme::Apk, Form::Json, 716),
    ("univers/tests/data/schema/alpm_version_cmp.json", Scheme::Alpm, Form::Json, 42),
    ("univers/tests/data/schema/deb_version_python_pkg_test.json", Scheme::Dpkg, Form::Json, 16),
    ("univers/tests/data/schema/maven_version_cmp.json", Scheme::Maven, Form::Json, 977),
    ("univers/tests/data/schema/nuget_version_cmp.json", Scheme::Nuget, Form::Json, 33),
];

/// `apk version --check` refuses it.
const NO_APK: &str = "no version by apk itself";
/// MNG-7644, in Maven since 3.9.0. The table has the order of before.
const DOT_IS_DASH: &str = "a qualifier after a dot is one after a dash";
const COMPOSER: &str = "Composer fills up with zeros, takes off `-stable`, and does not look at case";
const NO_PACKAGIST: &str = "no version by Composer";

/// What a table expects otherwise, and why it is not so here.
const EXCEPTIONS: &[(Scheme, &str, &str)] = &[
    (Scheme::Apk, "1-r-0 < 1-r0", NO_APK),
    (Scheme::Apk, "1-r-1 < 1-r0", NO_APK),
    (Scheme::Apk, "0.r1 < 0r2", NO_APK),
    (Scheme::Apk, "0..1..0 < 0..1..1", NO_APK),
    (Scheme::Apk, "0...1...0 < 0...1...1", NO_APK),
    (Scheme::Apk, "0...1...0.r1 < 0...1...0.r2", NO_APK),
    (Scheme::Apk, "0...1...0r1 < 0...1...0r2", NO_APK),
    (Scheme::Apk, "0..8 = 0..8", NO_APK),
    (Scheme::Apk, "0..8 > 0...8", NO_APK),
    (Scheme::Apk, "0.8.21.r2 > 0.8.21.r1", NO_APK),
    (Scheme::Apk, "0.8.21.r2 < 0.8.21r2", NO_APK),
    (Scheme::Apk, "1.2.0A < 1.2.0d", NO_APK),
    (Scheme::Apk, "1.2.0D < 1.2.0d", NO_APK),
    (Scheme::Apk, "1-r2 > 1-r-1", NO_APK),
    (Scheme::Apk, "1 > 1-ruff", NO_APK),
    (Scheme::Apk, "1-r0-1 = 1-r-2", NO_APK),
    (Scheme::Apk, "1-r0-1 = 1-r0-2", NO_APK),
    (Scheme::Apk, "1-ruff2 = 1-ruff1", NO_APK),
    (Scheme::Apk, "1-ruff2 = 1--ruff1", NO_APK),
    (Scheme::Apk, "1-r0-ruff2 = 1-r0-ruff1", NO_APK),
    (Scheme::Apk, "1.2 > 1.2_blah", NO_APK),
    (Scheme::Apk, "1.2_svn1 > 1.2_csv2", NO_APK),
    (Scheme::Apk, "1.2_cvs1 > 1.2_blah", NO_APK),
    (Scheme::Apk, ".1 < 1", NO_APK),
    (Scheme::Apk, "1 > .1", NO_APK),
    (Scheme::Apk, ".2 > .1", NO_APK),
    (Scheme::Apk, "a < b", NO_APK),
    (Scheme::Apk, "c > b", NO_APK),
    (Scheme::Apk, "c = c", NO_APK),
    (Scheme::Maven, "1.0.0-RC16 < 1.0.0.RC8-beta", DOT_IS_DASH),
    (Scheme::Maven, "1.0.0-gradle-rework-beta3 < 1.0.0.RC7-3", DOT_IS_DASH),
    (Scheme::Maven, "2.9.0-1 < 2.9.0.RC1", DOT_IS_DASH),
    (Scheme::Maven, "3.6.2.FL.20090615 < 3.6.2-FL-2009-05-11", DOT_IS_DASH),
    (Scheme::Maven, "6.1.12.rc5 < 6.1.12rc1", DOT_IS_DASH),
    (Scheme::Maven, "1.1.31.sec10 < 1.1.31_noneautotype", DOT_IS_DASH),
    (Scheme::Maven, "1.1.34.sec10 < 1.1.34_noneautotype", DOT_IS_DASH),
    (Scheme::Maven, "1.1.46.sec10 < 1.1.46_noneautotype", DOT_IS_DASH),
    (Scheme::Maven, "1.2.8.sec10_noneautotype < 1.2.8_noneautotype", DOT_IS_DASH),
    (Scheme::Maven, "1.2.31.sec10 < 1.2.31_noneautotype", DOT_IS_DASH),
    (Scheme::Maven, "1.2.48.sec10 < 1.2.48_noneautotype", DOT_IS_DASH),
    (Scheme::Maven, "1.2.50.sec10 < 1.2.50_noneautotype", DOT_IS_DASH),
    (Scheme::Maven, "1.2.54.sec10 < 1.2.54_noneautotype", DOT_IS_DASH),
    (Scheme::Maven, "1.2.57.sec10 < 1.2.57_noneautotype", DOT_IS_DASH),
    (Scheme::Maven, "1.2.60.sec10 < 1.2.60_noneautotype", DOT_IS_DASH),
    (Scheme::Maven, "1.2.67.sec10 < 1.2.67_noneautotype", DOT_IS_DASH),
    (Scheme::Maven, "1.0.0rc0 < 1.0.beta8", DOT_IS_DASH),
    (Scheme::Maven, "1.5.9.RC1 < 1.5.9-RC0", DOT_IS_DASH),
    (Scheme::Maven, "3.5.0-CR-2 < 3.5.0.Beta-1", DOT_IS_DASH),
    (Scheme::Maven, "1.1.0-01-glassfish < 1.1.0.Beta1", DOT_IS_DASH),
    (Scheme::Packagist, "1.0.0 > 1.0", COMPOSER),
    (Scheme::Packagist, "1.2.3.# = 1.2.3", NO_PACKAGIST),
    (Scheme::Packagist, "1.2.3.# = 1.2.3.#", NO_PACKAGIST),
    (Scheme::Packagist, "1.2.3.# = 1.2.3.1", NO_PACKAGIST),
    (Scheme::Packagist, "1.2.3.#.1 > 1.2.3", NO_PACKAGIST),
    (Scheme::Packagist, "1.2.3.#.p3 > 1.2.3", NO_PACKAGIST),
    (Scheme::Packagist, "1.2.3.#.beta < 1.2.3", NO_PACKAGIST),
    (Scheme::Packagist, "v3.0 < v3.0.0-beta", COMPOSER),
    (Scheme::Packagist, "v3.4 < v3.4.0-alpha", COMPOSER),
    (Scheme::Packagist, "v4-beta4 < v4.0-alpha", COMPOSER),
    (Scheme::Packagist, "v1.9.0-ALPHA.1 = v1.9.0-BETA.1", COMPOSER),
    (Scheme::Packagist, "v1.9.0-BETA.1 < v1.9.0-ALPHA.2", COMPOSER),
    (Scheme::Packagist, "v1.9.0-ALPHA.2 = v1.9.0-BETA.2", COMPOSER),
    (Scheme::Packagist, "5.1.0-stable < 5.1.0-beta2", COMPOSER),
    (Scheme::Packagist, "v4.4 < v4.4.0-beta", COMPOSER),
    (Scheme::Packagist, "v6.5 < v6.5.0-beta-0", COMPOSER),
    (Scheme::Packagist, "v6.6 < v6.6.0-beta", COMPOSER),
    (Scheme::Maven, "2-1 < 2.0.a", DOT_IS_DASH),
    (Scheme::Maven, "2-1 < 2.0.0.a", DOT_IS_DASH),
    (Scheme::Maven, "2.0.a < 2.0.0.a", DOT_IS_DASH),
];

/// A line of a table: two versions, and how the first may stand to the second.
struct Expectation {
    left: String,
    right: String,
    allowed: Vec<Ordering>,
}

#[test]
#[ignore = "needs the tables of other projects"]
fn the_tables_of_other_projects_agree() {
    let folder = std::env::var_os("ASSAY_VERSION_TABLES").expect("ASSAY_VERSION_TABLES names no folder");
    let folder = PathBuf::from(folder);
    let mut problems = Vec::new();
    for &(file, scheme, form, count) in TABLES {
        let expectations = read(&folder.join(file), form);
        let wrong: Vec<_> = expectations.iter().filter_map(|one| problem(scheme, one)).collect();
        println!("{:6} of {:6} as expected: {file}", expectations.len() - wrong.len(), expectations.len());
        if expectations.len() < count {
            problems.push(format!("{file} has {} comparisons, not {count}", expectations.len()));
        }
        problems.extend(
            wrong
                .into_iter()
                .filter(|wrong| !is_exception(scheme, wrong))
                .map(|wrong| format!("{scheme:?}: {wrong}")),
        );
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

fn is_exception(scheme: Scheme, problem: &str) -> bool {
    EXCEPTIONS.iter().any(|&(of, line, _)| of == scheme && problem.starts_with(&format!("{line} is ")))
}

fn problem(scheme: Scheme, expected: &Expectation) -> Option<String> {
    let Expectation { left, right, allowed } = expected;
    let (found, reversed) = (scheme.compare(left, right), scheme.compare(right, left));
    assert_eq!(found.map(Ordering::reverse), reversed, "{scheme:?}: {left}, {right}");
    let sign = match allowed.as_slice() {
        [Ordering::Less] => "<",
        [Ordering::Equal] => "=",
        [Ordering::Greater] => ">",
        _ => "!=",
    };
    (!found.is_some_and(|found| allowed.contains(&found)))
        .then(|| format!("{left} {sign} {right} is {found:?}"))
}

fn read(file: &Path, form: Form) -> Vec<Expectation> {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    match form {
        Form::Lines => text.lines().filter_map(line).collect(),
        Form::Macros => text.lines().filter_map(rpmvercmp).collect(),
        Form::Json => serde_json::from_str::<Vec<Value>>(&text).unwrap().iter().filter_map(object).collect(),
    }
}

fn line(line: &str) -> Option<Expectation> {
    let line = line.split('#').next().filter(|start| start.split_whitespace().count() == 3).unwrap_or(line);
    let mut words = line.split_whitespace();
    let (left, sign, right) = (words.next()?, words.next()?, words.next()?);
    let order = match sign {
        "<" => Ordering::Less,
        "=" => Ordering::Equal,
        ">" => Ordering::Greater,
        _ => return None,
    };
    let is_comment = line.starts_with('#') || line.starts_with("//") || words.next().is_some();
    (!is_comment).then(|| Expectation {
        left: left.to_owned(),
        right: right.to_owned(),
        allowed: vec![order],
    })
}

fn rpmvercmp(line: &str) -> Option<Expectation> {
    let arguments = line.trim().strip_prefix("RPMVERCMP(")?.strip_suffix(')')?;
    let mut arguments = arguments.split(',').map(str::trim);
    let (left, right, order) = (arguments.next()?, arguments.next()?, arguments.next()?);
    let order = order.parse::<i32>().ok()?.cmp(&0);
    Some(Expectation { left: left.to_owned(), right: right.to_owned(), allowed: vec![order] })
}

fn object(object: &Value) -> Option<Expectation> {
    let pair = |value: &Value| {
        let mut pair = value.as_array()?.iter().map(|one| one.as_str().unwrap_or_default().to_owned());
        Some((pair.next()?, pair.next()?))
    };
    let (expected, (first, second)) =
        (object.get("expected_output")?, pair(object.get("input")?.get("versions")?)?);
    match expected.as_bool() {
        Some(true) => Some(Expectation { left: first, right: second, allowed: vec![Ordering::Equal] }),
        Some(false) => {
            Some(Expectation { left: first, right: second, allowed: vec![Ordering::Less, Ordering::Greater] })
        }
        None => {
            let (left, right) = pair(expected)?;
            Some(Expectation { left, right, allowed: vec![Ordering::Less] })
        }
    }
}
