//! What there is in a system, kind by kind: names with a few fields each, so that two systems are compared alike.

use crate::finding::FactKey;
use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::summary::{Coverage, shown};
use crate::audit::Report;
use crate::facts::Facts;
use crate::packages::version::Scheme;
use assay_disk::text::Escaped;
use assay_disk::tree::Tree;
use packages::Software;

mod accounts;
mod machine;
pub(super) mod packages;
mod rights;
mod schedule;
mod units;

/// Entries of one kind that are kept.
const ITEMS: usize = 50_000;
/// Bytes of a file that is looked into.
const LIMIT: u64 = 16 << 20;

/// A kind of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The release, kernels, host name, disk.
    System,
    /// Installed packages.
    Packages,
    /// Who may be on the machine.
    Accounts,
    /// Groups and their members.
    Groups,
    /// SSH keys that may log in, by fingerprint.
    Keys,
    /// Options of sshd as they are in force.
    Sshd,
    /// Services and other units, and what starts them.
    Services,
    /// Timers, cron and at.
    Schedule,
    /// Programs with setuid, setgid, or capabilities.
    Rights,
}

impl Kind {
    /// All of them, in the order to tell them.
    pub const ALL: [Self; 9] = [
        Self::System,
        Self::Packages,
        Self::Accounts,
        Self::Groups,
        Self::Keys,
        Self::Sshd,
        Self::Services,
        Self::Schedule,
        Self::Rights,
    ];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Packages => "packages",
            Self::Accounts => "accounts",
            Self::Groups => "groups",
            Self::Keys => "authorized-keys",
            Self::Sshd => "sshd",
            Self::Services => "services",
            Self::Schedule => "schedule",
            Self::Rights => "privileged-files",
        }
    }

    /// What one of them is called.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::System => "system fact",
            Self::Packages => "package",
            Self::Accounts => "account",
            Self::Groups => "group",
            Self::Keys => "authorized key",
            Self::Sshd => "sshd option",
            Self::Services => "service",
            Self::Schedule => "scheduled job",
            Self::Rights => "privileged file",
        }
    }

    /// Where it is read from: a gap there makes it not wholly known.
    pub(super) const fn sources(self) -> &'static [&'static str] {
        match self {
            Self::System => &["/etc/os-release", "/boot", "/lib/modules", "/usr/lib/modules"],
            Self::Packages => &[
                "/var/lib/dpkg/status",
                "/var/lib/rpm",
                "/usr/lib/sysimage/rpm",
                "/lib/apk/db",
                "/var/lib/pacman/local",
            ],
            Self::Accounts => &["/etc/passwd", "/etc/shadow", "/etc/group"],
            Self::Groups => &["/etc/group"],
            Self::Keys => &["/root/.ssh", "/home"],
            Self::Sshd => &["/etc/ssh"],
            Self::Services => &[
                "/etc/systemd/system",
                "/usr/lib/systemd/system",
                "/lib/systemd/system",
                "/etc/init.d",
                "/etc/runlevels",
            ],
            Self::Schedule => &["/etc/crontab", "/etc/cron.d", "/var/spool/cron", "/etc/systemd/system"],
            Self::Rights => &["/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/libexec", "/opt"],
        }
    }
}

/// A property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What of it.
    pub name: &'static str,
    /// Its value, escaped, for people.
    pub shown: String,
    /// What is compared, too, and not shown: a digest.
    pub(super) mark: Option<[u8; 32]>,
}

impl Field {
    /// With bytes of the image; what is too long to be shown is compared all the same.
    pub(super) fn of(name: &'static str, value: &[u8]) -> Self {
        let text = shown(value);
        let mark = text.ends_with('…').then(|| digest(value));
        Self { name, shown: text, mark }
    }

    /// With what is compared and not shown.
    pub(super) fn hidden(name: &'static str, shown: &str, value: &[u8]) -> Self {
        Self { name, shown: shown.to_owned(), mark: Some(digest(value)) }
    }
}

pub(super) fn digest(value: &[u8]) -> [u8; 32] {
    Sha256::digest(value).into()
}

/// By name.
pub type Items = BTreeMap<Vec<u8>, Vec<Field>>;

/// One entry with its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name.
    pub name: Vec<u8>,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// All kinds of one system.
#[derive(Debug)]
pub struct Inventory {
    /// The entries.
    pub(super) items: BTreeMap<Kind, Items>,
    /// How the versions of each package are ordered.
    pub(super) schemes: BTreeMap<Vec<u8>, Scheme>,
}

impl Inventory {
    /// Of a system; what is over a limit is told in `coverage`.
    pub(super) fn of(report: &Report, tree: &Tree, facts: &Facts, coverage: &mut Coverage) -> Self {
        let mut items = BTreeMap::new();
        let (software, schemes) = Software::of(report, facts).into_items();
        let units = units::of(tree);
        let (timers, services): (Items, Items) =
            units.into_iter().partition(|(name, _)| name.ends_with(b".timer"));
        let mut schedule = schedule::of(tree);
        schedule.extend(timers);
        for (kind, mut of_kind) in [
            (Kind::System, machine::of(report, tree, facts)),
            (Kind::Packages, software),
            (Kind::Accounts, accounts::accounts(tree, facts)),
            (Kind::Groups, accounts::groups(facts)),
            (Kind::Keys, keys(report)),
            (Kind::Sshd, machine::sshd(facts)),
            (Kind::Services, services),
            (Kind::Schedule, schedule),
            (Kind::Rights, rights::of(tree)),
        ] {
            if let Some(over) = of_kind.len().checked_sub(ITEMS).filter(|&over| over > 0) {
                let bound = of_kind.keys().nth(ITEMS).cloned().unwrap_or_default();
                of_kind.split_off(&bound);
                coverage.cut.push(format!("{over} of the {}s (more than {ITEMS})", kind.noun()));
            }
            items.insert(kind, of_kind);
        }
        Self { items, schemes }
    }

    /// Of the software of an image alone.
    pub(super) fn of_packages(software: &crate::packages::Inventory) -> Self {
        Self::of_software(Software::of_packages(software))
    }

    /// Of something that says only which software is installed.
    pub(super) fn of_software(software: Software) -> Self {
        let (items, schemes) = software.into_items();
        Self { items: BTreeMap::from([(Kind::Packages, items)]), schemes }
    }
}

/// Keys that may log in, as the audit found them.
fn keys(report: &Report) -> Items {
    let mut items = Items::new();
    for finding in &report.findings {
        let is_door = finding.advisory.category == crate::finding::Category::AuthorizedKeys;
        let Some(print) = finding.evidence.key_fingerprint.as_deref().filter(|_| is_door) else { continue };
        let path = &finding.location.path;
        let mut fields = Vec::new();
        if let Some(subject) = &finding.subject {
            fields.push(Field::of("account", subject.as_bytes()));
        }
        let facts = finding
            .evidence
            .facts
            .iter()
            .filter(|(name, _)| [FactKey::Key, FactKey::KeyType, FactKey::Options].contains(name));
        fields.extend(facts.map(|(name, value)| Field::of(name.name(), value.as_bytes())));
        items.insert(format!("{print} in {}", Escaped(path)).into_bytes(), fields);
    }
    items
}
