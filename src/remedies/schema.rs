//! Entries as they are written: which findings they fit, and what is done.

use assay_disk::path::glob;
use serde::Deserialize;

use super::Machine;
use super::installer::Installer;
use crate::finding::{Advisory, Finding};
use crate::packages::PackageManager;

/// Which findings an entry is for: all that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Select {
    /// Ids, with `*` and `?`; empty: any.
    pub rules: Vec<String>,
    /// Name of the category; empty: any.
    pub category: String,
    /// Paths, with `*` (which stands for slashes, too) and `?`; empty: any.
    pub paths: Vec<String>,
}

impl Select {
    /// Whether it is for findings of `advisory` at `path`.
    pub fn fits(&self, advisory: &Advisory, path: &[u8]) -> bool {
        self.is_of(advisory)
            && (self.paths.is_empty() || self.paths.iter().any(|wanted| glob(wanted.as_bytes(), path)))
    }

    /// Whether it is for findings of `advisory` at some path.
    pub fn is_of(&self, advisory: &Advisory) -> bool {
        let named = |wanted: &String| glob(wanted.as_bytes(), advisory.id.as_bytes());
        (self.rules.is_empty() || self.rules.iter().any(named))
            && (self.category.is_empty() || self.category == advisory.category.name())
    }
}

/// What is done about the file of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// The file is deleted.
    Remove,
    /// The file is cut to no bytes.
    Empty,
    /// The values are written over, in their place.
    Value,
    /// The file is deleted if it holds nothing else than the value; else the value is written over.
    Key,
    /// The line becomes a comment.
    Comment,
    /// The line becomes blanks.
    Blank,
    /// The last word of the line becomes "no".
    Off,
    /// The account's password becomes `*`: no password opens it.
    Lock,
    /// The file loses its setuid and setgid bits.
    Mode,
    /// The unit is disabled and deleted.
    Unit,
    /// Directories of leftovers, which the entry names, are emptied.
    Sweep,
    /// The commands, in the running system.
    Run,
    /// Nothing: a person looks.
    Look,
}

/// What to do about the findings that it fits.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// For which findings.
    #[serde(default, rename = "for")]
    pub select: Select,
    /// What is done.
    pub action: Action,
    /// Whether it needs no decision.
    #[serde(default)]
    pub automatic: bool,
    /// Whether the file changes all the time, so that another size than at the audit means nothing.
    #[serde(default)]
    pub growing: bool,
    /// Whether it belongs to the machine's identity, which goes last.
    #[serde(default)]
    pub last: bool,
    /// Whether it is made anew at the first boot by cloud-init only.
    #[serde(default)]
    pub needs_cloud_init: bool,
    /// `sweep`: directories that hold nothing else than leftovers, or patterns of files in one (`/x/*.deb`).
    #[serde(default)]
    pub trees: Vec<String>,
    /// Commands, instead of those of the action.
    #[serde(default)]
    commands: Vec<String>,
    /// The same for Debian and its kin.
    #[serde(default)]
    apt: Vec<String>,
    /// The same for systems with RPM.
    #[serde(default)]
    dnf: Vec<String>,
    /// The same for Alpine.
    #[serde(default)]
    apk: Vec<String>,
    /// The same for Arch.
    #[serde(default)]
    pacman: Vec<String>,
    /// What to know.
    #[serde(default)]
    pub note: String,
}

impl Entry {
    /// The templates of the commands on `machine`.
    pub(super) fn commands(&self, machine: &Machine, finding: &Finding) -> Vec<String> {
        let own = match machine.packages {
            Some(PackageManager::Dpkg) => &self.apt,
            Some(PackageManager::Rpm) => &self.dnf,
            Some(PackageManager::Apk) => &self.apk,
            Some(PackageManager::Pacman) => &self.pacman,
            None => &self.commands,
        };
        match (own.is_empty(), self.commands.is_empty()) {
            (false, _) => own.clone(),
            (true, false) => self.commands.clone(),
            (true, true) => self.usual(machine, finding),
        }
    }

