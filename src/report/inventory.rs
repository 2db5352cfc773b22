//! What is installed, for `assay packages`: a table for people, JSON and CSV for programs.

use std::fmt::Write as _;

use serde::Serialize;

use super::csv;
use super::json::{self, packages};
use super::words::{self, shown};
use crate::packages::component::{Component, Origin};
use crate::packages::inventory::InstalledSystem;
use crate::packages::{Ecosystem, Inventory, State};
use assay_disk::text::Escaped;

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Aligned columns.
    Table,
    /// The block `packages` of a report.
    Json,
    /// A row a component (RFC 4180).
    Csv,
}

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    image: &'a str,
    packages: packages::View<'a>,
}

/// The columns of the CSV.
const COLUMNS: [&str; 13] = [
    "kind",
    "name",
    "version",
    "architecture",
    "source",
    "source version",
    "state",
    "origin",
    "owner",
    "system",
    "evidence",
    "path",
    "purl",
];

/// The inventory of `image` in this form, ending with a newline.
pub fn render(image: &str, inventory: &Inventory, form: Form) -> String {
    match form {
        Form::Table => table(inventory),
        Form::Json => json::pretty(&Document {
            format: "assay-packages",
            version: 1,
            image,
            packages: packages::view(inventory),
        }),
        Form::Csv => rows(inventory),
    }
}

/// The systems with their kernels, then a line a component.
fn table(inventory: &Inventory) -> String {
    let mut out = String::new();
    for (number, system) in inventory.systems.iter().enumerate() {
        let own: Vec<&Component> = inventory.components.iter().filter(|one| one.system == number).collect();
        if own.is_empty() && system.distribution.id.is_empty() {
            continue;
        }
        let _ = writeln!(out, "{}", heading(system));
        for kernel in &system.kernels {
            let package = kernel
                .package
                .as_ref()
                .map_or_else(String::new, |(name, version)| format!(" ({} {})", shown(name), shown(version)));
            let _ =
                writeln!(out, "  kernel {}{package}: {}", shown(&kernel.release), words::boots(kernel.boots));
        }
        if let Some(last) = &system.last_update {
            let _ = writeln!(out, "  last update {} (by {})", last.day, Escaped(&last.path));
        }
        let cells: Vec<[String; 4]> = own.iter().map(|component| cells(component)).collect();
        let width = |at: usize| {
            cells.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let [kind, name, version] = [width(0), width(1).min(48), width(2).min(40)];
        for [first, second, third, rest] in &cells {
            let line = format!("  {first:kind$}  {second:name$}  {third:version$}  {rest}");
            let _ = writeln!(out, "{}", line.trim_end());
        }
        out.push('\n');
    }
    let _ = writeln!(out, "{}", counts(inventory));
    out
}

fn heading(system: &InstalledSystem) -> String {
    let name =
        [&system.distribution.pretty, &system.distribution.id].into_iter().find(|name| !name.is_empty());
    let name = name.map_or_else(|| "no operating system".to_owned(), |name| shown(name));
    let place = if system.root.is_empty() { String::new() } else { format!(" in {}", Escaped(&system.root)) };
    let partial = if system.is_partial { " (not all of its packages could be read)" } else { "" };
    format!("{name}{place}{partial}")
}

fn cells(component: &Component) -> [String; 4] {
    let mut remarks = Vec::new();
    if component.state != State::Installed {
        remarks.push(component.state.name().to_owned());
    }
    if let Some(owner) = &component.owner {
        remarks.push(format!("part of {}", shown(owner)));
    }
    if let Origin::ThirdParty(who) = &component.origin {
        remarks.push(format!("by {}", shown(who)));
    }
    if !component.ecosystem.is_of_a_distribution() {
        remarks.push(Escaped(&component.location.path).to_string());
    }
    [
        component.ecosystem.name().to_owned(),
        shown(&component.full_name()),
        component.version.as_deref().map_or_else(|| "-".to_owned(), shown),
        remarks.join(", "),
    ]
}

/// How many components there are of each kind that there is.
pub(super) fn by_kind(inventory: &Inventory) -> Vec<(&'static str, usize)> {
    let count = |kind: Ecosystem| inventory.components.iter().filter(|one| one.ecosystem == kind).count();
    let counts = Ecosystem::ALL.into_iter().map(|kind| (kind.name(), count(kind)));
    counts.filter(|(_, count)| *count > 0).collect()
}

fn counts(inventory: &Inventory) -> String {
    let mut text = format!("{} packages", inventory.components.len());
    let mut separator = ": ";
    for (kind, count) in by_kind(inventory) {
        let _ = write!(text, "{separator}{count} {kind}");
        separator = ", ";
    }
    text
}

fn rows(inventory: &Inventory) -> String {
    let mut out = String::new();
    csv::row(&COLUMNS.map(str::to_owned), &mut out);
    for component in &inventory.components {
        let system = inventory.systems.get(component.system);
        let text = |text: &Option<String>| text.as_deref().map_or_else(String::new, shown);
        let source = component.source.as_ref();
        csv::row(
            &[
                component.ecosystem.name().to_owned(),
                shown(&component.full_name()),
                text(&component.version),
                text(&component.architecture),
                source.map_or_else(String::new, |source| shown(&source.name)),
                source.map_or_else(String::new, |source| text(&source.version)),
                component.state.name().to_owned(),
                match &component.origin {
                    Origin::Unknown => String::new(),
                    Origin::Distribution => "distribution".to_owned(),
                    Origin::ThirdParty(who) => shown(who),
                },
                text(&component.owner),
                system.map_or_else(String::new, |system| Escaped(&system.root).to_string()),
                component.evidence.name().to_owned(),
                Escaped(&component.location.path).to_string(),
                inventory.purl(component).unwrap_or_default(),
            ],
            &mut out,
        );
    }
    out
}
