//! mkfs.xfs writes a tree into images of many kinds; the reader must give back every name, attribute and byte.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a panic here is a failed test"
)]

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::oracle::tools::prototype;
use crate::oracle::{Files, build_tree, expected, found, named, pattern, run};
use assay::finding::Loss;
use assay_disk::budget::Budget;
use assay_disk::bytes::Source;
use assay_disk::fs::xfs::{DRIVER, FROM_BACKUP};
use assay_disk::fs::{FileSystem, FileType, FsError, NodeId, Place};
use tempfile::TempDir;

fn haves() -> bool {
    crate::oracle::tools::have("mkfs.xfs", "xfsprogs")
}

/// An image in a file: mkfs.xfs makes none that is small.
struct Image {
    dir: TempDir,
}

impl Image {
    /// Made with `options`, of `size`, with the tree of all conformance tests in it.
    fn new(options: &[&str], size: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (tree, image) = (dir.path().join("tree"), Self { dir });
        fs::create_dir(&tree).unwrap();
        build_tree(&tree);
        without_spaces(&tree);
        // A prototype knows no second name of a file.
        fs::remove_file(tree.join("tiny-again")).unwrap();
        // mkfs.xfs forgets the header of a long link in version 5.
        if !options.contains(&"crc=0") && !options.contains(&LONG_LINK[1]) {
            fs::remove_file(tree.join("link-long")).unwrap();
        }
        fs::write(image.dir.path().join("proto"), prototype(&tree)).unwrap();
        fs::File::create(image.path()).unwrap().set_len(size).unwrap();
        let (proto, path) = (image.dir.path().join("proto"), image.path());
        let mut args = vec!["--unsupported", "-q", "-p", proto.to_str().unwrap()];
        args.extend(options);
        args.push(path.to_str().unwrap());
        run("mkfs.xfs", &args);
        image
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("image")
    }

    fn source(&self) -> Arc<dyn Source> {
        assay_disk::image::open(&self.path(), &Default::default(), &Budget::default(), &|_| {})
            .unwrap()
            .source
    }

    fn open(&self) -> Result<Box<dyn FileSystem>, FsError> {
        assert!((DRIVER.probe)(&*self.source()));
        (DRIVER.open)(self.source(), &Budget::default())
    }

    fn patch(&self, offset: u64, bytes: &[u8]) {
        let mut file = fs::OpenOptions::new().write(true).open(self.path()).unwrap();
        file.seek(SeekFrom::Start(offset)).unwrap();
        file.write_all(bytes).unwrap();
    }

    fn read(&self, offset: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        let mut file = fs::File::open(self.path()).unwrap();
        file.seek(SeekFrom::Start(offset)).unwrap();
        file.read_exact(&mut bytes).unwrap();
        bytes
    }

    fn db(&self, commands: &[&str]) {
        let path = self.path();
        let mut args = vec!["-x"];
        commands.iter().for_each(|command| args.extend(["-c", command]));
        args.push(path.to_str().unwrap());
        run("xfs_db", &args);
    }

    /// Holds that the reader shows below its root just what is in the tree on the host.
    fn assert_same(&self, fs: &dyn FileSystem, what: &str) {
        let tree = self.dir.path().join("tree");
        let (mut want, mut have) = (Files::new(), Files::new());
        expected(&tree, &tree, &mut want);
        found(fs, fs.root(), b"", &mut have);
        let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&want), names(&have), "{what}");
        for (path, file) in &mut want {
            let shown = &have[path];
            // A prototype tells neither times nor second names; every link has all permissions.
            file.modified = shown.modified;
            file.links = shown.links;
            assert!(shown == file, "{what}: {}", String::from_utf8_lossy(path));
        }
    }
}

/// Names in a prototype end with white space.
fn without_spaces(dir: &Path) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap).collect::<Vec<_>>() {
        let mut name = entry.file_name().into_vec();
        name.iter_mut().filter(|byte| byte.is_ascii_whitespace()).for_each(|byte| *byte = b'_');
        let path = dir.join(std::ffi::OsString::from_vec(name));
        fs::rename(entry.path(), &path).unwrap();
        if path.is_dir() && !path.is_symlink() {
            without_spaces(&path);
        }
    }
}

/// Options that keep the long link: they say what is so anyway.
const LONG_LINK: [&str; 2] = ["-m", "crc=1"];
const MIB: u64 = 1 << 20;

