//! `assay diff`: two versions of an image, or reports of them, side by side.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::arguments::{AcceptGap, FailOn, accept_gap, fail_on};
use super::output::{self, Place};
use super::progress::Bar;
use super::wrong_input::Kind;
use super::{Exit, Failure, Terminal, engine, knowledge, policy, user_file};
use crate::audit::{Progress, Seal, Settings, Target};
use crate::detect::{self, Signatures};
use crate::diff::files::Depth;
use crate::diff::{self, Difference, Summary, files, saved, sbom};
use crate::facts::Facts;
use crate::finding::{GapKind, Severity};
use crate::gate::Explanation;
use crate::report::diff::{Options, json, markdown, terminal};
use crate::report::{Judgement, Outcome};
use assay_disk::tree::Tree;

/// Bytes of a saved report.
const REPORT_LIMIT: u64 = 128 << 20;

const EXAMPLES: &str = "\
Examples:
  assay diff golden-41.raw golden-42.raw
  assay diff golden-41.json golden-42.raw       against a saved report (--evidence hash makes it exact)
  assay diff old.qcow2 new.qcow2 --format markdown -o review.md
  assay diff golden.cdx.json new.raw            the software against a bill of materials (CycloneDX, SPDX)
  assay diff /mnt/old /mnt/new                  two mounted trees

Exit codes:
  0  no new finding at --fail-on or above      3  a side could not be read
  1  new findings at --fail-on or above        4  incomplete: a gap of NEW could hide a new finding
  2  wrong usage";

/// The flags.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Diff {
    /// The version there was: an image, a mounted tree, a report of `assay scan --format json`, or a bill of materials
    old: PathBuf,
    /// The version to review: the same
    new: PathBuf,
    /// Fail (exit 1) on new findings of this severity or above
    #[arg(long, value_name = "SEVERITY", default_value = "high", value_parser = fail_on())]
    fail_on: FailOn,
    /// Let NEW pass although something of this kind could not be looked at; repeatable
    #[arg(long, value_name = "KIND", value_parser = accept_gap())]
    accept_gap: Vec<AcceptGap>,
    /// Take files of the same size and time for the same, without reading them (times can be set)
    #[arg(long)]
    quick: bool,
    /// Form of the comparison
    #[arg(long, value_enum, default_value = "terminal")]
    format: Format,
    /// Write it to FILE, which appears only when it is complete
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Threads [default: one per core]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Show every line
    #[arg(short, long)]
    verbose: bool,
    /// Show no progress bar
    #[arg(long)]
    no_progress: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Terminal,
    /// For programs (docs/diff.md)
    Json,
    /// For a pull request
    Markdown,
}

/// One side: what it says, and of an image how to look into it again.
struct Opened {
    summary: Summary,
    target: Option<Target>,
    /// The image, where it stays open.
    kept: Option<(Tree, Facts)>,
    /// Its secrets, to be kept out of the comparison.
    seal: Seal,
}

/// Runs the command.
pub(super) fn run(
    arguments: &Diff,
    outside: bool,
    signatures: Arc<Signatures>,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    let place = arguments.output.as_deref().map(|path| place(path, arguments)).transpose()?;
    let bar = Bar::new(!arguments.no_progress, terminal);
    let jobs = usize::from(arguments.jobs.unwrap_or(0));
    let detect = detect::Options::of(signatures);
    let knowledge = knowledge::of_day(policy::today(None)?)?;
    let settings = Settings { jobs, detect, knowledge, ..Settings::default() };
    // While one image is searched, the other takes no memory.
    let old = open(&arguments.old, outside, settings.clone(), false, &bar)?;
    let new = open(&arguments.new, outside, settings, true, &bar)?;
    let depth = if arguments.quick { Depth::Quick } else { Depth::Content };
    let difference = compare(&old, &new, outside, depth, jobs, &bar)?;
    drop(bar);
    let judgement = judgement(arguments, &difference);
    let exit = Exit(judgement.exit_code);
    match write(&difference, &judgement, arguments, place.as_ref(), terminal) {
        // The reader went away (`| head`): the verdict stays.
        Err(failure) if failure.message.is_empty() => Ok(exit),
        done => done.map(|()| exit),
    }
}

fn place(output: &Path, arguments: &Diff) -> Result<Place, Failure> {
    let target = output.canonicalize().ok();
    let is_side = |side: &PathBuf| target.is_some() && side.canonicalize().ok() == target;
    if [&arguments.old, &arguments.new].into_iter().any(is_side) {
        let output = output.display();
        return Err(Failure::usage(format!("{output}: is one of the two sides, which are never written")));
    }
    output::place(output)
}

fn open(
    path: &Path,
    outside: bool,
    settings: Settings,
    keep: bool,
    progress: &dyn Progress,
) -> Result<Opened, Failure> {
    if let Some(text) = report(path)? {
        let unreadable = |reason| Failure::unreadable(format!("{}: {reason}", path.display()));
        let summary = match sbom::parse(&text) {
            Some(summary) => summary,
            None => saved::parse(&text).map_err(unreadable)?,
        };
        let seal = Seal::new(&[], settings.detect.signatures);
        return Ok(Opened { summary, target: None, kept: None, seal });
    }
    let target = engine::target(path, outside);
    let audited = engine::keep(&target, outside, settings, progress)?;
    let summary = Summary::of(&audited);
    // To unpack an image twice takes longer than it saves.
    let is_packed = audited.report.subject.format.contains(" in ");
    let kept = (keep || is_packed).then_some((audited.tree, audited.facts));
    Ok(Opened { summary, target: Some(target), kept, seal: audited.seal })
}

