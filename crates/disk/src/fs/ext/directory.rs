//! Directories: blocks of entries, read one after the other. A hashed directory needs nothing more: its
//! index hides in entries that look deleted.

use std::ops::ControlFlow;

use super::inode::{ENCRYPT, INLINE_DATA, Inode};
use super::superblock::incompat;
use super::volume::Volume;
use super::{directory_checksum, mapping, xattr};
use crate::bytes::{Record, read_vec};
use crate::fs::{FileType, FsError, NodeId, Place, Visit};

/// Most bytes of a directory that are read at once; a multiple of every block size.
const PIECE: u64 = 1 << 20;

/// Hands the entries of directory `inode` to `visit`.
///
/// # Errors
/// The first [`FsError`] met, after every entry that could be read was handed on.
pub(super) fn read(volume: &Volume, inode: &Inode, visit: &mut Visit<'_>) -> Result<(), FsError> {
    let number = inode.number;
    if inode.metadata.file_type != FileType::Directory {
        return Err(FsError::corrupt("inode", number, "is no directory"));
    }
    if inode.has(ENCRYPT) {
        return Err(FsError::Encrypted(format!(
            "directory inode {number} is encrypted (fscrypt): its names cannot be read without the key"
        )));
    }
    let mut reading = Reading { volume, inode, visit, damage: None };
    let _flow = reading.all();
    reading.damage.map_or(Ok(()), Err)
}

struct Reading<'a, 'v> {
    volume: &'a Volume,
    inode: &'a Inode,
    visit: &'a mut Visit<'v>,
    damage: Option<FsError>,
}

