//! Files that are something else, too: file systems, archives, images, and files with holes.

use std::fs;
use std::io::{Cursor, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use assay::audit::Report;

use crate::lab::{KEY, Lab, audit_image, found, has_loss};
use crate::oracle::run;

/// A token whose checksum is right.
const TOKEN: &str = concat!("ghp_", "Qm7Xc2Rt9Lw4Zp8Vk3Ns6Hy1Bd5Gf03V7PwD");

/// A small ext2 file system with nothing in it: `kib` KiB.
fn tiny(lab: &Lab, kib: usize) -> Vec<u8> {
    let path = lab.beside("tiny.ext2");
    fs::write(&path, vec![0; kib << 10]).unwrap();
    let options = ["-q", "-F", "-t", "ext2", "-N", "16", "-b", "1024", "-m", "0", "-O", "none,^resize_inode"];
    run("mke2fs", &[&options[..], &[path.to_str().unwrap()]].concat());
    fs::read(path).unwrap()
}

/// A disk of `mib` MiB whose only partition begins at 1 MiB and holds `content`.
fn disk(content: &[u8], mib: usize) -> Vec<u8> {
    let mut disk = vec![0; mib << 20];
    let sectors = u32::try_from((mib - 1) << 11).unwrap();
    let entry = [&[0, 0, 0, 0, 0x83, 0, 0, 0][..], &2048_u32.to_le_bytes(), &sectors.to_le_bytes()].concat();
    disk[446..462].copy_from_slice(&entry);
    disk[510..512].copy_from_slice(&[0x55, 0xaa]);
    disk[1 << 20..(1 << 20) + content.len()].copy_from_slice(content);
    disk
}

/// Writes a file of the tree with every block of zeros as a hole, and one with none.
fn write_sparse(lab: &Lab, path: &str, content: &[u8]) {
    lab.file(path, b"");
    let file = fs::OpenOptions::new().write(true).open(lab.tree().join(path)).unwrap();
    file.set_len(content.len() as u64).unwrap();
    for (index, block) in content.chunks(4096).enumerate() {
        if block.iter().any(|&byte| byte != 0) {
            file.write_all_at(block, (index * 4096) as u64).unwrap();
        }
    }
}

/// Findings and gaps of a report, without where exactly on the disk they lie.
fn said(report: &Report) -> (Vec<String>, Vec<String>, u64, u64) {
    let finding = |finding: &assay::finding::Finding| {
        let location = &finding.location;
        let path = String::from_utf8_lossy(&location.path);
        format!("{} {path} {:?} {:?}", finding.advisory.id, location.offset, location.line)
    };
    let gap = |gap: &assay::finding::Gap| {
        format!("{:?} {} {}", gap.kind, String::from_utf8_lossy(&gap.location.path), gap.reason)
    };
    let coverage = &report.coverage;
    (
        report.findings.iter().map(finding).collect(),
        report.gaps.iter().map(gap).collect(),
        coverage.members,
        coverage.bytes_searched,
    )
}

fn tar(name: &str, content: &[u8]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    append(&mut builder, name, content);
    builder.into_inner().unwrap()
}

fn append(builder: &mut tar::Builder<Vec<u8>>, name: &str, content: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    builder.append_data(&mut header, name, content).unwrap();
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(content).unwrap();
    packer.finish().unwrap()
}

#[test]
fn what_lies_beside_the_files_of_a_file_system_in_a_file_is_found() {
    let lab = Lab::new();
    let key = KEY.as_bytes();
    let mut front = tiny(&lab, 64);
    front[..key.len()].copy_from_slice(key);
    let mut free = tiny(&lab, 64);
    free[60 << 10..(60 << 10) + key.len()].copy_from_slice(key);
    let mut behind = tiny(&lab, 64);
    behind.extend_from_slice(key);
    behind.resize(behind.len().next_multiple_of(512), b'\n');
    let mut boot_area = disk(&tiny(&lab, 1024), 3);
    boot_area[4096..4096 + key.len()].copy_from_slice(key);
    let mut tail = disk(&tiny(&lab, 1024), 3);
    tail[(5 << 19)..(5 << 19) + key.len()].copy_from_slice(key);
    for (name, content) in [
        ("front", front),
        ("free", free),
        ("behind", behind),
        ("boot_area.img", boot_area),
        ("tail.img", tail),
    ] {
        lab.file(&format!("srv/{name}"), content);
    }
    let report = lab.audit();
    assert_eq!(report.volumes.len(), 6, "each file is opened as well");
    for name in ["front", "free", "behind", "boot_area.img", "tail.img"] {
        assert!(found(&report, "aws-secret-access-key", &format!("/srv/{name}")), "{name}");
    }
}

#[test]
fn a_file_that_a_program_reads_is_handed_to_its_parser_though_it_is_a_file_system() {
    let lab = Lab::new();
    let mut shadow = tiny(&lab, 64);
    let line = "root:$6$TDkjTzCwpLQk4wyA$Xv9nhtRbhhhWjTy8pxjnNjXYRJ5y9Mjd0vx9XzJNYmZR7h0VpC8EtJ5cV3cyJDUpYxK0fPpAJ5vnKf5SMjzVx0:19000:0:99999:7:::\n";
    shadow[..line.len()].copy_from_slice(line.as_bytes());
    shadow[line.len()..1024].fill(b'\n');
    lab.file("etc/shadow", shadow);
    let mut keys = tiny(&lab, 64);
    let line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGFAGoZ6bBWMtkEKxNVX5r+WzY5PAtJX3TMPzXnSmPpV me\n";
    keys[..line.len()].copy_from_slice(line.as_bytes());
    keys[line.len()..1024].fill(b'\n');
    lab.file("root/.ssh/authorized_keys", keys);
    let report = lab.audit();
    let at = |path: &str| report.findings.iter().any(|finding| finding.location.path == path.as_bytes());
    assert!(at("/etc/shadow"), "{:?}", said(&report));
    assert!(at("/root/.ssh/authorized_keys"), "{:?}", said(&report));
}

#[test]
fn a_file_system_in_a_file_that_begins_with_an_archive_is_both() {
    let lab = Lab::new();
    let packed = gzip(KEY.as_bytes());
    let mut both = tiny(&lab, 64);
    both[..packed.len()].copy_from_slice(&packed);
    lab.file("srv/both", both);
    let report = lab.audit();
    assert!(found(&report, "aws-secret-access-key", "/srv/both!/both"), "{:?}", said(&report));
    assert_eq!(report.volumes.len(), 2);
}

#[test]
fn a_secret_of_a_file_in_a_file_is_told_once() {
    let lab = Lab::new();
    let inner = Lab::new();
    inner.file("app/.env", KEY);
    lab.file("srv/inner.img", fs::read(inner.ext4("4M")).unwrap());
    let report = audit_image(&lab.ext4("32M"));
    let paths: Vec<_> =
        report.findings.iter().map(|finding| String::from_utf8_lossy(&finding.location.path)).collect();
    assert!(paths.iter().any(|path| path == "/srv/inner.img!/app/.env"), "{paths:?}");
    assert!(!paths.iter().any(|path| path == "/srv/inner.img"), "{paths:?}");
}

#[test]
fn a_file_system_in_a_file_of_an_odd_size_is_opened() {
    let lab = Lab::new();
    let inner = Lab::new();
    inner.file("app/env.gz", gzip(KEY.as_bytes()));
    let mut content = fs::read(inner.ext4("4M")).unwrap();
    content.push(b'\n');
    lab.file("srv/data", content);
    let report = audit_image(&lab.ext4("32M"));
    assert!(found(&report, "aws-secret-access-key", "/srv/data!/app/env.gz!/env"), "{:?}", said(&report));
}

/// Archives with a long run of zeros before their last secret.
fn archives_with_zeros() -> Vec<(&'static str, Vec<u8>)> {
    let zeros = vec![0; 5 << 20];
    let packed = gzip(KEY.as_bytes());
    let mut builder = tar::Builder::new(Vec::new());
    append(&mut builder, "zeros", &zeros);
    append(&mut builder, "app/env.gz", &packed);
    let tar = builder.into_inner().unwrap();
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("zeros", stored).unwrap();
    writer.write_all(&zeros[..3 << 20]).unwrap();
    writer.start_file("app/env.gz", stored).unwrap();
    writer.write_all(&packed).unwrap();
    let zip = writer.finish().unwrap().into_inner();
    let mut padded = gzip(KEY.as_bytes());
    padded.resize(3 << 20, 0);
    let text = [KEY.as_bytes(), &zeros, KEY.replace("MPLQV", "MPLQW").as_bytes()].concat();
    let encoded: String = format!("data: {}\n", base64(KEY.as_bytes()));
    let blocks = [encoded.as_bytes(), &zeros, encoded.as_bytes()].concat();
    vec![("a.tar", tar), ("b.zip", zip), ("c.gz", padded), ("d.txt", text), ("e.txt", blocks)]
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn a_file_with_holes_gives_the_report_of_the_same_file_without() {
    let (dense, sparse) = (Lab::new(), Lab::new());
    for (name, content) in archives_with_zeros() {
        dense.file(&format!("srv/{name}"), &content);
        write_sparse(&sparse, &format!("srv/{name}"), &content);
    }
    let (dense, sparse) = (dense.audit_tree(), sparse.audit_tree());
    assert_eq!(said(&dense), said(&sparse));
    assert!(found(&sparse, "aws-secret-access-key", "/srv/a.tar!/app/env.gz!/env"));
    assert!(found(&sparse, "aws-secret-access-key", "/srv/b.zip!/app/env.gz!/env"));
    assert!(found(&sparse, "aws-secret-access-key", "/srv/d.txt"));
}

#[test]
fn a_tree_gives_the_same_as_its_image_that_has_holes() {
    let lab = Lab::new();
    for (name, content) in archives_with_zeros() {
        lab.file(&format!("srv/{name}"), &content);
    }
    let (tree, image) = (lab.audit_tree(), audit_image(&lab.ext4("48M")));
    let (tree, image) = (said(&tree), said(&image));
    assert_eq!((tree.0, tree.1, tree.2), (image.0, image.1, image.2));
}

#[test]
fn an_archive_whose_last_zeros_are_a_hole_is_whole() {
    let lab = Lab::new();
    lab.file("srv/a.tar", tar("a.txt", b"hi"));
    let report = lab.audit();
    assert!(!has_loss(&report, "cut off"), "{:?}", said(&report));
}

#[test]
fn an_image_stored_with_holes_gives_the_report_of_the_same_image_without() {
    let lab = Lab::new();
    lab.file("srv/.env", KEY);
    let mut content = disk(&fs::read(lab.ext4("4M")).unwrap(), 24);
    content[20 << 20..(20 << 20) + KEY.len()].copy_from_slice(KEY.as_bytes());
    let (dense, sparse) = (lab.beside("dense.img"), lab.tree().join("../sparse.img"));
    fs::write(&dense, &content).unwrap();
    write_sparse(&lab, "../sparse.img", &content);
    assert_eq!(said(&audit_image(&dense)), said(&audit_image(Path::new(&sparse))));
}

#[test]
fn terabytes_of_hole_in_archives_cost_nothing_and_are_a_gap() {
    let lab = Lab::new();
    for number in 0..20 {
        let path = format!("srv/{number}.tar");
        lab.file(&path, tar("a", b"hi"));
        let file = fs::OpenOptions::new().write(true).open(lab.tree().join(path)).unwrap();
        file.set_len(1 << 40).unwrap();
    }
    let report = lab.audit_tree();
    assert_eq!(report.losses().filter(|gap| gap.reason.contains("bytes of holes")).count(), 20);
}

/// A tar whose only member has an extended header with `record`, and a name.
fn tar_with(record: &str, name: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut length = record.len() + 2;
    while format!("{length} {record}\n").len() != length {
        length += 1;
    }
    let text = format!("{length} {record}\n");
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::XHeader);
    header.set_size(text.len() as u64);
    header.set_path("pax").unwrap();
    header.set_cksum();
    builder.append(&header, text.as_bytes()).unwrap();
    append(&mut builder, name, b"hi");
    builder.into_inner().unwrap()
}

fn tar_with_link(target: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, "link", target).unwrap();
    builder.into_inner().unwrap()
}

