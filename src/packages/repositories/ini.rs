//! Repositories of yum, dnf, zypper and pacman: sections of settings.
//!
//! Source: yum.conf(5), dnf.conf(5), zypp.conf(5), pacman.conf(5).

use std::collections::BTreeMap;

use super::{REPOSITORIES, Repository, is_on, text};
use crate::files::lines;
use crate::finding::Location;
use crate::packages::PackageManager;

/// A section of a file.
#[derive(Debug, Default)]
pub(super) struct Section {
    /// Its line, from 1.
    line: u64,
    /// By their keys in lower case.
    values: BTreeMap<String, String>,
}

impl Section {
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }
}

/// The sections of a file, by name; of several of one name the first has the line.
pub(super) fn sections(content: &[u8]) -> BTreeMap<String, Section> {
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

/// What the main file of yum or dnf says for all repositories.
#[derive(Clone, Copy, Debug)]
pub(super) struct Main {
    signatures: bool,
    certificates: bool,
}

impl Main {
    /// What holds where no file says it.
    pub(super) const USUAL: Self = Self { signatures: true, certificates: true };

    /// The same with what a further file says.
    pub(super) fn with(self, content: &[u8]) -> Self {
        let sections = sections(content);
        let value = |key: &str| sections.get("main").and_then(|main| main.value(key));
        Self {
            signatures: value("gpgcheck").map_or(self.signatures, is_on),
            certificates: value("sslverify").map_or(self.certificates, is_on),
        }
    }
}

/// Adds the repositories of a `.repo` file. Where the metadata are signed, the digests of the packages are, too.
pub(super) fn rpm(path: &[u8], content: &[u8], main: Main, found: &mut Vec<Repository>) {
    for (id, section) in sections(content) {
        let value = |name: &str| section.value(name);
        if id == "main" || found.len() > REPOSITORIES {
            continue;
        }
        let urls = ["baseurl", "mirrorlist", "metalink"].into_iter().filter_map(value);
        let urls = urls.flat_map(|value| value.split([' ', ',', '\t'])).filter(|url| !url.is_empty());
        let is_signed =
            value("gpgcheck").map_or(main.signatures, is_on) || value("repo_gpgcheck").is_some_and(is_on);
        let is_checked = value("sslverify").map_or(main.certificates, is_on);
        found.push(Repository {
            manager: PackageManager::Rpm,
            urls: urls.map(str::to_owned).collect(),
            is_enabled: value("enabled").is_none_or(is_on),
            unsigned: (!is_signed).then_some("gpgcheck=0"),
            tls_unchecked: (!is_checked).then_some("sslverify=0"),
            location: Location { path: path.to_vec(), line: Some(section.line), ..Location::default() },
            id,
        });
    }
}

/// Adds the repositories of pacman.conf: every section but `options`, whose `SigLevel` holds for those without one.
pub(super) fn pacman(path: &[u8], content: &[u8], found: &mut Vec<Repository>) {
    let sections = sections(content);
    let usual = sections.get("options").and_then(|options| options.value("siglevel")).unwrap_or_default();
    for (id, section) in sections.iter().filter(|(id, _)| *id != "options").take(REPOSITORIES) {
        let level = section.value("siglevel").unwrap_or(usual);
        let has = |word: &str| level.split_whitespace().any(|one| one.eq_ignore_ascii_case(word));
        let is_asked = has("Required") || has("PackageRequired");
        let unsigned = match () {
            () if is_asked && !has("PackageNever") => None,
            () if has("Never") || has("PackageNever") => Some("SigLevel = Never"),
            () if has("Optional") || has("PackageOptional") => Some("SigLevel = Optional"),
            () => None,
        };
        found.push(Repository {
            id: id.clone(),
            manager: PackageManager::Pacman,
            urls: section.value("server").map(str::to_owned).into_iter().collect(),
            is_enabled: true,
            unsigned,
            tls_unchecked: None,
            location: Location { path: path.to_vec(), line: Some(section.line), ..Location::default() },
        });
    }
}
