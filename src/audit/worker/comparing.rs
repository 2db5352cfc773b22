//! Files against the digests of the package database, while their contents are in memory.
//!
//! What follows from a difference is said later, when all files are compared (`facts.compared`). MD5, which dpkg records,
//! is computed of many files at once.

use super::gaps::file_gap;
use super::{Subject, Twins, Worker};
use crate::audit::put_off::PutOff;
use crate::detect::integrity;
use crate::finding::Location;
use crate::packages::Recorded;
use assay_disk::fs::FileType;
use assay_disk::fs::holes::Content;
use assay_disk::tree::{EntryId, Placement};
use assay_simd::md5::MultiBuffer;

/// The names of one file, each with what is recorded of it.
pub(in crate::audit) type Names = Vec<(EntryId, Recorded)>;

/// The comparisons of one thread.
#[derive(Default)]
pub(in crate::audit) struct Comparing {
    /// Of the file at hand, until its content was seen.
    names: Names,
    md5: MultiBuffer<Names>,
    /// Each name, and whether it is what was recorded.
    pub(super) done: Vec<(EntryId, bool)>,
    put_off: PutOff,
}

impl Comparing {
    /// Whether the content of the file at hand, of so many bytes, is to be kept for [`Self::content`].
    pub(super) fn wants(&self, size: u64) -> bool {
        !self.names.is_empty() && size <= integrity::WHOLE
    }

    /// Takes the content of the file at hand, if it is all of it.
    pub(super) fn content(&mut self, content: &[u8], size: u64) {
        if content.len() as u64 != size {
            return;
        }
        let (md5, others) = by_kind(std::mem::take(&mut self.names));
        self.done.extend(others.into_iter().map(|(id, recorded)| (id, recorded.is_of(content))));
        if !md5.is_empty() {
            self.md5.push(md5, content, &mut |names, digest| compare(&mut self.done, names, digest));
        }
    }

    /// Goes on to another file.
    pub(in crate::audit) fn forget(&mut self) {
        self.names.clear();
    }

    /// All that was compared, and what is left to be.
    pub(in crate::audit) fn finish(mut self) -> (Vec<(EntryId, bool)>, PutOff) {
        self.md5.finish(&mut |names, digest| compare(&mut self.done, names, digest));
        (self.done, self.put_off)
    }
}

/// Those of which MD5 is recorded, and the others.
fn by_kind(names: Names) -> (Names, Names) {
    names.into_iter().partition(|(_, recorded)| matches!(recorded, Recorded::Md5(_)))
}

fn compare(done: &mut Vec<(EntryId, bool)>, names: Names, digest: [u8; 16]) {
    done.extend(names.into_iter().map(|(id, recorded)| (id, recorded == Recorded::Md5(digest))));
}

impl Worker<'_> {
    /// Begins a file: which of its names are to be compared?
    pub(super) fn begin_comparing(&mut self, twins: &Twins) {
        self.comparing.forget();
        let shared = self.shared;
        for &id in twins {
            let Some((mounted, walked)) = shared.tree.get(id) else { continue };
            let is_ours = mounted.placement == Placement::Disk;
            if !is_ours || walked.metadata.file_type != FileType::Regular {
                continue;
            }
            let path = shared.tree.path(id);
            if shared.detectors.compare.wants(&path, &walked.metadata) {
                let recorded = shared.facts.packages.expected(&path);
                self.comparing.names.extend(recorded.map(|recorded| (id, recorded)));
            }
        }
        self.put_off_sparse();
    }

    /// Puts the file at hand off to the end if it is mostly holes: zeros count over all files.
    fn put_off_sparse(&mut self) {
        let Some(&(first, _)) = self.comparing.names.first() else { return };
        let content = self.shared.tree.open(first).and_then(|mut node| Content::of(&mut *node));
        // A file that cannot be read says so when it is.
        if let Some(content) = content.ok().filter(|content| !content.is_dense()) {
            let (hole_bytes, names) = (content.hole_bytes, std::mem::take(&mut self.comparing.names));
            self.comparing.put_off.sparse(names, hole_bytes);
        }
    }

    /// Whether the stream is the whole file at hand, and to be kept.
    pub(super) fn compares(&self, subject: &Subject<'_>, base: u64) -> bool {
        base == 0 && !subject.entry.is_member() && self.comparing.wants(subject.entry.metadata.size)
    }

    /// Compares what was not kept: large files, and those in pieces.
    pub(super) fn end_comparing(&mut self, location: &Location) {
        let (md5, others) = by_kind(std::mem::take(&mut self.comparing.names));
        self.comparing.put_off.large(md5);
        // Most names of a file have the same digest.
        let mut known: Option<(Recorded, bool)> = None;
        for (id, recorded) in others {
            let same = known.filter(|(other, _)| *other == recorded);
            match same.map_or_else(|| recorded.is_of_file(self.shared.tree, id), |(_, is_equal)| Ok(is_equal))
            {
                Ok(is_equal) => {
                    self.comparing.done.push((id, is_equal));
                    known = Some((recorded, is_equal));
                }
                Err(error) => self.shared.found.add(Vec::new(), [file_gap(location, &error)]),
            }
        }
    }
}
