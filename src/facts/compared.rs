//! Which files are what their packages recorded: found once, while the files are read.

use std::collections::HashMap;

use assay_disk::tree::EntryId;

/// The files that were compared with the digests of the package database.
#[derive(Clone, Debug, Default)]
pub struct Compared(HashMap<EntryId, bool>);

impl Compared {
    /// Whether the file is what was recorded; `None`, if it was not compared.
    pub fn is_equal(&self, id: EntryId) -> Option<bool> {
        self.0.get(&id).copied()
    }
}

impl FromIterator<(EntryId, bool)> for Compared {
    fn from_iter<I: IntoIterator<Item = (EntryId, bool)>>(files: I) -> Self {
        Self(files.into_iter().collect())
    }
}
