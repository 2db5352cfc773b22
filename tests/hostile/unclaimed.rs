//! Bytes of a file system that belong to no file.

use assay::finding::FactKey;
use std::fs;
use std::path::{Path, PathBuf};

use assay::audit::Report;
use assay_disk::system::ledger::Use;

use crate::lab::{KEY, Lab, audit_image, has_loss};
use crate::oracle::run;
use crate::oracle::tools::{have, tool};
use crate::program::assay;

/// Bytes of a block of the images here.
const BLOCK: usize = 4096;

/// The pair of keys of the lab, as one that no other place of the image has.
fn key(number: u8) -> String {
    let letter = |base: u8| char::from(base + number).to_string();
    KEY.replace("MPLQV", &format!("MPLQ{}", letter(b'A'))).replace("mWq8", &format!("mW{}8", letter(b'a')))
}

/// What a finding of the key with this number knows of it.
fn secret(number: u8) -> Vec<u8> {
    let text = key(number);
    text.split("secret_access_key = ").nth(1).unwrap().trim().as_bytes().to_vec()
}

/// Paths of the places where this key was found, worst first.
fn places(report: &Report, number: u8) -> Vec<String> {
    let secret = secret(number);
    let knows = |finding: &&assay::finding::Finding| {
        finding.evidence.secrets.iter().any(|known| known.reveal() == secret)
    };
    let paths = report.findings.iter().filter(knows).flat_map(|finding| {
        std::iter::once(&finding.location).chain(&finding.related_locations).map(|place| place.path.clone())
    });
    paths.map(|path| String::from_utf8(path).unwrap()).collect()
}

fn debugfs(image: &Path, command: &str) -> String {
    tool("debugfs", &["-w", "-R", command, image.to_str().unwrap()])
}

fn write(image: &Path, offset: usize, bytes: &[u8]) {
    let mut disk = fs::read(image).unwrap();
    disk[offset..offset + bytes.len()].copy_from_slice(bytes);
    fs::write(image, disk).unwrap();
}

