//! mkntfs, ntfscp and ntfs-3g write volumes; the reader must give back every name, stream and byte.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic here is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::oracle::tools::{Dice, have, tool};
use crate::oracle::{content, named, pattern};
use assay::finding::Loss;
use assay_disk::budget::Budget;
use assay_disk::bytes::Source;
use assay_disk::fs::ntfs::DRIVER;
use assay_disk::fs::{FileSystem, FileType, NodeId, Note, Place};
use assay_disk::system::{System, Target};
use assay_disk::tree::walk::walk;
use sha2::{Digest, Sha256};

/// Kind, size, and hash of the content or target of the link, by path; what went wrong instead.
type Seen = BTreeMap<String, Result<(FileType, u64, String), String>>;

fn unpacked() -> Vec<u8> {
    let mut image = Vec::new();
    let packed = fs::File::open("testdata/images/ntfs.img.gz").unwrap();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut image).unwrap();
    image
}

fn try_open(image: Vec<u8>) -> Result<Box<dyn FileSystem>, assay_disk::fs::FsError> {
    (DRIVER.open)(Arc::new(image), &Budget::default())
}

fn open(image: Vec<u8>) -> Box<dyn FileSystem> {
    let source: Arc<dyn Source> = Arc::new(image);
    assert!((DRIVER.probe)(&*source));
    (DRIVER.open)(source, &Budget::default()).unwrap()
}

/// Everything below `dir`; errors of directories are kept under `path/`.
fn see(fs: &dyn FileSystem, dir: NodeId, path: &str, seen: &mut Seen) {
    let mut entries = Vec::new();
    let result = fs.read_dir(dir, &mut |name, id, _| {
        entries.push((String::from_utf8_lossy(name).into_owned(), id));
        ControlFlow::Continue(())
    });
    if let Err(error) = result {
        seen.insert(format!("{path}/"), Err(error.to_string()));
    }
    for (name, id) in entries {
        let path = format!("{path}/{name}");
        let entry = look(fs, id);
        let is_new = !seen.contains_key(&path);
        let is_dir = matches!(entry, Ok((FileType::Directory, ..)));
        seen.insert(path.clone(), entry);
        if is_dir && is_new && path.len() < 2000 && id != dir {
            see(fs, id, &path, seen);
        }
    }
}

fn look(fs: &dyn FileSystem, id: NodeId) -> Result<(FileType, u64, String), String> {
    let text = |error: assay_disk::fs::FsError| error.to_string();
    let mut node = fs.node(id).map_err(text)?;
    let (kind, size) = (node.metadata().file_type, node.metadata().size);
    node.xattrs().map_err(text)?;
    let shown = match kind {
        FileType::Symlink => String::from_utf8_lossy(&node.read_link().map_err(text)?).into_owned(),
        FileType::Regular => {
            node.extents().map_err(text)?;
            // An absurd size costs no more than what is there.
            let mut bytes = Vec::new();
            let mut piece = vec![0; 99_991];
            while bytes.len() < 20_000_000 {
                match node.read_at(bytes.len() as u64, &mut piece).map_err(text)? {
                    0 => break,
                    read => bytes.extend_from_slice(&piece[..read]),
                }
            }
            Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect()
        }
        _ => String::new(),
    };
    Ok((kind, size, shown))
}

fn all(fs: &dyn FileSystem) -> Seen {
    let mut seen = Seen::new();
    see(fs, fs.root(), "", &mut seen);
    seen
}

/// What the recipe of the image wrote into it.
fn manifest() -> Seen {
    let text = fs::read_to_string("testdata/images/ntfs.txt").unwrap();
    let mut want = Seen::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let kind = match fields[1] {
            "f" => FileType::Regular,
            "d" => FileType::Directory,
            _ => FileType::Symlink,
        };
        let entry = (kind, fields[2].parse().unwrap(), fields[3].to_owned());
        want.insert(fields[0].replace("\\\\", "\\"), Ok(entry));
    }
    want
}

