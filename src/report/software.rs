//! The installed software in reports for people: what is vulnerable, by package; how much there is; what is out of support.
//! Words only: each format sets them in its own way, and text of the image is escaped.

use std::collections::BTreeSet;

use super::inventory::by_kind;
use super::terminal::thousands;
use super::words::shown;
use crate::audit::Report;
use crate::finding::{Finding, Severity};
use crate::packages::inventory::Boot;
use crate::support::{State, Subject, Support};
use crate::vulnerabilities::{self, Group, Matches, Status};
use assay_disk::text::Escaped;

/// Whether this covers a finding, so that it is not listed by itself.
pub(super) fn covers(finding: &Finding) -> bool {
    vulnerabilities::RULES.contains(&finding.advisory.id.as_str())
}

/// A vulnerable package.
pub(super) struct Vulnerable {
    pub(super) severity: Severity,
    pub(super) package: String,
    /// "3.0.7, 3.0.9".
    pub(super) installed: String,
    /// "→ 3.0.20", or "(no fix)".
    pub(super) fixed: String,
    /// " in /snap/x/1, the kernel that boots", or nothing.
    pub(super) place: String,
    /// "12 vulnerabilities: 1 critical, 3 high (2 exploited, 1 without a fix)".
    pub(super) count: String,
    /// CVEs, worst first.
    pub(super) names: Vec<String>,
    /// What to do.
    pub(super) remedy: String,
}

impl Vulnerable {
    /// The first of the names, and how many more there are.
    pub(super) fn names(&self, most: usize) -> String {
        let names: Vec<&str> = self.names.iter().take(most).map(String::as_str).collect();
        let left = self.names.len().saturating_sub(names.len());
        let more = if left > 0 { format!(" and {left} more") } else { String::new() };
        format!("{}{more}", names.join(", "))
    }
}

/// What is known to be vulnerable.
pub(super) struct Vulnerables {
    /// "14 known vulnerabilities in 3 packages".
    pub(super) heading: String,
    /// The worst first.
    pub(super) packages: Vec<Vulnerable>,
    /// What is not among them, and what no update mends: a sentence each.
    pub(super) remarks: Vec<String>,
}

/// The vulnerable packages; `None` where nothing was compared.
pub(super) fn vulnerables(report: &Report) -> Option<Vulnerables> {
    let matches = report.vulnerabilities.as_deref()?;
    let groups = vulnerabilities::groups(&report.packages, matches);
    let total: usize = groups.iter().map(Group::count).sum();
    let heading = match groups.len() {
        0 => "no known vulnerabilities".to_owned(),
        packages => format!(
            "{} in {}",
            counted(total, "known vulnerability", "known vulnerabilities"),
            counted(packages, "package", "packages")
        ),
    };
    let packages = groups.iter().map(|group| vulnerable(group, report)).collect();
    Some(Vulnerables { heading, packages, remarks: remarks(matches) })
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number as u64), if number == 1 { one } else { many })
}

fn vulnerable(group: &Group<'_>, report: &Report) -> Vulnerable {
    let installed: Vec<String> = group.installed.iter().map(|version| shown(version)).collect();
    let place = report.packages.systems.get(group.system).filter(|system| !system.root.is_empty());
    let place = place.map_or_else(String::new, |system| format!(" in {}", Escaped(&system.root)));
    let kernel = match group.kernel {
        Some(Boot::Default) => ", the kernel that boots",
        Some(Boot::Installed) => ", a kernel that does not boot by default",
        Some(Boot::Unknown) | None => "",
    };
    Vulnerable {
        severity: group.worst().unwrap_or(Severity::Info),
        package: shown(group.package),
        installed: installed.join(", "),
        fixed: match group.fixed {
            Some(version) => format!("→ {}", shown(version)),
            None => "(no fix)".to_owned(),
        },
        place: format!("{place}{kernel}"),
        count: count(group),
        names: group.names.iter().map(|name| shown(name)).collect(),
        remedy: shown(&group.remedy),
    }
}

