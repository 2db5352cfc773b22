//! Findings as their receivers take them: Security Hub by the model of its own client, OCSF by its schema.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::lab::lab;
use super::program::assay;
use super::skipped::skip;

/// A Python with the model and the schema; `None` where it is not there.
fn python() -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/schemas/python/bin/python3");
    let python = std::env::var_os("ASSAY_LINT_PYTHON").map_or_else(default, PathBuf::from);
    let imports =
        Command::new(&python).args(["-c", "import botocore, jsonschema, ocsf_json_schema"]).output();
    if imports.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    skip(&format!("botocore or ocsf-json-schema ({})", python.display()), "the schemas of .ci/run");
    None
}

/// What the receiver of a format would not take.
fn faults(python: &Path, format: &str, text: &str) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/estates/receivers.py");
    let output = Command::new(python).arg(script).arg(format).arg(file.path()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap().trim().to_owned();
    assert_eq!(output.status.success(), said.is_empty(), "{said}");
    said
}

/// Findings about accounts, about code, and about an image with its values.
fn reports(format: &str) -> Vec<String> {
    let (root, _) = lab();
    let export = root.path().join("export");
    let code = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sourcing/code");
    [
        vec!["sourcing", export.to_str().unwrap(), "--at", "2026-11-30"],
        vec!["code", code.to_str().unwrap()],
        vec!["demo"],
        vec!["demo", "--show-secrets"],
    ]
    .into_iter()
    .map(|args| assay(&[args.as_slice(), &["--format", format]].concat()).1)
    .collect()
}

#[test]
fn security_hub_s_own_client_takes_every_finding() {
    let Some(python) = python() else { return };
    for report in reports("asff") {
        assert_eq!(faults(&python, "asff", &report), "");
    }
}

#[test]
fn every_event_is_valid_by_the_schema_of_ocsf() {
    let Some(python) = python() else { return };
    for report in reports("ocsf") {
        assert_eq!(faults(&python, "ocsf", &report), "");
    }
}

#[test]
fn a_finding_that_a_receiver_would_refuse_is_seen() {
    let Some(python) = python() else { return };
    let asff = &reports("asff")[0];
    for (right, wrong) in [
        ("\"AwsAccountId\": \"111122223333\"", "\"AwsAccountId\": 111122223333"),
        ("\"Label\": \"HIGH\"", "\"Label\": \"High\""),
        ("\"GeneratorId\"", "\"Generator\""),
        ("\"Title\": \"", &format!("\"Title\": \"{}", "x".repeat(256))),
        ("\"Software and Configuration Checks/", "\"Configuration/"),
    ] {
        assert!(asff.contains(right), "{right}");
        assert_ne!(faults(&python, "asff", &asff.replacen(right, wrong, 1)), "", "{wrong}");
    }
    let ocsf = &reports("ocsf")[0];
    for (right, wrong) in [
        ("\"severity_id\":", "\"severity\":"),
        ("\"time\":", "\"when\":"),
        ("\"provider\":", "\"supplier\":"),
        ("\"type_uid\":200401", "\"type_uid\":200499"),
    ] {
        assert!(ocsf.contains(right), "{right}");
        assert_ne!(faults(&python, "ocsf", &ocsf.replacen(right, wrong, 1)), "", "{wrong}");
    }
}
