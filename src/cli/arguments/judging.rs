//! The flags by which an image is judged.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};

use crate::date::Date;
use crate::policy::PROFILES;

/// By what an image is judged.
#[derive(Debug, Args)]
pub(in crate::cli) struct Judging {
    /// Judge by a built-in policy: what the image is for
    #[arg(long, value_name = "NAME", value_parser = profiles(), conflicts_with = "policy")]
    pub(in crate::cli) profile: Option<String>,
    /// Judge by a policy of your own, which may extend a profile (docs/policy.md)
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) policy: Option<PathBuf>,
    /// Mark what FILE knows (`assay baseline`); it does not fail the gate
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) baseline: Option<PathBuf>,
    /// The day on which exceptions are judged [default: today, or that of SOURCE_DATE_EPOCH]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day, hide = true)]
    pub(in crate::cli) today: Option<Date>,
}

pub(super) fn profiles() -> PossibleValuesParser {
    PossibleValuesParser::new(PROFILES.map(|(name, what, _)| PossibleValue::new(name).help(what)))
}

pub(super) fn day(text: &str) -> Result<Date, String> {
    Date::parse(text).ok_or_else(|| "not a day as YYYY-MM-DD".to_owned())
}
