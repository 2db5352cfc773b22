//! What XFS leaves of deleted files, in records made by hand.

use std::ops::ControlFlow;

use super::*;
use crate::bytes::{ReadError, check_bounds};
use crate::fs::remains::{Content, Version};
use crate::fs::xfs::checksum;
use crate::fs::xfs::superblock::{Superblock, tests::golden};
use crate::fs::{Extent, FileType, Place};

/// Group 0, block 5: inodes 80 to 95.
const FILE: u64 = 82;
/// Of the directory block in the log, and of free blocks.
const DIRECTORY: u64 = 200;
const FREE: u64 = 300;
/// Where the log is: block 100 of group 1, 16 blocks.
const LOG: u64 = 5100 * 4096;

/// A volume of zeros but for some parts.
struct Sparse(Vec<(u64, Vec<u8>)>);

impl Source for Sparse {
    fn len(&self) -> u64 {
        19_990 * 4096
    }

    fn read_exact_at(&self, offset: u64, dst: &mut [u8]) -> Result<(), ReadError> {
        check_bounds(offset, dst.len(), self.len())?;
        dst.fill(0);
        for (place, part) in &self.0 {
            for (at, &byte) in (*place..).zip(part) {
                let index = at.checked_sub(offset).and_then(|index| usize::try_from(index).ok());
                if let Some(to) = index.and_then(|index| dst.get_mut(index)) {
                    *to = byte;
                }
            }
        }
        Ok(())
    }
}

fn superblock(version: u8) -> Vec<u8> {
    let mut bytes = golden();
    bytes[32..48].fill(7);
    bytes[48..56].copy_from_slice(&(1_u64 << 13 | 100).to_be_bytes());
    bytes[96..100].copy_from_slice(&16_u32.to_be_bytes());
    bytes[101] = 0xA0 | version;
    bytes
}

fn found(version: u8, parts: Vec<(u64, Vec<u8>)>, free: &[Span]) -> Vec<Remain> {
    let first = superblock(version);
    let parsed = Superblock::read(&first, 0).unwrap();
    let source: Arc<dyn Source> = Arc::new(Sparse([vec![(0, first)], parts].concat()));
    let volume = Volume::new(Arc::clone(&source), parsed, &Budget::default());
    let mut found = Vec::new();
    let done = collect(&volume, &source, free, &mut |remain| {
        found.push(remain);
        ControlFlow::Continue(())
    });
    assert!(done.is_err(), "no group has a header");
    found
}

fn versions(found: &[Remain]) -> Vec<&Version> {
    let mut versions = Vec::new();
    for remain in found {
        if let Remain::Version(version) = remain {
            versions.push(version);
        }
    }
    versions
}

fn names(found: &[Remain]) -> Vec<(u64, u64, Option<u64>, String, Proof)> {
    let name = |remain: &Remain| {
        let Remain::Name(name) = remain else { return None };
        let text = String::from_utf8(name.name.clone()).unwrap();
        Some((name.dir, name.child, name.child_generation, text, name.proof))
    };
    found.iter().filter_map(name).collect()
}

/// An inode of version 2 with one extent: two blocks from block 900 on.
fn inode(mode: u16, generation: u32, size: u64) -> Vec<u8> {
    let mut bytes = vec![0; 256];
    bytes[..2].copy_from_slice(b"IN");
    bytes[2..4].copy_from_slice(&mode.to_be_bytes());
    bytes[4..6].copy_from_slice(&[2, 2]);
    bytes[16..20].copy_from_slice(&u32::from(mode > 0).to_be_bytes());
    bytes[48..52].copy_from_slice(&1_700_000_000_u32.to_be_bytes());
    bytes[56..64].copy_from_slice(&size.to_be_bytes());
    bytes[71] = if size > 0 { 2 } else { 0 };
    bytes[79] = u8::from(size > 0);
    bytes[92..96].copy_from_slice(&generation.to_be_bytes());
    bytes[100..116].copy_from_slice(&(900_u128 << 21 | 2).to_be_bytes());
    bytes
}

