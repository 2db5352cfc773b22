//! What the fuzz targets share: an input is a list of patches over a small sound image, because a fuzzer that
//! had to invent a superblock would never get behind it.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use assay::budget::Budget;
use assay::bytes::{ReadError, Source, Span};
use assay::fs::{Driver, FileSystem};
use assay::tree::walk::walk;

/// A sound image, and bytes that replace some of it.
pub struct Patched {
    base: &'static [u8],
    len: u64,
    patches: Vec<(u64, Vec<u8>)>,
}

impl Patched {
    /// Takes a list of patches out of `input`: offset (3 bytes), length (1 byte, 1 to 64), the bytes. The
    /// first two bytes choose the base and how much is cut off.
    pub fn new(bases: &'static [Vec<u8>], input: &[u8]) -> Option<Arc<Self>> {
        let [choice, cut, rest @ ..] = input else { return None };
        let base = bases.get(usize::from(*choice) % bases.len().max(1))?.as_slice();
        let kept = if *cut < 200 { base.len() } else { base.len() / 56 * usize::from(255 - cut) };
        let mut patches = Vec::new();
        let mut rest = rest;
        while let [a, b, c, len, more @ ..] = rest {
            let offset = u64::from(u32::from_le_bytes([*a, *b, *c, 0])) % (base.len() as u64).max(1);
            let (bytes, after) = more.split_at((usize::from(*len) % 64 + 1).min(more.len()));
            patches.push((offset, bytes.to_vec()));
            rest = after;
        }
        Some(Arc::new(Self { base, len: kept as u64, patches }))
    }
}

impl Source for Patched {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_exact_at(&self, offset: u64, dst: &mut [u8]) -> Result<(), ReadError> {
        assay::bytes::check_bounds(offset, dst.len(), self.len)?;
        let start = offset as usize;
        dst.copy_from_slice(&self.base[start..start + dst.len()]);
        for (at, bytes) in &self.patches {
            for (index, byte) in (*at..).zip(bytes) {
                if let Some(to) = index.checked_sub(offset).and_then(|index| dst.get_mut(index as usize)) {
                    *to = *byte;
                }
            }
        }
        Ok(())
    }
}

/// The images in `fuzz/seeds/` whose names begin with `prefix`; made by `fuzz/seeds.sh`.
pub fn bases(prefix: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|_| panic!("run fuzz/seeds.sh first"));
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)));
    paths.sort();
    assert!(!paths.is_empty(), "no seeds called {prefix}*: run fuzz/seeds.sh");
    paths.iter().map(|path| std::fs::read(path).unwrap_or_default()).collect()
}

/// Small limits: an input must not be slow because it is allowed to be.
pub fn budget() -> Budget {
    Budget {
        entries: 2000,
        directory_depth: 64,
        metadata_bytes: 4 << 20,
        extents: 4096,
        whole_file: 1 << 20,
        file_data: 1 << 20,
        ..Budget::default()
    }
}

/// The images of `prefix`, read once.
pub fn cached(cell: &'static OnceLock<Vec<Vec<u8>>>, prefix: &str) -> &'static [Vec<u8>] {
    cell.get_or_init(|| bases(prefix))
}

/// Opens `source` with `driver`, walks it, and reads a bounded part of everything.
pub fn exhaust(driver: &Driver, source: Arc<dyn Source>) {
    let budget = budget();
    if !(driver.probe)(&*source) {
        return;
    }
    let Ok(fs) = (driver.open)(source, &budget) else { return };
    read_everything(&*fs, &budget);
}

fn read_everything(fs: &dyn FileSystem, budget: &Budget) {
    let mut free = 0_u64;
    let _ = fs.unallocated(&mut |Span { len, .. }| {
        free = free.saturating_add(len);
        if free > 1 << 40 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let mut buffer = vec![0; 1 << 16];
    for entry in &walk(fs, budget).entries {
        let Ok(mut node) = fs.node(entry.node) else { continue };
        let _ = (node.extents().map(<[_]>::len), node.read_link(), node.xattrs());
        let mut at = 0;
        while let Ok(read @ 1..) = node.read_at(at, &mut buffer) {
            at += read as u64;
            if at >= budget.file_data {
                break;
            }
        }
        let _ = node.read_at(entry.metadata.size.saturating_sub(3), &mut buffer);
    }
    let _ = (fs.notes(), fs.identity(), fs.usage());
}
