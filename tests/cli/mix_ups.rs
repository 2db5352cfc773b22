//! Arguments that were mixed up: each is answered in one line that says what it is and what takes it.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use std::fs;
use std::path::PathBuf;

use crate::program::assay;
use assay::cli::Exit;

/// A folder with an image, and everything that the program writes of it.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        let packed = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/demo/demo.img.gz");
        fs::copy(packed, desk.path("disk.gz")).unwrap();
        let image = desk.at("disk.gz");
        let formats =
            ["terminal", "json", "html", "ndjson", "sarif", "junit", "markdown", "csv", "intoto", "evidence"];
        let wanted = formats.map(|format| format!("--format={format}={}", desk.at(format)));
        let args = ["scan", &image].into_iter().chain(wanted.iter().map(String::as_str));
        assert_eq!(assay(&args.collect::<Vec<_>>()).0, Exit::FAILED);
        assert_eq!(assay(&["baseline", &image, "-o", &desk.at("base.toml")]).0, Exit::PASS);
        assert_eq!(assay(&["fix", &image, "-o", &desk.at("clean.sh")]).0, Exit::PASS);
        let json = desk.at("json");
        assert_eq!(assay(&["diff", &json, &json, "--format", "json", "-o", &desk.at("diff")]).0, Exit::PASS);
        fs::write(desk.path("own.toml"), "title = \"x\"\n[findings]\nseverity = \"high\"\n").unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn at(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }
}

/// What a wrong command line is answered with, after `error: `.
fn refused(args: &[&str]) -> String {
    let (exit, out, err) = assay(args);
    assert_eq!((exit, out.as_str()), (Exit::USAGE, ""), "{args:?}: {err}");
    let line = err.strip_prefix("error: ").and_then(|rest| rest.strip_suffix('\n')).unwrap_or_default();
    assert!(!line.is_empty() && !line.contains('\n'), "{args:?}: {err}");
    line.to_owned()
}

#[test]
fn what_is_no_image_is_told_by_what_it_is_and_what_takes_it() {
    let desk = Desk::new();
    for (name, what, todo) in [
        ("json", "is a report of assay scan, not an image", format!("assay fix {}", desk.at("json"))),
        ("terminal", "is a report of assay scan as terminal", "--format json".to_owned()),
        ("html", "is a report of assay scan as html", "--format json".to_owned()),
        ("ndjson", "is a report of assay scan as ndjson", "--format json".to_owned()),
        ("sarif", "is a report of assay scan as sarif", "--format json".to_owned()),
        ("junit", "is a report of assay scan as junit", "--format json".to_owned()),
        ("markdown", "is a report of assay scan as markdown", "--format json".to_owned()),
        ("csv", "is a report of assay scan as csv", "--format json".to_owned()),
        ("intoto", "is a report of assay scan as intoto", "--format json".to_owned()),
        ("evidence", "is a report of assay scan as evidence", "--format json".to_owned()),
        ("diff", "is what assay diff wrote", "name the images".to_owned()),
        ("base.toml", "is a baseline", format!("assay scan IMAGE --baseline {}", desk.at("base.toml"))),
        ("own.toml", "is a policy", format!("assay scan IMAGE --policy {}", desk.at("own.toml"))),
        ("clean.sh", "is a script of assay fix", format!("sh {} --dry-run", desk.at("clean.sh"))),
    ] {
        let (path, image) = (desk.at(name), desk.at("disk.gz"));
        let to = desk.at("to");
        let mut commands =
            vec![vec!["scan", &path], vec!["layout", &path], vec!["cat", &path, "/etc/passwd"]];
        if name != "json" {
            commands.extend([
                vec!["fix", &path],
                vec!["diff", &image, &path],
                vec!["diff", &path, &image],
                vec!["baseline", &path, "-o", &to],
            ]);
        }
        for command in commands {
            let told = refused(&command);
            assert!(
                told.starts_with(&path) && told.contains(what) && told.contains(&todo),
                "{command:?}: {told}"
            );
        }
    }
}

#[test]
fn the_file_of_one_flag_is_told_from_that_of_another() {
    let desk = Desk::new();
    let (image, json) = (desk.at("disk.gz"), desk.at("json"));
    let (baseline, policy) = (desk.at("base.toml"), desk.at("own.toml"));
    for (flag, file, said) in [
        ("--baseline", &json, "is a report of assay scan, not what --baseline takes"),
        ("--policy", &json, "is a report of assay scan, not what --policy takes"),
        ("--baseline", &policy, "is a policy, not what --baseline takes"),
        ("--policy", &baseline, "is a baseline, not what --policy takes"),
        ("--reference", &json, "is a report of assay scan, not an image"),
    ] {
        let told = refused(&["scan", &image, flag, file]);
        assert!(told.contains(said), "{flag}: {told}");
    }
    assert!(refused(&["scan", &image, "--policy", "golden"]).ends_with("built in is --profile golden"));
    let (exit, _, err) = assay(&["scan", &image, "--profile", &policy]);
    assert_eq!(exit, Exit::USAGE);
    assert!(err.contains(&format!("a policy of your own: --policy {policy}")), "{err}");
}

#[test]
fn a_file_named_for_programs_does_not_get_the_report_for_people() {
    let desk = Desk::new();
    let (image, to) = (desk.at("disk.gz"), desk.at("report.json"));
    assert!(refused(&["scan", &image, "-o", &to]).ends_with("add --format json"));
    assert!(!desk.path("report.json").exists());
    assert_eq!(assay(&["scan", &image, "-o", &to, "--format", "terminal"]).0, Exit::FAILED);
    assert_eq!(assay(&["scan", &image, "-o", &desk.at("report.txt")]).0, Exit::FAILED);
}

#[test]
fn what_lies_elsewhere_is_told_how_to_be_had() {
    assert!(refused(&["scan", "https://example.org/disk.raw"]).contains("download the image first"));
    assert!(
        refused(&["scan", "snap-0123456789abcdef0"])
            .ends_with("coldsnap download snap-0123456789abcdef0 disk.raw")
    );
    assert!(refused(&["diff", "ami-0123456789abcdef0", "x"]).contains("coldsnap download SNAPSHOT disk.raw"));
}

#[test]
fn a_command_that_is_not_there_leads_to_the_one_that_is() {
    let desk = Desk::new();
    let image = desk.at("disk.gz");
    let scan = format!("tip: to audit it: assay scan {image}\n");
    for (args, tip) in [
        (&[image.as_str()][..], scan.as_str()),
        (&["audit", &image], "assay scan IMAGE"),
        (&["explain", "ssh-host-key"], "assay rules show RULE"),
        (&["scan", &image, &image], "assay diff OLD NEW"),
    ] {
        let (exit, _, err) = assay(args);
        assert_eq!(exit, Exit::USAGE, "{args:?}");
        assert!(err.contains(tip) && !err.contains("'baseline'"), "{args:?}: {err}");
    }
}

#[test]
fn a_mounted_tree_is_asked_for_by_its_flag() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    for command in ["scan", "fix", "layout"] {
        let (exit, _, err) = assay(&[command, path]);
        assert_eq!(exit, Exit::UNREADABLE);
        assert!(err.ends_with(&format!("to audit a mounted tree: --rootfs {path}\n")), "{err}");
    }
}
