//! The facts of a system that decide which command is its own.

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::finding::Location;
use crate::packages::PackageManager;
use assay_disk::tree::Tree;

/// A system, in short.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// What its packages are kept by; none that is known.
    pub packages: Option<PackageManager>,
    /// The program that installs them, where it is known.
    pub installer: Option<String>,
    /// Whether systemd starts its services; OpenRC or something else otherwise.
    pub has_systemd: bool,
    /// Whether cloud-init is installed.
    pub has_cloud_init: bool,
    /// File systems without a place in the running system: partition and name.
    pub unplaced: BTreeSet<(Option<u32>, String)>,
    /// Those of [`MARKS`] that are there, with their sizes in bytes.
    pub marks: Vec<(&'static str, u64)>,
}

/// Files that tell one machine from another, and that no step of a clean-up touches.
pub const MARKS: [&str; 5] = [
    "/usr/lib/os-release",
    "/etc/fstab",
    "/var/lib/dpkg/status",
    "/lib/apk/db/installed",
    "/etc/nsswitch.conf",
];

impl Machine {
    /// Reads them out of a tree and its facts.
    pub fn of(tree: &Tree, facts: &Facts) -> Self {
        let has = |path: &str| tree.find(path.as_bytes()).is_some();
        let packages = facts.packages.manager().or_else(|| Some(facts.packages.databases().first()?.manager));
        let packages = match packages {
            // Distroless images keep its database, and have no dpkg.
            Some(PackageManager::Dpkg) if !has("/var/lib/dpkg/status") => None,
            // One that could not be read.
            None if has("/var/lib/rpm") || has("/usr/lib/sysimage/rpm") => Some(PackageManager::Rpm),
            known => known,
        };
        let volumes = tree.volumes().iter();
        let unplaced = volumes.filter(|mounted| mounted.mount.is_none() && !mounted.is_raw());
        let size =
            |path: &'static str| tree.lookup(path.as_bytes()).map(|(_, metadata)| (path, metadata.size));
        Self {
            packages,
            installer: packages.and_then(|manager| super::installer::name(manager, facts)),
            marks: MARKS.into_iter().filter_map(size).collect(),
            has_systemd: has("/usr/lib/systemd/systemd") || has("/lib/systemd/systemd"),
            has_cloud_init: has("/usr/bin/cloud-init"),
            unplaced: unplaced.map(|mounted| (mounted.partition, mounted.name.clone())).collect(),
        }
    }

    /// Whether `location` is on a file system that is not mounted.
    pub(super) fn is_unplaced(&self, location: &Location) -> bool {
        let volume = location.volume.clone().unwrap_or_default();
        self.unplaced.contains(&(location.partition, volume))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use assay_disk::budget::Budget;
    use assay_disk::fs::memory::Memory;

    #[test]
    fn a_machine_is_known_by_its_files() {
        let memory = Memory::new()
            .file("/var/lib/dpkg/status", "Package: a\nStatus: install ok installed\nVersion: 1\n")
            .file("/usr/bin/cloud-init", "#!")
            .file("/usr/lib/systemd/systemd", "x");
        let tree = Tree::of(Arc::new(memory), &Budget::default());
        let (facts, _) = Facts::gather(&tree);
        let machine = Machine::of(&tree, &facts);
        assert_eq!(machine.packages, Some(PackageManager::Dpkg));
        assert!(machine.has_systemd && machine.has_cloud_init);
        let (empty, facts) = (Tree::default(), Facts::default());
        assert_eq!(Machine::of(&empty, &facts), Machine::default());
    }
}
