//! The gate: may this image be published? A pure function of policy, report, baseline and day.
//!
//! A verdict explains itself: how each finding stands ([`Disposition`]: known, allowed, and the rules of the policy by
//! which it fails), what became of each gap, how each requirement came out, and what of the policy was of no use.

use std::collections::BTreeSet;

use crate::audit::Report;
use crate::baseline::Baseline;
use crate::date::Date;
use crate::finding::{Disposition, Finding};
use crate::policy::Policy;

mod dispositions;
mod explanation;
mod gaps;
mod required;

pub use explanation::{Compared, Explanation, GapDisposition, Gone, Notice, Open, Rule};

/// What the gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing stands against it.
    Pass,
    /// Findings, or required checks, stand against it; stronger than [`Verdict::Incomplete`].
    Fail {
        /// How many findings; of those about one secret, one.
        findings: usize,
        /// How many required checks.
        required: usize,
    },
    /// Nothing that was looked at stands against it, but something was not looked at.
    Incomplete {
        /// How many gaps that are not accepted.
        gaps: usize,
        /// How many required checks are not decided.
        required: usize,
    },
}

/// A verdict, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// How each finding of the report stands, in its order.
    pub dispositions: Vec<Disposition>,
    /// Why.
    pub explanation: Explanation,
}

/// Judges `report` by `policy` on the day `today`. What `baseline` knows does not fail. Gaps through which nothing
/// was lost never count.
pub fn judge(policy: &Policy, report: &Report, baseline: Option<&Baseline>, today: Date) -> Judged {
    let (mut dispositions, exceptions) = dispositions::of(policy, report, baseline, today);
    let (gaps, accepted) = gaps::of(policy, report);
    let lists = required::lists(policy, report, &dispositions, &gaps);
    let of_required = required::judge(policy, report, &lists, &mut dispositions);
    let rules = rules(report, &dispositions, &of_required.failed);
    let findings = distinct(report, |index| is_failing(&dispositions, index));
    let counting = gaps.iter().filter(|gap| **gap == GapDisposition::Counts).count();
    let verdict = match (findings, of_required.failed.len(), counting, of_required.open.len()) {
        (0, 0, 0, 0) => Verdict::Pass,
        (0, 0, gaps, required) => Verdict::Incomplete { gaps, required },
        (findings, required, ..) => Verdict::Fail { findings, required },
    };
    let explanation = Explanation {
        policy: policy.name.clone(),
        title: policy.title.clone(),
        is_verbose: policy.scan.verbose.unwrap_or(false),
        rules,
        requirements: lists,
        open: of_required.open,
        gaps,
        notices: exceptions.into_iter().chain(accepted).collect(),
        baseline: baseline.map(|baseline| explanation::compared(baseline, report, &dispositions)),
    };
    Judged { verdict, dispositions, explanation }
}

fn is_failing(dispositions: &[Disposition], index: usize) -> bool {
    dispositions.get(index).is_some_and(|disposition| !disposition.fails.is_empty())
}

/// How many findings are `wanted`; of those about one secret, one.
fn distinct(report: &Report, wanted: impl Fn(usize) -> bool) -> usize {
    let mut groups = BTreeSet::new();
    let first = |finding: &Finding, seen: &mut BTreeSet<u32>| finding.group.is_none_or(|g| seen.insert(g));
    let wanted = report.findings.iter().enumerate().filter(|(index, _)| wanted(*index));
    wanted.filter(|(_, finding)| first(finding, &mut groups)).count()
}

/// The rules of the policy by which the image fails, each with how many findings: thresholds and exceptions first,
/// then required checks.
fn rules(report: &Report, dispositions: &[Disposition], required: &[String]) -> Vec<Rule> {
    let mut names: Vec<&String> = Vec::new();
    let of_findings = dispositions.iter().flat_map(|disposition| &disposition.fails);
    for name in of_findings.filter(|name| !required.contains(name)).chain(required) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let by = |name: &String, index: usize| dispositions.get(index).is_some_and(|s| s.fails.contains(name));
    let rule =
        |name: &String| Rule { name: name.clone(), findings: distinct(report, |index| by(name, index)) };
    names.into_iter().map(rule).collect()
}

#[cfg(test)]
mod tests;
