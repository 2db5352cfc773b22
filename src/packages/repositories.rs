//! The repositories that a system installs packages from.
//!
//! Source: sources.list(5) with deb822, yum.conf(5) and dnf.conf(5), apk-repositories(5). Variables such as `$releasever`
//! stay as they stand.

use std::collections::BTreeMap;

use crate::files::{SystemReader, lines};

/// Bytes of one file, files of a folder, repositories of a system.
const LIMIT: u64 = 1 << 20;
const FILES: usize = 500;
const REPOSITORIES: usize = 2000;

/// Hosts on which distributions publish, and the names that their mirrors begin with.
const DISTRIBUTION_HOSTS: [&str; 14] = [
    "debian.org",
    "ubuntu.com",
    "kali.org",
    "raspbian.org",
    "raspberrypi.com",
    "amazonaws.com",
    "redhat.com",
    "fedoraproject.org",
    "centos.org",
    "almalinux.org",
    "rockylinux.org",
    "alpinelinux.org",
    "suse.com",
    "opensuse.org",
];

/// A repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repository {
    /// The section of a `.repo` file, or apt's suite.
    pub id: String,
    /// Where it lies: base addresses, mirror lists, meta links.
    pub urls: Vec<String>,
    /// Whether packages are taken from it.
    pub is_enabled: bool,
    /// Whether signatures are not asked for: `trusted=yes`, `gpgcheck=0`.
    pub is_unsigned: bool,
    /// The file that names it.
    pub file: Vec<u8>,
    /// The line in it, from 1.
    pub line: u64,
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
            DISTRIBUTION_HOSTS
                .iter()
                .any(|own| host.strip_suffix(own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
        };
        let hosts = self.hosts();
        hosts.is_empty() || hosts.into_iter().all(known)
    }
}

/// All repositories of a system, in the order of their files.
pub(super) fn gather(reader: &mut SystemReader<'_>) -> Vec<Repository> {
    let mut found = Vec::new();
    if let Some(content) = reader.read(b"/etc/apt/sources.list", LIMIT) {
        one_line(b"/etc/apt/sources.list", &content, &mut found);
    }
    for (path, content) in folder(reader, b"/etc/apt/sources.list.d") {
        if path.ends_with(b".list") {
            one_line(&path, &content, &mut found);
        } else if path.ends_with(b".sources") {
            deb822(&path, &content, &mut found);
        }
    }
    const FOLDERS: [&[u8]; 3] = [b"/etc/yum.repos.d", b"/etc/zypp/repos.d", b"/etc/distro.repos.d"];
    let mut checks = true;
    for file in [b"/etc/yum.conf".as_slice(), b"/etc/dnf/dnf.conf"] {
        let content = reader.read(file, LIMIT).unwrap_or_default();
        checks = sections(&content).get("main").and_then(|main| main.value("gpgcheck")).map_or(checks, is_on);
    }
    for place in FOLDERS {
        for (path, content) in folder(reader, place).into_iter().filter(|(path, _)| path.ends_with(b".repo"))
        {
            ini(&path, &content, checks, &mut found);
        }
    }
    if let Some(content) = reader.read(b"/etc/apk/repositories", LIMIT) {
        apk(&content, &mut found);
    }
    found.truncate(REPOSITORIES);
    found
}

