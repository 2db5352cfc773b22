//! The report for programs: `assay-report`, version 1. Fields are described in `docs/report.md`; within a
//! version they may be added, never changed or removed.

use serde::Serialize;

use super::format::{Format, names};
use super::{Judgement, Options};
use crate::audit::{Material, Report};
use crate::finding::Finding;

pub(super) mod account;
mod benchmark;
pub(super) mod finding;
pub(super) mod gap;
mod machine;
pub(super) mod packages;
mod place;
mod policy;
#[cfg(test)]
mod schema;
mod sourcing;
pub(super) mod summary;
mod support;
pub(super) mod visible;
mod vulnerabilities;

use account::{CoverageView, LedgerView, Volume};
use finding::{FindingView, Group};
use gap::{GapView, NoteView};
use summary::{Subject, Summary, Tool, Verdict};
use visible::visible;

/// Version of the format.
const VERSION: u32 = 1;

/// The report of one audit.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "assay-report"))]
struct Document<'a> {
    /// Always `assay-report`.
    format: &'static str,
    /// Within a version, fields are only added.
    version: u32,
    tool: Tool,
    subject: Subject<'a>,
    /// `PRETTY_NAME` of the image's os-release.
    system: Option<String>,
    verdict: Verdict<'a>,
    summary: Summary,
    coverage: CoverageView,
    ledger: LedgerView,
    volumes: Vec<Volume<'a>>,
    machine: machine::View,
    /// Worst first.
    findings: Vec<FindingView<'a>>,
    groups: Vec<Group<'a>>,
    gaps: Vec<GapView<'a>>,
    notes: Vec<NoteView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    benchmark: Option<benchmark::View<'a>>,
    /// Where an image was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    packages: Option<packages::View<'a>>,
    /// How long systems and runtimes are supported.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    support: Vec<support::View<'a>>,
    /// Where there were vulnerability data.
    #[serde(skip_serializing_if = "Option::is_none")]
    vulnerabilities: Option<vulnerabilities::View<'a>>,
    /// Where exports of an account were judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    sourcing: Option<sourcing::View>,
    policy: policy::View<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requirements: Vec<policy::ListView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<policy::BaselineView<'a>>,
}

/// `--format json`.
pub static FORMAT: Format = Format {
    name: "json",
    about: "For programs: docs/report.md",
    extensions: &["json"],
    needs_digest: false,
    needs_file: false,
    is_begun_by: |text| names(text, "assay-report"),
    render: |told| render(told.report, told.judgement, told.options),
};

/// The report as a JSON document, ending with a newline. It holds no control characters and no invisible
/// ones: they are escaped, so it may be shown on a terminal.
pub fn render(report: &Report, judgement: &Judgement, options: &Options) -> String {
    pretty(&document(report, judgement, options))
}

/// A document of several lines, ending with a newline.
pub(super) fn pretty(document: &impl Serialize) -> String {
    let json = serde_json::to_string_pretty(document);
    // Only a map with keys that are no strings could fail, and there is none.
    visible(&json.unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}")))
}

/// A document of one line, ending with a newline.
pub(super) fn line(document: &impl Serialize) -> String {
    visible(&serde_json::to_string(document).unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}")))
}

