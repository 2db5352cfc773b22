//! The folder that files are written to: only new files, only beneath it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::BLOCK;
use super::manifest::Manifest;
use assay_disk::fs::Time;

/// Names that are tried for a file or folder whose own is taken.
const TRIES: u32 = 64;
/// Longest name that file systems of the host take, in bytes.
const LONGEST: usize = 255;

/// A folder of our own.
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Makes the folder; one that is there must be empty.
    pub(super) fn create(root: &Path) -> io::Result<Self> {
        match folder(root) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if std::fs::read_dir(root)?.next().is_some() {
                    return Err(io::Error::new(io::ErrorKind::AlreadyExists, "is not empty"));
                }
            }
            done => done?,
        }
        Ok(Self { root: root.to_owned() })
    }

    /// The manifest.
    pub(super) fn manifest(&self) -> io::Result<Manifest> {
        Ok(Manifest { out: BufWriter::new(new_file(&self.root.join("manifest.jsonl"))?) })
    }

    /// A new file for a path of the image, and what it is called beneath the folder.
    pub(super) fn file(&self, path: &[u8]) -> io::Result<(Vec<u8>, Output)> {
        let mut parts = path.split(|&byte| byte == b'/').filter(|part| !part.is_empty()).peekable();
        // Beside the manifest nothing of the image lies.
        let (mut name, mut place) = (b"files".to_vec(), self.root.join("files"));
        made(folder(&place), &place)?;
        while let Some(part) = parts.next() {
            let is_last = parts.peek().is_none();
            let (own, next, file) = taken_up(&place, &plain(part), is_last)?;
            name.push(b'/');
            name.extend_from_slice(&own);
            place = next;
            if let Some(file) = file {
                return Ok((name, Output { file, end: 0 }));
            }
        }
        Err(io::Error::other("a file without a name"))
    }
}

/// Makes a folder in `place`, or takes the one that is there, or makes a new file; with another name where that is taken.
fn taken_up(place: &Path, name: &[u8], is_file: bool) -> io::Result<(Vec<u8>, PathBuf, Option<File>)> {
    for number in 0..TRIES {
        let mut own = name.to_vec();
        if number > 0 {
            own.extend_from_slice(format!("~{number}").as_bytes());
        }
        let path = place.join(std::ffi::OsStr::from_bytes(&own));
        let done =
            if is_file { new_file(&path).map(Some) } else { made(folder(&path), &path).map(|()| None) };
        match done {
            Ok(file) => return Ok((own, path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "too many files of one name"))
}

fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// A folder that is there is as good as a new one, if it is a folder and no link to one.
fn made(done: io::Result<()>, path: &Path) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if std::fs::symlink_metadata(path)?.is_dir() { Ok(()) } else { Err(error) }
        }
        done => done,
    }
}

/// A new file that nobody else reads.
fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// A part of a path as a name that stands for nothing else.
fn plain(part: &[u8]) -> Vec<u8> {
    let mut name: Vec<u8> = match part {
        b"." | b".." => [b"_", part].concat(),
        part => part.to_vec(),
    };
    name.iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b'_');
    name.truncate(LONGEST.saturating_sub(4));
    std::ffi::OsString::from_vec(name).into_vec()
}

/// A file that is being written, with holes where the image has zeros.
pub(super) struct Output {
    file: File,
    end: u64,
}

impl Output {
    /// Writes what of `bytes` is not zeros; returns how many bytes that were.
    ///
    /// # Errors
    /// [`io::Error`], where the host fails, or there is no more `room`.
    pub(super) fn write_at(&mut self, at: u64, bytes: &[u8], room: &mut u64) -> io::Result<u64> {
        let mut written = 0_u64;
        let places = (0..).map(|block: u64| at.saturating_add(block.saturating_mul(BLOCK as u64)));
        for (place, block) in places.zip(bytes.chunks(BLOCK)) {
            if block.iter().all(|&byte| byte == 0) {
                continue;
            }
            let len = block.len() as u64;
            *room = room.checked_sub(len).ok_or_else(|| io::Error::other("more than the image can hold"))?;
            self.file.write_all_at(block, place)?;
            self.end = place.saturating_add(len);
            written = written.saturating_add(len);
        }
        Ok(written)
    }

    /// Gives the file its length and the time of its last change.
    pub(super) fn finish(self, len: u64, modified: Time) -> io::Result<()> {
        if self.end < len {
            self.file.set_len(len)?;
        }
        let seconds = u64::try_from(modified.seconds).ok().map(Duration::from_secs);
        if let Some(time) = seconds.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since)) {
            // Not every file system of the host can keep every time; the manifest has it.
            let _kept = self.file.set_modified(time);
        }
        Ok(())
    }
}

impl Manifest {
    /// Adds a line.
    pub(super) fn line(&mut self, entry: &super::Entry) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, &entry.view())?;
        self.out.write_all(b"\n")
    }

    /// Has all of it on the disk.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}
