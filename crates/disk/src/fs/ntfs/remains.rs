//! Deleted files of NTFS: their records are marked as not in use, and keep everything else until they are used again.
//! Names are left in the free parts of indexes, too, and in the journal of changes.
//!
//! A record counts how often it was used: Windows counts on when a file is deleted, the driver of Linux when the record is
//! used again. The life is the number that references of that time have.
//!
//! Reference: ntfs-3g `layout.h`; Microsoft, "`USN_RECORD_V2`".

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::file::File;
use super::record::FileRecord;
use super::volume::Volume;
use super::{FIRST_USER, MOST_STREAMS, ROOT, STREAM_SHIFT};
use crate::fs::remains::{Content, Fate, Life, Name, Proof, Remain, Take, Version};
use crate::fs::{FileType, FsError, Metadata, Time};

mod content;
mod slack;
mod usn;

use slack::Reference;

/// Hands what is left in the file table, in indexes and in the journal of changes to `take`.
///
/// # Errors
/// The first [`FsError`] met, after all that could be read was handed on.
pub(super) fn remains(volume: &Arc<Volume>, take: &mut Take<'_>) -> Result<(), FsError> {
    let (count, room) = (volume.records(), volume.source.len() / u64::from(volume.boot.record));
    let end = count.min(room).min(volume.budget.entries);
    let mut search = Search { volume, take, known: BTreeSet::new(), times: BTreeMap::new(), damage: None };
    if end < count {
        search.damage = Some(FsError::over_limit(format!("{count} file records"), end));
    }
    let deletions = usn::deletions(volume).unwrap_or_else(|error| search.damaged(error));
    let gone = deletions.iter().filter(|one| !one.is_rename);
    search.times.extend(gone.map(|one| (one.child, one.time)));
    search.known.extend(deletions.iter().flat_map(|one| [one.child, one.parent]));
    (FIRST_USER..end).for_each(|number| search.gather(number));
    let _flow = search.all(end, deletions);
    search.damage.map_or(Ok(()), Err)
}

struct Search<'a, 't> {
    volume: &'a Arc<Volume>,
    take: &'a mut Take<'t>,
    /// References to records that were met.
    known: BTreeSet<Reference>,
    /// When files were deleted.
    times: BTreeMap<Reference, Time>,
    damage: Option<FsError>,
}

impl Search<'_, '_> {
    fn damaged<T: Default>(&mut self, error: FsError) -> T {
        self.damage.get_or_insert(error);
        T::default()
    }

    /// Keeps the references in a record that is not in use: which of its two numbers a life had, they decide.
    fn gather(&mut self, number: u64) {
        let Ok(record) = self.volume.unused_record(number) else { return };
        let names = slack::file_names(&record.attributes).map(|name| name.parent);
        let most = usize::try_from(self.volume.budget.entries).unwrap_or(usize::MAX);
        if !record.in_use && self.known.len() < most {
            self.known.extend(names);
        }
    }

    fn all(&mut self, end: u64, deletions: Vec<usn::Deletion>) -> ControlFlow<()> {
        let mut left: BTreeSet<Reference> = BTreeSet::new();
        for number in (FIRST_USER..end).chain([ROOT]) {
            // A record that makes no sense was never used, or is damage that a walk of the names meets.
            let Ok(record) = self.volume.unused_record(number) else { continue };
            if record.in_use && record.base == 0 && record.is_directory {
                self.directory(number)?;
            }
            if !record.in_use && record.base == 0 && !record.attributes.is_empty() {
                let life = self.life(number, &record);
                left.insert((life.number, life.generation));
                self.file(life, &record)?;
            }
        }
        for deletion in deletions {
            if !deletion.is_rename && !left.contains(&deletion.child) {
                (self.take)(Remain::Version(trace(&deletion)))?;
                left.insert(deletion.child);
            }
            (self.take)(Remain::Name(deletion.name()))?;
        }
        ControlFlow::Continue(())
    }

    /// The life that ended when the record was given up.
    fn life(&self, number: u64, record: &FileRecord) -> Life {
        let now = u64::from(record.sequence);
        let before = if now > 1 { now.saturating_sub(1) } else { u64::from(u16::MAX) };
        let counts_later = self.known.contains(&(number, now)) && !self.known.contains(&(number, before));
        Life { number, generation: if counts_later { now } else { before } }
    }

    fn fate(&self, life: Life) -> Fate {
        Fate::Deleted(self.times.get(&(life.number, life.generation)).copied())
    }

    /// A deleted file or directory, its streams, and what a directory held.
    fn file(&mut self, life: Life, record: &FileRecord) -> ControlFlow<()> {
        let file = match File::deleted(self.volume, life.number) {
            Ok(file) => file,
            Err(error) => {
                let () = self.damaged(error);
                return ControlFlow::Continue(());
            }
        };
        let streams = file.streams();
        for (number, stream) in (0_u64..).zip([None].into_iter().chain(streams.iter().map(Some))) {
            if number > MOST_STREAMS as u64 {
                break;
            }
            let own = Life { number: number << STREAM_SHIFT | life.number, ..life };
            let metadata = file.metadata(number);
            for found in slack::file_names(&file.attributes) {
                let name = stream
                    .map_or_else(|| found.name.clone(), |stream| File::stream_path(&found.name, stream));
                (self.take)(Remain::Name(Name {
                    dir: found.parent.0,
                    dir_generation: Some(found.parent.1),
                    name,
                    child: own.number,
                    child_generation: Some(own.generation),
                    file_type: Some(metadata.file_type),
                    order: record.log_number,
                    proof: Proof::Plausible,
                }))?;
            }
            let fate = self.fate(life);
            (self.take)(Remain::Version(Version {
                life: own,
                order: record.log_number,
                metadata,
                content: content::of(self.volume, &file, number, &metadata),
                proof: Proof::Plausible,
                fate,
                found_at: self.volume.place_of(life.number).unwrap_or_default(),
            }))?;
        }
        if file.is_directory {
            let names = slack::deleted_directory(self.volume, &file);
            return self.names(life.number, names);
        }
        ControlFlow::Continue(())
    }

    /// What the free parts of the index of a directory in use hold.
    fn directory(&mut self, number: u64) -> ControlFlow<()> {
        match self.volume.file(number) {
            Ok(directory) => {
                let names = slack::directory(self.volume, &directory);
                self.names(number, names)
            }
            // Whoever walks the names meets it.
            Err(_) => ControlFlow::Continue(()),
        }
    }

    fn names(&mut self, dir: u64, names: Vec<slack::Found>) -> ControlFlow<()> {
        for found in names {
            (self.take)(Remain::Name(Name {
                dir,
                dir_generation: Some(found.parent.1),
                name: found.name,
                child: found.child.0,
                child_generation: Some(found.child.1),
                file_type: Some(if found.is_directory { FileType::Directory } else { FileType::Regular }),
                order: found.order,
                proof: Proof::Plausible,
            }))?;
        }
        ControlFlow::Continue(())
    }
}

/// A file of which nothing is left but that it was deleted.
fn trace(deletion: &usn::Deletion) -> Version {
    let (number, generation) = deletion.child;
    let file_type = if deletion.is_directory { FileType::Directory } else { FileType::Regular };
    Version {
        life: Life { number, generation },
        order: 0,
        metadata: Metadata::bare(file_type, 0, 0),
        content: Content::Lost,
        proof: Proof::Plausible,
        fate: Fate::Deleted(Some(deletion.time)),
        found_at: deletion.found_at,
    }
}