fn document<'a>(report: &'a Report, judgement: &'a Judgement, options: &Options) -> Document<'a> {
    let shown = |finding: &&Finding| finding.severity >= options.min_severity;
    let places = report.places();
    let explanation = &judgement.explanation;
    Document {
        format: "assay-report",
        version: VERSION,
        tool: summary::tool(),
        subject: summary::subject(report),
        system: summary::system(report),
        verdict: summary::verdict(judgement),
        summary: summary::summary(report, options),
        coverage: account::coverage(&report.coverage),
        ledger: account::ledger(&report.ledger),
        volumes: report.volumes.iter().map(account::volume).collect(),
        machine: machine::view(&report.machine),
        findings: report
            .findings
            .iter()
            .filter(shown)
            .map(|one| finding::finding(one, report, options))
            .collect(),
        groups: report.distinct().filter(shown).filter_map(|worst| finding::group(worst, &places)).collect(),
        gaps: report.gaps.iter().enumerate().map(|(n, one)| gap::gap(one, explanation.gaps.get(n))).collect(),
        notes: report.notes.iter().map(gap::note).collect(),
        benchmark: report.benchmark.as_ref().map(benchmark::view),
        packages: (report.material == Material::Image).then(|| packages::view(&report.packages)),
        support: report.support.iter().map(support::view).collect(),
        vulnerabilities: report
            .vulnerabilities
            .as_deref()
            .map(|matches| vulnerabilities::view(&report.packages, matches)),
        sourcing: report.sourcing.as_deref().map(sourcing::view),
        policy: policy::view(explanation),
        requirements: explanation.requirements.iter().map(|judged| policy::list(judged, report)).collect(),
        baseline: explanation.baseline.as_ref().map(policy::baseline),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::sample;
    use super::*;
    use crate::finding::{Secret, Severity};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    fn rendered(options: &Options) -> Value {
        serde_json::from_str(&render(&sample::report(), &sample::judgement(), options)).unwrap()
    }

    #[test]
    fn the_document_names_its_format_and_verdict() {
        let json = rendered(&Options::default());
        assert_eq!((json["format"].as_str(), json["version"].as_u64()), (Some("assay-report"), Some(1)));
        assert_eq!(json["verdict"]["outcome"], "fail");
        assert_eq!(json["verdict"]["fail_on"], "high");
        assert_eq!(json["summary"]["by_severity"]["critical"], 3);
        assert_eq!(json["summary"]["gaps"], 1);
        assert_eq!(json["coverage"]["archive_members"], 3);
        assert_eq!(json["ledger"]["uses"]["searched"], 2 << 20);
        assert_eq!(json["ledger"]["adds_up"], true);
        assert_eq!(json["volumes"][0]["mount"], "/");
        assert_eq!(json["gaps"][0]["kind"], "unsupported");
        assert_eq!(json["notes"][0]["text"], "the journal was replayed");
    }

    #[test]
    fn a_finding_is_where_scores_look_for_it() {
        let json = rendered(&Options::default());
        let finding = json.pointer("/findings/0").unwrap();
        let text = |pointer| finding.pointer(pointer).and_then(Value::as_str);
        assert_eq!(text("/location/path"), Some("/etc/shadow"));
        assert_eq!(text("/category"), Some("shadow"));
        assert_eq!(text("/severity"), Some("critical"));
        assert_eq!(text("/subject"), Some("root"));
        assert_eq!(text("/title"), Some("root can log in with a password"));
        assert_eq!(text("/evidence/facts/algorithm"), Some("sha512crypt"));
        assert_eq!(json.pointer("/findings/3/evidence/key_fingerprint").unwrap(), "SHA256:abc");
    }

    #[test]
    fn a_plain_path_is_verbatim_and_others_come_with_their_bytes() {
        let json = rendered(&Options::default());
        let plain = &json["findings"][2]["location"];
        assert_eq!(plain["path"], "/srv/a\\b/größe.env");
        assert_eq!(plain.get("path_bytes"), None);
        let evil = &json["findings"][1]["location"];
        assert_eq!(evil["path"], "/srv/\\u{1b}[2J\\xff.env");
        assert_eq!(evil["path_bytes"], STANDARD.encode(b"/srv/\x1b[2J\xff.env"));
    }

    #[test]
    fn secrets_come_out_only_when_asked_for() {
        let text = render(&sample::report(), &sample::judgement(), &Options::default());
        assert!(!text.contains("not-a-real"));
        assert!(!text.contains("sha256"));
        let all = rendered(&Options { secrets: true, hashes: true, ..Options::default() });
        let evidence = &all["findings"][1]["evidence"];
        assert_eq!(evidence["values"][0], "not-a-real-secret-access-key-but-40-long");
        let hash = Secret::new(*b"not-a-real-secret-access-key-but-40-long").sha256();
        assert_eq!(evidence["sha256"][0], hash);
    }

    #[test]
    fn hidden_findings_are_counted() {
        let json = rendered(&Options { min_severity: Severity::High, ..Options::default() });
        assert_eq!(json["findings"].as_array().unwrap().len(), 4);
        assert_eq!(json["summary"]["not_shown"], 7);
    }
}
