//! Policies: what an image must be like to pass the gate, as data.
//!
//! Built-in ones are the profiles in `signatures/policies/`; a user's file has the same form, and may extend one of
//! them. `written` is the form, with its errors and their lines; this is what it means. Judging is the gate's.

use std::collections::BTreeMap;
use std::fmt;

use crate::date::Date;
use crate::finding::{Category, Confidence, Finding, Gap, GapKind, Severity};
use crate::sourcing;
use assay_disk::path;
use assay_disk::text::Escaped;

mod embedded;
mod merge;
mod packages;
mod raw;

pub use embedded::{PROFILES, profile, text};
pub use packages::{PackageRules, Said as SaidOfPackage};
pub use raw::read;

/// What an image must be like to pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The profile, or the file, that it is from; `None` for what the program does without either.
    pub name: Option<String>,
    /// In words; may be empty.
    pub title: String,
    /// What the audit shall do beyond the usual.
    pub scan: Scan,
    /// Which findings fail, of categories without a threshold of their own.
    pub findings: Threshold,
    /// Which findings of a category fail.
    pub categories: BTreeMap<Category, Threshold>,
    /// Lists of requirements that are judged and shown, by name.
    pub lists: Vec<String>,
    /// What is said of images in use, where exports of an account are judged.
    pub sourcing: sourcing::Rules,
    /// What is said of vulnerable and unsupported software.
    pub packages: PackageRules,
    /// What must pass.
    pub required: Vec<Required>,
    /// Gaps that may be.
    pub accepted_gaps: Vec<AcceptedGap>,
    /// Findings that may be.
    pub exceptions: Vec<Exception>,
}

/// What a policy asks of the audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// The benchmark to run: its name, or "auto".
    pub benchmark: Option<String>,
    /// Which files are compared with the image's own package database.
    pub compare_packages: Option<Compare>,
    /// Whether free space is searched, and deleted files come back.
    pub deleted: Option<bool>,
    /// How many default passwords are tried against hashes.
    pub default_passwords: Option<DefaultPasswords>,
    /// Whether every place is shown, and why.
    pub verbose: Option<bool>,
}

/// How many default passwords are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultPasswords {
    /// The most likely ones, for about half a second of a core.
    Likely,
    /// As many as two seconds of a core allow.
    More,
}

/// Which files are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// Programs, libraries, units.
    Essential,
    /// All that have a digest.
    All,
    /// None.
    Nothing,
}

/// From where on findings fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// So bad, or worse; `None`: they do not fail.
    pub severity: Option<Severity>,
    /// So sure, or surer.
    pub confidence: Confidence,
    /// What it is called: "findings.severity = high", "--fail-on high".
    pub name: String,
}

/// Something that must pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Required {
    /// Requirements of a list.
    Requirements {
        /// Its name.
        list: String,
        /// Patterns of ids; empty: all.
        only: Vec<String>,
        /// Patterns of ids that need not pass.
        except: Vec<String>,
    },
    /// An operating system is in the image: rules by place say nothing where there is none.
    System,
    /// Sections of the benchmark that is run.
    Benchmark {
        /// Patterns of section numbers: "5.1.*".
        sections: Vec<String>,
        /// Up to this level.
        level: u8,
        /// Patterns of section numbers that need not pass.
        except: Vec<String>,
    },
}

/// Gaps that may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedGap {
    /// `None`: any kind.
    pub kind: Option<GapKind>,
    /// A pattern of paths; `None`: anywhere, volumes too.
    pub path: Option<String>,
    /// Why.
    pub reason: String,
    /// Whether it is from the command line: then nobody is told that it was of no use.
    pub is_flag: bool,
}

/// Findings that may be, for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Which.
    pub which: Which,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day.
    pub expires: Date,
}

/// Which findings an exception means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one of this fingerprint, under the key of the baseline.
    Fingerprint(String),
    /// Those of a rule at a place.
    Place {
        /// A pattern of rule ids.
        rule: String,
        /// A pattern of paths.
        path: String,
    },
}

impl Default for Policy {
    /// What the program does without a policy: findings at high or above fail, and so does any gap.
    fn default() -> Self {
        Self {
            name: None,
            title: String::new(),
            scan: Scan::default(),
            findings: Threshold::flag(Some(Severity::High)),
            categories: BTreeMap::new(),
            lists: Vec::new(),
            sourcing: sourcing::Rules::default(),
            packages: PackageRules::default(),
            required: Vec::new(),
            accepted_gaps: Vec::new(),
            exceptions: Vec::new(),
        }
    }
}

impl Policy {
    /// The threshold for findings of a category.
    pub fn threshold(&self, category: Category) -> &Threshold {
        self.categories.get(&category).unwrap_or(&self.findings)
    }

    /// Sets one threshold for all categories, as `--fail-on` does.
    pub fn fail_on(&mut self, severity: Option<Severity>) {
        self.findings = Threshold::flag(severity);
        self.categories.clear();
    }

    /// Accepts gaps of a kind (`None`: of any), as `--accept-gap` does.
    pub fn accept_gaps(&mut self, kind: Option<GapKind>) {
        let name = kind.map_or("all", GapKind::name);
        let reason = format!("--accept-gap {name}");
        self.accepted_gaps.push(AcceptedGap { kind, path: None, reason, is_flag: true });
    }

    /// Whether some exception is by fingerprint, so that a baseline with its key is needed.
    pub fn needs_key(&self) -> bool {
        self.exceptions.iter().any(|exception| matches!(exception.which, Which::Fingerprint(_)))
    }
}

impl Threshold {
    /// The one of `--fail-on`.
    pub fn flag(severity: Option<Severity>) -> Self {
        let name = format!("--fail-on {}", severity.map_or("never", Severity::name));
        Self { severity, confidence: Confidence::Low, name }
    }

    /// Whether `finding` fails by it.
    pub fn fails(&self, finding: &Finding) -> bool {
        self.severity.is_some_and(|least| finding.severity >= least) && finding.confidence >= self.confidence
    }
}

impl AcceptedGap {
    /// Whether it means `gap`.
    pub fn fits(&self, gap: &Gap) -> bool {
        self.kind.is_none_or(|kind| kind == gap.kind)
            && self.path.as_ref().is_none_or(|path| path::fits(path, &gap.location.path))
    }
}

impl Exception {
    /// Whether it means `finding`, of this fingerprint.
    pub fn fits(&self, finding: &Finding, fingerprint: Option<&str>) -> bool {
        match &self.which {
            Which::Fingerprint(print) => fingerprint == Some(print),
            Which::Place { rule, path } => {
                path::fits(rule, finding.advisory.id.as_bytes()) && path::fits(path, &finding.location.path)
            }
        }
    }

    /// Whether its last day is over.
    pub fn is_expired(&self, today: Date) -> bool {
        self.expires < today
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.which {
            Which::Fingerprint(print) => write!(f, "allow fingerprint {print}"),
            Which::Place { rule, path } => {
                write!(f, "allow {} at {}", Escaped(rule.as_bytes()), Escaped(path.as_bytes()))
            }
        }
    }
}

impl fmt::Display for AcceptedGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, path) = (self.kind.map_or("all", GapKind::name), self.path.as_deref().unwrap_or("**"));
        write!(f, "accept-gap {kind} at {}", Escaped(path.as_bytes()))
    }
}
