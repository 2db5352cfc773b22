//! Other roots in the image: containers and their layers, chroots, slots, live systems in files.

use std::collections::BTreeSet;

use super::{EntryId, SystemKind, SystemRoot, Tree};
use crate::budget::Budget;
use crate::gap::{Gap, GapKind, Location, Loss};

/// Where roots of other systems lie that need not be whole: layers of containers.
const LAYERS: [&[u8]; 11] = [
    b"/var/lib/docker/overlay2/*/diff",
    b"/var/lib/docker/aufs/diff/*",
    b"/var/lib/docker/btrfs/subvolumes/*",
    b"/var/lib/docker/vfs/dir/*",
    b"/var/lib/containers/storage/overlay/*/diff",
    b"/var/lib/containers/storage/vfs/dir/*",
    b"/home/*/.local/share/containers/storage/overlay/*/diff",
    b"/root/.local/share/containers/storage/overlay/*/diff",
    b"/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/*/fs",
    b"/var/lib/machines/*",
    b"/var/lib/portables/*",
];
/// Directories, one of which a layer must have to be one.
const TOPS: [&[u8]; 4] = [b"etc", b"root", b"usr", b"home"];

impl Tree {
    /// Adds every root that is not among the systems yet.
    pub(super) fn find_roots(&mut self, budget: &Budget) {
        let mut known: BTreeSet<EntryId> = self.systems.iter().map(|system| system.root).collect();
        known.extend(self.physical_root());
        let mut found: Vec<EntryId> = self.whole_roots();
        found.extend(self.layers(budget));
        found.retain(|&root| known.insert(root));
        let room = budget.systems.saturating_sub(self.systems.len());
        let over = found.len().saturating_sub(room);
        if let Some(first) = found.get(room).filter(|_| over > 0) {
            let location = Location { path: self.path(*first), ..Location::default() };
            let reason = format!(
                "{over} more roots of other systems: their files are searched, but not looked at by their places"
            );
            self.unsettled.push(Gap {
                location,
                kind: GapKind::OverLimit,
                loss: Loss::Part,
                bytes: None,
                reason,
            });
        }
        for root in found.into_iter().take(room) {
            let system = SystemRoot::new(SystemKind::Other, self.path(root), root);
            self.systems.push(system);
        }
    }

    fn physical_root(&self) -> Option<EntryId> {
        let mut volumes = (0_u32..).zip(&self.volumes);
        let (volume, _) = volumes.find(|(_, mounted)| mounted.mount.as_deref() == Some(b""))?;
        Some(EntryId { volume, index: 0 })
    }

    /// Directories with accounts and the name of a system below them.
    fn whole_roots(&self) -> Vec<EntryId> {
        let mut found = Vec::new();
        for (volume, mounted) in self.file_volumes() {
            for walked in &mounted.walk.entries {
                if mounted.walk.name(walked) != b"passwd" {
                    continue;
                }
                let Some(etc) = mounted.walk.get(walked.parent) else { continue };
                if mounted.walk.name(etc) != b"etc" {
                    continue;
                }
                let root = etc.parent;
                let child = |at: u32, name: &&[u8]| mounted.walk.child(at, name);
                let has = |path: &[&[u8]]| path.iter().try_fold(root, child).is_some();
                if has(&[b"etc", b"os-release"]) || has(&[b"usr", b"lib", b"os-release"]) {
                    found.push(EntryId { volume, index: root });
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn layers(&self, budget: &Budget) -> Vec<EntryId> {
        let Some(machine) = self.machine() else { return Vec::new() };
        let paths = LAYERS.iter().flat_map(|pattern| machine.expand(pattern, budget.place_names));
        let roots = paths.filter_map(|path| machine.find(&path));
        roots.filter(|&root| TOPS.iter().any(|top| self.is_child_directory(root, top))).collect()
    }

    fn is_child_directory(&self, root: EntryId, name: &[u8]) -> bool {
        let child =
            self.volumes.get(root.volume as usize).and_then(|mounted| mounted.walk.child(root.index, name));
        child.is_some_and(|index| self.is_directory(EntryId { index, ..root }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fs::memory::Memory;

    #[test]
    fn every_root_in_the_image_is_a_system_and_what_is_over_the_limit_is_a_gap() {
        let memory = || {
            Memory::new()
                .file("/etc/passwd", "")
                .file("/etc/os-release", "")
                .file("/srv/chroot/etc/passwd", "")
                .file("/srv/chroot/usr/lib/os-release", "")
                .file("/srv/only/etc/passwd", "")
                .file("/var/lib/docker/overlay2/ab/diff/root/x", "")
                .file("/var/lib/docker/overlay2/cd/diff/data/x", "")
        };
        let tree = Tree::of(Arc::new(memory()), &Budget::default());
        let names: Vec<&[u8]> = tree.systems().iter().map(|system| system.name.as_slice()).collect();
        assert_eq!(names, [b"/".as_slice(), b"/srv/chroot", b"/var/lib/docker/overlay2/ab/diff"]);
        assert!(tree.place_gaps().is_empty());
        let tree = Tree::of(Arc::new(memory()), &Budget { systems: 2, ..Budget::default() });
        assert_eq!(tree.systems().len(), 2);
        assert_eq!(tree.place_gaps().len(), 1);
    }
}
