//! Several reports of one run: where they go, and what happens where one cannot be written.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify;
use serde_json::Value;

/// The formats for programs.
fn formats() -> Vec<&'static str> {
    let for_people = ["terminal", "html"];
    assay::report::FORMATS
        .iter()
        .map(|format| format.name)
        .filter(|name| !for_people.contains(name))
        .collect()
}

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
    command.args(args).stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    program(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A tree with a finding for each of `files`.
fn leaky(dir: &Path, files: usize) {
    for number in 0..files {
        let folder = dir.join(format!("srv/app{number}"));
        fs::create_dir_all(&folder).unwrap();
        let secret = format!("DB_PASSWORD=AmberFalcon{number}x2019!\n").repeat(3);
        fs::write(folder.join(".env"), secret).unwrap();
    }
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn every_format_comes_from_one_run_and_the_report_for_people_is_still_printed() {
    let dir = tempfile::tempdir().unwrap();
    let to = |format: &&str| format!("--format={format}={}", dir.path().join(format).display());
    let mut args = vec!["demo".to_owned()];
    args.extend(formats().iter().map(to));
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let output = run(&args);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(output.stdout, run(&["demo"]).stdout);
    let mut expected = formats().into_iter().map(str::to_owned).collect::<Vec<_>>();
    expected.sort();
    assert_eq!(names(dir.path()), expected);
    assert!(expected.iter().all(|name| fs::metadata(dir.path().join(name)).unwrap().len() > 100));
    assert_eq!(json(&dir.path().join("json"))["format"], "assay-report");
    assert_eq!(json(&dir.path().join("sarif"))["version"], "2.1.0");
    let quiet: Vec<&str> = args.iter().copied().chain(["--quiet"]).collect();
    assert_eq!(text(&run(&quiet).stdout), "");
}

#[test]
fn one_format_without_a_file_takes_standard_output() {
    let dir = tempfile::tempdir().unwrap();
    let sarif = dir.path().join("a.sarif");
    let to = format!("--format=sarif={}", sarif.display());
    let output = run(&["demo", "--format", "json", &to]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["format"], &json(&sarif)["version"]), (&"assay-report".into(), &"2.1.0".into()));
    let named = run(&["demo", "--format", "json", "-o", sarif.to_str().unwrap()]);
    assert_eq!((text(&named.stdout), &json(&sarif)["format"]), (String::new(), &"assay-report".into()));
}

#[test]
fn what_cannot_be_meant_is_told_before_the_audit() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a").display().to_string();
    let (a, b) = (format!("json={file}"), format!("csv={}/./a", dir.path().display()));
    let inner = format!("json={}/no/a", dir.path().display());
    let tree = dir.path().to_str().unwrap();
    for (args, said) in [
        (&["demo", "--format", "json", "--format", "sarif"][..], "both go to standard output"),
        (&["demo", "--format", "json", "--format", &a, "-o", "b"], "-o FILE is for one --format"),
        (&["demo", "--format", &a, "-o", "b"], "-o FILE is for one --format"),
        (&["demo", "--format", &a, "--format", &b], "is named for two reports"),
        (&["demo", "--format", "json="], "invalid value 'json='"),
        (&["demo", "--format", "sariff"], "'sarif'"),
        (&["demo", "--format", &inner], "there is no directory"),
        (&["scan", "--rootfs", tree, "--format", "intoto"], "a mounted tree has none"),
    ] {
        let output = run(args);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(2), String::new()), "{args:?}");
        assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
    }
    assert_eq!(names(dir.path()), Vec::<String>::new());
}

#[test]
fn a_full_disk_costs_only_the_report_that_was_to_lie_there() {
    let dir = tempfile::tempdir().unwrap();
    let (first, last) = (dir.path().join("a.sarif"), dir.path().join("b.json"));
    let (first_to, last_to) = (format!("sarif={}", first.display()), format!("json={}", last.display()));
    let output = run(&["demo", "--format", &first_to, "--format", "junit=/dev/full", "--format", &last_to]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("/dev/full: could not be written"), "{}", text(&output.stderr));
    assert_eq!(output.stdout, run(&["demo"]).stdout);
    assert_eq!(json(&first)["version"], "2.1.0");
    assert_eq!(json(&last)["format"], "assay-report");
    assert_eq!(names(dir.path()), ["a.sarif", "b.json"]);
}

#[test]
fn a_full_standard_output_costs_only_what_was_printed() {
    let dir = tempfile::tempdir().unwrap();
    let to = format!("json={}", dir.path().join("a").display());
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = program(&["demo", "--format", &to]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("the output could not be written"), "{}", text(&output.stderr));
    assert_eq!(json(&dir.path().join("a"))["format"], "assay-report");
}

#[test]
fn a_reader_that_went_away_changes_neither_the_files_nor_the_verdict() {
    let dir = tempfile::tempdir().unwrap();
    let (tree, report) = (dir.path().join("tree"), dir.path().join("a.json"));
    leaky(&tree, 3);
    let to = format!("json={}", report.display());
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let args = ["scan", "--rootfs", tree.to_str().unwrap(), "--format", &to];
    let output = program(&args).stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(1), String::new()));
    assert_eq!(json(&report)["verdict"]["outcome"], "fail");
}

#[test]
fn a_folder_that_takes_no_file_costs_only_its_report() {
    let dir = tempfile::tempdir().unwrap();
    let good = dir.path().join("a.json");
    let to = format!("json={}", good.display());
    // To root every folder is writable until something is written: what is told then is told late.
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let output = run(&["demo", "--format", &to, "--format", "csv=/proc/report.csv"]);
    let (code, said) = if is_root { (3, "could not be written") } else { (2, "nothing can be written in") };
    assert_eq!(output.status.code(), Some(code));
    assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
    assert_eq!(good.exists(), is_root);
}

