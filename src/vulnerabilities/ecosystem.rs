//! Whose packages an advisory is about: the ecosystems of the OSV schema 1.7.5, and those of distributions that
//! publish advisories of their own.

use std::borrow::Cow;

use super::statement::NameKind;
use crate::packages::component::Component;
use crate::packages::ecosystem::Ecosystem;
use crate::packages::inventory::Distribution;
use crate::packages::version::Scheme;

/// Whose packages an advisory is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OsvEcosystem {
    /// Debian.
    Debian,
    /// Ubuntu, with Ubuntu Pro.
    Ubuntu,
    /// Alpine.
    Alpine,
    /// Wolfi.
    Wolfi,
    /// Chainguard.
    Chainguard,
    /// AlmaLinux.
    AlmaLinux,
    /// Rocky Linux.
    Rocky,
    /// Red Hat Enterprise Linux.
    RedHat,
    /// Amazon Linux: not in OSV.
    Amazon,
    /// Oracle Linux: not in OSV.
    Oracle,
    /// SUSE Linux Enterprise.
    Suse,
    /// openSUSE.
    OpenSuse,
    /// Azure Linux, and CBL-Mariner before it.
    Azure,
    /// Photon OS.
    Photon,
    /// Mageia.
    Mageia,
    /// openEuler.
    OpenEuler,
    /// Python.
    PyPi,
    /// Node.js.
    Npm,
    /// Go.
    Go,
    /// Rust.
    CratesIo,
    /// Java.
    Maven,
    /// Ruby.
    RubyGems,
    /// PHP.
    Packagist,
    /// .NET.
    NuGet,
    /// R.
    Cran,
    /// Julia.
    Julia,
}

/// All of them, with their names in OSV.
const NAMES: [(OsvEcosystem, &str); 26] = [
    (OsvEcosystem::Debian, "Debian"),
    (OsvEcosystem::Ubuntu, "Ubuntu"),
    (OsvEcosystem::Alpine, "Alpine"),
    (OsvEcosystem::Wolfi, "Wolfi"),
    (OsvEcosystem::Chainguard, "Chainguard"),
    (OsvEcosystem::AlmaLinux, "AlmaLinux"),
    (OsvEcosystem::Rocky, "Rocky Linux"),
    (OsvEcosystem::RedHat, "Red Hat"),
    (OsvEcosystem::Amazon, "Amazon Linux"),
    (OsvEcosystem::Oracle, "Oracle Linux"),
    (OsvEcosystem::Suse, "SUSE"),
    (OsvEcosystem::OpenSuse, "openSUSE"),
    (OsvEcosystem::Azure, "Azure Linux"),
    (OsvEcosystem::Photon, "Photon OS"),
    (OsvEcosystem::Mageia, "Mageia"),
    (OsvEcosystem::OpenEuler, "openEuler"),
    (OsvEcosystem::PyPi, "PyPI"),
    (OsvEcosystem::Npm, "npm"),
    (OsvEcosystem::Go, "Go"),
    (OsvEcosystem::CratesIo, "crates.io"),
    (OsvEcosystem::Maven, "Maven"),
    (OsvEcosystem::RubyGems, "RubyGems"),
    (OsvEcosystem::Packagist, "Packagist"),
    (OsvEcosystem::NuGet, "NuGet"),
    (OsvEcosystem::Cran, "CRAN"),
    (OsvEcosystem::Julia, "Julia"),
];

impl OsvEcosystem {
    /// The ecosystem and the release that OSV writes as `Debian:12` or `Ubuntu:Pro:18.04:LTS`; `None` where it is not
    /// known here.
    pub fn parse(text: &str) -> Option<(Self, &str)> {
        let (name, release) = text.split_once(':').unwrap_or((text, ""));
        NAMES.iter().find(|(_, known)| *known == name).map(|(ecosystem, _)| (*ecosystem, release))
    }

