//! Journals written by debugfs, replayed here and by e2fsck: every block of the file system must be the same.

#![expect(clippy::cast_possible_truncation, reason = "the numbers of a test are small")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::*;
use crate::bytes::ReadError;
use crate::fs::Place;

const BLOCK: usize = 1024;

/// Runs one of the tools of e2fsprogs.
fn tool(name: &str, args: &[&str], path: &Path) -> Output {
    let path_var = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    Command::new(name)
        .args(args)
        .arg(path)
        .env("PATH", path_var)
        .output()
        .unwrap_or_else(|e| panic!("cannot run {name}: {e}; install the package e2fsprogs"))
}

/// An image with a journal.
struct Lab {
    dir: tempfile::TempDir,
    image: PathBuf,
}

impl Lab {
    /// Makes a file system of 8 MiB with blocks of 1 KiB and the given features.
    fn new(features: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let image = dir.path().join("image");
        fs::File::create(&image).unwrap().set_len(8 << 20).unwrap();
        let args = ["-q", "-F", "-t", "ext4", "-b", "1024", "-J", "size=1", "-O", features];
        let output = tool("mkfs.ext4", &args, &image);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { dir, image }
    }

    /// A file of `count` blocks that each begin with `start` and are filled with `fill`.
    fn content(&self, name: &str, start: &[u8], fill: u8, count: usize) -> String {
        let mut block = vec![fill; BLOCK];
        block[..start.len()].copy_from_slice(start);
        let path = self.dir.path().join(name);
        fs::write(&path, block.repeat(count)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Lets debugfs work on the image.
    fn debugfs(&self, commands: &[&str]) -> String {
        let script = self.dir.path().join("commands");
        fs::write(&script, commands.join("\n") + "\n").unwrap();
        let output = tool("debugfs", &["-w", "-f", script.to_str().unwrap()], &self.image);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn geometry(&self) -> JournalGeometry {
        let bytes = fs::read(&self.image).unwrap();
        let record = crate::bytes::Record::new("superblock", &bytes);
        let block_size = 1024u32 << record.u32_le(1024 + 24).unwrap();
        JournalGeometry {
            block_size,
            blocks: extents(&self.debugfs(&["stat <8>"]), u64::from(block_size)),
            fs_blocks: u64::from(record.u32_le(1024 + 4).unwrap()),
            fs_uuid: record.array(1024 + 104).unwrap(),
        }
    }

    fn replay(&self) -> Replay {
        replay(&fs::read(&self.image).unwrap(), &self.geometry(), &Budget::default()).unwrap()
    }

    /// Changes a block of the journal.
    fn poke(&self, block: usize, change: impl FnOnce(&mut [u8])) {
        let geometry = self.geometry();
        let mut bytes = fs::read(&self.image).unwrap();
        let at = place(&geometry, block);
        change(&mut bytes[at..at + BLOCK]);
        fs::write(&self.image, bytes).unwrap();
    }

    /// Replays here and with e2fsck, and compares all blocks but the journal and the superblock.
    fn same_as_e2fsck(&self) -> Replay {
        let geometry = self.geometry();
        let block_size = geometry.block_size as usize;
        let replay = self.replay();
        let mut mine = fs::read(&self.image).unwrap();
        for (&block, content) in &replay.blocks {
            let at = usize::try_from(block).unwrap() * block_size;
            mine[at..at + block_size].copy_from_slice(content);
        }
        let copy = self.dir.path().join("copy");
        fs::copy(&self.image, &copy).unwrap();
        let output = tool("e2fsck", &["-y", "-E", "journal_only"], &copy);
        assert!(output.status.code().is_some_and(|code| code <= 1), "{output:?}");
        let theirs = fs::read(&copy).unwrap();
        let in_journal = |number: usize| {
            geometry.blocks.iter().any(|extent| {
                let Place::Disk(base) = extent.place else { panic!("a hole") };
                (base..base + extent.len).contains(&((number * block_size) as u64))
            })
        };
        let superblock = 1024 / block_size;
        for (number, (mine, theirs)) in mine.chunks(block_size).zip(theirs.chunks(block_size)).enumerate() {
            if number != superblock && !in_journal(number) {
                assert!(mine == theirs, "block {number} differs");
            }
        }
        replay
    }
}

fn place(geometry: &JournalGeometry, block: usize) -> usize {
    let offset = (block * BLOCK) as u64;
    let extent = geometry.blocks.iter().rfind(|extent| extent.start <= offset).unwrap();
    let Place::Disk(base) = extent.place else { panic!("a hole") };
    (base + offset - extent.start) as usize
}

/// The map of a file from debugfs' `stat`: "(0-11):40-51, (IND):52, (12):53".
fn extents(stat: &str, block_size: u64) -> Vec<Extent> {
    let list = stat.split_once("EXTENTS:").or(stat.split_once("BLOCKS:")).expect("a map").1;
    let list = list.split("TOTAL").next().unwrap();
    let run = |text: &str| -> Option<(u64, u64)> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Some((first.parse().ok()?, last.parse().ok()?))
    };
    let parts = list.split(|c: char| c == ',' || c.is_whitespace()).filter_map(|part| {
        let (logical, physical) = part.strip_prefix('(')?.split_once("):")?;
        let (logical, physical) = (run(logical)?, run(physical)?);
        Some(Extent {
            start: logical.0 * block_size,
            len: (logical.1 - logical.0 + 1) * block_size,
            place: Place::Disk(physical.0 * block_size),
        })
    });
    parts.collect()
}

fn said(replay: &Replay, words: &str) -> Loss {
    let found = replay.notes.iter().find(|note| note.text.contains(words));
    found.unwrap_or_else(|| panic!("no note says {words:?}: {:#?}", replay.notes)).loss
}

/// Three transactions: block 5000 twice, an escaped block, and one that is revoked and one that is not.
fn with_transactions(features: &str, open: &str) -> Lab {
    let lab = Lab::new(features);
    let a = lab.content("a", b"first", b'a', 3);
    let b = lab.content("b", &MAGIC.to_be_bytes(), b'b', 2);
    let c = lab.content("c", b"last", b'c', 2);
    lab.debugfs(&[
        open,
        &format!("jw -b 5000-5002 {a}"),
        &format!("jw -b 5000,6000 {b}"),
        "jw -r 5001,5002",
        &format!("jw -b 5002,6001 {c}"),
        "jc",
    ]);
    lab
}

const LAYOUTS: [(&str, &str); 6] = [
    ("^64bit,^metadata_csum", "jo"),
    ("64bit,^metadata_csum", "jo"),
    ("^64bit,metadata_csum", "jo -c -v 2"),
    ("64bit,metadata_csum", "jo -c -v 2"),
    ("^64bit,metadata_csum", "jo -c -v 3"),
    ("64bit,metadata_csum", "jo -c -v 3"),
];

#[test]
fn all_layouts_of_tags_replay_as_e2fsck_does() {
    for (features, open) in LAYOUTS {
        let lab = with_transactions(features, open);
        let replay = lab.same_as_e2fsck();
        assert_eq!(replay.transactions, 4, "{features} {open}: {:?}", replay.notes);
        assert_eq!(replay.blocks.keys().copied().collect::<Vec<_>>(), [5000, 5002, 6000, 6001]);
        assert!(replay.blocks[&6000].starts_with(&MAGIC.to_be_bytes()));
        assert!(replay.blocks[&5002].starts_with(b"last"));
        assert_eq!(said(&replay, "4 transactions, 4 blocks"), Loss::Nothing);
    }
}

#[test]
fn a_journal_in_a_file_without_extents_is_read_too() {
    let lab = with_transactions("^extent,^64bit,^metadata_csum", "jo");
    assert_eq!(lab.same_as_e2fsck().blocks.len(), 4);
}

#[test]
fn a_clean_journal_changes_nothing() {
    let replay = Lab::new("64bit").replay();
    assert_eq!((replay.blocks.len(), replay.transactions, replay.notes.len()), (0, 0, 0));
}

#[test]
fn a_transaction_without_commit_is_not_replayed() {
    let lab = Lab::new("64bit,metadata_csum");
    let a = lab.content("a", b"", b'a', 1);
    lab.debugfs(&["jo -c", &format!("jw -b 5000 {a}"), &format!("jw -b 5001 -c {a}"), "jc"]);
    let replay = lab.same_as_e2fsck();
    assert_eq!(replay.blocks.keys().copied().collect::<Vec<_>>(), [5000]);
}

#[test]
fn the_log_goes_on_at_its_start() {
    for (features, open) in [LAYOUTS[0], LAYOUTS[5]] {
        let lab = with_transactions(features, open);
        let straight = lab.replay();
        for turn in [1, 1018, 1020, 1022] {
            let geometry = lab.geometry();
            let mut bytes = fs::read(&lab.image).unwrap();
            let before = bytes.clone();
            for block in 0..1023 {
                let (from, to) = (place(&geometry, 1 + block), place(&geometry, 1 + (block + turn) % 1023));
                bytes[to..to + BLOCK].copy_from_slice(&before[from..from + BLOCK]);
            }
            fs::write(&lab.image, bytes).unwrap();
            lab.poke(0, |superblock| {
                let start = u32::from_be_bytes(superblock[0x1c..0x20].try_into().unwrap());
                let start = 1 + (start - 1 + turn as u32) % 1023;
                superblock[0x1c..0x20].copy_from_slice(&start.to_be_bytes());
                seal(superblock);
            });
            assert_eq!(lab.same_as_e2fsck().blocks, straight.blocks, "turned by {turn}");
        }
    }
}

/// Puts the right checksum into a superblock (nobody reads it where there are no checksums).
fn seal(superblock: &mut [u8]) {
    superblock[0xfc..0x100].fill(0);
    let sum = !crc32c::crc32c(&superblock[..1024]);
    superblock[0xfc..0x100].copy_from_slice(&sum.to_be_bytes());
}

/// The first block of the log of the given type and, of these, the given number.
fn find(lab: &Lab, kind: u32, nth: usize) -> usize {
    let geometry = lab.geometry();
    let bytes = fs::read(&lab.image).unwrap();
    let is_kind = |&block: &usize| {
        format::header(&bytes[place(&geometry, block)..][..BLOCK]).is_some_and(|(found, _)| found == kind)
    };
    (1..1024).filter(is_kind).nth(nth).expect("such a block")
}

#[test]
fn a_wrong_checksum_of_a_block_loses_that_block() {
    let lab = with_transactions("64bit,metadata_csum", "jo -c -v 3");
    let data = find(&lab, format::DESCRIPTOR, 2) + 1;
    lab.poke(data, |block| block[9] ^= 1);
    let replay = lab.replay();
    assert_eq!(said(&replay, "1 blocks in the journal have a wrong checksum"), Loss::File);
    assert_eq!(replay.blocks.keys().copied().collect::<Vec<_>>(), [5000, 6000, 6001]);
}

#[test]
fn a_damaged_commit_block_ends_the_replay_and_it_is_said() {
    for (kind, nth) in [(format::COMMIT, 1), (format::DESCRIPTOR, 1)] {
        let lab = with_transactions("64bit,metadata_csum", "jo -c -v 3");
        lab.poke(find(&lab, kind, nth), |block| block[200] ^= 1);
        let replay = lab.replay();
        assert_eq!(replay.transactions, 1);
        assert_eq!(said(&replay, "which was not replayed"), Loss::File);
        assert!(replay.blocks[&5000].starts_with(b"first"));
    }
}

/// CRC-32 with the highest bit first, as the kernel's `crc32_be`: bit by bit, to be independent.
fn crc32_be(seed: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(seed, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte) << 24, |sum, _| {
            sum << 1 ^ if sum >> 31 == 1 { 0x04c1_1db7 } else { 0 }
        })
    })
}

