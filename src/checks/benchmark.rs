//! The checks of one benchmark, run and counted.

use super::{Check, Evidence, Outcome, Subject, Verdict};
use crate::facts::Facts;

/// Every benchmark there is: its name, what os-release says of its product, its title.
pub const BENCHMARKS: [(&str, &str, &str, &str); 4] = [
    ("cis-debian12", "debian", "12", "CIS Debian Linux 12, v1.1.0"),
    ("cis-ubuntu2204", "ubuntu", "22.04", "CIS Ubuntu Linux 22.04 LTS, v2.0.0"),
    ("cis-al2023", "amzn", "2023", "CIS Amazon Linux 2023, v1.0.0"),
    ("cis-rhel9", "rhel", "9", "CIS Red Hat Enterprise Linux 9, v2.0.0"),
];

/// A benchmark as it came out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Benchmark {
    /// "cis-debian12".
    pub name: String,
    /// In full, with its version.
    pub title: String,
    /// By section.
    pub results: Vec<Judged>,
}

/// A section as it came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// "5.1.20".
    pub section: String,
    /// 1 or 2.
    pub level: u8,
    /// The id of the check.
    pub check: String,
    /// Its title.
    pub title: String,
    /// How it ended.
    pub verdict: Verdict,
    /// What shows it.
    pub evidence: Vec<Evidence>,
}

impl Benchmark {
    /// Runs `checks` for the benchmark called `name`; the outcomes lie beside it, in the order of the checks.
    pub fn run(name: &str, checks: &[Check], subject: &Subject<'_>) -> (Self, Vec<Outcome>) {
        let title = BENCHMARKS.iter().find(|(known, ..)| *known == name).map_or(name, |(.., title)| title);
        let outcomes: Vec<Outcome> = checks.iter().map(|check| check.evaluate(subject)).collect();
        let mut results = Vec::new();
        for (check, outcome) in checks.iter().zip(&outcomes) {
            for section in check.sections.iter().filter(|section| section.benchmark == name) {
                results.push(Judged {
                    section: section.number.clone(),
                    level: section.level,
                    check: check.advisory.id.clone(),
                    title: check.advisory.title.clone(),
                    verdict: outcome.verdict,
                    evidence: outcome.evidence.iter().take(Outcome::SHOWN).cloned().collect(),
                });
            }
        }
        results.sort_by_cached_key(|judged| (order(&judged.section), judged.check.clone()));
        (Self { name: name.to_owned(), title: title.to_owned(), results }, outcomes)
    }

    /// How many sections ended so.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.results.iter().filter(|judged| judged.verdict == verdict).count()
    }
}

/// The name of the benchmark for a system, if there is one. Clones of RHEL are judged as RHEL.
pub fn for_system(facts: &Facts) -> Option<&'static str> {
    let (id, version) = (facts.os.id.as_str(), facts.os.version_id.as_str());
    let id = if matches!(id, "centos" | "rocky" | "almalinux" | "ol") { "rhel" } else { id };
    let major = version.split('.').next().unwrap_or(version);
    let fits = |of: &str, wanted: &str| of == id && (wanted == version || wanted == major);
    BENCHMARKS.iter().find(|(_, of, wanted, _)| fits(of, wanted)).map(|(name, ..)| *name)
}

/// Sections by their numbers: 1.10 comes after 1.9.
fn order(section: &str) -> Vec<u32> {
    section.split('.').map(|part| part.parse().unwrap_or(u32::MAX)).collect()
}
