//! The detectors, and the only list of them.
//!
//! The core walks and reads, a detector looks. There are three kinds:
//! - a [`FileDetector`] says for each file what it wants of it, by path and metadata, and is handed it;
//! - a [`MatchDetector`] judges what the search for one family of rules found in a file;
//! - a [`SystemDetector`] looks once at the whole tree and the facts.
//!
//! A detector returns nothing: what it finds and what it cannot handle goes into the [`Sink`], so one
//! detector can neither stop the audit nor be silent.

pub mod access;
pub mod artifacts;
pub mod assignments;
pub mod authorized_keys;
pub mod credential_files;
pub mod credentials;
pub mod der_keys;
pub mod ec2_user_data;
pub(crate) mod examples;
pub mod initramfs;
pub mod integrity;
pub mod listed_files;
pub mod miners;
pub mod mounts;
pub mod password_hashes;
mod path_table;
pub mod private_keys;
pub mod privileges;
pub mod reference;
pub mod scripts;
pub mod shell_history;
mod signatures;
pub mod software;
pub mod ssh_host_keys;
pub mod windows_passwords;
#[cfg(feature = "yara")]
pub mod yara;

use std::sync::Arc;

use crate::budget::Budget;
use crate::facts::Facts;
use crate::finding::{Advisory, Finding, Gap};
use crate::packages::component::Component;
use crate::rules::{Family, Match};
use assay_disk::tree::{Entry, Tree};

pub use signatures::Signatures;

/// Bytes by which a [`Stream`] says whether it wants a file.
pub const HEAD: usize = 64;

/// What a detector wants of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interest {
    /// Nothing.
    Skip,
    /// Only path and metadata: `inspect` is called with empty content.
    Metadata,
    /// The whole content; a file over the budget's `whole_file` becomes a gap instead.
    Content,
}

/// Takes what a detector found. Location (volume, path, inode) and package are completed by the audit:
/// a finding without a path is about the entry at hand; a path set by the detector is kept.
pub trait Sink {
    /// One finding.
    fn finding(&mut self, finding: Finding);
    /// Something that could not be looked at.
    fn gap(&mut self, gap: Gap);
    /// A piece of software that is installed.
    fn component(&mut self, component: Component);
}