#[test]
fn what_lies_beside_the_members_of_an_archive_in_an_archive_is_found() {
    let line = format!("GITHUB_TOKEN={TOKEN}");
    let gzip_with = |comment: &str| {
        let mut packer =
            flate2::GzBuilder::new().comment(comment).write(Vec::new(), flate2::Compression::default());
        packer.write_all(b"hi").unwrap();
        packer.finish().unwrap()
    };
    let mut slack = tar("a", b"hi");
    slack[514..514 + line.len()].copy_from_slice(line.as_bytes());
    let mut frames = zstd::bulk::compress(b"hi", 3).unwrap();
    frames.extend(b"\x50\x2a\x4d\x18");
    frames.extend(u32::try_from(line.len()).unwrap().to_le_bytes());
    frames.extend(line.as_bytes());
    let inner = [
        ("pax.tar", tar_with(&format!("SCHILY.xattr.user.env={line}"), "a")),
        ("name.tar", tar(&format!("{TOKEN}/a"), b"hi")),
        ("link.tar", tar_with_link(TOKEN)),
        ("slack.tar", slack),
        ("comment.gz", gzip_with(&line)),
        ("frames.zst", frames),
        ("x.pack", [&b"PACK\0\0\0\x02\0\0\0\0"[..], line.as_bytes(), b"\n"].concat()),
        ("behind.xz", [&xz(b"hi")[..], line.as_bytes(), b"\n"].concat()),
    ];
    let lab = Lab::new();
    for (name, content) in &inner {
        lab.file(&format!("srv/{name}.tgz"), gzip(&tar(name, content)));
        lab.file(&format!("srv/file/{name}"), content);
    }
    let report = lab.audit_tree();
    for (name, _) in &inner {
        for start in [format!("/srv/{name}.tgz!/"), format!("/srv/file/{name}")] {
            let is_here = |path: &[u8]| path.starts_with(start.as_bytes());
            assert!(
                report.findings.iter().any(|finding| is_here(&finding.location.path)),
                "{start}: {:?}",
                said(&report)
            );
        }
    }
}

