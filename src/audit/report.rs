//! What an audit saw and found.

use std::collections::{BTreeMap, BTreeSet};

use super::{Directory, Ledger, Times};
use crate::bytes::Span;
use crate::checks::Benchmark;
use crate::finding::{Finding, Gap, Location, Loss};
use crate::fs::{Area, Usage};
use crate::remedies::Machine;
use crate::tree::occupancy::Occupied;

/// What the audit saw and found; the same image gives the same report, whatever the number of threads.
#[derive(Debug, Default)]
pub struct Report {
    /// What was audited.
    pub subject: Subject,
    /// Every partition or volume, in the order of the disk.
    pub volumes: Vec<VolumeSummary>,
    /// `PRETTY_NAME` of os-release, if there is one.
    pub system: Option<String>,
    /// What decides which commands are the system's own.
    pub machine: Machine,
    /// Sorted: worst first, then by path, line and rule.
    pub findings: Vec<Finding>,
    /// Sorted by place.
    pub gaps: Vec<Gap>,
    /// Things to know where nothing was lost: (where, what).
    pub notes: Vec<(String, String)>,
    /// The benchmark that was asked for; `None` too where there is none for the system.
    pub benchmark: Option<Benchmark>,
    /// How much was looked at.
    pub coverage: Coverage,
    /// What all bytes of the image are; empty for a mounted tree.
    pub ledger: Ledger,
    /// The directories with findings, and the largest ones: a list of bounded length.
    pub directories: Vec<Directory>,
    /// The times of the files of findings.
    pub times: Times,
}

/// What was audited.
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
    /// Whether its bytes are those of a file or of a file system of another volume, and counted there.
    pub inside: bool,
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
    /// Files that are as an earlier audit searched them, by the cache, and their bytes: not searched again.
    pub files_known: u64,
    /// Bytes of those.
    pub bytes_known: u64,
    /// Members of archives looked into.
    pub members: u64,
    /// Bytes unpacked from archives and searched.
    pub bytes_unpacked: u64,
    /// Findings that were left out because their file is proved to be published, by a proof from outside of the image:
    /// the list that the program carries, a list of the user, or the reference image.
    pub packaged_matches_dropped: u64,
    /// Findings over the limit per rule and file, counted only.
    pub findings_dropped: u64,
}

impl Report {
    /// The findings, of those about one secret the worst alone: what there is to do.
    pub fn distinct(&self) -> impl Iterator<Item = &Finding> {
        let mut seen = BTreeSet::new();
        self.findings.iter().filter(move |finding| finding.group.is_none_or(|group| seen.insert(group)))
    }

    /// The places of each group of findings about one secret, by its number: the first is that of the worst.
    pub fn places(&self) -> BTreeMap<u32, Vec<&Location>> {
        let mut groups: BTreeMap<u32, Vec<&Location>> = BTreeMap::new();
        for finding in &self.findings {
            let places = finding.group.map(|group| groups.entry(group).or_default());
            let own = std::iter::once(&finding.location).chain(&finding.more);
            places.into_iter().for_each(|places| places.extend(own.clone()));
        }
        groups
    }

    /// Gaps through which something was lost.
    pub fn losses(&self) -> impl Iterator<Item = &Gap> {
        self.gaps.iter().filter(|gap| gap.loss > Loss::Nothing)
    }
}
