//! All software of an image, system by system.

use super::component::Component;
use super::identity;
use super::{Hold, LastUpdate, LooseSetting, Repository};
use crate::finding::Location;

/// What is installed in an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The systems of the tree, the machine first: containers, snaps and deployments have a system of their own.
    pub systems: Vec<InstalledSystem>,
    /// All components, in the order of their systems, kinds, names and versions.
    pub components: Vec<Component>,
}

impl Inventory {
    /// The package URL of one of its components; `None` where its name is none that such a URL can have.
    pub fn purl(&self, component: &Component) -> Option<String> {
        let none = Distribution::default();
        let system = self.systems.get(component.system);
        let distribution = system.map_or(&none, |system| &system.distribution);
        identity::purl(component, distribution).map(|purl| purl.to_string())
    }
}

/// A system with software of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstalledSystem {
    /// Where its root lies; empty for the machine itself.
    pub root: Vec<u8>,
    /// What it says it is.
    pub distribution: Distribution,
    /// The file that says so.
    pub release_file: Location,
    /// The day on which its maker stops to look after it, as it says itself.
    pub support_end: Option<String>,
    /// Its kernels.
    pub kernels: Vec<Kernel>,
    /// Where its packages come from.
    pub repositories: Vec<Repository>,
    /// Settings of apt that ask all repositories for less than they should.
    pub loose_settings: Vec<LooseSetting>,
    /// What is held back from updates.
    pub holds: Vec<Hold>,
    /// When packages were last installed or updated.
    pub last_update: Option<LastUpdate>,
    /// The streams of modules that are enabled: `nodejs:18`.
    pub modules: Vec<String>,
    /// Whether not all of its packages could be read.
    pub is_partial: bool,
}

impl InstalledSystem {
    /// The names of the repositories that are enabled: `amzn2-core`, `rhel-9-for-x86_64-baseos-rpms`.
    pub fn enabled_repositories(&self) -> impl Iterator<Item = &str> {
        self.repositories.iter().filter(|one| one.is_enabled).map(|one| one.id.as_str())
    }
}

/// What distribution a system says it is: fields of os-release(5), or of the files that came before it. Empty where
/// nothing says it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Distribution {
    /// `ID`: `debian`, `amzn`.
    pub id: String,
    /// `ID_LIKE`, word by word.
    pub like: Vec<String>,
    /// `VERSION_ID`: `12`, `2023`.
    pub version: String,
    /// `VERSION_CODENAME`: `bookworm`.
    pub codename: String,
    /// `PRETTY_NAME`.
    pub pretty: String,
    /// `CPE_NAME`.
    pub cpe: String,
}

/// A kernel that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// What `uname -r` says when it runs: `6.1.0-50-amd64`.
    pub release: String,
    /// The package that brought it, and its version.
    pub package: Option<(String, String)>,
    /// Whether it is the one that boots if nobody chooses another.
    pub boots: Boot,
}

/// Whether a kernel boots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Boot {
    /// The boot loader's configuration chooses it.
    Default,
    /// It is installed, and another one boots.
    Installed,
    /// The configuration does not say which one boots.
    Unknown,
}
