//! The report for a browser: one file that needs no network, no server and no other file.
//!
//! The page is `templates/report.html`, which the template engine fills in and escapes; it can be read without scripts.
//! The script in it reads the findings from a block of JSON and makes the page one to search and look around in; it
//! puts text in as text, and never makes markup of it. The page's own policy allows that script and style by their
//! hashes, and nothing else: no other script, no request, no form, no markup out of strings.

use askama::Template;
use serde::Serialize;

use super::fingerprints::Marks;
use super::format::Format;
use super::terminal::{joined, thousands};
use super::{Judgement, Options, Outcome, Run, TOOL_VERSION};
use crate::audit::{Material, Report};
use crate::finding::Finding;
use assay_disk::text::Escaped;

mod calendar;
mod compliance;
pub(super) mod embed;
mod findings;
mod graph;
mod map;
mod next_steps;
mod overview;
mod remedy;
mod software;
mod sourcing;

use compliance::Asked;
use embed::Embedded;
use findings::{All, Group, Rule, Shown};
use graph::{Graph, Line};
use map::{Map, Row};
use next_steps::Step;
use overview::{Account, Count, GapRow, LINES, Volume};

const STYLE: &str = include_str!("../../templates/report/style.css");
/// One script, so that the policy needs one hash; nothing of it is seen from outside.
const SCRIPT: &str = concat!(
    "(async () => {\n\"use strict\";\n",
    include_str!("../../templates/report/elements.js"),
    include_str!("../../templates/report/data.js"),
    include_str!("../../templates/report/copy.js"),
    include_str!("../../templates/report/finding.js"),
    include_str!("../../templates/report/list.js"),
    include_str!("../../templates/report/filters.js"),
    include_str!("../../templates/report/roving.js"),
    include_str!("../../templates/report/map.js"),
    include_str!("../../templates/report/timeline.js"),
    include_str!("../../templates/report/graph.js"),
    include_str!("../../templates/report/sourcing.js"),
    include_str!("../../templates/report/start.js"),
    "})();\n",
);

/// What the template is filled with.
#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    policy: String,
    style: &'static str,
    script: &'static str,
    data: Embedded,
    tool: &'static str,
    rules: String,
    name: String,
    verdict: &'static str,
    mark: &'static str,
    sentence: String,
    has_secrets: bool,
    steps: Vec<Step>,
    facts: Vec<(&'static str, String)>,
    counts: Vec<Count>,
    total: String,
    hidden: Option<String>,
    account: Option<Account>,
    groups: Vec<Group<'a>>,
    map: Vec<Row>,
    years: Vec<(i64, u64)>,
    holders: Vec<Line>,
    opened: Vec<Line>,
    gaps: Vec<GapRow>,
    more_gaps: Option<String>,
    harmless: usize,
    volumes: Vec<Volume>,
    notes: Vec<(String, String)>,
    more_notes: Option<String>,
    asked: Vec<Asked>,
    has_benchmark: bool,
    sourcing: Option<sourcing::Section>,
    software: Option<software::Section>,
}

/// What the script reads.
#[derive(Serialize)]
struct Data<'a> {
    image: &'a str,
    rules: &'a [Rule],
    texts: &'a [String],
    findings: &'a [Shown],
    directories: Vec<map::Node>,
    graph: &'a Graph,
}

/// `--format html`.
pub static FORMAT: Format = Format {
    name: "html",
    about: "For people, in a browser: one file that needs no network",
    extensions: &["html", "htm"],
    needs_digest: false,
    needs_file: false,
    is_begun_by: |text| text.starts_with("<!DOCTYPE html>") && text.contains("assay"),
    render: |told| render(told.report, told.judgement, told.options, told.run),
};

