//! A baseline over two images of a line, as who bakes them runs it: the real program, three reports, other rules.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A machine with two leaks, and what is written about it.
struct Bench(tempfile::TempDir);

impl Bench {
    fn new() -> Self {
        let bench = Self(tempfile::tempdir().unwrap());
        bench.put("root/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
        bench.put("root/srv/app.env", "DB_PASSWORD=BraveWalrus1994!\n");
        bench.put("root/srv/mail.env", "DB_PASSWORD=SilverOtter2018!\n");
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn assay(&self, args: &[&str]) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_assay"));
        Command::new(program).args(args).current_dir(self.0.path()).output().unwrap()
    }

    /// The exit code of a scan, and its report.
    fn scan(&self, more: &[&str]) -> (i32, Value) {
        let args =
            [&["scan", "--rootfs", "root", "--format", "json=report.json", "--quiet"][..], more].concat();
        let code = self.assay(&args).status.code().unwrap();
        (code, serde_json::from_slice(&fs::read(self.path("report.json")).unwrap()).unwrap())
    }
}

/// What the report says of the baseline for the finding at `path`.
fn disposition<'a>(report: &'a Value, path: &str) -> &'a str {
    let findings = report["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["location"]["path"] == path);
    found.and_then(|finding| finding["baseline"].as_str()).unwrap_or("not in the report")
}

#[test]
fn what_a_report_told_is_known_in_the_next_image_until_its_day_and_under_other_rules() {
    let bench = Bench::new();
    let day = ["--today", "2026-11-27"];
    assert!(
        bench.assay(&["baseline", "--rootfs", "root", "-o", "one.toml", day[0], day[1]]).status.success()
    );
    bench.put("root/srv/new.env", "DB_PASSWORD=CobaltHeron2020!\n");

    // New is what fails; what is known is marked, and still there.
    let (code, report) = bench.scan(&["--baseline", "one.toml", day[0], day[1]]);
    assert_eq!(code, 1);
    let of = |report: &Value| {
        ["/srv/app.env", "/srv/mail.env", "/srv/new.env"].map(|path| disposition(report, path).to_owned())
    };
    assert_eq!(of(&report), ["known", "known", "new"]);

    // A baseline out of that report: the next image passes with all three in its report.
    let made =
        bench.assay(&["baseline", "report.json", "--update", "one.toml", "-o", "two.toml", day[0], day[1]]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (code, report) = bench.scan(&["--baseline", "two.toml", day[0], day[1]]);
    assert_eq!((code, of(&report)), (0, ["known", "known", "known"].map(str::to_owned)));

    // Under other rules the fingerprints are the same.
    bench.put("own/leftovers/own.toml", "trace = []\n");
    let digest = |more: &[&str]| {
        let args = [&["scan", "--rootfs", "root", "--format", "evidence"][..], more].concat();
        let evidence: Value = serde_json::from_slice(&bench.assay(&args).stdout).unwrap();
        evidence["rules"]["sha256"].as_str().unwrap().to_owned()
    };
    assert_ne!(digest(&[]), digest(&["--signatures", "own"]));
    let (code, report) = bench.scan(&["--baseline", "two.toml", "--signatures", "own", day[0], day[1]]);
    assert_eq!((code, of(&report)), (0, ["known", "known", "known"].map(str::to_owned)));

    // One is accepted until a day; after it the scan fails and says so. What is no longer needed is told.
    let text = fs::read_to_string(bench.path("two.toml")).unwrap();
    let (before, after) = text.split_once("path = \"/srv/app.env\"").unwrap();
    let words = "reason = \"moves to the vault\"\nowner = \"web team\"\nexpires = \"2026-12-01\"";
    bench.put("three.toml", &format!("{before}path = \"/srv/app.env\"\n{words}{after}"));
    fs::remove_file(bench.path("root/srv/mail.env")).unwrap();
    let shown = |today: &str| {
        let done = bench.assay(&["scan", "--rootfs", "root", "--baseline", "three.toml", "--today", today]);
        let flat = String::from_utf8(done.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        (done.status.code().unwrap(), flat)
    };
    let (code, out) = shown("2026-12-01");
    assert!(code == 0 && !out.contains("EXPIRED"), "{out}");
    assert!(out.contains("gone: ") && out.contains("/srv/mail.env"), "{out}");
    let (code, out) = shown("2026-12-02");
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("EXPIRED 2026-12-01 (web team)") && out.contains("/srv/app.env"), "{out}");
}
