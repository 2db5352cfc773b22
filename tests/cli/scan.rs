//! The whole program, end to end, in this process.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use std::ffi::OsString;
use std::path::Path;

use crate::program::assay;
use assay::cli::Exit;

/// The one line that an image that cannot be audited is answered with.
fn refusal(path: &Path) -> String {
    let (exit, out, err) = assay(&[OsString::from("scan"), path.into()]);
    assert_eq!((exit, out.as_str()), (Exit::UNREADABLE, ""));
    assert!(
        err.starts_with("error: ") && err.contains(&*path.file_name().unwrap().to_string_lossy()),
        "{err}"
    );
    err
}

#[test]
fn help_and_version_are_answers() {
    let (exit, out, err) = assay(&["--help"]);
    assert_eq!((exit, err.as_str()), (Exit::PASS, ""));
    assert!(out.contains("Examples:") && out.contains("Exit codes:") && !out.contains("manifest"));
    assert!(!out.contains('\x1b'));
    assert_eq!(assay(&["--version"]).0, Exit::PASS);
    assert!(assay(&["scan", "--help"]).1.contains("--accept-gap"));
}

#[test]
fn wrong_usage_is_exit_2_with_a_hint() {
    for args in [
        &["scan"][..],
        &["scam", "disk.raw"],
        &["scan", "a", "--rootfs", "b"],
        &["scan", "a", "--fail-on", "awful"],
        &["scan", "a", "--jobs", "0"],
        &["scan", "a", "-o", "no/such/directory/report.json"],
        &["scan", "--rootfs", file!()],
        &["rules", "show", "no-such-rule"],
    ] {
        let (exit, out, err) = assay(args);
        assert_eq!((exit, out.as_str()), (Exit::USAGE, ""), "{args:?}");
        assert!(err.starts_with("error: "), "{err}");
    }
}

#[test]
fn what_is_no_image_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("notes.txt");
    std::fs::write(&text, "this is a text file\n".repeat(2000)).unwrap();
    let empty = dir.path().join("empty.raw");
    std::fs::write(&empty, "").unwrap();
    for path in [&text, &empty, dir.path(), &dir.path().join("absent.raw")] {
        let message = refusal(path);
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn a_refusal_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        refusal(&path)
    };
    assert!(
        file("a.txt", "a list of things\n")
            .ends_with("is a text file, which is not read; check that this is the file meant\n")
    );
    assert!(file("b.raw", "").ends_with("is empty; was it written or downloaded to its end?\n"));
    assert!(file("c.qed", "QED\0").contains("make a raw image of it first: qemu-img convert"));
    let none = dir.path().join("none");
    let (exit, _, err) = assay(&["scan".into(), OsString::from("--rootfs"), none.clone().into()]);
    assert_eq!((exit, err), (Exit::UNREADABLE, format!("error: {}: no such directory\n", none.display())));
    let (_, _, err) = assay(&["scan"]);
    assert!(err.contains("<IMAGE>\n") && err.contains("assay scan [OPTIONS] --rootfs <DIR>"), "{err}");
}

#[test]
fn what_was_probably_meant_is_offered() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("demo.img");
    let packed = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/demo/demo.img.gz")).unwrap();
    std::fs::write(&image, packed).unwrap();
    let image = image.to_str().unwrap();
    for (args, meant) in [
        (&["scna", "x"][..], "'scan'"),
        (&["scan", "x", "--fail-onn", "high"], "'--fail-on'"),
        (&["scan", "x", "--fail-on", "hihg"], "'high'"),
        (&["scan", "x", "--accept-gap", "encripted"], "'encrypted'"),
        (&["scan", "x", "--format", "jsn=a"], "json"),
        (&["scan", "x", "--profile", "publc-ami"], "'public-ami'"),
        (&["rules", "shw"], "'show'"),
        (&["rules", "show", "ssh-hostkey"], "see: ssh-host-key,"),
        (&["completions", "bsh"], "'bash'"),
        (&["cat", image, "/etc/os-relaese"], "did you mean /etc/os-release?"),
        (&["ls", image, "/rot/.ssh"], "did you mean /root?"),
    ] {
        let (exit, out, err) = assay(args);
        assert_eq!((exit, out.as_str()), (Exit::USAGE, ""), "{args:?}");
        assert!(err.contains(meant), "{args:?}: {err}");
    }
    assert!(!assay(&["cat", image, "/etc/xyz"]).2.contains("did you mean"));
}

