//! Findings of files under further names: each says which place the file serves as, and what two names show is said
//! once.

use std::collections::{BTreeMap, HashSet};

use super::merge;
use crate::detect::Sink;
use crate::finding::{FactKey, Finding, Gap, Secret};
use crate::packages::component::Component;
use assay_disk::tree::{Place, Tree};

/// A sink that adds the place to what detectors find.
pub(super) struct Served<'s> {
    sink: &'s mut dyn Sink,
    shown: String,
    system: usize,
}

impl<'s> Served<'s> {
    pub(super) fn new(sink: &'s mut dyn Sink, place: &Place, tree: &Tree) -> Self {
        Self { sink, shown: place.shown(tree), system: place.system }
    }
}

impl Sink for Served<'_> {
    fn finding(&mut self, finding: Finding) {
        self.sink.finding(finding.fact(FactKey::ServesAs, self.shown.clone()));
    }

    fn gap(&mut self, gap: Gap) {
        self.sink.gap(gap);
    }

    /// What is installed in another system is no part of the machine.
    fn component(&mut self, component: Component) {
        self.sink.component(Component { system: self.system, ..component });
    }
}

fn is_served(finding: &Finding) -> bool {
    finding.evidence.facts.iter().any(|(name, _)| *name == FactKey::ServesAs)
}

/// What two findings of one file share, which differ only in the name by which they were found.
type Key = (Vec<u8>, String, Option<u64>, Option<u64>, Vec<Secret>);

fn key(finding: &Finding) -> Key {
    let place = &finding.location;
    let (rule, secrets) = (finding.advisory.id.clone(), finding.evidence.secrets.clone());
    (place.path.clone(), rule, place.line, place.offset, secrets)
}

/// Drops what a finding of the same file by another name says as well: the worse one stays, and one with an account
/// rather than one without.
pub(super) fn without_repeats(findings: &mut Vec<Finding>) {
    if !findings.iter().any(is_served) {
        return;
    }
    let mut groups: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (index, finding) in findings.iter().enumerate() {
        groups.entry(key(finding)).or_default().push(index);
    }
    let mut is_kept = vec![true; findings.len()];
    for members in groups.into_values().filter(|members| members.len() > 1) {
        let found = |index: &usize| findings.get(*index);
        if !members.iter().filter_map(found).any(is_served) {
            continue;
        }
        let has_subject = members.iter().filter_map(found).any(|finding| finding.subject.is_some());
        // Of each account one: the worst, then the one by the file's own name, then the first.
        let mut best: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        for &index in &members {
            let Some(finding) = findings.get(index) else { continue };
            if has_subject && finding.subject.is_none() {
                continue;
            }
            let rank = |at: usize| findings.get(at).map(|finding| (finding.severity, !is_served(finding)));
            let slot = best.entry(finding.subject.as_deref()).or_insert(index);
            if rank(index) > rank(*slot) {
                *slot = index;
            }
        }
        for index in members {
            if !best.values().any(|&kept| kept == index)
                && let Some(kept) = is_kept.get_mut(index)
            {
                *kept = false;
            }
        }
    }
    let mut kept = is_kept.into_iter();
    findings.retain(|_| kept.next().unwrap_or(true));
    drop_secrets_told(findings);
}

/// Drops what a rule found by a further name in a value that another rule has: the names of a file are asked one by one.
fn drop_secrets_told(findings: &mut Vec<Finding>) {
    let paths: HashSet<Vec<u8>> = findings
        .iter()
        .filter(|finding| is_served(finding))
        .map(|finding| finding.location.path.clone())
        .collect();
    let (mut of_files, rest): (Vec<Finding>, Vec<Finding>) =
        std::mem::take(findings).into_iter().partition(|finding| paths.contains(&finding.location.path));
    of_files.sort_by_key(is_served);
    *findings = rest;
    findings.extend(merge::without_repeats(of_files));
}
