//! What an audit saw and found.

use std::collections::{BTreeMap, BTreeSet};

use super::{Directory, Times};
use crate::checks::Benchmark;
use crate::finding::{Finding, Gap, Grade, Location, Loss};
use crate::packages;
use crate::remedies::Machine;
use crate::sourcing::Inventory;
use crate::support::Support;
use crate::vulnerabilities::Matches;
use assay_disk::system::{Ledger, Subject, VolumeSummary};

/// What was judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Material {
    /// A disk image, or a mounted tree.
    #[default]
    Image,
    /// Exports of accounts.
    Accounts,
    /// Code that chooses images.
    Code,
}

/// What the audit saw and found; the same image gives the same report, whatever the number of threads.
#[derive(Debug, Default)]
pub struct Report {
    /// What was audited.
    pub subject: Subject,
    /// What kind of thing that is.
    pub material: Material,
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
    /// What is installed.
    pub packages: packages::Inventory,
    /// Whether it is supported.
    pub support: Vec<Support>,
    /// Which of it is known to be vulnerable; `None` where there were no data.
    pub vulnerabilities: Option<Box<Matches>>,
    /// The tables of an account, where exports of one were judged and no image was.
    pub sourcing: Option<Box<Inventory>>,
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
    /// Deleted files that came back, in the order of [`Grade::ALL`].
    pub deleted: [u64; Grade::ALL.len()],
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
            let own = std::iter::once(&finding.location).chain(&finding.related_locations);
            places.into_iter().for_each(|places| places.extend(own.clone()));
        }
        groups
    }

    /// Gaps through which something was lost.
    pub fn losses(&self) -> impl Iterator<Item = &Gap> {
        self.gaps.iter().filter(|gap| gap.loss > Loss::Nothing)
    }
}
