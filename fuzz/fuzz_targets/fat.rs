//! The readers of FAT and exFAT, on patched images.
#![no_main]

use ami_assay_fuzz::Patched;
use ami_assay_fuzz::reading::exhaust;
use ami_assay_fuzz::seeds::{Seeds, cached};
use libfuzzer_sys::fuzz_target;

static SEEDS: Seeds = Seeds::new();

fuzz_target!(|input: &[u8]| {
    let Some((_, source)) = Patched::shared(cached(&SEEDS, &["fat", "exfat"]), input) else { return };
    for driver in [assay_disk::fs::fat::DRIVER, assay_disk::fs::exfat::DRIVER] {
        exhaust(&driver, source.clone());
    }
});
