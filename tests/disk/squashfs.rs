//! mksquashfs packs a tree in every way it knows; the reader must give back every name, attribute and byte.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a panic here is a failed test"
)]

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::oracle::tools::have;
use crate::oracle::{assert_same, build_tree, content, named, pattern, run};
use assay::finding::Loss;
use assay_disk::budget::Budget;
use assay_disk::bytes::Source;
use assay_disk::fs::squashfs::DRIVER;
use assay_disk::fs::{FileSystem, FileType, FsError, NodeId, Place};

struct Lab {
    dir: tempfile::TempDir,
}

impl Lab {
    /// A tree of odd files; `None` where mksquashfs is missing.
    fn new() -> Option<Self> {
        if !have("mksquashfs", "squashfs-tools") {
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let lab = Self { dir };
        fs::create_dir(lab.tree()).unwrap();
        build_tree(&lab.tree());
        // Text, which every method packs, in sizes around those of blocks.
        let text: Vec<u8> = (0..60_000).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        for size in [1, 4095, 4096, 4097, 131_071, 131_072, 131_073, 500_000] {
            fs::write(lab.tree().join(format!("text-{size}")), &text[..size]).unwrap();
        }
        fs::write(lab.tree().join("zeros"), vec![0; 300_000]).unwrap();
        Some(lab)
    }

    fn tree(&self) -> std::path::PathBuf {
        self.dir.path().join("tree")
    }

    fn pack(&self, options: &[&str]) -> Vec<u8> {
        pack(&self.tree(), &self.dir.path().join("image"), options)
    }
}

fn pack(tree: &Path, image: &Path, options: &[&str]) -> Vec<u8> {
    let mut args =
        vec![tree.to_str().unwrap(), image.to_str().unwrap(), "-noappend", "-quiet", "-no-progress"];
    args.extend(options);
    run("mksquashfs", &args);
    fs::read(image).unwrap()
}

fn open(image: Vec<u8>) -> Box<dyn FileSystem> {
    let source: Arc<dyn Source> = Arc::new(image);
    assert!((DRIVER.probe)(&*source));
    (DRIVER.open)(source, &Budget::default()).unwrap()
}

fn conforms(lab: &Lab, options: &[&str]) {
    let fs = open(lab.pack(options));
    assert_same(&lab.tree(), &*fs, &format!("{options:?}"));
    assert_eq!(fs.notes(), [], "{options:?}");
}

#[test]
fn every_method_conforms() {
    let Some(lab) = Lab::new() else { return };
    for method in ["gzip", "lzma", "lzo", "lz4", "xz", "zstd"] {
        conforms(&lab, &["-comp", method]);
    }
    conforms(&lab, &["-comp", "lz4", "-Xhc"]);
    conforms(&lab, &["-comp", "xz", "-Xbcj", "x86,arm,armthumb,powerpc,sparc,ia64"]);
    for algorithm in ["lzo1x_1", "lzo1x_1_11", "lzo1x_1_12", "lzo1x_1_15", "lzo1x_999"] {
        conforms(&lab, &["-comp", "lzo", "-Xalgorithm", algorithm]);
    }
}

#[test]
fn every_block_size_conforms() {
    let Some(lab) = Lab::new() else { return };
    for size in ["4096", "8192", "65536", "262144", "1048576"] {
        conforms(&lab, &["-comp", "zstd", "-b", size]);
    }
}

#[test]
fn every_way_to_keep_tail_ends_and_tables_conforms() {
    let Some(lab) = Lab::new() else { return };
    for options in [
        &["-no-fragments"][..],
        &["-always-use-fragments"],
        &["-tailends"],
        &["-no-sparse"],
        &["-no-duplicates"],
        &["-no-exports"],
        &["-no-xattrs"],
        &["-noI"],
        &["-noD"],
        &["-noF"],
        &["-noX"],
        &["-noI", "-noD", "-noF", "-noX"],
        &["-nopad"],
    ] {
        conforms(&lab, options);
    }
}

#[test]
fn a_binary_packed_with_its_filter_conforms() {
    let Some(lab) = Lab::new() else { return };
    fs::copy("/proc/self/exe", lab.tree().join("program")).unwrap();
    let image = lab.pack(&["-comp", "xz", "-Xbcj", "x86"]);
    let fs = open(image);
    let program = content(&mut *fs.node(named(&*fs, b"program")).unwrap());
    assert!(program == fs::read("/proc/self/exe").unwrap());
}

#[test]
fn owners_devices_and_modes_come_back() {
    let Some(lab) = Lab::new() else { return };
    let fs = open(lab.pack(&[
        "-p",
        "null c 666 7 9 1 3",
        "-p",
        "disk b 4640 0 6 8 0",
        "-p",
        "pipe i 600 5 5 f",
        "-p",
        "sock i 700 1 2 s",
    ]));
    let wanted: [(&[u8], FileType, u16, u32, u32); 4] = [
        (b"null", FileType::CharDevice, 0o666, 7, 9),
        (b"disk", FileType::BlockDevice, 0o4640, 0, 6),
        (b"pipe", FileType::Fifo, 0o600, 5, 5),
        (b"sock", FileType::Socket, 0o700, 1, 2),
    ];
    for (name, kind, mode, uid, gid) in wanted {
        let data = *fs.node(named(&*fs, name)).unwrap().metadata();
        assert_eq!((data.file_type, data.mode, data.uid, data.gid), (kind, mode, uid, gid));
    }
}

#[test]
fn holes_and_plain_blocks_are_extents() {
    let Some(lab) = Lab::new() else { return };
    let fs = open(lab.pack(&["-b", "4096", "-noD", "-noF", "-no-fragments"]));
    let mut node = fs.node(named(&*fs, b"sparse")).unwrap();
    let extents = node.extents().unwrap().to_vec();
    let data: u64 =
        extents.iter().filter(|extent| extent.place != Place::Hole).map(|extent| extent.len).sum();
    assert!(
        data < 200_000 && extents.iter().any(|extent| matches!(extent.place, Place::Disk(_))),
        "{extents:?}"
    );
    assert_eq!(fs.node(named(&*fs, b"zeros")).unwrap().extents().unwrap()[0].place, Place::Hole);
}

#[test]
fn large_directories_have_indexes_and_all_their_entries() {
    let Some(lab) = Lab::new() else { return };
    let wide = lab.tree().join("wide");
    fs::create_dir(&wide).unwrap();
    (0..5000).for_each(|n| fs::write(wide.join(format!("{n:0100}")), b"").unwrap());
    conforms(&lab, &["-comp", "zstd"]);
}

/// A tar archive of three files with attributes of every prefix, two of them with the same long value.
fn tar_with_attributes(long: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for name in ["0", "1", "2"] {
        let value = |key: &str, value: &str| (format!("SCHILY.xattr.{key}"), value.as_bytes().to_vec());
        let set = [value("user.long", long), value("security.own", name), value("trusted.t", "1")];
        builder.append_pax_extensions(set.iter().map(|(key, value)| (key.as_str(), &value[..]))).unwrap();
        let mut header = tar::Header::new_ustar();
        header.set_size(1);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, &b"x"[..]).unwrap();
    }
    builder.into_inner().unwrap()
}

