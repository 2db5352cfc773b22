//! Feeds that are damaged, or made to do harm: counted, said and bounded.

use super::*;

fn python() -> Inventory {
    installed("debian", "12", vec![Component::new(Ecosystem::PyPi, "a", "1.0")])
}

fn good(id: &str) -> String {
    record(id, "PyPI", "a", Some("2.0"))
}

/// What is found, and what the only feed says of bad records.
fn of(feed: &[u8]) -> (usize, u64, String) {
    let matches = search_linked(&python(), &[feed], None);
    let feed = &matches.feeds[0];
    (matches.vulnerabilities.len(), feed.bad_records, feed.first_problem.clone().unwrap_or_default())
}

#[test]
fn a_broken_record_is_counted_with_its_reason_and_the_others_are_read() {
    let archive =
        zip(&[("a.json", &good("A-1")), ("b.json", r#"{"id":"A-2","modified":"#), ("c.json", &good("A-3"))]);
    let (found, bad, reason) = of(&archive);
    assert_eq!((found, bad), (2, 1));
    assert!(reason.starts_with("b.json: EOF"), "{reason}");
}

#[test]
fn a_cut_archive_gives_what_it_has_and_says_so() {
    let archive = zip(&[("a.json", &good("A-1")), ("b.json", &good("A-2"))]);
    let (found, bad, _) = of(&archive[..archive.len() / 2]);
    assert!(found <= 1 && bad > 0);
    let (found, bad, reason) = of(&archive[..archive.len() - 30]);
    assert_eq!(found, 2);
    assert!(bad > 0, "{reason}");
}

#[test]
fn unknown_fields_are_passed_over_and_unknown_ecosystems_counted() {
    let odd =
        good("A-1").replacen('{', r#"{"new_field":{"a":[1,2]},"database_specific":{"severity":{"x":1}},"#, 1);
    let other = record("A-2", "VSCode:https://x", "a", None);
    let matches = search_linked(&python(), &[odd.as_bytes(), other.as_bytes()], None);
    assert_eq!(matches.vulnerabilities.len(), 1);
    assert_eq!(matches.unknown_ecosystems.get("VSCode"), Some(&1));
    assert_eq!(matches.feeds[0].bad_records, 0);
}

#[test]
fn a_million_events_and_a_nest_of_lists_are_no_record() {
    let events = r#"{"introduced":"1"},"#.repeat(11_000);
    let many = good("A-1").replacen(r#"{"introduced":"0"}"#, &format!(r#"{events}{{"introduced":"0"}}"#), 1);
    let deep = good("A-2").replacen(
        '{',
        &format!(r#"{{"severity":{}{},"#, "[".repeat(100_000), "]".repeat(100_000)),
        1,
    );
    for (feed, reason) in [(many, "more than 10000 elements"), (deep, "invalid type")] {
        let archive = zip(&[("a.json", &good("A-0")), ("b.json", &feed)]);
        let (found, bad, said) = of(&archive);
        assert_eq!((found, bad), (1, 1));
        assert!(said.contains(reason), "{said}");
    }
}

#[test]
fn a_member_that_unpacks_to_too_much_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let long = format!("{}{}", good("A-2"), " ".repeat(2 << 20));
    let path = folder.path().join("x");
    fs::write(&path, zip(&[("a.json", &good("A-1")), ("b.json", &long)])).unwrap();
    let limits = Limits { document: 1 << 20, ..Limits::default() };
    let day = Date::parse("2026-11-30").unwrap();
    let search = Search { day, max_age_days: 5, linked: None };
    let matches = Databases::open(std::slice::from_ref(&path), limits).unwrap().search(&python(), &search);
    assert_eq!((matches.vulnerabilities.len(), matches.feeds[0].bad_records), (1, 1));
    let limits = Limits { unpacked: 1 << 20, ..Limits::default() };
    let matches = Databases::open(&[path], limits).unwrap().search(&python(), &search);
    assert!(matches.feeds[0].first_problem.as_ref().unwrap().contains("unpacks to more than"));
}

#[test]
fn xml_that_ends_or_breaks_or_does_not_end_is_said() {
    let inventory = installed("amzn", "2023", vec![rpm("a", "1-1")]);
    for xml in [
        "<updates><update type=\"security\"><id>ALAS2023-1</id>".to_owned(),
        "<updates><update></updates>".to_owned(),
        format!("<updates><update><description>{}", "x".repeat(20 << 20)),
    ] {
        let matches = search_linked(&inventory, &[xml.as_bytes()], None);
        assert_eq!(matches.feeds[0].bad_records, 1, "{:.60}", xml);
    }
}

#[test]
fn more_matches_than_the_limit_are_cut_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    fs::write(&path, zip(&[("a.json", &good("A-1")), ("b.json", &good("A-2"))])).unwrap();
    let databases = Databases::open(&[path], Limits { matches: 1, ..Limits::default() }).unwrap();
    let day = Date::parse("2026-11-30").unwrap();
    let matches = databases.search(&python(), &Search { day, max_age_days: 5, linked: None });
    assert_eq!((matches.vulnerabilities.len(), matches.is_cut), (1, true));
}
