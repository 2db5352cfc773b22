use super::*;
use crate::packages::LooseSetting;
use crate::packages::inventory::Distribution;

fn system(repositories: Vec<Repository>) -> InstalledSystem {
    let distribution = Distribution { id: "debian".into(), version: "12".into(), ..Distribution::default() };
    InstalledSystem { distribution, repositories, ..InstalledSystem::default() }
}

fn said(system: InstalledSystem) -> Vec<String> {
    let inventory = Inventory { systems: vec![system], components: Vec::new() };
    let day = Date::parse("2026-11-29").unwrap();
    let findings = findings(&inventory, &Table::embedded().unwrap(), day);
    findings.iter().map(|one| format!("{} {}", one.advisory.id, one.severity.name())).collect()
}

fn of(manager: PackageManager, suite: &str, url: &str, unsigned: Option<&'static str>) -> Vec<String> {
    let one = Repository { manager, urls: vec![url.to_owned()], unsigned, ..Repository::enabled(suite) };
    said(system(vec![one]))
}

#[test]
fn a_clean_debian_has_nothing_to_say() {
    for suite in ["bookworm", "bookworm-updates", "bookworm-security", "trixie"] {
        assert_eq!(of(PackageManager::Dpkg, suite, "http://deb.debian.org/debian", None), [""; 0], "{suite}");
    }
    assert_eq!(
        of(PackageManager::Dpkg, "bookworm", "https://download.docker.com/linux/debian", None),
        [""; 0]
    );
}

#[test]
fn who_asks_for_no_signature_is_told_how_bad_that_is_there() {
    let apt = |url: &str| of(PackageManager::Dpkg, "./", url, Some("trusted=yes"));
    assert_eq!(apt("http://a.example.org/"), ["packages-unsigned high"]);
    assert_eq!(apt("https://a.example.org/"), ["packages-unsigned high"]);
    assert_eq!(apt("file:/srv/repo"), ["packages-unsigned low"]);
    let rpm = |url: &str| of(PackageManager::Rpm, "x", url, Some("gpgcheck=0"));
    assert_eq!(rpm("http://a.example.org/"), ["packages-unsigned high"]);
    assert_eq!(rpm("https://a.example.org/"), ["packages-unsigned medium"]);
    let mut off = system(vec![Repository { unsigned: Some("gpgcheck=0"), ..Repository::enabled("x") }]);
    off.repositories[0].is_enabled = false;
    assert_eq!(said(off), [""; 0]);
}

#[test]
fn signed_packages_over_http_are_worth_knowing() {
    assert_eq!(
        of(PackageManager::Dpkg, "stable", "http://a.example.org/deb", None),
        ["repository-over-http info"]
    );
    assert_eq!(of(PackageManager::Dpkg, "stable", "http://localhost:3142/deb", None), [""; 0]);
    let alpine = "http://dl-cdn.alpinelinux.org/alpine/v3.23/main";
    assert_eq!(of(PackageManager::Apk, "v3.23/main", alpine, None), ["repository-over-http info"]);
}

#[test]
fn a_repository_of_an_ended_release_gets_no_fixes() {
    let docker = "https://download.docker.com/linux/debian";
    assert_eq!(of(PackageManager::Dpkg, "buster", docker, None), ["repository-ended medium"]);
    let vault = "https://vault.centos.org/7.9.2009/os/x86_64/";
    assert_eq!(of(PackageManager::Rpm, "base", vault, None), ["repository-ended medium"]);
    // The system itself has ended, and says so.
    let mut own = system(vec![Repository { urls: vec![docker.to_owned()], ..Repository::enabled("buster") }]);
    own.distribution.version = "10".into();
    assert_eq!(said(own), [""; 0]);
}

#[test]
fn settings_and_holds_are_findings_of_their_files() {
    let mut one = system(Vec::new());
    let setting = |says, loses| LooseSetting { says, loses, location: crate::finding::Location::default() };
    one.loose_settings = vec![
        setting("APT::Get::AllowUnauthenticated", Loses::Signature),
        setting("Verify-Peer", Loses::Certificate),
    ];
    one.holds = vec![Hold { names: vec!["linux-image-amd64".into()], location: Default::default() }];
    assert_eq!(
        said(one),
        ["packages-unsigned high", "repository-certificate-unchecked medium", "packages-held info"]
    );
}

#[test]
fn many_held_packages_are_counted() {
    let names = (0..30).map(|number| format!("p{number:02}")).collect();
    let finding = held(&Hold { names, location: Default::default() });
    assert!(finding.evidence.facts[0].1.ends_with("p19 and 10 more"));
}