#[test]
fn the_checksum_of_version_1_covers_the_transaction() {
    let lab = with_transactions("64bit,^metadata_csum", "jo");
    lab.poke(0, |superblock| superblock[0x27] |= 1);
    let geometry = lab.geometry();
    let (from, to) = (find(&lab, format::DESCRIPTOR, 0), find(&lab, format::COMMIT, 0));
    let bytes = fs::read(&lab.image).unwrap();
    let sum =
        (from..to).fold(u32::MAX, |sum, block| crc32_be(sum, &bytes[place(&geometry, block)..][..BLOCK]));
    let stamp = |sum: u32| {
        lab.poke(to, |commit| {
            commit[12..14].copy_from_slice(&[1, 4]);
            commit[16..20].copy_from_slice(&sum.to_be_bytes());
        });
    };
    stamp(sum);
    // The other commits have type 0: no checksum.
    assert_eq!(lab.same_as_e2fsck().transactions, 4);
    stamp(sum ^ 1);
    let replay = lab.replay();
    assert_eq!((replay.transactions, replay.blocks.len()), (0, 0));
    assert_eq!(said(&replay, "do not have the checksum of its commit block"), Loss::File);
}

#[test]
fn blocks_beyond_the_file_system_are_not_replayed() {
    let lab = with_transactions("64bit,metadata_csum", "jo -c");
    let geometry = JournalGeometry { fs_blocks: 5500, ..lab.geometry() };
    let replay = replay(&fs::read(&lab.image).unwrap(), &geometry, &Budget::default()).unwrap();
    assert_eq!(replay.blocks.keys().copied().collect::<Vec<_>>(), [5000, 5002]);
    assert_eq!(said(&replay, "2 blocks in the journal belong beyond"), Loss::File);
}

