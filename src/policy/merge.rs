//! A policy that extends another: what it says stands, and what it does not say is the other's.

use super::{Policy, Scan};

/// What `own` says of a policy, over `base`: thresholds replace those of the same category, lists are added.
pub(super) fn over(base: Policy, own: Said) -> Policy {
    let mut policy = base;
    policy.name = Some(own.name);
    if let Some(title) = own.title {
        policy.title = title;
    }
    policy.scan = Scan {
        benchmark: own.scan.benchmark.or(policy.scan.benchmark),
        compare_packages: own.scan.compare_packages.or(policy.scan.compare_packages),
        deleted: own.scan.deleted.or(policy.scan.deleted),
        default_passwords: own.scan.default_passwords.or(policy.scan.default_passwords),
        verbose: own.scan.verbose.or(policy.scan.verbose),
    };
    if policy.scan.benchmark.as_deref() == Some("none") {
        policy.scan.benchmark = None;
    }
    if let Some(findings) = own.rest.findings {
        policy.findings = findings;
    }
    policy.categories.extend(own.rest.categories);
    for list in own.rest.lists {
        if !policy.lists.contains(&list) {
            policy.lists.push(list);
        }
    }
    let sourcing = own.rest.sourcing;
    policy.sourcing.own.extend(sourcing.own);
    policy.sourcing.trusted.extend(sourcing.trusted);
    policy.sourcing.approved.extend(sourcing.approved);
    policy.sourcing.naming = sourcing.naming.or(policy.sourcing.naming);
    policy.sourcing.max_age_days = sourcing.max_age_days.or(policy.sourcing.max_age_days);
    policy.packages = own.rest.packages.or(policy.packages);
    policy.required.extend(own.rest.required);
    policy.accepted_gaps.extend(own.rest.accepted_gaps);
    policy.exceptions.extend(own.rest.exceptions);
    policy
}

/// What a file says.
pub(super) struct Said {
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) scan: Scan,
    pub(super) rest: Rules,
}

/// What a file says of findings and gaps.
#[derive(Default)]
pub(super) struct Rules {
    pub(super) findings: Option<super::Threshold>,
    pub(super) categories: std::collections::BTreeMap<crate::finding::Category, super::Threshold>,
    pub(super) lists: Vec<String>,
    pub(super) sourcing: crate::sourcing::Rules,
    pub(super) packages: super::PackageRules,
    pub(super) required: Vec<super::Required>,
    pub(super) accepted_gaps: Vec<super::AcceptedGap>,
    pub(super) exceptions: Vec<super::Exception>,
}
