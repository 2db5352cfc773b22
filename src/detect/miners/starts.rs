//! What starts a miner: cron tables, units and start scripts that name a file which is one by other marks.
//!
//! Both findings stay, as each place must be cleaned, and each names the other.

use assay_disk::path::is_inside;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use memchr::memmem;

use super::{is_autostart, lossy, started_advisory};
use crate::finding::{Category, Confidence, FactKey, Finding, Location, Severity};
use assay_disk::fs::FileType;
use assay_disk::tree::{EntryId, Tree};

/// Larger start files are no start files, in bytes.
const LIMIT: u64 = 256 << 10;
/// Places in one start file that name miners, which are looked at.
const NAMED: usize = 10_000;

/// Joins the miners among `findings` with what starts them, and reports the starts that have no mark of
/// their own.
pub fn join(tree: &Tree, findings: &mut Vec<Finding>) {
    let miners: Vec<usize> =
        (0..).zip(findings.iter()).filter(|(_, f)| is_program(f)).map(|(at, _)| at).collect();
    let paths = miners.iter().filter_map(|&at| findings.get(at)).map(|finding| &finding.location.path);
    let Ok(named) = AhoCorasick::new(paths) else { return };
    if miners.is_empty() {
        return;
    }
    let mut starts = Starts::of(findings);
    for id in tree.present().filter(|&id| is_small(tree, id)) {
        let location = tree.location(id);
        if !is_autostart(&location.path) {
            continue;
        }
        // What cannot be read is a gap already: the audit read it.
        let content = tree.content(id, LIMIT).unwrap_or_default();
        // Of all miners those whose paths are in the file at all.
        let there: BTreeSet<usize> = named
            .find_overlapping_iter(&content)
            .take(NAMED)
            .map(|found| found.pattern().as_usize())
            .collect();
        for &miner in there.iter().filter_map(|&at| miners.get(at)) {
            let Some(path) = findings.get(miner).map(|finding| finding.location.path.clone()) else {
                continue;
            };
            if let Some(line) = line_naming(&content, &path) {
                link(findings, &mut starts, miner, &Location { line: Some(line), ..location.clone() });
            }
        }
    }
}

/// A file that mines: not a start file itself, and not a mere trace.
fn is_program(finding: &Finding) -> bool {
    let path = &finding.location.path;
    finding.advisory.category == Category::Miner
        && finding.severity >= Severity::Medium
        && path.len() > 4
        && !is_autostart(path)
        && !is_inside(path)
}

fn is_small(tree: &Tree, id: EntryId) -> bool {
    let regular =
        |m: &assay_disk::fs::Metadata| m.file_type == FileType::Regular && (1..=LIMIT).contains(&m.size);
    tree.get(id).is_some_and(|(_, walked)| regular(&walked.metadata))
}

/// The first line, not a comment, that names `path` as a whole.
fn line_naming(content: &[u8], path: &[u8]) -> Option<u64> {
    let ends =
        |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric() && !b"._-/".contains(byte));
    let names = |line: &[u8]| {
        memmem::find_iter(line, path).any(|at| {
            let before = at.checked_sub(1).and_then(|before| line.get(before));
            ends(line.get(at.saturating_add(path.len()))) && ends(before)
        })
    };
    let mut lines = (1_u64..).zip(content.split(|&byte| byte == b'\n'));
    lines
        .find(|(_, line)| !line.trim_ascii_start().starts_with(b"#") && names(line))
        .map(|(number, _)| number)
}

/// The first finding about miners of each path.
struct Starts(BTreeMap<Vec<u8>, usize>);

impl Starts {
    fn of(findings: &[Finding]) -> Self {
        let mut starts = BTreeMap::new();
        for (at, finding) in findings.iter().enumerate() {
            if finding.advisory.category == Category::Miner {
                starts.entry(finding.location.path.clone()).or_insert(at);
            }
        }
        Self(starts)
    }
}

/// Names the start in the miner's finding, and the miner in the start's.
fn link(findings: &mut Vec<Finding>, starts: &mut Starts, miner: usize, start: &Location) {
    let Some(program) = findings.get_mut(miner) else { return };
    program.related_locations.push(start.clone());
    program.evidence.facts.push((FactKey::StartedBy, lossy(&start.path)));
    let (place, severity) = (program.location.clone(), program.severity);
    let runs = lossy(&place.path);
    let known = starts.0.get(&start.path).copied();
    if let Some(known) = known.and_then(|at| findings.get_mut(at)) {
        known.severity = known.severity.max(severity.min(Severity::High));
        known.related_locations.push(place);
        known.evidence.facts.push((FactKey::Runs, runs));
        return;
    }
    let mut finding = Finding::new(&Arc::clone(started_advisory())).confidence(Confidence::High);
    finding = finding.severity(severity.min(Severity::High)).fact(FactKey::Runs, runs);
    finding.location = start.clone();
    finding.related_locations.push(place);
    starts.0.insert(start.path.clone(), findings.len());
    findings.push(finding);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_named_as_a_whole() {
        let unit = b"[Service]\n#ExecStart=/opt/x\nExecStart=/opt/x --config=/etc/x.json\n";
        assert_eq!(line_naming(unit, b"/opt/x"), Some(3));
        assert_eq!(line_naming(unit, b"/etc/x.json"), Some(3));
        assert_eq!(line_naming(unit, b"/etc/x"), None);
        assert_eq!(line_naming(unit, b"pt/x"), None);
    }
}
