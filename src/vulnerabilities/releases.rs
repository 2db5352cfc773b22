//! Whether what an advisory says of a release is about the system that is looked at.

use super::ecosystem::OsvEcosystem;
use super::redhat;
use super::statement::Subject;
use crate::packages::inventory::{Distribution, InstalledSystem};

/// How a release fits a system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fit {
    /// The fix is for subscribers.
    pub subscription: Option<&'static str>,
    /// Why it is not sure that it fits.
    pub doubt: Option<&'static str>,
}

/// Debian's releases by their names. Source: distro-info-data, `debian.csv`.
pub(super) const DEBIAN: [(&str, &str); 14] = [
    ("duke", "15"),
    ("forky", "14"),
    ("trixie", "13"),
    ("bookworm", "12"),
    ("bullseye", "11"),
    ("buster", "10"),
    ("stretch", "9"),
    ("jessie", "8"),
    ("wheezy", "7"),
    ("squeeze", "6"),
    ("lenny", "5"),
    ("etch", "4"),
    ("sarge", "3.1"),
    ("woody", "3.0"),
];

/// Whether `subject` is about a package of this version on this system.
pub(super) fn fit(subject: &Subject, system: &InstalledSystem, version: &str) -> Option<Fit> {
    let distribution = &system.distribution;
    let release = subject.release.as_str();
    let plain = |fits: bool| fits.then(Fit::default);
    match subject.ecosystem {
        OsvEcosystem::Debian => debian(release, distribution, version),
        OsvEcosystem::Ubuntu => ubuntu(release, distribution, version),
        OsvEcosystem::Alpine => plain(alpine(release, &distribution.version)),
        OsvEcosystem::RedHat => redhat::fit(release, system),
        OsvEcosystem::Suse => suse(release, &distribution.version),
        OsvEcosystem::OpenSuse => plain(open_suse(release, distribution)),
        OsvEcosystem::OpenEuler => plain(open_euler(release, distribution)),
        OsvEcosystem::Amazon => plain(major(release) == major(&distribution.version)),
        OsvEcosystem::AlmaLinux
        | OsvEcosystem::Rocky
        | OsvEcosystem::Oracle
        | OsvEcosystem::Azure
        | OsvEcosystem::Photon
        | OsvEcosystem::Mageia => {
            plain(!release.is_empty() && major(release) == major(&distribution.version))
        }
        _ => plain(true),
    }
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}

/// The number of a system's release; `debian_version` of a testing system has none.
fn debian_number(distribution: &Distribution) -> Option<&str> {
    if !distribution.version.is_empty() {
        return Some(&distribution.version);
    }
    DEBIAN.iter().find(|(name, _)| *name == distribution.codename).map(|(_, number)| *number)
}

fn debian(release: &str, distribution: &Distribution, version: &str) -> Option<Fit> {
    let number = debian_number(distribution)?;
    let release = DEBIAN.iter().find(|(name, _)| *name == release).map_or(release, |(_, number)| *number);
    let Some(base) = backport(version) else {
        return is_same_release(release, number).then(Fit::default);
    };
    // What is ported back from the next release has its versions.
    let next = base.checked_add(1)?.to_string();
    let doubt = Some("it is a backport, and was compared with the release that it comes from");
    is_same_release(release, &next).then_some(Fit { doubt, ..Fit::default() })
}

/// `Debian:6.0` is `Debian:6`; `3.1` and `3.0` are not one.
fn is_same_release(left: &str, right: &str) -> bool {
    left == right || (major(left) == major(right) && major(left) != "3")
}

/// The release that a backport was made for: 12 of `1.2-3~bpo12+1`.
fn backport(version: &str) -> Option<u32> {
    let (_, rest) = version.split_once("~bpo")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let number: u32 = digits.parse().ok()?;
    // Up to Debian 8 they were called `~bpo70+1`.
    Some(if number >= 40 { number / 10 } else { number })
}

/// `22.04:LTS`, `24.10`, `Pro:18.04:LTS`, `Pro:FIPS-updates:20.04:LTS`.
fn ubuntu(release: &str, distribution: &Distribution, version: &str) -> Option<Fit> {
    let words = || release.split(':');
    if !words().any(|word| word == distribution.version) {
        return None;
    }
    let is_pro = words().any(|word| word == "Pro");
    let variant = words().find(|word| word.starts_with("FIPS") || *word == "Realtime");
    if variant.is_some() && !version.to_ascii_lowercase().contains("fips") {
        return None;
    }
    Some(Fit { subscription: is_pro.then_some("Ubuntu Pro"), doubt: None })
}

fn alpine(release: &str, version: &str) -> bool {
    let branch = |version: &str| version.split('.').take(2).map(str::to_owned).collect::<Vec<_>>();
    let is_edge = version.contains("alpha") || version == "edge" || version.is_empty();
    match release.strip_prefix('v') {
        Some(number) => !is_edge && branch(number) == branch(version),
        None => release == "edge" && is_edge,
    }
}

