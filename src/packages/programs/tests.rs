use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write as _;

use super::*;

/// An ELF file of 64 bits: constants, variables, and code behind them.
fn elf(constants: &[u8], variables: &[u8]) -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0".to_vec();
    file.resize(32, 0);
    file.extend_from_slice(&64_u64.to_le_bytes());
    file.resize(54, 0);
    file.extend_from_slice(&[56, 0, 3, 0]);
    file.resize(64, 0);
    let start = 4096;
    let second = start + constants.len().next_multiple_of(4096);
    let third = second + variables.len().next_multiple_of(4096);
    for (flags, offset, len) in
        [(4_u32, start, constants.len()), (6, second, variables.len()), (5, third, 64)]
    {
        file.extend_from_slice(&1_u32.to_le_bytes());
        file.extend_from_slice(&flags.to_le_bytes());
        for word in [offset, offset + 0x40_0000, offset + 0x40_0000, len, len, 4096] {
            file.extend_from_slice(&(word as u64).to_le_bytes());
        }
    }
    for (at, bytes) in [(start, constants), (second, variables), (third, &b"\0BusyBox v9.9.9 (in code\0"[..])]
    {
        file.resize(at, 0);
        file.extend_from_slice(bytes);
    }
    file.resize(third + 64, 0);
    file
}

fn read_in(file: &[u8], name: &str, piece: usize) -> (Vec<String>, Option<&'static str>) {
    let mut reader = Reader::new(Words::embedded());
    if !reader.start(name.as_bytes(), &file[..file.len().min(64)], || false) {
        return (Vec::new(), None);
    }
    file.chunks(piece).for_each(|piece| reader.piece(piece));
    let (found, problem) = reader.end();
    let one =
        |component: &Component| format!("{} {}", component.name, component.version.as_deref().unwrap_or("?"));
    (found.iter().map(one).collect(), problem)
}

fn read(file: &[u8], name: &str) -> Vec<String> {
    let all = read_in(file, name, usize::MAX).0;
    for piece in [1, 1000, 4096] {
        assert_eq!(read_in(file, name, piece).0, all, "in pieces of {piece}");
    }
    all
}

/// A text behind its length.
fn counted(text: &[u8]) -> Vec<u8> {
    let (mut bytes, mut len) = (Vec::new(), text.len());
    while len >= 0x80 {
        bytes.push(u8::try_from(len & 0x7f).unwrap() | 0x80);
        len >>= 7;
    }
    bytes.push(u8::try_from(len).unwrap());
    [&bytes, text].concat()
}

const LIST: &[u8] = b"path\tx\nmod\texample.com/app\tv1.2.3\th1:x\ndep\tgolang.org/x/net\tv0.17.0\th1:y\n";

fn marked_list() -> Vec<u8> {
    [
        b"0w\xaf\x0c\x92t\x08\x02A\xe1\xc1\x07\xe6\xd6\x18\xe6",
        LIST,
        b"\xf92C1\x86\x18 r\x00\x82B\x10A\x16\xd8\xf2",
    ]
    .concat()
}

fn go_program() -> Vec<u8> {
    let mut info = b"\xff Go buildinf:\x08\x02".to_vec();
    info.resize(32, 0);
    info.extend(counted(b"go1.22.1"));
    info.extend(counted(&marked_list()));
    elf(b"constants go1.99", &[&[0; 64], info.as_slice(), &[0; 100]].concat())
}

#[test]
fn a_program_of_go_names_its_modules() {
    assert_eq!(
        read(&go_program(), "x"),
        ["stdlib 1.22.1", "example.com/app v1.2.3", "golang.org/x/net v0.17.0"]
    );
}

