//! Files of an image, written to a folder of the host: those that are there, and those that were deleted and came back.
//!
//! No name of the image leads out of the folder: `..` and what else is no plain name is spelled another way, links and devices
//! are not made, and nothing that is there already is followed or written over. A manifest says what each file is, how sure
//! that is, its SHA-256, and where its bytes lie.

mod folder;
mod manifest;
mod selection;

use std::io;
use std::path::Path;

use assay_disk::fs::{Extent, FileType, Place};
use assay_disk::tree::{EntryId, Tree};
use sha2::{Digest, Sha256};

use folder::Folder;
pub use manifest::Entry;
pub use selection::{Selection, select};

/// Bytes that are read at once.
const PIECE: usize = 1 << 20;
/// Zeros of this size are not written.
const BLOCK: usize = 4096;

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Files, whole or in part.
    pub files: u64,
    /// Bytes of them, without zeros.
    pub bytes: u64,
    /// Files of which something could not be read or written: the manifest says why.
    pub failed: u64,
}

/// Writes files to the folder at `out`, which is made and must not be there or be empty, and a manifest beside them,
/// `manifest.jsonl`: a line of JSON for each.
///
/// # Errors
/// [`io::Error`], where the folder or the manifest cannot be written. What is wrong with one file is in the manifest.
pub fn write(tree: &Tree, files: &[EntryId], out: &Path) -> io::Result<Written> {
    let folder = Folder::create(out)?;
    let mut manifest = folder.manifest()?;
    let mut written = Written::default();
    // What an image holds may be written twice over: many files can share blocks, but no honest image grows without end.
    let mut room = tree
        .volumes()
        .iter()
        .fold(1_u64 << 30, |sum, mounted| sum.saturating_add(mounted.fs.usage().total.saturating_mul(2)));
    for &id in files {
        let mut entry = Entry::of(tree, id);
        if let Err(error) = file(tree, id, &folder, &mut entry, &mut room) {
            entry.problem = Some(error.to_string());
        }
        written.files = written.files.saturating_add(u64::from(entry.file.is_some()));
        written.bytes = written.bytes.saturating_add(entry.written);
        written.failed = written.failed.saturating_add(u64::from(entry.problem.is_some()));
        manifest.line(&entry)?;
    }
    manifest.finish()?;
    Ok(written)
}

/// Writes one file, and says in its entry what came of it.
fn file(tree: &Tree, id: EntryId, folder: &Folder, entry: &mut Entry, room: &mut u64) -> io::Result<()> {
    let mut node = tree.open(id).map_err(io::Error::other)?;
    if node.metadata().file_type == FileType::Symlink {
        entry.target = Some(node.read_link().map_err(io::Error::other)?);
        return Ok(());
    }
    let size = node.metadata().size;
    let extents = node.extents().map_err(io::Error::other)?.to_vec();
    entry.places = places(&extents);
    // A size that nothing stands for is damage: holes behind the last block of a volume's worth are not made.
    let limit = tree.get(id).map_or(0, |(mounted, _)| mounted.fs.usage().total);
    let end = extents.iter().map(|extent| extent.start.saturating_add(extent.len)).max().unwrap_or(0);
    let end = if size > limit && limit > 0 { end.min(size).min(limit) } else { size };
    let (name, mut output) = folder.file(&entry.path)?;
    entry.file = Some(name);
    let (mut hash, mut buffer, mut at) = (Sha256::new(), vec![0; PIECE], 0_u64);
    while at < end {
        let most = usize::try_from(end.saturating_sub(at)).unwrap_or(PIECE).min(PIECE);
        let read = node.read_at(at, buffer.get_mut(..most).unwrap_or_default()).map_err(io::Error::other)?;
        if read == 0 {
            break;
        }
        let bytes = buffer.get(..read).unwrap_or_default();
        hash.update(bytes);
        entry.written = entry.written.saturating_add(output.write_at(at, bytes, room)?);
        at = at.saturating_add(read as u64);
    }
    output.finish(at, node.metadata().modified)?;
    entry.size = at;
    entry.sha256 = Some(assay_disk::text::hex(&hash.finalize()));
    if at < size {
        return Err(io::Error::other(format!("the inode claims {size} bytes, of which {at} are there")));
    }
    Ok(())
}

/// The path of a file in the running machine, now or when it was there.
fn path(tree: &Tree, id: EntryId) -> Vec<u8> {
    match tree.get(id) {
        Some((mounted, _)) if mounted.is_deleted() => mounted.path_inside(id.index),
        _ => tree.path(id),
    }
}

/// Where the bytes of a file lie in its file system: (offset in the file, offset in the file system, length).
fn places(extents: &[Extent]) -> Vec<(u64, u64, u64)> {
    let place = |extent: &Extent| match extent.place {
        Place::Disk(at) | Place::Packed { at, .. } => Some((extent.start, at, extent.len)),
        Place::Hole | Place::Unwritten | Place::Opaque | Place::Lost => None,
    };
    extents.iter().filter_map(place).collect()
}

#[cfg(test)]
mod tests;
