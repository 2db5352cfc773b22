//! The audit: an image in, a report out. One pass over every file.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::budget::Budget;
use crate::bytes::Span;
use crate::checks::{self, Benchmark, Subject as Examined, Verdict};
use crate::detect::{self, Collected};
use crate::facts::Facts;
use crate::finding::{Finding, Gap, Location, Loss};
use crate::fs::{Extent, FileType, Place, Usage};
use crate::image;
use crate::remedies::Machine;
use crate::rules::Engine;
use crate::tree::occupancy::Occupied;
use crate::tree::{EntryId, Tree};

pub mod cache;
mod content;
mod contents;
pub mod directories;
mod joins;
pub mod ledger;
mod merge;
mod nested;
mod opening;
mod pool;
mod published;
mod sealed;
pub mod system;
pub mod times;
mod worker;

pub use cache::Cache;
use contents::Contents;
pub use directories::Directory;
pub use ledger::Ledger;
pub use system::{AuditError, System, Target};
pub use times::{FileTimes, Times};
use worker::{Outcome, Placed, Shared, Twins, Worker};

/// Bytes of files that a thread takes at once, in the order of the disk.
const BATCH: u64 = 8 << 20;

/// How an audit is run.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Its limits.
    pub budget: Budget,
    /// Threads; 0 for one per core.
    pub jobs: usize,
    /// What an image may.
    pub image: image::Options,
    /// The benchmark to run: its name, or "auto" for the system's own.
    pub benchmark: Option<String>,
    /// What detectors are told.
    pub detect: detect::Options,
    /// A trusted image, which the audited one is compared with.
    pub reference: Option<Target>,
    /// Files that an earlier audit searched; takes up those that this one finds clean.
    pub cache: Option<Arc<Cache>>,
}

/// Audits `target`.
///
/// # Errors
/// [`AuditError`], if there is nothing that could be audited.
pub fn run(target: &Target, settings: &Settings, progress: &dyn Progress) -> Result<Report, AuditError> {
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
}

/// Like [`run`], and keeps the image open.
///
/// # Errors
/// [`AuditError`], if there is nothing that could be audited.
pub fn keeping(target: &Target, settings: &Settings, progress: &dyn Progress) -> Result<Audited, AuditError> {
    progress.begin("reading directories", 0);
    let mut system = System::open_with(target, &settings.budget, &settings.image, progress)?;
    let (facts, fact_gaps) = Facts::gather(&system.tree);
    let mut notes = std::mem::take(&mut system.notes);
    let reference =
        settings.reference.as_ref().map(|target| reference(target, settings, progress)).transpose()?;
    if let Some(reference) = &reference {
        notes.push((reference.name.clone(), "the reference that files were compared with".to_owned()));
    }
    let detectors = detect::with(&detect::Options { reference, ..settings.detect.clone() });
    let engine = Engine::embedded();
    let (budget, contents, unpacked) = (&settings.budget, Contents::new(), Arc::default());
    let shared = Shared {
        tree: &system.tree,
        facts: &facts,
        detectors: &detectors,
        engine,
        budget,
        contents: &contents,
        cache: settings.cache.as_deref(),
        unpacked: &unpacked,
    };
    let mut outcome = files(shared, settings.jobs, progress);
    let mut collected = Collected::default();
    for detector in &detectors.systems {
        detector.inspect(
            &system.tree,
            &facts,
            &mut Placed { location: &Location::default(), collected: &mut collected },
        );
    }
    outcome.findings.extend(merge::without_repeats(collected.findings));
    let mut findings = outcome.findings;
    let benchmark = benchmark(&system, &facts, &fact_gaps, settings);
    let mut benchmark = benchmark.map(|(benchmark, failed)| {
        findings.extend(failed);
        benchmark
    });
    let mut gaps = system.gaps;
    gaps.extend(outcome.gaps.into_iter().chain(collected.gaps).chain(fact_gaps));
    // What is joined is joined in the order of the report, whatever thread found it.
    merge::sort(&mut findings, &mut gaps);
    detect::miners::starts::join(&system.tree, &mut findings);
    progress.begin("trying default passwords", 0);
    detect::password_hashes::trials::join(&facts, budget, settings.jobs, &mut findings);
    joins::keys(&mut findings);
    merge::sort(&mut findings, &mut gaps);
    joins::secrets(&mut findings);
    sealed::seal(&mut findings, &mut gaps, benchmark.as_mut());
    let name = Some(facts.os.pretty_name.clone()).filter(|name| !name.is_empty());
    let mut coverage = outcome.coverage;
    let own = system.tree.volumes().iter().filter(|mounted| !mounted.is_plain);
    coverage.entries = own.map(|mounted| mounted.walk.entries.len() as u64).sum();
    let mut volumes = system.volumes;
    for (index, volume) in volumes.iter_mut().enumerate() {
        let mine = system.places.iter().enumerate().filter(|(_, place)| **place == index);
        let unsearched = mine.filter_map(|(mounted, _)| outcome.unsearched.get(&mounted)).sum();
        volume.ledger = ledger::of_volume(volume, unsearched);
    }
    let ledger = ledger::of_image(system.subject.size, &volumes, system.outside);
    let directories = directories::list(&system.tree, &findings);
    let times = times::gather(&system.tree, &findings);
    let report = Report {
        subject: system.subject,
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
    };
    Ok(Audited { report, tree: system.tree, facts })
}

