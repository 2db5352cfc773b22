//! mkfs.fat and mtools write a tree into volumes of many kinds; the reader must give back every name and byte.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a panic here is a failed test")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::oracle::tools::{Dice, have, tool};
use crate::oracle::{content, named, pattern};
use assay::finding::Loss;
use assay_disk::budget::Budget;
use assay_disk::bytes::Source;
use assay_disk::fs::fat::DRIVER;
use assay_disk::fs::{FileSystem, FileType, NodeId, exfat};
use assay_disk::system::{System, Target};

/// Whether it is a directory, its time, and its content, by path.
type Tree = BTreeMap<String, (bool, i64, Vec<u8>)>;

fn tools_are_there() -> bool {
    have("mkfs.fat", "dosfstools") && have("mcopy", "mtools")
}

/// Writes a tree that FAT can hold below `root`.
fn build(root: &Path) {
    let write = |name: &str, content: &[u8]| {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        // FAT keeps even seconds.
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000 + content.len() as u64 * 2);
        fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    };
    write("EFI/BOOT/BOOTX64.EFI", &pattern(200_001));
    write("EFI/debian/grub.cfg", b"search.fs_uuid\n");
    write("empty", b"");
    write("one", b"1");
    write("cluster", &pattern(512));
    write("lower.txt", b"in lower case");
    write("Mixed Case and blanks.text", b"long");
    write("größe 日本.txt", b"wide");
    write(&format!("{}.end", "n".repeat(240)), b"a long name");
    write("a.b.c.d", b"dots");
    write("d/e/e/p/e/r/than/most/directories/are/file", b"deep");
    for number in 0..300 {
        write(&format!("many/entry number {number}"), format!("{number}").as_bytes());
    }
}

fn expected(root: &Path, dir: &Path, tree: &mut Tree) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            tree.insert(name, (true, 0, Vec::new()));
            expected(root, &path, tree);
        } else {
            let modified = fs::metadata(&path).unwrap().modified().unwrap();
            let seconds = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
            tree.insert(name, (false, i64::try_from(seconds).unwrap(), fs::read(&path).unwrap()));
        }
    }
}

fn found(fs: &dyn FileSystem, dir: NodeId, path: &str, tree: &mut Tree) {
    let mut entries = Vec::new();
    fs.read_dir(dir, &mut |name, id, _| {
        entries.push((String::from_utf8(name.to_vec()).unwrap(), id));
        ControlFlow::Continue(())
    })
    .unwrap();
    for (name, id) in entries {
        let path = format!("{path}{name}");
        let mut node = fs.node(id).unwrap();
        if node.metadata().file_type == FileType::Directory {
            tree.insert(path.clone(), (true, 0, Vec::new()));
            found(fs, id, &format!("{path}/"), tree);
        } else {
            let seconds = node.metadata().modified.seconds;
            tree.insert(path, (false, seconds, content(&mut *node)));
        }
    }
}

/// A volume of `size` MiB with the tree, made with `options` of mkfs.fat.
fn volume(options: &[&str], size: u64) -> (Vec<u8>, Tree) {
    let dir = tempfile::tempdir().unwrap();
    let (tree, image) = (dir.path().join("tree"), dir.path().join("image"));
    build(&tree);
    fs::File::create(&image).unwrap().set_len(size << 20).unwrap();
    let image = image.to_str().unwrap();
    tool("mkfs.fat", &[options, &["-n", "LABEL", "-i", "1234ABCD", image]].concat());
    for entry in fs::read_dir(&tree).unwrap() {
        tool("mcopy", &["-s", "-m", "-i", image, entry.unwrap().path().to_str().unwrap(), "::"]);
    }
    let mut want = Tree::new();
    expected(&tree, &tree, &mut want);
    (fs::read(image).unwrap(), want)
}

fn open(image: Vec<u8>) -> Box<dyn FileSystem> {
    let source: Arc<dyn Source> = Arc::new(image);
    assert!((DRIVER.probe)(&*source));
    (DRIVER.open)(source, &Budget::default()).unwrap()
}

fn assert_same(fs: &dyn FileSystem, want: &Tree, what: &str) {
    let mut have = Tree::new();
    found(fs, fs.root(), "", &mut have);
    let other: Vec<_> = want.keys().filter(|path| !have.contains_key(*path)).collect();
    assert!(other.is_empty() && want.len() == have.len(), "{what}: {other:?} missing, {} more", have.len());
    for (path, entry) in want {
        assert!(have[path] == *entry, "{what}: {path}");
    }
}

