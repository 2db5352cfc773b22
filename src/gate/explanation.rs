//! Why a verdict is what it is.

use std::collections::BTreeSet;
use std::fmt;

use crate::audit::Report;
use crate::baseline::{Baseline, Entry};
use crate::finding::{BaselineState, Disposition};
use crate::requirements;

/// Why a verdict is what it is; empty for a report that was not judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// The profile or file that judged; `None` for what the program does without either.
    pub policy: Option<String>,
    /// What it says of itself.
    pub title: String,
    /// Whether it wants every place shown, and why.
    pub is_verbose: bool,
    /// The rules of it by which findings fail.
    pub rules: Vec<Rule>,
    /// The lists of requirements that it wants judged.
    pub requirements: Vec<requirements::Judged>,
    /// Required checks that are not decided.
    pub open: Vec<Open>,
    /// What became of each gap of the report, in its order.
    pub gaps: Vec<GapDisposition>,
    /// What of the policy was of no use, or is over.
    pub notices: Vec<Notice>,
    /// What a baseline knew, and did not know.
    pub baseline: Option<Compared>,
}

/// A rule of a policy by which findings fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// As the policy has it: "findings.category.shadow: severity low", "require aws-shared-ami: shared-host-keys".
    pub name: String,
    /// How many findings; of those about one secret, one. None, where something else fails it: a locked volume.
    pub findings: usize,
}

/// A required check that is not decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// As the policy has it: "require aws-shared-ami: shared-host-keys".
    pub name: String,
    /// Why it is not decided.
    pub because: String,
}

/// What became of a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GapDisposition {
    /// Nothing was lost.
    Harmless,
    /// It stands against the image.
    Counts,
    /// It is accepted: why.
    Accepted(String),
}

/// Something that whoever keeps the policy or the baseline should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// An exception whose last day is over, with findings that it would allow.
    Expired {
        /// What it allows.
        what: String,
        /// Its last day, who answers for it.
        until: String,
        /// How many findings.
        findings: usize,
    },
    /// An exception or accepted gap that nothing needed.
    Unused {
        /// What it allows.
        what: String,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { what, until, findings: 1 } => write!(f, "EXPIRED {until}: {what} (1 finding)"),
            Self::Expired { what, until, findings } => {
                write!(f, "EXPIRED {until}: {what} ({findings} findings)")
            }
            Self::Unused { what } => write!(f, "not needed: {what}"),
        }
    }
}

/// A report beside a baseline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// What its key is called.
    pub key: String,
    /// The image that it was made of.
    pub image: String,
    /// How many findings it knew.
    pub known: usize,
    /// How many it did not.
    pub new: usize,
    /// What it has, and the report has not, by fingerprint.
    pub gone: Vec<Gone>,
}

/// A finding of a baseline that is not in the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Its fingerprint.
    pub fingerprint: String,
    /// What the baseline says of it.
    pub entry: Entry,
}

/// Compares, once it is known how each finding stands.
pub(super) fn compared(baseline: &Baseline, report: &Report, dispositions: &[Disposition]) -> Compared {
    let is_known = |disposition: &&Disposition| matches!(disposition.baseline, Some(BaselineState::Since(_)));
    let known = dispositions.iter().filter(is_known).count();
    let there: BTreeSet<&str> = dispositions.iter().filter_map(|one| one.fingerprint.as_deref()).collect();
    let gone = baseline.findings.iter().filter(|(print, _)| !there.contains(print.as_str()));
    let mut gone: Vec<Gone> =
        gone.map(|(print, entry)| Gone { fingerprint: print.clone(), entry: entry.clone() }).collect();
    // Fingerprints are in no order that says something.
    gone.sort_by(|a, b| (&a.entry.path, &a.entry.rule).cmp(&(&b.entry.path, &b.entry.rule)));
    Compared {
        key: baseline.key.name(),
        image: baseline.image.clone(),
        known,
        new: report.findings.len().saturating_sub(known),
        gone,
    }
}
