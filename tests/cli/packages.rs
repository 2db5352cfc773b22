//! What is installed, vulnerable and out of support, end to end.

#![expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::oracle::skipped::skip;
use crate::program::assay;
use assay::cli::Exit;
use serde_json::{Value, json};

const STATUS: &str = "Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl\n\
Version: 3.0.11-1~deb12u1\nMaintainer: Debian OpenSSL Team <pkg-openssl@lists.alioth.debian.org>\n\n\
Package: gone\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 1\n\n\
Package: half\nStatus: install ok half-configured\nArchitecture: all\nVersion: 2\n\n\
Package: linux-image-6.1.0-50-amd64\nStatus: install ok installed\nArchitecture: amd64\n\
Source: linux-signed-amd64 (6.1.176+1)\nVersion: 6.1.176-1\n\n";

fn write(root: &Path, files: &[(&str, &str)]) {
    for (path, content) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

/// A small Debian with two libraries that no package brought.
fn debian() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[
            (
                "root/etc/os-release",
                "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n",
            ),
            ("root/var/lib/dpkg/status", STATUS),
            ("root/var/lib/dpkg/info/libssl3.list", "/.\n/usr/share/doc/libssl3/copyright\n"),
            ("root/var/lib/dpkg/info/half.list", "/.\n"),
            (
                "root/var/lib/dpkg/info/linux-image-6.1.0-50-amd64.list",
                "/.\n/boot\n/boot/vmlinuz-6.1.0-50-amd64\n",
            ),
            ("root/boot/vmlinuz-6.1.0-50-amd64", "kernel"),
            ("root/usr/share/doc/libssl3/copyright", "text"),
            (
                "root/opt/venv/lib/python3.11/site-packages/requests-2.19.0.dist-info/METADATA",
                "Metadata-Version: 2.1\nName: requests\nVersion: 2.19.0\n",
            ),
            (
                "root/opt/app/node_modules/lodash/package.json",
                "{\"name\":\"lodash\",\"version\":\"4.17.20\"}",
            ),
            (
                "root/opt/app/package-lock.json",
                "{\"packages\":{\"node_modules/left-pad\":{\"version\":\"1.3.0\"}}}",
            ),
        ],
    );
    folder
}

fn path(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

/// A record of OSV, fixed in a version.
fn record(id: &str, ecosystem: &str, package: &str, fixed: &str) -> String {
    json!({
        "id": id, "modified": "2026-11-28T00:00:00Z", "aliases": [], "summary": "A flaw",
        "affected": [{
            "package": {"ecosystem": ecosystem, "name": package},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]
        }]
    })
    .to_string()
}

fn with_feeds(folder: &tempfile::TempDir) {
    let records = [
        ("feeds/a.json", record("DEBIAN-CVE-2024-0001", "Debian:12", "openssl", "3.0.12-1")),
        ("feeds/b.json", record("DEBIAN-CVE-2024-0002", "Debian:12", "linux", "6.1.999-1")),
        ("feeds/c.json", record("PYSEC-2018-28", "PyPI", "requests", "2.20.0")),
        ("feeds/d.json", record("GHSA-xxxx", "npm", "left-pad", "2.0.0")),
        ("feeds/e.json", record("DEBIAN-CVE-2024-0003", "Debian:12", "openssl", "3.0.11-1~deb12u1")),
    ];
    for (name, text) in records {
        write(folder.path(), &[(name, &text)]);
    }
}

