//! `assay timeline`, end to end.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::oracle::skipped::skip;
use crate::program::assay;
use assay::cli::Exit;

/// The records of a small system.
fn system() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in [
        ("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n"),
        ("etc/timezone", "Etc/UTC\n"),
        ("root/.bash_history", "#1769853700\ncurl -u admin:Wf7-kq2-zz9-mm4 https://example.org\n"),
        ("opt/a|b", "x"),
        (
            "var/log/dpkg.log",
            "2026-01-31 09:00:00 install curl:amd64 <none> 7.88-1\n2026-01-31 09:00:01 remove nano:amd64 7.2 <none>\n",
        ),
        (
            "var/log/auth.log",
            "2026-01-31T11:00:00+00:00 golden sshd[5]: Invalid user x from 192.0.2.1 port 5\n",
        ),
    ] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn timeline(root: &Path, more: &[&str]) -> (Exit, String, String) {
    let mut args = vec!["timeline", "--no-progress", "--rootfs", root.to_str().unwrap()];
    args.extend(more);
    assay(&args)
}

#[test]
fn what_happened_is_told_in_the_order_of_time() {
    let root = system();
    let records = ["--source", "dpkg,syslog,history"];
    let (exit, out, err) = timeline(root.path(), &records);
    assert_eq!((exit, err.as_str()), (Exit::PASS, ""));
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        lines[0],
        "2026-01-31 09:00:00  dpkg       package installed [curl:amd64] installed curl:amd64 7.88-1"
    );
    assert!(lines[2].starts_with("2026-01-31 10:01:40  history    command           [root] curl -u admin:"));
    assert!(lines[3].contains("ssh failed        [x] sshd[5]: Invalid user x"));
    assert!(out.ends_with("4 events, times in UTC\n"));
    let spans = ["--source", "dpkg", "--after", "2026-01-31T09:00:01", "--before", "2026-02-01"];
    assert!(timeline(root.path(), &spans).1.ends_with("\n1 event, times in UTC\n"));
}

#[test]
fn secrets_are_told_only_when_asked_for() {
    let root = system();
    for form in ["table", "csv", "jsonl", "bodyfile", "html"] {
        let (_, sealed, _) = timeline(root.path(), &["--format", form]);
        assert!(!sealed.contains("kq2-zz9"), "{form}");
        assert!(timeline(root.path(), &["--format", form, "--show-secrets"]).1.contains("Wf7-kq2-zz9-mm4"));
    }
}

#[test]
fn two_runs_give_the_same_bytes_and_a_file_appears_whole() {
    let root = system();
    let target = tempfile::tempdir().unwrap();
    let file = target.path().join("out.jsonl");
    // Looking at a mounted tree changes when its files were read.
    let wanted = ["--format", "jsonl", "--source", "dpkg,syslog,history"];
    let once = timeline(root.path(), &wanted).1;
    let to_file = [&wanted[..], &["-o", file.to_str().unwrap()]].concat();
    let (exit, out, _) = timeline(root.path(), &to_file);
    assert_eq!((exit, out.as_str()), (Exit::PASS, ""));
    assert_eq!(fs::read_to_string(&file).unwrap(), once);
    assert_eq!(once.lines().count(), 4);
    for line in once.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(
            ["message", "datetime", "timestamp", "timestamp_desc"].iter().all(|key| event.get(key).is_some())
        );
    }
}

#[test]
fn a_time_or_a_source_that_is_none_is_wrong_usage() {
    let root = system();
    assert_eq!(timeline(root.path(), &["--after", "yesterday"]).0, Exit::USAGE);
    assert_eq!(timeline(root.path(), &["--source", "gossip"]).0, Exit::USAGE);
}

#[test]
fn a_damaged_record_is_told_and_makes_the_timeline_incomplete() {
    let root = system();
    fs::write(root.path().join("var/log/wtmp"), [7; 500]).unwrap();
    let (exit, out, err) = timeline(root.path(), &[]);
    assert_eq!(exit, Exit::INCOMPLETE);
    assert!(err.contains("/var/log/wtmp: damaged"), "{err}");
    assert!(out.contains("installed curl:amd64"));
}

#[test]
fn the_body_file_of_an_ext4_is_what_fls_prints() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("image");
    let root = system();
    std::os::unix::fs::symlink("../opt", root.path().join("etc/link")).unwrap();
    let path = image.to_str().unwrap();
    let run = |program: &str, args: &[&str]| Command::new(program).args(args).output();
    let made = run("mke2fs", &["-q", "-F", "-t", "ext4", "-d", root.path().to_str().unwrap(), path, "8M"]);
    if !made.is_ok_and(|made| made.status.success()) {
        return skip("mke2fs", "e2fsprogs");
    }
    let Ok(fls) = run("fls", &["-r", "-m", "/", path]) else { return skip("fls", "sleuthkit") };
    let fls = String::from_utf8(fls.stdout).unwrap();
    // What fls makes up for deleted files, and the bar that it does not escape.
    let expected =
        fls.lines().filter(|line| !line.contains("$OrphanFiles")).map(|line| line.replace("a|b", "a\\x7cb"));
    let mut expected: Vec<String> = expected.collect();
    let (_, out, _) =
        assay(&["timeline", "--no-progress", path, "--format", "bodyfile", "--source", "files"]);
    let mut lines: Vec<String> = out.lines().map(str::to_owned).collect();
    lines.sort();
    expected.sort();
    assert_eq!(lines, expected);
}

#[test]
fn logins_are_read_from_the_databases_of_debian_13() {
    let root = system();
    let database = |path: &str, sql: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        Command::new("sqlite3").arg(path).arg(sql).status().is_ok_and(|status| status.success())
    };
    let wtmp = "CREATE TABLE wtmp(ID INTEGER PRIMARY KEY, Type INTEGER, User TEXT NOT NULL, Login INTEGER, \
                Logout INTEGER, TTY TEXT, RemoteHost TEXT, Service TEXT) STRICT; \
                INSERT INTO wtmp VALUES (1, 1, 'reboot', 1769853600000001, NULL, '~', '6.12.0', NULL), \
                (2, 3, 'admin', 1769853660500000, 1769853720000000, 'pts/0', '192.0.2.1', 'sshd');";
    let lastlog = "CREATE TABLE Lastlog2(Name TEXT PRIMARY KEY, Time INTEGER, TTY TEXT, RemoteHost TEXT, \
                   Service TEXT); INSERT INTO Lastlog2 VALUES ('admin', 1769853660, 'pts/0', '192.0.2.1', 'sshd');";
    if !database("var/lib/wtmpdb/wtmp.db", wtmp) || !database("var/lib/lastlog/lastlog2.db", lastlog) {
        return skip("sqlite3", "sqlite3");
    }
    let (exit, out, err) = timeline(root.path(), &["--source", "wtmpdb,lastlog2"]);
    assert_eq!((exit, err.as_str()), (Exit::PASS, ""));
    let lines: Vec<&str> = out.lines().collect();
    let expected = [
        "2026-01-31 10:00:00  wtmpdb     boot              boot of 6.12.0",
        "2026-01-31 10:01:00  lastlog2   last login        [admin] last login of admin on pts/0 from 192.0.2.1 by sshd",
        "2026-01-31 10:01:00  wtmpdb     login             [admin] admin logged in on pts/0 from 192.0.2.1",
        "2026-01-31 10:02:00  wtmpdb     logout            [admin] session of admin on pts/0 ended",
    ];
    assert_eq!(lines[..4], expected);
}
