//! Whole images with planted secrets, damaged a thousand times over: the audit never panics, hangs or says
//! "clean" of what it no longer sees.
//!
//! A new file system joins with one line in [`image`] and one at the end. `ASSAY_DAMAGE_ROUNDS` says how many damaged copies of
//! each image are audited.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a panic here is a failed test, and its numbers are small"
)]

use std::collections::BTreeSet;
use std::fs;
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::oracle::run;
use crate::oracle::tools::prototype;
use assay::audit::{self, Quiet, Report, Settings, Target};
use assay_disk::budget::Budget;
use assay_disk::bytes::{Source, Span, Window};
use assay_disk::fs::{DRIVERS, FileSystem, FileType, NodeId, Place};

const MIB: usize = 1 << 20;
/// Damaged copies of each image, unless the environment says otherwise.
const ROUNDS: u64 = 80;
/// No copy may take longer, on a busy machine and without optimisation.
const SLOWEST: Duration = Duration::from_secs(20);

/// An image and what is known of it.
struct Image {
    name: &'static str,
    bytes: Vec<u8>,
    /// Where a flipped bit must not hide a secret in silence: what has checksums, or copies.
    guarded: Vec<Range<usize>>,
}

/// Builds one of the images that are damaged.
fn image(name: &'static str) -> Image {
    let (bytes, has_checksums) = match name {
        // Without checksums only the superblock (some numbers of it) has a copy; any damage may hide then.
        "ext2" => (ext(&["-t", "ext2", "-b", "1024"], 4), false),
        "ext3" => (ext(&["-t", "ext3", "-b", "1024", "-J", "size=1"], 4), false),
        "ext4" => (ext(EXT4, 4), true),
        "ext4-inline" => {
            (ext(&["-t", "ext4", "-b", "1024", "-g", "1024", "-O", "inline_data", "-J", "size=1"], 4), true)
        }
        "ext4-4k" => (ext(&["-t", "ext4", "-b", "4096", "-g", "256", "-O", "^has_journal"], 4), true),
        "xfs" => (xfs(), true),
        "btrfs" => (btrfs(), true),
        "squashfs" => (squashfs(), false),
        "ntfs" => (ntfs(), false),
        "fat" => (fat(), false),
        "gpt" => return gpt(),
        _ => return mbr(),
    };
    let guarded = if has_checksums { structures(&bytes, 0) } else { Vec::new() };
    Image { name, bytes, guarded }
}

/// ext4 with many small groups, and backups of their descriptors.
const EXT4: &[&str] = &["-t", "ext4", "-b", "1024", "-g", "1024", "-N", "256", "-J", "size=1"];

/// Writes the secrets that the audit must find, by content and by place.
fn plant(tree: &Path) {
    for directory in ["etc", "root/.aws", "srv/app"] {
        fs::create_dir_all(tree.join(directory)).unwrap();
    }
    let write = |path: &str, text: &str| fs::write(tree.join(path), text).unwrap();
    let key = |id: &str, secret: &str| {
        format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n")
    };
    write("root/.aws/credentials", &key("AKIAQ3EGRT7XKZ5MPLQV", "mWq8Zr3TfYk1Lc9Vb6Hn4Xs7Dp2Gj5Ra0Ue+QoIt"));
    write("srv/app/.env", "DB_PASSWORD=6s6kq93JtzWmVx0PqLr8YhTc\nMODE=production\n");
    write("etc/hostname", "victim\n");
    write("etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
    write(
        "etc/shadow",
        "root:$6$Qm8w2vXz$k1Jr0gW6uT2yFbN9cLhD4sPzVaXeRiM7oYtKqUw3HnBj5SxGfEdCvA1mZlOpIrTy8WuNbHgKjLs2QaXcVfRe0/:19700:0:99999:7:::\n",
    );
    write("etc/filler", &"nothing to see here\n".repeat(2000));
    for number in 0..40 {
        write(&format!("srv/app/a-rather-long-name-of-a-file-that-fills-its-directory-{number}"), "x");
    }
}

/// An ext file system of `mib` MiB with the plants.
fn ext(options: &[&str], mib: usize) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let (tree, image) = (dir.path().join("tree"), dir.path().join("image"));
    plant(&tree);
    let size = format!("{mib}M");
    let mut args = options.to_vec();
    args.extend(["-q", "-F", "-d", tree.to_str().unwrap(), image.to_str().unwrap(), &size]);
    run("mkfs.ext4", &args);
    fs::read(image).unwrap()
}

/// A disk of `mib` MiB that sfdisk partitions as `script` says, with `parts` (MiB, bytes) in it.
fn disk(mib: usize, script: &str, parts: &[(usize, Vec<u8>)]) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let (image, commands) = (dir.path().join("image"), dir.path().join("script"));
    fs::write(&image, vec![0; mib * MIB]).unwrap();
    fs::write(&commands, script).unwrap();
    let line = format!("sfdisk -q {} < {}", image.display(), commands.display());
    run("sh", &["-c", &line]);
    let mut bytes = fs::read(image).unwrap();
    for (start, part) in parts {
        bytes[start * MIB..start * MIB + part.len()].copy_from_slice(part);
    }
    bytes
}

