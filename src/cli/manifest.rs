//! `assay manifest` (hidden): every entry of every file system in one line, to compare with what the kernel says.
//!
//! `type mode uid gid size sha256 path`, sorted by the bytes of the path, which is escaped; the size of a
//! directory or device is `-`, the hash of a symbolic link is its target's, and that of a file of more than
//! 16 GiB is `-`: such a file is holes, which would be hashed for hours.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::look::{CopyError, copy, type_letter};
use super::{Exit, Failure, Terminal, engine};
use crate::fs::FileType;
use crate::text::{Escaped, hex};
use crate::tree::{EntryId, Tree};

/// Bytes of the largest file that is hashed.
const HASHED: u64 = 16 << 30;

/// Runs the command.
pub(super) fn run(image: &Path, outside: bool, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let system = engine::open(image, outside)?;
    let tree = &system.tree;
    let named = tree.ids().filter(|&id| tree.get(id).is_some_and(|(mounted, _)| !mounted.is_plain));
    let mut entries: Vec<(Vec<u8>, EntryId)> = named.map(|id| (tree.path(id), id)).collect();
    entries.sort_unstable();
    let mut exit = Exit::PASS;
    for gap in system.gaps.iter().filter(|gap| gap.loss > crate::finding::Loss::Nothing) {
        let place = crate::report::terminal::shown_place(&gap.location);
        writeln!(terminal.err, "gap: {place}: {}", Escaped(gap.reason.as_bytes()))?;
        exit = Exit::INCOMPLETE;
    }
    for (path, id) in entries {
        match line(tree, id) {
            Ok(line) => writeln!(terminal.out, "{line} {}", Escaped(&path))?,
            Err(message) => {
                writeln!(terminal.err, "gap: {}: {message}", Escaped(&path))?;
                exit = Exit::INCOMPLETE;
            }
        }
    }
    Ok(exit)
}

fn line(tree: &Tree, id: EntryId) -> Result<String, String> {
    let (_, entry) = tree.get(id).ok_or("is not in the tree")?;
    let metadata = &entry.metadata;
    let (size, hash) = match metadata.file_type {
        FileType::Regular if metadata.size > HASHED => (metadata.size.to_string(), "-".to_owned()),
        FileType::Regular => (metadata.size.to_string(), content(tree, id)?),
        FileType::Symlink => {
            let target = entry.target.as_deref().unwrap_or_default();
            (metadata.size.to_string(), hex(&Sha256::digest(target)))
        }
        _ => ("-".to_owned(), "-".to_owned()),
    };
    let letter = type_letter(metadata.file_type);
    Ok(format!("{letter} {:04o} {} {} {size} {hash}", metadata.mode, metadata.uid, metadata.gid))
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
