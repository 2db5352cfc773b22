//! Checks: what a system should be like, as data, judged on the tree of an image.
//!
//! A check is a TOML table (`signatures/checks/`): id, title, severity, why, remedy, the sections of the
//! benchmarks it answers, a condition built of the primitives in [`schema`], and proofs: small trees that must
//! pass and small trees that must fail. How the parts lie:
//!
//! - [`schema`] is the language: what a file of checks may say, and nothing about judging;
//! - [`subject`] is what is judged: the tree and the facts, read through one door that knows what could NOT
//!   be read, so that a missing file and an unreadable one are never mistaken for each other;
//! - `evaluate` takes a condition apart (`all`, `any`, `not`) and hands each primitive to the file that knows
//!   its kind of configuration (files, settings, modules, boot, mounts, units, packages, sshd, PAM, sudoers, accounts,
//!   audit rules, chrony, masks, the sweep over all files);
//! - [`benchmark`] runs the checks of one benchmark and counts;
//! - [`proof`] tries every check on its own proofs.
//!
//! A verdict is pass, fail, not applicable or NOT DECIDED: what could not be read is never a pass. Nothing of
//! this is parsed unless a benchmark is asked for or a check is on by default: those are in a file of their own.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::finding::{Advisory, Category, FactKey, Secret};

mod accounts;
pub mod artifacts;
mod audit_rules;
pub mod benchmark;
mod boot;
mod chrony;
mod embedded;
mod evaluate;
mod file_scan;
mod files;
pub mod fixtures;
mod includes;
mod modules;
mod mounts;
mod packages;
mod pam;
pub mod proof;
mod raw;
pub mod schema;
mod settings;
mod sshd;
pub mod subject;
mod sudoers;
mod sysctl;
mod umask;
mod units;

pub use artifacts::Artifacts;
pub use benchmark::Benchmark;
pub use embedded::{all, defaults, of_benchmark, text};
pub use raw::CheckError;
pub use subject::Subject;

/// Something that a system should be like.
#[derive(Debug)]
pub struct Check {
    /// Id, title, severity, why and remedy, as a finding shows them.
    pub advisory: Arc<Advisory>,
    /// The sections it answers.
    pub sections: Vec<Section>,
    /// What a system must be like for the check to be about it; a check without is about all.
    pub applies: Option<schema::Rule>,
    /// What must hold.
    pub rule: schema::Rule,
    /// Trees on which it must pass, fail, and not apply.
    pub proofs: fixtures::Proofs,
}

/// A section of a benchmark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// "cis-debian12".
    pub benchmark: String,
    /// "5.1.20".
    pub number: String,
    /// The level of the profile for servers: 1 or 2.
    pub level: u8,
}

/// How a check ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// It is about something that this system does not have.
    NotApplicable,
    /// Something that decides it could not be read.
    Undecided,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pass, Self::Fail, Self::NotApplicable, Self::Undecided];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotApplicable => "not-applicable",
            Self::Undecided => "undecided",
        }
    }
}

/// What shows a verdict: a place, and what stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The file; empty where it is about the system as a whole.
    pub path: Vec<u8>,
    /// The line, from 1.
    pub line: Option<u64>,
    /// What stands there, or is missing.
    pub value: String,
}

/// A verdict and what shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// At most [`Outcome::KEPT`] places; [`Outcome::SHOWN`] of them are shown.
    pub evidence: Vec<Evidence>,
}

impl Outcome {
    /// Places that are shown.
    pub const SHOWN: usize = 8;
    /// Places that are kept: with the next one a finding is another one, whether it is shown or not.
    pub const KEPT: usize = 1000;

    fn new(verdict: Verdict, evidence: Evidence) -> Self {
        Self { verdict, evidence: vec![evidence] }
    }

    /// Pass or fail, by whether something holds.
    fn of(holds: bool, evidence: Evidence) -> Self {
        Self::new(if holds { Verdict::Pass } else { Verdict::Fail }, evidence)
    }

