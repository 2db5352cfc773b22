//! Groups of every kind over small physical volumes, written by this test; what the tools of lvm2 write is
//! in `tests/disk/logical_volumes.rs`.

#![expect(clippy::cast_possible_truncation, reason = "the numbers of a test are small")]

use super::label::made;
use super::*;
use crate::bytes::{Span, read_vec};
use crate::gap::{GapKind, Loss};
use crate::volume::stack::{Device, Role, assemble};
use crate::volume::{self, Note};

const EXTENT: usize = 4096;
const DATA: usize = 64 << 10;
const EXTENTS: usize = 64;

fn uuid(number: usize) -> String {
    format!("{number:032}")
}

/// A physical volume whose extents hold their own numbers: 16 bits of volume and extent, over and over.
fn disk(number: usize, text: &str) -> Vec<u8> {
    let mut disk = vec![0; DATA + EXTENTS * EXTENT];
    for (extent, bytes) in disk[DATA..].chunks_mut(EXTENT).enumerate() {
        bytes.chunks_mut(2).for_each(|pair| pair.copy_from_slice(&[number as u8, extent as u8]));
    }
    made::volume(&mut disk, &uuid(number), 1, (32 << 10, 512), DATA as u64, text);
    disk
}

fn text(seqno: u64, volumes: usize, logical: &str) -> String {
    let physical: String = (0..volumes)
        .map(|number| {
            let id = uuid(number);
            format!("pv{number} {{ id = \"{id}\"\n pe_start = 128 pe_count = {EXTENTS}\n }}\n")
        })
        .collect();
    format!(
        "vg-a {{ id = \"group\" seqno = {seqno} extent_size = 8\n physical_volumes {{ {physical} }}\n \
         logical_volumes {{ {logical} }} }}\n"
    )
}

fn lv(name: &str, visible: bool, segments: &[(u64, u64, &str)]) -> String {
    let status = if visible { "\"READ\", \"VISIBLE\"" } else { "\"READ\"" };
    let segments: String = segments
        .iter()
        .enumerate()
        .map(|(n, (start, count, rest))| {
            format!("segment{n} {{ start_extent = {start} extent_count = {count}\n{rest}\n }}\n")
        })
        .collect();
    format!("{name} {{ id = \"{name}\" status = [{status}]\n {segments} }}\n")
}

/// A disk of partitions: each physical volume is one.
fn devices(disks: &[Vec<u8>]) -> (Vec<Device>, Vec<Note>) {
    let mut whole = vec![0; 1 << 20];
    let mut volumes = Vec::new();
    for (number, disk) in (1..).zip(disks) {
        let span = Span::new(whole.len() as u64, disk.len() as u64);
        volumes.push(volume::Volume { number: Some(number), ..volume::whole(0) });
        volumes.last_mut().unwrap().span = span;
        whole.extend_from_slice(disk);
    }
    let source: Arc<dyn Source> = Arc::new(whole);
    let table = volume::Table { volumes, ..volume::read(&source) };
    assemble(&source, &table)
}

fn named<'a>(devices: &'a [Device], name: &str) -> &'a Device {
    let name = format!("LV vg-a/{name}");
    let found = devices.iter().find(|device| device.name.as_deref() == Some(&name));
    found.unwrap_or_else(|| panic!("no {name}: {:?}", devices.iter().map(|d| &d.name).collect::<Vec<_>>()))
}

fn closed<'a>(devices: &'a [Device], name: &str) -> (GapKind, &'a str) {
    match &named(devices, name).role {
        Role::Closed { gap, reason, .. } => (*gap, reason),
        other => panic!("{name} is {other:?}"),
    }
}

/// Volume and extent at each `step` of a device.
fn content(device: &Device, step: usize) -> Vec<(u8, u8)> {
    let bytes = read_vec(&*device.source, 0, usize::try_from(device.source.len()).unwrap()).unwrap();
    assert_eq!(bytes.len() as u64, device.volume.span.len);
    bytes.chunks(step).map(|chunk| (chunk[0], chunk[1])).collect()
}