#[test]
fn every_entry_of_a_volume_of_windows_comes_back() {
    let fs = open(unpacked());
    let (mut want, mut have) = (manifest(), all(&*fs));
    have.retain(|path, _| !path.starts_with("/$Extend"));
    let elsewhere = have.remove("/elsewhere").unwrap().unwrap_err();
    assert!(elsewhere.contains("deduplicated"), "{elsewhere}");
    want.remove("/elsewhere");
    assert_eq!(want.keys().collect::<Vec<_>>(), have.keys().collect::<Vec<_>>());
    for path in want.keys() {
        assert!(want[path] == have[path], "{path}: {:?} {:?}", want[path], have[path]);
    }
    assert_eq!(fs.notes(), []);
    assert_eq!(fs.identity().label.unwrap(), "Größe".as_bytes());
}

#[test]
fn free_space_is_that_of_the_bitmap() {
    let fs = open(unpacked());
    let free = crate::oracle::free(&*fs);
    assert_eq!(free, fs.usage().free);
    assert!(free > 1_000_000);
}

#[test]
fn names_of_one_file_are_one_node() {
    let fs = open(unpacked());
    let id = named(&*fs, b"linked");
    assert_eq!(id, named(&*fs, b"linked under a rather long name, number 29"));
    assert_eq!(fs.node(id).unwrap().metadata().links, 31);
}

#[test]
fn compressed_files_show_what_lies_where() {
    let fs = open(unpacked());
    let seen = |wanted: &[u8]| {
        let mut id = None;
        fs.read_dir(named(&*fs, b"packed"), &mut |name, node, _| {
            id = (name == wanted).then_some(node).or(id);
            ControlFlow::Continue(())
        })
        .unwrap();
        fs.node(id.unwrap()).unwrap().extents().unwrap().iter().map(|extent| extent.place).collect::<Vec<_>>()
    };
    assert_eq!(seen(b"zeros"), [Place::Hole]);
    assert!(seen(b"text").contains(&Place::Opaque));
    assert!(seen(b"mixed").iter().any(|place| matches!(place, Place::Disk(_))));
}

#[test]
fn clusters_of_every_size_conform() {
    if !have("mkntfs", "ntfs-3g") || !have("ntfscp", "ntfs-3g") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (image, file) = (dir.path().join("image"), dir.path().join("file"));
    let (image, file) = (image.to_str().unwrap(), file.to_str().unwrap());
    for cluster in ["512", "4096", "65536", "1048576"] {
        fs::File::create(image).unwrap().set_len(64 << 20).unwrap();
        tool("mkntfs", &["-F", "-Q", "-q", "-c", cluster, image]);
        let files = [("empty", 0), ("tiny", 5), ("small", 700), ("large", 3_000_001)];
        for (name, len) in files {
            fs::write(file, pattern(len)).unwrap();
            tool("ntfscp", &["-q", image, file, name]);
        }
        tool("ntfscp", &["-q", "-N", "stream", image, file, "tiny"]);
        let fs = open(fs::read(image).unwrap());
        for (name, len) in files {
            let mut node = fs.node(named(&*fs, name.as_bytes())).unwrap();
            assert!(content(&mut *node) == pattern(len), "{name} in clusters of {cluster}");
        }
        let mut node = fs.node(named(&*fs, b"tiny:stream")).unwrap();
        assert!(content(&mut *node) == pattern(3_000_001), "the stream in clusters of {cluster}");
        assert_eq!(fs.notes(), [], "{cluster}");
        let blkid = tool("blkid", &["-p", "-o", "value", "-s", "UUID", image]);
        assert_eq!(fs.identity().uuid.as_deref(), Some(blkid.trim()));
    }
}

fn has(notes: &[Note], text: &str, loss: Loss) -> bool {
    notes.iter().any(|note| note.text.contains(text) && note.loss == loss)
}

