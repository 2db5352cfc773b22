//! Code joined with what was exported.

use super::{export, report, rules_about};

const IMAGES: &str = r#"{"Images": [
 {"ImageId": "ami-0aaaaaaaaaaaaaaa1", "OwnerId": "111122223333", "Name": "golden-1", "Public": false, "State": "available"},
 {"ImageId": "ami-0aaaaaaaaaaaaaaa2", "OwnerId": "999988887777", "Name": "tool-7", "Public": true, "State": "available"},
 {"ImageId": "ami-0aaaaaaaaaaaaaaa3", "OwnerId": "111122223333", "Name": "golden-0", "Public": false, "State": "deregistered"},
 {"ImageId": "ami-0aaaaaaaaaaaaaaa4", "OwnerId": "136693071363", "Name": "debian-12-amd64-20260901-1", "Public": true, "State": "available"}]}"#;
const INSTANCES: &str = r#"{"Reservations": [{"OwnerId": "111122223333", "Instances": [
 {"InstanceId": "i-1", "ImageId": "ami-0aaaaaaaaaaaaaaa4", "State": {"Name": "running"}}]}]}"#;
const SETTINGS: &str = r#"{"State": "audit-mode", "ImageCriteria": [{"ImageProviders": ["136693071363"]}], "ManagedBy": "account"}"#;
const PINS: &str = r#"
resource "aws_instance" "own" { ami = "ami-0aaaaaaaaaaaaaaa1" }
resource "aws_instance" "theirs" { ami = "ami-0aaaaaaaaaaaaaaa2" }
resource "aws_instance" "gone" { ami = "ami-0aaaaaaaaaaaaaaa3" }
resource "aws_instance" "unknown" { ami = "ami-0aaaaaaaaaaaaaaa9" }
# assay: ignore[image-lookup-pinned] a test of the module
resource "aws_instance" "ignored" { ami = "ami-0aaaaaaaaaaaaaaa8" }
"#;
const SEARCHES: &str = r#"
data "aws_ami" "debian" {
  owners      = ["136693071363"]
  most_recent = true
  filter {
    name   = "name"
    values = ["debian-12-*"]
  }
}
data "aws_ami" "vendor" {
  owners      = ["444455556666"]
  most_recent = true
  filter {
    name   = "name"
    values = ["vendor-*"]
  }
}
data "aws_ami" "any" {
  most_recent = true
  filter {
    name   = "name"
    values = ["tool-*"]
  }
}
data "aws_ami" "own" {
  owners      = ["self"]
  most_recent = true
}
data "aws_ami" "verified" {
  most_recent = true
  filter {
    name   = "name"
    values = ["tool-*"]
  }
  filter {
    name   = "owner-id"
    values = ["136693071363"]
  }
}
data "aws_ami" "vendor_by_filter" {
  most_recent = true
  filter {
    name   = "owner-id"
    values = ["444455556666"]
  }
}
"#;

fn joined() -> serde_json::Value {
    let root = export(&[
        ("e/111122223333/eu-west-1/images.json", IMAGES.as_bytes()),
        ("e/111122223333/eu-west-1/instances.json", INSTANCES.as_bytes()),
        ("e/111122223333/eu-west-1/settings.json", SETTINGS.as_bytes()),
        ("code/pins.tf", PINS.as_bytes()),
        ("code/search.tf", SEARCHES.as_bytes()),
    ]);
    report(&root.path().join("e"), &["--code", root.path().join("code").to_str().unwrap()]).0
}

#[test]
fn an_image_that_code_names_is_one_in_use() {
    let report = joined();
    let rules = |image: &str| rules_about(&report, image);
    assert_eq!(rules("ami-0aaaaaaaaaaaaaaa1"), Vec::<String>::new());
    assert_eq!(rules("ami-0aaaaaaaaaaaaaaa2"), ["image-of-public-stranger"]);
    assert_eq!(rules("ami-0aaaaaaaaaaaaaaa3"), ["image-deregistered"]);
    let row = |id: &str| {
        let images = report["sourcing"]["images"].as_array().unwrap();
        images.iter().find(|row| row["id"] == id).cloned().unwrap_or_default()
    };
    let started_by = row("ami-0aaaaaaaaaaaaaaa2")["started_by"][0].as_str().unwrap().to_owned();
    assert!(started_by.starts_with("code ") && started_by.ends_with("pins.tf:3"), "{started_by}");
    assert_eq!(row("ami-0aaaaaaaaaaaaaaa2")["allowed"]["111122223333/eu-west-1"], "not allowed");
    assert_eq!(
        row("ami-0aaaaaaaaaaaaaaa8"),
        serde_json::Value::Null,
        "a comment says that it does not count"
    );
    let region = &report["sourcing"]["allowed_images"][0];
    assert_eq!(region["images"], serde_json::json!(["ami-0aaaaaaaaaaaaaaa2"]));
    let gaps = report["gaps"].as_array().unwrap();
    let gap =
        gaps.iter().find(|gap| gap["location"]["path"].as_str().unwrap().ends_with("ami-0aaaaaaaaaaaaaaa9"));
    assert!(gap.unwrap()["reason"].as_str().unwrap().contains("pins.tf:5"), "{gaps:?}");
}

#[test]
fn searches_that_the_proposed_criteria_would_change_are_told() {
    let report = joined();
    let about = |name: &str| rules_about(&report, name);
    let left_out = "code-lookup-left-out";
    assert_eq!(about("search.tf"), [left_out, left_out, left_out, "code-lookup-narrowed"]);
    let lines: Vec<u64> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["id"].as_str().unwrap().starts_with("code-"))
        .map(|finding| finding["location"]["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [10, 29, 40, 18], "neither Debian's own nor one's own");
}

#[test]
fn without_code_nothing_is_said_of_it() {
    let root = export(&[("111122223333/eu-west-1/images.json", IMAGES.as_bytes())]);
    let (report, _) = report(root.path(), &[]);
    let text = report.to_string();
    assert!(!text.contains("code-lookup") && !text.contains("pins.tf"));
}