    /// The commands that an action stands for.
    fn usual(&self, machine: &Machine, finding: &Finding) -> Vec<String> {
        let of = |text: &str| vec![text.to_owned()];
        match self.action {
            Action::Remove => of("rm -f -- {path}"),
            Action::Empty => of("truncate -s 0 -- {path}"),
            Action::Key if holds_only_the_value(finding) => of("rm -f -- {path}"),
            Action::Value if knows_the_place(finding) => {
                of("printf '%{length}s' '' | tr ' ' x | dd of={path} bs=1 seek={offset} conv=notrunc")
            }
            Action::Key | Action::Value if finding.location.line.is_some() => of("vi +{line} -- {path}"),
            Action::Key | Action::Value => of("vi -- {path}"),
            Action::Comment => of("sed -i -e '{line}s/^/#/' -- {path}"),
            Action::Blank => of("sed -i -e '{line}s/.*//' -- {path}"),
            Action::Off => of("sed -i -e '{line}s/[^ ]*\\( *#.*\\)\\{0,1\\}$/no\\1/' -- {path}"),
            Action::Lock if machine.packages == Some(PackageManager::Apk) => {
                of("echo {subject}:'*' | chpasswd -e")
            }
            Action::Lock => of("usermod -p '*' -- {subject}"),
            Action::Mode => of("chmod u-s,g-s -- {path}"),
            Action::Unit if machine.has_systemd => {
                vec!["systemctl disable --now -- {name}".to_owned(), "rm -f -- {path}".to_owned()]
            }
            Action::Unit => of("rm -f -- {path}"),
            Action::Sweep => self.trees.iter().map(|tree| sweep(tree)).collect(),
            Action::Run | Action::Look => Vec::new(),
        }
    }

    /// Whether its commands, not only the script's, do all of it: an editor is opened for a person.
    pub(super) fn is_whole_command(&self, finding: &Finding) -> bool {
        match self.action {
            Action::Value => knows_the_place(finding) && finding.evidence.secrets.len() == 1,
            Action::Key => holds_only_the_value(finding),
            Action::Comment | Action::Blank | Action::Off => finding.location.line.is_some(),
            Action::Lock => finding.subject.is_some(),
            Action::Look => false,
            _ => true,
        }
    }
}

/// The command that empties `tree`: a directory, or a pattern.
fn sweep(tree: &str) -> String {
    match tree.rsplit_once('/') {
        Some((directory, pattern)) if pattern.contains('*') => {
            format!("find {directory} -xdev -maxdepth 1 -type f -name '{pattern}' -exec rm -f -- '{{}}' +")
        }
        _ => format!("find {tree} -xdev -mindepth 1 -delete"),
    }
}

/// The place of the value: one of the bytes of the file, where the rule searched bytes.
fn knows_the_place(finding: &Finding) -> bool {
    finding.location.offset.is_some() && !finding.evidence.secrets.is_empty()
}

/// A key that begins its file is mostly all of it; the script looks at the file itself.
fn holds_only_the_value(finding: &Finding) -> bool {
    matches!(finding.location.offset, None | Some(0)) && finding.location.line.is_none_or(|line| line == 1)
}

/// Where findings likely come from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Which findings.
    #[serde(default, rename = "for")]
    pub select: Select,
    /// In a few words, as an answer to "likely from".
    pub text: String,
}

/// One file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRemedy {
    #[serde(default, rename = "remedy")]
    pub(super) entries: Vec<Entry>,
    #[serde(default, rename = "origin")]
    pub(super) origins: Vec<Origin>,
    #[serde(default, rename = "installer")]
    pub(super) installers: Vec<Installer>,
}

/// Reads a file.
pub(super) fn parse(text: &str) -> Result<RawRemedy, String> {
    toml::from_str(text).map_err(|error| error.to_string())
}