#[test]
fn a_lost_boot_sector_is_replaced_by_its_backup() {
    let mut image = unpacked();
    image[..512].fill(0);
    let fs = open(image);
    assert!(has(&fs.notes(), "boot sector is damaged", Loss::Nothing));
    assert!(all(&*fs).contains_key("/many/entry number 299"));
}

/// Where the file table begins, in clusters of 1 KiB.
fn table_of(image: &[u8]) -> usize {
    usize::try_from(u64::from_le_bytes(image[48..56].try_into().unwrap())).unwrap() * 1024
}

#[test]
fn lost_first_records_are_replaced_by_their_copies() {
    let mut image = unpacked();
    let table = table_of(&image);
    image[table..table + 4096].fill(0);
    let fs = open(image);
    assert!(has(&fs.notes(), "$MFTMirr", Loss::Nothing), "{:?}", fs.notes());
    assert!(all(&*fs).contains_key("/many/entry number 299"));
    assert_eq!(fs.identity().label.unwrap(), "Größe".as_bytes());
}

#[test]
fn a_log_in_use_is_a_loss() {
    let mut image = unpacked();
    // The log of a volume that was closed by ntfs-3g is all ones.
    let log = image.windows(8192).position(|bytes| bytes.iter().all(|&byte| byte == 0xff)).unwrap();
    let start = log.next_multiple_of(1024);
    let mut page = vec![0; 4096];
    page[..4].copy_from_slice(b"RSTR");
    (page[4], page[6], page[17], page[24]) = (30, 9, 0x10, 64);
    image[start..start + 4096].copy_from_slice(&page);
    assert!(has(&open(image).notes(), "not replayed", Loss::Part));
}

#[test]
fn a_torn_record_is_an_error_of_its_file() {
    let good = all(&*open(unpacked()));
    let (mut torn, at) = record_of(b"turn0");
    torn[at + 510] ^= 1;
    let have = all(&*open(torn));
    assert!(have["/turn0"].as_ref().unwrap_err().contains("from another time"));
    assert_eq!(have.len(), good.len());
}

/// The volume, and where the record of an entry of its root lies.
fn record_of(name: &[u8]) -> (Vec<u8>, usize) {
    let image = unpacked();
    let fs = open(image.clone());
    let number = u32::try_from(named(&*fs, name).0).unwrap();
    // A record knows its number.
    let at = (0..image.len() - 1024)
        .step_by(512)
        .find(|&at| image[at..at + 4] == *b"FILE" && image[at + 44..at + 48] == number.to_le_bytes());
    (image, at.unwrap())
}

#[test]
fn an_encrypted_file_is_said_to_be() {
    let (mut image, at) = record_of(b"turn1");
    let mut attribute = at + usize::from(image[at + 20]);
    while image[attribute] != 0x80 {
        attribute += usize::from(image[attribute + 4]);
    }
    image[attribute + 13] |= 0x40;
    let have = all(&*open(image));
    assert!(have["/turn1"].as_ref().unwrap_err().contains("encrypted (EFS)"));
}

#[test]
fn the_volume_of_windows_is_the_root() {
    let target = Target::Bytes { name: "image".into(), data: unpacked() };
    let system = System::open(&target, &Budget::default()).unwrap();
    assert_eq!(system.volumes[0].mount.as_deref(), Some(&b"/"[..]));
    assert_eq!(system.volumes[0].mount_source, Some("holds /Windows"));
    // A junction is followed inside the image.
    let (path, _) = system.tree.lookup(b"/junction/Administrator/note.txt:large").unwrap();
    assert_eq!(path, b"/Users/Administrator/note.txt:large");
}

#[test]
fn a_torn_block_of_a_directory_is_an_error_of_the_directory() {
    let mut image = unpacked();
    let at = image.windows(4).position(|bytes| bytes == b"INDX").unwrap();
    image[at + 1022] ^= 1;
    let have = all(&*open(image));
    assert!(have.iter().any(|(path, entry)| path.ends_with('/') && entry.is_err()));
}

