//! Replays the journal into memory. Until the reader of jbd2 lands, every dirty journal is an honest limit.

use std::collections::BTreeMap;

use crate::budget::Budget;
use crate::bytes::Source;
use crate::fs::{Extent, FsError, Note};

/// Where the journal lies and to which file system it belongs.
#[derive(Clone, Debug)]
pub struct JournalGeometry {
    /// Block size of the file system in bytes.
    pub block_size: u32,
    /// The parts of the journal file; places are byte offsets in the file system's source.
    pub blocks: Vec<Extent>,
    /// Number of blocks of the file system.
    pub fs_blocks: u64,
    /// UUID of the file system.
    pub fs_uuid: [u8; 16],
}

/// What the journal had to say.
#[derive(Debug, Default)]
pub struct Replay {
    /// The newest committed content of each block.
    pub blocks: BTreeMap<u64, Vec<u8>>,
    /// Number of transactions replayed.
    pub transactions: u64,
    /// What was noticed on the way.
    pub notes: Vec<Note>,
}

/// Reads the committed transactions of the journal.
///
/// # Errors
/// [`FsError`], if the journal cannot be read.
pub fn replay(_: &dyn Source, _: &JournalGeometry, _: &Budget) -> Result<Replay, FsError> {
    Err(FsError::Unsupported("replay of the ext journal".into()))
}
