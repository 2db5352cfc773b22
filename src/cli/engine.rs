//! The calls to the floors beneath, in one place: what the commands need of the audit and the rules.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::user_rules::Own;
use super::{Failure, memory, wrong_input};
use crate::audit::{self, Audited, Progress, Quiet, Report, Settings, System, Target, cache};
use crate::budget::Budget;
use crate::checks;
use crate::detect::{self, Signatures};
use crate::facts::Facts;
use crate::finding::Advisory;
use crate::packages::programs::words;
use crate::policy;
use crate::requirements;
use crate::rules::{Family, proof};
use crate::sourcing;
use crate::support;
use crate::vulnerabilities;
use assay_disk::image;
use assay_disk::system::Options as OpenOptions;
use assay_disk::tree::Tree;

/// Audits `target` as `settings` say, but for what an image may.
pub(super) fn audit(
    target: &Target,
    outside_files: bool,
    settings: Settings,
    progress: &dyn Progress,
) -> Result<Report, Failure> {
    keep(target, outside_files, settings, progress).map(|audited| audited.report)
}

/// Audits `target` and keeps it open, to be compared with another.
pub(super) fn keep(
    target: &Target,
    outside_files: bool,
    settings: Settings,
    progress: &dyn Progress,
) -> Result<Audited, Failure> {
    let settings = Settings { image: options(outside_files), ..settings };
    audit::keeping(target, &settings, progress).map_err(|error| wrong_input::failure(&error))
}

/// Opens what was audited once more, to read files of it.
pub(super) fn reopen(
    target: &Target,
    outside_files: bool,
    progress: &dyn Progress,
) -> Result<(Tree, Facts), Failure> {
    let system = opened(target, outside_files, progress)?;
    // Its gaps are known from the audit.
    let (facts, _) = Facts::gather(&system.tree);
    Ok((system.tree, facts))
}

/// Opens `target`, whatever it is, to look inside.
pub(super) fn opened(
    target: &Target,
    outside_files: bool,
    progress: &dyn Progress,
) -> Result<System, Failure> {
    opened_with(target, outside_files, false, progress)
}

/// The same; `deleted`: has its deleted files come back.
fn opened_with(
    target: &Target,
    outside_files: bool,
    deleted: bool,
    progress: &dyn Progress,
) -> Result<System, Failure> {
    let options = OpenOptions { image: options(outside_files), deleted };
    System::open_with(target, &memory::within(Budget::default()).disk, &options, progress)
        .map_err(|error| wrong_input::failure(&error))
}

/// What is named: an image, or a directory that is no folder of blocks and so a mounted tree.
pub(super) fn target(path: &Path, outside_files: bool) -> Target {
    let opened = || image::open(path, &options(outside_files), &Budget::default().disk, &|_| {});
    if path.is_dir() && matches!(opened(), Err(image::ImageError::Directory(_))) {
        Target::Rootfs(path.to_owned())
    } else {
        Target::Image(path.to_owned())
    }
}

/// What a cache must have been written under to be of use; `own` is what the user gave.
pub(super) fn cache_rules(signatures: &Signatures, own: &Own) -> cache::Rules {
    let budget = format!("{:?}", Budget::default());
    cache::rules(&[signatures.text().as_bytes(), budget.as_bytes(), &own.identity()])
}

/// SHA-256 of everything that decides what is found and how it is judged: signatures (the user's, too), requirements,
/// policies, and limits.
pub(super) fn rules_digest(signatures: &Signatures) -> String {
    let budget = format!("{:?}", Budget::default());
    let mut parts = texts(signatures);
    parts.push(budget);
    let parts: Vec<&[u8]> = parts.iter().map(String::as_bytes).chain([audit::vendor_content::TEXT]).collect();
    assay_disk::text::hex(&cache::rules(&parts))
}

/// The texts of all signatures.
fn texts(signatures: &Signatures) -> Vec<String> {
    let sourcing = sourcing::texts().map(str::to_owned);
    let others = [signatures.text(), requirements::text(), policy::text(), crate::remedies::text()];
    let of_software = [support::TEXT, words::TEXT].map(str::to_owned);
    others.into_iter().chain(sourcing).chain(of_software).collect()
}

/// Opens an image to look inside.
pub(super) fn open(image: &Path, outside_files: bool) -> Result<System, Failure> {
    opened(&Target::Image(image.to_owned()), outside_files, &Quiet)
}

/// Opens an image to look inside, and has its deleted files come back.
pub(super) fn open_with_deleted(image: &Path, outside_files: bool) -> Result<System, Failure> {
    opened_with(&Target::Image(image.to_owned()), outside_files, true, &Quiet)
}

/// Packed images are unpacked where the environment says.
fn options(outside_files: bool) -> image::Options {
    image::Options { outside_files, temporary: std::env::temp_dir(), ..image::Options::default() }
}

