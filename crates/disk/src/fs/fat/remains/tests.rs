//! Deleted entries of a volume that is made here: 60 clusters of a sector each, from the fifth sector on.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::super::DRIVER;
use crate::budget::Budget;
use crate::bytes::Span;
use crate::fs::remains::{Content, Name, Proof, Remain, Version};
use crate::fs::{Extent, Place};

const SECTOR: usize = 512;
const ROOT: usize = 3 * SECTOR;

const fn cluster(number: usize) -> usize {
    (4 + number - 2) * SECTOR
}

struct Disk(Vec<u8>);

impl Disk {
    fn new() -> Self {
        let mut volume = vec![0; 64 * SECTOR];
        volume[11..24].copy_from_slice(&[0, 2, 1, 1, 0, 2, 16, 0, 64, 0, 0xf8, 1, 0]);
        for table in [SECTOR, 2 * SECTOR] {
            volume[table..table + 3].copy_from_slice(&[0xf8, 0xff, 0xff]);
        }
        Self(volume)
    }

    /// Puts an entry at `at`, of 2026-11-24.
    fn entry(mut self, at: usize, name: &[u8; 11], flags: u8, first: u8, size: u16) -> Self {
        let entry = &mut self.0[at..at + 32];
        entry[..11].copy_from_slice(name);
        (entry[11], entry[26]) = (flags, first);
        entry[24..26].copy_from_slice(&((46_u16 << 9) | (11 << 5) | 24).to_le_bytes());
        entry[28..30].copy_from_slice(&size.to_le_bytes());
        self
    }

    /// Marks an even cluster as the last of a file.
    fn used(mut self, number: usize) -> Self {
        for table in [SECTOR, 2 * SECTOR] {
            let at = table + number + number / 2;
            (self.0[at], self.0[at + 1]) = (0xff, 0x0f);
        }
        self
    }

    fn remains(self) -> (Vec<Version>, Vec<Name>) {
        let fs = (DRIVER.open)(Arc::new(self.0), &Budget::default()).unwrap();
        let mut free: Vec<Span> = Vec::new();
        fs.unallocated(&mut |span| {
            free.push(span);
            ControlFlow::Continue(())
        })
        .unwrap();
        let (mut versions, mut names) = (Vec::new(), Vec::new());
        fs.remains(&free, &mut |remain| {
            match remain {
                Remain::Version(version) => versions.push(version),
                Remain::Name(name) => names.push(name),
                Remain::Used { .. } | Remain::KnownSince(_) => {}
            }
            ControlFlow::Continue(())
        })
        .unwrap();
        (versions, names)
    }
}

fn extents(version: &Version) -> &[Extent] {
    match &version.content {
        Content::Extents(extents) => extents,
        _ => panic!("no extents"),
    }
}

fn paths(names: &[Name]) -> Vec<(u64, &str)> {
    names.iter().map(|name| (name.dir, std::str::from_utf8(&name.name).unwrap())).collect()
}

#[test]
fn a_file_of_one_cluster_is_known_and_a_longer_one_is_guessed() {
    let disk =
        Disk::new().entry(ROOT, b"\xe5NE     TXT", 0, 5, 500).entry(ROOT + 32, b"\xe5WO     TXT", 0, 9, 1000);
    let (versions, names) = disk.used(10).remains();
    assert_eq!(paths(&names), [(0, "_NE.TXT"), (0, "_WO.TXT")]);
    let place = |number| Place::Disk(cluster(number) as u64);
    assert_eq!(extents(&versions[0]), [Extent { start: 0, len: 500, place: place(5) }]);
    assert_eq!(versions[0].proof, Proof::Plausible);
    // The cluster behind the first is in use.
    let parts =
        [Extent { start: 0, len: 512, place: place(9) }, Extent { start: 512, len: 488, place: place(11) }];
    assert_eq!((extents(&versions[1]), versions[1].proof), (&parts[..], Proof::Guessed));
}

#[test]
fn a_deleted_directory_is_followed_if_it_is_still_there() {
    let (dir, inside) = (cluster(6), cluster(6) + 64);
    let disk = || {
        Disk::new()
            .entry(ROOT, b"\xe5IR        ", 0x10, 6, 0)
            .entry(dir, b".          ", 0x10, 6, 0)
            .entry(dir + 32, b"..         ", 0x10, 0, 0)
            .entry(inside, b"\xe5NSIDE  TXT", 0, 7, 10)
    };
    let (versions, names) = disk().remains();
    assert_eq!(paths(&names), [(0, "_IR"), (ROOT as u64, "_NSIDE.TXT")]);
    assert_eq!(versions[1].life.number, inside as u64);
    let (_, names) = disk().used(6).remains();
    assert_eq!(paths(&names), [(0, "_IR")]);
    // Another directory lies there now.
    let (_, names) = disk().entry(dir, b".          ", 0x10, 8, 0).remains();
    assert!(!paths(&names).contains(&(ROOT as u64, "_NSIDE.TXT")));
}

#[test]
fn a_directory_that_went_on_elsewhere_is_joined_by_a_guess() {
    let mut disk =
        Disk::new().entry(ROOT, b"\xe5IR        ", 0x10, 6, 0).entry(cluster(6), b".          ", 0x10, 6, 0);
    for index in 1..16 {
        disk = disk.entry(cluster(6) + index * 32, b"\xe5NSIDE  TXT", 0, 7, 10);
    }
    let (_, names) = disk.entry(cluster(20), b"\xe5AST    TXT", 0, 9, 10).remains();
    let last = names.iter().find(|name| name.name == b"_AST.TXT").unwrap();
    assert_eq!((last.dir, last.proof), (ROOT as u64, Proof::Guessed));
}

#[test]
fn what_is_no_entry_is_left_out() {
    // A label, a cluster beyond the volume, and text in a free cluster.
    let mut disk = Disk::new().entry(ROOT, b"\xe5ABEL      ", 0x08, 0, 0).entry(
        ROOT + 32,
        b"\xe5AR     TXT",
        0,
        200,
        10,
    );
    let at = cluster(30);
    disk.0[at..at + SECTOR].copy_from_slice(&b"a line of text..".repeat(32));
    let (versions, names) = disk.remains();
    assert!(versions.is_empty() && names.is_empty());
}
