use super::*;
use crate::date::Date;
use crate::packages::inventory::{Distribution, InstalledSystem};
use crate::packages::{Component, Ecosystem, Inventory, LastUpdate};
use crate::report::sample;
use crate::support;
use crate::vulnerabilities::{Databases, Limits, Search};

/// The sample with two packages, two vulnerabilities of one of them, and a version that is markup.
pub(in crate::report) fn report() -> Report {
    let mut report = sample::report();
    let distribution = Distribution { id: "debian".into(), version: "12".into(), ..Distribution::default() };
    let last_update =
        Some(LastUpdate { day: Date::parse("2026-07-12").unwrap(), path: b"/var/log/dpkg.log".into() });
    report.packages = Inventory {
        systems: vec![InstalledSystem { distribution, last_update, ..InstalledSystem::default() }],
        components: vec![
            Component::new(Ecosystem::Deb, "openssl", "3.0.7-1"),
            Component::new(Ecosystem::PyPi, "evil", "1<img/src=x>|@all"),
        ],
    };
    let data = tempfile::tempdir().unwrap();
    let record = |id: &str, ecosystem: &str, name: &str, fixed: &str| {
        let text = format!(
            r#"{{"id":"{id}","modified":"2026-11-29T00:00:00Z","affected":[{{"package":{{"ecosystem":"{ecosystem}",
            "name":"{name}"}},"ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}}{fixed}]}}]}}]}}"#
        );
        std::fs::write(data.path().join(format!("{id}.json")), text).unwrap();
    };
    record("CVE-2026-1", "Debian:12", "openssl", r#",{"fixed":"3.0.9-1"}"#);
    record("CVE-2026-2", "Debian:12", "openssl", "");
    record("CVE-2026-3", "PyPI", "evil", "");
    let databases = Databases::open(&[data.path().to_owned()], Limits::default()).unwrap();
    let day = Date::parse("2026-11-29").unwrap();
    let matches = databases.search(&report.packages, &Search { day, max_age_days: 5, linked: None });
    report.vulnerabilities = Some(Box::new(matches));
    let table = support::Table::embedded().unwrap();
    report.support = support::evaluate(&report.packages, &table, day);
    report
}

#[test]
fn one_line_has_all_vulnerabilities_of_a_package() {
    let all = vulnerables(&report()).unwrap();
    assert_eq!(all.heading, "3 known vulnerabilities in 2 packages");
    let openssl = &all.packages[0];
    assert_eq!((openssl.package.as_str(), openssl.fixed.as_str()), ("openssl", "→ 3.0.9-1"));
    assert_eq!(openssl.count, "2 vulnerabilities: 2 medium (1 without a fix)");
    assert_eq!(
        (openssl.names(1).as_str(), openssl.names(9).as_str()),
        ("CVE-2026-1 and 1 more", "CVE-2026-1, CVE-2026-2")
    );
    assert_eq!(openssl.remedy, "apt-get update && apt-get install --only-upgrade openssl");
    assert_eq!(all.remarks, ["2 without a fix"]);
    assert!(vulnerables(&sample::report()).is_none());
}

#[test]
fn packages_are_counted_by_kind_and_have_a_day() {
    assert_eq!(packages(&report()).unwrap(), "2 packages: 1 deb, 1 python; last updated on 2026-07-12");
    assert_eq!(packages(&sample::report()), None);
}

#[test]
fn support_is_said_of_each_system() {
    let all = support(&report());
    let one = &all[0];
    assert_eq!((all.len(), one.product.as_str(), one.state), (1, "Debian 12", "extended only"));
    assert_eq!(one.until, "until 2028-06-30 (LTS, by volunteers and sponsors)");
}
