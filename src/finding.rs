//! The words of the field: advisory, finding, gap, secret, location.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

mod category;
mod disposition;
mod fact;
mod replacement;
mod resource;
mod verification;

use assay_disk::fs::Time;
pub use assay_disk::fs::recovered::Grade;
pub use assay_disk::gap::{Gap, GapKind, Location, Loss};
pub use category::Category;
pub use disposition::{BaselineState, Disposition, SuppressedBy, Suppression};
pub use fact::FactKey;
pub use replacement::Replacement;
pub use resource::Resource;
pub use verification::Verification;

/// How bad it is, when true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Tells something of the builder, opens nothing.
    Low,
    /// Opens something under conditions.
    Medium,
    /// Opens something.
    High,
    /// Opens the instance, or what it belongs to, to anybody.
    Critical,
}

impl Severity {
    /// All of them, worst first.
    pub const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// The one that is called `name`.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.name() == name)
    }

    /// Its name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// How sure it is, after every proof that could be made offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Looks like it.
    Low,
    /// Has its form, and nothing speaks against it.
    Medium,
    /// Proved: parsed, or its checksum is right.
    High,
}

impl Confidence {
    /// All of them, surest first.
    pub const ALL: [Self; 3] = [Self::High, Self::Medium, Self::Low];

    /// The one that is called `name`.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|confidence| confidence.name() == name)
    }

    /// Its name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What is the same for every hit of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advisory {
    /// Unique, kebab-case; reads well after "allow".
    pub id: String,
    /// What it is about.
    pub category: Category,
    /// One line, without a full stop: "AWS access key ID".
    pub title: String,
    /// How bad, when true; a finding may differ (an encrypted key is less bad).
    pub severity: Severity,
    /// Why it matters, in a sentence or two.
    pub why: String,
    /// What to do about it.
    pub remedy: String,
    /// Where to read on.
    pub references: Vec<String>,
}

/// A value that must not get out: no `Display`, and a `Debug` that says nothing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Keeps `value`.
    pub fn new(value: impl Into<Vec<u8>>) -> Self {
        Self(value.into())
    }

    /// The value itself: only for judging it, or for a report whose user asked for secrets.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }

    /// SHA-256 of the value without white space around it, in lower-case hex.
    pub fn sha256(&self) -> String {
        let digest = Sha256::digest(self.0.trim_ascii());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A form that tells two values apart for who knows them, and tells nobody else the value: at most
    /// a quarter of it, at most 4 characters, and its length.
    pub fn redacted(&self) -> String {
        let shown: String = self
            .0
            .iter()
            .take((self.0.len() / 8).min(4))
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"-_.$+/".contains(byte))
            .map(|&byte| char::from(byte))
            .collect();
        format!("{shown}… ({} bytes)", self.0.len())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What shows that the finding is true.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The values that must not get out, in the order of the file: an id and its key are two.
    pub secrets: Vec<Secret>,
    /// Digest of what the finding is about as a whole, where its facts do not say it: the content of a program, the
    /// findings that are only counted. Never shown; a baseline knows the finding by it.
    pub content: Option<Secret>,
    /// Fingerprint of an SSH key, as `ssh-keygen -l` prints it: `SHA256:…`.
    pub key_fingerprint: Option<String>,
    /// Facts without secrets, in the order to show them: ("key type", "ssh-ed25519 256"). Bytes from the
    /// image are [`assay_disk::text::Escaped`] when they are shown, not here.
    pub facts: Vec<(FactKey, String)>,
}

/// Whether the file of a finding is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// It is, or the finding is about no file.
    #[default]
    Present,
    /// It was deleted, and came back out of free space.
    Deleted {
        /// How sure that is.
        grade: Grade,
        /// When it was deleted, where that is known.
        at: Option<Time>,
    },
    /// It is there with other content: this is what it held before.
    Changed {
        /// How sure that is.
        grade: Grade,
    },
}

