//! What the search found, and how far it reached.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::coverage::Coverage;
use super::databases::Format;
use super::statement::Status;
use crate::date::Date;
use crate::finding::{Confidence, Severity};
use crate::packages::ecosystem::Ecosystem;
use crate::packages::inventory::Boot;

/// What the search found, and how far it reached.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matches {
    /// What is vulnerable: by system, package and advisory.
    pub vulnerabilities: Vec<Vulnerability>,
    /// How far each kind of package was covered.
    pub coverage: Vec<Coverage>,
    /// What each feed gave, in the order in which they were named.
    pub feeds: Vec<FeedSummary>,
    /// Ecosystems of feeds that are not known here, and how many records name them.
    pub unknown_ecosystems: BTreeMap<String, u64>,
    /// Whether more was found than is kept.
    pub is_cut: bool,
}

/// An advisory is about an installed package: one for each source package and advisory, with the binaries in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Vulnerability {
    /// The advisory: `DSA-5532-1`, `ALAS2023-2024-500`, `GHSA-…`.
    pub advisory: String,
    /// What it is about, by CVE.
    pub cves: Vec<String>,
    /// Other names of the same.
    pub aliases: Vec<String>,
    /// The system: a number of `Inventory::systems`.
    pub system: usize,
    /// The kind of package.
    pub ecosystem: Ecosystem,
    /// The source package, or the package where there are no such.
    pub package: String,
    /// The packages that are installed of it: numbers of `Inventory::components`, in order.
    pub components: Vec<usize>,
    /// The versions of them, each once.
    pub installed: Vec<String>,
    /// The versions that mend it, each once; empty where there is none.
    pub fixed: Vec<String>,
    /// The fix is for subscribers of this: `Ubuntu Pro`, `RHEL EUS`.
    pub subscription: Option<String>,
    /// What the vendor says.
    pub status: Status,
    /// How bad; `None` where nobody says it.
    pub severity: Option<Severity>,
    /// Whose word that is.
    pub rated_by: RatedBy,
    /// The score of CVSS, and the vector that it is of.
    pub cvss: Option<CvssScore>,
    /// Whether it is exploited, by CISA's catalog.
    pub exploited: Option<Exploited>,
    /// How probable it is that it will be exploited, by EPSS.
    pub epss: Option<Epss>,
    /// How sure it is.
    pub confidence: Confidence,
    /// Why it is not surer.
    pub doubts: Vec<&'static str>,
    /// Of kernels: whether it is the one that boots.
    pub kernel: Option<Boot>,
    /// Of programs: whether a function that it is about is linked into it; `None` where it cannot be told.
    pub is_linked: Option<bool>,
    /// Why it does not count.
    pub suppressed: Option<Suppressed>,
    /// What it is, in a line.
    pub summary: String,
    /// Where to read on.
    pub references: Vec<String>,
    /// When the advisory was changed last, as the feed says it.
    pub modified: String,
    /// The feed it comes from: a number of `Matches::feeds`.
    pub feed: usize,
}

impl Vulnerability {
    /// Whether a version mends it.
    pub const fn has_fix(&self) -> bool {
        !self.fixed.is_empty()
    }
}

/// Whose word a severity is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RatedBy {
    /// Nobody's.
    #[default]
    Nobody,
    /// The vendor's, in this word.
    Vendor(String),
    /// That of CVSS.
    Cvss,
    /// It is exploited, which makes it critical.
    KnownExploited,
}

/// A score of CVSS.
#[derive(Clone, Debug, PartialEq)]
pub struct CvssScore {
    /// 0.0 to 10.0.
    pub score: f64,
    /// What it was computed from.
    pub vector: String,
}

/// An entry of CISA's catalog of known exploited vulnerabilities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exploited {
    /// The day it was added, as `YYYY-MM-DD`.
    pub added: String,
    /// The day by which agencies must mend it.
    pub due: String,
    /// Whether ransomware uses it.
    pub by_ransomware: bool,
}

/// A score of EPSS, both from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epss {
    /// That it will be exploited in the next 30 days.
    pub probability: f64,
    /// How many of all are less probable.
    pub percentile: f64,
}

/// Why a vulnerability does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Suppressed {
    /// A statement of OpenVEX says so.
    Vex {
        /// `not_affected` or `fixed`.
        status: String,
        /// Its reason: a justification, an impact statement, or both.
        reason: String,
        /// Who says it.
        author: String,
        /// The document.
        document: PathBuf,
    },
    /// A live patch for the running kernel is installed that mends it.
    LivePatch {
        /// The package with the patch.
        package: String,
    },
}

/// What a feed gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedSummary {
    /// The path, as it was given or found beneath one that was given.
    pub path: PathBuf,
    /// What it is.
    pub format: Format,
    /// SHA-256 of its bytes in lower-case hex; of several files, of their digests one after the other.
    pub sha256: String,
    /// How many files it has.
    pub files: u64,
    /// Records that were read.
    pub records: u64,
    /// Records, or parts of files, that could not be read.
    pub bad_records: u64,
    /// The first of them, and why.
    pub first_problem: Option<String>,
    /// The day of its newest record.
    pub newest: Option<Date>,
    /// Whether that is longer ago than the user allows, or not known.
    pub is_stale: bool,
}