#[test]
fn a_journal_over_the_limit_is_not_replayed_in_part() {
    let lab = with_transactions("64bit,metadata_csum", "jo -c");
    for metadata_bytes in [40, 2048] {
        let budget = Budget { metadata_bytes, ..Budget::default() };
        let replay = replay(&fs::read(&lab.image).unwrap(), &lab.geometry(), &budget).unwrap();
        assert_eq!(replay.blocks.len(), 0);
        assert_eq!(said(&replay, "over the limit"), Loss::Volume);
    }
}

#[test]
fn fast_commits_are_handed_on_with_their_transaction() {
    let lab = with_transactions("64bit,^metadata_csum", "jo");
    let end = lab.replay().transactions as u32;
    let mut first = 0;
    lab.poke(0, |superblock| {
        first = u32::from_be_bytes(superblock[0x18..0x1c].try_into().unwrap());
        superblock[0x2b] |= 0x20;
        superblock[0x54..0x58].copy_from_slice(&64u32.to_be_bytes());
    });
    lab.poke(1024 - 64 + 1, |block| block[..4].copy_from_slice(&[9, 0, 8, 0]));
    let replay = lab.replay();
    assert_eq!((replay.transactions, replay.blocks.len(), replay.fast_commits.len()), (4, 4, 63));
    assert_eq!(replay.fast_commits[0][..4], [9, 0, 8, 0]);
    assert_eq!(replay.next, first + end);
}

