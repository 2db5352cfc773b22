//! A package as its database has it.

use serde::Deserialize;

use super::component::{Origin, Reason, Source, State};

/// What installs and removes packages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageManager {
    /// Debian's.
    #[default]
    Dpkg,
    /// That of Red Hat, SUSE, Amazon and others.
    Rpm,
    /// Alpine's.
    Apk,
    /// That of Arch Linux.
    Pacman,
}

impl PackageManager {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Dpkg, Self::Rpm, Self::Apk, Self::Pacman];

    /// The program with which people install packages, where nothing more is known of the system. Reports have it.
    pub const fn installer(self) -> &'static str {
        match self {
            Self::Dpkg => "apt",
            Self::Rpm => "dnf",
            Self::Apk => "apk",
            Self::Pacman => "pacman",
        }
    }
}

/// One installed package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Version, with RPM's release and epoch.
    pub version: String,
    /// The machine it is for.
    pub architecture: String,
    /// Whose it is.
    pub manager: PackageManager,
    /// What it was built from.
    pub source: Option<Source>,
    /// How far it is installed.
    pub state: State,
    /// Who made it.
    pub origin: Origin,
    /// The stream of a module that it belongs to.
    pub module: Option<String>,
    /// Its license, where the database has it.
    pub license: Option<String>,
    /// When it was installed, in seconds since 1970, where the database has it.
    pub installed: Option<i64>,
    /// When it was built, in seconds since 1970, where the database has it.
    pub built: Option<i64>,
    /// Why it was installed, where the database has it.
    pub reason: Option<Reason>,
}

impl Package {
    /// Bytes of its texts.
    pub(super) fn text_len(&self) -> usize {
        let source = self.source.iter().flat_map(|source| [Some(&source.name), source.version.as_ref()]);
        let origin = match &self.origin {
            Origin::ThirdParty(who) => Some(who),
            Origin::Unknown | Origin::Distribution => None,
        };
        let own = [&self.name, &self.version, &self.architecture].map(Some);
        let more = [self.module.as_ref(), self.license.as_ref(), origin];
        let all = own.into_iter().chain(more).chain(source).flatten();
        all.fold(0, |sum, text| sum.saturating_add(text.len()))
    }
}

/// A package database that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Whose it is.
    pub manager: PackageManager,
    /// Its file.
    pub path: Vec<u8>,
}