#[test]
fn volumes_of_every_width_and_cluster_conform() {
    if !tools_are_there() {
        return;
    }
    let kinds: [(&[&str], u64); 7] = [
        (&["-F", "12", "-s", "4"], 5),
        (&["-F", "16"], 20),
        (&["-F", "16", "-s", "16", "-f", "1"], 48),
        (&["-F", "32", "-s", "1"], 40),
        (&["-F", "32", "-s", "8", "-f", "3"], 300),
        (&["-F", "32", "-S", "4096"], 300),
        (&["-F", "16", "-s", "4", "-r", "1024", "-R", "9"], 16),
    ];
    for (options, size) in kinds {
        let (image, want) = volume(options, size);
        let fs = open(image);
        assert_same(&*fs, &want, &format!("{options:?}"));
        assert_eq!(fs.notes(), [], "{options:?}");
        let identity = fs.identity();
        assert_eq!((identity.uuid.as_deref(), identity.label), (Some("1234-ABCD"), Some(b"LABEL".to_vec())));
        assert_eq!(crate::oracle::free(&*fs), fs.usage().free, "{options:?}");
    }
}

#[test]
fn files_in_pieces_conform() {
    if !tools_are_there() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (image, file) = (dir.path().join("image"), dir.path().join("file"));
    let (image, path) = (image.to_str().unwrap(), file.to_str().unwrap());
    fs::File::create(image).unwrap().set_len(2 << 20).unwrap();
    tool("mkfs.fat", &["-F", "12", "-s", "1", "-r", "512", image]);
    // The gaps that every other small file leaves take the large one.
    for number in 0..160 {
        fs::write(&file, pattern(1500)).unwrap();
        tool("mcopy", &["-i", image, path, &format!("::small{number}")]);
    }
    for number in (0..160).step_by(2) {
        tool("mdel", &["-i", image, &format!("::small{number}")]);
    }
    let free = open(fs::read(image).unwrap()).usage().free;
    let large = pattern(usize::try_from(free).unwrap() - 10_000);
    fs::write(&file, &large).unwrap();
    tool("mcopy", &["-i", image, path, "::large"]);
    let fs = open(fs::read(image).unwrap());
    let mut node = fs.node(named(&*fs, b"large")).unwrap();
    assert!(node.extents().unwrap().len() > 50);
    assert!(content(&mut *node) == large);
    assert_eq!(fs.notes(), []);
}

#[test]
fn an_efi_system_partition_is_found_in_its_disk() {
    if !tools_are_there() || !have("sgdisk", "gdisk") {
        return;
    }
    let (esp, want) = volume(&["-F", "32"], 40);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("disk");
    let mut disk = vec![0; 1 << 20];
    disk.extend(esp);
    disk.resize(44 << 20, 0);
    fs::write(&path, disk).unwrap();
    tool("sgdisk", &["-n", "1:2048:+40M", "-t", "1:ef00", path.to_str().unwrap()]);
    let system = System::open(&Target::Image(path), &Budget::default()).unwrap();
    assert_eq!(system.gaps.iter().map(|gap| gap.reason.clone()).collect::<Vec<_>>(), Vec::<String>::new());
    assert_eq!(system.volumes[0].content, "vfat");
    assert_eq!(system.volumes[0].entries, want.len() as u64 + 1);
}

/// A small volume, where its first FAT lies, and how long that is; both copies lie side by side.
fn small() -> (Vec<u8>, usize, usize) {
    let (image, _) = volume(&["-F", "16", "-s", "1", "-r", "512"], 5);
    let word = |at: usize| usize::from(u16::from_le_bytes([image[at], image[at + 1]]));
    let (start, len) = (word(14) * word(11), word(22) * word(11));
    (image, start, len)
}

