//! mkfs.ext4 writes a tree into images of many kinds; the reader must give back every name, attribute and byte.

#![expect(clippy::unwrap_used, reason = "a panic here is a failed test")]

use std::fs;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::oracle::{Files, assert_same, build_tree, found, named, pattern, run};
use assay::finding::Loss;
use assay_disk::budget::Budget;
use assay_disk::bytes::Source;
use assay_disk::fs::ext::{DRIVER, FROM_BACKUP};
use assay_disk::fs::{FileSystem, NodeId, Place};

fn image(options: &[&str]) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let (tree, image) = (dir.path().join("tree"), dir.path().join("image"));
    fs::create_dir(&tree).unwrap();
    build_tree(&tree);
    let mut args = options.to_vec();
    args.extend(["-q", "-F", "-d", tree.to_str().unwrap(), image.to_str().unwrap(), "48M"]);
    run("mkfs.ext4", &args);
    fs::read(image).unwrap()
}

fn open(image: Vec<u8>) -> Box<dyn FileSystem> {
    let source: Arc<dyn Source> = Arc::new(image);
    assert!((DRIVER.probe)(&*source) || (FROM_BACKUP.probe)(&*source));
    (DRIVER.open)(source, &Budget::default()).unwrap()
}

fn conforms(options: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let tree = dir.path().join("tree");
    fs::create_dir(&tree).unwrap();
    build_tree(&tree);
    let image_path = dir.path().join("image");
    let size = if options.contains(&"65536") || options.contains(&"bigalloc") { "224M" } else { "48M" };
    let mut args = options.to_vec();
    args.extend(["-q", "-F", "-d", tree.to_str().unwrap(), image_path.to_str().unwrap(), size]);
    run("mkfs.ext4", &args);
    let fs = open(fs::read(&image_path).unwrap());
    assert_same(&tree, &*fs, &format!("{options:?}"));
    assert_eq!(fs.notes(), [], "{options:?}");
    assert_eq!(crate::oracle::free(&*fs), fs.usage().free, "{options:?}");
}

#[test]
fn ext2_and_ext3_conform() {
    conforms(&["-t", "ext2", "-b", "1024"]);
    conforms(&["-t", "ext3", "-b", "4096"]);
    conforms(&["-t", "ext2", "-r", "0", "-b", "1024", "-O", "none"]);
}

#[test]
fn ext4_conforms_at_every_block_size() {
    for size in ["1024", "2048", "4096", "65536"] {
        conforms(&["-b", size]);
    }
}

#[test]
fn ext4_conforms_with_every_feature() {
    for features in [
        "^extent,^64bit",
        "inline_data",
        "64bit,metadata_csum",
        "^64bit,^metadata_csum,uninit_bg",
        "meta_bg,^resize_inode",
        "bigalloc",
        "large_dir,ea_inode",
        "casefold",
        "sparse_super2",
        "^flex_bg",
        "metadata_csum_seed",
    ] {
        conforms(&["-b", "4096", "-O", features]);
        conforms(&["-b", "1024", "-I", "256", "-O", features]);
    }
}

#[test]
fn a_zeroed_superblock_is_replaced_by_its_backup() {
    let mut bytes = image(&["-b", "1024"]);
    bytes[1024..4096].fill(0);
    let fs = open(bytes);
    let mut have = Files::new();
    found(&*fs, fs.root(), b"", &mut have);
    assert!(have.contains_key(&b"deep/er/still/mixed"[..]));
    assert!(fs.notes().iter().any(|note| note.text.contains("primary superblock")));
    assert!(fs.notes().iter().all(|note| note.loss == Loss::Nothing), "{:?}", fs.notes());
}

#[test]
fn zeroed_descriptors_are_replaced_by_their_backup() {
    let mut bytes = image(&["-b", "4096", "-g", "2048"]);
    bytes[4096..8192].fill(0);
    let fs = open(bytes);
    found(&*fs, fs.root(), b"", &mut Files::new());
    assert!(fs.notes().iter().any(|note| note.text.contains("their backups are used")), "{:?}", fs.notes());
}

/// Every path as the crate `ext4-view` shows it, below `directory`.
fn viewed(
    view: &ext4_view::Ext4,
    directory: &ext4_view::PathBuf,
    seen: &mut u64,
    fs: &dyn FileSystem,
    id: NodeId,
) {
    for entry in view.read_dir(directory).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let name = entry.file_name().as_ref().to_vec();
        if name == b"." || name == b".." || name == b"lost+found" {
            continue;
        }
        let mut child = None;
        fs.read_dir(id, &mut |found, node, _| {
            child = (found == name).then_some(node).or(child);
            ControlFlow::Continue(())
        })
        .unwrap();
        assert!(child.is_some(), "{path:?} is missing");
        let child = child.unwrap();
        let mut node = fs.node(child).unwrap();
        let (mine, theirs) = (*node.metadata(), view.symlink_metadata(&path).unwrap());
        assert_eq!((mine.mode, mine.uid, mine.gid), (theirs.mode(), theirs.uid(), theirs.gid()), "{path:?}");
        *seen += 1;
        if theirs.is_symlink() {
            assert_eq!(node.read_link().unwrap(), view.read_link(&path).unwrap().as_ref());
        } else if theirs.is_dir() {
            viewed(view, &path, seen, fs, child);
        } else {
            assert_eq!(mine.size, theirs.len(), "{path:?}");
            assert!(crate::oracle::content(&mut *node) == view.read(&path).unwrap(), "{path:?}");
        }
    }
}

