//! Logical addresses to bytes: the devices at hand, every copy tried, every block of metadata checked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::block::{Block, Pointer};
use super::cache::Cache;
use super::chunk::ChunkMap;
use super::superblock::Superblock;
use crate::budget::Budget;
use crate::bytes::{Source, Span};
use crate::fs::FsError;

/// A device at hand.
pub(super) struct Device {
    pub(super) id: u64,
    pub(super) uuid: [u8; 16],
    pub(super) source: Arc<dyn Source>,
}

/// An opened file system below its trees.
pub(super) struct Volume {
    pub(super) superblock: Superblock,
    pub(super) devices: Vec<Device>,
    pub(super) chunks: ChunkMap,
    pub(super) budget: Budget,
    pub(super) cache: Cache,
    /// Blocks and sectors of which the first copy was bad and another one good.
    pub(super) repaired: AtomicU64,
}

impl Volume {
    /// Fills `dst` with the bytes at `logical` in the given copy.
    pub(super) fn read_copy(&self, mut logical: u64, copy: u64, mut dst: &mut [u8]) -> Result<(), FsError> {
        while !dst.is_empty() {
            let chunk = self.chunks.find(logical)?;
            let Some(run) = chunk.run(logical, copy) else {
                return Err(FsError::corrupt("logical address", logical, format!("has no copy {copy}")));
            };
            let len = usize::try_from(run.len).unwrap_or(usize::MAX).min(dst.len()).max(1);
            let (part, rest) = dst.split_at_mut_checked(len).unwrap_or_default();
            let known = |device: &&Device| device.id == run.stripe.device && device.uuid == run.stripe.uuid;
            let device = self.devices.iter().find(known).ok_or_else(|| {
                FsError::corrupt(
                    "device",
                    run.stripe.device,
                    format!("is missing; it holds logical address {logical}"),
                )
            })?;
            device.source.read_exact_at(run.physical, part)?;
            logical = logical.saturating_add(len as u64);
            dst = rest;
        }
        Ok(())
    }

    /// Where the first copy of `len` bytes at `logical` lies on the one device there is; nowhere, where it has no place.
    pub(super) fn runs(&self, mut logical: u64, mut len: u64) -> Vec<Span> {
        let mut runs = Vec::new();
        while len > 0 {
            let Some(run) = self.chunks.find(logical).ok().and_then(|chunk| chunk.run(logical, 0)) else {
                break;
            };
            let part = run.len.min(len).max(1);
            runs.push(Span::new(run.physical, part));
            logical = logical.saturating_add(part);
            len = len.saturating_sub(part);
        }
        runs
    }

    /// How many copies there are of the byte at `logical`.
    pub(super) fn copies(&self, logical: u64) -> Result<u64, FsError> {
        Ok(self.chunks.find(logical)?.copies())
    }

    /// The block that `pointer` means, from the first copy of it that is sound.
    pub(super) fn block(&self, pointer: &Pointer) -> Result<Arc<Block>, FsError> {
        if let Some(block) = self.cache.get(pointer.logical) {
            block.expect(pointer)?;
            return Ok(block);
        }
        let mut first_error = None;
        for copy in 0..self.copies(pointer.logical)? {
            let mut bytes = vec![0; self.superblock.node_size as usize];
            let read = self.read_copy(pointer.logical, copy, &mut bytes);
            match read.and_then(|()| Block::parse(&self.superblock, pointer, bytes)) {
                Ok(block) => {
                    if copy > 0 {
                        self.repaired.fetch_add(1, Ordering::Relaxed);
                    }
                    let block = Arc::new(block);
                    self.cache.put(&block);
                    return Ok(block);
                }
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        Err(first_error.unwrap_or_else(|| FsError::corrupt("tree block", pointer.logical, "has no copy")))
    }
}
