//! Every driver of the table, on every seed: a new driver is fuzzed as soon as it is in the table, and well as
//! soon as `seeds.sh` makes an image for it.
#![no_main]

use std::sync::OnceLock;

use ami_assay_fuzz::{Patched, cached, exhaust};
use libfuzzer_sys::fuzz_target;

static BASES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();

fuzz_target!(|input: &[u8]| {
    let Some(source) = Patched::new(cached(&BASES, ""), input) else { return };
    for driver in assay::fs::DRIVERS {
        exhaust(driver, source.clone());
    }
});
