//! What an image file is, recognised by content: a name says nothing.

use super::packed::Codec;
use crate::bytes::{ReadError, Source, read_vec};

/// A format other than raw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Qcow2,
    Vmdk,
    Vhd,
    Vhdx,
    Vdi,
    /// A tar archive, perhaps an OVA.
    Tar,
    Packed(Codec),
    /// Known, and not read.
    Closed {
        /// With its article: "a QED image".
        format: &'static str,
        /// What to do; FILE stands for the image.
        command: &'static str,
    },
}

impl Format {
    /// Its name in reports.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Qcow2 => "qcow2",
            Self::Vmdk => "VMDK",
            Self::Vhd => "VHD",
            Self::Vhdx => "VHDX",
            Self::Vdi => "VDI",
            Self::Tar => "tar",
            Self::Packed(codec) => codec.name(),
            Self::Closed { format, .. } => format,
        }
    }

    /// Whether tables in the file say where the disk lies in it, so that the file as it stands is another disk.
    pub(super) const fn has_tables(self) -> bool {
        matches!(self, Self::Qcow2 | Self::Vmdk | Self::Vhdx | Self::Vdi)
    }

    /// Whether it is a disk, or may hold one.
    pub(super) const fn is_disk(self) -> bool {
        !matches!(self, Self::Closed { .. } | Self::Tar)
    }
}

/// What to do where no command makes an image of it.
pub(super) const CHECK: &str = "check that this is the file meant";
const QEMU: &str = "qemu-img convert -O raw FILE FILE.raw";

const fn closed(format: &'static str, command: &'static str) -> Format {
    Format::Closed { format, command }
}

/// Offset of the mark, the mark, what it is.
const MARKS: &[(usize, &[u8], Format)] = &[
    (0, b"QFI\xfb\0\0\0\x01", closed("a qcow image of version 1", QEMU)),
    (0, b"QFI\xfb", Format::Qcow2),
    (0, b"QED\0", closed("a QED image", QEMU)),
    (0, b"KDMV", Format::Vmdk),
    (0, b"COWD", closed("a VMDK image of an old ESX server", QEMU)),
    (0, b"\xbe\xba\xfe\xca\0\0\0\0", closed("a VMDK image in SE sparse form", QEMU)),
    (0, b"# Disk DescriptorFile", Format::Vmdk),
    (0, b"vhdxfile", Format::Vhdx),
    (0, b"conectix", Format::Vhd),
    (64, b"\x7f\x10\xda\xbe", Format::Vdi),
    (0, b"WithoutFreeSpace", closed("a Parallels image", QEMU)),
    (0, b"WithouFreSpacExt", closed("a Parallels image", QEMU)),
    (0, b"EVF\x09\x0d\x0a\xff\x00", closed("an EnCase image", "ewfexport -f raw -t FILE.raw FILE")),
    (0, b"\x8b\x66\x95\x72\xe2\x25\x5c\xbd", closed("a dump of btrfs-image", "btrfs-image -r FILE FILE.raw")),
    (0, b"sprs\0\0\0", closed("an Apple sparse disk image", "hdiutil convert FILE -format UDTO -o FILE.raw")),
    (0, b"SQLite format 3\0", closed("a SQLite database", CHECK)),
    (0, b"\x1f\x8b", Format::Packed(Codec::Gzip)),
    (0, b"\xfd7zXZ\0", Format::Packed(Codec::Xz)),
    (0, b"\x28\xb5\x2f\xfd", Format::Packed(Codec::Zstd)),
    (0, b"BZh", Format::Packed(Codec::Bzip2)),
    (0, b"\x04\x22\x4d\x18", Format::Packed(Codec::Lz4)),
    (0, b"\x02\x21\x4c\x18", closed("an lz4 file of the old kind", "lz4 -d FILE")),
    (0, b"7z\xbc\xaf\x27\x1c", closed("a 7z archive", "7z x FILE")),
    (0, b"PK\x03\x04", closed("a zip archive", "unzip FILE")),
    (257, b"ustar", Format::Tar),
];

/// Marks of the last 512 bytes.
const TAIL_MARKS: &[(&[u8], Format)] = &[
    (b"conectix", Format::Vhd),
    (b"koly", closed("an Apple disk image (DMG)", "qemu-img convert -f dmg -O raw FILE FILE.raw")),
];

const HEAD: u64 = 4096;
const TAIL: u64 = 512;

/// What `source` is; `None` for what may be a raw image.
pub(super) fn recognise(source: &dyn Source) -> Result<Option<Format>, ReadError> {
    let head = piece(source, 0, HEAD)?;
    let tail = piece(source, source.len().saturating_sub(TAIL), TAIL)?;
    Ok(by_head(&head).or_else(|| by_tail(&tail)).or_else(|| by_text(&head)))
}

fn piece(source: &dyn Source, offset: u64, wanted: u64) -> Result<Vec<u8>, ReadError> {
    let len = source.len().saturating_sub(offset).min(wanted);
    read_vec(source, offset, usize::try_from(len).unwrap_or_default())
}

fn by_head(head: &[u8]) -> Option<Format> {
    // pzstd and others begin with a frame that may be skipped; what follows it is the mark.
    let skippable =
        |head: &[u8]| head.get(1..4) == Some(b"\x2a\x4d\x18") && head.first().is_some_and(|b| b >> 4 == 5);
    if skippable(head) {
        return Some(Format::Packed(Codec::Zstd));
    }
    let mark =
        MARKS.iter().find(|(offset, mark, _)| head.get(*offset..).is_some_and(|rest| rest.starts_with(mark)));
    mark.map(|&(.., format)| format)
}

fn by_tail(tail: &[u8]) -> Option<Format> {
    TAIL_MARKS.iter().find(|(mark, _)| tail.starts_with(mark)).map(|&(_, format)| format)
}

/// No disk starts with 4 KiB of text, but a file given by mistake does: a page, a log, a list.
fn by_text(head: &[u8]) -> Option<Format> {
    let text = head.iter().all(|&byte| byte >= b' ' && byte != 0x7f || b"\t\r\n\x0c".contains(&byte))
        && head.utf8_chunks().map(|chunk| chunk.invalid().len()).sum::<usize>() < 4;
    text.then_some(closed("a text file", CHECK))
}
