//! The btrfs reader, on patched images of one device and of several.
#![no_main]

use std::sync::Arc;

use ami_assay_fuzz::reading::{everything, exhaust};
use ami_assay_fuzz::seeds::{Seeds, cached};
use ami_assay_fuzz::{Patched, disk_budget};
use assay_disk::bytes::Source;
use assay_disk::fs::btrfs::{DRIVER, POOL};
use libfuzzer_sys::fuzz_target;

static SEEDS: Seeds = Seeds::new();

fuzz_target!(|input: &[u8]| {
    let seeds = cached(&SEEDS, &["btrfs"]);
    let Some((seed, source)) = Patched::shared(seeds, input) else { return };
    // "btrfs-raid1.2": the second of several.
    let Some((pool, _)) = seed.name.split_once('.') else { return exhaust(&DRIVER, source) };
    let mut devices = vec![source];
    for (choice, other) in (0_u8..).zip(seeds) {
        if other.name.split_once('.').is_some_and(|(name, _)| name == pool) && other.name != seed.name {
            devices.extend(Patched::new(seeds, &[choice, 0]).map(|other| Arc::new(other) as Arc<dyn Source>));
        }
    }
    if devices.iter().all(|device| (POOL.identify)(&**device).is_some())
        && let Ok(fs) = (POOL.open)(&devices, &disk_budget())
    {
        everything(&*fs, &disk_budget());
    }
});