    /// Its name in OSV.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(ecosystem, _)| *ecosystem == self).map_or("", |(_, name)| name)
    }

    /// The one whose advisories are about the packages of a distribution. Derived distributions rebuild packages and
    /// number them otherwise, so they are not taken for what they derive from.
    pub fn of_distribution(distribution: &Distribution) -> Option<Self> {
        Some(match distribution.id.as_str() {
            "debian" => Self::Debian,
            "ubuntu" => Self::Ubuntu,
            "alpine" => Self::Alpine,
            "wolfi" => Self::Wolfi,
            "chainguard" => Self::Chainguard,
            "almalinux" => Self::AlmaLinux,
            "rocky" => Self::Rocky,
            "rhel" => Self::RedHat,
            "amzn" => Self::Amazon,
            "ol" => Self::Oracle,
            "sles" | "sled" | "sles_sap" | "suse" | "sle-micro" | "sl-micro" => Self::Suse,
            "opensuse" | "opensuse-leap" | "opensuse-tumbleweed" | "opensuse-leap-micro" => Self::OpenSuse,
            "azurelinux" | "mariner" => Self::Azure,
            "photon" => Self::Photon,
            "mageia" => Self::Mageia,
            "openEuler" | "openeuler" => Self::OpenEuler,
            _ => return None,
        })
    }

    /// The one whose advisories are about packages of a language; `None` for distributions, and where nobody publishes
    /// any.
    pub const fn of_language(ecosystem: Ecosystem) -> Option<Self> {
        Some(match ecosystem {
            Ecosystem::PyPi => Self::PyPi,
            Ecosystem::Npm => Self::Npm,
            Ecosystem::Gem => Self::RubyGems,
            Ecosystem::Maven => Self::Maven,
            Ecosystem::Go => Self::Go,
            Ecosystem::Cargo => Self::CratesIo,
            Ecosystem::Composer => Self::Packagist,
            Ecosystem::NuGet => Self::NuGet,
            Ecosystem::Cran => Self::Cran,
            Ecosystem::Julia => Self::Julia,
            _ => return None,
        })
    }

    /// How its versions are ordered.
    pub const fn scheme(self) -> Scheme {
        match self {
            Self::Debian | Self::Ubuntu => Scheme::Dpkg,
            Self::Alpine | Self::Wolfi | Self::Chainguard => Scheme::Apk,
            Self::AlmaLinux
            | Self::Rocky
            | Self::RedHat
            | Self::Amazon
            | Self::Oracle
            | Self::Suse
            | Self::OpenSuse
            | Self::Azure
            | Self::Photon
            | Self::Mageia
            | Self::OpenEuler => Scheme::Rpm,
            Self::PyPi => Scheme::Pep440,
            Self::Npm | Self::Go | Self::CratesIo | Self::Julia => Scheme::Semver,
            Self::Maven => Scheme::Maven,
            Self::RubyGems => Scheme::Gem,
            Self::Packagist => Scheme::Packagist,
            Self::NuGet => Scheme::Nuget,
            Self::Cran => Scheme::Cran,
        }
    }

    /// Whether it is a distribution.
    pub const fn is_of_a_distribution(self) -> bool {
        matches!(self.scheme(), Scheme::Dpkg | Scheme::Apk | Scheme::Rpm)
    }

    /// What its names name. Source: the data themselves; the OSV schema says "source package" of AlmaLinux, too, whose
    /// records name binaries.
    pub const fn names(self) -> NameKind {
        match self {
            Self::AlmaLinux | Self::Amazon | Self::Oracle => NameKind::Binary,
            _ => match self.scheme() {
                Scheme::Dpkg | Scheme::Apk => NameKind::Source,
                Scheme::Rpm => NameKind::Either,
                _ => NameKind::Binary,
            },
        }
    }

    /// A name as it is compared: registries that take several spellings for one name have one that is theirs.
    /// Source: PEP 503; NuGet and Composer compare regardless of case.
    pub fn normalise(self, name: &str) -> Cow<'_, str> {
        let has_upper = || name.bytes().any(|byte| byte.is_ascii_uppercase());
        match self {
            Self::PyPi => python_name(name),
            Self::NuGet | Self::Packagist if has_upper() => Cow::Owned(name.to_ascii_lowercase()),
            _ => Cow::Borrowed(name),
        }
    }

    /// A version as the ecosystem writes it: Go's programs carry `v1.2.3` and `go1.22.0`, its advisories neither.
    pub fn version(self, component: &Component) -> Option<&str> {
        let version = component.version.as_deref()?;
        let bare = || {
            let number = version.strip_prefix("go").or_else(|| version.strip_prefix('v')).unwrap_or(version);
            // What was built with an experiment, or by somebody else, says so behind the number.
            number.split([' ', '-']).next().filter(|_| component.name == "stdlib").unwrap_or(number)
        };
        Some(if self == Self::Go { bare() } else { version })
    }
}

/// Letters in lower case, and each run of `-`, `_` and `.` a single dash.
fn python_name(name: &str) -> Cow<'_, str> {
    let is_normal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if name.bytes().all(is_normal) {
        return Cow::Borrowed(name);
    }
    let mut normal = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            other => normal.push(other.to_ascii_lowercase()),
        }
    }
    Cow::Owned(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_osv_are_split_at_their_first_colon() {
        assert_eq!(OsvEcosystem::parse("Debian:12"), Some((OsvEcosystem::Debian, "12")));
        assert_eq!(
            OsvEcosystem::parse("Ubuntu:Pro:18.04:LTS"),
            Some((OsvEcosystem::Ubuntu, "Pro:18.04:LTS"))
        );
        assert_eq!(OsvEcosystem::parse("PyPI"), Some((OsvEcosystem::PyPi, "")));
        assert_eq!(OsvEcosystem::parse("Root:Debian:12"), None);
        assert_eq!(OsvEcosystem::parse("VSCode"), None);
        for (ecosystem, name) in NAMES {
            assert_eq!(OsvEcosystem::parse(name), Some((ecosystem, "")));
            assert_eq!(ecosystem.name(), name);
        }
    }

    #[test]
    fn spellings_that_a_registry_takes_for_one_are_one() {
        let of = |ecosystem: OsvEcosystem, name: &str| ecosystem.normalise(name).into_owned();
        assert_eq!(of(OsvEcosystem::PyPi, "Zope.Interface__x"), "zope-interface-x");
        assert_eq!(of(OsvEcosystem::PyPi, "requests"), "requests");
        assert_eq!(of(OsvEcosystem::NuGet, "Newtonsoft.Json"), "newtonsoft.json");
        assert_eq!(of(OsvEcosystem::Npm, "JSONStream"), "JSONStream");
    }

    #[test]
    fn go_is_compared_without_its_prefixes() {
        let version = |name: &str, version: &str| {
            OsvEcosystem::Go.version(&Component::new(Ecosystem::Go, name, version)).map(str::to_owned)
        };
        assert_eq!(version("stdlib", "go1.19.8"), Some("1.19.8".to_owned()));
        assert_eq!(version("stdlib", "go1.22.0-fips X:boringcrypto"), Some("1.22.0".to_owned()));
        assert_eq!(version("a.example/b", "v1.2.3-0.2021-x"), Some("1.2.3-0.2021-x".to_owned()));
        assert_eq!(version("a.example/b", ""), None);
    }
}
