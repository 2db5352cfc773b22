//! The evidence manifest: which program looked at which image when, under which rules, at how much of it, and what
//! came out. It names no finding and holds no secret; described in `docs/formats.md`.

use serde::Serialize;

use super::format::{Format, names};
use super::json::account::{CoverageView, LedgerView, coverage, ledger};
use super::json::summary::{self, Subject, Summary, Tool, Verdict};
use super::run::Run;
use super::{Judgement, Options, json};
use crate::audit::Report;
use crate::finding::GapKind;

#[derive(Serialize)]
struct Manifest<'a> {
    format: &'static str,
    version: u32,
    tool: Tool,
    rules: Rules<'a>,
    command: &'a [String],
    started: &'a str,
    ended: &'a str,
    subject: Subject<'a>,
    /// The file of the image; `null` for a mounted tree or a folder of blocks.
    image: Option<Image<'a>>,
    verdict: Verdict<'a>,
    summary: Summary,
    coverage: CoverageView,
    ledger: LedgerView,
    gaps: Vec<Gaps>,
}

#[derive(Serialize)]
struct Rules<'a> {
    sha256: &'a str,
}

#[derive(Serialize)]
struct Image<'a> {
    name: &'a str,
    size: u64,
    sha256: &'a str,
}

#[derive(Serialize)]
struct Gaps {
    kind: &'static str,
    accepted: bool,
    count: usize,
}

/// `--format evidence`.
pub static FORMAT: Format = Format {
    name: "evidence",
    about: "What was audited, how and when, with the image's SHA-256",
    extensions: &[],
    needs_digest: true,
    needs_file: false,
    is_begun_by: |text| names(text, "assay-evidence"),
    render: |told| render(told.report, told.judgement, told.options, told.run),
};

/// The manifest, ending with a newline.
pub fn render(report: &Report, judgement: &Judgement, options: &Options, run: &Run) -> String {
    let image = run.image.as_ref();
    json::pretty(&Manifest {
        format: "assay-evidence",
        version: 1,
        tool: summary::tool(),
        rules: Rules { sha256: &run.rules },
        command: &run.command,
        started: &run.started,
        ended: &run.ended,
        subject: summary::subject(report),
        image: image.map(|file| Image { name: &file.name, size: file.size, sha256: &file.sha256 }),
        verdict: summary::verdict(judgement),
        summary: summary::summary(report, options),
        coverage: coverage(&report.coverage),
        ledger: ledger(&report.ledger),
        gaps: GapKind::ALL.map(|kind| gaps(report, judgement, kind)).into(),
    })
}

fn gaps(report: &Report, judgement: &Judgement, kind: GapKind) -> Gaps {
    Gaps {
        kind: kind.name(),
        accepted: judgement.accepted_gaps.contains(&kind),
        count: report.losses().filter(|gap| gap.kind == kind).count(),
    }
}
