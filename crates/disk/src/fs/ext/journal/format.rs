//! What lies in the blocks of a journal: headers, the superblock, tags, checksums. Numbers are big-endian.

use super::log::Log;
use crate::bytes::{Record, Truncated};
use crate::fs::FsError;

/// First four bytes of every block of the journal's own.
pub(super) const MAGIC: u32 = 0xc03b_3998;

pub(super) const DESCRIPTOR: u32 = 1;
pub(super) const COMMIT: u32 = 2;
const SUPERBLOCK_V1: u32 = 3;
const SUPERBLOCK_V2: u32 = 4;
pub(super) const REVOKE: u32 = 5;

const COMPAT_CHECKSUM: u32 = 0x1;
const INCOMPAT_64BIT: u32 = 0x2;
const INCOMPAT_ASYNC_COMMIT: u32 = 0x4;
const INCOMPAT_CSUM_V2: u32 = 0x8;
const INCOMPAT_CSUM_V3: u32 = 0x10;
const INCOMPAT_FAST_COMMIT: u32 = 0x20;
const INCOMPAT_KNOWN: u32 = 0x3f;

const CHECKSUM_CRC32C: u8 = 4;
const DEFAULT_FAST_COMMIT_BLOCKS: u32 = 256;

const TAG_ESCAPED: u32 = 1;
const TAG_SAME_UUID: u32 = 2;
const TAG_LAST: u32 = 8;

/// Whether transaction `a` is later than `b`; the numbers wrap.
pub(super) const fn tid_later(a: u32, b: u32) -> bool {
    let distance = a.wrapping_sub(b);
    distance != 0 && distance < 1 << 31
}

/// The kernel's CRC-32C: without the inversions at start and end.
fn crc32c(seed: u32, bytes: &[u8]) -> u32 {
    !crc32c::crc32c_append(!seed, bytes)
}

/// The header of a block: type and transaction; `None` for what is not of the journal's own.
pub(super) fn header(block: &[u8]) -> Option<(u32, u32)> {
    let record = Record::new("journal block header", block);
    (record.u32_be(0).ok()? == MAGIC).then_some((record.u32_be(4).ok()?, record.u32_be(8).ok()?))
}

/// A block in a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    /// Where it belongs.
    pub(super) fs_block: u64,
    /// Where it lies in the journal.
    pub(super) log_block: u32,
    /// Whether its first four bytes were replaced by zeros.
    pub(super) escaped: bool,
    /// With checksums of version 2 (16 bits) or 3 (32 bits): its checksum.
    checksum: u32,
}

/// Which layout of tags and checksums a journal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checksums {
    None,
    /// CRC-32 over a whole transaction, in its commit block.
    V1,
    V2,
    V3,
}

/// The superblock: block 0 of the journal.
#[derive(Clone, Debug)]
pub(super) struct Superblock {
    block_size: u32,
    /// Number of blocks of the journal, fast commits included.
    blocks: u32,
    /// First block of the log.
    pub(super) first: u32,
    /// First transaction of the log.
    pub(super) sequence: u32,
    /// Where that begins; 0 for a clean journal.
    pub(super) start: u32,
    incompat: u32,
    pub(super) checksums: Checksums,
    fast_commit_blocks: u32,
    seed: u32,
}

impl Superblock {
    pub(super) fn parse(block: &[u8]) -> Result<Self, FsError> {
        let s = Record::new("journal superblock", block).part("journal superblock", 0, 1024)?;
        let corrupt = |problem: String| FsError::corrupt("journal superblock", 0, problem);
        let version = match header(s.all()) {
            Some((version @ (SUPERBLOCK_V1 | SUPERBLOCK_V2), _)) => version,
            _ => return Err(corrupt("wrong magic number or type".into())),
        };
        let (compat, incompat) = match version {
            SUPERBLOCK_V2 => (s.u32_be(0x24)?, s.u32_be(0x28)?),
            _ => (0, 0),
        };
        if incompat & !INCOMPAT_KNOWN != 0 {
            return Err(FsError::Unsupported(format!("journal with incompatible features {incompat:#x}")));
        }
        let checksums = match (incompat & INCOMPAT_CSUM_V2 != 0, incompat & INCOMPAT_CSUM_V3 != 0) {
            (true, true) => return Err(corrupt("checksums of version 2 and 3 at once".into())),
            (true, false) => Checksums::V2,
            (false, true) => Checksums::V3,
            _ if compat & COMPAT_CHECKSUM != 0 => Checksums::V1,
            _ => Checksums::None,
        };
        if matches!(checksums, Checksums::V2 | Checksums::V3) {
            check_superblock_sum(s)?;
        }
        let fast_commit_blocks = match (incompat & INCOMPAT_FAST_COMMIT != 0, s.u32_be(0x54)?) {
            (false, _) => 0,
            (true, 0) => DEFAULT_FAST_COMMIT_BLOCKS,
            (true, blocks) => blocks,
        };
        Ok(Self {
            block_size: s.u32_be(0x0c)?,
            blocks: s.u32_be(0x10)?,
            first: s.u32_be(0x14)?,
            sequence: s.u32_be(0x18)?,
            start: s.u32_be(0x1c)?,
            incompat,
            checksums,
            fast_commit_blocks,
            seed: crc32c(u32::MAX, s.bytes(0x30, 16)?),
        })
    }

