//! The verdict in words, and the exit code that goes with it.

use super::Exit;
use super::policy::Gate;
use crate::audit::{Material, Report};
use crate::finding::{GapKind, Severity};
use crate::gate::{self, Judged, Verdict};
use crate::policy::Policy;
use crate::report::{Judgement, Outcome};
use assay_disk::system::ledger::Use;

impl Gate {
    /// Judges the report; each finding learns how it stands.
    pub(super) fn judge(&self, report: &mut Report) -> Judgement {
        let judged = gate::judge(&self.policy, report, self.baseline.as_ref(), self.today);
        let Judged { verdict, dispositions, explanation } = judged;
        for (finding, disposition) in report.findings.iter_mut().zip(dispositions) {
            finding.disposition = disposition;
        }
        let (outcome, sentence) = match &self.policy.name {
            Some(name) => by_name(name, verdict, report),
            None => by_level(&self.policy, self.baseline.is_some(), verdict, report),
        };
        Judgement {
            outcome,
            sentence,
            exit_code: exit(verdict).0,
            fail_on: self.policy.findings.severity,
            accepted_gaps: accepted_gaps(&self.policy),
            explanation,
        }
    }
}

fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Pass => Exit::PASS,
        Verdict::Fail { .. } => Exit::FAILED,
        Verdict::Incomplete { .. } => Exit::INCOMPLETE,
    }
}

/// Kinds of gaps that are accepted wherever they are.
fn accepted_gaps(policy: &Policy) -> Vec<GapKind> {
    let everywhere = policy.accepted_gaps.iter().filter(|accepted| accepted.path.is_none());
    let kinds = |kind: Option<GapKind>| kind.map_or(GapKind::ALL.to_vec(), |kind| vec![kind]);
    everywhere.flat_map(|accepted| kinds(accepted.kind)).collect()
}

/// The sentence for a policy that has a name.
fn by_name(name: &str, verdict: Verdict, report: &Report) -> (Outcome, String) {
    let count = |number: usize, noun: &str| match number {
        0 => None,
        1 => Some(format!("1 {noun}")),
        number => Some(format!("{number} {noun}s")),
    };
    let both =
        |a: Option<String>, b: Option<String>| a.into_iter().chain(b).collect::<Vec<_>>().join(" and ");
    match verdict {
        Verdict::Pass => {
            let looked = looked(report);
            let subject = subject(report);
            (Outcome::Pass, format!("PASS by {name}: nothing stands against {subject}, and {looked}."))
        }
        Verdict::Fail { findings, required } => {
            let what = both(count(findings, "finding"), count(required, "required check"));
            let verb = if findings.saturating_add(required) == 1 { "stands" } else { "stand" };
            (Outcome::Fail, format!("FAIL by {name}: {what} {verb} against {}.", subject(report)))
        }
        Verdict::Incomplete { gaps, required } => {
            let what = both(count(gaps, "gap"), count(required, "undecided check"));
            let sentence = format!(
                "INCOMPLETE by {name}: nothing that was read stands against {}, but there is more: {what}.",
                subject(report)
            );
            (Outcome::Incomplete, sentence)
        }
    }
}

/// The sentence for a level of severity.
fn by_level(policy: &Policy, is_beside: bool, verdict: Verdict, report: &Report) -> (Outcome, String) {
    let new = if is_beside { " that the baseline does not know" } else { "" };
    let clean = match policy.findings.severity {
        Some(Severity::Info) => format!("no finding{new}"),
        Some(severity) => format!("no finding at {} or above{new}", severity.name()),
        None => "findings do not fail it (--fail-on never)".to_owned(),
    };
    match verdict {
        Verdict::Pass => (Outcome::Pass, format!("PASS: {clean}, and {}.", looked(report))),
        Verdict::Fail { findings, .. } => {
            let level = policy.findings.severity.map_or("", Severity::name);
            let noun = if findings == 1 { "finding" } else { "findings" };
            let end = match report.material {
                Material::Image => " must be gone before this image is published",
                Material::Accounts | Material::Code => "",
            };
            let sentence = format!("FAIL: {findings} {noun} at {level} or above{new}{end}.");
            (Outcome::Fail, sentence)
        }
        Verdict::Incomplete { gaps, .. } => {
            let noun = if gaps == 1 { "gap" } else { "gaps" };
            let sentence = format!(
                "INCOMPLETE: {clean}, but {gaps} {noun} could hide one; --accept-gap KIND lets a kind of gap pass."
            );
            (Outcome::Incomplete, sentence)
        }
    }
}

/// What is judged.
const fn subject(report: &Report) -> &'static str {
    match report.material {
        Material::Image => "this image",
        Material::Accounts => "these accounts",
        Material::Code => "this code",
    }
}

fn looked(report: &Report) -> String {
    match report.losses().count() {
        0 if report.sourcing.is_some() => "every image in use is known".to_owned(),
        0 if report.ledger.unsearched() == [Use::Free] => {
            "everything but free space was looked at".to_owned()
        }
        0 => "everything was looked at".to_owned(),
        1 => "1 gap is accepted".to_owned(),
        gaps => format!("{gaps} gaps are accepted"),
    }
}