fn xz(content: &[u8]) -> Vec<u8> {
    let mut packer = liblzma::write::XzEncoder::new(Vec::new(), 6);
    packer.write_all(content).unwrap();
    packer.finish().unwrap()
}

#[test]
fn a_packed_image_that_is_none_is_refused_by_its_first_bytes() {
    let lab = Lab::new();
    let image = lab.beside("bomb.img.gz");
    fs::write(&image, gzip(&vec![0xa5; 64 << 20])).unwrap();
    let error = refusal(&image);
    assert!(error.contains("first 4194304 bytes hold no partition table and no file system"), "{error}");
}

#[test]
fn a_packed_image_may_not_hold_far_more_than_its_size() {
    let lab = Lab::new();
    let mut content = fs::read(lab.ext4("16M")).unwrap();
    content.resize(160 << 20, b'A');
    let image = lab.beside("swollen.img.gz");
    fs::write(&image, gzip(&content)).unwrap();
    let error = refusal(&image);
    assert!(error.contains("that are not zeros come out"), "{error}");
}

fn refusal(image: &Path) -> String {
    use assay::audit::{self, Quiet, Settings, Target};
    audit::run(&Target::Image(image.to_owned()), &Settings::default(), &Quiet).unwrap_err().to_string()
}

/// A qcow2 image of a disk, with a snapshot of another one.
fn qcow2(disk: &[u8], snapshot: &[u8], features: u64) -> Vec<u8> {
    const CLUSTER: usize = 64 << 10;
    let at = |cluster: usize| (cluster * CLUSTER) as u64;
    let mut image = vec![0; 6 * CLUSTER];
    let header = [
        &b"QFI\xfb"[..],
        &3_u32.to_be_bytes(),
        &[0; 12],
        &16_u32.to_be_bytes(),
        &(disk.len() as u64).to_be_bytes(),
        &0_u32.to_be_bytes(),
        &1_u32.to_be_bytes(),
        &at(1).to_be_bytes(),
        &[0; 12],
        &1_u32.to_be_bytes(),
        &at(5).to_be_bytes(),
        &features.to_be_bytes(),
        &[0; 16],
        &4_u32.to_be_bytes(),
        &104_u32.to_be_bytes(),
    ]
    .concat();
    image[..header.len()].copy_from_slice(&header);
    for (l1, l2, content) in [(1, 2, disk), (3, 4, snapshot)] {
        image[l1 * CLUSTER..l1 * CLUSTER + 8].copy_from_slice(&at(l2).to_be_bytes());
        for (index, cluster) in content.chunks(CLUSTER).enumerate() {
            if cluster.iter().any(|&byte| byte != 0) {
                let place = image.len() as u64;
                image.extend_from_slice(cluster);
                image.resize(image.len().next_multiple_of(CLUSTER), 0);
                let entry = l2 * CLUSTER + index * 8;
                image[entry..entry + 8].copy_from_slice(&place.to_be_bytes());
            }
        }
    }
    let entry = [
        &at(3).to_be_bytes()[..],
        &1_u32.to_be_bytes(),
        &1_u16.to_be_bytes(),
        &15_u16.to_be_bytes(),
        &[0; 24],
        b"1before-cleaning",
    ]
    .concat();
    image[5 * CLUSTER..5 * CLUSTER + entry.len()].copy_from_slice(&entry);
    image
}