impl Reading<'_, '_> {
    /// The entries on the disk, unless the directory is newer than they are; then those of fast commits.
    fn all(&mut self) -> ControlFlow<()> {
        if !self.volume.fast_commits.is_new(self.inode.number) {
            if self.inode.has(INLINE_DATA) { self.inline() } else { self.mapped() }?;
        }
        let newer = self.volume.fast_commits.names(self.inode.number).into_iter().flatten();
        for (name, target) in newer {
            if let Some(target) = target {
                self.hand_on(name, *target, None)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn inline(&mut self) -> ControlFlow<()> {
        // The first 4 bytes are the number of the parent.
        let head = self.inode.block.get(4..).unwrap_or_default();
        self.block(head, 4)?;
        match xattr::inline_tail(self.inode) {
            Ok(tail) if tail.is_empty() => ControlFlow::Continue(()),
            Ok(tail) => self.block(&tail, 60),
            Err(error) => self.damaged(error),
        }
    }

    fn mapped(&mut self) -> ControlFlow<()> {
        let map = mapping::map(self.volume, self.inode);
        for extent in map.extents {
            if let Place::Disk(place) = extent.place {
                self.run(extent.start, place, extent.len)?;
            }
        }
        match map.damage {
            Some(error) => self.damaged(error),
            None => ControlFlow::Continue(()),
        }
    }

    /// Blocks that lie one after the other, at byte `start` of the directory.
    fn run(&mut self, mut start: u64, mut place: u64, mut len: u64) -> ControlFlow<()> {
        let block_size = u64::from(self.volume.superblock.block_size);
        // Every block is read whole, whatever the directory's size says of the last.
        len = len.next_multiple_of(block_size);
        while len > 0 {
            // Where the image ends inside, its last whole blocks still count.
            let there = self.volume.source.len().saturating_sub(place) / block_size * block_size;
            let piece = len.min(PIECE).min(there.max(block_size));
            match usize::try_from(piece)
                .map_err(|_| FsError::corrupt("directory", self.inode.number, "too long a piece"))
                .and_then(|piece| Ok(read_vec(&*self.volume.source, place, piece)?))
            {
                Ok(bytes) => self.blocks(&bytes, start)?,
                Err(error) => return self.damaged(error),
            }
            start = start.saturating_add(piece);
            place = place.saturating_add(piece);
            len = len.saturating_sub(piece);
        }
        ControlFlow::Continue(())
    }

    fn blocks(&mut self, bytes: &[u8], mut start: u64) -> ControlFlow<()> {
        for block in bytes.chunks_exact(self.volume.superblock.block_size as usize) {
            self.verify(block);
            self.block(block, start)?;
            start = start.saturating_add(block.len() as u64);
        }
        ControlFlow::Continue(())
    }

    /// The entries of one block; damage ends the block, not the directory.
    fn block(&mut self, block: &[u8], start: u64) -> ControlFlow<()> {
        let record = Record::new("directory block", block);
        let mut offset = 0;
        // What is too short for an entry is padding (of inline directories).
        while offset + 8 <= block.len() {
            match self.entry(&record, offset, start) {
                Ok((next, flow)) => {
                    flow?;
                    offset = next;
                }
                Err(error) => return self.damaged(error),
            }
        }
        ControlFlow::Continue(())
    }

    /// Hands on the entry at `offset`; returns where the next begins.
    fn entry(
        &mut self,
        record: &Record<'_>,
        offset: usize,
        start: u64,
    ) -> Result<(usize, ControlFlow<()>), FsError> {
        let number = record.u32_le(offset)?;
        let rec_len = record_length(record.u16_le(offset + 4)?, record.len());
        let name_len = usize::from(record.u8(offset + 6)?);
        let next = offset.saturating_add(rec_len);
        let used = if number == 0 { 8 } else { 8 + name_len };
        if rec_len < used || !rec_len.is_multiple_of(4) || next > record.len() {
            return Err(self.corrupt(
                start,
                offset,
                &format!("entry length {rec_len}, name length {name_len}"),
            ));
        }
        if number == 0 {
            return Ok((next, ControlFlow::Continue(())));
        }
        let name = record.bytes(offset + 8, name_len)?;
        if name == b"." || name == b".." {
            return Ok((next, ControlFlow::Continue(())));
        }
        let changed = self.volume.fast_commits.names(self.inode.number);
        if changed.is_some_and(|names| names.contains_key(name)) {
            return Ok((next, ControlFlow::Continue(())));
        }
        if !self.is_possible(name, number.into()) {
            let error = self.corrupt(start, offset, &format!("an impossible name, or inode number {number}"));
            return Ok((next, self.damaged(error)));
        }
        let has_type = self.volume.superblock.has_incompat(incompat::FILETYPE);
        let kind = if has_type { file_type(record.u8(offset + 7)?) } else { None };
        Ok((next, (self.visit)(name, NodeId(number.into()), kind)))
    }

    fn is_possible(&self, name: &[u8], number: u64) -> bool {
        let inodes = 1..=u64::from(self.volume.superblock.inodes_count);
        !name.is_empty() && !name.contains(&b'/') && !name.contains(&0) && inodes.contains(&number)
    }

    /// Hands on an entry that a fast commit made.
    fn hand_on(&mut self, name: &[u8], number: u64, kind: Option<FileType>) -> ControlFlow<()> {
        if !self.is_possible(name, number) {
            let problem = format!("an impossible name, or inode number {number}, in a fast commit");
            let error = FsError::corrupt("directory inode", self.inode.number, problem);
            return self.damaged(error);
        }
        (self.visit)(name, NodeId(number), kind)
    }

    /// Notes a wrong checksum of a block.
    fn verify(&self, block: &[u8]) {
        if !self.volume.has_checksums() {
            return;
        }
        let seed = self.inode.checksum_seed(self.volume.superblock.checksum_seed);
        if let Some(structure) = directory_checksum::wrong(block, seed) {
            self.volume.ledger.wrong(structure, self.inode.number);
        }
    }

    /// Keeps the first damage and goes on.
    fn damaged(&mut self, error: FsError) -> ControlFlow<()> {
        self.damage.get_or_insert(error);
        ControlFlow::Continue(())
    }

    fn corrupt(&self, start: u64, offset: usize, problem: &str) -> FsError {
        let at = start.saturating_add(offset as u64);
        FsError::corrupt("directory inode", self.inode.number, format!("at byte {at}: {problem}"))
    }
}

/// The length of an entry. With blocks of 64 KiB the length of a whole block does not fit into 16 bits:
/// it is written as 65535 or 0.
pub(super) fn record_length(raw: u16, block_len: usize) -> usize {
    match raw {
        0 | 0xFFFF if block_len == 65536 => block_len,
        _ => raw.into(),
    }
}

pub(super) fn file_type(raw: u8) -> Option<FileType> {
    Some(match raw {
        1 => FileType::Regular,
        2 => FileType::Directory,
        3 => FileType::CharDevice,
        4 => FileType::BlockDevice,
        5 => FileType::Fifo,
        6 => FileType::Socket,
        7 => FileType::Symlink,
        _ => return None,
    })
}
