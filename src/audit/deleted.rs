//! What was found in files that are no more: how sure it is that they are what they are taken for, and what is only a copy of
//! what a file that is there has, too.

use std::collections::HashMap;

use crate::finding::{Finding, Presence};
use assay_disk::fs::recovered::{Grade, Recovery};
use assay_disk::fs::remains::Fate;
use assay_disk::tree::Tree;

/// Further places of a finding that are listed.
const PLACES: usize = 20;

/// Says of each finding in a deleted file that it is one; those about a value that a file which is there has, too, become
/// places of that.
pub(super) fn mark(tree: &Tree, findings: &mut Vec<Finding>) {
    let files = files(tree);
    if files.is_empty() {
        return;
    }
    for finding in findings.iter_mut() {
        if let Some(recovery) = outer(&finding.location.path).find_map(|path| files.get(path)) {
            finding.presence = presence(recovery);
        }
    }
    join(findings);
}

/// How many deleted files came back, in the order of [`Grade::ALL`].
pub(super) fn count(tree: &Tree) -> [u64; Grade::ALL.len()] {
    let mut counts = [0_u64; Grade::ALL.len()];
    for (_, recovery) in recoveries(tree) {
        let grades = Grade::ALL.iter().zip(&mut counts);
        grades
            .filter(|(grade, _)| **grade == recovery.grade)
            .for_each(|(_, count)| *count = count.saturating_add(1));
    }
    counts
}

fn recoveries(tree: &Tree) -> impl Iterator<Item = (assay_disk::tree::EntryId, &Recovery)> {
    tree.ids().filter_map(|id| Some((id, tree.recovery(id)?)))
}

/// Deleted files by their paths.
fn files(tree: &Tree) -> HashMap<Vec<u8>, &Recovery> {
    recoveries(tree).map(|(id, recovery)| (tree.path(id), recovery)).collect()
}

/// The path of a finding, and those of the files around it.
fn outer(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = memchr::memmem::rfind_iter(path, b"!/").collect::<Vec<_>>();
    std::iter::once(path).chain(ends.into_iter().filter_map(|end| path.get(..end)))
}

fn presence(recovery: &Recovery) -> Presence {
    let grade = recovery.grade;
    match recovery.fate {
        Fate::Changed => Presence::Changed { grade },
        Fate::Deleted(at) => Presence::Deleted { grade, at },
    }
}

/// What makes two findings the same, wherever they are: the rule, and the values; without any, the path, too.
fn key(finding: &Finding) -> (String, Vec<Vec<u8>>, Vec<u8>) {
    let values: Vec<Vec<u8>> =
        finding.evidence.secrets.iter().map(|secret| secret.reveal().to_vec()).collect();
    let path = if values.is_empty() {
        assay_disk::path::innermost(&finding.location.path).to_vec()
    } else {
        Vec::new()
    };
    (finding.advisory.id.clone(), values, path)
}

fn join(findings: &mut Vec<Finding>) {
    let (deleted, mut kept): (Vec<Finding>, Vec<Finding>) =
        std::mem::take(findings).into_iter().partition(|finding| finding.presence != Presence::Present);
    let mut known: HashMap<_, usize> =
        kept.iter().enumerate().map(|(index, one)| (key(one), index)).collect();
    // The surest copy stands for the others.
    let mut deleted = deleted;
    deleted.sort_by_key(|finding| std::cmp::Reverse(finding.presence.grade()));
    for finding in deleted {
        let key = key(&finding);
        match known.get(&key).and_then(|&index| kept.get_mut(index)) {
            Some(same) => {
                if same.related_locations.len() < PLACES {
                    same.related_locations.push(finding.location);
                }
            }
            None => {
                known.insert(key, kept.len());
                kept.push(finding);
            }
        }
    }
    *findings = kept;
}