/// The streams of modules that dnf has enabled, as `name:stream`. Source: dnf's modularity, `/etc/dnf/modules.d`.
pub(super) fn modules(reader: &mut SystemReader<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for (path, content) in folder(reader, b"/etc/dnf/modules.d") {
        if !path.ends_with(b".module") {
            continue;
        }
        for (name, section) in sections(&content) {
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

/// `deb [options] uri suite components`.
fn one_line(path: &[u8], content: &[u8], found: &mut Vec<Repository>) {
    for (line, bytes) in lines(content) {
        let text = text(bytes);
        let Some(rest) = text.strip_prefix("deb").filter(|rest| rest.starts_with([' ', '\t'])) else {
            continue;
        };
        let rest = rest.trim_start();
        let (options, rest) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((options, rest)) => (options, rest),
            None => ("", rest),
        };
        let mut words = rest.split_whitespace();
        let (Some(url), suite) = (words.next(), words.next().unwrap_or_default()) else { continue };
        let is_unsigned = options.split_whitespace().any(|option| is_trusted(option.split_once('=')));
        found.push(Repository {
            id: suite.to_owned(),
            urls: vec![url.to_owned()],
            is_enabled: true,
            is_unsigned,
            file: path.to_vec(),
            line,
        });
    }
}

fn is_trusted(option: Option<(&str, &str)>) -> bool {
    option.is_some_and(|(name, value)| name.eq_ignore_ascii_case("trusted") && is_on(value))
}

fn is_on(value: &str) -> bool {
    ["yes", "true", "on", "1", "with", "enable"].iter().any(|on| value.trim().eq_ignore_ascii_case(on))
}

/// Stanzas of fields: `Types`, `URIs`, `Suites`, `Enabled`, `Trusted`.
fn deb822(path: &[u8], content: &[u8], found: &mut Vec<Repository>) {
    let mut stanza: BTreeMap<String, String> = BTreeMap::new();
    let (mut first, mut key) = (1, String::new());
    for (line, bytes) in lines(content).chain([(0, [].as_slice())]) {
        let is_continued = bytes.starts_with(b" ") || bytes.starts_with(b"\t");
        let text = text(bytes);
        if text.starts_with('#') {
            continue;
        }
        if text.is_empty() {
            add_deb822(path, first, &std::mem::take(&mut stanza), found);
            continue;
        }
        if stanza.is_empty() {
            first = line;
        }
        if is_continued {
            let value = stanza.entry(key.clone()).or_default();
            value.push(' ');
            value.push_str(&text);
        } else if let Some((name, value)) = text.split_once(':') {
            key = name.trim().to_ascii_lowercase();
            stanza.insert(key.clone(), value.trim().to_owned());
        }
    }
}

fn add_deb822(path: &[u8], line: u64, stanza: &BTreeMap<String, String>, found: &mut Vec<Repository>) {
    let field = |name: &str| stanza.get(name).map_or("", String::as_str);
    if !field("types").split_whitespace().any(|kind| kind == "deb") {
        return;
    }
    let enabled = field("enabled");
    for suite in field("suites").split_whitespace().take(REPOSITORIES) {
        found.push(Repository {
            id: suite.to_owned(),
            urls: field("uris").split_whitespace().map(str::to_owned).collect(),
            is_enabled: enabled.is_empty() || is_on(enabled),
            is_unsigned: is_on(field("trusted")),
            file: path.to_vec(),
            line,
        });
        if found.len() > REPOSITORIES {
            return;
        }
    }
}

/// A section of a file of yum, dnf or zypper.
#[derive(Debug, Default)]
struct Section {
    /// Its line, from 1.
    line: u64,
    /// By their keys in lower case.
    values: BTreeMap<String, String>,
}

impl Section {
    fn value(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }
}

/// The sections of a file, by name; of several of one name the first has the line.
fn sections(content: &[u8]) -> BTreeMap<String, Section> {
    let mut sections: BTreeMap<String, Section> = BTreeMap::new();
    let (mut section, mut key) = (String::new(), String::new());
    for (number, bytes) in lines(content) {
        let is_continued = bytes.starts_with(b" ") || bytes.starts_with(b"\t");
        let text = text(bytes);
        if text.is_empty() || text.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = text.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            name.clone_into(&mut section);
            let begun = || Section { line: number, ..Section::default() };
            sections.entry(section.clone()).or_insert_with(begun);
        } else if let Some(Section { values, .. }) = sections.get_mut(&section) {
            match text.split_once('=') {
                Some((name, value)) if !is_continued => {
                    key = name.trim().to_ascii_lowercase();
                    values.insert(key.clone(), value.trim().to_owned());
                }
                _ => {
                    let value = values.entry(key.clone()).or_default();
                    value.push(' ');
                    value.push_str(&text);
                }
            }
        }
    }
    sections
}

fn ini(path: &[u8], content: &[u8], checks: bool, found: &mut Vec<Repository>) {
    for (id, section) in sections(content) {
        let value = |name: &str| section.value(name);
        if id == "main" || found.len() > REPOSITORIES {
            continue;
        }
        let urls = ["baseurl", "mirrorlist", "metalink"].into_iter().filter_map(value);
        let urls = urls.flat_map(|value| value.split([' ', ',', '\t'])).filter(|url| !url.is_empty());
        found.push(Repository {
            urls: urls.map(str::to_owned).collect(),
            is_enabled: value("enabled").is_none_or(is_on),
            is_unsigned: !value("gpgcheck").map_or(checks, is_on),
            file: path.to_vec(),
            line: section.line,
            id,
        });
    }
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
            urls: vec![url.to_owned()],
            is_enabled: true,
            is_unsigned: false,
            file: b"/etc/apk/repositories".to_vec(),
            line,
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
            (found[0].hosts(), found[0].is_unsigned, found[0].line),
            (vec!["apt.example.org"], true, 2)
        );
        assert!(found[1].is_of_a_distribution() && !found[1].is_unsigned && !found[0].is_of_a_distribution());
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
        assert!(found[0].is_unsigned && found[0].is_enabled && !found[1].is_unsigned && !found[1].is_enabled);
        assert_eq!(found[1].line, 4);
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
}
