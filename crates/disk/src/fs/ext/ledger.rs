//! What turned out to be wrong while files were read: counted here, told by the file system's notes.
//!
//! Everything is read as it stands, for an auditor would rather see too much. But a block whose checksum is
//! wrong may name other files than it did, so that it counts as a loss wherever it could hide something.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use crate::fs::Note;
use crate::gap::Loss;

/// Places that are remembered by number; beyond them nothing is counted.
const MAX_PLACES: usize = 100_000;

/// A structure with a checksum of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Structure {
    Inode,
    ExtentBlock,
    DirectoryBlock,
    IndexBlock,
    AttributeBlock,
    BlockBitmap,
    InodeBitmap,
}

impl Structure {
    /// Its plural, and what a wrong one may hide.
    const fn words(self) -> (&'static str, Loss) {
        match self {
            Self::Inode => ("inodes", Loss::File),
            Self::ExtentBlock => ("inodes with blocks of extents", Loss::File),
            Self::DirectoryBlock => ("directories with blocks of entries", Loss::Directory),
            // Names are read from the blocks of entries: the index only finds them faster.
            Self::IndexBlock => ("directories with blocks of an index", Loss::Part),
            Self::AttributeBlock => ("inodes with a block of attributes", Loss::Part),
            // What it calls free is not searched.
            Self::BlockBitmap => ("groups with a block bitmap", Loss::Part),
            // The inode table is searched instead.
            Self::InodeBitmap => ("groups with an inode bitmap", Loss::Part),
        }
    }
}

/// Where checksums were wrong. Locked only where there is such damage.
#[derive(Default)]
pub(super) struct Ledger {
    wrong: Mutex<BTreeSet<(Structure, u64)>>,
}

impl Ledger {
    /// Remembers that a checksum was wrong, at an inode or group.
    pub(super) fn wrong(&self, structure: Structure, number: u64) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.len() < MAX_PLACES {
            wrong.insert((structure, number));
        }
    }

    /// One note for each kind of structure.
    pub(super) fn notes(&self) -> Vec<Note> {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kinds: BTreeMap<Structure, (u64, u64)> = BTreeMap::new();
        for &(structure, number) in wrong.iter() {
            kinds.entry(structure).or_insert((0, number)).0 += 1;
        }
        let note = |(structure, (count, first)): (Structure, (u64, u64))| {
            let (plural, loss) = structure.words();
            let text =
                format!("wrong checksums: {count} {plural}, the first {first}; they are read as they stand");
            Note { loss, text }
        };
        kinds.into_iter().map(note).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_counted_once_a_place_and_told_by_kind() {
        let ledger = Ledger::default();
        for number in [7, 5, 7] {
            ledger.wrong(Structure::DirectoryBlock, number);
        }
        ledger.wrong(Structure::BlockBitmap, 3);
        let notes = ledger.notes();
        assert_eq!(notes.len(), 2);
        assert!(notes[0].text.contains("2 directories") && notes[0].text.contains("the first 5"));
        assert_eq!((notes[0].loss, notes[1].loss), (Loss::Directory, Loss::Part));
    }
}
