//! The tests of the specification, as a check by hand: they are not ours to ship.
//!
//!     ASSAY_PURL_SPEC=FOLDER cargo test --lib purl::tables -- --ignored
//!
//! The folder is a checkout of the specification. Those of its tests that build a URL of a type we know are run.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::{Kind, Purl, Qualifier};

/// Tests of the specification of the summer of 2026 that can be run here: a run of fewer proves nothing.
const COUNT: usize = 111;

#[test]
#[ignore = "needs the tests of the specification"]
fn the_tests_of_the_specification_agree() {
    let folder = PathBuf::from(std::env::var_os("ASSAY_PURL_SPEC").expect("ASSAY_PURL_SPEC names no folder"));
    let (mut right, mut other, mut problems) = (0, Vec::new(), Vec::new());
    for file in fs::read_dir(folder.join("tests/types")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let table: Value = serde_json::from_str(&text).unwrap();
        for test in table["tests"].as_array().unwrap().iter().filter(|test| test["test_type"] == "build") {
            let expected =
                (test["expected_failure"] != true).then(|| test["expected_output"].as_str().unwrap());
            match build(&test["input"]) {
                None => other.push(test["input"].to_string()),
                Some(built) if built.as_deref() == expected => right += 1,
                Some(built) => problems.push(format!("{built:?} for {expected:?}")),
            }
        }
    }
    println!(
        "{right} right, {} of types or with qualifiers that are not written here:\n{}",
        other.len(),
        other.join("\n")
    );
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    assert!(right >= COUNT, "{right} tests, not {COUNT}");
}

/// `None` for what cannot be said here; `Some(None)` for what is refused.
fn build(input: &Value) -> Option<Option<String>> {
    let text = |key: &str| input[key].as_str().unwrap_or_default();
    let kind = Kind::ALL.iter().copied().find(|kind| kind.name() == text("type"))?;
    let mut qualifiers = Vec::new();
    for (key, value) in input["qualifiers"].as_object().into_iter().flatten() {
        let qualifier = Qualifier::ALL.into_iter().find(|qualifier| qualifier.key() == key)?;
        qualifiers.push((qualifier, value.as_str()?));
    }
    let purl = Purl::new(kind, text("namespace"), text("name")).ok();
    Some(purl.map(|purl| {
        let purl = purl.with_version(text("version")).with_subpath(text("subpath"));
        qualifiers.into_iter().fold(purl, |purl, (key, value)| purl.with_qualifier(key, value)).to_string()
    }))
}
