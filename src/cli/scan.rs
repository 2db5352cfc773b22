//! `assay scan`: audit, judge, report.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::arguments::{AcceptGap, ComparePackages, Display, EvidenceForm, FailOn, Format, Scan};
use super::output::{self, Place};
use super::progress::Bar;
use super::{Exit, Failure, Terminal, cache, engine};
use crate::audit::{Progress, Quiet, Report, Settings, Target};
use crate::checks::Traces;
use crate::detect::{self, integrity::Extent};
use crate::finding::{GapKind, Severity};
use crate::gate::{self, Policy, Verdict};
use crate::report::{self, Judgement, Options, Outcome};

/// Runs the command.
pub(super) fn run(
    scan: &Scan,
    outside: bool,
    traces: Arc<Traces>,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    let target = target(scan.image.as_deref(), scan.rootfs.as_deref())?;
    let policy = policy(scan);
    let jobs = usize::from(scan.jobs.unwrap_or(0));
    let compare = match scan.compare_packages {
        ComparePackages::Essential => Extent::Essential,
        ComparePackages::All => Extent::All,
        ComparePackages::None => Extent::Nothing,
    };
    let cache = scan.cache.as_deref().map(|path| cache::open(path, &traces)).transpose()?;
    if let (true, Some(path)) = (cache.as_ref().is_some_and(|kept| kept.is_outdated), &scan.cache) {
        let path = path.display();
        writeln!(terminal.err, "{path}: written under other rules; everything is searched.")?;
    }
    let settings = Settings {
        jobs,
        benchmark: scan.benchmark.clone(),
        detect: detect::Options { traces, compare },
        cache: cache.as_ref().map(|kept| Arc::clone(&kept.cache)),
        ..Settings::default()
    };
    let exit = audit(&target, &policy, outside, settings, &scan.display, terminal)?;
    cache.map_or(Ok(exit), |kept| kept.save().map(|()| exit))
}

/// What the command line names: an image, or a mounted tree.
pub(super) fn target(image: Option<&Path>, rootfs: Option<&Path>) -> Result<Target, Failure> {
    match (image, rootfs) {
        (_, Some(dir)) => {
            if dir.is_file() {
                let dir = dir.display();
                return Err(Failure::usage(format!(
                    "{dir}: is a file, not a mounted tree; to audit an image: assay scan {dir}"
                )));
            }
            Ok(Target::Rootfs(dir.to_owned()))
        }
        (Some(image), None) => Ok(Target::Image(image.to_owned())),
        (None, None) => Err(Failure::usage("what to audit? Name an image, or --rootfs DIR")),
    }
}

fn policy(scan: &Scan) -> Policy {
    let kinds = |accepted: &AcceptGap| match accepted {
        AcceptGap::Kind(kind) => vec![*kind],
        AcceptGap::All => GapKind::ALL.to_vec(),
    };
    Policy {
        fail_on: match scan.fail_on {
            FailOn::Severity(severity) => Some(severity),
            FailOn::Never => None,
        },
        accepted_gaps: scan.accept_gap.iter().flat_map(kinds).collect(),
    }
}

/// Audits `target`, with or without leave to open files outside the image's folder, and reports; the exit code
/// is the gate's.
pub(super) fn audit(
    target: &Target,
    policy: &Policy,
    outside: bool,
    settings: Settings,
    display: &Display,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    let place = display.output.as_deref().map(|path| place(path, target)).transpose()?;
    let bar = (terminal.err_is_terminal && !display.quiet && !display.no_progress).then(Bar::new);
    let progress: &dyn Progress = bar.as_ref().map_or(&Quiet, |bar| bar);
    let is_benchmark_wanted = settings.benchmark.is_some();
    let report = engine::audit(target, outside, settings, progress);
    drop(bar);
    let report = report?;
    if is_benchmark_wanted && report.benchmark.is_none() {
        writeln!(terminal.err, "There is no benchmark for this system; name one to run it all the same.")?;
    }
    let verdict = gate::judge(policy, &report);
    let exit = exit(verdict);
    let judgement = judgement(policy, &report, verdict);
    match write(&report, &judgement, display, place.as_ref(), terminal) {
        // The reader went away (`| head`): the verdict stays.
        Err(failure) if failure.message.is_empty() => Ok(exit),
        done => done.map(|()| exit),
    }
}

/// Refuses before the audit what could not be written after it.
pub(super) fn place(output: &Path, target: &Target) -> Result<Place, Failure> {
    let same = |path: &PathBuf| match (path.canonicalize(), output.canonicalize()) {
        (Ok(path), Ok(output)) => path == output,
        _ => false,
    };
    if matches!(target, Target::Image(image) if same(image)) {
        let output = output.display();
        return Err(Failure::usage(format!("{output}: is the image itself, which is never written")));
    }
    output::place(output)
}

fn write(
    report: &Report,
    judgement: &Judgement,
    display: &Display,
    place: Option<&Place>,
    terminal: &mut Terminal<'_>,
) -> Result<(), Failure> {
    let options = Options {
        secrets: display.show_secrets,
        hashes: display.evidence == EvidenceForm::Hash,
        min_severity: display.min_severity,
        quiet: display.quiet,
        verbose: display.verbose,
        color: match place {
            Some(_) => terminal.color == Some(true),
            None => terminal.colored(false),
        },
        width: terminal.width,
    };
    let text = match display.format {
        Format::Terminal => report::terminal::render(report, judgement, &options),
        Format::Json => report::json::render(report, judgement, &options),
    };
    match place {
        None => terminal.out.write_all(text.as_bytes())?,
        Some(place) => {
            output::write(place, text.as_bytes(), options.secrets || options.hashes)?;
            if !display.quiet {
                writeln!(terminal.err, "{}", judgement.sentence)?;
            }
        }
    }
    Ok(())
}

fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Pass => Exit::PASS,
        Verdict::Fail { .. } => Exit::FAILED,
        Verdict::Incomplete { .. } => Exit::INCOMPLETE,
    }
}

fn judgement(policy: &Policy, report: &Report, verdict: Verdict) -> Judgement {
    let clean = match policy.fail_on {
        Some(Severity::Info) => "no finding".to_owned(),
        Some(severity) => format!("no finding at {} or above", severity.name()),
        None => "findings do not fail it (--fail-on never)".to_owned(),
    };
    let accepted = match report.losses().count() {
        0 => "everything was looked at".to_owned(),
        1 => "1 gap is accepted".to_owned(),
        gaps => format!("{gaps} gaps are accepted"),
    };
    let (outcome, sentence) = match verdict {
        Verdict::Pass => (Outcome::Pass, format!("PASS: {clean}, and {accepted}.")),
        Verdict::Fail { findings } => (Outcome::Fail, failed(findings, policy.fail_on)),
        Verdict::Incomplete { gaps } => (Outcome::Incomplete, incomplete(&clean, gaps)),
    };
    Judgement {
        outcome,
        sentence,
        exit_code: exit(verdict).0,
        fail_on: policy.fail_on,
        accepted_gaps: policy.accepted_gaps.clone(),
    }
}

fn failed(findings: usize, fail_on: Option<Severity>) -> String {
    let level = fail_on.map_or("", Severity::name);
    let noun = if findings == 1 { "finding" } else { "findings" };
    format!("FAIL: {findings} {noun} at {level} or above must be gone before this image is published.")
}

fn incomplete(clean: &str, gaps: usize) -> String {
    let noun = if gaps == 1 { "gap" } else { "gaps" };
    format!(
        "INCOMPLETE: {clean}, but {gaps} {noun} could hide one; --accept-gap KIND lets a kind of gap pass."
    )
}
