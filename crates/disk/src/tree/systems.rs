//! Which systems an image holds: what boots, what its mounts make of it, the other deployments of ostree, and every
//! other root. Rules by place hold for each of them.

use std::cmp::Reverse;

use super::{EntryId, Mounted, SystemKind, SystemRoot, Tree, View};
use crate::budget::Budget;

/// Largest entry of a boot loader that is read, in bytes.
const ENTRY_LIMIT: u64 = 64 << 10;
/// Entries of boot loaders, and deployments, that are looked at.
const ENTRIES: usize = 256;

impl Tree {
    /// The file systems with what boots in them, and nothing else yet: see [`Tree::settle`].
    pub(super) fn assemble(volumes: Vec<Mounted>) -> Self {
        let mut tree = Self { volumes, ..Self::default() };
        tree.systems = tree.bootable();
        tree
    }

    /// Finds the other systems of the image, and the further names of files: to be called when the tree has all its
    /// file systems.
    pub fn settle(&mut self, budget: &Budget) {
        self.budget = *budget;
        self.systems = self.bootable();
        (self.covers, self.unsettled) = (Vec::new(), Vec::new());
        self.find_mounted(budget);
        self.find_roots(budget);
        self.find_places(budget);
    }

    /// The systems, the machine first.
    pub fn systems(&self) -> &[SystemRoot] {
        &self.systems
    }

    /// One of them.
    pub fn view(&self, system: usize) -> Option<View<'_>> {
        self.systems.get(system).map(|system| View::new(self, system))
    }

    /// What boots.
    pub fn machine(&self) -> Option<View<'_>> {
        self.view(0)
    }

    /// Where the root of the disk is: the one of the machine, but for ostree.
    pub(super) fn physical(&self) -> Option<SystemRoot> {
        let all = || (0_u32..).zip(&self.volumes);
        let (root, _) =
            all().find(|(_, mounted)| mounted.is_reachable() && mounted.mount.as_deref() == Some(b""))?;
        let mut system =
            SystemRoot::new(SystemKind::Machine, b"/".to_vec(), EntryId { volume: root, index: 0 });
        for (volume, mounted) in all().filter(|(_, mounted)| mounted.is_reachable()) {
            if let Some(place) = mounted.mount.as_ref().filter(|place| !place.is_empty()) {
                system.mounts.entry(place.clone()).or_insert_with(|| vec![EntryId { volume, index: 0 }]);
            }
        }
        Some(system)
    }

    /// The machine, and the deployments of ostree: the one that boots is the machine then.
    fn bootable(&self) -> Vec<SystemRoot> {
        let Some(physical) = self.physical() else { return Vec::new() };
        let disk = View::new(self, &physical);
        let mut deployments = self.deployments(&physical);
        if deployments.is_empty() {
            return vec![physical];
        }
        let booted = booted(disk, &deployments);
        let is_system = [b"/etc/passwd".as_slice(), b"/etc/os-release", b"/usr/lib/os-release"]
            .iter()
            .any(|path| disk.find(path).is_some());
        let mut systems = Vec::new();
        if booted.is_none() && is_system {
            systems.push(physical);
        } else {
            let mut first = deployments.remove(booted.unwrap_or(0).min(deployments.len().saturating_sub(1)));
            first.kind = SystemKind::Machine;
            systems.push(first);
            if is_system {
                systems.push(SystemRoot { kind: SystemKind::Other, ..physical });
            }
        }
        systems.extend(deployments);
        systems
    }

    /// `/ostree/deploy/OS/deploy/SUM.N`, in the order of their names.
    fn deployments(&self, physical: &SystemRoot) -> Vec<SystemRoot> {
        let disk = View::new(self, physical);
        if disk.find(b"/ostree/deploy").is_none() {
            return Vec::new();
        }
        let paths = disk.expand(b"/ostree/deploy/*/deploy/*", ENTRIES);
        paths.into_iter().filter_map(|path| self.deployment(physical, path)).collect()
    }

    #[expect(clippy::needless_pass_by_value, reason = "it is used up")]
    fn deployment(&self, physical: &SystemRoot, path: Vec<u8>) -> Option<SystemRoot> {
        let disk = View::new(self, physical);
        let root = disk.find(&path).filter(|&root| self.is_directory(root))?;
        let there = |name: &[u8]| disk.find(&[path.as_slice(), b"/", name].concat());
        if there(b"usr").is_none() && there(b"etc").is_none() {
            return None;
        }
        let mut system = SystemRoot::new(SystemKind::Deployment, path.clone(), root);
        system.mounts = physical.mounts.clone();
        system.mounts.insert(b"/sysroot".to_vec(), vec![physical.root]);
        let os = path.get(..memchr::memmem::rfind(&path, b"/deploy/")?)?;
        let mut bind = |place: &[u8], from: Option<EntryId>| {
            if let Some(from) = from {
                system.mounts.entry(place.to_vec()).or_insert_with(|| vec![from]);
            }
        };
        let of_state = |name: &[u8]| disk.find(&[os, b"/var", name].concat());
        bind(b"/var", of_state(b""));
        bind(b"/boot", disk.find(b"/boot"));
        // Where a deployment is not whole, what every one of them has.
        let absent = |name: &[u8]| there(name).is_none();
        bind(b"/etc", there(b"usr/etc").filter(|_| absent(b"etc")));
        bind(b"/home", of_state(b"/home").filter(|_| absent(b"home")));
        bind(b"/root", of_state(b"/roothome").filter(|_| absent(b"root")));
        Some(system)
    }
}

