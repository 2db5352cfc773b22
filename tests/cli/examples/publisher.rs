//! The script that publishes an AMI: a stub of `aws` tells what it was asked to do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{clean_tree, folder, program};
use crate::oracle::tools::{have, tool};

const PUBLISHED: &str = "ec2 modify-image-attribute --image-id ami-1 --launch-permission Add=[{Group=all}]";

/// A folder of programs, and what they were called with.
struct Desk {
    dir: TempDir,
}

impl Desk {
    /// With `aws` and `coldsnap` that write down what they are asked.
    fn new() -> Self {
        let desk = Self { dir: tempfile::tempdir().unwrap() };
        let log = desk.at("log").display().to_string();
        fs::create_dir(desk.at("tmp")).unwrap();
        let aws = format!(
            "echo aws \"$@\" >> {log}\ncase $2 in describe-images) printf 'snap-1\\tsnap-2\\n' ;; esac"
        );
        program(desk.dir.path(), "aws", &aws);
        program(desk.dir.path(), "coldsnap", &format!("echo coldsnap \"$2\" >> {log}\necho disk > \"$3\""));
        desk
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// In place of the program: ends as `code` says.
    fn verdict(&self, code: &str) {
        program(
            self.dir.path(),
            "assay",
            &format!("echo assay \"$1\" \"$3\" \"$4\" >> {}\n{code}", self.at("log").display()),
        );
    }

    /// The program itself.
    fn real(&self) {
        let _ = fs::remove_file(self.at("assay"));
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_assay"), self.at("assay")).unwrap();
    }

    /// The script's exit code, what it printed, and what was called.
    fn publish(&self, args: &[&str]) -> (Option<i32>, String, Vec<String>) {
        let _ = fs::remove_file(self.at("log"));
        let path = format!("{}:/usr/bin:/bin", self.dir.path().display());
        let mut command = Command::new("bash");
        command
            .arg(folder().join("publish-ami.sh"))
            .args(args)
            .env("PATH", path)
            .env("TMPDIR", self.at("tmp"));
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        let log = fs::read_to_string(self.at("log")).unwrap_or_default();
        assert_eq!(fs::read_dir(self.at("tmp")).unwrap().count(), 0, "something is left behind: {said}");
        (output.status.code(), said, log.lines().map(str::to_owned).collect())
    }
}

fn is_published(log: &[String]) -> bool {
    log.iter().any(|line| line == &format!("aws {PUBLISHED}"))
}

#[test]
fn only_exit_code_0_publishes_and_every_other_one_is_handed_on() {
    let desk = Desk::new();
    for code in 0..5 {
        desk.verdict(&format!("exit {code}"));
        let (exit, said, log) = desk.publish(&["--image", "disk.raw", "ami-1"]);
        assert_eq!(exit, Some(code), "{said}");
        assert_eq!(log[0], "assay scan --profile public-ami");
        assert_eq!((is_published(&log), log.len()), (code == 0, if code == 0 { 2 } else { 1 }), "{log:?}");
    }
    desk.verdict("kill -9 $$");
    let (exit, said, log) = desk.publish(&["--image", "disk.raw", "ami-1"]);
    assert!(exit != Some(0) && !is_published(&log), "{said} {log:?}");
}

#[test]
fn every_snapshot_of_the_ami_is_audited_before_it_is_published() {
    let desk = Desk::new();
    desk.verdict("grep -q disk \"$2\"");
    let (exit, said, log) = desk.publish(&["ami-1"]);
    assert_eq!(exit, Some(0), "{said}");
    let audit = "assay scan --profile public-ami";
    assert!(log[0].starts_with("aws ec2 describe-images --image-ids ami-1 "), "{log:?}");
    assert_eq!(log[1..], ["coldsnap snap-1", "coldsnap snap-2", audit, audit, &format!("aws {PUBLISHED}")]);
    desk.verdict("case $2 in *snap-2*) exit 1 ;; esac");
    let (exit, _, log) = desk.publish(&["ami-1"]);
    assert!(exit == Some(1) && !is_published(&log), "{log:?}");
    program(desk.dir.path(), "coldsnap", "exit 7");
    assert_eq!(desk.publish(&["ami-1"]).0, Some(7));
    // An AMI without snapshots, and an AWS that refuses.
    program(desk.dir.path(), "aws", "exit 0");
    assert_eq!(desk.publish(&["ami-1"]).0, Some(3));
    program(desk.dir.path(), "aws", "exit 254");
    assert_eq!(desk.publish(&["ami-1"]).0, Some(254));
}

#[test]
fn a_dry_run_audits_and_changes_nothing() {
    let desk = Desk::new();
    desk.verdict("exit 0");
    let (exit, said, log) = desk.publish(&["--dry-run", "--image", "disk.raw", "ami-1"]);
    assert_eq!((exit, log.as_slice()), (Some(0), &["assay scan --profile public-ami".to_owned()][..]));
    assert!(said.contains("would run: 'aws' 'ec2' 'modify-image-attribute' '--image-id' 'ami-1'"), "{said}");
    desk.verdict("exit 1");
    assert_eq!(desk.publish(&["--dry-run", "--image", "disk.raw", "ami-1"]).0, Some(1));
}

#[test]
fn wrong_usage_calls_nobody() {
    let desk = Desk::new();
    desk.verdict("exit 0");
    for args in
        [&[][..], &["--dry-run"], &["--image"], &["ami-1", "ami-2"], &["disk.raw"], &["--public", "ami-1"]]
    {
        let (exit, said, log) = desk.publish(args);
        assert!(exit == Some(2) && said.starts_with("usage: ") && log.is_empty(), "{args:?}: {said}");
    }
}

#[test]
fn the_program_itself_lets_a_clean_image_out_and_keeps_a_leaky_one() {
    if !have("mke2fs", "e2fsprogs") {
        return;
    }
    let desk = Desk::new();
    desk.real();
    let (root, image) = (desk.at("root"), desk.at("disk.raw"));
    clean_tree(&root);
    let publish = |path: &Path| {
        let (root, path) = (root.to_str().unwrap(), path.to_str().unwrap());
        tool("mke2fs", &["-q", "-F", "-t", "ext4", "-d", root, path, "8M"]);
        desk.publish(&["--image", path, "ami-1"])
    };
    let (exit, said, log) = publish(&image);
    assert_eq!((exit, log), (Some(0), vec![format!("aws {PUBLISHED}")]), "{said}");
    fs::create_dir(root.join("root")).unwrap();
    fs::write(root.join("root/.bash_history"), "ls\n").unwrap();
    fs::remove_file(&image).unwrap();
    let (exit, said, log) = publish(&image);
    assert_eq!((exit, log.len()), (Some(1), 0), "{said}");
    let (exit, said, log) = desk.publish(&["--image", "/no/such/disk.raw", "ami-1"]);
    assert_eq!((exit, log.len()), (Some(3), 0), "{said}");
}
