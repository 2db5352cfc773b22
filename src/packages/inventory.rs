//! All software of an image, system by system.

use super::component::Component;

/// What is installed in an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The systems of the tree, the machine first: containers, snaps and deployments have a system of their own.
    pub systems: Vec<InstalledSystem>,
    /// All components, in the order of their systems, kinds, names and versions.
    pub components: Vec<Component>,
}

/// A system with software of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstalledSystem {
    /// Where its root lies; empty for the machine itself.
    pub root: Vec<u8>,
    /// What it says it is.
    pub distribution: Distribution,
    /// Its kernels.
    pub kernels: Vec<Kernel>,
    /// The repositories of packages that are enabled, by their names: `amzn2-core`, `rhel-9-for-x86_64-baseos-rpms`.
    /// Empty where nothing says it.
    pub repositories: Vec<String>,
    /// Whether not all of its packages could be read.
    pub is_partial: bool,
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
