//! The report for people: what to do first, first.
//!
//! Findings by severity, then category, then rule; the remedy once a rule. Then what was looked at, what
//! was not, and the verdict in one sentence, where the eye is when the program ends.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::format::Format;
use super::words::details;
use super::{Judgement, Options, TOOL_VERSION, software};
use crate::audit::Report;
use crate::finding::{Category, Disposition, Finding, Location, Severity};
use crate::remedies::{self, Machine, Remedy};
use assay_disk::text::Escaped;
use assay_disk::text::log::inert;

mod benchmark;
mod policy;
mod sourcing;
mod summary;
pub(super) mod text;
mod vulnerable;

pub(super) use summary::looked_at;
use text::{Paint, count};
pub(super) use text::{category_name, thousands};
pub use text::{size, wrap};

/// Places of one rule that are shown without `--verbose`.
const PLACES: usize = 5;
/// Other places of one finding that are shown without `--verbose`.
const MORE_PLACES: usize = 2;

/// `--format terminal`.
pub static FORMAT: Format = Format {
    name: "terminal",
    about: "For people",
    extensions: &[],
    needs_digest: false,
    needs_file: false,
    is_begun_by: |text| text.starts_with("assay ") && text.contains(" · "),
    render: |told| render(told.report, told.judgement, told.options),
};

/// The report as text, ending with the verdict.
pub fn render(report: &Report, judgement: &Judgement, options: &Options) -> String {
    let explanation = &judgement.explanation;
    let verbose = options.verbose || explanation.is_verbose && !options.quiet;
    let options = &Options { verbose, ..*options };
    let paint = Paint { on: options.color };
    let mut out = String::new();
    head(report, &paint, &mut out);
    if !options.quiet {
        // What a benchmark found stands in its own section, and so do vulnerable packages.
        let shown = |finding: &&Finding| {
            finding.severity >= options.min_severity
                && finding.advisory.category != Category::Hardening
                && !software::covers(finding)
        };
        let findings = joined(report, explanation.policy.is_some());
        let findings: Vec<&Finding> = findings.iter().filter(shown).collect();
        for severity in Severity::ALL {
            let of: Vec<&Finding> = findings.iter().copied().filter(|f| f.severity == severity).collect();
            if !of.is_empty() {
                group(severity, of, &report.machine, options, &paint, &mut out);
            }
        }
    }
    if let Some(all) = software::vulnerables(report) {
        vulnerable::render(&all, options, &paint, &mut out);
    }
    if let Some(inventory) = &report.sourcing {
        sourcing::render(inventory, options, &paint, &mut out);
    }
    if let Some(benchmark) = &report.benchmark {
        benchmark::render(benchmark, options, &paint, &mut out);
    }
    policy::requirements(report, &explanation.requirements, options, &paint, &mut out);
    summary::render(report, judgement, options, &paint, &mut out);
    inert(&out).into_owned()
}

/// One finding for one secret, with all its places; it fails if it does at one of them, which is marked only where
/// a named policy judges (else the severity says it).
pub(super) fn joined(report: &Report, is_marked: bool) -> Vec<Finding> {
    let places = report.places();
    let fails = report.findings.iter().rev().filter(|finding| !finding.disposition.fails.is_empty());
    let failing: BTreeMap<u32, &Disposition> =
        fails.filter_map(|finding| Some((finding.group?, &finding.disposition))).collect();
    let mut findings: Vec<Finding> = report.distinct().cloned().collect();
    for finding in findings.iter_mut().filter(|finding| finding.group.is_some()) {
        let all = finding.group.and_then(|group| places.get(&group)).into_iter().flatten().copied();
        let mut seen = BTreeSet::from([&finding.location]);
        finding.related_locations = all.filter(|place| seen.insert(place)).cloned().collect();
        if let Some(disposition) = finding.group.and_then(|group| failing.get(&group)) {
            finding.disposition = (*disposition).clone();
        }
    }
    if !is_marked {
        findings.iter_mut().for_each(|finding| finding.disposition.fails.clear());
    }
    findings
}

fn head(report: &Report, paint: &Paint, out: &mut String) {
    let subject = &report.subject;
    let mut parts = vec![paint.bold(&Escaped(subject.name.as_bytes()).to_string())];
    if subject.size > 0 {
        parts.push(size(subject.size));
    }
    if !["", "raw", "directory"].contains(&subject.format.as_str()) {
        parts.push(subject.format.clone());
    }
    parts.push(subject.layout.clone());
    parts.extend(report.system.as_ref().map(|system| Escaped(system.as_bytes()).to_string()));
    let _ = writeln!(out, "assay {TOOL_VERSION} · {}", parts.join(" · "));
}