#[test]
fn linear_and_striped_volumes_are_mapped() {
    let logical = lv(
        "lin",
        true,
        &[
            (2, 1, "type = \"striped\" stripe_count = 1 stripes = [\"pv0\", 9]"),
            (0, 2, "type = \"striped\" stripe_count = 1 stripes = [\"pv1\", 3]"),
        ],
    ) + &lv(
        "two",
        true,
        &[
            (0, 2, "type = \"striped\" stripe_size = 4\n stripes = [\"pv0\", 0, \"pv1\", 0]"),
            (2, 4, "type = \"striped\" stripe_size = 8\n stripes = [\"pv0\", 20, \"pv1\", 30]"),
            (6, 1, "type = \"zero\""),
        ],
    );
    let text = text(1, 2, &logical);
    let (devices, notes) = devices(&[disk(0, &text), disk(1, &text)]);
    assert_eq!(notes, []);
    assert_eq!(content(named(&devices, "lin"), EXTENT), [(1, 3), (1, 4), (0, 9)]);
    let two = content(named(&devices, "two"), 2048);
    assert_eq!(two[..4], [(0, 0), (1, 0), (0, 0), (1, 0)]);
    assert_eq!(
        two[4..12].iter().step_by(2).copied().collect::<Vec<_>>(),
        [(0, 20), (1, 30), (0, 21), (1, 31)]
    );
    assert_eq!(two[12..], [(0, 0), (0, 0)]);
    let lin = named(&devices, "lin");
    assert!(lin.paths.contains(&"/dev/mapper/vg--a-lin".to_owned()));
    let base = (1 << 20) + (DATA + EXTENTS * EXTENT) as u64 + DATA as u64;
    assert_eq!(lin.places[0], Span::new(base + 3 * EXTENT as u64, 2 * EXTENT as u64));
    let Role::Part { unclaimed, .. } = &devices[1].role else { panic!() };
    let at = |extent: usize| (DATA + extent * EXTENT) as u64;
    let ends: Vec<u64> = unclaimed.iter().map(|span| span.offset).collect();
    assert_eq!(ends, [at(1), at(5), at(32)]);
}

const RAID: &str = "region_size = 64 stripe_size = 4";

fn images(name: &str, count: usize, from: usize) -> String {
    let part = |number: usize| {
        let extent = from + 4;
        lv(
            &format!("{name}_rimage_{number}"),
            false,
            &[(0, 4, &format!("type = \"striped\" stripes = [\"pv{number}\", {extent}]"))],
        ) + &lv(
            &format!("{name}_rmeta_{number}"),
            false,
            &[(0, 1, &format!("type = \"striped\" stripes = [\"pv{number}\", {from}]"))],
        )
    };
    (0..count).map(part).collect()
}

fn raids(name: &str, count: usize) -> String {
    let names: Vec<String> =
        (0..count).map(|n| format!("\"{name}_rmeta_{n}\", \"{name}_rimage_{n}\"")).collect();
    format!("raids = [{}]", names.join(", "))
}

fn raid_group() -> String {
    let raid = |name: &str, kind: &str, count, from, extents| {
        let body = format!("type = \"{kind}\" {RAID}\n {}", raids(name, count));
        lv(name, true, &[(0, extents, &body)]) + &images(name, count, from)
    };
    raid("one", "raid1", 2, 0, 4)
        + &raid("five", "raid5_ls", 3, 10, 8)
        + &raid("four", "raid4", 3, 20, 8)
        + &raid("ten", "raid10", 2, 30, 4)
}

#[test]
fn images_of_raid_are_read_in_their_layout() {
    let text = text(1, 3, &raid_group());
    let (devices, _) = devices(&[disk(0, &text), disk(1, &text), disk(2, &text)]);
    assert_eq!(content(named(&devices, "one"), EXTENT)[..2], [(0, 4), (0, 5)]);
    let legs =
        |name, n: usize| content(named(&devices, name), 2048)[..n].iter().map(|at| at.0).collect::<Vec<_>>();
    assert_eq!(legs("five", 6), [0, 1, 2, 0, 1, 2]);
    assert_eq!(legs("four", 4), [1, 2, 1, 2]);
    assert_eq!(legs("ten", 2), [0, 0]);
    let count = devices.iter().filter(|device| device.name.is_some()).count();
    assert_eq!(count, 4, "images are not opened on their own");
}

