//! Extended attributes: in the inode, in leaves of a hashed tree, and large values in blocks of their own.
//!
//! Reference: *XFS Algorithms & Data Structures*, "Extended Attributes"; `fs/xfs/libxfs/xfs_attr_leaf.c`.

use std::collections::BTreeSet;

use super::acl;
use super::checksum;
use super::inode::{ForkKind, Format, Inode};
use super::mapping::{self, Run};
use super::volume::Volume;
use crate::bytes::Record;
use crate::fs::{Attribute, FsError};

/// Linux allows no larger value.
const MAX_VALUE: u32 = 65536;
/// The kernel knows no higher tree.
const MAX_LEVEL: u16 = 5;

/// Flags of an entry.
mod flag {
    pub(super) const LOCAL: u8 = 1;
    pub(super) const ROOT: u8 = 2;
    pub(super) const SECURE: u8 = 4;
    /// The entry points to a directory that holds the file: for repairs, shown to nobody.
    pub(super) const PARENT: u8 = 8;
    /// It is being made or removed.
    pub(super) const INCOMPLETE: u8 = 0x80;
}

/// All attributes with their full names, sorted, as the kernel lists them to root.
pub(super) fn read(volume: &Volume, inode: &Inode) -> Result<Vec<Attribute>, FsError> {
    let fork = inode.fork(ForkKind::Attributes);
    let mut listing = Listing { volume, inode, runs: Vec::new(), found: Vec::new() };
    if fork.bytes.is_empty() {
        return Ok(Vec::new());
    }
    if fork.format == Format::Local {
        listing.short(&Record::new("attributes in the inode", fork.bytes))?;
    } else if fork.format == Format::Btree || fork.extents > 0 {
        let mapping::Runs { runs, damage, .. } = mapping::runs(volume, inode, ForkKind::Attributes);
        listing.runs = runs;
        listing.leaves()?;
        damage.map_or(Ok(()), Err)?;
    }
    listing.found.sort();
    Ok(listing.found)
}

struct Listing<'a> {
    volume: &'a Volume,
    inode: &'a Inode,
    runs: Vec<Run>,
    found: Vec<Attribute>,
}

