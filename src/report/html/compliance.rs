//! What was asked of the image beside rules, as tables of one form: lists of requirements, and a benchmark.

use std::collections::BTreeSet;

use super::super::terminal::shown_place;
use super::escaped;
use crate::audit::Report;
use crate::checks::benchmark::Judged as Section;
use crate::checks::{self, Benchmark, Evidence};
use crate::requirements::{How, Judged, Outcome, Verdict};
use assay_disk::text::Escaped;

/// Places that one requirement shows; all are counted.
const PLACES: usize = 20;

/// A table: what was asked, and how it came out.
pub(super) struct Asked {
    /// Its name in links.
    pub(super) name: String,
    pub(super) title: String,
    /// What its rows are called.
    pub(super) noun: &'static str,
    /// What to know of it.
    pub(super) remark: &'static str,
    /// Class of style, words, number.
    pub(super) counts: Vec<(&'static str, &'static str, usize)>,
    pub(super) rows: Vec<Row>,
}

/// One thing that was asked.
pub(super) struct Row {
    /// Id or number, and what else tells it from others.
    pub(super) id: String,
    pub(super) title: String,
    /// Where it is asked for; may be empty.
    pub(super) url: String,
    pub(super) verdict: &'static str,
    pub(super) words: &'static str,
    pub(super) is_accepted: bool,
    /// Why it cannot be checked, or where it is violated or left open.
    pub(super) evidence: Vec<String>,
}

/// A list of requirements.
pub(super) fn requirements(judged: &Judged, report: &Report) -> Asked {
    let count = |verdict| (class(verdict), words(verdict), judged.count(verdict));
    Asked {
        name: escaped(&judged.list),
        title: escaped(&judged.title),
        noun: "Requirement",
        remark: "",
        counts: counted(Verdict::ALL.map(count)),
        rows: judged.results.iter().map(|outcome| requirement(outcome, report)).collect(),
    }
}

/// The benchmark.
pub(super) fn benchmark(benchmark: &Benchmark) -> Asked {
    let count = |verdict| {
        let (class, words) = of_section(verdict);
        (class, words, benchmark.count(verdict))
    };
    Asked {
        name: "benchmark".to_owned(),
        title: escaped(&benchmark.title),
        noun: "Section",
        remark: "Only what files decide is judged.",
        counts: counted(checks::Verdict::ALL.map(count)),
        rows: benchmark.results.iter().map(section).collect(),
    }
}

fn counted<const N: usize>(
    all: [(&'static str, &'static str, usize); N],
) -> Vec<(&'static str, &'static str, usize)> {
    all.into_iter().filter(|(.., count)| *count > 0).collect()
}

fn requirement(outcome: &Outcome, report: &Report) -> Row {
    let requirement = &outcome.requirement;
    Row {
        id: escaped(&requirement.id),
        title: escaped(&requirement.title),
        url: escaped(&requirement.url),
        verdict: class(outcome.verdict),
        words: words(outcome.verdict),
        is_accepted: outcome.is_accepted,
        evidence: match &requirement.judged {
            How::NotCheckable(why) => vec![escaped(why)],
            How::Report { .. } => places(outcome, report),
        },
    }
}

fn section(judged: &Section) -> Row {
    let (verdict, words) = of_section(judged.verdict);
    Row {
        id: format!("{}, level {}", escaped(&judged.section), judged.level),
        title: escaped(&judged.title),
        url: String::new(),
        verdict,
        words,
        is_accepted: false,
        evidence: judged.evidence.iter().map(evidence).collect(),
    }
}

fn evidence(evidence: &Evidence) -> String {
    let value = Escaped(evidence.value.as_bytes());
    let line = evidence.line.map_or_else(String::new, |line| format!(":{line}"));
    if evidence.path.is_empty() {
        return value.to_string();
    }
    format!("{}{line}: {value}", Escaped(&evidence.path))
}

/// Each place once, with its rule or what kind of gap is there.
fn places(outcome: &Outcome, report: &Report) -> Vec<String> {
    let findings = outcome.findings.iter().filter_map(|&index| report.findings.get(index));
    let findings = findings.map(|one| format!("{}  {}", shown_place(&one.location), one.advisory.id));
    let gaps = outcome.gaps.iter().filter_map(|&index| report.gaps.get(index));
    let gaps = gaps.map(|one| format!("{}  {}", shown_place(&one.location), one.kind.name()));
    let mut seen = BTreeSet::new();
    let mut places: Vec<String> = findings.chain(gaps).filter(|place| seen.insert(place.clone())).collect();
    let left = places.len().saturating_sub(PLACES);
    places.truncate(PLACES);
    places.extend((left > 0).then(|| format!("and {left} more")));
    places
}

/// The class of style, which benchmarks share.
const fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NotCheckable => "not-applicable",
        other => other.name(),
    }
}

const fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Undecided => "not decided",
        Verdict::NotCheckable => "not checkable offline",
        Verdict::NotApplicable => "of another system",
    }
}

/// Class of style and words for a section of a benchmark.
const fn of_section(verdict: checks::Verdict) -> (&'static str, &'static str) {
    let words = match verdict {
        checks::Verdict::Pass => "pass",
        checks::Verdict::Fail => "fail",
        checks::Verdict::NotApplicable => "not applicable",
        checks::Verdict::Undecided => "not decided",
    };
    (verdict.name(), words)
}
