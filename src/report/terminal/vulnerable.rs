//! Vulnerable packages in the report for people: a line each, as one update mends all that is known of a package.

use std::fmt::Write as _;

use super::Options;
use super::text::{Paint, wrap};
use crate::report::software::{Vulnerable, Vulnerables};

/// Packages, and names of one package, that are shown without `--verbose`.
const PACKAGES: usize = 15;
const NAMES: usize = 4;

/// Appends the section.
pub(super) fn render(all: &Vulnerables, options: &Options, paint: &Paint, out: &mut String) {
    let _ = writeln!(out, "\n{}", paint.bold(&format!("Packages · {}", all.heading)));
    if !options.quiet {
        let shown = if options.verbose { all.packages.len() } else { PACKAGES };
        for one in all.packages.iter().take(shown) {
            package(one, options, paint, out);
        }
        if let Some(left) = all.packages.len().checked_sub(shown).filter(|left| *left > 0) {
            let _ = writeln!(
                out,
                "  {}",
                paint.dim(&format!("… and {left} more packages (--verbose shows all)"))
            );
        }
    }
    for remark in &all.remarks {
        let _ = writeln!(out, "  {remark}");
    }
}

fn package(one: &Vulnerable, options: &Options, paint: &Paint, out: &mut String) {
    let name = paint.severity(one.severity, &one.package);
    let _ = writeln!(out, "  {name} {} {}{}", one.installed, one.fixed, one.place);
    let most = if options.verbose { one.names.len() } else { NAMES };
    let summary = format!("{}: {}", one.count, one.names(most));
    out.push_str(&wrap(&summary, "    ", "    ", options.width));
    // A command is not wrapped, so that it can be copied.
    let _ = writeln!(out, "    {}", paint.green(&format!("→ {}", one.remedy)));
}
