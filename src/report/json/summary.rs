//! The head of the report for programs: tool, subject, verdict, counts.

use serde::Serialize;

use super::account::Counts;
use super::visible::plain;
use crate::audit::Report;
use crate::finding::{Finding, GapKind, Severity};
use crate::report::{Judgement, Options, TOOL_VERSION};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Tool"))]
pub(in crate::report) struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Subject"))]
pub(in crate::report) struct Subject<'a> {
    name: String,
    format: String,
    size: u64,
    layout: &'a str,
    sector: u32,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Verdict"))]
pub(in crate::report) struct Verdict<'a> {
    #[cfg_attr(test, schemars(schema_with = "super::schema::outcome"))]
    outcome: &'static str,
    sentence: &'a str,
    exit_code: u8,
    #[cfg_attr(test, schemars(schema_with = "super::schema::fail_on"))]
    fail_on: Option<&'static str>,
    #[cfg_attr(test, schemars(schema_with = "super::schema::gap_kinds"))]
    accepted_gaps: Vec<&'static str>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Summary"))]
pub(in crate::report) struct Summary {
    findings: usize,
    /// Of those about one secret, one.
    distinct: usize,
    /// By severity, worst first; each is there.
    by_severity: Counts,
    /// Below `--min-severity`: counted, not in `findings`.
    not_shown: usize,
    /// Gaps through which something was lost.
    gaps: usize,
}

pub(in crate::report) fn verdict(judgement: &Judgement) -> Verdict<'_> {
    Verdict {
        outcome: judgement.outcome.name(),
        sentence: &judgement.sentence,
        exit_code: judgement.exit_code,
        fail_on: judgement.fail_on.map(Severity::name),
        accepted_gaps: judgement.accepted_gaps.iter().copied().map(GapKind::name).collect(),
    }
}

pub(in crate::report) fn tool() -> Tool {
    Tool { name: "assay", version: TOOL_VERSION }
}

pub(in crate::report) fn subject(report: &Report) -> Subject<'_> {
    let subject = &report.subject;
    Subject {
        name: plain(subject.name.as_bytes()),
        format: plain(subject.format.as_bytes()),
        size: subject.size,
        layout: &subject.layout,
        sector: subject.sector,
    }
}

pub(in crate::report) fn system(report: &Report) -> Option<String> {
    report.system.as_ref().map(|system| plain(system.as_bytes()))
}

pub(in crate::report) fn summary(report: &Report, options: &Options) -> Summary {
    let count = |holds: &dyn Fn(&Finding) -> bool| report.findings.iter().filter(|one| holds(one)).count();
    let of = |severity: Severity| count(&|finding| finding.severity == severity) as u64;
    Summary {
        findings: report.findings.len(),
        distinct: report.distinct().count(),
        by_severity: Counts(Severity::ALL.map(|severity| (severity.name(), of(severity))).into()),
        not_shown: count(&|finding| finding.severity < options.min_severity),
        gaps: report.losses().count(),
    }
}
