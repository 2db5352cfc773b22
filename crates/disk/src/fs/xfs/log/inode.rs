//! Items that change an inode, and those that make new ones.
//!
//! The core of an inode is logged in the order of bytes of the machine, its forks as they are on the disk;
//! but the root of a tree is logged as it is in memory, with the header of a block.

use super::area::BLOCK;
use super::buffer::lay;
use super::replay::Replay;
use super::transaction::Item;
use crate::bytes::{Record, Span};
use crate::fs::FsError;
use crate::fs::xfs::checksum;
use crate::fs::xfs::superblock::Superblock;

/// What an item changes besides the core.
pub(super) mod field {
    /// Content, extents or the root of a tree in the data fork.
    pub(in crate::fs::xfs::log) const DATA: u32 = 0x2 | 0x4 | DATA_ROOT;
    pub(super) const DATA_ROOT: u32 = 0x8;
    pub(super) const DEVICE: u32 = 0x10;
    pub(super) const ATTRIBUTES: u32 = 0x40 | 0x80 | ATTRIBUTES_ROOT;
    pub(super) const ATTRIBUTES_ROOT: u32 = 0x100;
}

/// Offset and length of the numbers of the core that are the same in every inode.
const NUMBERS: &[(usize, usize)] = &[
    (0, 2),
    (2, 2),
    (4, 1),
    (5, 1),
    (8, 4),
    (12, 4),
    (16, 4),
    (20, 2),
    (22, 2),
    (56, 8),
    (64, 8),
    (72, 4),
    (76, 4),
    (80, 2),
    (82, 1),
    (83, 1),
    (84, 4),
    (88, 2),
    (90, 2),
    (92, 4),
];
/// Those that only version 3 has.
const NUMBERS_3: &[(usize, usize)] = &[(104, 8), (120, 8), (128, 4), (152, 8)];
/// Where the times are; that of creation is version 3's.
const TIMES: [usize; 4] = [32, 40, 48, 144];
/// `di_flags2`: times are one number each.
const BIGTIME: u64 = 8;
/// `di_flags2`: the wide counters of extents are used.
const NREXT64: u64 = 16;
/// `di_flags2`: the inode belongs to the file system itself.
const METADATA: u64 = 32;

/// Blocks of the 64 inodes that are made together: the largest inodes in the smallest blocks.
const MAX_CHUNK: u32 = 64 * 2048 / 512;

/// The description of an inode item.
pub(super) struct Description {
    /// Number of the inode.
    pub(super) number: u64,
    pub(super) fields: u32,
    regions: u16,
    /// Place and length of the buffer the inode is in, in blocks of the log.
    buffer: (u64, u64),
    /// Where it is in that.
    offset: u64,
}

impl Description {
    pub(super) fn parse(record: &Record<'_>) -> Result<Self, FsError> {
        // A 32-bit machine leaves out the padding before the number of the inode.
        let shift = if record.len() == 52 { 4 } else { 0 };
        Ok(Self {
            number: record.u64_le(16 - shift)?,
            fields: record.u32_le(4)?,
            regions: record.u16_le(2)?,
            buffer: (record.u64_le(40 - shift)?, record.u32_le(48 - shift)?.into()),
            offset: record.u32_le(52 - shift)?.into(),
        })
    }
}

/// The number of the inode that `item` changes, and its core as it would be on the disk.
pub(super) fn core(item: &Item) -> Result<(u64, Vec<u8>), FsError> {
    let description = Description::parse(&item.region(0))?;
    let core = item.region(1);
    if core.bytes(0, 2)? != b"NI" {
        return Err(FsError::corrupt("log item", description.number, "no inode"));
    }
    let mut record = vec![0; 176];
    lay_core(&mut record, &core, 0)?;
    Ok((description.number, record))
}

/// Where `item` makes new inodes, in bytes.
pub(super) fn new_chunk(item: &Item, superblock: &Superblock) -> Result<Span, FsError> {
    let record = item.region(0);
    let (group, block, length) = (record.u32_be(4)?, record.u32_be(8)?, record.u32_be(20)?);
    let first = superblock.pack(group, block);
    let place = superblock.run_offset(first, length.into()).filter(|_| length <= MAX_CHUNK);
    let offset =
        place.ok_or_else(|| FsError::corrupt("log item", first, format!("inodes in {length} blocks")))?;
    Ok(Span::new(offset, u64::from(length) << superblock.block_log))
}