/// Paths of what a walk finds with their nodes, and what it says is missing.
fn walked(image: Vec<u8>) -> (Vec<(String, NodeId)>, Vec<String>) {
    let walk = walk(&*open(image), &Budget::default());
    let path = |index: usize| {
        let mut path = Vec::new();
        walk.push_path(u32::try_from(index).unwrap(), &mut path);
        (String::from_utf8_lossy(&path).into_owned(), walk.entries[index].node)
    };
    let paths = (0..walk.entries.len()).map(path).collect();
    (paths, walk.gaps.iter().map(|gap| gap.reason.clone()).collect())
}

#[test]
fn all_files_of_a_sound_volume_have_names() {
    let (paths, gaps) = walked(unpacked());
    assert!(!paths.iter().any(|(path, _)| path.contains("<inode")), "{paths:?}");
    assert_eq!(gaps, Vec::<String>::new());
}

#[test]
fn files_that_a_torn_directory_named_are_found_without_their_names() {
    let (whole, _) = walked(unpacked());
    let mut image = unpacked();
    let blocks = (0..image.len()).step_by(512).filter(|&at| image[at..at + 4] == *b"INDX");
    for at in blocks.collect::<Vec<_>>() {
        image[at + 510] ^= 1;
    }
    let (torn, gaps) = walked(image);
    let nodes: BTreeSet<u64> = torn.iter().map(|(_, node)| node.0).collect();
    let lost: Vec<_> = whole.iter().filter(|(_, node)| !nodes.contains(&node.0)).collect();
    // The volume's own directory; what is in it comes back.
    assert!(lost.iter().all(|(path, _)| path == "/$Extend"), "{lost:?}");
    assert!(torn.iter().filter(|(path, _)| path.contains("<inode")).count() > 300);
    assert!(gaps.iter().any(|gap| gap.contains("no directory that could be read names it")));
}

#[test]
fn a_record_in_use_that_cannot_be_read_and_has_no_name_is_said() {
    let (mut image, at) = record_of(b"turn0");
    // Neither its record nor a directory is left.
    image[at + 510] ^= 1;
    for at in (0..image.len()).step_by(512).filter(|&at| image[at..at + 4] == *b"INDX").collect::<Vec<_>>() {
        image[at + 510] ^= 1;
    }
    let (_, gaps) = walked(image);
    assert!(gaps.iter().any(|gap| gap.contains("not all files without a name")), "{gaps:?}");
}

#[test]
fn flipped_and_cut_volumes_never_panic_and_structures_never_lie_in_silence() {
    let (whole, good) = (unpacked(), all(&*open(unpacked())));
    let structures: Vec<usize> = (0..whole.len())
        .step_by(512)
        .filter(|&at| [&b"FILE"[..], b"INDX"].contains(&&whole[at..at + 4]))
        .collect();
    let mut dice = Dice(11);
    let (mut silent, mut renamed) = (0, 0);
    for round in 0..200 {
        let mut image = whole.clone();
        for _ in 0..if round % 3 == 0 { 20 } else { 1 } {
            let at = structures[dice.below(structures.len())] + dice.below(1024);
            image[at] ^= 1 << dice.below(8);
        }
        if round % 8 == 0 {
            image.truncate(dice.below(whole.len()));
        }
        let Ok(fs) = try_open(image) else { continue };
        let have = all(&*fs);
        let _ = fs.unallocated(&mut |_| ControlFlow::Continue(()));
        let told = have.values().any(Result::is_err) || !fs.notes().is_empty();
        silent += usize::from(!told && have.len() < good.len());
        renamed += usize::from(!told && have.keys().ne(good.keys()));
    }
    assert_eq!(silent, 0, "volumes lost entries in silence");
    // A flipped letter of a name is a name like another: NTFS has no checksums.
    assert!(renamed < 24, "{renamed}");
}
