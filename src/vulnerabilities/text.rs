//! Words and lines out of feeds, cut to what a report has room for.

use std::collections::BTreeSet;

/// Letters of a summary.
const SUMMARY: usize = 300;
/// References of an advisory that are kept.
const REFERENCES: usize = 8;
/// CVEs of an advisory: an erratum for a kernel has a thousand.
const CVES: usize = 5_000;

/// Adds what is not there yet.
pub(super) fn push_new<T: PartialEq>(list: &mut Vec<T>, element: T) {
    if !list.contains(&element) {
        list.push(element);
    }
}

/// The CVEs among names, each once, in order: `CVE-2024-1` and `DEBIAN-CVE-2024-1`.
pub(super) fn cves<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let cve = |name: &'a str| name.find("CVE-").and_then(|at| name.get(at..)).filter(|cve| is_cve(cve));
    let found: BTreeSet<&str> = names.filter_map(cve).take(CVES).collect();
    found.into_iter().map(str::to_owned).collect()
}

fn is_cve(text: &str) -> bool {
    let Some((year, number)) = text.strip_prefix("CVE-").and_then(|rest| rest.split_once('-')) else {
        return false;
    };
    let is_number = |text: &str| text.len() >= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    year.len() == 4 && is_number(year) && is_number(number)
}

/// The first line that says something, cut to the length of a summary.
pub(super) fn first_line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    match line.char_indices().nth(SUMMARY) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    }
}

/// The first references that lead somewhere.
pub(super) fn references<T: AsRef<str>>(urls: impl Iterator<Item = T>) -> Vec<String> {
    let is_link = |url: &T| ["https://", "http://"].iter().any(|scheme| url.as_ref().starts_with(scheme));
    urls.filter(is_link).take(REFERENCES).map(|url| url.as_ref().to_owned()).collect()
}

/// The streams of modules that the title of an erratum names: `Important: nodejs:18 security update`.
pub(super) fn streams(title: &str) -> Vec<String> {
    let is_stream = |word: &&str| {
        let Some((name, stream)) = word.split_once(':') else { return false };
        let is_word =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte));
        !name.is_empty() && !stream.is_empty() && is_word(name) && is_word(stream)
    };
    title.split([' ', ',']).filter(is_stream).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cves_are_found_behind_the_prefixes_of_distributions() {
        let names =
            ["DEBIAN-CVE-2024-10001", "CVE-2024-0001", "GHSA-x", "CVE-2024-0001", "CVE-x", "XCVE-2024-1"];
        assert_eq!(cves(names.into_iter()), ["CVE-2024-0001", "CVE-2024-10001"]);
    }

    #[test]
    fn a_summary_is_one_line_of_bounded_length() {
        assert_eq!(first_line("\n  One\nTwo"), "One");
        assert_eq!(first_line(&"ä".repeat(1000)).chars().count(), SUMMARY + 1);
    }

    #[test]
    fn streams_are_words_with_a_colon_in_them() {
        assert_eq!(streams("Important: nodejs:18 security update"), ["nodejs:18"]);
        assert_eq!(
            streams("Moderate: python38:3.8 and python38-devel:3.8 security update"),
            ["python38:3.8", "python38-devel:3.8"]
        );
        assert!(streams("Important: openssl security update").is_empty());
    }
}
