//! All that is installed, system by system: what the package databases say, and what was met in the files.

use crate::facts::Facts;
use crate::facts::os_release::OsRelease;
use crate::finding::Location;
use crate::packages::component::Evidence;
use crate::packages::inventory::{Distribution, InstalledSystem};
use crate::packages::{Component, Ecosystem, Inventory, Package, PackageManager, Packages};
use assay_disk::path::is_under;
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
    components.extend(met.into_iter().map(|component| placed(component, &roots, facts)));
    components.sort_by(|one, other| key(one).cmp(&key(other)));
    components.dedup_by(|later, kept| key(later) == key(kept));
    Inventory { systems, components }
}

/// What orders components, and tells two of them apart.
fn key(component: &Component) -> (usize, Ecosystem, &str, Option<&str>, Option<&str>, Option<&str>, &[u8]) {
    (
        component.system,
        component.ecosystem,
        &component.name,
        component.namespace.as_deref(),
        component.version.as_deref(),
        component.architecture.as_deref(),
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
    packages.owner(assay_disk::path::outermost(path)).map(str::to_owned)
}
