//! Long files, whose chunks are searched by whatever thread has time: nobody can tell from the report.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic here is a failed test")]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::program::assay;
use assay::rules::Engine;

/// Bytes that are read at once.
const CHUNK: usize = 2 << 20;

const ID: &str = "aws_access_key_id = AKIA";
const SECRET: &str = "aws_secret_access_key = ";

/// An id and a secret of AWS, of which there are no others like them.
fn credential(number: usize) -> String {
    let mut state = number as u64 + 1;
    let mut letters = |alphabet: &[u8], count: usize| -> String {
        let mut letter = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(alphabet[usize::try_from(state >> 33).unwrap() % alphabet.len()])
        };
        (0..count).map(|_| letter()).collect()
    };
    let id = letters(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 15);
    let secret = letters(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 34);
    format!("{ID}{id}Q\n{SECRET}Mq9+zt{secret}\n")
}

/// Puts credentials where chunks end, and where the next ones begin; returns where the secrets are.
fn plant(bytes: &mut [u8], number: &mut usize) -> BTreeSet<u64> {
    let mut planted = BTreeSet::new();
    for edge in (1..).map(|n| n * CHUNK) {
        for start in [edge, edge + Engine::embedded().overlap()] {
            let text = credential(*number);
            let before = [0, 10, 45, 70, text.len()][*number % 5];
            let at = start - before;
            if at + text.len() > bytes.len() {
                return planted;
            }
            bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
            planted.insert(at as u64 + (ID.len() + 17 + SECRET.len()) as u64);
            *number += 1;
        }
    }
    planted
}

/// Makes a tree; returns where the secrets are in its two long files.
fn tree(root: &Path) -> [BTreeSet<u64>; 2] {
    let mut number = 0;
    let mut state = 1_u64;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    });
    let mut binary: Vec<u8> = noise.take(3 * CHUNK + (300 << 10)).collect();
    let in_binary = plant(&mut binary, &mut number);
    let line = b"Nov 27 06:50:01 host app[7]: GET /index.html 200 password=hunter2xQ9 took 12 ms\n";
    let mut log: Vec<u8> = line.iter().copied().cycle().take(2 * CHUNK + (200 << 10)).collect();
    let in_log = plant(&mut log, &mut number);
    fs::create_dir_all(root.join("etc")).unwrap();
    fs::write(root.join("etc/hostname"), "host\n").unwrap();
    fs::write(root.join("store.bin"), &binary).unwrap();
    fs::write(root.join("app.log"), &log).unwrap();
    [in_binary, in_log]
}

/// The report of `root` with so many threads.
fn report(root: &Path, jobs: usize) -> String {
    let jobs = jobs.to_string();
    let args =
        ["scan", "--no-progress", "--format", "json", "--evidence", "hash", "--jobs", &jobs, "--rootfs"];
    let mut args: Vec<OsString> = args.iter().map(OsString::from).collect();
    args.push(root.into());
    let (_, out, err) = assay(&args);
    assert!(err.is_empty() || !err.starts_with("error"), "{err}");
    out
}

#[test]
fn the_report_of_long_files_is_the_same_at_any_number_of_threads_and_misses_nothing_at_an_edge() {
    let dir = tempfile::tempdir().unwrap();
    let planted = tree(dir.path());
    let alone = report(dir.path(), 1);
    let [binary, log] = ["/store.bin", "/app.log"].map(|path| secrets(&alone, path));
    assert_eq!([&binary, &log], [&planted[0], &planted[1]]);
    assert!(binary.len() + log.len() >= 9);
    for jobs in [2, 4, 8] {
        assert!(report(dir.path(), jobs) == alone, "{jobs} threads");
    }
}

/// Where secrets were found in a file.
fn secrets(report: &str, path: &str) -> BTreeSet<u64> {
    let report: serde_json::Value = serde_json::from_str(report).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let mine = findings.filter(|one| one["location"]["path"] == path && one["id"] == "aws-secret-access-key");
    mine.map(|one| one["location"]["offset"].as_u64().unwrap()).collect()
}
