//! The benchmark in the report for programs.

use serde::Serialize;

use super::account::Counts;
use super::visible::plain;
use crate::checks::benchmark::Judged;
use crate::checks::{Benchmark, Evidence, Verdict};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Benchmark"))]
pub(super) struct View<'a> {
    name: &'a str,
    title: &'a str,
    /// Sections by verdict; each is there.
    counts: Counts,
    results: Vec<Row<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "BenchmarkResult"))]
struct Row<'a> {
    section: &'a str,
    level: u8,
    check: &'a str,
    title: &'a str,
    #[cfg_attr(test, schemars(schema_with = "super::schema::benchmark_verdict"))]
    verdict: &'static str,
    evidence: Vec<Shown>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "BenchmarkEvidence"))]
struct Shown {
    path: Option<String>,
    line: Option<u64>,
    value: String,
}

pub(super) fn view(benchmark: &Benchmark) -> View<'_> {
    let count = |verdict| benchmark.count(verdict) as u64;
    View {
        name: &benchmark.name,
        title: &benchmark.title,
        counts: Counts(Verdict::ALL.map(|verdict| (verdict.name(), count(verdict))).into()),
        results: benchmark.results.iter().map(row).collect(),
    }
}

fn row(judged: &Judged) -> Row<'_> {
    Row {
        section: &judged.section,
        level: judged.level,
        check: &judged.check,
        title: &judged.title,
        verdict: judged.verdict.name(),
        evidence: judged.evidence.iter().map(shown).collect(),
    }
}

fn shown(evidence: &Evidence) -> Shown {
    Shown {
        path: (!evidence.path.is_empty()).then(|| plain(&evidence.path)),
        line: evidence.line,
        value: plain(evidence.value.as_bytes()),
    }
}
