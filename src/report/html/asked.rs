//! What was asked of the image beside rules: the lists of requirements, ready to be shown.

use super::super::terminal::shown_place;
use super::escaped;
use crate::audit::Report;
use crate::requirements::{How, Judged, Outcome, Verdict};

/// Places that one requirement shows; all are counted.
const PLACES: usize = 20;

/// A list of requirements.
pub(super) struct Asked {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) counts: Vec<(&'static str, &'static str, usize)>,
    pub(super) rows: Vec<AskedRow>,
}

/// A requirement as it came out.
pub(super) struct AskedRow {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) url: String,
    pub(super) verdict: &'static str,
    pub(super) words: &'static str,
    pub(super) is_accepted: bool,
    /// Why it cannot be checked, or where it is violated or left open.
    pub(super) evidence: Vec<String>,
}

pub(super) fn asked(judged: &Judged, report: &Report) -> Asked {
    let count = |verdict| (verdict_class(verdict), verdict_words(verdict), judged.count(verdict));
    Asked {
        name: escaped(&judged.list),
        title: escaped(&judged.title),
        counts: Verdict::ALL.map(count).into_iter().filter(|(.., count)| *count > 0).collect(),
        rows: judged.results.iter().map(|outcome| row(outcome, report)).collect(),
    }
}

fn row(outcome: &Outcome, report: &Report) -> AskedRow {
    let requirement = &outcome.requirement;
    AskedRow {
        id: escaped(&requirement.id),
        title: escaped(&requirement.title),
        url: escaped(&requirement.url),
        verdict: verdict_class(outcome.verdict),
        words: verdict_words(outcome.verdict),
        is_accepted: outcome.is_accepted,
        evidence: match &requirement.judged {
            How::NotCheckable(why) => vec![escaped(why)],
            How::Report { .. } => places(outcome, report),
        },
    }
}

/// Each place once, with its rule or what kind of gap is there.
fn places(outcome: &Outcome, report: &Report) -> Vec<String> {
    let findings = outcome.findings.iter().filter_map(|&index| report.findings.get(index));
    let findings = findings.map(|one| format!("{}  {}", shown_place(&one.location), one.advisory.id));
    let gaps = outcome.gaps.iter().filter_map(|&index| report.gaps.get(index));
    let gaps = gaps.map(|one| format!("{}  {}", shown_place(&one.location), one.kind.name()));
    let mut places: Vec<String> = Vec::new();
    for place in findings.chain(gaps) {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let left = places.len().saturating_sub(PLACES);
    places.truncate(PLACES);
    places.extend((left > 0).then(|| format!("and {left} more")));
    places
}

/// The class of style, which benchmarks share.
const fn verdict_class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NotCheckable => "not-applicable",
        other => other.name(),
    }
}

const fn verdict_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Undecided => "not decided",
        Verdict::NotCheckable => "not checkable offline",
        Verdict::NotApplicable => "of another system",
    }
}
