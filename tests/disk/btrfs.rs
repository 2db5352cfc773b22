//! mkfs.btrfs writes a tree into images of many kinds, and the kernel wrote those of testdata/images/btrfs
//! (several devices, packed content, snapshots, a log); the reader must give back every name, attribute
//! and byte, from whatever copy is sound, and say what it cannot.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a panic here is a failed test"
)]

use std::fs;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::oracle::{assert_same, build_tree, content, free, named, run};
use assay::audit::{System, Target};
use assay::finding::Loss;
use assay_disk::budget::Budget;
use assay_disk::bytes::Source;
use assay_disk::fs::btrfs::{DRIVER, POOL};
use assay_disk::fs::{FileSystem, FsError, Node, NodeId, Place};
use tempfile::TempDir;

/// An image file of `size` made of a tree that stays beside it.
fn image(options: &[&str]) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let (tree, path) = (dir.path().join("tree"), dir.path().join("image"));
    fs::create_dir(&tree).unwrap();
    build_tree(&tree);
    fs::File::create(&path).unwrap().set_len(160 << 20).unwrap();
    let mut args = options.to_vec();
    args.extend(["-q", "-f", "-r", tree.to_str().unwrap(), path.to_str().unwrap()]);
    run("mkfs.btrfs", &args);
    (dir, path)
}

fn source(path: &Path) -> Arc<dyn Source> {
    assay_disk::image::open(path, &Default::default(), &Budget::default(), &|_| {}).unwrap().source
}

fn open(source: Arc<dyn Source>) -> Box<dyn FileSystem> {
    assert!((DRIVER.probe)(&*source));
    (DRIVER.open)(source, &Budget::default()).unwrap()
}

/// The bytes of a packed image of testdata.
fn unpacked(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/images/btrfs").join(name);
    let packed = fs::read(path.with_extension("zst")).unwrap();
    let mut bytes = Vec::new();
    zstd::stream::read::Decoder::new(&*packed).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn devices(profile: &str, count: usize) -> Vec<Arc<dyn Source>> {
    let device = |number| Arc::new(unpacked(&format!("{profile}-{number}"))) as Arc<dyn Source>;
    (1..=count).map(device).collect()
}

/// What make.sh writes.
fn lines(count: usize, tag: &str) -> Vec<u8> {
    (0..count).flat_map(|number| format!("{tag}, line {number:07}\n").into_bytes()).collect()
}

/// The content at a path below `dir`.
fn read(fs: &dyn FileSystem, path: &str) -> Vec<u8> {
    content(&mut *node(fs, path))
}

fn node<'f>(fs: &'f dyn FileSystem, path: &str) -> Box<dyn Node + 'f> {
    fs.node(find(fs, path).unwrap()).unwrap()
}

fn find(fs: &dyn FileSystem, path: &str) -> Option<NodeId> {
    path.split('/').try_fold(fs.root(), |dir, part| {
        let mut found = None;
        fs.read_dir(dir, &mut |name, id, _| {
            found = (name == part.as_bytes()).then_some(id).or(found);
            ControlFlow::Continue(())
        })
        .unwrap();
        found
    })
}

fn conforms(options: &[&str]) {
    let (dir, path) = image(options);
    let fs = open(source(&path));
    assert_same(&dir.path().join("tree"), &*fs, &format!("{options:?}"));
    assert_eq!(fs.notes(), [], "{options:?}");
    assert_eq!(free(&*fs), fs.usage().free, "{options:?}");
}

#[test]
fn every_size_of_nodes_conforms() {
    for size in ["4096", "16384", "65536"] {
        conforms(&["-n", size]);
    }
}

#[test]
fn every_checksum_conforms() {
    for checksum in ["crc32c", "xxhash", "sha256", "blake2"] {
        conforms(&["--csum", checksum]);
    }
}

#[test]
fn every_profile_of_one_device_and_every_feature_conforms() {
    conforms(&["-d", "dup", "-m", "dup"]);
    conforms(&["-d", "single", "-m", "single", "-O", "^no-holes,^extref"]);
    conforms(&["--mixed", "-n", "4096", "-O", "^skinny-metadata"]);
    conforms(&["-R", "^free-space-tree"]);
}

