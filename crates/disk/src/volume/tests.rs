//! Tables made by the tools that people use, then damaged.

#![expect(clippy::cast_possible_truncation, reason = "the numbers of a test are small")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use super::*;

const MIB: u64 = 1 << 20;

/// Runs a partitioner on a temporary image of `len` bytes; `script` goes to its standard input.
fn made(len: u64, tool: &str, package: &str, args: &[&str], script: &str) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(len).unwrap();
    run(file.path(), tool, package, args, script);
    fs::read(file.path()).unwrap()
}

fn run(path: &Path, tool: &str, package: &str, args: &[&str], script: &str) {
    let path_var = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let mut child = Command::new(tool)
        .args(args)
        .arg(path)
        .env("PATH", path_var)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("cannot run {tool}: {e}; install the package {package}"));
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{tool}: {}", String::from_utf8_lossy(&output.stderr));
}

fn sfdisk(script: &str) -> Vec<u8> {
    made(64 * MIB, "sfdisk", "fdisk", &["-q"], script)
}

const GPT: &str = "label: gpt\n\
    start=2048, size=16384, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, name=root, \
    uuid=11111111-2222-4333-8444-ABCDEFABCDEF\n\
    start=18432, size=8192, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B\n";

fn gpt() -> Vec<u8> {
    sfdisk(GPT)
}

fn table(bytes: Vec<u8>) -> Table {
    let source: Arc<dyn Source> = Arc::new(bytes);
    read(&source)
}

fn said(table: &Table, words: &str) -> Loss {
    let found = table.notes.iter().find(|note| note.text.contains(words));
    found.unwrap_or_else(|| panic!("no note says {words:?}: {:#?}", table.notes)).loss
}

fn numbers(table: &Table) -> Vec<Option<u32>> {
    table.volumes.iter().map(|volume| volume.number).collect()
}

fn assert_is_gpt(table: &Table) {
    assert_eq!(table.scheme, Scheme::Gpt);
    assert_eq!(numbers(table), [Some(1), Some(2)]);
    assert_eq!(table.volumes[0].span, Span::new(MIB, 8 * MIB));
    assert_eq!(table.volumes[0].uuid.as_deref(), Some("11111111-2222-4333-8444-abcdefabcdef"));
}

fn assert_is_whole(table: &Table) {
    assert_eq!((table.scheme, numbers(table)), (Scheme::None, vec![None]));
    assert_eq!(table.unclaimed, []);
}

#[test]
fn a_sound_gpt_is_read_without_notes() {
    let table = table(gpt());
    assert_is_gpt(&table);
    assert_eq!((table.sector, table.notes.as_slice()), (512, [].as_slice()));
    assert_eq!(table.volumes[0].label.as_deref(), Some("root"));
    assert_eq!(table.volumes[0].type_name(), Some("Linux root (x86-64)"));
    assert_eq!(table.volumes[1].well_known_mount(), Some("/boot/efi"));
    assert_eq!(table.unclaimed, [Span::new(0, MIB), Span::new(13 * MIB, 51 * MIB)]);
}

#[test]
fn without_the_primary_the_backup_is_read() {
    let mut bytes = gpt();
    bytes[512..34 * 512].fill(0);
    let table = table(bytes);
    assert_is_gpt(&table);
    assert_eq!(said(&table, "primary GPT is missing"), Loss::Nothing);
}

#[test]
fn a_damaged_primary_array_is_replaced_by_the_backup() {
    let mut bytes = gpt();
    bytes[1024 + 40] ^= 1;
    let table = table(bytes);
    assert_is_gpt(&table);
    assert_eq!(said(&table, "wrong checksum"), Loss::Nothing);
}

#[test]
fn two_damaged_arrays_are_read_as_they_are_and_it_is_said() {
    let mut bytes = gpt();
    bytes[1024 + 60] ^= 1;
    let len = bytes.len();
    bytes[len - 33 * 512 + 60] ^= 1;
    let table = table(bytes);
    assert_is_gpt(&table);
    assert_eq!(said(&table, "taken as they are"), Loss::Volume);
}

#[test]
fn a_missing_backup_is_said() {
    let mut bytes = gpt();
    bytes.truncate(32 << 20);
    let table = table(bytes);
    assert_is_gpt(&table);
    assert_eq!(said(&table, "backup GPT is missing"), Loss::Nothing);
}

#[test]
fn a_grown_disk_has_its_backup_in_the_midst() {
    let mut bytes = gpt();
    bytes.resize(128 << 20, 0);
    let grown = table(bytes.clone());
    assert_is_gpt(&grown);
    assert_eq!(said(&grown, "the disk was grown"), Loss::Nothing);
    bytes[512..34 * 512].fill(0);
    assert_is_gpt(&table(bytes));
}

