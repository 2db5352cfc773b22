//! Images made to catch a careless reader, and files that are no images: each is answered within seconds.

#![expect(clippy::unwrap_used, reason = "a panic here is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{FileExt, symlink};
use std::path::{Path, PathBuf};

use crate::oracle::run;
use assay::audit::{self, OpenError, Quiet, Report, Settings, Target};

const KEY: &str = "aws_access_key_id = AKIAQ3EGRT7XKZ5MPLQV\n\
                   aws_secret_access_key = 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\n";

/// A tree made into an ext4 file system of 4 KiB blocks, then changed by debugfs.
struct Lab {
    dir: tempfile::TempDir,
    image: PathBuf,
}

impl Lab {
    fn new(build: impl FnOnce(&Path)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (tree, image) = (dir.path().join("tree"), dir.path().join("disk.img"));
        fs::create_dir_all(tree.join("etc")).unwrap();
        fs::write(tree.join("etc/hostname"), "victim\n").unwrap();
        build(&tree);
        let arguments =
            ["-q", "-F", "-b", "4096", "-d", tree.to_str().unwrap(), image.to_str().unwrap(), "16M"];
        run("mkfs.ext4", &arguments);
        Self { dir, image }
    }

    fn debugfs(&self, commands: &[&str]) {
        let script = self.dir.path().join("commands");
        fs::write(&script, commands.join("\n") + "\n").unwrap();
        run("debugfs", &["-w", "-f", script.to_str().unwrap(), self.image.to_str().unwrap()]);
    }

    fn audit(&self) -> Report {
        audit(&self.image).unwrap()
    }
}

fn audit(path: &Path) -> Result<Report, OpenError> {
    audit::run(&Target::Image(path.to_owned()), &Settings::default(), &Quiet)
}

/// The paths at which a secret was found, without repeats.
fn places(report: &Report) -> Vec<Vec<u8>> {
    let mut places: Vec<_> = report.findings.iter().map(|finding| finding.location.path.clone()).collect();
    places.dedup();
    places
}

fn has_gap(report: &Report, words: &str) -> bool {
    report.losses().any(|gap| gap.reason.contains(words))
}

#[test]
fn a_path_of_12_000_bytes_is_walked_to_its_end() {
    let lab = Lab::new(|tree| {
        // Such a path is too long for one call: it is made from the inside out.
        let staging = tree.join("deep");
        fs::create_dir(&staging).unwrap();
        fs::write(staging.join("leaf"), KEY).unwrap();
        for _ in 0..400 {
            let outer = tree.join("outer");
            fs::create_dir(&outer).unwrap();
            fs::rename(&staging, outer.join("d".repeat(30))).unwrap();
            fs::rename(&outer, &staging).unwrap();
        }
    });
    let report = lab.audit();
    assert_eq!(report.losses().next(), None);
    assert!(places(&report).iter().any(|path| path.len() > 12_000 && path.ends_with(b"/leaf")));
}

#[test]
fn a_sparse_file_of_terabytes_costs_its_data() {
    let lab = Lab::new(|tree| {
        let file = fs::File::create(tree.join("etc/sparse")).unwrap();
        file.set_len((16 << 40) - (1 << 16)).unwrap();
        file.write_all_at(KEY.as_bytes(), 1 << 40).unwrap();
    });
    let report = lab.audit();
    let found = report.findings.iter().find(|finding| finding.location.path == b"/etc/sparse");
    assert!(found.unwrap().location.offset.is_none_or(|offset| offset >= 1 << 40));
}

#[test]
fn a_sparse_image_of_terabytes_costs_its_data() {
    let lab = Lab::new(|tree| fs::write(tree.join("etc/key"), KEY).unwrap());
    fs::File::options().write(true).open(&lab.image).unwrap().set_len(15 << 40).unwrap();
    assert!(places(&lab.audit()).contains(&b"/etc/key".to_vec()));
}

#[test]
fn odd_names_are_bytes() {
    let odd: [&[u8]; 3] = [b"not \xff\xfe utf-8", b"new\nline\x1b[31m", &[b'n'; 255]];
    let lab = Lab::new(|tree| {
        for name in odd {
            fs::write(tree.join("etc").join(std::ffi::OsString::from_vec(name.to_vec())), KEY).unwrap();
        }
    });
    let places: Vec<Vec<u8>> = lab
        .audit()
        .findings
        .iter()
        .flat_map(|finding| std::iter::once(&finding.location).chain(&finding.related_locations))
        .map(|location| location.path.clone())
        .collect();
    for name in odd {
        assert!(places.contains(&[b"/etc/", name].concat()), "{:?}", String::from_utf8_lossy(name));
    }
}

