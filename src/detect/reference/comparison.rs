//! One file of two images.

use super::kind::Kind;
use assay_disk::fs::holes::Content;
use assay_disk::fs::{FileType, FsError, Metadata, Node};
use assay_disk::tree::{EntryId, Tree};

/// Bytes that are compared at once, of each.
const PIECE: usize = 256 << 10;
/// The attribute that gives a program rights.
const CAPABILITY: &[u8] = b"security.capability";

/// What the comparison says.
pub(super) enum Outcome {
    Equal,
    /// In what.
    Differs(String),
    /// One of them could not be read.
    Unknown(FsError),
}

pub(super) fn compare(here: &Tree, id: EntryId, there: &Tree, other: EntryId, kind: Kind) -> Outcome {
    let (Some((_, one)), Some((_, two))) = (here.get(id), there.get(other)) else { return Outcome::Equal };
    let (own, trusted) = (&one.metadata, &two.metadata);
    if own.file_type != trusted.file_type {
        return Outcome::Differs("type".to_owned());
    }
    let mut how = Vec::new();
    if own.file_type == FileType::Symlink {
        // Owner and mode of a link decide nothing.
        return if one.target == two.target { Outcome::Equal } else { Outcome::Differs("target".to_owned()) };
    }
    if own.mode & 0o7777 != trusted.mode & 0o7777 {
        how.push(format!("mode ({:o}, not {:o})", own.mode & 0o7777, trusted.mode & 0o7777));
    }
    let owner = |metadata: &Metadata| (metadata.uid, metadata.gid);
    if owner(own) != owner(trusted) {
        how.push(format!("owner ({}:{}, not {}:{})", own.uid, own.gid, trusted.uid, trusted.gid));
    }
    let differs = || -> Result<[bool; 2], FsError> {
        let content = own.size != trusted.size || !is_same_content(here, id, there, other)?;
        let rights = kind.is_executable() && capability(here, id)? != capability(there, other)?;
        Ok([content, rights])
    };
    match differs() {
        Ok([content, rights]) => {
            how.extend(rights.then(|| "capabilities".to_owned()));
            how.extend(content.then(|| "content".to_owned()));
        }
        Err(error) if how.is_empty() => return Outcome::Unknown(error),
        // It differs, whatever the rest is.
        Err(error) => how.push(format!("content unknown: {error}")),
    }
    if how.is_empty() { Outcome::Equal } else { Outcome::Differs(how.join(", ")) }
}

fn capability(tree: &Tree, id: EntryId) -> Result<Option<Vec<u8>>, FsError> {
    let attributes = tree.open(id)?.xattrs()?;
    Ok(attributes.into_iter().find(|(name, _)| name == CAPABILITY).map(|(_, value)| value))
}

/// Both are read piece by piece, to the first difference, where one of them has data: elsewhere both are zeros.
pub(super) fn is_same_content(
    here: &Tree,
    id: EntryId,
    there: &Tree,
    other: EntryId,
) -> Result<bool, FsError> {
    let (mut one, mut two) = (here.open(id)?, there.open(other)?);
    let (mut own, mut trusted) = (vec![0; PIECE], vec![0; PIECE]);
    let mut parts = Content::of(&mut *one)?.data;
    parts.extend(Content::of(&mut *two)?.data);
    parts.sort_unstable();
    let mut at = 0_u64;
    for part in parts {
        at = at.max(part.offset);
        let end = part.offset.saturating_add(part.len);
        while at < end {
            let room = usize::try_from(end.saturating_sub(at)).unwrap_or(PIECE).min(PIECE);
            let first = fill(&mut *one, at, own.get_mut(..room).unwrap_or_default())?;
            let second = fill(&mut *two, at, trusted.get_mut(..room).unwrap_or_default())?;
            if own.get(..first) != trusted.get(..second) {
                return Ok(false);
            }
            if first < room {
                return Ok(true);
            }
            at = at.saturating_add(first as u64);
        }
    }
    Ok(true)
}

/// Reads until `piece` is full, or the file ends; returns how many bytes.
fn fill(node: &mut dyn Node, at: u64, piece: &mut [u8]) -> Result<usize, FsError> {
    let mut filled = 0;
    while let Some(rest) = piece.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match node.read_at(at.saturating_add(filled as u64), rest)? {
            0 => break,
            read => filled = filled.saturating_add(read),
        }
    }
    Ok(filled)
}
