//! How far the search reached: of each kind of package, how many there are, what the data say of them, and what could not
//! be compared.

use std::collections::{BTreeMap, BTreeSet};

use super::ecosystem::OsvEcosystem;
use super::identity::Unmatched;
use super::wanted::Wanted;
use crate::date::Date;
use crate::packages::ecosystem::Ecosystem;
use crate::packages::inventory::Inventory;

/// How far one kind of package of one system was covered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The system: a number of `Inventory::systems`.
    pub system: usize,
    /// The kind of package.
    pub ecosystem: Ecosystem,
    /// Whose advisories are about it; `None` where nobody publishes any that are read here.
    pub publisher: Option<OsvEcosystem>,
    /// How many there are.
    pub packages: u64,
    /// Records of its publisher in the data, for all releases.
    pub records: u64,
    /// The day of the newest of them.
    pub newest: Option<Date>,
    /// How many could not be compared, by the reason.
    pub unmatched: BTreeMap<Unmatched, u64>,
}

impl Coverage {
    /// Whether packages are there that nothing is known of: advisories are published on them, and the data have none.
    pub fn lacks_data(&self) -> bool {
        self.records == 0 && self.packages > self.excused()
    }

    /// Those that are compared otherwise, or that no advisory is about.
    fn excused(&self) -> u64 {
        let of = |reason| self.unmatched.get(&reason).copied().unwrap_or_default();
        of(Unmatched::PartOfPackage).saturating_add(of(Unmatched::NoKernel))
    }
}

/// What the data have of a publisher.
#[derive(Clone, Debug, Default)]
pub(super) struct Published {
    pub records: u64,
    pub newest: Option<Date>,
}

/// How far all of an inventory was covered; `late` has what turned out while comparing.
pub(super) fn coverage(
    inventory: &Inventory,
    wanted: &Wanted,
    published: &BTreeMap<OsvEcosystem, Published>,
    late: &BTreeSet<(usize, Unmatched)>,
) -> Vec<Coverage> {
    let mut all: BTreeMap<(usize, Ecosystem), Coverage> = BTreeMap::new();
    for (component, identity) in inventory.components.iter().zip(&wanted.identities) {
        let key = (component.system, component.ecosystem);
        let one = all.entry(key).or_insert_with(|| empty(inventory, key, published));
        one.packages = one.packages.saturating_add(1);
        if let Err(reason) = identity {
            add(one, *reason);
        }
    }
    for (number, reason) in late {
        let Some(component) = inventory.components.get(*number) else { continue };
        if let Some(one) = all.get_mut(&(component.system, component.ecosystem)) {
            add(one, *reason);
        }
    }
    all.into_values().collect()
}

fn add(one: &mut Coverage, reason: Unmatched) {
    let count = one.unmatched.entry(reason).or_default();
    *count = count.saturating_add(1);
}

fn empty(
    inventory: &Inventory,
    (system, ecosystem): (usize, Ecosystem),
    published: &BTreeMap<OsvEcosystem, Published>,
) -> Coverage {
    let of_distribution = || {
        inventory.systems.get(system).and_then(|system| OsvEcosystem::of_distribution(&system.distribution))
    };
    let publisher = if ecosystem.is_of_a_distribution() {
        of_distribution()
    } else {
        OsvEcosystem::of_language(ecosystem)
    };
    let data = publisher.and_then(|publisher| published.get(&publisher)).cloned().unwrap_or_default();
    let Published { records, newest } = data;
    Coverage { system, ecosystem, publisher, packages: 0, records, newest, unmatched: BTreeMap::new() }
}
