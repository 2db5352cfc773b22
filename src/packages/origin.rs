//! Who made a package: the distribution, or somebody else.
//!
//! What a distribution says of vulnerabilities holds for its own packages only, and nobody else updates the others. No
//! database says it of dpkg's packages: a maintainer of Debian may write from any address. So several signs are
//! taken together; see `of_deb`.

use super::component::Origin;

/// Mail domains of those who make packages for Debian, Ubuntu and the systems made of them.
const DISTRIBUTION_DOMAINS: [&str; 10] = [
    "debian.org",
    "debian.net",
    "ubuntu.com",
    "canonical.com",
    "launchpad.net",
    "kali.org",
    "raspberrypi.com",
    "raspberrypi.org",
    "devuan.org",
    "linuxmint.com",
];

/// What others write into their versions: PostgreSQL's repository, Ondřej Surý's PHP, MariaDB's, PPAs, NodeSource.
const FOREIGN_MARKS: [&str; 8] = ["pgdg", "sury", "+maria~", "~ppa", "-ppa", "nodesource", "+percona", "~jc"];

/// Marks of vendors of RPM packages by the `ID` of the distribution whose they are. `None` in the list of a
/// distribution that is not here: then nothing is known.
const RPM_VENDORS: [(&str, &[&str]); 17] = [
    ("amzn", &["Amazon Linux", "Amazon.com"]),
    ("rhel", &["Red Hat, Inc."]),
    ("centos", &["CentOS"]),
    ("fedora", &["Fedora Project"]),
    ("almalinux", &["AlmaLinux"]),
    ("rocky", &["Rocky Enterprise Software Foundation", "Rocky"]),
    ("ol", &["Oracle America", "Oracle Corporation"]),
    ("sles", &["SUSE LLC", "SUSE Linux"]),
    ("sles_sap", &["SUSE LLC", "SUSE Linux"]),
    ("sle-micro", &["SUSE LLC"]),
    ("opensuse-leap", &["SUSE LLC", "openSUSE"]),
    ("opensuse-tumbleweed", &["openSUSE", "SUSE LLC"]),
    ("azurelinux", &["Microsoft Corporation"]),
    ("mariner", &["Microsoft Corporation"]),
    ("photon", &["VMware, Inc", "Broadcom"]),
    ("openeuler", &["http://openeuler.org", "openEuler"]),
    ("mageia", &["Mageia.Org"]),
];

/// What is known of a package of dpkg.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deb<'a> {
    /// `Name <name@domain>`.
    pub(super) maintainer: &'a str,
    pub(super) version: &'a str,
    /// Whether it has the changelog that Debian's policy asks for.
    pub(super) has_changelog: bool,
}

/// Who made a package of dpkg. `repositories` are the hosts of the configured sources that are no mirror of a
/// distribution.
///
/// It is somebody else's if its version carries the mark of somebody else, or its maintainer writes from the domain of a
/// configured repository. Otherwise it is the distribution's, if its maintainer writes from there, or if it has the
/// changelog that Debian's policy asks for (4.4, 12.7), which packages made by hand have not.
pub(super) fn of_deb(package: Deb<'_>, repositories: &[String]) -> Origin {
    let domain = mail_domain(package.maintainer);
    let is_of = |known: &str| is_below(domain, known);
    let third = || Origin::ThirdParty(package.maintainer.to_owned());
    if FOREIGN_MARKS.iter().any(|mark| package.version.contains(mark)) {
        return third();
    }
    if DISTRIBUTION_DOMAINS.into_iter().any(is_of) {
        return Origin::Distribution;
    }
    let is_of_repository = repositories.iter().any(|host| is_below(host, registered(domain)));
    if package.has_changelog && !is_of_repository {
        return Origin::Distribution;
    }
    if package.maintainer.is_empty() { Origin::Unknown } else { third() }
}

/// Who made a package of RPM, by the vendor that it names; `distribution` is the system's `ID`.
pub fn of_rpm(vendor: &str, distribution: &str) -> Origin {
    let Some((_, own)) = RPM_VENDORS.iter().find(|(id, _)| *id == distribution) else {
        return Origin::Unknown;
    };
    match vendor {
        "" | "(none)" => Origin::Unknown,
        _ if own.iter().any(|name| vendor.starts_with(name)) => Origin::Distribution,
        _ => Origin::ThirdParty(vendor.to_owned()),
    }
}

