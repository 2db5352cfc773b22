//! Feeds: how they are found, which of two records counts, what is known of flaws.

use super::*;
use crate::finding::Severity;
use crate::vulnerabilities::{DatabaseError, Format, RatedBy};

fn openssl() -> Inventory {
    installed("debian", "12", vec![deb("libssl3", "3.0.1-1", "openssl", "3.0.1-1")])
}

fn changed(id: &str, day: &str, fixed: Option<&str>) -> String {
    record(id, "Debian:12", "openssl", fixed).replace("2026-11-29", day)
}

#[test]
fn feeds_are_known_by_what_is_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    let one = changed("DEBIAN-CVE-2026-0001", "2026-11-29", None);
    write("osv-scanner/Debian/all.zip", &zip(&[("DEBIAN-CVE-2026-0001.json", &one)]));
    write("osv-scalibr/Debian/all.zip", &zip(&[("DEBIAN-CVE-2026-0001.json", &one)]));
    write("loose/a", one.as_bytes());
    write("loose/b", one.as_bytes());
    write("README.md", b"# data\n");
    write("x.gz", &gz(br#"<?xml version="1.0"?><updates></updates>"#));
    write("scores", b"#model_version:v2023.03.01,score_date:2026-11-29T00:00:00+0000\ncve,epss,percentile\n");
    write("kev.txt", br#"{"title":"x","catalogVersion":"1","dateReleased":"2026-11-29T00:00:00Z","count":0,"vulnerabilities":[]}"#);
    let databases = Databases::open(&[folder.path().to_owned()], Limits::default()).unwrap();
    assert_eq!(databases.ignored, [folder.path().join("README.md")]);
    let day = Date::parse("2026-11-30").unwrap();
    let matches = databases.search(&openssl(), &Search { day, max_age_days: 5, linked: None });
    let feeds: Vec<_> = matches.feeds.iter().map(|feed| (feed.format, feed.files, feed.records)).collect();
    assert_eq!(
        feeds,
        [
            (Format::Osv, 2, 2),
            (Format::Osv, 1, 1),
            (Format::Osv, 1, 1),
            (Format::Updateinfo, 1, 0),
            (Format::Kev, 1, 0),
            (Format::Epss, 1, 0)
        ]
    );
    // The same record four times is one vulnerability.
    assert_eq!(pairs(&openssl(), &matches), [pair("DEBIAN-CVE-2026-0001", &["libssl3"])]);
    assert!(matches.feeds.iter().all(|feed| feed.sha256.len() == 64));
}

fn gz(content: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(content).unwrap();
    packer.finish().unwrap()
}

#[test]
fn a_path_without_data_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.json");
    fs::write(&path, r#"{"name":"x","version":"1"}"#).unwrap();
    let open = |path: &std::path::Path| {
        Databases::open(&[path.to_owned()], Limits::default()).map(|_| ()).unwrap_err()
    };
    assert!(matches!(open(&path), DatabaseError::Unknown(_)));
    assert!(matches!(open(folder.path()), DatabaseError::Nothing { files: 1, .. }));
    assert!(matches!(open(&folder.path().join("gone")), DatabaseError::Unreadable { .. }));
}

#[test]
fn of_two_records_the_one_that_was_changed_later_counts() {
    let id = "DEBIAN-CVE-2026-0001";
    let (old, new) = (changed(id, "2026-10-01", Some("2-1")), changed(id, "2026-11-01", Some("4-1")));
    let withdrawn =
        changed(id, "2026-11-02", Some("4-1")).replacen('{', r#"{"withdrawn":"2026-11-02T00:00:00Z","#, 1);
    let of = |feeds: &[&str]| {
        search(&openssl(), feeds).vulnerabilities.iter().map(|one| one.fixed.clone()).collect::<Vec<_>>()
    };
    let new_fix = [vec!["4-1".to_owned()]];
    assert_eq!(of(&[&old, &new]), new_fix);
    assert_eq!(of(&[&new, &old]), new_fix);
    assert!(of(&[&new, &withdrawn]).is_empty() && of(&[&withdrawn, &new]).is_empty());
}

#[test]
fn what_is_exploited_is_critical_and_scores_stand_beside_it() {
    let kev = r#"{"catalogVersion":"2026.11.29","dateReleased":"2026-11-29T00:00:00Z","vulnerabilities":[
        {"cveID":"CVE-2026-0001","dateAdded":"2026-11-20","dueDate":"2026-12-11","knownRansomwareCampaignUse":"Known"}]}"#;
    let epss = "#model_version:v2023.03.01,score_date:2026-11-29T00:00:00+0000\ncve,epss,percentile\nCVE-2026-0001,0.5,0.9\nCVE-2026-0009,0.1,0.2\n";
    let feeds = [changed("DEBIAN-CVE-2026-0001", "2026-11-29", None)];
    let matches = search(&openssl(), &[epss, kev, &feeds[0]]);
    let one = &matches.vulnerabilities[0];
    assert_eq!((one.severity, &one.rated_by), (Some(Severity::Critical), &RatedBy::KnownExploited));
    let exploited = one.exploited.as_ref().unwrap();
    assert_eq!((exploited.added.as_str(), exploited.by_ransomware), ("2026-11-20", true));
    assert_eq!(one.epss.map(|epss| epss.probability), Some(0.5));
}

#[test]
fn the_catalog_as_a_table_says_the_same() {
    let table = "cveID,vendorProject,dateAdded,shortDescription,dueDate,knownRansomwareCampaignUse\n\
                 CVE-2026-0001,OpenSSL,2026-11-20,\"A \"\"flaw\"\", exploited\nby many\",2026-12-11,Known\n\
                 CVE-2026-0002,Other,2026-11-28,x,2026-12-11,Unknown\n\
                 broken,row\nCVE-2026-0003,Short,2026-11-29\n";
    let matches = search(&openssl(), &[table, &changed("DEBIAN-CVE-2026-0001", "2026-11-29", None)]);
    let exploited = matches.vulnerabilities[0].exploited.as_ref().unwrap();
    assert_eq!((exploited.due.as_str(), exploited.by_ransomware), ("2026-12-11", true));
    let kev = matches.feeds.iter().find(|feed| feed.format == Format::Kev).unwrap();
    assert_eq!((kev.records, kev.bad_records, kev.newest), (2, 2, Date::parse("2026-11-28")));
}

#[test]
fn old_data_are_stale_and_so_are_data_without_a_day() {
    let of = |day: &str| search(&openssl(), &[&changed("X-1", day, None)]).feeds[0].is_stale;
    assert!(!of("2026-11-25") && of("2026-11-24"));
    assert!(of("0001-01-01") && of("whenever??"));
}