/// Files that lie on several devices, from all of them and from all but each.
fn several_devices(profile: &str, count: usize, may_miss: bool) {
    let all = devices(profile, count);
    let fs = (POOL.open)(&all, &Budget::default()).unwrap();
    assert_eq!(fs.notes(), [], "{profile}");
    let want = lines(40000, "striped");
    assert!(read(&*fs, "striped") == want, "{profile}");
    assert_eq!(read(&*fs, "dir/small"), b"small\n");
    let members = all.iter().map(|source| (POOL.identify)(&**source).unwrap());
    let pools: Vec<[u8; 16]> = members.map(|member| member.pool).collect();
    assert!(pools.iter().all(|pool| *pool == pools[0]));
    for missing in 0..count {
        let mut some = all.clone();
        some.remove(missing);
        match (POOL.open)(&some, &Budget::default()) {
            Ok(fs) if may_miss => {
                assert!(read(&*fs, "striped") == want, "{profile} without {missing}");
                assert!(fs.notes().iter().all(|note| note.loss == Loss::Nothing));
                assert!(fs.notes().iter().any(|note| note.text.contains("devices are there")));
            }
            Ok(fs) => assert!(fs.notes().iter().any(|note| note.loss == Loss::Volume), "{:?}", fs.notes()),
            Err(error) => assert!(!may_miss && error.to_string().contains("is missing"), "{error}"),
        }
    }
}

#[test]
fn raid_0_is_read_from_all_its_devices_only() {
    several_devices("raid0", 2, false);
}

#[test]
fn mirrors_are_read_without_any_one_device() {
    several_devices("raid1", 2, true);
    several_devices("raid1c3", 3, true);
    several_devices("raid10", 4, true);
}

#[test]
fn raid_5_and_6_are_read_without_their_parity() {
    several_devices("raid5", 3, false);
    several_devices("raid6", 4, false);
}

#[test]
fn partitions_of_one_image_that_belong_together_are_opened_together() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("image");
    let mut table = vec![0; 512];
    table[510..].copy_from_slice(&[0x55, 0xaa]);
    let mut image = Vec::new();
    for (number, start) in [(1, 2048_u32), (2, 2048 + (128 << 11))] {
        let entry = 446 + (number - 1) * 16;
        table[entry + 4] = 0x83;
        table[entry + 8..entry + 12].copy_from_slice(&start.to_le_bytes());
        table[entry + 12..entry + 16].copy_from_slice(&(128_u32 << 11).to_le_bytes());
        image.resize(start as usize * 512, 0);
        image.extend(unpacked(&format!("raid0-{number}")));
    }
    image[..512].copy_from_slice(&table);
    fs::write(&path, image).unwrap();
    let system = System::open(&Target::Image(path), &Budget::default()).unwrap();
    assert_eq!(system.gaps, []);
    let tree = &system.tree;
    let id = tree.ids().find(|&id| tree.path(id) == b"/striped").unwrap();
    assert!(tree.content(id, 1 << 30).unwrap() == lines(40000, "striped"));
    assert!(system.volumes.iter().all(|volume| volume.content == "btrfs" && volume.read));
}

#[test]
fn packed_content_comes_back_whole_and_in_parts() {
    for method in ["zlib", "lzo", "zstd"] {
        let fs = open(Arc::new(unpacked(&format!("{method}-1"))));
        let want = lines(20000, "packed");
        assert!(read(&*fs, "striped") == lines(40000, "striped"), "{method}");
        assert!(read(&*fs, "@/packed") == want, "{method}");
        assert!(read(&*fs, "@/part") == want[135_168..135_168 + 65_536], "{method}");
        assert_eq!(read(&*fs, "@/prealloc"), vec![0; 100_000]);
        assert_eq!(read(&*fs, "@/hole"), vec![0; 1 << 20]);
        assert_eq!(node(&*fs, "@/hole").extents().unwrap(), [], "a hole at the end");
        assert_eq!(node(&*fs, "@/prealloc").extents().unwrap()[0].place, Place::Unwritten);
        let attribute = (b"user.colour".to_vec(), b"red".to_vec());
        assert_eq!(node(&*fs, "@/packed").xattrs().unwrap(), [attribute]);
        assert_eq!(fs.notes(), [], "{method}");
    }
}

