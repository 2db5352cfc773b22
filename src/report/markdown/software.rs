//! The installed software: how much there is, what is vulnerable, what is out of support.

use super::super::Options;
use super::super::software::{self, Supported, Vulnerable};
use super::{CELL, PACKAGES, cell_of_shown, escape, rows};
use crate::audit::Report;
use crate::report::words::cut;

/// Names of one package that are shown.
const NAMES: usize = 8;
/// Bytes of the rows of what is out of support.
const SUPPORT: usize = 20_000;

/// Appends the section.
pub(super) fn render(report: &Report, options: &Options, out: &mut String) {
    let Some(counts) = software::packages(report) else { return };
    out.push_str(&format!("\n### Packages\n\n{}.\n", escape(&counts)));
    if let Some(all) = software::vulnerables(report) {
        out.push_str(&format!("\n**{}**\n", escape(&all.heading)));
        if !options.quiet && !all.packages.is_empty() {
            out.push_str(
                "\n| worst | package | vulnerabilities | what mends it |\n| --- | --- | --- | --- |\n",
            );
            rows(&all.packages, package, PACKAGES, "packages", out);
        }
        for remark in &all.remarks {
            out.push_str(&format!("\n{}.\n", escape(remark)));
        }
    }
    let support = software::support(report);
    if !support.is_empty() {
        out.push_str("\n| release | support | day | where |\n| --- | --- | --- | --- |\n");
        rows(&support, supported, SUPPORT, "releases", out);
    }
}

fn package(one: &Vulnerable) -> String {
    let shown = |text: &str| cell_of_shown(&cut(text, CELL));
    format!(
        "| {} | {} {} | {}<br>{} | {} |\n",
        one.severity.name(),
        shown(&one.package),
        shown(&format!("{} {}{}", one.installed, one.fixed, one.place)),
        escape(&one.count),
        shown(&one.names(NAMES)),
        shown(&one.remedy)
    )
}

fn supported(one: &Supported) -> String {
    let place = if one.place.is_empty() { String::new() } else { cell_of_shown(&one.place) };
    format!("| {} | {} | {} | {place} |\n", escape(&one.product), one.state, escape(&one.until))
}
