//! From hits to vulnerabilities: one for each system, source package, advisory and kind of kernel.

use std::collections::BTreeMap;

use super::collector::Kept;
use super::judge::Hit;
use super::matches::Vulnerability;
use super::severity::severity;
use super::text::push_new;
use super::wanted::Wanted;
use crate::packages::component::Component;
use crate::packages::inventory::{Boot, Inventory};

/// System, source package, advisory, and which kernel, if one.
type Key = (usize, String, String, Option<Boot>);

/// The vulnerabilities, in the order of their keys.
pub(super) fn assemble(kept: Vec<Kept>, inventory: &Inventory, wanted: &Wanted) -> Vec<Vulnerability> {
    let mut all: BTreeMap<Key, Vulnerability> = BTreeMap::new();
    for Kept { statement, feed, hits } in kept {
        for hit in hits {
            let Some(component) = inventory.components.get(hit.component) else { continue };
            let package = package(component, hit.component, wanted);
            let key = (component.system, package.clone(), statement.advisory.clone(), hit.kernel);
            let ratings = hit.ratings.iter().chain(&statement.ratings);
            let (severity, rated_by, cvss) = severity(ratings);
            let one = all.entry(key).or_insert_with(|| Vulnerability {
                advisory: statement.advisory.clone(),
                cves: statement.cves.clone(),
                aliases: statement.aliases.clone(),
                system: component.system,
                ecosystem: component.ecosystem,
                package,
                components: Vec::new(),
                installed: Vec::new(),
                fixed: Vec::new(),
                subscription: None,
                status: hit.status,
                severity,
                rated_by,
                cvss,
                exploited: None,
                epss: None,
                confidence: hit.confidence,
                doubts: Vec::new(),
                kernel: hit.kernel,
                is_linked: hit.is_linked,
                suppressed: None,
                summary: statement.summary.clone(),
                references: statement.references.clone(),
                modified: statement.modified.clone(),
                feed,
            });
            one.join(hit, component);
            statement.cves.iter().for_each(|cve| push_new(&mut one.cves, cve.clone()));
        }
    }
    all.into_values().collect()
}

/// What a component is part of, as advisories call it.
fn package(component: &Component, number: usize, wanted: &Wanted) -> String {
    if !component.ecosystem.is_of_a_distribution() {
        return component.full_name();
    }
    let source = component.source.as_ref().map_or(component.name.as_str(), |source| source.name.as_str());
    let identity = wanted.identity(number);
    let named = identity.and_then(|identity| {
        identity
            .names
            .iter()
            .find(|(kind, _)| *kind == super::statement::NameKind::Source)
            .map(|(_, name)| name.clone())
    });
    named.unwrap_or_else(|| source.to_owned())
}

impl Vulnerability {
    /// Adds a component that the same advisory is about.
    fn join(&mut self, hit: Hit, component: &Component) {
        if let Err(place) = self.components.binary_search(&hit.component) {
            self.components.insert(place, hit.component);
        }
        if let Some(version) = &component.version {
            push_new(&mut self.installed, version.clone());
        }
        if let Some(fixed) = hit.fixed {
            push_new(&mut self.fixed, fixed);
        }
        self.subscription = self.subscription.take().or_else(|| hit.subscription.map(str::to_owned));
        self.status = self.status.min(hit.status);
        self.confidence = self.confidence.max(hit.confidence);
        // If the function is linked into one of the programs, it is linked.
        self.is_linked = match (self.is_linked, hit.is_linked) {
            (Some(false), Some(false)) => Some(false),
            (Some(true), _) | (_, Some(true)) => Some(true),
            _ => None,
        };
        hit.doubts.into_iter().for_each(|doubt| push_new(&mut self.doubts, doubt));
    }
}