/// The report as a page. Findings about one secret are one, with all their places. Of the run only the digest of the
/// rules is told: two runs make the same page.
pub fn render(report: &Report, judgement: &Judgement, options: &Options, run: &Run) -> String {
    let all = joined(report, judgement.explanation.policy.is_some());
    let counts = overview::counts(&all);
    let total = thousands(all.len() as u64);
    let named = Marks::distinct(report).into_iter().zip(all);
    let (names, findings): (Vec<String>, Vec<Finding>) =
        named.filter(|(_, finding)| finding.severity >= options.min_severity).unzip();
    let hidden = report.distinct().count().saturating_sub(findings.len());
    let name = escaped(&report.subject.name);
    let map = Map::new(&report.directories);
    let All { rules, mut shown, texts } = findings::show(&names, &findings, report, options);
    for (shown, finding) in shown.iter_mut().zip(&findings) {
        shown.directory = map.holder(&finding.location);
    }
    let graph = Graph::new(&name, &findings, &rules, &mut shown);
    let (image, nodes) = (name.as_str(), map.nodes());
    let data =
        Data { image, rules: &rules, texts: &texts, findings: &shown, directories: nodes, graph: &graph };
    let losses = report.losses().count();
    let page = Page {
        policy: embed::policy(SCRIPT, STYLE),
        style: STYLE,
        script: SCRIPT,
        data: embed::embedded(&data),
        tool: TOOL_VERSION,
        rules: rules_version(run),
        name: name.clone(),
        verdict: judgement.outcome.name(),
        mark: mark(judgement.outcome),
        sentence: sentence(&judgement.sentence),
        has_secrets: options.secrets,
        steps: match report.material {
            Material::Image => next_steps::steps(judgement.outcome, &findings, &shown),
            Material::Accounts | Material::Code => next_steps::of_sourcing(judgement.outcome, &findings),
        },
        facts: overview::facts(report),
        counts,
        total,
        hidden: (hidden > 0).then(|| thousands(hidden as u64)),
        account: overview::account(&report.ledger),
        groups: findings::groups(&rules, &shown, &texts),
        map: map.rows(&findings),
        years: years(&shown),
        holders: graph.holders(),
        opened: graph.opened(),
        gaps: report.losses().take(LINES).map(overview::gap).collect(),
        more_gaps: more(losses),
        harmless: report.gaps.len().saturating_sub(losses),
        volumes: report.volumes.iter().map(overview::volume).collect(),
        notes: report.notes.iter().take(LINES).map(|(at, text)| (escaped(at), escaped(text))).collect(),
        more_notes: more(report.notes.len()),
        asked: asked(report, judgement),
        has_benchmark: report.benchmark.is_some(),
        software: software::Section::new(report),
        sourcing: report.sourcing.as_deref().map(|inventory| sourcing::Section::new(inventory, report)),
    };
    // It is written to memory, and no filter of the template fails.
    page.render().unwrap_or_default()
}

/// The lists of requirements, then the benchmark.
fn asked(report: &Report, judgement: &Judgement) -> Vec<Asked> {
    let lists = &judgement.explanation.requirements;
    let lists = lists.iter().map(|list| compliance::requirements(list, report));
    lists.chain(report.benchmark.as_ref().map(compliance::benchmark)).collect()
}

fn escaped(text: &str) -> String {
    Escaped(text.as_bytes()).to_string()
}

/// How many are beyond those that are shown.
fn more(all: usize) -> Option<String> {
    all.checked_sub(LINES).filter(|more| *more > 0).map(|more| thousands(more as u64))
}

/// The sentence without the word of the verdict, which stands beside it.
fn sentence(text: &str) -> String {
    let rest = text.split_once(": ").map_or(text, |(_, rest)| rest);
    let mut letters = rest.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The verdict as a sign, for who does not see colours.
const fn mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "✓",
        Outcome::Fail => "✕",
        Outcome::Incomplete => "!",
    }
}

/// The digest by which evidence knows the rules, too.
fn rules_version(run: &Run) -> String {
    run.rules.get(..16).map_or_else(String::new, |start| format!("SHA-256 {start}…"))
}

/// How many findings there are by year of their files.
fn years(findings: &[Shown]) -> Vec<(i64, u64)> {
    let mut years = std::collections::BTreeMap::new();
    for seconds in findings.iter().filter_map(|finding| finding.time) {
        let count: &mut u64 = years.entry(calendar::year(seconds)).or_default();
        *count = count.saturating_add(1);
    }
    years.into_iter().collect()
}

#[cfg(test)]
mod tests;
