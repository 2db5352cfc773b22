//! What a vendor asks of images, requirement by requirement, and what a report says to each.
//!
//! A list (`signatures/requirements/`) names a guide of the vendor. Each of its requirements is judged by findings
//! that violate it, or by gaps of a kind that do; says which part of the image must have been read for it to pass;
//! or says why nobody can tell from the image alone. So a requirement passes, fails with its evidence, is not
//! decided because of a gap, cannot be checked offline, or is about another system.

use crate::audit::Report;
use crate::finding::{Category, Confidence, Finding, Gap, GapKind, Loss, Severity};
use assay_disk::path;

mod embedded;
pub mod proof;
mod raw;

pub use embedded::{list, lists, names, text};
pub use raw::RequirementError;

/// What one guide of a vendor asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// "aws-shared-ami".
    pub id: String,
    /// In words.
    pub title: String,
    /// In the order of the guide.
    pub requirements: Vec<Requirement>,
}

/// One thing that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Unique over all lists, kebab-case.
    pub id: String,
    /// What must hold, in one line.
    pub title: String,
    /// The part of the guide that asks it.
    pub source: String,
    /// Its address.
    pub url: String,
    /// The system it is about; `None`: any.
    pub system: Option<System>,
    /// How it is judged.
    pub judged: How,
    /// What a pass does not say, where that is something.
    pub limits: String,
    /// Findings that violate it, and findings that do not: each rule with its severity.
    pub proofs: proof::Proofs,
}

/// The system of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Linux, and what is like it.
    Linux,
    /// Windows.
    Windows,
}

/// How a requirement is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// By what the report has.
    Report {
        /// What violates it: one is enough.
        violated_by: Vec<Violation>,
        /// Paths (of files or directories) that must have been read; `/` for everything.
        needs: Vec<String>,
    },
    /// Not from the image: why.
    NotCheckable(String),
}

/// What violates a requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A finding that is all of this.
    Finding {
        /// Its rule fits this pattern.
        rule: Option<String>,
        /// It is of this category.
        category: Option<Category>,
        /// Its rule fits none of these.
        except: Vec<String>,
        /// It is at least so bad.
        severity: Severity,
        /// It is at least so sure.
        confidence: Confidence,
        /// Its path fits this pattern.
        path: Option<String>,
        /// It is about this account, host or service.
        subject: Option<String>,
    },
    /// A whole volume that could not be read for this reason.
    Volume(GapKind),
}

/// How a requirement came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing violates it, and what it needs was read.
    Pass,
    /// Something violates it.
    Fail,
    /// Nothing that was read violates it, but not everything that it needs was read.
    Undecided,
    /// The image alone does not tell.
    NotCheckable,
    /// It is about another system.
    NotApplicable,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Pass, Self::Fail, Self::Undecided, Self::NotCheckable, Self::NotApplicable];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Undecided => "undecided",
            Self::NotCheckable => "not-checkable",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// A list as it came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// "aws-shared-ami".
    pub list: String,
    /// In words.
    pub title: String,
    /// In the order of the list.
    pub results: Vec<Outcome>,
}

/// A requirement as it came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What was asked.
    pub requirement: Requirement,
    /// How it came out.
    pub verdict: Verdict,
    /// Which findings of the report violate it, by their index.
    pub findings: Vec<usize>,
    /// Which gaps of the report violate it (fail), or leave it open (not decided), by their index.
    pub gaps: Vec<usize>,
    /// Whether a policy or a baseline allows all that violates it; said when the report is judged.
    pub is_accepted: bool,
}

impl Judged {
    /// How many requirements came out so.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.results.iter().filter(|outcome| outcome.verdict == verdict).count()
    }
}

/// Judges all requirements of `list` by `report`.
pub fn judge(list: &List, report: &Report) -> Judged {
    let system = system(report);
    let results = list.requirements.iter().map(|requirement| one(requirement, report, system)).collect();
    Judged { list: list.id.clone(), title: list.title.clone(), results }
}

