//! The audit: an image in, a report out. One pass over every file.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::budget::Budget;
use crate::checks::{self, Benchmark, Subject as Examined, Verdict};
use crate::detect::{self, Collector};
use crate::facts::Facts;
use crate::finding::{Finding, Gap, Location};
use crate::packages::manifest;
use crate::remedies::Machine;
use crate::rules::Engine;
use assay_disk::image;
use assay_disk::tree::Tree;

pub use assay_disk::progress::{Progress, Quiet};
use assay_disk::system::Options as OpenOptions;
pub use assay_disk::system::{Ledger, OpenError, Subject, System, Target, VolumeSummary};

pub mod cache;
mod content;
mod contents;
mod correlate;
mod counted;
mod deleted;
pub mod directories;
mod found;
mod inventory;
mod leftovers;
mod merge;
mod of_content;
mod plan;
mod put_off;
mod redact;
mod repeats;
mod report;
mod scheduler;
mod served;
mod software;
mod states;
mod symbols;
pub mod times;
mod twice;
pub mod vendor_content;
mod work_queue;
mod worker;

pub use cache::Cache;
use contents::Contents;
pub use directories::Directory;
use found::{Found, Kept};
pub use inventory::assemble as assemble_inventory;
use plan::Plan;
pub use redact::{Quote, Quotes, Seal, Visit};
pub use report::{Coverage, Material, Report};
pub use software::Knowledge;
pub use times::{FileTimes, Times};
pub use vendor_content::PublishedFiles;
use worker::{LocatedSink, Shared};

/// How an audit is run.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Its limits.
    pub budget: Budget,
    /// Threads; 0 for one per core.
    pub jobs: usize,
    /// What an image may.
    pub image: image::Options,
    /// Whether free space is searched, and deleted files come back.
    pub deleted: bool,
    /// The benchmark to run: its name, or "auto" for the system's own.
    pub benchmark: Option<String>,
    /// What detectors are told.
    pub detect: detect::Options,
    /// A trusted image, which the audited one is compared with.
    pub reference: Option<Target>,
    /// What counts as published, so that the values in it are no leak.
    pub published: PublishedFiles,
    /// What the installed software is held against.
    pub knowledge: Knowledge,
    /// Files that an earlier audit searched; takes up those that this one finds clean.
    pub cache: Option<Arc<Cache>>,
}

/// Audits `target`.
///
/// # Errors
/// [`OpenError`], if there is nothing that could be audited.
pub fn run(target: &Target, settings: &Settings, progress: &dyn Progress) -> Result<Report, OpenError> {
    keeping(target, settings, progress).map(|audited| audited.report)
}

/// An audit's report, and what it was made of: for who looks at the image further.
pub struct Audited {
    /// The report.
    pub report: Report,
    /// The entries of all file systems, still open.
    pub tree: Tree,
    /// What the system says of itself.
    pub facts: Facts,
    /// The secrets that the report keeps to itself: for what else is said of the image.
    pub seal: Seal,
}