/// Opens the image that the audited one is compared with.
fn reference(
    target: &Target,
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<Arc<detect::reference::Reference>, AuditError> {
    let System { subject, tree, gaps, .. } =
        System::open_with(target, &settings.budget, &settings.image, progress)?;
    Ok(Arc::new(detect::reference::Reference::new(subject.name, tree, gaps)))
}

/// Runs the benchmark that was asked for; its failures are findings, but for those that every scan reports.
fn benchmark(
    system: &System,
    facts: &Facts,
    fact_gaps: &[Gap],
    settings: &Settings,
) -> Option<(Benchmark, Vec<Finding>)> {
    let name = match settings.benchmark.as_deref()? {
        "auto" => checks::benchmark::for_system(facts)?,
        name => name,
    };
    // The files of the checks are held by a test.
    let checks = checks::of_benchmark(name).unwrap_or_default();
    let gaps: Vec<Gap> = system.gaps.iter().chain(fact_gaps).cloned().collect();
    let (benchmark, outcomes) = Benchmark::run(name, &checks, &Examined::new(&system.tree, facts, &gaps));
    let failed = checks.iter().zip(&outcomes).filter(|(_, outcome)| outcome.verdict == Verdict::Fail);
    Some((benchmark, failed.map(|(check, outcome)| check.finding(outcome)).collect()))
}

/// Every file once, in the order of the disk; names of one file together.
fn work(tree: &Tree) -> Vec<Twins> {
    let mut ids: Vec<EntryId> = tree.ids().collect();
    ids.sort_by_cached_key(|&id| (worker::file_key(tree, id), id));
    let mut work: Vec<Twins> = Vec::new();
    for id in ids {
        match work.last_mut() {
            Some(twins) if twins.first().is_some_and(|&first| is_twin(tree, first, id)) => twins.push(id),
            _ => work.push(vec![id]),
        }
    }
    work
}

/// Whether two entries are one file: hard links, or files that share all their extents.
fn is_twin(tree: &Tree, a: EntryId, b: EntryId) -> bool {
    let (Some((at, first)), Some((other, second))) = (tree.get(a), tree.get(b)) else { return false };
    let regular = |kind| kind == FileType::Regular;
    if at.file_system != other.file_system
        || !regular(first.metadata.file_type)
        || !regular(second.metadata.file_type)
    {
        return false;
    }
    let shares = || {
        let extents = |id| tree.open(id).ok().and_then(|mut node| node.extents().ok().map(<[_]>::to_vec));
        // Two files of one packed block look alike from outside: only what lies on the disk as it is proves it.
        let known = |extents: &[Extent]| extents.iter().all(|extent| extent.place != Place::Opaque);
        extents(a).zip(extents(b)).is_some_and(|(a, b)| a == b && known(&a))
    };
    first.node == second.node
        || first.first != u64::MAX
            && first.first == second.first
            && first.metadata.size == second.metadata.size
            && shares()
}

/// Cuts the work into runs of about [`BATCH`] bytes.
fn batches(tree: &Tree, work: &[Twins]) -> Vec<(std::ops::Range<usize>, u64)> {
    let mut batches = Vec::new();
    let (mut start, mut bytes) = (0, 0_u64);
    for (index, twins) in work.iter().enumerate() {
        let size = twins.first().and_then(|&id| tree.get(id)).map_or(0, |(_, walked)| walked.metadata.size);
        bytes = bytes.saturating_add(size).saturating_add(4096);
        if bytes >= BATCH {
            batches.push((start..index.saturating_add(1), bytes));
            (start, bytes) = (index.saturating_add(1), 0);
        }
    }
    batches.push((start..work.len(), bytes));
    batches
}

/// Looks at every file, on all threads.
fn files(shared: Shared<'_>, jobs: usize, progress: &dyn Progress) -> Outcome {
    let work = work(shared.tree);
    let batches = batches(shared.tree, &work);
    let total = batches.iter().fold(0_u64, |sum, (_, bytes)| sum.saturating_add(*bytes));
    progress.begin("searching files", total);
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = if jobs == 0 { cores() } else { jobs }.clamp(1, batches.len().max(1));
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Outcome>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut worker = Worker::new(shared);
                while let Some((range, bytes)) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    for twins in work.get(range.clone()).unwrap_or_default() {
                        guarded(&mut worker, shared, twins);
                    }
                    progress.advance(*bytes);
                }
                done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(worker.outcome);
            });
        }
    });
    let outcomes = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut all = outcomes.into_iter().fold(Outcome::default(), Outcome::join);
    all.coverage.files = work.iter().filter(|twins| is_regular(shared.tree, twins)).count() as u64;
    all
}

