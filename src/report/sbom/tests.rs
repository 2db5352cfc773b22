use super::*;
use crate::packages::Ecosystem;
use crate::packages::inventory::Distribution;
use crate::report::Run;

fn report() -> Report {
    let distribution = Distribution { id: "debian".into(), version: "12".into(), ..Distribution::default() };
    let system = InstalledSystem { distribution, ..InstalledSystem::default() };
    let at = |path: &str, component: Component| {
        let mut component = component;
        component.location.path = path.into();
        component
    };
    let openssl = Component::new(Ecosystem::Deb, "libssl3", "3.0.20-1");
    let requests = || Component::new(Ecosystem::PyPi, "requests", "2.31.0");
    let hostile = Component::new(Ecosystem::Generic, "a</script>\u{1b}[31m\u{202e}", "1");
    let mut report = Report::default();
    report.subject.name = "golden.raw".into();
    report.packages = Inventory {
        systems: vec![system],
        components: vec![
            at("/var/lib/dpkg/status", openssl),
            at("/b/METADATA", requests()),
            at("/a/METADATA", requests()),
            at("/opt/x", hostile),
        ],
    };
    report
}

fn run() -> Run {
    Run { created: "2026-11-29T00:00:00Z".into(), ..Run::default() }
}

#[test]
fn one_package_url_is_one_component_with_all_its_places() {
    let report = report();
    let items = items(&report.packages);
    assert_eq!(items.len(), 3);
    assert_eq!(items[1].places, ["/a/METADATA", "/b/METADATA"]);
}

#[test]
fn the_same_software_has_the_same_serial_number_and_other_software_another() {
    let (one, mut other) = (report(), report());
    assert_eq!(cyclonedx::render(&one, &run()), cyclonedx::render(&report(), &run()));
    other.packages.components[0].version = Some("3.0.20-2".into());
    assert_ne!(uuid(&one, &items(&one.packages)), uuid(&other, &items(&other.packages)));
}

#[test]
fn names_of_the_image_are_inert() {
    for text in [cyclonedx::render(&report(), &run()), spdx::render(&report(), &run())] {
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }
}

#[test]
fn every_reference_of_a_document_leads_to_something_in_it() {
    let cyclonedx: serde_json::Value = serde_json::from_str(&cyclonedx::render(&report(), &run())).unwrap();
    let mut known: Vec<&str> = cyclonedx["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["bom-ref"].as_str().unwrap())
        .collect();
    known.push("image");
    for dependency in cyclonedx["dependencies"].as_array().unwrap() {
        assert!(known.contains(&dependency["ref"].as_str().unwrap()));
        assert!(
            dependency["dependsOn"]
                .as_array()
                .unwrap()
                .iter()
                .all(|one| known.contains(&one.as_str().unwrap()))
        );
    }
    let spdx: serde_json::Value = serde_json::from_str(&spdx::render(&report(), &run())).unwrap();
    let known: Vec<&str> =
        spdx["packages"].as_array().unwrap().iter().map(|one| one["SPDXID"].as_str().unwrap()).collect();
    for relationship in spdx["relationships"].as_array().unwrap() {
        assert!(known.contains(&relationship["relatedSpdxElement"].as_str().unwrap()));
    }
    assert_eq!(known.len(), 5);
}