impl Listing<'_> {
    fn short(&mut self, record: &Record<'_>) -> Result<(), FsError> {
        let mut offset = 4;
        for _ in 0..record.u8(2)? {
            let (name_len, value_len) =
                (usize::from(record.u8(offset)?), usize::from(record.u8(offset + 1)?));
            let flags = record.u8(offset + 2)?;
            let name = record.bytes(offset + 3, name_len)?;
            let value = record.bytes(offset + 3 + name_len, value_len)?;
            self.add(flags, name, value.to_vec());
            offset = offset + 3 + name_len + value_len;
        }
        Ok(())
    }

    /// Goes down to the first leaf, then from leaf to leaf.
    fn leaves(&mut self) -> Result<(), FsError> {
        let mut visited = BTreeSet::new();
        let mut at = self.first_leaf(&mut visited)?;
        loop {
            let block = self.da_block(at, &mut visited)?;
            let record = Record::new("attribute leaf", &block);
            if !matches!(record.u16_be(8)?, 0xFBEE | 0x3BEE) {
                return Err(self.corrupt(format!("block {at}: no leaf")));
            }
            self.leaf(&record)?;
            match record.u32_be(0)? {
                0 => return Ok(()),
                next => at = next,
            }
        }
    }

    fn first_leaf(&self, visited: &mut BTreeSet<u32>) -> Result<u32, FsError> {
        let header = if self.volume.has_checksums() { 56 } else { 12 };
        let mut at = 0;
        let mut above = MAX_LEVEL + 1;
        loop {
            let block = self.da_block(at, visited)?;
            let record = Record::new("attribute node", &block);
            if !matches!(record.u16_be(8)?, 0xFEBE | 0x3EBE) {
                visited.remove(&at);
                return Ok(at);
            }
            let (count, level) = (record.u16_be(header)?, record.u16_be(header + 2)?);
            if count == 0 || level == 0 || level >= above {
                return Err(self.corrupt(format!("node {at}: level {level} of {count} entries")));
            }
            above = level;
            let entries = if self.volume.has_checksums() { 64 } else { 16 };
            at = record.u32_be(entries + 4)?;
        }
    }

    /// Block `at` of the fork, which is visited once.
    fn da_block(&self, at: u32, visited: &mut BTreeSet<u32>) -> Result<Vec<u8>, FsError> {
        if !visited.insert(at) {
            return Err(self.corrupt(format!("block {at} is used twice")));
        }
        let block = self.fork_block(at.into())?;
        self.volume.verify_of_inode(self.inode.number, &block, checksum::DA_BLOCK);
        Ok(block)
    }

    fn fork_block(&self, at: u64) -> Result<Vec<u8>, FsError> {
        let index = self.runs.partition_point(|run| run.start <= at).checked_sub(1);
        let place = index.and_then(|index| self.runs.get(index)).and_then(|run| {
            let skipped = at.checked_sub(run.start).filter(|&skipped| skipped < run.count)?;
            run.block.checked_add(skipped)
        });
        match place {
            Some(block) => self.volume.block(block),
            None => Err(self.corrupt(format!("block {at} is not mapped"))),
        }
    }

    fn leaf(&mut self, record: &Record<'_>) -> Result<(), FsError> {
        let (counts, entries) = if self.volume.has_checksums() { (56, 80) } else { (12, 32) };
        for index in 0..usize::from(record.u16_be(counts)?) {
            let entry = record.part("attribute entry", entries + index * 8, 8)?;
            let (place, flags) = (usize::from(entry.u16_be(4)?), entry.u8(6)?);
            if flags & (flag::INCOMPLETE | flag::PARENT) != 0 {
                continue;
            }
            if flags & flag::LOCAL != 0 {
                let value_len = usize::from(record.u16_be(place)?);
                let name_len = usize::from(record.u8(place + 2)?);
                let value = record.bytes(place + 3 + name_len, value_len)?.to_vec();
                self.add(flags, record.bytes(place + 3, name_len)?, value);
            } else {
                let (at, len) = (record.u32_be(place)?, record.u32_be(place + 4)?);
                let name_len = usize::from(record.u8(place + 8)?);
                let value = self.remote(at, len)?;
                self.add(flags, record.bytes(place + 9, name_len)?, value);
            }
        }
        Ok(())
    }

    /// A value of `len` bytes in the blocks of the fork from `at` on; version 5 heads each of them.
    fn remote(&self, at: u32, len: u32) -> Result<Vec<u8>, FsError> {
        if len > MAX_VALUE {
            return Err(self.corrupt(format!("a value of {len} bytes")));
        }
        let len = len as usize;
        let mut value = Vec::new();
        let mut at = u64::from(at);
        while value.len() < len {
            let block = self.fork_block(at)?;
            let part = if self.volume.has_checksums() { self.payload(at, &block)? } else { &block };
            let wanted = len.saturating_sub(value.len());
            value.extend_from_slice(part.get(..wanted).unwrap_or(part));
            at = at.saturating_add(1);
        }
        Ok(value)
    }

    fn payload<'b>(&self, at: u64, block: &'b [u8]) -> Result<&'b [u8], FsError> {
        let record = Record::new("attribute value", block);
        let len = record.u32_be(8)? as usize;
        if record.bytes(0, 4)? != b"XARM" || len == 0 {
            return Err(self.corrupt(format!("block {at}: no part of a value, or an empty one")));
        }
        self.volume.verify_of_inode(self.inode.number, block, checksum::REMOTE);
        Ok(record.bytes(56, len)?)
    }

    fn add(&mut self, flags: u8, name: &[u8], value: Vec<u8>) {
        if flags & (flag::INCOMPLETE | flag::PARENT) != 0 {
            return;
        }
        let space: &[u8] = match flags & (flag::ROOT | flag::SECURE) {
            0 => b"user.",
            flag::ROOT => b"trusted.",
            _ => b"security.",
        };
        // The kernel shows an access list under both names.
        if let Some(shown) = acl::shown_name(flags & flag::ROOT != 0, name)
            && let Some(list) = acl::shown_value(&value)
        {
            self.found.push((shown.to_vec(), list));
        }
        self.found.push(([space, name].concat(), value));
    }

    fn corrupt(&self, problem: String) -> FsError {
        FsError::corrupt("attributes of inode", self.inode.number, problem)
    }
}
