//! The installed software on the page: how much there is, what is vulnerable, what is out of support.

use super::super::software::{self, Supported};
use crate::audit::Report;

/// Vulnerable packages that are shown, and names of one; more are counted.
const PACKAGES: usize = 500;
const NAMES: usize = 20;

/// What the template shows.
pub(super) struct Section {
    /// How many packages there are.
    pub(super) counts: String,
    /// What is known to be vulnerable, where the data for it were given.
    pub(super) heading: Option<String>,
    pub(super) packages: Vec<Row>,
    pub(super) more: usize,
    pub(super) remarks: Vec<String>,
    pub(super) support: Vec<Supported>,
}

/// A vulnerable package.
pub(super) struct Row {
    pub(super) severity: &'static str,
    pub(super) package: String,
    pub(super) versions: String,
    pub(super) count: String,
    pub(super) names: String,
    pub(super) remedy: String,
}

impl Section {
    /// The section; `None` where there is no software.
    pub(super) fn new(report: &Report) -> Option<Self> {
        let counts = software::packages(report)?;
        let all = software::vulnerables(report);
        let (heading, all, remarks) = match all {
            Some(all) => (Some(all.heading), all.packages, all.remarks),
            None => (None, Vec::new(), Vec::new()),
        };
        let packages = all.iter().take(PACKAGES).map(|one| Row {
            severity: one.severity.name(),
            package: one.package.clone(),
            versions: format!("{} {}{}", one.installed, one.fixed, one.place),
            count: one.count.clone(),
            names: one.names(NAMES),
            remedy: one.remedy.clone(),
        });
        let packages = packages.collect();
        let more = all.len().saturating_sub(PACKAGES);
        Some(Self { counts, heading, packages, more, remarks, support: software::support(report) })
    }
}
