//! SARIF 2.1.0 (OASIS, with errata 01), for code scanning and vulnerability managers.
//!
//! One run an image. Only `tool.driver.rules` that have a result are listed. The limits are those of GitHub's code
//! scanning, the tightest known: it shows 5,000 results of a run, and refuses files over 10 MB packed.

use super::fingerprints::{Mark, Marks};
use super::format::Format;
use super::{Judgement, Options, TOOL_VERSION, file_name};
use crate::audit::Report;
use crate::finding::Finding;

mod gaps;
mod message;
mod results;
mod rules;
mod types;
mod uri;

use types::{
    ArtifactLocation, AutomationDetails, BaseIds, Driver, Invocation, Log, Message, Result, Run, Tool,
};

/// Results of a run; the others are counted.
const RESULTS: usize = 5000;
/// Bytes of all results, before they are packed: hostile paths hardly get smaller by it.
const BYTES: usize = 16 << 20;
/// Name of the root of the image's files.
const ROOT: &str = "IMAGE";

/// `--format sarif`.
pub static FORMAT: Format = Format {
    name: "sarif",
    about: "SARIF 2.1.0, for code scanning",
    extensions: &["sarif"],
    needs_digest: false,
    needs_file: false,
    is_begun_by: |text| text.starts_with('{') && text.contains("sarif") && text.contains("\"runs\""),
    render: |told| render(told.report, told.judgement, told.options),
};

/// The log, ending with a newline.
pub fn render(report: &Report, judgement: &Judgement, options: &Options) -> String {
    let mut marks = Marks::new();
    render_marked(report, judgement, options, &mut |finding| marks.mark(finding))
}

/// The same, with what `mark` says of each finding of the report, in their order.
fn render_marked(
    report: &Report,
    judgement: &Judgement,
    options: &Options,
    mark: &mut dyn FnMut(&Finding) -> Mark,
) -> String {
    let mut all: Vec<(&Finding, Mark)> = report.findings.iter().map(|one| (one, mark(one))).collect();
    all.retain(|(finding, _)| finding.severity >= options.min_severity);
    all.sort_by_key(|(finding, _)| std::cmp::Reverse(results::rank(finding)));
    let rules = rules::of(all.iter().map(|(finding, _)| *finding).take(RESULTS));
    let mut bytes = 0_usize;
    let fits = |result: &Result<'_>| {
        bytes = bytes.saturating_add(serde_json::to_vec(result).map_or(0, |json| json.len()));
        bytes <= BYTES
    };
    let results: Vec<Result<'_>> = all
        .iter()
        .take(RESULTS)
        .map(|(finding, mark)| results::result(finding, mark, &rules, report, options))
        .take_while(fits)
        .collect();
    let left = all.len().saturating_sub(results.len());
    super::json::pretty(&Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: vec![Run {
            tool: Tool {
                driver: Driver {
                    name: "assay",
                    semantic_version: TOOL_VERSION,
                    rules: rules.descriptors,
                    notifications: gaps::descriptors(),
                },
            },
            automation_details: AutomationDetails {
                id: format!("assay/{}/", uri::segment(file_name(report).as_bytes())),
            },
            original_uri_base_ids: BaseIds {
                image: ArtifactLocation {
                    uri: None,
                    uri_base_id: None,
                    description: Some(Message::plain("The root of the image's files")),
                },
            },
            invocations: vec![Invocation {
                execution_successful: true,
                exit_code: judgement.exit_code,
                exit_code_description: judgement.sentence.clone(),
                tool_execution_notifications: gaps::notifications(report, left),
            }],
            column_kind: "utf16CodeUnits",
            results,
        }],
    })
}

#[cfg(test)]
mod tests;
