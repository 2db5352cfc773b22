//! Old blocks on a device that is made here: a chunk of metadata and one of content.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::super::block::Pointer;
use super::super::cache::Cache;
use super::super::chunk::ChunkMap;
use super::super::data::DataChecksums;
use super::super::free::Used;
use super::super::inode::{NameRef, names_item};
use super::super::key::{Key, kind, object};
use super::super::subvolume::Subvolume;
use super::super::superblock::Superblock;
use super::super::volume::{Device, Volume};
use super::super::{Btrfs, entry};
use crate::budget::Budget;
use crate::bytes::Span;
use crate::fs::remains::{Content, Fate, Name, Proof, Remain, Version};
use crate::fs::{Extent, FileSystem, FileType, Place};

const NODE: usize = 4096;
/// Where both chunks lie, at their logical address.
const BLOCKS: usize = 1 << 20;
const CONTENT: usize = 2 << 20;
const FSID: [u8; 16] = [7; 16];

type Items = Vec<(Key, Vec<u8>)>;

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// A block with its checksum.
fn leaf(tree: u64, at: usize, generation: u64, items: &Items) -> Vec<u8> {
    let mut block = vec![0; NODE];
    put(&mut block, 32, &FSID);
    put(&mut block, 48, &(at as u64).to_le_bytes());
    put(&mut block, 80, &generation.to_le_bytes());
    put(&mut block, 88, &tree.to_le_bytes());
    put(&mut block, 96, &u32::try_from(items.len()).unwrap().to_le_bytes());
    let mut end = NODE;
    for (index, (key, data)) in items.iter().enumerate() {
        let head = 101 + index * 25;
        end -= data.len();
        put(&mut block, head, &key.object.to_le_bytes());
        block[head + 8] = key.kind;
        put(&mut block, head + 9, &key.offset.to_le_bytes());
        put(&mut block, head + 17, &u32::try_from(end - 101).unwrap().to_le_bytes());
        put(&mut block, head + 21, &u32::try_from(data.len()).unwrap().to_le_bytes());
        put(&mut block, end, data);
    }
    sealed(block)
}

fn sealed(mut block: Vec<u8>) -> Vec<u8> {
    let sum = crc32c::crc32c(&block[32..]).to_le_bytes();
    put(&mut block, 0, &sum);
    block
}

/// An inode of a regular file that was made in `generation`.
fn inode(number: u64, generation: u64, size: u64) -> (Key, Vec<u8>) {
    let mut item = vec![0; 160];
    put(&mut item, 0, &generation.to_le_bytes());
    put(&mut item, 16, &size.to_le_bytes());
    put(&mut item, 24, &size.next_multiple_of(NODE as u64).to_le_bytes());
    put(&mut item, 40, &1_u32.to_le_bytes());
    put(&mut item, 52, &0o100_644_u32.to_le_bytes());
    (Key::new(number, kind::INODE, 0), item)
}

fn name(number: u64, parent: u64, name: &str) -> (Key, Vec<u8>) {
    let name = NameRef { parent, index: 2, name: name.into() };
    (Key::new(number, kind::INODE_REF, parent), names_item([&name].into_iter()))
}

/// An extent of `disk` bytes at `logical`, which hold `len` bytes of the file, packed with `method`.
fn extent(number: u64, generation: u64, logical: usize, disk: u64, len: u64, method: u8) -> (Key, Vec<u8>) {
    let mut item = vec![0; 53];
    put(&mut item, 0, &generation.to_le_bytes());
    put(&mut item, 8, &len.to_le_bytes());
    (item[16], item[20]) = (method, 1);
    put(&mut item, 21, &(logical as u64).to_le_bytes());
    put(&mut item, 29, &disk.to_le_bytes());
    put(&mut item, 45, &len.to_le_bytes());
    (Key::new(number, kind::EXTENT_DATA, 0), item)
}

/// Checksums of the sectors of `content` at [`CONTENT`].
fn sums(content: &[u8]) -> (Key, Vec<u8>) {
    let sums = content.chunks(NODE).flat_map(|sector| crc32c::crc32c(sector).to_le_bytes()).collect();
    (Key::new(object::CSUMS, kind::EXTENT_CSUM, CONTENT as u64), sums)
}

/// A chunk of 1 MiB that lies where its address says.
fn chunk(at: usize, flags: u64) -> Vec<u8> {
    let mut item = vec![0; 80];
    put(&mut item, 0, &(1_u64 << 20).to_le_bytes());
    put(&mut item, 16, &65536_u64.to_le_bytes());
    put(&mut item, 24, &flags.to_le_bytes());
    (item[44], item[48]) = (1, 1);
    put(&mut item, 56, &(at as u64).to_le_bytes());
    item
}

/// A device of 3 MiB with old blocks one after the other, and content.
struct Disk {
    bytes: Vec<u8>,
    blocks: usize,
}

impl Disk {
    fn new(content: &[u8]) -> Self {
        let mut bytes = vec![0; 3 << 20];
        put(&mut bytes, CONTENT, content);
        Self { bytes, blocks: 0 }
    }

