//! `assay code`: finds where code chooses an image, and whether a stranger can choose for it.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::arguments::{AcceptGap, Display, FailOn, Judging, accept_gap, fail_on};
use super::delivery::Plan;
use super::policy::Gate;
use super::record::Begun;
use super::{Exit, Failure, Terminal};
use crate::audit::{Coverage, Material, Report, Target};
use crate::detect::Signatures;
use crate::sourcing::lookups;
use assay_disk::system::Subject;

const EXAMPLES: &str = "\
Examples:
  assay code .                                  Terraform, Packer, CloudFormation, Python, shell …
  assay code plan.json                          of terraform show -json
  assay code . --fail-on medium --format sarif=code.sarif";

/// `assay code`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Code {
    /// Folders and files of code; .gitignore is followed
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Fail (exit 1) on findings of this severity or above [default: high, or the policy's]
    #[arg(long, value_name = "SEVERITY", value_parser = fail_on())]
    fail_on: Option<FailOn>,
    /// Pass although something of this kind could not be looked at; repeatable
    #[arg(long, value_name = "KIND", value_parser = accept_gap())]
    accept_gap: Vec<AcceptGap>,
    #[command(flatten)]
    judging: Judging,
    #[command(flatten)]
    pub(super) display: Display,
}

/// Runs the command.
pub(super) fn run(
    wanted: &Code,
    signatures: &Arc<Signatures>,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    let gate = Gate::of(&wanted.judging, wanted.fail_on, &wanted.accept_gap)?;
    let target = Target::Rootfs(wanted.paths.first().cloned().unwrap_or_default());
    let plan = Plan::new(&wanted.display, &target)?;
    let begun = Begun::new(&target, false)?;
    let (report, ended) = begun.during(|| report(wanted))?;
    plan.conclude(&gate, (report, ended), signatures, &wanted.display, terminal)
}

fn report(wanted: &Code) -> Result<Report, Failure> {
    let found = lookups::examine(&wanted.paths).map_err(Failure::unreadable)?;
    let names: Vec<String> = wanted.paths.iter().map(|path| path.display().to_string()).collect();
    let safe = match found.safe {
        1 => "1 safe choice of an image".to_owned(),
        number => format!("{number} safe choices of an image"),
    };
    Ok(Report {
        subject: Subject {
            name: names.join(", "),
            format: "code".to_owned(),
            layout: safe,
            ..Subject::default()
        },
        material: Material::Code,
        coverage: Coverage {
            entries: found.files,
            files: found.files,
            files_read: found.files,
            bytes_searched: found.bytes,
            ..Coverage::default()
        },
        findings: found.findings,
        gaps: found.gaps,
        notes: found.notes,
        ..Report::default()
    })
}
