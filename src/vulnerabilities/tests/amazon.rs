//! Amazon Linux.

use super::*;
use crate::finding::Confidence;
use crate::packages::Repository;
use crate::vulnerabilities::{Suppressed, remedy};

fn update(id: &str, collection: &str, package: &str, cve: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><updates><update type="security" status="final"><id>{id}</id><title>An update of R&amp;D</title>
        <issued date="2026-11-01 10:00"/><updated date="2026-11-29 10:00"/><severity>important</severity><description>A flaw.</description>
        <references><reference href="https://example.com/{cve}" id="{cve}" title="" type="cve"/></references>
        <pkglist><collection short="{collection}"><name>It</name>{package}</collection></pkglist></update></updates>"#
    )
}

fn tag(name: &str, version: &str, release: &str) -> String {
    format!(
        r#"<package name="{name}" version="{version}" release="{release}" epoch="0" arch="x86_64"><filename>x.rpm</filename></package>"#
    )
}

#[test]
fn an_advisory_is_read_from_xml() {
    let inventory = installed(
        "amzn",
        "2023",
        vec![rpm("vim-common", "2:9.0.1-1.amzn2023"), rpm("rsyslog", "8.2-1.amzn2023")],
    );
    let xml = update(
        "ALAS2023-2026-001",
        "amazon-linux-2023",
        &tag("rsyslog", "8.2", "2.amzn2023"),
        "CVE-2026-0001",
    );
    let matches = search(&inventory, &[&xml]);
    let [one] = matches.vulnerabilities.as_slice() else { panic!("{matches:?}") };
    assert_eq!(
        (one.cves.as_slice(), one.fixed.as_slice()),
        (["CVE-2026-0001".to_owned()].as_slice(), ["8.2-2.amzn2023".to_owned()].as_slice())
    );
    assert_eq!(
        (one.summary.as_str(), one.severity),
        ("An update of R&D", Some(crate::finding::Severity::High))
    );
    assert_eq!(matches.feeds[0].newest, Date::parse("2026-11-29"));
    let remedy = remedy(one, &inventory.systems[0], &inventory);
    assert_eq!(remedy, "dnf upgrade --releasever=latest --advisory=ALAS2023-2026-001");
}

#[test]
fn each_line_of_kernels_is_judged_by_its_own_fixes() {
    let of = |installed_version: &str, id: &str, collection: &str, version: &str| {
        let mut inventory = installed(
            "amzn",
            "2",
            vec![rpm("kernel", installed_version), rpm("kernel-headers", installed_version)],
        );
        inventory.systems[0].kernels = vec![kernel(&format!("{installed_version}.x86_64"), Boot::Default)];
        found(&inventory, &[&update(id, collection, &tag("kernel", version, "9.1.amzn2"), "CVE-2026-0002")])
    };
    let old = "4.14.355-1.1.amzn2";
    let extra = "amazon-linux-2---kernel-5.15";
    assert!(of(old, "ALAS2KERNEL-5.15-2026-001", extra, "5.15.160").is_empty());
    assert!(of("5.15.150-1.1.amzn2", "ALAS2-2026-001", "amazon-linux-2", "4.14.356").is_empty());
    assert_eq!(
        of(old, "ALAS2-2026-001", "amazon-linux-2", "4.14.356"),
        [pair("ALAS2-2026-001", &["kernel"])]
    );
    let newer = of("5.15.150-1.1.amzn2", "ALAS2KERNEL-5.15-2026-001", extra, "5.15.160");
    assert_eq!(newer, [pair("ALAS2KERNEL-5.15-2026-001", &["kernel"])]);
}

#[test]
fn an_extra_counts_where_its_repository_is_enabled() {
    let xml = update(
        "ALAS2PHP8.2-2026-001",
        "amazon-linux-2---php8.2",
        &tag("php", "8.2.20", "1.amzn2"),
        "CVE-2026-0003",
    );
    let of = |version: &str, repositories: &[&str]| {
        let mut inventory = installed("amzn", "2", vec![rpm("php", version)]);
        inventory.systems[0].repositories =
            repositories.iter().map(|name| Repository::enabled(name)).collect();
        search(&inventory, &[&xml]).vulnerabilities.first().map(|one| one.confidence)
    };
    assert_eq!(of("5.4.16-46.amzn2", &["amzn2-core"]), None);
    assert_eq!(of("8.2.10-1.amzn2", &["amzn2-core", "amzn2extra-php8.2"]), Some(Confidence::High));
    assert_eq!(of("5.4.16-46.amzn2", &[]), None);
    assert_eq!(of("8.2.10-1.amzn2", &[]), Some(Confidence::Low));
}

#[test]
fn a_live_patch_closes_what_it_lists_and_is_no_flaw_itself() {
    let patch = "kernel-livepatch-6.1.12-19.43";
    let of = |patch_version: &str| {
        let mut inventory = installed(
            "amzn",
            "2023",
            vec![rpm("kernel", "6.1.12-19.43.amzn2023"), rpm(patch, patch_version)],
        );
        inventory.systems[0].kernels = vec![kernel("6.1.12-19.43.amzn2023.x86_64", Boot::Default)];
        let feeds = [
            update(
                "ALAS2023-2026-002",
                "amazon-linux-2023",
                &tag("kernel", "6.1.19", "30.43.amzn2023"),
                "CVE-2026-0004",
            ),
            update(
                "ALAS2023LIVEPATCH-2026-001",
                "amazon-linux-2023---kernel-livepatch",
                &tag(patch, "1.0", "1.amzn2023"),
                "CVE-2026-0004",
            ),
        ];
        search(&inventory, &[&feeds[0], &feeds[1]])
    };
    let patched = of("1.0-1.amzn2023");
    let [one] = patched.vulnerabilities.as_slice() else { panic!("{patched:?}") };
    assert_eq!(one.suppressed, Some(Suppressed::LivePatch { package: patch.to_owned() }));
    let outdated = of("1.0-0.amzn2023");
    assert_eq!((outdated.vulnerabilities.len(), &outdated.vulnerabilities[0].suppressed), (1, &None));
}