/// Everything that is said of an image when all of it is read: notes of losses, and errors.
fn told(fs: &dyn FileSystem) -> Vec<String> {
    let losses = fs.notes().into_iter().filter(|note| note.loss != Loss::Nothing);
    let mut told: Vec<String> = losses.map(|note| note.text).collect();
    let mut todo = vec![(fs.root(), 0)];
    let mut read = 0;
    while let Some((dir, depth)) = todo.pop() {
        let mut entries = Vec::new();
        let result = fs.read_dir(dir, &mut |_, id, _| {
            entries.push(id);
            ControlFlow::Continue(())
        });
        told.extend(result.err().map(|error| error.to_string()));
        for id in entries {
            read += 1;
            let mut node = match fs.node(id) {
                Ok(node) => node,
                Err(error) => {
                    told.push(error.to_string());
                    continue;
                }
            };
            if node.metadata().file_type == FileType::Directory && depth < 20 && read < 20_000 {
                todo.push((id, depth + 1));
            }
            told.extend(node.extents().err().map(|error| error.to_string()));
            told.extend(node.read_at(0, &mut [0; 4096]).err().map(|error| error.to_string()));
        }
    }
    told
}

#[test]
fn a_link_changed_in_both_copies_of_the_fat_is_told() {
    if !tools_are_there() {
        return;
    }
    let (whole, start, len) = small();
    assert_eq!(told(&*open(whole.clone())), Vec::<String>::new());
    let used: Vec<usize> =
        (4..len).step_by(2).filter(|at| whole[start + at..start + at + 2] != [0, 0]).collect();
    let mut dice = Dice(3);
    for round in 0..300 {
        let at = used[dice.below(used.len())];
        // Free, bad, a circle, somewhere.
        let value: u16 = match round % 4 {
            0 => 0,
            1 => 0xfff7,
            2 => u16::try_from(at / 2).unwrap(),
            _ => u16::try_from(dice.below(9000) + 2).unwrap(),
        };
        let mut image = whole.clone();
        if image[start + at..start + at + 2] == value.to_le_bytes() {
            continue;
        }
        for copy in [start, start + len] {
            image[copy + at..copy + at + 2].copy_from_slice(&value.to_le_bytes());
        }
        assert_ne!(told(&*open(image)), Vec::<String>::new(), "entry {} is {value:#x}", at / 2);
    }
}

#[test]
fn clusters_of_no_file_are_told() {
    if !tools_are_there() {
        return;
    }
    let (mut image, start, len) = small();
    let free = (4..len).step_by(2).find(|at| image[start + at..start + at + 2] == [0, 0]).unwrap();
    for copy in [start, start + len] {
        image[copy + free..copy + free + 2].fill(0xff);
    }
    let told = told(&*open(image));
    assert!(
        told.iter().any(|text| text.starts_with("1 clusters") && text.contains("by no file")),
        "{told:?}"
    );
}

#[test]
fn a_first_fat_that_is_lost_is_replaced_by_the_second() {
    if !tools_are_there() {
        return;
    }
    let (mut image, start, len) = small();
    image[start..start + len].fill(0);
    let fs = open(image);
    let mut tree = Tree::new();
    found(&*fs, fs.root(), "", &mut tree);
    assert_eq!(tree["EFI/BOOT/BOOTX64.EFI"].2, pattern(200_001));
    assert!(fs.notes().iter().any(|note| note.text.contains("copies of the FAT differ")));
}

#[test]
fn a_lost_boot_sector_of_fat32_is_replaced_by_its_backup() {
    if !tools_are_there() {
        return;
    }
    let (mut image, want) = volume(&["-F", "32", "-s", "1"], 40);
    image[..512].fill(0);
    let fs = open(image);
    assert_same(&*fs, &want, "backup");
    assert!(fs.notes().iter().any(|note| note.text.contains("its backup is used")));
}

#[test]
fn a_directory_that_holds_itself_ends() {
    if !tools_are_there() {
        return;
    }
    let (mut image, ..) = small();
    let entry = image.windows(11).position(|bytes| bytes == b"DEBIAN     ").unwrap();
    let above = image.windows(11).position(|bytes| bytes == b"EFI        ").unwrap();
    let cluster = [image[above + 26], image[above + 27]];
    image[entry + 26..entry + 28].copy_from_slice(&cluster);
    let told = told(&*open(image.clone()));
    assert!(told.iter().any(|text| text.contains("belongs to another file as well")), "{told:?}");
    let target = Target::Bytes { name: "image".into(), data: image };
    let system = System::open(&target, &Budget::default()).unwrap();
    assert!(system.gaps.iter().any(|gap| gap.reason.contains("loop")), "{:?}", system.gaps);
}

