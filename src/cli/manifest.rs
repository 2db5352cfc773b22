//! `assay manifest` (hidden): every entry of every file system in one line, to compare with what the kernel says.
//!
//! `type mode uid gid size sha256 path`, sorted by the bytes of the path, which is escaped; the size of a
//! directory or device is `-`, the hash of a symbolic link is its target's, and that of a file whose holes are more than
//! 2 GiB, or together with those of the files before it, is `-`: they would be hashed for hours.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::inspect::{CopyError, copy, type_letter};
use super::{Exit, Failure, Terminal, engine};
use crate::budget::Budget;
use assay_disk::fs::FileType;
use assay_disk::fs::holes::Content;
use assay_disk::text::{Escaped, hex};
use assay_disk::tree::{EntryId, Tree};

/// Runs the command.
pub(super) fn run(image: &Path, outside: bool, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let system = engine::open(image, outside)?;
    let tree = &system.tree;
    let named = tree.present().filter(|&id| tree.get(id).is_some_and(|(mounted, _)| !mounted.is_raw()));
    let mut entries: Vec<(Vec<u8>, EntryId)> = named.map(|id| (tree.path(id), id)).collect();
    entries.sort_unstable();
    let mut exit = Exit::PASS;
    for gap in system.gaps.iter().filter(|gap| gap.loss > crate::finding::Loss::Nothing) {
        let place = crate::report::terminal::shown_place(&gap.location);
        writeln!(terminal.err, "gap: {place}: {}", Escaped(gap.reason.as_bytes()))?;
        exit = Exit::INCOMPLETE;
    }
    let mut holes = Budget::default().hole_bytes;
    for (path, id) in entries {
        match line(tree, id, &mut holes) {
            Ok(line) => writeln!(terminal.out, "{line} {}", Escaped(&path))?,
            Err(message) => {
                writeln!(terminal.err, "gap: {}: {message}", Escaped(&path))?;
                exit = Exit::INCOMPLETE;
            }
        }
    }
    Ok(exit)
}

/// One entry; `holes` are the bytes of holes that may still be hashed.
fn line(tree: &Tree, id: EntryId, holes: &mut u64) -> Result<String, String> {
    let (_, entry) = tree.get(id).ok_or("is not in the tree")?;
    let metadata = &entry.metadata;
    let (size, hash) = match metadata.file_type {
        FileType::Regular => {
            let hash = if is_hashed(tree, id, holes)? { content(tree, id)? } else { "-".to_owned() };
            (metadata.size.to_string(), hash)
        }
        FileType::Symlink => {
            let target = entry.target.as_deref().unwrap_or_default();
            (metadata.size.to_string(), hex(&Sha256::digest(target)))
        }
        _ => ("-".to_owned(), "-".to_owned()),
    };
    let letter = type_letter(metadata.file_type);
    Ok(format!("{letter} {:04o} {} {} {size} {hash}", metadata.mode, metadata.uid, metadata.gid))
}

/// Whether the file is hashed: its holes are within the limit.
fn is_hashed(tree: &Tree, id: EntryId, holes: &mut u64) -> Result<bool, String> {
    let content = tree.open(id).and_then(|mut node| Content::of(&mut *node));
    let content = content.map_err(|error| error.to_string())?;
    if content.is_dense() {
        return Ok(true);
    }
    let left = holes.checked_sub(content.hole_bytes);
    *holes = left.unwrap_or(*holes);
    Ok(left.is_some())
}

fn content(tree: &Tree, id: EntryId) -> Result<String, String> {
    let mut node = tree.open(id).map_err(|error| error.to_string())?;
    let mut hash = Sha256::new();
    let copied = copy(&mut *node, &mut |bytes| {
        hash.update(bytes);
        Ok(())
    });
    copied.map(|()| hex(&hash.finalize())).map_err(|error| match error {
        CopyError::Read(error) => error.to_string(),
        CopyError::Write(error) => error.to_string(),
        CopyError::TooLong(limit) => format!("is longer than {limit} bytes"),
    })
}
