//! What is installed, by one file: its parts joined, and told whose it is.

use super::Worker;
use crate::packages::component::{Component, Evidence};
use crate::packages::{Ecosystem, manifest};
use assay_disk::path::outer_files;
use assay_disk::tree::{EntryId, Mounted, Place, SystemKind};

impl Worker<'_> {
    /// Completes the components of the file `first`, which lies at `path`: what is only stored in it is left out, the
    /// parts of an archive are joined, the system and the package that they belong to are set, and repeats are dropped.
    pub(super) fn completed(
        &self,
        first: EntryId,
        path: &[u8],
        mut components: Vec<Component>,
    ) -> Vec<Component> {
        let is_deleted = |(mounted, _): (&Mounted, _)| mounted.is_deleted();
        if self.shared.tree.get(first).is_some_and(is_deleted) {
            return Vec::new();
        }
        components.retain(|component| is_installed(path, component));
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

/// Whether what was met in the file at `path` is installed, and not only stored in an archive: packages in a cache, images
/// of containers, initial RAM disks. Java's archives are what programs consist of.
fn is_installed(path: &[u8], component: &Component) -> bool {
    // File systems in files are part of the system: `path` goes through them.
    let mut archives =
        outer_files(&component.location.path).filter(|outer| outer.len() >= path.len()).peekable();
    archives.peek().is_none() || component.ecosystem == Ecosystem::Maven && !archives.any(is_stored)
}

/// Whether a file is known by its name as one that stores what may be installed from it.
fn is_stored(path: &[u8]) -> bool {
    const ENDINGS: [&[u8]; 18] = [
        b".deb", b".rpm", b".apk", b".tar", b".tgz", b".txz", b".tbz2", b".gz", b".xz", b".zst", b".bz2",
        b".lz4", b".cpio", b".img", b".whl", b".gem", b".crate", b".nupkg",
    ];
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    ENDINGS.iter().any(|ending| name.ends_with(ending))
        || name.starts_with(b"initrd")
        || name.starts_with(b"initramfs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_stored_in_an_archive_is_not_installed() {
        let is = |ecosystem, path: &str, inner: &str| {
            let mut component = Component::new(ecosystem, "x", "1");
            component.location.path = [path, inner].concat().into_bytes();
            is_installed(path.as_bytes(), &component)
        };
        assert!(is(Ecosystem::Npm, "/opt/node_modules/x/package.json", ""));
        assert!(is(Ecosystem::Snap, "/var/lib/snapd/snaps/x.snap!/meta/snap.yaml", ""));
        let in_deb = "!/data.tar.xz!/data.tar!/usr/share/nodejs/x/package.json";
        assert!(!is(Ecosystem::Npm, "/var/cache/apt/archives/x.deb", in_deb));
        assert!(!is(Ecosystem::Generic, "/boot/initrd.img-6.1", "!/usr/lib/libcrypto.so.3"));
        let pom = "!/META-INF/maven/g/x/pom.properties";
        assert!(is(Ecosystem::Maven, "/opt/app.war", &format!("!/WEB-INF/lib/x.jar{pom}")));
        assert!(is(Ecosystem::Maven, "/opt/renamed.bin", pom));
        assert!(is(Ecosystem::Maven, "/var/x.img!/opt/x.jar", pom), "in a file system in a file");
        assert!(!is(Ecosystem::Maven, "/root/app.tar.gz", &format!("!/x.jar{pom}")));
    }
}