#[test]
fn without_its_mbr_a_gpt_is_found() {
    let mut bytes = gpt();
    bytes[..512].fill(0);
    let table = table(bytes);
    assert_is_gpt(&table);
    assert_eq!(said(&table, "no valid MBR"), Loss::Nothing);
}

#[test]
fn a_protective_mbr_without_gpt_is_a_loss() {
    let mut bytes = gpt();
    let len = bytes.len();
    bytes[512..34 * 512].fill(0);
    bytes[len - 512..].fill(0);
    let table = table(bytes);
    assert_is_whole(&table);
    assert_eq!(said(&table, "announces a GPT"), Loss::Volume);
}

#[test]
fn in_a_hybrid_the_gpt_wins() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), gpt()).unwrap();
    run(file.path(), "sgdisk", "gdisk", &["-h", "1"], "");
    let table = table(fs::read(file.path()).unwrap());
    assert_is_gpt(&table);
    assert_eq!(said(&table, "hybrid"), Loss::Nothing);
}

/// sfdisk makes 4096-byte sectors only since util-linux 2.39: moves a table of 512 to 4096.
fn with_4k_sectors() -> Vec<u8> {
    let small = gpt();
    let mut bytes = vec![0; 64 << 20];
    let last = bytes.len() / 4096 - 1;
    bytes[..512].copy_from_slice(&small[..512]);
    bytes[8192..8192 + 16384].copy_from_slice(&small[1024..1024 + 16384]);
    bytes[(last - 4) * 4096..last * 4096].copy_from_slice(&small[1024..1024 + 16384]);
    for (lba, other, array) in [(1, last, 2), (last, 1, last - 4)] {
        let mut header = small[512..512 + 92].to_vec();
        header[24..32].copy_from_slice(&(lba as u64).to_le_bytes());
        header[32..40].copy_from_slice(&(other as u64).to_le_bytes());
        header[72..80].copy_from_slice(&(array as u64).to_le_bytes());
        seal(&mut header);
        bytes[lba * 4096..lba * 4096 + 92].copy_from_slice(&header);
    }
    bytes
}

fn seal(header: &mut [u8]) {
    header[16..20].fill(0);
    let mut sum = flate2::Crc::new();
    sum.update(header);
    header[16..20].copy_from_slice(&sum.sum().to_le_bytes());
}

#[test]
fn sectors_of_4096_bytes_are_found() {
    let table = table(with_4k_sectors());
    assert_eq!((table.scheme, table.sector), (Scheme::Gpt, 4096));
    assert_eq!(table.volumes[0].span, Span::new(2048 * 4096, 16384 * 4096));
}

#[test]
fn headers_with_absurd_numbers_do_no_harm() {
    let poked = |at: usize, value: u32| {
        let mut bytes = gpt();
        let last = bytes.len() - 512;
        for start in [512, last] {
            bytes[start + at..start + at + 4].copy_from_slice(&value.to_le_bytes());
            seal(&mut bytes[start..start + 92]);
        }
        table(bytes)
    };
    assert_eq!(said(&poked(84, 256), "256 bytes are not supported"), Loss::Nothing);
    assert_eq!(said(&poked(80, u32::MAX), "first 1024 are read"), Loss::Nothing);
    assert_eq!(said(&poked(76, u32::MAX), "beyond any disk"), Loss::Nothing);
    assert_eq!(said(&poked(84, 0), "no entries can be read"), Loss::Volume);
}

const DOS: &str = "label: dos\nlabel-id: 0xabcdef01\n\
    start=2048, size=8192, type=83, bootable\n\
    start=10240, size=65536, type=5\n\
    start=12288, size=4096, type=83\n\
    start=18432, size=4096, type=8e\n";

#[test]
fn logical_partitions_count_from_five() {
    let table = table(sfdisk(DOS));
    assert_eq!((table.scheme, table.notes.as_slice()), (Scheme::Mbr, [].as_slice()));
    assert_eq!(numbers(&table), [Some(1), Some(5), Some(6)]);
    assert_eq!(table.volumes[1].span, Span::new(12288 * 512, 4096 * 512));
    assert_eq!(table.volumes[2].span.offset, 18432 * 512);
    assert_eq!(table.volumes[2].uuid.as_deref(), Some("abcdef01-06"));
    assert_eq!(table.volumes[2].type_code.as_deref(), Some("0x8e"));
    assert_eq!(table.volumes[2].type_name(), Some("Linux LVM"));
    assert_eq!(table.unclaimed[0], Span::new(0, 2048 * 512));
}

#[test]
fn an_extended_boot_record_that_names_itself_ends_the_chain() {
    let mut bytes = sfdisk(DOS);
    let next = 10240 * 512 + 446 + 16;
    bytes[next + 8..next + 12].fill(0);
    let table = table(bytes);
    assert_eq!(numbers(&table), [Some(1), Some(5)]);
    assert_eq!(said(&table, "comes back"), Loss::Volume);
}

