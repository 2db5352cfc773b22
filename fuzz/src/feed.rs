//! Feeds of advisories: a small sound one with patches, searched for what a small system has.

use std::io::Write;

use assay::date::Date;
use assay::packages::component::Component;
use assay::packages::ecosystem::Ecosystem;
use assay::packages::inventory::{Distribution, InstalledSystem, Inventory};
use assay::vulnerabilities::{Databases, Limits, Matches, Search, remedy};

/// The seed with patches out of `input`: place (2 bytes), bytes to take out (1 byte), length (1 byte), bytes to put in.
pub fn patched(seed: &[u8], input: &[u8]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    let mut rest = input;
    while let [a, b, out, len, more @ ..] = rest {
        let at = usize::from(u16::from_le_bytes([*a, *b])) % (bytes.len() + 1);
        let end = (at + usize::from(*out)).min(bytes.len());
        let (put, after) = more.split_at(usize::from(*len).min(more.len()));
        bytes.splice(at..end, put.iter().copied());
        rest = after;
    }
    bytes
}

/// Searches a feed; `None` where it is none.
pub fn search(feed: &[u8], distribution: (&str, &str), components: Vec<Component>) -> Option<Matches> {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(feed).expect("it is written");
    let limits = Limits { document: 1 << 20, unpacked: 16 << 20, records: 1000, files: 10, matches: 100 };
    let databases = Databases::open(&[file.path().to_owned()], limits).ok()?;
    let (id, version) = (distribution.0.to_owned(), distribution.1.to_owned());
    let distribution = Distribution { id, version, ..Distribution::default() };
    let system = InstalledSystem { distribution, ..InstalledSystem::default() };
    let inventory = Inventory { systems: vec![system], components };
    let day = Date::parse("2026-11-30").expect("a day");
    let matches = databases.search(&inventory, &Search { day, max_age_days: 5, linked: None });
    for one in &matches.vulnerabilities {
        assert!(!one.components.is_empty() && one.feed < matches.feeds.len());
        assert!(one.components.iter().all(|number| *number < inventory.components.len()));
        let remedy = remedy(one, &inventory.systems[0], &inventory);
        assert!(!remedy.is_empty());
    }
    for feed in &matches.feeds {
        assert_eq!(feed.bad_records > 0, feed.first_problem.is_some());
    }
    Some(matches)
}

/// Packages of every kind that the seeds name.
pub fn components(ecosystem: Ecosystem) -> Vec<Component> {
    ["openssl", "kernel", "a"].into_iter().map(|name| Component::new(ecosystem, name, "1.0-1")).collect()
}