fn conforms(options: &[&str], size: u64) {
    let image = Image::new(options, size);
    let fs = image.open().unwrap();
    image.assert_same(&*fs, &format!("{options:?}"));
    assert_eq!(fs.notes(), [], "{options:?}");
    assert_eq!(crate::oracle::free(&*fs), fs.usage().free, "{options:?}");
}

#[test]
fn version_5_conforms_at_every_block_size() {
    if !haves() {
        return;
    }
    for size in ["1024", "2048", "4096"] {
        conforms(&["-b", &format!("size={size}")], 48 * MIB);
    }
    conforms(&["-b", "size=65536"], 512 * MIB);
    conforms(&["-s", "size=4096"], 64 * MIB);
}

#[test]
fn version_4_conforms_with_and_without_types_of_entries() {
    if !haves() {
        return;
    }
    for ftype in ["ftype=0", "ftype=1"] {
        for block in ["size=512", "size=4096"] {
            conforms(&["-m", "crc=0", "-n", ftype, "-b", block, "-i", "size=256"], 48 * MIB);
        }
    }
}

#[test]
fn every_feature_conforms() {
    if !haves() {
        return;
    }
    for options in [
        ["-n", "size=65536", "-b", "size=1024"],
        ["-n", "version=ci", "-n", "size=8192"],
        ["-m", "bigtime=0", "-i", "size=2048"],
        ["-m", "rmapbt=1,reflink=1", "-i", "nrext64=1"],
        ["-m", "finobt=0,reflink=0", "-i", "sparse=0"],
        ["-m", "bigtime=1,inobtcount=1", "-i", "sparse=1,size=1024"],
    ] {
        conforms(&options, 64 * MIB);
    }
}

/// A file as another reader's source.
struct Device(Arc<dyn Source>);

impl lamxfs::BlockRead for Device {
    type Error = assay_disk::bytes::ReadError;

    fn read_at(&mut self, offset: u64, dst: &mut [u8]) -> Result<(), Self::Error> {
        self.0.read_exact_at(offset, dst)
    }
}

#[test]
fn another_reader_agrees() {
    if !haves() {
        return;
    }
    let mut compared = 0;
    for options in [&["-b", "size=4096"][..], &["-b", "size=1024"], &["-n", "size=65536"]] {
        let image = Image::new(options, 320 << 20);
        let mut ours = Files::new();
        let fs = image.open().unwrap();
        found(&*fs, fs.root(), b"", &mut ours);
        let mut other = lamxfs::Xfs::open(Device(image.source()), image.source().len()).unwrap();
        for (path, file) in &ours {
            let full = [b"/", path.as_slice()].concat();
            let path = lamxfs::Path::new(&full);
            let inode = other.resolve(path).unwrap();
            let metadata = other.metadata(&inode).unwrap();
            assert_eq!(metadata.mode() & 0o7777, u32::from(file.mode));
            match file.kind {
                FileType::Regular => assert!(other.read_file(path).unwrap() == file.content),
                FileType::Symlink => assert_eq!(other.read_link(path).unwrap(), file.content),
                _ => assert!(metadata.is_dir()),
            }
            compared += 1;
        }
    }
    assert!(compared > 1800, "{compared}");
}

#[test]
fn groups_of_any_size_conform() {
    if !haves() {
        return;
    }
    for count in ["agcount=1", "agcount=3", "agcount=7"] {
        conforms(&["-d", count], 176 * MIB + 12 * 4096);
    }
}

#[test]
fn a_lost_superblock_is_replaced_by_that_of_another_group() {
    if !haves() {
        return;
    }
    for (options, lost) in [
        (&["-b", "size=1024"][..], vec![0; 512]),
        (&["-b", "size=4096"][..], vec![0xA5; 512]),
        // The header that tells the size of a group is gone too.
        (&["-d", "agcount=3"][..], vec![0; 4096]),
        (&["-d", "agsize=20m"][..], vec![0; 4096]),
    ] {
        let image = Image::new(options, 64 * MIB);
        image.patch(0, &lost);
        let source = image.source();
        assert!(!(DRIVER.probe)(&*source) && (FROM_BACKUP.probe)(&*source), "{options:?}");
        let fs = (FROM_BACKUP.open)(source, &Budget::default()).unwrap();
        image.assert_same(&*fs, "backup");
        let notes = fs.notes();
        assert!(notes.iter().any(|note| note.text.contains("the backup of group")), "{notes:?}");
        assert!(notes.iter().all(|note| note.loss == Loss::Nothing), "{notes:?}");
    }
}