/// The item that logs that inode: its numbers in the order of bytes of the machine.
fn inode_item(inode: &[u8]) -> Vec<Vec<u8>> {
    let mut format = vec![0; 56];
    format[..8].copy_from_slice(&[0x3B, 0x12, 3, 0, 5, 0, 0, 0]);
    format[16..24].copy_from_slice(&FILE.to_le_bytes());
    format[40..48].copy_from_slice(&40_u64.to_le_bytes());
    let mut core = inode[..100].to_vec();
    for (offset, len) in [(0, 2), (2, 2), (16, 4), (48, 4), (56, 8), (64, 8), (76, 4), (92, 4)] {
        core[offset..offset + len].reverse();
    }
    vec![format, core, inode[100..116].to_vec()]
}

/// A directory block of version 4 with the entries `.`, `..` and `gone`.
fn directory() -> Vec<u8> {
    let mut block = vec![0; 4096];
    block[..4].copy_from_slice(b"XD2D");
    for (at, number, name) in [(16, 90, &b"."[..]), (32, 128, b".."), (48, FILE, b"gone")] {
        block[at..at + 8].copy_from_slice(&u64::to_be_bytes(number));
        block[at + 8] = u8::try_from(name.len()).unwrap();
        block[at + 9..at + 9 + name.len()].copy_from_slice(name);
        block[at + 15] = u8::try_from(at).unwrap();
    }
    block[64..68].copy_from_slice(&[0xFF, 0xFF, 0x0F, 0xC0]);
    block
}

fn directory_item(map: u32, piece: &[u8]) -> Vec<Vec<u8>> {
    let mut format = vec![0x3C, 0x12, 2, 0, 0, 0x50, 8, 0];
    format.extend((DIRECTORY * 8).to_le_bytes());
    format.extend(1_u32.to_le_bytes());
    format.extend(map.to_le_bytes());
    vec![format, piece.to_vec()]
}

/// A record at `block` of the log, with one transaction, as old kernels write it: without a checksum.
fn record(block: u64, items: &[Vec<Vec<u8>>]) -> Vec<u8> {
    let mut data = Vec::new();
    let mut count = 0_u32;
    let mut operation = |flags: u8, region: &[u8]| {
        data.extend([0, 0, 0, 9]);
        data.extend(u32::try_from(region.len()).unwrap().to_be_bytes());
        data.extend([0x69, flags, 0, 0]);
        data.extend(region);
        count += 1;
    };
    operation(1, b"");
    operation(0, b"NART\x28\0\0\0\0\0\0\0\x01\0\0\0");
    items.iter().flatten().for_each(|region| operation(0, region));
    operation(2, b"");
    data.resize(data.len().next_multiple_of(512), 0);
    let mut header = vec![0; 512];
    header[..12].copy_from_slice(&[0xFE, 0xED, 0xBA, 0xBE, 0, 0, 0, 1, 0, 0, 0, 2]);
    header[12..16].copy_from_slice(&u32::try_from(data.len()).unwrap().to_be_bytes());
    header[16..24].copy_from_slice(&(1 << 32 | block).to_be_bytes());
    header[40..44].copy_from_slice(&count.to_be_bytes());
    header[300..320].fill(7);
    header[300..304].copy_from_slice(&[0, 0, 0, 1]);
    for (index, block) in data.chunks_exact_mut(512).enumerate() {
        header[44 + index * 4..48 + index * 4].copy_from_slice(&block[..4]);
        block[..4].copy_from_slice(&1_u32.to_be_bytes());
    }
    [header, data].concat()
}

/// A file is made in a directory, then deleted; the first record is `damaged` before that.
fn log(damaged: fn(&mut Vec<u8>)) -> Vec<u8> {
    let (made, freed) = (inode(0x81A4, 5, 5000), inode(0, 6, 0));
    let mut after = directory();
    after[48..52].copy_from_slice(&[0xFF, 0xFF, 0x0F, 0xD0]);
    let mut log = record(0, &[inode_item(&made), directory_item(u32::MAX, &directory())]);
    let next = log.len() as u64 / 512;
    damaged(&mut log);
    log.extend(record(next, &[directory_item(1, &after[..128]), inode_item(&freed)]));
    log
}