#[test]
fn an_image_that_is_out_of_date_is_left_out() {
    let text = text(1, 3, &raid_group());
    let state = |disk: &mut Vec<u8>, events: u64, failed: u64| {
        let at = DATA;
        disk[at..at + 4].copy_from_slice(b"DmRd");
        disk[at + 16..at + 24].copy_from_slice(&events.to_le_bytes());
        disk[at + 24..at + 32].copy_from_slice(&failed.to_le_bytes());
    };
    for (old, new, failed) in [(3, 9, 0), (9, 9, 1)] {
        let mut disks = [disk(0, &text), disk(1, &text), disk(2, &text)];
        state(&mut disks[0], old, failed);
        state(&mut disks[1], new, failed);
        let (devices, _) = devices(&disks);
        assert_eq!(content(named(&devices, "one"), EXTENT)[0], (1, 4));
    }
}

#[test]
fn without_a_physical_volume_what_needs_it_is_closed_and_the_rest_is_read() {
    let logical = lv("here", true, &[(0, 1, "type = \"striped\" stripes = [\"pv0\", 40]")])
        + &lv("gone", true, &[(0, 1, "type = \"striped\" stripes = [\"pv2\", 40]")])
        + &lv("mir", true, &[(0, 1, "type = \"mirror\" mirrors = [\"pv2\", 41, \"pv1\", 41]")])
        + &raid_group();
    let text = text(1, 3, &logical);
    let (devices, _) = devices(&[disk(0, &text), disk(1, &text)]);
    assert_eq!(content(named(&devices, "here"), EXTENT), [(0, 40)]);
    assert_eq!(content(named(&devices, "mir"), EXTENT), [(1, 41)]);
    assert_eq!(content(named(&devices, "one"), EXTENT)[0], (0, 4));
    for name in ["gone", "five"] {
        let (kind, reason) = closed(&devices, name);
        assert_eq!(kind, GapKind::Missing);
        assert!(reason.contains(&uuid(2)), "{reason}");
    }
}

#[test]
fn what_is_not_read_is_closed_with_its_type() {
    let hidden = |name: &str, extent: u64| {
        lv(name, false, &[(0, 1, &format!("type = \"striped\" stripes = [\"pv0\", {extent}]"))])
    };
    let logical = lv("root", true, &[(0, 1, "type = \"striped\" stripes = [\"pv0\", 1]")])
        + &lv("snap", true, &[(0, 1, "type = \"striped\" stripes = [\"pv0\", 2]")])
        + &lv("snapshot0", true, &[(0, 1, "type = \"snapshot\" origin = \"root\" cow_store = \"snap\"")])
        + &lv(
            "pool",
            true,
            &[(0, 1, "type = \"thin-pool\" metadata = \"pool_tmeta\" pool = \"pool_tdata\"")],
        )
        + &lv("thin", true, &[(0, 1, "type = \"thin\" thin_pool = \"pool\" device_id = 1")])
        + &hidden("pool_tmeta", 3)
        + &hidden("pool_tdata", 4)
        + &hidden("alone", 5)
        + &lv("bad", true, &[(0, 1, "type = \"error\"")]);
    let text = text(1, 1, &logical);
    let (devices, _) = devices(&[disk(0, &text)]);
    assert_eq!(content(named(&devices, "root"), EXTENT), [(0, 1)]);
    assert!(closed(&devices, "snap").1.contains("snapshot of root"));
    assert!(closed(&devices, "pool").1.contains("thin-pool"));
    assert!(closed(&devices, "thin").1.contains("type thin "));
    assert!(closed(&devices, "alone").1.contains("hidden"));
    assert_eq!(closed(&devices, "bad").0, GapKind::Missing);
    assert_eq!(devices.iter().filter(|device| device.name.is_some()).count(), 6);
}

#[test]
fn the_newest_description_wins() {
    let linear =
        |extent| lv("a", true, &[(0, 1, &format!("type = \"striped\" stripes = [\"pv0\", {extent}]"))]);
    let (old, new) = (text(4, 2, &linear(1)), text(5, 2, &linear(2)));
    for (first, second) in [(&old, &new), (&new, &old)] {
        let (devices, notes) = devices(&[disk(0, first), disk(1, second)]);
        assert_eq!(content(named(&devices, "a"), EXTENT), [(0, 2)]);
        assert!(notes.iter().any(|note| note.text.contains("out of date") && note.loss == Loss::Nothing));
    }
}

