//! What the fuzz targets share: an input is a list of patches over a small sound image, because a fuzzer that
//! had to invent a superblock would never get behind it.

pub mod checksums;
pub mod feed;
pub mod reading;
pub mod seeds;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use assay::budget::Budget;
use assay_disk::budget::Budget as DiskBudget;
use assay_disk::bytes::{ReadError, Source, check_bounds};

use seeds::Seed;

const PAGE: u64 = 512;

/// A sound image, and bytes that replace some of it.
pub struct Patched {
    seed: &'static Seed,
    len: u64,
    /// Patched pages, by number.
    pages: BTreeMap<u64, [u8; PAGE as usize]>,
    /// Where the patches lie.
    touched: Vec<Range<u64>>,
}

impl Patched {
    /// Takes a list of patches out of `input`: place (3 bytes), length (1 byte), the bytes. The first byte
    /// chooses the seed; the second cuts off its end, from 200, and keeps wrong checksums wrong where it is odd.
    ///
    /// A place counts the bytes of the seed that are not in runs of zeros, so that it hits something; with the
    /// highest bit of the length it counts units of 64 bytes of the whole.
    pub fn new(seeds: &'static [Seed], input: &[u8]) -> Option<Self> {
        let [choice, kind, rest @ ..] = input else { return None };
        let seed = seeds.get(usize::from(*choice) % seeds.len().max(1))?;
        let len = if *kind < 200 { seed.len } else { seed.len / 56 * u64::from(255 - kind) };
        let mut patched = Self { seed, len, pages: BTreeMap::new(), touched: Vec::new() };
        let mut touched = Vec::new();
        let mut rest = rest;
        while let [a, b, c, len, more @ ..] = rest {
            let place = u64::from(u32::from_le_bytes([*a, *b, *c, 0]));
            let at = if *len < 128 { seed.place(place) } else { place * 64 % seed.len.max(1) };
            let (bytes, after) = more.split_at((usize::from(*len) % 64 + 1).min(more.len()));
            patched.put(at, bytes);
            touched.push(at..at + bytes.len() as u64);
            rest = after;
        }
        if kind % 2 == 0 {
            let touches =
                |at: u64, len: u64| touched.iter().any(|span| span.start < at + len && at < span.end);
            let sums = seed.sums.iter().filter(|sum| touches(sum.at, sum.len));
            sums.for_each(|sum| sum.renew(&mut patched));
        }
        patched.touched = touched;
        Some(patched)
    }

    /// The same, to be shared.
    pub fn shared(seeds: &'static [Seed], input: &[u8]) -> Option<(&'static Seed, Arc<dyn Source>)> {
        let patched = Self::new(seeds, input)?;
        Some((patched.seed, Arc::new(patched)))
    }

    /// All bytes of it; nothing of a large one.
    pub fn bytes(&self) -> Vec<u8> {
        self.get(0, if self.len > 40 << 20 { 0 } else { self.len as usize })
    }

    /// The image that is patched.
    pub fn seed(&self) -> &'static Seed {
        self.seed
    }

    /// Where the patches lie.
    pub fn touched(&self) -> &[Range<u64>] {
        &self.touched
    }

    /// `len` bytes; those behind the seed's end are zeros.
    fn get(&self, at: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.fill(at, &mut bytes);
        bytes
    }

    fn put(&mut self, at: u64, bytes: &[u8]) {
        for (at, byte) in (at..).zip(bytes) {
            let page = self.pages.entry(at / PAGE).or_insert_with(|| {
                let mut page = [0; PAGE as usize];
                self.seed.fill(at / PAGE * PAGE, &mut page);
                page
            });
            page[(at % PAGE) as usize] = *byte;
        }
    }

    fn fill(&self, at: u64, dst: &mut [u8]) {
        self.seed.fill(at, dst);
        let end = at + dst.len() as u64;
        for (number, page) in self.pages.range(at / PAGE..end.div_ceil(PAGE)) {
            seeds::lay(number * PAGE, page, at, dst);
        }
    }
}

impl Source for Patched {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_exact_at(&self, offset: u64, dst: &mut [u8]) -> Result<(), ReadError> {
        check_bounds(offset, dst.len(), self.len)?;
        self.fill(offset, dst);
        Ok(())
    }
}

/// Small limits: an input must not be slow because it is allowed to be.
pub fn disk_budget() -> DiskBudget {
    DiskBudget {
        entries: 200,
        directory_depth: 64,
        metadata_bytes: 4 << 20,
        extents: 4096,
        unpacked_image: 8 << 20,
        nested_volumes: 8,
        nested_depth: 2,
        ..DiskBudget::default()
    }
}

/// The same of a whole audit.
pub fn budget() -> Budget {
    Budget {
        disk: disk_budget(),
        whole_file: 1 << 20,
        file_data: 1 << 20,
        unpacked_bytes: 4 << 20,
        unpacked_total: 4 << 20,
        unpacked_ratio: 1100,
        archive_members: 200,
        archive_depth: 3,
        findings_per_file: 100,
        hole_bytes: 1 << 20,
        password_trial: 1_000_000,
        password_trials: 4_000_000,
        password_memory: 1 << 20,
        password_hashes: 10,
        ..Budget::default()
    }
}