#[test]
fn links_devices_and_pipes_are_never_opened() {
    let host = tempfile::tempdir().unwrap();
    fs::write(host.path().join("secret"), KEY).unwrap();
    let lab = Lab::new(|tree| {
        symlink(host.path().join("secret"), tree.join("etc/out")).unwrap();
        symlink(format!("{}{}", "../".repeat(30), host.path().join("secret").display()), tree.join("etc/up"))
            .unwrap();
        symlink("loop", tree.join("etc/loop")).unwrap();
        symlink("shadow", tree.join("etc/passwd")).unwrap();
        symlink("passwd", tree.join("etc/shadow")).unwrap();
    });
    lab.debugfs(&["cd etc", "mknod disk b 8 0", "mknod null c 1 3", "mknod pipe p"]);
    let report = lab.audit();
    let found: Vec<_> = report.findings.iter().map(|finding| finding.advisory.id.clone()).collect();
    assert_eq!(found, ["device-node"]);
    let lost: BTreeSet<_> = report.losses().map(|gap| gap.location.path.as_slice()).collect();
    assert_eq!(lost, BTreeSet::from([b"/etc/passwd".as_slice(), b"/etc/shadow"]));
}

#[test]
fn a_loop_of_directories_ends_and_is_a_gap() {
    let lab = Lab::new(|tree| fs::create_dir_all(tree.join("a/b")).unwrap());
    lab.debugfs(&["link <2> /a/b/root", "link /a /etc/again"]);
    let report = lab.audit();
    assert!(has_gap(&report, "directory loop: inode 2 "));
}

#[test]
fn a_map_that_leads_nowhere_is_a_gap() {
    let lab = Lab::new(|tree| fs::write(tree.join("etc/file"), KEY).unwrap());
    // The first extent's block, then the magic number of the map.
    lab.debugfs(&["sif /etc/file block[5] 0xffffffff"]);
    assert!(has_gap(&lab.audit(), "block map of inode"));
    lab.debugfs(&["sif /etc/file block[0] 0x12345678"]);
    assert!(has_gap(&lab.audit(), "extent magic"));
}

#[test]
fn a_size_of_all_the_world_is_a_gap_and_the_file_is_read() {
    let lab = Lab::new(|tree| fs::write(tree.join("etc/file"), KEY).unwrap());
    lab.debugfs(&["sif /etc/file size 0x7fffffffffffffff"]);
    let report = lab.audit();
    assert!(has_gap(&report, "a size of 9223372036854775807 bytes"));
    assert!(places(&report).contains(&b"/etc/file".to_vec()));
}

#[test]
fn a_file_that_lost_its_name_is_read_and_is_a_gap() {
    let lab = Lab::new(|tree| fs::write(tree.join("etc/file"), KEY).unwrap());
    lab.debugfs(&["unlink /etc/file"]);
    let report = lab.audit();
    assert!(has_gap(&report, "no directory that could be read names it"));
    assert!(places(&report).iter().any(|path| path.starts_with(b"/<inode ")));
}

#[test]
fn a_file_that_was_deleted_while_it_was_open_is_read() {
    let lab = Lab::new(|tree| fs::write(tree.join("etc/file"), KEY).unwrap());
    lab.debugfs(&["sif /etc/file links_count 0", "unlink /etc/file"]);
    let report = lab.audit();
    assert_eq!(report.losses().next(), None);
    assert!(report.gaps.iter().any(|gap| gap.reason.contains("deleted while it was open")));
    assert!(places(&report).iter().any(|path| path.starts_with(b"/<inode ")));
}

#[test]
fn blocks_behind_the_end_of_a_file_are_no_content_of_it_and_are_searched() {
    // As fs-verity keeps its tree: behind the end, where no reader of the file comes.
    let lab = Lab::new(|tree| fs::write(tree.join("etc/file"), format!("{:8192}{KEY}", "x")).unwrap());
    lab.debugfs(&["sif /etc/file size 8192"]);
    let report = lab.audit();
    assert_eq!(places(&report), [b"/<blocks of no file>".to_vec()]);
}

#[test]
fn an_image_cut_short_names_the_files_that_were_cut() {
    let lab = Lab::new(|tree| fs::write(tree.join("etc/file"), crate::oracle::pattern(9 << 20)).unwrap());
    fs::File::options().write(true).open(&lab.image).unwrap().set_len(8 << 20).unwrap();
    let report = lab.audit();
    assert!(has_gap(&report, "bytes of it are there"));
    assert!(report.losses().any(|gap| gap.location.path == b"/etc/file"), "{:#?}", report.gaps);
}

#[test]
fn what_is_no_image_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    fs::write(path("text"), "no disk image\n".repeat(1000)).unwrap();
    fs::write(path("empty"), "").unwrap();
    run("mkfifo", &[path("pipe").to_str().unwrap()]);
    for (name, words) in [
        ("text", "a text file"),
        ("empty", "is empty"),
        ("", "is a directory"),
        ("missing", "no such file"),
        ("pipe", "named pipe"),
    ] {
        let error = audit(&path(name)).unwrap_err().to_string();
        assert!(error.contains(words), "{name}: {error}");
    }
}
