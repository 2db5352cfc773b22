//! Debian and Ubuntu.

use super::*;
use crate::finding::{Confidence, Severity};
use crate::packages::component::{Origin, State};
use crate::vulnerabilities::{RatedBy, Status, Suppressed, Unmatched, remedy};

#[test]
fn a_signed_kernel_is_known_by_its_sources_and_compared_by_its_own_version() {
    let mut inventory = installed(
        "debian",
        "12",
        vec![
            deb("linux-image-6.1.0-50-amd64", "6.1.176-1", "linux-signed-amd64", "6.1.176+1"),
            deb("linux-image-6.1.0-40-amd64", "6.1.153-1", "linux-signed-amd64", "6.1.153+1"),
            deb("linux-image-amd64", "6.1.176-1", "linux-signed-amd64", "6.1.176+1"),
            deb("linux-headers-6.1.0-50-amd64", "6.1.176-1", "linux", "6.1.176-1"),
            deb("linux-libc-dev", "6.1.176-1", "linux", "6.1.176-1"),
        ],
    );
    inventory.systems[0].kernels =
        vec![kernel("6.1.0-50-amd64", Boot::Default), kernel("6.1.0-40-amd64", Boot::Installed)];
    // The version of the signed source, 6.1.176+1, is newer than this one.
    let record = record("DEBIAN-CVE-2026-0001", "Debian:12", "linux", Some("6.1.176-2"));
    let matches = search(&inventory, &[&record]);
    assert_eq!(
        pairs(&inventory, &matches),
        [
            pair("DEBIAN-CVE-2026-0001", &["linux-image-6.1.0-50-amd64"]),
            pair("DEBIAN-CVE-2026-0001", &["linux-image-6.1.0-40-amd64"]),
        ]
    );
    let kernels: Vec<_> =
        matches.vulnerabilities.iter().map(|one| (one.package.as_str(), one.kernel)).collect();
    assert_eq!(kernels, [("linux", Some(Boot::Default)), ("linux", Some(Boot::Installed))]);
    assert_eq!(matches.coverage[0].unmatched.get(&Unmatched::NoKernel), Some(&3));
}

#[test]
fn the_version_of_the_source_package_is_compared_and_its_binaries_are_one_vulnerability() {
    let inventory = installed(
        "debian",
        "12",
        vec![
            deb("dmsetup", "2:1.02.185-2", "lvm2", "2.03.16-2"),
            deb("libdevmapper1.02.1", "2:1.02.185-2", "lvm2", "2.03.16-2"),
        ],
    );
    let feeds = [record("DEBIAN-CVE-2026-0002", "Debian:12", "lvm2", Some("2.03.16-3"))];
    assert_eq!(
        found(&inventory, &[&feeds[0]]),
        [pair("DEBIAN-CVE-2026-0002", &["dmsetup", "libdevmapper1.02.1"])]
    );
    let fixed = record("DEBIAN-CVE-2026-0003", "Debian:12", "lvm2", Some("2.03.16-1"));
    assert!(found(&inventory, &[&fixed]).is_empty());
}

#[test]
fn a_package_that_is_not_configured_to_the_end_counts() {
    let unfinished =
        Component { state: State::Unfinished, ..deb("perl-base", "5.36.0-7", "perl", "5.36.0-7") };
    let inventory = installed("debian", "12", vec![unfinished]);
    let record = record("DEBIAN-CVE-2026-0004", "Debian:12", "perl", None);
    assert_eq!(found(&inventory, &[&record]), [pair("DEBIAN-CVE-2026-0004", &["perl-base"])]);
}

#[test]
fn an_lts_of_ubuntu_matches_with_and_without_the_suffix() {
    let inventory = installed(
        "ubuntu",
        "22.04",
        vec![deb("libssl3", "3.0.2-0ubuntu1.10", "openssl", "3.0.2-0ubuntu1.10")],
    );
    for ecosystem in ["Ubuntu:22.04:LTS", "Ubuntu:22.04"] {
        let record = record("UBUNTU-CVE-2026-0001", ecosystem, "openssl", Some("3.0.2-0ubuntu1.11"));
        assert_eq!(found(&inventory, &[&record]).len(), 1, "{ecosystem}");
    }
    let other = record("UBUNTU-CVE-2026-0001", "Ubuntu:24.04:LTS", "openssl", None);
    assert!(found(&inventory, &[&other]).is_empty());
}

