//! Tries every requirement on its own proofs, and every pattern on the rules that there are.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{How, List, Requirement, Violation};
use crate::finding::{Advisory, Confidence, Finding, Severity};

/// Findings for a requirement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proofs {
    /// Each violates it.
    pub violates: Vec<Example>,
    /// None violates it.
    pub keeps: Vec<Example>,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The id of its rule, which must be one.
    pub rule: String,
    /// Its severity; `None`: its rule's.
    pub severity: Option<Severity>,
    /// Its confidence; `None`: high.
    pub confidence: Option<Confidence>,
    /// Its path.
    pub path: String,
    /// The account, host or service concerned.
    pub subject: Option<String>,
}

/// How many requirements there are, and what is wrong with them; `rules` is all that can be found.
pub fn check(lists: &[List], rules: &[Arc<Advisory>]) -> (usize, Vec<String>) {
    let mut problems = Vec::new();
    let mut ids = BTreeSet::new();
    let all = || lists.iter().flat_map(|list| &list.requirements);
    for requirement in all() {
        let mut tell = |problem: String| problems.push(format!("requirement {}: {problem}", requirement.id));
        if !ids.insert(&requirement.id) {
            tell("the id is there twice".to_owned());
        }
        if let How::Report { violated_by, .. } = &requirement.judged {
            patterns(violated_by, rules).into_iter().for_each(&mut tell);
            examples(requirement, violated_by, rules).into_iter().for_each(&mut tell);
        }
    }
    (all().count(), problems)
}

/// Patterns that no rule fits.
fn patterns(violated_by: &[Violation], rules: &[Arc<Advisory>]) -> Vec<String> {
    let mut problems = Vec::new();
    for violation in violated_by {
        let Violation::Finding { except, .. } = violation else { continue };
        if !rules.iter().any(|rule| violation.could_be(&rule.id, rule.category)) {
            problems.push(format!("no rule fits {violation:?}"));
        }
        let is_rule =
            |pattern: &&String| rules.iter().any(|rule| assay_disk::path::fits(pattern, rule.id.as_bytes()));
        problems.extend(except.iter().filter(|p| !is_rule(p)).map(|p| format!("no rule fits {p:?}")));
    }
    problems
}

fn examples(requirement: &Requirement, violated_by: &[Violation], rules: &[Arc<Advisory>]) -> Vec<String> {
    let Proofs { violates, keeps } = &requirement.proofs;
    let of_gaps = violated_by.iter().all(|violation| matches!(violation, Violation::Volume(_)));
    if !of_gaps && (violates.is_empty() || keeps.is_empty()) {
        return vec!["needs a finding that violates it, and one that does not".to_owned()];
    }
    let mut problems = Vec::new();
    for (example, expected) in violates.iter().map(|e| (e, true)).chain(keeps.iter().map(|e| (e, false))) {
        let Some(rule) = rules.iter().find(|rule| rule.id == example.rule) else {
            problems.push(format!("there is no rule {}", example.rule));
            continue;
        };
        let finding = example.finding(rule);
        if violated_by.iter().any(|violation| violation.is_finding(&finding)) != expected {
            let not = if expected { "not " } else { "" };
            problems.push(format!("is {not}violated by {}", example.rule));
        }
    }
    problems
}

impl Example {
    fn finding(&self, rule: &Arc<Advisory>) -> Finding {
        let mut finding = Finding::new(rule);
        finding.severity = self.severity.unwrap_or(rule.severity);
        finding.confidence = self.confidence.unwrap_or(Confidence::High);
        finding.location.path = self.path.clone().into_bytes();
        finding.subject.clone_from(&self.subject);
        finding
    }
}