    /// Checks the numbers against the file that the journal lies in.
    pub(super) fn check(&self, block_size: u32, mapped: u64) -> Result<(), FsError> {
        let corrupt = |problem: String| Err(FsError::corrupt("journal superblock", 0, problem));
        if self.block_size != block_size {
            return corrupt(format!("blocks of {} bytes, where {block_size} are expected", self.block_size));
        }
        if u64::from(self.blocks) > mapped {
            return corrupt(format!("{} blocks in a file of {mapped}", self.blocks));
        }
        if self.first == 0 || self.first >= self.last() {
            return corrupt(format!("the log goes from block {} to {}", self.first, self.last()));
        }
        if self.start != 0 && !(self.first..self.last()).contains(&self.start) {
            let (first, last) = (self.first, self.last());
            return corrupt(format!("the log begins at block {}, not within {first} to {last}", self.start));
        }
        Ok(())
    }

    /// The block after the log: blocks for fast commits lie behind it.
    fn last(&self) -> u32 {
        self.blocks.saturating_sub(self.fast_commit_blocks)
    }

    /// Number of blocks of the log.
    pub(super) fn log_len(&self) -> u32 {
        self.last().saturating_sub(self.first)
    }

    /// The block `distance` after `block`: after the last one comes the first.
    pub(super) fn advance(&self, block: u32, distance: u32) -> u32 {
        let len = u64::from(self.log_len()).max(1);
        let position = u64::from(block.saturating_sub(self.first)).saturating_add(distance.into());
        u32::try_from(position.checked_rem(len).unwrap_or_default())
            .unwrap_or_default()
            .saturating_add(self.first)
    }

    /// Whether the commit block may have reached the disk before what it commits.
    pub(super) fn async_commit(&self) -> bool {
        self.incompat & INCOMPAT_ASYNC_COMMIT != 0
    }

    fn wide(&self) -> bool {
        self.incompat & INCOMPAT_64BIT != 0
    }

    /// Whether blocks of the journal's own carry a checksum.
    pub(super) fn block_checksums(&self) -> bool {
        matches!(self.checksums, Checksums::V2 | Checksums::V3)
    }

    /// Whether the checksum at `at` of a block of the journal's own is right, if it has one.
    fn own_checksum_is_right(&self, block: &[u8], at: usize) -> bool {
        if !self.block_checksums() {
            return true;
        }
        let Ok(stored) = Record::new("journal block", block).u32_be(at) else { return false };
        let (before, after) = block.split_at_checked(at).unwrap_or_default();
        let sum = crc32c(crc32c(self.seed, before), &[0; 4]);
        stored == crc32c(sum, after.get(4..).unwrap_or_default())
    }

    /// Whether a descriptor or revoke block has the right checksum in its last four bytes.
    pub(super) fn tail_is_right(&self, block: &[u8]) -> bool {
        self.own_checksum_is_right(block, block.len().saturating_sub(4))
    }

    /// Whether a commit block has the right checksum of itself (version 2 and 3).
    pub(super) fn commit_is_right(&self, block: &[u8]) -> bool {
        self.own_checksum_is_right(block, 16)
    }

