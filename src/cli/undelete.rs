//! `assay undelete` and `assay extract`: files of an image, listed, or written to a folder.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::{Exit, Failure, Terminal, engine};
use crate::date::{self, Date};
use crate::finding::{Grade, Loss};
use crate::recover::{self, Entry, Selection};
use crate::report::terminal::size;
use assay_disk::text::Escaped;

const UNDELETE_EXAMPLES: &str = "\
Examples:
  assay undelete disk.raw --list
  assay undelete disk.raw --out found
  assay undelete disk.raw --out found '/home/*' --grade likely
  assay undelete disk.raw --out found --after 2026-11-01 --owner 1000

OUT/files has each file at its full path, OUT/manifest.jsonl its grade, SHA-256, times and places (docs/forensics.md).

Exit codes:
  0  done                3  the image could not be read, or OUT not written
  2  wrong usage         4  something could not be looked at, or read: there may be more";

const EXTRACT_EXAMPLES: &str = "\
Examples:
  assay extract disk.raw /etc --out found
  assay extract disk.raw '*.service' /root --out found

OUT/files has each file at its full path, OUT/manifest.jsonl its SHA-256, times and places (docs/forensics.md).

Exit codes:
  0  done                3  the image could not be read, or OUT not written
  2  wrong usage         4  something could not be looked at, or read: there may be more";

/// `assay undelete`.
#[derive(Debug, Args)]
#[command(after_help = UNDELETE_EXAMPLES)]
pub(super) struct Undelete {
    /// Disk image, block device, or folder of EBS blocks
    image: PathBuf,
    /// Only these paths, and what lies beneath them; `*` stands for anything
    paths: Vec<OsString>,
    /// Show what there is, and write nothing
    #[arg(long, required_unless_present = "out", conflicts_with = "out")]
    list: bool,
    /// Write the files to DIR, which must be new or empty
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Only files that are so sure, or surer
    #[arg(long, value_name = "GRADE", value_parser = grade())]
    grade: Option<Grade>,
    #[command(flatten)]
    filter: Filter,
}

/// `assay extract`.
#[derive(Debug, Args)]
#[command(after_help = EXTRACT_EXAMPLES)]
pub(super) struct Extract {
    /// Disk image, block device, or folder of EBS blocks
    image: PathBuf,
    /// These paths, and what lies beneath them; `*` stands for anything
    #[arg(required = true)]
    paths: Vec<OsString>,
    /// Write the files to DIR, which must be new or empty
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    filter: Filter,
}

/// What both take.
#[derive(Debug, Args)]
struct Filter {
    /// Only files of this owner
    #[arg(long, value_name = "UID")]
    owner: Option<u32>,
    /// Only files that were deleted (or changed, if they are there) on this day or later, in UTC
    #[arg(long, value_name = "DAY", value_parser = day)]
    after: Option<Date>,
    /// Only files that were deleted (or changed) on this day or earlier, in UTC
    #[arg(long, value_name = "DAY", value_parser = day)]
    before: Option<Date>,
}

fn grade() -> impl TypedValueParser<Value = Grade> {
    let names = Grade::ALL.map(Grade::name);
    PossibleValuesParser::new(names).try_map(|name| Grade::by_name(&name).ok_or("no such grade"))
}

fn day(text: &str) -> Result<Date, String> {
    Date::parse(text).ok_or_else(|| "a day is written YYYY-MM-DD".to_owned())
}

/// Runs `assay undelete`.
pub(super) fn undelete(
    wanted: &Undelete,
    outside: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    let selection = Selection { grade: wanted.grade, ..selection(&wanted.paths, &wanted.filter, true) };
    run(&wanted.image, &selection, wanted.out.as_deref(), outside, terminal)
}

/// Runs `assay extract`.
pub(super) fn extract(wanted: &Extract, outside: bool, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let selection = selection(&wanted.paths, &wanted.filter, false);
    run(&wanted.image, &selection, Some(&wanted.out), outside, terminal)
}

fn selection(paths: &[OsString], filter: &Filter, deleted: bool) -> Selection {
    let path = |path: &OsString| {
        let bytes = path.as_bytes();
        let is_whole = bytes.starts_with(b"/") || bytes.starts_with(b"*");
        let bytes = if is_whole { bytes.to_vec() } else { [b"/", bytes].concat() };
        bytes.strip_suffix(b"/").filter(|rest| !rest.is_empty()).map_or_else(|| bytes.clone(), <[u8]>::to_vec)
    };
    Selection {
        // The root is every path.
        paths: paths.iter().map(path).filter(|path| path != b"/").collect(),
        deleted,
        grade: None,
        owner: filter.owner,
        after: filter.after,
        before: filter.before,
    }
}

fn run(
    image: &std::path::Path,
    selection: &Selection,
    out: Option<&std::path::Path>,
    outside: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    let opened = if selection.deleted { engine::open_with_deleted } else { engine::open };
    let system = opened(image, outside)?;
    let files = recover::select(&system.tree, selection);
    let mut failed = 0;
    match out {
        None => {
            let mut text = String::new();
            for &id in &files {
                text.push_str(&line(&Entry::of(&system.tree, id)));
            }
            terminal.out.write_all(text.as_bytes())?;
        }
        Some(out) => {
            let written = recover::write(&system.tree, &files, out)
                .map_err(|error| Failure::unreadable(format!("{}: {error}", out.display())))?;
            failed = written.failed;
            let (count, bytes, shown) = (written.files, size(written.bytes), out.display());
            writeln!(
                terminal.err,
                "{count} files, {bytes}, in {shown}/files; {shown}/manifest.jsonl says what they are."
            )?;
        }
    }
    if files.is_empty() {
        writeln!(
            terminal.err,
            "There is no such file{}.",
            if selection.deleted { " that came back" } else { "" }
        )?;
    }
    if failed > 0 {
        writeln!(terminal.err, "{failed} files are not whole: the manifest says why.")?;
    }
    let losses = system.gaps.iter().filter(|gap| gap.loss > Loss::Nothing).count();
    if losses > 0 {
        writeln!(
            terminal.err,
            "{losses} places could not be read: there may be more. assay scan names them."
        )?;
    }
    Ok(if losses > 0 || failed > 0 { Exit::INCOMPLETE } else { Exit::PASS })
}

/// A file in the list: how sure, when it was deleted, owner, bytes, path.
fn line(entry: &Entry) -> String {
    let grade = entry.recovery.as_ref().map_or("", |recovery| recovery.grade.name());
    let at = entry.deleted_at().and_then(|time| date::rfc3339(time.seconds));
    let at =
        at.unwrap_or_else(|| if entry.state() == "changed" { "changed".to_owned() } else { "-".to_owned() });
    let (uid, bytes) = (entry.metadata.uid, entry.metadata.size);
    format!("{grade:<9}  {at:<20}  {uid:>5}  {bytes:>12}  {}\n", Escaped(&entry.path))
}