#[test]
fn a_superblock_that_makes_no_sense_is_replaced_too() {
    if !haves() {
        return;
    }
    let image = Image::new(&[], 64 * MIB);
    image.patch(84, &[0; 8]);
    let fs = image.open().unwrap();
    image.assert_same(&*fs, "nonsense");
    assert!(fs.notes().iter().any(|note| note.text.contains("the backup of group")));
}

#[test]
fn an_empty_volume_is_no_xfs() {
    let zeros: Arc<dyn Source> = Arc::new(vec![0; 4 << 20]);
    assert!(!(FROM_BACKUP.probe)(&*zeros));
}

#[test]
fn what_is_not_whole_or_not_known_is_refused() {
    if !haves() {
        return;
    }
    let image = Image::new(&[], 64 * MIB);
    image.db(&["sb 0", "write -d inprogress 1"]);
    assert!(matches!(image.open(), Err(FsError::Unsupported(text)) if text.contains("mkfs")));
    image.db(&["sb 0", "write -d inprogress 0", "write -d features_incompat 0x8000000b"]);
    assert!(matches!(image.open(), Err(FsError::Unsupported(text)) if text.contains("0x80000000")));
}

#[test]
fn attributes_come_back_from_every_form() {
    if !haves() {
        return;
    }
    for options in [&["-m", "crc=0"][..], &["-i", "size=512"][..], &["-b", "size=1024"][..]] {
        let image = Image::new(options, 64 * MIB);
        let fs = image.open().unwrap();
        let (few, many) = (named(&*fs, b"tiny").0, named(&*fs, b"large").0);
        let mut commands = vec![format!("inode {few}"), "attr_set -u small -v 5".to_owned()];
        commands.extend(["attr_set -s capability -v 20".to_owned(), format!("inode {many}")]);
        let mut want = Vec::new();
        for number in 0..120_usize {
            let len = [3, 70, 900, 5000, 65536][number % 5];
            commands.push(format!("attr_set -r name-{number} -v {len}"));
            want.push((format!("trusted.name-{number}").into_bytes(), len));
        }
        image.db(&commands.iter().map(String::as_str).collect::<Vec<_>>());
        want.sort();
        let fs = image.open().unwrap();
        let lengths = |id| {
            let attributes = fs.node(NodeId(id)).unwrap().xattrs().unwrap();
            attributes.into_iter().map(|(name, value)| (name, value.len())).collect::<Vec<_>>()
        };
        assert_eq!(lengths(few), [(b"security.capability".to_vec(), 20), (b"user.small".to_vec(), 5)]);
        assert_eq!(lengths(many), want, "{options:?}");
        assert_eq!(fs.notes(), [], "{options:?}");
    }
}

#[test]
fn a_long_link_is_read_with_its_header_and_without() {
    if !haves() {
        return;
    }
    let image = Image::new(&LONG_LINK, 48 * MIB);
    let target = b"long/".repeat(180);
    let fs = image.open().unwrap();
    let link = named(&*fs, b"link-long");
    assert_eq!(fs.node(link).unwrap().read_link().unwrap(), target);
    assert_eq!(fs.notes().len(), 1, "the missing header is a wrong checksum");
    let bytes = fs::read(image.path()).unwrap();
    let place = bytes.chunks(4096).position(|block| block.starts_with(&target)).unwrap();
    let mut block = b"XSLM\0\0\0\0\0\0\x03\x84".to_vec();
    block.resize(56, 0);
    block[32..40].copy_from_slice(&link.0.to_be_bytes());
    block.extend(&target);
    block.resize(4096, 0);
    let crc = crc32c::crc32c(&block);
    block[12..16].copy_from_slice(&crc.to_le_bytes());
    image.patch(place as u64 * 4096, &block);
    let fs = image.open().unwrap();
    assert_eq!(fs.node(link).unwrap().read_link().unwrap(), target);
    assert_eq!(fs.notes(), []);
}

