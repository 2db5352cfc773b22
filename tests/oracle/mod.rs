//! What the conformance tests of all file systems share: a tree of odd files on the host, the same tree as
//! our reader shows it, and the comparison.

#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    unreachable_pub,
    missing_docs,
    reason = "a panic here is a failed test, and not every test uses every part"
)]

pub mod skipped;
pub mod tools;

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::path::Path;
use std::process::Command;

use assay_disk::fs::{FileSystem, FileType, NodeId};

/// What is compared of a file.
#[derive(Debug, PartialEq, Eq)]
pub struct File {
    pub kind: FileType,
    pub mode: u16,
    pub owner: (u32, u32),
    pub size: u64,
    pub links: u32,
    pub modified: (i64, u32),
    pub content: Vec<u8>,
}

/// By path from the root, without the first slash.
pub type Files = BTreeMap<Vec<u8>, File>;

/// Writes a tree with names, sizes, holes and links of every kind below `root`.
pub fn build_tree(root: &Path) {
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

/// `len` bytes that look random, the same each time.
pub fn pattern(len: usize) -> Vec<u8> {
    let mut state = len as u64 | 1;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..len).map(next).collect()
}

/// Bytes that a file system lists as free.
pub fn free(fs: &dyn FileSystem) -> u64 {
    let mut free = 0;
    fs.unallocated(&mut |span| {
        free += span.len;
        ControlFlow::Continue(())
    })
    .unwrap();
    free
}

/// The files below `dir` as the host shows them, by their path from `root`.
pub fn expected(root: &Path, dir: &Path, files: &mut Files) {
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

/// The files below `dir` as our reader shows them; `path` is what comes before their names.
pub fn found(fs: &dyn FileSystem, dir: NodeId, path: &[u8], files: &mut Files) {
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
pub fn content(node: &mut dyn assay_disk::fs::Node) -> Vec<u8> {
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

/// Runs a tool of the host; a missing or failing one is a failed test.
pub fn run(program: &str, args: &[&str]) {
    let output = Command::new(program)
        .args(args)
        .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
        .output()
        .unwrap_or_else(|error| panic!("{program} cannot be run ({error}): is its package installed?"));
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The entry of the root directory with this name.
pub fn named(fs: &dyn FileSystem, wanted: &[u8]) -> NodeId {
    let mut id = None;
    fs.read_dir(fs.root(), &mut |name, node, _| {
        id = (name == wanted).then_some(node).or(id);
        ControlFlow::Continue(())
    })
    .unwrap();
    id.unwrap()
}

/// Holds that our reader shows below its root just what the host has below `tree`.
pub fn assert_same(tree: &Path, fs: &dyn FileSystem, what: &str) {
    let (mut want, mut have) = (Files::new(), Files::new());
    expected(tree, tree, &mut want);
    found(fs, fs.root(), b"", &mut have);
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&want), names(&have), "{what}");
    for (path, file) in &want {
        assert!(have[path] == *file, "{what}: {}", String::from_utf8_lossy(path));
    }
}