/// The content of a file that may be a report.
pub(super) fn report(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let failed = |error: std::io::Error| Failure::unreadable(format!("{}: {error}", path.display()));
    // What is no file, or is not there, is told of where images are opened.
    if !path.is_file() {
        return Ok(None);
    }
    let file = user_file::open(path).map_err(failed)?;
    let mut start = Vec::new();
    (&file).take(64).read_to_end(&mut start).map_err(failed)?;
    if !saved::probe(&start) {
        return Ok(None);
    }
    let is_side = |kind: &Kind| *kind == Kind::Report || kind.is_bill_of_materials();
    if let Some(kind) = Kind::at(path).filter(|kind| !is_side(kind)) {
        return Err(kind.failure(path, "an image or a report"));
    }
    let mut text = start;
    (&file).take(REPORT_LIMIT).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > REPORT_LIMIT {
        let path = path.display();
        return Err(Failure::unreadable(format!("{path}: a report of more than {REPORT_LIMIT} bytes")));
    }
    Ok(Some(text))
}

fn compare(
    old: &Opened,
    new: &Opened,
    outside: bool,
    depth: Depth,
    jobs: usize,
    progress: &dyn Progress,
) -> Result<Difference, Failure> {
    let sealed = |mut difference: Difference| {
        [&old.seal, &new.seal].into_iter().for_each(|seal| seal.apply(&mut difference));
        difference
    };
    let (Some(target), Some((tree, facts))) = (&old.target, &new.kept) else {
        return Ok(sealed(diff::compare(&old.summary, &new.summary, None)));
    };
    let reopened;
    let before = match &old.kept {
        Some(kept) => kept,
        None => {
            reopened = engine::reopen(target, outside, progress)?;
            &reopened
        }
    };
    let was = files::Image { tree: &before.0, facts: &before.1, coverage: &old.summary.coverage };
    let now = files::Image { tree, facts, coverage: &new.summary.coverage };
    let files = files::compare(was, now, depth, jobs, progress);
    Ok(sealed(diff::compare(&old.summary, &new.summary, Some(files))))
}

fn judgement(arguments: &Diff, difference: &Difference) -> Judgement {
    let fail_on = match arguments.fail_on {
        FailOn::Severity(severity) => Some(severity),
        FailOn::Never => None,
    };
    let kinds = |accepted: &AcceptGap| match accepted {
        AcceptGap::Kind(kind) => vec![*kind],
        AcceptGap::All => GapKind::ALL.to_vec(),
    };
    let accepted_gaps: Vec<GapKind> = arguments.accept_gap.iter().flat_map(kinds).collect();
    let worse = fail_on.map_or(0, |least| difference.worse(least));
    let hiding = difference.hiding(&accepted_gaps);
    let level = match fail_on {
        Some(Severity::Info) | None => String::new(),
        Some(severity) => format!(" at {} or above", severity.name()),
    };
    let none = if fail_on.is_some() {
        format!("no new finding{level}")
    } else {
        "new findings do not fail it (--fail-on never)".to_owned()
    };
    let (outcome, exit, sentence) = if worse > 0 {
        let noun = if worse == 1 { "finding" } else { "findings" };
        (Outcome::Fail, Exit::FAILED, format!("FAIL: {worse} new {noun}{level}."))
    } else if hiding > 0 {
        let noun = if hiding == 1 { "gap" } else { "gaps" };
        let sentence =
            format!("INCOMPLETE: {none}, but {hiding} {noun} of NEW could hide one (--accept-gap KIND).");
        (Outcome::Incomplete, Exit::INCOMPLETE, sentence)
    } else {
        (Outcome::Pass, Exit::PASS, format!("PASS: {none}."))
    };
    Judgement {
        outcome,
        sentence,
        exit_code: exit.0,
        fail_on,
        accepted_gaps,
        explanation: Explanation::default(),
    }
}

fn write(
    difference: &Difference,
    judgement: &Judgement,
    arguments: &Diff,
    place: Option<&Place>,
    to: &mut Terminal<'_>,
) -> Result<(), Failure> {
    let options = Options {
        verbose: arguments.verbose,
        color: match place {
            Some(_) => to.color == Some(true),
            None => to.colored(false),
        },
        width: to.width,
    };
    let text = match arguments.format {
        Format::Terminal => terminal::render(difference, judgement, &options),
        Format::Json => json::render(difference, judgement),
        Format::Markdown => markdown::render(difference, judgement, &options),
    };
    match place {
        None => to.out.write_all(text.as_bytes())?,
        Some(place) => {
            output::write(place, text.as_bytes(), false)?;
            writeln!(to.err, "{}", judgement.sentence)?;
        }
    }
    Ok(())
}