/// Mail domains of those who build packages for Arch Linux and the systems made of it.
const ARCH_DOMAINS: [&str; 4] = ["archlinux.org", "archlinuxarm.org", "manjaro.org", "endeavouros.com"];

/// Who made a package of pacman: `packager` is who built it, `is_signed` whether pacman has seen a signature. What is
/// built by hand (the AUR) is installed without one, and mostly by `Unknown Packager`.
pub(super) fn of_alpm(packager: &str, is_signed: bool) -> Origin {
    let domain = mail_domain(packager);
    match packager {
        _ if ARCH_DOMAINS.iter().any(|known| is_below(domain, known)) => Origin::Distribution,
        "" => Origin::Unknown,
        _ if is_signed => Origin::Unknown,
        _ => Origin::ThirdParty(packager.to_owned()),
    }
}

/// The domain of `Name <name@domain>`, or of a bare address.
fn mail_domain(maintainer: &str) -> &str {
    let address = maintainer.rsplit_once('<').map_or(maintainer, |(_, address)| address);
    let address = address.split('>').next().unwrap_or_default();
    address.rsplit_once('@').map_or("", |(_, domain)| domain.trim())
}

/// Whether a host is `domain` or lies below it.
fn is_below(host: &str, domain: &str) -> bool {
    let rest = host.strip_suffix(domain).filter(|_| !domain.is_empty());
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The last two labels of a domain: `docker.com` of `support.docker.com`.
fn registered(domain: &str) -> &str {
    let mut dots = domain.rmatch_indices('.').skip(1);
    dots.next().and_then(|(at, _)| domain.get(at.saturating_add(1)..)).unwrap_or(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deb(maintainer: &str, version: &str, has_changelog: bool, repositories: &[&str]) -> Origin {
        let repositories: Vec<String> = repositories.iter().map(|&host| host.to_owned()).collect();
        of_deb(Deb { maintainer, version, has_changelog }, &repositories)
    }

    #[test]
    fn a_maintainer_of_the_distribution_may_write_from_anywhere() {
        let team = "Debian OpenSSL Team <pkg-openssl-devel@alioth-lists.debian.net>";
        assert_eq!(deb(team, "3.0.20-1", false, &[]), Origin::Distribution);
        assert_eq!(
            deb("Theodore Y. Ts'o <tytso@mit.edu>", "1.47.0-2", true, &["deb.example.org"]),
            Origin::Distribution
        );
    }

    #[test]
    fn somebody_else_is_known_by_repository_mark_or_missing_changelog() {
        let docker = "Docker <support@docker.com>";
        let third = |maintainer: &str| Origin::ThirdParty(maintainer.to_owned());
        assert_eq!(
            deb(docker, "5:24.0.7-1~debian.12~bookworm", true, &["download.docker.com"]),
            third(docker)
        );
        assert_eq!(deb(docker, "5:24.0.7-1", false, &[]), third(docker));
        let postgresql = "Debian PostgreSQL Maintainers <team+postgresql@tracker.debian.org>";
        assert_eq!(deb(postgresql, "15.4-1.pgdg120+1", true, &[]), third(postgresql));
        assert_eq!(deb("", "1", false, &[]), Origin::Unknown);
    }

    #[test]
    fn a_domain_that_only_ends_alike_is_another() {
        assert_eq!(
            deb("X <x@notdebian.org>", "1", false, &[]),
            Origin::ThirdParty("X <x@notdebian.org>".into())
        );
        assert!(!is_below("evildocker.com", "docker.com") && is_below("a.docker.com", "docker.com"));
    }

    #[test]
    fn the_vendor_of_another_distribution_is_somebody_else() {
        assert_eq!(of_rpm("Red Hat, Inc.", "rhel"), Origin::Distribution);
        assert_eq!(of_rpm("Fedora Project", "rhel"), Origin::ThirdParty("Fedora Project".into()));
        assert_eq!(of_rpm("Docker", "unheard-of"), Origin::Unknown);
        assert_eq!(of_rpm("", "rhel"), Origin::Unknown);
    }
}
