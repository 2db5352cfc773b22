//! Allowed AMIs against a model of its rules in Python.

use std::path::Path;
use std::process::Command;

use assay::sourcing::allowed::{Decision, Settings};
use assay::sourcing::estate::{Image, Scope};
use assay::sourcing::export::shapes;
use assay::sourcing::moment::Moment;
use serde_json::Value;

use super::skipped;

/// Random cases of each seed.
const CASES: usize = 400;

fn cases(seed: u32) -> Option<Vec<Value>> {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/estates/allowed_model.py");
    let made = Command::new("python3")
        .arg(model)
        .args(["--generate", &seed.to_string(), &CASES.to_string()])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output();
    let Ok(made) = made else {
        skipped::skip("python3", "python3");
        return None;
    };
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Some(serde_json::from_slice(&made.stdout).unwrap())
}

fn decide(case: &Value) -> Decision {
    let scope = Scope { account: Some("111122223333".to_owned()), region: Some("eu-west-1".to_owned()) };
    let mut image = Image::new("ami-1");
    if case["source"] == "metadata" {
        let raw: shapes::ImageMetadata = serde_json::from_value(case["image"].clone()).unwrap();
        image.describe_by_metadata(&raw, &scope);
    } else {
        let raw: shapes::Image = serde_json::from_value(case["image"].clone()).unwrap();
        image.describe(raw, &scope);
    }
    let settings: Settings = serde_json::from_value(case["settings"].clone()).unwrap();
    let now = Moment::parse(case["now"].as_str().unwrap());
    settings.decide(&image, case["account"].as_str(), now)
}

#[test]
fn the_rules_of_allowed_amis_are_those_of_an_independent_model() {
    let (mut compared, mut wrong) = (0, Vec::new());
    let mut verdicts = std::collections::BTreeMap::new();
    for seed in [1, 2, 3] {
        let Some(cases) = cases(seed) else { return };
        for case in &cases {
            let ours = match decide(case) {
                Decision::Allowed => "allowed",
                Decision::NotAllowed => "not-allowed",
                Decision::Undecided(_) => "undecided",
            };
            compared += 1;
            *verdicts.entry(ours).or_insert(0) += 1;
            if case["verdict"] != ours {
                wrong.push(format!("{ours}, and the model says {case}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n"));
    assert!(compared >= 1000 && verdicts.values().all(|count| *count >= 50), "{verdicts:?}");
}