#[test]
fn attributes_come_back_from_the_list_and_from_elsewhere() {
    if !have("sqfstar", "squashfs-tools") {
        return;
    }
    // A long value that files share is kept once, and referred to.
    let long = "v".repeat(3000);
    let dir = tempfile::tempdir().unwrap();
    let (archive, image) = (dir.path().join("tar"), dir.path().join("image"));
    fs::write(&archive, tar_with_attributes(&long)).unwrap();
    let packed = std::process::Command::new("sqfstar")
        .args(["-quiet", "-no-progress", image.to_str().unwrap()])
        .stdin(fs::File::open(&archive).unwrap())
        .status()
        .unwrap();
    assert!(packed.success());
    let fs = open(fs::read(&image).unwrap());
    for name in ["0", "1", "2"] {
        let want = [
            (b"security.own".to_vec(), name.as_bytes().to_vec()),
            (b"trusted.t".to_vec(), b"1".to_vec()),
            (b"user.long".to_vec(), long.clone().into_bytes()),
        ];
        assert_eq!(fs.node(named(&*fs, name.as_bytes())).unwrap().xattrs().unwrap(), want);
    }
}

#[test]
fn reads_at_odd_places_agree_with_the_whole() {
    let Some(lab) = Lab::new() else { return };
    let fs = open(lab.pack(&["-comp", "zstd"]));
    let mut node = fs.node(named(&*fs, b"large")).unwrap();
    let want = pattern(5_000_003);
    for (at, len) in [(0, 1), (131_071, 2), (131_072, 131_072), (131_073, 400_000), (4_999_999, 100)] {
        let mut piece = vec![0xAA; len];
        let read = node.read_at(at as u64, &mut piece).unwrap();
        assert_eq!(read, len.min(want.len() - at));
        assert!(piece[..read] == want[at..at + read]);
    }
    assert_eq!(node.read_at(5_000_003, &mut [0]).unwrap(), 0);
    assert_eq!(node.read_at(u64::MAX, &mut [0]).unwrap(), 0);
}

