//! What an image must be like, requirement by requirement: the findings of a report by category, and what was
//! not looked at by kind. The formats for test tools are made of it.

use std::collections::BTreeMap;

use super::{Judgement, fingerprints};
use crate::audit::{Material, Report};
use crate::finding::{Category, Finding, Gap, GapKind, Loss};
use crate::gate::GapDisposition;

/// All findings of one rule.
pub struct OfRule<'a> {
    /// In the order of the report.
    pub findings: Vec<&'a Finding>,
    /// Whether one of them makes the gate fail.
    pub fails: bool,
}

/// What an image must be like in one respect.
pub struct Requirement<'a> {
    /// Which respect.
    pub category: Category,
    /// The findings against it, by the id of their rule.
    pub rules: BTreeMap<&'a str, OfRule<'a>>,
}

/// What could not be looked at, of one kind.
pub struct Unread<'a> {
    /// Why.
    pub kind: GapKind,
    /// Whether the gate accepts it.
    pub is_accepted: bool,
    /// Where.
    pub gaps: Vec<&'a Gap>,
}

/// Every requirement that was tested, in the order of [`Category::ALL`]: that of a benchmark only where one ran.
pub fn requirements(report: &Report) -> Vec<Requirement<'_>> {
    let is_tested = |category: &Category| match category {
        Category::Hardening => report.benchmark.is_some(),
        Category::Sourcing => report.material != Material::Image,
        Category::Package => report.material == Material::Image,
        _ => true,
    };
    let of = |category| Requirement { category, rules: rules(report, category) };
    Category::ALL.into_iter().filter(is_tested).map(of).collect()
}

fn rules(report: &Report, category: Category) -> BTreeMap<&str, OfRule<'_>> {
    let mut rules: BTreeMap<&str, OfRule<'_>> = BTreeMap::new();
    for finding in report.findings.iter().filter(|finding| finding.advisory.category == category) {
        let id = finding.advisory.id.as_str();
        let rule = rules.entry(id).or_insert_with(|| OfRule { findings: Vec::new(), fails: false });
        rule.findings.push(finding);
        rule.fails |= fingerprints::fails(finding);
    }
    rules
}

/// The gaps through which something was lost, by kind; kinds without a gap are left out.
pub fn unread<'a>(report: &'a Report, judgement: &Judgement) -> Vec<Unread<'a>> {
    let dispositions = &judgement.explanation.gaps;
    let counts = |number: usize| matches!(dispositions.get(number), Some(GapDisposition::Counts));
    let of = |kind| {
        let gaps = report.gaps.iter().enumerate();
        let lost = gaps.filter(|(_, gap)| gap.kind == kind && gap.loss > Loss::Nothing);
        let (numbers, gaps): (Vec<usize>, Vec<&Gap>) = lost.unzip();
        Unread { kind, is_accepted: !numbers.into_iter().any(counts), gaps }
    };
    GapKind::ALL.into_iter().map(of).filter(|unread| !unread.gaps.is_empty()).collect()
}

/// What is required, in a few words.
pub const fn words(category: Category) -> &'static str {
    match category {
        Category::SshHostKey => "No SSH host keys",
        Category::SshPrivateKey => "No private SSH keys",
        Category::AuthorizedKeys => "No keys that may log in",
        Category::ShellHistory => "No history of typed commands",
        Category::Credential => "No credentials",
        Category::PasswordHash => "No passwords and open accounts",
        Category::Miner => "No coin miners",
        Category::Malware => "No files that a list names",
        Category::Access => "No open way in or up",
        Category::Leftover => "No leftovers of the build",
        Category::Persistence => "Nothing unusual that starts by itself",
        Category::Privilege => "No unusual programs with more rights",
        Category::Integrity => "Files as their packages brought them",
        Category::Hardening => "Hardened as the benchmark asks",
        Category::Sourcing => "Images from trusted owners alone",
        Category::Package => "Software that is supported, without known vulnerabilities",
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn every_finding_and_every_loss_is_under_one_requirement() {
        let (report, judgement) = (sample::report(), sample::judgement());
        let all = requirements(&report);
        assert!(all.iter().all(|one| one.category != Category::Hardening));
        let rules = || all.iter().flat_map(|one| &one.rules);
        assert_eq!(rules().map(|(_, rule)| rule.findings.len()).sum::<usize>(), report.findings.len());
        let failing: Vec<&str> = rules().filter(|(_, rule)| rule.fails).map(|(id, _)| *id).collect();
        assert_eq!(failing, ["ssh-host-key", "aws-secret-access-key", "shadow-root-password"]);
        let unread = unread(&report, &judgement);
        assert_eq!((unread.len(), unread[0].kind, unread[0].is_accepted), (1, GapKind::Unsupported, false));
    }
}
