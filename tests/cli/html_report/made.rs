//! Reports made up for the page.

use assay::finding::FactKey;
use std::sync::Arc;

use assay::audit::{Directory, FileTimes, Report, Subject, Times};
use assay::finding::{
    Advisory, Category, Confidence, Finding, Gap, GapKind, Location, Loss, Secret, Severity,
};
use assay::report::{Judgement, Options, Outcome, Run};
use assay_disk::fs::{FileType, Time};

/// Names that try to be something else than names.
pub(crate) fn hostile_names() -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = [
        "<script>alert(1)</script>",
        "</script><script>alert(1)</script>",
        "</noscript><script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "'><svg onload=alert(1)>",
        "<!--<script>",
        "{{ name|safe }}${alert(1)}`",
        "]]>\\u003cscript>alert(1)</script>",
        "javascript:alert(1)",
        "evil\u{202e}gpj.exe\u{2066}",
        "line\u{2028}sep\u{2029}and\nnewline\ttab",
        "&lt;b&gt;&amp;",
    ]
    .map(|name| name.as_bytes().to_vec())
    .into();
    names.push(b"\x00\x1b[2J\x07\x9b\xff\xfe".to_vec());
    names.push("é<".repeat(1365).into_bytes());
    names
}

pub(crate) fn advisory(id: &str, category: Category, severity: Severity) -> Advisory {
    Advisory {
        id: id.to_owned(),
        category,
        title: format!("A finding of {id}"),
        severity,
        why: "Whoever starts the image has it.".to_owned(),
        remedy: "rm FILE, and bake the image without it.".to_owned(),
        references: vec!["https://example.org/why".to_owned(), "javascript:alert(1)".to_owned()],
    }
}

pub(crate) fn finding(advisory: &Arc<Advisory>, path: &[u8]) -> Finding {
    let mut finding = Finding::new(advisory);
    finding.location = Location {
        path: path.to_vec(),
        partition: Some(1),
        volume: Some("ext4 root".to_owned()),
        ..Location::default()
    };
    finding
}

pub(crate) fn judgement() -> Judgement {
    Judgement {
        outcome: Outcome::Fail,
        sentence: "FAIL: findings at high or above must be gone.".to_owned(),
        exit_code: 1,
        fail_on: Some(Severity::High),
        accepted_gaps: vec![],
        explanation: assay::gate::Explanation::default(),
    }
}

pub(crate) fn page(report: &Report) -> String {
    assay::report::html::render(report, &judgement(), &Options::default(), &Run::default())
}

fn directory(parent: Option<u32>, name: &[u8], bytes: u64) -> Directory {
    let volume = "ext4 root".to_owned();
    Directory { parent, name: name.to_vec(), partition: Some(1), volume, bytes, files: 9, folded: 0 }
}

fn report(findings: Vec<Finding>, directories: Vec<Directory>) -> Report {
    let mut times = Times::default();
    for (index, finding) in (0_i64..).zip(&findings) {
        let time = Time { seconds: 1_500_000_000 + index * 86_400 % 300_000_000, nanoseconds: 0 };
        times.set(
            &finding.location,
            FileTimes { modified: time, changed: time, created: None, size: 7, file_type: FileType::Regular },
        );
    }
    let subject = Subject {
        name: "disk.img".to_owned(),
        format: "raw".to_owned(),
        size: 8 << 20,
        ..Subject::default()
    };
    Report { subject, findings, directories, times, ..Report::default() }
}

/// Everything that comes out of an image is hostile.
pub(crate) fn hostile() -> Report {
    let mut directories = vec![directory(None, b"/", 1000)];
    let mut findings = Vec::new();
    let mut gaps = Vec::new();
    let mut notes = Vec::new();
    for name in hostile_names() {
        let text = String::from_utf8_lossy(&name).into_owned();
        // Rules may come from a folder of the user's, who has them from somebody.
        let rule = Advisory {
            title: text.clone(),
            why: text.clone(),
            remedy: format!("rm {text}"),
            references: vec![text.clone()],
            ..advisory(&text, Category::Credential, Severity::High)
        };
        let path: Vec<u8> = [b"/".as_slice(), &name, b"/", &name].concat();
        let mut found = finding(&Arc::new(rule), &path)
            .subject(text.clone())
            .fact(FactKey::Host, text.clone())
            .fact(FactKey::Account, text.clone());
        found = found.fingerprint(text.clone()).secret(Secret::new(name.clone())).confidence(Confidence::Low);
        found.package = Some(text.clone());
        found.related_locations = vec![found.location.clone()];
        gaps.push(Gap {
            location: found.location.clone(),
            kind: GapKind::Damaged,
            loss: Loss::File,
            bytes: Some(7),
            reason: text.clone(),
        });
        notes.push((text.clone(), text));
        directories.push(directory(Some(0), &name, 50));
        findings.push(found);
    }
    let mut report = report(findings, directories);
    report.subject.name = "</title><script>alert(1)</script>\u{202e}".to_owned();
    report.system = Some("<img src=x onerror=alert(1)>".to_owned());
    (report.gaps, report.notes) = (gaps, notes);
    report
}

/// Many findings of forty rules in a hundred directories.
pub(crate) fn many(count: usize) -> Report {
    let categories =
        [Category::Credential, Category::ShellHistory, Category::Leftover, Category::PasswordHash];
    let rules: Vec<Arc<Advisory>> = (0..40)
        .map(|n| Arc::new(advisory(&format!("rule-{n}"), categories[n % 4], Severity::ALL[n % 5])))
        .collect();
    let mut findings: Vec<Finding> = (0..count)
        .map(|n| {
            let path = format!("/srv/d{}/file-{n}.env", n % 100);
            let found =
                finding(&rules[n * 7 % 40], path.as_bytes()).subject(format!("user{}", n % 50)).line(1);
            found
                .fact(FactKey::User, format!("name-{n}"))
                .fact(FactKey::Host, "db.example.org")
                .secret(Secret::new(*b"0123456789abcdef"))
        })
        .collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let mut directories = vec![
        directory(None, b"/", 100_000),
        directory(Some(0), b"srv", 90_000),
        directory(Some(0), b"usr", 10_000),
    ];
    directories.extend((0..100).map(|n| directory(Some(1), format!("d{n}").as_bytes(), 900)));
    report(findings, directories)
}
