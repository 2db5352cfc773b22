//! What is said of the installed software: whether it is supported, and whether it is known to be vulnerable.

use std::sync::Arc;

use super::symbols::GoPrograms;
use crate::date::Date;
use crate::finding::{Finding, Gap, GapKind, Location, Loss};
use crate::packages::Inventory;
use crate::support::{self, Support};
use crate::vulnerabilities::{self, Databases, FeedSummary, Matches, Search};
use assay_disk::text::Escaped;
use assay_disk::tree::Tree;

/// What the software is held against.
#[derive(Clone, Debug, Default)]
pub struct Knowledge {
    /// The day that decides what is supported, and how old data are; `None`: nothing is said of the software.
    pub day: Option<Date>,
    /// When support ends.
    pub support: Option<Arc<support::Table>>,
    /// Advisories, as the user has them.
    pub databases: Option<Arc<Databases>>,
    /// Days after which advisories are stale.
    pub max_age_days: u32,
    /// Whether stale advisories make the audit incomplete.
    pub must_be_fresh: bool,
}

/// What was found out.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) support: Vec<Support>,
    pub(super) vulnerabilities: Option<Box<Matches>>,
    pub(super) findings: Vec<Finding>,
    pub(super) gaps: Vec<Gap>,
    pub(super) notes: Vec<(String, String)>,
}

/// Holds the inventory against what is known.
pub(super) fn judge(tree: &Tree, inventory: &Inventory, knowledge: &Knowledge) -> Judged {
    let mut judged = Judged::default();
    let Some(day) = knowledge.day else { return judged };
    if let Some(table) = &knowledge.support {
        judged.support = support::evaluate(inventory, table, day);
        judged.findings = support::findings(inventory, &judged.support, table, day);
        let unknown = support::unknown(inventory, table).into_iter();
        judged.notes.extend(unknown.map(|system| {
            let distribution = &system.distribution;
            let name = format!("{} {}", distribution.id, distribution.version);
            let reason = format!("not known how long it is supported (data of {})", table.day);
            (name.trim_end().to_owned(), reason)
        }));
    }
    if let Some(databases) = &knowledge.databases {
        let linked = GoPrograms::new(tree, inventory);
        let search = Search { day, max_age_days: knowledge.max_age_days, linked: Some(&linked) };
        let matches = databases.search(inventory, &search);
        judged.findings.extend(vulnerabilities::findings(inventory, &matches));
        judged.gaps = gaps(&matches);
        match stale(&matches, knowledge.max_age_days) {
            Some((what, reason)) if knowledge.must_be_fresh => {
                judged.gaps.push(gap(GapKind::Unsupported, format!("{what}: {reason}")));
            }
            stale => judged.notes.extend(stale),
        }
        judged.notes.extend(missing(&matches));
        judged.vulnerabilities = Some(Box::new(matches));
    }
    judged
}

fn gap(kind: GapKind, reason: String) -> Gap {
    Gap { location: Location::default(), kind, loss: Loss::Part, bytes: None, reason }
}

/// What of the data could not be read.
fn gaps(matches: &Matches) -> Vec<Gap> {
    let bad = matches.feeds.iter().filter(|feed| feed.bad_records > 0).map(|feed| {
        let first = feed.first_problem.as_deref().unwrap_or_default();
        let (path, count) = (path(feed), feed.bad_records);
        gap(
            GapKind::Damaged,
            format!("vulnerability data {path}: {count} records could not be read; the first: {first}"),
        )
    });
    let cut = matches.is_cut.then(|| {
        gap(GapKind::OverLimit, "more vulnerabilities than are kept are about what is installed".to_owned())
    });
    bad.chain(cut).collect()
}

/// Data that are older than they may be: of several the oldest is named.
fn stale(matches: &Matches, max_age_days: u32) -> Option<(String, String)> {
    let stale: Vec<&FeedSummary> = matches.feeds.iter().filter(|feed| feed.is_stale).collect();
    let oldest = stale.iter().min_by_key(|feed| feed.newest)?;
    let (count, all) = (stale.len(), matches.feeds.len());
    let day = oldest.newest.map_or_else(|| "does not say its day".to_owned(), |day| format!("is of {day}"));
    let reason = format!("{count} of {all} are older than {max_age_days} days; {} {day}", path(oldest));
    Some(("vulnerability data".to_owned(), reason))
}

/// Packages that the data say nothing of.
fn missing(matches: &Matches) -> Vec<(String, String)> {
    let lacking = matches.coverage.iter().filter(|one| one.lacks_data()).map(|one| {
        let reason =
            format!("{} packages were not compared: the vulnerability data have none for them", one.packages);
        (one.ecosystem.name().to_owned(), reason)
    });
    lacking.collect()
}

fn path(feed: &FeedSummary) -> String {
    Escaped(feed.path.as_os_str().as_encoded_bytes()).to_string()
}