#[test]
fn a_snapshot_in_an_image_is_audited_as_a_further_state_of_the_disk() {
    let lab = Lab::new();
    lab.file("opt/both.env", KEY);
    let clean = fs::read(lab.ext4("16M")).unwrap();
    lab.file("root/.aws/credentials", KEY.replace("MPLQV", "MPLQW"));
    let before = fs::read(lab.ext4("16M")).unwrap();
    let image = lab.beside("s.qcow2");
    fs::write(&image, qcow2(&clean, &before, 0)).unwrap();
    let report = audit_image(&image);
    assert!(found(&report, "aws-secret-access-key", "/opt/both.env"), "{:?}", said(&report));
    assert!(
        found(&report, "credential-file-aws", "snapshot before-cleaning!/root/.aws/credentials"),
        "{:?}",
        said(&report)
    );
    assert!(!found(&report, "aws-secret-access-key", "snapshot before-cleaning!/opt/both.env"), "told once");
    assert!(report.ledger.adds_up());
}

#[test]
fn an_image_that_says_it_is_damaged_is_a_gap() {
    let lab = Lab::new();
    let disk = fs::read(lab.ext4("16M")).unwrap();
    let image = lab.beside("s.qcow2");
    fs::write(&image, qcow2(&disk, &disk, 2)).unwrap();
    assert!(has_loss(&audit_image(&image), "marked as damaged"));
}

