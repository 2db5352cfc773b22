//! A tree of the host, with what may go wrong in it.

use std::fs;
use std::os::unix::fs::{FileExt as _, symlink};

use super::*;

fn listed(fs: &dyn FileSystem, dir: NodeId) -> Vec<(String, NodeId)> {
    let mut found = Vec::new();
    fs.read_dir(dir, &mut |name, id, _| {
        found.push((String::from_utf8_lossy(name).into_owned(), id));
        ControlFlow::Continue(())
    })
    .unwrap();
    found
}

fn child(fs: &dyn FileSystem, name: &str) -> NodeId {
    listed(fs, fs.root()).into_iter().find(|(found, _)| found == name).unwrap().1
}

fn read(fs: &dyn FileSystem, name: &str) -> Result<Vec<u8>, FsError> {
    let mut content = vec![0; 64];
    let read = fs.node(child(fs, name))?.read_at(0, &mut content)?;
    content.truncate(read);
    Ok(content)
}

#[test]
fn a_tree_of_the_host_is_listed_and_read() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("etc")).unwrap();
    fs::write(root.path().join("etc/a"), b"hello").unwrap();
    symlink("/dev/null", root.path().join("etc/b")).unwrap();
    let fs = open(root.path(), &Budget::default()).unwrap();
    let found = listed(&*fs, child(&*fs, "etc"));
    assert_eq!(found.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let mut content = [0; 8];
    assert_eq!(fs.node(found[0].1).unwrap().read_at(0, &mut content).unwrap(), 5);
    assert_eq!(fs.node(found[1].1).unwrap().read_link().unwrap(), b"/dev/null");
    assert_eq!(fs.notes(), []);
}

#[test]
fn names_of_one_file_are_one_node() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("a"), b"hello").unwrap();
    fs::hard_link(root.path().join("a"), root.path().join("b")).unwrap();
    let fs = open(root.path(), &Budget::default()).unwrap();
    assert_eq!(child(&*fs, "a"), child(&*fs, "b"));
}

#[test]
fn holes_are_told_and_not_read() {
    let root = tempfile::tempdir().unwrap();
    let file = File::create(root.path().join("sparse")).unwrap();
    file.write_all_at(b"data", 8 << 20).unwrap();
    let fs = open(root.path(), &Budget::default()).unwrap();
    let mut node = fs.node(child(&*fs, "sparse")).unwrap();
    let extents = node.extents().unwrap();
    assert_eq!(extents[0], Extent { start: 0, len: 8 << 20, place: Place::Hole });
    assert_eq!(extents[1].place, Place::Opaque);
}

#[test]
fn a_file_that_is_replaced_vanishes_or_shrinks_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    for name in ["gone", "link", "other", "short"] {
        fs::write(root.path().join(name), b"hello").unwrap();
    }
    let fs = open(root.path(), &Budget::default()).unwrap();
    fs::remove_file(root.path().join("gone")).unwrap();
    fs::remove_file(root.path().join("link")).unwrap();
    symlink("/etc/passwd", root.path().join("link")).unwrap();
    fs::rename(root.path().join("other"), root.path().join("kept")).unwrap();
    fs::write(root.path().join("other"), b"another").unwrap();
    fs::write(root.path().join("short"), b"").unwrap();
    for name in ["gone", "link", "other", "short"] {
        assert!(matches!(read(&*fs, name), Err(FsError::Read(ReadError::Host { .. }))), "{name}");
    }
}

#[test]
fn a_directory_that_became_a_link_is_not_followed() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("d")).unwrap();
    fs::write(root.path().join("d/passwd"), b"inside").unwrap();
    let fs = open(root.path(), &Budget::default()).unwrap();
    let inside = listed(&*fs, child(&*fs, "d"))[0].1;
    fs::rename(root.path().join("d"), root.path().join("moved")).unwrap();
    symlink("/etc", root.path().join("d")).unwrap();
    assert!(fs.node(inside).unwrap().read_at(0, &mut [0; 8]).is_err());
}

#[test]
fn pipes_are_listed_and_never_opened() {
    let root = tempfile::tempdir().unwrap();
    let status = std::process::Command::new("mkfifo").arg(root.path().join("pipe")).status().unwrap();
    assert!(status.success());
    let fs = open(root.path(), &Budget::default()).unwrap();
    assert!(matches!(read(&*fs, "pipe"), Err(FsError::Unsupported(_))));
}

#[test]
fn attributes_are_read_where_the_host_has_them() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a");
    fs::write(&path, b"hello").unwrap();
    let set = rustix::fs::setxattr(&path, "user.note", b"value", rustix::fs::XattrFlags::empty());
    let fs = open(root.path(), &Budget::default()).unwrap();
    let found = fs.node(child(&*fs, "a")).unwrap().xattrs().unwrap();
    assert_eq!(set.is_ok(), found.contains(&(b"user.note".to_vec(), b"value".to_vec())));
}

#[test]
fn what_the_kernel_makes_up_is_left_out_by_its_type() {
    if !Path::new("/proc/self").exists() {
        return;
    }
    // The whole machine is too much to list: /proc lies in no other tree that is always there.
    let fs = open(Path::new("/"), &Budget { entries: 40_000, ..Budget::default() }).unwrap();
    assert_eq!(listed(&*fs, child(&*fs, "proc")), []);
    assert!(fs.notes().iter().any(|note| note.text.contains("/proc is made up by the kernel (proc)")));
}