impl Replay<'_> {
    pub(super) fn inode(&mut self, item: &Item, lsn: u64) -> Result<(), FsError> {
        let description = Description::parse(&item.region(0))?;
        if self.is_cancelled(description.buffer) {
            return Ok(());
        }
        let superblock = &self.volume.superblock;
        let offset = description.buffer.0.saturating_mul(BLOCK).saturating_add(description.offset);
        let mut inode = self.read(offset, superblock.inode_size.into())?;
        let core = item.region(1);
        if core.bytes(0, 2)? != b"NI" || !inode.starts_with(b"IN") {
            return Err(FsError::corrupt("log item", offset, "no inode, in the log or on the disk"));
        }
        if is_newer(&Record::new("inode", &inode), &core, superblock.has_checksums(), lsn)? {
            return Ok(());
        }
        lay_core(&mut inode, &core, lsn)?;
        lay_forks(&mut inode, item, &description, superblock)?;
        if superblock.has_checksums() {
            checksum::renew(&mut inode, checksum::INODE);
        }
        self.write(offset, &inode)
    }

    /// Fresh, free inodes. Everything that was done to them since is in the log too.
    pub(super) fn new_inodes(&mut self, item: &Item) -> Result<(), FsError> {
        let record = item.region(0);
        let (group, block, length) = (record.u32_be(4)?, record.u32_be(8)?, record.u32_be(20)?);
        let (size, generation) = (record.u32_be(16)?, record.u32_be(24)?);
        let superblock = &self.volume.superblock;
        let first = superblock.pack(group, block);
        let place = superblock.run_offset(first, length.into()).filter(|_| length <= MAX_CHUNK);
        let (Some(offset), true) = (place, size == u32::from(superblock.inode_size)) else {
            let problem = format!("inodes of {size} bytes in blocks {block}+{length} of group {group}");
            return Err(FsError::corrupt("log item", first, problem));
        };
        let len = u64::from(length) << superblock.block_log;
        if self.is_any_cancelled(offset, offset.saturating_add(len)) {
            return Ok(());
        }
        let mut numbers = first << superblock.inode_log..;
        let (uuid, version) = (superblock.metadata_uuid, if superblock.has_checksums() { 3 } else { 2 });
        let mut fresh = self.read(offset, usize::try_from(len).unwrap_or(0))?;
        for inode in fresh.chunks_exact_mut(size as usize) {
            inode.fill(0);
            lay(inode, 0, &[b'I', b'N', 0, 0, version])?;
            lay(inode, 92, &generation.to_be_bytes())?;
            lay(inode, 96, &u32::MAX.to_be_bytes())?;
            if version == 3 {
                lay(inode, 152, &numbers.next().unwrap_or(0).to_be_bytes())?;
                lay(inode, 160, &uuid)?;
                checksum::renew(inode, checksum::INODE);
            }
        }
        self.write(offset, &fresh)
    }
}

/// Whether the inode on the disk was written after it was logged. Version 4 counts how often it was written.
fn is_newer(inode: &Record<'_>, core: &Record<'_>, has_checksums: bool, lsn: u64) -> Result<bool, FsError> {
    if has_checksums {
        let age = inode.u64_be(112)?;
        return Ok(age != 0 && age != u64::MAX && age > lsn);
    }
    let (disk, log) = (inode.u16_be(30)?, core.u16_le(30)?);
    let wrapped = disk == u16::MAX && log < u16::MAX >> 1;
    Ok(log < disk && !wrapped)
}

pub(super) fn lay_core(inode: &mut [u8], core: &Record<'_>, lsn: u64) -> Result<(), FsError> {
    let is_3 = core.u8(4)? >= 3;
    let flags2 = if is_3 { core.u64_le(120)? } else { 0 };
    for &(offset, len) in NUMBERS.iter().chain(if is_3 { NUMBERS_3 } else { &[] }) {
        swap(inode, core, offset, len)?;
    }
    let metatype = if flags2 & METADATA == 0 { 0 } else { core.u16_le(6)? };
    lay(inode, 6, &metatype.to_be_bytes())?;
    let extents = if flags2 & NREXT64 == 0 { 0 } else { core.u64_le(24)? };
    lay(inode, 24, &extents.to_be_bytes())?;
    for &offset in TIMES.iter().take(if is_3 { 4 } else { 3 }) {
        if flags2 & BIGTIME == 0 {
            swap(inode, core, offset, 4)?;
            swap(inode, core, offset + 4, 4)?;
        } else {
            swap(inode, core, offset, 8)?;
        }
    }
    if is_3 {
        lay(inode, 112, &lsn.to_be_bytes())?;
        lay(inode, 132, &[0; 12])?;
        lay(inode, 160, core.bytes(160, 16)?)?;
    }
    Ok(())
}

/// Lays the number at `offset` of `core` over that of `inode`, in the other order of bytes.
fn swap(inode: &mut [u8], core: &Record<'_>, offset: usize, len: usize) -> Result<(), FsError> {
    let mut number = core.bytes(offset, len)?.to_vec();
    number.reverse();
    lay(inode, offset, &number)
}

