//! The end of the report: what was looked at, what was not, and the verdict.

use std::fmt::Write as _;

use super::text::{Paint, count, counted, size, wrap};
use super::{Judgement, Options, policy, shown_place};
use crate::audit::{Material, Report, VolumeSummary};
use crate::finding::{Gap, Grade, Severity};
use crate::report::Outcome;
use assay_disk::system::ledger::{Ledger, Use};
use assay_disk::text::Escaped;

/// Gaps and notes that are shown without `--verbose`.
const LINES: usize = 12;

/// What helps with findings.
const NEXT: &str = "  assay rules show RULE        why it matters; RULE stands in [brackets] above
  assay fix IMAGE -o clean.sh  a script to clean its machine with; read it first";

/// Appends the end of the report.
pub(super) fn render(
    report: &Report,
    judgement: &Judgement,
    options: &Options,
    paint: &Paint,
    out: &mut String,
) {
    let _ = writeln!(out, "\n{}", paint.bold("Looked at"));
    match &report.sourcing {
        Some(inventory) => {
            let _ = writeln!(out, "  {}", super::sourcing::read(inventory));
        }
        None => {
            volumes(&report.volumes, out);
            coverage(report, out);
        }
    }
    ledger(&report.ledger, options, out);
    gaps(report, options, paint, out);
    if !options.quiet {
        notes(&report.notes, options, paint, out);
    }
    policy::why(&judgement.explanation, options, paint, out);
    if !options.quiet && judgement.outcome != Outcome::Pass && !report.findings.is_empty() {
        let next =
            if report.material != Material::Image { NEXT.lines().next().unwrap_or(NEXT) } else { NEXT };
        let _ = writeln!(out, "\n{}\n{next}", paint.bold("Next"));
    }
    counts(report, options, paint, out);
    let _ = writeln!(out, "{}", paint.outcome(judgement.outcome == Outcome::Pass, &judgement.sentence));
}