#[test]
fn the_crate_ext4_view_sees_the_same() {
    for options in [
        &["-t", "ext2", "-b", "1024"][..],
        &["-t", "ext4", "-b", "1024"],
        &["-t", "ext4", "-b", "4096", "-O", "64bit,metadata_csum"],
        &["-t", "ext4", "-b", "4096", "-O", "^64bit,^metadata_csum,uninit_bg"],
        &["-t", "ext4", "-b", "4096", "-O", "^extent,^64bit"],
    ] {
        let bytes = image(options);
        let view = ext4_view::Ext4::load(Box::new(bytes.clone())).unwrap();
        let fs = open(bytes);
        let mut seen = 0;
        viewed(&view, &ext4_view::PathBuf::new("/"), &mut seen, &*fs, fs.root());
        assert!(seen > 600, "{options:?}: {seen}");
    }
}

#[test]
fn attributes_come_back_from_inode_block_and_other_inode() {
    let dir = tempfile::tempdir().unwrap();
    let (path, value) = (dir.path().join("image"), dir.path().join("value"));
    fs::write(&path, image(&["-b", "4096", "-O", "ea_inode"])).unwrap();
    fs::write(&value, pattern(4096)).unwrap();
    let set = |request: &str| run("debugfs", &["-w", "-R", request, path.to_str().unwrap()]);
    set("ea_set large user.small tiny");
    set(&format!("ea_set large security.capability {}", "c".repeat(700)));
    set(&format!("ea_set -f {} large trusted.big", value.to_str().unwrap()));
    let fs = open(fs::read(&path).unwrap());
    let mut node = fs.node(named(&*fs, b"large")).unwrap();
    let want = [
        (b"security.capability".to_vec(), vec![b'c'; 700]),
        (b"trusted.big".to_vec(), pattern(4096)),
        (b"user.small".to_vec(), b"tiny".to_vec()),
    ];
    assert!(node.xattrs().unwrap() == want);
}

#[test]
fn what_fscrypt_encrypted_is_unsupported_and_its_metadata_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("image");
    fs::write(&path, image(&["-b", "4096", "-O", "encrypt"])).unwrap();
    for name in ["large", "deep"] {
        run("debugfs", &["-w", "-R", &format!("sif {name} flags 0x80800"), path.to_str().unwrap()]);
    }
    let fs = open(fs::read(&path).unwrap());
    let mut node = fs.node(named(&*fs, b"large")).unwrap();
    assert_eq!(node.metadata().size, 5_000_003);
    assert!(node.read_at(0, &mut [0]).unwrap_err().to_string().contains("fscrypt"));
    let error = fs.read_dir(named(&*fs, b"deep"), &mut |_, _, _| panic!("no entry can be read"));
    assert!(error.unwrap_err().to_string().contains("fscrypt"));
}

#[test]
fn an_absurd_size_ends_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("image");
    fs::write(&path, image(&["-b", "4096"])).unwrap();
    run("debugfs", &["-w", "-R", "set_inode_field large size 0x7fffffffffffffff", path.to_str().unwrap()]);
    let fs = open(fs::read(&path).unwrap());
    let mut node = fs.node(named(&*fs, b"large")).unwrap();
    let data: u64 = node
        .extents()
        .unwrap()
        .iter()
        .filter(|extent| matches!(extent.place, Place::Disk(_)))
        .map(|extent| extent.len)
        .sum();
    assert!(data < 6_000_000);
    let error = node.read_at(1 << 62, &mut [0; 64]).unwrap_err();
    assert!(error.to_string().contains("no file has more"), "{error}");
}

#[test]
fn flipped_and_cut_images_never_panic() {
    let whole = image(&["-b", "1024", "-O", "inline_data"]);
    let mut state = 1_u64;
    for round in 0..60 {
        let mut bytes = whole.clone();
        for _ in 0..400 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round);
            let at = (state >> 33) as usize % (2 << 20);
            bytes[at] ^= 1 << (state >> 61);
        }
        bytes.truncate(bytes.len() >> (round % 7));
        let Ok(fs) = (DRIVER.open)(Arc::new(bytes), &Budget::default()) else { continue };
        let _ = fs.unallocated(&mut |_| ControlFlow::Continue(()));
        for number in 1..3000 {
            let _ = fs.read_dir(NodeId(number), &mut |_, _, _| ControlFlow::Continue(()));
            let Ok(mut node) = fs.node(NodeId(number)) else { continue };
            let _ = (node.xattrs(), node.read_link());
            let _ = (node.read_at(0, &mut [0; 5000]), node.extents().map(<[_]>::len));
        }
    }
}
