use super::*;
use crate::detect::Collector;
use crate::finding::FactKey;
use assay_disk::budget::Budget;
use assay_disk::fs::memory::Memory;

fn status(packages: &[(&str, &str)]) -> String {
    let stanza = |(name, version): &(&str, &str)| {
        format!("Package: {name}\nStatus: install ok installed\nArchitecture: all\nVersion: {version}\n\n")
    };
    packages.iter().map(stanza).collect()
}

fn base(version: &str) -> Memory {
    Memory::new()
        .file("/usr/bin/tool", "tool 1")
        .with(|metadata| metadata.mode = 0o755)
        .file("/usr/bin/su", "su 1")
        .with(|metadata| metadata.mode = 0o4755)
        .file("/usr/lib/libx.so.1", "x 1")
        .file("/etc/hosts", "localhost")
        .file("/usr/share/doc/a", "a")
        .link("/usr/bin/awk", "mawk")
        .file("/var/lib/dpkg/status", status(&[("lib", version)]))
        .file("/var/lib/dpkg/info/lib.list", "/.\n/usr/lib/libx.so.1\n")
}

fn tree(memory: Memory) -> Tree {
    Tree::of(Arc::new(memory), &Budget::default())
}

fn differences(image: Memory, reference: Reference) -> Collector {
    let tree = tree(image);
    let (facts, _) = Facts::gather(&tree);
    let mut found = Collector::default();
    Differences::new(Some(Arc::new(reference))).inspect(&tree, &facts, &mut found);
    found
}

fn reference(memory: Memory) -> Reference {
    Reference::new("trusted.raw".to_owned(), tree(memory), Vec::new())
}

fn said(found: &Collector) -> Vec<(String, String, Severity, String)> {
    let line = |finding: &Finding| {
        let path = String::from_utf8_lossy(&finding.location.path).into_owned();
        let how = finding.evidence.facts.iter().find(|(name, _)| *name == FactKey::DiffersIn);
        let how = how.map(|(_, how)| how.clone()).unwrap_or_default();
        (path, finding.advisory.id.clone(), finding.severity, how)
    };
    found.findings.iter().map(line).collect()
}

fn line(path: &str, id: &str, severity: Severity, how: &str) -> (String, String, Severity, String) {
    (path.to_owned(), id.to_owned(), severity, how.to_owned())
}

#[test]
fn an_equal_image_has_no_differences() {
    let found = differences(base("1"), reference(base("1")));
    assert_eq!((said(&found), found.gaps.len()), (vec![], 0));
}

#[test]
fn each_file_that_differs_is_one_finding_the_worst_first() {
    let image = Memory::new()
        .file("/usr/bin/tool", "tool 2")
        .with(|metadata| metadata.mode = 0o755)
        .file("/usr/bin/su", "su 1")
        .with(|metadata| (metadata.mode, metadata.uid) = (0o6755, 7))
        .file("/usr/bin/new", "new")
        .with(|metadata| metadata.mode = 0o755)
        .file("/etc/hosts", "localhost, and more")
        .file("/usr/share/doc/a", "b")
        .link("/usr/bin/awk", "/tmp/awk");
    let found = differences(image, reference(base("1")));
    assert_eq!(
        said(&found),
        [
            line(
                "/usr/bin/su",
                "reference-file-changed",
                Severity::High,
                "mode (6755, not 4755), owner (7:0, not 0:0)"
            ),
            line("/usr/bin/new", "reference-file-new", Severity::Medium, ""),
            line("/usr/bin/awk", "reference-file-changed", Severity::Medium, "target"),
            line("/usr/bin/tool", "reference-file-changed", Severity::Medium, "content"),
            line("/etc/hosts", "reference-file-changed", Severity::Low, "content"),
            // The package is not in the image at all.
            line("/usr/lib/libx.so.1", "reference-package-differs", Severity::Info, ""),
        ]
    );
}

