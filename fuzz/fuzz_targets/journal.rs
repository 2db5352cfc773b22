//! The replay of a journal: patched seeds of a file system that was not shut down, the whole image taken for
//! the journal's file, too, so that its superblock may lie anywhere.
#![no_main]

use ami_assay_fuzz::seeds::{Seeds, cached};
use ami_assay_fuzz::{Patched, disk_budget};
use assay_disk::fs::ext::journal::{JournalGeometry, replay};
use assay_disk::fs::{Extent, Place};
use libfuzzer_sys::fuzz_target;

static SEEDS: Seeds = Seeds::new();

fuzz_target!(|input: &[u8]| {
    let Some((_, source)) = Patched::shared(cached(&SEEDS, &["journal"]), input) else { return };
    let whole = Extent { start: 0, len: source.len(), place: Place::Disk(0) };
    let geometry =
        JournalGeometry { block_size: 1024, blocks: vec![whole], fs_blocks: 8192, fs_uuid: [0; 16] };
    let _ = replay(&*source, &geometry, &disk_budget());
});
