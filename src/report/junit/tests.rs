use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::super::sample;
use super::*;
use crate::skipped::skip;

/// Asks xmllint whether `document` is as Jenkins' schema says; `None` where there is no xmllint.
fn problems(document: &str) -> Option<String> {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/schemas/junit-10.xsd");
    let child = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema"])
        .arg(schema)
        .arg("-")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        skip("xmllint", "libxml2-utils");
        return None;
    };
    child.stdin.take().unwrap().write_all(document.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(if output.status.success() { String::new() } else { said })
}

fn valid(document: &str) {
    if let Some(problems) = problems(document) {
        assert!(problems.is_empty(), "{problems}\n{document}");
    }
}

#[test]
fn requirements_pass_or_fail_one_by_one() {
    let text = render(&sample::report(), &sample::judgement(), &Options::default());
    valid(&text);
    let document = Document::deserialize_from_str(&text).unwrap();
    let suite = &document.test_suites[0];
    assert_eq!((suite.name.as_str(), suite.failures, suite.errors), ("disk.img", 3, 1));
    let of = |class: &str| {
        let cases = suite.test_cases.iter();
        cases.filter(|case| case.classname.as_deref() == Some(class)).collect::<Vec<_>>()
    };
    assert!(matches!(of("miner")[0].status, TestCaseStatus::Success { .. }));
    assert!(matches!(of("shell-history")[0].status, TestCaseStatus::Success { .. }));
    assert!(of("shell-history")[0].system_out.as_deref().unwrap().contains("/home/user7/.bash_history"));
    let TestCaseStatus::NonSuccess { message, description, .. } = &of("shadow")[0].status else { panic!() };
    assert_eq!(message.as_deref(), Some("1 finding: root can log in with a password"));
    assert!(description.as_deref().unwrap().contains("critical /etc/shadow:1: root"));
    assert!(matches!(
        of("coverage")[0].status,
        TestCaseStatus::NonSuccess { kind: NonSuccessKind::Error, .. }
    ));
    assert!(of("hardening").is_empty());
}

#[test]
fn hostile_bytes_stay_text() {
    let every: Vec<u8> = (0..=255).collect();
    let hostile: [&[u8]; 5] = [
        &every,
        b"]]><evil attr='\"'>&amp;&#0;",
        "\u{fffe}\u{ffff}\u{1b}[31m\u{0}".as_bytes(),
        b"\xed\xa0\x80\xff\xfe",
        b"--><!-- <![CDATA[ x ]]>",
    ];
    for bytes in hostile {
        let mut report = sample::report();
        let text = String::from_utf8_lossy(bytes).into_owned();
        report.findings[0].location.path = bytes.to_vec();
        report.findings[0].subject = Some(text.clone());
        report.findings[4].location.path = bytes.to_vec();
        report.gaps[0].reason.clone_from(&text);
        report.subject.name.clone_from(&text);
        let document = render(&report, &sample::judgement(), &Options::default());
        valid(&document);
        let read = Document::deserialize_from_str(&document).unwrap();
        assert_eq!(read.test_suites[0].name.as_str(), Escaped(text.as_bytes()).to_string());
        assert_eq!(read.test_suites[0].failures, 3);
    }
}

#[test]
fn an_invalid_document_is_told_from_a_valid_one() {
    let text = render(&sample::report(), &sample::judgement(), &Options::default());
    let wrong = text.replace("classname=", "clasname=");
    assert!(problems(&wrong).is_none_or(|problems| problems.contains("clasname")));
}

#[test]
fn many_places_are_counted() {
    let mut report = sample::report();
    let finding = report.findings[4].clone();
    report.findings.extend(std::iter::repeat_n(finding, 1000));
    let text = render(&report, &sample::judgement(), &Options::default());
    assert!(text.contains("… and 807 more"), "{}", text.len());
}
