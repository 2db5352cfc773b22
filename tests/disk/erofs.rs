//! mkfs.erofs writes a tree; the reader must give it back, and say what is packed.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic here is a failed test")]

use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use crate::oracle::tools::have;
use crate::oracle::{assert_same, build_tree, content, named, run};
use assay::finding::Loss;
use assay_disk::budget::Budget;
use assay_disk::bytes::Source;
use assay_disk::fs::erofs::DRIVER;
use assay_disk::fs::{FileSystem, FileType, FsError, NodeId};

struct Lab {
    dir: tempfile::TempDir,
}

impl Lab {
    fn new() -> Option<Self> {
        if !have("mkfs.erofs", "erofs-utils") {
            return None;
        }
        let lab = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(lab.tree()).unwrap();
        build_tree(&lab.tree());
        // mkfs.erofs 1.5 gives up on it.
        fs::remove_file(lab.tree().join("n".repeat(255))).unwrap();
        let text: Vec<u8> = (0..30_000).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        for size in [4095, 4096, 4097, 200_000] {
            fs::write(lab.tree().join(format!("text-{size}")), &text[..size]).unwrap();
        }
        Some(lab)
    }

    fn tree(&self) -> PathBuf {
        self.dir.path().join("tree")
    }

    fn image(&self, options: &[&str]) -> Vec<u8> {
        let image = self.dir.path().join("image");
        let _ = fs::remove_file(&image);
        let tree = self.tree();
        let mut args = options.to_vec();
        args.extend(["--quiet", image.to_str().unwrap(), tree.to_str().unwrap()]);
        run("mkfs.erofs", &args);
        fs::read(image).unwrap()
    }
}

fn open(image: Vec<u8>) -> Box<dyn FileSystem> {
    let source: Arc<dyn Source> = Arc::new(image);
    assert!((DRIVER.probe)(&*source));
    (DRIVER.open)(source, &Budget::default()).unwrap()
}

#[test]
fn every_layout_that_is_not_packed_conforms() {
    let Some(lab) = Lab::new() else { return };
    for options in [
        &[][..],
        &["-Eforce-inode-extended"],
        &["-Enoinline_data"],
        &["--chunksize=4096"],
        &["--chunksize=65536"],
        &["--chunksize=4096", "-Eforce-chunk-indexes"],
    ] {
        let mut options = options.to_vec();
        options.push("--preserve-mtime");
        let fs = open(lab.image(&options));
        assert_same(&lab.tree(), &*fs, &format!("{options:?}"));
        assert_eq!(fs.notes(), [], "{options:?}");
    }
}

#[test]
fn identity_is_what_the_superblock_says() {
    let Some(lab) = Lab::new() else { return };
    let uuid = "11111111-2222-3333-4444-555555555555";
    let identity = open(lab.image(&["-U", uuid])).identity();
    assert_eq!((identity.kind, identity.uuid.as_deref()), ("erofs", Some(uuid)));
}

#[test]
fn packed_files_are_listed_and_their_content_is_unsupported() {
    let Some(lab) = Lab::new() else { return };
    let fs = open(lab.image(&["-zlz4hc"]));
    let mut node = fs.node(named(&*fs, b"text-200000")).unwrap();
    assert_eq!(node.metadata().size, 200_000);
    assert!(matches!(node.extents(), Err(FsError::Unsupported(_))));
    assert!(matches!(node.read_at(0, &mut [0; 10]), Err(FsError::Unsupported(_))));
    assert_eq!(fs.node(named(&*fs, b"link-short")).unwrap().read_link().unwrap(), b"short");
}

#[test]
fn attributes_come_back_where_the_host_can_set_them() {
    let Some(lab) = Lab::new() else { return };
    if !have("setfattr", "attr") {
        return;
    }
    for (file, value) in [("tiny", "one"), ("hundred", "one"), ("few/0", "one"), ("few/1", "two")] {
        let path = lab.tree().join(file);
        let args = ["-n", "user.note", "-v", value, path.to_str().unwrap()];
        if !std::process::Command::new("setfattr").args(args).status().unwrap().success() {
            return;
        }
    }
    // Values that many files have are shared.
    let fs = open(lab.image(&["-x1"]));
    let attributes = fs.node(named(&*fs, b"hundred")).unwrap().xattrs().unwrap();
    assert_eq!(attributes, [(b"user.note".to_vec(), b"one".to_vec())]);
}

#[test]
fn a_cut_image_says_so() {
    let Some(lab) = Lab::new() else { return };
    let mut image = lab.image(&[]);
    image.truncate(image.len() - 8192);
    let fs = open(image);
    assert!(fs.notes().iter().any(|note| note.loss == Loss::Part));
    assert_eq!(content(&mut *fs.node(named(&*fs, b"tiny")).unwrap()), b"inline");
}

#[test]
fn flipped_and_cut_images_never_panic() {
    let Some(lab) = Lab::new() else { return };
    for options in [&[][..], &["--chunksize=4096"]] {
        let whole = lab.image(options);
        let mut state = 1_u64;
        for round in 0..100 {
            let mut bytes = whole.clone();
            for _ in 0..200 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round);
                let at = 1024 + (state >> 33) as usize % 300_000.min(whole.len() - 1024);
                if at > 1152 || round % 4 == 0 && at > 1028 {
                    bytes[at] ^= 1 << (state >> 61);
                }
            }
            if round % 5 == 0 {
                bytes.truncate(whole.len() >> (round % 4));
            }
            let Ok(fs) = (DRIVER.open)(Arc::new(bytes), &Budget::default()) else { continue };
            visit(&*fs, fs.root(), 0);
        }
    }
}

fn visit(fs: &dyn FileSystem, dir: NodeId, depth: u32) {
    let mut entries = Vec::new();
    let _ = fs.read_dir(dir, &mut |_, id, kind| {
        entries.push((id, kind));
        ControlFlow::Continue(())
    });
    for (id, kind) in entries {
        if kind == Some(FileType::Directory) && depth < 4 {
            visit(fs, id, depth + 1);
        }
        let Ok(mut node) = fs.node(id) else { continue };
        let _ = (node.xattrs(), node.read_link(), node.first_place());
        let _ = (node.read_at(0, &mut [0; 9000]), node.extents().map(<[_]>::len));
    }
}
