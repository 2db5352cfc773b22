//! What runs, joined with what audits found in its image.

use std::collections::{BTreeMap, BTreeSet};

use super::images::image;
use super::{Court, listed};
use crate::finding::{FactKey, Finding, Severity};
use crate::sourcing::audits::{Audit, ByImage, Found};
use crate::sourcing::inventory::ImageRow;

pub(super) fn judge(court: &mut Court<'_>) {
    let audits = court.audits;
    let mut found = Vec::new();
    for row in &court.inventory.images {
        found.extend(running(court, row, audits));
        found.extend(foreign_keys(court, row, audits.of(&row.id)));
    }
    found.extend(shared_identities(court, audits));
    court.findings.extend(found);
}

/// One finding for each rule that the audits found broken in an image that runs: "17 running instances".
fn running(court: &Court<'_>, row: &ImageRow, audits: &ByImage<'_>) -> Vec<Finding> {
    if !row.is_used() {
        return Vec::new();
    }
    let parent = row.source.as_deref().map(|source| audits.of(source)).unwrap_or_default();
    let mut by_rule: BTreeMap<&str, Vec<&Found>> = BTreeMap::new();
    for found in audits.of(&row.id).iter().flat_map(|audit| &audit.findings) {
        if found.severity >= Severity::Medium {
            by_rule.entry(&found.rule).or_default().push(found);
        }
    }
    let finding = |(_, found): (&str, Vec<&Found>)| {
        let worst = found.iter().max_by_key(|one| one.severity)?;
        let mut finding = image(court, row, "image-with-findings-runs", Some(worst.severity))?;
        let paths: BTreeSet<&str> = found.iter().map(|one| one.path.as_str()).collect();
        finding.subject = Some(worst.title.clone());
        let mut facts = std::mem::take(&mut finding.evidence.facts);
        facts.push((FactKey::FoundIn, listed(paths)));
        facts.push((FactKey::Id, worst.rule.clone()));
        if !parent.is_empty() {
            let is_inherited =
                parent.iter().flat_map(|audit| &audit.findings).any(|other| other.rule == worst.rule);
            let origin = if is_inherited { "inherited from the source image" } else { "added by the build" };
            facts.push((FactKey::Because, origin.to_owned()));
        }
        facts.sort();
        finding.evidence.facts = facts;
        Some(finding)
    };
    by_rule.into_iter().filter_map(finding).collect()
}

/// Keys of AWS whose account is not the image's owner.
fn foreign_keys(court: &Court<'_>, row: &ImageRow, audits: &[&Audit]) -> Option<Finding> {
    let owner = row.owner.as_deref()?;
    let keys = audits.iter().flat_map(|audit| &audit.findings).filter_map(|found| found.account.as_deref());
    let accounts: BTreeSet<&str> = keys.filter(|account| *account != owner).collect();
    if accounts.is_empty() {
        return None;
    }
    let mut finding = image(court, row, "image-key-of-account", None)?;
    finding.evidence.facts.push((FactKey::Accounts, listed(accounts)));
    finding.evidence.facts.sort();
    Some(finding)
}

/// Host keys and machine-ids that stand in two images that are in use.
fn shared_identities(court: &Court<'_>, audits: &ByImage<'_>) -> Vec<Finding> {
    let used: BTreeMap<&str, &ImageRow> =
        court.inventory.images.iter().filter(|row| row.is_used()).map(|row| (row.id.as_str(), row)).collect();
    let mut holders: BTreeMap<&str, BTreeMap<&str, &Found>> = BTreeMap::new();
    for (id, of_image) in audits.iter().filter(|(id, _)| used.contains_key(id)) {
        for found in of_image.iter().flat_map(|audit| &audit.findings).filter(|found| is_identity(found)) {
            if let Some(fingerprint) = &found.fingerprint {
                holders.entry(fingerprint).or_default().insert(id, found);
            }
        }
    }
    let finding = |(fingerprint, images): (&str, BTreeMap<&str, &Found>)| {
        let rows: Vec<&ImageRow> = images.keys().filter_map(|id| used.get(id)).copied().collect();
        let (first, found) = (rows.first()?, images.values().next()?);
        let mut finding = image(court, first, "images-share-identity", None)?;
        let instances: usize = rows.iter().map(|row| row.instances).sum();
        finding.subject = Some(found.title.clone());
        finding.evidence.facts = vec![
            (FactKey::FoundIn, found.path.clone()),
            (FactKey::Images, listed(rows.iter().map(|row| row.label()))),
            (FactKey::Instances, instances.to_string()),
            (FactKey::Key, fingerprint.to_owned()),
        ];
        Some(finding)
    };
    holders.into_iter().filter(|(_, images)| images.len() > 1).filter_map(finding).collect()
}

fn is_identity(found: &Found) -> bool {
    found.rule.contains("host-key") || found.rule.contains("machine-id") || found.path.contains("/ssh_host_")
}
