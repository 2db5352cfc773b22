//! The readers of ISO 9660 and erofs, on patched images.
#![no_main]

use ami_assay_fuzz::Patched;
use ami_assay_fuzz::reading::exhaust;
use ami_assay_fuzz::seeds::{Seeds, cached};
use libfuzzer_sys::fuzz_target;

static SEEDS: Seeds = Seeds::new();

fuzz_target!(|input: &[u8]| {
    let Some((_, source)) = Patched::shared(cached(&SEEDS, &["iso", "erofs"]), input) else { return };
    for driver in [assay_disk::fs::iso9660::DRIVER, assay_disk::fs::erofs::DRIVER] {
        exhaust(&driver, source.clone());
    }
});
