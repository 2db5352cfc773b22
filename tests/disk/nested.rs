//! File systems inside files of an ext4 image: what lies in them is found, and what cannot be opened is said.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic here is a failed test")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::oracle::run;
use crate::oracle::tools::have;
use assay::audit::{Quiet, Report, Settings, Target};
use assay::finding::GapKind;
use assay_disk::budget::Budget;

struct Lab {
    dir: tempfile::TempDir,
}

impl Lab {
    /// A root tree with a file system; `None` where a tool is missing.
    fn new() -> Option<Self> {
        let tools = [("mkfs.ext4", "e2fsprogs"), ("mksquashfs", "squashfs-tools"), ("sfdisk", "fdisk")];
        if !tools.iter().all(|(program, package)| have(program, package)) {
            return None;
        }
        let lab = Self { dir: tempfile::tempdir().unwrap() };
        for dir in ["etc", "usr/bin", "var/lib/snapd/snaps", "srv"] {
            fs::create_dir_all(lab.path("root").join(dir)).unwrap();
        }
        fs::write(lab.path("root/etc/os-release"), "PRETTY_NAME=\"The outer system\"\n").unwrap();
        fs::write(lab.path("root/etc/passwd"), "root:x:0:0::/root:/bin/sh\n").unwrap();
        Some(lab)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A tree with one leak, under this name in the scratch directory.
    fn leak(&self, name: &str, number: u8) -> PathBuf {
        let tree = self.path(name);
        fs::create_dir_all(tree.join("root/.aws")).unwrap();
        fs::create_dir_all(tree.join("etc")).unwrap();
        fs::write(tree.join("etc/os-release"), "PRETTY_NAME=\"An inner system\"\n").unwrap();
        fs::write(tree.join("root/.aws/credentials"), credentials(number)).unwrap();
        tree
    }

    fn audit(&self, budget: Budget) -> Report {
        let image = self.path("image");
        ext4(&self.path("root"), &image, "32M");
        let budget = assay::budget::Budget { disk: budget, ..Default::default() };
        let settings = Settings { budget, jobs: 2, ..Settings::default() };
        assay::audit::run(&Target::Image(image), &settings, &Quiet).unwrap()
    }
}

fn ext4(tree: &Path, image: &Path, size: &str) {
    run("mkfs.ext4", &["-q", "-F", "-d", tree.to_str().unwrap(), image.to_str().unwrap(), size]);
}

fn squash(tree: &Path, image: &Path) {
    let (tree, image) = (tree.to_str().unwrap(), image.to_str().unwrap());
    run("mksquashfs", &[tree, image, "-comp", "xz", "-noappend", "-quiet", "-no-progress", "-all-root"]);
}

/// Credentials that no scanner of sources may take for a leak: made when the test runs.
fn credentials(number: u8) -> String {
    let mut state = u64::from(number) * 7919 + 1;
    let mut letters = |alphabet: &[u8], len: usize| -> String {
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(alphabet[usize::try_from(state >> 33).unwrap() % alphabet.len()])
        };
        (0..len).map(|_| next()).collect()
    };
    let id = letters(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16);
    let key = letters(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 40);
    format!("[default]\naws_access_key_id = {}{id}\naws_secret_access_key = {key}\n", "AKIA")
}

fn paths(report: &Report) -> Vec<String> {
    let leaks = report.findings.iter().filter(|finding| finding.advisory.id.contains("aws"));
    let mut paths: Vec<String> =
        leaks.map(|finding| String::from_utf8(finding.location.path.clone()).unwrap()).collect();
    paths.sort();
    paths.dedup();
    paths
}

#[test]
fn a_snap_is_audited_in_full() {
    let Some(lab) = Lab::new() else { return };
    squash(&lab.leak("snap", 1), &lab.path("root/var/lib/snapd/snaps/core_1.snap"));
    let report = lab.audit(Budget::default());
    assert_eq!(paths(&report), ["/var/lib/snapd/snaps/core_1.snap!/root/.aws/credentials"]);
    assert_eq!(report.gaps, []);
    assert_eq!(report.system.as_deref(), Some("The outer system"));
    let inner = report.volumes.iter().find(|volume| volume.content == "squashfs").unwrap();
    assert_eq!(inner.mount.as_deref(), Some(&b"/var/lib/snapd/snaps/core_1.snap!"[..]));
    assert_eq!(report.coverage.files, report.coverage.files_read);
}