    fn with(mut self, tree: u64, generation: u64, items: &Items) -> Self {
        let at = BLOCKS + self.blocks * NODE;
        let block = leaf(tree, at, generation, items);
        put(&mut self.bytes, at, &block);
        self.blocks += 1;
        self
    }

    fn open(self) -> Btrfs {
        let mut head = vec![0; 4096];
        put(&mut head, 32, &FSID);
        put(&mut head, 48, &65536_u64.to_le_bytes());
        put(&mut head, 64, b"_BHRfS_M");
        (head[136], head[201]) = (1, 1);
        put(&mut head, 144, &4096_u32.to_le_bytes());
        put(&mut head, 148, &4096_u32.to_le_bytes());
        let superblock = Superblock::parse(&head, 65536).unwrap();
        let mut chunks = ChunkMap::default();
        for (at, flags) in [(BLOCKS, 4), (CONTENT, 1)] {
            chunks.add(Key::new(256, kind::CHUNK, at as u64), &chunk(at, flags)).unwrap();
        }
        let device = Device { id: 1, uuid: [0; 16], source: Arc::new(self.bytes) };
        let volume = Volume {
            superblock,
            devices: vec![device],
            chunks,
            budget: Budget::default(),
            cache: Cache::default(),
            repaired: 0.into(),
        };
        let root = Pointer { tree: 5, logical: 0, generation: 0, level: 0, first: None };
        let top = Subvolume {
            id: object::FS_TREE,
            root,
            directory: 256,
            is_snapshot: false,
            is_deleted: false,
            is_partly_dropped: false,
            place: None,
            changes: BTreeMap::new(),
            replayed: BTreeSet::new(),
        };
        Btrfs {
            volume,
            subvolumes: vec![top],
            paths: vec![Vec::new()],
            default: 5,
            extents: None,
            checksums: DataChecksums::default(),
            logged: Vec::new(),
            used: Used { all: 0, data: 0 },
            notes: Vec::new(),
        }
    }
}

const EVERYTHING: [Span; 1] = [Span::new(0, 3 << 20)];

