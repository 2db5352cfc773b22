//! Limits of an audit, handed down as a value: no image decides how much time or memory it costs.

use assay_disk::budget::Budget as DiskBudget;

/// What one audit may spend. What goes over a limit becomes a gap in the report, never a silent end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// What opening the image may cost.
    pub disk: DiskBudget,
    /// Bytes of one file that are handed to a parser as a whole.
    pub whole_file: u64,
    /// Bytes of data read of one file: a sparse file costs its extents, not its size.
    pub file_data: u64,
    /// Bytes of holes of all files that are gone over as zeros, where every byte counts (digests). Files that are
    /// little more than their data do not count.
    pub hole_bytes: u64,
    /// How many times the bytes of a volume its files may have in all: they may share blocks.
    pub shared_ratio: u64,
    /// The same of a volume that packs its files.
    pub packed_ratio: u64,
    /// Bytes of holes of one archive that are read as zeros.
    pub archive_holes: u64,
    /// Bytes of holes of all archives of an image that are read as zeros. Like [`Budget::unpacked_total`] it is far
    /// above what an image has that means no harm.
    pub archive_holes_total: u64,
    /// Bytes that come out of one packed file, over all levels.
    pub unpacked_bytes: u64,
    /// Bytes that come out of all packed files of an image. Like every limit here it counts work, not time: a
    /// clock would give another report on a slower machine. Which files are behind it depends on the order of
    /// threads, so it is far above what an image has that is no bomb.
    pub unpacked_total: u64,
    /// How many times larger than the packed file its content may get, beyond the first MiB.
    pub unpacked_ratio: u64,
    /// What searching the content of a packed file may cost whatever its size, and for each of its bytes, in nanoseconds by
    /// a table: text that is all keywords packs a thousand times, and costs a hundred times what other text does.
    pub search_work: u64,
    /// See [`Budget::search_work`].
    pub search_work_ratio: u64,
    /// Members of one archive, over all levels.
    pub archive_members: u64,
    /// Levels of archives in archives.
    pub archive_depth: u32,
    /// Bytes of sshd's configuration, over all files that it includes.
    pub sshd_bytes: u64,
    /// Settings in it.
    pub sshd_settings: usize,
    /// Paths of keys that are looked up: each account with each AuthorizedKeysFile.
    pub key_places: usize,
    /// Files that one configuration includes (sudo's, a stack of PAM), over all levels.
    pub included_files: u32,
    /// Lines of all of them.
    pub included_lines: u64,
    /// Bytes of all configuration that is judged.
    pub configuration_bytes: u64,
    /// Findings of one rule in one file; the rest is counted.
    pub findings_per_file: usize,
    /// Findings of one rule in a report; the rest is counted.
    pub findings_per_rule: usize,
    /// Findings in a report.
    pub findings: usize,
    /// Gaps of one kind in a report; the rest is counted.
    pub gaps: usize,
    /// Pieces of installed software that are listed, beside those of package databases; the rest is counted.
    pub components: usize,
    /// Other names of a file that its findings have.
    pub names: usize,
    /// What trying one password against one hash may cost, in nominal nanoseconds of one core: the image chooses
    /// the rounds. Like the limit on all of them it counts work by a table and not by a clock.
    pub password_trial: u64,
    /// What all tries of passwords of an image may cost, in the same unit.
    pub password_trials: u64,
    /// Bytes of memory that trying one password may take.
    pub password_memory: u64,
    /// Hashes of passwords of an image that are tried, each with its account.
    pub password_hashes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            disk: DiskBudget::default(),
            whole_file: 16 << 20,
            file_data: 1 << 40,
            hole_bytes: 2 << 30,
            shared_ratio: 8,
            packed_ratio: 64,
            archive_holes: 4 << 30,
            archive_holes_total: 32 << 30,
            unpacked_bytes: 2 << 30,
            unpacked_total: 1 << 40,
            unpacked_ratio: 1100,
            search_work: 50_000_000,
            search_work_ratio: 400,
            archive_members: 200_000,
            archive_depth: 8,
            sshd_bytes: 8 << 20,
            sshd_settings: 20_000,
            key_places: 50_000,
            included_files: 512,
            included_lines: 200_000,
            configuration_bytes: 64 << 20,
            findings_per_file: 100,
            findings_per_rule: 5000,
            findings: 25_000,
            gaps: 1000,
            components: 100_000,
            names: 100,
            password_trial: 500_000_000,
            password_trials: 500_000_000,
            password_memory: 72 << 20,
            password_hashes: 1000,
        }
    }
}

impl Budget {
    /// The same for a process that may have so many bytes of memory: what grows with the image gets a part of them.
    #[must_use]
    pub fn within_memory(self, bytes: u64) -> Self {
        let count =
            |limit: usize, each: u64| limit.min(usize::try_from(bytes / each).unwrap_or(usize::MAX).max(500));
        Self {
            disk: self.disk.within_memory(bytes),
            whole_file: self.whole_file.min((bytes / 64).max(4 << 20)),
            findings: count(self.findings, 64 << 10),
            findings_per_rule: count(self.findings_per_rule, 256 << 10),
            components: count(self.components, 4 << 10),
            password_memory: self.password_memory.min(bytes / 8),
            ..self
        }
    }

    /// The same with four times as much for trying default passwords: for images that anybody may start, and suspect
    /// ones.
    #[must_use]
    pub fn with_more_passwords(self) -> Self {
        Self { password_trials: self.password_trials.saturating_mul(4), ..self }
    }
}