#[test]
fn an_extended_boot_record_without_signature_is_said() {
    let mut bytes = sfdisk(DOS);
    bytes[10240 * 512 + 510] = 0;
    let table = table(bytes);
    assert_eq!(numbers(&table), [Some(1)]);
    assert_eq!(said(&table, "no signature"), Loss::Volume);
}

#[test]
fn an_empty_extended_boot_record_leads_to_the_next() {
    let mut bytes = sfdisk(DOS);
    let entry = 10240 * 512 + 446;
    bytes[entry..entry + 16].fill(0);
    let table = table(bytes);
    assert_eq!(numbers(&table), [Some(1), Some(5)]);
    assert_eq!(table.volumes[1].span.offset, 18432 * 512);
}

#[test]
fn an_image_without_table_is_one_volume() {
    let table = table(vec![0; 4096]);
    assert_is_whole(&table);
    assert_eq!(table.volumes[0].span, Span::new(0, 4096));
    assert_is_whole(&read(&(Arc::new(Vec::new()) as Arc<dyn Source>)));
}

#[test]
fn a_boot_sector_of_a_file_system_is_no_partition_table() {
    assert_is_whole(&table(made(8 << 20, "mkfs.vfat", "dosfstools", &[], "")));
    let mut ext = made(8 << 20, "mkfs.ext4", "e2fsprogs", &["-q", "-F"], "");
    assert_is_whole(&table(ext.clone()));
    ext[..512].copy_from_slice(&sfdisk(DOS)[..512]);
    let both = table(ext);
    assert_is_whole(&both);
    assert_eq!(said(&both, "also has an MBR"), Loss::Volume);
}

#[test]
fn two_bytes_of_a_boot_loader_make_no_file_system() {
    let mut bytes = sfdisk(DOS);
    bytes[1024..2048].fill(0x90);
    bytes[1080..1082].copy_from_slice(&[0x53, 0xef]);
    assert_eq!(table(bytes).scheme, Scheme::Mbr);
}

struct Unreadable;

impl Source for Unreadable {
    fn len(&self) -> u64 {
        1 << 20
    }

    fn read_exact_at(&self, offset: u64, dst: &mut [u8]) -> Result<(), crate::bytes::ReadError> {
        let error = std::io::Error::other("bad sector");
        Err(crate::bytes::ReadError::Host { offset, len: dst.len() as u64, error: error.into() })
    }
}

#[test]
fn a_host_that_cannot_read_the_table_is_said() {
    let table = read(&(Arc::new(Unreadable) as Arc<dyn Source>));
    assert_is_whole(&table);
    assert_eq!(said(&table, "bad sector"), Loss::Volume);
}

#[test]
fn overlapping_partitions_are_both_kept() {
    let mut bytes = sfdisk(DOS);
    let third = 446 + 32;
    let first: Vec<u8> = bytes[446..462].to_vec();
    bytes[third..third + 16].copy_from_slice(&first);
    let table = table(bytes);
    assert_eq!(numbers(&table), [Some(1), Some(3), Some(5), Some(6)]);
    assert_eq!(said(&table, "overlap"), Loss::Nothing);
}

/// A GPT whose first entry is changed by `change` in both copies, with right checksums.
fn with_first_entry(change: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut bytes = gpt();
    let last = bytes.len() - 512;
    for (header, array) in [(512, 1024), (last, last - 32 * 512)] {
        change(&mut bytes[array..array + 128]);
        let mut sum = flate2::Crc::new();
        sum.update(&bytes[array..array + 128 * 128]);
        bytes[header + 88..header + 92].copy_from_slice(&sum.sum().to_le_bytes());
        seal(&mut bytes[header..header + 92]);
    }
    bytes
}

fn with_sectors(first: u64, last: u64) -> Table {
    table(with_first_entry(|entry| {
        entry[32..40].copy_from_slice(&first.to_le_bytes());
        entry[40..48].copy_from_slice(&last.to_le_bytes());
    }))
}

#[test]
fn a_partition_that_ends_before_it_begins_is_a_loss_and_the_others_stay() {
    let table = with_sectors(4096, 2047);
    assert_eq!(numbers(&table), [Some(2)]);
    assert_eq!(said(&table, "not possible"), Loss::Volume);
    assert_eq!(said(&with_sectors(0, u64::MAX), "not possible"), Loss::Volume);
}

#[test]
fn a_partition_beyond_the_image_keeps_its_claim() {
    let table = with_sectors(1 << 30, (1 << 30) + 7);
    assert_eq!(table.volumes[0].span, Span::new(1 << 39, 8 * 512));
}

#[test]
fn partitions_need_no_alignment_and_may_be_one_sector_long() {
    let table = with_sectors(4097, 4097);
    assert_eq!(table.volumes[0].span, Span::new(4097 * 512, 512));
}

