//! What one thread found, and how it is put together with what the others did.

use std::collections::BTreeMap;

use super::super::Coverage;
use super::super::put_off::PutOff;
use assay_disk::tree::EntryId;

/// What a thread found.
#[derive(Default)]
pub(in crate::audit) struct Outcome {
    pub(in crate::audit) coverage: Coverage,
    /// Bytes of the disk, by volume of the tree, that hold content of files which could not be read.
    pub(in crate::audit) unsearched: BTreeMap<usize, u64>,
    /// Files that were compared with the package database, and whether they are what it recorded.
    pub(in crate::audit) compared: Vec<(EntryId, bool)>,
    /// Files that are left to be compared.
    pub(in crate::audit) put_off: PutOff,
}

impl Outcome {
    pub(in crate::audit) fn join(mut self, other: Self) -> Self {
        self.compared.extend(other.compared);
        self.put_off.join(other.put_off);
        for (volume, bytes) in other.unsearched {
            let sum = self.unsearched.entry(volume).or_default();
            *sum = sum.saturating_add(bytes);
        }
        let (sum, more) = (&mut self.coverage, other.coverage);
        sum.files_read += more.files_read;
        sum.bytes_searched += more.bytes_searched;
        sum.files_known += more.files_known;
        sum.bytes_known += more.bytes_known;
        sum.members += more.members;
        sum.bytes_unpacked += more.bytes_unpacked;
        sum.packaged_matches_dropped += more.packaged_matches_dropped;
        sum.findings_dropped += more.findings_dropped;
        self
    }
}