#[test]
fn shared_extents_have_the_same_place_and_parts_of_them_another() {
    let fs = open(Arc::new(unpacked("zstd-1")));
    let extents = |path: &str| node(&*fs, path).extents().unwrap().to_vec();
    let packed = extents("@/packed");
    assert!(packed.iter().all(|extent| matches!(extent.place, Place::Packed { .. })));
    assert_eq!(packed, extents("@/again"));
    assert_eq!(packed, extents("snapshot/packed"));
    let part = extents("@/part");
    assert!(part.iter().all(|extent| !packed.contains(extent)), "another part of the same extent");
    assert_eq!(extents("dir/small"), extents("dir/small"));
    assert_ne!(extents("@/etc/file"), extents("snapshot/etc/file"));
}

#[test]
fn subvolumes_are_known_and_a_snapshot_shows_others_as_empty_directories() {
    let fs = open(Arc::new(unpacked("zstd-1")));
    let subvolumes = fs.subvolumes();
    let paths: Vec<_> = subvolumes.iter().map(|s| String::from_utf8_lossy(&s.path).into_owned()).collect();
    assert_eq!(paths, ["", "/@", "/@/nested", "/snapshot"]);
    let flags: Vec<_> = subvolumes.iter().map(|s| (s.is_default, s.is_snapshot, s.parent)).collect();
    let want =
        [(false, false, None), (true, false, Some(5)), (false, false, Some(256)), (false, true, Some(5))];
    assert_eq!(flags, want);
    assert_eq!(read(&*fs, "@/nested/file"), b"nested\n");
    assert!(find(&*fs, "snapshot/nested").is_some());
    assert!(find(&*fs, "snapshot/nested/file").is_none());
    let root = subvolumes[1].root;
    assert_eq!(find(&*fs, "@"), Some(root));
    assert_eq!(fs.inode_number(root), 256);
}

#[test]
fn the_default_subvolume_is_the_root_and_others_keep_their_paths() {
    let data = unpacked("zstd-1");
    let target = Target::Bytes { name: "image".to_owned(), data };
    let system = System::open(&target, &Budget::default()).unwrap();
    assert_eq!(system.gaps, []);
    let tree = &system.tree;
    assert_eq!(tree.read(b"/etc/file", 100).unwrap().unwrap(), b"inside\n");
    assert_eq!(tree.read(b"/nested/file", 100).unwrap().unwrap(), b"nested\n");
    assert!(tree.ids().any(|id| tree.path(id) == b"/snapshot/etc/file"));
    let times = |path: &[u8]| tree.ids().filter(|&id| tree.path(id) == path).count();
    assert_eq!((times(b"/striped"), times(b"/nested/file"), times(b"/@/etc/file")), (1, 1, 0));
}

#[test]
fn the_log_is_replayed() {
    let fs = open(Arc::new(unpacked("crash-1")));
    let notes = fs.notes();
    assert!(notes.len() == 1 && notes[0].text.contains("the log was replayed"), "{notes:?}");
    assert_eq!(read(&*fs, "replaced"), b"new\n");
    assert!(read(&*fs, "logged") == lines(3000, "logged"));
    assert!(read(&*fs, "grown") == lines(5000, "grown"));
    assert!(read(&*fs, "dir/second") == lines(3000, "logged"));
    assert_eq!(node(&*fs, "logged").metadata().links, 2);
    assert_eq!(read(&*fs, "after"), b"moved\n");
    assert!(find(&*fs, "before").is_none() && find(&*fs, "dir/gone").is_none());
    assert_eq!(&read(&*fs, "striped")[100_000..100_006], b"middle");
    assert_eq!(node(&*fs, "replaced").xattrs().unwrap(), [(b"user.colour".to_vec(), b"red".to_vec())]);
    for path in ["logged", "grown", "striped"] {
        let mut node = node(&*fs, path);
        content(&mut *node);
        assert_eq!(node.damage(), None, "the log has the checksums of {path}");
    }
}

