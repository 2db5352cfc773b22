//! An export of two accounts in three regions that `examples/export-aws.sh` made with the AWS CLI, of a server that
//! `lab.py` had filled; the truth is what it planted.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{report, testdata};

/// Unpacks the export: its folder, and the truth.
pub(crate) fn lab() -> (tempfile::TempDir, Value) {
    let root = tempfile::tempdir().unwrap();
    let packed = std::fs::File::open(testdata().join("export.tar.zst")).unwrap();
    tar::Archive::new(zstd::Decoder::new(packed).unwrap()).unpack(root.path()).unwrap();
    let truth = serde_json::from_slice(&std::fs::read(root.path().join("truth.json")).unwrap()).unwrap();
    (root, truth)
}

/// All objects below `value` whose key begins so.
fn each<'v>(value: &'v Value, start: &str, found: &mut Vec<(&'v str, &'v Value)>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        if key.starts_with(start) { found.push((key, value)) } else { each(value, start, found) }
    }
}

fn words(value: &Value) -> BTreeSet<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn every_image_and_instance_of_the_lab_is_in_its_class_and_the_sums_add_up() {
    let (root, truth) = lab();
    let (report, exit) = report(&root.path().join("export"), &["--trust", "555566667777"]);
    assert_eq!(exit, 1);
    let sourcing = &report["sourcing"];
    let row = |list: &str, id: &str| {
        sourcing[list].as_array().unwrap().iter().find(|row| row["id"] == id).cloned().unwrap_or(Value::Null)
    };
    let (mut images, mut instances) = (Vec::new(), Vec::new());
    each(&truth["images"], "ami-", &mut images);
    each(&truth["instances"], "i-", &mut instances);
    assert!(images.len() >= 75 && instances.len() >= 60, "{} {}", images.len(), instances.len());
    for (id, want) in images {
        let got = row("images", id);
        assert_eq!(got["class"], want["class"], "{id} {want}");
        // A snapshot is a finding of its own; these depend on the policy and on instances.
        let mine: BTreeSet<&str> = words(&got["flags"])
            .into_iter()
            .filter(|flag| !["old", "not-allowed", "imdsv1"].contains(flag))
            .collect();
        let want: BTreeSet<&str> = words(&want["flags"])
            .into_iter()
            .filter(|flag| !["snapshot-public", "imdsv1"].contains(flag))
            .collect();
        assert_eq!(mine, want, "{id}");
    }
    for (id, want) in instances {
        assert_eq!(row("instances", id)["class"], want["class"], "{id} {want}");
    }
    assert_eq!(sourcing["sums"]["add_up"], true);
    let sum: u64 =
        sourcing["classes"].as_object().unwrap().values().map(|one| one["instances"].as_u64().unwrap()).sum();
    assert_eq!(Some(sum), sourcing["sums"]["instances"].as_u64());
}

#[test]
fn aws_s_own_answers_confirm_ours_and_settings_of_an_older_client_are_told() {
    let (root, _) = lab();
    let (report, _) = report(&root.path().join("export"), &[]);
    let regions = report["sourcing"]["allowed_images"].as_array().unwrap();
    let confirmed: u64 = regions.iter().map(|row| row["confirmed"].as_u64().unwrap()).sum();
    assert!(confirmed >= 50, "{confirmed}");
    let contradicted: Vec<&Value> =
        regions.iter().filter(|row| !row["contradicted"].as_array().unwrap().is_empty()).collect();
    // There the client had left out the condition on scans.
    assert_eq!(contradicted.len(), 1);
    assert_eq!(
        (&contradicted[0]["account"], &contradicted[0]["region"]),
        (&"111122223333".into(), &"eu-central-1".into())
    );
    let gaps = report["gaps"].as_array().unwrap();
    assert!(gaps.iter().any(|gap| gap["reason"].as_str().unwrap().contains("ImageAllowed")));
    // And a call that was refused is a gap, not an answer.
    assert!(gaps.iter().any(|gap| gap["reason"].as_str().unwrap().contains("UnauthorizedOperation")));
}

#[test]
fn two_runs_give_the_same_bytes_in_every_format() {
    let (root, _) = lab();
    let path = root.path().join("export");
    for format in ["terminal", "json", "html", "ndjson", "sarif", "junit", "markdown", "csv", "asff", "ocsf"]
    {
        let run = || {
            super::assay(&["sourcing", path.to_str().unwrap(), "--at", "2026-11-30", "--format", format]).1
        };
        let (one, other) = (run(), run());
        assert!(!one.is_empty() && one == other, "{format}");
    }
}

#[test]
fn the_proposed_criteria_allow_what_is_trusted_and_nothing_by_its_name_alone() {
    let (root, _) = lab();
    let proposal = root.path().join("proposal.json");
    let (report, _) = report(&root.path().join("export"), &["--proposal", proposal.to_str().unwrap()]);
    let proposal: Value = serde_json::from_slice(&std::fs::read(proposal).unwrap()).unwrap();
    let criteria = proposal["ImageCriteria"].as_array().unwrap();
    assert!(!criteria.is_empty() && criteria.len() <= 10);
    assert!(criteria.iter().all(|one| !one["ImageProviders"].as_array().unwrap().is_empty()), "{proposal}");
    let settings: assay::sourcing::allowed::Settings =
        serde_json::from_value(serde_json::json!({ "State": "enabled", "ImageCriteria": criteria })).unwrap();
    assert!(assay::sourcing::allowed::weaknesses(&settings).is_empty());
    let left: BTreeSet<&str> = words(&report["sourcing"]["left_out"]);
    for row in report["sourcing"]["images"].as_array().unwrap() {
        let is_used = row["instances"].as_u64().unwrap() > 0;
        let is_stranger = ["public-stranger", "shared-by-stranger"].contains(&row["class"].as_str().unwrap());
        if is_used && is_stranger {
            assert!(left.contains(row["id"].as_str().unwrap()), "{row}");
        }
    }
}