#[test]
fn partitions_of_a_disk_in_a_snap_are_audited() {
    let Some(lab) = Lab::new() else { return };
    ext4(&lab.leak("data", 2), &lab.path("part"), "2M");
    let part = fs::read(lab.path("part")).unwrap();
    let snap = lab.leak("snap", 1);
    let mut disk = vec![0; 8 << 20];
    disk[2 << 20..(2 << 20) + part.len()].copy_from_slice(&part);
    fs::write(snap.join("disk.raw"), disk).unwrap();
    let script = lab.path("script");
    fs::write(&script, "label: dos\nstart=4096,size=4096,type=83\nstart=8192,size=2048,type=83\n").unwrap();
    let command = format!("sfdisk -q {} < {}", snap.join("disk.raw").display(), script.display());
    run("sh", &["-c", &command]);
    squash(&snap, &lab.path("root/srv/a.squashfs"));
    let report = lab.audit(Budget::default());
    let want = [
        "/srv/a.squashfs!/disk.raw!/partition 1!/root/.aws/credentials",
        "/srv/a.squashfs!/root/.aws/credentials",
    ];
    assert_eq!(paths(&report), want);
    assert_eq!(report.gaps, []);
}

#[test]
fn what_looks_like_a_file_system_and_is_none_is_searched_and_a_gap() {
    let Some(lab) = Lab::new() else { return };
    let text = credentials(3);
    let mut broken = vec![b'\n'; 8192];
    broken[..4].copy_from_slice(b"hsqs");
    broken[4096..4096 + text.len()].copy_from_slice(text.as_bytes());
    fs::write(lab.path("root/srv/broken.snap"), broken).unwrap();
    let report = lab.audit(Budget::default());
    assert_eq!(paths(&report), ["/srv/broken.snap"]);
    let gap = report.gaps.iter().find(|gap| gap.reason.contains("squashfs superblock")).unwrap();
    assert_eq!((gap.kind, &gap.location.path[..]), (GapKind::Damaged, &b"/srv/broken.snap"[..]));
}

#[test]
fn what_lies_behind_a_file_system_is_searched() {
    let Some(lab) = Lab::new() else { return };
    let snap = lab.path("root/srv/tail.snap");
    squash(&lab.leak("snap", 1), &snap);
    let mut bytes = fs::read(&snap).unwrap();
    bytes.resize(bytes.len() + (1 << 20), b'\n');
    bytes.extend_from_slice(credentials(2).as_bytes());
    bytes.resize(bytes.len().next_multiple_of(512), b'\n');
    fs::write(&snap, bytes).unwrap();
    let report = lab.audit(Budget::default());
    assert_eq!(paths(&report), ["/srv/tail.snap", "/srv/tail.snap!/root/.aws/credentials"]);
}

#[test]
fn depth_and_number_are_bounded_and_said() {
    let Some(lab) = Lab::new() else { return };
    let (one, two, three) = (lab.leak("one", 1), lab.leak("two", 2), lab.leak("three", 3));
    squash(&three, &two.join("three.snap"));
    squash(&two, &one.join("two.snap"));
    squash(&one, &lab.path("root/srv/one.snap"));
    let report = lab.audit(Budget::default());
    // The third is searched as it is.
    let opened = |report: &Report| paths(report).iter().filter(|path| path.contains("!/root/")).count();
    assert_eq!(opened(&report), 2);
    let over = report.gaps.iter().find(|gap| gap.kind == GapKind::OverLimit).unwrap();
    assert_eq!(over.location.path, b"/srv/one.snap!/two.snap!/three.snap");
    let report = lab.audit(Budget { nested_volumes: 1, ..Budget::default() });
    assert_eq!(opened(&report), 1);
    assert!(
        report.gaps.iter().any(|gap| gap.reason.contains("more than 1 file systems")),
        "{:?}",
        report.gaps
    );
}

#[test]
fn a_directory_with_the_name_of_an_opened_file_leads_nowhere_else() {
    let Some(lab) = Lab::new() else { return };
    squash(&lab.leak("snap", 1), &lab.path("root/etc.snap"));
    fs::remove_dir_all(lab.path("root/etc")).unwrap();
    fs::create_dir(lab.path("root/etc.snap!")).unwrap();
    std::os::unix::fs::symlink("etc.snap!/etc", lab.path("root/etc")).unwrap();
    let report = lab.audit(Budget::default());
    assert_eq!(report.system, None);
    assert_eq!(paths(&report), ["/etc.snap!/root/.aws/credentials"]);
}
