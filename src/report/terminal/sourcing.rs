//! The tables of an account: whose images run, the images themselves, and what Allowed AMIs would say.

use std::fmt::Write as _;

use super::Options;
use super::text::{Paint, count, counted, size, wrap};
use crate::sourcing::Inventory;
use crate::sourcing::allowed::State;
use crate::sourcing::class::Flag;
use crate::sourcing::inventory::{AllowedRow, ImageRow};
use assay_disk::text::Escaped;

/// Rows of a table that are shown without `--verbose`.
const ROWS: usize = 15;

/// Appends the tables.
pub(super) fn render(inventory: &Inventory, options: &Options, paint: &Paint, out: &mut String) {
    classes(inventory, paint, out);
    if options.quiet {
        return;
    }
    images(inventory, options, paint, out);
    allowed(inventory, options, paint, out);
    benchmark(inventory, options, paint, out);
}

fn classes(inventory: &Inventory, paint: &Paint, out: &mut String) {
    let _ = writeln!(out, "\n{}", paint.bold("Whose images run"));
    let _ = writeln!(out, "  {:<34} {:>13} {:>10} {:>10}", "", "images in use", "instances", "running");
    for (class, row) in inventory.classes.iter().filter(|(_, row)| row.images + row.instances > 0) {
        let _ = writeln!(
            out,
            "  {:<34} {:>13} {:>10} {:>10}",
            class.about(),
            row.used,
            row.instances,
            row.running
        );
    }
    let sums = inventory.sums();
    let end = if sums.add_up { "each is in exactly one class" } else { "the classes do NOT add up" };
    let (images, instances) =
        (counted(sums.images_in_use as u64, "image"), counted(sums.instances as u64, "instance"));
    let _ = writeln!(out, "  {images} in use, {instances}: {end}");
}

fn images(inventory: &Inventory, options: &Options, paint: &Paint, out: &mut String) {
    let used: Vec<&ImageRow> =
        inventory.images.iter().filter(|row| row.is_used() || row.flags.contains(&Flag::LookAlike)).collect();
    if used.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint.bold("Images in use, worst first"));
    let rows = if options.verbose { used.len() } else { ROWS };
    for row in used.iter().take(rows) {
        let mut parts = vec![Escaped(row.label().as_bytes()).to_string(), row.class.about().to_owned()];
        parts.extend(row.publisher.as_ref().map(|name| {
            let is_look_alike = row.flags.contains(&Flag::LookAlike);
            if is_look_alike { format!("named like {name}'s") } else { name.clone() }
        }));
        parts.push(format!("{} ({} running)", count(row.instances, "instance"), row.running));
        parts.extend(
            row.flags.iter().filter(|flag| **flag != Flag::LookAlike).map(|flag| flag.name().to_owned()),
        );
        if let Some(audit) = &row.audit {
            let worst = audit.worst.map_or("nothing found", crate::finding::Severity::name);
            parts.push(format!("audited: {worst}"));
        } else if inventory.has_audits {
            parts.push("never audited".to_owned());
        }
        out.push_str(&wrap(&format!("{}  {}", row.id, parts.join(" · ")), "  ", "      ", options.width));
    }
    more(used.len(), rows, paint, out);
}

fn allowed(inventory: &Inventory, options: &Options, paint: &Paint, out: &mut String) {
    let known: Vec<&AllowedRow> = inventory.allowed.iter().filter(|row| row.state.is_some()).collect();
    if inventory.allowed.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint.bold("Allowed AMIs"));
    let unknown = inventory.allowed.len() - known.len();
    if unknown > 0 {
        let _ = writeln!(out, "  the setting of {} was not exported", count(unknown, "region"));
    }
    let rows = if options.verbose { known.len() } else { ROWS };
    for row in known.iter().take(rows) {
        out.push_str(&wrap(&format!("{}  {}", row.scope, setting(row)), "  ", "      ", options.width));
    }
    more(known.len(), rows, paint, out);
    let proposal = &inventory.proposal;
    if !proposal.criteria.is_empty() {
        let _ = writeln!(
            out,
            "  {} would allow what is in use and trusted (--proposal FILE); {} left out",
            count_of("criterion", "criteria", proposal.criteria.len()),
            count(proposal.left_out.len(), "image")
        );
    }
}

fn benchmark(inventory: &Inventory, options: &Options, paint: &Paint, out: &mut String) {
    let _ = writeln!(out, "\n{}", paint.bold("CIS AWS Compute Services Benchmark, images"));
    for row in &inventory.benchmark {
        let text = format!("{}  {:<13}  {}: {}", row.number, row.outcome().name(), row.title, row.reason());
        out.push_str(&wrap(&text, "  ", "      ", options.width));
    }
}

fn count_of(one: &str, many: &str, number: usize) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The setting of a region, and what it leaves out.
fn setting(row: &AllowedRow) -> String {
    let state = row.state.map_or("?", State::name);
    let mut parts = vec![format!("{state}, {}", count_of("criterion", "criteria", row.criteria))];
    let would = if row.state == Some(State::Enabled) { "leaves out" } else { "would leave out" };
    if row.criteria == 0 && row.state == Some(State::Disabled) {
        return state.to_owned();
    }
    if row.images.is_empty() {
        parts.push("nothing in use is left out".to_owned());
    } else {
        let (one, many) =
            ("template, group, parameter or line of code", "templates, groups, parameters and lines of code");
        parts.push(format!(
            "{would} {} in use: {}, {}",
            count(row.images.len(), "image"),
            count(row.instances.len(), "instance"),
            count_of(one, many, row.pointers.len())
        ));
    }
    if !row.undecided.is_empty() {
        let missing: std::collections::BTreeSet<&str> =
            row.undecided.values().flatten().map(String::as_str).collect();
        let missing: Vec<&str> = missing.into_iter().collect();
        parts.push(format!(
            "not decidable for {}: {}",
            count(row.undecided.len(), "image"),
            missing.join(", ")
        ));
    }
    if row.confirmed > 0 {
        parts.push(format!("AWS says the same of {}", count(row.confirmed, "image")));
    }
    if !row.contradicted.is_empty() {
        parts.push(format!("AWS says otherwise of {}", count(row.contradicted.len(), "image")));
    }
    parts.join("; ")
}

/// What was read, for the end of the report.
pub(super) fn read(inventory: &Inventory) -> String {
    let (files, bytes) = inventory.files;
    let (accounts, regions) =
        (count(inventory.accounts.len(), "account"), count(inventory.scopes.len(), "region"));
    format!(
        "{} read ({}): {accounts}, {regions}, as of {}",
        counted(files, "file"),
        size(bytes),
        inventory.at
    )
}

fn more(all: usize, shown: usize, paint: &Paint, out: &mut String) {
    if let Some(left) = all.checked_sub(shown).filter(|left| *left > 0) {
        let _ = writeln!(out, "  {}", paint.dim(&format!("… and {left} more (--verbose shows all)")));
    }
}