#[test]
fn a_superblock_with_impossible_numbers_is_corrupt() {
    let error = |at: usize, value: u32| {
        let lab = with_transactions("64bit,metadata_csum", "jo -c");
        lab.poke(0, |superblock| {
            superblock[at..at + 4].copy_from_slice(&value.to_be_bytes());
            seal(superblock);
        });
        replay(&fs::read(&lab.image).unwrap(), &lab.geometry(), &Budget::default()).unwrap_err().to_string()
    };
    assert!(error(0x00, 7).contains("magic"));
    assert!(error(0x0c, 4096).contains("where 1024 are expected"));
    assert!(error(0x10, 1 << 30).contains("blocks in a file of 1024"));
    assert!(error(0x14, 0).contains("the log goes from block 0"));
    assert!(error(0x1c, 1024).contains("not within"));
    assert!(error(0x28, 0x100).contains("not supported"));
    assert!(error(0x28, 0x18).contains("at once"));
    assert!(error(0x50, 0).contains("checksums of type 0"));
    let lab = with_transactions("64bit,metadata_csum", "jo -c");
    lab.poke(0, |superblock| superblock[0x18] ^= 1);
    let error = replay(&fs::read(&lab.image).unwrap(), &lab.geometry(), &Budget::default()).unwrap_err();
    assert!(error.to_string().contains("computed"), "{error}");
}

/// A source whose bytes differ from another's in a few places.
struct Poked<'a> {
    base: &'a Vec<u8>,
    pokes: Vec<(usize, u8)>,
}

impl Source for Poked<'_> {
    fn len(&self) -> u64 {
        Source::len(self.base)
    }

    fn read_exact_at(&self, offset: u64, dst: &mut [u8]) -> Result<(), ReadError> {
        self.base.read_exact_at(offset, dst)?;
        for &(at, value) in &self.pokes {
            if let Some(byte) = at.checked_sub(offset as usize).and_then(|at| dst.get_mut(at)) {
                *byte = value;
            }
        }
        Ok(())
    }
}

#[test]
fn thousands_of_damaged_journals_do_no_harm() {
    let mut state = 11u64;
    let mut below = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    };
    for (features, open) in LAYOUTS {
        let lab = with_transactions(features, open);
        let (bytes, geometry) = (fs::read(&lab.image).unwrap(), lab.geometry());
        let own: Vec<usize> = (0..16)
            .map(|block| place(&geometry, block))
            .filter(|&at| format::header(&bytes[at..at + BLOCK]).is_some())
            .collect();
        for _ in 0..1000 {
            let mut pokes: Vec<(usize, u8)> = (0..=below(4))
                .map(|_| {
                    (
                        own[below(own.len())] + if below(2) == 0 { below(96) } else { below(BLOCK) },
                        below(256) as u8,
                    )
                })
                .collect();
            let mut superblock =
                crate::bytes::read_vec(&Poked { base: &bytes, pokes: pokes.clone() }, own[0] as u64, 1024)
                    .unwrap();
            seal(&mut superblock);
            pokes.extend((0xfc..0x100).map(|at| (own[0] + at, superblock[at])));
            if let Ok(replay) = replay(&Poked { base: &bytes, pokes }, &geometry, &Budget::default()) {
                assert!(replay.blocks.len() <= 1024);
            }
        }
    }
}
