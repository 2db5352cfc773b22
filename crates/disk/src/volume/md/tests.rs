//! Arrays of every level, written by this test with superblocks in every place.

#![expect(clippy::cast_possible_truncation, reason = "the numbers of a test are small")]

use super::superblock::made::{self, Numbers};
use super::*;
use crate::bytes::read_vec;
use crate::gap::GapKind;
use crate::volume::stack::{Device, Role, assemble};
use crate::volume::{self};

const MIB: usize = 1 << 20;
const CHUNK: usize = 4096;

/// Members as partitions of one disk, put together.
fn devices(disks: &[Vec<u8>]) -> Vec<Device> {
    let mut whole = Vec::new();
    let mut volumes = Vec::new();
    for (number, disk) in (1..).zip(disks) {
        let span = Span::new(whole.len() as u64, disk.len() as u64);
        volumes.push(volume::Volume { number: Some(number), ..volume::whole(0) });
        volumes.last_mut().unwrap().span = span;
        whole.extend_from_slice(disk);
    }
    let source: Arc<dyn Source> = Arc::new(whole);
    let table = volume::Table { volumes, ..volume::read(&source) };
    assemble(&source, &table).0
}

fn array_of(disks: &[Vec<u8>]) -> Device {
    let devices = devices(disks);
    assert!(devices[..disks.len()].iter().all(|device| matches!(device.role, Role::Part { .. })));
    devices.last().unwrap().clone()
}

/// Members of `sizes` bytes of data each, whose chunks say which they are: member, chunk.
fn members(numbers: Numbers, sizes: &[usize], events: &[u64]) -> Vec<Vec<u8>> {
    let member = |(role, (&size, &events)): (usize, (&usize, &u64))| {
        let mut disk = vec![0; MIB + size];
        for (index, chunk) in disk[MIB..].chunks_mut(CHUNK).enumerate() {
            chunk.chunks_mut(2).for_each(|pair| pair.copy_from_slice(&[role as u8, index as u8]));
        }
        made::one(&mut disk, 4096, (MIB as u64, size as u64), numbers, role as u16, events);
        disk
    };
    sizes.iter().zip(events).enumerate().map(member).collect()
}

fn chunks(device: &Device) -> Vec<(u8, u8)> {
    let bytes = read_vec(&*device.source, 0, usize::try_from(device.source.len()).unwrap()).unwrap();
    bytes.chunks(CHUNK).map(|chunk| (chunk[0], chunk[1])).collect()
}

fn numbers(level: i32, layout: u32, legs: u32, chunks: usize) -> Numbers {
    Numbers { level, layout, chunk: CHUNK as u64, legs, size: (chunks * CHUNK) as u64 }
}

#[test]
fn raid_0_of_equal_members_goes_in_turn() {
    let array = array_of(&members(numbers(0, 0, 2, 0), &[2 * CHUNK, 2 * CHUNK], &[1, 1]));
    assert_eq!(chunks(&array), [(0, 0), (1, 0), (0, 1), (1, 1)]);
    assert_eq!(array.name.as_deref(), Some("md 7"));
    assert!(array.paths.contains(&"/dev/md7".to_owned()));
    assert_eq!(array.volume.number, None);
}

#[test]
fn raid_0_of_several_sizes_has_zones_in_either_layout() {
    let sizes = [CHUNK, 3 * CHUNK, 2 * CHUNK];
    let original = array_of(&members(numbers(0, 1, 3, 0), &sizes, &[1; 3]));
    // Chunk 3 goes to the second of the two long members, for the turn is that of the whole array.
    assert_eq!(chunks(&original), [(0, 0), (1, 0), (2, 0), (2, 1), (1, 1), (1, 2)]);
    let alternate = array_of(&members(numbers(0, 2, 3, 0), &sizes, &[1; 3]));
    assert_eq!(chunks(&alternate), [(0, 0), (1, 0), (2, 0), (1, 1), (2, 1), (1, 2)]);
    let unknown = array_of(&members(numbers(0, 0, 3, 0), &sizes, &[1; 3]));
    assert!(matches!(unknown.role, Role::Closed { gap: GapKind::Unsupported, .. }));
}

#[test]
fn linear_members_follow_each_other() {
    let array = array_of(&members(numbers(-1, 0, 2, 0), &[CHUNK, 2 * CHUNK], &[1, 1]));
    assert_eq!(chunks(&array), [(0, 0), (1, 0), (1, 1)]);
}