/// The plants in a folder, a blank image of `mib` MiB, and what `make` makes of it when it is told both.
fn made(mib: usize, make: impl FnOnce(&Path, &str)) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let (tree, image) = (dir.path().join("tree"), dir.path().join("image"));
    plant(&tree);
    fs::File::create(&image).unwrap().set_len((mib * MIB) as u64).unwrap();
    make(&tree, image.to_str().unwrap());
    fs::read(image).unwrap()
}

fn xfs() -> Vec<u8> {
    made(24, |tree, image| {
        let proto = tree.with_file_name("proto");
        fs::write(&proto, prototype(tree)).unwrap();
        run("mkfs.xfs", &["--unsupported", "-q", "-p", proto.to_str().unwrap(), image]);
    })
}

/// One copy of everything: damage is not mended from the other.
fn btrfs() -> Vec<u8> {
    made(128, |tree, image| {
        let tree = tree.to_str().unwrap();
        run("mkfs.btrfs", &["-q", "-f", "-m", "single", "-d", "single", "--shrink", "-r", tree, image]);
    })
}

fn squashfs() -> Vec<u8> {
    made(0, |tree, image| {
        run("mksquashfs", &[tree.to_str().unwrap(), image, "-noappend", "-quiet", "-no-progress"]);
    })
}

/// ntfscp makes no folder: the files lie in the root.
fn ntfs() -> Vec<u8> {
    made(4, |tree, image| {
        run("mkntfs", &["-F", "-Q", "-q", "-c", "512", image]);
        for file in ["root/.aws/credentials", "srv/app/.env", "etc/shadow", "etc/filler"] {
            let path = tree.join(file);
            run("ntfscp", &["-q", image, path.to_str().unwrap(), file.rsplit('/').next().unwrap()]);
        }
    })
}

fn fat() -> Vec<u8> {
    made(2, |tree, image| {
        run("mkfs.vfat", &["-n", "EFI", image]);
        let folders = ["etc", "root", "srv"].map(|name| tree.join(name).to_str().unwrap().to_owned());
        let mut args = vec!["-s", "-i", image];
        args.extend(folders.iter().map(String::as_str));
        args.push("::");
        run("mcopy", &args);
    })
}

fn blank_fat() -> Vec<u8> {
    made(2, |_, image| run("mkfs.vfat", &["-n", "EFI", image]))
}

fn gpt() -> Image {
    let script = "label: gpt\nstart=1MiB, size=2MiB, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B\n\
                  start=4MiB, size=4MiB, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709\n";
    let root = ext(EXT4, 4);
    let bytes = disk(10, script, &[(1, blank_fat()), (4, root)]);
    let mut guarded = structures(&bytes, 4 * MIB);
    guarded.extend([512..34 * 512, bytes.len() - 33 * 512..bytes.len()]);
    Image { name: "gpt", bytes, guarded }
}

fn mbr() -> Image {
    let script = "label: dos\nstart=1MiB, size=2MiB, type=83\nstart=3MiB, size=10MiB, type=5\n\
                  start=4MiB, size=4MiB, type=83\n";
    let root = ext(EXT4, 4);
    let bytes = disk(14, script, &[(4, root)]);
    let guarded = structures(&bytes, 4 * MIB);
    Image { name: "mbr", bytes, guarded }
}

/// The structures of the file system at `start`: all of it but the content of files and what is free.
fn structures(bytes: &[u8], start: usize) -> Vec<Range<usize>> {
    let whole: Arc<dyn Source> = Arc::new(bytes.to_vec());
    let source: Arc<dyn Source> =
        Arc::new(Window::new(whole, Span::new(start as u64, u64::MAX - start as u64)));
    let driver = DRIVERS.iter().find(|driver| (driver.probe)(&*source)).unwrap();
    let fs = (driver.open)(source, &Budget::default()).unwrap();
    let mut other = Vec::new();
    fs.unallocated(&mut |span| {
        other.push(span);
        ControlFlow::Continue(())
    })
    .unwrap();
    contents(&*fs, fs.root(), &mut other);
    other.sort();
    let mut at = 0;
    let mut found = Vec::new();
    for span in other.iter().chain([&Span::new(fs.usage().total, 0)]) {
        if span.offset > at {
            found.push(start + at as usize..start + span.offset as usize);
        }
        at = at.max(span.end().unwrap());
    }
    found
}

