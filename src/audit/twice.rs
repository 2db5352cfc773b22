//! A file that was opened as a file system is searched as it stands, too: what its files say at places of their own
//! is not said a second time of the file around them.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Confidence, Finding, Severity};
use assay_disk::path::outer_files;
use assay_disk::tree::Tree;

/// How a path goes on for what encoded blocks in a file say.
const ENCODED: [&[u8]; 3] = [b"!/base64 at byte ", b"!/base32 at byte ", b"!/hexadecimal at byte "];

/// How bad and how sure findings are that have a value.
type Weights = BTreeSet<(Severity, Confidence)>;

/// Drops findings in the bytes of opened files whose values a file in them has as well, no less bad and no less sure:
/// a parser may call there by another name what is found here.
pub(super) fn drop_repeats(tree: &Tree, findings: &mut Vec<Finding>) {
    let outer: BTreeSet<Vec<u8>> =
        tree.volumes().iter().filter_map(assay_disk::tree::Mounted::outer).map(|id| tree.path(id)).collect();
    if outer.is_empty() {
        return;
    }
    let mut inner: BTreeMap<(Vec<u8>, Vec<u8>), Weights> = BTreeMap::new();
    for finding in findings.iter() {
        let path = &finding.location.path;
        for file in outer_files(path).filter(|file| outer.contains(*file) && !is_of_its_bytes(path, file)) {
            for value in values(finding) {
                let weights = inner.entry((file.to_vec(), value)).or_default();
                weights.insert((finding.severity, finding.confidence));
            }
        }
    }
    findings.retain(|finding| {
        let path = &finding.location.path;
        let mut files = outer_files(path).chain([path.as_slice()]);
        let Some(file) = files.find(|file| outer.contains(*file) && is_of_its_bytes(path, file)) else {
            return true;
        };
        let is_inside = |value: Vec<u8>| {
            let weights = inner.get(&(file.to_vec(), value)).into_iter().flatten();
            let mut weights = weights.copied();
            weights.any(|(severity, confidence)| {
                severity >= finding.severity && confidence >= finding.confidence
            })
        };
        finding.evidence.secrets.is_empty() || !values(finding).all(is_inside)
    });
}

fn values(finding: &Finding) -> impl Iterator<Item = Vec<u8>> {
    finding.evidence.secrets.iter().map(|secret| secret.reveal().trim_ascii().to_vec())
}

/// Whether `path` is the bytes of `file` as they stand, or what an encoded block in them says.
fn is_of_its_bytes(path: &[u8], file: &[u8]) -> bool {
    path.strip_prefix(file)
        .is_some_and(|rest| rest.is_empty() || ENCODED.iter().any(|encoded| rest.starts_with(encoded)))
}