#[test]
fn the_log_has_a_deleted_file_with_its_size_its_name_and_the_time() {
    let found = found(4, vec![(LOG, log(|_| {}))], &[]);
    let versions = versions(&found);
    assert_eq!(versions.len(), 1);
    assert_eq!(versions[0].life, Life { number: FILE, generation: 5 });
    assert_eq!((versions[0].metadata.size, versions[0].metadata.mode), (5000, 0o644));
    let Content::Extents(extents) = &versions[0].content else { panic!("no extents") };
    assert_eq!(*extents, [Extent { start: 0, len: 5000, place: Place::Disk(900 * 4096) }]);
    let time = Time { seconds: 1_700_000_000, nanoseconds: 0 };
    assert_eq!((versions[0].fate, versions[0].proof), (Fate::Deleted(Some(time)), Proof::Plausible));
    assert_eq!(names(&found), [(90, FILE, Some(5), "gone".into(), Proof::Plausible)]);
    assert!(found.iter().any(|remain| matches!(remain, Remain::KnownSince(order) if *order == 1 << 32)));
    let used = Span::new(DIRECTORY * 4096, 4096);
    assert!(found.iter().any(|remain| matches!(remain, Remain::Used { span, .. } if *span == used)));
}

#[test]
fn a_record_that_was_written_over_ends_what_is_known() {
    let found = found(4, vec![(LOG, log(|first| first[1024] ^= 1))], &[]);
    assert_eq!(versions(&found).len(), 0, "only the end of the file is known");
    let since = |remain: &Remain| if let Remain::KnownSince(order) = remain { Some(*order) } else { None };
    assert!(found.iter().find_map(since).unwrap() > 1 << 32);
}

#[test]
fn no_damage_of_the_log_is_more_than_a_loss() {
    for at in (0..2000).step_by(3) {
        let mut log = log(|_| {});
        log[at] ^= 0x85;
        found(4, vec![(LOG, log)], &[]);
    }
}

#[test]
fn free_space_has_inodes_as_they_were_written_last() {
    let span = Span::new(FREE * 4096, 8192);
    let mut block = vec![0; 4096];
    block[512..768].copy_from_slice(&inode(0x81A4, 5, 5000));
    block[..256].copy_from_slice(&inode(0, 6, 0));
    let found = found(4, vec![(span.offset, block)], &[span]);
    let [freed, whole] = versions(&found)[..] else { panic!("two inodes") };
    assert_eq!(whole.life, Life { number: (FREE << 4) + 2, generation: 5 });
    assert_eq!((whole.metadata.size, whole.fate), (5000, Fate::Deleted(None)));
    assert_eq!(freed.life, Life { number: FREE << 4, generation: 5 }, "the life before it was freed");
    assert_eq!((freed.metadata.size, freed.metadata.file_type), (8192, FileType::Regular));
}

#[test]
fn a_free_block_of_a_directory_names_its_files() {
    let span = Span::new(FREE * 4096, 4096);
    let found = found(4, vec![(span.offset, directory())], &[span]);
    let expected = [("..".to_owned(), 128), ("gone".to_owned(), FILE)];
    let names: Vec<_> =
        names(&found).into_iter().map(|(dir, child, _, name, _)| (dir, name, child)).collect();
    assert_eq!(names, expected.map(|(name, child)| (90, name, child)));
}

#[test]
fn a_free_block_of_version_5_proves_its_names_with_its_checksum_and_its_place() {
    let span = Span::new(FREE * 4096, 4096);
    let mut block = vec![0; 4096];
    block[..4].copy_from_slice(b"XDD3");
    block[8..16].copy_from_slice(&(FREE * 8).to_be_bytes());
    block[23] = 9;
    block[24..40].fill(7);
    block[40..48].copy_from_slice(&90_u64.to_be_bytes());
    block[64..72].copy_from_slice(&FILE.to_be_bytes());
    block[72..77].copy_from_slice(b"\x04gone");
    block[79] = 64;
    checksum::renew(&mut block, checksum::DIRECTORY);
    let proof = |block: &[u8]| {
        let found = found(5, vec![(span.offset, block.to_vec())], &[span]);
        names(&found).first().map(|name| name.4)
    };
    assert_eq!(proof(&block), Some(Proof::Checked));
    block[4095] ^= 1;
    assert_eq!(proof(&block), Some(Proof::Plausible));
    block[15] ^= 1;
    assert_eq!(proof(&block), None, "it was copied from elsewhere");
}
