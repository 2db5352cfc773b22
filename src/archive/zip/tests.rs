use std::io::{Cursor, Write};
use std::ops::ControlFlow;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;
use crate::budget::Budget;

type Unpacked = Vec<(String, Vec<u8>)>;

fn unpack(archive: &[u8]) -> (Unpacked, Vec<ArchiveError>) {
    let (mut found, mut problems) = (Vec::new(), Problems::default());
    let spent = UnpackMeter::new(archive.len() as u64, &Budget::default());
    let result = members(&mut &archive[..], &spent, &mut problems, &mut |member| {
        let mut content = Vec::new();
        member.content.read_to_end(&mut content).unwrap();
        found.push((String::from_utf8_lossy(member.name.unwrap()).into_owned(), content));
        ControlFlow::Continue(())
    });
    if let Err(problem) = result {
        problems.add(problem);
    }
    (found, problems.0)
}

fn text() -> Vec<u8> {
    (0..9000_u32)
        .flat_map(|line| format!("line {line}, {}\n", line.wrapping_mul(2_654_435_761)).into_bytes())
        .collect()
}

/// Two members, "a" and "b/c".
fn archive(method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    writer.start_file("a", options).unwrap();
    writer.write_all(&text()).unwrap();
    writer.add_directory("b", options).unwrap();
    writer.start_file("b/c", options.large_file(true)).unwrap();
    writer.write_all(b"PK\x07\x08 is no end of a member").unwrap();
    writer.finish().unwrap().into_inner()
}

/// The same, written as a stream: lengths and checksums follow the members.
fn streamed(method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new_stream(Vec::new());
    let options = SimpleFileOptions::default().compression_method(method);
    writer.start_file("a", options).unwrap();
    writer.write_all(&text()).unwrap();
    writer.start_file("b/c", options).unwrap();
    writer.write_all(b"PK\x07\x08 is no end of a member").unwrap();
    writer.finish().unwrap().into_inner()
}

fn expected() -> Unpacked {
    vec![("a".to_owned(), text()), ("b/c".to_owned(), b"PK\x07\x08 is no end of a member".to_vec())]
}

const METHODS: [CompressionMethod; 5] = [
    CompressionMethod::Stored,
    CompressionMethod::Deflated,
    CompressionMethod::Bzip2,
    CompressionMethod::Zstd,
    CompressionMethod::Xz,
];

#[test]
fn members_of_every_method_are_read() {
    for method in METHODS {
        for archive in [archive(method), streamed(method)] {
            let (found, problems) = unpack(&archive);
            assert!(problems.is_empty(), "{method}: {problems:?}");
            assert!(found == expected(), "{method}");
        }
    }
}

#[test]
fn an_empty_member_with_a_descriptor_does_not_swallow_the_next() {
    let mut writer = ZipWriter::new_stream(Vec::new());
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in [("empty", ""), ("full", "content"), ("last", "")] {
        writer.start_file(name, options).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    let (found, problems) = unpack(&writer.finish().unwrap().into_inner());
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["empty", "full", "last"]);
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn a_cut_archive_gives_what_it_has_and_says_so() {
    for method in METHODS {
        for archive in [archive(method), streamed(method)] {
            for cut in (0..archive.len() - 1).step_by(97) {
                let (_, problems) = unpack(&archive[..cut]);
                assert!(!problems.is_empty(), "{method} cut at {cut}");
            }
        }
    }
    let whole = archive(CompressionMethod::Deflated);
    let directory = memchr::memmem::find(&whole, b"PK\x01\x02").unwrap();
    let (found, problems) = unpack(&whole[..directory]);
    assert!(found == expected() && matches!(problems[..], [ArchiveError::Damaged { .. }]), "{problems:?}");
}

#[test]
fn members_that_the_directory_leaves_out_are_read() {
    let mut hidden = archive(CompressionMethod::Deflated);
    let end = memchr::memmem::find(&hidden, b"PK\x01\x02").unwrap();
    hidden.truncate(end);
    let (found, problems) = unpack(&[&hidden[..], b"between", &archive(CompressionMethod::Stored)].concat());
    assert_eq!(found.len(), 5);
    assert_eq!(found[2], (format!("bytes at {end}"), b"between".to_vec()));
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn a_directory_that_says_otherwise_is_damage() {
    let whole = archive(CompressionMethod::Deflated);
    let directory = memchr::memmem::find(&whole, b"PK\x01\x02").unwrap();
    // Flags, method, length, place of the first entry.
    for field in [8, 10, 20, 42] {
        let mut lying = whole.clone();
        lying[directory + field] ^= 1;
        let (found, problems) = unpack(&lying);
        assert!(found == expected());
        assert!(matches!(problems[..], [ArchiveError::Damaged { .. }]), "{field}: {problems:?}");
    }
}

#[test]
fn a_wrong_checksum_and_bytes_behind_packed_data_are_damage() {
    let mut wrong = archive(CompressionMethod::Stored);
    wrong[40] ^= 1;
    let (_, problems) = unpack(&wrong);
    assert!(problems[0].to_string().contains("checksum"), "{problems:?}");
    let mut padded = archive(CompressionMethod::Deflated);
    let length = u32::from_le_bytes(padded[18..22].try_into().unwrap());
    padded.splice(31 + length as usize..31 + length as usize, *b"hidden");
    padded[18..22].copy_from_slice(&(length + 6).to_le_bytes());
    let (_, problems) = unpack(&padded);
    assert!(problems[0].to_string().contains("6 bytes behind"), "{problems:?}");
}

#[test]
fn encrypted_members_and_rare_methods_do_not_hide_each_other() {
    let mut odd = archive(CompressionMethod::Stored);
    let second = memchr::memmem::rfind(&odd, b"PK\x03\x04").unwrap();
    let entries: Vec<usize> = memchr::memmem::find_iter(&odd, b"PK\x01\x02").collect();
    odd[6] |= 1;
    odd[entries[0] + 8] |= 1;
    odd[second + 8] = 98;
    odd[entries[2] + 10] = 98;
    let (found, problems) = unpack(&odd);
    assert!(found.is_empty());
    assert!(
        matches!(problems[..], [ArchiveError::Encrypted(_), ArchiveError::Unsupported(_)]),
        "{problems:?}"
    );
}

#[test]
fn what_stands_before_and_behind_an_archive_is_searched() {
    let program = [b"#!/usr/bin/python3\n", &archive(CompressionMethod::Deflated)[..], b"behind it"].concat();
    let (found, problems) = unpack(&program);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(found[0], ("bytes at 0".to_owned(), b"#!/usr/bin/python3\n".to_vec()));
    assert_eq!(found[3], ("behind the directory".to_owned(), b"behind it".to_vec()));
}

#[test]
fn flipped_bytes_never_panic() {
    let whole = streamed(CompressionMethod::Deflated);
    for at in 0..300_usize {
        for mask in [1, 0x80, 0xff] {
            let mut flipped = whole.clone();
            let place = if at < 150 { at } else { whole.len() - at + 149 };
            flipped[place] ^= mask;
            let _ = unpack(&flipped);
        }
    }
}
