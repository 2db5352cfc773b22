//! Partition tables, LVM groups and md arrays, on patched disks.
#![no_main]

use ami_assay_fuzz::Patched;
use ami_assay_fuzz::reading::bytes;
use ami_assay_fuzz::seeds::{Seeds, cached};
use assay_disk::volume::{Scheme, read, stack};
use libfuzzer_sys::fuzz_target;

static SEEDS: Seeds = Seeds::new();

fuzz_target!(|input: &[u8]| {
    let Some((_, source)) = Patched::shared(cached(&SEEDS, &["disk", "lvm", "md"]), input) else { return };
    let table = read(&source);
    assert!(table.scheme != Scheme::None || table.volumes.len() == 1);
    let (devices, _) = stack::assemble(&source, &table);
    for device in devices.iter().take(32) {
        bytes(&*device.source);
    }
});
