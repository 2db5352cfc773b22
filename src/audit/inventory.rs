//! All that is installed, system by system: what the package databases say, and what was met in the files.

use crate::facts::Facts;
use crate::facts::os_release::OsRelease;
use crate::finding::Location;
use crate::packages::component::Evidence;
use crate::packages::inventory::{Distribution, InstalledSystem};
use crate::packages::{
    Component, Ecosystem, Hold, Inventory, LooseSetting, Package, PackageManager, Repository,
};
use assay_disk::tree::{SystemKind, Tree, View};

/// The file that says what a system is.
const RELEASE: &[u8] = b"/etc/os-release";

/// Puts the inventory of an image together. `met` is what was met in its files, with systems and owners.
pub fn assemble(tree: &Tree, facts: &Facts, met: Vec<Component>) -> Inventory {
    let count = tree.systems().len().max(1);
    let systems = (0..count).map(|number| system(tree, facts, number)).collect();
    let mut components: Vec<Component> =
        (0..count).flat_map(|number| of_database(tree, facts, number)).collect();
    components.extend(met);
    components.sort_by(Component::order);
    components.dedup_by(|later, kept| is_same(later, kept));
    Inventory { systems, components }
}

/// Whether two components are one that was seen twice.
fn is_same(one: &Component, other: &Component) -> bool {
    (one.system, one.ecosystem) == (other.system, other.ecosystem)
        && (&one.namespace, &one.name, &one.version) == (&other.namespace, &other.name, &other.version)
        && (&one.architecture, &one.location.path) == (&other.architecture, &other.location.path)
}

fn system(tree: &Tree, facts: &Facts, number: usize) -> InstalledSystem {
    let own = facts.of(number);
    let packages = &own.packages;
    let placed =
        |place: &Location| Location { line: place.line, ..location(tree, tree.view(number), &place.path) };
    let root = tree.systems().get(number).filter(|system| system.kind != SystemKind::Machine);
    InstalledSystem {
        root: root.map(|system| system.name.clone()).unwrap_or_default(),
        distribution: distribution(&own.os),
        release_file: location(tree, tree.view(number), RELEASE),
        support_end: Some(own.os.support_end.clone()).filter(|text| !text.is_empty()),
        kernels: own.kernels.clone(),
        repositories: packages
            .repositories()
            .iter()
            .map(|one| Repository { location: placed(&one.location), ..one.clone() })
            .collect(),
        loose_settings: packages
            .loose_settings()
            .iter()
            .map(|one| LooseSetting { location: placed(&one.location), ..one.clone() })
            .collect(),
        holds: packages
            .holds()
            .iter()
            .map(|one| Hold { location: placed(&one.location), ..one.clone() })
            .collect(),
        last_update: packages.last_update().cloned(),
        modules: packages.modules().to_vec(),
        is_partial: packages.is_partial(),
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
        PackageManager::Pacman => Ecosystem::Alpm,
    };
    Component {
        source: package.source.clone(),
        architecture: Some(package.architecture.clone()).filter(|text| !text.is_empty()),
        state: package.state,
        origin: package.origin.clone(),
        module: package.module.clone(),
        license: package.license.clone(),
        installed: package.installed,
        built: package.built,
        reason: package.reason,
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
