//! Which release of which distribution a repository belongs to.

use super::{Product, Release, Table};
use crate::packages::{PackageManager, Repository};

/// The release that a repository is for: apt's suite is its codename (`buster-updates`); others have the version in
/// their addresses (`vault.centos.org/7.9.2009/os`, `alpine/v3.14/main`), after the name of the distribution. An address
/// with a variable in the version's place is for whatever the system is.
pub(super) fn release_of<'t>(
    repository: &Repository,
    table: &'t Table,
) -> Option<(&'t Product, &'t Release)> {
    match repository.manager {
        PackageManager::Dpkg => {
            let codename = repository.id.split(['-', '/']).next().unwrap_or_default();
            table.of_codename(codename)
        }
        PackageManager::Rpm | PackageManager::Apk => {
            repository.urls.iter().find_map(|url| of_address(url, table))
        }
        PackageManager::Pacman => None,
    }
}

fn of_address<'t>(url: &str, table: &'t Table) -> Option<(&'t Product, &'t Release)> {
    let url = url.to_ascii_lowercase();
    let has = |word: &str| url.split(|byte: char| !byte.is_ascii_alphanumeric()).any(|one| one == word);
    // Extra packages have the version of another distribution in their addresses.
    if has("epel") {
        return None;
    }
    let is_it = |product: &&Product| {
        product.systems.iter().any(|system| has(system)) && url.contains(&product.named.to_lowercase())
    };
    let product = table.products.iter().filter(is_it).max_by_key(|product| product.named.len())?;
    let (_, path) = url.split_once("://")?;
    let mut segments = path.split(['/', '?', '&', '=']).skip(1);
    let version = segments.find(|one| {
        let number = one.trim_start_matches('v');
        number.starts_with(|first: char| first.is_ascii_digit())
    })?;
    product.release(version.trim_start_matches('v')).map(|release| (product, release))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(manager: PackageManager, id: &str, url: &str) -> String {
        let repository = Repository { manager, urls: vec![url.to_owned()], ..Repository::enabled(id) };
        let table = Table::embedded().unwrap();
        release_of(&repository, &table)
            .map_or_else(String::new, |(product, release)| format!("{} {}", product.id, release.cycle))
    }

    #[test]
    fn a_suite_is_known_by_its_codename() {
        let apt = |suite: &str| named(PackageManager::Dpkg, suite, "https://a.example.org/debian");
        assert_eq!(apt("buster"), "debian 10");
        assert_eq!(apt("buster/updates"), "debian 10");
        assert_eq!(apt("bookworm-pgdg"), "debian 12");
        assert_eq!(apt("trusty-security"), "ubuntu 14.04");
        for none in ["stable", "", "./", "main", "kali-rolling"] {
            assert_eq!(apt(none), "", "{none}");
        }
    }

    #[test]
    fn an_address_has_the_version_behind_the_name_of_the_distribution() {
        let rpm = |url: &str| named(PackageManager::Rpm, "x", url);
        assert_eq!(rpm("http://vault.centos.org/7.9.2009/os/$basearch/"), "centos 7");
        assert_eq!(rpm("https://download.docker.com/linux/centos/7/$basearch/stable"), "centos 7");
        assert_eq!(rpm("https://mirror.stream.centos.org/9-stream/BaseOS/"), "centos-stream 9");
        assert_eq!(
            rpm("https://archives.fedoraproject.org/pub/archive/fedora/linux/releases/33/x"),
            "fedora 33"
        );
        assert_eq!(
            named(PackageManager::Apk, "v3.14/main", "http://dl-cdn.alpinelinux.org/alpine/v3.14/main"),
            "alpine-linux 3.14"
        );
        for none in [
            "https://download.docker.com/linux/centos/$releasever/$basearch/stable",
            "https://dl.fedoraproject.org/pub/epel/7/Everything/",
            "https://mirror.example.org/centos/epel/7/Everything/",
            "https://a.example.org/el/7/",
            "",
        ] {
            assert_eq!(rpm(none), "", "{none}");
        }
    }
}
