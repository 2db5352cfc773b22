//! `assay sourcing`: exports of accounts in, findings about images in use out.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::arguments::sourcing::Sourcing;
use super::delivery::Plan;
use super::policy::Gate;
use super::record::Begun;
use super::{Exit, Failure, Terminal, output, user_file};
use crate::audit::{Material, Report, Target};
use crate::detect::Signatures;
use crate::sourcing::audits::Audit;
use crate::sourcing::moment::Moment;
use crate::sourcing::{self, Rules, Settings};
use assay_disk::system::Subject;

/// Runs the command.
pub(super) fn run(
    wanted: &Sourcing,
    signatures: &Arc<Signatures>,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    let mut gate = Gate::of(&wanted.judging, wanted.fail_on, &wanted.accept_gap)?;
    if let Some(day) = wanted.at {
        gate.today = day;
    }
    // No image: nothing is digested, and no report may be written over one of the exports.
    let target = Target::Rootfs(wanted.paths.first().cloned().unwrap_or_default());
    let plan = Plan::new(&wanted.display, &target)?;
    let begun = Begun::new(&target, false)?;
    let settings = settings(wanted, &gate)?;
    let (report, ended) = begun.during(|| report(wanted, &settings))?;
    proposals(wanted, &report)?;
    plan.conclude(&gate, (report, ended), signatures, &wanted.display, terminal)
}

fn settings(wanted: &Sourcing, gate: &Gate) -> Result<Settings, Failure> {
    let of_policy = &gate.policy.sourcing;
    let joined = |policy: &std::collections::BTreeSet<String>, flags: &[String]| {
        policy.iter().chain(flags).cloned().collect()
    };
    let rules = Rules {
        own: joined(&of_policy.own, &wanted.own),
        trusted: joined(&of_policy.trusted, &wanted.trust),
        max_age_days: wanted.max_age.or(of_policy.max_age_days),
        ..of_policy.clone()
    };
    Ok(Settings {
        exports: wanted.paths.clone(),
        code: wanted.code.clone(),
        audits: audits(wanted)?,
        wants_audits: !wanted.audits.is_empty(),
        rules,
        now: Moment::parse(&gate.today.to_string()),
    })
}

fn report(wanted: &Sourcing, settings: &Settings) -> Result<Report, Failure> {
    let found = sourcing::examine(settings).map_err(Failure::unreadable)?;
    let names: Vec<String> = wanted.paths.iter().map(|path| path.display().to_string()).collect();
    let (accounts, scopes) = (found.inventory.accounts.len(), found.inventory.scopes.len());
    Ok(Report {
        subject: Subject {
            name: names.join(", "),
            format: "account export".to_owned(),
            layout: format!("{}, {}", counted(accounts, "account"), counted(scopes, "region")),
            ..Subject::default()
        },
        material: Material::Accounts,
        findings: found.findings,
        gaps: found.gaps,
        notes: found.notes,
        sourcing: Some(Box::new(found.inventory)),
        ..Report::default()
    })
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// Writes the criteria that were asked for.
fn proposals(wanted: &Sourcing, report: &Report) -> Result<(), Failure> {
    let Some(inventory) = &report.sourcing else { return Ok(()) };
    let all = [
        (&wanted.proposal, inventory.proposal.cli_input()),
        (&wanted.declarative_policy, inventory.proposal.declarative_policy()),
    ];
    for (file, value) in all {
        if let Some(file) = file {
            let text = serde_json::to_string_pretty(&value).map_err(Failure::unreadable)?;
            output::write(&output::place(file)?, format!("{text}\n").as_bytes(), false)?;
        }
    }
    Ok(())
}

/// Reads the saved reports; in a folder everything that is one.
fn audits(wanted: &Sourcing) -> Result<Vec<Audit>, Failure> {
    let map = wanted.audit_map.as_deref().map(read_map).transpose()?.unwrap_or_default();
    let mut audits = Vec::new();
    for path in &wanted.audits {
        if path.is_dir() {
            let entries = std::fs::read_dir(path).map_err(|error| unread(path, &error))?;
            let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
            files.sort();
            for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "json")) {
                audits.extend(audit(file, &map)?);
            }
        } else {
            let read = audit(path, &map)?;
            audits.push(read.ok_or_else(|| {
                Failure::usage(format!(
                    "--audits {}: is no report of assay scan --format json",
                    path.display()
                ))
            })?);
        }
    }
    Ok(audits)
}

fn audit(path: &Path, map: &BTreeMap<String, Vec<String>>) -> Result<Option<Audit>, Failure> {
    let text = user_file::text(path).map_err(|error| unread(path, &error))?;
    let name = path.display().to_string();
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let ids = map.get(&file).or_else(|| map.get(&name)).cloned().unwrap_or_default();
    let Ok(value) = serde_json::from_str::<Value>(&text) else { return Ok(None) };
    Ok(Audit::parse(&name, &value, ids))
}

/// Lines of an id and a report.
fn read_map(path: &Path) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let text = user_file::text(path).map_err(|error| unread(path, &error))?;
    let mut map: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((id, report)) = line.split_once([' ', '\t', ',', ';']) else {
            let path = path.display();
            return Err(Failure::usage(format!(
                "--audit-map {path}: line {}: not an id and a report",
                number + 1
            )));
        };
        map.entry(report.trim().to_owned()).or_default().push(id.to_owned());
    }
    Ok(map)
}

fn unread(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("{}: {error}", path.display()))
}
