//! Content of files: read from a copy whose checksums are right; where none is, as it stands, and counted.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use super::block::Pointer;
use super::key::{Key, kind, object};
use super::tree::{self, From};
use super::volume::Volume;
use crate::fs::FsError;

/// Bytes that are read and checked at once.
const PIECE: usize = 1 << 20;

/// Checksums of data.
#[derive(Default)]
pub(super) struct DataChecksums {
    /// The tree of checksums; none if it cannot be found.
    pub(super) root: Option<Pointer>,
    /// What the log adds: checksums of sectors one after the other, by logical address.
    pub(super) logged: BTreeMap<u64, Vec<u8>>,
}

/// Sectors that were handed on though no copy of them has the right checksum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Damage {
    pub(super) sectors: u64,
    /// Logical address of the first.
    pub(super) first: u64,
}

/// Content below the nodes.
pub(super) struct Data<'a> {
    pub(super) volume: &'a Volume,
    pub(super) checksums: &'a DataChecksums,
}

impl Data<'_> {
    /// Fills `dst` with the bytes at `logical`, which need not be at the start of a sector.
    pub(super) fn read(
        &self,
        mut logical: u64,
        mut dst: &mut [u8],
        checked: bool,
        damage: &mut Damage,
    ) -> Result<(), FsError> {
        let sector = self.volume.superblock.sector_size as usize;
        while !dst.is_empty() {
            let skip = usize::try_from(logical % sector as u64).unwrap_or_default();
            let whole = dst.len().min(PIECE) / sector * sector;
            let len = if skip > 0 || whole == 0 { dst.len().min(sector.saturating_sub(skip)) } else { whole };
            let (part, rest) = dst.split_at_mut_checked(len).unwrap_or_default();
            if skip == 0 && part.len() >= sector {
                self.sectors(logical, part, checked, damage)?;
            } else {
                let mut bytes = vec![0; sector];
                self.sectors(logical.saturating_sub(skip as u64), &mut bytes, checked, damage)?;
                if let Some(found) = bytes.get(skip..skip.saturating_add(part.len())) {
                    part.copy_from_slice(found);
                }
            }
            logical = logical.saturating_add(len as u64);
            dst = rest;
        }
        Ok(())
    }

    /// Fills `dst` with whole sectors.
    fn sectors(
        &self,
        logical: u64,
        dst: &mut [u8],
        checked: bool,
        damage: &mut Damage,
    ) -> Result<(), FsError> {
        let copies = self.volume.copies(logical)?;
        let stored = if checked { self.stored(logical, dst.len()) } else { Vec::new() };
        let mut read = Err(FsError::corrupt("logical address", logical, "has no copy"));
        let mut used = 0;
        for copy in 0..copies {
            used = copy;
            read = self.volume.read_copy(logical, copy, dst);
            if read.is_ok() {
                break;
            }
        }
        read?;
        if used > 0 {
            self.volume.repaired.fetch_add(1, Ordering::Relaxed);
        }
        let sector = self.volume.superblock.sector_size as usize;
        let mut at = logical;
        for (bytes, stored) in dst.chunks_exact_mut(sector).zip(&stored) {
            let good = |bytes: &[u8]| {
                stored.as_ref().is_none_or(|stored| self.volume.superblock.checksum.matches(bytes, stored))
            };
            if !good(bytes) && !self.replace(at, bytes, copies, &good) {
                damage.first = if damage.sectors == 0 { at } else { damage.first };
                damage.sectors = damage.sectors.saturating_add(1);
            }
            at = at.saturating_add(sector as u64);
        }
        Ok(())
    }

    /// Takes a sector from another copy that is good.
    fn replace(&self, logical: u64, dst: &mut [u8], copies: u64, good: &dyn Fn(&[u8]) -> bool) -> bool {
        let mut bytes = vec![0; dst.len()];
        let sound = |copy| self.volume.read_copy(logical, copy, &mut bytes).is_ok() && good(&bytes);
        let found = copies > 1 && (0..copies).any(sound);
        if found {
            dst.copy_from_slice(&bytes);
            self.volume.repaired.fetch_add(1, Ordering::Relaxed);
        }
        found
    }

    /// The checksum of each sector of `len` bytes at `logical`, where there is one: content that is
    /// overwritten in place has none.
    fn stored(&self, logical: u64, len: usize) -> Vec<Option<Vec<u8>>> {
        let sector = self.volume.superblock.sector_size as usize;
        let mut found = vec![None; len / sector];
        if let Some(root) = &self.checksums.root {
            let key = |at| Key::new(object::CSUMS, kind::EXTENT_CSUM, at);
            let range = (key(logical), key(logical.saturating_add(len as u64).saturating_sub(1)));
            // Where the tree is damaged, there is nothing to compare with: it was noted at the start.
            let _unknown = tree::scan(self.volume, root, range, From::Covering, &mut |item| {
                if item.key.object == object::CSUMS && item.key.kind == kind::EXTENT_CSUM {
                    self.take(&mut found, logical, item.key.offset, item.data);
                }
                Ok(ControlFlow::Continue(()))
            });
        }
        for (&at, sums) in self.checksums.logged.range(..logical.saturating_add(len as u64)) {
            self.take(&mut found, logical, at, sums);
        }
        found
    }

    /// Puts checksums of the sectors from `at` on in their places.
    fn take(&self, found: &mut [Option<Vec<u8>>], logical: u64, at: u64, sums: &[u8]) {
        let sector = u64::from(self.volume.superblock.sector_size);
        let size = self.volume.superblock.checksum.size();
        let skipped = usize::try_from(logical.saturating_sub(at) / sector).unwrap_or(usize::MAX);
        let first = usize::try_from(at.saturating_sub(logical) / sector).unwrap_or(usize::MAX);
        let places = found.get_mut(first..).unwrap_or_default();
        for (place, sum) in places.iter_mut().zip(sums.chunks_exact(size).skip(skipped)) {
            *place = Some(sum.to_vec());
        }
    }
}