fn lines(out: &str) -> Vec<String> {
    out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn what_is_installed_is_listed_and_what_is_only_wanted_or_gone_is_not() {
    let folder = debian();
    let (exit, out, err) = assay(&["packages", "--rootfs", &path(&folder, "root")]);
    assert_eq!((exit, err.as_str()), (Exit::PASS, ""));
    let lines = lines(&out);
    for expected in [
        "Debian GNU/Linux 12 (bookworm)",
        "kernel 6.1.0-50-amd64 (linux-image-6.1.0-50-amd64 6.1.176-1): boots by default",
        "deb half 2 unfinished",
        "npm lodash 4.17.20 /opt/app/node_modules/lodash/package.json",
        "5 packages: 3 deb, 1 python, 1 npm",
    ] {
        assert!(lines.iter().any(|line| line.starts_with(expected)), "{expected}\n{out}");
    }
    assert!(!out.contains("left-pad") && !out.contains("gone"), "{out}");
}

#[test]
fn the_list_is_narrowed_by_kind_and_name() {
    let folder = debian();
    let (root, kind) = (path(&folder, "root"), "--kind=python,npm");
    let (_, out, _) = assay(&["packages", "--rootfs", &root, kind, "--format", "json"]);
    let json: Value = serde_json::from_str(&out).unwrap();
    let names = |json: &Value| -> Vec<String> {
        let all = json["packages"]["components"].as_array().unwrap();
        all.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&json), ["requests", "lodash"]);
    let (_, out, _) = assay(&["packages", "--rootfs", &root, "lib*", "--format", "csv"]);
    assert_eq!(out.lines().count(), 2, "{out}");
    assert!(
        out.contains("pkg:deb/debian/libssl3@3.0.11-1~deb12u1?arch=amd64&distro=debian-12&upstream=openssl")
    );
}

#[test]
fn vulnerable_packages_are_told_by_package_and_the_kernel_by_its_binary_version() {
    let folder = debian();
    with_feeds(&folder);
    let (root, feeds) = (path(&folder, "root"), path(&folder, "feeds"));
    let base = ["scan", "--rootfs", &root, "--vuln-db", &feeds, "--today", "2026-11-29"];
    let (exit, out, _) = assay(&base);
    assert_eq!(exit, Exit::PASS, "{out}");
    let lines = lines(&out);
    for expected in [
        "Packages · 3 known vulnerabilities in 3 packages",
        "linux 6.1.176-1 → 6.1.999-1, the kernel that boots",
        "openssl 3.0.11-1~deb12u1 → 3.0.12-1",
        "→ apt-get update && apt-get install --only-upgrade libssl3",
        "requests 2.19.0 → 2.20.0",
    ] {
        assert!(lines.iter().any(|line| line.starts_with(expected)), "{expected}\n{out}");
    }
    assert!(out.contains("Debian 12 · support ends 2026-07-11"), "{out}");
    let (exit, ..) = assay(&[&base[..], &["--fail-on", "medium"]].concat());
    assert_eq!(exit, Exit::FAILED);
}

