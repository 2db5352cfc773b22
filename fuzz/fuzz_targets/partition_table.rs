//! Partition tables, on patched disks.
#![no_main]

use std::sync::{Arc, OnceLock};

use ami_assay_fuzz::{Patched, cached};
use assay::bytes::Source;
use libfuzzer_sys::fuzz_target;

static BASES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();

fuzz_target!(|input: &[u8]| {
    let Some(source) = Patched::new(cached(&BASES, "disk"), input) else { return };
    let source: Arc<dyn Source> = source;
    let table = assay::volume::read(&source);
    assert!(table.scheme != assay::volume::Scheme::None || table.volumes.len() == 1);
});
