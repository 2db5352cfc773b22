//! `--rootfs` against the crate walkdir: the same entries, of the same kinds, under odd names and behind no link.

#![expect(clippy::unwrap_used, reason = "a panic here is a failed test")]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::Path;
use std::process::Command;

use assay_disk::budget::Budget;
use assay_disk::fs::FileType;
use assay_disk::system::{System, Target};

/// A kind of entry, by a name that both know.
fn kind(of: fs::FileType) -> FileType {
    match of {
        of if of.is_dir() => FileType::Directory,
        of if of.is_symlink() => FileType::Symlink,
        of if of.is_fifo() => FileType::Fifo,
        _ => FileType::Regular,
    }
}

/// Every entry below `root`, as walkdir tells it.
fn walked(root: &Path) -> BTreeMap<Vec<u8>, FileType> {
    let entries = walkdir::WalkDir::new(root).min_depth(1).into_iter().map(Result::unwrap);
    let path = |path: &Path| [b"/", path.strip_prefix(root).unwrap().as_os_str().as_bytes()].concat();
    entries.map(|entry| (path(entry.path()), kind(entry.file_type()))).collect()
}

#[test]
fn the_crate_walkdir_sees_the_same_entries_of_a_mounted_tree() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let names: [&[u8]; 6] =
        [b"plain", b"two words", b"\xff\xfe", b"new\nline", &[b'n'; 255], "größe".as_bytes()];
    let mut at = root.to_owned();
    for (number, name) in names.into_iter().enumerate() {
        let name = OsStr::from_bytes(name);
        fs::write(at.join(name), name.as_bytes()).unwrap();
        at = at.join(format!("d{number}"));
        fs::create_dir(&at).unwrap();
        symlink("/etc", at.join("away")).unwrap();
        symlink("..", at.join("loop")).unwrap();
        assert!(Command::new("mkfifo").arg(at.join("pipe")).status().unwrap().success());
        fs::hard_link(at.parent().unwrap().join(name), at.join("again")).unwrap();
    }
    for number in 0..500 {
        fs::write(at.join(number.to_string()), "").unwrap();
    }
    let system = System::open(&Target::Rootfs(root.to_owned()), &Budget::default()).unwrap();
    let tree = &system.tree;
    let own = tree.ids().filter_map(|id| Some((tree.path(id), tree.get(id)?.1.metadata.file_type)));
    let own: BTreeMap<Vec<u8>, FileType> = own.filter(|(path, _)| path != b"/" && !path.is_empty()).collect();
    let other = walked(root);
    assert!(other.len() > 520);
    assert_eq!(own, other);
    assert_eq!(system.gaps, []);
}
