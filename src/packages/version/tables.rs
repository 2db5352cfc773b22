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
    ("osv-scalibr/semantic/testdata/debian-versions.txt", Scheme::Dpkg, Form::Lines, 29),
    ("osv-scalibr/semantic/testdata/debian-versions-generated.txt", Scheme::Dpkg, Form::Lines, 14_442),
    ("osv-scalibr/semantic/testdata/redhat-versions.txt", Scheme::Rpm, Form::Lines, 1),
    ("osv-scalibr/semantic/testdata/alpine-versions.txt", Scheme::Apk, Form::Lines, 1),
    ("osv-scalibr/semantic/testdata/alpine-versions-generated.txt", Scheme::Apk, Form::Lines, 13_979),
    ("osv-scalibr/semantic/testdata/semver-versions.txt", Scheme::Semver, Form::Lines, 1),
    ("osv-scalibr/semantic/testdata/pub-versions.txt", Scheme::Pub, Form::Lines, 1),
    ("osv-scalibr/semantic/testdata/pypi-versions.txt", Scheme::Pep440, Form::Lines, 1),
    ("osv-scalibr/semantic/testdata/pypi-versions-generated.txt", Scheme::Pep440, Form::Lines, 12_375),
    ("osv-scalibr/semantic/testdata/maven-versions.txt", Scheme::Maven, Form::Lines, 1),
    ("osv-scalibr/semantic/testdata/maven-versions-generated.txt", Scheme::Maven, Form::Lines, 14_752),
    ("osv-scalibr/semantic/testdata/rubygems-versions.txt", Scheme::Gem, Form::Lines, 1),
    ("osv-scalibr/semantic/testdata/rubygems-versions-generated.txt", Scheme::Gem, Form::Lines, 4_098),
    ("osv-scalibr/semantic/testdata/packagist-versions.txt", Scheme::Packagist, Form::Lines, 1),
    (
        "osv-scalibr/semantic/testdata/packagist-versions-generated.txt",
        Scheme::Packagist,
        Form::Lines,
        10_630,
    ),
    ("osv-scalibr/semantic/testdata/nuget-versions.txt", Scheme::Nuget, Form::Lines, 1),
    ("osv-scalibr/semantic/testdata/cran-versions.txt", Scheme::Cran, Form::Lines, 1),
    ("osv-scalibr/semantic/testdata/cran-versions-generated.txt", Scheme::Cran, Form::Lines, 57),
    ("osv-scalibr/semantic/testdata/hackage-versions.txt", Scheme::Hackage, Form::Lines, 1),
    ("univers/tests/data/rpmvercmp.at", Scheme::Rpm, Form::Macros, 1),
    ("apk-tools/test/unit/version.data", Scheme::Apk, Form::Lines, 1),
    ("univers/tests/data/schema/alpine_version_cmp.json", Scheme::Apk, Form::Json, 1),
    ("univers/tests/data/schema/alpm_version_cmp.json", Scheme::Alpm, Form::Json, 1),
    ("univers/tests/data/schema/deb_version_python_pkg_test.json", Scheme::Dpkg, Form::Json, 1),
    ("univers/tests/data/schema/maven_version_cmp.json", Scheme::Maven, Form::Json, 1),
    ("univers/tests/data/schema/nuget_version_cmp.json", Scheme::Nuget, Form::Json, 1),
];

/// `apk version --check` refuses it.
const NO_APK: &str = "no version by apk itself";
/// MNG-7644, in Maven since 3.9.0. The table has the order of before.
const DOT_IS_DASH: &str = "a qualifier after a dot is one after a dash";
const COMPOSER: &str = "Composer fills up with zeros, takes off `-stable`, and does not look at case";
const NO_PACKAGIST: &str = "no version by Composer";

/// What a table expects otherwise, and why it is not so here.
const EXCEPTIONS: &[(Scheme, &str, &str)] = &[];

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
