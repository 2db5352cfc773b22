//! What other programs pack is found: rpmbuild, xz, 7z, zip, qpdf, compress, each in all its methods.

#![expect(clippy::unwrap_used, reason = "a panic here is a failed test")]

use std::fs;
use std::path::Path;
use std::process::Command;

use assay::audit::{Quiet, Report, Settings, Target};
use assay::finding::GapKind;

use crate::oracle::tools::have;

fn run(dir: &Path, program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).current_dir(dir).env("HOME", dir).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {args:?}: {text}{}", String::from_utf8_lossy(&output.stdout));
}

/// Built when the test runs: no scanner of sources may take this file for a leak. One for each number.
fn token(number: usize) -> String {
    let letters = b"QRSTUVWXYZabcdefghijkLMNOP";
    let letter = |at: usize| char::from(*letters.get((number * 7 + at * 11) % letters.len()).unwrap());
    format!(
        "gh{}{}",
        "p_",
        (0..36)
            .map(|at| if at % 5 == 4 {
                char::from(*b"0123456789".get((number + at) % 10).unwrap())
            } else {
                letter(at)
            })
            .collect::<String>()
    )
}

fn audit(root: &Path) -> Report {
    assay::audit::run(&Target::Rootfs(root.to_owned()), &Settings::default(), &Quiet).unwrap()
}

fn is_found(report: &Report, number: usize, path: &str) -> bool {
    let secret = token(number);
    report.findings.iter().any(|finding| {
        let path_shown = String::from_utf8_lossy(&finding.location.path).into_owned();
        path_shown.contains(path)
            && finding.evidence.secrets.iter().any(|found| found.reveal() == secret.as_bytes())
    })
}

fn kinds(report: &Report, name: &str) -> Vec<GapKind> {
    let gaps = report.gaps.iter().filter(|gap| String::from_utf8_lossy(&gap.location.path).contains(name));
    gaps.map(|gap| gap.kind).collect()
}

#[test]
fn packages_of_rpm_with_every_payload_are_searched() {
    if !have("rpmbuild", "rpm") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    fs::create_dir(&out).unwrap();
    let payloads = ["w9.gzdio", "w9.bzdio", "w7.xzdio", "w7.lzdio", "w3.zstdio", "w.ufdio"];
    for (number, payload) in payloads.iter().enumerate() {
        let (inside, script) = (token(2 * number), token(2 * number + 1));
        let spec = format!(
            "Name: p{number}\nVersion: 1\nRelease: 1\nSummary: s\nLicense: MIT\nBuildArch: noarch\n%description\nd\n%install\nmkdir -p %{{buildroot}}/srv\nfor i in 1 2 3 4 5 6 7 8 9; do echo filler $i >> %{{buildroot}}/srv/config; done\necho 'token = {inside}' >> %{{buildroot}}/srv/config\n%post\ncurl -H 'Authorization: token {script}' https://example.org\n%files\n/srv/config\n"
        );
        fs::write(dir.path().join("p.spec"), spec).unwrap();
        let top = format!("_topdir {}/top", dir.path().display());
        let payload = format!("_binary_payload {payload}");
        run(dir.path(), "rpmbuild", &["-bb", "--quiet", "--define", &top, "--define", &payload, "p.spec"]);
        fs::rename(
            dir.path().join(format!("top/RPMS/noarch/p{number}-1-1.noarch.rpm")),
            out.join(format!("p{number}.rpm")),
        )
        .unwrap();
    }
    let report = audit(&out);
    for (number, payload) in payloads.iter().enumerate() {
        assert!(is_found(&report, 2 * number, &format!("p{number}.rpm")), "{payload}: its file");
        assert!(
            is_found(&report, 2 * number + 1, &format!("p{number}.rpm!/header")),
            "{payload}: its script"
        );
    }
    assert!(report.gaps.is_empty(), "{:?}", report.gaps);
}

#[test]
fn streams_of_every_packer_are_searched() {
    let dir = tempfile::tempdir().unwrap();
    let packers = [
        ("xz", "xz-utils", &["--format=lzma", "-c"][..]),
        ("xz", "xz-utils", &["--format=lzma", "-9e", "-c"]),
        ("xz", "xz-utils", &["--check=sha256", "-c"]),
        ("xz", "xz-utils", &["--x86", "--lzma2", "-c"]),
        ("zstd", "zstd", &["--long=27", "-c", "-q"]),
        ("lz4", "lz4", &["-c", "-q"]),
        ("bzip2", "bzip2", &["-c"]),
        ("compress", "ncompress", &["-c", "-f"]),
        ("compress", "ncompress", &["-c", "-f", "-b12"]),
    ];
    let (mut packed, filler) = (Vec::new(), "a line that fills a file, and another one\n".repeat(4000));
    for (number, (program, package, args)) in packers.iter().enumerate() {
        if !have(program, package) {
            continue;
        }
        fs::write(dir.path().join("text"), format!("{filler}{}\n{filler}", token(number))).unwrap();
        let output = Command::new(program).args(*args).arg("text").current_dir(dir.path()).output().unwrap();
        fs::remove_file(dir.path().join("text")).unwrap();
        fs::write(dir.path().join(format!("{number}.packed")), output.stdout).unwrap();
        packed.push(number);
    }
    let report = audit(dir.path());
    for number in packed {
        assert!(is_found(&report, number, &format!("{number}.packed!/")), "{:?}", packers.get(number));
    }
    assert!(report.gaps.is_empty(), "{:?}", report.gaps);
}

