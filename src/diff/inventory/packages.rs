//! Installed software, by name: versions, machines, and of an image what the database records of its files.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{Field, Items, digest};
use crate::audit::Report;
use crate::facts::Facts;
use crate::packages::component::Component;
use crate::packages::ecosystem::Ecosystem;
use crate::packages::inventory::Inventory;
use crate::packages::version::Scheme;

/// What one name has: two machines, two kernels, or several copies are one name.
#[derive(Debug, Default)]
struct Versions {
    versions: Vec<String>,
    machines: Vec<String>,
    recorded: Option<[u8; 32]>,
}

/// Software by name, and how the versions of each are ordered.
#[derive(Debug, Default)]
pub(in crate::diff) struct Software {
    all: BTreeMap<String, Versions>,
    schemes: BTreeMap<Vec<u8>, Scheme>,
}

impl Software {
    /// Of an image.
    pub(super) fn of(report: &Report, facts: &Facts) -> Self {
        let mut software = Self::of_packages(&report.packages);
        for (name, recorded) in recorded(facts) {
            software.all.entry(name).or_default().recorded = Some(recorded);
        }
        software
    }

    /// Of what is installed, without what is recorded of the files.
    pub(super) fn of_packages(packages: &Inventory) -> Self {
        let mut software = Self::default();
        packages.components.iter().for_each(|component| software.add_component(component));
        software
    }

    fn add_component(&mut self, component: &Component) {
        let (version, machine) = (component.version.as_deref(), component.architecture.as_deref());
        self.add(component.ecosystem, &component.full_name(), version, machine);
    }

    /// One more piece of software.
    pub(in crate::diff) fn add(
        &mut self,
        ecosystem: Ecosystem,
        name: &str,
        version: Option<&str>,
        machine: Option<&str>,
    ) {
        // Packages of the system are what people mean by a bare name.
        let shown = if ecosystem.is_of_a_distribution() {
            name.to_owned()
        } else {
            format!("{name} ({})", ecosystem.name())
        };
        self.schemes.insert(shown.clone().into_bytes(), ecosystem.scheme());
        let known = self.all.entry(shown).or_default();
        known.versions.extend(version.map(str::to_owned));
        known.machines.extend(machine.filter(|machine| !machine.is_empty()).map(str::to_owned));
    }

    /// Whether there is none.
    pub(in crate::diff) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// As entries, with the orders of their versions.
    pub(in crate::diff) fn into_items(self) -> (Items, BTreeMap<Vec<u8>, Scheme>) {
        let items = self.all.into_iter().map(|(name, versions)| (name.into_bytes(), versions.fields()));
        (items.collect(), self.schemes)
    }
}

impl Versions {
    fn fields(self) -> Vec<Field> {
        let joined = |mut words: Vec<String>| {
            words.sort_unstable();
            words.dedup();
            words.join(", ").into_bytes()
        };
        let mut fields = vec![Field::of("version", &joined(self.versions))];
        let machines = joined(self.machines);
        if !machines.is_empty() {
            fields.push(Field::of("architecture", &machines));
        }
        fields.extend(self.recorded.map(|recorded| Field::hidden(RECORDED, "as recorded", &recorded)));
        fields
    }
}

/// The field that tells a package that was built again under the same version.
pub(in crate::diff) const RECORDED: &str = "files";

/// A digest of the digests that the database records of each package's files.
fn recorded(facts: &Facts) -> BTreeMap<String, [u8; 32]> {
    let mut sums: BTreeMap<String, Sha256> = BTreeMap::new();
    let mut files: Vec<(&str, &[u8])> = facts.packages.paths().map(|(path, name)| (name, path)).collect();
    files.sort_unstable();
    for (name, path) in files {
        let Some(recorded) = facts.packages.recorded(path) else { continue };
        let sum = sums.entry(name.to_owned()).or_default();
        sum.update(digest(path));
        sum.update(recorded.bytes());
    }
    sums.into_iter().map(|(name, sum)| (name, sum.finalize().into())).collect()
}
