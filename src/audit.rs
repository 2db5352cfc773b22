//! The audit: an image in, a report out. One pass over every file.

use std::path::PathBuf;

use crate::budget::Budget;
use crate::finding::{Finding, Gap, Loss};
use crate::tree::Tree;

/// stub
#[derive(Clone, Debug)]
pub enum Target {
    /// stub
    Image(PathBuf),
    /// stub
    Rootfs(PathBuf),
    /// stub
    Bytes {
        /// stub
        name: String,
        /// stub
        data: Vec<u8>,
    },
}
/// stub
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// stub
    #[error("{0}: no partition table and no file system that is known: is it a disk image?")]
    Nothing(String),
}
/// stub
pub struct System {
    /// stub
    pub subject: Subject,
    /// stub
    pub volumes: Vec<VolumeSummary>,
    /// stub
    pub tree: Tree,
    /// stub
    pub gaps: Vec<Gap>,
    /// stub
    pub notes: Vec<(String, String)>,
}
impl System {
    /// stub
    pub fn open(target: &Target, _: &Budget) -> Result<Self, AuditError> {
        Err(AuditError::Nothing(match target {
            Target::Image(path) | Target::Rootfs(path) => path.display().to_string(),
            Target::Bytes { name, .. } => name.clone(),
        }))
    }
}
/// stub
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// stub
    pub budget: Budget,
    /// stub
    pub jobs: usize,
}
/// stub
pub fn run(target: &Target, settings: &Settings, _: &dyn Progress) -> Result<Report, AuditError> {
    let system = System::open(target, &settings.budget)?;
    Ok(Report { subject: system.subject, ..Report::default() })
}

/// What the audit saw and found; the same image gives the same report, whatever the number of threads.
#[derive(Debug, Default)]
pub struct Report {
    /// What was audited.
    pub subject: Subject,
    /// Every partition or volume, in the order of the disk.
    pub volumes: Vec<VolumeSummary>,
    /// `PRETTY_NAME` of os-release, if there is one.
    pub system: Option<String>,
    /// Sorted: worst first, then by path, line and rule.
    pub findings: Vec<Finding>,
    /// Sorted by place.
    pub gaps: Vec<Gap>,
    /// Things to know where nothing was lost: (where, what).
    pub notes: Vec<(String, String)>,
    /// How much was looked at.
    pub coverage: Coverage,
}

/// What was audited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// File name or directory, as given.
    pub name: String,
    /// Bytes of the image; 0 for a mounted tree.
    pub size: u64,
    /// "GPT", "MBR", "no partition table", "directory".
    pub layout: String,
    /// Bytes of a sector, where a partition table says it.
    pub sector: u32,
}

/// One partition or volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumeSummary {
    /// Number in the partition table.
    pub partition: Option<u32>,
    /// First byte in the image.
    pub offset: u64,
    /// Length in bytes.
    pub size: u64,
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
    /// Bytes that belong to no file and no structure.
    pub free: u64,
    /// Entries found in it.
    pub entries: u64,
    /// Whether its files were looked at.
    pub read: bool,
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Entries of all file systems: files, directories, links, …
    pub entries: u64,
    /// Regular files.
    pub files: u64,
    /// Regular files read to their end.
    pub files_read: u64,
    /// Bytes of file content searched, each once.
    pub bytes_searched: u64,
    /// Members of archives looked into.
    pub members: u64,
    /// Bytes unpacked from archives and searched.
    pub bytes_unpacked: u64,
    /// Files that are bit for bit what the image's own package database says, in which matches of
    /// public example values were left out.
    pub packaged_matches_dropped: u64,
    /// Findings over the limit per rule and file, counted only.
    pub findings_dropped: u64,
}

impl Report {
    /// Gaps through which something was lost.
    pub fn losses(&self) -> impl Iterator<Item = &Gap> {
        self.gaps.iter().filter(|gap| gap.loss > Loss::Nothing)
    }
}

/// Told how far the audit is; called from many threads.
pub trait Progress: Sync {
    /// A phase begins, with the number of bytes it will read (0: unknown).
    fn begin(&self, phase: &'static str, bytes: u64);
    /// So many bytes more are done.
    fn advance(&self, bytes: u64);
}

/// Nobody to tell.
pub struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _: &'static str, _: u64) {}
    fn advance(&self, _: u64) {}
}
