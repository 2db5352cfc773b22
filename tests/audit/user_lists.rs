//! Lists and rules of the user, end to end.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic in a test is a failed test")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::program::assay;
use assay::cli::Exit;

/// A tree with the same bytes plain, in an archive, in an archive of an archive, and a sparse file.
fn tree(root: &Path) {
    fs::create_dir_all(root.join("opt")).unwrap();
    fs::write(root.join("opt/tool"), b"known bad bytes\n").unwrap();
    fs::write(root.join("opt/clean"), b"other bytes\n").unwrap();
    fs::write(root.join("opt/empty"), b"").unwrap();
    let packed = |members: &[(&str, &[u8])]| {
        let mut tar = tar::Builder::new(Vec::new());
        for (name, content) in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, *content).unwrap();
        }
        tar.into_inner().unwrap()
    };
    let inner = packed(&[("deep", b"known bad bytes\n")]);
    fs::write(root.join("opt/pack.tar"), packed(&[("tool", b"known bad bytes\n"), ("inner.tar", &inner)]))
        .unwrap();
    let sparse = fs::File::create(root.join("opt/sparse")).unwrap();
    sparse.set_len(5 << 20).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&sparse, b"in the middle", 3 << 20).unwrap();
}

/// What sha256sum says of these files, which is a list.
fn sha256sum(paths: &[&Path]) -> String {
    let output = Command::new("sha256sum").args(paths).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

fn scan(root: &Path, more: &[&str]) -> (Exit, String, String) {
    let args = [&["scan", "--rootfs", root.to_str().unwrap(), "--format", "json"], more].concat();
    assay(&args)
}

/// The paths of the findings of this rule.
fn found(json: &str, id: &str) -> Vec<String> {
    let report: serde_json::Value = serde_json::from_str(json).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let mut paths: Vec<String> = findings
        .filter(|finding| finding["id"] == id)
        .map(|finding| finding["location"]["path"].as_str().unwrap().to_owned())
        .collect();
    paths.sort();
    paths
}

#[test]
fn files_on_a_list_are_found_wherever_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let (root, list) = (folder.path().join("root"), folder.path().join("list.txt"));
    tree(&root);
    assert!(found(&scan(&root, &[]).1, "listed-hash").is_empty());
    fs::write(
        &list,
        sha256sum(&[&root.join("opt/tool"), &root.join("opt/sparse"), &root.join("opt/pack.tar")]),
    )
    .unwrap();
    let (exit, json, err) = scan(&root, &["--hashes", list.to_str().unwrap()]);
    assert_eq!((exit, err.as_str()), (Exit::FAILED, ""));
    let expected = [
        "/opt/pack.tar",
        "/opt/pack.tar!/inner.tar!/deep",
        "/opt/pack.tar!/tool",
        "/opt/sparse",
        "/opt/tool",
    ];
    assert_eq!(found(&json, "listed-hash"), expected);
    assert!(json.contains("\"list.txt\""));
    // The archive in the archive, too, whose members are looked at while it goes by.
    let inner = folder.path().join("inner.tar");
    let unpacked =
        Command::new("tar").arg("-xOf").arg(root.join("opt/pack.tar")).arg("inner.tar").output().unwrap();
    fs::File::create(&inner).unwrap().write_all(&unpacked.stdout).unwrap();
    fs::write(&list, sha256sum(&[&inner])).unwrap();
    let json = scan(&root, &["--hashes", list.to_str().unwrap()]).1;
    assert_eq!(found(&json, "listed-hash"), ["/opt/pack.tar!/inner.tar"]);
}

#[test]
fn reports_are_the_same_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let (root, list) = (folder.path().join("root"), folder.path().join("list.txt"));
    tree(&root);
    fs::write(&list, sha256sum(&[&root.join("opt/tool"), &root.join("opt/clean")])).unwrap();
    let on = |jobs| scan(&root, &["--hashes", list.to_str().unwrap(), "--jobs", jobs]).1;
    assert_eq!(on("1"), on("4"));
}

#[test]
fn a_cache_does_not_pass_over_what_another_list_names() {
    let folder = tempfile::tempdir().unwrap();
    let (root, cache) = (folder.path().join("root"), folder.path().join("cache"));
    tree(&root);
    let with = |list: &Path| {
        let (cache, list) = (cache.to_str().unwrap(), list.to_str().unwrap());
        scan(&root, &["--cache", cache, "--hashes", list])
    };
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    fs::write(&first, sha256sum(&[&root.join("opt/clean")])).unwrap();
    fs::write(&second, sha256sum(&[&root.join("opt/tool")])).unwrap();
    scan(&root, &["--cache", cache.to_str().unwrap()]);
    assert_eq!(found(&with(&first).1, "listed-hash"), ["/opt/clean"]);
    assert!(found(&with(&second).1, "listed-hash").contains(&"/opt/tool".to_owned()));
    // Under the same list, what was found is found again.
    let (_, again, err) = with(&second);
    assert!(found(&again, "listed-hash").contains(&"/opt/tool".to_owned()));
    assert_eq!(err, "");
}

#[test]
fn a_list_that_cannot_be_read_is_wrong_usage_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.txt");
    for (text, expected) in [
        ("zzz\n", "list.txt: line 1: neither a SHA-256 nor a header"),
        ("# nothing\n", "list.txt: has no SHA-256 in it"),
        (
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n",
            "list.txt: line 1: is the SHA-256 of an empty file",
        ),
    ] {
        fs::write(&list, text).unwrap();
        let (exit, out, err) = scan(folder.path(), &["--hashes", list.to_str().unwrap()]);
        assert_eq!((exit, out.as_str()), (Exit::USAGE, ""));
        assert!(err.contains(expected), "{err}");
    }
    let absent = folder.path().join("absent");
    assert_eq!(scan(folder.path(), &["--hashes", absent.to_str().unwrap()]).0, Exit::USAGE);
}

#[cfg(not(feature = "yara"))]
#[test]
fn without_yara_its_flag_says_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let (exit, _, err) = scan(folder.path(), &["--yara", "rules.yar"]);
    assert_eq!(exit, Exit::USAGE);
    assert!(err.contains("this build has no YARA: cargo install ami-assay --features yara"), "{err}");
    assert!(!assay(&["scan", "--help"]).1.contains("--yara"));
}