#[test]
fn a_policy_may_ask_for_fixed_ones_only_and_for_support() {
    let folder = debian();
    with_feeds(&folder);
    let unfixed =
        record("DEBIAN-CVE-2024-0009", "Debian:12", "openssl", "1").replace(r#",{"fixed":"1"}"#, "");
    write(
        folder.path(),
        &[
            ("one/a.json", &unfixed),
            ("policy.toml", "[packages]\nonly-fixed = true\n"),
            ("support.toml", "[packages]\nended-support = true\n"),
        ],
    );
    let (root, feeds) = (path(&folder, "root"), path(&folder, "one"));
    let scan = |policy: &str, day: &str| {
        let policy = path(&folder, policy);
        assay(&[
            "scan",
            "--rootfs",
            &root,
            "--vuln-db",
            &feeds,
            "--policy",
            &policy,
            "--fail-on",
            "medium",
            "--today",
            day,
        ])
    };
    let (exit, out, _) = scan("policy.toml", "2026-11-29");
    assert_eq!(exit, Exit::PASS, "{out}");
    assert!(out.contains("1 without a fix"), "{out}");
    let (exit, out, _) = scan("support.toml", "2029-01-01");
    assert_eq!(exit, Exit::FAILED, "{out}");
    assert!(out.contains("[support-ended]"), "{out}");
}

#[test]
fn data_that_are_none_or_broken_are_told() {
    let folder = debian();
    write(
        folder.path(),
        &[
            ("text.txt", "hello"),
            ("bad/a.json", record("X-1", "PyPI", "requests", "3").get(..60).unwrap()),
            ("bad/b.json", &record("X-2", "PyPI", "requests", "3")),
        ],
    );
    let root = path(&folder, "root");
    for wrong in ["text.txt", "missing"] {
        let (exit, _, err) = assay(&["scan", "--rootfs", &root, "--vuln-db", &path(&folder, wrong)]);
        assert_eq!(exit, Exit::USAGE, "{err}");
        assert!(err.contains(wrong), "{err}");
    }
    let (exit, out, _) = assay(&["scan", "--rootfs", &root, "--vuln-db", &path(&folder, "bad")]);
    assert_eq!(exit, Exit::INCOMPLETE, "{out}");
    assert!(out.contains("1 records could not be read") && out.contains("requests 2.19.0 → 3"), "{out}");
}

#[test]
fn a_bill_of_materials_is_a_side_of_a_comparison() {
    let folder = debian();
    let (root, sbom) = (path(&folder, "root"), path(&folder, "golden.cdx.json"));
    assay(&["scan", "--rootfs", &root, "--format", &format!("cyclonedx={sbom}")]);
    let (exit, out, err) = assay(&["diff", &sbom, &root, "--fail-on", "never"]);
    assert_eq!((exit, err.as_str()), (Exit::PASS, ""), "{out}");
    assert!(!out.contains("upgraded") && !out.contains("packages new"), "{out}");
    let status = STATUS.replace("3.0.11-1~deb12u1", "3.0.11-1~deb12u2");
    write(folder.path(), &[("root/var/lib/dpkg/status", &status)]);
    let (_, out, _) = assay(&["diff", &sbom, &root, "--fail-on", "never"]);
    assert!(out.contains("libssl3") && out.contains("(upgraded)"), "{out}");
}

#[test]
fn versions_stand_side_by_side_whatever_tells_them() {
    let folder = debian();
    let (root, list) = (path(&folder, "root"), path(&folder, "golden.json"));
    let sbom = path(&folder, "golden.cdx.json");
    assay(&["packages", "--rootfs", &root, "--format", "json", "-o", &list]);
    let status = STATUS.replace("3.0.11-1~deb12u1", "3.0.9-1");
    write(folder.path(), &[("root/var/lib/dpkg/status", &status)]);
    assay(&["scan", "--rootfs", &root, "--format", &format!("cyclonedx={sbom}")]);
    let (exit, out, err) = assay(&["packages", &list, "--beside", &root, &sbom]);
    assert_eq!((exit, err.as_str()), (Exit::PASS, ""), "{out}");
    let lines = lines(&out);
    assert_eq!(lines[1], "libssl3 3.0.11-1~deb12u1 3.0.9-1 ↓ 3.0.9-1", "{out}");
    assert_eq!(lines[2], "1 packages differ, 4 are the same in all 3 images", "{out}");
    let (_, out, _) = assay(&["packages", &list, "other*", "--format", "csv", "--beside", &root]);
    assert_eq!(out.lines().count(), 1, "{out}");
}

/// The Python that has the readers of others; `.ci/run` makes it.
fn python(module: &str) -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/schemas/python/bin/python3");
    let python = std::env::var_os("ASSAY_LINT_PYTHON").map_or_else(default, PathBuf::from);
    let import = Command::new(&python).args(["-c", &format!("import {module}")]).output();
    if import.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    skip(&format!("{module} ({})", python.display()), "the schemas of .ci/run");
    None
}

/// Holds a document to a program of Python's, which says what is wrong.
fn is_taken_by(module: &str, program: &str, file: &str) {
    let Some(python) = python(module) else { return };
    let done = Command::new(python).args(["-c", program, file]).output().unwrap();
    let said = [done.stdout, done.stderr].concat();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn bills_of_materials_are_valid_for_strict_readers() {
    let folder = debian();
    let root = path(&folder, "root");
    let (cyclonedx, spdx) = (path(&folder, "a.cdx.json"), path(&folder, "a.spdx.json"));
    assay(&[
        "scan",
        "--rootfs",
        &root,
        "--format",
        &format!("cyclonedx={cyclonedx}"),
        "--format",
        &format!("spdx={spdx}"),
    ]);
    is_taken_by(
        "cyclonedx.validation.json",
        "import sys\nfrom cyclonedx.validation.json import JsonStrictValidator\nfrom cyclonedx.schema import SchemaVersion\n\
         error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())\nsys.exit(str(error) if error else 0)",
        &cyclonedx,
    );
    is_taken_by(
        "spdx_tools",
        "import sys\nfrom spdx_tools.spdx.parser.parse_anything import parse_file\n\
         from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document\n\
         problems = validate_full_spdx_document(parse_file(sys.argv[1]))\nsys.exit('\\n'.join(map(str, problems)) if problems else 0)",
        &spdx,
    );
}
