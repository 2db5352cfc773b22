//! Programs against the digests of the package database, through the whole program: every size, every way of being
//! stored, and no more than was changed.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic here is a failed test")]

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;

use crate::program::assay;
use md5::{Digest, Md5};

const SIZES: [usize; 11] = [0, 1, 55, 56, 63, 64, 65, 4096, 100_000, (2 << 20) + 7, 9 << 20];

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn content(number: usize, size: usize) -> Vec<u8> {
    let mut content = vec![u8::try_from(number).unwrap(); size];
    content.iter_mut().zip(0..200).for_each(|(byte, at)| *byte = at);
    content
}

/// Writes a system whose package `all` has a program of each size, the small ones three times; returns the paths below `/`.
fn system(root: &Path) -> Vec<String> {
    for directory in ["usr/bin", "usr/sbin", "etc", "var/lib/dpkg/info"] {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    fs::write(root.join("etc/os-release"), "ID=debian\nVERSION_ID=12\n").unwrap();
    let status = "Package: all\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n";
    fs::write(root.join("var/lib/dpkg/status"), status).unwrap();
    let (mut list, mut sums, mut paths) = (String::from("/.\n"), String::new(), Vec::new());
    let mut add = |path: String, content: &[u8]| {
        list.push_str(&format!("/{path}\n"));
        sums.push_str(&format!("{}  {path}\n", hex(&Md5::digest(content))));
        paths.push(path);
    };
    for (number, size) in SIZES.into_iter().cycle().take(3 * SIZES.len()).enumerate() {
        // sshd is compared however large it is.
        let name = if size == 9 << 20 { "sshd".to_owned() } else { format!("program-{number}") };
        let directory = ["usr/bin", "usr/sbin"][number % 2];
        let path = format!("{directory}/{name}");
        if size > 1 << 20 && number >= SIZES.len() {
            continue;
        }
        let content = content(number, size);
        fs::write(root.join(&path), &content).unwrap();
        add(path, &content);
    }
    fs::hard_link(root.join("usr/bin/program-0"), root.join("usr/bin/twin-of-0")).unwrap();
    fs::hard_link(root.join("usr/bin/program-8"), root.join("usr/bin/twin-of-8")).unwrap();
    add("usr/bin/twin-of-0".to_owned(), &content(0, SIZES[0]));
    add("usr/bin/twin-of-8".to_owned(), &content(8, SIZES[8]));
    // Data, a long hole, data.
    let sparse = File::create(root.join("usr/bin/sparse")).unwrap();
    sparse.write_all_at(b"begin", 0).unwrap();
    sparse.write_all_at(b"end", 3 << 20).unwrap();
    add("usr/bin/sparse".to_owned(), &fs::read(root.join("usr/bin/sparse")).unwrap());
    for path in &paths {
        fs::set_permissions(root.join(path), Permissions::from_mode(0o755)).unwrap();
    }
    fs::write(root.join("var/lib/dpkg/info/all.list"), list).unwrap();
    fs::write(root.join("var/lib/dpkg/info/all.md5sums"), sums).unwrap();
    paths
}

/// The paths that are said to differ.
fn differing(root: &Path, jobs: &str) -> BTreeSet<String> {
    let root = root.to_str().unwrap();
    let (_, report, _) =
        assay(&["scan", "--rootfs", root, "--no-progress", "--format", "json", "--jobs", jobs]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let changed = findings.filter(|finding| finding["id"] == "package-file-changed");
    let paths = changed.flat_map(|finding| {
        let more = finding["more"].as_array().into_iter().flatten();
        let places: Vec<_> = more.chain([&finding["location"]]).cloned().collect();
        places.into_iter().map(|place| place["path"].as_str().unwrap().trim_start_matches('/').to_owned())
    });
    paths.collect()
}

#[test]
fn what_was_changed_differs_and_nothing_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let paths = system(root);
    assert_eq!(differing(root, "2"), BTreeSet::new());
    // The last byte of every second file is another, or there is one where there was none.
    let mut changed = BTreeSet::new();
    let own = paths.iter().filter(|path| !path.contains("twin")).enumerate();
    for (_, path) in own.filter(|(number, path)| number % 2 == 0 || path.contains("sshd")) {
        let file = File::options().read(true).write(true).open(root.join(path)).unwrap();
        let last = file.metadata().unwrap().len().saturating_sub(1);
        file.write_all_at(b"\xfe", last).unwrap();
        changed.insert(path.clone());
    }
    for number in [0, 8] {
        let twin = changed
            .contains(&format!("usr/bin/program-{number}"))
            .then(|| format!("usr/bin/twin-of-{number}"));
        changed.extend(twin);
    }
    assert!(changed.len() > 15 && changed.len() < paths.len() - 10, "{changed:?}");
    assert!(changed.iter().any(|path| path.contains("twin")));
    assert!(changed.iter().any(|path| path.contains("sshd")));
    assert_eq!(differing(root, "1"), changed);
    assert_eq!(differing(root, "4"), changed);
}
