//! Items that change a buffer: pieces of 128 bytes, told by a bitmap.

use super::area::BLOCK;
use super::kind;
use super::replay::Replay;
use super::transaction::Item;
use crate::fs::FsError;
use crate::fs::xfs::checksum;

/// Bytes that one bit of the map stands for.
const CHUNK: usize = 128;
/// Where an inode keeps the next of those deleted while open.
const NEXT_UNLINKED: usize = 96;

/// Flags of the item.
pub(super) mod flag {
    /// Of these inodes, only the chain of deleted ones is changed by this item.
    pub(in crate::fs::xfs::log) const INODES: u16 = 1;
    /// The buffer was freed: what was logged before is not to be replayed.
    pub(in crate::fs::xfs::log) const CANCEL: u16 = 2;
    /// Quotas of users, projects and groups.
    pub(in crate::fs::xfs::log) const QUOTA: u16 = 0x1C;
}

/// The flags of a buffer item.
pub(super) fn flags(item: &Item) -> u16 {
    item.region(0).u16_le(4).unwrap_or(0)
}

/// Place and length of the buffer, in blocks of the log.
pub(super) fn place(item: &Item) -> Result<(u64, u64), FsError> {
    let record = item.region(0);
    Ok((record.u64_le(8)?, record.u16_le(6)?.into()))
}

impl Replay<'_> {
    pub(super) fn buffer(&mut self, item: &Item, lsn: u64) -> Result<(), FsError> {
        let (place, flags) = (place(item)?, flags(item));
        if flags & flag::CANCEL != 0 {
            self.forget_cancel(place);
            return Ok(());
        }
        if self.is_cancelled(place) {
            return Ok(());
        }
        if flags & flag::QUOTA != 0 {
            self.quota();
            return Ok(());
        }
        let offset = place.0.saturating_mul(BLOCK);
        let mut bytes = self.read(offset, usize::try_from(place.1.saturating_mul(BLOCK)).unwrap_or(0))?;
        let superblock = &self.volume.superblock;
        let (has_checksums, inode_size) = (superblock.has_checksums(), usize::from(superblock.inode_size));
        if has_checksums && kind::age(&bytes, &superblock.metadata_uuid).is_some_and(|age| age >= lsn) {
            return Ok(());
        }
        for (start, piece) in pieces(item)? {
            if flags & flag::INODES == 0 {
                lay(&mut bytes, start, piece)?;
            } else {
                lay_chains(&mut bytes, start, piece, inode_size)?;
            }
        }
        if has_checksums && flags & flag::INODES == 0 {
            renew(&mut bytes, inode_size);
        }
        self.write(offset, &bytes)
    }
}

/// The changed pieces: their place in the buffer, and their bytes.
pub(super) fn pieces(item: &Item) -> Result<Vec<(usize, &[u8])>, FsError> {
    let record = item.region(0);
    let words = record.u32_le(16)? as usize;
    let map = record.bytes(20, words.saturating_mul(4))?;
    let is_set = |bit: usize| map.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1);
    let mut found = Vec::new();
    let mut regions = item.regions.iter().skip(1);
    let mut bit = 0;
    while bit < map.len() * 8 {
        if !is_set(bit) {
            bit += 1;
            continue;
        }
        let set = (bit..map.len() * 8).take_while(|&bit| is_set(bit)).count();
        let region = regions.next().map_or(&[][..], Vec::as_slice);
        // A run of bits may come in several regions, where the buffer is in several pages.
        let count = set.min(region.len() / CHUNK);
        if count == 0 {
            return Err(FsError::corrupt("log item", bit as u64, "a bit of the map without a region"));
        }
        found.push((bit * CHUNK, region.get(..count * CHUNK).unwrap_or(region)));
        bit += count;
    }
    Ok(found)
}

/// Copies `piece` to `start` of `bytes`.
pub(super) fn lay(bytes: &mut [u8], start: usize, piece: &[u8]) -> Result<(), FsError> {
    let end = start.saturating_add(piece.len());
    match bytes.get_mut(start..end) {
        Some(place) => {
            place.copy_from_slice(piece);
            Ok(())
        }
        None => Err(FsError::corrupt("log item", start as u64, format!("{} bytes do not fit", piece.len()))),
    }
}

/// Copies of `piece` only where an inode keeps the next of the deleted ones.
fn lay_chains(bytes: &mut [u8], start: usize, piece: &[u8], inode_size: usize) -> Result<(), FsError> {
    let mut inode = start.saturating_sub(NEXT_UNLINKED).next_multiple_of(inode_size);
    while let Some(next) =
        (inode + NEXT_UNLINKED).checked_sub(start).and_then(|at| piece.get(at..at.saturating_add(4)))
    {
        lay(bytes, inode + NEXT_UNLINKED, next)?;
        if let Some(record) = bytes.get_mut(inode..inode.saturating_add(inode_size))
            && record.get(4).is_some_and(|&version| version >= 3)
        {
            checksum::renew(record, checksum::INODE);
        }
        inode = inode.saturating_add(inode_size);
    }
    Ok(())
}

/// Renews the checksums of a buffer: of each inode, or of the whole.
fn renew(bytes: &mut [u8], inode_size: usize) {
    if !bytes.starts_with(b"IN") {
        kind::renew_checksum(bytes);
        return;
    }
    for inode in bytes.chunks_exact_mut(inode_size) {
        checksum::renew(inode, checksum::INODE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(map: u32, regions: &[usize]) -> Item {
        let mut format = vec![0; 20];
        format[16] = 1;
        format.extend(map.to_le_bytes());
        let regions = regions.iter().zip(1_u8..).map(|(&len, fill)| vec![fill; len]);
        Item { regions: std::iter::once(format).chain(regions).collect(), ..Item::default() }
    }

    fn places(item: &Item) -> Vec<(usize, usize, u8)> {
        pieces(item).unwrap().iter().map(|(start, piece)| (*start, piece.len(), piece[0])).collect()
    }

    #[test]
    fn bits_tell_where_regions_belong() {
        assert_eq!(places(&item(0b1011, &[256, 128])), [(0, 256, 1), (384, 128, 2)]);
    }

    #[test]
    fn a_run_of_bits_may_come_in_two_regions() {
        assert_eq!(places(&item(0b111, &[128, 256])), [(0, 128, 1), (128, 256, 2)]);
    }

    #[test]
    fn of_a_buffer_of_inodes_only_the_chains_change() {
        let mut bytes = vec![0; 1024];
        lay_chains(&mut bytes, 512, &[7; 256], 256).unwrap();
        let changed: Vec<usize> = (0..1024).filter(|&at| bytes[at] == 7).collect();
        assert_eq!(changed, [608, 609, 610, 611]);
        lay_chains(&mut bytes, 128, &[9; 128], 256).unwrap();
        assert!(!bytes.contains(&9), "no chain in the second half of an inode");
    }

    #[test]
    fn a_bit_without_a_region_is_corrupt() {
        assert!(pieces(&item(0b101, &[128])).is_err());
        assert!(pieces(&item(1, &[100])).is_err());
    }
}
