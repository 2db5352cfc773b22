//! Deleted files of FAT: the first byte of an entry is overwritten, and its chain is freed. The rest of the entry stays:
//! name, size and first cluster. Where the file went on, nobody knows; what follows and is free now is a guess.
//!
//! A deleted entry has the number that it had: where it lies, in bytes.
//!
//! Reference: Microsoft, "FAT: General Overview of On-Disk Format", version 1.03, "DIR_Name[0]".

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::ControlFlow;

use super::directory::{ENTRY, Entry, LongName, Slot, slot};
use super::{Fat, ROOT, vacant};
use crate::bytes::{Span, read_vec};
use crate::fs::remains::{Content, Fate, Life, Name, Proof, Remain, Take, Version};
use crate::fs::{Extent, FileType, FsError, Place};

mod deleted_name;
mod orphans;
#[cfg(test)]
mod tests;

use deleted_name::DeletedName;

/// Bytes of a directory that are looked at: Microsoft allows no more.
const LIMIT: u64 = 65536 * 32;

/// Hands deleted entries of all directories, and of the deleted ones among these, to `take`.
///
/// # Errors
/// The first [`FsError`] met, after all that could be read was handed on.
pub(super) fn remains(fat: &Fat, free: &[Span], take: &mut Take<'_>) -> Result<(), FsError> {
    let root = Directory::in_use(ROOT, fat.directory(None).extents);
    let (seen, unended, todo) = (BTreeSet::new(), BTreeMap::new(), VecDeque::from([root]));
    let left = fat.most_entries;
    let mut search = Search { fat, free, take, seen, unended, todo, left, damage: None };
    let _flow = search.all();
    search.damage.map_or(Ok(()), Err)
}

/// A directory that waits to be searched.
struct Directory {
    id: u64,
    extents: Vec<Extent>,
    is_deleted: bool,
    /// Whether only a guess says that the entries are of this directory.
    is_guess: bool,
    /// Parts of a long name at the end of the clusters before.
    before: Before,
}

impl Directory {
    fn in_use(id: u64, extents: Vec<Extent>) -> Self {
        Self { id, extents, is_deleted: false, is_guess: false, before: Before::default() }
    }
}

struct Search<'a, 't> {
    fat: &'a Fat,
    free: &'a [Span],
    take: &'a mut Take<'t>,
    /// Where clusters of directories lie that were met.
    seen: BTreeSet<u64>,
    /// Deleted directories without an end, by their last cluster: they went on elsewhere.
    unended: BTreeMap<u64, (u64, Before)>,
    todo: VecDeque<Directory>,
    /// Entries that may still be looked at.
    left: u64,
    damage: Option<FsError>,
}

/// The names in long entries before the one at hand, deleted or not.
#[derive(Default)]
struct Before {
    deleted: DeletedName,
    long: LongName,
}

