//! The whole audit of a patched disk: facts, detectors, file systems inside files. Nothing panics, which the
//! audit would make a gap of.
#![no_main]

use ami_assay_fuzz::seeds::{Seeds, cached};
use ami_assay_fuzz::{Patched, budget};
use assay::audit::{Quiet, Settings, Target, run};
use libfuzzer_sys::fuzz_target;

static SEEDS: Seeds = Seeds::new();

fuzz_target!(|input: &[u8]| {
    let Some(patched) = Patched::new(cached(&SEEDS, &["system"]), input) else { return };
    let target = Target::Bytes { name: "patched".into(), data: patched.bytes() };
    let settings = Settings { budget: budget(), jobs: 1, ..Settings::default() };
    let Ok(report) = run(&target, &settings, &Quiet) else { return };
    let panicked = report.gaps.iter().find(|gap| gap.reason.contains("panic"));
    assert!(panicked.is_none(), "{panicked:?}");
});
