use super::*;
use crate::sourcing::estate::{Scan, Watermark};

const DAY_0: i64 = 1_800_000_000;

fn now() -> Moment {
    Moment::of_seconds(DAY_0)
}

fn days_ago(days: i64) -> Option<Moment> {
    Some(Moment::of_seconds(DAY_0 - days * DAY))
}

/// As describe-images tells it: of a stranger, without scan and marks.
fn image() -> Image {
    Image {
        owner: Some("222222222222".to_owned()),
        name: Some("golden-1".to_owned()),
        created: days_ago(400),
        product_codes: Some(Vec::new()),
        scan: Some(None),
        is_described: true,
        ..Image::new("ami-1")
    }
}

fn criteria(text: &str) -> Settings {
    serde_json::from_str(&format!(r#"{{"State": "enabled", "ImageCriteria": {text}}}"#)).unwrap()
}

fn decide(image: &Image, text: &str) -> &'static str {
    criteria(text).decide(image, Some("111111111111"), now()).name()
}

#[test]
fn own_images_are_always_allowed() {
    let own = Image { owner: Some("111111111111".to_owned()), ..image() };
    assert_eq!(decide(&own, r#"[{"ImageProviders": ["none"]}]"#), "allowed");
    assert_eq!(decide(&image(), r#"[{"ImageProviders": ["none"]}]"#), "not allowed");
}

#[test]
fn an_alias_is_aws_s_word_and_not_the_owner_s() {
    let verified = Image { alias: Some(Alias::Amazon), owner: Some("099720109477".to_owned()), ..image() };
    let unverified = Image { alias: None, ..verified.clone() };
    let vault = Image { alias: Some(Alias::BackupVault), ..image() };
    assert_eq!(decide(&verified, r#"[{"ImageProviders": ["amazon"]}]"#), "allowed");
    assert_eq!(decide(&unverified, r#"[{"ImageProviders": ["amazon"]}]"#), "not allowed");
    assert_eq!(decide(&verified, r#"[{"ImageProviders": ["099720109477"]}]"#), "allowed");
    assert_eq!(decide(&vault, r#"[{"ImageProviders": ["amazon", "aws-marketplace"]}]"#), "not allowed");
}

#[test]
fn conditions_hold_together_and_criteria_are_alternatives() {
    let named = r#"{"ImageProviders": ["222222222222"], "ImageNames": ["golden-?"]}"#;
    assert_eq!(decide(&image(), &format!("[{named}]")), "allowed");
    let other = Image { name: Some("other".to_owned()), ..image() };
    assert_eq!(decide(&other, &format!("[{named}]")), "not allowed");
    let alternatives = format!(r#"[{named}, {{"ImageNames": ["oth*"]}}]"#);
    assert_eq!(decide(&other, &alternatives), "allowed");
}

#[test]
fn days_count_and_the_last_one_is_not_decided() {
    let created =
        |days: i64| format!(r#"[{{"CreationDateCondition": {{"MaximumDaysSinceCreated": {days}}}}}]"#);
    assert_eq!(decide(&image(), &created(300)), "not allowed");
    assert_eq!(decide(&image(), &created(400)), "allowed");
    let later = Image { created: Some(Moment::of_seconds(DAY_0 - 400 * DAY - 7)), ..image() };
    assert_eq!(decide(&later, &created(400)), "not decidable");
    let unknown = Image { created: None, ..image() };
    assert_eq!(decide(&unknown, &created(400)), "not decidable");
}

#[test]
fn deprecation_counts_from_its_day() {
    let deprecated =
        |days: i64| format!(r#"[{{"DeprecationTimeCondition": {{"MaximumDaysSinceDeprecated": {days}}}}}]"#);
    let since = |days: i64| Image { deprecated: days_ago(days), ..image() };
    assert_eq!(decide(&since(5), &deprecated(0)), "not allowed");
    assert_eq!(decide(&since(5), &deprecated(30)), "allowed");
    assert_eq!(decide(&since(5), &deprecated(3)), "not allowed");
    assert_eq!(decide(&since(-5), &deprecated(0)), "allowed");
    assert_eq!(decide(&image(), &deprecated(0)), "allowed");
    let an_hour = Image { deprecated: Some(Moment::of_seconds(DAY_0 - 3600)), ..image() };
    assert_eq!(decide(&an_hour, &deprecated(0)), "not allowed");
}

#[test]
fn all_of_a_watermark_filter_must_hold_for_one_watermark() {
    let mark = |key: &str, days: i64| Watermark {
        watermark_key: Some(key.to_owned()),
        watermark_creation_time: days_ago(days),
        ..Watermark::default()
    };
    let marked = Image { watermarks: vec![mark("1:a", 100), mark("1:b", 1)], ..image() };
    let both = r#"[{"ImageWatermarks": [{"WatermarkKey": "1:a", "MaximumDaysSinceWatermarkCreated": 90}]}]"#;
    let either =
        r#"[{"ImageWatermarks": [{"WatermarkKey": "1:a"}, {"MaximumDaysSinceWatermarkCreated": 90}]}]"#;
    assert_eq!(decide(&marked, both), "not allowed");
    assert_eq!(decide(&marked, either), "allowed");
    assert_eq!(decide(&image(), either), "not allowed");
}

#[test]
fn what_the_metadata_of_instances_lacks_is_not_decided() {
    let by_metadata = Image { product_codes: None, scan: None, ..image() };
    let scan = r#"[{"ScanResultCondition": {"MaximumSeverityLabel": "medium"}}]"#;
    let codes = r#"[{"MarketplaceProductCodes": ["abc"]}]"#;
    assert_eq!((decide(&image(), scan), decide(&by_metadata, scan)), ("not allowed", "not decidable"));
    assert_eq!((decide(&image(), codes), decide(&by_metadata, codes)), ("not allowed", "not decidable"));
    // A criterion that fails does not help one that is not decided, and one that holds does.
    let second = r#"[{"ImageNames": ["x"]}, {"MarketplaceProductCodes": ["abc"]}]"#;
    assert_eq!(decide(&by_metadata, second), "not decidable");
    let third = r#"[{"MarketplaceProductCodes": ["abc"]}, {"ImageNames": ["golden-*"]}]"#;
    assert_eq!(decide(&by_metadata, third), "allowed");
}

#[test]
fn a_scan_is_held_to_severity_and_ages() {
    let scanned = |highest: Option<&str>, critical_fix: Option<i64>| Image {
        scan: Some(Some(Box::new(Scan {
            highest_finding_severity_label: highest.map(str::to_owned),
            finding_scan_date: days_ago(3),
            critical_fix_available_since: critical_fix.and_then(days_ago),
            ..Default::default()
        }))),
        ..image()
    };
    let severity = r#"[{"ScanResultCondition": {"MaximumSeverityLabel": "medium"}}]"#;
    assert_eq!(decide(&scanned(Some("high"), None), severity), "not allowed");
    assert_eq!(decide(&scanned(Some("low"), None), severity), "allowed");
    assert_eq!(decide(&scanned(None, None), severity), "allowed");
    let age = r#"[{"ScanResultCondition": {"MaxDaysSinceLastFindingScan": 2}}]"#;
    assert_eq!(decide(&scanned(None, None), age), "not allowed");
    let fix = r#"[{"ScanResultCondition": {"MaxDaysSinceCriticalFixAvailable": 7}}]"#;
    assert_eq!(decide(&scanned(Some("critical"), Some(9)), fix), "not allowed");
    assert_eq!(decide(&scanned(Some("critical"), None), fix), "allowed");
}

#[test]
fn an_empty_criterion_and_a_newer_condition_allow_nothing() {
    assert_eq!(decide(&image(), "[{}]"), "not decidable");
    assert_eq!(decide(&image(), "[]"), "not decidable");
    assert_eq!(
        decide(&image(), r#"[{"ImageNames": ["golden-*"], "BootModeCondition": {}}]"#),
        "not decidable"
    );
    assert_eq!(decide(&image(), r#"[{"ImageNames": ["x"], "BootModeCondition": {}}]"#), "not allowed");
}

#[test]
fn what_is_off_allows_everything_and_decides_nothing_else() {
    let off: Settings = serde_json::from_str(r#"{"State": "disabled"}"#).unwrap();
    assert_eq!(off.decide(&image(), None, now()), Decision::Allowed);
    assert_eq!(weaknesses(&off), BTreeSet::from([Weakness::Off]));
}

#[test]
fn weak_criteria_are_named() {
    let weak = |text: &str| weaknesses(&criteria(text)).into_iter().collect::<Vec<_>>();
    assert_eq!(weak(r#"[{"ImageNames": ["golden-*"]}]"#), [Weakness::NameOnly(vec!["golden-*".to_owned()])]);
    assert_eq!(weak(r#"[{"ImageWatermarks": [{"WatermarkKey": "1:a"}]}]"#), [Weakness::WatermarkOnly]);
    assert_eq!(weak(r#"[{"ImageProviders": ["aws-marketplace"]}]"#), [Weakness::AnySeller]);
    assert_eq!(weak(r#"[{"ImageProviders": ["aws-marketplace"], "MarketplaceProductCodes": ["a"]}]"#), []);
    assert_eq!(weak("[{}]"), [Weakness::EmptyCriterion]);
    let created = r#"[{"CreationDateCondition": {"MaximumDaysSinceCreated": 9}}]"#;
    assert_eq!(weak(created), [Weakness::AnyProvider(vec!["CreationDateCondition".to_owned()])]);
    assert_eq!(weak(r#"[{"ImageProviders": ["none"]}]"#), []);
    assert_eq!(weak(r#"[{"ImageProviders": ["none", "amazon"]}]"#), [Weakness::NoneWithOthers]);
    assert_eq!(weak(r#"[{"ImageProviders": ["amazon"], "ImageNames": ["x*"]}]"#), []);
}
