//! Crates that a program of Rust was built of, where it was built with `cargo auditable`: a section `.dep-v0` with JSON,
//! packed by zlib.
//!
//! The table of sections stands at the end of a file, after the sections themselves. So the section is known by its content:
//! of the places where a zlib stream may begin, the one that unpacks to the beginning of such a list.
//!
//! Source: rust-secure-code/cargo-auditable, PARSING.md and its JSON schema.

use flate2::{Decompress, FlushDecompress, Status};
use serde::Deserialize;

use super::capture::{Block, Capture};
use crate::packages::component::{Component, Evidence};
use crate::packages::ecosystem::Ecosystem;

/// What every list begins with.
const BEGIN: &[u8] = b"{\"packages\":[{\"";
/// Second bytes of a zlib stream of 32 KiB windows.
const LEVELS: [u8; 4] = [0x01, 0x5e, 0x9c, 0xda];
/// Bytes by which a place is tried.
const TRIED: usize = 64;
/// Places of a file that are tried, each at about a microsecond: 100 MB of constants have some thousands.
const TRIALS: u32 = 200_000;
/// Bytes of a packed list, and of an unpacked one.
const PACKED: usize = 1 << 20;
const UNPACKED: usize = 8 << 20;
/// Crates of one program; the largest have some 1,000.
const CRATES: usize = 20_000;

#[derive(Default)]
pub(super) struct Finder {
    unpacker: Option<Decompress>,
    trials: u32,
    /// Up to here places were tried.
    next: u64,
    list: Option<Capture>,
}

impl Finder {
    pub(super) fn look(&mut self, block: Block<'_>) {
        if let Some(list) = &mut self.list {
            return list.go_on(block);
        }
        let from = usize::try_from(self.next.saturating_sub(block.base)).unwrap_or(usize::MAX);
        let Some(bytes) = block.bytes.get(from..) else { return };
        for at in memchr::memchr_iter(0x78, bytes) {
            let Some([_, level, first, ..]) = bytes.get(at..) else { break };
            // Blocks are packed (kinds 1 and 2 of deflate), or stored where they are short.
            if LEVELS.contains(level)
                && first >> 1 & 3 != 3
                && self.is_list(bytes.get(at..).unwrap_or_default())
            {
                self.list = Some(Capture::begin(block, from.saturating_add(at), PACKED));
                return;
            }
        }
        // What stands so near to the end that it cannot be tried is tried with the next block.
        let end = block.place(block.bytes.len().saturating_sub(TRIED));
        self.next = self.next.max(end);
    }

    /// Whether a list begins here.
    fn is_list(&mut self, bytes: &[u8]) -> bool {
        if self.trials >= TRIALS {
            return false;
        }
        self.trials = self.trials.saturating_add(1);
        let unpacker = self.unpacker.get_or_insert_with(|| Decompress::new(true));
        unpacker.reset(true);
        let mut begin = [0; BEGIN.len()];
        let packed = bytes.get(..TRIED.saturating_mul(8)).unwrap_or(bytes);
        let _ = unpacker.decompress(packed, &mut begin, FlushDecompress::None);
        begin == BEGIN
    }

    /// The crates; and what could not be read.
    pub(super) fn finish(self) -> (Vec<Component>, Option<&'static str>) {
        if let Some(list) = self.list {
            return match unpack(&list.bytes).and_then(|json| serde_json::from_slice::<List>(&json).ok()) {
                Some(list) => (list.components(), None),
                None => (Vec::new(), Some("its list of crates is damaged")),
            };
        }
        let is_over = self.trials >= TRIALS;
        (Vec::new(), is_over.then_some("too many places may begin its list of crates: not all were tried"))
    }
}

fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let mut unpacker = Decompress::new(true);
    let mut json = Vec::with_capacity(packed.len().saturating_mul(4).min(UNPACKED));
    loop {
        let from = usize::try_from(unpacker.total_in()).ok()?;
        let status = unpacker.decompress_vec(packed.get(from..)?, &mut json, FlushDecompress::Finish).ok()?;
        match status {
            Status::StreamEnd => return Some(json),
            _ if json.len() < json.capacity() || json.len() >= UNPACKED => return None,
            _ => json.reserve(json.len().clamp(4096, UNPACKED)),
        }
    }
}

#[derive(Deserialize)]
struct List {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    /// `runtime`, where there is none; `build` is not linked.
    kind: Option<String>,
}

impl List {
    fn components(self) -> Vec<Component> {
        let linked = self.packages.into_iter().filter(|package| package.kind.as_deref() != Some("build"));
        let component = |package: Package| {
            Component::new(Ecosystem::Cargo, package.name, package.version).evidence(Evidence::BuildInfo)
        };
        linked.take(CRATES).map(component).collect()
    }
}
