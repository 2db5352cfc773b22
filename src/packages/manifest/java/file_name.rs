//! The name of an archive: `NAME-VERSION[-CLASSIFIER].jar`.

use crate::finding::Confidence;
use crate::packages::component::{Component, Evidence};
use crate::packages::ecosystem::Ecosystem;
use crate::packages::manifest::text::text;

/// Suffixes of archives of classes.
const SUFFIXES: [&[u8]; 10] =
    [b".jar", b".war", b".ear", b".par", b".sar", b".nar", b".jpi", b".hpi", b".kar", b".lpkg"];
/// Archives of sources and pages, which nobody runs.
const NOT_RUN: [&str; 3] = ["sources", "javadoc", "tests"];
/// Parts of versions that are words, each perhaps with a number behind it.
const QUALIFIERS: [&str; 20] = [
    "alpha",
    "android",
    "beta",
    "build",
    "cr",
    "final",
    "ga",
    "incubating",
    "jbossorg",
    "jdk",
    "jre",
    "m",
    "patch",
    "pre",
    "preview",
    "rc",
    "redhat",
    "release",
    "snapshot",
    "sp",
];

pub(super) fn is_archive(name: &[u8]) -> bool {
    SUFFIXES.iter().any(|suffix| name.len() > suffix.len() && name.ends_with(suffix))
}

/// What a name says; only a hint, for anybody can call a file so.
pub(super) fn read(name: &[u8]) -> Option<Component> {
    let stem = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(*suffix))?;
    let stem = text(stem);
    let (name, version, classifier) = parse(&stem)?;
    if NOT_RUN.iter().any(|part| classifier.contains(part)) {
        return None;
    }
    let component = Component::new(Ecosystem::Maven, name, version);
    Some(component.evidence(Evidence::FileName).confidence(Confidence::Low))
}

/// Name, version and what stands behind it. A name may have numbers in it (`log4j-1.2-api-2.17.1`), and a version words
/// (`32.1.2-jre`).
fn parse(stem: &str) -> Option<(&str, &str, &str)> {
    let starts = stem.match_indices('-').map(|(at, _)| at).filter(|&at| {
        at > 0
            && stem
                .get(at.saturating_add(1)..)
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    let mut best: Option<(&str, &str, &str)> = None;
    for at in starts.take(16) {
        let (name, rest) = (stem.get(..at)?, stem.get(at.saturating_add(1)..)?);
        let len = version_len(rest);
        let (version, classifier) = (rest.get(..len)?, rest.get(len..)?);
        if classifier.is_empty() {
            return Some((name, version, classifier));
        }
        best = Some((name, version, classifier));
    }
    best
}

/// How far the parts between dashes are those of a version.
fn version_len(rest: &str) -> usize {
    let mut len = 0_usize;
    for (number, part) in rest.split('-').enumerate() {
        if number > 0 && !is_of_version(part) {
            break;
        }
        len = len.saturating_add(part.len()).saturating_add(usize::from(number > 0));
    }
    len
}

fn is_of_version(part: &str) -> bool {
    let word = part.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').to_ascii_lowercase();
    word.is_empty() && !part.is_empty() || QUALIFIERS.contains(&word.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_numbers_and_versions_with_words_are_told_apart() {
        for (stem, name, version) in [
            ("guava-32.1.2-jre", "guava", "32.1.2-jre"),
            ("log4j-1.2-api-2.17.1", "log4j-1.2-api", "2.17.1"),
            ("netty-transport-4.1.100.Final-linux-x86_64", "netty-transport", "4.1.100.Final"),
            ("foo-1.0-20240101.101010-3", "foo", "1.0-20240101.101010-3"),
            ("app-1.0-SNAPSHOT", "app", "1.0-SNAPSHOT"),
            ("hibernate-core-5.3.7.Final-redhat-00001", "hibernate-core", "5.3.7.Final-redhat-00001"),
        ] {
            assert_eq!(
                parse(stem).map(|(name, version, _)| (name, version)),
                Some((name, version)),
                "{stem}"
            );
        }
        assert_eq!(parse("guava"), None);
        assert!(read(b"guava-32.1-sources.jar").is_none());
    }
}
