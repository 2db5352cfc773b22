//! Sourcing: which images run, whose they are, who chose them, and what is in them.
//!
//! Exports of accounts go in (answers of AWS as JSON), saved audits of images beside them; findings, gaps and an
//! [`Inventory`] come out. Nothing here asks AWS: what an export does not say is not known, and told.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::finding::{Finding, Gap};

pub mod allowed;
pub mod audits;
pub mod benchmark;
pub mod class;
pub mod code;
pub mod estate;
pub mod export;
pub mod glob;
pub mod inventory;
mod judge;
pub mod lookups;
pub mod moment;
pub mod publishers;
pub mod trail;

pub use inventory::Inventory;
pub use judge::{account_advisories, code_advisories};

use class::Trust;
use moment::Moment;
use publishers::Publishers;

/// The texts of everything that sourcing knows, which decide what it finds.
pub const fn texts() -> [&'static str; 3] {
    [publishers::TEXT, judge::TEXT, judge::CODE_TEXT]
}

/// Whether a text is the number of an AWS account: twelve digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What the user and the policy say of images.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Own accounts beside those that were exported.
    pub own: BTreeSet<String>,
    /// Owners that are trusted.
    pub trusted: BTreeSet<String>,
    /// The images that may run, by id or by a pattern of names; empty: all.
    pub approved: Vec<String>,
    /// A pattern for the names of own images.
    pub naming: Option<String>,
    /// Days after which an image is old.
    pub max_age_days: Option<u32>,
}

impl Rules {
    /// Whether an image may run.
    pub(crate) fn approves(&self, row: &inventory::ImageRow) -> bool {
        let is_of = |pattern: &String| {
            *pattern == row.id || row.name.as_ref().is_some_and(|name| glob::fits(pattern, name))
        };
        self.approved.is_empty() || self.approved.iter().any(is_of)
    }
}

/// What to look at.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Files and folders of exports.
    pub exports: Vec<PathBuf>,
    /// Folders and files of code that chooses images.
    pub code: Vec<PathBuf>,
    /// Saved reports of images.
    pub audits: Vec<audits::Audit>,
    /// Whether audits were asked for: then an image in use without one is a gap.
    pub wants_audits: bool,
    /// What the user and the policy say of images.
    pub rules: Rules,
    /// The moment of the judgement.
    pub now: Moment,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Sourcing {
    /// The tables.
    pub inventory: Inventory,
    /// Findings.
    pub findings: Vec<Finding>,
    /// What could not be read, and what is not known.
    pub gaps: Vec<Gap>,
    /// What was inferred: (where, what).
    pub notes: Vec<(String, String)>,
}

/// Reads the exports and judges them.
///
/// # Errors
/// A path that is not there, a folder without any export, a broken table of publishers: in a sentence.
pub fn examine(settings: &Settings) -> Result<Sourcing, String> {
    let mut export = export::read(&settings.exports)?;
    let publishers = Publishers::embedded()?;
    let trust = Trust {
        own: settings.rules.own.clone(),
        trusted: settings.rules.trusted.clone(),
        publishers: &publishers,
        max_age_days: settings.rules.max_age_days,
        now: settings.now,
    };
    let code = lookups::scan(&settings.code)?;
    export.estate.point_from_code(&code.lookups);
    let audits = audits::ByImage::new(&settings.audits, &export.estate);
    let inventory = Inventory::new(&export, &trust, &audits, settings);
    let (findings, gaps) = judge::judge(&export, &inventory, &code, &trust, &audits, settings)?;
    Ok(Sourcing { inventory, findings, gaps, notes: export.notes })
}
