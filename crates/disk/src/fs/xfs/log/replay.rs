//! Lays the items of transactions over the source, in the kernel's order.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::area::BLOCK;
use super::intent::Intents;
use super::transaction::{Item, Transaction};
use crate::bytes::read_vec;
use crate::fs::overlay::Overlay;
use crate::fs::xfs::mapping::Remap;
use crate::fs::xfs::volume::Volume;
use crate::fs::{FsError, Note};
use crate::gap::Loss;

/// Types of items.
pub(super) mod kind {
    pub(super) const INTENTS: std::ops::RangeInclusive<u16> = 0x1240..=0x124F;
    pub(super) const EFI: u16 = 0x1236;
    pub(super) const EFD: u16 = 0x1237;
    pub(in crate::fs::xfs::log) const INODE: u16 = 0x123B;
    pub(in crate::fs::xfs::log) const BUFFER: u16 = 0x123C;
    pub(super) const DQUOT: u16 = 0x123D;
    pub(super) const QUOTAOFF: u16 = 0x123E;
    pub(in crate::fs::xfs::log) const ICREATE: u16 = 0x123F;
}

/// In which turn of a transaction an item is replayed: what makes inodes comes before what changes them, and
/// what forgets buffers comes last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Buffers,
    Others,
    InodeBuffers,
    Cancels,
}

/// Items that could not be replayed.
#[derive(Default)]
pub(super) struct Losses {
    /// They contradict themselves, or what is there.
    pub(super) damaged: u64,
    /// They are for places that cannot be read.
    pub(super) unreadable: u64,
    /// Of no type that is known.
    unknown: u64,
    quota: u64,
}

/// The state of a replay.
pub(super) struct Replay<'a> {
    pub(super) volume: &'a Volume,
    overlay: Overlay,
    /// Buffers that were freed later, by place and length in blocks of the log, and how often.
    cancelled: BTreeMap<(u64, u64), u64>,
    intents: Intents,
    pub(super) losses: Losses,
}

impl<'a> Replay<'a> {
    pub(super) fn new(volume: &'a Volume) -> Self {
        let size = 1 << volume.superblock.block_log;
        Self {
            volume,
            overlay: Overlay::new(Arc::clone(&volume.source), size, BTreeMap::new()),
            cancelled: BTreeMap::new(),
            intents: Intents::default(),
            losses: Losses::default(),
        }
    }

    /// Replays all of `transactions`.
    ///
    /// # Errors
    /// [`FsError::Unsupported`], if they change more than the budget allows to keep.
    pub(super) fn run(&mut self, transactions: &[Transaction]) -> Result<(), FsError> {
        for item in transactions.iter().flat_map(|transaction| &transaction.items) {
            if turn(item) == Turn::Cancels
                && let Ok(place) = super::buffer::place(item)
            {
                let count = self.cancelled.entry(place).or_default();
                *count = count.saturating_add(1);
            }
        }
        for transaction in transactions {
            for now in [Turn::Buffers, Turn::Others, Turn::InodeBuffers, Turn::Cancels] {
                for item in transaction.items.iter().filter(|item| turn(item) == now) {
                    self.item(item, transaction.lsn);
                }
            }
            let limit = self.volume.budget.metadata_bytes;
            if self.overlay.bytes() > limit {
                return Err(FsError::over_limit("xfs: bytes that the log changes", limit));
            }
        }
        Ok(())
    }

    fn item(&mut self, item: &Item, lsn: u64) {
        let Ok(code) = item.region(0).u16_le(0) else {
            self.losses.damaged = self.losses.damaged.saturating_add(1);
            return;
        };
        let done = match code {
            kind::BUFFER => self.buffer(item, lsn),
            kind::INODE => self.inode(item, lsn),
            kind::ICREATE => self.new_inodes(item),
            kind::EFI | kind::EFD => Ok(()),
            code if kind::INTENTS.contains(&code) => self.intents.take(code, item),
            kind::DQUOT | kind::QUOTAOFF => {
                self.quota();
                Ok(())
            }
            _ => {
                self.losses.unknown = self.losses.unknown.saturating_add(1);
                Ok(())
            }
        };
        match done {
            Ok(()) => {}
            Err(FsError::Read(_)) => self.losses.unreadable = self.losses.unreadable.saturating_add(1),
            Err(_) => self.losses.damaged = self.losses.damaged.saturating_add(1),
        }
    }

    pub(super) fn quota(&mut self) {
        self.losses.quota = self.losses.quota.saturating_add(1);
    }

    /// Whether the buffer at `place` was freed later.
    pub(super) fn is_cancelled(&self, place: (u64, u64)) -> bool {
        self.cancelled.contains_key(&place)
    }

    /// Whether a buffer within the bytes from `start` to before `end` was freed later.
    pub(super) fn is_any_cancelled(&self, start: u64, end: u64) -> bool {
        self.cancelled.range((start / BLOCK, 0)..(end / BLOCK, 0)).next().is_some()
    }

    /// Meets the freeing of the buffer at `place`: after the last of it, the place may be used again.
    pub(super) fn forget_cancel(&mut self, place: (u64, u64)) {
        if let Some(count) = self.cancelled.get_mut(&place) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.cancelled.remove(&place);
            }
        }
    }

    /// `len` bytes of metadata at byte `offset`, as they are by now.
    pub(super) fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, FsError> {
        let superblock = &self.volume.superblock;
        let total = superblock.blocks << superblock.block_log;
        if offset.checked_add(len as u64).is_none_or(|end| end > total) {
            return Err(FsError::corrupt(
                "log item",
                offset,
                format!("{len} bytes beyond the end at {total}"),
            ));
        }
        Ok(read_vec(&self.overlay, offset, len)?)
    }

    /// Lays `bytes` over what is at byte `offset`.
    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), FsError> {
        Ok(self.overlay.write(offset, bytes)?)
    }

    /// The source as it is now, the promised changes of maps, and what is to be told.
    pub(super) fn finish(self) -> (Overlay, BTreeMap<u64, Vec<Remap>>, Vec<Note>) {
        let mut notes = Vec::new();
        let losses = [
            (self.losses.damaged, Loss::File, "items of the log are damaged and were not replayed"),
            (self.losses.unreadable, Loss::File, "items of the log are for places that cannot be read"),
            (
                self.losses.unknown,
                Loss::File,
                "items of the log are of an unknown type and were not replayed",
            ),
            (self.losses.quota, Loss::Nothing, "items of the log are about quotas and were not replayed"),
        ];
        for (count, loss, text) in losses.into_iter().filter(|&(count, ..)| count > 0) {
            notes.push(Note { loss, text: format!("{count} {text}") });
        }
        let (remaps, unfinished) = self.intents.finish();
        notes.extend(unfinished);
        (self.overlay, remaps, notes)
    }
}

fn turn(item: &Item) -> Turn {
    match item.region(0).u16_le(0) {
        Ok(kind::ICREATE) => Turn::Buffers,
        Ok(kind::BUFFER) => match super::buffer::flags(item) {
            flags if flags & super::buffer::flag::CANCEL != 0 => Turn::Cancels,
            flags if flags & super::buffer::flag::INODES != 0 => Turn::InodeBuffers,
            _ => Turn::Buffers,
        },
        _ => Turn::Others,
    }
}
