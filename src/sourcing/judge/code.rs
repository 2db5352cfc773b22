//! What the proposed criteria of Allowed AMIs would change for code that searches. Images that code names by their ids are
//! in the tables already, as what leads to an image.

use std::collections::BTreeSet;

use super::{Court, listed};
use crate::finding::{FactKey, Finding, Location};
use crate::sourcing::allowed::{Criterion, Decision, Settings};
use crate::sourcing::code::{Constant, Lookup, Verdict};
use crate::sourcing::estate::{Alias, Image};
use crate::sourcing::glob;

const LEFT_OUT: &str = "code-lookup-left-out";

pub(super) fn judge(court: &mut Court<'_>) {
    let proposal = court.inventory.proposal.settings();
    if proposal.criteria().is_empty() {
        return;
    }
    let lookups = court.code.lookups.iter().filter(|lookup| lookup.suppressed.is_none());
    let found: Vec<Finding> = lookups.filter_map(|lookup| change(court, &proposal, lookup)).collect();
    court.findings.extend(found);
}

/// What changes for one search; one by ids asks for these alone.
fn change(court: &Court<'_>, proposal: &Settings, lookup: &Lookup) -> Option<Finding> {
    let search = &lookup.search;
    if !matches!(search.image_ids, Constant::Absent) {
        return None;
    }
    let owners = search.named_owners();
    if !owners.is_empty() && lookup.verdict >= Verdict::Info {
        let is_left_out = |owner: &&str| !may_find(court, proposal, owner, &search.names());
        return owners.iter().all(is_left_out).then(|| finding(court, LEFT_OUT, lookup, owners))?;
    }
    // Where nothing limits it that a stranger could not meet.
    if lookup.verdict >= Verdict::Unknown || search.names().is_empty() {
        return None;
    }
    let hidden = hidden(court, proposal, &search.names());
    (!hidden.is_empty()).then(|| finding(court, "code-lookup-narrowed", lookup, hidden))?
}

fn finding<'n>(
    court: &Court<'_>,
    rule: &str,
    lookup: &Lookup,
    names: impl IntoIterator<Item = &'n str>,
) -> Option<Finding> {
    let mut finding = Finding::new(court.rules.get(rule)?);
    finding.location = Location { path: lookup.path.clone(), line: Some(lookup.line), ..Location::default() };
    finding.subject = Some(lookup.form.name().to_owned());
    let key = if rule == LEFT_OUT { FactKey::Owner } else { FactKey::Images };
    let mut facts = vec![(key, listed(names))];
    let searched = lookup.search.names();
    facts.extend((!searched.is_empty()).then(|| (FactKey::Matches, searched.join(", "))));
    facts.sort();
    finding.evidence.facts = facts;
    Some(finding)
}

/// Whether a search for images of `owner` can still find one.
fn may_find(court: &Court<'_>, proposal: &Settings, owner: &str, names: &[&str]) -> bool {
    let estate = &court.export.estate;
    // Which of the accounts runs the code is not known.
    owner == "self"
        || court.trust.is_own(estate, owner)
        || proposal.criteria().iter().any(|criterion| {
            criterion.providers().iter().any(|provider| may_be_same(court, provider, owner))
                && (names.is_empty() || fits(criterion, names))
        })
}

fn fits(criterion: &Criterion, names: &[&str]) -> bool {
    criterion.names().is_none_or(|patterns| {
        patterns.iter().any(|pattern| names.iter().any(|name| glob::intersects(pattern, name)))
    })
}

/// Whether two names of an owner may mean one: an alias stands for many accounts.
fn may_be_same(court: &Court<'_>, provider: &str, owner: &str) -> bool {
    let has_alias = |account: &str, alias: &str| {
        let Some(alias) = Alias::parse(alias) else { return false };
        let is_such = |image: &Image| image.owner.as_deref() == Some(account) && image.alias == Some(alias);
        court.export.estate.images.values().any(is_such)
    };
    provider == owner || has_alias(provider, owner) || has_alias(owner, provider)
}

/// Exported images that fit the names and that no criterion allows.
fn hidden<'c>(court: &'c Court<'_>, proposal: &Settings, names: &[&str]) -> BTreeSet<&'c str> {
    let is_found = |image: &&Image| {
        image.name.as_ref().is_some_and(|name| names.iter().any(|one| glob::fits(one, name)))
    };
    let is_hidden = |image: &&Image| {
        let is_own =
            image.owner.as_ref().is_some_and(|owner| court.trust.is_own(&court.export.estate, owner));
        // For some account other than its owner's.
        !is_own && proposal.would_allow(image, Some(""), court.trust.now) == Decision::NotAllowed
    };
    let images = court.export.estate.images.values().filter(is_found).filter(is_hidden);
    images.map(|image| image.id.as_str()).collect()
}