#[test]
fn a_fix_of_ubuntu_pro_is_marked_and_counts_where_it_is_installed() {
    let record = r#"{"id":"UBUNTU-CVE-2026-0002","modified":"2026-11-29T00:00:00Z",
        "severity":[{"type":"Ubuntu","score":"high"},{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L"}],
        "affected":[{"package":{"ecosystem":"Ubuntu:20.04:LTS","name":"a"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]},
        {"package":{"ecosystem":"Ubuntu:Pro:20.04:LTS","name":"a"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1-1+esm2"}]}],
        "ecosystem_specific":{"binaries":[{"binary_name":"liba1","binary_version":"1-1+esm2"}]}}]}"#;
    let of = |version: &str| {
        let inventory = installed("ubuntu", "20.04", vec![deb("liba1", version, "a", version)]);
        (search(&inventory, &[record]).vulnerabilities, inventory)
    };
    let (found, inventory) = of("1-1");
    let [one] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (one.subscription.as_deref(), one.fixed.as_slice()),
        (Some("Ubuntu Pro"), ["1-1+esm2".to_owned()].as_slice())
    );
    assert_eq!((one.severity, &one.rated_by), (Some(Severity::High), &RatedBy::Vendor("high".to_owned())));
    assert_eq!(one.cvss.as_ref().map(|cvss| cvss.score), Some(5.3));
    assert_eq!(
        remedy(one, &inventory.systems[0], &inventory),
        "apt-get update && apt-get install --only-upgrade liba1 (needs Ubuntu Pro)"
    );
    assert!(of("1-1+esm2").0.is_empty());
    assert_eq!(of("1-1+esm1").0.len(), 1);
}

#[test]
fn packages_of_others_are_not_judged_by_the_distribution_and_that_is_said() {
    let docker =
        Component { origin: Origin::ThirdParty("Docker".to_owned()), ..deb("nginx", "1", "nginx", "1") };
    let inventory = installed("debian", "12", vec![docker]);
    let matches = search(&inventory, &[&record("DEBIAN-CVE-2026-0005", "Debian:12", "nginx", None)]);
    assert!(matches.vulnerabilities.is_empty());
    assert_eq!(matches.coverage[0].unmatched.get(&Unmatched::ThirdParty), Some(&1));
}

#[test]
fn the_tracker_says_what_it_thinks_of_a_flaw() {
    let tracker = r#"{"a":{"CVE-2026-0001":{"description":"One.","releases":{"bookworm":{"status":"open","urgency":"unimportant"}}},
        "CVE-2026-0002":{"releases":{"bookworm":{"status":"open","urgency":"not yet assigned","nodsa":"Minor issue"}}},
        "CVE-2026-0003":{"releases":{"bookworm":{"status":"resolved","fixed_version":"0","urgency":"high"}}},
        "CVE-2026-0004":{"releases":{"bookworm":{"status":"resolved","fixed_version":"1-2","urgency":"high**"}}},
        "CVE-2026-0005":{"releases":{"sid":{"status":"open","urgency":"high"}}},
        "CVE-2026-0006":{"releases":{"bookworm":{"status":"open","urgency":"end-of-life"}}}},
        "b":{"CVE-2026-0007":{"releases":{"bookworm":{"status":"open","urgency":"low"}}}}}"#;
    let inventory = installed("debian", "12", vec![deb("a-bin", "1-1", "a", "1-1")]);
    let matches = search(&inventory, &[tracker]);
    let said: Vec<_> =
        matches.vulnerabilities.iter().map(|one| (one.advisory.as_str(), one.status, one.severity)).collect();
    assert_eq!(
        said,
        [
            ("CVE-2026-0001", Status::Unimportant, Some(Severity::Info)),
            ("CVE-2026-0002", Status::Minor, None),
            ("CVE-2026-0004", Status::Affected, Some(Severity::High)),
            ("CVE-2026-0006", Status::EndOfLife, None),
        ]
    );
    assert_eq!((matches.feeds[0].records, matches.feeds[0].bad_records), (7, 0));
}

#[test]
fn a_backport_is_judged_by_the_next_release_with_less_confidence() {
    let inventory = installed("debian", "12", vec![deb("a", "2-1~bpo12+1", "a", "2-1~bpo12+1")]);
    let feeds = [
        record("DEBIAN-CVE-2026-0001", "Debian:12", "a", Some("3-1")),
        record("DEBIAN-CVE-2026-0002", "Debian:13", "a", Some("3-1")),
    ];
    let matches = search(&inventory, &[&feeds[0], &feeds[1]]);
    assert_eq!(pairs(&inventory, &matches), [pair("DEBIAN-CVE-2026-0002", &["a"])]);
    assert_eq!(matches.vulnerabilities[0].confidence, Confidence::Medium);
}

#[test]
fn a_statement_of_openvex_suppresses_with_its_reason() {
    let vex = r#"{"@context":"https://openvex.dev/ns/v0.2.0","author":"Us","timestamp":"2026-11-29T00:00:00Z","version":1,
        "statements":[{"vulnerability":{"name":"CVE-2026-0001"},"products":[{"@id":"pkg:deb/debian/openssl"}],
        "status":"not_affected","justification":"vulnerable_code_not_in_execute_path"}]}"#;
    let inventory = installed("debian", "12", vec![deb("libssl3", "3.0.1-1", "openssl", "3.0.1-1")]);
    let feeds = [
        record("DEBIAN-CVE-2026-0001", "Debian:12", "openssl", None),
        record("DEBIAN-CVE-2026-0002", "Debian:12", "openssl", None),
    ];
    let matches = search(&inventory, &[vex, &feeds[0], &feeds[1]]);
    let [one, two] = matches.vulnerabilities.as_slice() else { panic!("{matches:?}") };
    assert!(matches!(&one.suppressed, Some(Suppressed::Vex { reason, author, .. })
        if reason == "vulnerable_code_not_in_execute_path" && author == "Us"));
    assert_eq!(two.suppressed, None);
}
