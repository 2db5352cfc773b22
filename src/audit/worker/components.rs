//! What is installed, by one file: its parts joined, and told whose it is.

use super::Worker;
use crate::packages::component::{Component, Evidence};
use crate::packages::manifest;
use assay_disk::tree::{EntryId, Place, SystemKind};

impl Worker<'_> {
    /// Completes the components of the file `first`, which lies at `path`: the parts of an archive are joined, the
    /// system and the package that they belong to are set, and repeats are dropped.
    pub(super) fn completed(
        &self,
        first: EntryId,
        path: &[u8],
        mut components: Vec<Component>,
    ) -> Vec<Component> {
        if components.is_empty() {
            return components;
        }
        manifest::java::join(&mut components);
        let places = self.shared.tree.places(first);
        let own = places.iter().map(|place| place.system).find(|&system| self.is_another(system));
        for component in &mut components {
            if component.system == 0 {
                component.system = own.unwrap_or(0);
            }
            component.owner = self.owner(component.system, path, &places);
        }
        components.retain(|component| component.owner.is_none() || !is_known_by_package(component));
        components.sort_by(Component::order);
        components.dedup();
        components
    }

    /// Whether it is a system beside the machine.
    fn is_another(&self, system: usize) -> bool {
        let root = self.shared.tree.systems().get(system);
        root.is_some_and(|root| matches!(root.kind, SystemKind::Deployment | SystemKind::Other))
    }

    /// The package of `system` that brought the file.
    fn owner(&self, system: usize, path: &[u8], places: &[Place]) -> Option<String> {
        let packages = |system| &self.shared.facts.of(system).packages;
        let there = places.iter().filter(|place| place.system == system);
        let owner = there.filter_map(|place| packages(system).owner(&place.path)).next();
        owner.or_else(|| packages(0).owner(path)).map(str::to_owned)
    }
}

/// Whether it says of a program what its package says better: its words, or the name of the package in a note.
fn is_known_by_package(component: &Component) -> bool {
    let is_note = component.evidence == Evidence::BuildInfo && component.ecosystem.is_of_a_distribution();
    component.evidence == Evidence::Strings || is_note
}
