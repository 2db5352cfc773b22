//! Every driver of the table, on every seed of a disk: a new driver is fuzzed as soon as it is in the table, and
//! well as soon as `seeds.sh` makes an image for it. What is not read yet is recognised.
#![no_main]

use ami_assay_fuzz::Patched;
use ami_assay_fuzz::reading::exhaust;
use ami_assay_fuzz::seeds::{Seeds, cached};
use libfuzzer_sys::fuzz_target;

static SEEDS: Seeds = Seeds::new();

fuzz_target!(|input: &[u8]| {
    let Some((_, source)) = Patched::shared(cached(&SEEDS, &[""]), input) else { return };
    let _ = assay_disk::fs::magic::recognise(&*source);
    for driver in assay_disk::fs::DRIVERS {
        exhaust(driver, source.clone());
    }
});
