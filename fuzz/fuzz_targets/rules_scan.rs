//! The search for the embedded rules: in chunks, cut anywhere, it finds what it finds in the whole; so does one
//! whose chunks are searched before their turn.
//!
//! A byte of the input is itself below 128; above, it chooses, with the next one, an example of a rule. A first
//! byte W makes UTF-16 of it all.
#![no_main]

use std::sync::OnceLock;

use assay::rules::{ChunkScanner, Engine, Match, Scan};
use libfuzzer_sys::fuzz_target;

static EXAMPLES: OnceLock<Vec<String>> = OnceLock::new();

fn examples() -> Vec<String> {
    let rules = Engine::embedded().rules();
    rules
        .iter()
        .flat_map(|rule| {
            let right = rule.must_match.iter().map(|example| example.text.clone());
            right
                .chain(rule.must_not_match.iter().map(|example| example.text.clone()))
                .chain(rule.keywords.clone())
        })
        .collect()
}

/// The text that `input` stands for, and where it is cut.
fn text(input: &[u8]) -> (Vec<u8>, Vec<usize>) {
    let examples = EXAMPLES.get_or_init(examples);
    let (mut bytes, mut cuts) = (Vec::new(), Vec::new());
    let mut input = input.iter().copied();
    while let Some(byte) = input.next() {
        let next = if byte < 128 { 0 } else { input.next().unwrap_or_default() };
        match byte {
            1..128 => bytes.push(byte),
            0 => cuts.push(bytes.len()),
            // Filler moves what follows; a cut after it lies in its midst.
            255 => bytes.extend(b"filler words ".iter().cycle().take(usize::from(next) * 16)),
            254 => bytes.push(next),
            _ => {
                let number = usize::from(byte - 128) << 8 | usize::from(next);
                let example = examples[number % examples.len()].as_bytes();
                let cut = example.len() * (number / examples.len() % 8) / 7;
                cuts.push(bytes.len() + cut);
                bytes.extend_from_slice(example);
            }
        }
    }
    (bytes, cuts)
}

/// What the worker does with a file; with a scout, where other threads help.
fn in_chunks(
    scan: &mut Scan<'_>,
    mut scout: Option<&mut ChunkScanner<'_>>,
    overlap: usize,
    bytes: &[u8],
    cuts: &[usize],
) -> Vec<Match> {
    scan.reset();
    let mut search = |chunk: &[u8], repeated: usize, base: usize, last: bool| match &mut scout {
        Some(scout) if repeated > 0 => {
            let ahead = scout.search(chunk, base as u64, last, scan.manner());
            scan.accept(ahead, chunk, repeated, base as u64, last);
        }
        _ => scan.chunk(chunk, repeated, base as u64, last),
    };
    let (mut start, mut repeated) = (0, 0);
    for &cut in cuts {
        // A chunk has fresh bytes, and its successor begins at an even place, as those of the worker do.
        if cut > start + overlap && cut % 2 == 0 {
            search(&bytes[start..cut], repeated, start, false);
            (start, repeated) = (cut - overlap, overlap);
        }
    }
    search(&bytes[start..], repeated, start, true);
    scan.finish()
}

fn seen(found: &[Match]) -> Vec<(String, u64, Option<u64>, Vec<u8>)> {
    let each = |one: &Match| (one.advisory.id.clone(), one.offset, one.line, one.secret.reveal().to_vec());
    let mut seen: Vec<_> = found.iter().map(each).collect();
    seen.sort();
    seen
}

fuzz_target!(|input: &[u8]| {
    let engine = Engine::embedded();
    let (mut bytes, mut cuts) = text(input);
    if input.first().is_some_and(|first| *first == b'W') {
        bytes = bytes.iter().flat_map(|byte| [*byte, 0]).collect();
        cuts.iter_mut().for_each(|cut| *cut *= 2);
    }
    let mut scan = engine.begin();
    let whole = seen(&in_chunks(&mut scan, None, engine.overlap(), &bytes, &[]));
    let parts = seen(&in_chunks(&mut scan, None, engine.overlap(), &bytes, &cuts));
    let ahead = seen(&in_chunks(&mut scan, Some(&mut engine.scout()), engine.overlap(), &bytes, &cuts));
    assert_eq!(parts, ahead, "cuts {cuts:?} of {} bytes", bytes.len());
    assert_eq!(whole, parts, "cuts {cuts:?} of {} bytes", bytes.len());
});
