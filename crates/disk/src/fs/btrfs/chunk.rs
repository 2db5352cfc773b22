//! Chunks: where logical addresses lie on the devices, for every RAID profile.
//!
//! Reference: `struct btrfs_chunk`, and `btrfs_map_block` in `fs/btrfs/volumes.c`.

use std::collections::BTreeMap;

use super::key::{KEY_SIZE, Key, kind};
use crate::bytes::Record;
use crate::fs::FsError;

/// Flags of chunks that hold blocks of trees.
const SYSTEM: u64 = 2;
const METADATA: u64 = 4;

/// How the stripes of a chunk are filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// Every stripe holds everything: single, DUP, RAID 1.
    Mirrored,
    /// RAID 0 (groups of one) and RAID 10: stripes of a group hold the same.
    Striped { group: u64 },
    /// RAID 5 and 6: so many stripes of each row are parity, and they rotate.
    Parity { parity: u64 },
}

/// Where one stripe of a chunk begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stripe {
    pub(super) device: u64,
    pub(super) offset: u64,
    pub(super) uuid: [u8; 16],
}

/// A run of logical addresses, and its stripes.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub(super) logical: u64,
    pub(super) len: u64,
    /// What it is for, and its profile.
    flags: u64,
    layout: Layout,
    stripe_len: u64,
    pub(super) stripes: Vec<Stripe>,
}

/// A piece of a chunk in one piece on one device.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) stripe: Stripe,
    /// Byte offset on the device.
    pub(super) physical: u64,
    /// Bytes from there on that lie in order.
    pub(super) len: u64,
}

impl Chunk {
    /// The chunk at `logical`, and how many bytes of `record` from `at` on describe it.
    fn parse(logical: u64, record: &Record<'_>, at: usize) -> Result<(Self, usize), FsError> {
        let at = |offset: usize| at.saturating_add(offset);
        let corrupt = |problem: String| FsError::corrupt("chunk", logical, problem);
        let len = record.u64_le(at(0))?;
        let stripe_len = record.u64_le(at(16))?;
        let profile = record.u64_le(at(24))?;
        let count = record.u16_le(at(44))?;
        let group = record.u16_le(at(46))?;
        let mut stripes = Vec::new();
        for index in 0..usize::from(count) {
            let at = at(48 + index * 32);
            stripes.push(Stripe {
                device: record.u64_le(at)?,
                offset: record.u64_le(at.saturating_add(8))?,
                uuid: record.array(at.saturating_add(16))?,
            });
        }
        let layout = layout(profile, group.into()).map_err(&corrupt)?;
        let enough = match layout {
            Layout::Mirrored => count > 0,
            Layout::Striped { group } => count > 0 && group > 0 && u64::from(count).is_multiple_of(group),
            Layout::Parity { parity } => u64::from(count) > parity,
        };
        if !enough || len == 0 || logical.checked_add(len).is_none() {
            return Err(corrupt(format!("{len} bytes in {count} stripes, profile {profile:#x}")));
        }
        if !stripe_len.is_power_of_two() || !(4096..=1 << 30).contains(&stripe_len) {
            return Err(corrupt(format!("stripes of {stripe_len} bytes")));
        }
        let size = 48 + usize::from(count) * 32;
        Ok((Self { logical, len, flags: profile, layout, stripe_len, stripes }, size))
    }

    /// Whether it holds blocks of trees.
    pub(super) const fn holds_blocks(&self) -> bool {
        self.flags & (SYSTEM | METADATA) != 0
    }

    /// How many copies there are of each byte.
    pub(super) fn copies(&self) -> u64 {
        match self.layout {
            Layout::Mirrored => self.stripes.len() as u64,
            Layout::Striped { group } => group,
            Layout::Parity { .. } => 1,
        }
    }

    /// How many stripes of a row hold different bytes.
    pub(super) fn data_stripes(&self) -> u64 {
        let count = self.stripes.len() as u64;
        match self.layout {
            Layout::Mirrored => 1,
            Layout::Striped { group } => count / group,
            Layout::Parity { parity } => count.saturating_sub(parity),
        }
    }

    /// Where the byte at `logical` lies in the given copy, and how many follow it there.
    pub(super) fn run(&self, logical: u64, copy: u64) -> Option<Run> {
        let offset = logical.checked_sub(self.logical).filter(|&offset| offset < self.len)?;
        let left = self.len.saturating_sub(offset);
        let count = self.stripes.len() as u64;
        let within = offset % self.stripe_len;
        let number = offset / self.stripe_len;
        let (index, skip, len) = match self.layout {
            Layout::Mirrored => (copy, offset, left),
            Layout::Striped { group } => {
                let groups = count / group;
                let row = number / groups;
                ((number % groups).saturating_mul(group).saturating_add(copy), self.row(row, within), left)
            }
            Layout::Parity { parity } => {
                let data = count.saturating_sub(parity);
                let row = number / data;
                ((row.saturating_add(number % data)) % count, self.row(row, within), left)
            }
        };
        let len = match self.layout {
            Layout::Mirrored => len,
            _ => len.min(self.stripe_len.saturating_sub(within)),
        };
        let stripe = *self.stripes.get(usize::try_from(index).ok()?)?;
        Some(Run { stripe, physical: stripe.offset.checked_add(skip)?, len })
    }

    const fn row(&self, row: u64, within: u64) -> u64 {
        row.saturating_mul(self.stripe_len).saturating_add(within)
    }
}