fn is_regular(tree: &Tree, twins: &Twins) -> bool {
    let first = twins.first().and_then(|&id| tree.get(id));
    first.is_some_and(|(mounted, walked)| walked.metadata.file_type == FileType::Regular && !mounted.is_plain)
}

/// Looks at one file; a panic costs that file only, and is a gap.
fn guarded<'a>(worker: &mut Worker<'a>, shared: Shared<'a>, twins: &Twins) {
    if catch_unwind(AssertUnwindSafe(|| worker.file(twins))).is_err() {
        let outcome = std::mem::take(&mut worker.outcome);
        *worker = Worker::new(shared);
        worker.outcome = outcome;
        let location = twins.first().map(|&id| shared.tree.location(id)).unwrap_or_default();
        worker.outcome.gaps.push(worker::panic_gap(location));
    }
}

/// What the audit saw and found; the same image gives the same report, whatever the number of threads.
#[derive(Debug, Default)]
pub struct Report {
    /// What was audited.
    pub subject: Subject,
    /// Every partition or volume, in the order of the disk.
    pub volumes: Vec<VolumeSummary>,
    /// `PRETTY_NAME` of os-release, if there is one.
    pub system: Option<String>,
    /// What decides which commands are the system's own.
    pub machine: Machine,
    /// Sorted: worst first, then by path, line and rule.
    pub findings: Vec<Finding>,
    /// Sorted by place.
    pub gaps: Vec<Gap>,
    /// Things to know where nothing was lost: (where, what).
    pub notes: Vec<(String, String)>,
    /// The benchmark that was asked for; `None` too where there is none for the system.
    pub benchmark: Option<Benchmark>,
    /// How much was looked at.
    pub coverage: Coverage,
    /// What all bytes of the image are; empty for a mounted tree.
    pub ledger: Ledger,
    /// The directories with findings, and the largest ones: a list of bounded length.
    pub directories: Vec<Directory>,
    /// The times of the files of findings.
    pub times: Times,
}

/// What was audited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// File name or directory, as given.
    pub name: String,
    /// What the file is: "raw", "qcow2", "raw in gzip", "directory".
    pub format: String,
    /// Bytes of the disk in it; 0 for a mounted tree.
    pub size: u64,
    /// "GPT", "MBR", "no partition table", "directory".
    pub layout: String,
    /// Bytes of a sector, where a partition table says it.
    pub sector: u32,
}