/// Where the content of regular files lies.
fn contents(fs: &dyn FileSystem, dir: NodeId, spans: &mut Vec<Span>) {
    let mut entries = Vec::new();
    fs.read_dir(dir, &mut |_, id, _| {
        entries.push(id);
        ControlFlow::Continue(())
    })
    .unwrap();
    for id in entries {
        let mut node = fs.node(id).unwrap();
        if node.metadata().file_type == FileType::Directory {
            contents(fs, id, spans);
            continue;
        }
        for extent in node.extents().unwrap() {
            if let Place::Disk(at) = extent.place {
                spans.push(Span::new(at, extent.len));
            }
        }
    }
}

struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

fn audited(bytes: Vec<u8>) -> Option<Report> {
    let budget = assay::budget::Budget {
        disk: Budget { entries: 20_000, metadata_bytes: 16 << 20, ..Budget::default() },
        file_data: 64 << 20,
        unpacked_bytes: 16 << 20,
        ..Default::default()
    };
    let target = Target::Bytes { name: "damaged".into(), data: bytes };
    audit::run(&target, &Settings { budget, jobs: 1, ..Settings::default() }, &Quiet).ok()
}

fn secrets(report: &Report) -> BTreeSet<String> {
    let all = report.findings.iter().flat_map(|finding| &finding.evidence.secrets);
    all.map(assay::finding::Secret::sha256).collect()
}

/// Flips some bits within `places`, most of them close together, or puts whole words of another value there.
fn flip(bytes: &mut [u8], places: &[Range<usize>], noise: &mut Noise) {
    for _ in 0..=noise.below(3) {
        let place = places[noise.below(places.len())].clone();
        let at = place.start + noise.below(place.len());
        match noise.below(4) {
            0 => bytes[at] = noise.below(256) as u8,
            1 => {
                let end = (at + 4).min(place.end);
                bytes[at..end].fill(if noise.below(2) == 0 { 0 } else { 0xFF });
            }
            _ => bytes[at] ^= 1 << noise.below(8),
        }
    }
}

fn rounds() -> u64 {
    std::env::var("ASSAY_DAMAGE_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS)
}

/// Audits one damaged copy within the time; `None` where the audit said that it cannot.
fn audit_in_time(name: &str, round: u64, bytes: Vec<u8>) -> Option<Report> {
    let begun = Instant::now();
    let report = audited(bytes);
    assert!(begun.elapsed() < SLOWEST, "{name} round {round} took {:?}", begun.elapsed());
    let panicked = report.iter().flat_map(|report| &report.gaps).find(|gap| gap.reason.contains("panic"));
    assert!(panicked.is_none(), "{name} round {round}: {panicked:?}");
    report
}

/// Holds that a secret which is no longer found is owned up to.
fn assert_not_silent(image: &Image, round: u64, planted: &BTreeSet<String>, report: &Report) {
    let found = secrets(report);
    let hidden = planted.difference(&found).count();
    assert!(
        hidden == 0 || report.losses().next().is_some(),
        "{} round {round}: {hidden} secrets are hidden, and the report has no loss; notes: {:#?}",
        image.name,
        report.notes
    );
}

fn damaged(name: &'static str) {
    let image = image(name);
    let whole_image = 0..image.bytes.len();
    let whole = audited(image.bytes.clone()).unwrap();
    assert_eq!(whole.losses().next(), None, "{name}");
    let planted = secrets(&whole);
    assert!(planted.len() >= 3, "{name}: {planted:?}");
    let anywhere = std::slice::from_ref(&whole_image);
    let mut noise = Noise(image.bytes.len() as u64);
    for round in 0..rounds() {
        let mut bytes = image.bytes.clone();
        let guarded = round % 4 != 0 && !image.guarded.is_empty();
        match round % 8 {
            4 => {
                bytes.truncate(noise.below(bytes.len()));
            }
            _ if guarded => flip(&mut bytes, &image.guarded, &mut noise),
            _ => (0..100).for_each(|_| flip(&mut bytes, anywhere, &mut noise)),
        }
        let Some(report) = audit_in_time(name, round, bytes) else { continue };
        if guarded || round % 8 == 4 {
            assert_not_silent(&image, round, &planted, &report);
        }
    }
}

macro_rules! tests {
    ($($test:ident $name:literal;)*) => {$(
        #[test]
        fn $test() {
            damaged($name);
        }
    )*};
}

tests! {
    a_damaged_ext2_is_never_clean "ext2";
    a_damaged_ext3_is_never_clean "ext3";
    a_damaged_ext4_is_never_clean "ext4";
    a_damaged_ext4_with_inline_data_is_never_clean "ext4-inline";
    a_damaged_ext4_with_4k_blocks_is_never_clean "ext4-4k";
    a_damaged_xfs_is_never_clean "xfs";
    a_damaged_btrfs_is_never_clean "btrfs";
    a_cut_squashfs_is_never_clean "squashfs";
    a_cut_ntfs_is_never_clean "ntfs";
    a_cut_fat_is_never_clean "fat";
    a_damaged_gpt_disk_is_never_clean "gpt";
    a_damaged_mbr_disk_is_never_clean "mbr";
}
