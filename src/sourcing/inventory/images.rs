//! The rows of images.

use std::collections::{BTreeMap, BTreeSet};

use super::{AuditRow, ImageRow, InstanceRow, PointerRow};
use crate::sourcing::audits::ByImage;
use crate::sourcing::class::{Class, Flag, Trust};
use crate::sourcing::estate::{Estate, Image};
use crate::sourcing::publishers::Publisher;

/// The row of an image, among rows in the order of their ids.
pub(super) fn find<'r>(rows: &'r [ImageRow], id: &str) -> Option<&'r ImageRow> {
    rows.get(rows.binary_search_by(|row| row.id.as_str().cmp(id)).ok()?)
}

/// The same, to be changed.
pub(super) fn find_mut<'r>(rows: &'r mut [ImageRow], id: &str) -> Option<&'r mut ImageRow> {
    let place = rows.binary_search_by(|row| row.id.as_str().cmp(id)).ok()?;
    rows.get_mut(place)
}

/// Images that are in use or one's own, in the order of their ids; others that an export happens to mention are none of
/// the inventory.
pub(super) fn rows(
    estate: &Estate,
    trust: &Trust<'_>,
    pointers: &[PointerRow],
    audits: &ByImage<'_>,
) -> Vec<ImageRow> {
    let mut by_image: BTreeMap<&str, Vec<&PointerRow>> = BTreeMap::new();
    for pointer in pointers {
        for image in &pointer.images {
            by_image.entry(image).or_default().push(pointer);
        }
    }
    let instances = estate.instances_by_image();
    let mut rows = Vec::new();
    for image in estate.images.values() {
        let class = trust.class(estate, image);
        let (pointers, instances) = (by_image.get(image.id.as_str()), instances.get(image.id.as_str()));
        let look_alike = trust.look_alike(class, image);
        // What strangers share with the account is there to be started by mistake.
        let is_offered = class == Class::SharedPrivately || look_alike.is_some();
        if class != Class::Own && pointers.is_none() && instances.is_none() && !is_offered {
            continue;
        }
        let mut row = image_row(estate, trust, (class, look_alike), image, audits);
        let mut scopes = BTreeSet::new();
        for pointer in pointers.into_iter().flatten() {
            row.pointers.push(pointer.told());
            scopes.extend(pointer.is_placed().then_some(&pointer.scope));
        }
        for instance in instances.into_iter().flatten() {
            row.instances += 1;
            row.running += usize::from(instance.is_running());
            scopes.insert(&instance.scope);
        }
        if scopes.is_empty() {
            scopes.extend(image.views.iter().map(|(scope, _)| scope));
        }
        row.scopes = scopes.into_iter().cloned().collect();
        rows.push(row);
    }
    rows
}

fn image_row(
    estate: &Estate,
    trust: &Trust<'_>,
    (class, look_alike): (Class, Option<&Publisher>),
    image: &Image,
    audits: &ByImage<'_>,
) -> ImageRow {
    let of_owner = image.owner.as_deref().and_then(|owner| trust.publishers.of_account(owner));
    let publisher = of_owner.or(look_alike).map(|publisher| publisher.name.clone());
    let all = audits.of(&image.id);
    let audit = (!all.is_empty()).then(|| AuditRow {
        worst: all.iter().flat_map(|audit| &audit.findings).map(|found| found.severity).max(),
        findings: all.iter().map(|audit| audit.findings.len()).sum(),
        verdict: all.iter().find_map(|audit| audit.verdict.clone()),
    });
    let outside = estate.usage.get(&image.id).into_iter().flatten().map(|usage| usage.account.clone());
    ImageRow {
        id: image.id.clone(),
        name: image.name.clone(),
        owner: image.owner.clone(),
        publisher,
        class,
        flags: trust.flags(estate, class, look_alike.is_some(), image),
        state: image.state.clone(),
        created: image.created,
        last_launched: image.last_launched,
        source: image.source.as_ref().map(|(id, _)| id.clone()),
        scopes: Vec::new(),
        instances: 0,
        running: 0,
        addressed: 0,
        imds_v1: 0,
        roles: BTreeSet::new(),
        has_admin: false,
        pointers: Vec::new(),
        used_outside: outside.filter(|account| !trust.is_own(estate, account)).collect(),
        decisions: BTreeMap::new(),
        audit,
    }
}

/// What an image reaches by its instances.
pub(super) fn reach(images: &mut [ImageRow], instances: &[InstanceRow]) {
    for instance in instances {
        let Some(row) = instance.image.as_ref().and_then(|image| find_mut(images, image)) else { continue };
        row.addressed += usize::from(!instance.addresses.is_empty());
        row.roles.extend(instance.roles.iter().cloned());
        row.has_admin |= instance.has_admin;
        if instance.is_imds_v1 {
            row.imds_v1 += 1;
            row.flags.insert(Flag::ImdsV1);
        }
    }
}