#[test]
fn scripts_of_makeself_are_searched() {
    if !have("makeself", "makeself") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (source, out) = (dir.path().join("source"), dir.path().join("out"));
    fs::create_dir(&source).unwrap();
    fs::create_dir(&out).unwrap();
    let methods = ["--gzip", "--bzip2", "--xz"];
    for (number, method) in methods.iter().enumerate() {
        fs::write(source.join("app.env"), format!("TOKEN={}\n", token(number))).unwrap();
        let target = format!("out/{}.run", method.trim_start_matches('-'));
        run(dir.path(), "makeself", &["--nox11", method, "source", &target, "a title", "true"]);
    }
    let report = audit(&out);
    for (number, method) in methods.iter().enumerate() {
        let inside = format!("{}.run!/payload", method.trim_start_matches('-'));
        assert!(is_found(&report, number, &inside), "{method}");
    }
    assert!(report.gaps.is_empty(), "{:?}", report.gaps);
}

#[test]
fn zip_archives_of_every_method_are_searched() {
    if !have("7z", "p7zip-full") || !have("zip", "zip") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let methods = ["Copy", "Deflate", "Deflate64", "BZip2", "LZMA"];
    let filler = (0..60_000_u32)
        .map(|line| format!("{line} {}\n", line.wrapping_mul(2_654_435_761)))
        .collect::<String>();
    for (number, method) in methods.iter().enumerate() {
        fs::write(dir.path().join("text"), format!("{filler}{}\n{filler}", token(number))).unwrap();
        run(dir.path(), "7z", &["a", "-tzip", &format!("-mm={method}"), &format!("{method}.zip"), "text"]);
    }
    fs::write(dir.path().join("text"), format!("{filler}{}", token(8))).unwrap();
    run(dir.path(), "7z", &["a", "-tzip", "-mm=PPMd", "ppmd.zip", "text"]);
    run(dir.path(), "7z", &["a", "-tzip", "-mem=AES256", "-psecret", "aes.zip", "text"]);
    run(dir.path(), "zip", &["-q", "-P", "secret", "old.zip", "text"]);
    fs::write(dir.path().join("text"), token(9)).unwrap();
    // Lengths that are not known before: the archive goes to a pipe.
    run(
        dir.path(),
        "sh",
        &[
            "-c",
            "cat text | zip -q - - > piped && mv piped piped.zip; cat text | zip -q -fz - - > long; mv long long.zip",
        ],
    );
    fs::remove_file(dir.path().join("text")).unwrap();
    let report = audit(dir.path());
    for (number, method) in methods.iter().enumerate() {
        assert!(is_found(&report, number, &format!("{method}.zip!/text")), "{method}");
        assert!(kinds(&report, method).is_empty(), "{:?}", report.gaps);
    }
    assert!(is_found(&report, 9, "piped.zip!/-") || is_found(&report, 9, "long.zip!/-"));
    assert_eq!(kinds(&report, "ppmd.zip"), [GapKind::Unsupported]);
    assert_eq!(
        (kinds(&report, "aes.zip"), kinds(&report, "old.zip")),
        (vec![GapKind::Encrypted], vec![GapKind::Encrypted])
    );
    assert_eq!(report.gaps.len(), 3, "{:?}", report.gaps);
}

#[test]
fn a_member_larger_than_memory_is_for_is_searched() {
    if !have("zip", "zip") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    // 80 MiB that do not shrink much, so that the archive is larger than what is ever kept of one.
    let mut state = 7_u64;
    let mut noise: Vec<u8> = Vec::with_capacity(80 << 20);
    while noise.len() < 80 << 20 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        noise.extend_from_slice(&state.to_be_bytes());
    }
    noise.extend_from_slice(format!("\n{}\n", token(0)).as_bytes());
    fs::write(dir.path().join("large"), noise).unwrap();
    run(dir.path(), "zip", &["-q", "-1", "large.zip", "large"]);
    fs::remove_file(dir.path().join("large")).unwrap();
    assert!(fs::metadata(dir.path().join("large.zip")).unwrap().len() > 64 << 20);
    let report = audit(dir.path());
    assert!(is_found(&report, 0, "large.zip!/large"));
    assert!(report.gaps.is_empty(), "{:?}", report.gaps);
}

#[test]
fn documents_that_qpdf_writes_are_searched() {
    if !have("qpdf", "qpdf") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let content = format!("BT ({}) Tj ET", token(0));
    let plain = format!(
        "%PDF-1.5\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Key ({}) >>\nendobj\n4 0 obj\n<< /Length {} >>\nstream\n{content}\nendstream\nendobj\ntrailer\n<< /Root 1 0 R /Size 5 >>\n%%EOF\n",
        token(1),
        content.len()
    );
    fs::create_dir(dir.path().join("in")).unwrap();
    fs::write(dir.path().join("in/plain"), plain).unwrap();
    let pack = ["--object-streams=generate", "--compress-streams=y", "--warning-exit-0"];
    run(dir.path(), "qpdf", &[&pack[..], &["in/plain", "packed.pdf"]].concat());
    run(
        dir.path(),
        "qpdf",
        &[&pack[..], &["in/plain", "--encrypt", "a", "b", "256", "--", "closed.pdf"]].concat(),
    );
    fs::remove_dir_all(dir.path().join("in")).unwrap();
    let report = audit(dir.path());
    assert!(is_found(&report, 0, "packed.pdf!/obj ") && is_found(&report, 1, "packed.pdf!/obj "));
    assert_eq!(kinds(&report, "closed.pdf"), [GapKind::Encrypted], "{:?}", report.gaps);
    assert!(kinds(&report, "packed.pdf").is_empty(), "{:?}", report.gaps);
}
