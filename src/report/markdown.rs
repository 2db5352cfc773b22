//! The report in Markdown (GitHub's), for the summary of a pipeline: the verdict, what was looked at, the findings
//! by severity, what was not looked at.
//!
//! A summary may have 1 MiB there; findings and gaps beyond that are counted.

use std::collections::BTreeMap;

use super::format::Format;
use super::software::covers;
use super::terminal::{shown_place, size};
use super::words::{cut, details, values};
use super::{Judgement, Options, Outcome, TOOL_VERSION};
use crate::audit::Report;
use crate::finding::{Finding, Gap, Severity};
use assay_disk::system::ledger::Use;
use assay_disk::text::Escaped;

mod escape;
mod software;
mod sourcing;

pub(super) use escape::{code, escape};

/// Bytes of rows of findings, of packages, and of gaps: with the rest, less than 1 MiB.
const FINDINGS: usize = 500_000;
const PACKAGES: usize = 200_000;
const GAPS: usize = 200_000;
/// Characters of a cell.
const CELL: usize = 400;

/// `--format markdown`.
pub static FORMAT: Format = Format {
    name: "markdown",
    about: "For the summary of a pipeline",
    extensions: &["md"],
    needs_digest: false,
    needs_file: false,
    is_begun_by: |text| text.starts_with("## ") && text.contains("\n\nLooked at: "),
    render: |told| render(told.report, told.judgement, told.options),
};

/// The report, ending with a newline.
pub fn render(report: &Report, judgement: &Judgement, options: &Options) -> String {
    let mut out = String::new();
    let mark = match judgement.outcome {
        Outcome::Pass => "✅",
        Outcome::Fail => "❌",
        Outcome::Incomplete => "⚠️",
    };
    out.push_str(&format!("## {mark} {}\n\n", escape(&cut(&judgement.sentence, CELL))));
    head(report, &mut out);
    counts(report, &mut out);
    findings(report, options, &mut out);
    software::render(report, options, &mut out);
    gaps(report, &mut out);
    out.push_str(&format!("\n<sub>assay {}</sub>\n", escape(TOOL_VERSION)));
    out
}

fn head(report: &Report, out: &mut String) {
    let subject = &report.subject;
    let mut parts = vec![cell(&subject.name)];
    parts.extend((subject.size > 0).then(|| escape(&size(subject.size))));
    parts.push(escape(&subject.layout));
    parts.extend(report.system.as_ref().map(|system| cell(system)));
    out.push_str(&format!("{}\n\n", parts.join(" · ")));
    if let Some(inventory) = &report.sourcing {
        return sourcing::render(inventory, out);
    }
    let coverage = &report.coverage;
    let mut looked = vec![
        format!("{} files, {} of them read", coverage.files, coverage.files_read),
        format!("{} searched", size(coverage.bytes_searched)),
    ];
    if coverage.members > 0 {
        looked.push(format!("{} members of archives", coverage.members));
    }
    if coverage.files_known > 0 {
        looked.push(format!("{} files known as clean by the cache", coverage.files_known));
    }
    let ledger = &report.ledger;
    if ledger.size > 0 {
        let lost = [Use::Unsearched, Use::NotRead].iter().map(|what| ledger.bytes(*what)).sum();
        looked.push(format!("{} of {} not read", size(lost), size(ledger.size)));
        looked.push(format!("{} free and not searched", size(ledger.bytes(Use::Free))));
        if !ledger.adds_up() {
            looked.push("the ledger of all bytes does NOT add up".to_owned());
        }
    }
    out.push_str(&format!("Looked at: {}.\n", escape(&looked.join("; "))));
}

fn counts(report: &Report, out: &mut String) {
    out.push_str("\n| severity | findings |\n| --- | ---: |\n");
    for severity in Severity::ALL {
        let count = report.distinct().filter(|finding| finding.severity == severity).count();
        out.push_str(&format!("| {} | {count} |\n", severity.name()));
    }
}

fn findings(report: &Report, options: &Options, out: &mut String) {
    let all: Vec<&Finding> =
        report.findings.iter().filter(|finding| finding.severity >= options.min_severity).collect();
    // Vulnerable packages have a section of their own.
    let all: Vec<&Finding> = all.into_iter().filter(|finding| !covers(finding)).collect();
    if options.quiet || all.is_empty() {
        return;
    }
    out.push_str("\n### Findings\n\n| severity | what | where | shown by |\n| --- | --- | --- | --- |\n");
    rows(&all, |finding| finding_row(finding, options), FINDINGS, "findings", out);
    remedies(&all, out);
}

fn finding_row(finding: &Finding, options: &Options) -> String {
    let mut shown: Vec<String> =
        details(finding, options).iter().map(|detail| cell_of_shown(detail)).collect();
    shown.extend(values(finding, options).iter().map(|value| code(value)));
    let more = match finding.related_locations.len() {
        0 => String::new(),
        more => format!(" and in {more} more"),
    };
    format!(
        "| {} | {}<br>{} | {}{more} | {} |\n",
        finding.severity.name(),
        escape(&cut(&finding.advisory.title, CELL)),
        code(&finding.advisory.id),
        cell_of_shown(&shown_place(&finding.location)),
        shown.join(" · ")
    )
}

/// What to do, once a rule.
fn remedies(all: &[&Finding], out: &mut String) {
    let rules: BTreeMap<&str, &str> = all
        .iter()
        .map(|finding| (finding.advisory.id.as_str(), finding.advisory.remedy.as_str()))
        .filter(|(_, remedy)| !remedy.is_empty())
        .collect();
    out.push_str("\n<details><summary>What to do</summary>\n\n");
    let rules: Vec<_> = rules.into_iter().collect();
    let line = |(id, remedy): &(&str, &str)| format!("- {}: {}\n", code(id), escape(&cut(remedy, CELL)));
    rows(&rules, line, GAPS / 2, "rules", out);
    out.push_str("\n</details>\n");
}

fn gaps(report: &Report, out: &mut String) {
    let losses: Vec<&Gap> = report.losses().collect();
    let count = losses.len();
    if count == 0 {
        return;
    }
    out.push_str(&format!("\n### Not looked at: {count}\n\n| kind | where | why |\n| --- | --- | --- |\n"));
    rows(&losses, |gap| gap_row(gap), GAPS / 2, "gaps", out);
}

fn gap_row(gap: &Gap) -> String {
    let bytes = gap.bytes.map_or_else(String::new, |bytes| format!(" ({})", size(bytes)));
    let place = cell_of_shown(&shown_place(&gap.location));
    format!("| {} | {place} | {}{bytes} |\n", gap.kind.name(), cell(&gap.reason))
}

/// Appends the row of each of `all`, as many as `most` bytes have room for, and the number of those left out.
fn rows<T>(all: &[T], row: impl Fn(&T) -> String, most: usize, noun: &str, out: &mut String) {
    let mut bytes = 0_usize;
    for (index, one) in all.iter().enumerate() {
        let row = row(one);
        bytes = bytes.saturating_add(row.len());
        if bytes > most {
            let left = all.len().saturating_sub(index);
            out.push_str(&format!("\n… and {left} more {noun}, which had no room here.\n"));
            return;
        }
        out.push_str(&row);
    }
}

/// Text of the image.
fn cell(text: &str) -> String {
    code(&cut(&Escaped(text.as_bytes()).to_string(), CELL))
}

/// Text that is escaped for terminals already.
fn cell_of_shown(text: &str) -> String {
    code(&cut(text, CELL))
}

#[cfg(test)]
mod tests;
