//! A file of the host, opened as the bytes of a disk.
//!
//! Read are raw images and block devices, qcow2, VMDK, VHD, VHDX, VDI, packed files, OVAs, and folders of
//! blocks; what a file is, its content says. Other containers are refused with the command that makes a raw
//! image of it: read as raw it would look like an empty disk, and an audit of it would look clean.

mod archive;
mod blocks;
mod clusters;
mod container;
pub mod digest;
mod folder;
mod opener;
mod packed;
mod qcow2;
mod raw;
mod table;
mod vdi;
mod vhd;
mod vhdx;
mod vmdk;

use std::fs::{self, FileType, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use crate::budget::Budget;
use crate::bytes::{ReadError, Source, Span};
use crate::gap::{GapKind, Loss};
use crate::text::Escaped;
use container::Format;
use folder::Folder;
use opener::Opener;

/// A disk image, opened for reading.
#[derive(Clone)]
pub struct Image {
    /// Its bytes.
    pub source: Arc<dyn Source>,
    /// The last part of its path, escaped: what a person calls it.
    pub name: String,
    /// Length of the disk in bytes.
    pub size: u64,
    /// What the file is: "raw", "qcow2", "raw in gzip", "VMDK in tar".
    pub format: String,
    /// Things to know of it, and what was lost by them.
    pub notes: Vec<Note>,
    /// Other states of the disk, and other disks, that the file holds.
    pub states: Vec<State>,
    /// Files in which the disk lies by tables of their own: whoever takes them for raw disks sees another one.
    pub files: Vec<Arc<dyn Source>>,
    /// Bytes of the file that no disk is made of: what to call them, and where they lie in which source.
    pub beside: Vec<(&'static str, Arc<dyn Source>, Vec<Span>)>,
}

/// Something to know of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Why something was lost by it, if it was.
    pub kind: GapKind,
    /// What was lost.
    pub loss: Loss,
    /// What it is, for people.
    pub text: String,
}

/// A snapshot in an image, or a second disk in an archive.
#[derive(Clone)]
pub struct State {
    /// "snapshot before-update", "disk data.vmdk".
    pub name: String,
    /// The disk as it was.
    pub source: Arc<dyn Source>,
}

/// How images are opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether an image may name files outside its own folder.
    pub outside_files: bool,
    /// Where packed images are unpacked; such a file has no name, and is gone with the program.
    pub temporary: PathBuf,
    /// Whether these first bytes of what is packed may be of a disk: the rest is unpacked only then.
    pub is_disk: fn(&Arc<dyn Source>) -> bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { outside_files: false, temporary: PathBuf::from("/tmp"), is_disk: |_| true }
    }
}

/// How far an image is unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A file of so many bytes is unpacked now.
    Begin(u64),
    /// So many bytes more of it were read.
    Advance(u64),
}

impl Image {
    /// A disk with nothing beside it.
    pub fn plain(name: String, source: Arc<dyn Source>, format: String) -> Self {
        let size = source.len();
        let (notes, states, files, beside) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { source, name, size, format, notes, states, files, beside }
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Image").field("name", &self.name).field("size", &self.size).finish_non_exhaustive()
    }
}

