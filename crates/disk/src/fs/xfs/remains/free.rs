//! Free space: chunks of inodes that were given up as a whole, blocks of directories, and of maps of extents.

use std::collections::BTreeMap;

use super::entries::{Layout, of_block};
use super::{Finds, ended, order_on_disk};
use crate::bytes::{Record, Span, read_vec};
use crate::fs::FsError;
use crate::fs::remains::{Proof, Remain};
use crate::fs::xfs::checksum;
use crate::fs::xfs::mapping::{self, Run};
use crate::fs::xfs::superblock::Superblock;

/// Bytes that are read at once; a multiple of every block size.
const PIECE: u64 = 1 << 20;
/// Bytes that a run of a leaf takes in memory.
const RUN: u64 = 64;

/// What leaves of trees in free space map: owner and first block in the file -> when it was written, and the run.
type Leaves = BTreeMap<(u64, u64), (u64, Run)>;

/// Searches all of free space.
pub(super) fn read(finds: &mut Finds<'_, '_>) -> Result<(), FsError> {
    let mut leaves = Leaves::new();
    let mut damage = None;
    for &span in finds.free {
        if let Err(error) = search(finds, span, &mut leaves) {
            damage.get_or_insert(error);
        }
        if finds.is_done {
            break;
        }
    }
    finds.fragmented(leaves);
    damage.map_or(Ok(()), Err)
}

/// Searches one run of free bytes, what is not there or zeros left out.
fn search(finds: &mut Finds<'_, '_>, span: Span, leaves: &mut Leaves) -> Result<(), FsError> {
    let size = finds.volume.superblock.block_size();
    let step = usize::try_from(size).unwrap_or(usize::MAX);
    let end = span.end().unwrap_or(u64::MAX).min(finds.disk.source.len());
    let mut at = span.offset;
    while at < end && !finds.is_done {
        let Some(data) = finds.disk.source.next_data(at)? else { break };
        at = (data.offset.max(at) & !(size - 1)).max(span.offset);
        let stop = data.end().unwrap_or(u64::MAX).max(at.saturating_add(1)).min(end);
        let len = stop.saturating_sub(at).min(PIECE).next_multiple_of(size).min(end.saturating_sub(at));
        let (Ok(wanted), true) = (usize::try_from(len), len >= size) else { break };
        let bytes = read_vec(&*finds.disk.source, at, wanted)?;
        for (place, block) in (at..).step_by(step).zip(bytes.chunks_exact(step)) {
            finds.block(place, block, leaves);
        }
        at = at.saturating_add(len);
    }
    Ok(())
}

impl Finds<'_, '_> {
    fn block(&mut self, place: u64, block: &[u8], leaves: &mut Leaves) {
        match block.first_chunk::<4>() {
            Some([b'I', b'N', ..]) => self.inodes(place, block),
            Some(b"XDB3" | b"XDD3" | b"XD2B" | b"XD2D") => self.free_directory(place),
            Some(b"BMA3" | b"BMAP") => self.leaf(place, block, leaves),
            Some(b"XSLM") => {
                self.is_own(place, block, (40, 48, 16), checksum::REMOTE);
            }
            _ => {}
        }
    }

    /// Inodes of a chunk that was given up.
    fn inodes(&mut self, place: u64, block: &[u8]) {
        let superblock = &self.volume.superblock;
        let (size, uuid) = (usize::from(superblock.inode_size), superblock.metadata_uuid);
        let blocks = place >> superblock.block_log;
        let group_blocks = u64::from(superblock.group_blocks);
        let Ok(group) = u32::try_from(blocks / group_blocks) else { return };
        let inside = blocks % group_blocks;
        let first = (superblock.pack(group, 0).saturating_add(inside)) << superblock.inode_log;
        let (has_checksums, wanted) = (self.volume.has_checksums(), size as u64);
        for ((record, number), index) in block.chunks_exact(size).zip(first..).zip(0..) {
            let view = Record::new("inode", record);
            let version = view.u8(4).unwrap_or(0);
            let is_ours = if has_checksums {
                version == 3
                    && view.array::<16>(160).is_ok_and(|found| found == uuid)
                    && view.u64_be(152).is_ok_and(|found| found == number)
                    && checksum::matches(record, checksum::INODE)
            } else {
                matches!(version, 1 | 2)
            };
            if is_ours && record.starts_with(b"IN") {
                let offset = place.saturating_add(wanted.saturating_mul(index));
                self.written(number, record, Span::new(offset, wanted));
            }
        }
    }

