//! `assay packages --beside`: the versions of several images, one beside the other.

use std::path::Path;

use super::super::{Failure, diff, engine};
use super::is_named;
use crate::audit::{Progress, Settings};
use crate::diff::{Summary, saved, sbom, versions};
use crate::report::inventory::Form;
use crate::report::versions::render;

/// The table, and how many places of all images could not be read.
pub(super) fn table<'a>(
    images: impl Iterator<Item = &'a Path>,
    names: &[&str],
    form: Form,
    outside: bool,
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<(String, usize), Failure> {
    let mut losses = 0_usize;
    let mut sides: Vec<Summary> = Vec::new();
    for path in images {
        let mut side = match diff::report(path)? {
            Some(text) => saved_side(path, &text)?,
            None => {
                let target = engine::target(path, outside);
                let report = engine::audit(&target, outside, settings.clone(), progress)?;
                losses = losses.saturating_add(report.losses().count());
                versions::of_image(String::new(), report.system.clone(), &report.packages)
            }
        };
        // Images of one name in several folders are told apart by what the user called them.
        side.head.name = path.display().to_string();
        sides.push(side);
    }
    let mut table = versions::table(&sides)
        .map_err(|name| Failure::unreadable(format!("{name}: says nothing of what is installed")))?;
    // The kind stands behind the name of what no distribution brought.
    table.rows.retain(|row| {
        let bare = row.name.rsplit_once(" (").map_or(row.name.as_str(), |(bare, _)| bare);
        is_named(&row.name, names) || is_named(bare, names)
    });
    Ok((render(&table, form), losses))
}

fn saved_side(path: &Path, text: &[u8]) -> Result<Summary, Failure> {
    match sbom::parse(text) {
        Some(summary) => Ok(summary),
        None => saved::software(text)
            .map_err(|reason| Failure::unreadable(format!("{}: {reason}", path.display()))),
    }
}
