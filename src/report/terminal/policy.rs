//! The policy in the report for people: what AWS asks, by which rules the image fails, what a baseline knew.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::text::{Paint, count, wrap};
use super::{Options, shown_place};
use crate::audit::Report;
use crate::finding::{Finding, Severity};
use crate::gate::{Compared, Explanation, Gone, Notice};
use crate::requirements::{How, Judged, Outcome, Verdict};
use assay_disk::text::Escaped;

/// Pieces of evidence of one requirement that are shown without `--verbose`.
const EVIDENCE: usize = 3;
/// Lines of other lists that are shown without `--verbose`.
const LINES: usize = 12;

/// Appends the lists of requirements.
pub(super) fn requirements(
    report: &Report,
    lists: &[Judged],
    options: &Options,
    paint: &Paint,
    out: &mut String,
) {
    if lists.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint.bold("What AWS asks"));
    table(lists, paint, out);
    if options.quiet {
        return;
    }
    for judged in lists {
        let is_shown = |outcome: &&Outcome| {
            options.verbose || matches!(outcome.verdict, Verdict::Fail | Verdict::Undecided)
        };
        let mut shown = judged.results.iter().filter(is_shown).peekable();
        if shown.peek().is_some() {
            let _ = writeln!(out, "\n  {}", paint.underlined(&judged.title));
        }
        shown.for_each(|outcome| row(report, outcome, options, paint, out));
    }
}

/// How many requirements of each list came out how.
fn table(lists: &[Judged], paint: &Paint, out: &mut String) {
    let widest = lists.iter().map(|judged| judged.title.chars().count()).max().unwrap_or(0);
    for judged in lists {
        let cell = |verdict, words: &str| format!("{:>2} {words}", judged.count(verdict));
        let fail = cell(Verdict::Fail, "fail");
        let cells = [
            cell(Verdict::Pass, "pass"),
            if judged.count(Verdict::Fail) > 0 { paint.severity(Severity::High, &fail) } else { fail },
            cell(Verdict::Undecided, "not decided"),
            cell(Verdict::NotCheckable, "not checkable offline"),
        ];
        let _ = write!(out, "  {:widest$}  {}", judged.title, cells.join("  "));
        let other = judged.count(Verdict::NotApplicable);
        let _ = if other > 0 { writeln!(out, "  {other} of other systems") } else { writeln!(out) };
    }
}

fn row(report: &Report, outcome: &Outcome, options: &Options, paint: &Paint, out: &mut String) {
    let requirement = &outcome.requirement;
    let mark = match outcome.verdict {
        Verdict::Pass => paint.dim("pass"),
        Verdict::Fail => paint.severity(Severity::High, "FAIL"),
        Verdict::Undecided => paint.severity(Severity::Medium, "????"),
        Verdict::NotCheckable | Verdict::NotApplicable => paint.dim("-   "),
    };
    let accepted = if outcome.is_accepted { " (accepted)" } else { "" };
    let id = paint.dim(&format!("[{}]", requirement.id));
    let _ = writeln!(out, "    {mark} {}{accepted}  {id}", requirement.title);
    match (&requirement.judged, outcome.verdict) {
        (How::NotCheckable(why), _) => out.push_str(&wrap(why, "         ", "         ", options.width)),
        (_, Verdict::NotApplicable) => out.push_str("         it is about another system\n"),
        _ => evidence(report, outcome, options, paint, out),
    }
    if options.verbose {
        if !requirement.limits.is_empty() {
            out.push_str(&wrap(&requirement.limits, "         ", "         ", options.width));
        }
        let _ = writeln!(out, "         {}", paint.dim(&requirement.url));
    }
}

/// Where a requirement is violated, or left open: each place once, with its rule.
fn evidence(report: &Report, outcome: &Outcome, options: &Options, paint: &Paint, out: &mut String) {
    let mut places: Vec<(String, String)> = Vec::new();
    for finding in outcome.findings.iter().filter_map(|&index| report.findings.get(index)) {
        let place = (shown_place(&finding.location), subject(finding));
        if !places.contains(&place) {
            places.push(place);
        }
    }
    for gap in outcome.gaps.iter().filter_map(|&index| report.gaps.get(index)) {
        places.push((shown_place(&gap.location), gap.kind.name().to_owned()));
    }
    if places.is_empty() && outcome.verdict == Verdict::Undecided {
        out.push_str("         no root file system was read\n");
    }
    let shown = if options.verbose { places.len() } else { EVIDENCE };
    for (place, what) in places.iter().take(shown) {
        let _ = writeln!(out, "         {}  {}", paint.cyan(place), paint.dim(what));
    }
    if let Some(left) = places.len().checked_sub(shown).filter(|left| *left > 0) {
        let _ = writeln!(out, "         {}", paint.dim(&format!("and {}", count(left, "other place"))));
    }
}

