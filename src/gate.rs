//! The gate: may this image be published? A pure function of policy and report.

use crate::audit::Report;
use crate::finding::{GapKind, Severity};

/// What an image must be like to pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Findings of this severity or above fail; `None`: none does.
    pub fail_on: Option<Severity>,
    /// Kinds of gaps that may be.
    pub accepted_gaps: Vec<GapKind>,
}

/// What the gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing stands against it.
    Pass,
    /// Findings stand against it; stronger than [`Verdict::Incomplete`].
    Fail {
        /// How many.
        findings: usize,
    },
    /// No such finding, but something was not looked at that could hold one.
    Incomplete {
        /// How many gaps that are not accepted.
        gaps: usize,
    },
}

/// Judges `report` by `policy`. Gaps through which nothing was lost never count.
pub fn judge(policy: &Policy, report: &Report) -> Verdict {
    let fails = |severity| policy.fail_on.is_some_and(|least| severity >= least);
    let findings = report.distinct().filter(|finding| fails(finding.severity)).count();
    if findings > 0 {
        return Verdict::Fail { findings };
    }
    match report.losses().filter(|gap| !policy.accepted_gaps.contains(&gap.kind)).count() {
        0 => Verdict::Pass,
        gaps => Verdict::Incomplete { gaps },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::finding::{Advisory, Category, Finding, Gap, Location, Loss};

    fn finding(severity: Severity) -> Finding {
        Finding::new(&Arc::new(Advisory {
            id: "rule".to_owned(),
            category: Category::Credential,
            title: "A rule".to_owned(),
            severity,
            why: String::new(),
            remedy: String::new(),
            references: Vec::new(),
        }))
    }

    fn gap(kind: GapKind, loss: Loss) -> Gap {
        Gap { location: Location::default(), kind, loss, bytes: None, reason: "reason".to_owned() }
    }

    fn report(findings: Vec<Finding>, gaps: Vec<Gap>) -> Report {
        Report { findings, gaps, ..Report::default() }
    }

    fn policy(fail_on: Option<Severity>, accepted: &[GapKind]) -> Policy {
        Policy { fail_on, accepted_gaps: accepted.to_vec() }
    }

    #[test]
    fn a_finding_below_the_level_passes_and_one_at_it_fails() {
        let report = report(vec![finding(Severity::Medium), finding(Severity::Info)], vec![]);
        assert_eq!(judge(&policy(Some(Severity::High), &[]), &report), Verdict::Pass);
        assert_eq!(judge(&policy(Some(Severity::Medium), &[]), &report), Verdict::Fail { findings: 1 });
        assert_eq!(judge(&policy(Some(Severity::Info), &[]), &report), Verdict::Fail { findings: 2 });
        assert_eq!(judge(&policy(None, &[]), &report), Verdict::Pass);
    }

    #[test]
    fn a_gap_makes_it_incomplete_unless_its_kind_is_accepted() {
        let report =
            report(vec![], vec![gap(GapKind::Encrypted, Loss::File), gap(GapKind::Damaged, Loss::Part)]);
        let high = Some(Severity::High);
        assert_eq!(judge(&policy(high, &[]), &report), Verdict::Incomplete { gaps: 2 });
        assert_eq!(judge(&policy(high, &[GapKind::Damaged]), &report), Verdict::Incomplete { gaps: 1 });
        assert_eq!(judge(&policy(high, &GapKind::ALL), &report), Verdict::Pass);
        assert_eq!(judge(&policy(None, &[]), &report), Verdict::Incomplete { gaps: 2 });
    }

    #[test]
    fn a_gap_that_lost_nothing_never_counts() {
        let report = report(vec![], vec![gap(GapKind::Damaged, Loss::Nothing)]);
        assert_eq!(judge(&policy(Some(Severity::Info), &[]), &report), Verdict::Pass);
    }

    #[test]
    fn failing_wins_over_incomplete() {
        let report = report(vec![finding(Severity::Critical)], vec![gap(GapKind::Missing, Loss::Volume)]);
        assert_eq!(judge(&policy(Some(Severity::High), &[]), &report), Verdict::Fail { findings: 1 });
        assert_eq!(judge(&policy(None, &[]), &report), Verdict::Incomplete { gaps: 1 });
    }
}
