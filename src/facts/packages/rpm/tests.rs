use super::super::super::shelf::Shelf;
use super::*;

/// A header with the given tags: number, type, count, values.
fn header(tags: &[(u32, u32, u32, Vec<u8>)]) -> Vec<u8> {
    let (mut index, mut values) = (Vec::new(), Vec::new());
    for (tag, kind, count, bytes) in tags {
        for number in [*tag, *kind, u32::try_from(values.len()).unwrap(), *count] {
            index.extend(number.to_be_bytes());
        }
        values.extend(bytes);
    }
    let counts = [tags.len(), values.len()].map(|n| u32::try_from(n).unwrap().to_be_bytes());
    [counts.concat(), index, values].concat()
}

fn openssh() -> Vec<u8> {
    let md5 = "d41d8cd98f00b204e9800998ecf8427e";
    header(&[
        (tag::NAME, 6, 1, b"openssh\0".to_vec()),
        (tag::VERSION, 6, 1, b"9.6\0".to_vec()),
        (tag::RELEASE, 6, 1, b"1.el9\0".to_vec()),
        (tag::MODES, 3, 4, [0o100_755_u16, 0o100_600, 0o100_644, 0o040_755].map(u16::to_be_bytes).concat()),
        (tag::FLAGS, 4, 4, [0, CONFIG, GHOST, 0].map(u32::to_be_bytes).concat()),
        (tag::DIGESTS, 8, 4, format!("{md5}\0{md5}\0\0\0").into_bytes()),
        (tag::DIRECTORY_OF, 4, 4, [0_u32, 1, 1, 1].map(u32::to_be_bytes).concat()),
        (tag::NAMES, 8, 4, b"sshd\0conf\0ghost\0dir\0".to_vec()),
        (tag::DIRECTORIES, 8, 2, b"/usr/sbin/\0/etc/\0".to_vec()),
    ])
}

/// An NDB file with one page of slots and one package.
fn ndb(header: &[u8]) -> Vec<u8> {
    let number = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    let blocks = (16 + header.len() + 12).div_ceil(16);
    let mut bytes = [b"RpmP".as_slice(), &number(0), &number(1), &number(1), &number(2)].concat();
    bytes.resize(32, 0);
    bytes.extend([b"Slot".as_slice(), &number(1), &number(256), &number(blocks)].concat());
    while bytes.len() < 4096 {
        bytes.extend(b"Slot\0\0\0\0\0\0\0\0\0\0\0\0");
    }
    let mut blob = [b"BlbS".as_slice(), &number(1), &number(1), &number(header.len()), header].concat();
    blob.resize(blocks * 16 - 12, 0);
    let sum = blob.iter().fold((1, 0), |(low, high), &byte| {
        let low = (low + u32::from(byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    let sum = (sum.1 << 16 | sum.0).to_le_bytes();
    bytes.extend([&blob, sum.as_slice(), &number(header.len()), b"BlbE"].concat());
    bytes
}

fn gathered(path: &str, content: Vec<u8>) -> (Packages, usize) {
    let mut shelf = Shelf::default();
    shelf.0.insert(path.into(), content);
    let mut desk = Desk::new(&shelf);
    let packages = Packages::gather(&mut desk);
    (packages, desk.gaps.len())
}

#[test]
fn a_header_names_files_digests_and_flags() {
    let (packages, gaps) = gathered("/var/lib/rpm/Packages.db", ndb(&openssh()));
    assert_eq!((packages.count(), packages.file_count(), gaps), (1, 3, 0));
    assert_eq!(packages.package(b"/usr/sbin/sshd").unwrap().version, "9.6-1.el9");
    assert!(packages.recorded(b"/usr/sbin/sshd").unwrap().is_of(b""));
    assert!(packages.is_conffile(b"/etc/conf"));
    assert_eq!(packages.owner(b"/etc/ghost"), Some("openssh"));
    assert!(packages.paths().all(|(path, _)| path != b"/etc/ghost"));
}

#[test]
fn a_database_that_is_none_is_a_gap() {
    for path in ["rpmdb.sqlite", "Packages.db", "Packages"] {
        let (packages, gaps) = gathered(&format!("/var/lib/rpm/{path}"), b"nothing of that kind".to_vec());
        assert_eq!((packages.count(), packages.is_partial(), gaps), (0, true, 1), "{path}");
    }
}

#[test]
fn every_cut_of_a_database_is_a_gap_and_no_panic() {
    let whole = ndb(&openssh());
    for end in (0..4096).step_by(97).chain(4096..whole.len() - 16) {
        let (packages, _) = gathered("/var/lib/rpm/Packages.db", whole[..end].to_vec());
        assert!(packages.is_partial(), "{end}");
    }
}

#[test]
fn every_changed_byte_ends() {
    let whole = ndb(&openssh());
    for at in (0..64).chain(4096..whole.len()) {
        for value in [0, 0xff, whole[at] ^ 0x80] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            let _ = gathered("/var/lib/rpm/Packages.db", bytes);
        }
    }
}