/// The number behind `words` in what a tool printed.
fn number_behind(text: &str, words: &str) -> usize {
    let rest = text.split(words).nth(1).unwrap_or_else(|| panic!("no {words} in {text}"));
    let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

/// The block at `index` of a file of the image.
fn block_of(image: &Path, file: &str, index: usize) -> usize {
    let text = debugfs(image, &format!("blocks {file}"));
    text.split_whitespace().nth(index).unwrap().parse().unwrap()
}

/// Sets block `number` of the image in use, for nobody.
fn take_free_block(image: &Path) -> usize {
    let text = debugfs(image, "ffb 1 2000");
    let block = number_behind(&text, "Free blocks found:");
    debugfs(image, &format!("setb {block}"));
    block
}

#[test]
fn every_part_of_an_ext4_that_is_in_use_and_no_file_is_searched() {
    let lab = Lab::new();
    lab.file("srv/note", "short\n");
    let image = lab.ext4("16M");
    let layout = tool("dumpe2fs", &[image.to_str().unwrap()]);
    let table = number_behind(&layout, "Inode table at");
    let last = number_behind(&layout, &format!("Inode table at {table}-"));
    let nobody = take_free_block(&image);
    let reserved = take_free_block(&image);
    for field in ["mode 0100600", "size 4096", "links_count 1", "blocks 8", "flags 0"] {
        debugfs(&image, &format!("sif <9> {field}"));
    }
    debugfs(&image, &format!("sif <9> block[0] {reserved}"));
    let poked = [
        ("boot area", 0),
        ("structures", number_behind(&layout, "Reserved GDT blocks at") * BLOCK),
        ("structures", last * BLOCK),
        ("journal", block_of(&image, "<8>", 20) * BLOCK),
        ("slack of files", block_of(&image, "/srv/note", 0) * BLOCK + 1000),
        ("directories", block_of(&image, "/lost+found", 1) * BLOCK + 12),
        ("blocks of no file", nobody * BLOCK),
        ("blocks of no file", reserved * BLOCK),
    ];
    for (number, (_, offset)) in (0..).zip(poked) {
        write(&image, offset, key(number).as_bytes());
    }
    let report = audit_image(&image);
    for (number, (place, _)) in (0..).zip(poked) {
        assert_eq!(places(&report, number), [format!("/<{place}>")], "{number}: {:?}", report.findings);
    }
    assert!(report.ledger.adds_up(), "{:?}", report.ledger);
    for what in [Use::Journal, Use::Slack, Use::Unclaimed, Use::Structures] {
        assert!(report.ledger.bytes(what) > 0, "{what:?} of {:?}", report.ledger);
    }
}

#[test]
fn what_a_file_holds_and_the_journal_too_is_one_finding_with_one_more_place() {
    let lab = Lab::new();
    lab.file("srv/app.conf", key(1));
    let image = lab.ext4("16M");
    let block = block_of(&image, "<8>", 30);
    write(&image, block * BLOCK, key(1).as_bytes());
    let report = audit_image(&image);
    assert_eq!(places(&report, 1), ["/srv/app.conf", "/<journal>"], "{:?}", report.findings);
}

#[test]
fn a_clean_file_system_has_no_finding_and_no_loss_and_its_free_space_is_said_to_be_unsearched() {
    let lab = Lab::new();
    let image = lab.ext4("16M");
    let report = audit_image(&image);
    let secrets = report.findings.iter().flat_map(|finding| &finding.evidence.secrets);
    assert_eq!((secrets.count(), report.losses().count()), (0, 0), "{:?}", report.gaps);
    let (_, out, err) = assay(&["scan", image.to_str().unwrap(), "--fail-on", "critical"]);
    assert!(out.contains("everything but free space was looked at"), "{out}{err}");
}

#[test]
fn text_of_an_entry_that_is_no_content_is_searched_and_told_with_its_path() {
    let lab = Lab::new();
    let token = |letter: &str| format!("{}_{letter}Q3vH7tKx2RnW9pLs5YdCb8Ef", concat!("sk_li", "ve"));
    lab.file(&format!("srv/{}", token("A")), "").file("srv/x", "x");
    std::os::unix::fs::symlink(token("B"), lab.tree().join("srv/link")).unwrap();
    let image = lab.ext4("16M");
    let value = lab.beside("value");
    fs::write(&value, token("C")).unwrap();
    debugfs(&image, &format!("ea_set -f {} /srv/x user.token", value.to_str().unwrap()));
    let report = audit_image(&image);
    for (path, words) in [
        // The secret in the name is shown in no path either.
        ("/srv/sk_l… (33 bytes)", "its name"),
        ("/srv/link", "the target of the link"),
        ("/srv/x", "its extended attribute user.token"),
    ] {
        let told = report.findings.iter().find(|finding| finding.location.path == path.as_bytes());
        let facts = told.map(|finding| &finding.evidence.facts);
        let is_told = facts.is_some_and(|facts| facts.contains(&(FactKey::FoundIn, words.to_owned())));
        assert!(is_told, "{path}: {:?}", report.findings);
    }
    let tokens = report.findings.iter().filter(|finding| !finding.evidence.secrets.is_empty());
    assert_eq!(tokens.count(), 3, "{:?}", report.findings);
}

#[test]
fn a_file_system_in_the_reserved_sectors_of_another_is_read_and_said() {
    if !have("mkfs.vfat", "dosfstools") {
        return;
    }
    let lab = Lab::new();
    lab.file("srv/app.conf", key(2));
    let inner = fs::read(lab.ext4("16M")).unwrap();
    let image = lab.beside("fat.img");
    fs::write(&image, vec![0; 64 << 20]).unwrap();
    run("mkfs.vfat", &["-F", "32", "-R", "60000", image.to_str().unwrap()]);
    write(&image, 1024, &inner[1024..]);
    let report = audit_image(&image);
    assert!(places(&report, 2).contains(&"/srv/app.conf".to_owned()), "{:?}", report.findings);
    assert!(has_loss(&report, "at once"), "{:?}", report.gaps);
    assert!(report.ledger.adds_up(), "{:?}", report.ledger);
}

#[test]
fn a_file_system_behind_another_one_is_read_wherever_it_begins() {
    let (good, bad) = (Lab::new(), Lab::new());
    bad.file("srv/app.conf", key(3));
    let mut disk = fs::read(good.ext4("16M")).unwrap();
    disk.extend(vec![0; 3 * 512]);
    disk.extend(fs::read(bad.ext4("16M")).unwrap());
    let image = good.beside("two.img");
    fs::write(&image, disk).unwrap();
    let report = audit_image(&image);
    assert_eq!(places(&report, 3), ["/srv/app.conf"], "{:?}", report.gaps);
    assert!(report.ledger.adds_up(), "{:?}", report.ledger);
}

fn xfs() -> Option<(Lab, PathBuf)> {
    if !have("mkfs.xfs", "xfsprogs") {
        return None;
    }
    let lab = Lab::new();
    let image = lab.beside("disk.xfs");
    fs::File::create(&image).unwrap().set_len(320 << 20).unwrap();
    run("mkfs.xfs", &["-q", image.to_str().unwrap()]);
    Some((lab, image))
}

fn flip(image: &Path, offset: u64) {
    use std::os::unix::fs::FileExt;
    let file = fs::File::options().read(true).write(true).open(image).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    file.write_all_at(&[byte[0] ^ 1], offset).unwrap();
}

#[test]
fn a_wrong_checksum_of_an_xfs_inode_or_group_is_a_loss() {
    let Some((_lab, image)) = xfs() else { return };
    assert_eq!(audit_image(&image).losses().count(), 0);
    let head = fs::read(&image).unwrap();
    let word = |at: usize, len: usize| head[at..at + len].iter().fold(0_u64, |n, b| n << 8 | u64::from(*b));
    // The root's time of access; in the first group, inodes lie at their number.
    flip(&image, word(56, 8) * word(104, 2) + 36);
    assert!(has_loss(&audit_image(&image), "wrong checksums: 1 inodes"));
    // The longest free run, in the AGF: the second sector.
    flip(&image, word(102, 2) + 59);
    let report = audit_image(&image);
    assert!(has_loss(&report, "groups"), "{:?}", report.gaps);
}

#[test]
fn a_wrong_checksum_of_an_ext4_bitmap_is_a_loss() {
    let lab = Lab::new();
    let image = lab.ext4("16M");
    let layout = tool("dumpe2fs", &[image.to_str().unwrap()]);
    let bitmap = number_behind(&layout, "Block bitmap at");
    // Deep in the free blocks: what is there is said to be in use, or the other way round.
    flip(&image, (bitmap * BLOCK + 400) as u64);
    let report = audit_image(&image);
    assert!(has_loss(&report, "block bitmap"), "{:?}", report.gaps);
}
