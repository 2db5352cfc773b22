//! The flags of `assay baseline`.

use std::path::PathBuf;

use clap::Args;

use super::judging::{day, profiles};
use super::{ComparePackages, benchmark};
use crate::date::Date;

const USAGE: &str = "\
assay baseline [OPTIONS] --output <FILE> <IMAGE>
       assay baseline [OPTIONS] --output <FILE> --rootfs <DIR>";

const EXAMPLES: &str = "\
Examples:
  assay baseline disk.raw -o baseline.toml      what is in this image is known
  assay scan next.raw --baseline baseline.toml  only what is new fails
  assay baseline next.raw --update baseline.toml -o baseline.toml
                                                take in what is new, drop what is gone
  assay baseline report.json --update baseline.toml -o baseline.toml
                                                the same from a report made with --baseline";

/// What a baseline is made of.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, override_usage = USAGE)]
pub(in crate::cli) struct Baseline {
    /// Disk image, block device, folder of EBS blocks, or a JSON report made with the baseline of --update
    #[arg(required_unless_present = "rootfs", conflicts_with = "rootfs")]
    pub(in crate::cli) image: Option<PathBuf>,
    /// A mounted tree instead of an image
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) rootfs: Option<PathBuf>,
    /// Write the baseline to FILE, readable by its owner only
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) output: PathBuf,
    /// Keep the key of FILE, and its dates, reasons, owners and expiries for what is still there
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) update: Option<PathBuf>,
    /// Look as this profile does (benchmark, packages); use the one of the later scans
    #[arg(long, value_name = "NAME", value_parser = profiles(), conflicts_with = "policy")]
    pub(in crate::cli) profile: Option<String>,
    /// Look as this policy does
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) policy: Option<PathBuf>,
    /// Take in what fails of a CIS benchmark, too
    #[arg(long, value_name = "NAME", value_parser = benchmark())]
    pub(in crate::cli) benchmark: Option<String>,
    /// Which files are compared with the image's own package database [default: essential, or the profile's]
    #[arg(long, value_enum, value_name = "FILES")]
    pub(in crate::cli) compare_packages: Option<ComparePackages>,
    /// Threads [default: one per core]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(in crate::cli) jobs: Option<u16>,
    /// Show no progress bar
    #[arg(long)]
    pub(in crate::cli) no_progress: bool,
    /// The day that new findings are known since [default: today, or that of SOURCE_DATE_EPOCH]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day, hide = true)]
    pub(in crate::cli) today: Option<Date>,
}