#[test]
fn evidence_and_statement_name_the_image_by_all_its_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let image = dir.path().join("disk.raw");
    let mut packed = flate2::read::GzDecoder::new(&include_bytes!("../../testdata/demo/demo.img.gz")[..]);
    let mut file = File::create(&image).unwrap();
    std::io::copy(&mut packed, &mut file).unwrap();
    // A hole at the end, as sparse images have.
    file.set_len(64 << 20).unwrap();
    let whole = text(&Command::new("sha256sum").arg(&image).output().unwrap().stdout);
    let digest = whole.split(' ').next().unwrap();
    let (statement, evidence) = (dir.path().join("statement"), dir.path().join("evidence"));
    let output = run(&[
        "scan",
        image.to_str().unwrap(),
        "--jobs=1",
        &format!("--format=intoto={}", statement.display()),
        &format!("--format=evidence={}", evidence.display()),
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let (statement, evidence) = (json(&statement), json(&evidence));
    assert_eq!(statement["subject"][0]["name"], "disk.raw");
    assert_eq!(statement["subject"][0]["digest"]["sha256"], digest);
    assert_eq!(statement["predicate"]["result"], "FAILED");
    assert_eq!(evidence["image"]["sha256"], digest);
    assert_eq!(evidence["image"]["size"], 64 << 20);
    let rules = &statement["predicate"]["configuration"][1]["digest"]["sha256"];
    assert_eq!((&evidence["rules"]["sha256"], rules.as_str().unwrap().len()), (rules, 64));
    let command: Vec<&str> =
        evidence["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    assert_eq!(command[..3], ["assay", "scan", image.to_str().unwrap()]);
    assert!(command.windows(2).any(|pair| pair == ["--jobs", "1"]), "{command:?}");
    let (started, ended) = (evidence["started"].as_str().unwrap(), evidence["ended"].as_str().unwrap());
    assert!(started <= ended && started.ends_with('Z') && started.len() == 20, "{started}");
    let tree = dir.path().join("tree");
    leaky(&tree, 1);
    let output = run(&["scan", "--rootfs", tree.to_str().unwrap(), "--format", "evidence"]);
    let evidence: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(evidence["image"], Value::Null);
}

#[test]
fn files_are_the_same_whatever_the_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    let tree = dir.path().join("tree");
    leaky(&tree, 200);
    let reports = |jobs: &str| {
        let out = dir.path().join(jobs);
        fs::create_dir(&out).unwrap();
        let formats: Vec<String> = ["json", "ndjson", "sarif", "junit", "markdown", "csv"]
            .map(|format| format!("--format={format}={}", out.join(format).display()))
            .into();
        let mut args = vec!["scan", "--rootfs", tree.to_str().unwrap(), "--quiet", "--jobs", jobs];
        args.extend(formats.iter().map(String::as_str));
        assert_eq!(run(&args).status.code(), Some(1));
        names(&out).into_iter().map(|name| fs::read(out.join(name)).unwrap()).collect::<Vec<_>>()
    };
    assert!(reports("1") == reports("4"));
}

fn interrupt(child: &Child) {
    let id = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
}

/// Waits until a temporary file appears in a directory that is watched; asleep, so that it wakes at once on a busy
/// machine.
fn wait_for_part(watch: &OwnedFd) {
    let patience = rustix::event::Timespec { tv_sec: 60, tv_nsec: 0 };
    let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
    let mut events = inotify::Reader::new(watch, &mut buffer);
    loop {
        if events.is_buffer_empty() {
            let mut wanted = [PollFd::new(watch, PollFlags::IN)];
            assert_eq!(poll(&mut wanted, Some(&patience)).unwrap(), 1, "nothing was written");
        }
        let event = events.next().unwrap();
        if event.file_name().is_some_and(|name| name.to_bytes().ends_with(b".part")) {
            return;
        }
    }
}

#[test]
fn an_interrupt_leaves_no_half_written_report_and_no_temporary_file() {
    let dir = tempfile::tempdir().unwrap();
    let (tree, out) = (dir.path().join("tree"), dir.path().join("out"));
    leaky(&tree, 1000);
    fs::create_dir(&out).unwrap();
    let to = ["json", "html"].map(|format| format!("--format={format}={}", out.join(format).display()));
    // Who starts the tests in the background of a shell has them ignore interrupts.
    let mut args =
        vec!["--default-signal=INT", env!("CARGO_BIN_EXE_assay"), "scan", "--quiet", "--evidence=hash"];
    args.extend(["--rootfs", tree.to_str().unwrap()]);
    args.extend(to.iter().map(String::as_str));
    let mut caught = 0;
    for _ in 0..40 {
        let watch = inotify::init(inotify::CreateFlags::CLOEXEC).unwrap();
        inotify::add_watch(&watch, &out, inotify::WatchFlags::CREATE).unwrap();
        let mut child = Command::new("env")
            .args(&args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_for_part(&watch);
        interrupt(&child);
        let status = child.wait().unwrap();
        caught += u32::from(status.signal() == Some(2));
        for name in names(&out) {
            assert!(!name.starts_with('.'), "{name} after {status:?}");
            if name == "json" {
                assert!(json(&out.join(&name)).is_object());
            }
            fs::remove_file(out.join(name)).unwrap();
        }
        if caught == 3 {
            return;
        }
    }
    panic!("the program was never caught while it wrote");
}
