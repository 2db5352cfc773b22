//! Blocks of the maps of files, as they were: they are forgotten when the file is deleted, and stay where they were
//! written last.

use std::collections::BTreeMap;

use crate::bytes::Record;
use crate::fs::FsError;
use crate::fs::content::Map;
use crate::fs::ext::checksum::crc32c;
use crate::fs::ext::inode::{EXTENTS, Inode};
use crate::fs::ext::journal::{Copy, History};
use crate::fs::ext::mapping::{self, BlockOfMap};
use crate::fs::ext::volume::Volume;
use crate::fs::remains::Proof;

/// Finds them.
pub(super) struct Leaves<'a> {
    volume: &'a Volume,
    history: Option<&'a History<'a>>,
    /// Copies of blocks outside of the tables of inodes, by block, the oldest first.
    copies: BTreeMap<u64, Vec<&'a Copy>>,
}

impl<'a> Leaves<'a> {
    pub(super) fn new(volume: &'a Volume, history: Option<&'a History<'a>>) -> Self {
        let metadata = crate::fs::ext::free::metadata_spans(volume);
        let mut copies: BTreeMap<u64, Vec<&Copy>> = BTreeMap::new();
        for copy in history.into_iter().flat_map(|history| &history.copies) {
            if !super::is_within(&metadata, copy.fs_block) {
                copies.entry(copy.fs_block).or_default().push(copy);
            }
        }
        Self { volume, history, copies }
    }

    /// Where the content of `inode` lay as it was at `order`, and how sure the blocks of its map are.
    pub(super) fn map(&self, inode: &Inode, order: u64) -> (Map, Proof) {
        let mut proof = Proof::Checked;
        let map = mapping::map_by(self.volume, inode, &mut |number| {
            let (block, its) = self.find(inode, number, order)?;
            proof = proof.min(its);
            Ok(BlockOfMap { block, is_verified: true })
        });
        (map, proof)
    }

    /// Block `number` of the map of `inode` as it was at `order`, and how sure that is.
    fn find(&self, inode: &Inode, number: u64, order: u64) -> Result<(Vec<u8>, Proof), FsError> {
        let on_disk = self.volume.block(number)?;
        if self.is_proved(inode, &on_disk) {
            return Ok((on_disk, Proof::Checked));
        }
        let before = self.copies.get(&number).into_iter().flatten().rev();
        let read = |copy: &&Copy| Some((self.history?.read(copy).ok()?, copy.is_checked));
        for (block, is_checked) in before.filter(|copy| order == 0 || copy.order <= order).filter_map(read) {
            if self.is_proved(inode, &block) {
                return Ok((block, Proof::Checked));
            }
            if !self.volume.has_checksums() && is_plausible(inode, &block) {
                return Ok((block, if is_checked { Proof::Checked } else { Proof::Plausible }));
            }
        }
        if !self.volume.has_checksums() && is_plausible(inode, &on_disk) {
            return Ok((on_disk, Proof::Plausible));
        }
        let problem = format!("block {number} of the map was written over");
        Err(FsError::corrupt("inode", inode.number, problem))
    }

    /// Whether the block's checksum says that it is of this inode and this life.
    fn is_proved(&self, inode: &Inode, block: &[u8]) -> bool {
        if !self.volume.has_checksums() || !inode.has(EXTENTS) || !is_plausible(inode, block) {
            return false;
        }
        let record = Record::new("extent block", block);
        let Ok(most) = record.u16_le(4) else { return false };
        let tail = usize::from(most).saturating_mul(12).saturating_add(12);
        let (Ok(found), Ok(bytes)) = (record.u32_le(tail), record.bytes(0, tail)) else { return false };
        crc32c(inode.checksum_seed(self.volume.superblock.checksum_seed), bytes) == found
    }
}

/// Whether a block may be a part of the map of an inode.
fn is_plausible(inode: &Inode, block: &[u8]) -> bool {
    if !inode.has(EXTENTS) {
        // Pointers: some, and then none.
        let words = block.as_chunks::<4>().0;
        return words.first().is_some_and(|word| *word != [0; 4]);
    }
    let record = Record::new("extent block", block);
    let fields = (record.u16_le(0), record.u16_le(2), record.u16_le(4));
    matches!(fields, (Ok(0xF30A), Ok(entries), Ok(most)) if entries > 0 && entries <= most)
}
