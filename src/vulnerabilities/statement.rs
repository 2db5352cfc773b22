//! What an advisory says of one package, whatever feed it comes from.

use crate::packages::version::Scheme;

/// What an advisory says of one package.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statement {
    /// The advisory: `DSA-5532-1`, `ALAS2023-2024-500`, `GHSA-…`.
    pub advisory: String,
    /// The vulnerabilities that it is about, by their CVE; empty where it has none.
    pub cves: Vec<String>,
    /// Other names of the same vulnerability.
    pub aliases: Vec<String>,
    /// Which packages it is about.
    pub package: Subject,
    /// Which versions are affected, as ranges.
    pub ranges: Vec<Range>,
    /// Which versions are affected, one by one.
    pub versions: Vec<String>,
    /// What the vendor says of them.
    pub status: Status,
    /// How bad, as far as the feed says so.
    pub ratings: Vec<Rating>,
    /// What it is, in a line.
    pub summary: String,
    /// Day of the last change, as `YYYY-MM-DD`.
    pub modified: String,
    /// Where to read on.
    pub references: Vec<String>,
    /// What must be linked into a program for it to matter, by import path: Go's symbols.
    pub symbols: Vec<(String, Vec<String>)>,
    /// The fix is for subscribers: `Ubuntu Pro`, `EUS`.
    pub subscription: Option<String>,
}

/// Which packages a statement is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The feed's own name of the ecosystem with its release: `Debian:12`, `PyPI`, `Amazon Linux:2023`.
    pub ecosystem: String,
    /// The name, as the feed writes it.
    pub name: String,
    /// Whether `name` names source packages, binary packages, or either.
    pub kind: NameKind,
    /// The module stream, `nodejs:18`.
    pub module: Option<String>,
    /// The repository that the fix is in: `amzn2-core`, `amzn2extra-kernel-5.15`; a CPE of Red Hat's.
    pub repository: Option<String>,
    /// The architecture.
    pub architecture: Option<String>,
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
    /// How its versions are ordered.
    pub scheme: Option<Scheme>,
    /// In any order.
    pub events: Vec<Event>,
}

/// Where a range begins or ends. Source: OSV schema 1.7, "affected[].ranges[].events".
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

/// What a vendor says of the versions that a statement names.
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

/// How bad, in somebody's words or numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Rating {
    /// The vendor's word: `Important`, `high`.
    Word(String),
    /// A vector of CVSS 2, 3 or 4.
    Cvss(String),
}
