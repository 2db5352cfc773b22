//! A file that was opened as a file system is searched as it stands, too: what its files say at places of their own
//! is not said a second time of the file around them.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Confidence, Finding, Severity};
use crate::tree::Tree;

/// How a path goes on for what base64 in a file says.
const ENCODED: &[u8] = b"!/base64 at byte ";

/// What a finding is about: its rule, and the values.
type Subject = (String, Vec<Vec<u8>>);

/// Drops findings in the bytes of opened files that a file in them has as well, no less bad and no less sure.
pub(super) fn drop_repeats(tree: &Tree, findings: &mut Vec<Finding>) {
    let outer: BTreeSet<Vec<u8>> =
        tree.volumes().iter().filter_map(|mounted| mounted.outer).map(|id| tree.path(id)).collect();
    if outer.is_empty() {
        return;
    }
    let mut inner: BTreeMap<(Vec<u8>, Subject), Vec<(Severity, Confidence)>> = BTreeMap::new();
    for finding in findings.iter() {
        let Some(subject) = subject(finding) else { continue };
        for around in files_around(&finding.location.path).filter(|path| outer.contains(*path)) {
            if !is_of_its_bytes(&finding.location.path, around) {
                let known = inner.entry((around.to_vec(), subject.clone())).or_default();
                known.push((finding.severity, finding.confidence));
            }
        }
    }
    findings.retain(|finding| {
        let Some(subject) = subject(finding) else { return true };
        let path = &finding.location.path;
        let mut files = files_around(path).chain([path.as_slice()]);
        let file = files.find(|file| outer.contains(*file) && is_of_its_bytes(path, file));
        let known = file.and_then(|file| inner.get(&(file.to_vec(), subject)));
        let is_covered = |&(severity, confidence): &(Severity, Confidence)| {
            severity >= finding.severity && confidence >= finding.confidence
        };
        !known.is_some_and(|known| known.iter().any(is_covered))
    });
}

fn subject(finding: &Finding) -> Option<Subject> {
    let secrets = &finding.evidence.secrets;
    let values: Vec<Vec<u8>> = secrets.iter().map(|secret| secret.reveal().trim_ascii().to_vec()).collect();
    (!values.is_empty()).then(|| (finding.advisory.id.clone(), values))
}

/// The files that a path leads through.
fn files_around(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    memchr::memmem::find_iter(path, b"!/").filter_map(|at| path.get(..at))
}

/// Whether `path` is the bytes of `file` as they stand, or what base64 in them says.
fn is_of_its_bytes(path: &[u8], file: &[u8]) -> bool {
    path.strip_prefix(file).is_some_and(|rest| rest.is_empty() || rest.starts_with(ENCODED))
}