#[test]
fn a_program_of_an_older_go_is_read_by_addresses_or_by_its_only_version() {
    let constants = [b"aaaago1.16.5zzzz".as_slice(), &marked_list(), &[0; 64]].concat();
    let second = 4096 + constants.len().next_multiple_of(4096);
    let mut info = b"\xff Go buildinf:\x08\x00".to_vec();
    let address = (second + 0x40_0000 + 64) as u64;
    info.extend_from_slice(&address.to_le_bytes());
    info.resize(64, 0);
    info.extend_from_slice(&(4096_u64 + 0x40_0000 + 4).to_le_bytes());
    info.extend_from_slice(&8_u64.to_le_bytes());
    let expected = ["stdlib 1.16.5", "example.com/app v1.2.3", "golang.org/x/net v0.17.0"];
    assert_eq!(read(&elf(&constants, &info), "x"), expected);
    // Addresses that are set when the program is loaded.
    info[16..].fill(0);
    assert_eq!(read(&elf(&constants, &info), "x"), expected);
}

#[test]
fn wrong_lengths_of_build_information_are_harmless() {
    let whole = go_program();
    let at = whole.windows(13).position(|part| part == b"\xff Go buildinf").unwrap();
    for (place, byte) in [(32, 0xff), (33, 0xff), (41, 0xff), (14, 0), (15, 0xff), (15, 0)] {
        let mut file = whole.clone();
        file[at + place] = byte;
        assert!(read(&file, "x").len() <= 3, "{place}");
    }
    for end in (at..whole.len()).step_by(7) {
        read_in(&whole[..end], "x", usize::MAX);
    }
    for len in [0, 15, 16, 31, 32, 40] {
        go::of_info(&[b"\xff Go buildinf:\x08\x02", [0xff; 40].as_slice()].concat()[..len.max(14)]);
    }
}

#[test]
fn crates_that_were_linked_are_listed() {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
    packer
        .write_all(br#"{"packages":[{"name":"serde","version":"1.0.217","source":"crates.io"},{"name":"cc","version":"1.0.0","kind":"build"},{"name":"app","version":"0.1.0","root":true}]}"#)
        .unwrap();
    let packed = packer.finish().unwrap();
    let file = |packed: &[u8]| elf(&[&[b'x'; 5000], packed, &[0; 200]].concat(), b"variables");
    assert_eq!(read(&file(&packed), "x"), ["serde 1.0.217", "app 0.1.0"]);
    // Newer ones are not loaded with the program.
    assert_eq!(read(&[elf(b"constants", b""), packed.clone()].concat(), "x"), ["serde 1.0.217", "app 0.1.0"]);
    let (found, problem) = read_in(&file(&packed[..packed.len() / 2]), "x", usize::MAX);
    assert_eq!((found.len(), problem), (0, Some("its list of crates is damaged")));
}

#[test]
fn words_count_in_constants_and_variables_of_programs_and_in_files_of_the_name() {
    let words = "\0OpenSSL 3.0.20 7 Apr 2026\0".as_bytes();
    assert_eq!(read(&elf(words, b"nginx version: nginx/1.22.1\0"), "x"), ["openssl 3.0.20", "nginx 1.22.1"]);
    assert_eq!(read(&elf(b"nothing", b""), "x"), Vec::<String>::new());
    assert_eq!(read(b"cut out \0node.js/v20.11.1\0", "node"), ["node 20.11.1"]);
    assert_eq!(read(b"cut out \0node.js/v20.11.1\0", "notes.txt"), Vec::<String>::new());
}

#[test]
fn a_file_without_programs_in_it_is_not_wanted() {
    let mut reader = Reader::new(Words::embedded());
    for (name, head) in [
        ("x", b"#!/bin/sh\n".as_slice()),
        ("core", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x04\0"),
        ("node", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x01\0"),
    ] {
        assert!(!reader.start(name.as_bytes(), head, || name == "node"), "{name}");
    }
}

#[test]
fn headers_that_point_anywhere_are_harmless() {
    let whole = go_program();
    for at in 0..64 + 3 * 56 {
        for byte in [0, 1, 0x7f, 0xff] {
            let mut file = whole.clone();
            file[at] = byte;
            read_in(&file, "x", usize::MAX);
        }
    }
}
