//! What is installed, over whole audits: metadata, programs, archives; at any number of threads, and with a cache.
#![expect(clippy::unwrap_used, reason = "a panic here is a failed test")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use assay::audit::{Cache, Knowledge, Quiet, Report, Settings, Target};
use assay::date::Date;
use assay::vulnerabilities::{Databases, Limits};

fn audit(root: &Path, jobs: usize, cache: Option<&Arc<Cache>>) -> Report {
    let settings = Settings { jobs, cache: cache.cloned(), ..Settings::default() };
    assay::audit::run(&Target::Rootfs(root.to_owned()), &settings, &Quiet).unwrap()
}

fn write(root: &Path, path: &str, content: impl AsRef<[u8]>) {
    let path = root.join(path.trim_start_matches('/'));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// A program of ELF whose head tells no segments, with words in it, larger than what is read whole.
fn program(words: &str, filler: usize) -> Vec<u8> {
    let mut program = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0".to_vec();
    program.resize(64 + filler, 0);
    program.extend_from_slice(words.as_bytes());
    program.resize(program.len() + 64, 0);
    program
}

fn go(filler: usize) -> Vec<u8> {
    let mut program = program("", filler.next_multiple_of(16));
    program.truncate(program.len() / 16 * 16);
    program.extend_from_slice(b"\xff Go buildinf:\x08\x02");
    program.extend_from_slice(&[0; 16]);
    program.extend_from_slice(b"\x08go1.22.1\x00");
    program.resize(program.len() + 64, 1);
    program
}

fn jar(files: &[(&str, &str)]) -> Vec<u8> {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn tree(root: &Path) {
    write(
        root,
        "/var/lib/dpkg/status",
        "Package: python3-six\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n\
         Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3\n\n",
    );
    let six = "/usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO";
    write(root, "/var/lib/dpkg/info/python3-six.list", format!("{six}\n"));
    write(root, "/var/lib/dpkg/info/openssl.list", "/usr/bin/openssl\n");
    write(root, six, "Name: six\nVersion: 1.16.0\n");
    let words = "\0OpenSSL 3.0.20 7 Apr 2026\0";
    write(root, "/usr/bin/openssl", program(words, 100));
    write(root, "/opt/bin/openssl", program(words, 100));
    write(root, "/opt/bin/large", go(20 << 20));
    write(root, "/opt/bin/script", "#!/bin/sh\necho OpenSSL 3.0.20 7 Apr 2026\n");
    let pom = "groupId=org.example\nartifactId=lib\nversion=1.0\n";
    write(root, "/opt/renamed.bin", jar(&[("META-INF/maven/org.example/lib/pom.properties", pom)]));
}

fn listed(report: &Report) -> Vec<String> {
    let one = |component: &assay::packages::Component| {
        let version = component.version.as_deref().unwrap_or("?");
        let owner = component.owner.as_deref().unwrap_or("-");
        format!("{} {version} of {owner}", component.full_name())
    };
    report.packages.components.iter().map(one).collect()
}

#[test]
fn what_is_installed_is_listed_with_its_owner_whatever_the_threads() {
    let folder = tempfile::tempdir().unwrap();
    tree(folder.path());
    let report = audit(folder.path(), 1, None);
    let expected = [
        "openssl 3 of -",
        "python3-six 1 of -",
        "six 1.16.0 of python3-six",
        "org.example:lib 1.0 of -",
        "stdlib 1.22.1 of -",
        "openssl 3.0.20 of -",
    ];
    assert_eq!(listed(&report), expected);
    assert!(report.gaps.is_empty(), "{:?}", report.gaps);
    assert_eq!(audit(folder.path(), 4, None).packages.components, report.packages.components);
}

#[test]
fn a_file_that_the_cache_knows_is_listed_again() {
    let folder = tempfile::tempdir().unwrap();
    tree(folder.path());
    let cache = Cache::new([7; 32]);
    let first = audit(folder.path(), 2, Some(&Arc::new(cache))).packages.components;
    // What was written is what the next audit reads.
    let cache = Arc::new(Cache::new([7; 32]));
    audit(folder.path(), 2, Some(&cache));
    let known = Cache::read(&cache.write()[..], [7; 32]).unwrap().unwrap();
    let again = audit(folder.path(), 2, Some(&Arc::new(known)));
    assert!(again.coverage.files_known > 0);
    assert_eq!(again.packages.components, first);
}

/// Audits a tree with one advisory: `openssl` of Debian 12 is vulnerable before version 4.
fn audit_with_advisory(root: &Path) -> Report {
    let data = tempfile::tempdir().unwrap();
    let record = r#"{"id":"DSA-1","modified":"2026-11-29T00:00:00Z","affected":[{"package":{"ecosystem":"Debian:12",
        "name":"openssl"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"4"}]}]}]}"#;
    fs::write(data.path().join("DSA-1.json"), record).unwrap();
    let databases = Databases::open(&[data.path().to_owned()], Limits::default()).unwrap();
    let knowledge = Knowledge {
        day: Date::parse("2026-11-30"),
        databases: Some(Arc::new(databases)),
        max_age_days: 5,
        ..Knowledge::default()
    };
    let settings = Settings { knowledge, ..Settings::default() };
    assay::audit::run(&Target::Rootfs(root.to_owned()), &settings, &Quiet).unwrap()
}