#[test]
fn raid_1_is_read_from_a_member_that_is_in_date() {
    let array = array_of(&members(numbers(1, 0, 2, 2), &[2 * CHUNK, 2 * CHUNK], &[3, 9]));
    assert_eq!(chunks(&array), [(1, 0), (1, 1)]);
    assert!(array.notes.iter().any(|note| note.contains("out of date")), "{:?}", array.notes);
    let disks = members(numbers(1, 0, 2, 2), &[2 * CHUNK, 2 * CHUNK], &[9, 9]);
    assert_eq!(chunks(&array_of(&disks)), [(0, 0), (0, 1)]);
    assert_eq!(chunks(&array_of(&disks[1..])), [(1, 0), (1, 1)]);
}

#[test]
fn a_superblock_is_found_in_each_of_its_places() {
    let numbers = numbers(1, 0, 1, 4);
    let len = 256 << 10;
    let late = ((len as u64 / 512 - 16) & !7) * 512;
    for (at, data) in [(0, 64 << 10), (4096, 64 << 10), (late, 0)] {
        let mut disk = vec![0; len];
        disk[data as usize..][..4].copy_from_slice(b"data");
        made::one(&mut disk, at, (data, 16384), numbers, 0, 1);
        assert_eq!(read_vec(&*array_of(&[disk]).source, 0, 4).unwrap(), b"data");
    }
    let mut disk = vec![7; len];
    made::old(&mut disk, numbers, 0, 5);
    let array = array_of(&[disk]);
    assert_eq!((array.source.len(), array.name.as_deref()), (16384, Some("md 3")));
}

#[test]
fn raid_10_and_parity_are_read_with_all_members() {
    let ten = array_of(&members(numbers(10, 0x102, 4, 2), &[2 * CHUNK; 4], &[1; 4]));
    assert_eq!(chunks(&ten), [(0, 0), (2, 0), (0, 1), (2, 1)]);
    let far = array_of(&members(numbers(10, 0x201, 2, 4), &[4 * CHUNK; 2], &[1; 2]));
    assert_eq!(chunks(&far), [(0, 0), (1, 0), (0, 1), (1, 1)]);
    let five = array_of(&members(numbers(5, 2, 3, 3), &[3 * CHUNK; 3], &[1; 3]));
    assert_eq!(chunks(&five), [(0, 0), (1, 0), (2, 1), (0, 1), (1, 2), (2, 2)]);
    let four = array_of(&members(numbers(4, 0, 3, 1), &[CHUNK; 3], &[1; 3]));
    assert_eq!(chunks(&four), [(0, 0), (1, 0)]);
}

#[test]
fn without_a_member_near_copies_stand_in_and_parity_is_closed() {
    let ten = members(numbers(10, 0x102, 4, 1), &[CHUNK; 4], &[1; 4]);
    let array = array_of(&[ten[1].clone(), ten[2].clone()]);
    assert_eq!(chunks(&array), [(1, 0), (2, 0)]);
    let lost = devices(&[ten[2].clone(), ten[3].clone()]);
    assert!(matches!(lost.last().unwrap().role, Role::Closed { gap: GapKind::Missing, .. }));
    let five = members(numbers(5, 2, 3, 1), &[CHUNK; 3], &[1; 3]);
    let lost = devices(&five[..2]);
    let Role::Closed { gap, reason, .. } = &lost.last().unwrap().role else { panic!() };
    assert_eq!(*gap, GapKind::Missing);
    assert!(reason.contains("RAID 5, 2 of 3 members") && reason.contains("member 2"), "{reason}");
}

#[test]
fn a_wrong_checksum_is_closed_and_said() {
    let mut disks = members(numbers(1, 0, 1, 1), &[CHUNK], &[1]);
    disks[0][4096 + 76] ^= 1;
    let devices = devices(&disks);
    let Role::Closed { gap, reason, .. } = &devices[0].role else { panic!() };
    assert_eq!(*gap, GapKind::Damaged);
    assert!(reason.contains("checksum"));
}

#[test]
fn absurd_numbers_do_no_harm() {
    let mut state = 5_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let shift = state >> 58;
        state.rotate_left(7) >> shift
    };
    for _ in 0..3000 {
        let levels = [-1, 0, 1, 4, 5, 6, 10, 99];
        let pick = random() as usize % levels.len();
        let numbers = Numbers {
            level: levels[pick],
            layout: random() as u32 & 0x1ff,
            chunk: (random() % (1 << 40)) / 512 * 512,
            legs: random() as u32 % 5,
            size: random(),
        };
        let disk = |role: u16, start, len| {
            let mut disk = vec![0; 128 << 10];
            made::one(&mut disk, 4096, (start, len), numbers, role, 1);
            disk
        };
        let disks: Vec<Vec<u8>> = (0..3).map(|role| disk(role, random(), random())).collect();
        for device in devices(&disks) {
            let _ = device.source.next_data(0);
            let _ = device.source.next_data(device.source.len() / 2);
            let _ = read_vec(&*device.source, 0, 8192);
            let _ = read_vec(&*device.source, device.source.len().saturating_sub(9), 9);
        }
    }
}
