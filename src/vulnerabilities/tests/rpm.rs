//! AlmaLinux, Rocky, Red Hat, SUSE.

use super::*;
use crate::finding::Confidence;
use crate::packages::Repository;
use crate::vulnerabilities::remedy;

/// An advisory of AlmaLinux on builds of a module.
fn of_module() -> String {
    record("ALSA-2026:0001", "AlmaLinux:8", "nodejs", Some("1:18.9.0-1.module_el8.9.0+1+x")).replacen(
        '{',
        r#"{"summary":"Important: nodejs:18 security update","related":["CVE-2026-0001"],"#,
        1,
    )
}

fn nodejs(version: &str, module: Option<&str>) -> Inventory {
    let package = Component { module: module.map(str::to_owned), ..rpm("nodejs", version) };
    installed("almalinux", "8.9", vec![package])
}

#[test]
fn a_stream_of_a_module_is_not_judged_by_another() {
    let build = "1:16.1.0-1.module_el8.5.0+2+y";
    let confidence = |module| {
        let matches = search(&nodejs(build, module), &[&of_module()]);
        matches.vulnerabilities.first().map(|one| one.confidence)
    };
    assert_eq!(confidence(Some("nodejs:16:8050020230301")), None);
    assert_eq!(confidence(Some("nodejs:18:8090020240101")), Some(Confidence::High));
    // What does not say its stream may be of this one.
    assert_eq!(confidence(None), Some(Confidence::Low));
}

#[test]
fn a_package_that_is_no_module_is_not_judged_by_builds_of_one() {
    assert!(found(&nodejs("1:10.0.0-1.el8", None), &[&of_module()]).is_empty());
    let plain = record("ALSA-2026:0002", "AlmaLinux:8", "nodejs", Some("1:20.0.0-1.el8"));
    assert!(found(&nodejs("1:16.1.0-1.module_el8.5.0+2+y", Some("nodejs:16:1")), &[&plain]).is_empty());
}

#[test]
fn the_title_of_an_erratum_has_its_severity_and_related_its_cves() {
    let matches = search(&nodejs("1:18.1.0-1.module_el8.5.0+2+y", Some("nodejs:18:1")), &[&of_module()]);
    let one = &matches.vulnerabilities[0];
    assert_eq!(one.severity, Some(crate::finding::Severity::High));
    assert_eq!(one.cves, ["CVE-2026-0001"]);
}

#[test]
fn an_epoch_counts_and_one_that_is_missing_is_zero() {
    let of = |version: &str, fixed: &str| {
        let inventory = installed("almalinux", "9.3", vec![rpm("openssl-libs", version)]);
        found(&inventory, &[&record("ALSA-2026:0003", "AlmaLinux:9", "openssl-libs", Some(fixed))]).len()
    };
    assert_eq!(of("1:3.0.7-16.el9", "1:3.0.7-17.el9"), 1);
    assert_eq!(of("1:3.0.7-16.el9", "3.0.8-1.el9"), 0);
    assert_eq!(of("3.0.7-16.el9", "0:3.0.7-17.el9"), 1);
}

#[test]
fn an_update_that_mends_no_flaw_is_no_vulnerability() {
    let inventory = installed("almalinux", "9.3", vec![rpm("openssl-libs", "1:3.0.7-16.el9")]);
    let bugs = record("ALBA-2026:0001", "AlmaLinux:9", "openssl-libs", Some("1:3.0.7-18.el9"));
    assert!(found(&inventory, &[&bugs]).is_empty());
}

#[test]
fn streams_of_red_hat_are_not_mixed() {
    let inventory = installed("rhel", "9.4", vec![rpm("openssl-libs", "1:3.0.7-16.el9")]);
    for (stream, is_found) in [
        ("Red Hat:enterprise_linux:9::baseos", true),
        ("Red Hat:enterprise_linux:8::baseos", false),
        ("Red Hat:rhel_eus:9.2::baseos", false),
        ("Red Hat:openshift:4.14::el9", false),
    ] {
        let record = record("RHSA-2026:0001", stream, "openssl-libs", Some("1:3.0.7-99.el9"));
        assert_eq!(found(&inventory, &[&record]).len(), usize::from(is_found), "{stream}");
    }
    let mut extended = installed("rhel", "9.2", vec![rpm("openssl-libs", "1:3.0.7-16.el9")]);
    extended.systems[0].repositories = vec![Repository::enabled("rhel-9-for-x86_64-baseos-eus-rpms")];
    let record =
        record("RHSA-2026:0002", "Red Hat:rhel_eus:9.2::baseos", "openssl-libs", Some("1:3.0.7-17.el9_2"));
    let matches = search(&extended, &[&record]);
    let one = &matches.vulnerabilities[0];
    assert_eq!(one.subscription.as_deref(), Some("RHEL EUS"));
    let remedy = remedy(one, &extended.systems[0], &extended);
    assert_eq!(remedy, "dnf upgrade --advisory=RHSA-2026:0002 (needs RHEL EUS)");
}