impl Search<'_, '_> {
    fn all(&mut self) -> ControlFlow<()> {
        self.directories()?;
        for place in orphans::find(self.fat, self.free) {
            if !self.seen.contains(&place) {
                self.orphan(place);
                self.directories()?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Takes a cluster of entries that no directory leads to: where one went on without an end, it may be that one's.
    fn orphan(&mut self, place: u64) {
        let last = self.unended.range(..place).next_back().map(|(last, _)| *last);
        let last = last.filter(|_| !orphans::is_start(self.fat, place));
        match last.and_then(|last| self.unended.remove(&last)) {
            Some((id, before)) => self.follow_clusters(id, place, true, before),
            // No entry lies at an odd place.
            None => self.follow_clusters(place.saturating_add(1), place, false, Before::default()),
        }
    }

    fn directories(&mut self) -> ControlFlow<()> {
        while let Some(directory) = self.todo.pop_front() {
            self.directory(directory)?;
        }
        ControlFlow::Continue(())
    }

    fn directory(&mut self, mut directory: Directory) -> ControlFlow<()> {
        let mut before = std::mem::take(&mut directory.before);
        let mut room = LIMIT;
        let mut last = None;
        for extent in &directory.extents {
            let Place::Disk(place) = extent.place else { continue };
            let len = extent.len.min(room).min(self.fat.table.source.len().saturating_sub(place));
            room = room.saturating_sub(len);
            let bytes = match read_vec(&*self.fat.table.source, place, usize::try_from(len).unwrap_or(0)) {
                Ok(bytes) => bytes,
                Err(error) => {
                    self.damage.get_or_insert(error.into());
                    return ControlFlow::Continue(());
                }
            };
            for (place, bytes) in (place..).step_by(ENTRY).zip(bytes.chunks_exact(ENTRY)) {
                if self.left == 0 {
                    let limit = self.fat.most_entries;
                    self.damage.get_or_insert(FsError::over_limit("entries, deleted ones included", limit));
                    return ControlFlow::Continue(());
                }
                self.left = self.left.saturating_sub(1);
                match slot(bytes) {
                    Slot::End => return ControlFlow::Continue(()),
                    Slot::Deleted => self.deleted(&directory, place, bytes, &mut before)?,
                    // What is wrong with an entry in use, listing the directory says.
                    Slot::LongName => drop(before.long.part(bytes)),
                    Slot::Entry => self.entry(&directory, place, bytes, &mut before)?,
                }
                last = Some(place);
            }
        }
        if let Some(last) = last.filter(|_| directory.is_deleted) {
            self.unended.insert(last, (directory.id, before));
        }
        ControlFlow::Continue(())
    }

    /// An entry that is not marked as deleted: of a directory that is in use, or of one that was deleted with all in it.
    fn entry(
        &mut self,
        directory: &Directory,
        place: u64,
        bytes: &[u8],
        before: &mut Before,
    ) -> ControlFlow<()> {
        before.deleted = DeletedName::default();
        let Ok(entry) = Entry::parse(bytes, self.fat.is_wide()) else { return ControlFlow::Continue(()) };
        let long = before.long.take(bytes);
        if entry.is_dot() || entry.is_label {
            return ControlFlow::Continue(());
        }
        if directory.is_deleted {
            let name = long.unwrap_or_else(|| entry.short.clone());
            return self.found(directory, place, name, &entry);
        }
        if entry.is_directory {
            let extents = self.fat.directory(Some(&entry)).extents;
            self.follow(Directory::in_use(place, extents));
        }
        ControlFlow::Continue(())
    }

    fn deleted(
        &mut self,
        directory: &Directory,
        place: u64,
        bytes: &[u8],
        before: &mut Before,
    ) -> ControlFlow<()> {
        before.long.drop();
        if before.deleted.part(bytes) {
            return ControlFlow::Continue(());
        }
        let (name, first) = std::mem::take(&mut before.deleted).of(bytes);
        let mut bytes = bytes.to_vec();
        if let Some(byte) = bytes.first_mut() {
            *byte = first;
        }
        let Ok(entry) = Entry::parse(&bytes, self.fat.is_wide()) else { return ControlFlow::Continue(()) };
        if entry.is_label || !deleted_name::is_possible(&bytes) {
            return ControlFlow::Continue(());
        }
        self.found(directory, place, name.unwrap_or_else(|| entry.short.clone()), &entry)
    }

    /// Hands on a deleted file or directory.
    fn found(&mut self, directory: &Directory, place: u64, name: Vec<u8>, entry: &Entry) -> ControlFlow<()> {
        let is_whole = self.fat.table.place(entry.cluster).is_ok();
        if name.is_empty() || !is_whole && (entry.size > 0 || entry.is_directory) {
            return ControlFlow::Continue(());
        }
        let (content, proof) = self.content(entry);
        let file_type = Some(entry.metadata.file_type);
        (self.take)(Remain::Name(Name {
            dir: directory.id,
            dir_generation: None,
            name,
            child: place,
            child_generation: None,
            file_type,
            order: 0,
            proof: if directory.is_guess { Proof::Guessed } else { Proof::Plausible },
        }))?;
        (self.take)(Remain::Version(Version {
            life: Life { number: place, generation: 0 },
            order: 0,
            metadata: entry.metadata,
            content,
            proof,
            fate: Fate::Deleted(None),
            found_at: place,
        }))?;
        if entry.metadata.file_type == FileType::Directory {
            self.follow_deleted(place, entry);
        }
        ControlFlow::Continue(())
    }

    /// Where the content may lie, and how sure that is: of one cluster the entry says it all.
    fn content(&self, entry: &Entry) -> (Content, Proof) {
        let Some(place) = self.fat.table.place(entry.cluster).ok().filter(|_| entry.size > 0) else {
            return (Content::Extents(Vec::new()), Proof::Plausible);
        };
        let proof = if entry.size <= self.fat.table.cluster { Proof::Plausible } else { Proof::Guessed };
        let mut extents = vacant::guess(self.free, place, entry.size);
        extents.truncate(usize::try_from(self.fat.table.limit).unwrap_or(usize::MAX));
        (Content::Extents(extents), proof)
    }

    /// A deleted directory begins with the link to itself as long as it was not overwritten.
    fn follow_deleted(&mut self, id: u64, entry: &Entry) {
        let cluster = self.fat.table.cluster;
        let Ok(place) = self.fat.table.place(entry.cluster) else { return };
        let own = read_vec(&*self.fat.table.source, place, ENTRY).ok();
        let own = own.and_then(|bytes| Entry::parse(&bytes, self.fat.is_wide()).ok());
        let is_own = own.is_some_and(|own| own.is_dot() && own.short == b"." && own.cluster == entry.cluster);
        if !is_own || !vacant::is_free(self.free, place, cluster) {
            return;
        }
        self.follow_clusters(id, place, false, Before::default());
    }

    /// Takes the directory in the free cluster at `place`, and in those behind it as long as these hold entries.
    fn follow_clusters(&mut self, id: u64, place: u64, is_guess: bool, before: Before) {
        let cluster = self.fat.table.cluster;
        let mut len = cluster;
        while len < LIMIT
            && !self.ends(place.saturating_add(len - cluster))
            && self.goes_on(place.saturating_add(len))
        {
            len = len.saturating_add(cluster);
        }
        let last = place.saturating_add(len - cluster);
        let extents = vec![Extent { start: 0, len, place: Place::Disk(place) }];
        self.follow(Directory { id, extents, is_deleted: true, is_guess, before });
        self.seen.extend((place..=last).step_by(usize::try_from(cluster).unwrap_or(usize::MAX)));
    }

    /// Whether a cluster of entries has an end.
    fn ends(&self, place: u64) -> bool {
        let bytes = orphans::cluster(self.fat, place).unwrap_or_default();
        bytes.chunks_exact(ENTRY).any(|entry| entry.first() == Some(&0))
    }

    /// Whether a cluster is free and holds entries of a directory that began before.
    fn goes_on(&self, place: u64) -> bool {
        vacant::is_free(self.free, place, self.fat.table.cluster)
            && !self.seen.contains(&place)
            && !orphans::is_start(self.fat, place)
            && orphans::cluster(self.fat, place).is_some_and(|bytes| orphans::holds_entries(self.fat, &bytes))
    }

    fn follow(&mut self, directory: Directory) {
        let start = directory.extents.iter().find_map(|extent| match extent.place {
            Place::Disk(place) => Some(place),
            _ => None,
        });
        if start.is_some_and(|start| self.seen.insert(start)) {
            self.todo.push_back(directory);
        }
    }
}
