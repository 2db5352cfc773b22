//! The inodes of the journal: all states of each, with those of the disk.

use std::collections::BTreeMap;

use crate::fs::ext::inode::{self, Inode};
use crate::fs::ext::journal::{Copy, History};
use crate::fs::ext::superblock::Superblock;
use crate::fs::ext::volume::Volume;
use crate::fs::remains::{Life, Proof};
use crate::fs::{FileType, Time};

/// Memory that a state of an inode costs, in bytes.
const STATE: u64 = 512;

/// An inode as a transaction left it.
pub(super) struct State {
    pub(super) inode: Inode,
    /// The transaction.
    pub(super) order: u64,
    pub(super) proof: Proof,
    /// Where the record lies in the file system's source, in bytes, if it were there now.
    pub(super) place: u64,
}

/// All states that were found, by life, each list the oldest first.
#[derive(Default)]
pub(super) struct Known {
    pub(super) lives: BTreeMap<Life, Vec<State>>,
    /// Files of the journal that were found deleted: when.
    pub(super) deleted: BTreeMap<Life, Time>,
}

impl Known {
    /// Reads every copy of a block of inodes.
    pub(super) fn gather(volume: &Volume, history: Option<&History<'_>>) -> Self {
        let mut known = Self::default();
        let Some(history) = history else { return known };
        let tables = Tables::of(volume);
        let mut room = volume.budget.metadata_bytes / 4 / STATE;
        for copy in &history.copies {
            let Some((first, place)) = tables.find(copy.fs_block) else { continue };
            // What cannot be read of the journal is said where the journal is read as a file.
            let Ok(block) = history.read(copy) else { continue };
            room = known.block(volume, copy, (&block, first, place), room);
        }
        known
    }

    /// The inodes of a block, the first of which has number `first`; returns how many more states there is room for.
    fn block(
        &mut self,
        volume: &Volume,
        copy: &Copy,
        (block, first, place): (&[u8], u64, u64),
        mut room: u64,
    ) -> u64 {
        let size = usize::from(volume.superblock.inode_size.max(128));
        for (index, record) in (0_u64..).zip(block.chunks_exact(size)) {
            let number = first.saturating_add(index);
            let Some((inode, proof)) = parse(volume, number, record, copy.is_checked) else { continue };
            let life = Life { number, generation: inode.generation.into() };
            if let Some(time) = deletion(record, &inode) {
                self.deleted.insert(life, time);
            }
            let states = self.lives.entry(life).or_default();
            if room == 0 || states.last().is_some_and(|last| is_same(&last.inode, &inode)) {
                continue;
            }
            let place = place.saturating_add(index.saturating_mul(size as u64));
            states.push(State { inode, order: copy.order, proof, place });
            room = room.saturating_sub(1);
        }
        room
    }
}

/// An inode that is, or once was, in use.
pub(super) fn parse(volume: &Volume, number: u64, record: &[u8], is_checked: bool) -> Option<(Inode, Proof)> {
    let superblock = &volume.superblock;
    let own = number < u64::from(superblock.first_inode) && number != super::super::ROOT;
    if own || number > u64::from(superblock.inodes_count) {
        return None;
    }
    let inode = Inode::parse(number, record, superblock).ok()?;
    let has_sums = volume.has_checksums();
    let is_right =
        has_sums && inode::checksum_matches(superblock.checksum_seed, number, record).unwrap_or(false);
    match (has_sums, is_right) {
        // Of another file system, or of another block.
        (true, false) if !is_checked => None,
        (true, false) | (false, _) => Some((inode, Proof::Plausible)),
        (true, true) => Some((inode, Proof::Checked)),
    }
}

/// The time at which an inode without names was deleted. `i_dtime` of one that is still open is the next of a list.
pub(super) fn deletion(record: &[u8], inode: &Inode) -> Option<Time> {
    let seconds = u32::from_le_bytes(record.get(20..24)?.try_into().ok()?);
    let is_deleted = inode.metadata.links == 0 && seconds != 0 && inode.metadata.size == 0;
    is_deleted.then(|| Time { seconds: seconds.into(), nanoseconds: 0 })
}

/// Whether two states have the same content and names.
fn is_same(one: &Inode, other: &Inode) -> bool {
    let (a, b) = (&one.metadata, &other.metadata);
    one.block == other.block
        && (a.size, a.links, a.mode, a.uid, a.modified) == (b.size, b.links, b.mode, b.uid, b.modified)
}

/// Whether an inode has content that may be left somewhere.
pub(super) fn has_content(inode: &Inode) -> bool {
    let is_kept =
        matches!(inode.metadata.file_type, FileType::Regular | FileType::Symlink | FileType::Directory);
    is_kept && inode.metadata.size > 0 && inode.block != [0; 60]
}

/// Where the tables of inodes lie.
pub(super) struct Tables {
    /// First block, block behind the last, number of the first inode; sorted.
    tables: Vec<(u64, u64, u64)>,
    per_block: u64,
    block_size: u64,
}

impl Tables {
    pub(super) fn of(volume: &Volume) -> Self {
        let superblock: &Superblock = &volume.superblock;
        let block_size = u64::from(superblock.block_size);
        let per_group = u64::from(superblock.inodes_per_group);
        let per_block = block_size / u64::from(superblock.inode_size.max(128));
        let blocks = per_group.div_ceil(per_block.max(1));
        let mut tables: Vec<_> = (0_u64..)
            .zip(&volume.groups)
            .filter(|(_, group)| group.usable)
            .map(|(number, group)| {
                let first = number.saturating_mul(per_group).saturating_add(1);
                (group.inode_table, group.inode_table.saturating_add(blocks), first)
            })
            .collect();
        tables.sort_unstable();
        Self { tables, per_block, block_size }
    }

    /// The number of the first inode in a block, and where the block lies; none if it is in no table.
    fn find(&self, block: u64) -> Option<(u64, u64)> {
        let after = self.tables.partition_point(|&(start, ..)| start <= block);
        let &(start, end, first) = self.tables.get(after.checked_sub(1)?)?;
        let within = block.checked_sub(start).filter(|_| block < end)?;
        let number = first.saturating_add(within.saturating_mul(self.per_block));
        Some((number, block.saturating_mul(self.block_size)))
    }
}
