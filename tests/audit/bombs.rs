//! Bombs: whatever a file unpacks to, it costs the budget at most, and what was not looked at is a gap.
//!
//! The limits here are small, so that the tests are quick; they are the same limits by kind. What is asserted
//! is work (bytes that came out, members), and, generously, time.

#![expect(clippy::unwrap_used, reason = "a panic here is a failed test")]

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use assay::audit::{Quiet, Report, Settings, Target};
use assay::budget::Budget;
use assay::finding::GapKind;

const LIMIT: u64 = 4 << 20;

fn budget() -> Budget {
    Budget { unpacked_bytes: LIMIT, archive_members: 2000, whole_file: 1 << 20, ..Budget::default() }
}

fn audit(root: &Path, budget: Budget) -> Report {
    let settings = Settings { budget, ..Settings::default() };
    let begun = Instant::now();
    let report = assay::audit::run(&Target::Rootfs(root.to_owned()), &settings, &Quiet).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(60), "it took {:?}", begun.elapsed());
    report
}

/// Audits one file, and demands a gap over a limit whose reason has `said`.
fn explode(name: &str, bomb: &[u8], said: &str) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(name), bomb).unwrap();
    let report = audit(dir.path(), budget());
    let is_said = |gap: &assay::finding::Gap| gap.kind == GapKind::OverLimit && gap.reason.contains(said);
    assert!(report.gaps.iter().any(is_said), "{name}: {:?}", report.gaps);
    assert!(
        report.coverage.bytes_unpacked <= LIMIT + (4 << 20),
        "{name}: {}",
        report.coverage.bytes_unpacked
    );
}

fn gzip(mut data: impl Read) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    io::copy(&mut data, &mut packer).unwrap();
    packer.finish().unwrap()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn zeros(len: u64) -> impl Read {
    io::repeat(0).take(len)
}

#[test]
fn zeros_packed_as_a_stream() {
    explode("a.gz", &gzip(zeros(64 << 20)), "unpacks to more than");
    let mut packer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    io::copy(&mut zeros(40 << 20), &mut packer).unwrap();
    explode("a.bz2", &packer.finish().unwrap(), "unpacks to more than");
    let mut packer = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
    io::copy(&mut zeros(2 << 30), &mut packer).unwrap();
    explode("a.zst", &packer.finish().unwrap(), "unpacks to more than");
}

#[test]
fn zeros_packed_again_and_again() {
    let once = gzip(zeros(100 << 20));
    explode("a.gz.gz", &gzip(&gzip(&once[..])[..]), "unpacks to more than");
}

#[test]
fn archives_of_archives_that_share_their_size() {
    // Like 42.zip: sixteen copies on every level.
    let mut bomb = gzip(zeros(8 << 20));
    for _ in 0..3 {
        let names: Vec<String> = (0..16).map(|number| format!("lib {number}.zip")).collect();
        let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &bomb[..])).collect();
        bomb = zip(&files);
    }
    explode("42.zip", &bomb, "unpacks to more than");
}

/// An archive that unpacks to itself is one that is nested without an end.
#[test]
fn archives_nested_deeper_than_the_limit() {
    let mut bomb = b"at the bottom".to_vec();
    for _ in 0..30 {
        bomb = zip(&[("a.zip", &bomb)]);
    }
    explode("deep.zip", &bomb, "nested deeper than");
}

#[test]
fn members_that_a_directory_names_again_and_again() {
    // A zip whose directory names the same bytes many times costs what its members say, once.
    let whole = zip(&[("a", &[b'a'; 5000])]);
    let directory = memchr::memmem::find(&whole, b"PK\x01\x02").unwrap();
    let end = memchr::memmem::find(&whole, b"PK\x05\x06").unwrap();
    let entry = &whole[directory..end];
    let bomb = [&whole[..directory], &entry.repeat(3000), &whole[end..]].concat();
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("overlapping.zip"), bomb).unwrap();
    let report = audit(dir.path(), budget());
    assert!(report.coverage.members == 1 && report.coverage.bytes_unpacked == 5000, "{:?}", report.coverage);
}

#[test]
fn an_archive_of_a_million_members() {
    let mut header = tar::Header::new_ustar();
    header.set_path("a").unwrap();
    header.set_size(0);
    header.set_cksum();
    explode("many.tar", &header.as_bytes().repeat(5000), "more than 2000 members");
    let member = zip(&[("a", b"")]);
    let local = &member[..memchr::memmem::find(&member, b"PK\x01\x02").unwrap()];
    explode("many.zip", &local.repeat(5000), "more than 2000 members");
}

#[test]
fn sizes_that_are_declared_and_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_path("a").unwrap();
    header.set_size(1 << 60);
    header.set_cksum();
    fs::write(dir.path().join("large.tar"), [header.as_bytes(), &[7; 512][..]].concat()).unwrap();
    let mut large = zip(&[("a", b"abc")]);
    large[18..26].fill(0xff);
    fs::write(dir.path().join("large.zip"), large).unwrap();
    fs::write(
        dir.path().join("large.deb"),
        b"!<arch>\ndebian-binary   0           0     0     100644  9999999999`\n2.0\n",
    )
    .unwrap();
    fs::write(dir.path().join("large.lzma"), b"\x5d\0\0\0\x80\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0")
        .unwrap();
    let report = audit(dir.path(), budget());
    for name in ["large.tar", "large.zip", "large.lzma"] {
        let is_told = |gap: &assay::finding::Gap| gap.location.path.ends_with(name.as_bytes());
        assert!(report.gaps.iter().any(is_told), "{name}: {:?}", report.gaps);
    }
}

#[test]
fn documents_that_unpack_to_more_than_they_are() {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    io::copy(&mut zeros(32 << 20), &mut packer).unwrap();
    let packed = packer.finish().unwrap();
    let pdf =
        [b"%PDF-1.5\n1 0 obj\n<< /Filter /FlateDecode >>\nstream\n", &packed[..], b"\nendstream\n"].concat();
    explode("a.pdf", &pdf, "unpacks to more than");
    let mut xml = b"<w:document xmlns:w='http://schemas.openxmlformats.org/w'>".to_vec();
    xml.resize(16 << 20, b' ');
    explode("a.docx", &zip(&[("word/document.xml", &xml)]), "unpacks to more than");
}

#[test]
fn many_packed_files_are_bounded_together() {
    let dir = tempfile::tempdir().unwrap();
    let packed = gzip(zeros(1 << 20));
    for number in 0..64 {
        fs::write(dir.path().join(format!("{number}.gz")), &packed).unwrap();
    }
    let report = audit(dir.path(), Budget { unpacked_total: 4 << 20, ..Budget::default() });
    assert!(report.coverage.bytes_unpacked < 16 << 20, "{}", report.coverage.bytes_unpacked);
    let is_said = |gap: &&assay::finding::Gap| gap.reason.contains("the packed files of the image");
    assert!(report.gaps.iter().filter(is_said).count() > 40, "{:?}", report.gaps);
}
