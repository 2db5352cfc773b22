//! The images of `fuzz/seeds/`, made by `fuzz/seeds.sh`: kept without their zeros, so that large ones are small.

use std::path::Path;
use std::sync::OnceLock;

use crate::checksums::{self, Sum};

const UNIT: usize = 512;

/// A sound image.
pub struct Seed {
    /// Name of its file.
    pub name: String,
    /// Length in bytes.
    pub len: u64,
    /// What is not zero: its place in the image, its place among the parts, the bytes.
    parts: Vec<(u64, u64, Vec<u8>)>,
    /// Checksums that are made right again after a patch.
    pub sums: Vec<Sum>,
}

/// Seeds, read once.
pub type Seeds = OnceLock<Vec<Seed>>;

/// The seeds whose names begin with one of `prefixes`.
pub fn cached(cell: &'static Seeds, prefixes: &[&str]) -> &'static [Seed] {
    cell.get_or_init(|| load(prefixes))
}

fn load(prefixes: &[&str]) -> Vec<Seed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|_| panic!("run fuzz/seeds.sh first"));
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let named =
        |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let wanted = |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix));
    let names = paths.iter().map(|path| (path, named(path))).filter(|(_, name)| wanted(name));
    let seeds: Vec<Seed> =
        names.map(|(path, name)| Seed::new(name, &std::fs::read(path).unwrap_or_default())).collect();
    assert!(!seeds.is_empty(), "no seeds called {prefixes:?}: run fuzz/seeds.sh");
    seeds
}

impl Seed {
    /// Of these bytes.
    pub fn new(name: String, bytes: &[u8]) -> Self {
        let mut parts: Vec<(u64, u64, Vec<u8>)> = Vec::new();
        let mut before = 0;
        for (number, unit) in bytes.chunks(UNIT).enumerate() {
            if unit.iter().all(|&byte| byte == 0) {
                continue;
            }
            let at = (number * UNIT) as u64;
            match parts.last_mut().filter(|(start, _, part)| start + part.len() as u64 == at) {
                Some((.., part)) => part.extend_from_slice(unit),
                None => parts.push((at, before, unit.to_vec())),
            }
            before += unit.len() as u64;
        }
        Self { name, len: bytes.len() as u64, parts, sums: checksums::find(bytes) }
    }

    /// The place in the image of a byte among those that are not zero.
    pub fn place(&self, number: u64) -> u64 {
        let total = self.parts.last().map_or(1, |(_, before, part)| before + part.len() as u64);
        let number = number % total;
        let next = self.parts.partition_point(|(_, before, _)| *before <= number);
        self.parts.get(next.saturating_sub(1)).map_or(0, |(at, before, _)| at + (number - before))
    }

    /// Fills `dst` with the bytes at `at`.
    pub fn fill(&self, at: u64, dst: &mut [u8]) {
        dst.fill(0);
        let end = at + dst.len() as u64;
        let first = self.parts.partition_point(|(start, _, part)| start + part.len() as u64 <= at);
        for (start, _, part) in self.parts.iter().skip(first).take_while(|(start, ..)| *start < end) {
            lay(*start, part, at, dst);
        }
    }
}

/// Copies what overlaps of `from`, which lies at `start`, into `dst`, which lies at `at`.
pub fn lay(start: u64, from: &[u8], at: u64, dst: &mut [u8]) {
    let begin = start.max(at);
    let end = (start + from.len() as u64).min(at + dst.len() as u64);
    if begin < end {
        let (to, of) = ((begin - at) as usize, (begin - start) as usize);
        let len = (end - begin) as usize;
        dst[to..to + len].copy_from_slice(&from[of..of + len]);
    }
}