#[test]
fn a_source_name_reaches_its_binaries_where_the_feed_may_mean_either() {
    let package = package(Ecosystem::Rpm, "openssl-libs", "1:3.0.7-16.el9", Some(("openssl", None)));
    let inventory = installed("rocky", "9.3", vec![package]);
    let matches =
        search(&inventory, &[&record("RLSA-2026:0001", "Rocky Linux:9", "openssl", Some("1:3.0.7-17.el9"))]);
    assert_eq!(pairs(&inventory, &matches), [pair("RLSA-2026:0001", &["openssl-libs"])]);
    assert_eq!(matches.vulnerabilities[0].confidence, Confidence::Medium);
}

const VEX: &str = r#"{"document":{"title":"openssl: a flaw","aggregate_severity":{"text":"Moderate"},
    "tracking":{"id":"CVE-2026-0001","current_release_date":"2026-11-29T00:00:00Z"}},
    "product_tree":{"branches":[{"branches":[
    {"product":{"product_id":"BaseOS-9","product_identification_helper":{"cpe":"cpe:/o:redhat:enterprise_linux:9::baseos"}}},
    {"product":{"product_id":"red_hat_enterprise_linux_9","product_identification_helper":{"cpe":"cpe:/o:redhat:enterprise_linux:9"}}}]}],
    "relationships":[
    {"full_product_name":{"product_id":"BaseOS-9:openssl-libs-1:3.0.7-17.el9.x86_64"},"product_reference":"openssl-libs-1:3.0.7-17.el9.x86_64","relates_to_product_reference":"BaseOS-9"},
    {"full_product_name":{"product_id":"red_hat_enterprise_linux_9:curl"},"product_reference":"curl","relates_to_product_reference":"red_hat_enterprise_linux_9"}]},
    "vulnerabilities":[{"cve":"CVE-2026-0001","product_status":{"fixed":["BaseOS-9:openssl-libs-1:3.0.7-17.el9.x86_64"],
    "known_affected":["red_hat_enterprise_linux_9:curl"]},
    "remediations":[{"category":"no_fix_planned","details":"Will not fix","product_ids":["red_hat_enterprise_linux_9:curl"]}]}]}"#;

#[test]
fn vex_of_red_hat_says_what_is_mended_and_what_will_not_be() {
    let of = |version: &str| {
        let libcurl =
            package(Ecosystem::Rpm, "libcurl", "7.76.1-26.el9", Some(("curl", Some("7.76.1-26.el9"))));
        let inventory = installed("rhel", "9.4", vec![rpm("openssl-libs", version), libcurl]);
        let matches = search(&inventory, &[VEX]);
        let said = |one: &Vulnerability| (one.package.clone(), one.status, one.fixed.clone());
        matches.vulnerabilities.iter().map(said).collect::<Vec<_>>()
    };
    let curl = ("curl".to_owned(), super::super::Status::WontFix, Vec::new());
    let openssl =
        ("openssl-libs".to_owned(), super::super::Status::Affected, vec!["1:3.0.7-17.el9".to_owned()]);
    assert_eq!(of("1:3.0.7-16.el9"), [curl.clone(), openssl]);
    assert_eq!(of("1:3.0.7-17.el9"), [curl]);
}

#[test]
fn a_module_behind_a_product_of_vex_is_its_stream() {
    let vex = VEX.replace(
        "openssl-libs-1:3.0.7-17.el9.x86_64",
        "nginx-1:1.22.1-8.module+el9.4.0+1+x.x86_64::nginx:1.22",
    );
    let of = |module: &str| {
        let nginx =
            Component { module: Some(module.to_owned()), ..rpm("nginx", "1:1.22.1-3.module+el9.2.0+1+x") };
        found(&installed("rhel", "9.4", vec![nginx]), &[&vex]).len()
    };
    assert_eq!((of("nginx:1.22:9040020240101"), of("nginx:1.24:9040020240101")), (1, 0));
}
