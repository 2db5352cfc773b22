//! Red Hat's streams: each product and each minor release that is kept longer has fixes of its own, and is known by its
//! CPE. Which of them a system takes its packages from is said by its repositories.

use super::releases::Fit;
use crate::packages::inventory::InstalledSystem;

/// Streams that are for subscribers of more than the plain product, by the product of their CPE.
const EXTENDED: [(&str, &str, &str); 5] = [
    ("-eus-", "rhel_eus", "RHEL EUS"),
    ("-e4s-", "rhel_e4s", "RHEL for SAP (E4S)"),
    ("-aus-", "rhel_aus", "RHEL AUS"),
    ("-tus-", "rhel_tus", "RHEL TUS"),
    ("-els-", "rhel_els", "RHEL ELS"),
];

/// Whether a stream, as OSV writes it (`enterprise_linux:9::baseos`, `rhel_eus:8.8::appstream`), is one of the system.
pub(super) fn fit(stream: &str, system: &InstalledSystem) -> Option<Fit> {
    let mut parts = stream.split(':');
    let (product, release) = (parts.next()?, parts.next()?);
    let variant = parts.nth(1).unwrap_or_default();
    let installed = &system.distribution.version;
    let major = |version: &str| version.split('.').next().unwrap_or_default().to_owned();
    if major(release) != major(installed) {
        return None;
    }
    if product == "enterprise_linux" {
        return plain(variant, system);
    }
    let (mark, _, name) = EXTENDED.iter().find(|(_, known, _)| *known == product)?;
    let is_enabled = system.enabled_repositories().any(|repository| is_of(repository, mark, variant));
    let is_release = release == installed || release == major(installed);
    (is_release && is_enabled).then_some(Fit { subscription: Some(name), doubt: None })
}

/// The plain product: what is not named by repositories is taken to be BaseOS and AppStream, which every system has.
fn plain(variant: &str, system: &InstalledSystem) -> Option<Fit> {
    const ALWAYS: [&str; 5] = ["", "baseos", "appstream", "server", "client"];
    let is_enabled = system.enabled_repositories().any(|repository| is_of(repository, "", variant));
    let is_assumed = ALWAYS.contains(&variant);
    (is_assumed || is_enabled).then(Fit::default)
}

/// `rhel-9-for-x86_64-baseos-eus-rpms`, `rhui-rhel-9-for-x86_64-appstream-rhui-rpms`,
/// `codeready-builder-for-rhel-9-x86_64-rpms`.
fn is_of(repository: &str, mark: &str, variant: &str) -> bool {
    let variant = match variant {
        "crb" => "codeready-builder",
        other => other,
    };
    repository.contains("rhel") && repository.contains(mark) && repository.contains(variant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::Repository;
    use crate::packages::inventory::Distribution;

    fn system(version: &str, repositories: &[&str]) -> InstalledSystem {
        let distribution =
            Distribution { id: "rhel".to_owned(), version: version.to_owned(), ..Distribution::default() };
        let repositories = repositories.iter().map(|name| Repository::enabled(name)).collect();
        InstalledSystem { distribution, repositories, ..InstalledSystem::default() }
    }

    #[test]
    fn without_repositories_it_is_baseos_and_appstream_of_the_release() {
        let nine = system("9.4", &[]);
        for (stream, fits) in [
            ("enterprise_linux:9::baseos", true),
            ("enterprise_linux:9::appstream", true),
            ("enterprise_linux:9::crb", false),
            ("enterprise_linux:8::baseos", false),
            ("rhel_eus:9.4::baseos", false),
            ("openshift:4.14::el9", false),
        ] {
            assert_eq!(fit(stream, &nine).is_some(), fits, "{stream}");
        }
    }

    #[test]
    fn a_longer_kept_minor_release_is_known_by_its_repository() {
        let extended = system("8.8", &["rhel-8-for-x86_64-baseos-eus-rhui-rpms"]);
        assert_eq!(fit("rhel_eus:8.8::baseos", &extended).unwrap().subscription, Some("RHEL EUS"));
        assert_eq!(fit("rhel_eus:8.6::baseos", &extended), None);
        assert_eq!(fit("rhel_aus:8.8::baseos", &extended), None);
        let builder = system("9.4", &["codeready-builder-for-rhel-9-x86_64-rpms"]);
        assert!(fit("enterprise_linux:9::crb", &builder).is_some());
    }
}
