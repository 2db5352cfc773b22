//! The verdict as an in-toto Statement v1 with the predicate `test-result` v0.1, for signing with other tools.
//!
//! <https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md>. The subject is the image's own
//! file. Tests are the requirements by category (`ssh-host-key`, …) and `coverage/KIND` for what was not looked at.
//! What does not pass the gate is FAILED, an incomplete audit, too; a pass with findings or accepted gaps is WARNED.

use std::collections::BTreeMap;

use serde::Serialize;

use super::format::Format;
use super::requirements::{requirements, unread};
use super::run::{Digested, Run};
use super::{Judgement, Outcome, TOOL_VERSION, json};
use crate::audit::Report;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statement<'a> {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: Vec<Resource<'a>>,
    predicate_type: &'static str,
    predicate: TestResult<'a>,
}

/// A `ResourceDescriptor`.
#[derive(Serialize)]
struct Resource<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    digest: BTreeMap<&'static str, &'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TestResult<'a> {
    result: &'static str,
    configuration: Vec<Resource<'a>>,
    passed_tests: Vec<String>,
    warned_tests: Vec<String>,
    failed_tests: Vec<String>,
}

/// `--format intoto`.
pub static FORMAT: Format = Format {
    name: "intoto",
    about: "An unsigned in-toto statement, with the image's SHA-256",
    extensions: &[],
    needs_digest: true,
    needs_file: true,
    is_begun_by: |text| text.starts_with('{') && text.contains("https://in-toto.io/Statement/"),
    render: |told| {
        // Without a file there is no subject: that is refused before the audit.
        let image = told.run.image.as_ref();
        image.map_or_else(String::new, |image| render(told.report, told.judgement, told.run, image))
    },
};

/// The statement about `image`, ending with a newline.
pub fn render(report: &Report, judgement: &Judgement, run: &Run, image: &Digested) -> String {
    let tests = tests(report, judgement);
    let statement = Statement {
        kind: "https://in-toto.io/Statement/v1",
        subject: vec![Resource {
            name: &image.name,
            digest: BTreeMap::from([("sha256", image.sha256.as_str())]),
            annotations: BTreeMap::new(),
        }],
        predicate_type: "https://in-toto.io/attestation/test-result/v0.1",
        predicate: TestResult {
            result: result(judgement, &tests),
            configuration: configuration(judgement, run),
            passed_tests: tests.passed,
            warned_tests: tests.warned,
            failed_tests: tests.failed,
        },
    };
    json::pretty(&statement)
}

/// Names of tests, by how they came out. Their number is bounded by those of categories and kinds of gaps.
#[derive(Default)]
struct Tests {
    passed: Vec<String>,
    warned: Vec<String>,
    failed: Vec<String>,
}

fn tests(report: &Report, judgement: &Judgement) -> Tests {
    let mut tests = Tests::default();
    for requirement in requirements(report) {
        let list = match requirement.rules.is_empty() {
            true => &mut tests.passed,
            false if requirement.rules.values().any(|rule| rule.fails) => &mut tests.failed,
            false => &mut tests.warned,
        };
        list.push(requirement.category.name().to_owned());
    }
    let unread = unread(report, judgement);
    if unread.is_empty() {
        tests.passed.push("coverage".to_owned());
    }
    for unread in unread {
        let list = if unread.is_accepted { &mut tests.warned } else { &mut tests.failed };
        list.push(format!("coverage/{}", unread.kind.name()));
    }
    tests
}

fn result(judgement: &Judgement, tests: &Tests) -> &'static str {
    match judgement.outcome {
        Outcome::Fail | Outcome::Incomplete => "FAILED",
        Outcome::Pass if tests.warned.is_empty() && tests.failed.is_empty() => "PASSED",
        Outcome::Pass => "WARNED",
    }
}

/// The program, its rules and the gate.
fn configuration<'a>(judgement: &Judgement, run: &'a Run) -> Vec<Resource<'a>> {
    let accepted: Vec<&str> = judgement.accepted_gaps.iter().map(|kind| kind.name()).collect();
    let fail_on = judgement.fail_on.map_or("never", crate::finding::Severity::name);
    vec![
        Resource {
            name: "assay",
            digest: BTreeMap::new(),
            annotations: BTreeMap::from([("version", TOOL_VERSION.to_owned())]),
        },
        Resource {
            name: "assay-rules",
            digest: BTreeMap::from([("sha256", run.rules.as_str())]),
            annotations: BTreeMap::new(),
        },
        Resource {
            name: "assay-gate",
            digest: BTreeMap::new(),
            annotations: BTreeMap::from([
                ("fail_on", fail_on.to_owned()),
                ("accepted_gaps", accepted.join(",")),
            ]),
        },
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::sample;
    use super::*;
    use crate::finding::GapKind;

    fn rendered(report: &Report, judgement: &Judgement) -> Value {
        let run = Run { rules: "11".repeat(32), ..Run::default() };
        let image = Digested { name: "disk.img".to_owned(), size: 1, sha256: "00".repeat(32) };
        serde_json::from_str(&render(report, judgement, &run, &image)).unwrap()
    }

    #[test]
    fn requirements_are_the_tests() {
        let json = rendered(&sample::report(), &sample::judgement());
        assert_eq!(json["subject"][0]["digest"]["sha256"], "00".repeat(32));
        let predicate = &json["predicate"];
        assert_eq!(predicate["result"], "FAILED");
        let failed = ["ssh-host-key", "credential", "shadow", "coverage/unsupported"];
        assert_eq!(predicate["failedTests"], serde_json::json!(failed));
        assert_eq!(predicate["warnedTests"], serde_json::json!(["shell-history"]));
        assert!(predicate["passedTests"].as_array().unwrap().contains(&"miner".into()));
        assert_eq!(predicate["configuration"][1]["digest"]["sha256"], "11".repeat(32));
    }

    #[test]
    fn only_a_pass_without_anything_is_passed() {
        let (mut report, mut judgement) = (sample::report(), sample::judgement());
        judgement.outcome = Outcome::Incomplete;
        assert_eq!(rendered(&report, &judgement)["predicate"]["result"], "FAILED");
        judgement.outcome = Outcome::Pass;
        judgement.fail_on = None;
        judgement.accepted_gaps = vec![GapKind::Unsupported];
        assert_eq!(rendered(&report, &judgement)["predicate"]["result"], "WARNED");
        report.findings.clear();
        assert_eq!(rendered(&report, &judgement)["predicate"]["result"], "WARNED");
        report.gaps.clear();
        assert_eq!(rendered(&report, &judgement)["predicate"]["result"], "PASSED");
    }
}