fn volumes(volumes: &[VolumeSummary], out: &mut String) {
    let rows: Vec<[String; 5]> = volumes.iter().map(row).collect();
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        let _ = writeln!(out, "  {}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

fn row(volume: &VolumeSummary) -> [String; 5] {
    let label = volume.label.as_deref().filter(|label| !label.is_empty());
    let content = match (label, &volume.purpose) {
        (Some(label), _) => format!("{} {}", volume.content, Escaped(label)),
        (None, Some(purpose)) if !volume.read => format!("{} ({purpose})", volume.content),
        _ => volume.content.clone(),
    };
    [
        match (&volume.name, volume.partition) {
            (Some(name), _) => Escaped(name.as_bytes()).to_string(),
            (None, number) => number.map_or_else(String::new, |number| format!("partition {number}")),
        },
        content,
        volume.mount.as_deref().map_or_else(|| "-".to_owned(), |mount| Escaped(mount).to_string()),
        if volume.size == 0 { String::new() } else { size(volume.size) },
        looked_at(volume),
    ]
}

/// How a volume was looked at: its entries, or its bytes as they are, where no file system was opened.
pub(in crate::report) fn looked_at(volume: &VolumeSummary) -> String {
    let (ledger, opened) = (&volume.ledger, volume.usage.total > 0);
    let accounted = ledger.size > 0 && ledger.bytes(Use::NotRead) == 0;
    match volume.read {
        true if accounted && !opened && ledger.bytes(Use::Raw) > 0 => "searched raw".to_owned(),
        true => counted(volume.entries, "entry"),
        false if accounted => "searched raw".to_owned(),
        false => "not read".to_owned(),
    }
}

fn coverage(report: &Report, out: &mut String) {
    let coverage = &report.coverage;
    let unread = coverage.files.saturating_sub(coverage.files_read);
    let read =
        if unread == 0 { "all read".to_owned() } else { format!("{unread} of them not or not wholly read") };
    let _ = write!(
        out,
        "  {}, {read}; {} searched",
        counted(coverage.files, "file"),
        size(coverage.bytes_searched)
    );
    if coverage.members > 0 {
        let members = counted(coverage.members, "member");
        let _ = write!(out, "; {members} of archives ({})", size(coverage.bytes_unpacked));
    }
    out.push('\n');
    let total = coverage.deleted.iter().fold(0, |sum: u64, count| sum.saturating_add(*count));
    if total > 0 {
        let grades = Grade::ALL.iter().zip(coverage.deleted).filter(|(_, count)| *count > 0);
        let grades: Vec<String> = grades.map(|(grade, count)| format!("{count} {}", grade.name())).collect();
        let _ = writeln!(out, "  {} came back: {}", counted(total, "deleted file"), grades.join(", "));
    }
    if coverage.files_known > 0 {
        let (files, bytes) = (counted(coverage.files_known, "file"), size(coverage.bytes_known));
        let _ = writeln!(out, "  {files} ({bytes}) not searched again: the cache knows them as clean");
    }
    if coverage.findings_dropped > 0 {
        let dropped = counted(coverage.findings_dropped, "finding");
        let _ = writeln!(out, "  {dropped} beyond the limit of one rule in one file are only counted");
    }
}

/// The account of every byte, in one line.
fn ledger(ledger: &Ledger, options: &Options, out: &mut String) {
    if ledger.size == 0 {
        return;
    }
    let words = |what| match what {
        Use::Searched => "file content searched",
        Use::Unsearched => "file content not searched",
        Use::Unwritten => "set aside, never written",
        Use::Slack => "slack of files",
        Use::Structures => "file system structures",
        Use::Journal => "journals",
        Use::Unclaimed => "in use by no file (searched raw)",
        Use::Free => "free (not searched)",
        Use::Recovered => "of deleted files (searched)",
        Use::FreeSearched => "free (searched raw)",
        Use::FreeBlank => "free and blank",
        Use::Blank => "blank around them",
        Use::Raw => "searched as raw bytes",
        Use::Volumes => "in volumes made of them",
        Use::NotRead => "in volumes not read",
    };
    let parts: Vec<String> =
        ledger.uses.iter().map(|&(what, bytes)| format!("{} {}", size(bytes), words(what))).collect();
    let end = match (ledger.adds_up(), ledger.twice) {
        (true, 0) => "it adds up".to_owned(),
        (true, twice) => format!("it adds up, with {} counted twice", size(twice)),
        (false, _) => "it does NOT add up".to_owned(),
    };
    let text = format!("Of {}: {}; {end}", size(ledger.size), parts.join(" · "));
    out.push_str(&wrap(&text, "  ", "    ", options.width));
}

fn gaps(report: &Report, options: &Options, paint: &Paint, out: &mut String) {
    let losses: Vec<&Gap> = report.losses().collect();
    if losses.is_empty() {
        return;
    }
    let heading = format!("Not looked at: {}", count(losses.len(), "gap"));
    let _ = writeln!(out, "\n{}", paint.severity(Severity::Medium, &heading));
    let lines = if options.verbose { losses.len() } else { LINES };
    for gap in losses.iter().take(lines) {
        let bytes = gap.bytes.map_or_else(String::new, |bytes| format!(" ({})", size(bytes)));
        let text = format!("{}: {}, {}{bytes}", shown_place(&gap.location), gap.kind.name(), gap.reason);
        out.push_str(&wrap(&text, "  ", "    ", options.width));
    }
    more(losses.len(), lines, paint, out);
}

fn notes(notes: &[(String, String)], options: &Options, paint: &Paint, out: &mut String) {
    if notes.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint.bold("Notes"));
    let lines = if options.verbose { notes.len() } else { LINES };
    for (place, text) in notes.iter().take(lines) {
        out.push_str(&wrap(&format!("{place}: {text}"), "  ", "    ", options.width));
    }
    more(notes.len(), lines, paint, out);
}

fn more(all: usize, shown: usize, paint: &Paint, out: &mut String) {
    if let Some(left) = all.checked_sub(shown).filter(|left| *left > 0) {
        let _ = writeln!(out, "  {}", paint.dim(&format!("… and {left} more (--verbose shows all)")));
    }
}

fn counts(report: &Report, options: &Options, paint: &Paint, out: &mut String) {
    let of = |severity| report.distinct().filter(|finding| finding.severity == severity).count();
    let there = Severity::ALL.into_iter().map(|severity| (severity, of(severity))).filter(|(_, n)| *n > 0);
    let words: Vec<String> =
        there.map(|(severity, n)| paint.severity(severity, &format!("{n} {}", severity.name()))).collect();
    let hidden = report.distinct().filter(|finding| finding.severity < options.min_severity).count();
    let hidden = if hidden > 0 {
        format!(" ({} not shown: --min-severity)", count(hidden, "finding"))
    } else {
        String::new()
    };
    let words = if words.is_empty() { "No findings".to_owned() } else { words.join(", ") };
    let _ = writeln!(out, "\n{words}{hidden}");
}