impl Presence {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Deleted { .. } => "deleted",
            Self::Changed { .. } => "changed",
        }
    }

    /// How sure it is that the content is the file's; none of a file that is there.
    pub const fn grade(self) -> Option<Grade> {
        match self {
            Self::Present => None,
            Self::Deleted { grade, .. } | Self::Changed { grade } => Some(grade),
        }
    }

    /// When it was deleted, where that is known.
    pub const fn deleted_at(self) -> Option<Time> {
        match self {
            Self::Deleted { at, .. } => at,
            Self::Present | Self::Changed { .. } => None,
        }
    }

    /// Whether it counts against an image: all of a file that was deleted is there, as far as anybody can tell.
    pub fn counts(self) -> bool {
        self.grade().is_none_or(|grade| grade >= Grade::Likely)
    }
}

/// One hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What every hit of the rule shares.
    pub advisory: Arc<Advisory>,
    /// How bad this one is.
    pub severity: Severity,
    /// How sure this one is.
    pub confidence: Confidence,
    /// Which proof there is, where it is about a value.
    pub proof: Option<Verification>,
    /// Where.
    pub location: Location,
    /// The number that all findings about one secret share, where there are several.
    pub group: Option<u32>,
    /// More places that hold the same thing.
    pub related_locations: Vec<Location>,
    /// The account, host or service concerned, if one: "root".
    pub subject: Option<String>,
    /// The package that owns the file, if one.
    pub package: Option<String>,
    /// Whether the file is bit for bit what the image's own package database says. It proves nothing, for whoever
    /// makes the image makes its database: the finding stays as bad as it is.
    pub as_packaged: bool,
    /// Whether the file is there.
    pub presence: Presence,
    /// What shows it.
    pub evidence: Evidence,
    /// The thing of a cloud account that it is about, where it is about one.
    pub resource: Option<Box<Resource>>,
    /// What mends it, where it is about code and that is sure.
    pub replacement: Option<Box<Replacement>>,
    /// What a policy and a baseline say of it; the audit leaves it empty.
    pub disposition: Disposition,
}

impl Finding {
    /// A finding with the severity of its advisory and high confidence; the audit completes its location.
    pub fn new(advisory: &Arc<Advisory>) -> Self {
        Self {
            advisory: Arc::clone(advisory),
            severity: advisory.severity,
            confidence: Confidence::High,
            proof: None,
            location: Location::default(),
            group: None,
            related_locations: Vec::new(),
            subject: None,
            package: None,
            as_packaged: false,
            presence: Presence::Present,
            evidence: Evidence::default(),
            resource: None,
            replacement: None,
            disposition: Disposition::default(),
        }
    }

    /// Another severity than the advisory's.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Another confidence than high.
    #[must_use]
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// The proof of its value.
    #[must_use]
    pub fn proof(mut self, proof: Verification) -> Self {
        self.proof = Some(proof);
        self
    }

    /// The line (from 1) in the file.
    #[must_use]
    pub fn line(mut self, line: u64) -> Self {
        self.location.line = Some(line);
        self
    }

    /// The byte offset in the file.
    #[must_use]
    pub fn offset(mut self, offset: u64) -> Self {
        self.location.offset = Some(offset);
        self
    }

    /// The account, host or service concerned.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// One more secret value.
    #[must_use]
    pub fn secret(mut self, secret: Secret) -> Self {
        self.evidence.secrets.push(secret);
        self
    }

    /// One more fact.
    #[must_use]
    pub fn fact(mut self, name: FactKey, value: impl Into<String>) -> Self {
        self.evidence.facts.push((name, value.into()));
        self
    }

    /// The fingerprint of the key.
    #[must_use]
    pub fn fingerprint(mut self, fingerprint: impl Into<String>) -> Self {
        self.evidence.key_fingerprint = Some(fingerprint.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_itself() {
        let secret = Secret::new(*b"hunter2-and-more");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.redacted(), "hu… (16 bytes)");
        assert_eq!(Secret::new(*b"short").redacted(), "… (5 bytes)");
    }

    #[test]
    fn the_hash_of_a_secret_ignores_white_space_around_it() {
        assert_eq!(Secret::new(*b" abc\n").sha256(), Secret::new(*b"abc").sha256());
    }
}
