//! Vulnerable packages in the report for people: a line each, as one update mends all that is known of a package.

use std::fmt::Write as _;

use super::Options;
use super::text::{Paint, count, thousands, wrap};
use crate::audit::Report;
use crate::finding::{Finding, Severity};
use crate::packages::inventory::Boot;
use crate::report::words::shown;
use crate::vulnerabilities::{self, Group, Matches, Status};
use assay_disk::text::Escaped;

/// Packages, and names of one package, that are shown without `--verbose`.
const PACKAGES: usize = 15;
const NAMES: usize = 4;

/// Whether this section covers a finding, so that it is not listed by itself.
pub(super) fn covers(finding: &Finding) -> bool {
    vulnerabilities::RULES.contains(&finding.advisory.id.as_str())
}

/// Appends the section.
pub(super) fn render(report: &Report, matches: &Matches, options: &Options, paint: &Paint, out: &mut String) {
    let groups = vulnerabilities::groups(&report.packages, matches);
    let total: usize = groups.iter().map(Group::count).sum();
    let heading = match groups.len() {
        0 => "Packages · no known vulnerabilities".to_owned(),
        packages => format!(
            "Packages · {} in {}",
            counted(total, "known vulnerability", "known vulnerabilities"),
            count(packages, "package")
        ),
    };
    let _ = writeln!(out, "\n{}", paint.bold(&heading));
    if !options.quiet {
        let shown = if options.verbose { groups.len() } else { PACKAGES };
        for group in groups.iter().take(shown) {
            package(group, report, options, paint, out);
        }
        if let Some(left) = groups.len().checked_sub(shown).filter(|left| *left > 0) {
            let _ = writeln!(
                out,
                "  {}",
                paint.dim(&format!("… and {left} more packages (--verbose shows all)"))
            );
        }
    }
    let suppressed = matches.vulnerabilities.iter().filter(|one| one.suppressed.is_some()).count();
    if suppressed > 0 {
        let text = counted(suppressed, "vulnerability is", "vulnerabilities are");
        let _ = writeln!(out, "  {text} answered by a VEX statement or a live patch (the JSON names them)");
    }
    let unfixed = matches.vulnerabilities.iter().filter(|one| one.suppressed.is_none() && !one.has_fix());
    let (unfixed, refused) = unfixed.fold((0_usize, 0_usize), |(all, refused), one| {
        (all.saturating_add(1), refused.saturating_add(usize::from(one.status == Status::WontFix)))
    });
    if unfixed > 0 {
        let refused =
            if refused > 0 { format!(", {refused} of them will not be fixed") } else { String::new() };
        let _ = writeln!(out, "  {unfixed} without a fix{refused}");
    }
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number as u64), if number == 1 { one } else { many })
}

fn package(group: &Group<'_>, report: &Report, options: &Options, paint: &Paint, out: &mut String) {
    let worst = group.worst().unwrap_or(Severity::Info);
    let installed: Vec<String> = group.installed.iter().map(|version| shown(version)).collect();
    let fixed = match group.fixed {
        Some(version) => format!(" → {}", shown(version)),
        None => " (no fix)".to_owned(),
    };
    let place = report.packages.systems.get(group.system).filter(|system| !system.root.is_empty());
    let place = place.map_or_else(String::new, |system| format!(" in {}", Escaped(&system.root)));
    let kernel = match group.kernel {
        Some(Boot::Default) => ", the kernel that boots",
        Some(Boot::Installed) => ", a kernel that does not boot by default",
        Some(Boot::Unknown) | None => "",
    };
    let name = paint.severity(worst, &shown(group.package));
    let _ = writeln!(out, "  {name} {}{fixed}{place}{kernel}", installed.join(", "));
    out.push_str(&wrap(&summary(group, options), "    ", "    ", options.width));
    // A command is not wrapped, so that it can be copied.
    let _ = writeln!(out, "    {}", paint.green(&format!("→ {}", shown(&group.remedy))));
}

/// "12 vulnerabilities: 1 critical, 3 high (2 exploited, 1 without a fix): CVE-…, CVE-… and 8 more".
fn summary(group: &Group<'_>, options: &Options) -> String {
    let severities =
        group.severities.iter().map(|(severity, count)| format!("{count} {}", severity.0.name()));
    let mut remarks = Vec::new();
    if group.exploited > 0 {
        remarks.push(format!("{} exploited", group.exploited));
    }
    if group.unfixed > 0 && group.fixed.is_some() {
        remarks.push(format!("{} without a fix", group.unfixed));
    }
    let remarks = if remarks.is_empty() { String::new() } else { format!(" ({})", remarks.join(", ")) };
    let most = if options.verbose { group.count() } else { NAMES };
    let names: Vec<String> = group.names.iter().take(most).map(|name| shown(name)).collect();
    let left = group.count().saturating_sub(names.len());
    let more = if left > 0 { format!(" and {left} more") } else { String::new() };
    let total = counted(group.count(), "vulnerability", "vulnerabilities");
    let severities = severities.collect::<Vec<_>>().join(", ");
    format!("{total}: {severities}{remarks}: {}{more}", names.join(", "))
}