#[test]
fn a_package_of_another_version_is_one_finding_and_of_the_same_one_a_file() {
    let image = |version: &str| {
        Memory::new()
            .file("/usr/lib/libx.so.1", "x 2")
            .file("/usr/lib/liby.so.1", "y")
            .file("/var/lib/dpkg/status", status(&[("lib", version)]))
            .file("/var/lib/dpkg/info/lib.list", "/.\n/usr/lib/libx.so.1\n/usr/lib/liby.so.1\n")
    };
    let trusted = || {
        Memory::new()
            .file("/usr/lib/libx.so.1", "x 1")
            .file("/var/lib/dpkg/status", status(&[("lib", "1")]))
            .file("/var/lib/dpkg/info/lib.list", "/.\n/usr/lib/libx.so.1\n")
    };
    let found = differences(image("2"), reference(trusted()));
    assert_eq!(said(&found), [line("/usr/lib/liby.so.1", "reference-package-differs", Severity::Medium, "")]);
    let facts = [(FactKey::Version, "2"), (FactKey::InTheReference, "1"), (FactKey::Files, "2")];
    assert_eq!(found.findings[0].evidence.facts, facts.map(|(name, value)| (name, value.to_owned())));
    let found = differences(image("1"), reference(trusted()));
    assert_eq!(
        said(&found),
        [
            line("/usr/lib/liby.so.1", "reference-file-new", Severity::Medium, ""),
            line("/usr/lib/libx.so.1", "reference-file-changed", Severity::Medium, "content"),
        ]
    );
}

#[test]
fn many_differences_are_counted_and_the_worst_named() {
    let mut image = base("1").file("/usr/bin/sudo", "s").with(|metadata| metadata.mode = 0o4755);
    for number in 0..500 {
        image =
            image.file(&format!("/etc/a/{number:03}"), "").file(&format!("/usr/lib/lib{number:03}.so"), "");
    }
    let found = differences(image, reference(base("1")));
    assert_eq!(found.findings.len(), LISTED + 1);
    assert_eq!(found.findings[0].location.path, b"/usr/bin/sudo");
    let last = found.findings.last().unwrap();
    assert_eq!(
        last.evidence.facts,
        [(FactKey::NotNamed, format!("{} new libraries, 500 new configuration files", 501 - LISTED))]
    );
    assert_eq!((last.advisory.id.as_str(), last.severity), ("reference-more-differences", Severity::Medium));
}

#[test]
fn what_the_reference_lost_is_a_gap() {
    let location = Location { path: b"/srv".to_vec(), ..Location::default() };
    let lost = gap(location, GapKind::Encrypted, Loss::Volume, "LUKS".to_owned());
    let trusted = Reference::new("trusted.raw".to_owned(), tree(base("1")), vec![lost]);
    let found = differences(base("1"), trusted);
    assert_eq!((found.findings.len(), found.gaps.len()), (0, 1));
    assert!(found.gaps[0].reason.contains("/srv") && found.gaps[0].reason.contains("trusted.raw"));
    let found = differences(base("1"), Reference::new("empty".to_owned(), Tree::default(), Vec::new()));
    assert_eq!((found.findings.len(), found.gaps.len()), (0, 1));
}

#[test]
fn long_files_are_compared_to_their_end() {
    let long = |end: u8| {
        let mut content = vec![7; 600_000];
        content.push(end);
        base("1").file("/usr/bin/long", content).with(|metadata| metadata.mode = 0o755)
    };
    assert_eq!(differences(long(1), reference(long(1))).findings.len(), 0);
    assert_eq!(differences(long(1), reference(long(2))).findings.len(), 1);
}

#[test]
fn an_unread_directory_hides_what_lies_in_it_and_not_its_namesake() {
    let unread = [b"/opt/app".to_vec()];
    let is_hidden = |path: &[u8]| is_under(&unread, path);
    assert!(is_hidden(b"/opt/app") && is_hidden(b"/opt/app/bin/tool"));
    assert!(!is_hidden(b"/opt/app-data/tool"));
    assert!(is_under(&[b"/".to_vec()], b"/opt/app-data/tool"));
}
