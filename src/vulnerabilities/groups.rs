//! Vulnerabilities by package: what one update mends together.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::findings;
use super::matches::{Matches, Vulnerability};
use super::remedy::remedy;
use crate::finding::Severity;
use crate::packages::inventory::{Boot, InstalledSystem, Inventory};
use crate::packages::version::Scheme;

/// All vulnerabilities of one package of a system.
#[derive(Clone, Debug, PartialEq)]
pub struct Group<'m> {
    /// The system: a number of `Inventory::systems`.
    pub system: usize,
    /// The source package, or the package where there are no such.
    pub package: &'m str,
    /// The versions that are installed, each once.
    pub installed: Vec<&'m str>,
    /// The version that mends all that can be mended.
    pub fixed: Option<&'m str>,
    /// How many no version mends.
    pub unfixed: usize,
    /// Of a kernel: whether it boots.
    pub kernel: Option<Boot>,
    /// How many there are of each severity, worst first.
    pub severities: BTreeMap<std::cmp::Reverse<Severity>, usize>,
    /// How many are known to be exploited.
    pub exploited: usize,
    /// By CVE where there is one, worst first.
    pub names: Vec<&'m str>,
    /// What to do.
    pub remedy: String,
}

impl Group<'_> {
    /// The worst severity.
    pub fn worst(&self) -> Option<Severity> {
        self.severities.keys().next().map(|severity| severity.0)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.names.len()
    }
}

/// The vulnerabilities that count, by package: the worst first, of equally bad ones those with more. A kernel that does
/// not boot is a package of its own, and comes last.
pub fn groups<'m>(inventory: &'m Inventory, matches: &'m Matches) -> Vec<Group<'m>> {
    type Key<'m> = (usize, &'m str, bool);
    let mut by_package: BTreeMap<Key<'m>, Vec<&'m Vulnerability>> = BTreeMap::new();
    for one in matches.vulnerabilities.iter().filter(|one| one.suppressed.is_none()) {
        let key = (one.system, one.package.as_str(), one.kernel == Some(Boot::Installed));
        by_package.entry(key).or_default().push(one);
    }
    let mut groups: Vec<Group<'m>> =
        by_package.into_values().filter_map(|all| group(inventory, all)).collect();
    let rank = |group: &Group<'_>| {
        let idle = group.kernel == Some(Boot::Installed);
        (idle, std::cmp::Reverse((group.exploited > 0, group.worst(), group.count())))
    };
    groups.sort_by(|one, other| rank(one).cmp(&rank(other)).then_with(|| one.package.cmp(other.package)));
    groups
}

fn group<'m>(inventory: &Inventory, mut all: Vec<&'m Vulnerability>) -> Option<Group<'m>> {
    all.sort_by_key(|one| std::cmp::Reverse(findings::severity(one)));
    let first = *all.first()?;
    let scheme = first.ecosystem.scheme();
    let fixable = || all.iter().filter(|one| one.has_fix());
    let fixed = fixable().filter_map(|one| best(one, scheme)).max_by(|one, other| order(scheme, one, other));
    let mut severities = BTreeMap::new();
    for one in &all {
        let count: &mut usize = severities.entry(std::cmp::Reverse(findings::severity(one))).or_default();
        *count = count.saturating_add(1);
    }
    let mut installed: Vec<&str> = all.iter().flat_map(|one| &one.installed).map(String::as_str).collect();
    installed.sort_unstable();
    installed.dedup();
    let mends_all = fixable().max_by(|one, other| match (best(one, scheme), best(other, scheme)) {
        (Some(one), Some(other)) => order(scheme, one, other),
        (one, other) => one.cmp(&other),
    });
    let none = InstalledSystem::default();
    let system = inventory.systems.get(first.system).unwrap_or(&none);
    Some(Group {
        system: first.system,
        package: &first.package,
        installed,
        fixed,
        unfixed: all.len().saturating_sub(fixable().count()),
        kernel: first.kernel,
        severities,
        exploited: all.iter().filter(|one| one.exploited.is_some()).count(),
        names: all.iter().map(|one| findings::name(one)).collect(),
        remedy: remedy(mends_all.unwrap_or(&first), system, inventory),
    })
}

/// The lowest version that mends it.
fn best(one: &Vulnerability, scheme: Scheme) -> Option<&str> {
    one.fixed.iter().map(String::as_str).min_by(|one, other| order(scheme, one, other))
}

fn order(scheme: Scheme, one: &str, other: &str) -> Ordering {
    scheme.compare(one, other).unwrap_or_else(|| one.cmp(other))
}
