//! What is found about settings: of Allowed AMIs, and of public sharing. An account at a time, with its regions.

use std::collections::{BTreeMap, BTreeSet};

use super::{Court, ResourceKind, listed};
use crate::finding::FactKey;
use crate::sourcing::allowed::{Weakness, weaknesses};
use crate::sourcing::estate::Scope;

pub(super) fn judge(court: &mut Court<'_>) {
    let mut found: BTreeMap<(Option<String>, &'static str, String), BTreeSet<String>> = BTreeMap::new();
    for (scope, region) in &court.export.estate.regions {
        let mut add = |rule, detail: String| {
            let regions = found.entry((scope.account.clone(), rule, detail)).or_default();
            regions.extend(scope.region.clone());
        };
        if region.image_block.as_deref() == Some("unblocked") {
            add("image-sharing-open", String::new());
        }
        if region.snapshot_block.as_deref() == Some("unblocked") {
            add("snapshot-sharing-open", String::new());
        }
        // Where the account has no preference, the image decides.
        if region.metadata_tokens.as_deref() == Some("optional") {
            add("instances-imdsv1-default", String::new());
        }
        for weakness in region.allowed.iter().flat_map(weaknesses) {
            if let Some((rule, detail)) = rule(&weakness) {
                add(rule, detail);
            }
        }
    }
    for ((account, rule, detail), regions) in found {
        tell(court, account, rule, detail, &regions);
    }
    differing(court);
}

/// The rule that a weakness breaks, and what to say beside it.
fn rule(weakness: &Weakness) -> Option<(&'static str, String)> {
    let none = String::new;
    match weakness {
        Weakness::Off => Some(("allowed-amis-off", none())),
        Weakness::AuditOnly => Some(("allowed-amis-audit-only", none())),
        Weakness::NameOnly(names) => Some(("allowed-amis-by-name", listed(names.iter().map(String::as_str)))),
        Weakness::WatermarkOnly => Some(("allowed-amis-by-watermark", none())),
        Weakness::AnySeller => Some(("allowed-amis-any-seller", none())),
        Weakness::AnyProvider(conditions) => {
            Some(("allowed-amis-any-provider", listed(conditions.iter().map(String::as_str))))
        }
        Weakness::NoneWithOthers => Some(("allowed-amis-invalid", "`none` beside others".to_owned())),
        Weakness::OverLimit(what, limit) => {
            Some(("allowed-amis-invalid", format!("more than {limit} {what}")))
        }
        // The export is at fault: a gap.
        Weakness::EmptyCriterion => None,
    }
}

fn tell(
    court: &mut Court<'_>,
    account: Option<String>,
    rule: &str,
    detail: String,
    regions: &BTreeSet<String>,
) {
    let scope = Scope { account, region: None };
    let Some(mut finding) = court.find(rule, &scope, ResourceKind::Account, rule) else { return };
    if !detail.is_empty() {
        finding.subject = Some(detail);
    }
    let regions = listed(regions.iter().map(String::as_str));
    court.findings.push(finding.fact(FactKey::Regions, regions));
}

/// Accounts whose regions do not all have the same setting.
fn differing(court: &mut Court<'_>) {
    let mut by_account: BTreeMap<&Option<String>, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for (scope, region) in &court.export.estate.regions {
        let Some(settings) = &region.allowed else { continue };
        let setting = format!("{:?}", settings);
        by_account
            .entry(&scope.account)
            .or_default()
            .entry(setting)
            .or_default()
            .extend(scope.region.clone());
    }
    let differ: Vec<(Option<String>, Vec<BTreeSet<String>>)> = by_account
        .into_iter()
        .filter(|(_, settings)| settings.len() > 1)
        .map(|(account, settings)| (account.clone(), settings.into_values().collect()))
        .collect();
    for (account, groups) in differ {
        let scope = Scope { account, region: None };
        let rule = "allowed-amis-differ";
        let Some(finding) = court.find(rule, &scope, ResourceKind::Account, rule) else { continue };
        let groups: Vec<String> =
            groups.iter().map(|group| listed(group.iter().map(String::as_str))).collect();
        court.findings.push(finding.fact(FactKey::Regions, groups.join(" | ")));
    }
}