/// Everything that can be reported, by id, each once.
pub(super) fn advisories(signatures: &Arc<Signatures>) -> Vec<Arc<Advisory>> {
    let detectors = detect::with(&detect::Options::of(Arc::clone(signatures)));
    let files = detectors.files.iter().flat_map(|detector| detector.advisories());
    let matches = detectors.matches.iter().flat_map(|detector| detector.advisories());
    let streams = detectors.streams.iter().flat_map(|detector| detector.advisories());
    let systems = detectors.systems.iter().flat_map(|detector| detector.advisories());
    let checks = checks::all(&signatures.checks).unwrap_or_default();
    let checks = checks.iter().map(|check| Arc::clone(&check.advisory));
    let rules = signatures.engine().rules().iter().map(|rule| Arc::clone(&rule.advisory));
    let sourcing = [sourcing::account_advisories(), sourcing::code_advisories()];
    let sourcing = sourcing.into_iter().flatten().flatten();
    let mut all: Vec<_> = files
        .chain(matches)
        .chain(streams)
        .chain(systems)
        .chain(rules)
        .chain(checks)
        .chain(sourcing)
        .chain(support::advisories())
        .chain(vulnerabilities::advisories())
        .collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    all.dedup_by(|a, b| a.id == b.id);
    all
}

/// What was proved: how many of each kind, and what is wrong with them.
pub(super) struct Checked {
    /// What they are called, and how many there are.
    pub(super) kinds: Vec<(&'static str, usize)>,
    /// Whose tokens the token rules find.
    pub(super) providers: usize,
    pub(super) problems: Vec<String>,
}

/// Proves the rules in `signatures/` on their examples.
pub(super) fn check_rules(signatures: &Signatures) -> Checked {
    let engine = signatures.engine();
    let of = |families: &[Family]| engine.rules().iter().filter(|r| families.contains(&r.family)).count();
    let (artifacts, wrong_traces) = checks::artifacts::proof::check(&signatures.artifacts);
    let (files, wrong_files) = detect::credential_files::check(signatures);
    let (histories, wrong_histories) = detect::shell_history::check();
    let (checks, wrong_checks) = match checks::all(&signatures.checks) {
        Ok(checks) => (checks.len(), checks::proof::check(&checks)),
        Err(error) => (0, vec![error.to_string()]),
    };
    let (requirements, wrong_requirements) = check_requirements();
    let words = detect::software::programs::words();
    let wrong = [wrong_files, wrong_histories, wrong_checks, wrong_traces, wrong_requirements, words.check()];
    Checked {
        kinds: vec![
            ("token rules", of(&[Family::Credentials])),
            ("other rules on content", of(&[Family::Assignments, Family::Keys, Family::Miners])),
            ("kinds of credential files", files),
            ("histories", histories),
            ("checks", checks),
            ("traces", artifacts),
            ("requirements", requirements),
            ("words of programs", words.len()),
        ],
        providers: engine
            .rules()
            .iter()
            .filter_map(|rule| rule.provider.as_ref())
            .collect::<BTreeSet<_>>()
            .len(),
        problems: proof::check(engine).into_iter().chain(wrong.into_iter().flatten()).collect(),
    }
}

/// Proves the requirements on their own examples, and on the rules that the program carries.
fn check_requirements() -> (usize, Vec<String>) {
    match (requirements::lists(), Signatures::embedded()) {
        (Ok(lists), Ok(signatures)) => requirements::proof::check(&lists, &advisories(&Arc::new(signatures))),
        (Err(error), _) => (0, vec![error.to_string()]),
        (_, Err(error)) => (0, vec![error]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(dir: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, found);
            } else if path.file_name().is_some_and(|name| name == "published-packages.txt") {
                // What the list of published files is made of, and nothing that is looked for.
            } else if path
                .extension()
                .is_some_and(|extension| ["toml", "txt"].iter().any(|known| extension == *known))
            {
                found.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }

    #[test]
    fn every_pattern_of_a_requirement_hits_a_rule_and_every_requirement_holds_on_its_examples() {
        let (count, problems) = check_requirements();
        assert!(count >= 40 && problems.is_empty(), "{count}\n{}", problems.join("\n"));
    }

    #[test]
    fn every_signature_is_in_the_digest_of_the_rules() {
        let mut found = Vec::new();
        files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("signatures"), &mut found);
        let signatures = Signatures::embedded().unwrap();
        let all = texts(&signatures).concat() + std::str::from_utf8(audit::vendor_content::TEXT).unwrap();
        assert!(found.len() > 30);
        for text in found {
            assert!(all.contains(&text), "{}", text.get(..200).unwrap_or(&text));
        }
        let own = ("leftovers/own.toml".to_owned(), "trace = []\n".to_owned());
        let other = Signatures::with(&[own]).unwrap();
        assert_ne!(rules_digest(&signatures), rules_digest(&other));
    }
}
