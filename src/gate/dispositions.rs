//! How each finding stands: by its threshold, by exceptions, by the baseline.

use super::explanation::Notice;
use crate::audit::Report;
use crate::baseline::{Baseline, Entry};
use crate::date::Date;
use crate::finding::{BaselineState, Disposition, Finding, SuppressedBy, Suppression};
use crate::policy::{Exception, Policy, SaidOfPackage};

/// The standing of each finding, and what there is to say of exceptions.
pub(super) fn of(
    policy: &Policy,
    report: &Report,
    baseline: Option<&Baseline>,
    today: Date,
) -> (Vec<Disposition>, Vec<Notice>) {
    let mut uses = vec![0; policy.exceptions.len()];
    let mut outdated = Vec::new();
    let mut dispositions = Vec::with_capacity(report.findings.len());
    for finding in &report.findings {
        let mut disposition = Disposition::default();
        if let Some(baseline) = baseline {
            by_baseline(finding, baseline, today, &mut disposition, &mut outdated);
        }
        by_exceptions(finding, policy, today, &mut disposition, &mut uses);
        let threshold = policy.threshold(finding.advisory.category);
        if disposition.allowed.is_some() {
            // An exception that holds is stronger than another that is over.
            disposition.fails.clear();
        } else {
            match policy.packages.of(finding) {
                Some(SaidOfPackage::Fails(rule)) => disposition.fails.insert(0, rule.to_owned()),
                Some(SaidOfPackage::Passes) => {}
                None if threshold.fails(finding) && finding.presence.counts() => {
                    disposition.fails.insert(0, threshold.name.clone());
                }
                None => {}
            }
        }
        dispositions.push(disposition);
    }
    let mut notices: Vec<Notice> = policy
        .exceptions
        .iter()
        .zip(uses)
        .filter_map(|(exception, uses)| notice(exception, uses, today))
        .collect();
    notices.extend(outdated);
    (dispositions, notices)
}

fn by_baseline(
    finding: &Finding,
    baseline: &Baseline,
    today: Date,
    disposition: &mut Disposition,
    outdated: &mut Vec<Notice>,
) {
    let (print, entry) = baseline.find(finding);
    match entry {
        None => disposition.baseline = Some(BaselineState::New),
        Some(entry) => {
            disposition.baseline = Some(BaselineState::Since(entry.since.to_string()));
            if entry.is_expired(today) {
                let (what, until) = (format!("baseline {} at {}", entry.rule, entry.path), until(entry));
                disposition.fails.push(format!("baseline: expired {until}"));
                outdated.push(Notice::Expired { what, until, findings: 1 });
            } else {
                disposition.allowed = Some(allowed(entry));
            }
        }
    }
    disposition.fingerprint = Some(print);
}

fn allowed(entry: &Entry) -> Suppression {
    Suppression {
        by: SuppressedBy::Baseline,
        reason: entry.reason.clone(),
        owner: entry.owner.clone(),
        expires: entry.expires.map(|day| day.to_string()),
    }
}

fn until(entry: &Entry) -> String {
    let day = entry.expires.map_or_else(String::new, |day| day.to_string());
    if entry.owner.is_empty() { day } else { format!("{day} ({})", entry.owner) }
}

/// The first exception that fits and is not over allows the finding, whatever a baseline says; one that is over
/// fails it, however harmless it is.
fn by_exceptions(
    finding: &Finding,
    policy: &Policy,
    today: Date,
    disposition: &mut Disposition,
    uses: &mut [usize],
) {
    let print = disposition.fingerprint.clone();
    let fitting = policy.exceptions.iter().zip(uses).filter(|(one, _)| one.fits(finding, print.as_deref()));
    for (exception, uses) in fitting {
        *uses = uses.saturating_add(1);
        if exception.is_expired(today) {
            disposition
                .fails
                .push(format!("{exception}: expired {} ({})", exception.expires, exception.owner));
        } else if disposition.allowed.as_ref().is_none_or(|allowed| allowed.by == SuppressedBy::Baseline) {
            disposition.allowed = Some(Suppression {
                by: SuppressedBy::Policy,
                reason: exception.reason.clone(),
                owner: exception.owner.clone(),
                expires: Some(exception.expires.to_string()),
            });
        }
    }
}

fn notice(exception: &Exception, uses: usize, today: Date) -> Option<Notice> {
    let what = exception.to_string();
    match (uses, exception.is_expired(today)) {
        (0, _) => Some(Notice::Unused { what: format!("{what} ({})", exception.owner) }),
        (findings, true) => {
            let until = format!("{} ({})", exception.expires, exception.owner);
            Some(Notice::Expired { what, until, findings })
        }
        (_, false) => None,
    }
}