/// One partition or volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumeSummary {
    /// Number in the partition table.
    pub partition: Option<u32>,
    /// What is made of partitions: "LV vg/root", "md 0".
    pub name: Option<String>,
    /// First byte in the image.
    pub offset: u64,
    /// Length in bytes.
    pub size: u64,
    /// Where its bytes lie in the image; empty where that is not simple.
    pub places: Vec<Span>,
    /// What it holds: "ext4", "vfat", "xfs", "empty", "unknown".
    pub content: String,
    /// What the partition table says it is for: "EFI system partition".
    pub purpose: Option<String>,
    /// Label of the file system.
    pub label: Option<Vec<u8>>,
    /// UUID of the file system.
    pub uuid: Option<String>,
    /// Where it is mounted in the running machine.
    pub mount: Option<Vec<u8>>,
    /// Why it is thought to be mounted there: "fstab", "last mounted there", "partition type", "label".
    pub mount_source: Option<&'static str>,
    /// Bytes of it that are not in the image, which is cut short.
    pub missing: u64,
    /// How its file system uses its bytes.
    pub usage: Usage,
    /// How much of it the files take.
    pub occupied: Occupied,
    /// After the end of the file system (or from the start, where none was opened): zeros, and other bytes,
    /// which are searched as they are.
    pub beyond: (u64, u64),
    /// What all its bytes are.
    pub ledger: Ledger,
    /// Entries found in it.
    pub entries: u64,
    /// Whether its files were looked at.
    pub read: bool,
    /// Where other volumes are made of it: bytes of it that none uses.
    pub unclaimed: Option<u64>,
    /// Bytes of other volumes that its file system lies on, too.
    pub pooled: u64,
    /// Whether its bytes are those of a file or of a file system of another volume, and counted there.
    pub inside: bool,
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Entries of all file systems: files, directories, links, …
    pub entries: u64,
    /// Regular files.
    pub files: u64,
    /// Regular files read to their end.
    pub files_read: u64,
    /// Bytes of file content searched, each once.
    pub bytes_searched: u64,
    /// Files that are as an earlier audit searched them, by the cache, and their bytes: not searched again.
    pub files_known: u64,
    /// Bytes of those.
    pub bytes_known: u64,
    /// Members of archives looked into.
    pub members: u64,
    /// Bytes unpacked from archives and searched.
    pub bytes_unpacked: u64,
    /// Files that are bit for bit what the image's own package database says, in which matches of
    /// public example values were left out.
    pub packaged_matches_dropped: u64,
    /// Findings over the limit per rule and file, counted only.
    pub findings_dropped: u64,
}

impl Report {
    /// The findings, of those about one secret the worst alone: what there is to do.
    pub fn distinct(&self) -> impl Iterator<Item = &Finding> {
        let mut seen = BTreeSet::new();
        self.findings.iter().filter(move |finding| finding.group.is_none_or(|group| seen.insert(group)))
    }

    /// The places of each group of findings about one secret, by its number: the first is that of the worst.
    pub fn places(&self) -> BTreeMap<u32, Vec<&Location>> {
        let mut groups: BTreeMap<u32, Vec<&Location>> = BTreeMap::new();
        for finding in &self.findings {
            let places = finding.group.map(|group| groups.entry(group).or_default());
            let own = std::iter::once(&finding.location).chain(&finding.more);
            places.into_iter().for_each(|places| places.extend(own.clone()));
        }
        groups
    }

    /// Gaps through which something was lost.
    pub fn losses(&self) -> impl Iterator<Item = &Gap> {
        self.gaps.iter().filter(|gap| gap.loss > Loss::Nothing)
    }
}

/// Told how far the audit is; called from many threads.
pub trait Progress: Sync {
    /// A phase begins, with the number of bytes it will read (0: unknown).
    fn begin(&self, phase: &'static str, bytes: u64);
    /// So many bytes more are done.
    fn advance(&self, bytes: u64);
}

/// Nobody to tell.
pub struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _: &'static str, _: u64) {}
    fn advance(&self, _: u64) {}
}
