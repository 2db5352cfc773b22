use super::*;
use crate::files::shelf::Shelf;

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
    header(&tags())
}

fn tags() -> Tags {
    let md5 = "d41d8cd98f00b204e9800998ecf8427e";
    vec![
        (tag::NAME, 6, 1, b"openssh\0".to_vec()),
        (tag::VERSION, 6, 1, b"9.6\0".to_vec()),
        (tag::RELEASE, 6, 1, b"1.el9\0".to_vec()),
        (tag::MODES, 3, 4, [0o100_755_u16, 0o100_600, 0o100_644, 0o040_755].map(u16::to_be_bytes).concat()),
        (tag::FLAGS, 4, 4, [0, CONFIG, GHOST, 0].map(u32::to_be_bytes).concat()),
        (tag::DIGESTS, 8, 4, format!("{md5}\0{md5}\0\0\0").into_bytes()),
        (tag::DIRECTORY_OF, 4, 4, [0_u32, 1, 1, 1].map(u32::to_be_bytes).concat()),
        (tag::NAMES, 8, 4, b"sshd\0conf\0ghost\0dir\0".to_vec()),
        (tag::DIRECTORIES, 8, 2, b"/usr/sbin/\0/etc/\0".to_vec()),
    ]
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
    let mut reader = SystemReader::new(&shelf);
    let packages = Packages::gather(&mut reader);
    (packages, reader.gaps.len())
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

type Tags = Vec<(u32, u32, u32, Vec<u8>)>;

/// The header of openssh with changed tags.
fn changed(change: impl Fn(&mut (u32, u32, u32, Vec<u8>))) -> (Packages, Vec<(GapKind, String)>) {
    let mut tags = tags();
    tags.iter_mut().for_each(change);
    let mut shelf = Shelf::default();
    shelf.0.insert(b"/var/lib/rpm/Packages.db".to_vec(), ndb(&header(&tags)));
    let mut reader = SystemReader::new(&shelf);
    let packages = Packages::gather(&mut reader);
    (packages, reader.gaps.into_iter().map(|gap| (gap.kind, gap.reason)).collect())
}

#[test]
fn every_tag_that_contradicts_the_others_is_a_gap() {
    for tag in [tag::MODES, tag::FLAGS, tag::DIGESTS, tag::DIRECTORY_OF, tag::NAMES, tag::DIRECTORIES] {
        for count in [0, 1, 3, 5, 1 << 20, 1 << 31, u32::MAX] {
            let (packages, gaps) = changed(|entry| {
                if entry.0 == tag {
                    entry.2 = count;
                }
            });
            assert_eq!((packages.is_partial(), gaps.len()), (true, 1), "{tag} {count}");
            assert!(packages.count() == 1, "the package is there all the same");
        }
        let (packages, gaps) = changed(|entry| {
            if entry.0 == tag {
                entry.1 = 7;
            }
        });
        assert_eq!((packages.is_partial(), gaps.len()), (true, 1), "type of {tag}");
    }
}

#[test]
fn a_bad_digest_is_a_gap_and_hides_no_other_file() {
    let md5 = "d41d8cd98f00b204e9800998ecf8427e";
    for bad in [md5.get(..30).unwrap(), "zz1d8cd98f00b204e9800998ecf8427e", "", &*"0".repeat(64)] {
        let (packages, gaps) = changed(|entry| {
            if entry.0 == tag::DIGESTS {
                entry.3 = format!("{bad}\0{md5}\0\0\0").into_bytes();
            }
        });
        assert_eq!(gaps.len(), 1, "{bad}: {gaps:?}");
        assert!(gaps[0].1.contains("openssh: a"), "{gaps:?}");
        assert_eq!(packages.recorded(b"/usr/sbin/sshd"), None);
        assert!(packages.recorded(b"/etc/conf").is_some());
    }
}

#[test]
fn a_header_whose_tags_lie_over_each_other_stays_within_limits() {
    // 2,000,000 files that all have one name, in values of 8 MiB.
    for count in [500_000_u32, 2_000_000] {
        let values = vec![0; 8 << 20];
        let mut index = Vec::new();
        for (tag, kind) in [(tag::MODES, 3), (tag::FLAGS, 4), (tag::DIRECTORY_OF, 4)] {
            index.extend([tag, kind, 0, count].map(u32::to_be_bytes).concat());
        }
        for tag in [tag::NAME, tag::NAMES, tag::DIRECTORIES, tag::DIGESTS] {
            index.extend([tag, 8, 0, count].map(u32::to_be_bytes).concat());
        }
        let counts = [7, 8 << 20].map(u32::to_be_bytes).concat();
        let mut shelf = Shelf::default();
        shelf.0.insert(b"/var/lib/rpm/Packages.db".to_vec(), ndb(&[counts, index, values].concat()));
        let mut reader = SystemReader::new(&shelf);
        let packages = Packages::gather(&mut reader);
        assert_eq!((packages.is_partial(), reader.gaps.len()), (true, 1));
        assert!(packages.cost() < 1 << 20);
    }
}

#[test]
fn paths_that_multiply_end_at_the_limit() {
    // Each of 400,000 files lies in a directory of 4,000 letters.
    let count = 400_000_u32;
    let directory = format!("/{}/\0", "d".repeat(4000)).into_bytes();
    let mut tags: Tags = tags().into_iter().filter(|entry| entry.0 < tag::MODES).collect();
    tags.extend([
        (tag::MODES, 3, count, vec![0o201; 2 * count as usize]),
        (tag::FLAGS, 4, count, vec![0; 4 * count as usize]),
        (tag::DIGESTS, 8, count, vec![0; count as usize]),
        (tag::DIRECTORY_OF, 4, count, vec![0; 4 * count as usize]),
        (tag::NAMES, 8, count, b"a\0".repeat(count as usize)),
        (tag::DIRECTORIES, 8, 1, directory),
    ]);
    let mut shelf = Shelf::default();
    shelf.0.insert(b"/var/lib/rpm/Packages.db".to_vec(), ndb(&header(&tags)));
    let mut reader = SystemReader::new(&shelf);
    let packages = Packages::gather(&mut reader);
    assert!(packages.cost() < crate::packages::TABLE_LIMIT + 8192);
    assert_eq!(reader.gaps.iter().map(|gap| gap.kind).collect::<Vec<_>>(), [GapKind::OverLimit]);
}

#[test]
fn both_databases_of_a_system_are_read() {
    let mut shelf = Shelf::default()
        .with("/var/lib/dpkg/status", "Package: bash\nStatus: install ok installed\nArchitecture: all\n")
        .with("/var/lib/dpkg/info/bash.list", "/.\n/bin/bash\n");
    shelf.0.insert(b"/var/lib/rpm/Packages.db".to_vec(), ndb(&openssh()));
    let mut reader = SystemReader::new(&shelf);
    let packages = Packages::gather(&mut reader);
    assert_eq!((packages.count(), reader.gaps.len()), (2, 0));
    assert_eq!(packages.package(b"/bin/bash").unwrap().manager, PackageManager::Dpkg);
    assert_eq!(packages.package(b"/usr/sbin/sshd").unwrap().manager, PackageManager::Rpm);
    shelf.0.insert(b"/usr/lib/sysimage/rpm/Packages.db".to_vec(), ndb(&openssh()));
    let mut reader = SystemReader::new(&shelf);
    let packages = Packages::gather(&mut reader);
    assert_eq!((packages.count(), packages.is_partial(), reader.gaps.len()), (2, true, 1));
}

#[test]
fn of_two_owners_the_one_whose_file_lies_there_has_the_digest() {
    let of = |name: &[u8], state: u8| {
        let mut tags = tags();
        tags[0].3 = [name, b"\0"].concat();
        tags.push((tag::STATES, 1, 4, vec![state, 0, 0, 0]));
        header(&tags)
    };
    let (first, second) = (of(b"openssh.i686", 1), of(b"openssh.x86_64", 0));
    let mut packages = Packages::default();
    let mut headers = Headers { packages: &mut packages, read: 0, wrong: 0, first: None, is_over: false };
    [first, second].iter().for_each(|bytes| headers.add(bytes));
    assert_eq!(headers.wrong, 0);
    packages.sort();
    assert_eq!(packages.owner(b"/usr/sbin/sshd"), Some("openssh.x86_64"));
    assert!(packages.recorded(b"/usr/sbin/sshd").is_some());
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

#[test]
fn every_place_of_a_database_is_looked_at() {
    for place in ["/usr/lib/sysimage/rpm", "/var/lib/rpm", "/usr/share/rpm"] {
        let (packages, gaps) = gathered(&format!("{place}/Packages.db"), ndb(&openssh()));
        assert_eq!((packages.count(), gaps, packages.place()), (1, 0, place.as_bytes()), "{place}");
    }
}

#[test]
fn a_place_that_a_macro_names_is_looked_at_and_a_second_database_is_a_gap() {
    let mut shelf = Shelf::default().with("/etc/rpm/macros.db", "%_dbpath /srv/rpm\n");
    shelf.0.insert(b"/srv/rpm/Packages.db".to_vec(), ndb(&openssh()));
    let mut reader = SystemReader::new(&shelf);
    let packages = Packages::gather(&mut reader);
    assert_eq!((packages.count(), reader.gaps.len(), packages.place()), (1, 0, &b"/srv/rpm"[..]));
    shelf.0.insert(b"/var/lib/rpm/Packages.db".to_vec(), ndb(&openssh()));
    let mut reader = SystemReader::new(&shelf);
    assert!(Packages::gather(&mut reader).is_partial() && reader.gaps.len() == 1);
}

#[test]
fn a_program_of_a_manager_that_names_no_package_is_a_gap() {
    for program in ["/usr/bin/rpm", "/usr/bin/dpkg", "/sbin/apk"] {
        let shelf = Shelf::default().with(program, "x");
        let mut reader = SystemReader::new(&shelf);
        assert!(Packages::gather(&mut reader).is_partial(), "{program}");
        assert_eq!(reader.gaps.len(), 1, "{program}");
    }
    // Of another system's packages, as `rpm` is on Debian, it says nothing.
    let shelf = Shelf::default()
        .with("/usr/bin/rpm", "x")
        .with("/var/lib/dpkg/status", "Package: rpm\nStatus: install ok installed\nArchitecture: all\n")
        .with("/var/lib/dpkg/info/rpm.list", "/.\n/usr/bin/rpm\n");
    let mut reader = SystemReader::new(&shelf);
    assert!(!Packages::gather(&mut reader).is_partial() && reader.gaps.is_empty());
}