    /// The tags of a descriptor block that lies at `at` in the log.
    pub(super) fn tags(&self, block: &[u8], at: u32) -> Result<Vec<Tag>, Truncated> {
        let record = self.without_tail("descriptor block", block)?;
        let size = self.tag_size();
        let mut tags = Vec::new();
        let (mut offset, mut distance) = (12, 1u32);
        // As for the kernel, the end of the block ends the tags as well as the last tag does.
        while let Ok(tag) = record.part("journal tag", offset, size) {
            let flags = match self.checksums {
                Checksums::V3 => tag.u32_be(4)?,
                _ => u32::from(tag.u16_be(6)?),
            };
            let log_block = self.advance(at, distance);
            tags.push(self.tag(tag, flags, log_block)?);
            distance = distance.saturating_add(1);
            let uuid = if flags & TAG_SAME_UUID == 0 { 16 } else { 0 };
            offset = offset.saturating_add(size).saturating_add(uuid);
            if flags & TAG_LAST != 0 {
                break;
            }
        }
        Ok(tags)
    }

    fn tag(&self, tag: Record<'_>, flags: u32, log_block: u32) -> Result<Tag, Truncated> {
        let (checksum, high) = match self.checksums {
            Checksums::V3 => (tag.u32_be(12)?, 8),
            _ => (u32::from(tag.u16_be(4)?), 8),
        };
        let high = if self.wide() { u64::from(tag.u32_be(high)?) } else { 0 };
        Ok(Tag {
            fs_block: high << 32 | u64::from(tag.u32_be(0)?),
            log_block,
            escaped: flags & TAG_ESCAPED != 0,
            checksum,
        })
    }

    /// Bytes of a tag. Version 2 has two bytes that nobody uses: the kernel's own mistake, kept for good.
    fn tag_size(&self) -> usize {
        match (self.checksums, self.wide()) {
            (Checksums::V3, _) => 16,
            (Checksums::V2, true) => 14,
            (Checksums::V2, false) => 10,
            (_, true) => 12,
            (_, false) => 8,
        }
    }

    fn without_tail<'a>(&self, what: &'static str, block: &'a [u8]) -> Result<Record<'a>, Truncated> {
        let tail = if self.block_checksums() { 4 } else { 0 };
        Record::new(what, block).part(what, 0, block.len().saturating_sub(tail))
    }

    /// The blocks of the file system that a revoke block names.
    pub(super) fn revokes(&self, block: &[u8]) -> Result<Vec<u64>, Truncated> {
        let record = self.without_tail("revoke block", block)?;
        let used = usize::try_from(record.u32_be(12)?).unwrap_or(usize::MAX);
        let entries = record.part("revoke block", 16, used.saturating_sub(16))?;
        let size = if self.wide() { 8 } else { 4 };
        let numbers = entries.all().chunks_exact(size);
        Ok(numbers.map(|entry| entry.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte))).collect())
    }

    /// Whether the content of a block in the log has the checksum of its tag, if there are such.
    pub(super) fn data_checksum_is_right(
        &self,
        log: &Log<'_>,
        tag: &Tag,
        sequence: u32,
    ) -> Result<bool, FsError> {
        if !self.block_checksums() {
            return Ok(true);
        }
        let content = log.read(tag.log_block)?;
        let sum = crc32c(crc32c(self.seed, &sequence.to_be_bytes()), &content);
        Ok(match self.checksums {
            Checksums::V2 => sum & 0xffff == tag.checksum,
            _ => sum == tag.checksum,
        })
    }

    /// The blocks for fast commits, behind the log. As the kernel does it, the first of them stays unused.
    pub(super) fn fast_commits(&self, log: &Log<'_>, limit: u64) -> Result<Vec<Vec<u8>>, FsError> {
        let first = self.last().saturating_add(1);
        let len = u64::from(self.blocks.saturating_sub(first)).saturating_mul(self.block_size.into());
        if self.fast_commit_blocks > 0 && len > limit {
            return Err(FsError::over_limit(format!("{len} bytes of fast commits"), limit));
        }
        let places = if self.fast_commit_blocks == 0 { 0..0 } else { first..self.blocks };
        places.map(|block| log.read(block)).collect()
    }
}

fn check_superblock_sum(s: Record<'_>) -> Result<(), FsError> {
    let kind = s.u8(0x50)?;
    if kind != CHECKSUM_CRC32C {
        return Err(FsError::Unsupported(format!("journal with checksums of type {kind}")));
    }
    let stored = s.u32_be(0xfc)?;
    let sum = crc32c(crc32c(u32::MAX, s.bytes(0, 0xfc)?), &[0; 4]);
    let computed = crc32c(sum, s.bytes(0x100, 0x300)?);
    if stored != computed {
        let problem = format!("checksum {stored:#010x}, computed {computed:#010x}");
        return Err(FsError::corrupt("journal superblock", 0, problem));
    }
    Ok(())
}
