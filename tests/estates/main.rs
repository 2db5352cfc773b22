//! Sourcing against oracles: a model of Allowed AMIs in another language, an export that real clients made of accounts
//! whose truth is known, and the names of AWS's own service models.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic here is a failed test"
)]

#[path = "../program/mod.rs"]
mod program;
#[path = "../oracle/skipped.rs"]
#[allow(unreachable_pub, dead_code, clippy::allow_attributes, reason = "other tests use more of it")]
mod skipped;

mod allowed;
mod benchmark;
mod code;
mod defects;
mod fields;
mod hostile;
mod lab;
mod reading;
mod receivers;
mod settings;

use std::path::{Path, PathBuf};

use program::assay;
use serde_json::Value;

/// Writes files below a new folder.
pub(crate) fn export(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    root
}

/// The JSON report of an export, and the exit code.
pub(crate) fn report(path: &Path, more: &[&str]) -> (Value, u8) {
    let path = path.to_str().unwrap();
    let args = ["sourcing", path, "--at", "2026-11-30", "--format", "json"];
    let (exit, out, err) = assay(&[args.as_slice(), more].concat());
    let value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
    (value, exit.0)
}

/// The class of an image in a report.
pub(crate) fn class<'r>(report: &'r Value, image: &str) -> &'r str {
    let images = report["sourcing"]["images"].as_array().unwrap();
    let row = images.iter().find(|row| row["id"] == image).unwrap_or_else(|| panic!("no {image}"));
    row["class"].as_str().unwrap()
}

/// The ids of all findings about something.
pub(crate) fn rules_about(report: &Value, name: &str) -> Vec<String> {
    let about = |finding: &&Value| finding["location"]["path"].as_str().unwrap().ends_with(name);
    let findings = report["findings"].as_array().unwrap();
    findings.iter().filter(about).map(|finding| finding["id"].as_str().unwrap().to_owned()).collect()
}

pub(crate) fn testdata() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/sourcing")
}
