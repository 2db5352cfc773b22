//! Tokens in containers: whatever a token is packed in, it is found.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic here is a failed test")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use assay::audit::{Quiet, Report, Settings, Target};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

fn letters(seed: u64, alphabet: &[u8], len: usize) -> String {
    let mut state = seed.wrapping_mul(7919).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(alphabet[usize::try_from(state >> 33).unwrap() % alphabet.len()])
    };
    (0..len).map(|_| next()).collect()
}

/// Nine kinds of tokens, made when the test runs: no scanner of sources may take this file for a leak.
fn tokens(seed: u64) -> Vec<String> {
    let alnum = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let any = |n: u64, len| letters(seed * 100 + n, alnum, len);
    let digits = |n: u64, len| letters(seed * 100 + n, b"123456789", len);
    vec![
        format!("AKI{}{}", "A", letters(seed, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)),
        format!("gh{}{}", "p_", any(1, 36)),
        format!("glpa{}{}", "t-", any(2, 20)),
        format!("xox{}{}-{}-{}", "b-", digits(3, 12), digits(4, 12), any(5, 24)),
        format!("sk_li{}{}", "ve_", any(6, 24)),
        format!("AIz{}{}", "aSy", any(7, 33)),
        format!("npm{}{}", "_", any(8, 36)),
        format!("SG{}{}.{}", ".", any(9, 22), any(10, 43)),
        format!("dop_v{}{}", "1_", letters(seed, b"0123456789abcdef", 64)),
    ]
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(data).unwrap();
    packer.finish().unwrap()
}

fn tar(name: &str, data: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(data.len() as u64);
    builder.append_data(&mut header, name, data).unwrap();
    builder.into_inner().unwrap()
}

fn zip(name: &str, data: &[u8]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(data).unwrap();
    writer.finish().unwrap().into_inner()
}

fn lz4(data: &[u8]) -> Vec<u8> {
    let mut packer = lz4_flex::frame::FrameEncoder::new(Vec::new());
    packer.write_all(data).unwrap();
    packer.finish().unwrap()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn utf16_big(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

fn between_zeros(start: &[u8], token: &str) -> Vec<u8> {
    [start, &[0; 60], token.as_bytes(), &[0, 1, 2, 0xff, 0]].concat()
}

type Container = (&'static str, fn(&str) -> Vec<u8>);

const CONTAINERS: [Container; 15] = [
    ("plain.txt", |token| format!("the value is {token}\n").into_bytes()),
    ("program", |token| between_zeros(b"\x7fELF\x02\x01\x01", token)),
    ("blob.bin", |token| between_zeros(&(0..=255).collect::<Vec<u8>>(), token)),
    ("a.gz", |token| gzip(token.as_bytes())),
    ("members.gz", |token| [gzip(b"first member\n"), gzip(token.as_bytes())].concat()),
    ("a.tar.gz", |token| gzip(&tar("etc/a", token.as_bytes()))),
    ("a.jar", |token| zip("a.properties", token.as_bytes())),
    ("little.txt", |token| utf16(&format!("the value is {token}\r\n"))),
    ("big.txt", |token| utf16_big(&format!("the value is {token}\r\n"))),
    ("little.gz", |token| gzip(&utf16(&format!("the value is {token}\r\n")))),
    ("a.yaml", |token| format!("data:\n  key: {}\n", STANDARD.encode(token)).into_bytes()),
    ("shifted", |token| format!("a/{}", STANDARD.encode(format!("x {token} y"))).into_bytes()),
    ("cloud.yaml", |token| format!("content: {}\n", STANDARD.encode(gzip(token.as_bytes()))).into_bytes()),
    ("a.lz4", |token| lz4(token.as_bytes())),
    ("image.tar", |token| tar("blobs/sha256/ab", &gzip(&tar("etc/a", token.as_bytes())))),
];

fn audit(root: &Path) -> Report {
    assay::audit::run(&Target::Rootfs(root.to_owned()), &Settings::default(), &Quiet).unwrap()
}

fn is_found(report: &Report, token: &str) -> bool {
    let mut secrets = report.findings.iter().flat_map(|finding| &finding.evidence.secrets);
    secrets.any(|secret| secret.reveal() == token.as_bytes())
}

#[test]
fn every_token_is_found_in_every_container() {
    let dir = tempfile::tempdir().unwrap();
    let mut planted = Vec::new();
    for (seed, (name, pack)) in (1..).zip(CONTAINERS) {
        for (kind, token) in tokens(seed).into_iter().enumerate() {
            let folder = dir.path().join(format!("srv/{kind}"));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(name), pack(&token)).unwrap();
            planted.push((format!("{kind} in {name}"), token));
        }
    }
    let report = audit(dir.path());
    let missed: Vec<&String> =
        planted.iter().filter(|(_, token)| !is_found(&report, token)).map(|(place, _)| place).collect();
    assert!(missed.is_empty(), "missed: {missed:?}");
    assert!(report.gaps.is_empty(), "{:?}", report.gaps);
}

#[test]
fn what_was_removed_from_a_repository_is_found_in_its_history() {
    let dir = tempfile::tempdir().unwrap();
    let git = |args: &[&str]| {
        let name = ["-c", "user.name=a", "-c", "user.email=a@b"];
        let mut command = Command::new("git");
        let status = command.arg("-C").arg(dir.path()).args(name).args(args).status().unwrap();
        assert!(status.success());
    };
    let [first, second] = [tokens(71).swap_remove(1), tokens(72).swap_remove(1)];
    let lines: String = (0..200_u64).map(|n| format!("line {n} of a long file\n")).collect();
    git(&["init", "-q"]);
    for (text, message) in [(lines.as_str(), "a"), (&format!("{lines}{first}\n"), "b"), (&lines, "c")] {
        fs::write(dir.path().join("config"), text).unwrap();
        git(&["add", "config"]);
        git(&["commit", "-q", "--allow-empty", "-m", message]);
    }
    assert!(is_found(&audit(dir.path()), &first), "in a loose object");
    git(&["commit", "-q", "--allow-empty", "-m", &format!("uses {second}")]);
    git(&["gc", "-q", "--aggressive", "--prune=now"]);
    let report = audit(dir.path());
    assert!(is_found(&report, &first) && is_found(&report, &second), "in a pack");
    assert!(report.gaps.is_empty(), "{:?}", report.gaps);
}
