//! `assay baseline`: what an image has, written down, so that later ones are judged by what is new.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::arguments::Baseline as Wanted;
use super::output::{self, Place};
use super::progress::Bar;
use super::wrong_input::Kind;
use super::{Exit, Failure, Terminal, engine, knowledge, memory, policy, scan, user_file};
use crate::audit::Settings;
use crate::baseline::{Baseline, Entry, Key};
use crate::date::Date;
use crate::detect::{self, Signatures};

/// Largest JSON report that is read, in bytes.
const LARGEST: u64 = 1 << 30;

/// Runs the command.
pub(super) fn run(
    wanted: &Wanted,
    outside: bool,
    signatures: Arc<Signatures>,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    let place = place(wanted)?;
    let today = policy::today(wanted.today)?;
    let older = wanted.update.as_deref().map(policy::baseline).transpose()?;
    let made = match wanted.image.as_deref().filter(|path| is_json(path)) {
        Some(report) => of_report(report, older.as_ref(), today, terminal)?,
        None => of_image(wanted, outside, signatures, older.as_ref(), today, terminal)?,
    };
    output::write(&place, made.write().as_bytes(), true)?;
    let shown = wanted.output.display();
    writeln!(terminal.err, "{shown}: {}", told(&made, older.as_ref()))?;
    Ok(Exit::PASS)
}

/// Refuses before the work what would lose a key, its reasons, or the image.
fn place(wanted: &Wanted) -> Result<Place, Failure> {
    let output = &wanted.output;
    let shown = output.display();
    let place = output::place(output)?;
    if matches!(place, Place::Stream(_)) {
        return Err(Failure::usage(format!("{shown}: a baseline holds a key, and needs a file")));
    }
    let same = |path: &Path| path.canonicalize().ok().is_some_and(|a| output.canonicalize().ok() == Some(a));
    if output.exists() && !wanted.update.as_deref().is_some_and(same) {
        return Err(Failure::usage(format!(
            "{shown}: is there already; --update {shown} keeps its key, dates and reasons"
        )));
    }
    Ok(place)
}

/// Whether a file begins as a JSON document does; no disk image begins so.
fn is_json(path: &Path) -> bool {
    let mut first = [0; 64];
    let is_file = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let read = |first: &mut [u8]| File::open(path).and_then(|mut file| file.read(first)).unwrap_or(0);
    is_file && {
        let length = read(&mut first);
        first.get(..length).unwrap_or_default().trim_ascii_start().starts_with(b"{")
    }
}

fn of_image(
    wanted: &Wanted,
    outside: bool,
    signatures: Arc<Signatures>,
    older: Option<&Baseline>,
    today: Date,
    terminal: &mut Terminal<'_>,
) -> Result<Baseline, Failure> {
    let target = scan::target(wanted.image.as_deref(), wanted.rootfs.as_deref())?;
    let policy = policy::policy(wanted.profile.as_deref(), wanted.policy.as_deref())?;
    let settings = Settings {
        jobs: usize::from(wanted.jobs.unwrap_or(0)),
        benchmark: wanted.benchmark.clone().or_else(|| policy.scan.benchmark.clone()),
        deleted: policy.scan.deleted.unwrap_or(false),
        detect: detect::Options {
            compare: policy::extent(wanted.compare_packages, &policy),
            ..detect::Options::of(signatures)
        },
        budget: memory::within(policy::budget(&policy)),
        knowledge: knowledge::of_day(today)?,
        ..Settings::default()
    };
    let bar = Bar::new(!wanted.no_progress, terminal);
    let report = engine::audit(&target, outside, settings, &bar);
    drop(bar);
    let report = report?;
    let losses = report.losses().count();
    if losses > 0 {
        writeln!(terminal.err, "{losses} gaps: what could not be read is not in the baseline.")?;
    }
    let mut made = Baseline::new(key(older)?, report.subject.name.clone());
    for finding in &report.findings {
        made.take(finding, today, older);
    }
    Ok(made)
}

/// The key of the older baseline, or a new one.
fn key(older: Option<&Baseline>) -> Result<Key, Failure> {
    if let Some(older) = older {
        return Ok(older.key.clone());
    }
    let mut random = [0; 32];
    getrandom::fill(&mut random)
        .map_err(|error| Failure::unreadable(format!("the system gives no random numbers: {error}")))?;
    Ok(Key::new(random))
}

/// What a baseline takes of a JSON report.
#[derive(Deserialize)]
struct Report {
    format: String,
    subject: Subject,
    summary: Summary,
    baseline: Option<Compared>,
    findings: Vec<Found>,
}

#[derive(Deserialize)]
struct Subject {
    name: String,
}

#[derive(Deserialize)]
struct Summary {
    not_shown: u64,
}

#[derive(Deserialize)]
struct Compared {
    key: String,
}

#[derive(Deserialize)]
struct Found {
    id: String,
    title: String,
    severity: String,
    location: Location,
    fingerprint: Option<String>,
}

#[derive(Deserialize)]
struct Location {
    path: String,
    volume: Option<String>,
}

/// A report holds no secrets, so it must bring the fingerprints: made with the baseline whose key is kept.
fn of_report(
    path: &Path,
    older: Option<&Baseline>,
    today: Date,
    terminal: &mut Terminal<'_>,
) -> Result<Baseline, Failure> {
    let shown = path.display();
    let wrong = |problem: &dyn std::fmt::Display| Failure::usage(format!("{shown}: {problem}"));
    if let Some(kind) = Kind::at(path).filter(|kind| *kind != Kind::Report) {
        return Err(kind.failure(path, "an image or a report"));
    }
    let file = user_file::open(path).map_err(|error| wrong(&error))?;
    let report: Report =
        serde_json::from_reader(BufReader::new(file.take(LARGEST))).map_err(|error| wrong(&error))?;
    if report.format != "assay-report" {
        return Err(wrong(&"is no report of assay"));
    }
    let (Some(older), Some(compared)) = (older, &report.baseline) else {
        return Err(wrong(
            &"a baseline is made of a report only if the report was made with --baseline FILE, and --update names \
              that FILE; else make it of the image",
        ));
    };
    if compared.key != older.key.name() {
        return Err(wrong(&"was made with the key of another baseline than that of --update"));
    }
    if report.summary.not_shown > 0 {
        let hidden = report.summary.not_shown;
        writeln!(terminal.err, "{shown}: {hidden} findings were not shown in it, and will be new again.")?;
    }
    let mut made = Baseline::new(older.key.clone(), report.subject.name);
    for found in report.findings {
        let print = found.fingerprint.ok_or_else(|| wrong(&"has a finding without a fingerprint"))?;
        let path = match found.location.path.is_empty() {
            true => found.location.volume.unwrap_or_default(),
            false => found.location.path,
        };
        let entry = Entry {
            rule: found.id,
            path,
            title: found.title,
            severity: found.severity,
            since: today,
            reason: String::new(),
            owner: String::new(),
            expires: None,
        };
        made.add(print, entry, Some(older));
    }
    Ok(made)
}

fn told(made: &Baseline, older: Option<&Baseline>) -> String {
    let findings =
        |number: usize| if number == 1 { "1 finding".to_owned() } else { format!("{number} findings") };
    let all = findings(made.findings.len());
    let Some(older) = older else { return format!("{all} known from now on.") };
    let new = made.findings.keys().filter(|print| !older.findings.contains_key(*print)).count();
    let gone = older.findings.keys().filter(|print| !made.findings.contains_key(*print)).count();
    format!("{all} known from now on; {new} new, {gone} gone.")
}
