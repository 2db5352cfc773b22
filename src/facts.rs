//! What the system says of itself, parsed once and shared by the detectors.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::budget::Budget;
use crate::files::{Files, SystemReader};
use crate::finding::Gap;
use crate::packages::Packages;
use crate::packages::inventory::Kernel;
use assay_disk::tree::{Tree, View};

pub mod accounts;
pub mod compared;
mod form;
mod histfile;
mod hostname;
pub mod kernels;
pub mod os_release;
pub(crate) mod pam;
pub mod sshd;
pub(crate) mod sudoers;

/// The facts of one system.
#[derive(Debug, Default)]
pub struct Facts {
    /// /etc/os-release.
    pub os: os_release::OsRelease,
    /// /etc/passwd, /etc/shadow, /etc/group.
    pub accounts: accounts::Accounts,
    /// The files of packages and their owners.
    pub packages: Packages,
    /// The kernels that are installed.
    pub kernels: Vec<Kernel>,
    /// What sshd_config says of keys.
    pub sshd: sshd::Sshd,
    /// Where start files of shells put histories: patterns of the last parts of paths, with `*`.
    pub histories: Vec<String>,
    /// What the machine calls itself; empty where it says nothing.
    pub hostname: Vec<u8>,
    /// Files that are there and do not have the form of their kind, with what is wrong.
    pub unparsed: BTreeMap<Vec<u8>, String>,
    /// The files that are what their packages recorded, or not; empty before the files are read.
    pub compared: compared::Compared,
    /// The same of the other systems of the tree, in their order. A system that is the machine with its mounts has
    /// the packages of the machine.
    pub others: Vec<Facts>,
}

impl Facts {
    /// Reads the facts out of `tree`, with a gap for every file that is there and could not be read.
    pub fn gather(tree: &Tree) -> (Self, Vec<Gap>) {
        Self::gather_within(tree, &Budget::default())
    }

    /// The same within other limits.
    pub fn gather_within(tree: &Tree, budget: &Budget) -> (Self, Vec<Gap>) {
        let Some(machine) = tree.machine() else { return Default::default() };
        let (mut facts, mut gaps) = Self::gather_from(&machine, budget);
        gaps.extend(facts.packages.missing(&facts.os.id));
        for number in 1..tree.systems().len() {
            let Some(view) = tree.view(number) else { continue };
            let (own, of_system) = Self::gather_from(&view, budget);
            // Keys are looked for by the paths of the machine, whatever system reads them.
            for (path, places) in &own.sshd.key_files {
                let known = facts.sshd.key_files.entry(path.clone()).or_default();
                known.extend(places.iter().cloned());
                known.sort();
                known.dedup();
            }
            facts.others.push(own);
            gaps.extend(of_system.into_iter().map(|gap| placed(gap, view)));
        }
        gaps.sort_by(|a, b| (&a.location, &a.reason).cmp(&(&b.location, &b.reason)));
        gaps.dedup();
        (facts, gaps)
    }

    /// The facts of a system of the tree, by its number; none of one that there is not.
    pub fn of(&self, system: usize) -> &Self {
        static NONE: LazyLock<Facts> = LazyLock::new(Facts::default);
        match system.checked_sub(1) {
            None => self,
            Some(other) => self.others.get(other).unwrap_or(&NONE),
        }
    }

    /// The same out of anything that holds files.
    pub fn gather_from(files: &dyn Files, budget: &Budget) -> (Self, Vec<Gap>) {
        let mut reader = SystemReader::within(files, budget);
        let accounts = accounts::Accounts::gather(&mut reader);
        accounts.check(&mut reader);
        form::check(&mut reader);
        let os = os_release::OsRelease::gather(&mut reader);
        let mut packages = Packages::default();
        if files.has_own_packages() {
            packages = Packages::gather(&mut reader);
            packages.settle_origins(&os.id);
        }
        let mut facts = Self {
            kernels: kernels::gather(&mut reader, &packages),
            os,
            histories: histfile::gather(&mut reader, &accounts),
            hostname: hostname::gather(&mut reader),
            sshd: sshd::Sshd::gather(&mut reader, &accounts),
            accounts,
            packages,
            unparsed: BTreeMap::new(),
            compared: compared::Compared::default(),
            others: Vec::new(),
        };
        facts.unparsed = reader.unparsed;
        (facts, reader.gaps)
    }
}

/// A gap with the path as findings have it.
fn placed(mut gap: Gap, view: View<'_>) -> Gap {
    let path = &gap.location.path;
    gap.location.path = match view.find(path) {
        Some(id) => view.tree().path(id),
        None => view.system().below(path),
    };
    gap
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::shelf::Shelf;

    #[test]
    fn an_empty_image_has_no_facts_and_no_gaps() {
        let (facts, gaps) = Facts::gather(&Tree::default());
        assert_eq!(facts.packages.count(), 0);
        assert!(gaps.is_empty());
    }

    #[test]
    fn a_file_too_large_to_read_is_a_gap() {
        let shelf = Shelf::default().with("/etc/os-release", &"#".repeat(2 << 20));
        let (_, gaps) = Facts::gather_from(&shelf, &Budget::default());
        assert_eq!(gaps.len(), 1);
        assert_eq!(gaps[0].location.path, b"/etc/os-release");
    }
}
