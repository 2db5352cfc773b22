//! Whole searches: small feeds, written to a folder, against what is installed.

use std::fs;
use std::io::Write as _;

use super::{Databases, Limits, Linked, Matches, Search, Vulnerability};
use crate::date::Date;
use crate::packages::component::{Component, Source};
use crate::packages::ecosystem::Ecosystem;
use crate::packages::inventory::{Boot, Distribution, InstalledSystem, Inventory, Kernel};

mod amazon;
mod debian;
mod feeds;
mod hostile;
mod languages;
mod rpm;

/// A system of this distribution with these packages.
fn installed(id: &str, version: &str, components: Vec<Component>) -> Inventory {
    let distribution =
        Distribution { id: id.to_owned(), version: version.to_owned(), ..Distribution::default() };
    Inventory { systems: vec![InstalledSystem { distribution, ..InstalledSystem::default() }], components }
}

fn package(
    ecosystem: Ecosystem,
    name: &str,
    version: &str,
    source: Option<(&str, Option<&str>)>,
) -> Component {
    let source =
        source.map(|(name, version)| Source { name: name.to_owned(), version: version.map(str::to_owned) });
    Component { source, ..Component::new(ecosystem, name, version) }
}

fn deb(name: &str, version: &str, source: &str, source_version: &str) -> Component {
    package(Ecosystem::Deb, name, version, Some((source, Some(source_version))))
}

fn rpm(name: &str, version: &str) -> Component {
    package(Ecosystem::Rpm, name, version, None)
}

fn kernel(release: &str, boots: Boot) -> Kernel {
    Kernel { release: release.to_owned(), package: None, boots }
}

/// A record of OSV on one package: all versions before `fixed`, or all.
fn record(id: &str, ecosystem: &str, name: &str, fixed: Option<&str>) -> String {
    let fixed = fixed.map(|version| format!(r#",{{"fixed":"{version}"}}"#)).unwrap_or_default();
    format!(
        r#"{{"id":"{id}","modified":"2026-11-29T00:00:00Z","affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"{name}"}},
        "ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}}{fixed}]}}]}}]}}"#
    )
}

/// Compares with feeds of these contents, a file each.
fn search_linked(inventory: &Inventory, feeds: &[&[u8]], linked: Option<&dyn Linked>) -> Matches {
    let folder = tempfile::tempdir().unwrap();
    for (number, feed) in feeds.iter().enumerate() {
        fs::write(folder.path().join(format!("feed-{number:02}")), feed).unwrap();
    }
    let databases = Databases::open(&[folder.path().to_owned()], Limits::default()).unwrap();
    let day = Date::parse("2026-11-30").unwrap();
    databases.search(inventory, &Search { day, max_age_days: 5, linked })
}

fn search(inventory: &Inventory, feeds: &[&str]) -> Matches {
    let feeds: Vec<&[u8]> = feeds.iter().map(|feed| feed.as_bytes()).collect();
    search_linked(inventory, &feeds, None)
}

/// Advisories with the names of the packages that they are about.
fn pairs(inventory: &Inventory, matches: &Matches) -> Vec<(String, Vec<String>)> {
    let names = |one: &Vulnerability| {
        one.components.iter().map(|number| inventory.components[*number].full_name()).collect()
    };
    matches.vulnerabilities.iter().map(|one| (one.advisory.clone(), names(one))).collect()
}

fn found(inventory: &Inventory, feeds: &[&str]) -> Vec<(String, Vec<String>)> {
    pairs(inventory, &search(inventory, feeds))
}

fn pair(advisory: &str, names: &[&str]) -> (String, Vec<String>) {
    (advisory.to_owned(), names.iter().map(|name| (*name).to_owned()).collect())
}

fn zip(members: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in members {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}
