//! What the audit is made of, timed: the search over bytes by its paths, the walk, and the whole.
//!
//!     cargo bench --bench audit                            # over the demo's image and made-up text
//!     ASSAY_BENCH_IMAGE=disk.raw ASSAY_BENCH_FILE=big.bin cargo bench --bench audit
//!     ASSAY_BENCH_TREE=/usr cargo bench --bench audit      # MB a CPU-second by path over all files of a tree
//!
//! `benches/numbers.sh` compares the program with other programs.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench may end by a panic, and shows its numbers"
)]

mod paths;
mod tree;

use std::hint::black_box;
use std::io::Read;
use std::time::Duration;

use assay::audit::{self, Quiet, Settings, System, Target};
use assay_disk::budget::Budget;
use criterion::{Criterion, Throughput};
use paths::Paths;

fn image() -> Target {
    if let Some(path) = std::env::var_os("ASSAY_BENCH_IMAGE") {
        return Target::Image(path.into());
    }
    let packed = include_bytes!("../../testdata/demo/demo.img.gz");
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
    let paths = Paths::new();
    let mut group = bench.benchmark_group("search");
    group.throughput(Throughput::Bytes(bytes.len() as u64)).sample_size(10);
    for mut path in paths.all() {
        group.bench_function(path.name, |b| b.iter(|| black_box(path.search(&bytes))));
    }
    group.finish();
}

/// File rules, on the files that they know: those of the image.
fn files(bench: &mut Criterion) {
    let system = System::open(&image(), &Budget::default()).unwrap();
    let known = tree::Known::of(&system.tree);
    let mut group = bench.benchmark_group("search");
    group.throughput(Throughput::Bytes(known.bytes())).sample_size(10);
    group.bench_function("file rules, on what they know", |b| b.iter(|| black_box(known.inspect())));
    group.finish();
}

fn whole(bench: &mut Criterion) {
    let target = image();
    let system = System::open(&target, &Budget::default()).unwrap();
    let entries = system.tree.ids().count() as u64;
    let mut group = bench.benchmark_group("image");
    group.sample_size(10).measurement_time(Duration::from_secs(10)).throughput(Throughput::Elements(entries));
    group.bench_function("walk", |b| {
        b.iter(|| System::open(black_box(&target), &Budget::default()).unwrap().volumes.len());
    });
    let searched = audit::run(&target, &Settings::default(), &Quiet).unwrap().coverage.bytes_searched;
    group.throughput(Throughput::Bytes(searched));
    for jobs in [1, 2] {
        let settings = Settings { jobs, ..Settings::default() };
        group.bench_function(format!("audit, {jobs} threads"), |b| {
            b.iter(|| audit::run(black_box(&target), &settings, &Quiet).unwrap().findings.len());
        });
    }
    group.finish();
}

fn main() {
    if let Some(root) = std::env::var_os("ASSAY_BENCH_TREE") {
        return tree::tell(root.as_ref());
    }
    let mut bench = Criterion::default().configure_from_args();
    search(&mut bench);
    files(&mut bench);
    whole(&mut bench);
    bench.final_summary();
}