#[test]
fn volumes_made_of_themselves_end() {
    let circle = "type = \"mirror\" mirrors = [\"a\", 0, \"a\", 0, \"b\", 0, \"b\", 0]";
    let logical = lv("a", true, &[(0, 1, circle)]) + &lv("b", true, &[(0, 1, circle)]);
    let chain: String = (0..40)
        .map(|n| {
            let next = n + 1;
            lv(&format!("c{n}"), true, &[(0, 1, &format!("type = \"striped\" stripes = [\"c{next}\", 0]"))])
        })
        .collect();
    let text = text(1, 1, &(logical + &chain));
    let (devices, _) = devices(&[disk(0, &text)]);
    assert!(closed(&devices, "a").1.contains("circle"));
    assert_eq!(closed(&devices, "c0").0, GapKind::Damaged);
}

#[test]
fn a_physical_volume_in_a_logical_one_is_opened() {
    let inner_text = text(1, 1, &lv("in", true, &[(0, 1, "type = \"striped\" stripes = [\"pv0\", 5]")]))
        .replace("vg-a", "vg-b")
        .replace("\"group\"", "\"other\"")
        .replace(&uuid(0), &uuid(77));
    let mut inner = vec![0; DATA + 8 * EXTENT];
    inner[DATA + 5 * EXTENT..].fill(9);
    made::volume(&mut inner, &uuid(77), 0, (32 << 10, 512), DATA as u64, &inner_text);
    let count = inner.len() / EXTENT;
    let segment = "type = \"striped\" stripes = [\"pv0\", 8]";
    let mut outer = disk(0, &text(1, 1, &lv("out", true, &[(0, count as u64, segment)])));
    outer[DATA + 8 * EXTENT..][..inner.len()].copy_from_slice(&inner);
    let (devices, _) = devices(&[outer]);
    let found = devices.iter().find(|device| device.name.as_deref() == Some("LV vg-b/in")).unwrap();
    assert_eq!(read_vec(&*found.source, 0, 2).unwrap(), [9, 9]);
    assert_eq!(found.volume.number, Some(1));
    assert_eq!(found.places.len(), 1);
}

#[test]
fn a_physical_volume_without_sound_metadata_is_a_loss() {
    let text = text(1, 1, &lv("a", true, &[(0, 1, "type = \"striped\" stripes = [\"pv0\", 1]")]));
    let mut damaged = disk(0, &text);
    damaged[4096 + 700] ^= 1;
    let (damaged, _) = devices(&[damaged]);
    let Role::Closed { gap, reason, .. } = &damaged[0].role else { panic!() };
    assert!(*gap == GapKind::Damaged && reason.contains("checksum"), "{reason}");
    let (alone, _) = devices(&[disk(9, &text)]);
    let Role::Closed { gap, reason, .. } = &alone[0].role else { panic!() };
    assert!(*gap == GapKind::Unsupported && reason.contains("no volume group"), "{reason}");
}

#[test]
fn hundreds_of_damaged_groups_do_no_harm() {
    let text = text(1, 3, &raid_group());
    let mut state = 9_u64;
    let mut below = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    for _ in 0..400 {
        // Text that is damaged before its checksum is made reaches the parser and the mapping.
        let mut bytes = text.clone().into_bytes();
        for _ in 0..=below(8) {
            let at = below(bytes.len());
            bytes[at] = b"0123456789{}[]\"=, pvaz"[below(22)];
        }
        let text = String::from_utf8(bytes).unwrap();
        let mut disks = [disk(0, &text), disk(1, &text), disk(2, &text)];
        disks[below(3)][below(8192)] = below(256) as u8;
        let (devices, notes) = devices(&disks);
        assert!(!devices.is_empty());
        for device in &devices {
            let mut at = 0;
            let mut steps = 0;
            while let Ok(Some(data)) = device.source.next_data(at) {
                assert!(data.offset >= at && data.len > 0);
                at = data.end().unwrap();
                steps += 1;
                if steps > 1000 {
                    break;
                }
            }
            let _ = read_vec(&*device.source, 0, 4096);
        }
        drop(notes);
    }
}
