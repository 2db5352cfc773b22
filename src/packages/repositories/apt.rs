//! Where apt takes packages from: `sources.list` in both forms, and settings of `apt.conf` that ask for less than
//! signatures and certificates.
//!
//! Source: sources.list(5), apt.conf(5), apt-secure(8).

use std::collections::BTreeMap;

use super::{LooseSetting, Loses, REPOSITORIES, Repository, is_on, text};
use crate::files::lines;
use crate::finding::Location;
use crate::packages::PackageManager;

/// `deb [options] uri suite components`.
pub(super) fn one_line(path: &[u8], content: &[u8], found: &mut Vec<Repository>) {
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
        let mut options = options.split_whitespace().filter_map(|option| option.split_once('='));
        found.push(Repository {
            id: suite.to_owned(),
            manager: PackageManager::Dpkg,
            urls: vec![url.to_owned()],
            is_enabled: true,
            unsigned: options.find_map(|(name, value)| unsigned(name, value)),
            tls_unchecked: None,
            location: Location { path: path.to_vec(), line: Some(line), ..Location::default() },
        });
    }
}

/// What an option says that lets packages in without a signature.
fn unsigned(name: &str, value: &str) -> Option<&'static str> {
    match name {
        _ if !is_on(value) => None,
        _ if name.eq_ignore_ascii_case("trusted") => Some("trusted=yes"),
        _ if name.eq_ignore_ascii_case("allow-insecure") => Some("allow-insecure=yes"),
        _ => None,
    }
}

/// Stanzas of fields: `Types`, `URIs`, `Suites`, `Enabled`, `Trusted`, `Allow-Insecure`.
pub(super) fn deb822(path: &[u8], content: &[u8], found: &mut Vec<Repository>) {
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
            manager: PackageManager::Dpkg,
            urls: field("uris").split_whitespace().map(str::to_owned).collect(),
            is_enabled: enabled.is_empty() || is_on(enabled),
            unsigned: ["trusted", "allow-insecure"].into_iter().find_map(|name| unsigned(name, field(name))),
            tls_unchecked: None,
            location: Location { path: path.to_vec(), line: Some(line), ..Location::default() },
        });
        if found.len() > REPOSITORIES {
            return;
        }
    }
}

/// Settings, by the last part of their names, with the value that asks for less.
const SETTINGS: [(&str, bool, &str, Loses); 5] = [
    ("AllowUnauthenticated", true, "APT::Get::AllowUnauthenticated", Loses::Signature),
    ("AllowInsecureRepositories", true, "Acquire::AllowInsecureRepositories", Loses::Signature),
    ("AllowWeakRepositories", true, "Acquire::AllowWeakRepositories", Loses::Signature),
    ("Verify-Peer", false, "Verify-Peer \"false\"", Loses::Certificate),
    ("Verify-Host", false, "Verify-Host \"false\"", Loses::Certificate),
];

/// Adds the settings of a file of apt.conf(5): `APT::Get::Name "value";`, or `Name "value";` in braces.
pub(super) fn settings(path: &[u8], content: &[u8], found: &mut Vec<LooseSetting>) {
    for (line, bytes) in lines(content) {
        let text = text(bytes);
        if text.starts_with(['#', '/']) {
            continue;
        }
        for part in text.split([';', '{', '}']) {
            let Some((name, value)) = part.trim().split_once(char::is_whitespace) else { continue };
            let name = name.rsplit("::").next().unwrap_or_default();
            let is_true = is_on(value.trim().trim_matches('"'));
            let known =
                SETTINGS.iter().find(|(own, when, ..)| own.eq_ignore_ascii_case(name) && *when == is_true);
            if let Some((_, _, says, loses)) = known.filter(|_| found.len() < REPOSITORIES) {
                let location = Location { path: path.to_vec(), line: Some(line), ..Location::default() };
                found.push(LooseSetting { says, loses: *loses, location });
            }
        }
    }
}
