//! Directories: entries in the inode, or blocks of entries in the first 32 GiB of the file. The hashed index
//! behind them is not needed to list them all.
//!
//! Reference: *XFS Algorithms & Data Structures*, "Directories"; `fs/xfs/libxfs/xfs_da_format.h`.

use std::ops::ControlFlow;

use super::checksum;
use super::inode::{ForkKind, Format, Inode};
use super::mapping::{self, Run};
use super::volume::Volume;
use crate::bytes::Record;
use crate::fs::{FileType, FsError, NodeId, Visit};

/// Where the index begins, in bytes of the file.
pub(super) const INDEX: u64 = 32 << 30;
/// Most bytes of a directory that are read at once; a multiple of every block size.
const PIECE: u64 = 1 << 20;

/// Hands the entries of directory `inode` to `visit`.
///
/// # Errors
/// The first [`FsError`] met, after every entry that could be read was handed on.
pub(super) fn read(volume: &Volume, inode: &Inode, visit: &mut Visit<'_>) -> Result<(), FsError> {
    if inode.metadata.file_type != FileType::Directory {
        return Err(FsError::corrupt("inode", inode.number, "is no directory"));
    }
    let mut reading = Reading { volume, inode, visit, damage: None };
    let _flow = if inode.fork(ForkKind::Data).format == Format::Local {
        reading.short().unwrap_or_else(|error| reading.damaged(error))
    } else {
        reading.mapped()
    };
    reading.damage.map_or(Ok(()), Err)
}

struct Reading<'a, 'v> {
    volume: &'a Volume,
    inode: &'a Inode,
    visit: &'a mut Visit<'v>,
    damage: Option<FsError>,
}

