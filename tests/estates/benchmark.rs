//! The recommendations of CIS on images: each met, broken, and not decidable for want of what it rests on.

use serde_json::Value;

use super::{export, report};

const GOOD: &str = r#"{"ImageId": "ami-0000000000000000a", "OwnerId": "111122223333", "Name": "golden-1", "Public": false,
 "State": "available", "CreationDate": "2026-09-01T00:00:00.000Z",
 "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-1", "Encrypted": true}},
  {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"}]}"#;
const INSTANCES: &str = r#"{"Reservations": [{"OwnerId": "111122223333", "Instances": [
 {"InstanceId": "i-1", "ImageId": "ami-0000000000000000a", "State": {"Name": "running"}}]}]}"#;
const POLICY: &str = "[sourcing]\nnaming = \"golden-*\"\napproved = [\"golden-*\"]\n";

/// The outcome of a recommendation, and what is missing, of one image and a policy.
fn outcome(image: &str, policy: &str, number: &str) -> (String, Value) {
    let images = format!(r#"{{"Images": [{image}]}}"#);
    let root = export(&[
        ("e/111122223333/eu-west-1/images.json", images.as_bytes()),
        ("e/111122223333/eu-west-1/instances.json", INSTANCES.as_bytes()),
        ("policy.toml", policy.as_bytes()),
    ]);
    let policy = root.path().join("policy.toml");
    let (report, _) = report(&root.path().join("e"), &["--policy", policy.to_str().unwrap()]);
    let rows = report["sourcing"]["benchmark"].as_array().unwrap();
    assert_eq!(rows.len(), 5);
    let row = rows.iter().find(|row| row["number"] == number).unwrap();
    (row["outcome"].as_str().unwrap().to_owned(), row["missing"].clone())
}

#[test]
fn every_recommendation_is_met_broken_or_names_what_is_missing() {
    let none = serde_json::json!([]);
    for number in ["2.1.1", "2.1.2", "2.1.3", "2.1.4", "2.1.5"] {
        assert_eq!(outcome(GOOD, POLICY, number), ("pass".to_owned(), none.clone()), "{number}");
    }
    for (number, right, wrong) in [
        ("2.1.1", "golden-1", "gold-1"),
        ("2.1.2", "\"Encrypted\": true", "\"Encrypted\": false"),
        ("2.1.3", "golden-1", "gold-1"),
        ("2.1.4", "2026-09-01T00", "2026-08-31T00"),
        ("2.1.5", "\"Public\": false", "\"Public\": true"),
    ] {
        assert_eq!(outcome(&GOOD.replace(right, wrong), POLICY, number).0, "fail", "{number}");
    }
    for (number, without, policy, missing) in [
        ("2.1.1", "", "[sourcing]\n", "`naming` of the policy"),
        ("2.1.1", "\"Name\": \"golden-1\",", POLICY, "Name"),
        ("2.1.2", ", \"Encrypted\": true", POLICY, "Encrypted"),
        ("2.1.3", "", "[sourcing]\n", "`approved` of the policy"),
        ("2.1.4", "\"CreationDate\": \"2026-09-01T00:00:00.000Z\",", POLICY, "CreationDate"),
        ("2.1.5", "\"Public\": false,", POLICY, "Public"),
    ] {
        let (outcome, told) = outcome(&GOOD.replace(without, ""), policy, number);
        assert_eq!((outcome.as_str(), &told), ("not decidable", &serde_json::json!([missing])), "{number}");
    }
}

#[test]
fn images_of_others_are_judged_only_by_what_is_in_use() {
    let theirs = GOOD.replace("\"OwnerId\": \"111122223333\"", "\"OwnerId\": \"999988887777\"");
    let (of_own, missing) = outcome(&theirs, POLICY, "2.1.5");
    assert_eq!(
        (of_own.as_str(), missing),
        ("not decidable", serde_json::json!(["describe-images --owners self"]))
    );
    assert_eq!(outcome(&theirs, POLICY, "2.1.3").0, "pass");
}
