//! What is found about images: those in use, and one's own.

use std::collections::{BTreeMap, BTreeSet};

use super::{Court, ResourceKind, listed};
use crate::finding::{FactKey, Finding, Severity};
use crate::sourcing::class::{Class, Flag};
use crate::sourcing::estate::{Permission, PointerKind, Scope};
use crate::sourcing::glob;
use crate::sourcing::inventory::{ImageRow, PointerRow};

pub(super) fn judge(court: &mut Court<'_>) {
    let inventory = court.inventory;
    for row in &inventory.images {
        let rules = of_use(row).into_iter().chain(of_own(row));
        let found: Vec<Finding> =
            rules.filter_map(|(rule, severity)| image(court, row, rule, severity)).collect();
        court.findings.extend(found);
        by_policy(court, row);
    }
    by_account(court);
    behind(court);
    snapshots(court);
}

/// What is wrong with an image because something uses it. An image that only looks like a publisher's is found, too:
/// it is there to be picked.
fn of_use(row: &ImageRow) -> Vec<(&'static str, Option<Severity>)> {
    let has = |flag| row.flags.contains(&flag);
    if !row.is_used() {
        return if has(Flag::LookAlike) {
            vec![("image-look-alike", Some(Severity::Medium))]
        } else {
            Vec::new()
        };
    }
    let whose = match row.class {
        _ if has(Flag::LookAlike) => Some("image-look-alike"),
        Class::PublicStranger => Some("image-of-public-stranger"),
        Class::SharedPrivately => Some("image-of-private-stranger"),
        _ => None,
    };
    let by_flag = [(Flag::Deregistered, "image-deregistered"), (Flag::Disabled, "image-disabled")];
    let flagged = by_flag.into_iter().filter_map(|(flag, rule)| has(flag).then_some(rule));
    whose.into_iter().chain(flagged).map(|rule| (rule, None)).collect()
}

fn of_own(row: &ImageRow) -> Vec<(&'static str, Option<Severity>)> {
    let all = [(Flag::Public, "image-public"), (Flag::SharedOutside, "image-shared-outside")];
    all.into_iter().filter_map(|(flag, rule)| row.flags.contains(&flag).then_some((rule, None))).collect()
}

/// A finding about an image, with what shows how far it reaches.
pub(super) fn image(
    court: &Court<'_>,
    row: &ImageRow,
    rule: &str,
    severity: Option<Severity>,
) -> Option<Finding> {
    let scope = scope(row);
    let mut finding = court.find(rule, &scope, ResourceKind::Image, &row.id)?;
    finding.severity = severity.unwrap_or(finding.severity);
    finding.subject = row.name.clone();
    let mut facts: Vec<(FactKey, String)> = Vec::new();
    if row.instances > 0 {
        facts.push((FactKey::Instances, format!("{}, {} running", row.instances, row.running)));
    }
    facts.extend(row.owner.clone().map(|owner| (FactKey::Owner, owner)));
    facts.extend(row.publisher.clone().map(|name| (FactKey::Publisher, name)));
    if row.addressed > 0 {
        facts.push((FactKey::PublicAddresses, row.addressed.to_string()));
    }
    if !row.roles.is_empty() {
        let admin = if row.has_admin { " (one may do everything)" } else { "" };
        facts.push((FactKey::Roles, format!("{}{admin}", listed(row.roles.iter().map(String::as_str)))));
    }
    if !row.pointers.is_empty() {
        facts.push((FactKey::StartedBy, listed(row.pointers.iter().map(String::as_str))));
    }
    if rule == "image-look-alike" {
        // What is really in it.
        let system = court.audits.of(&row.id).iter().find_map(|audit| audit.system.clone());
        facts.extend(system.map(|system| (FactKey::Is, format!("its content is {system}"))));
    }
    if rule == "image-shared-outside" {
        facts.push((FactKey::SharedWith, shared_with(court, row)));
    }
    facts.sort();
    finding.evidence.facts = facts;
    Some(finding)
}

/// Where a finding about an image stands: where it is in use; of several places the first.
pub(super) fn scope(row: &ImageRow) -> Scope {
    row.scopes.first().cloned().unwrap_or_default()
}

fn shared_with(court: &Court<'_>, row: &ImageRow) -> String {
    let estate = &court.export.estate;
    let permissions =
        estate.images.get(&row.id).and_then(|image| image.permissions.as_deref()).unwrap_or_default();
    listed(court.trust.outsiders(estate, permissions))
}

/// What the policy of the user says of names and of images that may run.
fn by_policy(court: &mut Court<'_>, row: &ImageRow) {
    let rules = &court.settings.rules;
    let mut broken = Vec::new();
    if let (Class::Own, Some(pattern), Some(name)) = (row.class, &rules.naming, &row.name) {
        broken.extend((!glob::fits(pattern, name)).then_some("image-name-unapproved"));
    }
    if row.is_used() && !rules.approves(row) {
        broken.push("image-unapproved");
    }
    let found: Vec<Finding> = broken.into_iter().filter_map(|rule| image(court, row, rule, None)).collect();
    court.findings.extend(found);
}

