//! What a trail shows: who searched without an owner, who launched what.

use std::collections::{BTreeMap, BTreeSet};

use super::{Court, ResourceKind, listed};
use crate::finding::{FactKey, Finding};
use crate::sourcing::class::Class;
use crate::sourcing::code::{Search, Verdict, judge};
use crate::sourcing::estate::Scope;
use crate::sourcing::glob;
use crate::sourcing::trail::{Action, Event};

pub(super) fn judge_events(court: &mut Court<'_>) {
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
    let mut searches: BTreeMap<(&str, String, Vec<&str>), Vec<&Event>> = BTreeMap::new();
    for event in &court.export.events {
        match &event.action {
            Action::Search(search) if is_unguarded(court, search) => {
                let key = (event.who.as_str(), program(&event.client), search.names());
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

/// Whether a stranger's image can be found by it.
fn is_unguarded(court: &Court<'_>, search: &Search) -> bool {
    let verdict = judge(search, court.trust.publishers).verdict;
    verdict < Verdict::Unknown && !search.names().is_empty()
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
    patterns: &[&str],
    events: &[&Event],
    launched: &[(&Event, &BTreeSet<String>)],
) -> Option<Finding> {
    let first = events.first()?;
    let estate = &court.export.estate;
    let fits = |id: &str| {
        let name = estate.images.get(id).and_then(|image| image.name.as_deref());
        name.is_some_and(|name| patterns.iter().any(|one| glob::fits(one, name)))
    };
    let images: BTreeSet<&str> = launched
        .iter()
        .filter(|(event, _)| {
            event.account == first.account && event.region == first.region && event.time >= first.time
        })
        .flat_map(|(_, images)| images.iter().map(String::as_str))
        .filter(|id| fits(id))
        .collect();
    let publisher = patterns.iter().find_map(|one| court.trust.publishers.of_pattern(one));
    let name = images.first().copied().unwrap_or("search");
    let mut finding = at(court, "trail-unguarded-search", first, name)?;
    finding =
        finding.fact(FactKey::Matches, patterns.join(", ")).fact(FactKey::Lines, events.len().to_string());
    if let Some(publisher) = publisher {
        finding = finding.fact(FactKey::Publisher, publisher.name.clone());
    }
    if !images.is_empty() {
        finding = finding.fact(FactKey::Images, listed(images));
    }
    finding.evidence.facts.sort();
    Some(finding)
}