pub(super) fn lay_forks(
    inode: &mut [u8],
    item: &Item,
    description: &Description,
    superblock: &Superblock,
) -> Result<(), FsError> {
    let fields = description.fields;
    let record = Record::new("inode", inode);
    let start = if record.u8(4)? >= 3 { 176 } else { 100 };
    let boundary = start + usize::from(record.u8(82)?).saturating_mul(8);
    let end = inode.len();
    let data_end = if boundary == start { end } else { boundary.min(end) };
    if fields & field::DEVICE != 0 {
        let device = item.region(0).u32_le(if item.region(0).len() == 52 { 20 } else { 24 })?;
        lay(inode, start, &device.to_be_bytes())?;
    }
    if description.regions == 2 {
        return Ok(());
    }
    let mut region = 2;
    for (mask, root, from, to) in [
        (field::DATA, field::DATA_ROOT, start, data_end),
        (field::ATTRIBUTES, field::ATTRIBUTES_ROOT, boundary.min(end), end),
    ] {
        if fields & mask == 0 {
            continue;
        }
        let logged = item.region(region);
        let fork = inode.get_mut(from..to).unwrap_or_default();
        if fields & root == 0 {
            // Lengths in the log are rounded up.
            let len = logged.len().min(fork.len());
            lay(fork, 0, logged.bytes(0, len)?)?;
        } else {
            lay_root(fork, &logged, superblock.has_checksums())?;
        }
        region += 1;
    }
    Ok(())
}

/// The root of a tree: its header shrinks, and the pointers move to behind the room for all keys of the fork.
fn lay_root(fork: &mut [u8], logged: &Record<'_>, has_checksums: bool) -> Result<(), FsError> {
    let header = if has_checksums { 72 } else { 24 };
    let (level, count) = (logged.bytes(4, 2)?, logged.bytes(6, 2)?);
    let len = usize::from(logged.u16_be(6)?).saturating_mul(8);
    let logged_room = logged.len().saturating_sub(header) / 16;
    let fork_room = fork.len().saturating_sub(4) / 16;
    lay(fork, 0, level)?;
    lay(fork, 2, count)?;
    lay(fork, 4, logged.bytes(header, len)?)?;
    lay(fork, 4 + fork_room * 8, logged.bytes(header + logged_room * 8, len)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_comes_in_the_other_order_of_bytes() {
        let mut core = vec![0; 176];
        core[..6].copy_from_slice(&[b'N', b'I', 0xED, 0x81, 3, 2]);
        core[8..12].copy_from_slice(&70_000_u32.to_le_bytes());
        core[32..40].copy_from_slice(&0x0102_0304_0506_0708_u64.to_le_bytes());
        core[120] = 8;
        let mut inode = vec![0xEE; 512];
        lay_core(&mut inode, &Record::new("core", &core), 77).unwrap();
        assert_eq!(inode[..6], [b'I', b'N', 0x81, 0xED, 3, 2]);
        assert_eq!(inode[8..12], 70_000_u32.to_be_bytes());
        assert_eq!(inode[32..40], [1, 2, 3, 4, 5, 6, 7, 8], "one number under bigtime");
        assert_eq!(inode[112..120], 77_u64.to_be_bytes());
        core[120] = 0;
        lay_core(&mut inode, &Record::new("core", &core), 77).unwrap();
        assert_eq!(inode[32..40], [5, 6, 7, 8, 1, 2, 3, 4], "two without");
    }

    #[test]
    fn the_pointers_of_a_root_move_to_the_room_of_the_fork() {
        let mut logged = vec![0; 72 + 2 * 16];
        logged[5] = 1;
        logged[7] = 2;
        logged[72..88].fill(0xAA);
        logged[88..104].fill(0xBB);
        let mut fork = vec![0; 4 + 5 * 16 + 3];
        lay_root(&mut fork, &Record::new("root", &logged), true).unwrap();
        assert_eq!(fork[..4], [0, 1, 0, 2]);
        assert_eq!(fork[4..20], [0xAA; 16]);
        assert_eq!(fork[44..60], [0xBB; 16]);
        logged[7] = 9;
        assert!(lay_root(&mut fork, &Record::new("root", &logged), true).is_err());
    }

    #[test]
    fn what_is_newer_on_the_disk_stays() {
        let (mut inode, core) = (vec![0; 176], vec![0; 176]);
        let newer = |inode: &[u8], lsn| {
            is_newer(&Record::new("inode", inode), &Record::new("core", &core), true, lsn).unwrap()
        };
        inode[119] = 9;
        assert!(newer(&inode, 8));
        assert!(!newer(&inode, 9), "the same age is no proof");
    }
}