fn one(requirement: &Requirement, report: &Report, system: Option<System>) -> Outcome {
    let outcome = |verdict, findings, gaps| {
        let requirement = requirement.clone();
        Outcome { requirement, verdict, findings, gaps, is_accepted: false }
    };
    if requirement.system.zip(system).is_some_and(|(of, system)| of != system) {
        return outcome(Verdict::NotApplicable, Vec::new(), Vec::new());
    }
    let (violated_by, needs) = match &requirement.judged {
        How::NotCheckable(_) => return outcome(Verdict::NotCheckable, Vec::new(), Vec::new()),
        How::Report { violated_by, needs } => (violated_by, needs),
    };
    let violates = |finding: &Finding| violated_by.iter().any(|violation| violation.is_finding(finding));
    let findings = numbers(&report.findings, violates);
    let violating = numbers(&report.gaps, |gap| violated_by.iter().any(|violation| violation.is_gap(gap)));
    if !findings.is_empty() || !violating.is_empty() {
        return outcome(Verdict::Fail, findings, violating);
    }
    let open = numbers(&report.gaps, |gap| needs.iter().any(|need| leaves_open(gap, need)));
    let is_root_read =
        report.volumes.iter().any(|volume| volume.read && volume.mount.as_deref() == Some(b"/"));
    let verdict = if open.is_empty() && is_root_read { Verdict::Pass } else { Verdict::Undecided };
    outcome(verdict, findings, open)
}

fn numbers<T>(all: &[T], wanted: impl Fn(&T) -> bool) -> Vec<usize> {
    all.iter().enumerate().filter(|(_, one)| wanted(one)).map(|(index, _)| index).collect()
}

impl Violation {
    /// Whether a finding of this advisory could be meant: for telling patterns that hit nothing.
    pub(crate) fn could_be(&self, id: &str, of: Category) -> bool {
        match self {
            Self::Finding { rule, category, except, .. } => {
                rule.as_ref().is_none_or(|rule| path::fits(rule, id.as_bytes()))
                    && category.is_none_or(|category| category == of)
                    && !except.iter().any(|except| path::fits(except, id.as_bytes()))
            }
            Self::Volume(_) => false,
        }
    }

    fn is_finding(&self, finding: &Finding) -> bool {
        let Self::Finding { severity, confidence, path, subject, .. } = self else { return false };
        finding.severity >= *severity
            && finding.confidence >= *confidence
            && self.could_be(&finding.advisory.id, finding.advisory.category)
            && path.as_ref().is_none_or(|path| path::fits(path, &finding.location.path))
            && subject.as_ref().is_none_or(|subject| finding.subject.as_ref() == Some(subject))
    }

    fn is_gap(&self, gap: &Gap) -> bool {
        matches!(self, Self::Volume(kind) if gap.kind == *kind && gap.loss == Loss::Volume)
    }
}

/// Whether something at or under `need` may have been lost by `gap`.
fn leaves_open(gap: &Gap, need: &str) -> bool {
    let (path, need) = (gap.location.path.as_slice(), need.as_bytes());
    if gap.loss == Loss::Nothing {
        return false;
    }
    if path.is_empty() {
        // A volume that is mounted nowhere known could be anything but what a root cannot start without.
        return !is_under(need, b"/etc");
    }
    is_under(path, need) || gap.loss >= Loss::Directory && is_under(need, path)
}

/// Whether `path` is `above`, or in it: as a directory, or as an archive.
fn is_under(path: &[u8], above: &[u8]) -> bool {
    let above = above.strip_suffix(b"/").unwrap_or(above);
    path.strip_prefix(above).is_some_and(|rest| matches!(rest.first(), None | Some(b'/' | b'!')))
}

/// The system of the image, where the report tells.
fn system(report: &Report) -> Option<System> {
    let root = report.volumes.iter().find(|volume| volume.mount.as_deref() == Some(b"/"));
    match root.and_then(|root| root.mount_source) {
        Some("holds /Windows") => Some(System::Windows),
        Some(_) => Some(System::Linux),
        None => report.system.is_some().then_some(System::Linux),
    }
}

#[cfg(test)]
mod tests;
