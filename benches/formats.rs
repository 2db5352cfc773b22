//! Sizes and times of every format for 20,000 findings: `cargo bench --bench formats`.

#![expect(clippy::print_stdout, reason = "a bench shows its numbers")]

use std::sync::Arc;
use std::time::Instant;

use assay::audit::{Report, Subject};
use assay::finding::{Advisory, Category, FactKey, Finding, Gap, GapKind, Location, Loss, Secret, Severity};
use assay::report::run::{Digested, Run};
use assay::report::{
    Judgement, Options, Outcome, csv, evidence, html, intoto, json, junit, markdown, ndjson, sarif, terminal,
};

const FINDINGS: usize = 20_000;
const RULES: usize = 200;

fn advisory(number: usize) -> Arc<Advisory> {
    Arc::new(Advisory {
        id: format!("made-up-rule-{number}"),
        category: [Category::Credential, Category::ShellHistory, Category::Leftover, Category::Persistence]
            .get(number % 4)
            .copied()
            .unwrap_or(Category::Miner),
        title: format!("Secret number {number} of a service"),
        severity: Severity::ALL.get(number % 5).copied().unwrap_or(Severity::Info),
        why: "Whoever starts the image can use the service in its owner's name, and read what it holds."
            .to_owned(),
        remedy:
            "Revoke the secret, remove the file before baking the image, and give it to the instance at boot."
                .to_owned(),
        references: vec!["https://example.org/why".to_owned()],
    })
}

fn finding(advisories: &[Arc<Advisory>], number: usize) -> Option<Finding> {
    let secret = Secret::new(format!("made-up-secret-{number:032x}"));
    let mut finding = Finding::new(advisories.get(number % RULES)?)
        .secret(secret)
        .subject(format!("user{}", number % 50))
        .fact(FactKey::Key, "DB_PASSWORD")
        .fact(FactKey::File, "environment file")
        .line(number as u64 % 500 + 1)
        .offset(number as u64 * 17);
    finding.location.partition = Some(1);
    finding.location.volume = Some("ext4 root".to_owned());
    finding.location.path = format!("/srv/app{}/releases/{number}/config/.env", number % 100).into_bytes();
    finding.location.inode = Some(number as u64 + 12);
    Some(finding)
}

fn report() -> Report {
    let advisories: Vec<_> = (0..RULES).map(advisory).collect();
    let mut findings: Vec<_> = (0..FINDINGS).filter_map(|number| finding(&advisories, number)).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let gap = |number: usize| Gap {
        location: Location {
            path: format!("/var/lib/data/{number}.bin").into_bytes(),
            ..Location::default()
        },
        kind: GapKind::Encrypted,
        loss: Loss::File,
        bytes: Some(4096),
        reason: "an encrypted archive".to_owned(),
    };
    Report {
        subject: Subject { name: "disk.raw".to_owned(), size: 8 << 30, ..Subject::default() },
        findings,
        gaps: (0..500).map(gap).collect(),
        ..Report::default()
    }
}

fn main() {
    let report = report();
    let judgement = Judgement {
        outcome: Outcome::Fail,
        sentence: "FAIL: 8000 findings at high or above must be gone before this image is published."
            .to_owned(),
        exit_code: 1,
        fail_on: Some(Severity::High),
        accepted_gaps: Vec::new(),
        explanation: assay::gate::Explanation::default(),
    };
    let (options, all) = (Options::default(), Options { verbose: true, ..Options::default() });
    let image = Digested { name: "disk.raw".to_owned(), size: 8 << 30, sha256: "00".repeat(32) };
    let run = Run { image: Some(image.clone()), ..Run::default() };
    let formats: [(&str, &dyn Fn() -> String); 11] = [
        ("terminal", &|| terminal::render(&report, &judgement, &options)),
        ("terminal --verbose", &|| terminal::render(&report, &judgement, &all)),
        ("json", &|| json::render(&report, &judgement, &options)),
        ("ndjson", &|| ndjson::render(&report, &judgement, &options)),
        ("sarif", &|| sarif::render(&report, &judgement, &options)),
        ("junit", &|| junit::render(&report, &judgement, &options)),
        ("markdown", &|| markdown::render(&report, &judgement, &options)),
        ("html", &|| html::render(&report, &judgement, &options, &run)),
        ("csv", &|| csv::render(&report, &options)),
        ("intoto", &|| intoto::render(&report, &judgement, &run, &image)),
        ("evidence", &|| evidence::render(&report, &judgement, &options, &run)),
    ];
    println!("{:20} {:>12} {:>12} {:>9}", "format", "bytes", "gzip", "ms");
    for (name, render) in formats {
        let mut times = Vec::new();
        let mut text = String::new();
        for _ in 0..5 {
            let start = Instant::now();
            text = render();
            times.push(start.elapsed().as_micros());
        }
        times.sort_unstable();
        let median = times.get(2).copied().unwrap_or_default();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        let packed = std::io::Write::write_all(&mut packed, text.as_bytes()).and_then(|()| packed.finish());
        let packed = packed.map_or(0, |packed| packed.len());
        println!("{name:20} {:>12} {packed:>12} {:>7}.{}", text.len(), median / 1000, median / 100 % 10);
    }
}
