//! What the audit is made of, timed: the search over bytes, the walk, and the whole.
//!
//!     cargo bench                                          # over the demo's image and made-up text
//!     ASSAY_BENCH_IMAGE=disk.raw ASSAY_BENCH_FILE=big.bin cargo bench
//!
//! `benches/numbers.sh` compares the program with other programs.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a bench may end by a panic")]

use std::hint::black_box;
use std::io::Read;
use std::time::Duration;

use assay::audit::{self, Quiet, Settings, System, Target};
use assay::budget::Budget;
use assay::rules::Engine;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Bytes that are searched at once, as in the audit.
const CHUNK: usize = 2 << 20;

fn image() -> Target {
    if let Some(path) = std::env::var_os("ASSAY_BENCH_IMAGE") {
        return Target::Image(path.into());
    }
    let packed = include_bytes!("../testdata/demo/demo.img.gz");
    let mut data = Vec::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut data).unwrap();
    Target::Bytes { name: "demo.img".to_owned(), data }
}

/// The file of the environment, or 16 MiB that look like a mixture of text and code.
fn bytes() -> Vec<u8> {
    if let Some(path) = std::env::var_os("ASSAY_BENCH_FILE") {
        return std::fs::read(path).expect("ASSAY_BENCH_FILE can be read");
    }
    let mut state = 1_u64;
    let mut text = Vec::with_capacity(16 << 20);
    while text.len() < 16 << 20 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        match state >> 62 {
            0 => text.extend_from_slice(b"if (token == NULL) return parse_string(&buffer, length);\n"),
            1 => text.extend_from_slice(&state.to_le_bytes()),
            _ => text.extend_from_slice(b"The quick brown fox reads /etc/passwd. "),
        }
    }
    text
}

fn search(bench: &mut Criterion) {
    let bytes = bytes();
    let engine = Engine::embedded();
    let mut group = bench.benchmark_group("search");
    group.throughput(Throughput::Bytes(bytes.len() as u64)).sample_size(10);
    group.bench_function("all rules", |b| {
        let mut scan = engine.begin();
        b.iter(|| {
            for chunk in bytes.chunks(CHUNK) {
                scan.reset();
                scan.chunk(chunk, 0, 0, true);
                black_box(scan.finish());
            }
        });
    });
    group.finish();
}

fn whole(bench: &mut Criterion) {
    let target = image();
    let entries = System::open(&target, &Budget::default()).unwrap().tree.ids().count() as u64;
    let mut group = bench.benchmark_group("image");
    group.sample_size(10).measurement_time(Duration::from_secs(10)).throughput(Throughput::Elements(entries));
    group.bench_function("walk", |b| {
        b.iter(|| System::open(black_box(&target), &Budget::default()).unwrap().volumes.len());
    });
    for jobs in [1, 2] {
        let settings = Settings { jobs, ..Settings::default() };
        group.bench_function(format!("audit, {jobs} threads"), |b| {
            b.iter(|| audit::run(black_box(&target), &settings, &Quiet).unwrap().findings.len());
        });
    }
    group.finish();
}

criterion_group!(benches, search, whole);
criterion_main!(benches);
