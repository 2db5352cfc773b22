//! Requirements and sections of benchmarks: judged, and held against what the policy requires.

use super::explanation::{GapDisposition, Open};
use crate::audit::{Report, VolumeSummary};
use crate::checks;
use crate::finding::{Disposition, Gap};
use crate::policy::{Policy, Required};
use crate::requirements::{self, Judged, Outcome, Verdict};
use assay_disk::path;
use assay_disk::text::Escaped;

/// What required checks come to.
#[derive(Default)]
pub(super) struct OfRequired {
    /// The names of those that fail.
    pub(super) failed: Vec<String>,
    /// Which are not decided.
    pub(super) open: Vec<Open>,
}

/// The lists that the policy wants, judged; each failure and open question with whether the policy allows it.
pub(super) fn lists(
    policy: &Policy,
    report: &Report,
    dispositions: &[Disposition],
    gaps: &[GapDisposition],
) -> Vec<Judged> {
    let mut names: Vec<&str> = policy.lists.iter().map(String::as_str).collect();
    for required in &policy.required {
        if let Required::Requirements { list, .. } = required {
            names.extend((!names.contains(&list.as_str())).then_some(list.as_str()));
        }
    }
    // The lists are held by a test, and their names were checked when the policy was read.
    let lists = names.into_iter().filter_map(|name| requirements::list(name).ok().flatten());
    let mut judged: Vec<Judged> = lists.map(|list| requirements::judge(&list, report)).collect();
    for outcome in judged.iter_mut().flat_map(|judged| &mut judged.results) {
        outcome.is_accepted = is_accepted(outcome, dispositions, gaps);
    }
    judged
}

/// Whether all that a requirement fails by, or is left open by, is allowed.
fn is_accepted(outcome: &Outcome, dispositions: &[Disposition], gaps: &[GapDisposition]) -> bool {
    let is_any = !outcome.findings.is_empty() || !outcome.gaps.is_empty();
    let gap = |&index: &usize| matches!(gaps.get(index), Some(GapDisposition::Accepted(_)));
    is_any
        && outcome.findings.iter().all(|&index| is_allowed(dispositions, index))
        && outcome.gaps.iter().all(gap)
}

fn is_allowed(dispositions: &[Disposition], index: usize) -> bool {
    dispositions.get(index).is_some_and(|disposition| disposition.allowed.is_some())
}

/// Holds what came out against what the policy requires; findings that fail a required check are told so.
pub(super) fn judge(
    policy: &Policy,
    report: &Report,
    lists: &[Judged],
    dispositions: &mut [Disposition],
) -> OfRequired {
    let mut of = OfRequired::default();
    for required in &policy.required {
        match required {
            Required::Requirements { list, only, except } => {
                let judged = lists.iter().find(|judged| judged.list == *list);
                for outcome in judged.into_iter().flat_map(|judged| &judged.results) {
                    let id = &outcome.requirement.id;
                    if (only.is_empty() || is_among(only, id)) && !is_among(except, id) {
                        requirement(list, outcome, report, dispositions, &mut of);
                    }
                }
            }
            Required::System if !has_system(report) => {
                let because = "no operating system was found in the image: its files were searched, but nothing of \
                               it is known by its place";
                of.open.push(Open { name: "require system".to_owned(), because: because.to_owned() });
            }
            Required::System => {}
            Required::Benchmark { sections, level, except } => {
                let wanted = |number: &str| is_among(sections, number) && !is_among(except, number);
                benchmark(&wanted, *level, report, dispositions, &mut of);
            }
        }
    }
    of
}

/// Whether the audit found an operating system.
fn has_system(report: &Report) -> bool {
    let windows = |volume: &VolumeSummary| volume.mount_source == Some("holds /Windows");
    report.system.is_some()
        || report.machine.packages.is_some()
        || report.machine.has_systemd
        || report.volumes.iter().any(windows)
}

fn is_among(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| path::fits(pattern, name.as_bytes()))
}

fn requirement(
    list: &str,
    outcome: &Outcome,
    report: &Report,
    dispositions: &mut [Disposition],
    of: &mut OfRequired,
) {
    let name = format!("require {list}: {}", outcome.requirement.id);
    match outcome.verdict {
        _ if outcome.is_accepted => {}
        Verdict::Fail => fail(name, &outcome.findings, dispositions, of),
        Verdict::Undecided => {
            let gap = outcome.gaps.first().and_then(|&index| report.gaps.get(index));
            let because = gap.map_or_else(|| "no root file system was read".to_owned(), place);
            of.open.push(Open { name, because });
        }
        Verdict::Pass | Verdict::NotCheckable | Verdict::NotApplicable => {}
    }
}

fn place(gap: &Gap) -> String {
    let location = &gap.location;
    let place = match location.path.is_empty() {
        true => location.volume.as_deref().unwrap_or("the image").as_bytes(),
        false => &location.path,
    };
    format!("{}: {}", Escaped(place), gap.kind.name())
}

/// Sections of the benchmark that was run.
fn benchmark(
    wanted: &dyn Fn(&str) -> bool,
    level: u8,
    report: &Report,
    dispositions: &mut [Disposition],
    of: &mut OfRequired,
) {
    let Some(benchmark) = &report.benchmark else {
        of.open.push(Open { name: "require benchmark".to_owned(), because: "none was run".to_owned() });
        return;
    };
    let mut is_any = false;
    for section in benchmark.results.iter().filter(|one| one.level <= level && wanted(&one.section)) {
        is_any = true;
        let name = format!("require {} {}", benchmark.name, section.section);
        let is_its = |(_, finding): &(usize, &crate::finding::Finding)| finding.advisory.id == section.check;
        let findings: Vec<usize> =
            report.findings.iter().enumerate().filter(is_its).map(|(index, _)| index).collect();
        let allowed = !findings.is_empty() && findings.iter().all(|&index| is_allowed(dispositions, index));
        match section.verdict {
            checks::Verdict::Fail if !allowed => fail(name, &findings, dispositions, of),
            checks::Verdict::Undecided => {
                let first = section.evidence.first().map(|evidence| evidence.value.clone());
                let because = first.unwrap_or_else(|| "something could not be read".to_owned());
                of.open.push(Open { name, because });
            }
            _ => {}
        }
    }
    if !is_any {
        let because = format!("no required section is in {}", benchmark.name);
        of.open.push(Open { name: "require benchmark".to_owned(), because });
    }
}

fn fail(name: String, findings: &[usize], dispositions: &mut [Disposition], of: &mut OfRequired) {
    for &index in findings {
        let disposition = dispositions.get_mut(index).filter(|disposition| disposition.allowed.is_none());
        if let Some(disposition) = disposition.filter(|disposition| !disposition.fails.contains(&name)) {
            disposition.fails.push(name.clone());
        }
    }
    if !of.failed.contains(&name) {
        of.failed.push(name);
    }
}
