//! The manifest: what each file is, how sure that is, and where its bytes lie.

use std::fs::File;
use std::io::BufWriter;

use serde::Serialize;

use crate::date;
use assay_disk::fs::recovered::{Grade, Recovery};
use assay_disk::fs::remains::Fate;
use assay_disk::fs::{Metadata, Time};
use assay_disk::text::Escaped;
use assay_disk::tree::{EntryId, Tree};

/// A manifest that is being written.
pub(super) struct Manifest {
    pub(super) out: BufWriter<File>,
}

/// A file of an image.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its path in the image.
    pub path: Vec<u8>,
    /// The volume that it lies in.
    pub volume: String,
    /// Number of its inode.
    pub inode: u64,
    /// What the inode says.
    pub metadata: Metadata,
    /// How it came back; none of a file that is there.
    pub recovery: Option<Recovery>,
    /// The target of a symbolic link, which is not made.
    pub target: Option<Vec<u8>>,
    /// The file that was written, beneath the folder.
    pub file: Option<Vec<u8>>,
    /// Bytes of it.
    pub size: u64,
    /// Its SHA-256.
    pub sha256: Option<String>,
    /// Where its bytes lie: (offset in the file, offset in the file system, length).
    pub places: Vec<(u64, u64, u64)>,
    /// Bytes of it that are not zeros.
    pub written: u64,
    /// What could not be read or written.
    pub problem: Option<String>,
}

impl Entry {
    /// That of an entry of the tree, before anything is written.
    pub fn of(tree: &Tree, id: EntryId) -> Self {
        let location = tree.location(id);
        let metadata = tree.get(id).map(|(_, walked)| walked.metadata);
        Self {
            path: super::path(tree, id),
            volume: location.volume.unwrap_or_default(),
            inode: location.inode.unwrap_or_default(),
            metadata: metadata.unwrap_or_else(|| Metadata::bare(assay_disk::fs::FileType::Regular, 0, 0)),
            recovery: tree.recovery(id).cloned(),
            target: None,
            file: None,
            size: metadata.map_or(0, |metadata| metadata.size),
            sha256: None,
            places: Vec::new(),
            written: 0,
            problem: None,
        }
    }

    /// When it was deleted, where that is known.
    pub fn deleted_at(&self) -> Option<Time> {
        match self.recovery.as_ref()?.fate {
            Fate::Deleted(at) => at,
            Fate::Changed => None,
        }
    }

    /// "present", "deleted", or "changed": what a file that is there held before.
    pub fn state(&self) -> &'static str {
        match self.recovery.as_ref().map(|recovery| recovery.fate) {
            None => "present",
            Some(Fate::Deleted(_)) => "deleted",
            Some(Fate::Changed) => "changed",
        }
    }

    /// As the manifest has it.
    pub fn view(&self) -> impl Serialize + use<'_> {
        let moment = |time: Time| date::rfc3339(time.seconds).filter(|_| time != Time::default());
        let metadata = &self.metadata;
        View {
            path: Escaped(&self.path).to_string(),
            file: self.file.as_ref().map(|file| Escaped(file).to_string()),
            target: self.target.as_ref().map(|target| Escaped(target).to_string()),
            state: self.state(),
            grade: self.recovery.as_ref().map(|recovery| Grade::name(recovery.grade)),
            deleted_at: self.deleted_at().and_then(moment),
            size: self.size,
            sha256: self.sha256.as_deref(),
            volume: &self.volume,
            inode: self.inode,
            mode: format!("{:04o}", metadata.mode),
            uid: metadata.uid,
            gid: metadata.gid,
            modified: moment(metadata.modified),
            changed: moment(metadata.changed),
            accessed: moment(metadata.accessed),
            created: metadata.created.and_then(moment),
            lost: self.recovery.iter().flat_map(|one| &one.lost).map(|run| (run.offset, run.len)).collect(),
            places: &self.places,
            problem: self.problem.as_deref().map(|text| Escaped(text.as_bytes()).to_string()),
        }
    }
}

#[derive(Serialize)]
struct View<'a> {
    path: String,
    file: Option<String>,
    target: Option<String>,
    state: &'static str,
    grade: Option<&'static str>,
    deleted_at: Option<String>,
    size: u64,
    sha256: Option<&'a str>,
    volume: &'a str,
    inode: u64,
    mode: String,
    uid: u32,
    gid: u32,
    modified: Option<String>,
    changed: Option<String>,
    accessed: Option<String>,
    created: Option<String>,
    /// Runs of the file that are lost, and written as zeros: (offset, length).
    lost: Vec<(u64, u64)>,
    /// (offset in the file, offset in the file system, length).
    places: &'a [(u64, u64, u64)],
    problem: Option<String>,
}