fn advisories(report: &Report) -> Vec<&str> {
    let matches = report.vulnerabilities.as_ref().unwrap();
    matches.vulnerabilities.iter().map(|one| one.advisory.as_str()).collect()
}

const DEBIAN_12: &str = "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n";

/// trivy 0.76 without its database of jars ends at the first one, and says nothing of the rest.
#[test]
fn a_jar_that_only_a_database_of_digests_could_name_does_not_end_the_search() {
    let folder = tempfile::tempdir().unwrap();
    tree(folder.path());
    write(folder.path(), "/etc/os-release", DEBIAN_12);
    // No Maven metadata, no manifest, and a name without a version.
    write(folder.path(), "/opt/app.jar", jar(&[("org/example/A.class", "\u{ca}fe")]));
    write(folder.path(), "/opt/empty.jar", "");
    let report = audit_with_advisory(folder.path());
    assert_eq!(advisories(&report), ["DSA-1"]);
    let listed = listed(&report);
    assert!(listed.contains(&"org.example:lib 1.0 of -".to_owned()), "{listed:?}");
}

/// trivy 0.76 knows Debian by `/etc/debian_version` alone: without it no package is compared, and nothing says so.
#[test]
fn debian_is_known_by_os_release_alone_and_by_debian_version_alone() {
    for (path, content) in [("/etc/os-release", DEBIAN_12), ("/etc/debian_version", "12.5\n")] {
        let folder = tempfile::tempdir().unwrap();
        tree(folder.path());
        write(folder.path(), path, content);
        let report = audit_with_advisory(folder.path());
        assert_eq!(advisories(&report), ["DSA-1"], "{path}");
    }
    // With neither nothing can be compared, and that is said.
    let folder = tempfile::tempdir().unwrap();
    tree(folder.path());
    let report = audit_with_advisory(folder.path());
    assert!(advisories(&report).is_empty());
    assert!(report.notes.iter().any(|(what, _)| what == "deb"), "{:?}", report.notes);
}

/// A program of Rust, as `cargo auditable` builds it: the list of its crates is packed.
fn rust() -> Vec<u8> {
    use std::io::Write as _;
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(br#"{"packages":[{"name":"ring","version":"0.16.20","source":"crates.io"}]}"#).unwrap();
    let mut program = program("", 64);
    program.extend(packer.finish().unwrap());
    program.resize(program.len() + 4096, 0);
    program
}

/// trivy 0.76 lists none of these: programs without the right to be executed, renamed archives, what snapd, R, Nix and
/// WordPress installed, and programs that no package brought.
#[test]
fn what_is_installed_needs_no_right_no_ending_and_no_package_manager() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let pom = "groupId=org.example\nartifactId=lib\nversion=1.0\n";
    let store = format!("/nix/store/{}-curl-8.4.0/share/doc", "0".repeat(32));
    let files: [(&str, Vec<u8>); 11] = [
        ("/opt/go", go(0)),
        ("/opt/rust", rust()),
        ("/opt/renamed.bin", jar(&[("META-INF/maven/org.example/lib/pom.properties", pom)])),
        ("/snap/lxd/24322/meta/snap.yaml", b"name: lxd\nversion: 5.0.2\n".to_vec()),
        (
            "/usr/local/lib/R/site-library/rlang/DESCRIPTION",
            b"Package: rlang\nVersion: 1.1.2\nBuilt: R 4.3.1\n".to_vec(),
        ),
        (&store, b"x".to_vec()),
        ("/var/www/wp-includes/version.php", b"<?php\n$wp_version = '6.4.2';\n".to_vec()),
        ("/opt/bin/openssl", program("\0OpenSSL 3.0.20 7 Apr 2026\0", 100)),
        ("/opt/bin/nginx", program("\0nginx version: nginx/1.22.1\0", 100)),
        ("/opt/bin/node", program("\0node.js/v20.11.1\0", 100)),
        ("/opt/data", b"no program".to_vec()),
    ];
    for (path, content) in files {
        write(root, path, content);
        let place = root.join(path.trim_start_matches('/'));
        fs::set_permissions(&place, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let listed = listed(&audit(root, 1, None));
    for expected in [
        "stdlib 1.22.1",
        "ring 0.16.20",
        "org.example:lib 1.0",
        "lxd 5.0.2",
        "rlang 1.1.2",
        "curl 8.4.0",
        "wordpress 6.4.2",
        "openssl 3.0.20",
        "nginx 1.22.1",
        "node 20.11.1",
    ] {
        assert!(listed.contains(&format!("{expected} of -")), "{expected}: {listed:?}");
    }
}
