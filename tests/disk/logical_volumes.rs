//! An image made by lvm2 and mke2fs (recipe beside it): volumes are found, placed and read.

#![expect(clippy::unwrap_used, reason = "a panic here is a failed test")]

use std::io::Read;

use assay::audit::{self, Quiet, Settings, System, Target};
use assay::finding::Loss;
use assay_disk::budget::Budget;
use assay_disk::system::ledger::Use;

const IMAGE: &[u8] = include_bytes!("../../testdata/images/lvm-striped-and-linear.img.gz");

fn image() -> Vec<u8> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(IMAGE).read_to_end(&mut bytes).unwrap();
    bytes
}

fn open(data: Vec<u8>) -> System {
    System::open(&Target::Bytes { name: "lvm".to_owned(), data }, &Budget::default()).unwrap()
}

#[test]
fn volumes_have_their_names_places_and_mounts() {
    let system = open(image());
    let rows: Vec<_> = system
        .volumes
        .iter()
        .map(|volume| {
            let mount = volume.mount.as_deref().map(|mount| String::from_utf8_lossy(mount).into_owned());
            (volume.name.as_deref().unwrap_or_default(), volume.content.as_str(), volume.partition, mount)
        })
        .collect();
    let mount = |path: &str| Some(path.to_owned());
    assert_eq!(
        rows,
        [
            ("", "LVM2 physical volume", Some(1), None),
            ("", "LVM2 physical volume", Some(2), None),
            ("LV my-vg/data", "ext4", None, mount("/srv")),
            ("LV my-vg/empty", "empty", Some(1), None),
            ("LV my-vg/root", "ext4", None, mount("/")),
        ]
    );
    let root = system.volumes.last().unwrap();
    assert_eq!((root.places.len(), root.offset), (2, root.places.first().unwrap().offset));
    assert_eq!(root.places.iter().map(|span| span.len).sum::<u64>(), root.size);
    assert!(system.gaps.iter().all(|gap| gap.loss == Loss::Nothing), "{:?}", system.gaps);
}

#[test]
fn files_in_linear_and_striped_volumes_are_read_byte_by_byte() {
    let system = open(image());
    let read = |path: &str| system.tree.read(path.as_bytes(), 1 << 20).unwrap().unwrap();
    let chunk = |number: usize| format!("chunk {number}\n").into_bytes().into_iter().cycle().take(8192);
    let numbers: Vec<u8> = (1000..1040).flat_map(chunk).collect();
    assert!(read("/srv/app/numbers") == numbers);
    assert!(read("/srv/app/large") == vec![b'd'; 300_000]);
    assert!(read("/etc/large") == vec![b'r'; 700_000]);
    let id = system.tree.find(b"/srv/app/large").unwrap();
    assert!(system.tree.location(id).volume.unwrap().starts_with("LV my-vg/data (ext4"));
}

#[test]
fn a_mark_of_lvm_does_not_hide_a_file_system() {
    // The label and metadata of the first physical volume, laid into the free first bytes of an ext4.
    let whole = image();
    let (physical, root) = (1 << 20, 1_179_648);
    let mut evil = whole[root..root + (1 << 20)].to_vec();
    evil[512..1024].copy_from_slice(&whole[physical + 512..physical + 1024]);
    let system = open(evil);
    assert!(system.tree.read(b"/etc/fstab", 4096).unwrap().is_some());
    assert!(system.notes.iter().any(|(_, text)| text.contains("both are looked at")), "{:?}", system.notes);
    assert!(system.gaps.iter().any(|gap| gap.loss > Loss::Nothing));
}

#[test]
fn a_cut_image_is_told_of_and_what_is_there_is_read() {
    let mut bytes = image();
    // In the midst of the second physical volume.
    bytes.truncate((4 << 20) + (900 << 10));
    let system = open(bytes);
    let reasons: Vec<&str> = system.gaps.iter().map(|gap| gap.reason.as_str()).collect();
    assert!(reasons.iter().any(|reason| reason.contains("the volume's 1572864 bytes are not in it")));
    assert!(system.tree.read(b"/etc/fstab", 4096).unwrap().is_some());
}

#[test]
fn every_volume_is_in_the_ledger_blank_ones_too() {
    let target = Target::Bytes { name: "disk".into(), data: image() };
    let report = audit::run(&target, &Settings::default(), &Quiet).unwrap();
    let blank = report.volumes.iter().find(|volume| volume.content == "empty").unwrap();
    assert_eq!(blank.ledger.bytes(Use::Blank), blank.size);
    assert!(report.volumes.iter().all(|volume| volume.ledger.adds_up()));
    assert!(report.ledger.adds_up());
}