#[test]
fn a_lost_superblock_is_replaced_by_its_copy() {
    let (dir, path) = image(&["-L", "copied"]);
    let mut bytes = fs::read(path).unwrap();
    bytes[65536..65536 + 4096].fill(0);
    let fs = open(Arc::new(bytes.clone()));
    assert!(fs.notes().iter().any(|note| note.text.contains("its copy at 67108864 is used")));
    assert_eq!(fs.identity().label.unwrap(), b"copied");
    assert_same(&dir.path().join("tree"), &*fs, "from the copy");
    // What is left of an older file system is not taken for one.
    bytes[1080..1082].copy_from_slice(&[0x53, 0xef]);
    assert!(!(DRIVER.probe)(&bytes));
}

/// Where `wanted` lies in `bytes`.
fn places(bytes: &[u8], wanted: &[u8]) -> Vec<usize> {
    memchr::memmem::find_iter(bytes, wanted).collect()
}

#[test]
fn a_block_that_is_damaged_in_one_copy_is_read_from_the_other() {
    let (dir, path) = image(&["-m", "dup"]);
    let mut bytes = fs::read(path).unwrap();
    let copies = places(&bytes, b"a rather long name that fills the directory, number 77");
    assert!(copies.len() >= 2);
    bytes[copies[0]] ^= 1;
    let fs = open(Arc::new(bytes.clone()));
    assert_same(&dir.path().join("tree"), &*fs, "one copy");
    assert!(fs.notes().iter().any(|note| note.text.contains("in one copy")));
    for at in copies {
        bytes[at] ^= 2;
    }
    let fs = open(Arc::new(bytes));
    let result = fs.read_dir(named(&*fs, b"many"), &mut |_, _, _| ControlFlow::Continue(()));
    assert!(matches!(result, Err(FsError::Corrupt { structure: "tree block", .. })), "{result:?}");
}

#[test]
fn content_with_a_wrong_checksum_comes_from_another_copy_or_is_reported() {
    let damaged = |profile: &str| {
        let (_dir, path) = image(&["-d", profile]);
        let mut bytes = fs::read(path).unwrap();
        let start = crate::oracle::pattern(5_000_003);
        let at = places(&bytes, &start[40960..41024])[0];
        bytes[at + 5] ^= 0x40;
        let fs = open(Arc::new(bytes));
        let mut node = node(&*fs, "large");
        let same = content(&mut *node) == start;
        (same, node.damage())
    };
    assert_eq!(damaged("dup"), (true, None));
    let (same, damage) = damaged("single");
    assert!(!same && damage.unwrap().contains("1 sectors"));
}

/// Changes bytes of blocks of metadata and makes their checksums right again.
fn mutate(bytes: &mut [u8], round: u64) {
    let mut state = round.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let fsid = bytes[65536 + 32..65536 + 48].to_vec();
    let is_block = |block: &&mut [u8]| block[32..48] == fsid;
    for block in bytes.chunks_exact_mut(4096).filter(is_block) {
        if random(4) > 0 {
            continue;
        }
        for _ in 0..=random(6) {
            let at = 48 + random(4096 - 48);
            block[at] = if random(2) == 0 { block[at] ^ 1 << random(8) } else { random(256) as u8 };
        }
        let sum = crc32c::crc32c(&block[32..]);
        block[..4].copy_from_slice(&sum.to_le_bytes());
    }
}

#[test]
fn mutated_and_cut_images_never_panic() {
    for name in ["zstd-1", "lzo-1", "crash-1"] {
        let whole = unpacked(name);
        for round in 0..80 {
            let mut bytes = whole.clone();
            mutate(&mut bytes, round);
            bytes.truncate(bytes.len() >> (round % 5).saturating_sub(2));
            let Ok(fs) = (DRIVER.open)(Arc::new(bytes), &Budget::default()) else { continue };
            let _ = fs.unallocated(&mut |_| ControlFlow::Continue(()));
            for subvolume in fs.subvolumes() {
                for inode in 0..40 {
                    let id = NodeId(subvolume.root.0.wrapping_add(inode));
                    let _ = fs.read_dir(id, &mut |_, _, _| ControlFlow::Continue(()));
                    let Ok(mut node) = fs.node(id) else { continue };
                    let _ = (node.xattrs(), node.read_link(), node.extents().map(<[_]>::len));
                    let _ = (node.read_at(0, &mut [0; 5000]), node.read_at(131_000, &mut [0; 5000]));
                }
            }
        }
    }
}
