//! Under which names and versions advisories know a component.

use super::ecosystem::OsvEcosystem;
use super::kernel::{self, KernelPart};
use super::statement::NameKind;
use crate::packages::component::{Component, Origin};
use crate::packages::ecosystem::Ecosystem;
use crate::packages::inventory::{Boot, InstalledSystem, Inventory};

/// How advisories know a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// Whose advisories are about it.
    pub ecosystem: OsvEcosystem,
    /// Its names, and what they name.
    pub names: Vec<(NameKind, String)>,
    /// The version that advisories on its source name.
    pub source_version: String,
    /// The version of the component itself.
    pub version: String,
    /// Whether it carries a kernel, and whether that one boots.
    pub kernel: Option<Boot>,
}

/// Why a component is compared with no advisory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unmatched {
    /// Nobody publishes advisories on its kind, or on its distribution, that are read here.
    NoData,
    /// Its version is not known.
    NoVersion,
    /// Somebody else than the distribution made it, so the distribution's advisories are not about it.
    ThirdParty,
    /// It is a part of a package of the distribution, and compared with that.
    PartOfPackage,
    /// It is built with a kernel, and is none: headers, tools, documentation.
    NoKernel,
    /// Its version, or that of an advisory, is not one by the rules of its kind.
    VersionNotUnderstood,
    /// Several packages have its name, and nothing says which of them it is.
    Ambiguous,
}

impl Unmatched {
    /// In words, for reports.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NoData => "no advisories are published for it that are read here",
            Self::NoVersion => "its version is not known",
            Self::ThirdParty => "it was not made by the distribution",
            Self::PartOfPackage => "it is a part of a package of the distribution, and compared with that",
            Self::NoKernel => "it is built with a kernel and carries none",
            Self::VersionNotUnderstood => "its version is not understood",
            Self::Ambiguous => "several packages have its name",
        }
    }
}

impl Identity {
    /// How advisories know `component`, or why none does.
    pub(super) fn new(component: &Component, inventory: &Inventory) -> Result<Self, Unmatched> {
        if component.ecosystem.is_of_a_distribution() {
            return of_package(component, inventory);
        }
        let ecosystem = OsvEcosystem::of_language(component.ecosystem).ok_or(Unmatched::NoData)?;
        if is_part_of_package(component, inventory) {
            return Err(Unmatched::PartOfPackage);
        }
        let version = ecosystem.version(component).ok_or(Unmatched::NoVersion)?.to_owned();
        let name = match component.ecosystem {
            Ecosystem::Maven if component.namespace.is_none() => {
                format!(":{}", component.name)
            }
            _ => ecosystem.normalise(&component.full_name()).into_owned(),
        };
        let names = vec![(NameKind::Binary, name)];
        Ok(Self { ecosystem, names, source_version: version.clone(), version, kernel: None })
    }
}

/// Whether the distribution brought it. What others package is compared by itself, since nobody publishes advisories on
/// the package.
fn is_part_of_package(component: &Component, inventory: &Inventory) -> bool {
    let Some(owner) = &component.owner else { return false };
    let is_owner = |other: &&Component| {
        other.system == component.system && other.ecosystem.is_of_a_distribution() && other.name == *owner
    };
    let package = inventory.components.iter().find(is_owner);
    !package.is_some_and(|package| matches!(package.origin, Origin::ThirdParty(_)))
}