fn found(fs: &Btrfs, free: &[Span]) -> (Vec<Version>, Vec<Name>) {
    let (mut versions, mut names) = (Vec::new(), Vec::new());
    fs.remains(free, &mut |remain| {
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

fn extents(version: &Version) -> Vec<Extent> {
    match &version.content {
        Content::Extents(extents) => extents.clone(),
        _ => panic!("no extents"),
    }
}

/// Two sectors that differ.
fn content() -> Vec<u8> {
    (0..2 * NODE).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

/// The leaf of a file of 8000 bytes, and what the tree of checksums had of it.
fn file(content: &[u8]) -> Disk {
    let file = vec![inode(257, 7, 8000), name(257, 256, "key"), extent(257, 7, CONTENT, 8192, 8192, 0)];
    let end = inode(300, 7, 0);
    Disk::new(content).with(5, 7, &[file, vec![end]].concat()).with(7, 7, &vec![sums(content)])
}

#[test]
fn a_file_whose_checksums_are_left_is_proved() {
    let (versions, names) = found(&file(&content()).open(), &EVERYTHING);
    let version = versions.iter().find(|version| version.life.number == 257).unwrap();
    assert_eq!((version.life.generation, version.proof), (7, Proof::Content));
    assert_eq!(version.fate, Fate::Deleted(None));
    assert_eq!(version.found_at, (BLOCKS + NODE - 160) as u64);
    let whole = Extent { start: 0, len: 8000, place: Place::Disk(CONTENT as u64) };
    assert_eq!(extents(version), [whole]);
    let name = names.iter().find(|name| name.name == b"key").unwrap();
    assert_eq!((name.dir, name.child, name.child_generation), (256, 257, Some(7)));
    assert_eq!(name.file_type, Some(FileType::Regular));
}

#[test]
fn a_sector_that_was_overwritten_is_lost() {
    let mut disk = file(&content());
    disk.bytes[CONTENT + NODE + 5] ^= 1;
    let (versions, _) = found(&disk.open(), &EVERYTHING);
    assert_eq!(versions[0].proof, Proof::Checked);
    let first = Extent { start: 0, len: 4096, place: Place::Disk(CONTENT as u64) };
    let second = Extent { start: 4096, len: 3904, place: Place::Lost };
    assert_eq!(extents(&versions[0]), [first, second]);
}

#[test]
fn checksums_of_another_time_prove_nothing() {
    let content = content();
    let items = vec![inode(257, 7, 8000), extent(257, 7, CONTENT, 8192, 8192, 0)];
    for generation in [6, 9] {
        let disk = Disk::new(&content).with(5, 8, &items).with(7, generation, &vec![sums(&content)]);
        assert_eq!(found(&disk.open(), &EVERYTHING).0[0].proof, Proof::Checked, "{generation}");
    }
}

#[test]
fn a_damaged_block_tells_nothing() {
    for at in [0, 33, 48, 101, 4000] {
        let mut disk = file(&content());
        disk.bytes[BLOCKS + at] ^= 1;
        let (versions, names) = found(&disk.open(), &EVERYTHING);
        assert!(versions.is_empty() && names.is_empty(), "{at}");
    }
}

#[test]
fn a_block_that_lies_elsewhere_than_it_says_tells_nothing() {
    let mut disk = file(&content());
    disk.bytes.copy_within(BLOCKS..BLOCKS + NODE, BLOCKS + 8 * NODE);
    disk.bytes[BLOCKS..BLOCKS + NODE].fill(0);
    assert!(found(&disk.open(), &EVERYTHING).0.is_empty());
}

#[test]
fn what_is_in_use_is_no_remain() {
    let fs = file(&content()).open();
    assert!(found(&fs, &[]).0.is_empty());
    // An older copy of the same state is none either.
    let items = vec![inode(257, 7, 0), inode(300, 7, 0)];
    let fs = Disk::new(&[]).with(5, 7, &items).with(5, 8, &items).open();
    let second = (BLOCKS + NODE) as u64;
    let free = [Span::new(0, second), Span::new(second + NODE as u64, 1 << 20)];
    assert!(found(&fs, &free).0.is_empty());
}

#[test]
fn the_number_of_another_life_is_another_file() {
    let old = vec![inode(257, 5, 0), name(257, 256, "old"), inode(300, 5, 0)];
    let new = vec![inode(257, 8, 0), name(257, 256, "new"), inode(300, 5, 0)];
    let (versions, names) = found(&Disk::new(&[]).with(5, 6, &old).with(5, 9, &new).open(), &EVERYTHING);
    let lives: Vec<u64> =
        versions.iter().filter(|v| v.life.number == 257).map(|version| version.life.generation).collect();
    assert_eq!(lives, [8, 5]);
    let name = |text: &str| names.iter().find(|name| name.name == text.as_bytes()).unwrap();
    assert_eq!((name("old").child_generation, name("new").child_generation), (Some(5), Some(8)));
}

#[test]
fn an_entry_of_an_old_directory_names_its_life() {
    let mut dir = inode(258, 6, 0);
    put(&mut dir.1, 52, &0o040_755_u32.to_le_bytes());
    let target = Key::new(257, kind::INODE, 0);
    let entry = (Key::new(258, kind::DIR_INDEX, 2), entry::item(target, 1, b"key"));
    let (_, names) = found(&Disk::new(&[]).with(5, 7, &vec![dir, entry]).open(), &EVERYTHING);
    assert_eq!((names[0].dir, names[0].dir_generation, names[0].child), (258, Some(6), 257));
    assert_eq!(names[0].file_type, Some(FileType::Regular));
}

#[test]
fn content_in_the_leaf_is_proved_by_it() {
    let mut item = vec![0; 21];
    put(&mut item, 8, &5_u64.to_le_bytes());
    item.extend(b"hello");
    let items = vec![inode(257, 7, 5), (Key::new(257, kind::EXTENT_DATA, 0), item)];
    let (versions, _) = found(&Disk::new(&[]).with(5, 7, &items).open(), &EVERYTHING);
    assert!(matches!(&versions[0].content, Content::Bytes(bytes) if bytes == b"hello"));
    assert_eq!(versions[0].proof, Proof::Content);
}

#[test]
fn packed_content_is_unpacked_when_it_is_read() {
    let text = b"the same line\n".repeat(585);
    let mut packed = zstd::bulk::compress(&text[..8190], 3).unwrap();
    packed.resize(NODE, 0);
    let items = vec![inode(257, 7, 8190), extent(257, 7, CONTENT, 4096, 8192, 3), inode(300, 7, 0)];
    let disk = Disk::new(&packed).with(5, 7, &items).with(7, 7, &vec![sums(&packed)]);
    let (versions, _) = found(&disk.open(), &EVERYTHING);
    let Content::Decoded { source, spans } = &versions[0].content else { panic!("not packed") };
    assert_eq!((source.len(), &spans[..]), (8190, &[Span::new(CONTENT as u64, 4096)][..]));
    let mut bytes = vec![0; 8000];
    source.read_exact_at(190, &mut bytes).unwrap();
    assert!(bytes == text[190..8190]);
    assert!(source.read_exact_at(190, &mut [0; 8001]).is_err());
    assert_eq!(versions[0].proof, Proof::Content);
}

#[test]
fn what_goes_on_in_a_leaf_that_is_gone_is_lost() {
    // The inode is the last thing in its leaf, and has more bytes than that leaf describes.
    let disk = Disk::new(&content()).with(5, 7, &vec![inode(257, 7, 8192)]);
    let (versions, _) = found(&disk.open(), &EVERYTHING);
    assert!(matches!(versions[0].content, Content::Lost));
    // In a leaf of that time it is found, but that it was that one, nobody says.
    let extent = extent(257, 7, CONTENT, 8192, 8192, 0);
    let disk = Disk::new(&content()).with(5, 8, &vec![inode(257, 7, 8192)]).with(5, 7, &vec![extent]);
    let (versions, _) = found(&disk.open(), &EVERYTHING);
    assert_eq!((extents(&versions[0]).len(), versions[0].proof), (1, Proof::Plausible));
}
