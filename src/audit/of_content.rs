//! Findings about a program are about its content, too: a baseline that knows a setuid program by its place must not
//! know what is put there later.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::finding::{Category, Finding, Secret, Severity};
use assay_disk::fs::{FileType, FsError};
use assay_disk::tree::{EntryId, Tree};

/// Larger files are known by their first bytes, their size and their time.
const LARGEST: u64 = 64 << 20;
/// Bytes of all files that are read for this.
const TOTAL: u64 = 1 << 30;
/// Bytes that are read at once.
const PIECE: usize = 128 << 10;

/// Gives each finding about a program the digest of its content.
pub(super) fn add(tree: &Tree, findings: &mut [Finding]) {
    let mut known: HashMap<EntryId, Option<Vec<u8>>> = HashMap::new();
    let mut left = TOTAL;
    for finding in findings.iter_mut().filter(|finding| is_about_program(finding)) {
        let Some(id) = tree.find(&finding.location.path) else { continue };
        let digest = known.entry(id).or_insert_with(|| digest(tree, id, &mut left).ok().flatten());
        finding.evidence.content = digest.clone().map(Secret::new);
    }
}

/// Whether a finding is about a file as a whole, and says of its content nothing by itself. Leftovers differ from
/// build to build, and are the same finding.
fn is_about_program(finding: &Finding) -> bool {
    let evidence = &finding.evidence;
    let of_programs = matches!(
        finding.advisory.category,
        Category::Privilege | Category::Persistence | Category::Miner | Category::Malware
    );
    of_programs
        && finding.severity > Severity::Info
        && finding.location.line.is_none()
        && !finding.location.path.is_empty()
        && evidence.content.is_none()
        && evidence.secrets.is_empty()
}

/// The digest of a regular file; `None` of anything else.
fn digest(tree: &Tree, id: EntryId, left: &mut u64) -> Result<Option<Vec<u8>>, FsError> {
    let Some((_, walked)) = tree.get(id) else { return Ok(None) };
    let metadata = &walked.metadata;
    if metadata.file_type != FileType::Regular {
        return Ok(None);
    }
    let wanted = metadata.size.min(LARGEST).min(*left);
    *left = left.saturating_sub(wanted);
    let mut node = tree.open(id)?;
    let (mut hash, mut piece, mut at) = (Sha256::new(), vec![0; PIECE], 0_u64);
    hash.update(metadata.size.to_le_bytes());
    while at < wanted {
        let read = node.read_at(at, &mut piece)?;
        if read == 0 {
            break;
        }
        let rest = usize::try_from(wanted.saturating_sub(at)).unwrap_or(read);
        hash.update(piece.get(..read.min(rest)).unwrap_or_default());
        at = at.saturating_add(read as u64);
    }
    if wanted < metadata.size {
        hash.update(format!("{:?}", metadata.modified).as_bytes());
    }
    Ok(Some(hash.finalize().to_vec()))
}
