//! The repositories that a system installs packages from, and the settings that ask them for less than they should.
//!
//! Source: sources.list(5) with deb822, apt.conf(5), yum.conf(5) and dnf.conf(5), apk-repositories(5), pacman.conf(5).
//! Variables such as `$releasever` stay as they stand.

use super::PackageManager;
use crate::files::{SystemReader, lines};
use crate::finding::Location;

mod apt;
mod ini;

/// Bytes of one file, files of a folder, repositories of a system.
const LIMIT: u64 = 1 << 20;
const FILES: usize = 500;
const REPOSITORIES: usize = 2000;

const APK: &[u8] = b"/etc/apk/repositories";
const PACMAN: &[u8] = b"/etc/pacman.conf";

/// Hosts on which distributions publish, and the names that their mirrors begin with.
const DISTRIBUTION_HOSTS: [&str; 13] = [
    "debian.org",
    "ubuntu.com",
    "kali.org",
    "raspbian.org",
    "raspberrypi.com",
    "redhat.com",
    "fedoraproject.org",
    "centos.org",
    "almalinux.org",
    "rockylinux.org",
    "alpinelinux.org",
    "suse.com",
    "opensuse.org",
];

/// What the hosts of Amazon Linux begin with: they lie among the buckets of everybody.
const AMAZON_HOSTS: [&str; 2] = ["amazonlinux", "al2023-repos-"];

/// A repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repository {
    /// The section of a `.repo` file, or apt's suite.
    pub id: String,
    /// Whose packages it has.
    pub manager: PackageManager,
    /// Where it lies: base addresses, mirror lists, meta links.
    pub urls: Vec<String>,
    /// Whether packages are taken from it.
    pub is_enabled: bool,
    /// What says that no signatures are asked for: `trusted=yes`, `gpgcheck=0`.
    pub unsigned: Option<&'static str>,
    /// What says that certificates are not checked: `sslverify=0`.
    pub tls_unchecked: Option<&'static str>,
    /// The file that names it, and the line in it. The inventory completes it.
    pub location: Location,
}

/// What a setting of apt does without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loses {
    /// Signatures.
    Signature,
    /// The certificates of servers.
    Certificate,
}

/// A setting of apt that asks all repositories for less than it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LooseSetting {
    /// What it says.
    pub says: &'static str,
    /// What is done without.
    pub loses: Loses,
    /// The file that has it, and the line in it. The inventory completes it.
    pub location: Location,
}

impl Repository {
    /// One that is enabled, of which only the name is known.
    pub fn enabled(id: &str) -> Self {
        Self { id: id.to_owned(), is_enabled: true, ..Self::default() }
    }

    /// The hosts of its addresses, without a user, a port and doubles.
    pub fn hosts(&self) -> Vec<&str> {
        let mut hosts: Vec<&str> = self.urls.iter().filter_map(|url| host(url)).collect();
        hosts.dedup();
        hosts
    }

