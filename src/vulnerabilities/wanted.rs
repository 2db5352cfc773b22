//! The names that advisories are asked for: those that are installed. Everything else in a feed is passed over.

use std::collections::{BTreeMap, HashMap};

use super::ecosystem::OsvEcosystem;
use super::identity::{Identity, Unmatched};
use super::statement::NameKind;
use crate::packages::inventory::Inventory;

/// The names that are asked for, and the components behind them.
pub(super) struct Wanted {
    names: BTreeMap<OsvEcosystem, HashMap<String, Vec<(usize, NameKind)>>>,
    /// How advisories know each component, in their order.
    pub identities: Vec<Result<Identity, Unmatched>>,
}

impl Wanted {
    /// What is installed.
    pub(super) fn new(inventory: &Inventory) -> Self {
        let identities: Vec<_> =
            inventory.components.iter().map(|component| Identity::new(component, inventory)).collect();
        let mut names: BTreeMap<_, HashMap<String, Vec<_>>> = BTreeMap::new();
        for (number, identity) in identities.iter().enumerate() {
            let Ok(identity) = identity else { continue };
            let of_ecosystem = names.entry(identity.ecosystem).or_default();
            for (kind, name) in &identity.names {
                of_ecosystem.entry(name.clone()).or_default().push((number, *kind));
            }
        }
        Self { names, identities }
    }

    /// The components that `name` may mean, and what it names of each.
    pub(super) fn components(&self, ecosystem: OsvEcosystem, name: &str) -> Vec<(usize, NameKind)> {
        let Some(names) = self.names.get(&ecosystem) else { return Vec::new() };
        let mut found = names.get(ecosystem.normalise(name).as_ref()).cloned().unwrap_or_default();
        if let Some(nameless) = artifact(ecosystem, name) {
            found.extend(names.get(nameless).into_iter().flatten().copied());
        }
        found
    }

    /// Whether a name is asked for.
    pub(super) fn has(&self, ecosystem: OsvEcosystem, name: &str) -> bool {
        let Some(names) = self.names.get(&ecosystem) else { return false };
        names.contains_key(ecosystem.normalise(name).as_ref())
            || artifact(ecosystem, name).is_some_and(|artifact| names.contains_key(artifact))
    }

    /// Whether anything of an ecosystem is asked for.
    pub(super) fn has_any(&self, ecosystem: OsvEcosystem) -> bool {
        self.names.contains_key(&ecosystem)
    }

    /// How advisories know a component.
    pub(super) fn identity(&self, component: usize) -> Option<&Identity> {
        self.identities.get(component)?.as_ref().ok()
    }
}

/// `:artifact` of `group:artifact`: jars whose group is not known are kept under it.
fn artifact(ecosystem: OsvEcosystem, name: &str) -> Option<&str> {
    let at = name.find(':').filter(|_| ecosystem == OsvEcosystem::Maven)?;
    name.get(at..)
}
