//! Archives and packed streams, those in each other too: patched ones, or the input itself.
#![no_main]

use std::io::Read;
use std::ops::ControlFlow;

use ami_assay_fuzz::seeds::{Seeds, cached};
use ami_assay_fuzz::{Patched, budget};
use assay::archive::{HEAD, UnpackMeter, members, recognise};
use libfuzzer_sys::fuzz_target;

static SEEDS: Seeds = Seeds::new();

fuzz_target!(|input: &[u8]| {
    if recognise(input).is_some() {
        return unpack(input);
    }
    let Some(patched) = Patched::new(cached(&SEEDS, &["archive"]), input) else { return };
    unpack(&patched.bytes());
});

fn unpack(bytes: &[u8]) {
    let spent = UnpackMeter::new(bytes.len() as u64, &budget());
    level(bytes, &spent, 1);
    assert!(
        spent.bytes() <= budget().unpacked_bytes + (1 << 20)
            && spent.members() <= budget().archive_members + 1
    );
}

fn level(bytes: &[u8], spent: &UnpackMeter, depth: u32) {
    let Some(format) = recognise(&bytes[..bytes.len().min(HEAD)]) else { return };
    let budget = budget();
    let _ = members(format, &mut &*bytes, &budget, spent, &mut |member| {
        let mut content = Vec::new();
        let _ = member.content.take(1 << 20).read_to_end(&mut content);
        if depth < budget.archive_depth {
            level(&content, spent, depth + 1);
        }
        ControlFlow::Continue(())
    });
}
