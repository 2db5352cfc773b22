use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::fingerprints::{StateView, SuppressionView};
use super::super::sample;
use super::*;
use crate::finding::{Confidence, FactKey, Severity};
use crate::skipped::skip;

fn rendered(report: &Report, options: &Options) -> Value {
    serde_json::from_str(&render(report, &sample::judgement(), options)).unwrap()
}

/// The official schema, which `.ci/run` fetches; `None` where it is not there.
fn schema() -> Option<jsonschema::Validator> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/schemas/sarif-2.1.0.json");
    let path = std::env::var_os("ASSAY_SARIF_SCHEMA").map_or_else(default, PathBuf::from);
    let Ok(text) = std::fs::read(&path) else {
        skip(&format!("the schema of SARIF ({})", path.display()), "the schemas of .ci/run");
        return None;
    };
    let mut schema: Value = serde_json::from_slice(&text).unwrap();
    // A pattern of the schema, for a language that is not written here, is no regular expression.
    for definition in ["run", "toolComponent"] {
        let language = format!("/definitions/{definition}/properties/language");
        schema.pointer_mut(&language).unwrap().as_object_mut().unwrap().remove("pattern").unwrap();
    }
    Some(jsonschema::options().should_validate_formats(true).build(&schema).unwrap())
}

fn valid(log: &Value) {
    let Some(schema) = schema() else { return };
    let errors: Vec<String> =
        schema.iter_errors(log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{:.2000}", errors.join("\n"));
}

fn marked(mark: &mut dyn FnMut(&Finding) -> Mark) -> Value {
    let text = render_marked(&sample::report(), &sample::judgement(), &Options::default(), mark);
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_log_is_as_the_official_schema_says() {
    for options in [Options::default(), Options { secrets: true, hashes: true, ..Options::default() }] {
        valid(&rendered(&sample::report(), &options));
        valid(&rendered(&Report::default(), &options));
    }
}

#[test]
fn the_schema_refuses_what_is_wrong() {
    let Some(schema) = schema() else { return };
    let mut log = rendered(&sample::report(), &Options::default());
    for (pointer, wrong) in [
        ("/runs/0/results/0/level", "awful"),
        ("/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri", "a b"),
        ("/version", "2.0.0"),
    ] {
        let right = std::mem::replace(log.pointer_mut(pointer).unwrap(), wrong.into());
        assert!(!schema.is_valid(&log), "{pointer}");
        *log.pointer_mut(pointer).unwrap() = right;
    }
    valid(&log);
}

#[test]
fn code_scanning_finds_what_it_needs() {
    let mut report = sample::report();
    report.subject.name = "/images/disk.img".to_owned();
    let log = rendered(&report, &Options::default());
    let run = &log["runs"][0];
    assert_eq!(run["automationDetails"]["id"], "assay/disk.img/");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        for pointer in ["/shortDescription/text", "/fullDescription/text", "/help/text", "/help/markdown"] {
            assert!(!rule.pointer(pointer).unwrap().as_str().unwrap().is_empty());
        }
        assert!(rule["properties"]["security-severity"].as_str().unwrap().parse::<f64>().is_ok());
        assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 20);
        assert_eq!(rule["helpUri"], "https://example.org/why");
    }
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 11);
    for result in results {
        assert_eq!(
            rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()]["id"],
            result["ruleId"]
        );
        let place = &result["locations"][0]["physicalLocation"];
        assert!(!place["artifactLocation"]["uri"].as_str().unwrap().starts_with('/'));
        for name in ["startLine", "startColumn", "endLine", "endColumn"] {
            assert!(place["region"][name].as_u64().unwrap() >= 1);
        }
        let hash = result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap();
        assert_eq!(hash.len(), 18);
    }
    let evil = &results[1];
    let uri = "/locations/0/physicalLocation/artifactLocation/uri";
    assert_eq!(evil.pointer(uri).unwrap(), "srv/%1B%5B2J%FF.env");
    assert_eq!(evil["relatedLocations"][0].pointer("/physicalLocation/region/startLine").unwrap(), 9);
    assert_eq!((&evil["level"], &results[3]["level"]), (&"error".into(), &"error".into()));
    assert_eq!((&results[4]["level"], &results[4]["rank"]), (&"warning".into(), &59.0.into()));
}

