//! A piece of software that is installed, whoever brought it.

use std::cmp::Ordering;

use super::ecosystem::Ecosystem;
use crate::finding::{Confidence, Location};

/// A piece of software that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// Its kind.
    pub ecosystem: Ecosystem,
    /// What comes before the name: Maven's group, npm's scope (`@angular`), Composer's vendor. Go's module paths have
    /// none: the path is the name.
    pub namespace: Option<String>,
    /// Its name as its own ecosystem writes it.
    pub name: String,
    /// Its version, with epoch and release where there are such; `None` where nothing says it (Go's `(devel)`).
    pub version: Option<String>,
    /// What it was built from, where the package database says so.
    pub source: Option<Source>,
    /// The machine it is for.
    pub architecture: Option<String>,
    /// How far it is installed.
    pub state: State,
    /// Who made it.
    pub origin: Origin,
    /// The stream of a module that it belongs to: `nodejs:18`.
    pub module: Option<String>,
    /// Its license, as its maker writes it.
    pub license: Option<String>,
    /// When it was installed, in seconds since 1970.
    pub installed: Option<i64>,
    /// When it was built, in seconds since 1970.
    pub built: Option<i64>,
    /// Why it was installed, where the database says so.
    pub reason: Option<Reason>,
    /// The package of the distribution that brought it, where it is a part of one.
    pub owner: Option<String>,
    /// How it was recognised.
    pub evidence: Evidence,
    /// How sure it is that it is this version of it.
    pub confidence: Confidence,
    /// The file that shows it. The audit completes it, where only the path or nothing is set.
    pub location: Location,
    /// The system of the tree it belongs to; 0 is the machine itself.
    pub system: usize,
    /// Further qualifiers of its package URL: conda's `build`, a snap's `revision`.
    pub qualifiers: Vec<(&'static str, String)>,
}

/// What a binary package was built from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Name of the source package.
    pub name: String,
    /// Its version, which can differ from that of the binary package; `None` where the database does not say it.
    pub version: Option<String>,
}

/// How far a package is installed. Source: dpkg(1), "Package states".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// As it should be.
    #[default]
    Installed,
    /// Its files are there, but it was not configured to the end, waits for triggers, or is installed in part.
    Unfinished,
    /// Installed, and held back from updates.
    Held,
}

impl State {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::Unfinished => "unfinished",
            Self::Held => "held",
        }
    }
}

/// Why a package was installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Somebody asked for it.
    Explicit,
    /// Another package needs it.
    Dependency,
}

impl Reason {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Explicit => "explicit",
            Self::Dependency => "dependency",
        }
    }
}

/// Who made a package.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// Nothing says it.
    #[default]
    Unknown,
    /// The distribution.
    Distribution,
    /// Somebody else; who, as the package says it.
    ThirdParty(String),
}

/// How a component was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// A database of packages.
    PackageDatabase,
    /// The metadata that its installer wrote beside it.
    Metadata,
    /// What its build wrote into the program.
    BuildInfo,
    /// The name of a file or directory.
    FileName,
    /// Words in a program.
    Strings,
}

impl Evidence {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PackageDatabase => "package database",
            Self::Metadata => "installed metadata",
            Self::BuildInfo => "build information",
            Self::FileName => "file name",
            Self::Strings => "strings in a program",
        }
    }
}

impl Component {
    /// A component of this kind, installed, with a high confidence, without anything else that is known of it.
    pub fn new(ecosystem: Ecosystem, name: impl Into<String>, version: impl Into<String>) -> Self {
        let version = version.into();
        Self {
            ecosystem,
            namespace: None,
            name: name.into(),
            version: (!version.is_empty()).then_some(version),
            source: None,
            architecture: None,
            state: State::default(),
            origin: Origin::default(),
            module: None,
            license: None,
            installed: None,
            built: None,
            reason: None,
            owner: None,
            evidence: Evidence::Metadata,
            confidence: Confidence::High,
            location: Location::default(),
            system: 0,
            qualifiers: Vec::new(),
        }
    }

    /// The order in which components are listed: a total one, so that no thread can be seen in it.
    pub fn order(&self, other: &Self) -> Ordering {
        (self.system, self.ecosystem)
            .cmp(&(other.system, other.ecosystem))
            .then_with(|| self.namespace.cmp(&other.namespace))
            .then_with(|| self.name.cmp(&other.name))
            .then_with(|| self.version.cmp(&other.version))
            .then_with(|| self.location.cmp(&other.location))
            .then_with(|| (self.evidence, self.state).cmp(&(other.evidence, other.state)))
            .then_with(|| other.confidence.cmp(&self.confidence))
            .then_with(|| (&self.architecture, &self.license).cmp(&(&other.architecture, &other.license)))
            .then_with(|| self.qualifiers.cmp(&other.qualifiers))
    }

    /// The same below a namespace.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// The same, recognised otherwise.
    #[must_use]
    pub fn evidence(mut self, evidence: Evidence) -> Self {
        self.evidence = evidence;
        self
    }

    /// The same with another confidence.
    #[must_use]
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// Its name with its namespace, as its own ecosystem writes it: `@scope/name`, `group:artifact`, `vendor/name`.
    pub fn full_name(&self) -> String {
        match (&self.namespace, self.ecosystem) {
            (None, _) => self.name.clone(),
            (Some(group), Ecosystem::Maven) => format!("{group}:{}", self.name),
            (Some(namespace), _) => format!("{namespace}/{}", self.name),
        }
    }
}
