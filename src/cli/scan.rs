//! `assay scan`: audit, judge, report.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use super::arguments::{Display, Scan};
use super::delivery::Plan;
use super::policy::{self, Gate};
use super::progress::Bar;
use super::record::Begun;
use super::user_rules::Own;
use super::{Exit, Failure, Terminal, cache, engine, knowledge, memory};
use crate::audit::{Settings, Target};
use crate::detect::{self, Signatures};

/// Runs the command.
pub(super) fn run(
    scan: &Scan,
    outside: bool,
    signatures: Arc<Signatures>,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    let target = target(scan.image.as_deref(), scan.rootfs.as_deref())?;
    let gate = Gate::of(&scan.judging, scan.fail_on, &scan.accept_gap)?;
    let jobs = usize::from(scan.jobs.unwrap_or(0));
    let compare = policy::extent(scan.compare_packages, &gate.policy);
    let own = Own::read(&scan.hashes, &scan.published, &scan.yara)?;
    let cache = scan.cache.as_deref().map(|path| cache::open(path, &signatures, &own)).transpose()?;
    if let (true, Some(path)) = (cache.as_ref().is_some_and(|kept| kept.is_outdated), &scan.cache) {
        let path = path.display();
        writeln!(terminal.err, "{path}: written under other rules; everything is searched.")?;
    }
    let settings = Settings {
        jobs,
        benchmark: scan.benchmark.clone().or_else(|| gate.policy.scan.benchmark.clone()),
        deleted: scan.deleted.or(gate.policy.scan.deleted).unwrap_or(false),
        published: own.published(),
        detect: own.options(detect::Options { compare, ..detect::Options::of(signatures) }),
        reference: scan.reference.as_deref().map(|path| engine::target(path, outside)),
        cache: cache.as_ref().map(|kept| Arc::clone(&kept.cache)),
        knowledge: knowledge::read(&scan.vuln_db, scan.eol.as_deref(), scan.max_db_age, &gate)?,
        budget: memory::within(policy::budget(&gate.policy)),
        ..Settings::default()
    };
    let exit = audit(&target, &gate, outside, settings, &scan.display, terminal)?;
    cache.map_or(Ok(exit), |kept| kept.save().map(|()| exit))
}

/// What the command line names: an image, or a mounted tree.
pub(super) fn target(image: Option<&Path>, rootfs: Option<&Path>) -> Result<Target, Failure> {
    match (image, rootfs) {
        (_, Some(dir)) => {
            check_tree(dir)?;
            Ok(Target::Rootfs(dir.to_owned()))
        }
        (Some(image), None) => Ok(Target::Image(image.to_owned())),
        (None, None) => Err(Failure::usage("what to audit? Name an image, or --rootfs DIR")),
    }
}

/// Refuses what is no directory that can be read, in the words for images.
fn check_tree(dir: &Path) -> Result<(), Failure> {
    let shown = dir.display();
    if dir.is_file() {
        return Err(Failure::usage(format!(
            "{shown}: is a file, not a mounted tree; to audit an image: assay scan {shown}"
        )));
    }
    match std::fs::read_dir(dir).map_err(|error| error.kind()) {
        Ok(_) => Ok(()),
        Err(ErrorKind::NotFound) => Err(Failure::unreadable(format!("{shown}: no such directory"))),
        Err(ErrorKind::PermissionDenied) => Err(Failure::unreadable(format!(
            "{shown}: may not be read: permission denied; run as a user who may (sudo)"
        ))),
        // Told by whoever reads it.
        Err(_) => Ok(()),
    }
}

/// Audits `target`, with or without leave to open files outside the image's folder, and reports; the exit code
/// is the gate's.
pub(super) fn audit(
    target: &Target,
    gate: &Gate,
    outside: bool,
    settings: Settings,
    display: &Display,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    let plan = Plan::new(display, target)?;
    let begun = Begun::new(target, plan.needs_digest())?;
    let bar = Bar::new(!display.quiet && !display.no_progress, terminal);
    let is_benchmark_wanted = settings.benchmark.is_some();
    let signatures = Arc::clone(&settings.detect.signatures);
    let done = begun.during(|| engine::audit(target, outside, settings, &bar));
    drop(bar);
    let (report, ended) = done?;
    if is_benchmark_wanted && report.benchmark.is_none() {
        writeln!(terminal.err, "There is no benchmark for this system; name one to run it all the same.")?;
    }
    plan.conclude(gate, (report, ended), &signatures, display, terminal)
}