/// What is so common that one finding an account says it: the table has every image with its flags.
fn by_account(court: &mut Court<'_>) {
    let images = &court.inventory.images;
    let sources: BTreeSet<&str> =
        images.iter().filter(|row| row.is_used()).filter_map(|row| row.source.as_deref()).collect();
    let used = |row: &ImageRow, flag: Flag| row.is_used() && row.flags.contains(&flag);
    // Without usage reports nobody knows of other accounts.
    let is_unused = |row: &ImageRow| {
        row.class == Class::Own
            && !row.is_used()
            && row.used_outside.is_empty()
            && !sources.contains(row.id.as_str())
    };
    let mut by_account: BTreeMap<(&'static str, Option<String>), Vec<&ImageRow>> = BTreeMap::new();
    for row in images {
        let rules = [
            ("image-not-allowed", used(row, Flag::NotAllowed)),
            ("image-deprecated", used(row, Flag::Deprecated)),
            ("image-old", used(row, Flag::Old)),
            ("instances-imdsv1", used(row, Flag::ImdsV1)),
            ("image-unencrypted", row.flags.contains(&Flag::Unencrypted)),
            ("image-unused", is_unused(row)),
        ];
        for (rule, _) in rules.into_iter().filter(|(_, holds)| *holds) {
            let accounts: BTreeSet<Option<String>> = match rule {
                "image-unused" | "image-unencrypted" => BTreeSet::from([row.owner.clone()]),
                _ => row.scopes.iter().map(|scope| scope.account.clone()).collect(),
            };
            for account in accounts {
                by_account.entry((rule, account)).or_default().push(row);
            }
        }
    }
    for ((rule, account), rows) in by_account {
        let scope = Scope { account, region: None };
        let Some(mut finding) = court.find(rule, &scope, ResourceKind::Account, rule) else { continue };
        let names = listed(rows.iter().map(|row| row.label()));
        let mut facts = vec![(FactKey::Images, rows.len().to_string()), (FactKey::Names, names)];
        let of = |row: &&ImageRow| if rule == "instances-imdsv1" { row.imds_v1 } else { row.instances };
        let instances: usize = rows.iter().map(of).sum();
        if instances > 0 {
            facts.push((FactKey::Instances, instances.to_string()));
        }
        facts.sort();
        finding.evidence.facts = facts;
        court.findings.push(finding);
    }
}

/// Templates and groups that start an older image of the line whose current one a parameter names.
fn behind(court: &mut Court<'_>) {
    let images: BTreeMap<&str, &ImageRow> =
        court.inventory.images.iter().map(|row| (row.id.as_str(), row)).collect();
    let of = |pointer: &PointerRow| {
        pointer.images.iter().filter_map(|id| images.get(id.as_str()).copied()).collect()
    };
    let (parameters, others): (Vec<&PointerRow>, Vec<&PointerRow>) =
        court.inventory.pointers.iter().partition(|pointer| pointer.kind == PointerKind::Parameter);
    let mut current: BTreeMap<(Scope, String), &ImageRow> = BTreeMap::new();
    for pointer in parameters {
        let rows: Vec<&ImageRow> = of(pointer);
        for row in rows {
            if let Some(line) = row.name.as_deref().map(line) {
                let newest = current.entry((pointer.scope.clone(), line)).or_insert(row);
                if row.created > newest.created {
                    *newest = row;
                }
            }
        }
    }
    let mut found = Vec::new();
    for pointer in others {
        for row in of(pointer) {
            let key = row.name.as_deref().map(|name| (pointer.scope.clone(), line(name)));
            let Some(newest) = key.and_then(|key| current.get(&key)) else { continue };
            if newest.id == row.id || row.created >= newest.created {
                continue;
            }
            if let Some(mut finding) =
                court.find("image-pointer-behind", &pointer.scope, ResourceKind::Image, &row.id)
            {
                finding.subject = Some(pointer.label.clone());
                finding.evidence.facts =
                    vec![(FactKey::Images, format!("{}, current: {}", row.label(), newest.label()))];
                found.push(finding);
            }
        }
    }
    court.findings.extend(found);
}

/// What the names of the images of one line have in common: their letters.
fn line(name: &str) -> String {
    name.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Own snapshots that others may use.
fn snapshots(court: &mut Court<'_>) {
    let estate = &court.export.estate;
    let mut labels: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for image in estate.images.values() {
        for snapshot in image.mappings.iter().filter_map(|mapping| mapping.snapshot.as_deref()) {
            labels.entry(snapshot).or_default().insert(image.label());
        }
    }
    let mut found = Vec::new();
    for (id, snapshot) in &estate.snapshots {
        if snapshot.owner.as_deref().is_some_and(|owner| !court.trust.is_own(estate, owner)) {
            continue;
        }
        let outsiders: Vec<&str> = court.trust.outsiders(estate, &snapshot.permissions).collect();
        let is_public = snapshot.permissions.contains(&Permission::All);
        let rules = [("snapshot-public", is_public), ("snapshot-shared-outside", !outsiders.is_empty())];
        for (rule, _) in rules.into_iter().filter(|(_, holds)| *holds) {
            let Some(mut finding) = court.find(rule, &snapshot.scope, ResourceKind::Snapshot, id) else {
                continue;
            };
            if let Some(labels) = labels.get(id.as_str()) {
                finding = finding.fact(FactKey::Images, listed(labels.iter().copied()));
            }
            if !outsiders.is_empty() {
                finding = finding.fact(FactKey::SharedWith, listed(outsiders.iter().copied()));
            }
            found.push(finding);
        }
    }
    court.findings.extend(found);
}