#[test]
fn overlapping_partitions_of_a_gpt_are_both_kept() {
    let table = with_sectors(2048, 20000);
    assert_eq!(numbers(&table), [Some(1), Some(2)]);
    assert_eq!(said(&table, "overlap"), Loss::Nothing);
}

#[test]
fn the_last_of_128_entries_is_read() {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(64 * MIB).unwrap();
    run(file.path(), "sgdisk", "gdisk", &["-n", "1:2048:+8M", "-n", "128:0:+1M"], "");
    assert_eq!(numbers(&table(fs::read(file.path()).unwrap())), [Some(1), Some(128)]);
}

#[test]
fn two_extended_boot_records_that_name_each_other_end_the_chain() {
    let mut bytes = sfdisk(DOS);
    // The second record lies 2048 sectors before its partition; its next is the first one.
    let second = (18432 - 2048) * 512;
    let next = second + 446 + 16;
    bytes[next + 4] = 5;
    bytes[next + 8..next + 12].fill(0);
    bytes[next + 12..next + 16].copy_from_slice(&4096_u32.to_le_bytes());
    let table = table(bytes);
    assert_eq!(numbers(&table), [Some(1), Some(5), Some(6)]);
    assert_eq!(said(&table, "comes back"), Loss::Volume);
}

#[test]
fn an_extended_partition_beyond_the_image_is_a_loss() {
    let mut bytes = sfdisk(DOS);
    bytes[462 + 8..462 + 12].copy_from_slice(&(1_u32 << 30).to_le_bytes());
    let table = table(bytes);
    assert_eq!(numbers(&table), [Some(1)]);
    assert_eq!(said(&table, "cannot be found"), Loss::Volume);
}

/// A small generator of the same numbers on every run.
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// A source whose bytes differ from another's in a few places: thousands of copies cost nothing.
struct Poked {
    base: Arc<dyn Source>,
    pokes: Vec<(u64, u8)>,
}

impl Source for Poked {
    fn len(&self) -> u64 {
        self.base.len()
    }

    fn read_exact_at(&self, offset: u64, dst: &mut [u8]) -> Result<(), crate::bytes::ReadError> {
        self.base.read_exact_at(offset, dst)?;
        for &(at, value) in &self.pokes {
            if let Some(byte) = at.checked_sub(offset).and_then(|at| dst.get_mut(at as usize)) {
                *byte = value;
            }
        }
        Ok(())
    }
}

#[test]
fn thousands_of_damaged_tables_do_no_harm() {
    let mut noise = Noise(7);
    let disks = [gpt(), sfdisk(DOS), with_4k_sectors()].map(|bytes| Arc::new(bytes) as Arc<dyn Source>);
    // Where tables lie; half of the damaged headers get their checksum back, or nothing behind it is reached.
    let places =
        [(440usize, 72usize), (512, 92), (1024, 512), (4096, 92), (8192, 512), (10240 * 512 + 440, 72)];
    for round in 0..6000 {
        let base = &disks[round % disks.len()];
        let mut pokes = Vec::new();
        for _ in 0..=noise.below(6) {
            let (start, len) = places[noise.below(places.len())];
            pokes.push(((start + noise.below(len)) as u64, noise.below(256) as u8));
        }
        let mut poked = Poked { base: Arc::clone(base), pokes };
        if round % 2 == 0 {
            for start in [512u64, 4096] {
                let mut header = read_vec(&poked, start, 92).unwrap();
                seal(&mut header);
                poked.pokes.extend((16..20).map(|at| (start + at as u64, header[at])));
            }
        }
        let source: Arc<dyn Source> = Arc::new(poked);
        let table = read(&source);
        assert!(table.scheme != Scheme::None || table.volumes.len() == 1);
    }
}

#[test]
fn a_file_system_without_a_partition_is_found() {
    let mut image = vec![0; 8 << 20];
    image[510..512].copy_from_slice(b"\x55\xaa");
    // One partition of 1 MiB at 1 MiB; at 5 MiB lies XFS that no entry names.
    image[446 + 4] = 0x83;
    image[446 + 8..446 + 16].copy_from_slice(&[0, 8, 0, 0, 0, 8, 0, 0]);
    image[5 << 20..(5 << 20) + 4].copy_from_slice(b"XFSB");
    let table = read(&(Arc::new(image) as Arc<dyn Source>));
    let spans: Vec<Span> = table.volumes.iter().map(|volume| volume.span).collect();
    assert!(spans.contains(&Span::new(5 << 20, 3 << 20)), "{spans:?}");
    assert!(table.notes.iter().any(|note| note.text.contains("outside of all partitions")));
    assert_eq!(table.unclaimed, [Span::new(0, 1 << 20), Span::new(2 << 20, 3 << 20)]);
}
