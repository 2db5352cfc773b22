//! The squashfs reader, on patched images whose metadata is packed and not.
#![no_main]

use ami_assay_fuzz::Patched;
use ami_assay_fuzz::reading::exhaust;
use ami_assay_fuzz::seeds::{Seeds, cached};
use libfuzzer_sys::fuzz_target;

static SEEDS: Seeds = Seeds::new();

fuzz_target!(|input: &[u8]| {
    let Some((_, source)) = Patched::shared(cached(&SEEDS, &["squashfs"]), input) else { return };
    for driver in [assay_disk::fs::squashfs::DRIVER] {
        exhaust(&driver, source.clone());
    }
});
