//! The ext reader, on patched images of several layouts.
#![no_main]

use std::sync::OnceLock;

use ami_assay_fuzz::{Patched, cached, exhaust};
use libfuzzer_sys::fuzz_target;

static BASES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();

fuzz_target!(|input: &[u8]| {
    if let Some(source) = Patched::new(cached(&BASES, "ext"), input) {
        exhaust(&assay::fs::ext::DRIVER, source);
    }
});