#[test]
fn an_absurd_size_ends_at_once() {
    if !haves() {
        return;
    }
    let image = Image::new(&[], 64 * MIB);
    let number = named(&*image.open().unwrap(), b"large").0;
    image.db(&[&format!("inode {number}"), "write -d core.size 0x7fffffffffffffff"]);
    let fs = image.open().unwrap();
    let mut node = fs.node(NodeId(number)).unwrap();
    let on_disk = |extent: &&assay_disk::fs::Extent| matches!(extent.place, Place::Disk(_));
    let data: u64 = node.extents().unwrap().iter().filter(on_disk).map(|extent| extent.len).sum();
    assert!(data < 6_000_000);
    assert_eq!(node.read_at(1 << 62, &mut [0; 64]).unwrap(), 64);
}

#[test]
fn wrong_checksums_are_counted_and_read_as_they_are() {
    if !haves() {
        return;
    }
    let image = Image::new(&["-i", "size=512"], 64 * MIB);
    let number = named(&*image.open().unwrap(), b"tiny").0;
    // In the first group, inodes lie at their number; this is the time of the last access.
    image.patch(number * 512 + 36, &[0x55]);
    let fs = image.open().unwrap();
    image.assert_same(&*fs, "wrong checksum");
    let text = format!("wrong checksums: 1 inodes, the first {number}; they are read as they are");
    assert_eq!(fs.notes().iter().map(|note| note.text.clone()).collect::<Vec<_>>(), [text]);
}

#[test]
fn a_cut_image_says_so() {
    if !haves() {
        return;
    }
    let image = Image::new(&[], 64 * MIB);
    fs::OpenOptions::new().write(true).open(image.path()).unwrap().set_len(40 * MIB).unwrap();
    let fs = image.open().unwrap();
    assert!(fs.notes().iter().any(|note| note.loss == Loss::Part && note.text.contains("41943040")));
}

/// Operations of a transaction, as the log keeps them.
fn transaction(regions: &[&[u8]]) -> (u32, Vec<u8>) {
    let header = [&b"NART\x28\0\0\0"[..], &[0; 8]].concat();
    let mut operations: Vec<(u8, &[u8])> = vec![(1, b""), (0, &header)];
    operations.extend(regions.iter().map(|region| (0, *region)));
    operations.push((2, b""));
    let mut data = Vec::new();
    for (flags, region) in &operations {
        data.extend([0, 0, 0, 7]);
        data.extend((region.len() as u32).to_be_bytes());
        data.extend([0x69, *flags, 0, 0]);
        data.extend(*region);
    }
    (operations.len() as u32, data)
}

/// Appends a record to the log, behind the one that mkfs.xfs writes.
fn append_to_log(image: &Image, regions: &[&[u8]]) -> u64 {
    let superblock = image.read(0, 512);
    let word = |at: usize| u64::from(u32::from_be_bytes(superblock[at..at + 4].try_into().unwrap()));
    let (start, group_log) = (word(52), superblock[124]);
    let block = (start >> group_log) * word(84) + (start & ((1 << group_log) - 1));
    let log = block * word(4);
    let (operations, mut data) = transaction(regions);
    data.resize(data.len().next_multiple_of(512), 0);
    let mut head = vec![0; 512];
    let mut put = |at: usize, bytes: &[u8]| head[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &0xFEED_BABE_u32.to_be_bytes());
    put(4, &[0, 0, 0, 1, 0, 0, 0, 2]);
    put(12, &(data.len() as u32).to_be_bytes());
    put(16, &(1_u64 << 32 | 2).to_be_bytes());
    put(24, &(1_u64 << 32 | 2).to_be_bytes());
    put(40, &operations.to_be_bytes());
    put(300, &[0, 0, 0, 1]);
    put(304, &superblock[32..48]);
    put(320, &32768_u32.to_be_bytes());
    for (index, block) in data.chunks_exact_mut(512).enumerate() {
        put(44 + index * 4, &block[..4]);
        block[..4].copy_from_slice(&[0, 0, 0, 1]);
    }
    let crc = crc32c::crc32c_append(crc32c::crc32c(&head[..328]), &data);
    head[32..36].copy_from_slice(&crc.to_le_bytes());
    image.patch(log + 1024, &[head, data].concat());
    log + 1024
}

