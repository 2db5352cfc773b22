//! `assay diff`, end to end, in this process.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::program::assay;
use assay::cli::Exit;
use serde_json::Value;

/// A rule finds it by its name.
const SECRET: &str = "DB_PASSWORD=AmberFalcon2019!\n";

fn write(root: &Path, files: &[(&str, &str)]) {
    for (path, content) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

/// Two trees of one folder.
struct Pair {
    folder: tempfile::TempDir,
}

impl Pair {
    fn new(old: &[(&str, &str)], new: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("old")).unwrap();
        fs::create_dir(folder.path().join("new")).unwrap();
        write(&folder.path().join("old"), old);
        write(&folder.path().join("new"), new);
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn diff(&self, old: &str, new: &str, more: &[&str]) -> (Exit, String, String) {
        let (old, new) = (self.path(old), self.path(new));
        let mut args = vec!["diff", &old, &new];
        args.extend(more);
        assay(&args)
    }

    /// Saves the report of a tree beside it.
    fn scan(&self, name: &str, more: &[&str]) -> PathBuf {
        let (root, report) = (self.path(name), self.path(&format!("{name}.json")));
        let mut args = vec!["scan", "--rootfs", &root, "--format", "json", "-o", &report];
        args.extend(more);
        assay(&args);
        PathBuf::from(report)
    }
}

#[test]
fn a_new_finding_fails_at_its_severity_and_an_old_one_does_not() {
    let pair = Pair::new(
        &[("srv/old.env", SECRET)],
        &[("srv/old.env", SECRET), ("srv/more.env", "API_PASSWORD=CopperHeron7734!\n")],
    );
    let (exit, out, err) = pair.diff("old", "new", &["--fail-on", "low"]);
    assert_eq!((exit, err.as_str()), (Exit::FAILED, ""));
    assert!(out.starts_with("FAIL: 1 new finding at low or above.\n1 finding new"), "{out}");
    assert!(out.contains("/srv/more.env:1") && !out.contains("/srv/old.env"), "{out}");
    assert!(!out.contains("CopperHeron"), "{out}");
    assert_eq!(pair.diff("old", "new", &["--fail-on", "never"]).0, Exit::PASS);
    assert_eq!(pair.diff("new", "old", &["--fail-on", "info"]).0, Exit::PASS);
}

#[test]
fn a_secret_elsewhere_is_moved_and_new_to_nobody() {
    let pair = Pair::new(&[("srv/a.env", SECRET)], &[("opt/b.env", &format!("# comment\n{SECRET}"))]);
    let (exit, out, _) = pair.diff("old", "new", &["--fail-on", "info"]);
    assert_eq!(exit, Exit::PASS, "{out}");
    assert!(out.contains("Findings that moved") && out.contains("was at /srv/a.env"), "{out}");
}

#[test]
fn saved_reports_stand_for_their_images_and_say_how_well() {
    let pair = Pair::new(&[("srv/a.env", SECRET)], &[("srv/a.env", SECRET), ("srv/b.env", SECRET)]);
    pair.scan("old", &[]);
    let (exit, out, _) = pair.diff("old.json", "new", &["--fail-on", "low"]);
    assert_eq!(exit, Exit::FAILED);
    assert!(out.contains("1 finding new") && out.contains("/srv/b.env:1"), "{out}");
    assert!(out.contains("OLD is a report") && out.contains("which is weaker"), "{out}");
    // With digests the copy is known as such.
    pair.scan("old", &["--evidence", "hash"]);
    pair.scan("new", &["--evidence", "hash"]);
    let (_, out, _) = pair.diff("old.json", "new.json", &["--fail-on", "low"]);
    assert!(out.contains("OLD has it at /srv/a.env") && !out.contains("which is weaker"), "{out}");
    pair.scan("old", &["--min-severity", "critical"]);
    let (_, out, _) = pair.diff("old.json", "new", &[]);
    assert!(out.contains("1 findings of OLD are not in its report"), "{out}");
}

#[test]
fn content_is_told_in_all_formats_and_every_run_alike() {
    let pair = Pair::new(
        &[
            ("etc/passwd", "root:x:0:0::/root:/bin/sh\n"),
            ("etc/machine-id", "0123456789abcdef0123456789abcdef\n"),
        ],
        &[
            ("etc/passwd", "root:x:0:0::/root:/bin/sh\ndeploy:x:1000:1000::/home/deploy:/bin/bash\n"),
            ("etc/machine-id", "0123456789abcdef0123456789abcdef\n"),
        ],
    );
    let (_, out, _) = pair.diff("old", "new", &["--fail-on", "never"]);
    assert!(out.contains("1 account new") && out.contains("+ deploy  uid 1000"), "{out}");
    assert!(out.contains("machine-id 01234567…"), "{out}");
    let (_, markdown, _) = pair.diff("old", "new", &["--fail-on", "never", "--format", "markdown"]);
    assert!(markdown.contains("<summary>Accounts: 1 account new</summary>"), "{markdown}");
    let json = |jobs: &str| pair.diff("old", "new", &["--format", "json", "--jobs", jobs]).1;
    assert_eq!(json("1"), json("3"));
    let document: Value = serde_json::from_str(&json("1")).unwrap();
    assert_eq!(document["content"]["accounts"]["added"][0]["name"], "deploy");
    assert_eq!(document["shared_identity"][0]["what"], "machine-id");
}

#[test]
fn the_wrong_and_the_unreadable_have_their_own_ends() {
    let pair = Pair::new(&[("a", "a")], &[("a", "a")]);
    assert_eq!(assay(&["diff", &pair.path("old")]).0, Exit::USAGE);
    write(pair.folder.path(), &[("no.json", "{\"format\": \"other\"}"), ("empty.raw", "")]);
    for name in ["no.json", "empty.raw", "absent.raw"] {
        let (exit, out, err) = pair.diff("old", name, &[]);
        assert_eq!((exit, out.as_str()), (Exit::UNREADABLE, ""), "{err}");
        assert!(err.contains(name), "{err}");
    }
    let report = pair.scan("old", &[]);
    let (exit, _, err) = pair.diff("old.json", "new", &["-o", report.to_str().unwrap()]);
    assert_eq!(exit, Exit::USAGE);
    assert!(err.contains("never written"), "{err}");
}

#[test]
fn a_gap_of_the_new_side_is_incomplete_unless_its_file_is_the_same() {
    // A gzip stream that is cut short.
    let torn = "\u{1f}";
    let pair = Pair::new(&[], &[]);
    let packed = |text: &[u8]| {
        let mut bytes = torn.as_bytes().to_vec();
        bytes.extend([0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
        bytes.extend(text);
        bytes
    };
    fs::write(pair.folder.path().join("old/x.gz"), packed(b"\x4b\x4c")).unwrap();
    fs::write(pair.folder.path().join("new/x.gz"), packed(b"\x4b\x4c")).unwrap();
    let (exit, out, _) = pair.diff("old", "new", &[]);
    assert_eq!(exit, Exit::PASS, "{out}");
    assert!(out.contains("1 gap of NEW in files that are the same on both sides"), "{out}");
    fs::write(pair.folder.path().join("new/x.gz"), packed(b"\x4b\x4d")).unwrap();
    let (exit, out, _) = pair.diff("old", "new", &[]);
    assert_eq!(exit, Exit::INCOMPLETE, "{out}");
    assert!(out.contains("NEW /x.gz"), "{out}");
    assert_eq!(pair.diff("old", "new", &["--accept-gap", "all"]).0, Exit::PASS);
}

#[test]
fn images_are_taken_in_the_forms_that_scan_takes() {
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/demo/demo.img.gz");
    let (exit, out, err) = assay(&["diff", demo, demo, "--fail-on", "info", "--accept-gap", "all"]);
    assert_eq!((exit, err.as_str()), (Exit::PASS, ""), "{out}");
    assert!(out.contains("no finding new or gone; no file differs"), "{out}");
    assert!(out.contains("SSH host key SHA256:") && out.contains("file system UUID"), "{out}");
    // A tree has no disk, and not the files of this one.
    let folder = tempfile::tempdir().unwrap();
    let (exit, out, _) = assay(&["diff", folder.path().to_str().unwrap(), demo]);
    assert_eq!(exit, Exit::FAILED, "{out}");
    assert!(out.contains("+ disk  size 8388608 bytes"), "{out}");
}
