//! What is installed, over whole audits: metadata, programs, archives; at any number of threads, and with a cache.
#![expect(clippy::unwrap_used, reason = "a panic here is a failed test")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use assay::audit::{Cache, Quiet, Report, Settings, Target};

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
