//! One JSON object a line, for many images in one stream: the image first, each finding, each gap, the verdict last.
//!
//! Objects are those of the JSON report (`docs/report.md`), with `type` and the `image` that each line is about.

use serde::Serialize;

use super::format::{Format, names};
use super::json::account::{CoverageView, LedgerView, Volume, coverage, ledger, volume};
use super::json::finding::finding;
use super::json::gap::{NoteView, gap, note};
use super::json::summary::{self, Subject, Summary, Tool, Verdict};
use super::json::visible::plain;
use super::{Judgement, Options, json};
use crate::audit::Report;

#[derive(Serialize)]
struct Line<'a, T> {
    r#type: &'static str,
    image: &'a str,
    #[serde(flatten)]
    body: T,
}

#[derive(Serialize)]
struct Head<'a> {
    format: &'static str,
    version: u32,
    tool: Tool,
    subject: Subject<'a>,
    system: Option<String>,
    volumes: Vec<Volume<'a>>,
    notes: Vec<NoteView>,
}

#[derive(Serialize)]
struct Tail<'a> {
    verdict: Verdict<'a>,
    summary: Summary,
    coverage: CoverageView,
    ledger: LedgerView,
}

/// `--format ndjson`.
pub static FORMAT: Format = Format {
    name: "ndjson",
    about: "As JSON, one object a line",
    extensions: &["ndjson", "jsonl"],
    needs_digest: false,
    needs_file: false,
    is_begun_by: |text| names(text, "assay-report-lines"),
    render: |told| render(told.report, told.judgement, told.options),
};

/// The lines.
pub fn render(report: &Report, judgement: &Judgement, options: &Options) -> String {
    let image = plain(report.subject.name.as_bytes());
    let mut out = String::new();
    push("image", &image, head(report), &mut out);
    for one in report.findings.iter().filter(|finding| finding.severity >= options.min_severity) {
        push("finding", &image, finding(one, report, options), &mut out);
    }
    for (number, one) in report.gaps.iter().enumerate() {
        push("gap", &image, gap(one, judgement.explanation.gaps.get(number)), &mut out);
    }
    push("verdict", &image, tail(report, judgement, options), &mut out);
    out
}

fn push(kind: &'static str, image: &str, body: impl Serialize, out: &mut String) {
    out.push_str(&json::line(&Line { r#type: kind, image, body }));
}

fn head(report: &Report) -> Head<'_> {
    Head {
        format: "assay-report-lines",
        version: 1,
        tool: summary::tool(),
        subject: summary::subject(report),
        system: summary::system(report),
        volumes: report.volumes.iter().map(volume).collect(),
        notes: report.notes.iter().map(note).collect(),
    }
}

fn tail<'a>(report: &Report, judgement: &'a Judgement, options: &Options) -> Tail<'a> {
    Tail {
        verdict: summary::verdict(judgement),
        summary: summary::summary(report, options),
        coverage: coverage(&report.coverage),
        ledger: ledger(&report.ledger),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::sample;
    use super::*;

    #[test]
    fn every_line_is_an_object_that_names_its_image() {
        let (report, options) = (sample::report(), Options::default());
        let text = render(&report, &sample::judgement(), &options);
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let types: Vec<&str> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
        assert_eq!((types.len(), types[0], types[12], types[13]), (14, "image", "gap", "verdict"));
        assert!(types[1..12].iter().all(|kind| *kind == "finding"));
        assert!(lines.iter().all(|line| line["image"] == "disk.img"));
        assert_eq!(lines[13]["verdict"]["outcome"], "fail");
    }

    #[test]
    fn findings_are_those_of_the_json_report() {
        let (report, options) = (sample::report(), Options::default());
        let text = render(&report, &sample::judgement(), &options);
        let whole = json::render(&report, &sample::judgement(), &options);
        let whole: Value = serde_json::from_str(&whole).unwrap();
        for (line, finding) in text.lines().skip(1).zip(whole["findings"].as_array().unwrap()) {
            let mut line: Value = serde_json::from_str(line).unwrap();
            let object = line.as_object_mut().unwrap();
            object.retain(|key, _| !["type", "image"].contains(&key.as_str()));
            assert_eq!(&line, finding);
        }
    }
}