#[test]
fn every_disk_of_an_ova_is_audited_and_its_description_is_searched() {
    let (lab, data) = (Lab::new(), Lab::new());
    data.file("srv/.env", KEY);
    let mut builder = tar::Builder::new(Vec::new());
    append(&mut builder, "a.ovf", format!("<Property value=\"GITHUB_TOKEN={TOKEN}\"/>").as_bytes());
    append(&mut builder, "a.raw", &fs::read(lab.ext4("16M")).unwrap());
    append(&mut builder, "data.raw", &fs::read(data.ext4("16M")).unwrap());
    let image = lab.beside("a.ova");
    fs::write(&image, builder.into_inner().unwrap()).unwrap();
    let report = audit_image(&image);
    assert!(found(&report, "aws-secret-access-key", "disk data.raw!/srv/.env"), "{:?}", said(&report));
    assert!(
        report.findings.iter().any(|finding| finding.advisory.id.starts_with("github")),
        "{:?}",
        said(&report)
    );
}

#[test]
fn a_disk_in_chunks_is_put_together_and_a_missing_chunk_is_said() {
    let lab = Lab::new();
    lab.file("srv/.env", KEY);
    let disk = fs::read(lab.ext4("16M")).unwrap();
    let archive = |left_out: usize| {
        let mut builder = tar::Builder::new(Vec::new());
        append(&mut builder, "a.ovf", b"<Envelope/>");
        for (number, chunk) in disk.chunks(5 << 20).enumerate().filter(|(number, _)| *number != left_out) {
            append(&mut builder, &format!("a.raw.{number:09}"), chunk);
        }
        let image = lab.beside("a.ova");
        fs::write(&image, builder.into_inner().unwrap()).unwrap();
        image
    };
    let report = audit_image(&archive(9));
    assert!(found(&report, "aws-secret-access-key", "/srv/.env"), "{:?}", said(&report));
    assert!(refusal(&archive(1)).contains("chunk 1 is missing"));
}

