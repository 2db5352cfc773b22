//! What the policy and the baseline say, in the report for programs.

use serde::Serialize;

use super::account::Counts;
use super::visible::plain;
use crate::audit::Report;
use crate::finding::{BaselineState, Disposition, Finding, Gap, SuppressedBy};
use crate::gate::{Compared, Explanation, GapDisposition, Notice, Open, Rule};
use crate::requirements::{How, Judged, Outcome, Verdict};

/// Pieces of evidence that a requirement lists; all are counted.
const EVIDENCE: usize = 100;

/// How one finding stands: fields of the finding.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Standing"))]
pub(in crate::report) struct DispositionView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    known_since: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<AllowedView<'a>>,
    fails: &'a [String],
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Allowed"))]
struct AllowedView<'a> {
    by: &'static str,
    reason: &'a str,
    owner: &'a str,
    expires: Option<&'a str>,
}

pub(super) fn disposition(disposition: &Disposition) -> DispositionView<'_> {
    let (baseline, known_since) = match &disposition.baseline {
        None => (None, None),
        Some(BaselineState::New) => (Some("new"), None),
        Some(BaselineState::Since(day)) => (Some("known"), Some(day.as_str())),
    };
    let allowed = disposition.allowed.as_ref().map(|allowed| AllowedView {
        by: SuppressedBy::name(allowed.by),
        reason: &allowed.reason,
        owner: &allowed.owner,
        expires: allowed.expires.as_deref(),
    });
    DispositionView {
        fingerprint: disposition.fingerprint.as_deref(),
        baseline,
        known_since,
        allowed,
        fails: &disposition.fails,
    }
}

/// What became of a gap: fields of the gap.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "GapStanding"))]
pub(in crate::report) struct GapMark<'a> {
    /// Whether it stands against the image.
    counts: bool,
    /// Why it does not, where somebody said so.
    accepted: Option<&'a str>,
}

pub(super) fn gap(disposition: Option<&GapDisposition>) -> GapMark<'_> {
    match disposition {
        Some(GapDisposition::Counts) => GapMark { counts: true, accepted: None },
        Some(GapDisposition::Accepted(reason)) => GapMark { counts: false, accepted: Some(reason) },
        Some(GapDisposition::Harmless) | None => GapMark { counts: false, accepted: None },
    }
}

/// The policy, and why the verdict is what it is.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Policy"))]
pub(super) struct View<'a> {
    name: Option<&'a str>,
    title: &'a str,
    rules: Vec<RuleView<'a>>,
    undecided: Vec<OpenView<'a>>,
    notices: Vec<NoticeView<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "PolicyRule"))]
struct RuleView<'a> {
    rule: &'a str,
    findings: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Undecided"))]
struct OpenView<'a> {
    rule: &'a str,
    because: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Notice"))]
struct NoticeView<'a> {
    kind: &'static str,
    what: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<&'a str>,
    findings: usize,
}

pub(super) fn view(explanation: &Explanation) -> View<'_> {
    View {
        name: explanation.policy.as_deref(),
        title: &explanation.title,
        rules: explanation.rules.iter().map(rule).collect(),
        undecided: explanation.open.iter().map(open).collect(),
        notices: explanation.notices.iter().map(notice).collect(),
    }
}

fn rule(rule: &Rule) -> RuleView<'_> {
    RuleView { rule: &rule.name, findings: rule.findings }
}

fn open(open: &Open) -> OpenView<'_> {
    OpenView { rule: &open.name, because: &open.because }
}

fn notice(notice: &Notice) -> NoticeView<'_> {
    match notice {
        Notice::Expired { what, until, findings } => {
            NoticeView { kind: "expired", what, until: Some(until), findings: *findings }
        }
        Notice::Unused { what } => NoticeView { kind: "unused", what, until: None, findings: 0 },
    }
}

/// A list of requirements as it came out.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Requirements"))]
pub(super) struct ListView<'a> {
    list: &'a str,
    title: &'a str,
    counts: Counts,
    results: Vec<OutcomeView<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Requirement"))]
struct OutcomeView<'a> {
    id: &'a str,
    title: &'a str,
    source: &'a str,
    url: &'a str,
    verdict: &'static str,
    accepted: bool,
    /// Why it cannot be checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// What a pass does not say.
    #[serde(skip_serializing_if = "str::is_empty")]
    limits: &'a str,
    findings: usize,
    evidence: Vec<EvidenceView<'a>>,
    gaps: Vec<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "RequirementEvidence"))]
struct EvidenceView<'a> {
    id: &'a str,
    severity: &'static str,
    path: String,
    line: Option<u64>,
}

pub(super) fn list<'a>(judged: &'a Judged, report: &'a Report) -> ListView<'a> {
    let count = |verdict| judged.count(verdict) as u64;
    ListView {
        list: &judged.list,
        title: &judged.title,
        counts: Counts(Verdict::ALL.map(|verdict| (verdict.name(), count(verdict))).into()),
        results: judged.results.iter().map(|outcome| outcome_view(outcome, report)).collect(),
    }
}

fn outcome_view<'a>(outcome: &'a Outcome, report: &'a Report) -> OutcomeView<'a> {
    let requirement = &outcome.requirement;
    let reason = match &requirement.judged {
        How::NotCheckable(why) => Some(why.as_str()),
        How::Report { .. } => None,
    };
    let findings = outcome.findings.iter().filter_map(|&index| report.findings.get(index));
    let gaps = outcome.gaps.iter().filter_map(|&index| report.gaps.get(index));
    OutcomeView {
        id: &requirement.id,
        title: &requirement.title,
        source: &requirement.source,
        url: &requirement.url,
        verdict: outcome.verdict.name(),
        accepted: outcome.is_accepted,
        reason,
        limits: &requirement.limits,
        findings: outcome.findings.len(),
        evidence: findings.take(EVIDENCE).map(evidence).collect(),
        gaps: gaps.take(EVIDENCE).map(gap_words).collect(),
    }
}

fn evidence(finding: &Finding) -> EvidenceView<'_> {
    EvidenceView {
        id: &finding.advisory.id,
        severity: finding.severity.name(),
        path: plain(&finding.location.path),
        line: finding.location.line,
    }
}

fn gap_words(gap: &Gap) -> String {
    let location = &gap.location;
    let place = match location.path.is_empty() {
        true => plain(location.volume.as_deref().unwrap_or_default().as_bytes()),
        false => plain(&location.path),
    };
    format!("{place}: {}", gap.kind.name())
}

/// A report beside a baseline.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Baseline"))]
pub(super) struct BaselineView<'a> {
    key: &'a str,
    image: String,
    known: usize,
    new: usize,
    gone: Vec<GoneView<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Gone"))]
struct GoneView<'a> {
    fingerprint: &'a str,
    rule: &'a str,
    path: &'a str,
    title: &'a str,
    severity: &'a str,
    since: String,
}

pub(super) fn baseline(compared: &Compared) -> BaselineView<'_> {
    let gone = compared.gone.iter().map(|gone| GoneView {
        fingerprint: &gone.fingerprint,
        rule: &gone.entry.rule,
        path: &gone.entry.path,
        title: &gone.entry.title,
        severity: &gone.entry.severity,
        since: gone.entry.since.to_string(),
    });
    BaselineView {
        key: &compared.key,
        image: plain(compared.image.as_bytes()),
        known: compared.known,
        new: compared.new,
        gone: gone.collect(),
    }
}
