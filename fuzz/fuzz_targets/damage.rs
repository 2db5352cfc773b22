//! A damaged image against the whole one: a finding is there, or its bytes are gone, or a gap says that something was
//! lost. The images have checksums over all structures; patches leave them wrong, and leave the blocks alone that hold
//! the secrets themselves.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::OnceLock;

use ami_assay_fuzz::seeds::{Seed, Seeds, cached};
use ami_assay_fuzz::{Patched, budget};
use assay::audit::{Quiet, Report, Settings, Target, run};
use libfuzzer_sys::fuzz_target;

static SEEDS: Seeds = Seeds::new();
static WHOLE: OnceLock<BTreeMap<String, Whole>> = OnceLock::new();

/// Shorter values are met by chance.
const SHORTEST: usize = 12;
/// Patches do not hit a unit of so many bytes that holds a secret.
const BLOCK: usize = 4096;

/// What the whole image holds.
struct Whole {
    secrets: BTreeSet<Vec<u8>>,
    /// Where they lie.
    spared: Vec<Range<usize>>,
    bytes: Vec<u8>,
    losses: BTreeSet<String>,
}

fn audit(data: Vec<u8>) -> Option<Report> {
    let settings = Settings { budget: budget(), jobs: 1, ..Settings::default() };
    run(&Target::Bytes { name: "image".into(), data }, &settings, &Quiet).ok()
}

fn secrets(report: &Report) -> BTreeSet<Vec<u8>> {
    let all = report.findings.iter().flat_map(|finding| &finding.evidence.secrets);
    all.map(|secret| secret.reveal().trim_ascii().to_vec())
        .filter(|secret| secret.len() >= SHORTEST)
        .collect()
}

fn losses(report: &Report) -> BTreeSet<String> {
    report.losses().map(|gap| format!("{:?} {}", gap.location, gap.reason)).collect()
}

fn places(bytes: &[u8], secret: &[u8]) -> Vec<usize> {
    memchr::memmem::find_iter(bytes, secret).collect()
}

impl Whole {
    fn new(seed: &Seed) -> Self {
        let mut bytes = vec![0; seed.len as usize];
        seed.fill(0, &mut bytes);
        let report = audit(bytes.clone()).expect("a whole image is audited");
        let all = secrets(&report);
        assert!(all.len() > 3, "{} has no secrets", seed.name);
        // What lies packed or in pieces cannot be looked for.
        let (mut kept, mut spared) = (BTreeSet::new(), Vec::new());
        for secret in all {
            for at in places(&bytes, &secret) {
                let start = at / BLOCK * BLOCK;
                spared.push(start..(at + secret.len()).next_multiple_of(BLOCK).min(bytes.len()));
                kept.insert(secret.clone());
            }
        }
        Self { secrets: kept, spared, losses: losses(&report), bytes }
    }
}

fuzz_target!(|input: &[u8]| {
    let seeds = cached(&SEEDS, &["whole-"]);
    let whole =
        WHOLE.get_or_init(|| seeds.iter().map(|seed| (seed.name.clone(), Whole::new(seed))).collect());
    let mut input = input.to_vec();
    // Checksums stay wrong.
    input.get_mut(1).into_iter().for_each(|kind| *kind |= 1);
    let Some(patched) = Patched::new(seeds, &input) else { return };
    let Some(whole) = whole.get(&patched.seed().name) else { return };
    let mut bytes = patched.bytes();
    for range in &whole.spared {
        let (Some(to), Some(from)) = (bytes.get_mut(range.clone()), whole.bytes.get(range.clone())) else {
            continue;
        };
        to.copy_from_slice(from);
    }
    let Some(report) = audit(bytes.clone()) else { return };
    if losses(&report).difference(&whole.losses).next().is_some() {
        return;
    }
    let found = secrets(&report);
    for secret in whole.secrets.difference(&found) {
        let within = found.iter().any(|other| memchr::memmem::find(other, secret).is_some());
        let gone = places(&bytes, secret).is_empty();
        assert!(
            within || gone,
            "{}: a secret of {} bytes is there, and neither found nor in a gap; patches {:?}",
            patched.seed().name,
            secret.len(),
            patched.touched()
        );
    }
});