    fn undecided(path: &[u8], why: impl Into<String>) -> Self {
        Self::new(Verdict::Undecided, Evidence { path: path.to_vec(), line: None, value: why.into() })
    }

    /// Fails with every place; passes where there is none.
    fn none_of(places: Vec<Evidence>, otherwise: &str) -> Self {
        if places.is_empty() {
            return Self::of(true, Evidence { value: otherwise.to_owned(), ..Evidence::default() });
        }
        let verdict = Verdict::Fail;
        Self { verdict, evidence: places.into_iter().take(Self::KEPT).collect() }
    }
}

impl Evidence {
    /// About a file as a whole.
    fn at(path: &[u8], value: impl Into<String>) -> Self {
        Self { path: path.to_vec(), line: None, value: value.into() }
    }

    /// About a line.
    fn line(path: &[u8], line: u64, value: impl Into<String>) -> Self {
        Self { path: path.to_vec(), line: Some(line), value: value.into() }
    }

    /// About the system.
    fn plain(value: impl Into<String>) -> Self {
        Self { value: value.into(), ..Self::default() }
    }
}

impl Check {
    /// Evaluates the check on a system. What was found fails whatever else there is; a pass wants all to be read.
    pub fn evaluate(&self, subject: &Subject<'_>) -> Outcome {
        subject.take_doubt();
        let outcome = self.evaluate_as_read(subject);
        match (outcome.verdict, subject.take_doubt()) {
            (Verdict::Pass | Verdict::NotApplicable, Some((path, why))) => Outcome::undecided(&path, why),
            _ => outcome,
        }
    }

    fn evaluate_as_read(&self, subject: &Subject<'_>) -> Outcome {
        if let Some(applies) = &self.applies {
            let outcome = evaluate::evaluate(applies, subject);
            match outcome.verdict {
                Verdict::Pass => {}
                Verdict::Undecided => return outcome,
                Verdict::Fail | Verdict::NotApplicable => {
                    return Outcome { verdict: Verdict::NotApplicable, evidence: outcome.evidence };
                }
            }
        }
        evaluate::evaluate(&self.rule, subject)
    }

    /// Whether every place that shows a failure is one by itself: not where one of several ways would do.
    pub fn counts_places(&self) -> bool {
        fn counts(rule: &schema::Rule) -> bool {
            match rule {
                schema::Rule::Any(_) => false,
                schema::Rule::All(rules) => rules.iter().all(counts),
                schema::Rule::Not(rule) => counts(rule),
                _ => true,
            }
        }
        counts(&self.rule)
    }

    /// The finding of a check that failed.
    pub fn finding(&self, outcome: &Outcome) -> crate::finding::Finding {
        use assay_disk::text::Escaped;
        let mut finding = crate::finding::Finding::new(&self.advisory);
        if let Some(first) = outcome.evidence.first() {
            finding.location.path.clone_from(&first.path);
            finding.location.line = first.line;
        }
        let told = |evidence: &Evidence| match evidence.path.is_empty() {
            true => evidence.value.clone(),
            false => format!("{}: {}", Escaped(&evidence.path), evidence.value),
        };
        let (shown, rest) =
            outcome.evidence.split_at_checked(Outcome::SHOWN).unwrap_or((&outcome.evidence, &[]));
        for evidence in shown {
            finding = finding.fact(FactKey::ShownBy, told(evidence));
        }
        if !rest.is_empty() {
            let mut hash = Sha256::new();
            rest.iter().for_each(|evidence| hash.update(told(evidence) + "\n"));
            finding = finding.fact(FactKey::PlacesNotShown, rest.len().to_string());
            finding.evidence.content = Some(Secret::new(hash.finalize().to_vec()));
        }
        finding
    }
}

/// The category of findings of checks that belong to benchmarks only.
fn category(on_by_default: bool) -> Category {
    if on_by_default { Category::Access } else { Category::Hardening }
}
