//! What a trail shows: who searched without an owner, who launched what.

use std::collections::{BTreeMap, BTreeSet};

use super::{Court, ResourceKind, listed};
use crate::finding::{FactKey, Finding};
use crate::sourcing::class::Class;
use crate::sourcing::estate::Scope;
use crate::sourcing::glob;
use crate::sourcing::trail::{Action, Event, Search};

pub(super) fn judge(court: &mut Court<'_>) {
    let mut found = Vec::new();
    let launched: Vec<(&Event, &BTreeSet<String>)> = court
        .export
        .events
        .iter()
        .filter_map(|event| match &event.action {
            Action::Launch { images, .. } if event.error.is_none() => Some((event, images)),
            _ => None,
        })
        .collect();
    let mut searches: BTreeMap<(String, String, String), Vec<&Event>> = BTreeMap::new();
    for event in &court.export.events {
        match &event.action {
            Action::Search(search) if is_unguarded(search) => {
                let key = (event.who.clone(), program(&event.client), patterns(search).join(", "));
                searches.entry(key).or_default().push(event);
            }
            Action::Launch { images, .. } if event.error.is_none() => {
                found.extend(images.iter().filter_map(|image| launch(court, event, image)));
            }
            Action::Share { image, with } if with.contains("all") && event.error.is_none() => {
                found.extend(at(court, "trail-image-made-public", event, image));
            }
            _ => {}
        }
    }
    for ((_, _, patterns), events) in searches {
        found.extend(search(court, &patterns, &events, &launched));
    }
    court.findings.extend(found);
}

fn at(court: &Court<'_>, rule: &str, event: &Event, image: &str) -> Option<Finding> {
    let scope = Scope { account: event.account.clone(), region: event.region.clone() };
    let mut finding = court.find(rule, &scope, ResourceKind::Image, image)?;
    finding.subject = Some(event.who.clone());
    finding = finding.fact(FactKey::Program, program(&event.client));
    Some(match event.time {
        Some(time) => finding.fact(FactKey::When, time.to_string()),
        None => finding,
    })
}

/// The client without its version.
fn program(client: &str) -> String {
    client.split([' ', '/']).next().unwrap_or(client).to_owned()
}

/// Whether anybody's image can be found by it: no owner, no id, and no filter that a stranger cannot meet.
fn is_unguarded(search: &Search) -> bool {
    let safe = ["owner-id", "owner-alias", "image-id", "public-ssm-parameter-name", "tag-key"];
    let limits = search.filters.iter().any(|(name, values)| {
        (safe.contains(&name.as_str()) || name.starts_with("tag:")) && values.iter().all(|value| value != "*")
    });
    search.owners.is_empty() && search.images.is_empty() && !limits && !patterns(search).is_empty()
}

/// Names that were searched for.
fn patterns(search: &Search) -> Vec<String> {
    let named = search.filters.iter().filter(|(name, _)| ["name", "description"].contains(&name.as_str()));
    named.flat_map(|(_, values)| values.iter().cloned()).collect()
}

/// A launch of an image that nobody vouches for.
fn launch(court: &Court<'_>, event: &Event, id: &str) -> Option<Finding> {
    let estate = &court.export.estate;
    let image = estate.images.get(id)?;
    let class = court.trust.class(estate, image);
    if !class.is_stranger() {
        return None;
    }
    let finding = at(court, "trail-launch-of-stranger", event, id)?;
    let whose = match class {
        Class::PublicStranger => "public",
        _ => "shared privately",
    };
    let owner = format!("{} ({whose})", image.owner.as_deref().unwrap_or("?"));
    let mut finding = finding.fact(FactKey::Name, image.label()).fact(FactKey::Owner, owner);
    finding.evidence.facts.sort();
    Some(finding)
}

/// Searches by one client of one role, once. What it launched, and fits the name, is told.
fn search(
    court: &Court<'_>,
    pattern: &str,
    events: &[&Event],
    launched: &[(&Event, &BTreeSet<String>)],
) -> Option<Finding> {
    let first = events.first()?;
    let estate = &court.export.estate;
    let fits = |id: &str| {
        let name = estate.images.get(id).and_then(|image| image.name.as_deref());
        name.is_some_and(|name| pattern.split(", ").any(|one| glob::fits(one, name)))
    };
    let images: BTreeSet<&str> = launched
        .iter()
        .filter(|(event, _)| {
            event.account == first.account && event.region == first.region && event.time >= first.time
        })
        .flat_map(|(_, images)| images.iter().map(String::as_str))
        .filter(|id| fits(id))
        .collect();
    let publisher = pattern.split(", ").find_map(|one| court.trust.publishers.of_pattern(one));
    let name = images.first().copied().unwrap_or("search");
    let mut finding = at(court, "trail-unguarded-search", first, name)?;
    finding = finding.fact(FactKey::Matches, pattern).fact(FactKey::Lines, events.len().to_string());
    if let Some(publisher) = publisher {
        finding = finding.fact(FactKey::Publisher, publisher.name.clone());
    }
    if !images.is_empty() {
        finding = finding.fact(FactKey::Images, listed(images));
    }
    finding.evidence.facts.sort();
    Some(finding)
}