/// All findings of one severity.
fn group(
    severity: Severity,
    mut findings: Vec<&Finding>,
    machine: &Machine,
    options: &Options,
    paint: &Paint,
    out: &mut String,
) {
    let heading = format!("{} · {}", severity.name().to_uppercase(), count(findings.len(), "finding"));
    let _ = writeln!(out, "\n{}", paint.severity(severity, &heading));
    findings.sort_by_key(|finding| finding.advisory.category);
    for of_category in findings.chunk_by(|a, b| a.advisory.category == b.advisory.category) {
        let Some(first) = of_category.first() else { continue };
        let _ = writeln!(out, "\n  {}", paint.underlined(category_name(first.advisory.category)));
        let mut of_category = of_category.to_vec();
        of_category.sort_by(|a, b| a.advisory.id.cmp(&b.advisory.id));
        for (index, of_rule) in of_category.chunk_by(|a, b| a.advisory.id == b.advisory.id).enumerate() {
            if index > 0 {
                out.push('\n');
            }
            rule(of_rule, machine, options, paint, out);
        }
    }
}

/// All findings of one rule with one severity.
fn rule(findings: &[&Finding], machine: &Machine, options: &Options, paint: &Paint, out: &mut String) {
    let Some(advisory) = findings.first().map(|finding| &finding.advisory) else { return };
    let title = paint.bold(&Escaped(advisory.title.as_bytes()).to_string());
    let _ = writeln!(out, "    {title}  {}", paint.dim(&format!("[{}]", advisory.id)));
    if options.verbose && !advisory.why.is_empty() {
        out.push_str(&wrap(&advisory.why, "      ", "      ", options.width));
    }
    let places = if options.verbose { findings.len() } else { PLACES };
    for finding in findings.iter().take(places) {
        place(finding, options, paint, out);
        if options.verbose {
            remedy(&remedies::remedy(finding, machine), options, paint, out);
        }
    }
    if let Some(left) = findings.len().checked_sub(places).filter(|left| *left > 0) {
        let _ = writeln!(out, "      {}", paint.dim(&format!("… and {left} more (--verbose shows all)")));
    }
    if !advisory.remedy.is_empty() {
        out.push_str(&paint.green(&wrap(&advisory.remedy, "      → ", "        ", options.width)));
    }
    if options.verbose {
        for reference in &advisory.references {
            let _ = writeln!(out, "        {}", paint.dim(reference));
        }
    }
}

/// One finding: where, and what shows it.
fn place(finding: &Finding, options: &Options, paint: &Paint, out: &mut String) {
    let fails = if finding.disposition.fails.is_empty() { String::new() } else { paint.red("  fails") };
    let _ = writeln!(out, "      {}{fails}", paint.cyan(&shown_place(&finding.location)));
    let details = details(finding, options);
    if !details.is_empty() {
        out.push_str(&wrap(&details.join(" · "), "        ", "        ", options.width));
    }
    if options.secrets {
        for secret in &finding.evidence.secrets {
            for line in secret.reveal().split(|&byte| byte == b'\n') {
                let _ = writeln!(out, "        {}", paint.red(&Escaped(line).to_string()));
            }
        }
    }
    let more = if options.verbose { finding.related_locations.len() } else { MORE_PLACES };
    for other in finding.related_locations.iter().take(more) {
        let _ = writeln!(out, "        also {}", paint.cyan(&shown_place(other)));
    }
    if let Some(left) = finding.related_locations.len().checked_sub(more).filter(|left| *left > 0) {
        let _ = writeln!(out, "        {}", paint.dim(&format!("also in {}", count(left, "other place"))));
    }
}

/// What to run, and where it likely came from.
fn remedy(remedy: &Remedy<'_>, options: &Options, paint: &Paint, out: &mut String) {
    // A command is not wrapped, so that it can be copied.
    for command in &remedy.commands {
        let _ = writeln!(out, "        {}", paint.green(&format!("$ {}", visible(command))).trim_end());
    }
    for (label, text) in [("note", remedy.note.as_str()), ("likely from", remedy.origin)] {
        if !text.is_empty() {
            out.push_str(&wrap(text, &format!("        {label}: "), "          ", options.width));
        }
    }
}

/// A command as it is: what is not to be seen was quoted away, and backslashes are the shell's.
pub(super) fn visible(command: &str) -> String {
    Escaped(command.as_bytes()).to_string().replace("\\\\", "\\")
}

/// `/path:line`, or the volume where there is no path.
pub fn shown_place(location: &Location) -> String {
    let volume = location.volume.as_deref().unwrap_or("image");
    let volume = Escaped(volume.as_bytes());
    let mut place = match (location.path.is_empty(), location.partition) {
        (false, _) => Escaped(&location.path).to_string(),
        (true, Some(number)) => format!("partition {number} ({volume})"),
        (true, None) => volume.to_string(),
    };
    if let Some(line) = location.line {
        let _ = write!(place, ":{line}");
    }
    place
}

#[cfg(test)]
mod tests;