#[test]
fn the_image_itself_is_never_written() {
    let dir = tempfile::tempdir().unwrap();
    let image = dir.path().join("disk.raw");
    std::fs::write(&image, "image").unwrap();
    let (exit, _, err) = assay(&["scan".into(), image.clone().into(), "-o".into(), OsString::from(&image)]);
    assert_eq!(exit, Exit::USAGE);
    assert!(err.contains("never written"), "{err}");
    assert_eq!(std::fs::read(&image).unwrap(), b"image");
}

#[test]
fn colours_come_when_asked_for() {
    let (_, _, err) = assay(&["scan", "/no/such/image.raw", "--color", "always"]);
    assert!(err.starts_with("\x1b[1;31merror:"), "{err}");
}

#[test]
fn a_benchmark_is_a_section_of_the_report_and_never_of_a_default_scan() {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, content: &str| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    };
    write("etc/os-release", "ID=debian\nVERSION_ID=12\n");
    write("usr/sbin/sshd", "");
    write("etc/ssh/sshd_config", "MaxAuthTries 3\nX11Forwarding yes\nMaxSessions 99\n");
    let scan = |more: &[&str]| {
        let mut args = vec!["scan", "--rootfs", dir.path().to_str().unwrap(), "--format", "json"];
        args.extend(more);
        let (_, out, err) = assay(&args);
        (serde_json::from_str::<serde_json::Value>(&out).unwrap(), err)
    };
    let (default, _) = scan(&[]);
    assert!(default.get("benchmark").is_none());
    assert!(!default.to_string().contains("hardening"));
    let (asked, err) = scan(&["--benchmark", "auto"]);
    assert_eq!((asked["benchmark"]["name"].as_str(), err.as_str()), (Some("cis-debian12"), ""));
    let verdict = |section: &str| {
        let rows = asked["benchmark"]["results"].as_array().unwrap();
        rows.iter().find(|row| row["section"] == section).unwrap()["verdict"].as_str().unwrap().to_owned()
    };
    assert_eq!((verdict("5.1.16").as_str(), verdict("5.1.17").as_str()), ("pass", "fail"));
    // There is no package database: what asks for a package is not decided, and never a pass.
    assert_eq!(verdict("2.2.1"), "undecided");
    assert!(asked.to_string().contains("\"hardening\""));
    write("etc/os-release", "ID=other\n");
    let (none, err) = scan(&["--benchmark", "auto"]);
    assert!(none.get("benchmark").is_none() && err.contains("no benchmark"), "{err}");
    let (named, _) = scan(&["--benchmark", "cis-rhel9"]);
    assert_eq!(named["benchmark"]["title"], "CIS Red Hat Enterprise Linux 9, v2.0.0");
}

#[test]
fn the_guide_shows_the_report_of_the_demo_as_it_is_printed() {
    let (_, out, _) = assay(&["demo"]);
    assert!(include_str!("../../docs/usage.md").contains(&format!("```text\n{out}```\n")), "{out}");
}

#[test]
fn the_readme_shows_lines_of_that_report_in_their_order() {
    let (_, out, _) = assay(&["demo"]);
    let (_, shown) = include_str!("../../README.md").split_once("```text\n").unwrap();
    let (shown, _) = shown.split_once("```\n").unwrap();
    let mut lines = out.lines();
    for line in shown.lines().filter(|line| *line != "…") {
        assert!(lines.any(|printed| printed == line), "{line}");
    }
}

#[test]
fn a_cache_passes_over_clean_files_and_never_over_changed_ones() {
    let folder = tempfile::tempdir().unwrap();
    let (root, cache) = (folder.path().join("root"), folder.path().join("known"));
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("clean"), "nothing to see\n").unwrap();
    let key = "DB_PASSWORD=AmberFalcon2019!\n";
    std::fs::write(root.join("found"), key).unwrap();
    let scan = || {
        let args = ["scan", "--rootfs", root.to_str().unwrap(), "--cache", cache.to_str().unwrap()];
        assay(&args).1
    };
    let first = scan();
    assert!(first.contains("/found") && !first.contains("not searched again"), "{first}");
    let second = scan();
    assert!(second.contains("/found") && second.contains("1 file (15 B) not searched again"), "{second}");
    std::fs::write(root.join("clean"), key).unwrap();
    let third = scan();
    assert!(third.contains("/clean") && third.contains("/found"), "{third}");
    std::fs::write(&cache, "assay?").unwrap();
    let args = ["scan", "--rootfs", root.to_str().unwrap(), "--cache", cache.to_str().unwrap()];
    assert_eq!(assay(&args).0, Exit::USAGE);
}