impl Reading<'_, '_> {
    /// Entries in the inode: a count, the parent, then name and inode number one after the other.
    fn short(&mut self) -> Result<ControlFlow<()>, FsError> {
        let inode = self.inode;
        let fork = inode.fork(ForkKind::Data).bytes;
        let size = usize::try_from(inode.metadata.size).unwrap_or(usize::MAX).min(fork.len());
        let record = Record::new("directory in the inode", fork.get(..size).unwrap_or(fork));
        let (count, wide) = (record.u8(0)?, record.u8(1)? > 0);
        let number_len = if wide { 8 } else { 4 };
        let kind_len = usize::from(self.volume.superblock.has_ftype);
        let mut offset = 2 + number_len;
        for _ in 0..count {
            let name_len = usize::from(record.u8(offset)?);
            let name = record.bytes(offset + 3, name_len)?;
            let kind_at = offset + 3 + name_len;
            let number_at = kind_at + kind_len;
            let number = if wide { record.u64_be(number_at)? } else { record.u32_be(number_at)?.into() };
            let kind = if kind_len == 1 { file_type(record.u8(kind_at)?) } else { None };
            if self.entry(name, number, kind, offset as u64).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            offset = number_at + number_len;
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Blocks of entries. One may be made of several blocks of the file system, in several places.
    fn mapped(&mut self) -> ControlFlow<()> {
        let mapping::Runs { runs, damage, .. } = mapping::runs(self.volume, self.inode, ForkKind::Data);
        let index = INDEX >> self.volume.superblock.block_log;
        let mut pending = Pending { bytes: Vec::new(), next: 0 };
        for run in runs.iter().take_while(|run| run.start < index) {
            if run.start != pending.next {
                self.finish(&mut pending);
            }
            self.run(run, &mut pending)?;
        }
        self.finish(&mut pending);
        match damage {
            Some(error) => self.damaged(error),
            None => ControlFlow::Continue(()),
        }
    }

    /// What is left when no block follows is a part of a directory block.
    fn finish(&mut self, pending: &mut Pending) {
        if !pending.bytes.is_empty() {
            let problem = format!("its block before block {} is not whole", pending.next);
            let _flow = self.damaged(FsError::corrupt("directory inode", self.inode.number, problem));
            pending.bytes.clear();
        }
    }

    fn run(&mut self, run: &Run, pending: &mut Pending) -> ControlFlow<()> {
        let log = self.volume.superblock.block_log;
        let mut done = 0;
        while done < run.count {
            let count = (PIECE >> log).min(run.count - done);
            let start = run.start.saturating_add(done);
            pending.next = start.saturating_add(count);
            match self.piece(run.block.saturating_add(done), count) {
                Ok(bytes) => {
                    pending.bytes.extend_from_slice(&bytes);
                    self.blocks(pending)?;
                }
                Err(error) => {
                    pending.bytes.clear();
                    self.damaged(error)?;
                }
            }
            done = done.saturating_add(count);
        }
        ControlFlow::Continue(())
    }

    /// The content of `count` blocks; where the image ends inside, of those that are there.
    fn piece(&mut self, block: u64, count: u64) -> Result<Vec<u8>, FsError> {
        let whole = self.volume.blocks(block, count);
        let Err(error) = whole else { return whole };
        let offset = self.volume.superblock.block_offset(block)?;
        let there = self.volume.source.len().saturating_sub(offset) >> self.volume.superblock.block_log;
        if there == 0 || there >= count {
            return Err(error);
        }
        let _flow = self.damaged(error);
        self.volume.blocks(block, there)
    }

    /// Reads the whole directory blocks in `pending` and leaves the rest there.
    fn blocks(&mut self, pending: &mut Pending) -> ControlFlow<()> {
        let size = self.volume.superblock.directory_block as usize;
        let end = pending.next << self.volume.superblock.block_log;
        let mut start = end.saturating_sub(pending.bytes.len() as u64);
        let mut blocks = pending.bytes.chunks_exact(size);
        for block in blocks.by_ref() {
            self.block(block, start)?;
            start = start.saturating_add(size as u64);
        }
        pending.bytes = blocks.remainder().to_vec();
        ControlFlow::Continue(())
    }

    /// The entries of the block at byte `start`; damage ends the block, not the directory.
    fn block(&mut self, block: &[u8], start: u64) -> ControlFlow<()> {
        let (header, end) = match self.bounds(block, start) {
            Ok(bounds) => bounds,
            Err(error) => return self.damaged(error),
        };
        self.volume.verify_of_inode(self.inode.number, block, checksum::DIRECTORY);
        let record = Record::new("directory block", block.get(..end).unwrap_or(block));
        let mut offset = header;
        while offset < end {
            match self.slot(&record, offset, start) {
                Ok((next, flow)) => {
                    flow?;
                    offset = next;
                }
                Err(error) => return self.damaged(error),
            }
        }
        ControlFlow::Continue(())
    }

    /// Where the entries of a block begin and end: a directory of one block has its index in it.
    fn bounds(&self, block: &[u8], start: u64) -> Result<(usize, usize), FsError> {
        let record = Record::new("directory block", block);
        let header = if self.volume.has_checksums() { 64 } else { 16 };
        match record.array(0)? {
            [b'X', b'D', b'D', b'3'] | [b'X', b'D', b'2', b'D'] => Ok((header, block.len())),
            [b'X', b'D', b'B', b'3'] | [b'X', b'D', b'2', b'B'] => {
                let tail = block.len().saturating_sub(8);
                let index = (record.u32_be(tail)? as usize).saturating_mul(8);
                match tail.checked_sub(index).filter(|&end| end >= header) {
                    Some(end) => Ok((header, end)),
                    None => Err(self.corrupt(start, 0, &format!("an index of {index} bytes"))),
                }
            }
            magic => Err(self.corrupt(start, 0, &format!("magic {:#010x}", u32::from_be_bytes(magic)))),
        }
    }

    /// Hands on the entry at `offset`, if one is there; returns where the next begins.
    fn slot(
        &mut self,
        record: &Record<'_>,
        offset: usize,
        start: u64,
    ) -> Result<(usize, ControlFlow<()>), FsError> {
        if record.u16_be(offset)? == 0xFFFF {
            let len = usize::from(record.u16_be(offset + 2)?);
            if len < 8 || !len.is_multiple_of(8) {
                return Err(self.corrupt(start, offset, &format!("{len} bytes of free space")));
            }
            return Ok((offset.saturating_add(len), ControlFlow::Continue(())));
        }
        let number = record.u64_be(offset)?;
        let name_len = usize::from(record.u8(offset + 8)?);
        let name = record.bytes(offset + 9, name_len)?;
        let has_ftype = self.volume.superblock.has_ftype;
        let kind = if has_ftype { file_type(record.u8(offset + 9 + name_len)?) } else { None };
        // The entry ends with its own offset, in 2 bytes.
        let next = offset.saturating_add((11 + name_len + usize::from(has_ftype)).next_multiple_of(8));
        let at = start.saturating_add(offset as u64);
        Ok((next, self.entry(name, number, kind, at)))
    }

    fn entry(&mut self, name: &[u8], number: u64, kind: Option<FileType>, at: u64) -> ControlFlow<()> {
        if name == b"." || name == b".." {
            return ControlFlow::Continue(());
        }
        let is_there = self.volume.superblock.inode_offset(number).is_ok();
        if name.is_empty() || name.contains(&b'/') || name.contains(&0) || !is_there {
            let problem = format!("an impossible name, or inode number {number}");
            return self.damaged(self.corrupt(at, 0, &problem));
        }
        (self.visit)(name, NodeId(number), kind)
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

/// Bytes of a directory that are not a whole block yet.
struct Pending {
    bytes: Vec<u8>,
    /// The block of the file that continues them.
    next: u64,
}

/// What a directory entry calls the type of a file.
pub(super) fn file_type(code: u8) -> Option<FileType> {
    Some(match code {
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
