//! What the known scanner of image sources gets wrong, each as a test.

use super::{class, export, report, rules_about};

const ACCOUNT: &str = "111122223333/eu-west-1";

fn image(id: &str, more: &str) -> String {
    format!(r#"{{"ImageId": "ami-0000000000000000{id}", "State": "available", {more}}}"#)
}

fn instance(number: usize, id: &str) -> String {
    format!(
        r#"{{"InstanceId": "i-{number}", "ImageId": "ami-0000000000000000{id}", "State": {{"Name": "running"}}}}"#
    )
}

fn judged(images: &[String], instances: &[String], more: &[(&str, &str)]) -> serde_json::Value {
    let images = format!(r#"{{"Images": [{}]}}"#, images.join(","));
    let instances = format!(
        r#"{{"Reservations": [{{"OwnerId": "111122223333", "Instances": [{}]}}]}}"#,
        instances.join(",")
    );
    let name = |name: &str| format!("{ACCOUNT}/{name}.json");
    let mut files = vec![(name("images"), images), (name("instances"), instances)];
    files.extend(more.iter().map(|(file, text)| (name(file), (*text).to_owned())));
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    report(export(&files).path(), &[]).0
}

#[test]
fn every_page_counts_and_not_the_first_alone() {
    let images = [image("a", r#""OwnerId": "1", "Public": true"#)];
    let instances: Vec<String> = (0..3000).map(|number| instance(number, "a")).collect();
    let report = judged(&images, &instances, &[]);
    assert_eq!(report["sourcing"]["sums"]["instances"], 3000);
}

#[test]
fn audit_mode_blocks_nothing_and_is_no_trust() {
    let images = [image("a", r#""OwnerId": "999988887777", "Name": "x", "Public": true"#)];
    let settings = r#"{"State": "audit-mode", "ImageCriteria": [{"ImageProviders": ["999988887777"]}]}"#;
    let report = judged(&images, &[instance(1, "a")], &[("allowed", settings)]);
    assert_eq!(class(&report, "ami-0000000000000000a"), "public-stranger");
    assert_eq!(rules_about(&report, "allowed-amis-audit-only"), ["allowed-amis-audit-only"]);
}

#[test]
fn an_own_deregistered_image_is_own_by_the_metadata_of_its_instance() {
    let metadata = r#"{"InstanceImageMetadata": [{"InstanceId": "i-1", "OwnerId": "111122223333", "AvailabilityZone": "eu-west-1a",
        "State": {"Name": "running"}, "ImageMetadata": {"ImageId": "ami-0000000000000000a", "Name": "golden", "OwnerId": "111122223333",
        "ImageOwnerAlias": "111122223333", "State": "deregistered", "CreationDate": "2026-03-04T00:49:24Z", "IsPublic": false}}]}"#;
    let report = judged(&[], &[instance(1, "a")], &[("metadata", metadata)]);
    assert_eq!(class(&report, "ami-0000000000000000a"), "own");
    assert!(rules_about(&report, "ami-0000000000000000a").contains(&"image-deregistered".to_owned()));
}

#[test]
fn an_own_public_image_is_own() {
    let images = [image("a", r#""OwnerId": "111122223333", "Name": "golden", "Public": true"#)];
    let report = judged(&images, &[instance(1, "a")], &[]);
    assert_eq!(class(&report, "ami-0000000000000000a"), "own");
    assert!(rules_about(&report, "ami-0000000000000000a").contains(&"image-public".to_owned()));
}

#[test]
fn backup_vaults_have_a_class_and_an_image_without_an_answer_has_one_too() {
    let images = [image("a", r#""OwnerId": "5", "ImageOwnerAlias": "aws-backup-vault", "Public": false"#)];
    let report = judged(&images, &[instance(1, "a"), instance(2, "f")], &[]);
    assert_eq!(class(&report, "ami-0000000000000000a"), "backup-vault");
    assert_eq!(class(&report, "ami-0000000000000000f"), "no-information");
    assert_eq!(report["sourcing"]["sums"]["add_up"], true);
    // And it is a gap: exit code 4, if nothing else stands against it.
    assert!(
        report["gaps"]
            .as_array()
            .unwrap()
            .iter()
            .any(|gap| gap["reason"].as_str().unwrap().contains("whose image"))
    );
}

#[test]
fn a_setting_that_was_not_exported_is_not_off() {
    let images = [image("a", r#""OwnerId": "111122223333", "Public": false"#)];
    let report = judged(&images, &[instance(1, "a")], &[]);
    assert_eq!(report["sourcing"]["allowed_images"][0]["state"], serde_json::Value::Null);
    assert!(rules_about(&report, "allowed-amis-off").is_empty());
}

#[test]
fn the_publisher_s_name_with_another_owner_is_the_worst() {
    let name = r#""OwnerId": "999988887777", "Name": "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20261101", "Public": true"#;
    let true_one = r#""OwnerId": "099720109477", "ImageOwnerAlias": "amazon", "Name": "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20261001", "Public": true"#;
    let report =
        judged(&[image("a", name), image("b", true_one)], &[instance(1, "a"), instance(2, "b")], &[]);
    assert_eq!(rules_about(&report, "ami-0000000000000000a"), ["image-look-alike"]);
    assert!(rules_about(&report, "ami-0000000000000000b").is_empty());
    assert_eq!(class(&report, "ami-0000000000000000b"), "amazon");
}

#[test]
fn templates_groups_and_parameters_use_images_too() {
    let images = [image("a", r#""OwnerId": "999988887777", "Name": "x", "Public": true"#)];
    let template = r#"{"LaunchTemplateVersions": [{"LaunchTemplateId": "lt-1", "LaunchTemplateName": "web", "VersionNumber": 1,
        "DefaultVersion": true, "LaunchTemplateData": {"ImageId": "resolve:ssm:/golden"}}]}"#;
    let parameter = r#"{"Parameters": [{"Name": "/golden", "Value": "ami-0000000000000000a"}]}"#;
    let group = r#"{"AutoScalingGroups": [{"AutoScalingGroupName": "web", "LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "$Latest"}}]}"#;
    let report = judged(&images, &[], &[("t", template), ("p", parameter), ("g", group)]);
    assert_eq!(rules_about(&report, "ami-0000000000000000a"), ["image-of-public-stranger"]);
    let row = &report["sourcing"]["images"][0];
    assert_eq!(row["started_by"].as_array().unwrap().len(), 3, "{row}");
}

#[test]
fn instances_are_joined_with_what_audits_found_in_their_image() {
    let images = [image("a", r#""OwnerId": "111122223333", "Name": "golden", "Public": false"#)];
    let images = format!(r#"{{"Images": [{}]}}"#, images.join(","));
    let instances = format!(
        r#"{{"Reservations": [{{"OwnerId": "111122223333", "Instances": [{}, {}, {}]}}]}}"#,
        instance(1, "a"),
        instance(2, "a"),
        instance(3, "f")
    );
    let audit = r#"{"format": "assay-report", "version": 1, "subject": {"name": "disk.raw"}, "system": "Debian", "verdict": {"outcome": "fail"},
        "findings": [{"id": "root-password", "title": "root can log in with a password", "severity": "critical", "location": {"path": "/etc/shadow"}, "evidence": {}}], "gaps": []}"#;
    let root = export(&[
        ("111122223333/eu-west-1/images.json", images.as_bytes()),
        ("111122223333/eu-west-1/instances.json", instances.as_bytes()),
    ]);
    let audits = export(&[("ami-0000000000000000a.json", audit.as_bytes())]);
    let (report, exit) = report(root.path(), &["--audits", audits.path().to_str().unwrap()]);
    assert_eq!(exit, 1);
    let finding = &report["findings"][0];
    assert_eq!(
        (finding["id"].as_str(), finding["severity"].as_str()),
        (Some("image-with-findings-runs"), Some("critical"))
    );
    assert_eq!(finding["subject"], "root can log in with a password");
    assert_eq!(finding["evidence"]["facts"]["instances"], "2, 2 running");
    let never = report["gaps"]
        .as_array()
        .unwrap()
        .iter()
        .any(|gap| gap["reason"].as_str().unwrap().contains("never audited"));
    assert!(never, "{}", report["gaps"]);
}

#[test]
fn a_trail_names_who_searched_without_an_owner_and_what_came_of_it() {
    let images = [image(
        "a",
        r#""OwnerId": "999988887777", "Name": "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20261101", "Public": true"#,
    )];
    let who = r#""userIdentity": {"arn": "arn:aws:iam::111122223333:role/ci"}, "userAgent": "aws-cli/2.31", "awsRegion": "eu-west-1", "recipientAccountId": "111122223333""#;
    let search = |owners: &str| {
        format!(
            r#"{{"eventName": "DescribeImages", "eventTime": "2026-11-01T10:00:00Z", {who}, "requestParameters":
        {{{owners}"filterSet": {{"items": [{{"name": "name", "valueSet": {{"items": [{{"value": "ubuntu/images/*jammy*"}}]}}}}]}}}}}}"#
        )
    };
    let launch = format!(
        r#"{{"eventName": "RunInstances", "eventTime": "2026-11-01T10:00:05Z", {who}, "requestParameters":
        {{"instancesSet": {{"items": [{{"imageId": "ami-0000000000000000a"}}]}}}}, "responseElements": null}}"#
    );
    let records = format!(r#"{{"Records": [{}, {launch}]}}"#, search(""));
    let report = judged(&images, &[instance(1, "a")], &[("trail", &records)]);
    let rules = rules_about(&report, "ami-0000000000000000a");
    for rule in ["trail-unguarded-search", "trail-launch-of-stranger", "image-look-alike"] {
        assert!(rules.contains(&rule.to_owned()), "{rule}: {rules:?}");
    }
    let owned = search(r#""ownersSet": {"items": [{"owner": "099720109477"}]}, "#);
    let report = judged(&images, &[], &[("trail", &format!(r#"{{"Records": [{owned}]}}"#))]);
    assert!(!report["findings"].to_string().contains("trail-unguarded-search"));
}
