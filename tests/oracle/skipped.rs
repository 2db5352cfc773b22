//! Tests that a missing tool makes impossible: each is noted, and `tests/skipped.rs` counts them when all others are done.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::process::parent_id;
use std::path::PathBuf;

/// Where the tests of one `cargo test` note what they skipped: its programs lie in one folder and have one parent.
pub fn notes() -> PathBuf {
    let program = env::current_exe().unwrap();
    program.with_file_name(format!("skipped-{}", parent_id()))
}

/// Notes that the running test is skipped, as `missing` is not there; `package` brings it. Where `ASSAY_CI` is set, the
/// test fails.
pub fn skip(missing: &str, package: &str) {
    assert!(env::var_os("ASSAY_CI").is_none(), "{missing} is missing: install {package}");
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a thread of a test");
    let mut notes = OpenOptions::new().create(true).append(true).open(notes()).unwrap();
    notes.write_all(format!("{test}\t{package}\n").as_bytes()).unwrap();
}

/// Takes the notes away: tests, and the packages that they need. A test that lacks two tools is one test.
#[allow(dead_code, clippy::allow_attributes, reason = "only the last test program asks")]
pub fn take() -> (usize, Vec<String>) {
    let text = fs::read_to_string(notes()).unwrap_or_default();
    let _ = fs::remove_file(notes());
    let column = |number: usize| {
        let mut column: Vec<String> =
            text.lines().filter_map(|line| line.split('\t').nth(number)).map(str::to_owned).collect();
        column.sort();
        column.dedup();
        column
    };
    (column(0).len(), column(1))
}