fn count(group: &Group<'_>) -> String {
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
    let total = counted(group.count(), "vulnerability", "vulnerabilities");
    format!("{total}: {}{remarks}", severities.collect::<Vec<_>>().join(", "))
}

fn remarks(matches: &Matches) -> Vec<String> {
    let mut remarks = Vec::new();
    let suppressed = matches.vulnerabilities.iter().filter(|one| one.suppressed.is_some()).count();
    if suppressed > 0 {
        let text = counted(suppressed, "vulnerability is", "vulnerabilities are");
        remarks.push(format!("{text} answered by a VEX statement or a live patch (the JSON names them)"));
    }
    let unfixed = matches.vulnerabilities.iter().filter(|one| one.suppressed.is_none() && !one.has_fix());
    let (unfixed, refused) = unfixed.fold((0_usize, 0_usize), |(all, refused), one| {
        (all.saturating_add(1), refused.saturating_add(usize::from(one.status == Status::WontFix)))
    });
    if unfixed > 0 {
        let refused =
            if refused > 0 { format!(", {refused} of them will not be fixed") } else { String::new() };
        remarks.push(format!("{unfixed} without a fix{refused}"));
    }
    remarks
}

/// How many packages there are: "705 packages: 700 deb, 5 python", and when they were last updated. `None` without any.
pub(super) fn packages(report: &Report) -> Option<String> {
    let inventory = &report.packages;
    if inventory.components.is_empty() {
        return None;
    }
    let kinds =
        by_kind(inventory).into_iter().map(|(kind, count)| format!("{} {kind}", thousands(count as u64)));
    let all = counted(inventory.components.len(), "package", "packages");
    let last = inventory.systems.first().and_then(|system| system.last_update.as_ref());
    let last = last.map_or_else(String::new, |last| format!("; last updated on {}", last.day));
    Some(format!("{all}: {}{last}", kinds.collect::<Vec<_>>().join(", ")))
}

/// What is said of the support of something.
pub(super) struct Supported {
    /// "Debian 12".
    pub(super) product: String,
    /// Where it is; empty for the machine itself.
    pub(super) place: String,
    /// "supported", "extended only", "ended".
    pub(super) state: &'static str,
    /// "until 2028-06-30 (LTS)", "since 2026-06-30".
    pub(super) until: String,
}

/// The support of all systems, and of software that is no longer, or only for some, supported: each release once.
pub(super) fn support(report: &Report) -> Vec<Supported> {
    let mut seen = BTreeSet::new();
    let mut is_shown = |one: &Support| match one.subject {
        Subject::System(_) => true,
        Subject::Component(_) => {
            one.state != State::Supported && seen.insert((one.product.clone(), one.cycle.clone()))
        }
    };
    let shown = report.support.iter().filter(|one| is_shown(one));
    shown.map(|one| supported(one, report)).collect()
}

fn supported(one: &Support, report: &Report) -> Supported {
    let inventory = &report.packages;
    let place = match one.subject {
        Subject::System(number) => inventory.systems.get(number).map(|system| &system.root),
        Subject::Component(number) => inventory.components.get(number).map(|one| &one.location.path),
    };
    let extended = one.extended_ends.map(|end| {
        let what =
            if one.extended.is_empty() { String::new() } else { format!(" ({})", shown(&one.extended)) };
        format!("until {end}{what}")
    });
    let until = match one.state {
        State::Supported => one.ends.map(|end| format!("until {end}")),
        State::ExtendedOnly => extended,
        State::Ended => one.extended_ends.max(one.ends).map(|end| format!("since {end}")),
    };
    Supported {
        product: shown(&format!("{} {}", one.product, one.cycle)),
        place: place.map_or_else(String::new, |place| Escaped(place).to_string()),
        state: one.state.name(),
        until: until.unwrap_or_default(),
    }
}

#[cfg(test)]
pub(super) mod tests;