/// The rule of a finding, and whom it is about.
fn subject(finding: &Finding) -> String {
    match &finding.subject {
        Some(subject) => format!("{} ({})", finding.advisory.id, Escaped(subject.as_bytes())),
        None => finding.advisory.id.clone(),
    }
}

/// Appends by which rules of the policy the image fails, what is not decided, what is over or of no use, and what a
/// baseline knew.
pub(super) fn why(explanation: &Explanation, options: &Options, paint: &Paint, out: &mut String) {
    if let Some(name) = &explanation.policy {
        let name = Escaped(name.as_bytes());
        let title =
            if explanation.title.is_empty() { String::new() } else { format!(": {}", explanation.title) };
        out.push('\n');
        out.push_str(&bold(&wrap(&format!("Policy {name}{title}"), "", "  ", options.width), paint));
        rules(explanation, options, out);
    }
    if let Some(compared) = &explanation.baseline {
        baseline(compared, options, paint, out);
    }
    let unused = explanation.notices.iter().filter(|notice| matches!(notice, Notice::Unused { .. }));
    let expired = explanation.notices.iter().filter(|notice| matches!(notice, Notice::Expired { .. }));
    if !explanation.notices.is_empty() {
        let _ = writeln!(out, "\n{}", paint.bold("Exceptions"));
    }
    for notice in expired {
        let text = wrap(&notice.to_string(), "  ", "    ", options.width);
        out.push_str(&paint.severity(Severity::High, text.trim_end()));
        out.push('\n');
    }
    for notice in unused {
        out.push_str(&wrap(&notice.to_string(), "  ", "    ", options.width));
    }
}

fn bold(text: &str, paint: &Paint) -> String {
    text.lines().map(|line| paint.bold(line) + "\n").collect()
}

fn rules(explanation: &Explanation, options: &Options, out: &mut String) {
    // Required checks of one list are many, and stand above.
    let mut of_lists: BTreeMap<&str, usize> = BTreeMap::new();
    let mut lines = Vec::new();
    for rule in &explanation.rules {
        match rule.name.strip_prefix("require ").and_then(|rest| rest.split_once(": ")) {
            Some((list, _)) => *of_lists.entry(list).or_default() += 1,
            None => lines.push((rule.name.clone(), count(rule.findings, "finding"))),
        }
    }
    for (list, failed) in of_lists {
        lines.push((format!("require {list}"), format!("{} fail", count(failed, "requirement"))));
    }
    let widest = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, what) in lines {
        let _ = writeln!(out, "  fails by {:widest$}  {what}", Escaped(name.as_bytes()).to_string());
    }
    let shown = if options.verbose { explanation.open.len() } else { LINES };
    for open in explanation.open.iter().take(shown) {
        let text = format!("not decided: {} ({})", open.name, open.because);
        out.push_str(&wrap(&text, "  ", "    ", options.width));
    }
    if let Some(left) = explanation.open.len().checked_sub(shown).filter(|left| *left > 0) {
        let _ = writeln!(out, "  … and {left} more not decided (--verbose shows all)");
    }
}

fn baseline(compared: &Compared, options: &Options, paint: &Paint, out: &mut String) {
    let _ = writeln!(
        out,
        "\n{}",
        paint.bold(&format!(
            "Baseline of {}: {} known, {} new, {} gone",
            Escaped(compared.image.as_bytes()),
            compared.known,
            compared.new,
            compared.gone.len()
        ))
    );
    if options.quiet {
        return;
    }
    let shown = if options.verbose { compared.gone.len() } else { LINES };
    for Gone { entry, .. } in compared.gone.iter().take(shown) {
        let text = format!("gone: {} at {}, known since {}", entry.rule, entry.path, entry.since);
        out.push_str(&wrap(&text, "  ", "    ", options.width));
    }
    if let Some(left) = compared.gone.len().checked_sub(shown).filter(|left| *left > 0) {
        let _ = writeln!(out, "  … and {left} more gone (--verbose shows all)");
    }
}
