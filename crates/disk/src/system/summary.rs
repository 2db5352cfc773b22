//! What an opened image is made of, in the words of a report.

use super::Ledger;
use crate::bytes::Span;
use crate::fs::{Area, Usage};
use crate::tree::occupancy::Occupied;

/// What was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// File name or directory, as given.
    pub name: String,
    /// What the file is: "raw", "qcow2", "raw in gzip", "directory".
    pub format: String,
    /// Bytes of the disk in it; 0 for a mounted tree.
    pub size: u64,
    /// "GPT", "MBR", "no partition table", "directory".
    pub layout: String,
    /// Bytes of a sector, where a partition table says it.
    pub sector: u32,
}

/// What free space holds, in bytes; the rest of it is zeros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FreeSpace {
    /// Content of deleted files that came back.
    pub recovered: u64,
    /// Other bytes, searched as they are.
    pub written: u64,
}

/// One partition or volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumeSummary {
    /// Number in the partition table.
    pub partition: Option<u32>,
    /// What is made of partitions: "LV vg/root", "md 0".
    pub name: Option<String>,
    /// First byte in the image.
    pub offset: u64,
    /// Length in bytes.
    pub size: u64,
    /// Where its bytes lie in the image; empty where that is not simple.
    pub places: Vec<Span>,
    /// What it holds: "ext4", "vfat", "xfs", "empty", "unknown".
    pub content: String,
    /// What the partition table says it is for: "EFI system partition".
    pub purpose: Option<String>,
    /// Label of the file system.
    pub label: Option<Vec<u8>>,
    /// UUID of the file system.
    pub uuid: Option<String>,
    /// Where it is mounted in the running machine.
    pub mount: Option<Vec<u8>>,
    /// Why it is thought to be mounted there: "fstab", "last mounted there", "partition type", "label".
    pub mount_source: Option<&'static str>,
    /// Bytes of it that are not in the image, which is cut short.
    pub missing: u64,
    /// How its file system uses its bytes.
    pub usage: Usage,
    /// How much of it the files take.
    pub occupied: Occupied,
    /// What the rest that is in use is for, in bytes: each of it that is not zeros is searched as it stands.
    pub areas: Vec<(Area, u64)>,
    /// After the end of the file system (or from the start, where none was opened): zeros, and other bytes,
    /// which are searched as they are.
    pub beyond: (u64, u64),
    /// What all its bytes are.
    pub ledger: Ledger,
    /// Entries found in it.
    pub entries: u64,
    /// Whether its files were looked at.
    pub read: bool,
    /// Where other volumes are made of it: bytes of it that none uses.
    pub unclaimed: Option<u64>,
    /// Bytes of other volumes that its file system lies on, too.
    pub pooled: u64,
    /// What its free space holds; none where that was not looked at.
    pub free: Option<FreeSpace>,
    /// Whether its bytes are those of a file or of a file system of another volume, and counted there.
    pub inside: bool,
}
