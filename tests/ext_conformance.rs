//! mkfs.ext4 writes a tree into images of many kinds; the reader must give back every name, attribute and byte.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a panic here is a failed test"
)]

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use assay::budget::Budget;
use assay::bytes::Source;
use assay::finding::Loss;
use assay::fs::ext::DRIVER;
use assay::fs::{FileSystem, FileType, NodeId, Place};

/// What is compared of a file.
#[derive(Debug, PartialEq, Eq)]
struct File {
    kind: FileType,
    mode: u16,
    owner: (u32, u32),
    size: u64,
    links: u32,
    modified: (i64, u32),
    content: Vec<u8>,
}

type Files = BTreeMap<Vec<u8>, File>;

fn build_tree(root: &Path) {
    let write = |name: &str, content: &[u8]| fs::write(root.join(name), content).unwrap();
    fs::create_dir_all(root.join("deep/er/still")).unwrap();
    write("empty", b"");
    write("tiny", b"inline");
    write("sixty", &[b'6'; 60]);
    write("hundred", &[b'h'; 100]);
    write("deep/er/still/mixed", &pattern(300_001));
    write("large", &pattern(5_000_003));
    let sparse = fs::File::create(root.join("sparse")).unwrap();
    for hole in 1..40_u64 {
        std::os::unix::fs::FileExt::write_all_at(&sparse, &pattern(4096), hole * 131_072).unwrap();
    }
    // Not a hole at the end: mke2fs with inline_data writes too small a size then.
    std::os::unix::fs::FileExt::write_all_at(&sparse, b"end", 40 * 131_072 + 77).unwrap();
    fs::create_dir(root.join("many")).unwrap();
    for number in 0..600 {
        let name = format!("many/a rather long name that fills the directory, number {number}");
        write(&name, format!("{number}").as_bytes());
    }
    fs::create_dir(root.join("few")).unwrap();
    (0..6).for_each(|number| write(&format!("few/{number}"), b"x"));
    symlink("short", root.join("link-short")).unwrap();
    symlink("x".repeat(59), root.join("link-59")).unwrap();
    symlink("x".repeat(60), root.join("link-60")).unwrap();
    symlink("long/".repeat(180), root.join("link-long")).unwrap();
    write(&"n".repeat(255), b"long name");
    let odd = std::ffi::OsString::from_vec(b"not \xff utf-8 \n\x1b[31m".to_vec());
    fs::write(root.join(odd), b"odd").unwrap();
    fs::hard_link(root.join("tiny"), root.join("tiny-again")).unwrap();
}

fn pattern(len: usize) -> Vec<u8> {
    let mut state = len as u64 | 1;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..len).map(next).collect()
}

fn expected(root: &Path, dir: &Path, files: &mut Files) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let (path, data) = (entry.path(), entry.metadata().unwrap());
        let kind = data.file_type();
        let (kind, content) = if kind.is_dir() {
            expected(root, &path, files);
            (FileType::Directory, Vec::new())
        } else if kind.is_symlink() {
            (FileType::Symlink, fs::read_link(&path).unwrap().into_os_string().into_vec())
        } else {
            assert!(!kind.is_fifo());
            (FileType::Regular, fs::read(&path).unwrap())
        };
        let file = File {
            kind,
            mode: (data.mode() & 0o7777) as u16,
            owner: (data.uid(), data.gid()),
            size: if kind == FileType::Directory { 0 } else { data.len() },
            links: if kind == FileType::Directory { 0 } else { data.nlink() as u32 },
            modified: (data.mtime(), 0),
            content,
        };
        files.insert(path.strip_prefix(root).unwrap().as_os_str().as_bytes().to_vec(), file);
    }
}

fn found(fs: &dyn FileSystem, dir: NodeId, path: &[u8], files: &mut Files) {
    let mut entries = Vec::new();
    fs.read_dir(dir, &mut |name, id, kind| {
        entries.push((name.to_vec(), id, kind));
        ControlFlow::Continue(())
    })
    .unwrap();
    for (name, id, claimed) in entries {
        let path = [path, &name].concat();
        if path == b"lost+found" {
            continue;
        }
        let mut node = fs.node(id).unwrap();
        let data = *node.metadata();
        assert!(claimed.is_none_or(|claimed| claimed == data.file_type));
        let is_dir = data.file_type == FileType::Directory;
        let content = match data.file_type {
            FileType::Directory => Vec::new(),
            FileType::Symlink => node.read_link().unwrap(),
            _ => content(&mut *node),
        };
        let file = File {
            kind: data.file_type,
            mode: data.mode,
            owner: (data.uid, data.gid),
            size: if is_dir { 0 } else { data.size },
            links: if is_dir { 0 } else { data.links },
            modified: (data.modified.seconds, 0),
            content,
        };
        files.insert(path.clone(), file);
        if is_dir {
            found(fs, id, &[&path, &b"/"[..]].concat(), files);
        }
    }
}

/// Reads in odd pieces, and checks that the extents are in order and without gaps.
fn content(node: &mut dyn assay::fs::Node) -> Vec<u8> {
    let mut end = 0;
    for extent in node.extents().unwrap() {
        assert_eq!(extent.start, end);
        assert!(extent.len > 0);
        end += extent.len;
    }
    assert!(end <= node.metadata().size);
    let mut content = Vec::new();
    let mut piece = vec![0xAA; 99_991];
    loop {
        let read = node.read_at(content.len() as u64, &mut piece).unwrap();
        content.extend_from_slice(&piece[..read]);
        if read == 0 {
            return content;
        }
    }
}

fn run(program: &str, args: &[&str]) {
    let output = Command::new(program)
        .args(args)
        .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
        .output()
        .unwrap_or_else(|error| panic!("{program} cannot be run ({error}): install e2fsprogs"));
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

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
    assert!((DRIVER.probe)(&*source));
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
    let (mut want, mut have) = (Files::new(), Files::new());
    expected(&tree, &tree, &mut want);
    found(&*fs, fs.root(), b"", &mut have);
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&want), names(&have), "{options:?}");
    for (path, file) in &want {
        assert!(have[path] == *file, "{options:?}: {}", String::from_utf8_lossy(path));
    }
    assert_eq!(fs.notes(), [], "{options:?}");
    let mut free = 0;
    fs.unallocated(&mut |span| {
        free += span.len;
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(free, fs.usage().free, "{options:?}");
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

fn named(fs: &dyn FileSystem, wanted: &[u8]) -> NodeId {
    let mut id = None;
    fs.read_dir(fs.root(), &mut |name, node, _| {
        id = (name == wanted).then_some(node).or(id);
        ControlFlow::Continue(())
    })
    .unwrap();
    id.unwrap()
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
    assert_eq!(node.read_at(1 << 62, &mut [0; 64]).unwrap(), 64);
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
