//! The flags of `assay sourcing`.

use std::path::PathBuf;

use clap::Args;

use super::judging::day;
use super::{AcceptGap, Display, FailOn, Judging, accept_gap, fail_on};
use crate::date::Date;
use crate::sourcing::is_account;

const EXAMPLES: &str = "\
Examples:
  assay sourcing export                         a folder that examples/export-aws.sh wrote
  assay sourcing images.json instances.json     answers of AWS, in files of any name
  assay sourcing export --audits reports        and what audits found in the images that run
  assay sourcing export --code infrastructure   and what code does with them
  assay sourcing export --own 111122223333 --trust 444455556666
  assay sourcing export --proposal allowed.json criteria for Allowed AMIs
  assay sourcing export --format html=a.html --format json=a.json";

/// `assay sourcing`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Sourcing {
    /// Folders and files of exports (examples/export-aws.sh; any answer of AWS as JSON, also gzip and zstd)
    #[arg(required = true, value_name = "PATH")]
    pub(in crate::cli) paths: Vec<PathBuf>,
    /// An account of your own, beside those that were exported; repeatable
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    pub(in crate::cli) own: Vec<String>,
    /// An account whose images you trust; repeatable
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    pub(in crate::cli) trust: Vec<String>,
    /// Saved reports of images (assay scan --format json), to join with what runs; repeatable
    #[arg(long, value_name = "DIR_OR_FILE")]
    pub(in crate::cli) audits: Vec<PathBuf>,
    /// Code that chooses images, to join with what was exported: ids that it names, searches that Allowed AMIs would change;
    /// repeatable
    #[arg(long, value_name = "DIR_OR_FILE")]
    pub(in crate::cli) code: Vec<PathBuf>,
    /// Which report is of which image: a line `ami-… REPORT` each; snapshots, too
    #[arg(long, value_name = "FILE", requires = "audits")]
    pub(in crate::cli) audit_map: Option<PathBuf>,
    /// Days after which an image is old [default: the policy's]
    #[arg(long, value_name = "DAYS")]
    pub(in crate::cli) max_age: Option<u32>,
    /// Write criteria that would allow what is in use and trusted, for --cli-input-json
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) proposal: Option<PathBuf>,
    /// The same as a declarative policy of the organisation
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) declarative_policy: Option<PathBuf>,
    /// The day by which ages are judged [default: today, or that of SOURCE_DATE_EPOCH]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub(in crate::cli) at: Option<Date>,
    /// Fail (exit 1) on findings of this severity or above [default: high, or the policy's]
    #[arg(long, value_name = "SEVERITY", value_parser = fail_on())]
    pub(in crate::cli) fail_on: Option<FailOn>,
    /// Pass although something of this kind is not known; repeatable
    #[arg(long, value_name = "KIND", value_parser = accept_gap())]
    pub(in crate::cli) accept_gap: Vec<AcceptGap>,
    #[command(flatten)]
    pub(in crate::cli) judging: Judging,
    #[command(flatten)]
    pub(in crate::cli) display: Display,
}

/// Twelve digits; with the dashes or blanks that consoles show, too.
fn account(text: &str) -> Result<String, String> {
    let digits: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    if is_account(&digits) { Ok(digits) } else { Err("not an account: twelve digits".to_owned()) }
}
