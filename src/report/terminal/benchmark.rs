//! The benchmark in the report for people: the counts, then what failed or was not decided, by section.

use std::fmt::Write as _;

use super::Options;
use super::text::{Paint, wrap};
use crate::checks::benchmark::Judged;
use crate::checks::{Benchmark, Evidence, Verdict};
use assay_disk::text::Escaped;

/// Appends the benchmark.
pub(super) fn render(benchmark: &Benchmark, options: &Options, paint: &Paint, out: &mut String) {
    let _ = writeln!(out, "\n{}", paint.bold(&benchmark.title));
    let count = |verdict| benchmark.count(verdict);
    let _ = writeln!(
        out,
        "  {} sections decided by files: {} pass, {} fail, {} not applicable, {} not decided",
        benchmark.results.len(),
        count(Verdict::Pass),
        count(Verdict::Fail),
        count(Verdict::NotApplicable),
        count(Verdict::Undecided)
    );
    if options.quiet {
        return;
    }
    for judged in &benchmark.results {
        if matches!(judged.verdict, Verdict::Fail | Verdict::Undecided) {
            row(judged, options, paint, out);
        }
    }
}

fn row(judged: &Judged, options: &Options, paint: &Paint, out: &mut String) {
    let mark = if judged.verdict == Verdict::Fail { "fail" } else { "????" };
    let first = judged.evidence.first().map_or_else(String::new, |evidence| format!(": {}", shown(evidence)));
    let text = format!("{mark} {} {}{first}", judged.section, judged.title);
    out.push_str(&wrap(&text, "  ", "       ", options.width));
    for evidence in judged.evidence.iter().skip(1).filter(|_| options.verbose) {
        let _ = writeln!(out, "       {}", paint.dim(&shown(evidence)));
    }
}

fn shown(evidence: &Evidence) -> String {
    let line = evidence.line.map_or_else(String::new, |line| format!(":{line}"));
    if evidence.path.is_empty() {
        return evidence.value.clone();
    }
    format!("{}{line}: {}", Escaped(&evidence.path), evidence.value)
}
