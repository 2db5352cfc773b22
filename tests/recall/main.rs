//! Precision and recall of the search, held against the examples of `corpus/`:
//!
//!     cargo test --test recall -- --nocapture
//!
//! Every example is a tree of one file, which goes through the whole audit. A secret counts as found when a
//! finding in its file, on its line, has its value. A false alarm is a finding of medium severity or above
//! with any other value. `ASSAY_SEED=TEXT` fills the examples with other values of the same kinds.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a panic in a test is a failed test, and the table is its output"
)]

mod corpus;
mod engine;
mod forms;
mod keys;
mod matrix;
mod rules;
mod score;
mod values;

use std::sync::atomic::{AtomicUsize, Ordering};

use assay::audit::{self, Quiet, Settings, Target};
use corpus::Example;
use score::{Judged, Score};

/// What the search must keep to, of 1000.
const FLOORS: score::Floors = score::Floors { recall: 940, precision: 995 };

#[test]
fn the_search_keeps_its_precision_and_recall() {
    let examples = corpus::read();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut judged = Vec::new();
        while let Some((number, example)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|n| Some((n, examples.get(n)?)))
        {
            judged.push((number, look(example)));
        }
        judged
    };
    let mut judged: Vec<(usize, Judged)> = std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    judged.sort_by_key(|(number, _)| *number);
    let mut score = Score::default();
    for (number, judged) in &judged {
        score.add(&examples[*number], judged);
    }
    print!("{score}");
    score.hold(&FLOORS);
    score.hold_every_form();
}

/// Audits a tree that holds the example's file alone.
fn look(example: &Example) -> Judged {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join(example.path.trim_start_matches('/'));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, &example.bytes).unwrap();
    let settings = Settings { jobs: 1, ..Settings::default() };
    let report = audit::run(&Target::Rootfs(root.path().to_owned()), &settings, &Quiet).unwrap();
    score::judge(example, &report.findings)
}