#[test]
fn files_that_all_share_one_chain_end_the_volume() {
    if !tools_are_there() {
        return;
    }
    let (mut image, ..) = small();
    let file = image.windows(11).position(|bytes| bytes == b"BOOTX64 EFI").unwrap();
    let content = image[file + 20..file + 32].to_vec();
    let names = (0..image.len() - 32).step_by(32).filter(|&at| {
        let long = image[at + 11] & 0x0f == 0x0f;
        !long && (image[at..at + 2] == *b"EN" || image[at..at + 2] == *b"E~")
    });
    for at in names.collect::<Vec<_>>() {
        image[at + 20..at + 32].copy_from_slice(&content);
    }
    let error = (DRIVER.open)(Arc::new(image), &Budget::default()).err().unwrap();
    assert!(error.to_string().contains("share its"), "{error}");
}

#[test]
fn absurd_boot_sectors_are_errors_and_cut_volumes_say_so() {
    if !tools_are_there() {
        return;
    }
    let (whole, ..) = small();
    for at in 11..64 {
        for value in [0, 1, 0x7f, 0xff] {
            let mut image = whole.clone();
            image[at] = value;
            if let Ok(fs) = (DRIVER.open)(Arc::new(image), &Budget::default()) {
                told(&*fs);
            }
        }
    }
    for shift in 1..8 {
        let cut = whole[..whole.len() >> shift].to_vec();
        assert_ne!(told(&*open(cut)), Vec::<String>::new(), "{shift}");
    }
}

#[test]
fn flipped_volumes_never_panic() {
    if !tools_are_there() {
        return;
    }
    let (whole, ..) = small();
    let mut dice = Dice(5);
    for _ in 0..200 {
        let mut image = whole.clone();
        for _ in 0..200 {
            let at = dice.below(image.len() / 2);
            image[at] ^= 1 << dice.below(8);
        }
        if let Ok(fs) = (DRIVER.open)(Arc::new(image), &Budget::default()) {
            told(&*fs);
        }
    }
}

#[test]
fn an_empty_exfat_volume_opens_and_its_damage_is_told() {
    if !have("mkfs.exfat", "exfatprogs") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("image");
    fs::File::create(&path).unwrap().set_len(8 << 20).unwrap();
    tool("mkfs.exfat", &["-L", "größe", path.to_str().unwrap()]);
    let image = fs::read(&path).unwrap();
    let open = |image: Vec<u8>| (exfat::DRIVER.open)(Arc::new(image), &Budget::default());
    let fs = open(image.clone()).unwrap();
    assert_eq!(fs.identity().label.as_deref(), Some("größe".as_bytes()));
    assert_eq!(fs.notes(), []);
    assert!(fs.usage().free > 1 << 20);
    let mut first = image.clone();
    first[..512].fill(0);
    assert!((exfat::DRIVER.probe)(&first));
    assert!(open(first).unwrap().notes().iter().any(|note| note.text.contains("backup")));
    let mut both = image;
    both[20] ^= 1;
    both[12 * 512 + 20] ^= 1;
    assert!(open(both).err().unwrap().to_string().contains("checksum"));
}

/// What the crate fatfs reads below `dir`; times are left out.
fn viewed(dir: &fatfs::Dir<'_, Cursor<Vec<u8>>>, path: &str, tree: &mut Tree) {
    for entry in dir.iter().map(Result::unwrap) {
        let name = entry.file_name();
        if name == "." || name == ".." {
            continue;
        }
        let path = format!("{path}{name}");
        if entry.is_dir() {
            tree.insert(path.clone(), (true, 0, Vec::new()));
            viewed(&entry.to_dir(), &format!("{path}/"), tree);
        } else {
            let mut content = Vec::new();
            entry.to_file().read_to_end(&mut content).unwrap();
            tree.insert(path, (false, 0, content));
        }
    }
}

#[test]
fn the_crate_fatfs_sees_the_same() {
    if !tools_are_there() {
        return;
    }
    for (bits, size) in [("12", 8), ("16", 32), ("32", 64)] {
        let (image, _) = volume(&["-F", bits], size);
        let (mut own, mut other) = (Tree::new(), Tree::new());
        let fs = open(image.clone());
        found(&*fs, fs.root(), "", &mut own);
        own.values_mut().for_each(|(_, time, _)| *time = 0);
        let disk = fatfs::FileSystem::new(Cursor::new(image), fatfs::FsOptions::new()).unwrap();
        viewed(&disk.root_dir(), "", &mut other);
        assert!(own == other && own.len() > 300, "FAT{bits}: {} and {} entries", own.len(), other.len());
    }
}