    /// A block of a directory that was removed, or became smaller.
    fn free_directory(&mut self, place: u64) {
        let size = self.volume.superblock.directory_block as usize;
        let Ok(block) = read_vec(&*self.disk.source, place, size) else { return };
        let record = Record::new("directory block", &block);
        let has_checksums = self.volume.has_checksums();
        let (dir, order, is_sound) = if has_checksums {
            let Some((order, is_sound)) = self.is_own(place, &block, (8, 16, 24), checksum::DIRECTORY) else {
                return;
            };
            ((record.u64_be(40).unwrap_or(0), None), order, is_sound)
        } else {
            let before = self.directories.range(..=place).next_back().filter(|(_, (end, _))| *end > place);
            let mapped = before.map(|(_, (_, life))| (life.number, Some(life.generation)));
            let own = own_entry(&self.volume.superblock, &block).map(|number| (number, None));
            let Some(dir) = own.or(mapped) else { return };
            (dir, 0, false)
        };
        if self.volume.superblock.inode_offset(dir.0).is_err() {
            return;
        }
        let layout = Layout { superblock: &self.volume.superblock, directory: dir.0 };
        for entry in of_block(layout, &block) {
            let proof = if is_sound && entry.is_sure { Proof::Checked } else { Proof::Plausible };
            self.name(dir, None, &entry, (order, proof));
        }
    }

    /// A block of a map: of the leaves, what they map is kept.
    fn leaf(&mut self, place: u64, block: &[u8], leaves: &mut Leaves) {
        let record = Record::new("extent block", block);
        // Version 4 does not say whose it is.
        if !self.volume.has_checksums() {
            return;
        }
        let Some((order, true)) = self.is_own(place, block, (24, 32, 40), checksum::LONG_BTREE) else {
            return;
        };
        let (Ok(0), Ok(count), Ok(owner)) =
            (record.u16_be(4), record.u16_be(6), record.u64_be(mapping::OWNER))
        else {
            return;
        };
        let list = record.bytes(72, usize::from(count).saturating_mul(16)).unwrap_or_default();
        for packed in list.as_chunks::<16>().0 {
            let run = mapping::decode(u128::from_be_bytes(*packed));
            let key = (owner, run.start);
            let is_possible =
                self.volume.superblock.run_offset(run.block, run.count).is_some() && run.count > 0;
            let is_newer = leaves.get(&key).is_none_or(|&(other, _)| other < order);
            let most = self.volume.budget.metadata_bytes / RUN;
            if is_possible && is_newer && (leaves.len() as u64) < most {
                leaves.insert(key, (order, run));
            }
        }
    }

    /// The order of a block of version 5 that belongs to this place of this file system, and whether its checksum
    /// holds. `fields` says where it has its place, the number of its write, and the UUID.
    fn is_own(
        &mut self,
        place: u64,
        block: &[u8],
        fields: (usize, usize, usize),
        checksum: usize,
    ) -> Option<(u64, bool)> {
        let record = Record::new("block", block);
        let (own, lsn, uuid) = fields;
        let is_own = record.u64_be(own).is_ok_and(|sector| sector == place >> 9)
            && record.array::<16>(uuid).is_ok_and(|found| found == self.volume.superblock.metadata_uuid);
        let order = order_on_disk(record.u64_be(lsn).ok()?, u8::MAX);
        let is_sound = checksum::matches(block, checksum);
        if is_own && is_sound {
            self.give(Remain::Used { span: Span::new(place, block.len() as u64), order });
        }
        is_own.then_some((order, is_sound))
    }

    /// Files whose inode was freed, and whose map is left in leaves.
    fn fragmented(&mut self, leaves: Leaves) {
        let mut files = BTreeMap::<u64, (u64, Vec<Run>)>::new();
        for ((owner, _), (order, run)) in leaves {
            let (newest, runs) = files.entry(owner).or_default();
            *newest = order.max(*newest);
            // Of two that overlap, the one that begins first was not cut.
            if runs.last().is_none_or(|last| last.end() <= run.start) {
                runs.push(run);
            }
        }
        for (number, (order, runs)) in files {
            let Ok(offset) = self.volume.superblock.inode_offset(number) else { continue };
            let size = self.volume.superblock.inode_size.into();
            let Ok(record) = read_vec(&*self.disk.source, offset, size) else { continue };
            let view = Record::new("inode", &record);
            let life = ended(number, &view);
            let is_freed = record.starts_with(b"IN")
                && checksum::matches(&record, checksum::INODE)
                && view.u16_be(2).is_ok_and(|mode| mode == 0);
            if is_freed && !self.known.contains(&life) && !self.is_done {
                self.mapped_by(life, &record, runs, (order, offset));
            }
        }
    }
}

/// The number of the directory that a block of version 4 begins with the entry of.
pub(super) fn own_entry(superblock: &Superblock, block: &[u8]) -> Option<u64> {
    let record = Record::new("directory block", block);
    let is_itself = record.bytes(24, 2).ok()? == b"\x01.";
    let number = record.u64_be(16).ok()?;
    (is_itself && superblock.inode_offset(number).is_ok()).then_some(number)
}
