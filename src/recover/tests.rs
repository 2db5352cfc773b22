//! Files of trees in memory, written to folders.

use std::sync::Arc;

use super::*;
use assay_disk::budget::Budget;
use assay_disk::fs::memory::Memory;

fn written(fs: Memory) -> (tempfile::TempDir, Written) {
    let tree = Tree::of(Arc::new(fs), &Budget::default());
    let folder = tempfile::tempdir().unwrap();
    let files = select(&tree, &Selection::default());
    let written = write(&tree, &files, &folder.path().join("out")).unwrap();
    (folder, written)
}

#[test]
fn files_lie_at_their_paths_and_the_manifest_has_their_digests() {
    let (folder, written) = written(Memory::new().file("/etc/hostname", "web-1\n").file("/root/empty", ""));
    assert_eq!(written, Written { files: 2, bytes: 6, failed: 0 });
    let out = folder.path().join("out");
    assert_eq!(std::fs::read(out.join("files/etc/hostname")).unwrap(), b"web-1\n");
    let manifest = std::fs::read_to_string(out.join("manifest.jsonl")).unwrap();
    let first: serde_json::Value = serde_json::from_str(manifest.lines().next().unwrap()).unwrap();
    assert_eq!(first["path"], "/etc/hostname");
    assert_eq!(first["file"], "files/etc/hostname");
    assert_eq!(first["sha256"], "dc62610acddd8a12f58dcd72011fb21c1a4d20bcfdcd1fae0240e06a9bd130f8");
    assert_eq!((first["state"].as_str(), first["grade"].is_null()), (Some("present"), true));
}

#[test]
fn no_name_of_the_image_leads_out_of_the_folder() {
    let tree = Tree::of(Arc::new(Memory::new().file("/a", "x")), &Budget::default());
    let base = tempfile::tempdir().unwrap();
    let out = base.path().join("out");
    let folder = Folder::create(&out).unwrap();
    for (path, expected) in [
        (&b"/../../escaped"[..], &b"files/_../_../escaped"[..]),
        (b"/./.", b"files/_./_."),
        (b"/a//b", b"files/a/b"),
        (b"/a", b"files/a~1"),
        (b"/a/b/c", b"files/a/b~1/c"),
        (b"/nul\0name", b"files/nul_name"),
    ] {
        assert_eq!(folder.file(path).unwrap().0, expected, "{}", String::from_utf8_lossy(path));
    }
    let long = folder.file(&[b"/".as_slice(), &[b'n'; 255]].concat()).unwrap().0;
    assert!(long.len() < 262);
    std::os::unix::fs::symlink("/tmp", out.join("files/link")).unwrap();
    assert_eq!(folder.file(b"/link/x").unwrap().0, b"files/link~1/x");
    // A folder with something in it is nobody's to write to.
    assert!(write(&tree, &[], &out).is_err());
}

#[test]
fn zeros_are_holes_and_a_file_keeps_its_length() {
    let mut content = vec![0; 3 * BLOCK + 10];
    content[BLOCK] = 1;
    let (folder, written) = written(Memory::new().file("/sparse", &content));
    assert_eq!(written.bytes, BLOCK as u64);
    assert_eq!(std::fs::read(folder.path().join("out/files/sparse")).unwrap(), content);
}

#[test]
fn paths_owners_and_days_choose() {
    let fs = Memory::new()
        .file("/home/a/x", "1")
        .with(|one| (one.uid, one.changed.seconds) = (1000, 1_700_000_000))
        .file("/home/b/y", "2")
        .file("/homes", "3");
    let tree = Tree::of(Arc::new(fs), &Budget::default());
    let paths = |selection: &Selection| -> Vec<String> {
        let paths = select(&tree, selection).into_iter().map(|id| tree.path(id));
        paths.map(|path| String::from_utf8(path).unwrap()).collect()
    };
    let by_path = |path: &str| Selection { paths: vec![path.as_bytes().to_vec()], ..Selection::default() };
    assert_eq!(paths(&by_path("/home")), ["/home/a/x", "/home/b/y"]);
    assert_eq!(paths(&by_path("*y")), ["/home/b/y"]);
    assert_eq!(paths(&Selection { owner: Some(1000), ..Selection::default() }), ["/home/a/x"]);
    let after = crate::date::Date::parse("2023-11-14");
    assert_eq!(paths(&Selection { after, ..Selection::default() }), ["/home/a/x"]);
    let after = crate::date::Date::parse("2023-11-15");
    assert!(paths(&Selection { after, ..Selection::default() }).is_empty());
    assert!(paths(&Selection { deleted: true, ..Selection::default() }).is_empty());
}