/// Why an image could not be opened. The messages are for the person who named the file.
#[derive(Debug, Error)]
pub enum ImageError {
    /// There is nothing at the path.
    #[error("{}: no such file", shown(.0))]
    NotFound(PathBuf),
    /// The path is a directory.
    #[error("{}: is a directory, not a disk image; to audit a mounted tree: --rootfs {}", shown(.0), shown(.0))]
    Directory(PathBuf),
    /// A pipe, a socket or a device of characters: it has no bytes at offsets.
    #[error("{}: is a {kind}; a regular file or a block device is needed", shown(.path))]
    NotADisk {
        /// The path.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// There are no bytes in it.
    #[error("{}: is empty; was it written or downloaded to its end?", shown(.0))]
    Empty(PathBuf),
    /// It may not be read by this user.
    #[error("{}: may not be read: permission denied; run as a user who may (sudo)", shown(.0))]
    Denied(PathBuf),
    /// A container that is damaged, encrypted, or needs what is not there.
    #[error("{}: {reason}", shown(.path))]
    Refused {
        /// The path.
        path: PathBuf,
        /// The format, and what is wrong.
        reason: String,
    },
    /// A container that is not read.
    #[error("{}: is {format}, which is not read; {}", shown(.path), advice(.command))]
    Unsupported {
        /// The path.
        path: PathBuf,
        /// What it is: "a qcow2 image".
        format: &'static str,
        /// What to do; FILE stands for the path.
        command: &'static str,
    },
    /// The host could not open it.
    #[error("{}: {error}", shown(.path))]
    Host {
        /// The path.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// The host could not read its first or last bytes.
    #[error("{}: {error}", shown(.path))]
    Read {
        /// The path.
        path: PathBuf,
        /// What went wrong.
        error: ReadError,
    },
}

fn advice(command: &str) -> String {
    if command == container::CHECK {
        return command.to_owned();
    }
    format!("make a raw image of it first: {command}")
}

fn shown(path: &Path) -> String {
    Escaped(path.as_os_str().as_bytes()).to_string()
}

/// Opens the image or block device at `path`, for reading only. `told` hears how far it is unpacked.
///
/// # Errors
/// [`ImageError`], where there is nothing to read. Pipes and devices of characters are refused before they
/// are opened, which could block.
pub fn open(
    path: &Path,
    options: &Options,
    budget: &Budget,
    told: &dyn Fn(Step),
) -> Result<Image, ImageError> {
    let host = |error| host_error(path, error);
    let found = fs::metadata(path).map_err(host)?.file_type();
    if found.is_dir() {
        return folder_of_blocks(path);
    }
    check_type(path, found)?;
    // Should the path change to a pipe between the look and the open, the open does not wait for a writer.
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(nonblocking).open(path).map_err(host)?;
    let metadata = file.metadata().map_err(host)?;
    check_type(path, metadata.file_type())?;
    let source = raw::RawFile::new(file).map_err(host)?;
    if source.is_empty() {
        return Err(ImageError::Empty(path.to_owned()));
    }
    let format =
        container::recognise(&source).map_err(|error| ImageError::Read { path: path.to_owned(), error })?;
    if let Some(Format::Closed { format, command }) = format {
        return Err(ImageError::Unsupported { path: path.to_owned(), format, command });
    }
    let mut opener = Opener::new(options, budget, told);
    let folder = Folder::of(path, options.outside_files);
    let disk = opener.disk(Arc::new(source), Some((metadata.dev(), metadata.ino())), folder);
    let disk = disk.map_err(|reason| ImageError::Refused { path: path.to_owned(), reason })?;
    let Opener { formats, notes, states, files, beside, .. } = opener;
    Ok(Image { notes, states, files, beside, ..image(path, disk, format_name(&formats)) })
}

fn folder_of_blocks(path: &Path) -> Result<Image, ImageError> {
    let refused = |reason| ImageError::Refused { path: path.to_owned(), reason };
    match blocks::open(path).map_err(refused)? {
        Some(blocks) => Ok(image(path, Arc::new(blocks), "blocks".to_owned())),
        None => Err(ImageError::Directory(path.to_owned())),
    }
}

fn image(path: &Path, source: Arc<dyn Source>, format: String) -> Image {
    let name = path.file_name().unwrap_or(path.as_os_str()).as_bytes();
    Image::plain(Escaped(name).to_string(), source, format)
}

/// "qcow2 in gzip": the innermost first. What is only packed is raw inside.
fn format_name(formats: &[&str]) -> String {
    let wraps = |name: &&&str| ["gzip", "xz", "zstd", "bzip2", "lz4", "tar"].contains(*name);
    let raw = formats.last().is_none_or(|last| wraps(&last)).then_some("raw");
    let names: Vec<&str> = raw.into_iter().chain(formats.iter().rev().copied()).collect();
    names.join(" in ")
}

fn host_error(path: &Path, error: io::Error) -> ImageError {
    let path = path.to_owned();
    match error.kind() {
        io::ErrorKind::NotFound => ImageError::NotFound(path),
        io::ErrorKind::PermissionDenied => ImageError::Denied(path),
        io::ErrorKind::IsADirectory => ImageError::Directory(path),
        _ => ImageError::Host { path, error },
    }
}

fn check_type(path: &Path, found: FileType) -> Result<(), ImageError> {
    let kind = match found {
        _ if found.is_file() || found.is_block_device() => return Ok(()),
        _ if found.is_dir() => return Err(ImageError::Directory(path.to_owned())),
        _ if found.is_fifo() => "named pipe",
        _ if found.is_char_device() => "character device",
        _ if found.is_socket() => "socket",
        _ => "special file",
    };
    Err(ImageError::NotADisk { path: path.to_owned(), kind })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::read_vec;
    use std::io::{Seek, SeekFrom, Write};

    fn opened(path: &Path) -> Result<Image, ImageError> {
        open(path, &Options::default(), &Budget::default(), &|_| {})
    }

    fn message(path: &Path) -> String {
        opened(path).unwrap_err().to_string()
    }

    fn message_for(content: &[u8]) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), content).unwrap();
        message(file.path())
    }

    #[test]
    fn what_is_no_disk_is_refused_with_a_reason() {
        let dir = tempfile::tempdir().unwrap();
        assert!(message(&dir.path().join("none")).ends_with("no such file"));
        assert!(message(dir.path()).contains("--rootfs"));
        assert!(message_for(b"").contains("is empty; was it written"));
        assert!(message(Path::new("/dev/null")).contains("character device"));
        let fifo = dir.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        assert!(message(&fifo).contains("named pipe"));
    }

    #[test]
    fn other_containers_are_named_with_the_way_out() {
        let at = |offset: usize, mark: &[u8], len: usize| {
            let mut bytes = vec![0; len];
            bytes[offset..offset + mark.len()].copy_from_slice(mark);
            message_for(&bytes)
        };
        assert!(at(0, b"QED\0", 4096).contains("qemu-img convert -O raw"));
        assert!(at(0, b"QFI\xfb\0\0\0\x01", 4096).contains("version 1"));
        assert!(at(0, b"PK\x03\x04", 4096).contains("unzip"));
        assert!(at(4096 - 512, b"koly", 4096).contains("DMG"));
        assert!(
            message_for(b"hello\n")
                .ends_with("is a text file, which is not read; check that this is the file meant")
        );
    }

    #[test]
    fn a_raw_image_is_read_at_offsets_and_its_holes_are_skipped() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(8 << 20).unwrap();
        file.seek(SeekFrom::Start(4 << 20)).unwrap();
        file.write_all(&[7; 4096]).unwrap();
        let image = opened(file.path()).unwrap();
        assert_eq!(image.size, 8 << 20);
        assert_eq!(read_vec(&*image.source, 4 << 20, 2).unwrap(), [7, 7]);
        assert!(read_vec(&*image.source, image.size, 1).is_err());
        // A host without sparse files may say "all data": then the first run is the whole file.
        let data = image.source.next_data(0).unwrap().unwrap();
        assert!(data == Span::new(4 << 20, 4096) || data.offset == 0, "{data:?}");
        assert_eq!(image.source.next_data(image.size).unwrap(), None);
    }

    #[test]
    fn a_format_is_named_from_the_inside_out() {
        assert_eq!(format_name(&[]), "raw");
        assert_eq!(format_name(&["gzip"]), "raw in gzip");
        assert_eq!(format_name(&["gzip", "tar", "VMDK"]), "VMDK in tar in gzip");
    }

    #[test]
    fn the_name_is_escaped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a\x1b[31m.img");
        fs::write(&path, [0; 512]).unwrap();
        assert_eq!(opened(&path).unwrap().name, "a\\u{1b}[31m.img");
    }
}