    /// Whether it is a distribution's own, as far as its host tells.
    pub fn is_of_a_distribution(&self) -> bool {
        let known = |host: &str| {
            AMAZON_HOSTS.iter().any(|own| host.starts_with(own))
                || DISTRIBUTION_HOSTS.iter().any(|own| {
                    host.strip_suffix(own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
                })
        };
        let hosts = self.hosts();
        hosts.is_empty() || hosts.into_iter().all(known)
    }
}

/// All repositories of a system, in the order of their files.
pub(super) fn gather(reader: &mut SystemReader<'_>) -> Vec<Repository> {
    let mut found = Vec::new();
    if let Some(content) = reader.read(b"/etc/apt/sources.list", LIMIT) {
        apt::one_line(b"/etc/apt/sources.list", &content, &mut found);
    }
    for (path, content) in folder(reader, b"/etc/apt/sources.list.d") {
        if path.ends_with(b".list") {
            apt::one_line(&path, &content, &mut found);
        } else if path.ends_with(b".sources") {
            apt::deb822(&path, &content, &mut found);
        }
    }
    const FOLDERS: [&[u8]; 3] = [b"/etc/yum.repos.d", b"/etc/zypp/repos.d", b"/etc/distro.repos.d"];
    let mut main = ini::Main::USUAL;
    for file in [b"/etc/yum.conf".as_slice(), b"/etc/dnf/dnf.conf"] {
        main = main.with(&reader.read(file, LIMIT).unwrap_or_default());
    }
    for place in FOLDERS {
        for (path, content) in folder(reader, place).into_iter().filter(|(path, _)| path.ends_with(b".repo"))
        {
            ini::rpm(&path, &content, main, &mut found);
        }
    }
    if let Some(content) = reader.read(PACMAN, LIMIT) {
        ini::pacman(PACMAN, &content, &mut found);
    }
    if let Some(content) = reader.read(APK, LIMIT) {
        apk(&content, &mut found);
    }
    found.truncate(REPOSITORIES);
    found
}

/// The settings of apt that ask all repositories for less than they should.
pub(super) fn loose_settings(reader: &mut SystemReader<'_>) -> Vec<LooseSetting> {
    let mut files = folder(reader, b"/etc/apt/apt.conf.d");
    // It is read last.
    let main: &[u8] = b"/etc/apt/apt.conf";
    files.extend(reader.read(main, LIMIT).map(|content| (main.to_vec(), content)));
    let mut found = Vec::new();
    files.iter().for_each(|(path, content)| apt::settings(path, content, &mut found));
    found
}

/// The streams of modules that dnf has enabled, as `name:stream`. Source: dnf's modularity, `/etc/dnf/modules.d`.
pub(super) fn modules(reader: &mut SystemReader<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for (path, content) in folder(reader, b"/etc/dnf/modules.d") {
        if !path.ends_with(b".module") {
            continue;
        }
        for (name, section) in ini::sections(&content) {
            let value = |name: &str| section.value(name).unwrap_or_default();
            if value("state") == "enabled" && !value("stream").is_empty() {
                found.push(format!("{name}:{}", value("stream")));
            }
        }
    }
    found
}

fn folder(reader: &mut SystemReader<'_>, place: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let names = reader.list(place).into_iter().take(FILES);
    let paths: Vec<Vec<u8>> = names.map(|(name, _)| [place, b"/", name.as_slice()].concat()).collect();
    paths.into_iter().filter_map(|path| reader.read(&path, LIMIT).map(|content| (path, content))).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

fn is_on(value: &str) -> bool {
    ["yes", "true", "on", "1", "with", "enable"].iter().any(|on| value.trim().eq_ignore_ascii_case(on))
}

/// Lines of an address each, which may begin with `@tag`.
fn apk(content: &[u8], found: &mut Vec<Repository>) {
    for (line, bytes) in lines(content) {
        let text = text(bytes);
        let Some(url) = text.split_whitespace().find(|word| !word.starts_with('@')) else { continue };
        if url.starts_with('#') {
            continue;
        }
        let id = url.trim_end_matches('/').rsplit('/').take(2).collect::<Vec<_>>();
        found.push(Repository {
            id: id.into_iter().rev().collect::<Vec<_>>().join("/"),
            manager: PackageManager::Apk,
            urls: vec![url.to_owned()],
            is_enabled: true,
            unsigned: None,
            tls_unchecked: None,
            location: Location { path: APK.to_vec(), line: Some(line), ..Location::default() },
        });
    }
}

/// The host of an address.
fn host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::shelf::Shelf;

    fn gathered(path: &str, content: &str) -> Vec<Repository> {
        let shelf = Shelf::default().with(path, content);
        gather(&mut SystemReader::new(&shelf))
    }

    #[test]
    fn apt_sources_are_read_in_both_forms() {
        let found = gathered(
            "/etc/apt/sources.list",
            "# deb http://old\ndeb [arch=amd64 trusted=yes] http://user:x@apt.example.org:80/debian bookworm main\n\
             deb-src http://deb.debian.org/debian bookworm main\ndeb http://deb.debian.org/debian bookworm main\n",
        );
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].hosts(), found[0].unsigned, found[0].location.line),
            (vec!["apt.example.org"], Some("trusted=yes"), Some(2))
        );
        assert!(
            found[1].is_of_a_distribution()
                && found[1].unsigned.is_none()
                && !found[0].is_of_a_distribution()
        );
        let found = gathered(
            "/etc/apt/sources.list.d/x.sources",
            "Types: deb deb-src\nURIs: https://download.docker.com/linux/debian\nSuites: bookworm\n trixie\nEnabled: no\n",
        );
        assert_eq!(found.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["bookworm", "trixie"]);
        assert!(found.iter().all(|one| !one.is_enabled && one.hosts() == ["download.docker.com"]));
    }

    #[test]
    fn repositories_of_dnf_have_the_checks_of_the_main_file() {
        let shelf = Shelf::default().with("/etc/dnf/dnf.conf", "[main]\ngpgcheck=0\n").with(
            "/etc/yum.repos.d/a.repo",
            "[core]\nbaseurl=https://a.example.org/1\n   https://b.example.org/1\n[signed]\ngpgcheck = 1\nenabled=0\n",
        );
        let found = gather(&mut SystemReader::new(&shelf));
        assert_eq!(found[0].hosts(), ["a.example.org", "b.example.org"]);
        assert!(found[0].unsigned.is_some() && found[0].is_enabled);
        assert!(found[1].unsigned.is_none() && !found[1].is_enabled);
        assert_eq!(found[1].location.line, Some(4));
    }

    #[test]
    fn only_enabled_modules_count() {
        let shelf = Shelf::default()
            .with(
                "/etc/dnf/modules.d/nodejs.module",
                "[nodejs]\nname=nodejs\nstream=18\nprofiles=\nstate=enabled\n",
            )
            .with("/etc/dnf/modules.d/ruby.module", "[ruby]\nname=ruby\nstream=3.1\nstate=disabled\n");
        assert_eq!(modules(&mut SystemReader::new(&shelf)), ["nodejs:18"]);
    }

    #[test]
    fn a_repository_of_apk_is_named_by_its_branch() {
        let found =
            gathered("/etc/apk/repositories", "#x\n@edge https://dl-cdn.alpinelinux.org/alpine/v3.20/main\n");
        assert_eq!((found[0].id.as_str(), found[0].is_of_a_distribution()), ("v3.20/main", true));
    }

    #[test]
    fn apt_may_be_told_to_ask_for_no_signature_in_several_ways() {
        let of = |line: &str| gathered("/etc/apt/sources.list", line).remove(0).unsigned;
        assert_eq!(of("deb [ allow-insecure=yes ] http://a b c\n"), Some("allow-insecure=yes"));
        assert_eq!(of("deb [trusted=no signed-by=/k.gpg] http://a b c\n"), None);
        let stanza = "Types: deb\nURIs: http://a\nSuites: b\nAllow-Insecure: yes\n";
        assert_eq!(
            gathered("/etc/apt/sources.list.d/a.sources", stanza)[0].unsigned,
            Some("allow-insecure=yes")
        );
        let settings = |content: &str| {
            let shelf = Shelf::default().with("/etc/apt/apt.conf.d/99x", content);
            let found = loose_settings(&mut SystemReader::new(&shelf));
            found.iter().map(|one| (one.loses, one.location.line.unwrap())).collect::<Vec<_>>()
        };
        let signature = [(Loses::Signature, 1)];
        assert_eq!(settings("APT::Get::AllowUnauthenticated \"true\";\n"), signature);
        assert_eq!(settings("APT { Get { AllowUnauthenticated \"1\"; }; };\n"), signature);
        assert_eq!(
            settings("// AllowUnauthenticated \"true\";\nAcquire::https::Verify-Peer \"false\";\n"),
            [(Loses::Certificate, 2)]
        );
        assert!(
            settings("APT::Get::AllowUnauthenticated \"false\";\nAcquire::https::Verify-Peer true;\n")
                .is_empty()
        );
    }

    #[test]
    fn signed_metadata_do_for_the_packages_of_an_rpm_repository() {
        let of = |lines: &str| {
            let found = gathered("/etc/yum.repos.d/a.repo", &format!("[a]\nbaseurl=https://a\n{lines}"));
            (found[0].unsigned, found[0].tls_unchecked)
        };
        assert_eq!(of("gpgcheck=0\n"), (Some("gpgcheck=0"), None));
        assert_eq!(of("gpgcheck=0\nrepo_gpgcheck=1\n"), (None, None));
        assert_eq!(of("sslverify=0\n"), (None, Some("sslverify=0")));
    }

    #[test]
    fn pacman_asks_for_signatures_unless_its_level_says_otherwise() {
        let content = "[options]\nSigLevel = Required DatabaseOptional\n[core]\nInclude = /etc/pacman.d/mirrorlist\n\
                       [own]\nSigLevel = Optional TrustAll\nServer = http://a/$arch\n";
        let found = gathered("/etc/pacman.conf", content);
        assert_eq!((found[0].id.as_str(), found[0].unsigned), ("core", None));
        assert_eq!((found[1].hosts(), found[1].unsigned), (vec!["a"], Some("SigLevel = Optional")));
    }
}
