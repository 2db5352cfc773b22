//! The rows of Allowed AMIs: what the setting of each region would leave out.

use std::collections::{BTreeMap, BTreeSet};

use super::images::find_mut;
use super::{AllowedRow, ImageRow, InstanceRow, PointerRow};
use crate::sourcing::allowed::{Decision, Settings, State};
use crate::sourcing::class::Flag;
use crate::sourcing::estate::{Estate, Image, Scope};
use crate::sourcing::moment::Moment;

/// An image, what uses it in a region, and whether that is an instance.
type User<'u> = (&'u str, &'u str, bool);

/// One row for each region; images learn how they stand to it.
pub(super) fn rows(
    estate: &Estate,
    images: &mut [ImageRow],
    instances: &[InstanceRow],
    pointers: &[PointerRow],
    now: Moment,
) -> Vec<AllowedRow> {
    let (users, answers) = (users(estate, instances, pointers), answers(estate));
    let mut rows = Vec::new();
    for (scope, region) in estate.regions.iter().filter(|(scope, _)| scope.region.is_some()) {
        let mut row = AllowedRow::new(scope, region.allowed.as_ref());
        if let Some(settings) = &region.allowed {
            for user in users.get(scope).into_iter().flatten() {
                decide(&mut row, estate, images, settings, *user, now);
            }
            if matches!(settings.state(), State::Enabled | State::AuditMode) {
                // AWS answered on the day of the export.
                let then = estate.exported.unwrap_or(now);
                compare(&mut row, answers.get(scope).map(Vec::as_slice).unwrap_or_default(), |image| {
                    settings.would_allow(image, scope.account.as_deref(), then)
                });
            }
        }
        rows.push(row);
    }
    rows
}

/// What uses an image, by region.
fn users<'u>(
    estate: &'u Estate,
    instances: &'u [InstanceRow],
    pointers: &'u [PointerRow],
) -> BTreeMap<&'u Scope, Vec<User<'u>>> {
    let mut users: BTreeMap<&Scope, Vec<User<'_>>> = BTreeMap::new();
    for instance in instances {
        if let Some(image) = &instance.image {
            users.entry(&instance.scope).or_default().push((image, &instance.id, true));
        }
    }
    for pointer in pointers {
        for image in &pointer.images {
            let seen = estate.images.get(image).into_iter().flat_map(|image| &image.views);
            let places: Vec<&Scope> = if pointer.is_placed() {
                vec![&pointer.scope]
            } else {
                // An image has another id in every region: the code is meant for those where it was seen.
                seen.map(|(scope, _)| scope).collect()
            };
            for place in places {
                users.entry(place).or_default().push((image, &pointer.label, false));
            }
        }
    }
    users
}

/// AWS's own answers, by region.
fn answers(estate: &Estate) -> BTreeMap<&Scope, Vec<(&Image, bool)>> {
    let mut answers: BTreeMap<&Scope, Vec<(&Image, bool)>> = BTreeMap::new();
    for image in estate.images.values() {
        for (scope, view) in &image.views {
            answers.entry(scope).or_default().extend(view.allowed.map(|allowed| (image, allowed)));
        }
    }
    answers
}

impl AllowedRow {
    fn new(scope: &Scope, settings: Option<&Settings>) -> Self {
        Self {
            scope: scope.clone(),
            state: settings.map(Settings::state),
            criteria: settings.map_or(0, |settings| settings.criteria().len()),
            instances: Vec::new(),
            pointers: Vec::new(),
            images: BTreeSet::new(),
            undecided: BTreeMap::new(),
            contradicted: BTreeSet::new(),
            confirmed: 0,
        }
    }
}

/// How the setting of a region stands to an image that something uses there.
fn decide(
    row: &mut AllowedRow,
    estate: &Estate,
    images: &mut [ImageRow],
    settings: &Settings,
    (id, user, is_instance): User<'_>,
    now: Moment,
) {
    let Some(image) = estate.images.get(id) else { return };
    let decision = match settings.state() {
        // What its criteria would say if it were on: an empty list says nothing.
        State::Disabled if settings.criteria().is_empty() => Decision::Allowed,
        _ => settings.would_allow(image, row.scope.account.as_deref(), now),
    };
    match &decision {
        Decision::Allowed => {}
        Decision::NotAllowed => {
            row.images.insert(id.to_owned());
            let users = if is_instance { &mut row.instances } else { &mut row.pointers };
            users.push(user.to_owned());
        }
        Decision::Undecided(missing) => {
            row.undecided.entry(id.to_owned()).or_default().extend(missing.iter().cloned());
        }
    }
    if let Some(image) = find_mut(images, id) {
        if decision == Decision::NotAllowed && settings.state() != State::Disabled {
            image.flags.insert(Flag::NotAllowed);
        }
        image.decisions.insert(row.scope.clone(), decision);
    }
}

/// Holds the decisions against AWS's own, wherever the export has one.
fn compare(row: &mut AllowedRow, answers: &[(&Image, bool)], decide: impl Fn(&Image) -> Decision) {
    for &(image, theirs) in answers {
        match (decide(image), theirs) {
            (Decision::Allowed, true) | (Decision::NotAllowed, false) => row.confirmed += 1,
            (Decision::Undecided(_), _) => {}
            _ => {
                row.contradicted.insert(image.id.clone());
            }
        }
    }
}
