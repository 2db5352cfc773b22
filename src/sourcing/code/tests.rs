//! Over all of `testdata/sourcing/code`: files that name the verdict of each lookup in a comment or a name.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use regex::Regex;

use super::*;

fn testdata() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata/sourcing/code")
}

pub(super) fn options() -> Options {
    let publisher = |name: &str, accounts: &[&str], names: &[&str]| Publisher {
        name: name.into(),
        accounts: accounts.iter().map(|&text| text.into()).collect(),
        names: names.iter().map(|&text| text.into()).collect(),
    };
    let publishers = Publishers(vec![
        publisher("Canonical", &["099720109477", "513442679011"], &["ubuntu/images/*", "ubuntu-minimal/*"]),
        publisher("Amazon Linux", &["137112412989"], &["al2023-ami-*", "amzn2-ami-*"]),
        publisher("Debian", &["136693071363"], &["debian-1?-*"]),
    ]);
    Options { publishers, ..Options::default() }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unsafe => "unsafe",
        Verdict::Weak => "weak",
        Verdict::Pinned => "pinned",
        Verdict::Unknown => "unknown",
        Verdict::Info => "info",
        Verdict::Safe => "safe",
    }
}

/// The lines of a text that name a verdict, or a decoy: the first such word of each.
fn markers(text: &str) -> BTreeMap<u64, String> {
    let pattern = Regex::new(r"\b(unsafe|weak|pinned|info|unknown|safe|decoy)(?:[A-Z0-9_]\w*)?\b").unwrap();
    let of = |line: &str| Some(pattern.captures(line)?[1].to_owned());
    (1..).zip(text.lines()).filter_map(|(number, line)| Some((number, of(line)?))).collect()
}

/// What is wrong with the lookups of a file, against its markers.
fn wrong(text: &str, path: &str, lookups: &[&Lookup]) -> Vec<String> {
    let markers = markers(text);
    let mut wrong = Vec::new();
    let mut found: BTreeMap<u64, usize> = markers.keys().map(|line| (*line, 0)).collect();
    for lookup in lookups {
        let (line, verdict) = (lookup.line, word(lookup.verdict));
        let Some((marked, wanted)) = markers.range(..=line).next_back() else {
            wrong.push(format!("{path}:{line} {verdict}, and no marker is above it"));
            continue;
        };
        *found.get_mut(marked).unwrap() += 1;
        if wanted != verdict {
            wrong.push(format!("{path}:{line} {verdict} ({}), but {wanted} is wanted", lookup.reason));
        }
    }
    for (line, wanted) in &markers {
        let wanted_count = usize::from(wanted != "decoy");
        if found[line] != wanted_count {
            wrong.push(format!("{path}:{line} {wanted}: {} lookups in place of {wanted_count}", found[line]));
        }
    }
    wrong
}

#[test]
fn every_case_of_every_file_has_the_verdict_that_the_file_names() {
    let scan = scan(&[testdata()], &options());
    let mut all = Vec::new();
    let mut files = 0;
    for found in walk::files(&[testdata()], &options(), &mut Scan::default()) {
        let text = fs::read_to_string(&found.on_disk).unwrap();
        let own: Vec<&Lookup> = scan.lookups.iter().filter(|one| one.path == found.path.as_bytes()).collect();
        all.extend(wrong(&text, &found.path, &own));
        files += 1;
    }
    assert_eq!(scan.problems, [], "nothing of it is unreadable");
    assert!(all.is_empty(), "{}", all.join("\n"));
    assert!(files >= 26 && scan.lookups.len() >= 100, "{files} files, {} lookups", scan.lookups.len());
}