/// Like [`run`], and keeps the image open.
///
/// # Errors
/// [`OpenError`], if there is nothing that could be audited.
pub fn keeping(target: &Target, settings: &Settings, progress: &dyn Progress) -> Result<Audited, OpenError> {
    progress.begin("reading directories", 0);
    let options = OpenOptions { image: settings.image.clone(), deleted: settings.deleted };
    let mut system = System::open_with(target, &settings.budget.disk, &options, progress)?;
    let (mut facts, fact_gaps) = Facts::gather_within(&system.tree, &settings.budget);
    let mut notes = std::mem::take(&mut system.notes);
    let reference =
        settings.reference.as_ref().map(|target| reference(target, settings, progress)).transpose()?;
    if let Some(reference) = &reference {
        notes.push((reference.name.clone(), "the reference that files were compared with".to_owned()));
    }
    let detectors = detect::with(&detect::Options {
        reference: reference.clone(),
        budget: settings.budget,
        ..settings.detect.clone()
    });
    let nothing = settings.detect.is_software_only.then(|| Engine::new(Vec::new()));
    let engine = nothing.as_ref().unwrap_or_else(|| settings.detect.signatures.engine());
    let (budget, contents, unpacked) = (&settings.budget, Contents::new(), Arc::default());
    let (plan, found, holes) = (Plan::default(), Found::new(budget), AtomicU64::new(0));
    let libraries = vendor_content::Libraries::default();
    let shared = Shared {
        tree: &system.tree,
        facts: &facts,
        detectors: &detectors,
        engine,
        budget,
        contents: &contents,
        cache: settings.cache.as_deref(),
        published: &settings.published,
        libraries: &libraries,
        reference: reference.as_deref(),
        unpacked: &unpacked,
        found: &found,
        plan: &plan,
        holes: &holes,
    };
    let mut outcome = scheduler::search(shared, settings.jobs, progress);
    let late = std::mem::take(&mut outcome.put_off).compare(&system.tree, budget);
    outcome.compared.extend(late.names);
    facts.compared = std::mem::take(&mut outcome.compared).into_iter().collect();
    let mut collected = Collector::default();
    for detector in &detectors.systems {
        detector.inspect(
            &system.tree,
            &facts,
            &mut LocatedSink { location: &Location::default(), collected: &mut collected },
        );
    }
    found.add(merge::without_repeats(collected.findings), []);
    let benchmark = benchmark(&system, &facts, &fact_gaps, settings);
    let benchmark = benchmark.map(|(benchmark, failed, unread)| {
        found.add(failed, unread);
        benchmark
    });
    let gaps = std::mem::take(&mut system.gaps).into_iter();
    found.add(Vec::new(), gaps.chain(late.gaps).chain(collected.gaps).chain(fact_gaps));
    let Kept { mut findings, mut gaps, mut components, dropped, .. } = found.finish();
    manifest::drop_repeats(&mut components);
    let packages = inventory::assemble(&system.tree, &facts, components);
    let judged = software::judge(&system.tree, &packages, &settings.knowledge);
    findings.extend(judged.findings);
    gaps.extend(judged.gaps);
    notes.extend(judged.notes);
    twice::drop_repeats(&system.tree, &mut findings);
    of_content::add(&system.tree, &mut findings);
    // What is joined is joined in the order of the report, whatever thread found it.
    merge::sort(&mut findings, &mut gaps);
    deleted::mark(&system.tree, &mut findings);
    leftovers::join(&system.tree, &mut findings);
    served::without_repeats(&mut findings);
    states::join(&system.states, &mut findings);
    detect::miners::starts::join(&system.tree, &mut findings);
    progress.begin("trying default passwords", 0);
    detect::password_hashes::trials::join(&facts, budget, settings.jobs, &mut findings);
    correlate::halves(&mut findings);
    correlate::published_doors(&mut findings);
    correlate::opened(&mut findings);
    merge::sort(&mut findings, &mut gaps);
    correlate::secrets(&mut findings);
    let names = [&facts.os.pretty_name, &facts.os.id];
    let name = names.into_iter().find(|name| !name.is_empty()).cloned();
    let mut coverage = outcome.coverage;
    coverage.findings_dropped = coverage.findings_dropped.saturating_add(dropped);
    coverage.deleted = deleted::count(&system.tree);
    let own = system.tree.file_volumes().map(|(_, mounted)| mounted);
    coverage.entries = own.map(|mounted| mounted.walk.entries.len() as u64).sum();
    let mut volumes = system.volumes;
    for (index, volume) in volumes.iter_mut().enumerate() {
        let mine = system.places.iter().enumerate().filter(|(_, place)| **place == index);
        let unsearched = mine.filter_map(|(mounted, _)| outcome.unsearched.get(&mounted)).sum();
        volume.ledger = assay_disk::system::ledger::of_volume(volume, unsearched);
    }
    let ledger = assay_disk::system::ledger::of_image(system.subject.size, &volumes, system.outside);
    let directories = directories::list(&system.tree, &findings);
    let times = times::gather(&system.tree, &findings);
    let mut report = Report {
        subject: system.subject,
        material: Material::Image,
        volumes,
        system: name,
        machine: Machine::of(&system.tree, &facts),
        findings,
        gaps,
        notes,
        benchmark,
        coverage,
        ledger,
        directories,
        times,
        packages,
        support: judged.support,
        vulnerabilities: judged.vulnerabilities,
        sourcing: None,
    };
    let seal = Seal::new(&report.findings, Arc::clone(&settings.detect.signatures));
    seal.apply(&mut report);
    merge::shorten(&mut report.findings, &mut report.gaps);
    Ok(Audited { report, tree: system.tree, facts, seal })
}

/// Opens the image that the audited one is compared with.
fn reference(
    target: &Target,
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<Arc<detect::reference::Reference>, OpenError> {
    let options = OpenOptions { image: settings.image.clone(), deleted: false };
    let System { subject, tree, gaps, .. } =
        System::open_with(target, &settings.budget.disk, &options, progress)?;
    Ok(Arc::new(detect::reference::Reference::new(subject.name, tree, gaps)))
}

/// Runs the benchmark that was asked for; its failures are findings, but for those that every scan reports. Beside
/// them, what of the configuration was not read for it.
fn benchmark(
    system: &System,
    facts: &Facts,
    fact_gaps: &[Gap],
    settings: &Settings,
) -> Option<(Benchmark, Vec<Finding>, Vec<Gap>)> {
    let name = match settings.benchmark.as_deref()? {
        "auto" => checks::benchmark::for_system(facts)?,
        name => name,
    };
    // The files of the checks are held by a test, and the user's own were read before.
    let checks = checks::of_benchmark(name, &settings.detect.signatures.checks).unwrap_or_default();
    let gaps: Vec<Gap> = system.gaps.iter().chain(fact_gaps).cloned().collect();
    let examined = Examined::new(&system.tree, facts, &gaps).within(&settings.budget);
    let (benchmark, outcomes) = Benchmark::run(name, &checks, &examined);
    let failed = checks.iter().zip(&outcomes).filter(|(_, outcome)| outcome.verdict == Verdict::Fail);
    Some((benchmark, failed.map(|(check, outcome)| check.finding(outcome)).collect(), examined.gaps()))
}
