//! xorriso writes a tree as a disc with Rock Ridge, with Joliet and with neither; the reader must give it back.

#![expect(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a panic here is a failed test")]

use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use crate::oracle::tools::have;
use crate::oracle::{Files, assert_same, build_tree, content, expected, found, named, pattern, run};
use assay::finding::Loss;
use assay_disk::budget::Budget;
use assay_disk::bytes::Source;
use assay_disk::fs::iso9660::DRIVER;
use assay_disk::fs::{FileSystem, FileType, FsError, NodeId};

struct Lab {
    dir: tempfile::TempDir,
}

impl Lab {
    fn new() -> Option<Self> {
        if !have("xorriso", "xorriso") {
            return None;
        }
        let lab = Self { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(lab.tree()).unwrap();
        Some(lab)
    }

    /// With a tree of odd files.
    fn odd() -> Option<Self> {
        let lab = Self::new()?;
        build_tree(&lab.tree());
        // Rock Ridge keeps the parts of a target, not the slash at its end.
        let link = lab.tree().join("link-long");
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(format!("/{}end", "long/../".repeat(100)), link).unwrap();
        Some(lab)
    }

    /// With a tree of plain names.
    fn plain() -> Option<Self> {
        let lab = Self::new()?;
        fs::create_dir_all(lab.tree().join("boot/grub")).unwrap();
        for (name, size) in [("readme.txt", 100), ("boot/vmlinuz", 70_000), ("boot/grub/grub.cfg", 2048)] {
            fs::write(lab.tree().join(name), pattern(size)).unwrap();
        }
        fs::write(lab.tree().join("empty"), b"").unwrap();
        Some(lab)
    }

    fn tree(&self) -> PathBuf {
        self.dir.path().join("tree")
    }

    fn disc(&self, options: &[&str]) -> Vec<u8> {
        let image = self.dir.path().join("image");
        let mut args = vec!["-hardlinks", "on", "-as", "mkisofs", "-quiet", "-o", image.to_str().unwrap()];
        args.extend(options);
        let tree = self.tree();
        args.push(tree.to_str().unwrap());
        run("xorriso", &args);
        fs::read(image).unwrap()
    }
}

fn open(image: Vec<u8>) -> Box<dyn FileSystem> {
    let source: Arc<dyn Source> = Arc::new(image);
    assert!((DRIVER.probe)(&*source));
    (DRIVER.open)(source, &Budget::default()).unwrap()
}

/// Names and contents, which a disc without Rock Ridge keeps.
fn names_and_contents(files: &Files) -> Vec<(Vec<u8>, Vec<u8>)> {
    files.iter().map(|(name, file)| (name.clone(), file.content.clone())).collect()
}

fn assert_same_content(lab: &Lab, fs: &dyn FileSystem) {
    let (mut want, mut have) = (Files::new(), Files::new());
    expected(&lab.tree(), &lab.tree(), &mut want);
    found(fs, fs.root(), b"", &mut have);
    assert!(names_and_contents(&want) == names_and_contents(&have), "{:?}", have.keys());
}

#[test]
fn rock_ridge_conforms() {
    let Some(lab) = Lab::odd() else { return };
    for options in [&["-R"][..], &["-R", "-J", "-joliet-long"], &["-R", "-iso-level", "3"]] {
        let fs = open(lab.disc(options));
        assert_same(&lab.tree(), &*fs, &format!("{options:?}"));
        assert_eq!(fs.notes(), [], "{options:?}");
    }
}

#[test]
fn directories_that_were_moved_are_where_they_belong() {
    let Some(lab) = Lab::new() else { return };
    fs::create_dir_all(lab.tree().join("1/2/3/4/5/6/7/8/9/10")).unwrap();
    fs::write(lab.tree().join("1/2/3/4/5/6/7/8/9/10/deep"), b"down here").unwrap();
    let image = lab.disc(&["-R", "-rr_reloc_dir", "moved"]);
    assert!(image.windows(4).any(|bytes| bytes == b"CL\x0c\x01"), "nothing was moved");
    let fs = open(image);
    let mut have = Files::new();
    found(&*fs, fs.root(), b"", &mut have);
    assert_eq!(have[&b"1/2/3/4/5/6/7/8/9/10/deep"[..]].content, b"down here");
}

#[test]
fn joliet_names_count_where_there_is_no_rock_ridge() {
    let Some(lab) = Lab::plain() else { return };
    fs::write(lab.tree().join("Äpfel und Birnen.txt"), b"fruit").unwrap();
    fs::write(lab.tree().join("a name that is longer than eight and three.conf"), b"long").unwrap();
    assert_same_content(
        &lab,
        &*open(lab.disc(&["--norock", "-J", "-joliet-long", "-input-charset", "utf-8"])),
    );
}

#[test]
fn plain_names_count_where_there_is_nothing_else() {
    let Some(lab) = Lab::plain() else { return };
    assert_same_content(&lab, &*open(lab.disc(&["--norock", "-iso-level", "2"])));
}

#[test]
fn a_disc_that_boots_says_so() {
    let Some(lab) = Lab::plain() else { return };
    fs::write(lab.tree().join("boot.bin"), pattern(2048)).unwrap();
    let fs = open(lab.disc(&["-R", "-V", "LIVE", "-b", "boot.bin", "-no-emul-boot", "-boot-load-size", "4"]));
    assert_eq!(fs.identity().label.as_deref(), Some(&b"LIVE"[..]));
    assert!(fs.notes().iter().any(|note| note.text.contains("El Torito") && note.loss == Loss::Nothing));
}

#[test]
fn a_file_of_several_parts_is_read_as_one() {
    let Some(lab) = Lab::plain() else { return };
    let mut image = lab.disc(&["-R"]);
    let fs = open(image.clone());
    let id = named(&*fs, b"readme.txt").0 as usize;
    let len = usize::from(image[id]);
    // The record twice: its first part goes on in the second.
    let record = image[id..id + len].to_vec();
    let sector_end = id.next_multiple_of(2048);
    let rest = image[id..sector_end - len].to_vec();
    image[id + len..sector_end].copy_from_slice(&rest);
    image[id..id + len].copy_from_slice(&record);
    image[id + 25] |= 0x80;
    let fs = open(image);
    let twice = [pattern(100), pattern(100)].concat();
    assert!(content(&mut *fs.node(named(&*fs, b"readme.txt")).unwrap()) == twice);
}

#[test]
fn a_udf_file_system_beside_it_is_a_loss() {
    let Some(lab) = Lab::plain() else { return };
    let mut image = lab.disc(&["-R"]);
    let end = (16..).find(|sector| image[sector * 2048] == 255).unwrap() * 2048;
    image[end + 2048..end + 2054].copy_from_slice(b"\0BEA01");
    image[end + 4096..end + 4102].copy_from_slice(b"\0NSR02");
    let source: Arc<dyn Source> = Arc::new(image);
    let Ok(fs) = (DRIVER.open)(source, &Budget::default()) else { return };
    assert!(fs.notes().iter().any(|note| note.loss == Loss::Volume), "{:?}", fs.notes());
}

#[test]
fn a_cut_disc_lists_its_files_and_says_which_end_too_early() {
    let Some(lab) = Lab::odd() else { return };
    let mut image = lab.disc(&["-R"]);
    let fs = open(image.clone());
    let place = fs.node(named(&*fs, b"large")).unwrap().first_place().unwrap() as usize;
    image.truncate(place + 3_000_000);
    let fs = open(image);
    assert!(fs.notes().iter().any(|note| note.loss == Loss::Part));
    let mut node = fs.node(named(&*fs, b"large")).unwrap();
    let mut piece = vec![0; 4_000_000];
    assert_eq!(node.read_at(0, &mut piece).unwrap(), 3_000_000);
    assert!(matches!(node.read_at(3_000_000, &mut piece), Err(FsError::Read(_))));
}

#[test]
fn flipped_and_cut_discs_never_panic() {
    let Some(lab) = Lab::odd() else { return };
    for options in [&["-R", "-J", "-joliet-long"][..], &["--norock"]] {
        let whole = lab.disc(options);
        let mut state = 1_u64;
        for round in 0..100 {
            let mut bytes = whole.clone();
            for _ in 0..200 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round);
                let at = 0x8000 + (state >> 33) as usize % 400_000;
                bytes[at] ^= 1 << (state >> 61);
            }
            if round % 4 == 0 {
                bytes.truncate(whole.len() >> (round % 5));
            }
            // The marks stay, or nothing else is tried.
            let mark = bytes.len().min(0x8006)..bytes.len().min(0x8800);
            bytes[mark.clone()].copy_from_slice(&whole[mark]);
            let Ok(fs) = (DRIVER.open)(Arc::new(bytes), &Budget::default()) else { continue };
            visit(&*fs, fs.root(), 0);
        }
    }
}

fn visit(fs: &dyn FileSystem, dir: NodeId, depth: u32) {
    let mut entries = Vec::new();
    let _ = fs.read_dir(dir, &mut |_, id, kind| {
        entries.push((id, kind));
        ControlFlow::Continue(())
    });
    for (id, kind) in entries {
        let Ok(mut node) = fs.node(id) else { continue };
        let is_dir = node.metadata().file_type == FileType::Directory;
        assert!(kind.is_none() || is_dir);
        let _ = (node.xattrs(), node.read_link(), node.first_place());
        let _ = (node.read_at(0, &mut [0; 9000]), node.extents().map(<[_]>::len));
        if is_dir && depth < 4 {
            visit(fs, id, depth + 1);
        }
    }
}
