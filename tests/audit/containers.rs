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

fn zip_with(method: zip::CompressionMethod, data: &[u8]) -> Vec<u8> {
    // Written as a stream: its lengths follow the members.
    let mut writer = zip::ZipWriter::new_stream(Vec::new());
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    writer.start_file("first", options).unwrap();
    writer.write_all(b"nothing to see here").unwrap();
    writer.start_file("etc/a", options).unwrap();
    // A line end: a packer may leave the text as it is, and then the next header must not run on with it.
    writer.write_all(&[data, b"\n"].concat()).unwrap();
    writer.finish().unwrap().into_inner()
}

fn zstd(data: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(data, 3).unwrap()
}

/// What `compress` makes of a short text: nothing repeats, so every code is a byte.
fn compress(text: &[u8]) -> Vec<u8> {
    let mut packed = b"\x1f\x9d\x90".to_vec();
    assert!(text.len() < 250);
    for group in text.chunks(8) {
        let bits = group.iter().rev().fold(0_u128, |bits, &byte| bits << 9 | u128::from(byte));
        packed.extend_from_slice(&bits.to_le_bytes()[..9]);
    }
    packed
}

fn pdf(dictionary: &str, content: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(content).unwrap();
    let packed = packer.finish().unwrap();
    let head = format!(
        "%PDF-1.7\n12 0 obj\n<< {dictionary} /Filter /FlateDecode /Length {} >>\nstream\n",
        packed.len()
    );
    [head.as_bytes(), &packed, b"\nendstream\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"].concat()
}

const WORD: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"";
const SHEET: &str = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";
const TEXT: &str = "xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\"";

/// A text that was typed in four steps.
fn split(text: &str, before: &str, after: &str) -> String {
    let parts = text.as_bytes().chunks(text.len().div_ceil(4));
    parts.map(|part| format!("{before}{}{after}", std::str::from_utf8(part).unwrap())).collect()
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

const CONTAINERS: [Container; 30] = [
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
    ("a.zst", |token| zstd(token.as_bytes())),
    ("a.Z", |token| compress(token.as_bytes())),
    ("stored.zip", |token| zip_with(zip::CompressionMethod::Stored, token.as_bytes())),
    ("deflate.zip", |token| zip_with(zip::CompressionMethod::Deflated, token.as_bytes())),
    ("bzip2.zip", |token| zip_with(zip::CompressionMethod::Bzip2, token.as_bytes())),
    ("xz.zip", |token| zip_with(zip::CompressionMethod::Xz, token.as_bytes())),
    ("zstd.zip", |token| zip_with(zip::CompressionMethod::Zstd, token.as_bytes())),
    ("program.pyz", |token| [b"#!/usr/bin/python3\n", &zip("a.py", token.as_bytes())[..]].concat()),
    ("page.pdf", |token| pdf("", format!("BT ({token}) Tj ET").as_bytes())),
    ("objects.pdf", |token| pdf("/Type /ObjStm /N 1 /First 4", format!("7 0 << /T ({token}) >>").as_bytes())),
    ("pdf.gz", |token| gzip(&pdf("/Type /EmbeddedFile", &gzip(token.as_bytes())))),
    ("plain.pdf.gz", |token| gzip(format!("%PDF-1.4\n1 0 obj\n<< /T ({token}) >>\nendobj\n").as_bytes())),
    ("a.docx", |token| {
        let runs = split(token, "<w:r><w:t>", "</w:t></w:r>");
        zip(
            "word/document.xml",
            format!("<?xml version=\"1.0\"?><w:document {WORD}><w:p>{runs}</w:p></w:document>").as_bytes(),
        )
    }),
    ("a.xlsx", |token| {
        let runs = split(token, "<r><t>", "</t></r>");
        zip(
            "xl/sharedStrings.xml",
            format!("<sst {SHEET}><si><t>key</t></si><si>{runs}</si></sst>").as_bytes(),
        )
    }),
    ("a.odt", |token| {
        let spans = split(token, "<text:span>", "</text:span>");
        zip(
            "content.xml",
            format!("<office:document-content {TEXT}><text:p>{spans}</text:p></office:document-content>")
                .as_bytes(),
        )
    }),
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
    assert!(missed.is_empty(), "missed: {missed:?}; {:?}", report.gaps);
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

#[test]
fn base64_of_any_length_is_decoded() {
    let dir = tempfile::tempdir().unwrap();
    let [early, middle, late] = [81, 82, 83].map(|seed| tokens(seed).swap_remove(1));
    let filler = "a line of a long log with 17 numbers in it, >>>? and more\n".repeat(160_000);
    let said = format!("{early}\n{filler}{middle}\n{filler}{filler}{late}\n");
    let encoded = STANDARD.encode(&said);
    assert!(encoded.len() > 32 << 20);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    fs::write(dir.path().join("lines"), lines.join("\n")).unwrap();
    let report = audit(dir.path());
    for token in [early, middle, late] {
        assert!(is_found(&report, &token));
    }
    assert!(report.gaps.is_empty(), "{:?}", report.gaps);
}

/// Base64 of a key in a program: among zeros, and long enough to be no name of a symbol.
#[test]
fn long_base64_in_a_program_is_decoded() {
    let dir = tempfile::tempdir().unwrap();
    let [first, second] = [91, 92].map(|seed| tokens(seed).swap_remove(1));
    let program = |said: &str| {
        let symbols =
            b"\x7fELF\x02\x01\x01\0\0\0_ZNSt6vectorIiSaIiEE9push_backEOi\0_ZSt4cout2B4k\0".repeat(300);
        [&symbols[..], STANDARD.encode(said).as_bytes(), b"\0", &symbols].concat()
    };
    fs::write(dir.path().join("early"), program(&format!("the token that opens it: {first}"))).unwrap();
    // Behind the first piece that is read.
    let far = [vec![0; 5 << 20], program(&format!("the other token is {second}"))].concat();
    fs::write(dir.path().join("late"), far).unwrap();
    let report = audit(dir.path());
    assert!(is_found(&report, &first) && is_found(&report, &second));
    assert!(report.gaps.is_empty(), "{:?}", report.gaps);
}