/// The regions of an item that gives the inode `number` of version 3 the owner `uid`.
fn inode_item(image: &Image, number: u64, uid: u32) -> [Vec<u8>; 2] {
    let mut format = vec![0x3B, 0x12, 2, 0, 1, 0, 0, 0];
    format.resize(40, 0);
    format.extend((number * 512 / 512).to_le_bytes());
    format.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    let mut core = image.read(number * 512, 176);
    for (at, len) in [(0, 2), (2, 2), (8, 4), (12, 4), (16, 4), (24, 8), (56, 8), (64, 8), (76, 4), (90, 2)]
        .into_iter()
        .chain([(80, 2), (32, 8), (40, 8), (48, 8), (92, 4), (104, 8), (120, 8), (144, 8), (152, 8)])
    {
        core[at..at + len].reverse();
    }
    core[8..12].copy_from_slice(&uid.to_le_bytes());
    [format, core]
}

#[test]
fn a_dirty_log_is_replayed() {
    if !haves() {
        return;
    }
    let image = Image::new(&["-i", "size=512"], 64 * MIB);
    let number = named(&*image.open().unwrap(), b"tiny").0;
    let item = inode_item(&image, number, 4711);
    let record = append_to_log(&image, &[&item[0], &item[1]]);
    let fs = image.open().unwrap();
    assert_eq!(fs.node(NodeId(number)).unwrap().metadata().uid, 4711);
    let notes: Vec<_> = fs.notes().into_iter().map(|note| (note.loss, note.text)).collect();
    assert_eq!(notes, [(Loss::Nothing, "the log was replayed in memory: 1 transactions".to_owned())]);
    // A record that was not written whole does not count: the crash was before it.
    image.patch(record + 700, &[0xFF; 8]);
    let fs = image.open().unwrap();
    assert_ne!(fs.node(NodeId(number)).unwrap().metadata().uid, 4711);
    assert!(fs.notes().iter().any(|note| note.text.contains("not written whole")));
}

#[test]
fn what_the_log_holds_and_nobody_knows_is_a_loss() {
    if !haves() {
        return;
    }
    let image = Image::new(&["-i", "size=512"], 64 * MIB);
    append_to_log(&image, &[&[0x99, 0x12, 1, 0, 0, 0, 0, 0]]);
    let notes = image.open().unwrap().notes();
    assert!(
        notes.iter().any(|note| note.loss == Loss::File && note.text.contains("unknown type")),
        "{notes:?}"
    );
}

#[test]
fn flipped_and_cut_images_never_panic() {
    if !haves() {
        return;
    }
    for options in [&["-b", "size=1024"][..], &["-m", "crc=0", "-b", "size=512"][..]] {
        let image = Image::new(options, 24 * MIB);
        let item = inode_item(&image, 131, 4711);
        append_to_log(&image, &[&item[0], &item[1]]);
        let whole = image.read(0, 24 << 20);
        let inodes: Vec<u64> = (64..1200).collect();
        let written: Vec<usize> = (0..whole.len()).filter(|&at| whole[at] != 0).collect();
        let mut state = 1_u64;
        for round in 0..40 {
            let mut bytes = whole.clone();
            for _ in 0..600 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round);
                // Metadata comes first in the first group.
                let at = written[(state >> 33) as usize % (written.len() / 8)];
                bytes[at] ^= 1 << (state >> 61);
            }
            bytes.truncate(bytes.len() >> (round % 5));
            let Ok(fs) = (DRIVER.open)(Arc::new(bytes), &Budget::default()) else { continue };
            let _ = fs.unallocated(&mut |_| ControlFlow::Continue(()));
            for &number in &inodes {
                let _ = fs.read_dir(NodeId(number), &mut |_, _, _| ControlFlow::Continue(()));
                let Ok(mut node) = fs.node(NodeId(number)) else { continue };
                let _ = (node.xattrs(), node.read_link());
                let _ = (node.read_at(0, &mut [0; 5000]), node.extents().map(<[_]>::len));
            }
            let _ = fs.notes();
        }
    }
}

#[test]
fn content_is_read_in_any_piece() {
    if !haves() {
        return;
    }
    let image = Image::new(&["-b", "size=1024"], 48 * MIB);
    let fs = image.open().unwrap();
    let mut node = fs.node(named(&*fs, b"large")).unwrap();
    let whole = pattern(5_000_003);
    for (at, len) in [(0, 1), (1023, 2), (4_999_999, 100), (5_000_003, 7), (77, 70_001)] {
        let mut piece = vec![0; len];
        let read = node.read_at(at as u64, &mut piece).unwrap();
        assert_eq!(piece[..read], whole[at..(at + len).min(whole.len())]);
    }
}
