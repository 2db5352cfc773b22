//! The search engine against plain `regex` and plain `aho-corasick`, through the interface that the audit uses:
//!
//!     cargo test --test recall engine -- --nocapture
//!
//! The engine looks for keywords, asks for what stands around them, and runs a rule's regex in a window around
//! what is left, in chunks that overlap. None of that may change what is found: for every token rule, in every buffer
//! and wherever a chunk ends, it must be what the rule's own regex finds in the whole buffer at once. Validators
//! and the least entropy are left out, so that everything that the regexes catch is compared.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a panic in a test is a failed test, and the volume is its output"
)]

mod assignments;
mod material;
mod plain;
mod search;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use assay::rules::{Engine, Family};
use material::{Kind, Random};
use plain::Oracle;

/// Bytes that were compared, those of every rule counted apart.
#[derive(Default)]
struct Volume {
    bytes: AtomicU64,
    buffers: AtomicU64,
    matches: AtomicU64,
}

impl Volume {
    fn add(&self, bytes: usize, rules: usize, matches: usize) {
        self.bytes.fetch_add(bytes as u64 * rules as u64, Ordering::Relaxed);
        self.buffers.fetch_add(1, Ordering::Relaxed);
        self.matches.fetch_add(matches as u64, Ordering::Relaxed);
    }

    /// Says what was compared; nothing would prove nothing.
    fn tell(&self, what: &str, least: u64) {
        let of = |sum: &AtomicU64| sum.load(Ordering::Relaxed);
        let (bytes, matches) = (of(&self.bytes), of(&self.matches));
        println!(
            "{what}: {} buffers, {bytes} bytes against a regex, {matches} matches, all equal",
            of(&self.buffers)
        );
        assert!(matches >= least, "{what}: only {matches} matches were compared");
    }
}

/// Does `job` for every number below `count`, on two threads.
fn each(count: usize, job: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(number) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < count) {
                    job(number);
                }
            });
        }
    });
}

#[test]
fn all_rules_find_what_their_regexes_find_in_any_buffer_and_any_chunks() {
    let (engine, oracle) = (Engine::new(search::rules()), Oracle::new(&search::rules()));
    let volume = Volume::default();
    each(Kind::ALL.len() * 6, |number| {
        let mut random = Random::new(number as u64);
        let kind = Kind::ALL[number % Kind::ALL.len()];
        let bytes = material::buffer(kind, engine.rules(), &mut random);
        let expected = oracle.all(&bytes);
        let name = format!("{kind:?} buffer {number}");
        search::same(&name, &bytes, &search::whole(&engine, &bytes), &expected);
        for _ in 0..2 {
            let cuts = material::cuts(&bytes, engine.overlap(), &mut random);
            let found = search::in_chunks(&engine, &bytes, &cuts);
            search::same(&format!("{name} cut at {cuts:?}"), &bytes, &found, &expected);
        }
        volume.add(bytes.len(), engine.rules().len(), expected.len());
    });
    volume.tell("any buffer", 5000);
}

/// Each example of each rule, alone: at every alignment, behind every kind of byte, at both ends of a buffer.
#[test]
fn every_example_is_found_at_every_alignment_and_at_both_ends() {
    let volume = Volume::default();
    each(search::rules().len(), |number| {
        let engine = search::one(number);
        let oracle = Oracle::new(engine.rules());
        for example in &engine.rules()[0].must_match {
            for bytes in material::aligned(example.text.as_bytes(), engine.rules()) {
                let (found, expected) = (search::whole(&engine, &bytes), oracle.all(&bytes));
                search::same("aligned", &bytes, &found, &expected);
                volume.add(bytes.len(), 1, expected.len());
            }
        }
    });
    volume.tell("alignments", 40_000);
}

#[test]
fn every_example_is_found_wherever_a_chunk_ends() {
    let volume = Volume::default();
    each(search::rules().len(), |number| {
        let engine = search::one(number);
        let oracle = Oracle::new(engine.rules());
        // Behind a letter most values are none; they must not become one where the letter is cut off.
        let examples = engine.rules()[0].must_match.iter();
        for (lead, example) in examples.flat_map(|one| [("\n", &one.text), ("x", &one.secret)]) {
            let (bytes, cuts) = material::at_a_cut(example.as_bytes(), lead.as_bytes(), &engine);
            let expected = oracle.all(&bytes);
            for cut in cuts {
                let found = search::in_chunks(&engine, &bytes, &[cut]);
                search::same(&format!("cut at {cut}"), &bytes, &found, &expected);
                volume.add(bytes.len(), 1, expected.len());
            }
        }
    });
    volume.tell("cuts", 12_000);
}

#[test]
fn text_in_utf16_is_searched_like_text() {
    let (engine, oracle) = (Engine::new(search::rules()), Oracle::new(&search::rules()));
    let volume = Volume::default();
    each(6, |number| {
        let mut random = Random::new(100 + number as u64);
        let text = material::text(engine.rules(), &mut random);
        let bytes = material::utf16(&text, number % 2 == 0);
        let expected = oracle.utf16(&text, &bytes);
        search::same("UTF-16", &bytes, &search::whole(&engine, &bytes), &expected);
        let cuts: Vec<usize> =
            material::cuts(&bytes, engine.overlap(), &mut random).iter().map(|cut| cut / 2 * 2).collect();
        let found = search::in_chunks(&engine, &bytes, &cuts);
        search::same(&format!("UTF-16 cut at {cuts:?}"), &bytes, &found, &expected);
        volume.add(bytes.len(), engine.rules().len(), expected.len());
    });
    volume.tell("UTF-16", 1000);
}

/// A rule that is its keyword and nothing else is found wherever `aho-corasick` finds the keyword.
#[test]
fn the_literal_filter_finds_what_aho_corasick_finds() {
    let rules = search::rules();
    let volume = Volume::default();
    for any_case in [false, true] {
        let (engine, keywords) = search::of_keywords(&rules, any_case, Family::Credentials);
        let oracle = plain::Literals::new(&keywords, any_case);
        each(Kind::ALL.len() * 12, |number| {
            let mut random = Random::new(1000 + number as u64);
            let bytes = material::buffer(Kind::ALL[number % Kind::ALL.len()], &rules, &mut random);
            let (found, expected) = (search::whole(&engine, &bytes), oracle.all(&bytes));
            search::same(&format!("literals {number}"), &bytes, &found, &expected);
            volume.add(bytes.len(), keywords.len(), expected.len());
        });
    }
    volume.tell("literals", 50_000);
}
