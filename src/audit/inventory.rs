//! All that is installed, system by system: what the package databases say, and what was met in the files.

use crate::facts::Facts;
use crate::facts::os_release::OsRelease;
use crate::finding::Location;
use crate::packages::component::Evidence;
use crate::packages::inventory::{Distribution, InstalledSystem};
use crate::packages::{Component, Ecosystem, Inventory, Package, PackageManager, Packages};
use assay_disk::path::{INSIDE, is_under, outer_files, outermost};
use assay_disk::tree::{SystemKind, Tree, View};

/// The file that says what a system is.
const RELEASE: &[u8] = b"/etc/os-release";

/// Puts the inventory of an image together. `met` is what was met in its files, without systems and owners.
pub fn assemble(tree: &Tree, facts: &Facts, met: Vec<Component>) -> Inventory {
    let count = tree.systems().len().max(1);
    let systems = (0..count).map(|number| system(tree, facts, number)).collect();
    let mut components: Vec<Component> =
        (0..count).flat_map(|number| of_database(tree, facts, number)).collect();
    let roots = roots(tree);
    let met = met.into_iter().filter(|component| is_installed(tree, component));
    components.extend(met.map(|component| placed(component, &roots, facts)));
    components.sort_by(|one, other| key(one).cmp(&key(other)));
    components.dedup_by(|later, kept| key(later) == key(kept));
    Inventory { systems, components }
}

/// What orders components, and tells two of them apart.
type Key<'c> = (usize, Ecosystem, &'c str, [Option<&'c str>; 3], &'c [u8]);

fn key(component: &Component) -> Key<'_> {
    (
        component.system,
        component.ecosystem,
        &component.name,
        [&component.namespace, &component.version, &component.architecture].map(Option::as_deref),
        &component.location.path,
    )
}

fn system(tree: &Tree, facts: &Facts, number: usize) -> InstalledSystem {
    let own = facts.of(number);
    let root = tree.systems().get(number).filter(|system| system.kind != SystemKind::Machine);
    InstalledSystem {
        root: root.map(|system| system.name.clone()).unwrap_or_default(),
        distribution: distribution(&own.os),
        release_file: location(tree, tree.view(number), RELEASE),
        support_end: Some(own.os.support_end.clone()).filter(|text| !text.is_empty()),
        kernels: own.kernels.clone(),
        repositories: own.packages.repositories().to_vec(),
        modules: own.packages.modules().to_vec(),
        is_partial: own.packages.is_partial(),
    }
}

fn distribution(os: &OsRelease) -> Distribution {
    Distribution {
        id: os.id.clone(),
        like: os.like.clone(),
        version: os.version_id.clone(),
        codename: os.codename.clone(),
        pretty: os.pretty_name.clone(),
        cpe: os.cpe.clone(),
    }
}

/// The packages of a system's databases.
fn of_database(tree: &Tree, facts: &Facts, number: usize) -> Vec<Component> {
    let packages = &facts.of(number).packages;
    let locations: Vec<(PackageManager, Location)> = packages
        .databases()
        .iter()
        .map(|database| (database.manager, location(tree, tree.view(number), &database.path)))
        .collect();
    let place = location(tree, tree.view(number), packages.place());
    let of = |package: &Package| {
        let own = locations.iter().find(|(manager, _)| *manager == package.manager);
        let location = own.map_or(&place, |(_, location)| location).clone();
        Component { system: number, location, ..component(package) }
    };
    // Keys that RPM keeps among its packages are none.
    packages.installed().iter().filter(|package| package.name != "gpg-pubkey").map(of).collect()
}

fn component(package: &Package) -> Component {
    let ecosystem = match package.manager {
        PackageManager::Dpkg => Ecosystem::Deb,
        PackageManager::Rpm => Ecosystem::Rpm,
        PackageManager::Apk => Ecosystem::Apk,
    };
    Component {
        source: package.source.clone(),
        architecture: Some(package.architecture.clone()).filter(|text| !text.is_empty()),
        state: package.state,
        origin: package.origin.clone(),
        module: package.module.clone(),
        license: package.license.clone(),
        installed: package.installed,
        evidence: Evidence::PackageDatabase,
        ..Component::new(ecosystem, package.name.as_str(), package.version.as_str())
    }
}

/// Where a file of a system is, as reports have it.
fn location(tree: &Tree, view: Option<View<'_>>, path: &[u8]) -> Location {
    match view.and_then(|view| view.find(path)) {
        Some(id) => tree.location(id),
        None => Location {
            path: view.map_or_else(|| path.to_vec(), |view| view.system().below(path)),
            ..Location::default()
        },
    }
}

/// The roots of the systems that have a place of their own, the deepest first, with their numbers.
fn roots(tree: &Tree) -> Vec<(Vec<u8>, usize)> {
    let own = |kind| matches!(kind, SystemKind::Deployment | SystemKind::Other);
    let systems = (0..).zip(tree.systems()).filter(|(_, system)| own(system.kind));
    let mut roots: Vec<(Vec<u8>, usize)> =
        systems.map(|(number, system)| (system.name.clone(), number)).collect();
    roots.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    roots
}

/// Whether what was met in a file is installed, and not only stored in an archive: packages in a cache, images of
/// containers, initial RAM disks. File systems in files are part of the system, and so are Java's archives, of which
/// programs consist.
fn is_installed(tree: &Tree, component: &Component) -> bool {
    let mut path = component.location.path.as_slice();
    let outer = outermost(path);
    let is_file_system = || tree.find(outer).is_some_and(|id| tree.is_opened(id));
    if outer.len() < path.len() && is_file_system() {
        path = path.get(outer.len().saturating_add(INSIDE.len().saturating_sub(1))..).unwrap_or_default();
    }
    let mut archives = outer_files(path).peekable();
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

/// A component with its system, and the package that brought its file.
fn placed(mut component: Component, roots: &[(Vec<u8>, usize)], facts: &Facts) -> Component {
    let path = component.location.path.as_slice();
    let root = roots.iter().find(|(root, _)| is_under(path, root));
    component.system = root.map_or(0, |(_, number)| *number);
    let inner =
        root.and_then(|(root, _)| path.strip_prefix(root.strip_suffix(b"/").unwrap_or(root))).unwrap_or(path);
    let owner = || owner(&facts.of(component.system).packages, inner);
    component.owner = component.owner.take().or_else(owner);
    component
}

/// The package that brought a file; of a member of an archive, the archive.
fn owner(packages: &Packages, path: &[u8]) -> Option<String> {
    packages.owner(outermost(path)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_stored_in_an_archive_is_not_installed() {
        let is = |ecosystem, path: &str| {
            let mut component = Component::new(ecosystem, "x", "1");
            component.location.path = path.into();
            is_installed(&Tree::default(), &component)
        };
        assert!(is(Ecosystem::Npm, "/opt/node_modules/x/package.json"));
        assert!(!is(
            Ecosystem::Npm,
            "/var/cache/apt/archives/x.deb!/data.tar.xz!/data.tar!/usr/share/nodejs/x/package.json"
        ));
        assert!(!is(Ecosystem::Generic, "/boot/initrd.img-6.1!/usr/lib/libcrypto.so.3"));
        assert!(is(Ecosystem::Maven, "/opt/app.war!/WEB-INF/lib/x.jar!/META-INF/maven/g/x/pom.properties"));
        assert!(is(Ecosystem::Maven, "/opt/renamed.bin!/META-INF/maven/g/x/pom.properties"));
        assert!(!is(Ecosystem::Maven, "/root/app.tar.gz!/x.jar!/META-INF/maven/g/x/pom.properties"));
    }
}