/// Looks at files by their path and metadata.
pub trait FileDetector: Send + Sync {
    /// Everything it can report.
    fn advisories(&self) -> Vec<Arc<Advisory>>;
    /// What it wants of a file; asked for every file, so no I/O and no allocation.
    fn interest(&self, entry: &Entry<'_>, facts: &Facts) -> Interest;
    /// Looks at a file it asked for. Members of archives come here too, with paths `outer!/inner`.
    fn inspect(&self, entry: &Entry<'_>, content: &[u8], facts: &Facts, sink: &mut dyn Sink);
}

/// Judges the matches of a family of rules.
pub trait MatchDetector: Send + Sync {
    /// What it can report beside its rules' own advisories.
    fn advisories(&self) -> Vec<Arc<Advisory>>;
    /// The rules whose matches it takes.
    fn family(&self) -> Family;
    /// Judges all matches of one file, in the order of the file; never called with none.
    fn inspect(&self, entry: &Entry<'_>, matches: &[Match], facts: &Facts, sink: &mut dyn Sink);
}

/// Looks at the bytes of files and members as they go by, however many they are. It costs its time on every byte: one
/// that the user did not ask for says by the first bytes of a file that it does not want the rest.
pub trait StreamDetector: Send + Sync {
    /// Everything it can report.
    fn advisories(&self) -> Vec<Arc<Advisory>>;
    /// Whether there is anything to look for.
    fn is_wanted(&self) -> bool;
    /// Whether every byte of every file counts, zeros of holes among them.
    fn takes_all(&self) -> bool {
        true
    }
    /// What one thread looks with, at one file after the other.
    fn begin(&self) -> Box<dyn Stream + '_>;
}

/// Looks at one file after the other.
pub trait Stream {
    /// A file begins, with these bytes: [`HEAD`] of them, where it has as many. Whether it is wanted; if not, nothing
    /// more is said of it.
    fn start(&mut self, _entry: &Entry<'_>, _facts: &Facts, _head: &[u8]) -> bool {
        true
    }
    /// The next bytes of the file at hand.
    fn piece(&mut self, bytes: &[u8]);
    /// The file is at its end, or (not `is_whole`) could not be read to it, which somebody else reports.
    fn end(&mut self, entry: &Entry<'_>, is_whole: bool, sink: &mut dyn Sink);
}

/// Looks once at the whole system.
pub trait SystemDetector: Send + Sync {
    /// Everything it can report.
    fn advisories(&self) -> Vec<Arc<Advisory>>;
    /// Looks.
    fn inspect(&self, tree: &Tree, facts: &Facts, sink: &mut dyn Sink);
}

/// The detectors of one audit.
#[derive(Default)]
pub struct Detectors {
    /// By file.
    pub files: Vec<Box<dyn FileDetector>>,
    /// By match.
    pub matches: Vec<Box<dyn MatchDetector>>,
    /// By all bytes.
    pub streams: Vec<Box<dyn StreamDetector>>,
    /// By system.
    pub systems: Vec<Box<dyn SystemDetector>>,
    /// What is compared with the package database while it is read, for the detectors of the system.
    pub compare: integrity::Extent,
}

/// All detectors there are, with the traces of files that the program carries.
pub fn all() -> Detectors {
    with(&Options::embedded())
}

/// The texts of the tables that detectors carry, for telling one set from another.
pub fn text() -> String {
    let files = credential_files::table::FILES.map(|(_, text)| text);
    let others = [
        shell_history::table::TEXT,
        miners::hashes::TEXT,
        password_hashes::candidates::TEXT,
        privileges::table::TEXT,
        crate::packages::programs::words::TEXT,
        crate::keys::PUBLISHED,
        crate::keys::PUBLISHED_VALUES,
    ];
    files.into_iter().chain(others).collect()
}

/// What detectors are told by who runs the audit.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is looked for.
    pub signatures: Arc<Signatures>,
    /// How much configuration may include.
    pub budget: Budget,
    /// What is compared with the package database.
    pub compare: integrity::Extent,
    /// A trusted image that this one is compared with.
    pub reference: Option<Arc<reference::Reference>>,
    /// The digests of files that are not wanted.
    pub hashes: Arc<listed_files::list::HashLists>,
    /// The user's rules of YARA.
    #[cfg(feature = "yara")]
    pub yara: Option<Arc<yara::Rules>>,
    /// Whether only installed software is looked for.
    pub is_software_only: bool,
}

impl Options {
    /// What the program carries.
    ///
    /// # Panics
    /// Never in a tested build: the signatures' tests read the same files.
    #[expect(clippy::expect_used, reason = "the embedded signatures are held by a test, not by an image")]
    pub fn embedded() -> Self {
        Self::of(Arc::new(Signatures::embedded().expect("the embedded signatures are valid")))
    }

    /// These signatures, and nothing else that is not usual.
    pub fn of(signatures: Arc<Signatures>) -> Self {
        Self {
            signatures,
            budget: Budget::default(),
            compare: integrity::Extent::default(),
            reference: None,
            hashes: Arc::default(),
            #[cfg(feature = "yara")]
            yara: None,
            is_software_only: false,
        }
    }

    /// The same for a list of the installed software: nothing else is looked for.
    #[must_use]
    pub fn only_software(self) -> Self {
        Self { is_software_only: true, compare: integrity::Extent::Nothing, ..self }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::embedded()
    }
}

/// All detectors there are. A new one is a file in `detect/` and a line here.
pub fn with(options: &Options) -> Detectors {
    if options.is_software_only {
        return Detectors {
            files: vec![Box::new(software::Software)],
            streams: vec![Box::new(software::programs::Programs::embedded())],
            compare: options.compare,
            ..Detectors::default()
        };
    }
    Detectors {
        files: vec![
            Box::new(authorized_keys::AuthorizedKeys::default()),
            Box::new(credential_files::CredentialFiles::new(Arc::clone(&options.signatures))),
            Box::new(ec2_user_data::Ec2UserData::default()),
            Box::new(initramfs::Initramfs::default()),
            Box::new(miners::MinerFiles::default()),
            Box::new(password_hashes::PasswordHashes::default()),
            Box::new(scripts::Scripts::default()),
            Box::new(shell_history::ShellHistory::default()),
            Box::new(software::Software),
            Box::new(ssh_host_keys::SshHostKeys::default()),
            Box::new(der_keys::DerKeys::default()),
            Box::new(windows_passwords::WindowsPasswords::default()),
        ],
        matches: vec![
            Box::new(assignments::Assignments),
            Box::new(credentials::Credentials),
            Box::new(miners::MinerMarks::default()),
            Box::new(private_keys::PrivateKeys::default()),
        ],
        streams: vec![
            Box::new(listed_files::ListedFiles::new(Arc::clone(&options.hashes))),
            Box::new(software::programs::Programs::embedded()),
            #[cfg(feature = "yara")]
            Box::new(yara::YaraRules::new(options.yara.clone())),
        ],
        systems: vec![
            Box::new(access::Access::new(&options.signatures, &options.budget)),
            Box::new(mounts::Mounts::default()),
            Box::new(privileges::Privileges::default()),
            Box::new(privileges::devices::Devices::default()),
            Box::new(privileges::path_order::PathOrder::default()),
            Box::new(reference::Differences::new(options.reference.clone())),
            Box::new(integrity::Integrity::new(options.compare)),
            Box::new(artifacts::FileTraces::new(Arc::clone(&options.signatures.artifacts))),
        ],
        compare: options.compare,
    }
}

/// Collects what detectors say: for tests, and for the audit's threads.
#[derive(Debug, Default)]
pub struct Collector {
    /// The findings, in the order they came.
    pub findings: Vec<Finding>,
    /// The gaps, in the order they came.
    pub gaps: Vec<Gap>,
    /// What is installed, in the order it came.
    pub components: Vec<Component>,
    /// Pieces of software over a limit, which are only counted.
    pub components_dropped: u64,
}

impl Sink for Collector {
    fn finding(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
    fn gap(&mut self, gap: Gap) {
        self.gaps.push(gap);
    }
    fn component(&mut self, component: Component) {
        self.components.push(component);
    }
}
