//! Containers that are not raw images, recognised by content: a name says nothing.

use crate::bytes::{ReadError, Source, read_vec};

/// A container, and the way to a raw image.
pub(super) struct Container {
    /// With its article: "a qcow2 image".
    pub(super) format: &'static str,
    /// The command; FILE stands for the image.
    pub(super) command: &'static str,
}

const QEMU: &str = "qemu-img convert -O raw FILE FILE.raw";

/// Offset of the mark, the mark, what it is, what to do.
const MARKS: &[(usize, &[u8], &str, &str)] = &[
    (0, b"QFI\xfb", "a qcow2 image", QEMU),
    (0, b"QED\0", "a QED image", QEMU),
    (0, b"KDMV", "a VMDK image", QEMU),
    (0, b"COWD", "a VMDK image", QEMU),
    (0, b"# Disk DescriptorFile", "a VMDK descriptor", QEMU),
    (0, b"vhdxfile", "a VHDX image", QEMU),
    (0, b"conectix", "a VHD image", "qemu-img convert -f vpc -O raw FILE FILE.raw"),
    (64, b"\x7f\x10\xda\xbe", "a VDI image", QEMU),
    (0, b"WithoutFreeSpace", "a Parallels image", QEMU),
    (0, b"WithouFreSpacExt", "a Parallels image", QEMU),
    (0, b"EVF\x09\x0d\x0a\xff\x00", "an EnCase image", "ewfexport -f raw -t FILE.raw FILE"),
    (0, b"\x1f\x8b", "a gzip file", "gunzip --keep FILE"),
    (0, b"\xfd7zXZ\0", "an xz file", "unxz --keep FILE"),
    (0, b"\x28\xb5\x2f\xfd", "a zstd file", "zstd -d FILE"),
    (0, b"BZh", "a bzip2 file", "bunzip2 --keep FILE"),
    (0, b"\x04\x22\x4d\x18", "an lz4 file", "lz4 -d FILE"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", "7z x FILE"),
    (0, b"PK\x03\x04", "a zip archive", "unzip FILE"),
    (257, b"ustar", "a tar archive (or OVA)", "tar -xf FILE, then convert the disk found inside"),
];

/// Marks of the last 512 bytes.
const TAIL_MARKS: &[(&[u8], &str, &str)] = &[
    (b"conectix", "a VHD image", "qemu-img convert -f vpc -O raw FILE FILE.raw"),
    (b"koly", "an Apple disk image (DMG)", "qemu-img convert -f dmg -O raw FILE FILE.raw"),
];

const HEAD: u64 = 4096;
const TAIL: u64 = 512;

/// The container that `source` is; `None` for what may be a raw image.
pub(super) fn recognise(source: &dyn Source) -> Result<Option<Container>, ReadError> {
    let head = piece(source, 0, HEAD)?;
    let tail = piece(source, source.len().saturating_sub(TAIL), TAIL)?;
    Ok(by_head(&head).or_else(|| by_tail(&tail)).or_else(|| by_text(&head)))
}

fn piece(source: &dyn Source, offset: u64, wanted: u64) -> Result<Vec<u8>, ReadError> {
    let len = source.len().saturating_sub(offset).min(wanted);
    read_vec(source, offset, usize::try_from(len).unwrap_or_default())
}

fn by_head(head: &[u8]) -> Option<Container> {
    MARKS
        .iter()
        .find(|(offset, mark, ..)| head.get(*offset..).is_some_and(|rest| rest.starts_with(mark)))
        .map(|&(_, _, format, command)| Container { format, command })
}

fn by_tail(tail: &[u8]) -> Option<Container> {
    TAIL_MARKS
        .iter()
        .find(|(mark, ..)| tail.starts_with(mark))
        .map(|&(_, format, command)| Container { format, command })
}

/// No disk starts with 4 KiB of text, but a file given by mistake does: a page, a log, a list.
fn by_text(head: &[u8]) -> Option<Container> {
    let text = head.iter().all(|&byte| byte >= b' ' && byte != 0x7f || b"\t\r\n\x0c".contains(&byte))
        && head.utf8_chunks().map(|chunk| chunk.invalid().len()).sum::<usize>() < 4;
    text.then_some(Container { format: "a text file", command: "check that this is the file meant" })
}