#[test]
fn gaps_are_notifications() {
    let log = rendered(&sample::report(), &Options::default());
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!((&invocation["executionSuccessful"], &invocation["exitCode"]), (&true.into(), &1.into()));
    let told = &invocation["toolExecutionNotifications"];
    assert_eq!(told.as_array().unwrap().len(), 1);
    assert_eq!(told[0]["descriptor"]["id"], "gap-unsupported");
    assert_eq!(told[0]["message"]["text"], "partition 2 (swap): swap space is not read (1.0 MiB)");
    let notices = log["runs"][0]["tool"]["driver"]["notifications"].as_array().unwrap();
    assert!(notices.iter().any(|notice| notice["id"] == "gap-unsupported"));
}

#[test]
fn a_baseline_and_its_suppressions_are_shown_where_there_are_some() {
    let mark = |state, suppression| {
        move |_: &Finding| Mark {
            fails: true,
            fingerprint: "0123456789abcdef0123456789abcdef".to_owned(),
            state,
            suppression,
        }
    };
    let plain = marked(&mut |finding| mark(None, None)(finding));
    assert!(plain["runs"][0]["results"][0].get("suppressions").is_none());
    assert!(plain["runs"][0]["results"][0].get("baselineState").is_none());
    let suppression = SuppressionView { reason: "a test key\u{1b}".to_owned() };
    let shown = marked(&mut |finding| mark(Some(StateView::Unchanged), Some(suppression.clone()))(finding));
    valid(&shown);
    let result = &shown["runs"][0]["results"][0];
    assert_eq!(result["baselineState"], "unchanged");
    assert_eq!(result["suppressions"][0]["status"], "accepted");
    assert_eq!(result["suppressions"][0]["justification"], "a test key\\u{1b}");
    assert_eq!(result["partialFingerprints"]["assayFinding/v1"], "0123456789abcdef0123456789abcdef");
}

#[test]
fn five_thousand_results_are_kept_by_rank_and_the_others_counted() {
    let mut report = sample::report();
    let low = Finding { severity: Severity::Low, ..report.findings[4].clone() };
    let sure = Finding { severity: Severity::Low, confidence: Confidence::High, ..low.clone() };
    let unsure = Finding { confidence: Confidence::Low, ..low };
    report.findings.extend(std::iter::repeat_n(unsure, 3000));
    report.findings.extend(std::iter::repeat_n(sure, 4000));
    let log = rendered(&report, &Options::default());
    valid(&log);
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), RESULTS);
    let ranks: Vec<f64> = results.iter().map(|result| result["rank"].as_f64().unwrap()).collect();
    assert!(ranks.is_sorted_by(|a, b| a >= b));
    assert_eq!(ranks.iter().filter(|rank| **rank == 39.0).count(), 4000);
    let told = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert!(told.last().unwrap()["message"]["text"].as_str().unwrap().starts_with("2011 more findings"));
}

#[test]
fn hostile_paths_neither_break_the_log_nor_make_it_too_big() {
    let mut report = sample::report();
    let random = |seed: u64| {
        let mut state = seed;
        (0..4000).map(move |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        })
    };
    for seed in 0..6000 {
        let mut finding = report.findings[0].clone();
        finding.location.path = random(seed).collect();
        finding.related_locations = vec![finding.location.clone(); 60];
        for (line, place) in finding.related_locations.iter_mut().enumerate() {
            place.line = Some(line as u64 / 2);
        }
        finding.evidence.facts.push((FactKey::Line, "{0} [x](http://e.org) ".repeat(100)));
        report.findings.push(finding);
    }
    let text = render(&report, &sample::judgement(), &Options::default());
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, text.as_bytes()).unwrap();
    let packed = packed.finish().unwrap().len();
    assert!(packed < 10_000_000, "{packed}");
    let log: Value = serde_json::from_str(&text).unwrap();
    valid(&log);
    let told = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(told.contains("more findings of the lowest rank"));
}
