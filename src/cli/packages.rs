//! `assay packages`: what is installed in an image.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::progress::Bar;
use super::{Exit, Failure, Terminal, engine, memory, output, scan};
use crate::audit::Settings;
use crate::budget::Budget;
use crate::detect::{self, Signatures};
use crate::packages::{Ecosystem, Inventory};
use crate::report::inventory::{self, Form};
use assay_disk::path::glob_folded;

mod beside;

const EXAMPLES: &str = "\
Examples:
  assay packages disk.raw
  assay packages disk.raw --kind deb,python
  assay packages disk.raw 'openssl*' --format json
  assay packages --rootfs /mnt --format csv -o packages.csv
  assay packages golden-40.raw --beside golden-41.raw golden-42.cdx.json      versions, image by image
  assay scan disk.raw --format cyclonedx=sbom.cdx.json        a software bill of materials

Exit codes:
  0  all was read        3  the image could not be read
  2  wrong usage         4  something could not be looked at: there may be more";

const USAGE: &str = "\
assay packages [OPTIONS] <IMAGE> [NAME]...
       assay packages [OPTIONS] --rootfs <DIR> [NAME]...";

/// `assay packages`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, override_usage = USAGE)]
pub(super) struct Packages {
    /// Disk image, block device, or folder of EBS blocks
    #[arg(required_unless_present = "rootfs")]
    image: Option<PathBuf>,
    /// Show only packages of these names; `*` stands for anything
    names: Vec<String>,
    /// Compare with these: images, reports, lists of `assay packages --format json`, bills of materials. Shows what
    /// differs, a column an image
    #[arg(long, value_name = "IMAGE", num_args = 1.., conflicts_with_all = ["kind", "rootfs"])]
    beside: Vec<PathBuf>,
    /// Look at a mounted tree instead of an image
    #[arg(long, value_name = "DIR")]
    rootfs: Option<PathBuf>,
    /// Form of the list
    #[arg(long, value_enum, default_value = "table")]
    format: ListForm,
    /// Only these kinds
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = kind())]
    kind: Vec<Ecosystem>,
    /// Write the list to FILE, which appears only when it is complete
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show no progress bar
    #[arg(long)]
    no_progress: bool,
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ListForm {
    /// Columns for people
    Table,
    /// For programs: docs/packages.md
    Json,
    /// For spreadsheets
    Csv,
}

fn kind() -> impl clap::builder::TypedValueParser<Value = Ecosystem> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    let names = Ecosystem::ALL.map(Ecosystem::name);
    PossibleValuesParser::new(names).try_map(|name| Ecosystem::by_name(&name).ok_or("no such kind"))
}

/// Runs the command.
pub(super) fn run(
    wanted: &Packages,
    outside: bool,
    signatures: Arc<Signatures>,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    // With --rootfs the first name stands where an image would.
    let (image, first) = match &wanted.rootfs {
        Some(_) => (None, wanted.image.as_ref().map(|name| name.to_string_lossy().into_owned())),
        None => (wanted.image.as_deref(), None),
    };
    let settings = Settings {
        detect: detect::Options::of(signatures).only_software(),
        budget: memory::within(Budget::default()),
        ..Settings::default()
    };
    let names: Vec<&str> =
        first.as_deref().into_iter().chain(wanted.names.iter().map(String::as_str)).collect();
    let form = match wanted.format {
        ListForm::Table => Form::Table,
        ListForm::Json => Form::Json,
        ListForm::Csv => Form::Csv,
    };
    let bar = Bar::new(!wanted.no_progress, terminal);
    let (text, losses) = match image.filter(|_| !wanted.beside.is_empty()) {
        Some(image) => {
            let images = std::iter::once(image).chain(wanted.beside.iter().map(PathBuf::as_path));
            beside::table(images, &names, form, outside, &settings, &bar)?
        }
        None => {
            let target = scan::target(image, wanted.rootfs.as_deref())?;
            let report = engine::audit(&target, outside, settings, &bar)?;
            let shown = filtered(&report.packages, &wanted.kind, &names);
            (inventory::render(&report.subject.name, &shown, form), report.losses().count())
        }
    };
    drop(bar);
    match &wanted.output {
        Some(file) => output::write(&output::place(file)?, text.as_bytes(), false)?,
        None => terminal.out.write_all(text.as_bytes())?,
    }
    if losses > 0 {
        writeln!(
            terminal.err,
            "{losses} places could not be read: there may be more packages. assay scan names them."
        )?;
        return Ok(Exit::INCOMPLETE);
    }
    Ok(Exit::PASS)
}

/// Whether a name is one of those that are wanted.
fn is_named(name: &str, names: &[&str]) -> bool {
    names.is_empty() || names.iter().any(|pattern| glob_folded(pattern.as_bytes(), name.as_bytes()))
}

/// What is left of the inventory.
fn filtered(all: &Inventory, kinds: &[Ecosystem], names: &[&str]) -> Inventory {
    let is_shown = |name: &str| is_named(name, names);
    let components = all
        .components
        .iter()
        .filter(|component| kinds.is_empty() || kinds.contains(&component.ecosystem))
        .filter(|component| is_shown(&component.full_name()) || is_shown(&component.name));
    Inventory { systems: all.systems.clone(), components: components.cloned().collect() }
}
