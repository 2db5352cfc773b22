//! The block `packages`: what is installed, system by system.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::date::Date;
use crate::packages::State;
use crate::packages::component::{Component, Origin, Reason};
use crate::packages::inventory::{Boot, InstalledSystem, Inventory};
use assay_disk::text::Escaped;

/// What is installed.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "packages"))]
pub(in crate::report) struct View<'a> {
    /// The machine first.
    systems: Vec<SystemView<'a>>,
    /// How many components there are of each kind.
    counts: BTreeMap<&'static str, usize>,
    components: Vec<ComponentView<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "installed-system"))]
struct SystemView<'a> {
    /// Where its root lies; left out for the machine itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<String>,
    /// `ID` of os-release.
    id: &'a str,
    /// `VERSION_ID`.
    version: &'a str,
    /// `PRETTY_NAME`.
    name: &'a str,
    kernels: Vec<KernelView<'a>>,
    /// Streams of modules that are enabled.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    modules: &'a [String],
    /// The last day on which packages were installed or updated, as the image says.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<String>,
    /// The file or directory that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_by: Option<String>,
    /// Packages that are held back from updates, or patterns of their names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    held: Vec<&'a str>,
    /// Whether not all of its packages could be read.
    partial: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "kernel"))]
struct KernelView<'a> {
    /// As `uname -r` prints it.
    release: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    /// `default`, `installed` or `unknown`.
    boots: &'static str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "component"))]
struct ComponentView<'a> {
    kind: &'static str,
    /// With its namespace, as its ecosystem writes it.
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    architecture: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    /// Number in `systems`; left out for the machine itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<usize>,
    /// The source package, where its name or version differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_version: Option<&'a str>,
    /// `unfinished` or `held`; left out where it is installed as it should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    /// `distribution`, or who else made it; left out where nothing says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    module: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<&'a str>,
    /// The day it was built, where the database has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    built: Option<String>,
    /// The day it was installed, where the database has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    installed: Option<String>,
    /// `explicit` or `dependency`, where the database has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The package of the distribution that brought it.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a str>,
    /// How it was recognised.
    evidence: &'static str,
    confidence: &'static str,
    /// The file that shows it.
    path: String,
}

/// The block.
pub(in crate::report) fn view(inventory: &Inventory) -> View<'_> {
    let mut counts = BTreeMap::new();
    for component in &inventory.components {
        let count: &mut usize = counts.entry(component.ecosystem.name()).or_default();
        *count = count.saturating_add(1);
    }
    let of = |component| self::component(component, inventory);
    View {
        systems: inventory.systems.iter().map(system).collect(),
        counts,
        components: inventory.components.iter().map(of).collect(),
    }
}

fn system(system: &InstalledSystem) -> SystemView<'_> {
    let kernels = system.kernels.iter().map(|kernel| KernelView {
        release: &kernel.release,
        package: kernel.package.as_ref().map(|(name, _)| name.as_str()),
        version: kernel.package.as_ref().map(|(_, version)| version.as_str()),
        boots: match kernel.boots {
            Boot::Default => "default",
            Boot::Installed => "installed",
            Boot::Unknown => "unknown",
        },
    });
    SystemView {
        root: (!system.root.is_empty()).then(|| Escaped(&system.root).to_string()),
        id: &system.distribution.id,
        version: &system.distribution.version,
        name: &system.distribution.pretty,
        kernels: kernels.collect(),
        modules: &system.modules,
        updated: system.last_update.as_ref().map(|last| last.day.to_string()),
        updated_by: system.last_update.as_ref().map(|last| Escaped(&last.path).to_string()),
        held: system.holds.iter().flat_map(|hold| &hold.names).map(String::as_str).collect(),
        partial: system.is_partial,
    }
}

/// The day of a moment, in seconds since 1970.
fn day(seconds: i64) -> Option<String> {
    u64::try_from(seconds).ok().map(|seconds| Date::of_seconds(seconds).to_string())
}

fn component<'a>(component: &'a Component, inventory: &Inventory) -> ComponentView<'a> {
    let source = component.source.as_ref();
    let version = component.version.as_deref();
    let other_version =
        source.and_then(|source| source.version.as_deref()).filter(|of_source| Some(*of_source) != version);
    let other_name = source
        .map(|source| source.name.as_str())
        .filter(|name| *name != component.name || other_version.is_some());
    ComponentView {
        kind: component.ecosystem.name(),
        name: component.full_name(),
        version,
        architecture: component.architecture.as_deref(),
        purl: inventory.purl(component),
        system: (component.system > 0).then_some(component.system),
        source: other_name,
        source_version: other_version,
        state: (component.state != State::Installed).then(|| component.state.name()),
        origin: match &component.origin {
            Origin::Unknown => None,
            Origin::Distribution => Some("distribution"),
            Origin::ThirdParty(who) => Some(who),
        },
        module: component.module.as_deref(),
        license: component.license.as_deref(),
        built: component.built.and_then(day),
        installed: component.installed.and_then(day),
        reason: component.reason.map(Reason::name),
        owner: component.owner.as_deref(),
        evidence: component.evidence.name(),
        confidence: component.confidence.name(),
        path: Escaped(&component.location.path).to_string(),
    }
}
