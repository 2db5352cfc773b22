//! What differs between two versions of an image, so that the newer one is reviewed in a minute.
//!
//! A [`Summary`] is made of each side, an image or a report of one; [`compare`] is a pure function of the two.
//! The contents of files are compared where they lie, before ([`files::compare`]).

use std::collections::BTreeSet;

use crate::finding::{GapKind, Severity};

pub mod files;
pub mod findings;
pub mod identity;
pub mod inventory;
mod quotes;
pub mod saved;
pub mod sbom;
mod sections;
pub mod summary;
pub mod versions;

pub use files::Files;
pub use findings::{Findings, Seen};
pub use identity::Shared;
pub use sections::{Direction, ItemChange, Section};
pub use summary::{Coverage, Summary};

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The version there was.
    Old,
    /// The version to review.
    New,
}

impl Side {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
        }
    }
}

/// Something that was not compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// On which side.
    pub side: Side,
    /// The path, or the volume; empty where it is about the whole.
    pub place: Vec<u8>,
    /// What kind of gap it is.
    pub kind: GapKind,
    /// One sentence.
    pub reason: String,
    /// Whether the place is a file that holds the same bytes on both sides: then nothing new hides in it.
    pub is_same: bool,
}

/// How a report names one side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// File name or directory, as given.
    pub name: String,
    /// `PRETTY_NAME` of its os-release.
    pub system: Option<String>,
    /// Whether it is a saved report: it says nothing of content.
    pub is_report: bool,
}

/// All that differs.
#[derive(Debug, Default)]
pub struct Difference {
    /// What was there.
    pub old: Head,
    /// What is reviewed.
    pub new: Head,
    /// Findings.
    pub findings: Findings,
    /// Content of the system, kind by kind; empty where a side is a report.
    pub sections: Vec<Section>,
    /// What both carry and only one machine should have.
    pub shared: Vec<Shared>,
    /// Files; `None` where a side is a report.
    pub files: Option<Files>,
    /// What was not compared, sorted.
    pub unread: Vec<Unread>,
    /// What a reader of the comparison must know of its strength, in sentences.
    pub limits: Vec<String>,
}

/// Compares two summaries; `files` is what [`files::compare`] found where both are images.
pub fn compare(old: &Summary, new: &Summary, files: Option<Files>) -> Difference {
    let mut difference = Difference {
        old: old.head.clone(),
        new: new.head.clone(),
        findings: findings::compare(&old.findings, &new.findings),
        shared: identity::shared(old, new),
        ..Difference::default()
    };
    if let (Some(before), Some(after)) = (&old.inventory, &new.inventory) {
        difference.sections = sections::compare((before, &old.coverage), (after, &new.coverage));
    }
    difference.unread = unread(old, new, files.as_ref());
    difference.limits = limits(old, new, &difference.findings, files.as_ref());
    difference.files = files;
    difference
}

impl Difference {
    /// New findings, and known ones that got worse, of `least` or above; of those about one secret, one.
    pub fn worse(&self, least: Severity) -> usize {
        let news = self.findings.new.iter().map(|new| &new.seen);
        let risen = self.findings.changed.iter().filter(|change| change.is_worse()).map(|change| &change.new);
        let all = news.chain(risen).filter(|seen| seen.severity >= least);
        all.map(|seen| seen.group).collect::<BTreeSet<_>>().len()
    }

    /// Gaps of the new side in which a new finding could hide: not of an accepted kind, and not in a file that is
    /// the same on both sides.
    pub fn hiding(&self, accepted: &[GapKind]) -> usize {
        let hides = |gap: &&Unread| gap.side == Side::New && !gap.is_same && !accepted.contains(&gap.kind);
        self.unread.iter().filter(hides).count()
    }
}

fn unread(old: &Summary, new: &Summary, files: Option<&Files>) -> Vec<Unread> {
    let mut unread: Vec<Unread> = Vec::new();
    for (side, summary) in [(Side::Old, old), (Side::New, new)] {
        unread.extend(summary.coverage.gaps.iter().map(|gap| Unread {
            side,
            place: gap.place.clone(),
            kind: gap.kind,
            reason: gap.reason.clone(),
            is_same: files.is_some_and(|files| files.is_same(&gap.place)),
        }));
        // What was read by the audit and not by the comparison.
        let uncompared = files.into_iter().flat_map(|files| &files.uncompared);
        unread.extend(uncompared.filter(|entry| entry.side == side).cloned());
    }
    unread.sort();
    unread.dedup();
    unread
}

fn limits(old: &Summary, new: &Summary, findings: &Findings, files: Option<&Files>) -> Vec<String> {
    let mut limits = Vec::new();
    let sides = [("OLD", old), ("NEW", new)];
    for (name, _) in sides.iter().filter(|(_, side)| side.head.is_report) {
        limits.push(format!(
            "{name} is a report: accounts, services and files are not compared; name two images for that"
        ));
    }
    if findings.is_weak {
        limits.push(
            "a report does not hold the secrets' digests: findings are matched by rule, path, subject, key \
             fingerprint and first characters, which is weaker; reports of --evidence hash are matched by value"
                .to_owned(),
        );
    }
    for (name, side) in sides {
        if side.coverage.not_shown > 0 {
            limits.push(format!(
                "{} findings of {name} are not in its report, which was written with --min-severity",
                side.coverage.not_shown
            ));
        }
        if side.coverage.dropped > 0 {
            let dropped = side.coverage.dropped;
            limits.push(format!(
                "{dropped} findings of {name} beyond the limit per rule and file are only counted"
            ));
        }
        limits.extend(side.coverage.cut.iter().map(|what| format!("{what} of {name} are not compared")));
    }
    if let Some(files) = files {
        if files.is_quick {
            limits.push("--quick: files of the same size and time were taken for the same".to_owned());
        }
        if files.unknown > 0 {
            limits.push(format!(
                "{} entries lie where the other side could not be read: neither new nor gone",
                files.unknown
            ));
        }
    }
    limits
}

#[cfg(test)]
mod tests;
