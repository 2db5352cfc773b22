//! Deleted files of exFAT: one bit is cleared in each entry of a set, so the checksum of the set still tells whether it is
//! whole. What lay in one piece lies where the set says; of a chain, the table often still has the links.
//!
//! Reference: Microsoft, "exFAT file system specification", sections 6.2.1 and 6.3.4.2.

use std::collections::{BTreeSet, VecDeque};
use std::ops::ControlFlow;

use super::directory::{self, File, Set};
use super::{Exfat, SHARED, Start};
use crate::bytes::Span;
use crate::fs::fat::node::unwritten;
use crate::fs::fat::vacant;
use crate::fs::mapped;
use crate::fs::remains::{Content, Fate, Life, Name, Proof, Remain, Take, Version};
use crate::fs::{Extent, FileType, FsError, NodeId, Place};

/// A deleted file is known by where its set lies, in bytes, and this bit: files in use are numbered one after the other.
const DELETED: u64 = 1 << 63;

/// Hands deleted sets of all directories, and of the deleted ones among these, to `take`.
///
/// # Errors
/// The first [`FsError`] met, after all that could be read was handed on.
pub(super) fn remains(fs: &Exfat, free: &[Span], take: &mut Take<'_>) -> Result<(), FsError> {
    let left = fs.boot.size.saturating_mul(SHARED);
    let (seen, todo) = (BTreeSet::new(), VecDeque::new());
    let mut search = Search { fs, free, take, seen, todo, left, damage: None };
    for index in 0..fs.listing.entries.len() as u64 {
        let Some(listed) = fs.listing.get(NodeId(index)) else { continue };
        if listed.metadata.file_type == FileType::Directory {
            let content = listed.content.content;
            search.follow(index, fs.table.of(content.start, content.size).extents, false);
        }
    }
    while let Some(directory) = search.todo.pop_front() {
        if search.directory(&directory).is_break() {
            return Ok(());
        }
    }
    search.damage.map_or(Ok(()), Err)
}

/// A directory that waits to be searched.
struct Directory {
    id: u64,
    extents: Vec<Extent>,
    is_deleted: bool,
}

struct Search<'a, 't> {
    fs: &'a Exfat,
    free: &'a [Span],
    take: &'a mut Take<'t>,
    /// Where directories begin that were met.
    seen: BTreeSet<u64>,
    todo: VecDeque<Directory>,
    /// Bytes that may still be read: deleted directories may claim the same clusters.
    left: u64,
    damage: Option<FsError>,
}

impl Search<'_, '_> {
    fn follow(&mut self, id: u64, extents: Vec<Extent>, is_deleted: bool) {
        if first_place(&extents).is_some_and(|start| self.seen.insert(start)) {
            self.todo.push_back(Directory { id, extents, is_deleted });
        }
    }

    fn directory(&mut self, directory: &Directory) -> ControlFlow<()> {
        let len = directory.extents.iter().fold(0_u64, |sum, extent| sum.saturating_add(extent.len));
        let Some(left) = self.left.checked_sub(len) else {
            let limit = self.fs.boot.size.saturating_mul(SHARED);
            self.damage
                .get_or_insert(FsError::over_limit("bytes of directories, deleted ones included", limit));
            return ControlFlow::Continue(());
        };
        self.left = left;
        let (bytes, read) = self.fs.bytes(&directory.extents);
        if let Err(error) = read {
            self.damage.get_or_insert(error);
        }
        for set in directory::sets(&bytes) {
            if set.is_deleted || directory.is_deleted {
                self.found(directory, set)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn found(&mut self, directory: &Directory, set: Set) -> ControlFlow<()> {
        let Some(place) = place_of(&directory.extents, set.offset as u64) else {
            return ControlFlow::Continue(());
        };
        let Set { file, .. } = set;
        let number = DELETED | place;
        let (extents, proof) = self.layout(&file);
        let is_directory = file.metadata.file_type == FileType::Directory;
        (self.take)(Remain::Name(Name {
            dir: directory.id,
            dir_generation: None,
            name: file.name,
            child: number,
            child_generation: None,
            file_type: Some(file.metadata.file_type),
            order: 0,
            proof: Proof::Checked,
        }))?;
        (self.take)(Remain::Version(Version {
            life: Life { number, generation: 0 },
            order: 0,
            metadata: file.metadata,
            content: Content::Extents(if is_directory { Vec::new() } else { extents.clone() }),
            proof,
            fate: Fate::Deleted(None),
            found_at: place,
        }))?;
        if is_directory {
            self.follow(number, extents, true);
        }
        ControlFlow::Continue(())
    }

    /// Where the clusters lie, and how sure that is.
    fn layout(&self, file: &File) -> (Vec<Extent>, Proof) {
        let (table, size) = (&self.fs.table, file.content.size);
        let (Start::Chained(first) | Start::Piece(first)) = file.content.start;
        let (mut extents, proof) = match table.place(first) {
            _ if size == 0 => (Vec::new(), Proof::Checked),
            Err(_) => (vec![Extent { start: 0, len: size, place: Place::Lost }], Proof::Plausible),
            Ok(_) if matches!(file.content.start, Start::Piece(_)) => {
                let chain = table.of(file.content.start, size);
                let lost = Extent { start: 0, len: size, place: Place::Lost };
                (if chain.damage.is_none() { chain.extents } else { vec![lost] }, Proof::Checked)
            }
            Ok(place) if size <= table.cluster => {
                (vec![Extent { start: 0, len: size, place: Place::Disk(place) }], Proof::Checked)
            }
            Ok(place) => self.chained(first, place, size),
        };
        if file.content.written < size && file.metadata.file_type == FileType::Regular {
            unwritten(&mut extents, file.content.written);
        }
        (extents, proof)
    }

    /// By the links that the table still has, if all their clusters are free; else by a guess.
    fn chained(&self, first: u32, place: u64, size: u64) -> (Vec<Extent>, Proof) {
        let chain = self.fs.table.chain(first, size);
        let is_free = |extent: &Extent| match extent.place {
            Place::Disk(at) => vacant::is_free(self.free, at, extent.len),
            _ => false,
        };
        if chain.damage.is_none() && chain.extents.iter().all(is_free) {
            return (chain.extents, Proof::Plausible);
        }
        let mut extents = vacant::guess(self.free, place, size);
        extents.truncate(usize::try_from(self.fs.table.limit).unwrap_or(usize::MAX));
        (extents, Proof::Guessed)
    }
}

fn first_place(extents: &[Extent]) -> Option<u64> {
    extents.iter().find_map(|extent| match extent.place {
        Place::Disk(place) => Some(place),
        _ => None,
    })
}

/// Where the byte at `offset` lies.
fn place_of(extents: &[Extent], offset: u64) -> Option<u64> {
    match mapped::extent_at(extents, offset)? {
        Extent { start, place: Place::Disk(place), .. } => place.checked_add(offset.checked_sub(*start)?),
        _ => None,
    }
}
