//! Packages of languages.

use super::*;
use crate::finding::{Confidence, Severity};
use crate::packages::component::Origin;
use crate::vulnerabilities::Unmatched;

fn of(ecosystem: Ecosystem, name: &str, version: &str) -> Component {
    Component::new(ecosystem, name, version)
}

#[test]
fn a_range_of_commits_does_not_hide_the_one_behind_it() {
    let record = r#"{"id":"PYSEC-2026-1","modified":"2026-11-29T00:00:00Z","affected":[{"package":{"ecosystem":"PyPI","name":"Zope.Interface"},
        "ranges":[{"type":"GIT","repo":"x","events":[{"introduced":"0"},{"fixed":"abc"}]},{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"5.0"}]}]}]}"#;
    let inventory = installed("debian", "12", vec![of(Ecosystem::PyPi, "zope-interface", "4.9rc1")]);
    assert_eq!(found(&inventory, &[record]), [pair("PYSEC-2026-1", &["zope-interface"])]);
}

#[test]
fn what_a_package_of_the_distribution_brought_is_compared_with_that_only() {
    let python =
        Component { owner: Some("python3-requests".to_owned()), ..of(Ecosystem::PyPi, "requests", "2.28.1") };
    let package = deb("python3-requests", "2.28.1+dfsg-1", "requests", "2.28.1+dfsg-1");
    let record = record("PYSEC-2026-2", "PyPI", "requests", Some("2.31.0"));
    let matches = search(&installed("debian", "12", vec![package.clone(), python.clone()]), &[&record]);
    assert!(matches.vulnerabilities.is_empty());
    let python_coverage = matches.coverage.iter().find(|one| one.ecosystem == Ecosystem::PyPi).unwrap();
    assert_eq!(python_coverage.unmatched.get(&Unmatched::PartOfPackage), Some(&1));
    let other = Component { origin: Origin::ThirdParty("X".to_owned()), ..package };
    assert_eq!(found(&installed("debian", "12", vec![other, python]), &[&record]).len(), 1);
}

#[test]
fn what_has_no_version_or_no_data_is_said_and_not_passed_over() {
    let inventory = installed(
        "debian",
        "12",
        vec![
            of(Ecosystem::Go, "a.example/x", ""),
            of(Ecosystem::Conda, "numpy", "1.26"),
            of(Ecosystem::PyPi, "a", "1"),
        ],
    );
    let matches = search(&inventory, &[&record("GO-2026-1", "Go", "a.example/x", None)]);
    let of = |ecosystem| matches.coverage.iter().find(|one| one.ecosystem == ecosystem).unwrap();
    assert_eq!(of(Ecosystem::Go).unmatched.get(&Unmatched::NoVersion), Some(&1));
    assert_eq!(of(Ecosystem::Conda).unmatched.get(&Unmatched::NoData), Some(&1));
    assert!(of(Ecosystem::PyPi).lacks_data() && !of(Ecosystem::Go).lacks_data());
}

#[test]
fn a_jar_without_a_group_matches_where_the_name_has_one_group_only() {
    let inventory = installed("debian", "12", vec![of(Ecosystem::Maven, "commons-text", "1.9")]);
    let feeds = [
        record("GHSA-1", "Maven", "org.apache.commons:commons-text", Some("1.10.0")),
        record("GHSA-2", "Maven", "org.other:commons-text", Some("9")),
    ];
    let one = search(&inventory, &[&feeds[0]]);
    assert_eq!(one.vulnerabilities[0].confidence, Confidence::Low);
    let both = search(&inventory, &[&feeds[0], &feeds[1]]);
    assert!(both.vulnerabilities.is_empty());
    assert_eq!(both.coverage[0].unmatched.get(&Unmatched::Ambiguous), Some(&1));
}

/// A program that has these functions.
struct Program(&'static [&'static str]);

impl Linked for Program {
    fn has_symbol(&self, _: usize, path: &str, symbol: &str) -> Option<bool> {
        Some(self.0.contains(&format!("{path}.{symbol}").as_str()))
    }
}

#[test]
fn a_function_that_is_not_linked_lowers_and_does_not_hide() {
    let record = r#"{"id":"GO-2026-2","modified":"2026-11-29T00:00:00Z","database_specific":{"severity":"HIGH"},"affected":[{"package":{"ecosystem":"Go","name":"stdlib"},
        "ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.20.0"}]}],
        "ecosystem_specific":{"imports":[{"path":"net/http","symbols":["Get","Client.Do"]}]}}]}"#;
    let inventory = installed("debian", "12", vec![of(Ecosystem::Go, "stdlib", "go1.19.8")]);
    let of = |linked: Option<&dyn Linked>| {
        let matches = search_linked(&inventory, &[record.as_bytes()], linked);
        let one = &matches.vulnerabilities[0];
        (one.is_linked, one.severity, one.confidence)
    };
    assert_eq!(of(None), (None, Some(Severity::High), Confidence::High));
    assert_eq!(of(Some(&Program(&["net/http.Get"]))), (Some(true), Some(Severity::High), Confidence::High));
    assert_eq!(of(Some(&Program(&["fmt.Println"]))), (Some(false), Some(Severity::Low), Confidence::Low));
}
