//! What further states of a disk (snapshots, a second disk) have as the disk itself has it.

use std::collections::BTreeMap;

use crate::finding::Finding;

/// Puts what a state has as the disk itself has it (the same finding at the same path) under the finding of the disk.
pub(super) fn join(states: &[Vec<u8>], findings: &mut Vec<Finding>) {
    if states.is_empty() {
        return;
    }
    let inside = |path: &[u8]| {
        states.iter().find_map(|prefix| path.strip_prefix(prefix.as_slice())).map(<[u8]>::to_vec)
    };
    let key = |finding: &Finding, path: &[u8]| {
        let secrets: Vec<Vec<u8>> =
            finding.evidence.secrets.iter().map(|secret| secret.reveal().to_vec()).collect();
        (
            finding.advisory.id.clone(),
            path.to_vec(),
            secrets,
            finding.evidence.facts.clone(),
            finding.severity,
        )
    };
    let mut known: BTreeMap<_, usize> = BTreeMap::new();
    for (index, finding) in findings.iter().enumerate() {
        if inside(&finding.location.path).is_none() {
            known.entry(key(finding, &finding.location.path)).or_insert(index);
        }
    }
    let mut more = Vec::new();
    for (index, finding) in findings.iter().enumerate() {
        let Some(path) = inside(&finding.location.path) else { continue };
        match known.get(&key(finding, &path)) {
            Some(&first) => more.push((first, index, finding.location.clone())),
            None => drop(known.insert(key(finding, &path), index)),
        }
    }
    let mut is_more = vec![false; findings.len()];
    for (first, index, location) in more {
        if let Some(finding) = findings.get_mut(first) {
            finding.related_locations.push(location);
        }
        if let Some(mark) = is_more.get_mut(index) {
            *mark = true;
        }
    }
    let mut marks = is_more.into_iter();
    findings.retain(|_| !marks.next().unwrap_or(false));
}
