//! What decides which commands are the system's own, in the report for programs: `assay fix` reads it from there.

use serde::Serialize;

use super::visible::plain;
use crate::packages::PackageManager;
use crate::remedies::Machine;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Machine"))]
pub(super) struct View {
    /// `apt`, `dnf`, `apk`, or `null`.
    packages: Option<&'static str>,
    systemd: bool,
    cloud_init: bool,
    /// File systems without a place in the running system.
    unplaced: Vec<Unplaced>,
    /// Files that tell this machine from another.
    marks: Vec<Mark>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Unplaced"))]
struct Unplaced {
    partition: Option<u32>,
    volume: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Mark"))]
struct Mark {
    path: &'static str,
    size: u64,
}

pub(super) fn view(machine: &Machine) -> View {
    let unplaced = machine.unplaced.iter();
    View {
        packages: machine.packages.map(PackageManager::installer),
        systemd: machine.has_systemd,
        cloud_init: machine.has_cloud_init,
        unplaced: unplaced
            .map(|(partition, volume)| Unplaced { partition: *partition, volume: plain(volume.as_bytes()) })
            .collect(),
        marks: machine.marks.iter().map(|&(path, size)| Mark { path, size }).collect(),
    }
}
