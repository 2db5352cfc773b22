//! The block `vulnerabilities`: what the data cover, and what does not count. Those that count are findings.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::packages::{Component, Inventory};
use crate::vulnerabilities::ecosystem::OsvEcosystem;
use crate::vulnerabilities::{Coverage, FeedSummary, Matches, Suppressed, Vulnerability};
use assay_disk::text::Escaped;

/// What vulnerability data there were.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "vulnerabilities"))]
pub(super) struct View<'a> {
    /// In the order in which they were named.
    feeds: Vec<FeedView>,
    coverage: Vec<CoverageView<'a>>,
    /// Those that a statement or a live patch answers.
    suppressed: Vec<SuppressedView<'a>>,
    /// Ecosystems of the data that are not known here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown_ecosystems: Vec<&'a str>,
    /// Whether more was found than is kept.
    cut: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "vulnerability-feed"))]
struct FeedView {
    path: String,
    format: &'static str,
    sha256: String,
    files: u64,
    records: u64,
    bad_records: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_problem: Option<String>,
    /// Day of the newest record.
    newest: Option<String>,
    /// Whether that is longer ago than is allowed.
    stale: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "vulnerability-coverage"))]
struct CoverageView<'a> {
    /// Number in `packages.systems`.
    system: usize,
    kind: &'static str,
    /// Whose advisories are about it; left out where nobody publishes any that can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    publisher: Option<&'a str>,
    packages: u64,
    records: u64,
    newest: Option<String>,
    /// Packages that could not be compared, by the reason.
    unmatched: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "suppressed-vulnerability"))]
struct SuppressedView<'a> {
    advisory: &'a str,
    cves: &'a [String],
    package: &'a str,
    /// The components, by name.
    components: Vec<String>,
    /// `vex` or `live-patch`.
    by: &'static str,
    reason: String,
}

/// The block.
pub(super) fn view<'a>(inventory: &'a Inventory, matches: &'a Matches) -> View<'a> {
    let suppressed = matches.vulnerabilities.iter().filter_map(|one| suppressed(inventory, one));
    View {
        feeds: matches.feeds.iter().map(feed).collect(),
        coverage: matches.coverage.iter().map(coverage).collect(),
        suppressed: suppressed.collect(),
        unknown_ecosystems: matches.unknown_ecosystems.keys().map(String::as_str).collect(),
        cut: matches.is_cut,
    }
}

fn feed(feed: &FeedSummary) -> FeedView {
    FeedView {
        path: Escaped(feed.path.as_os_str().as_encoded_bytes()).to_string(),
        format: feed.format.name(),
        sha256: feed.sha256.clone(),
        files: feed.files,
        records: feed.records,
        bad_records: feed.bad_records,
        first_problem: feed.first_problem.clone(),
        newest: feed.newest.map(|day| day.to_string()),
        stale: feed.is_stale,
    }
}

fn coverage(one: &Coverage) -> CoverageView<'_> {
    CoverageView {
        system: one.system,
        kind: one.ecosystem.name(),
        publisher: one.publisher.map(OsvEcosystem::name),
        packages: one.packages,
        records: one.records,
        newest: one.newest.map(|day| day.to_string()),
        unmatched: one.unmatched.iter().map(|(reason, count)| (reason.name(), *count)).collect(),
    }
}

fn suppressed<'a>(inventory: &Inventory, one: &'a Vulnerability) -> Option<SuppressedView<'a>> {
    let (by, reason) = match one.suppressed.as_ref()? {
        Suppressed::Vex { status, reason, author, .. } => ("vex", format!("{status}: {reason} ({author})")),
        Suppressed::LivePatch { package } => ("live-patch", format!("patched by {package}")),
    };
    let components = one.components.iter().filter_map(|number| inventory.components.get(*number));
    Some(SuppressedView {
        advisory: &one.advisory,
        cves: &one.cves,
        package: &one.package,
        components: components.map(Component::full_name).collect(),
        by,
        reason,
    })
}
