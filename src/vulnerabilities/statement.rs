//! What an advisory says, whatever feed it comes from.

use super::ecosystem::OsvEcosystem;

/// An advisory, as far as it is about packages that are installed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statement {
    /// The advisory: `DSA-5532-1`, `ALAS2023-2024-500`, `GHSA-…`.
    pub advisory: String,
    /// The vulnerabilities that it is about, by their CVE; empty where it has none.
    pub cves: Vec<String>,
    /// Other names of the same vulnerability.
    pub aliases: Vec<String>,
    /// What it says of each package.
    pub claims: Vec<Claim>,
    /// How bad, as far as the feed says so.
    pub ratings: Vec<Rating>,
    /// What it is, in a line.
    pub summary: String,
    /// Moment of the last change, as RFC 3339 writes it, or its day; empty where the feed does not say it.
    pub modified: String,
    /// Where to read on.
    pub references: Vec<String>,
    /// Whether its publisher took it back.
    pub is_withdrawn: bool,
}

/// What an advisory says of one package of one release.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// Which package.
    pub subject: Subject,
    /// Which versions are affected, as ranges.
    pub ranges: Vec<Range>,
    /// Which versions are affected, one by one.
    pub versions: Vec<String>,
    /// What the vendor says of them.
    pub status: Status,
    /// How bad it is for this package.
    pub ratings: Vec<Rating>,
    /// The binary packages that are meant, where the subject is a source package; empty: all.
    pub binaries: Vec<String>,
    /// What must be linked into a program for it to matter, by import path: Go's symbols. None: all of the package.
    pub symbols: Vec<(String, Vec<String>)>,
}

impl Claim {
    /// Says that all versions of the subject are affected that its ranges and versions name: none yet.
    pub const fn new(subject: Subject) -> Self {
        Self {
            subject,
            ranges: Vec::new(),
            versions: Vec::new(),
            status: Status::Affected,
            ratings: Vec::new(),
            binaries: Vec::new(),
            symbols: Vec::new(),
        }
    }

    /// The same, of all versions before `fixed`.
    #[must_use]
    pub fn before(mut self, fixed: impl Into<String>) -> Self {
        self.ranges.push(Range::before(fixed));
        self
    }

    /// The same, of all versions.
    #[must_use]
    pub fn unfixed(mut self) -> Self {
        self.ranges.push(Range { events: vec![Event::Introduced("0".to_owned())] });
        self
    }
}

/// Which packages a claim is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Whose packages.
    pub ecosystem: OsvEcosystem,
    /// The release, as the feed writes it behind the name of the ecosystem: `12`, `Pro:18.04:LTS`; empty where there are
    /// none.
    pub release: String,
    /// The name, as the feed writes it.
    pub name: String,
    /// What `name` names.
    pub kind: NameKind,
    /// The module streams that the fix is built in, `nodejs:18`; empty where it is no module, or nothing says it.
    pub modules: Vec<String>,
    /// The repository that the fix is in: `kernel-5.15` of Amazon's extras; a CPE of Red Hat's.
    pub repository: Option<String>,
    /// The architecture.
    pub architecture: Option<String>,
}

impl Subject {
    /// The package `name` of a release.
    pub fn new(ecosystem: OsvEcosystem, release: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            ecosystem,
            release: release.into(),
            name: name.into(),
            kind: ecosystem.names(),
            modules: Vec::new(),
            repository: None,
            architecture: None,
        }
    }
}

/// What a name names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NameKind {
    /// A source package.
    Source,
    /// A binary package.
    Binary,
    /// The feed does not tell the two apart.
    #[default]
    Either,
}

/// A range of versions that are affected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// In any order.
    pub events: Vec<Event>,
}

impl Range {
    /// All versions before this one.
    pub fn before(fixed: impl Into<String>) -> Self {
        Self { events: vec![Event::Introduced("0".to_owned()), Event::Fixed(fixed.into())] }
    }
}

/// Where a range begins or ends. Source: OSV schema 1.7, `affected[].ranges[].events`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Affected from this version on; `0` is before all.
    Introduced(String),
    /// Not affected from this version on.
    Fixed(String),
    /// Affected up to this version, itself included.
    LastAffected(String),
    /// Says nothing of this version and those above it.
    Limit(String),
}

/// What a vendor says of the versions that a claim names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// They are affected.
    #[default]
    Affected,
    /// They are affected, and the vendor is not going to mend them.
    WontFix,
    /// They are affected, and the vendor thinks little of it: Debian's `no-dsa`, `postponed`.
    Minor,
    /// They are affected in a way that the vendor does not count as a security problem: Debian's `unimportant`.
    Unimportant,
    /// Nobody looks after them any more.
    EndOfLife,
    /// Nobody has decided yet.
    UnderInvestigation,
    /// They are not affected.
    NotAffected,
}

impl Status {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Affected => "affected",
            Self::WontFix => "will not be fixed",
            Self::Minor => "minor",
            Self::Unimportant => "unimportant",
            Self::EndOfLife => "end of life",
            Self::UnderInvestigation => "under investigation",
            Self::NotAffected => "not affected",
        }
    }
}

/// How bad, in somebody's words or numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rating {
    /// The vendor's word: `Important`, `high`.
    Word(String),
    /// A vector of CVSS 2, 3 or 4.
    Cvss(String),
}