#[test]
fn a_cut_image_lists_what_is_there_and_says_that_it_is_cut() {
    let Some(lab) = Lab::new() else { return };
    let whole = lab.pack(&["-comp", "gzip"]);
    let used = u64::from_le_bytes(whole[40..48].try_into().unwrap()) as usize;
    let mut cut = whole.clone();
    cut.truncate(used - 10);
    let fs = open(cut);
    assert!(fs.notes().iter().any(|note| note.loss == Loss::Part), "{:?}", fs.notes());
    assert_eq!(content(&mut *fs.node(named(&*fs, b"tiny")).unwrap()), b"inline");
    let half = whole[..used / 2].to_vec();
    assert!(matches!((DRIVER.open)(Arc::new(half), &Budget::default()), Err(FsError::Read(_))));
}

#[test]
fn a_damaged_block_costs_its_file_only() {
    let Some(lab) = Lab::new() else { return };
    let mut image = lab.pack(&["-comp", "zstd", "-no-fragments"]);
    let fs = open(image.clone());
    let place = fs.node(named(&*fs, b"text-500000")).unwrap().first_place().unwrap() as usize;
    image[place..place + 4].fill(0xFF);
    let fs = open(image);
    let error = fs.node(named(&*fs, b"text-500000")).unwrap().read_at(0, &mut [0; 100]).unwrap_err();
    assert!(error.to_string().contains("zstd data is damaged"), "{error}");
    assert_eq!(content(&mut *fs.node(named(&*fs, b"tiny")).unwrap()), b"inline");
}

#[test]
fn flipped_and_cut_images_never_panic() {
    let Some(lab) = Lab::new() else { return };
    let start = Instant::now();
    for (round, options) in
        [["-comp", "gzip"], ["-comp", "lzo"], ["-comp", "lz4"], ["-comp", "zstd"]].iter().enumerate()
    {
        let mut plain = options.to_vec();
        // Plain tables: flips reach the structures, not only the packer's checksum.
        plain.extend(["-noI", "-noX", "-b", "4096"]);
        let whole = lab.pack(&plain);
        let mut state = round as u64 + 1;
        for copy in 0..60 {
            let mut bytes = whole.clone();
            let tables = whole.len() - 60_000.min(whole.len());
            for flip in 0..40_u64 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(copy);
                let room = if flip < 20 { whole.len() - tables } else { whole.len() };
                let at = (state >> 33) as usize % room + if flip < 20 { tables } else { 0 };
                if at > 96 || copy % 4 == 0 {
                    bytes[at] ^= 1 << (state >> 61);
                }
            }
            if copy % 3 == 0 {
                bytes.truncate(whole.len() - (whole.len() >> (copy % 20)));
            }
            let Ok(fs) = (DRIVER.open)(Arc::new(bytes), &Budget::default()) else { continue };
            visit(&*fs, fs.root(), 0);
        }
    }
    assert!(start.elapsed() < Duration::from_secs(120), "{:?}", start.elapsed());
}

fn visit(fs: &dyn FileSystem, dir: NodeId, depth: u32) {
    let mut entries = Vec::new();
    let _ = fs.read_dir(dir, &mut |_, id, kind| {
        entries.push((id, kind));
        ControlFlow::Continue(())
    });
    for (id, kind) in entries {
        if kind == Some(FileType::Directory) && depth < 5 {
            visit(fs, id, depth + 1);
        }
        let Ok(mut node) = fs.node(id) else { continue };
        let _ = (node.xattrs(), node.read_link(), node.first_place());
        let _ = (node.read_at(0, &mut [0; 9000]), node.extents().map(<[_]>::len));
    }
}
