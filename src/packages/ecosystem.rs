//! The kinds of packages, as package URLs and advisories tell them apart.

use super::version::Scheme;

/// A kind of package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ecosystem {
    /// Packages of dpkg.
    Deb,
    /// Packages of RPM.
    Rpm,
    /// Packages of Alpine's apk.
    Apk,
    /// Packages of Arch Linux's pacman.
    Alpm,
    /// Python.
    PyPi,
    /// Node.js.
    Npm,
    /// Ruby.
    Gem,
    /// Java: jars and what is shaded into them.
    Maven,
    /// Modules of Go that were linked into a program.
    Go,
    /// Crates of Rust that were linked into a program.
    Cargo,
    /// PHP.
    Composer,
    /// .NET.
    NuGet,
    /// conda's environments.
    Conda,
    /// Snaps.
    Snap,
    /// Flatpaks.
    Flatpak,
    /// Paths of a Nix store.
    Nix,
    /// Homebrew.
    Brew,
    /// R.
    Cran,
    /// Perl.
    Cpan,
    /// Julia.
    Julia,
    /// Lua.
    LuaRocks,
    /// WordPress, its plugins and themes.
    WordPress,
    /// Modules of Linux that are not part of its own tree, firmware, microcode.
    Kernel,
    /// Programs that no package manager brought.
    Generic,
}

impl Ecosystem {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 24] = [
        Self::Deb,
        Self::Rpm,
        Self::Apk,
        Self::Alpm,
        Self::PyPi,
        Self::Npm,
        Self::Gem,
        Self::Maven,
        Self::Go,
        Self::Cargo,
        Self::Composer,
        Self::NuGet,
        Self::Conda,
        Self::Snap,
        Self::Flatpak,
        Self::Nix,
        Self::Brew,
        Self::Cran,
        Self::Cpan,
        Self::Julia,
        Self::LuaRocks,
        Self::WordPress,
        Self::Kernel,
        Self::Generic,
    ];

    /// Its name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::Rpm => "rpm",
            Self::Apk => "apk",
            Self::Alpm => "alpm",
            Self::PyPi => "python",
            Self::Npm => "npm",
            Self::Gem => "gem",
            Self::Maven => "java",
            Self::Go => "go",
            Self::Cargo => "rust",
            Self::Composer => "php",
            Self::NuGet => "dotnet",
            Self::Conda => "conda",
            Self::Snap => "snap",
            Self::Flatpak => "flatpak",
            Self::Nix => "nix",
            Self::Brew => "brew",
            Self::Cran => "r",
            Self::Cpan => "perl",
            Self::Julia => "julia",
            Self::LuaRocks => "lua",
            Self::WordPress => "wordpress",
            Self::Kernel => "kernel",
            Self::Generic => "program",
        }
    }

    /// The one that is called `name`.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ecosystem| ecosystem.name() == name)
    }

    /// How its versions are ordered.
    pub const fn scheme(self) -> Scheme {
        match self {
            Self::Deb => Scheme::Dpkg,
            Self::Rpm => Scheme::Rpm,
            Self::Apk => Scheme::Apk,
            Self::Alpm => Scheme::Alpm,
            Self::PyPi | Self::Conda => Scheme::Pep440,
            Self::Npm | Self::Go | Self::Cargo | Self::Julia => Scheme::Semver,
            Self::Gem => Scheme::Gem,
            Self::Maven => Scheme::Maven,
            Self::Composer => Scheme::Packagist,
            Self::NuGet => Scheme::Nuget,
            Self::Cran => Scheme::Cran,
            // Numbers with dots, whatever comes behind them.
            Self::Snap
            | Self::Flatpak
            | Self::Nix
            | Self::Brew
            | Self::Cpan
            | Self::LuaRocks
            | Self::WordPress
            | Self::Kernel
            | Self::Generic => Scheme::Dpkg,
        }
    }

    /// Whether a distribution's package manager brought it.
    pub const fn is_of_a_distribution(self) -> bool {
        matches!(self, Self::Deb | Self::Rpm | Self::Apk | Self::Alpm)
    }
}
