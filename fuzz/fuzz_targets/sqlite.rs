//! SQLite databases: patched ones, all their tables.
#![no_main]

use std::ops::ControlFlow;

use ami_assay_fuzz::seeds::{Seeds, cached};
use ami_assay_fuzz::{Patched, budget};
use assay::archive::{UnpackMeter, by_name, members};
use libfuzzer_sys::fuzz_target;

static SEEDS: Seeds = Seeds::new();

fuzz_target!(|input: &[u8]| {
    let Some(patched) = Patched::new(cached(&SEEDS, &["sqlite"]), input) else { return };
    let bytes = patched.bytes();
    let spent = UnpackMeter::new(bytes.len() as u64, &budget());
    let _ = members(by_name("SQLite database").unwrap(), &mut &*bytes, &budget(), &spent, &mut |member| {
        let _ = member.content.read_to_end(&mut Vec::new());
        ControlFlow::Continue(())
    });
});