fn of_package(component: &Component, inventory: &Inventory) -> Result<Identity, Unmatched> {
    let unknown = InstalledSystem::default();
    let system = inventory.systems.get(component.system).unwrap_or(&unknown);
    let ecosystem = OsvEcosystem::of_distribution(&system.distribution).ok_or(Unmatched::NoData)?;
    if matches!(component.origin, Origin::ThirdParty(_)) {
        return Err(Unmatched::ThirdParty);
    }
    let version = component.version.clone().ok_or(Unmatched::NoVersion)?;
    let source = component.source.as_ref();
    let own = source.map_or(component.name.as_str(), |source| source.name.as_str());
    let said = source.and_then(|source| source.version.clone()).unwrap_or_else(|| version.clone());
    let (name, source_version) = match ecosystem {
        OsvEcosystem::Debian | OsvEcosystem::Ubuntu => unsigned(own, said, &version),
        _ => (own.to_owned(), said),
    };
    let kernel = match kernel::part(ecosystem, component, &name) {
        KernelPart::Companion => return Err(Unmatched::NoKernel),
        KernelPart::Carrier => Some(kernel::boot(component, system)),
        KernelPart::None => None,
    };
    let binary = (NameKind::Binary, component.name.clone());
    let names = match ecosystem.names() {
        NameKind::Source => vec![(NameKind::Source, name)],
        NameKind::Binary => vec![binary],
        NameKind::Either => vec![binary, (NameKind::Source, name)],
    };
    Ok(Identity { ecosystem, names, source_version, version, kernel })
}

/// The source package that advisories name, and the version that they mean. What is signed for Secure Boot has a source
/// package of its own, which holds the signatures; its version counts the signings, so that of the binary is compared.
fn unsigned(source: &str, source_version: String, version: &str) -> (String, String) {
    if let Some(rest) = source.strip_prefix("linux-signed") {
        return (format!("linux{}", without_architecture(rest)), version.to_owned());
    }
    let is_signed = |prefix: &str| source.starts_with(prefix) && source.ends_with("-signed");
    if is_signed("grub-efi-") {
        return ("grub2".to_owned(), behind_signing(version).to_owned());
    }
    if source == "shim-signed" {
        return ("shim".to_owned(), behind_signing(version).to_owned());
    }
    if is_signed("fwupd-") {
        return ("fwupd".to_owned(), version.to_owned());
    }
    (source.to_owned(), source_version)
}

/// Debian has a signed source for each architecture (`linux-signed-amd64`), Ubuntu for each flavour
/// (`linux-signed-aws-6.14`).
fn without_architecture(rest: &str) -> &str {
    let architectures = ["-amd64", "-arm64", "-i386", "-armhf"];
    architectures.iter().find_map(|architecture| rest.strip_suffix(architecture)).unwrap_or(rest)
}

/// `2.06-13+deb12u1` of `1+2.06-13+deb12u1`: the version of the signing, and behind it that of what was signed.
fn behind_signing(version: &str) -> &str {
    let is_number = |rest: &str| rest.starts_with(|letter: char| letter.is_ascii_digit());
    let mut rest = version;
    while let Some((_, behind)) = rest.split_once('+') {
        if is_number(behind) {
            return behind;
        }
        rest = behind;
    }
    version
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &str, source_version: &str, version: &str) -> (String, String) {
        unsigned(source, source_version.to_owned(), version)
    }

    #[test]
    fn what_is_signed_is_known_by_what_was_signed() {
        let pair = |name: &str, version: &str| (name.to_owned(), version.to_owned());
        assert_eq!(of("linux-signed-amd64", "6.1.176+1", "6.1.176-1"), pair("linux", "6.1.176-1"));
        assert_eq!(
            of("linux-signed-aws-6.14", "6.14.0-1010.10", "6.14.0-1010.10"),
            pair("linux-aws-6.14", "6.14.0-1010.10")
        );
        assert_eq!(of("linux-signed", "6.8.0-50.51", "6.8.0-50.51"), pair("linux", "6.8.0-50.51"));
        assert_eq!(
            of("grub-efi-amd64-signed", "1+2.06+13+deb12u1", "1+2.06-13+deb12u1"),
            pair("grub2", "2.06-13+deb12u1")
        );
        assert_eq!(
            of("shim-signed", "1.44", "1.44~1+deb12u1+15.8-1~deb12u1"),
            pair("shim", "15.8-1~deb12u1")
        );
        assert_eq!(
            of("openssl", "3.0.20-1~deb12u2", "3.0.20-1~deb12u2+b1"),
            pair("openssl", "3.0.20-1~deb12u2")
        );
    }
}
