//! Reports: one file a format, each with its own serialised types.

use crate::audit::Report;
use crate::finding::{GapKind, Severity};
use crate::gate::Explanation;

pub mod asff;
pub mod csv;
pub mod diff;
pub mod evidence;
pub mod fingerprints;
pub mod format;
pub mod gitlab;
pub mod html;
pub mod intoto;
pub mod inventory;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod ndjson;
pub mod ocsf;
pub mod requirements;
pub mod run;
pub mod sarif;
pub mod sbom;
mod software;
pub mod terminal;
pub mod timeline;
pub mod versions;
mod words;

pub use format::{Format, Told};
pub use run::Run;

/// All forms of the report, in the order of the help.
pub static FORMATS: [&Format; 15] = [
    &terminal::FORMAT,
    &json::FORMAT,
    &html::FORMAT,
    &ndjson::FORMAT,
    &sarif::FORMAT,
    &junit::FORMAT,
    &markdown::FORMAT,
    &csv::FORMAT,
    &intoto::FORMAT,
    &evidence::FORMAT,
    &asff::FORMAT,
    &ocsf::FORMAT,
    &sbom::cyclonedx::FORMAT,
    &sbom::spdx::FORMAT,
    &gitlab::FORMAT,
];

/// Version of the program, as reports name it.
pub const TOOL_VERSION: &str = env!("CARGO_PKG_VERSION");

/// How the gate decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The image may be published.
    Pass,
    /// Findings forbid it.
    Fail,
    /// Gaps could hide what forbids it.
    Incomplete,
}

impl Outcome {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Incomplete => "incomplete",
        }
    }
}

/// The verdict, ready to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// How the gate decided.
    pub outcome: Outcome,
    /// The same in one sentence, beginning with the outcome in capitals.
    pub sentence: String,
    /// What the process ends with.
    pub exit_code: u8,
    /// The severity at which findings fail; `None`: never.
    pub fail_on: Option<Severity>,
    /// Kinds of gaps that were accepted.
    pub accepted_gaps: Vec<GapKind>,
    /// Why: by which rules of which policy.
    pub explanation: Explanation,
}

/// What the user wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Values of secrets.
    pub secrets: bool,
    /// SHA-256 of secrets, in the JSON.
    pub hashes: bool,
    /// Findings below are counted, not shown.
    pub min_severity: Severity,
    /// Only the summary.
    pub quiet: bool,
    /// Every place, and why.
    pub verbose: bool,
    /// Colours.
    pub color: bool,
    /// Columns of a line.
    pub width: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            secrets: false,
            hashes: false,
            min_severity: Severity::Info,
            quiet: false,
            verbose: false,
            color: false,
            width: 100,
        }
    }
}

/// What the image is called, without the folders that it lies in.
pub fn file_name(report: &Report) -> &str {
    let name = report.subject.name.as_str();
    name.rsplit('/').find(|part| !part.is_empty()).unwrap_or(name)
}

#[cfg(test)]
pub(crate) mod sample;
