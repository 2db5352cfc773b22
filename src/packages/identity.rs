//! The package URL of a component.

use super::component::Component;
use super::ecosystem::Ecosystem;
use super::inventory::Distribution;
use super::purl::{Kind, Purl, Qualifier};

/// The package URL of a component of a system; `None` where its name is none that such a URL can have.
pub fn purl(component: &Component, distribution: &Distribution) -> Option<Purl> {
    let version = component.version.as_deref().unwrap_or_default();
    let kind = component.ecosystem.purl_kind();
    let purl = match component.ecosystem {
        Ecosystem::Deb | Ecosystem::Apk | Ecosystem::Alpm => {
            Purl::new(kind, namespace(distribution, component.ecosystem), &component.name)
                .ok()?
                .with_version(version)
        }
        Ecosystem::Rpm => {
            let (epoch, version) = version.split_once(':').unwrap_or(("", version));
            let epoch = if epoch == "0" { "" } else { epoch };
            let purl = Purl::new(kind, namespace(distribution, component.ecosystem), &component.name).ok()?;
            purl.with_version(version).with_qualifier(Qualifier::Epoch, epoch)
        }
        // The path of a module is its name, and the part before the last slash its namespace.
        Ecosystem::Go => {
            let (path, name) = component.name.rsplit_once('/').unwrap_or(("", &component.name));
            Purl::new(kind, path, name).ok()?.with_version(version)
        }
        _ => {
            let namespace = component.namespace.as_deref().unwrap_or_default();
            Purl::new(kind, namespace, &component.name).ok()?.with_version(version)
        }
    };
    let purl = if component.ecosystem.is_of_a_distribution() {
        of_distribution(purl, component, distribution)
    } else {
        purl
    };
    let own = |key: &str| Qualifier::ALL.into_iter().find(|qualifier| qualifier.key() == key);
    let qualifiers = component.qualifiers.iter().filter_map(|(key, value)| Some((own(key)?, value)));
    Some(qualifiers.fold(purl, |purl, (qualifier, value)| purl.with_qualifier(qualifier, value)))
}

fn of_distribution(purl: Purl, component: &Component, distribution: &Distribution) -> Purl {
    let source = component.source.as_ref().filter(|source| source.name != component.name);
    let upstream = source.map(|source| match &source.version {
        Some(version) if Some(version) != component.version.as_ref() => format!("{}@{version}", source.name),
        _ => source.name.clone(),
    });
    let distro = match (distribution.id.as_str(), distribution.version.as_str()) {
        ("", _) => String::new(),
        (id, "") => id.to_owned(),
        (id, version) => format!("{id}-{version}"),
    };
    purl.with_qualifier(Qualifier::Arch, component.architecture.as_deref().unwrap_or_default())
        .with_qualifier(Qualifier::Distro, &distro)
        .with_qualifier(Qualifier::Upstream, upstream.as_deref().unwrap_or_default())
        .with_qualifier(Qualifier::Rpmmod, component.module.as_deref().unwrap_or_default())
}

/// Who publishes the packages, as package URLs name them; Red Hat's name is not the `ID` of its system.
fn namespace(distribution: &Distribution, ecosystem: Ecosystem) -> &str {
    match (distribution.id.as_str(), ecosystem) {
        ("rhel", _) => "redhat",
        ("sles" | "sles_sap" | "sle-micro", _) => "suse",
        ("opensuse-leap" | "opensuse-tumbleweed", _) => "opensuse",
        ("", Ecosystem::Deb) => "debian",
        ("", Ecosystem::Apk) => "alpine",
        ("", Ecosystem::Alpm) => "arch",
        // A type that needs a namespace gets one.
        ("", _) => "unknown",
        (id, _) => id,
    }
}

impl Ecosystem {
    /// The type in its package URLs.
    pub const fn purl_kind(self) -> Kind {
        match self {
            Self::Deb => Kind::Deb,
            Self::Rpm => Kind::Rpm,
            Self::Apk => Kind::Apk,
            Self::Alpm => Kind::Alpm,
            Self::PyPi => Kind::Pypi,
            Self::Npm => Kind::Npm,
            Self::Gem => Kind::Gem,
            Self::Maven => Kind::Maven,
            Self::Go => Kind::Golang,
            Self::Cargo => Kind::Cargo,
            Self::Composer => Kind::Composer,
            Self::NuGet => Kind::Nuget,
            Self::Conda => Kind::Conda,
            Self::Snap => Kind::Snap,
            Self::Flatpak => Kind::Flatpak,
            Self::Nix => Kind::Nix,
            Self::Brew => Kind::Brew,
            Self::Cran => Kind::Cran,
            Self::Cpan => Kind::Cpan,
            Self::Julia => Kind::Julia,
            Self::LuaRocks => Kind::Luarocks,
            Self::WordPress | Self::Kernel | Self::Generic => Kind::Generic,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::component::Source;
    use super::*;

    fn of(component: &Component) -> String {
        let distribution =
            Distribution { id: "debian".into(), version: "12".into(), ..Distribution::default() };
        purl(component, &distribution).unwrap().to_string()
    }

    #[test]
    fn packages_of_a_distribution_say_which_one_and_what_they_were_built_from() {
        let mut component = Component::new(Ecosystem::Deb, "libssl3", "3.0.20-1~deb12u2");
        component.architecture = Some("amd64".into());
        component.source = Some(Source { name: "openssl".into(), version: Some("3.0.20-1~deb12u2".into()) });
        assert_eq!(
            of(&component),
            "pkg:deb/debian/libssl3@3.0.20-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl"
        );
        component.source = Some(Source { name: "lvm2".into(), version: Some("2.03.16-2".into()) });
        assert!(of(&component).ends_with("&upstream=lvm2%402.03.16-2"));
    }

    #[test]
    fn the_epoch_of_an_rpm_is_a_qualifier() {
        let distribution =
            Distribution { id: "rhel".into(), version: "9.4".into(), ..Distribution::default() };
        let component = Component::new(Ecosystem::Rpm, "openssl-libs", "1:3.0.7-16.el9");
        let purl = purl(&component, &distribution).unwrap().to_string();
        assert_eq!(purl, "pkg:rpm/redhat/openssl-libs@3.0.7-16.el9?distro=rhel-9.4&epoch=1");
    }

    #[test]
    fn names_keep_their_namespaces() {
        assert_eq!(
            of(&Component::new(Ecosystem::Npm, "core", "1.0").namespace("@angular")),
            "pkg:npm/%40angular/core@1.0"
        );
        assert_eq!(
            of(&Component::new(Ecosystem::Go, "golang.org/x/net", "v0.1.0")),
            "pkg:golang/golang.org/x/net@v0.1.0"
        );
        assert_eq!(of(&Component::new(Ecosystem::Go, "stdlib", "1.22.0")), "pkg:golang/stdlib@1.22.0");
        let conda = Component {
            qualifiers: vec![("build", "py311_0".into()), ("odd", "x".into())],
            ..Component::new(Ecosystem::Conda, "numpy", "1.26")
        };
        assert_eq!(of(&conda), "pkg:conda/numpy@1.26?build=py311_0");
        assert!(purl(&Component::new(Ecosystem::Maven, "a", "1"), &Distribution::default()).is_none());
    }
}
