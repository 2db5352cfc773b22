//! What becomes of each gap.

use super::explanation::{GapDisposition, Notice};
use crate::audit::Report;
use crate::finding::Loss;
use crate::policy::Policy;

/// The standing of each gap, and which accepted gaps of the policy nothing needed.
pub(super) fn of(policy: &Policy, report: &Report) -> (Vec<GapDisposition>, Vec<Notice>) {
    let mut used = vec![false; policy.accepted_gaps.len()];
    let mut dispositions = Vec::with_capacity(report.gaps.len());
    for gap in &report.gaps {
        if gap.loss == Loss::Nothing {
            dispositions.push(GapDisposition::Harmless);
            continue;
        }
        let mut disposition = GapDisposition::Counts;
        for (accepted, used) in policy.accepted_gaps.iter().zip(&mut used).filter(|(one, _)| one.fits(gap)) {
            *used = true;
            if disposition == GapDisposition::Counts {
                disposition = GapDisposition::Accepted(accepted.reason.clone());
            }
        }
        dispositions.push(disposition);
    }
    let unused = policy.accepted_gaps.iter().zip(used).filter(|(accepted, used)| !used && !accepted.is_flag);
    let notices = unused.map(|(accepted, _)| Notice::Unused { what: accepted.to_string() });
    (dispositions, notices.collect())
}
