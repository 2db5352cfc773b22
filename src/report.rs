//! Reports: one file a format, each with its own serialised types.

use crate::finding::{GapKind, Severity};

pub mod diff;
pub mod json;
pub mod terminal;

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

#[cfg(test)]
pub(crate) mod sample;