/// `Linux Enterprise Server 15 SP5`, `Linux Enterprise Module for Basesystem 15 SP5`,
/// `Linux Enterprise Server 15 SP3-LTSS`.
fn suse(release: &str, version: &str) -> Option<Fit> {
    let (major, pack) = version.split_once('.').unwrap_or((version, "0"));
    let wanted = if pack == "0" { major.to_owned() } else { format!("{major} SP{pack}") };
    let is_extended = release.ends_with("-LTSS") || release.ends_with("-ESPOS");
    let bare = release.trim_end_matches("-LTSS").trim_end_matches("-ESPOS");
    // Micro has versions with a dot in its names, too.
    let is_called = |version: &str| bare.strip_suffix(version).is_some_and(|before| before.ends_with(' '));
    let fits = is_called(&wanted) || is_called(version);
    fits.then_some(Fit { subscription: is_extended.then_some("SUSE LTSS"), doubt: None })
}

fn open_suse(release: &str, distribution: &Distribution) -> bool {
    match release.rsplit_once(' ') {
        Some((_, number)) => number == distribution.version,
        None => release == "Tumbleweed" && distribution.id == "opensuse-tumbleweed",
    }
}

/// `24.03-LTS-SP1`; os-release has `24.03` and "openEuler 24.03 (LTS-SP1)".
fn open_euler(release: &str, distribution: &Distribution) -> bool {
    let (number, pack) = release.split_once('-').unwrap_or((release, ""));
    number == distribution.version && (pack.is_empty() || distribution.pretty.contains(&format!("({pack})")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(id: &str, version: &str) -> InstalledSystem {
        let distribution =
            Distribution { id: id.to_owned(), version: version.to_owned(), ..Distribution::default() };
        InstalledSystem { distribution, ..InstalledSystem::default() }
    }

    fn of(ecosystem: &str, system: &InstalledSystem, version: &str) -> Option<Fit> {
        let (ecosystem, release) = OsvEcosystem::parse(ecosystem).unwrap();
        fit(&Subject::new(ecosystem, release, "x"), system, version)
    }

    #[test]
    fn debian_is_known_by_number_and_by_name() {
        let bookworm = system("debian", "12");
        assert!(of("Debian:12", &bookworm, "1").is_some() && of("Debian:bookworm", &bookworm, "1").is_some());
        assert!(of("Debian:11", &bookworm, "1").is_none() && of("Debian", &bookworm, "1").is_none());
        let mut testing = system("debian", "");
        testing.distribution.codename = "trixie".to_owned();
        assert!(of("Debian:13", &testing, "1").is_some());
        assert!(of("Debian:6.0", &system("debian", "6"), "1").is_some());
    }

    #[test]
    fn a_backport_is_compared_with_the_next_release() {
        let bookworm = system("debian", "12");
        assert!(of("Debian:12", &bookworm, "2.1-1~bpo12+1").is_none());
        assert!(of("Debian:13", &bookworm, "2.1-1~bpo12+1").unwrap().doubt.is_some());
        assert!(of("Debian:8", &system("debian", "7"), "2.1-1~bpo70+1").is_some());
    }

    #[test]
    fn an_lts_of_ubuntu_is_the_release_with_its_suffix() {
        let jammy = system("ubuntu", "22.04");
        assert_eq!(of("Ubuntu:22.04:LTS", &jammy, "1").unwrap().subscription, None);
        assert_eq!(of("Ubuntu:22.04", &jammy, "1").unwrap().subscription, None);
        assert_eq!(of("Ubuntu:Pro:22.04:LTS", &jammy, "1").unwrap().subscription, Some("Ubuntu Pro"));
        assert_eq!(of("Ubuntu:24.04:LTS", &jammy, "1"), None);
        assert_eq!(of("Ubuntu:Pro:FIPS-updates:22.04:LTS", &jammy, "1"), None);
        assert!(of("Ubuntu:Pro:FIPS-updates:22.04:LTS", &jammy, "1+Fips1").is_some());
    }

    #[test]
    fn releases_are_compared_as_far_as_they_have_repositories_of_their_own() {
        for (ecosystem, id, version, fits) in [
            ("AlmaLinux:9", "almalinux", "9.4", true),
            ("AlmaLinux:8", "almalinux", "9.4", false),
            ("Alpine:v3.18", "alpine", "3.18.4", true),
            ("Alpine:v3.18", "alpine", "3.1.8", false),
            ("Alpine:edge", "alpine", "3.21_alpha20240923", true),
            ("Amazon Linux:2", "amzn", "2", true),
            ("Amazon Linux:2", "amzn", "2023", false),
            ("SUSE:Linux Enterprise Server 15 SP5", "sles", "15.5", true),
            ("SUSE:Linux Enterprise Module for Basesystem 15 SP5", "sles", "15.5", true),
            ("SUSE:Linux Enterprise Server 15 SP5", "sles", "15.6", false),
            ("SUSE:Linux Enterprise Server 12", "sles", "12", true),
            ("SUSE:Linux Enterprise Micro 6.0", "sl-micro", "6.0", true),
            ("openSUSE:Leap 15.5", "opensuse-leap", "15.5", true),
            ("openSUSE:Tumbleweed", "opensuse-tumbleweed", "20261101", true),
            ("Azure Linux:3", "azurelinux", "3.0", true),
            ("Photon OS:4.0", "photon", "5.0", false),
            ("PyPI", "anything", "", true),
        ] {
            assert_eq!(
                of(ecosystem, &system(id, version), "1").is_some(),
                fits,
                "{ecosystem} on {id} {version}"
            );
        }
        let extended = of("SUSE:Linux Enterprise Server 15 SP3-LTSS", &system("sles", "15.3"), "1").unwrap();
        assert_eq!(extended.subscription, Some("SUSE LTSS"));
    }
}