fn layout(profile: u64, group: u64) -> Result<Layout, String> {
    let bits = profile >> 3 & 0xff;
    Ok(match bits {
        0 | 0x02 | 0x04 | 0x40 | 0x80 => Layout::Mirrored,
        0x01 => Layout::Striped { group: 1 },
        0x08 => Layout::Striped { group },
        0x10 => Layout::Parity { parity: 1 },
        0x20 => Layout::Parity { parity: 2 },
        _ => return Err(format!("profile {profile:#x}")),
    })
}

/// All chunks that are known, by logical address.
#[derive(Clone, Debug, Default)]
pub(super) struct ChunkMap {
    chunks: BTreeMap<u64, Chunk>,
}

impl ChunkMap {
    /// The chunks of the superblock: enough to read the chunk tree.
    pub(super) fn of_superblock(array: &[u8]) -> Result<Self, FsError> {
        let record = Record::new("system chunks", array);
        let mut map = Self::default();
        let mut at = 0_usize;
        while at < array.len() {
            let key = Key::parse(&record, at)?;
            if key.kind != kind::CHUNK {
                return Err(FsError::corrupt(
                    "system chunks",
                    at as u64,
                    format!("an item of kind {}", key.kind),
                ));
            }
            at = at.saturating_add(KEY_SIZE);
            let (chunk, size) = Chunk::parse(key.offset, &record, at)?;
            at = at.saturating_add(size);
            map.chunks.insert(chunk.logical, chunk);
        }
        Ok(map)
    }

    /// Takes an item of the chunk tree.
    pub(super) fn add(&mut self, key: Key, item: &[u8]) -> Result<(), FsError> {
        let (chunk, _) = Chunk::parse(key.offset, &Record::new("chunk item", item), 0)?;
        self.chunks.insert(chunk.logical, chunk);
        Ok(())
    }

    /// The chunk that holds the byte at `logical`.
    ///
    /// # Errors
    /// [`FsError::Corrupt`], if there is none.
    pub(super) fn find(&self, logical: u64) -> Result<&Chunk, FsError> {
        let before = self.chunks.range(..=logical).next_back().map(|(_, chunk)| chunk);
        before
            .filter(|chunk| logical.saturating_sub(chunk.logical) < chunk.len)
            .ok_or_else(|| FsError::corrupt("logical address", logical, "lies in no chunk"))
    }

    /// All chunks, by logical address.
    pub(super) fn all(&self) -> impl Iterator<Item = &Chunk> {
        self.chunks.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chunk of 1 MiB at logical 1 MiB with `count` stripes, each at 1 MiB of the device of its number.
    fn chunk(profile: u64, count: u16, group: u16) -> Result<Chunk, FsError> {
        let mut item = vec![0; 48 + usize::from(count) * 32];
        item[..8].copy_from_slice(&(1_u64 << 20).to_le_bytes());
        item[16..24].copy_from_slice(&65536_u64.to_le_bytes());
        item[24..32].copy_from_slice(&(profile | 1).to_le_bytes());
        item[44..46].copy_from_slice(&count.to_le_bytes());
        item[46..48].copy_from_slice(&group.to_le_bytes());
        for index in 0..usize::from(count) {
            let at = 48 + index * 32;
            item[at..at + 8].copy_from_slice(&(index as u64 + 1).to_le_bytes());
            item[at + 8..at + 16].copy_from_slice(&(1_u64 << 20).to_le_bytes());
        }
        Ok(Chunk::parse(1 << 20, &Record::new("chunk item", &item), 0)?.0)
    }

    /// Device, offset there from the stripe's start, and length of the run.
    fn place(chunk: &Chunk, offset: u64, copy: u64) -> (u64, u64, u64) {
        let run = chunk.run((1 << 20) + offset, copy).unwrap();
        (run.stripe.device, run.physical - (1 << 20), run.len)
    }

    #[test]
    fn every_profile_finds_its_bytes() {
        let single = chunk(0, 1, 0).unwrap();
        assert_eq!(place(&single, 70_000, 0), (1, 70_000, (1 << 20) - 70_000));
        let mirrored = chunk(1 << 4, 2, 0).unwrap();
        assert_eq!(place(&mirrored, 70_000, 1), (2, 70_000, (1 << 20) - 70_000));
        let striped = chunk(1 << 3, 3, 0).unwrap();
        assert_eq!(place(&striped, 4 * 65536 + 5, 0), (2, 65536 + 5, 65531));
        let ten = chunk(1 << 6, 4, 2).unwrap();
        assert_eq!(place(&ten, 3 * 65536, 1), (4, 65536, 65536));
        let five = chunk(1 << 7, 3, 0).unwrap();
        assert_eq!(place(&five, 65536, 0), (2, 0, 65536));
        assert_eq!(place(&five, 3 * 65536, 0), (3, 65536, 65536));
    }

    #[test]
    fn impossible_chunks_are_corrupt() {
        assert!(chunk(0, 0, 0).is_err());
        assert!(chunk(1 << 6, 4, 0).is_err());
        assert!(chunk(1 << 6, 3, 2).is_err());
        assert!(chunk(1 << 8, 2, 0).is_err());
        assert!(chunk(3 << 3, 2, 0).is_err());
        assert!(chunk(0, 1, 0).unwrap().run(2 << 20, 0).is_none());
    }
}