#[test]
fn a_later_session_of_a_disc_is_a_gap() {
    let lab = Lab::new();
    let mut disc = vec![0; 40 * 2048];
    let descriptor = |kind: u8| {
        let mut sector = vec![0; 2048];
        sector[0] = kind;
        sector[1..7].copy_from_slice(b"CD001\x01");
        sector[80..84].copy_from_slice(&40_u32.to_le_bytes());
        sector[128..130].copy_from_slice(&2048_u16.to_le_bytes());
        let root = [34, 0, 20, 0, 0, 0, 0, 0, 0, 20, 0, 8, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 2];
        sector[156..156 + root.len()].copy_from_slice(&root);
        sector[188] = 1;
        sector
    };
    disc[16 * 2048..17 * 2048].copy_from_slice(&descriptor(1));
    disc[17 * 2048..18 * 2048].copy_from_slice(&descriptor(255));
    for (at, name) in [(0, 0), (34, 1)] {
        let record = &mut disc[20 * 2048 + at..20 * 2048 + at + 34];
        record[..26].copy_from_slice(&descriptor(1)[156..182]);
        record[32] = 1;
        record[33] = name;
    }
    let image = lab.beside("disc.iso");
    fs::write(&image, &disc).unwrap();
    assert!(!has_loss(&audit_image(&image), "later session"));
    disc.resize(80 * 2048, 0);
    disc[64 * 2048..65 * 2048].copy_from_slice(&descriptor(1));
    fs::write(&image, &disc).unwrap();
    assert!(has_loss(&audit_image(&image), "a later session begins at byte 131072"));
}

#[test]
fn an_image_file_that_is_another_disk_as_it_stands_is_both() {
    let lab = Lab::new();
    let disk = fs::read(lab.ext4("16M")).unwrap();
    lab.file("srv/.env", KEY);
    let raw = fs::read(lab.ext4("16M")).unwrap();
    let mut image = qcow2(&disk, &disk, 0);
    // The tables go behind the raw disk, the header stays in its boot block.
    let behind = raw.len();
    let shift = behind as u64;
    let moved = |bytes: &[u8]| u64::from_be_bytes(bytes.try_into().unwrap()) + shift;
    for place in [40, 64] {
        let value = moved(&image[place..place + 8]);
        image[place..place + 8].copy_from_slice(&value.to_be_bytes());
    }
    for table in 1..5 {
        for at in (table << 16..(table + 1) << 16).step_by(8) {
            if image[at..at + 8] != [0; 8] {
                let value = moved(&image[at..at + 8]);
                image[at..at + 8].copy_from_slice(&value.to_be_bytes());
            }
        }
    }
    let value = moved(&image[5 << 16..(5 << 16) + 8]);
    image[5 << 16..(5 << 16) + 8].copy_from_slice(&value.to_be_bytes());
    let mut both = raw;
    both[..112].copy_from_slice(&image[..112]);
    both.extend_from_slice(&image);
    let path = lab.beside("both.qcow2");
    fs::write(&path, both).unwrap();
    let report = audit_image(&path);
    assert!(found(&report, "aws-secret-access-key", "file as a raw disk!/srv/.env"), "{:?}", said(&report));
}
