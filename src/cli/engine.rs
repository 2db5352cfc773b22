//! The calls to the floors beneath, in one place: what the commands need of the audit and the rules.

use std::path::Path;
use std::sync::Arc;

use super::Failure;
use crate::audit::{self, Progress, Quiet, Report, Settings, System, Target, cache};
use crate::budget::Budget;
use crate::checks::{self, Traces};
use crate::detect::{self, integrity::Extent};
use crate::finding::Advisory;
use crate::image;
use crate::rules::{Engine, proof};

/// Audits `target` as `settings` say, but for what an image may.
pub(super) fn audit(
    target: &Target,
    outside_files: bool,
    settings: Settings,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    let settings = Settings { image: options(outside_files), ..settings };
    audit::run(target, &settings, progress).map_err(Failure::unreadable)
}

/// What a cache must have been written under to be of use.
pub(super) fn cache_rules(traces: &Traces) -> cache::Rules {
    let budget = format!("{:?}", Budget::default());
    cache::rules(&[crate::rules::text().as_bytes(), traces.text.as_bytes(), budget.as_bytes()])
}

/// Opens an image to look inside.
pub(super) fn open(image: &Path, outside_files: bool) -> Result<System, Failure> {
    open_target(&Target::Image(image.to_owned()), outside_files)
}

/// Opens what is audited.
pub(super) fn open_target(target: &Target, outside_files: bool) -> Result<System, Failure> {
    System::open_with(target, &Budget::default(), &options(outside_files), &Quiet)
        .map_err(Failure::unreadable)
}

/// Packed images are unpacked where the environment says.
fn options(outside_files: bool) -> image::Options {
    image::Options { outside_files, temporary: std::env::temp_dir() }
}

/// Everything that can be reported, by id, each once.
pub(super) fn advisories(traces: Arc<Traces>) -> Vec<Arc<Advisory>> {
    let detectors = detect::with(&detect::Options { traces, compare: Extent::default() });
    let files = detectors.files.iter().flat_map(|detector| detector.advisories());
    let matches = detectors.matches.iter().flat_map(|detector| detector.advisories());
    let systems = detectors.systems.iter().flat_map(|detector| detector.advisories());
    let checks = checks::all().unwrap_or_default();
    let checks = checks.iter().map(|check| Arc::clone(&check.advisory));
    let mut all: Vec<_> =
        files.chain(matches).chain(systems).chain(rule_advisories()).chain(checks).collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    all.dedup_by(|a, b| a.id == b.id);
    all
}

/// The advisories of the rules in `signatures/`.
fn rule_advisories() -> Vec<Arc<Advisory>> {
    Engine::embedded().rules().iter().map(|rule| Arc::clone(&rule.advisory)).collect()
}

/// Proves the rules in `signatures/` on their examples: how many there are, and what is wrong with them.
pub(super) fn check_rules(traces: &Traces) -> (usize, Vec<String>) {
    let (traces, wrong_traces) = checks::traces::proof::check(traces);
    let (kinds, wrong_kinds) = detect::credential_files::check();
    let (histories, wrong_histories) = detect::shell_history::check();
    let (checks, wrong_checks) = match checks::all() {
        Ok(checks) => (checks.len(), checks::proof::check(&checks)),
        Err(error) => (0, vec![error.to_string()]),
    };
    let problems = proof::check(Engine::embedded()).into_iter();
    let problems = problems.chain(wrong_kinds).chain(wrong_histories).chain(wrong_checks).chain(wrong_traces);
    (rule_advisories().len() + kinds + histories + checks + traces, problems.collect())
}