/// The deployment that the first entry of the boot loader starts.
fn booted(disk: View<'_>, deployments: &[SystemRoot]) -> Option<usize> {
    let mut entries = Vec::new();
    for directory in [b"/boot/loader/entries".as_slice(), b"/loader/entries", b"/efi/loader/entries"] {
        for (name, _) in disk.list(directory).into_iter().take(ENTRIES) {
            let path = [directory, b"/", name.as_slice()].concat();
            let Ok(Some(text)) = disk.read(&path, ENTRY_LIMIT) else { continue };
            let version = version(&text);
            entries.extend(ostree_of(&text).map(|target| (Reverse((version, name)), target)));
        }
    }
    entries.sort();
    entries.iter().find_map(|(_, target)| deployment_of(disk, target, deployments))
}

/// `version N` of an entry: the highest is the default.
fn version(text: &[u8]) -> u64 {
    let lines = text.split(|&byte| byte == b'\n');
    let value = lines.filter_map(|line| line.trim_ascii().strip_prefix(b"version")).next_back();
    value.and_then(|value| std::str::from_utf8(value.trim_ascii()).ok()?.parse().ok()).unwrap_or(0)
}

/// The value of `ostree=` among the options of an entry.
fn ostree_of(text: &[u8]) -> Option<Vec<u8>> {
    let words = text.split(u8::is_ascii_whitespace);
    words.filter_map(|word| word.strip_prefix(b"ostree=")).next_back().map(<[u8]>::to_vec)
}

/// `ostree=/ostree/boot.1/OS/SUM/0` is a link to the deployment; where it is not there, the first one of the same OS.
fn deployment_of(disk: View<'_>, target: &[u8], deployments: &[SystemRoot]) -> Option<usize> {
    if let Some(root) = disk.find(target) {
        return deployments.iter().position(|deployment| deployment.root == root);
    }
    let os = target.split(|&byte| byte == b'/').filter(|part| !part.is_empty()).nth(2)?;
    let start = [b"/ostree/deploy/", os, b"/"].concat();
    deployments.iter().position(|deployment| deployment.name.starts_with(&start))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fs::memory::Memory;

    fn tree(memory: Memory) -> Tree {
        Tree::of(Arc::new(memory), &Budget::default())
    }

    fn two_deployments() -> Memory {
        Memory::new()
            .file("/ostree/deploy/os/deploy/aa.0/etc/passwd", "root:x:0:0::/root:/bin/sh\n")
            .file("/ostree/deploy/os/deploy/aa.0/usr/lib/os-release", "ID=old\n")
            .file("/ostree/deploy/os/deploy/bb.0/etc/passwd", "root:x:0:0::/root:/bin/sh\n")
            .file("/ostree/deploy/os/deploy/bb.0/usr/lib/os-release", "ID=new\n")
            .link("/ostree/deploy/os/deploy/bb.0/home", "var/home")
            .file("/ostree/deploy/os/var/home/a/x", "x")
            .link("/ostree/boot.1/os/sum/0", "../../../deploy/os/deploy/bb.0")
            .file("/boot/loader/entries/ostree-1.conf", "version 1\noptions ostree=/ostree/boot.1/os/sum/1\n")
            .file("/boot/loader/entries/ostree-2.conf", "version 2\noptions ostree=/ostree/boot.1/os/sum/0\n")
    }

    #[test]
    fn the_deployment_of_the_first_boot_entry_is_the_machine() {
        let tree = tree(two_deployments());
        assert_eq!(tree.systems()[0].name, b"/ostree/deploy/os/deploy/bb.0");
        assert_eq!(tree.read(b"/usr/lib/os-release", 99).unwrap().unwrap(), b"ID=new\n");
        let home = tree.find(b"/home/a/x").unwrap();
        assert_eq!(tree.path(home), b"/ostree/deploy/os/var/home/a/x");
        let names: Vec<Vec<u8>> = tree.places(home).into_iter().map(|place| place.path).collect();
        assert!(names.contains(&b"/home/a/x".to_vec()) && names.contains(&b"/var/home/a/x".to_vec()));
        let old = tree.view(1).unwrap();
        assert_eq!(old.read(b"/usr/lib/os-release", 99).unwrap().unwrap(), b"ID=old\n");
        assert_eq!(old.system().kind, SystemKind::Deployment);
    }

    #[test]
    fn a_system_beside_deployments_is_one_of_several() {
        let tree = tree(two_deployments().file("/etc/passwd", "root:x:0:0::/root:/bin/sh\n"));
        let names: Vec<&[u8]> = tree.systems().iter().map(|system| system.name.as_slice()).collect();
        let of = |sum: &str| format!("/ostree/deploy/os/deploy/{sum}.0").into_bytes();
        assert_eq!(names, [of("bb").as_slice(), b"/", &of("aa")]);
    }
}
