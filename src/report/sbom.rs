//! The software of an image as lists that other programs take: what both forms have in common.
//!
//! Components that share a package URL within a system are one, with several places. Everything is in a fixed order, and
//! names are made of digests, so that the same inventory gives the same bytes.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::audit::Report;
use crate::finding::Confidence;
use crate::packages::component::{Component, Evidence};
use crate::packages::inventory::{InstalledSystem, Inventory};
use assay_disk::text::Escaped;

pub mod cyclonedx;
pub mod spdx;

/// A component with all of its places.
struct Item<'r> {
    component: &'r Component,
    /// Its name within the document.
    id: String,
    purl: Option<String>,
    /// Where it is, sorted.
    places: Vec<String>,
    /// Surest first.
    evidence: Vec<(Evidence, Confidence)>,
}

/// All components, by their systems, kinds and names.
fn items(inventory: &Inventory) -> Vec<Item<'_>> {
    let mut items: Vec<Item<'_>> = Vec::new();
    let mut known: BTreeMap<(usize, String), usize> = BTreeMap::new();
    for component in &inventory.components {
        let purl = inventory.purl(component);
        let key = purl.clone().unwrap_or_else(|| unnamed(component));
        let place = Escaped(&component.location.path).to_string();
        let at = *known.entry((component.system, key.clone())).or_insert(items.len());
        if at == items.len() {
            let id = format!("{}-{}", component.system, digest(&[&key]));
            items.push(Item { component, id, purl, places: Vec::new(), evidence: Vec::new() });
        }
        if let Some(item) = items.get_mut(at) {
            item.places.push(place);
            item.evidence.push((component.evidence, component.confidence));
        }
    }
    for item in &mut items {
        item.places.retain(|place| !place.is_empty());
        item.places.sort_unstable();
        item.places.dedup();
        item.evidence
            .sort_unstable_by_key(|(evidence, confidence)| (std::cmp::Reverse(*confidence), *evidence));
        item.evidence.dedup();
    }
    items
}

/// What tells components without a package URL apart.
fn unnamed(component: &Component) -> String {
    let version = component.version.as_deref().unwrap_or_default();
    format!("{} {} {version}", component.ecosystem.name(), component.full_name())
}

/// Half of a SHA-256 over parts, in hexadecimal digits.
fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// A UUID (version 8, of one's own making) that is the same for the same software in an image of the same name.
fn uuid(report: &Report, items: &[Item<'_>]) -> String {
    let ids = items.iter().map(|item| item.id.as_str());
    let names: Vec<&str> = std::iter::once(report.subject.name.as_str()).chain(ids).collect();
    let digits = digest(&names);
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default().to_owned();
    format!("{}-{}-8{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// The systems that say what they are, with their numbers.
fn systems(inventory: &Inventory) -> impl Iterator<Item = (usize, &InstalledSystem)> {
    inventory.systems.iter().enumerate().filter(|(_, system)| !system.distribution.id.is_empty())
}

#[cfg(test)]
mod tests;
